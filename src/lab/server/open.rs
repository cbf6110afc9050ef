//! From nothing to a server's socket: `socket`, `setsockopt`, `bind`, `listen`, each reported.

use std::io;
use std::net::SocketAddr;

use socket2::Socket;
use tokio::net::TcpListener;

use super::super::datagrams::DatagramSocket;
use super::super::host::Host;
use super::super::reporter::Reporter;
#[cfg(unix)]
use crate::domain::call::SockOpt;
use crate::domain::{Args, Call, Flow, Proto, SocketId, Syscall};

/// The calls that open a server's socket, reported as made by `who`.
pub(super) struct SocketOpener<'a> {
    pub(super) host: &'a dyn Host,
    pub(super) socket_id: SocketId,
    /// How many connections the kernel may keep in the accept queue, as given to `listen`.
    pub(super) backlog: u32,
    pub(super) log: &'a Reporter,
}

impl SocketOpener<'_> {
    /// A TCP socket that listens on `addr`. On failure nothing is left open.
    pub(super) fn listener(&self, addr: SocketAddr) -> io::Result<TcpListener> {
        let socket = self.host.stream(addr);
        self.call(Syscall::Socket, Args::Proto(Proto::Tcp), &socket);
        self.closing_on_error(self.listen(socket?, addr))
    }

    fn listen(&self, socket: Socket, addr: SocketAddr) -> io::Result<TcpListener> {
        // So that the port can be had again while connections of the last life are in TIME_WAIT (socket(7)). On Windows
        // the option means something else: a second server could take the port of the first.
        #[cfg(unix)]
        {
            let set = socket.set_reuse_address(true);
            self.call(Syscall::Setsockopt, Args::Option(SockOpt::ReuseAddr), &set);
            set?;
        }
        self.bind(Proto::Tcp, &socket, addr)?;
        let listening = socket.listen(i32::try_from(self.backlog).unwrap_or(i32::MAX));
        let call =
            Call::new(self.socket_id, Syscall::Listen).with(Args::Number(self.backlog.into())).returned(&listening);
        self.log.call(at(call, Proto::Tcp, &socket));
        listening?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket.into())
    }

    /// A UDP socket bound to `addr`. Without `SO_REUSEADDR`: with it, a second process would silently take every
    /// datagram. On failure nothing is left open.
    pub(super) fn datagrams(&self, addr: SocketAddr) -> io::Result<DatagramSocket> {
        let socket = self.host.datagram(addr);
        self.call(Syscall::Socket, Args::Proto(Proto::Udp), &socket);
        let socket = socket?;
        let bound = self
            .bind(Proto::Udp, &socket, addr)
            .and_then(|()| DatagramSocket::new(self.socket_id, socket, self.log.clone()));
        self.closing_on_error(bound)
    }

    fn bind(&self, proto: Proto, socket: &Socket, addr: SocketAddr) -> io::Result<()> {
        let bound = socket.bind(&addr.into());
        let call = Call::new(self.socket_id, Syscall::Bind).with(Args::Addr(addr)).returned(&bound);
        self.log.call(at(call, proto, socket));
        bound
    }

    fn call<T>(&self, call: Syscall, args: Args, result: &io::Result<T>) {
        self.log.call(Call::new(self.socket_id, call).with(args).returned(result));
    }

    /// A socket that was lost to an error has been closed by now: says so.
    fn closing_on_error<T>(&self, opened: io::Result<T>) -> io::Result<T> {
        opened.inspect_err(|_| self.log.call(Call::new(self.socket_id, Syscall::Close)))
    }
}

/// The call, with the address that the socket has now.
fn at(call: Call, proto: Proto, socket: &Socket) -> Call {
    match socket.local_addr().ok().and_then(|addr| addr.as_socket()) {
        Some(local) if call.result.is_ok() => call.on(Flow::unconnected(proto, local)),
        _ => call,
    }
}
