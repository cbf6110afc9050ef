//! What the laboratory has to say about itself: limits met, evidence that is or is not available.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::evidence::Evidence;
use super::id::SocketId;
use super::server::ServerSpec;
use super::text_enum::text_enum;

/// Something that the class should know and that no call and no table shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// This much did not fit into the queue of events since the last note of this kind.
    Dropped {
        /// How many events.
        count: u64,
    },
    /// The descriptor limit of this process.
    Descriptors {
        /// The soft limit when the program was started.
        was: u64,
        /// The soft limit now, raised to the hard one.
        now: u64,
    },
    /// A burst of clients ended early.
    BurstCut {
        /// How many were asked for.
        asked: u32,
        /// How many were made.
        made: u32,
        /// What stopped it.
        errno: Errno,
    },
    /// A kind of evidence can be had from now on.
    Has {
        /// Which.
        what: Evidence,
    },
    /// A kind of evidence cannot be had.
    Lacks {
        /// Which.
        what: Evidence,
        /// Why.
        errno: Errno,
    },
    /// Where the socket table comes from.
    TableFrom {
        /// The source.
        source: TableSource,
    },
    /// The socket table could not be read this time; it is tried again.
    TableFailed {
        /// Why.
        errno: Errno,
    },
    /// The kernel's trace buffer was overrun: this many of its events are missing since the last note of this kind.
    TraceLost {
        /// How many events, of any socket that the filter lets through.
        count: u64,
    },
    /// The kernel's trace told of this many changes of sockets in other network namespaces since the last note of this
    /// kind. They are left out.
    TraceForeign {
        /// How many events.
        count: u64,
    },
    /// The kernel could not keep this many packets for us since the last note of this kind: the capture was too slow.
    CaptureLost {
        /// How many packets.
        count: u64,
    },
    /// The captured packets were written to a file.
    CaptureSaved {
        /// Where.
        file: String,
        /// How many packets.
        packets: u64,
        /// How many older ones were not kept, and are not in it.
        dropped: u64,
    },
    /// The captured packets could not be written to a file.
    CaptureNotSaved {
        /// Why.
        errno: Errno,
    },
    /// A place worth finding again: a step of a lesson begins. In a saved capture it is a comment on the packet after it.
    Mark {
        /// What it says.
        text: String,
    },
    /// The kernel's range of ephemeral ports.
    PortRange {
        /// The first.
        low: u16,
        /// The last.
        high: u16,
    },
    /// No server of ours is started: somebody else's is watched on these addresses.
    Observing {
        /// What would have been started.
        servers: Vec<ServerSpec>,
    },
    /// The journal cannot be written to its file any more (`--record`).
    RecordFailed {
        /// Why.
        errno: Errno,
    },
    /// The addresses that other machines could reach this one by, the best first: those of its interfaces, without
    /// loopback.
    Addresses {
        /// Each once.
        addresses: Vec<IpAddr>,
    },
    /// Datagrams came to a client from somebody else than the server it asked: they are thrown away. Said once for each
    /// socket.
    Unasked {
        /// The client's socket.
        socket: SocketId,
        /// Whom it asked.
        server: SocketAddr,
        /// Who sent the first of them.
        from: SocketAddr,
    },
    /// A thread for a connection could not be started; the connection was closed.
    NoThread {
        /// Why.
        errno: Errno,
    },
}

/// Where the socket table comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableSource {
    /// Linux: the kernel asked directly, with queues and timers (`sock_diag(7)`).
    SockDiag,
    /// The portable library: addresses, states and processes only.
    Netstat2,
}

text_enum!(TableSource { SockDiag = "sock_diag", Netstat2 = "netstat2" });
