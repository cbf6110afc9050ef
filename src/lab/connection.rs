//! A TCP connection that reports every call. Clients and servers of the laboratory both use it.

use std::io::{self, Read};
use std::net::Shutdown;
use std::sync::OnceLock;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::reporter::Reporter;
use super::waits::WaitingPlace;
use crate::domain::call::SockOpt;
use crate::domain::{Args, Call, Flow, Shut, SocketId, Stamp, Syscall};

/// The size of the buffer passed to `recv`, in bytes.
pub(super) const BUFFER: usize = 4096;

/// How much is read before an orderly close, in bytes: see [`Connection::close_in_order`].
const READ_BEFORE_CLOSE: usize = 16 * BUFFER;

pub(super) struct Connection {
    pub(super) socket_id: SocketId,
    pub(super) flow: Flow,
    pub(super) stream: TcpStream,
    /// When `connect` was entered, or `accept` returned.
    pub(super) since: Stamp,
    pub(super) log: Reporter,
    /// Whether `connect` returned at once instead of going on in the background.
    pub(super) at_once: bool,
    /// Where its `recv` is written down while it waits.
    waiting: OnceLock<WaitingPlace>,
}

impl Connection {
    pub(super) fn new(socket_id: SocketId, flow: Flow, stream: TcpStream, since: Stamp, log: Reporter) -> Self {
        Self { socket_id, flow, stream, since, log, at_once: false, waiting: OnceLock::new() }
    }

    /// Waits for data and appends it to `into`: one `recv`. `Ok(0)` is the peer's FIN.
    ///
    /// Cancel safe: data that was read is in `into`.
    pub(super) async fn recv(&self, into: &mut Vec<u8>) -> io::Result<usize> {
        let place = self.waiting.get_or_init(|| self.log.place(self.socket_id, Syscall::Recv, Some(self.flow)));
        let entered = place.enter();
        loop {
            self.stream.readable().await?;
            // Not zeroed first, and not held while nothing comes.
            let mut buffer = Vec::with_capacity(BUFFER);
            let received = self.stream.try_read_buf(&mut buffer);
            if !would_block(&received) {
                self.received(entered.returned(), &received, &buffer);
                if into.is_empty() {
                    *into = buffer;
                } else {
                    into.append(&mut buffer);
                }
                return received;
            }
        }
    }

    /// One `recv` that does not wait; `None` if nothing has arrived.
    pub(super) fn recv_now(&self, into: &mut Vec<u8>) -> Option<io::Result<usize>> {
        let mut buffer = [0; BUFFER];
        // Not `try_read`: that relies on the last readiness reported by epoll, which may be out of date.
        let received = (&*SockRef::from(&self.stream)).read(&mut buffer);
        (!would_block(&received)).then(|| {
            let bytes = &buffer[..*received.as_ref().unwrap_or(&0)];
            self.received(None, &received, bytes);
            into.extend_from_slice(bytes);
            received
        })
    }

    /// Reports a `recv` of these bytes.
    fn received(&self, waited: Option<Stamp>, received: &io::Result<usize>, bytes: &[u8]) {
        self.log.received(waited, (self.socket_id, self.flow), received, (bytes, BUFFER));
    }

    /// Waits for room and sends as much of `bytes` as fits: one `send`. Returns how many bytes the kernel took.
    ///
    /// Cancel safe: either nothing was sent, or the count is returned.
    pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.stream.writable().await?;
            let at = self.log.now();
            let sent = self.stream.try_write(bytes);
            if !would_block(&sent) {
                self.log.sent(at, None, (self.socket_id, self.flow), &sent, bytes);
                return sent;
            }
        }
    }

    /// `shutdown(SHUT_WR)`: a FIN leaves; receiving goes on.
    pub(super) fn shut_write(&self) {
        self.shut(Shut::Write);
    }

    /// `shutdown` in this direction.
    pub(super) fn shut(&self, how: Shut) {
        shut(&SockRef::from(&self.stream), how, self.socket_id, self.flow, &self.log);
    }

    /// `SO_LINGER` with no time to linger, then `close`: a RST leaves.
    pub(super) fn reset(self) {
        linger_zero(&SockRef::from(&self.stream), self.socket_id, self.flow, &self.log);
        self.close();
    }

    /// Reads the data that has arrived, then calls `close`, which would send a RST instead of a FIN if data were left unread
    /// (RFC 2525 §2.17). It does not wait for a peer that never stops sending, and reads nothing before the handshake is over.
    pub(super) fn close_in_order(self) {
        let mut unread = Vec::new();
        let is_connected = self.stream.peer_addr().is_ok();
        while is_connected && unread.len() < READ_BEFORE_CLOSE && matches!(self.recv_now(&mut unread), Some(Ok(1..))) {}
        self.close();
    }

    pub(super) fn close(self) {
        let at = self.log.now();
        let unread = unread(&self.stream);
        drop(self.stream);
        self.log.call_at(at, Call { unread, ..Call::new(self.socket_id, Syscall::Close).on(self.flow) });
    }
}

/// How many bytes have arrived that nobody has read, if there are any (`FIONREAD`, `tcp(7)`). A connection that is over
/// already sends nothing for them.
#[cfg(unix)]
fn unread(stream: &TcpStream) -> Option<u64> {
    stream.peer_addr().ok()?;
    rustix::io::ioctl_fionread(stream).ok().filter(|bytes| *bytes > 0)
}

#[cfg(not(unix))]
const fn unread(_stream: &TcpStream) -> Option<u64> {
    None
}

/// Calls `shutdown` and reports it. It fails if the connection is gone already.
pub(super) fn shut(socket: &SockRef<'_>, how: Shut, socket_id: SocketId, flow: Flow, log: &Reporter) {
    let at = log.now();
    let shut = socket.shutdown(match how {
        Shut::Read => Shutdown::Read,
        Shut::Write => Shutdown::Write,
        Shut::Both => Shutdown::Both,
    });
    let call = Call::new(socket_id, Syscall::Shutdown).with(Args::Shut(how)).on(flow);
    log.call_at(at, call.returned(&shut));
}

/// Sets `SO_LINGER` to zero and reports it: `close` will send a RST (`socket(7)`).
pub(super) fn linger_zero(socket: &SockRef<'_>, socket_id: SocketId, flow: Flow, log: &Reporter) {
    let set = socket.set_linger(Some(Duration::ZERO));
    let call = Call::new(socket_id, Syscall::Setsockopt).with(Args::Option(SockOpt::LingerZero)).on(flow);
    log.call(call.returned(&set));
}

/// Whether a non-blocking call must be repeated later; such calls are not reported.
pub(super) fn would_block<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted))
}
