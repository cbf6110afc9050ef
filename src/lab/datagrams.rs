//! A UDP socket whose every call is reported. The server, the clients and the broadcaster all use it.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{SockRef, Socket};
use tokio::net::UdpSocket;

use super::bind::bind_loopback;
use super::connection::would_block;
use super::guard::{Guard, UdpFilter};
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::{Args, Call, Errno, Flow, Note, Proto, ServerId, Shut, SocketId, Syscall};

/// The largest datagram that IPv4 can carry is a little smaller than this, in bytes; nothing is ever cut.
const MAX_DATAGRAM: usize = 65_535;

/// A UDP socket, and who it belongs to. It is never `connect`ed: each datagram names its other side.
pub(super) struct DatagramSocket {
    pub(super) socket_id: SocketId,
    socket: UdpSocket,
    /// What a server lets in and out.
    filter: Option<UdpFilter>,
    /// Whom a client asks.
    expected: Option<ExpectedServer>,
    log: Reporter,
}

/// The only one whose datagrams a client takes: the kernel hands an unconnected socket those of everybody.
struct ExpectedServer {
    server: SocketAddr,
    /// Whether it was said that others sent some.
    reported: AtomicBool,
}

/// What one `recvfrom` that does not wait came to.
enum RecvOutcome {
    /// Nothing has arrived.
    Nothing,
    /// Something that is thrown away: not reported call by call, a flood of it would be.
    Unwanted,
    /// A datagram, or an error.
    Done(io::Result<(Vec<u8>, SocketAddr)>),
}

/// How many datagrams that have arrived are thrown away at most before the next message.
const DRAIN_LIMIT: usize = 256;

/// Calls `socket`, and `bind` where the server is on this machine, to stay on it. On Linux the socket has no port before
/// its first `sendto`. Only what comes from `server` is received.
pub(super) fn open(
    host: &dyn Host,
    socket_id: SocketId,
    server: SocketAddr,
    log: &Reporter,
) -> Result<DatagramSocket, Errno> {
    let socket = host.datagram(server);
    log.call(Call::new(socket_id, Syscall::Socket).with(Args::Proto(Proto::Udp)).returned(&socket));
    let opened = bind_loopback(socket.as_ref()?, socket_id, server, log)
        .and_then(|()| DatagramSocket::new(socket_id, socket?, log.clone()))
        .map_err(|error| {
            log.call(Call::new(socket_id, Syscall::Close));
            Errno::from(error)
        })?;
    Ok(DatagramSocket { expected: Some(ExpectedServer { server, reported: AtomicBool::new(false) }), ..opened })
}

impl DatagramSocket {
    pub(super) fn new(socket_id: SocketId, socket: Socket, log: Reporter) -> io::Result<Self> {
        Ok(Self { socket_id, socket: UdpSocket::from_std(socket.into())?, filter: None, expected: None, log })
    }

    /// The same socket, guarded as a server's.
    pub(super) fn guarded(self, server: ServerId, guard: Guard) -> io::Result<Self> {
        let filter = UdpFilter { guard, server, local: self.local()? };
        Ok(Self { filter: Some(filter), ..self })
    }

    /// The guard of this socket, if it has one.
    pub(super) const fn filter(&self) -> Option<&UdpFilter> {
        self.filter.as_ref()
    }

    /// Its address; port 0 before the first `sendto` of a socket that was not bound.
    pub(super) fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// `sendto`: one datagram, whole or not at all. The first one makes the kernel choose a port.
    pub(super) async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let at = self.log.now();
        let sent = self.socket.send_to(bytes, to).await;
        let call = Call::new(self.socket_id, Syscall::Sendto).with(Args::Addr(to)).returned(&sent);
        let call = if let Ok(flow) = self.flow_with(to) { call.on(flow) } else { call };
        self.log.call_at(at, if sent.is_ok() { call.carrying(bytes) } else { call });
        sent
    }

    /// `recvfrom`: waits for one datagram and the address it came from. Cancel safe.
    pub(super) async fn recv_from(&self) -> io::Result<(Vec<u8>, SocketAddr)> {
        loop {
            self.socket.readable().await?;
            if let RecvOutcome::Done(received) = self.take() {
                return received;
            }
            // A flood of what nobody wants leaves the others their turn.
            tokio::task::coop::consume_budget().await;
        }
    }

    /// Receives and forgets what has arrived.
    pub(super) fn drain(&self) {
        (0..DRAIN_LIMIT).take_while(|_| !matches!(self.take(), RecvOutcome::Nothing)).for_each(drop);
    }

    fn take(&self) -> RecvOutcome {
        // Not filled with zeros before: in a flood that takes longer than to receive.
        let mut buffer = Vec::with_capacity(MAX_DATAGRAM);
        let received = self.socket.try_recv_buf_from(&mut buffer);
        if would_block(&received) {
            return RecvOutcome::Nothing;
        }
        if let Ok((_, from)) = &received
            && !self.accepts(&buffer, *from)
        {
            return RecvOutcome::Unwanted;
        }
        let call = Call::new(self.socket_id, Syscall::Recvfrom).returned(&received);
        RecvOutcome::Done(match received {
            Ok((_, from)) => {
                let call = call.carrying(&buffer);
                self.log.call(if let Ok(flow) = self.flow_with(from) { call.on(flow) } else { call });
                Ok((buffer, from))
            }
            Err(error) => {
                self.log.call(call);
                Err(error)
            }
        })
    }

    fn accepts(&self, datagram: &[u8], from: SocketAddr) -> bool {
        let admits = self.filter.as_ref().is_none_or(|filter| filter.admits(datagram, from));
        let Some(ExpectedServer { server, reported }) =
            self.expected.as_ref().filter(|expected| expected.server != from)
        else {
            return admits;
        };
        if !reported.swap(true, Ordering::Relaxed) {
            self.log.note(Note::Unasked { socket: self.socket_id, server: *server, from });
        }
        false
    }

    /// The server that it asks, if it is a client's.
    pub(super) fn server(&self) -> Option<SocketAddr> {
        self.expected.as_ref().map(|expected| expected.server)
    }

    /// `shutdown(SHUT_WR)`, which fails with ENOTCONN: there is no connection to close one half of.
    pub(super) fn shut_write(&self) {
        let shut = SockRef::from(&self.socket).shutdown(Shutdown::Write);
        self.log.call(Call::new(self.socket_id, Syscall::Shutdown).with(Args::Shut(Shut::Write)).returned(&shut));
    }

    fn flow_with(&self, peer: SocketAddr) -> io::Result<Flow> {
        Ok(Flow { proto: Proto::Udp, local: self.local()?, peer: Some(peer) })
    }

    /// `close`. Nothing leaves: there is no connection to end.
    pub(super) fn close(self) {
        let call = Call::new(self.socket_id, Syscall::Close);
        let call = match self.local() {
            Ok(local) => call.on(Flow::unconnected(Proto::Udp, local)),
            Err(_) => call,
        };
        drop(self.socket);
        self.log.call(call);
    }
}
