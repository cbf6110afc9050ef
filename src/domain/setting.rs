//! The kernel's settings of one host that a lesson may change, and those it starts with.

use serde::{Deserialize, Serialize};

/// A setting of one host's network stack; see `Documentation/networking/ip-sysctl`. Sockets that exist already keep
/// most of what they were born with.
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
    /// From and up to which port `connect` and `bind(0)` choose.
    EphemeralRange(u16, u16),
    /// Whether `connect` may take a port whose last connection is in `TIME_WAIT`: 0 never, 1 always, 2 on loopback.
    TwReuse(u8),
    /// How many SYN retransmissions come at the same distance before the timeout begins to double; 0 is the RFC's way.
    SynLinearTimeouts(u8),
    /// How often a SYN is sent again before `connect` gives up.
    SynRetries(u8),
    /// How often a SYN-ACK is sent again.
    SynAckRetries(u8),
    /// How often data is sent again before the connection is given up.
    Retries(u8),
    /// The same for a connection that no program holds any more.
    OrphanRetries(u8),
    /// How long an orphan stays in `FIN_WAIT2`, in seconds. (It does not rule `TIME_WAIT`.)
    FinTimeout(u16),
    /// The most that `listen` grants, whatever it is asked for.
    Somaxconn(u32),
    /// Explicit congestion notification: 0 never, 1 always, 2 when asked.
    Ecn(u8),
    /// Whether what one connection learned of a path is kept for the next.
    RememberMetrics(bool),
    /// Whether a full SYN queue is answered with cookies.
    SynCookies(bool),
    /// How the sender reacts to loss.
    Congestion(Congestion),
    /// The receive buffer of a socket that does not set its own, in bytes, without growing: a window that fills.
    ReceiveBuffer(u32),
    /// The send buffer of a socket that does not set its own, in bytes, without growing.
    SendBuffer(u32),
    /// Whether the sockets that the laboratory makes on the host from now on wait with small segments while others are
    /// not acknowledged (Nagle's algorithm, RFC 9293 §3.7.4). Not a setting of the kernel: without it each of them sets
    /// `TCP_NODELAY`.
    Nagle(bool),
}

/// A congestion control algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Congestion {
    /// Slow start, congestion avoidance, fast retransmit and fast recovery as RFC 5681 has them. In every kernel.
    Reno,
    /// RFC 9438.
    Cubic,
}

impl Setting {
    /// What every host starts with: patience, so that the presenter and not a timer ends a connection under a held
    /// wire; and short headers.
    pub const DEFAULTS: [Self; 11] = [
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
        // Not what the machine happens to have: one that paces its packets would hide what the class came to see.
        Self::Congestion(Congestion::Reno),
    ];
}
