//! The kernel's settings of one host that a lesson may want to turn, and those it starts with.

use serde::{Deserialize, Serialize};

/// A setting of one host's network stack; see `Documentation/networking/ip-sysctl`. Sockets that exist already keep
/// most of what they were born with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Knob {
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
}

/// A congestion control algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Congestion {
    /// Slow start, congestion avoidance, fast retransmit and fast recovery as RFC 5681 has them. In every kernel.
    Reno,
    /// RFC 9438.
    Cubic,
}

impl Knob {
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

    /// The file under `/proc/sys/net` and what to write into it.
    #[cfg(target_os = "linux")]
    pub(super) fn setting(self) -> (&'static str, String) {
        let bit = |on: bool| u8::from(on).to_string();
        match self {
            Self::Timestamps(on) => ("ipv4/tcp_timestamps", bit(on)),
            Self::Sack(on) => ("ipv4/tcp_sack", bit(on)),
            Self::WindowScaling(on) => ("ipv4/tcp_window_scaling", bit(on)),
            Self::TailLossProbe(on) => ("ipv4/tcp_early_retrans", if on { "3".into() } else { "0".into() }),
            Self::EphemeralRange(low, high) => ("ipv4/ip_local_port_range", format!("{low} {high}")),
            Self::TwReuse(how) => ("ipv4/tcp_tw_reuse", how.to_string()),
            Self::SynLinearTimeouts(count) => ("ipv4/tcp_syn_linear_timeouts", count.to_string()),
            Self::SynRetries(count) => ("ipv4/tcp_syn_retries", count.to_string()),
            Self::SynAckRetries(count) => ("ipv4/tcp_synack_retries", count.to_string()),
            Self::Retries(count) => ("ipv4/tcp_retries2", count.to_string()),
            Self::OrphanRetries(count) => ("ipv4/tcp_orphan_retries", count.to_string()),
            Self::FinTimeout(seconds) => ("ipv4/tcp_fin_timeout", seconds.to_string()),
            Self::Somaxconn(limit) => ("core/somaxconn", limit.to_string()),
            Self::Ecn(how) => ("ipv4/tcp_ecn", how.to_string()),
            Self::RememberMetrics(on) => ("ipv4/tcp_no_metrics_save", bit(!on)),
            Self::Congestion(Congestion::Reno) => ("ipv4/tcp_congestion_control", "reno".into()),
            Self::Congestion(Congestion::Cubic) => ("ipv4/tcp_congestion_control", "cubic".into()),
            Self::ReceiveBuffer(bytes) => ("ipv4/tcp_rmem", format!("{} {bytes} {bytes}", bytes.min(4096))),
            Self::SendBuffer(bytes) => ("ipv4/tcp_wmem", format!("{} {bytes} {bytes}", bytes.min(4096))),
            Self::SynCookies(on) => ("ipv4/tcp_syncookies", bit(on)),
        }
    }
}
