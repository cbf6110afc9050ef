//! A peer of a server that is not yet known to be a client of ours or of another program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::moved_bytes::MovedBytes;
use crate::domain::{Destination, Flow, Process, Proto, Stamp};

/// The socket's own name: a call that moves a datagram names the other side too, but the socket stays unconnected.
pub(super) const fn own_end(flow: Flow) -> Flow {
    match flow.proto {
        Proto::Tcp => flow,
        Proto::Udp | Proto::Icmp => Flow::unconnected(flow.proto, flow.local),
    }
}

/// The same port on every address.
pub(super) fn anywhere(flow: Flow) -> Flow {
    let any: IpAddr = if flow.local.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    Flow { local: SocketAddr::new(any, flow.local.port()), ..flow }
}

/// Whether both go to the same port, whatever address stands for the machine.
pub(super) const fn same_port(one: Destination, other: Destination) -> bool {
    matches!((one.proto, other.proto), (Proto::Tcp, Proto::Tcp) | (Proto::Udp, Proto::Udp))
        && one.addr.port() == other.addr.port()
}

/// A peer that a server reported and that may turn out to be one of our clients.
#[derive(Debug, Clone)]
pub(super) struct UnclaimedPeer {
    /// When.
    pub(super) at: Stamp,
    /// Its address, as the server sees it.
    pub(super) end: Flow,
    /// The server that it connected to.
    pub(super) destination: Destination,
    /// The process that holds it, if that is known.
    pub(super) process: Option<Process>,
    /// The bytes that the server's calls moved.
    pub(super) bytes: MovedBytes,
}

impl UnclaimedPeer {
    /// Whether it is the socket with this end. A UDP socket that never called bind has its port on every address, and
    /// the server sees one of them.
    pub(super) fn is(&self, own: Flow) -> bool {
        self.end == own || (own.proto == Proto::Udp && anywhere(self.end) == own)
    }
}
