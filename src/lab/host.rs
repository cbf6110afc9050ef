//! The source of the laboratory's sockets.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::sync::watch;

/// A host that creates sockets: this machine, or another network stack whose sockets are passed to this process.
///
/// Every socket is non-blocking, close-on-exec, and of the address family of `for_addr`.
pub trait Host: Send + Sync {
    /// A TCP socket (`SOCK_STREAM`).
    fn stream(&self, for_addr: SocketAddr) -> io::Result<Socket>;
    /// A UDP socket (`SOCK_DGRAM`).
    fn datagram(&self, for_addr: SocketAddr) -> io::Result<Socket>;
    /// The address of a name that only this host resolves.
    fn neighbour(&self, _name: &str) -> Option<IpAddr> {
        None
    }
    /// What listeners on it have to be set to, now and from now on.
    fn listener_settings(&self) -> watch::Receiver<ListenerSettings> {
        watch::channel(ListenerSettings::default()).1
    }
}

/// The settings of a host that its listeners have to take over, since a listening socket keeps what its kernel had when it
/// was made. The connections accepted from it inherit them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListenerSettings {
    /// Whether `TCP_NODELAY` is set.
    pub no_delay: bool,
    /// The receive buffer in bytes, as the kernel counts it, if it was set.
    pub receive_buffer: Option<u32>,
    /// The same for the send buffer.
    pub send_buffer: Option<u32>,
    /// The backlog to `listen` with, if it is the host's.
    pub backlog: Option<u32>,
}

/// The machine that this program runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl Host for Machine {
    fn stream(&self, for_addr: SocketAddr) -> io::Result<Socket> {
        socket(for_addr, Type::STREAM)
    }

    fn datagram(&self, for_addr: SocketAddr) -> io::Result<Socket> {
        socket(for_addr, Type::DGRAM)
    }
}

fn socket(for_addr: SocketAddr, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(for_addr), kind, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
