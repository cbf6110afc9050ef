//! The netlink socket: one request at a time, and its whole answer.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::sockopt::{self, Timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

use super::message::{DiagMessage, DiagMessages, MessageContent};
use super::request::{self, DumpPart};
use super::{info, row};
use crate::domain::{Flow, Proto, Row, TcpInfo};
use crate::observe::Scope;
use crate::observe::completeness::Completeness;

/// The kernel answers a dump in pieces of at most 32 KiB.
const BUFFER: usize = 64 * 1024;
/// The receive buffer that we request from the kernel.
const QUEUE: usize = 4 << 20;
/// The kernel answers within the request itself; this only keeps a thread from waiting for ever.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many times a dump is tried while the kernel calls it interrupted.
const ATTEMPTS: usize = 3;

const ENOENT: i32 = 2;
const ESTALE: i32 = 116;

/// A `sock_diag(7)` socket. It belongs to the network namespace in which it was made, even when used from another.
#[derive(Debug)]
pub struct SockDiag {
    socket: OwnedFd,
    buffer: Vec<u8>,
    seq: u32,
    /// The last answer was not read to its end: the rest is still to come.
    unread: bool,
}

impl SockDiag {
    /// A socket in the calling thread's network namespace. Needs no privilege.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
        Self::on(socket)
    }

    /// Uses a socket made elsewhere, in the network namespace to be queried.
    pub fn on(socket: OwnedFd) -> io::Result<Self> {
        // Exceeding the machine's limit needs a privilege; without it the limit has to do.
        let _ = sockopt::set_socket_recv_buffer_size_force(&socket, QUEUE)
            .or_else(|_| sockopt::set_socket_recv_buffer_size(&socket, QUEUE));
        sockopt::set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self { socket, buffer: vec![0; BUFFER], seq: 0, unread: false })
    }

    /// Reads every socket of `scope` and passes it to `each`, in the kernel's order. An interrupted dump is retried, so a
    /// row may come twice; the later one is more accurate.
    ///
    /// # Errors
    /// `InvalidData` for a malformed answer, otherwise the kernel's own. The rows passed to `each` before it are true, but
    /// sockets may be missing.
    pub fn dump(&mut self, scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
        self.dump_parts(&DumpPart::ALL, scope, each)
    }

    /// The same for TCP listeners alone.
    pub fn listeners(&mut self, scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
        self.dump_parts(&[DumpPart::Listeners], scope, each)
    }

    fn dump_parts(&mut self, parts: &[DumpPart], scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
        if matches!(scope, Scope::Ports(ports) if ports.is_empty()) {
            return Ok(Completeness::Complete);
        }
        let mut whole = Completeness::Complete;
        for part in parts.iter().copied() {
            let mut reading = Completeness::Interrupted;
            for _ in 0..ATTEMPTS {
                reading = self.dump_part(part, scope, each)?;
                if reading == Completeness::Complete {
                    break;
                }
            }
            if reading == Completeness::Interrupted {
                whole = Completeness::Interrupted;
            }
        }
        Ok(whole)
    }

    fn dump_part(&mut self, part: DumpPart, scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
        let mut reading = Completeness::Complete;
        self.ask(|seq| request::dump(part, scope, seq))?;
        self.answers(|message| {
            if message.interrupted {
                reading = Completeness::Interrupted;
            }
            match message.content {
                MessageContent::Socket(bytes) => {
                    let row = row::decode(bytes, part.proto()).ok_or(io::ErrorKind::InvalidData)?;
                    // The kernel has filtered already, unless there were too many ports for its filter.
                    if scope.has(&row.flow) {
                        each(row);
                    }
                    Ok(None)
                }
                MessageContent::Done => Ok(Some(())),
                MessageContent::Failed(errno) => Err(io::Error::from_raw_os_error(errno)),
                MessageContent::Other => Ok(None),
            }
        })?;
        Ok(reading)
    }

    /// Looks up one socket by its addresses. Costs a few microseconds, however many sockets there are.
    pub fn lookup(&mut self, flow: &Flow) -> io::Result<Option<Row>> {
        self.exact(flow, same, false, |row, _| Some(row))
    }

    /// The socket that would receive what the peer sends to this end. A UDP socket need not be connected for that.
    pub fn receiver(&mut self, flow: &Flow) -> io::Result<Option<Row>> {
        self.exact(flow, receives, false, |row, _| Some(row))
    }

    /// The `TCP_INFO` of one socket. `None` when there is no such socket or it has none (`TIME_WAIT`).
    pub fn info(&mut self, flow: &Flow) -> io::Result<Option<TcpInfo>> {
        self.exact(flow, same, true, |row, attributes| info::decode(&row, attributes))
    }

    fn exact<T>(
        &mut self,
        flow: &Flow,
        is_it: fn(&Flow, &Flow) -> bool,
        with_info: bool,
        read: fn(Row, &[u8]) -> Option<T>,
    ) -> io::Result<Option<T>> {
        if flow.local.port() == 0 {
            return Ok(None);
        }
        self.ask(|seq| request::exact(flow, with_info, seq))?;
        self.answers(|message| match message.content {
            MessageContent::Socket(bytes) => {
                let found = row::decode(bytes, flow.proto).ok_or(io::ErrorKind::InvalidData)?;
                // If there is no such connection, the kernel returns the listener (or wildcard UDP socket) that would
                // receive its packets.
                let attributes = bytes.get(row::FIXED..).unwrap_or_default();
                Ok(Some(if is_it(flow, &found.flow) { read(found, attributes) } else { None }))
            }
            MessageContent::Failed(ENOENT | ESTALE) => Ok(Some(None)),
            MessageContent::Failed(errno) => Err(io::Error::from_raw_os_error(errno)),
            MessageContent::Done | MessageContent::Other => Ok(None),
        })
    }

    fn ask(&mut self, request: impl FnOnce(u32) -> Vec<u8>) -> io::Result<()> {
        if self.unread {
            // The kernel continues a dump only as we read it, so this ends when the old answer does.
            while self.receive(RecvFlags::DONTWAIT).is_ok() {}
            self.unread = false;
        }
        self.seq = self.seq.wrapping_add(1).max(1);
        send(&self.socket, &request(self.seq), SendFlags::empty())?;
        Ok(())
    }

    /// Passes every message of the current answer to `each` until it returns a value.
    fn answers<T>(&mut self, mut each: impl FnMut(DiagMessage<'_>) -> io::Result<Option<T>>) -> io::Result<T> {
        self.unread = true;
        loop {
            let len = self.receive(RecvFlags::empty())?;
            for message in DiagMessages::of(&self.buffer[..len]) {
                let message = message?;
                if message.seq != self.seq {
                    continue;
                }
                if let Some(done) = each(message)? {
                    self.unread = false;
                    return Ok(done);
                }
            }
        }
    }

    fn receive(&mut self, flags: RecvFlags) -> io::Result<usize> {
        loop {
            match recv(&self.socket, self.buffer.as_mut_slice(), flags | RecvFlags::TRUNC) {
                Ok((_, len)) if len > self.buffer.len() => return Err(io::ErrorKind::InvalidData.into()),
                Ok((_, 0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok((_, len)) => return Ok(len),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether `found` is the requested socket, or for UDP one that is not connected and has its port.
fn receives(asked: &Flow, found: &Flow) -> bool {
    let unconnected = asked.proto == Proto::Udp && found.peer.is_none() && asked.local.port() == found.local.port();
    unconnected || same(asked, found)
}

/// Whether `found` is the requested socket; an IPv4-mapped IPv6 address equals the IPv4 address.
fn same(asked: &Flow, found: &Flow) -> bool {
    let plain = |flow: &Flow| {
        let plain = |addr: std::net::SocketAddr| (addr.ip().to_canonical(), addr.port());
        (plain(flow.local), flow.peer.map(plain))
    };
    plain(asked) == plain(found)
}
