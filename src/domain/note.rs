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
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum Note {
    /// So many captured packets were left out of the journal since the last note of this kind, because the queue of events
    /// was full. Nothing else is ever left out: see [`EventKind::is_optional`](super::EventKind::is_optional).
    Dropped { count: u64 },
    /// The descriptor limit of this process.
    Descriptors {
        /// The soft limit when the program was started.
        was: u64,
        /// The soft limit now, raised to the hard one.
        now: u64,
    },
    /// A burst of clients ended early, with this error.
    BurstCut { asked: u32, made: u32, errno: Errno },
    /// A kind of evidence is available from now on.
    Has { what: Evidence },
    /// A kind of evidence is not available.
    Lacks { what: Evidence, errno: Errno },
    /// Where the socket table comes from.
    TableFrom { source: TableSource },
    /// The socket table could not be read this time; we will try again.
    TableFailed { errno: Errno },
    /// The kernel's trace buffer was overrun: events are missing since the last note of this kind.
    TraceLost {
        /// How many events, of any socket that the filter lets through.
        count: u64,
    },
    /// The kernel's trace reported changes of sockets in other network namespaces since the last note of this kind.
    /// They are left out.
    TraceForeign { count: u64 },
    /// The capture was too slow: the kernel dropped packets since the last note of this kind.
    CaptureLost { count: u64 },
    /// The captured packets were written to a file.
    CaptureSaved {
        file: String,
        packets: u64,
        /// How many older ones were no longer kept, and are not in it.
        dropped: u64,
    },
    /// The captured packets could not be written to a file.
    CaptureNotSaved { errno: Errno },
    /// A bookmark: a step of a lesson begins. In a saved capture it is a comment on the packet after it.
    Mark { text: String },
    /// The kernel's range of ephemeral ports, both ends included.
    PortRange { low: u16, high: u16 },
    /// We start no server, but watch one of another program on these addresses.
    Observing { servers: Vec<ServerSpec> },
    /// The journal can no longer be written to its file (`--record`).
    RecordFailed { errno: Errno },
    /// The addresses of this machine's interfaces that other machines could reach, each once, best first, without
    /// loopback.
    Addresses { addresses: Vec<IpAddr> },
    /// A client received datagrams from an address other than its server's: they are discarded. Reported once per
    /// socket.
    Unasked {
        socket: SocketId,
        server: SocketAddr,
        /// The source of the first of them.
        from: SocketAddr,
    },
    /// A thread for a connection could not be started; the connection was closed.
    NoThread { errno: Errno },
}

text_enum! {
    /// Where the socket table comes from.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum TableSource {
        /// Linux: the kernel asked directly, with queues and timers (`sock_diag(7)`).
        SockDiag = "sock_diag",
        /// Linux: the files `/proc/net/{tcp,tcp6,udp,udp6}`, with queues and timers (proc(5)).
        ProcNet = "proc_net",
        /// The portable library: addresses, states and processes only.
        Netstat2 = "netstat2",
    }
}
