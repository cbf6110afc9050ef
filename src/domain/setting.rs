//! The kernel settings of one host that a lesson may change, and their defaults.

use serde::{Deserialize, Serialize};

/// A setting of one host's network stack; see `Documentation/networking/ip-sysctl`. Existing sockets mostly keep
/// the values they were created with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// The timestamps option (RFC 7323 §3).
    Timestamps(bool),
    /// Selective acknowledgements (RFC 2018).
    Sack(bool),
    /// The window scale option (RFC 7323 §2); without it no window is above 65535.
    WindowScaling(bool),
    /// Tail loss probes and the reordering timer (RFC 8985); without them a lost packet waits for the RTO.
    TailLossProbe(bool),
    /// The first and last port that `connect` and `bind(0)` choose from.
    EphemeralRange(u16, u16),
    /// Whether `connect` may take a port whose last connection is in `TIME_WAIT`: 0 never, 1 always, 2 on loopback.
    TwReuse(u8),
    /// How many SYN retransmissions come at the same interval before the timeout begins to double; 0 follows the RFC.
    SynLinearTimeouts(u8),
    /// How often a SYN is retransmitted before `connect` gives up.
    SynRetries(u8),
    /// How often a SYN+ACK is retransmitted.
    SynAckRetries(u8),
    /// How often data is retransmitted before the connection is given up.
    Retries(u8),
    /// The same for an orphan: a connection that no program holds any more.
    OrphanRetries(u8),
    /// How long an orphan stays in `FIN_WAIT2`, in seconds. (It does not affect `TIME_WAIT`.)
    FinTimeout(u16),
    /// The upper limit of the backlog given to `listen`.
    Somaxconn(u32),
    /// Explicit congestion notification: 0 never, 1 always, 2 on request of the peer.
    Ecn(u8),
    /// Whether metrics of a path that one connection learned are kept for the next.
    RememberMetrics(bool),
    /// Whether a full SYN queue is answered with cookies.
    SynCookies(bool),
    /// How the sender reacts to loss.
    Congestion(Congestion),
    /// The default receive buffer of a socket, in bytes, without autotuning, so that the window can fill.
    ReceiveBuffer(u32),
    /// The default send buffer of a socket, in bytes, without autotuning.
    SendBuffer(u32),
    /// Whether new sockets of the laboratory on this host delay small segments while data is unacknowledged (Nagle's
    /// algorithm, RFC 9293 §3.7.4). Not a kernel setting: when off, each of these sockets sets `TCP_NODELAY`.
    Nagle(bool),
    /// Whether retransmission timers wait for the presenter: the least timeout (RFC 6298) becomes 110 s instead of the
    /// kernel's 200 ms. A SYN, whose timer knows no round-trip time yet, keeps its second.
    Patience(bool),
}

/// A congestion control algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Congestion {
    /// Slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681). Part of every kernel.
    Reno,
    /// RFC 9438.
    Cubic,
}

impl Setting {
    /// The settings that every host starts with: patience and many retries, so that no timer ends a connection while the presenter
    /// holds its packets; and short headers.
    pub const DEFAULTS: [Self; 12] = [
        Self::Patience(true),
        Self::Timestamps(false),
        Self::Sack(false),
        Self::WindowScaling(false),
        Self::TailLossProbe(false),
        Self::SynRetries(127),
        Self::SynAckRetries(255),
        Self::Retries(255),
        Self::OrphanRetries(255),
        Self::RememberMetrics(false),
        Self::Ecn(0),
        // Not the machine's default: one that paces its packets would hide what the class came to see.
        Self::Congestion(Congestion::Reno),
    ];
}
