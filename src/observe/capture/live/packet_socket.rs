//! A packet socket on one interface or on all of them, read a block at a time.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{SockFilter, Socket};

use super::access::CaptureAccess;
use super::block::{LinkAddress, RingPacket, packets};
use super::bpf;
use super::remedy::lack;
use super::ring::{self, PacketRing};
use crate::domain::InterfaceName;
use crate::domain::need::{Lack, Need};
use crate::observe::Scope;
use crate::observe::capture::file::Interface;
use crate::packet::{Frame, LinkType};

/// The interface to capture on, or the interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CaptureInterface {
    /// The loopback interface.
    #[default]
    Loopback,
    /// The interface of this name.
    Named(String),
    /// The interfaces of these names.
    Several(BTreeSet<String>),
    /// Every interface.
    Any,
}

impl CaptureInterface {
    /// The interface's name; `any` for every one, as `tcpdump` has it.
    pub fn name(&self) -> String {
        match self {
            Self::Loopback => LOOPBACK.into(),
            Self::Named(name) => name.clone(),
            Self::Several(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
            Self::Any => "any".into(),
        }
    }
}

/// Where the loopback's packets are captured.
pub(super) const LOOPBACK: &str = "lo";

/// The interface on which a packet was seen.
#[derive(Debug)]
pub(super) struct SeenOn {
    /// Its number in the network namespace.
    pub(super) index: i32,
    pub(super) name: InterfaceName,
    /// As a file describes it.
    pub(super) interface: Interface,
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
    /// The interfaces on which packets were seen.
    seen_on: HashMap<i32, SeenOn>,
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
pub(super) const BLOCKS: u32 = 256;
/// How long a packet may wait for its block to fill up: too short to notice, and long enough not to burden an idle machine.
pub(super) const PATIENCE: Duration = Duration::from_millis(4);
/// Longer than the kernel takes to hand over a partly filled block.
const LAST_BLOCK: Duration = Duration::from_millis(100);
/// The header of Linux cooked v2.
const COOKED: u32 = 20;

impl PacketSocket {
    pub(super) fn open(key: &CaptureAccess, on: &CaptureInterface, scope: &Scope) -> Result<Self, Lack> {
        let opened = Self::prepare(key, on)?;
        opened.filter.scope(scope).map_err(|error| lack(Need::CaptureSettings, &error))?;
        Ok(opened)
    }

    /// Makes everything ready, so that only the filter has to be set for packets to come.
    pub(super) fn prepare(key: &CaptureAccess, on: &CaptureInterface) -> Result<Self, Lack> {
        let CapturePlace { socket, index, shape, only } = place(key, on)?;
        let settings = |error: io::Error| lack(Need::CaptureSettings, &error);
        let socket = socket.try_clone().map_err(settings)?;
        // No packets may come in before everything is set up.
        drop_all(&socket).map_err(settings)?;
        let handle = socket.as_fd().try_clone_to_owned().map_err(settings)?;
        let shared = PacketRing::new(handle, BLOCK, BLOCKS, PATIENCE).map_err(settings)?;
        let filter = FilterHandle { socket, shape, only };
        let opened =
            Self { filter, shared, place: 0, read: 0, queued: 0, cooked: Vec::new(), seen_on: HashMap::default() };
        ring::listen(opened.filter.socket.as_fd(), index).map_err(|error| lack(Need::Interface, &error))?;
        ring::counts(opened.filter.socket.as_fd()).map_err(settings)?;
        Ok(opened)
    }

    /// Another handle of the same socket, for changing its filter.
    pub(super) fn control(&self) -> io::Result<FilterHandle> {
        let FilterHandle { socket, shape, only } = &self.filter;
        Ok(FilterHandle { socket: socket.try_clone()?, shape: *shape, only: only.clone() })
    }

    /// The interface, as a file describes it before any packet came; `None` if packets of several may come.
    pub(super) fn interface(&self, on: &CaptureInterface) -> Option<Interface> {
        let LinkShape { link, loopback, .. } = self.filter.shape;
        let one = matches!(on, CaptureInterface::Loopback | CaptureInterface::Named(_));
        one.then(|| described(on.name().as_str().into(), link, loopback.is_some()))
    }

    /// Waits until there is something to read, `stop` is ready, or the reader of `output` has gone.
    pub(super) fn wait(
        &self,
        stop: BorrowedFd<'_>,
        output: Option<BorrowedFd<'_>>,
        patience: Option<Duration>,
    ) -> io::Result<Readiness> {
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let socket = PollFd::new(&self.filter.socket, PollFlags::IN);
        // No event is requested for the output: POLLERR and POLLHUP are reported anyway when its reader goes (`poll(2)`).
        let output = PollFd::from_borrowed_fd(output.unwrap_or(stop), PollFlags::empty());
        let mut fds = [socket, PollFd::from_borrowed_fd(stop, PollFlags::IN), output];
        match poll(&mut fds, patience.as_ref()) {
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
    pub(super) fn read(&mut self, mut each: impl FnMut(Frame<'_>, &SeenOn)) -> bool {
        let Some(block) = self.shared.block(self.place) else { return false };
        let shape = self.filter.shape;
        let link = shape.link;
        for RingPacket { at, mut wire_len, from, mut bytes } in packets(block) {
            self.read += 1;
            if link == LinkType::LINUX_SLL2 {
                self.cooked.clear();
                self.cooked.extend(cooked(&from));
                self.cooked.extend(bytes);
                (wire_len, bytes) = (wire_len.saturating_add(COOKED), &self.cooked);
            }
            let on = self.seen_on.entry(from.interface).or_insert_with(|| seen_on(&self.filter.socket, shape, &from));
            each(Frame { number: 0, at, link, wire_len, bytes }, on);
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
    pub(super) fn finish(&mut self, mut each: impl FnMut(Frame<'_>, &SeenOn)) -> io::Result<u64> {
        drop_all(&self.filter.socket)?;
        let lost = self.lost();
        // The kernel hands over its current block after a while. An interface that goes down or vanishes meanwhile makes
        // the socket ready without a block, so what ends this is the time that passed without one.
        let mut latest = Instant::now();
        while self.read < self.queued {
            if self.read(&mut each) {
                latest = Instant::now();
                continue;
            }
            let left = LAST_BLOCK.saturating_sub(latest.elapsed());
            if left.is_zero() {
                break;
            }
            let mut fds = [PollFd::new(&self.filter.socket, PollFlags::IN)];
            match poll(&mut fds, Some(&left.try_into().map_err(io::Error::other)?)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            // An error makes it ready until it is read.
            let _ = rustix::net::sockopt::socket_error(&self.filter.socket)?;
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

/// The interface that a packet names by its number. One that has gone meanwhile keeps the number as its name.
fn seen_on(socket: &Socket, shape: LinkShape, from: &LinkAddress) -> SeenOn {
    let index = from.interface;
    let number = u32::try_from(index).unwrap_or(0);
    let name = rustix::net::netdevice::index_to_name(socket, number);
    let name = InterfaceName::of(name.unwrap_or_else(|_| format!("#{index}")).as_bytes());
    let interface = described(name.clone(), shape.link, shape.loopback == Some(number));
    SeenOn { index, name, interface }
}

fn described(name: InterfaceName, link: LinkType, is_loopback: bool) -> Interface {
    let description = if is_loopback { "loopback" } else { "" };
    Interface { name: Some(name), description: description.into(), link }
}

/// A packet socket and the shape of its packets, which its filter depends on.
#[derive(Debug)]
pub(super) struct FilterHandle {
    socket: Socket,
    shape: LinkShape,
    /// The interfaces whose packets pass; those of all that the socket is bound to when `None`.
    only: Option<Vec<u32>>,
}

impl FilterHandle {
    /// Replaces the filter by one that passes the packets of `scope`.
    pub(super) fn scope(&self, scope: &Scope) -> io::Result<()> {
        let program = bpf::program(scope, self.shape.start, self.shape.loopback, self.only.as_deref());
        let program: Vec<_> = program.iter().map(|op| SockFilter::new(op.code, op.jt, op.jf, op.k)).collect();
        self.socket.attach_filter(&program)
    }

    /// Lets no more packets in.
    pub(super) fn close(&self) -> io::Result<()> {
        drop_all(&self.socket)
    }

    /// The same socket with the packets of these interfaces only.
    pub(super) fn turned_to(&self, only: Vec<u32>) -> io::Result<Self> {
        Ok(Self { socket: self.socket.try_clone()?, shape: self.shape, only: Some(only) })
    }
}

/// Where packets are captured.
struct CapturePlace<'k> {
    socket: &'k Socket,
    /// The interface to bind to; 0 for all.
    index: u32,
    shape: LinkShape,
    /// The interfaces whose packets pass the filter, if not those of all.
    only: Option<Vec<u32>>,
}

/// The numbers of interfaces.
///
/// # Errors
/// There is none of one of these names.
pub(super) fn indices(key: &CaptureAccess, names: &BTreeSet<String>) -> Result<Vec<u32>, Lack> {
    names.iter().map(|name| index(key, name)).collect()
}

fn index(key: &CaptureAccess, name: &str) -> Result<u32, Lack> {
    let found = rustix::net::netdevice::name_to_index(&key.whole, name);
    found.map_err(|error| lack(Need::Interface, &error.into()))
}

/// The socket to use for an interface, the interface's number, and how its packets begin.
fn place<'k>(key: &'k CaptureAccess, on: &CaptureInterface) -> Result<CapturePlace<'k>, Lack> {
    let only = match on {
        CaptureInterface::Any => None,
        CaptureInterface::Several(names) => Some(indices(key, names)?),
        CaptureInterface::Loopback | CaptureInterface::Named(_) => return alone(key, &on.name()),
    };
    // Without a loopback interface, nothing is seen twice.
    let shape = LinkShape { link: LinkType::LINUX_SLL2, start: 0, loopback: index(key, LOOPBACK).ok() };
    Ok(CapturePlace { socket: &key.cooked, index: 0, shape, only })
}

/// The same for one interface alone, whose packets keep their own header.
fn alone<'k>(key: &'k CaptureAccess, name: &str) -> Result<CapturePlace<'k>, Lack> {
    let index = index(key, name)?;
    let hardware = ring::hardware(key.whole.as_fd(), name).map_err(|error| lack(Need::Interface, &error))?;
    let loopback = (hardware == libc::ARPHRD_LOOPBACK).then_some(index);
    let (socket, link, start) = match hardware {
        libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK => (&key.whole, LinkType::ETHERNET, 14),
        _ => (&key.cooked, LinkType::RAW, 0),
    };
    Ok(CapturePlace { socket, index, shape: LinkShape { link, start, loopback }, only: None })
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
