//! The source of the laboratory's sockets.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Socket, Type};

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
