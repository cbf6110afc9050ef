//! Access to packets: sockets opened with the program's privileges, which are then given up.

use std::io;
use std::os::fd::AsFd;

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
use socket2::{Domain, Protocol, Socket, Type};

use super::remedy::lack;
use crate::domain::need::{Lack, Need};

/// Two packet sockets that receive nothing yet: one with link headers, and one without.
///
/// Take it first thing in `main`, while the program has one thread: capabilities belong to a thread (`capabilities(7)`),
/// and threads started later inherit what is left. Only one capture at a time can use it. A command that does not capture
/// calls [`give_up`] instead.
#[derive(Debug)]
pub struct CaptureAccess {
    pub(super) whole: Socket,
    pub(super) cooked: Socket,
}

/// The receive buffer: at 100,000 small packets a second, half a second's worth.
const ROOM: usize = 64 << 20;

impl CaptureAccess {
    /// Opens the sockets and gives up the calling thread's privileges, if they come from the program's file. Root keeps
    /// its privileges, which it needs for other things too (the tracepoint).
    pub fn take() -> Result<Self, Lack> {
        let key = Self::open();
        give_up();
        key
    }

    /// The same sockets again.
    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { whole: self.whole.try_clone()?, cooked: self.cooked.try_clone()? })
    }

    /// Opens the sockets and keeps all privileges.
    pub fn open() -> Result<Self, Lack> {
        let open = |kind| socket(kind).map_err(|error| lack(Need::PacketSocket, &error));
        Ok(Self { whole: open(Type::RAW)?, cooked: open(Type::DGRAM)? })
    }
}

/// A packet socket. With protocol 0 it receives nothing until it is bound (`packet(7)`).
fn socket(kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, kind, Some(Protocol::from(0)))?;
    socket.set_nonblocking(true)?;
    // Exceeding the system's limit needs CAP_NET_ADMIN; without it we take what the limit allows.
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(socket.as_fd(), ROOM).is_err() {
        socket.set_recv_buffer_size(ROOM)?;
    }
    Ok(socket)
}

/// Empties the calling thread's capability sets, if the program's file has put something into them. Root keeps its
/// privileges.
///
/// The process stays undumpable, as the kernel made it (`PR_SET_DUMPABLE` of `prctl(2)`): otherwise another program of the
/// same user could take the packet sockets from it.
pub fn give_up() {
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    if !rustix::process::geteuid().is_root() && capabilities(None).is_ok_and(|sets| sets != none) {
        // Giving up capabilities is always allowed.
        let _ = set_capabilities(None, none);
    }
}
