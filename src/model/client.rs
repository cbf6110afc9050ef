//! One client of a server, ours or another program's, and how far it has come.

use std::net::SocketAddr;

use super::moved_bytes::MovedBytes;
use crate::domain::{ClientId, ClientPlan, Destination, Errno, Flow, Process, Proto, Stamp};

/// Which program a client belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientOwner {
    /// Spawned by this program.
    Ours(ClientId, ClientPlan),
    /// The broadcaster.
    Broadcaster,
    /// Another program's.
    Foreign,
}

/// How far a client has come, by its own calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientPhase {
    /// It has no address yet.
    Starting,
    /// `connect` has not returned.
    Dialing,
    /// It can send and receive.
    Open,
    /// It has shut down its sending side.
    HalfClosed,
    /// It has no socket any more; with the error that ended it, if one did.
    Ended(Option<Errno>),
    /// The table shows no socket of it any more. When and how it was closed was not seen.
    Gone,
    /// Whether it still has a socket is not known: too many others came since.
    Unfollowed,
}

/// One client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its number in the order of arrival, from 1. Its name is its [`id`](Client::id), which only our own clients have.
    pub no: u32,
    /// Which program it belongs to.
    pub owner: ClientOwner,
    /// The server that it connects to.
    pub destination: Destination,
    /// Its local address, once it has one.
    pub local: Option<SocketAddr>,
    /// Its phase.
    pub phase: ClientPhase,
    /// When it appeared.
    pub since: Stamp,
    /// The bytes that its calls moved; another program's calls are not seen, but those of our server on the same
    /// connection are.
    pub bytes: MovedBytes,
    /// Its process, if that is known.
    pub process: Option<Process>,
    /// When a server heard from it last.
    pub(super) heard: Stamp,
    /// The latest error of its calls.
    pub(super) error: Option<Errno>,
    /// Whether one of our servers has accepted its connection.
    pub(super) accepted: bool,
}

impl Client {
    /// Its end of the conversation, once it has an address. A UDP client's has no peer: it is not connected.
    pub fn flow(&self) -> Option<Flow> {
        let local = self.local?;
        let peer = (self.destination.proto == Proto::Tcp).then_some(self.destination.addr);
        Some(Flow { proto: self.destination.proto, local, peer })
    }

    /// Its id, if it is our own.
    pub const fn id(&self) -> Option<ClientId> {
        match self.owner {
            ClientOwner::Ours(id, _) => Some(id),
            ClientOwner::Broadcaster | ClientOwner::Foreign => None,
        }
    }

    /// The bytes that it sent and received, if they were counted.
    pub fn counted_bytes(&self) -> Option<u64> {
        let ours = matches!(self.owner, ClientOwner::Ours(..));
        Some(self.bytes.total()).filter(|bytes| ours || *bytes > 0)
    }

    /// Whether it still has a socket.
    pub const fn is_live(&self) -> bool {
        !matches!(self.phase, ClientPhase::Ended(_) | ClientPhase::Gone | ClientPhase::Unfollowed)
    }
}
