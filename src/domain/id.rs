//! Names for the things the laboratory makes: servers, clients, connections, hosts. Small, copied, never reused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text_enum::{UnknownText, serde_as_text, text_enum};

/// A server, by its place in the list the laboratory was started with. Written `s0`, `s1`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId(pub u8);

/// A client, counted from 1 in the order of spawning. Written `c1`, `c2`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

/// A connection that one server accepted, counted from 1 per server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnNo(pub u32);

/// A socket that our own code holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SocketId {
    /// A client's socket: `c7`.
    Client(ClientId),
    /// A server's listening socket, or its only socket when it speaks UDP: `s0`.
    Server(ServerId),
    /// The socket that `accept` returned: `s0.3`.
    Conn(ServerId, ConnNo),
    /// The broadcaster's socket towards one server: `b0`.
    Broadcast(ServerId),
}

impl SocketId {
    /// The server that this socket belongs to or talks to, when the id itself says so.
    pub const fn server(self) -> Option<ServerId> {
        match self {
            Self::Client(_) => None,
            Self::Server(id) | Self::Conn(id, _) | Self::Broadcast(id) => Some(id),
        }
    }
}

text_enum! {
    /// One of the wire lab's two hosts.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum HostId {
        /// 192.0.2.2.
        Client = "client",
        /// 192.0.2.1.
        Server = "server",
    }
}

impl HostId {
    /// Its address on the wire, in the network that is reserved for documents (RFC 5737).
    pub const fn address(self) -> Ipv4Addr {
        match self {
            Self::Client => Ipv4Addr::new(192, 0, 2, 2),
            Self::Server => Ipv4Addr::new(192, 0, 2, 1),
        }
    }

    /// The host that has this address.
    pub fn at(address: IpAddr) -> Option<Self> {
        Self::ALL.iter().copied().find(|host| address == IpAddr::V4(host.address()))
    }

    /// The host at the other end of the wire.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl fmt::Display for ServerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(id) => id.fmt(f),
            Self::Server(id) => id.fmt(f),
            Self::Conn(id, no) => write!(f, "{id}.{}", no.0),
            Self::Broadcast(id) => write!(f, "b{}", id.0),
        }
    }
}

fn number<T: FromStr>(text: &str, prefix: char, what: &'static str) -> Result<T, UnknownText> {
    text.strip_prefix(prefix).and_then(|n| n.parse().ok()).ok_or_else(|| UnknownText { what, text: text.into() })
}

impl FromStr for ServerId {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        number(text, 's', "ServerId").map(Self)
    }
}

impl FromStr for ClientId {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        number(text, 'c', "ClientId").map(Self)
    }
}

impl FromStr for SocketId {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        let unknown = || UnknownText { what: "SocketId", text: text.into() };
        match (text.chars().next(), text.split_once('.')) {
            (Some('s'), Some((server, no))) => {
                Ok(Self::Conn(server.parse()?, ConnNo(no.parse().map_err(|_| unknown())?)))
            }
            (Some('s'), None) => text.parse().map(Self::Server),
            (Some('c'), None) => text.parse().map(Self::Client),
            (Some('b'), None) => number(text, 'b', "SocketId").map(ServerId).map(Self::Broadcast),
            _ => Err(unknown()),
        }
    }
}

serde_as_text!(ServerId, ClientId, SocketId);
