//! A packet socket on one interface, or on all: what it hears, a batch at a time, as frames.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, poll};
use socket2::{SockFilter, Socket};

use super::bpf;
use super::file::Interface;
use super::key::Key;
use super::need::{CaptureError, Need};
use super::sys::{self, Hardware, Received};
use crate::observe::Scope;
use crate::packet::LinkType;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum On {
    /// The loopback interface.
    #[default]
    Loopback,
    /// The interface of this name.
    Named(String),
    /// Every interface.
    Any,
}

impl On {
    /// The interface's name; `any` for every one, as `tcpdump` has it.
    pub fn name(&self) -> &str {
        match self {
            Self::Loopback => "lo",
            Self::Named(name) => name,
            Self::Any => "any",
        }
    }
}

/// A packet as it was heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    /// Nanoseconds since 1970.
    pub(super) at: u64,
    pub(super) wire_len: u32,
    pub(super) bytes: &'a [u8],
}

/// The socket, and room for a batch.
#[derive(Debug)]
pub(super) struct Tap {
    socket: Socket,
    buffers: Vec<Box<[u8]>>,
    found: Vec<Received>,
    shape: Shape,
}

/// How the packets of a socket begin.
#[derive(Debug, Clone, Copy)]
struct Shape {
    link: LinkType,
    /// Where the IP packet begins for the kernel's filter.
    start: u32,
    /// The interface on which every packet is seen twice.
    loopback: Option<u32>,
}

/// Packets taken with one system call.
const BATCH: usize = 64;
/// The longest packet that is not `BIG TCP`, with its link header; rounded up.
const LONGEST: usize = 68 * 1024;
/// The header of Linux cooked v2.
const COOKED: usize = 20;

impl Tap {
    /// Listens.
    pub(super) fn open(key: &Key, on: &On, scope: &Scope) -> Result<Self, CaptureError> {
        let (socket, index, shape) = place(key, on)?;
        let settings = |error: io::Error| CaptureError::new(Need::Settings, &error);
        let buffers = (0..BATCH).map(|_| vec![0; LONGEST].into()).collect();
        let socket = socket.try_clone().map_err(settings)?;
        let mut tap = Self { socket, buffers, found: Vec::with_capacity(BATCH), shape };
        sys::stamp_packets(tap.socket.as_fd()).map_err(settings)?;
        // What waits from an earlier capture is not ours.
        tap.deaf().map_err(settings)?;
        sys::listen(tap.socket.as_fd(), index).map_err(|error| CaptureError::new(interface(on), &error))?;
        tap.scope(scope).map_err(settings)?;
        sys::lost(tap.socket.as_fd()).map_err(settings)?;
        Ok(tap)
    }

    /// Another handle of the same socket, to change its filter with.
    pub(super) fn control(&self) -> io::Result<Control> {
        Ok(Control { socket: self.socket.try_clone()?, shape: self.shape })
    }

    /// Lets these through from now on.
    pub(super) fn scope(&self, scope: &Scope) -> io::Result<()> {
        attach(&self.socket, self.shape, scope)
    }

    /// The interface, as a file describes it.
    pub(super) fn interface(&self, on: &On) -> Interface {
        let description = match (on, self.shape.loopback) {
            (On::Any, _) => "every interface",
            (_, Some(_)) => "loopback",
            _ => "",
        };
        Interface { name: on.name().into(), description: description.into(), link: self.shape.link }
    }

    /// Waits until there is something to read; `false` when `stop` is ready first.
    pub(super) fn wait(&self, stop: BorrowedFd<'_>) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN), PollFd::from_borrowed_fd(stop, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => Ok(fds[1].revents().is_empty()),
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the next batch; `false` when nothing waits.
    pub(super) fn read(&mut self, mut each: impl FnMut(Heard<'_>)) -> io::Result<bool> {
        let head = if self.shape.link == LinkType::LINUX_SLL2 { COOKED } else { 0 };
        match sys::receive(self.socket.as_fd(), &mut self.buffers, head, &mut self.found) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return Ok(false);
            }
            // An interface that goes down says so once; it may come up again.
            Err(error) if error.raw_os_error() == Some(libc::ENETDOWN) => return Ok(false),
            Err(error) => return Err(error),
        }
        for received in &self.found {
            let buffer = &mut self.buffers[received.buffer];
            if head > 0 {
                cook(&mut buffer[..COOKED], received);
            }
            let len = (head + received.len).min(buffer.len());
            let wire_len = u32::try_from(head + received.len).unwrap_or(u32::MAX);
            each(Heard { at: received.at, wire_len, bytes: &buffer[..len] });
        }
        Ok(true)
    }

    /// How many packets the kernel could not keep since this was last asked.
    pub(super) fn lost(&self) -> u64 {
        sys::lost(self.socket.as_fd()).map_or(0, u64::from)
    }

    /// Lets nothing through any more, and throws away what waits.
    fn deaf(&mut self) -> io::Result<()> {
        self.socket.attach_filter(&[SockFilter::new(bpf::RET, 0, 0, 0)])?;
        while self.read(|_| {})? {}
        Ok(())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        // The socket lives on in its key; nothing is to pile up in it.
        let _ = self.deaf();
    }
}

/// A handle to change the filter with.
#[derive(Debug)]
pub(super) struct Control {
    socket: Socket,
    shape: Shape,
}

impl Control {
    pub(super) fn scope(&self, scope: &Scope) -> io::Result<()> {
        attach(&self.socket, self.shape, scope)
    }
}

fn attach(socket: &Socket, shape: Shape, scope: &Scope) -> io::Result<()> {
    let program: Vec<SockFilter> = bpf::program(scope, shape.start, shape.loopback)
        .into_iter()
        .map(|op| SockFilter::new(op.code, op.jt, op.jf, op.k))
        .collect();
    socket.attach_filter(&program)
}

fn interface(on: &On) -> Need {
    Need::Interface(on.name().into())
}

/// Which of the key's sockets is right for an interface, the interface's number, and how its packets begin.
fn place<'k>(key: &'k Key, on: &On) -> Result<(&'k Socket, u32, Shape), CaptureError> {
    let missing = |error: &io::Error| CaptureError::new(interface(on), error);
    let index = |name: &str| rustix::net::netdevice::name_to_index(&key.whole, name).map_err(io::Error::from);
    if *on == On::Any {
        // Where there is no loopback, nothing is seen twice.
        let shape = Shape { link: LinkType::LINUX_SLL2, start: 0, loopback: index("lo").ok() };
        return Ok((&key.cooked, 0, shape));
    }
    let number = index(on.name()).map_err(|error| missing(&error))?;
    let hardware = sys::hardware(key.whole.as_fd(), on.name()).map_err(|error| missing(&error))?;
    let loopback = (hardware == Hardware::LOOPBACK).then_some(number);
    Ok(match hardware {
        Hardware::ETHERNET | Hardware::LOOPBACK => {
            (&key.whole, number, Shape { link: LinkType::ETHERNET, start: 14, loopback })
        }
        _ => (&key.cooked, number, Shape { link: LinkType::RAW, start: 0, loopback }),
    })
}

/// Writes the header of Linux cooked v2 (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html>).
fn cook(header: &mut [u8], received: &Received) {
    let from = &received.from;
    header[0..2].copy_from_slice(&from.protocol.to_be_bytes());
    header[2..4].fill(0);
    header[4..8].copy_from_slice(&from.interface.to_be_bytes());
    header[8..10].copy_from_slice(&from.hardware.to_be_bytes());
    header[10] = from.kind;
    header[11] = from.address_len;
    header[12..20].copy_from_slice(&from.address);
}
