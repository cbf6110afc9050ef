//! One end of a conversation, as a row of `netstat` names it: protocol, local and foreign address.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::text_enum::text_enum;

text_enum! {
    /// The transport protocol. Ports are counted per protocol: 65432/tcp and 65432/udp are two different ports.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Proto {
        /// RFC 9293.
        Tcp = "tcp",
        /// RFC 768.
        Udp = "udp",
        /// ICMP and `ICMPv6` (RFC 792, RFC 4443): of packets only, and without ports.
        Icmp = "icmp",
    }
}

impl Proto {
    /// An end of a packet as it is shown: with its port, if the protocol has ports. That of a fragment without the
    /// header, which is 0, is not known.
    pub fn address(self, end: SocketAddr) -> String {
        match end {
            _ if self == Self::Icmp => end.ip().to_string(),
            SocketAddr::V4(end) if end.port() == 0 => format!("{}:?", end.ip()),
            SocketAddr::V6(end) if end.port() == 0 => format!("[{}]:?", end.ip()),
            _ => end.to_string(),
        }
    }
}

/// One end as it is written: with a port, or an address alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WrittenEnd {
    WithPort(SocketAddr),
    Alone(IpAddr),
}

impl WrittenEnd {
    fn of(proto: Proto, end: SocketAddr) -> Self {
        if proto == Proto::Icmp { Self::Alone(end.ip()) } else { Self::WithPort(end) }
    }

    fn socket_addr(self) -> SocketAddr {
        match self {
            Self::WithPort(end) => end,
            Self::Alone(address) => SocketAddr::new(address, 0),
        }
    }
}

/// A [`Flow`] as it is written.
#[derive(Serialize, Deserialize)]
struct WrittenFlow {
    proto: Proto,
    local: WrittenEnd,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<WrittenEnd>,
}

impl From<Flow> for WrittenFlow {
    fn from(Flow { proto, local, peer }: Flow) -> Self {
        let written = |end| WrittenEnd::of(proto, end);
        Self { proto, local: written(local), peer: peer.map(written) }
    }
}

impl From<WrittenFlow> for Flow {
    fn from(WrittenFlow { proto, local, peer }: WrittenFlow) -> Self {
        Self { proto, local: local.socket_addr(), peer: peer.map(WrittenEnd::socket_addr) }
    }
}

/// A socket's addresses, seen from its own side. Both ends of one connection are each other's [`mirror`](Flow::mirror).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "WrittenFlow", into = "WrittenFlow")]
pub struct Flow {
    /// The transport protocol.
    pub proto: Proto,
    /// The address on this side. Its port is 0 for a protocol without ports, and while the kernel has not chosen one.
    pub local: SocketAddr,
    /// The address on the other side; absent for a listener and an unconnected UDP socket.
    pub peer: Option<SocketAddr>,
}

impl Flow {
    /// A TCP connection as its `local` end sees it.
    pub const fn tcp(local: SocketAddr, peer: SocketAddr) -> Self {
        Self { proto: Proto::Tcp, local, peer: Some(peer) }
    }

    /// A socket that has a local address only: a listener, or a UDP socket that never called `connect`.
    pub const fn unconnected(proto: Proto, local: SocketAddr) -> Self {
        Self { proto, local, peer: None }
    }

    /// The peer that netstat prints for a socket without one: any address, any port (`netstat(8)`).
    pub const fn wildcard_peer(&self) -> &'static str {
        if self.local.is_ipv6() { "[::]:*" } else { "0.0.0.0:*" }
    }

    /// The same connection as the other end sees it; `None` where there is no other end.
    pub fn mirror(&self) -> Option<Self> {
        self.peer.map(|peer| Self { proto: self.proto, local: peer, peer: Some(self.local) })
    }

    /// Whether `port` is on either side.
    pub fn has_port(&self, port: u16) -> bool {
        self.local.port() == port || self.peer.is_some_and(|peer| peer.port() == port)
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Some(peer) if self.proto == Proto::Icmp => write!(f, "icmp {} ↔ {}", self.local.ip(), peer.ip()),
            Some(peer) => write!(f, "{} {} ↔ {peer}", self.proto, self.local),
            None => write!(f, "{} {}", self.proto, self.local),
        }
    }
}
