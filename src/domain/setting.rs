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
    /// TCP Fast Open (RFC 7413): 0 off, 1 for sockets that connect, 2 for those that listen, 3 for both.
    FastOpen(u8),
    /// Whether a RST that arrives in `TIME_WAIT` is ignored (RFC 1337), instead of ending it.
    Rfc1337(bool),
    /// How the sender reacts to loss.
    Congestion(Congestion),
    /// The largest packet that the host's interface sends, in bytes; the MSS it offers is 40 less.
    Mtu(u16),
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
    /// The least retransmission timeout towards the other host, in milliseconds: the route's `rto_min` (`ip-route(8)`). It
    /// takes the place of patience, and patience, turned later, the place of it.
    RtoMin(u32),
}

/// A congestion control algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Congestion {
    /// Slow start, congestion avoidance, fast retransmit and fast recovery (RFC 5681). Part of every kernel.
    #[serde(alias = "reno")]
    Reno,
    /// RFC 9438. The hosts have it where the machine allows it to every program (`tcp_allowed_congestion_control`).
    #[serde(alias = "cubic")]
    Cubic,
}

impl Setting {
    /// The file under `/proc/sys/net` and its content; `None` for a setting of sockets or routes.
    pub fn sysctl(self) -> Option<(&'static str, String)> {
        let bit = |on: bool| u8::from(on).to_string();
        Some(match self {
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
            Self::FastOpen(how) => ("ipv4/tcp_fastopen", how.to_string()),
            Self::Rfc1337(on) => ("ipv4/tcp_rfc1337", bit(on)),
            Self::Nagle(_) | Self::Patience(_) | Self::RtoMin(_) | Self::Mtu(_) => return None,
        })
    }

    /// Whether both are values of one setting: only one of them holds.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_least_timeout = |setting: &Self| matches!(setting, Self::Patience(_) | Self::RtoMin(_));
        std::mem::discriminant(self) == std::mem::discriminant(other)
            || (is_least_timeout(self) && is_least_timeout(other))
    }

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
