//! The bulk transfers of the laboratory, as far as their calls say.

use std::collections::VecDeque;

use super::bounded;
use crate::domain::{BulkEvent, Call, Flow, Outcome, SocketId, Syscall};

/// One transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkTransfer {
    /// The socket that sends.
    pub socket: SocketId,
    /// Its end.
    pub flow: Flow,
    /// How many bytes the kernel of the sender took.
    pub sent: u64,
    /// Of how many.
    pub of: u64,
    /// Whether it goes on.
    pub runs: bool,
}

impl BulkTransfer {
    /// How far it is, in hundredths, rounded down.
    pub fn percent(&self) -> u64 {
        self.sent * 100 / self.of.max(1)
    }
}

/// The latest transfers.
#[derive(Debug, Clone, Default)]
pub struct Bulks(VecDeque<BulkTransfer>);

impl Bulks {
    const KEPT: usize = 64;

    /// The transfer of this end, if it goes on.
    pub fn running(&self, flow: &Flow) -> Option<&BulkTransfer> {
        self.0.iter().rev().find(|bulk| bulk.flow == *flow && bulk.runs)
    }

    pub(super) fn began(&mut self, event: &BulkEvent) {
        let BulkEvent { socket, flow, bytes } = *event;
        bounded::push(&mut self.0, BulkTransfer { socket, flow, sent: 0, of: bytes, runs: bytes > 0 }, Self::KEPT);
    }

    /// Follows a call on its socket.
    pub(super) fn called(&mut self, call: &Call) {
        let Some(bulk) = self.0.iter_mut().rev().find(|bulk| bulk.socket == call.socket && bulk.runs) else { return };
        match (call.call, call.result) {
            (Syscall::Send, Outcome::Ok) => {
                bulk.sent = (bulk.sent + call.data.as_ref().map_or(0, |data| data.len as u64)).min(bulk.of);
                bulk.runs = bulk.sent < bulk.of;
            }
            (Syscall::Send | Syscall::Recv, Outcome::Failed(_)) | (Syscall::Close | Syscall::Shutdown, _) => {
                bulk.runs = false;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ClientId;

    #[test]
    fn it_goes_on_until_all_is_sent_or_its_socket_is_closed() {
        let flow = Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap());
        let socket = SocketId::Client(ClientId(1));
        let send = |len: usize| Call::new(socket, Syscall::Send).on(flow).carrying(&vec![b'x'; len]);
        for (calls, percent) in [
            (vec![send(300)], Some(30)),
            (vec![send(300), send(700)], None),
            (vec![send(300), Call::new(socket, Syscall::Close).on(flow)], None),
        ] {
            let mut bulks = Bulks::default();
            bulks.began(&BulkEvent { socket, flow, bytes: 1_000 });
            calls.iter().for_each(|call| bulks.called(call));
            assert_eq!(bulks.running(&flow).map(BulkTransfer::percent), percent);
        }
    }
}
