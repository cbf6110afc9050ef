//! A call that moved data, before it is known whether it is told alone or together with others.

use super::call::{Args, Call, Syscall};
use super::flow::Flow;
use super::id::SocketId;
use super::stamp::Stamp;

/// A successful `send`, `sendto`, `recv` or `recvfrom`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// When: its entry for a `send` or `sendto` that did not wait, its return for any other.
    pub at: Stamp,
    /// On which socket.
    pub socket: SocketId,
    /// Which call.
    pub call: Syscall,
    /// Its arguments, apart from the data.
    pub args: Args,
    /// The addresses of the socket, with the other side of a datagram.
    pub flow: Option<Flow>,
    /// How many bytes.
    pub len: usize,
    /// How long it took in microseconds, where that was measured.
    pub took_us: Option<u64>,
    /// Whether it was reported as one that waits: see [`Call::waited`].
    pub waited: bool,
}

impl Transfer {
    /// It alone, with its data.
    #[must_use]
    pub fn into_call(self, data: &[u8]) -> Call {
        let call = Call::new(self.socket, self.call).with(self.args).carrying(data);
        Call { flow: self.flow, took_us: self.took_us, waited: self.waited, ..call }
    }
}
