//! A packet socket on one interface or on all of them, read a block at a time.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use socket2::{SockFilter, Socket};

use super::access::CaptureAccess;
use super::block::{LinkAddress, RingPacket, packets};
use super::bpf;
use super::remedy::lack;
use super::ring::{self, PacketRing};
use crate::domain::need::{Lack, Need};
use crate::observe::Scope;
use crate::observe::capture::file::Interface;
use crate::packet::{Frame, LinkType};

/// The interface to capture on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CaptureInterface {
    /// The loopback interface.
    #[default]
    Loopback,
    /// The interface of this name.
    Named(String),
    /// Every interface.
    Any,
}

impl CaptureInterface {
    /// The interface's name; `any` for every one, as `tcpdump` has it.
    pub fn name(&self) -> &str {
        match self {
            Self::Loopback => "lo",
            Self::Named(name) => name,
            Self::Any => "any",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    Packets,
    Stop,
    /// The reader of the output has gone.
    OutputClosed,
}

#[derive(Debug)]
pub(super) struct PacketSocket {
    filter: FilterHandle,
    shared: PacketRing,
    /// The block to read next.
    place: usize,
    read: u64,
    /// How many packets the kernel has put into the ring, by its own count.
    queued: u64,
    cooked: Vec<u8>,
}

/// How the packets of a socket begin.
#[derive(Debug, Clone, Copy)]
struct LinkShape {
    link: LinkType,
    /// Where the IP packet begins, for the kernel's filter.
    start: u32,
    /// The interface on which every packet is seen twice.
    loopback: Option<u32>,
}

/// The size of a block: any packet that is not `BIG TCP` fits.
const BLOCK: u32 = 128 << 10;
/// Makes a ring of 32 MB. A block is handed over after a while even if it is not full: unread, the ring lasts a second at
/// 100,000 small packets.
const BLOCKS: u32 = 256;
/// How long a packet may wait for its block to fill up: too short to notice, and long enough not to burden an idle machine.
const PATIENCE: Duration = Duration::from_millis(4);
/// Longer than the kernel takes to hand over a partly filled block.
const LAST_BLOCK: Duration = Duration::from_millis(100);
/// The header of Linux cooked v2.
const COOKED: u32 = 20;

impl PacketSocket {
    pub(super) fn open(key: &CaptureAccess, on: &CaptureInterface, scope: &Scope) -> Result<Self, Lack> {
        let (socket, index, shape) = place(key, on)?;
        let settings = |error: io::Error| lack(Need::CaptureSettings, &error);
        let socket = socket.try_clone().map_err(settings)?;
        // No packets may come in before everything is set up.
        drop_all(&socket).map_err(settings)?;
        let handle = socket.as_fd().try_clone_to_owned().map_err(settings)?;
        let shared = PacketRing::new(handle, BLOCK, BLOCKS, PATIENCE).map_err(settings)?;
        let filter = FilterHandle { socket, shape };
        let opened = Self { filter, shared, place: 0, read: 0, queued: 0, cooked: Vec::new() };
        ring::listen(opened.filter.socket.as_fd(), index).map_err(|error| lack(Need::Interface, &error))?;
        ring::counts(opened.filter.socket.as_fd()).map_err(settings)?;
        opened.filter.scope(scope).map_err(settings)?;
        Ok(opened)
    }

    /// Another handle of the same socket, for changing its filter.
    pub(super) fn control(&self) -> io::Result<FilterHandle> {
        Ok(FilterHandle { socket: self.filter.socket.try_clone()?, ..self.filter })
    }

    /// The interface, as a file describes it.
    pub(super) fn interface(&self, on: &CaptureInterface) -> Interface {
        let description = match (on, self.filter.shape.loopback) {
            (CaptureInterface::Any, _) => "every interface",
            (_, Some(_)) => "loopback",
            _ => "",
        };
        Interface { name: on.name().into(), description: description.into(), link: self.filter.shape.link }
    }

    /// Waits until there is something to read, `stop` is ready, or the reader of `output` has gone.
    pub(super) fn wait(&self, stop: BorrowedFd<'_>, output: Option<BorrowedFd<'_>>) -> io::Result<Readiness> {
        let socket = PollFd::new(&self.filter.socket, PollFlags::IN);
        // No event is requested for the output: POLLERR and POLLHUP are reported anyway when its reader goes (`poll(2)`).
        let output = PollFd::from_borrowed_fd(output.unwrap_or(stop), PollFlags::empty());
        let mut fds = [socket, PollFd::from_borrowed_fd(stop, PollFlags::IN), output];
        match poll(&mut fds, None) {
            Ok(_) => {
                // ENETDOWN is reported once and cleared by reading it; the interface may come up again.
                match rustix::net::sockopt::socket_error(&self.filter.socket)? {
                    Err(error) if error != rustix::io::Errno::NETDOWN => Err(error.into()),
                    _ if !fds[1].revents().is_empty() => Ok(Readiness::Stop),
                    _ if !fds[2].revents().is_empty() => Ok(Readiness::OutputClosed),
                    _ => Ok(Readiness::Packets),
                }
            }
            Err(rustix::io::Errno::INTR) => Ok(Readiness::Packets),
            Err(error) => Err(error.into()),
        }
    }

    /// Passes the frames of the next block to `each`, without numbers; `false` when none is ready.
    pub(super) fn read(&mut self, mut each: impl FnMut(Frame<'_>)) -> bool {
        let Some(block) = self.shared.block(self.place) else { return false };
        let link = self.filter.shape.link;
        for RingPacket { at, mut wire_len, from, mut bytes } in packets(block) {
            self.read += 1;
            if link == LinkType::LINUX_SLL2 {
                self.cooked.clear();
                self.cooked.extend(cooked(&from));
                self.cooked.extend(bytes);
                (wire_len, bytes) = (wire_len.saturating_add(COOKED), &self.cooked);
            }
            each(Frame { number: 0, at, link, wire_len, bytes });
        }
        self.shared.give_back(self.place);
        self.place += 1;
        true
    }

    /// How many packets the kernel has dropped since the last call.
    pub(super) fn lost(&mut self) -> u64 {
        let (packets, lost) = ring::counts(self.filter.socket.as_fd()).unwrap_or_default();
        self.queued += u64::from(packets.saturating_sub(lost));
        u64::from(lost)
    }

    /// Stops capturing and reads what was captured so far. Returns how many packets were lost.
    pub(super) fn finish(&mut self, mut each: impl FnMut(Frame<'_>)) -> io::Result<u64> {
        drop_all(&self.filter.socket)?;
        let lost = self.lost();
        // The kernel hands over its current block after a while.
        while self.read < self.queued {
            let mut fds = [PollFd::new(&self.filter.socket, PollFlags::IN)];
            let came = poll(&mut fds, Some(&LAST_BLOCK.try_into().map_err(io::Error::other)?));
            if !self.read(&mut each) && came == Ok(0) {
                break;
            }
        }
        Ok(lost)
    }
}

impl Drop for PacketSocket {
    fn drop(&mut self) {
        // The socket lives on in its `CaptureAccess`, and must not fill up meanwhile.
        let _ = drop_all(&self.filter.socket);
    }
}

fn drop_all(socket: &Socket) -> io::Result<()> {
    socket.attach_filter(&[SockFilter::new(bpf::RET, 0, 0, 0)])
}

/// A packet socket and the shape of its packets, which its filter depends on.
#[derive(Debug)]
pub(super) struct FilterHandle {
    socket: Socket,
    shape: LinkShape,
}

impl FilterHandle {
    /// Replaces the filter by one that passes the packets of `scope`.
    pub(super) fn scope(&self, scope: &Scope) -> io::Result<()> {
        let program = bpf::program(scope, self.shape.start, self.shape.loopback);
        let program: Vec<_> = program.iter().map(|op| SockFilter::new(op.code, op.jt, op.jf, op.k)).collect();
        self.socket.attach_filter(&program)
    }
}

/// The socket to use for an interface, the interface's number, and how its packets begin.
fn place<'k>(key: &'k CaptureAccess, on: &CaptureInterface) -> Result<(&'k Socket, u32, LinkShape), Lack> {
    let missing = |error: io::Error| lack(Need::Interface, &error);
    let index = |name: &str| rustix::net::netdevice::name_to_index(&key.whole, name).map_err(io::Error::from);
    if *on == CaptureInterface::Any {
        // Without a loopback interface, nothing is seen twice.
        let shape = LinkShape { link: LinkType::LINUX_SLL2, start: 0, loopback: index("lo").ok() };
        return Ok((&key.cooked, 0, shape));
    }
    let number = index(on.name()).map_err(missing)?;
    let hardware = ring::hardware(key.whole.as_fd(), on.name()).map_err(missing)?;
    let loopback = (hardware == libc::ARPHRD_LOOPBACK).then_some(number);
    Ok(match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => {
            (&key.whole, number, LinkShape { link: LinkType::ETHERNET, start: 14, loopback })
        }
        _ => (&key.cooked, number, LinkShape { link: LinkType::RAW, start: 0, loopback }),
    })
}

/// The header of Linux cooked v2 (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html>).
fn cooked(from: &LinkAddress) -> [u8; COOKED as usize] {
    let mut header = [0; COOKED as usize];
    header[0..2].copy_from_slice(&from.protocol.to_be_bytes());
    header[4..8].copy_from_slice(&from.interface.to_be_bytes());
    header[8..10].copy_from_slice(&from.hardware.to_be_bytes());
    header[10] = from.kind;
    header[11] = from.address_len;
    header[12..20].copy_from_slice(&from.address);
    header
}
