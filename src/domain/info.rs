//! The kernel's variables of one TCP connection, beyond its row: `TCP_INFO`.

use serde::{Deserialize, Serialize};

use super::flow::Flow;
use super::text_enum::text_enum;

text_enum! {
    /// How the sender judges the path at the moment (`enum tcp_ca_state` in `linux/tcp.h`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum CongestionState {
        /// Nothing is amiss.
        Open = "open",
        /// Duplicate acknowledgements, or selective ones: perhaps a loss, perhaps only another order.
        Disorder = "disorder",
        /// The window is being reduced because of an ECN mark or a full queue of its own host.
        Reduced = "cwr",
        /// A loss was found by acknowledgements: fast retransmission and recovery (RFC 5681 §3.2, RFC 6675).
        Recovery = "recovery",
        /// The retransmission timer has expired (RFC 6298).
        Loss = "loss",
    }
}

impl CongestionState {
    /// The kernel's number for it; `None` for one that this program does not know.
    pub fn numbered(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

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
    /// How the sender judges the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CongestionState>,
    /// Bytes sent that are not acknowledged yet: SND.NXT − SND.UNA (RFC 9293 §3.3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u32>,
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
    /// The packet of the wire that had just been sent or delivered when this was read; absent for any other reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_packet: Option<u64>,
}
