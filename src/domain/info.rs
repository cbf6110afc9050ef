//! The kernel's variables of one TCP connection, beyond its row: `TCP_INFO`.

use serde::{Deserialize, Serialize};

use super::flow::Flow;

/// The variables of one end of a connection, as `TCP_INFO` gives them (`tcp(7)`, `linux/tcp.h`). A value that this
/// kernel does not report is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpInfo {
    /// The end that is described.
    #[serde(flatten)]
    pub flow: Flow,
    /// The smoothed round-trip time, in microseconds (RFC 6298 SRTT).
    pub rtt_us: u32,
    /// Its mean deviation, in microseconds (RFC 6298 RTTVAR).
    pub rttvar_us: u32,
    /// The retransmission timeout, in microseconds (RFC 6298 RTO).
    pub rto_us: u32,
    /// The congestion window, in segments (RFC 5681).
    pub cwnd: u32,
    /// The slow start threshold, in segments; absent while it is as high as it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssthresh: Option<u32>,
    /// How often the segment that is unacknowledged now was retransmitted.
    pub retransmits: u8,
    /// Segments retransmitted since the connection began.
    pub retransmitted: u32,
    /// Bytes sent, including retransmissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// Bytes that the other side acknowledged; SYN and FIN count as one each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_acked: Option<u64>,
    /// Bytes received in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_received: Option<u64>,
    /// The largest segment this side sends, in bytes.
    pub snd_mss: u32,
    /// The kernel's estimate of the largest segment the other side sends, in bytes.
    pub rcv_mss: u32,
    /// The window the other side last offered, in bytes, scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snd_wnd: Option<u32>,
    /// The window this side last offered, in bytes, scaled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rcv_wnd: Option<u32>,
    /// The congestion control algorithm, such as `cubic`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion: Option<String>,
}
