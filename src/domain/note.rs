//! Notes of the laboratory about itself: limits it met, evidence that is or is not available.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::evidence::Evidence;
use super::id::SocketId;
use super::server::ServerSpec;
use super::text_enum::text_enum;

/// Something that the class should know and that neither a call nor the table shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// Events did not fit into their queue since the last note of this kind.
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
        /// How many were requested.
        asked: u32,
        /// How many were made.
        made: u32,
        /// What stopped it.
        errno: Errno,
    },
    /// A kind of evidence is available from now on.
    Has {
        /// Which.
        what: Evidence,
    },
    /// A kind of evidence is not available.
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
    /// The socket table could not be read this time; we will try again.
    TableFailed {
        /// Why.
        errno: Errno,
    },
    /// The kernel's trace buffer was overrun: events are missing since the last note of this kind.
    TraceLost {
        /// How many events, of any socket that the filter lets through.
        count: u64,
    },
    /// The kernel's trace reported changes of sockets in other network namespaces since the last note of this kind. They
    /// are left out.
    TraceForeign {
        /// How many events.
        count: u64,
    },
    /// The capture was too slow: the kernel dropped packets since the last note of this kind.
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
        /// How many older ones were no longer kept, and are not in it.
        dropped: u64,
    },
    /// The captured packets could not be written to a file.
    CaptureNotSaved {
        /// Why.
        errno: Errno,
    },
    /// A bookmark: a step of a lesson begins. In a saved capture it is a comment on the packet after it.
    Mark {
        /// Its text.
        text: String,
    },
    /// The kernel's range of ephemeral ports.
    PortRange {
        /// The first.
        low: u16,
        /// The last.
        high: u16,
    },
    /// We start no server, but watch one of another program on these addresses.
    Observing {
        /// The servers that would have been started.
        servers: Vec<ServerSpec>,
    },
    /// The journal can no longer be written to its file (`--record`).
    RecordFailed {
        /// Why.
        errno: Errno,
    },
    /// The addresses of this machine's interfaces that other machines could reach, best first, without loopback.
    Addresses {
        /// Each once.
        addresses: Vec<IpAddr>,
    },
    /// A client received datagrams from an address other than its server's: they are discarded. Reported once per socket.
    Unasked {
        /// The client's socket.
        socket: SocketId,
        /// The server it sent to.
        server: SocketAddr,
        /// The source of the first of them.
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
