//! The right to capture: opened with what privileges the program was given, which are then given up.

use std::io;
use std::os::fd::AsFd;

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
use socket2::{Domain, Protocol, Socket, Type};

use super::error::{CaptureError, Need};

/// Two packet sockets that hear nothing yet: one that gets link headers, and one that does not.
///
/// Take it first thing in `main`, while the program has one thread: capabilities are a thread's own (`capabilities(7)`),
/// and those started later inherit what is left. One capture at a time uses it. A command that does not capture calls
/// [`give_up`] instead.
#[derive(Debug)]
pub struct CaptureAccess {
    pub(super) whole: Socket,
    pub(super) cooked: Socket,
}

/// How much may wait in the kernel: at 100,000 small packets a second, half a second.
const ROOM: usize = 64 << 20;

impl CaptureAccess {
    /// Opens the sockets and gives up the calling thread's privileges, if it has them from the program's file. A thread
    /// of root's keeps what it has: it is root for other reasons too (the tracepoint).
    ///
    /// # Errors
    /// [`Need::Socket`] without `CAP_NET_RAW`; the error says what would help.
    pub fn take() -> Result<Self, CaptureError> {
        let key = Self::open();
        give_up();
        key
    }

    /// Opens the sockets and keeps all privileges.
    ///
    /// # Errors
    /// As [`CaptureAccess::take`].
    pub fn open() -> Result<Self, CaptureError> {
        let open = |kind| socket(kind).map_err(|error| CaptureError::new(Need::Socket, &error));
        Ok(Self { whole: open(Type::RAW)?, cooked: open(Type::DGRAM)? })
    }
}

/// A packet socket. With protocol 0 it hears nothing until it is bound (`packet(7)`).
fn socket(kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, kind, Some(Protocol::from(0)))?;
    socket.set_nonblocking(true)?;
    // Past the system's limit needs CAP_NET_ADMIN; as much as it allows is taken otherwise.
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(socket.as_fd(), ROOM).is_err() {
        socket.set_recv_buffer_size(ROOM)?;
    }
    Ok(socket)
}

/// Empties the calling thread's capability sets, if the program's file has put something into them. A thread of root's
/// keeps what it has.
///
/// The process stays as undumpable as the kernel made it (`PR_SET_DUMPABLE` of `prctl(2)`): another program of the same
/// user's could take the packet sockets out of it otherwise.
pub fn give_up() {
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    if !rustix::process::geteuid().is_root() && capabilities(None).is_ok_and(|sets| sets != none) {
        // Giving up is always allowed.
        let _ = set_capabilities(None, none);
    }
}
