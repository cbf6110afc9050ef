//! Opens a server's socket: `socket`, `setsockopt`, `bind`, `listen`, each reported.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;
use tokio::net::TcpListener;

use super::super::bind::{bind, listen};
use super::super::datagrams::DatagramSocket;
use super::super::host::Host;
use super::super::reporter::Reporter;
#[cfg(unix)]
use crate::domain::call::SockOpt;
use crate::domain::{Args, Call, Proto, SocketId, Syscall};

/// Opens a server's socket and reports the calls under `socket_id`.
pub(super) struct SocketOpener<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) socket_id: SocketId,
    /// The backlog passed to `listen`: how many connections may wait in the accept queue.
    pub(super) backlog: u32,
    pub(super) log: &'a Reporter,
}

impl SocketOpener<'_> {
    /// A TCP socket that listens on `addr`. On failure the socket is closed.
    pub(super) fn listener(&self, addr: SocketAddr) -> io::Result<TcpListener> {
        let socket = self.host.stream(addr);
        self.call(Syscall::Socket, Args::Proto(Proto::Tcp), &socket);
        self.closing_on_error(self.listen(socket?, addr))
    }

    fn listen(&self, socket: Socket, addr: SocketAddr) -> io::Result<TcpListener> {
        // Allows the port to be bound again while old connections are in TIME_WAIT (`socket(7)`). On Windows the option would
        // let a second server take over the port of the first.
        #[cfg(unix)]
        {
            let set = socket.set_reuse_address(true);
            self.call(Syscall::Setsockopt, Args::Option(SockOpt::ReuseAddr), &set);
            set?;
        }
        bind(&socket, self.socket_id, Proto::Tcp, addr, self.log)?;
        listen(&socket, self.socket_id, self.backlog, self.log)?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket.into())
    }

    /// A UDP socket bound to `addr`. Without `SO_REUSEADDR`: with it, a second process would silently take every
    /// datagram. On failure the socket is closed.
    pub(super) fn datagrams(&self, addr: SocketAddr) -> io::Result<DatagramSocket> {
        let socket = self.host.datagram(addr);
        self.call(Syscall::Socket, Args::Proto(Proto::Udp), &socket);
        let socket = socket?;
        let bound = bind(&socket, self.socket_id, Proto::Udp, addr, self.log)
            .and_then(|()| DatagramSocket::new(self.socket_id, socket, self.log.clone()));
        self.closing_on_error(bound)
    }

    fn call<T>(&self, call: Syscall, args: Args, result: &io::Result<T>) {
        self.log.call(Call::new(self.socket_id, call).with(args).returned(result));
    }

    /// Reports `close` after an error: dropping the socket has closed it.
    fn closing_on_error<T>(&self, opened: io::Result<T>) -> io::Result<T> {
        opened.inspect_err(|_| self.log.call(Call::new(self.socket_id, Syscall::Close)))
    }
}
