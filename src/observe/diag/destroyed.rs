//! The kernel's announcements of destroyed sockets: they say at once that a socket has closed, so the table need not wait
//! for its next reading.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, netlink, recv, socket_with, sockopt};

use super::message::{DiagMessages, MessageContent, attributes};
use super::row;
use crate::domain::{Flow, Proto};
use crate::observe::Scope;
use crate::observe::stoppable::{StopSignal, StoppableThread};

/// `SKNLGRP_INET_TCP_DESTROY`, `_UDP_`, `_INET6_TCP_`, `_INET6_UDP_`: groups 1 to 4, as bits.
const GROUPS: u32 = 0b1111;
const INET_DIAG_PROTOCOL: u16 = 10;
const UDP: u8 = 17;
const QUEUE: usize = 1 << 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destruction {
    /// A socket with these addresses was destroyed. For TCP a `TIME_WAIT` may have taken its place.
    Socket(Flow),
    /// The buffer overflowed: some announcements are missing.
    Missed,
}

/// The socket that receives announcements for the network namespace in which it was made.
#[derive(Debug)]
pub struct Announcements {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Announcements {
    /// Listens in the calling thread's network namespace.
    ///
    /// # Errors
    /// When the kernel does not let this user listen (older kernels require `CAP_NET_ADMIN`).
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
        let _ = sockopt::set_socket_recv_buffer_size_force(&socket, QUEUE);
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
        Ok(Self::on(socket))
    }

    pub(in crate::observe) fn on(socket: OwnedFd) -> Self {
        Self { socket, buffer: vec![0; 16 * 1024] }
    }

    /// Passes the pending announcements to `tell`, without waiting for more.
    pub fn read(&mut self, tell: &mut dyn FnMut(Destruction)) -> io::Result<()> {
        loop {
            match recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::empty()) {
                Ok((_, len)) => ended(&self.buffer[..len]).for_each(|flow| tell(Destruction::Socket(flow))),
                Err(rustix::io::Errno::NOBUFS) => tell(Destruction::Missed),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Announcements {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The thread that receives announcements. Dropping this ends and joins it.
#[derive(Debug)]
pub struct DestroyListener {
    scope: Arc<Mutex<Scope>>,
    _thread: StoppableThread,
}

impl DestroyListener {
    /// Listens in the calling thread's network namespace, and calls `tell` for each socket of `scope`.
    pub fn start(scope: Scope, tell: impl FnMut(Destruction) + Send + 'static) -> io::Result<Self> {
        let announcements = Announcements::open()?;
        let scope = Arc::new(Mutex::new(scope));
        let watched = Arc::clone(&scope);
        let run = move |stop: &StopSignal| run(announcements, stop, &watched, tell);
        Ok(Self { scope, _thread: StoppableThread::start("socklab-destroy", run)? })
    }

    pub fn scope(&self, scope: Scope) {
        *self.scope.lock().unwrap_or_else(PoisonError::into_inner) = scope;
    }
}

fn run(mut announcements: Announcements, stop: &StopSignal, scope: &Mutex<Scope>, mut tell: impl FnMut(Destruction)) {
    loop {
        let mut fds = [PollFd::new(&announcements, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
        if !fds[1].revents().is_empty() {
            return;
        }
        let scope = scope.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let read = announcements.read(&mut |ended| match ended {
            Destruction::Socket(flow) if !scope.has(&flow) => {}
            ended => tell(ended),
        });
        if read.is_err() {
            return;
        }
    }
}

/// The addresses in one datagram. A malformed one yields none; the next reading makes up for it.
fn ended(datagram: &[u8]) -> impl Iterator<Item = Flow> {
    DiagMessages::of(datagram).filter_map(|message| {
        let MessageContent::Socket(bytes) = message.ok()?.content else { return None };
        let mut attributes = attributes(bytes.get(row::FIXED..)?);
        let udp = attributes.any(|(kind, value)| kind == INET_DIAG_PROTOCOL && value.first() == Some(&UDP));
        row::decode(bytes, if udp { Proto::Udp } else { Proto::Tcp }).map(|row| row.flow)
    })
}
