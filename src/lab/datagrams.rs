//! A UDP socket that reports every call. The server, the clients and the broadcaster use it.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{SockRef, Socket};
use tokio::net::UdpSocket;

use super::bind::bind_loopback;
use super::connection::would_block;
use super::guard::{Guard, UdpFilter};
use super::host::Host;
use super::reporter::Reporter;
use super::waits::{EnteredCall, WaitingPlace};
use crate::domain::{Args, Call, Errno, Flow, Note, Proto, ServerId, Shut, SocketId, Syscall};

/// The receive buffer, in bytes: IPv4 carries a little less, so no datagram is truncated.
const MAX_DATAGRAM: usize = 65_535;

/// A UDP socket. It is never connected: each datagram carries the address of its peer.
pub(super) struct DatagramSocket {
    pub(super) socket_id: SocketId,
    socket: UdpSocket,
    filter: Option<UdpFilter>,
    /// The server that a client talks to.
    expected: Option<ExpectedServer>,
    log: Reporter,
    /// Where its `recvfrom` is written down while it waits.
    waiting: OnceLock<WaitingPlace>,
}

/// The only sender that a client accepts datagrams from: the kernel delivers those of any sender to an unconnected socket.
struct ExpectedServer {
    server: SocketAddr,
    /// Whether a datagram of another sender has been reported.
    reported: AtomicBool,
}

/// The outcome of a `recvfrom` that does not wait.
enum RecvOutcome {
    Nothing,
    /// A datagram that is discarded. The call is not reported, so that a flood cannot fill the journal.
    Unwanted,
    Done(io::Result<(Vec<u8>, SocketAddr)>),
}

/// The most datagrams that [`DatagramSocket::drain`] discards.
const DRAIN_LIMIT: usize = 256;

/// Calls `socket`, and `bind` if the server is on loopback. On Linux the socket has no port before its first `sendto`. It
/// receives datagrams from `server` only.
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
        Ok(Self {
            socket_id,
            socket: UdpSocket::from_std(socket.into())?,
            filter: None,
            expected: None,
            log,
            waiting: OnceLock::new(),
        })
    }

    /// The same socket with a guard, for a server.
    pub(super) fn guarded(self, server: ServerId, guard: Guard) -> io::Result<Self> {
        let filter = UdpFilter { guard, server, local: self.local()? };
        Ok(Self { filter: Some(filter), ..self })
    }

    pub(super) const fn filter(&self) -> Option<&UdpFilter> {
        self.filter.as_ref()
    }

    /// The local address; port 0 before the first `sendto` of an unbound socket.
    pub(super) fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// `sendto`: one datagram, whole or not at all. The first one makes the kernel choose a port.
    pub(super) async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        loop {
            self.socket.writable().await?;
            let at = self.log.now();
            let sent = self.socket.try_send_to(bytes, to);
            if would_block(&sent) {
                continue;
            }
            let call = Call::new(self.socket_id, Syscall::Sendto).with(Args::Addr(to));
            let call = Call { flow: self.flow(Some(to)), ..call };
            match &sent {
                Ok(_) => _ = self.log.moved_from(at, None, call, bytes),
                Err(_) => self.log.call_at(at, call.returned(&sent)),
            }
            return sent;
        }
    }

    /// `recvfrom`: waits for one datagram and the address it came from. Cancel safe.
    pub(super) async fn recv_from(&self) -> io::Result<(Vec<u8>, SocketAddr)> {
        let place = self.waiting.get_or_init(|| self.log.place(self.socket_id, Syscall::Recvfrom, self.flow(None)));
        let entered = place.enter();
        loop {
            self.socket.readable().await?;
            if let RecvOutcome::Done(received) = self.take(Some(&entered)) {
                return received;
            }
            // Lets other tasks run during a flood of unwanted datagrams.
            tokio::task::coop::consume_budget().await;
        }
    }

    pub(super) fn drain(&self) {
        (0..DRAIN_LIMIT).take_while(|_| !matches!(self.take(None), RecvOutcome::Nothing)).for_each(drop);
    }

    /// One `recvfrom` that does not wait; of the call that was `entered`, if it is the last step of one that did.
    fn take(&self, entered: Option<&EnteredCall<'_>>) -> RecvOutcome {
        // Not zeroed first: that would cost more than receiving.
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
        let waited = entered.and_then(EnteredCall::erase);
        let call = Call::new(self.socket_id, Syscall::Recvfrom);
        match &received {
            Ok((_, from)) => {
                let call = Call { flow: self.flow(Some(*from)), ..call };
                self.log.moved(waited, call, &buffer);
            }
            Err(_) => self.log.returned(waited, call.returned(&received)),
        }
        RecvOutcome::Done(received.map(|(_, from)| (buffer, from)))
    }

    fn accepts(&self, datagram: &[u8], from: SocketAddr) -> bool {
        if let Some(ExpectedServer { server, reported }) = &self.expected
            && *server != from
        {
            if !reported.swap(true, Ordering::Relaxed) {
                self.log.note(Note::Unasked { socket: self.socket_id, server: *server, from });
            }
            return false;
        }
        self.filter.as_ref().is_none_or(|filter| filter.admits(datagram, from))
    }

    /// The server that a client talks to.
    pub(super) fn server(&self) -> Option<SocketAddr> {
        self.expected.as_ref().map(|expected| expected.server)
    }

    /// `shutdown(SHUT_WR)`, which fails with ENOTCONN: there is no connection to half-close.
    pub(super) fn shut_write(&self) {
        let at = self.log.now();
        let shut = SockRef::from(&self.socket).shutdown(Shutdown::Write);
        self.log
            .call_at(at, Call::new(self.socket_id, Syscall::Shutdown).with(Args::Shut(Shut::Write)).returned(&shut));
    }

    fn flow(&self, peer: Option<SocketAddr>) -> Option<Flow> {
        self.local().ok().map(|local| Flow { proto: Proto::Udp, local, peer })
    }

    /// `close`. Nothing is sent: there is no connection to end.
    pub(super) fn close(self) {
        let call = Call { flow: self.flow(None), ..Call::new(self.socket_id, Syscall::Close) };
        let at = self.log.now();
        drop(self.socket);
        self.log.call_at(at, call);
    }
}
