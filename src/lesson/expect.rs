//! The expectations of a step.

use serde::Deserialize;
use toml::Spanned;

use super::matcher::{Amount, CauseMatch, PacketMatch, SocketEnd};
use crate::domain::wire::LossReason;
use crate::domain::{
    CongestionState, Disposition, HostId, KernelAnswer, KernelCause, Outcome, Syscall, TcpState, TimerKind,
};

/// An end of a connection as a file names it, and its place in the file.
pub type SpannedEnd = Spanned<SocketEnd>;

/// One thing that must be observed. A step begins, for this, when the one before it is over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expect {
    /// An end of a connection is in a state.
    State(ExpectState),
    /// An end of a connection was observed to go from one state to another since the step began.
    Edge(ExpectEdge),
    /// A packet was sent since the step began.
    Packet(PacketMatch),
    /// A packet was sent since the step began, so long after another one.
    Timed {
        /// The packet. With `nth`, the first match that is looked at.
        packet: PacketMatch,
        /// The other one, of those before it the latest that matches; by default this is `packet` as well. Without any it
        /// is the beginning of the step.
        since: Option<Box<PacketMatch>>,
        /// How much later its sender sent it, in milliseconds: since the other one was sent, if that was by the same host,
        /// or else since it arrived. On a busy machine everything takes longer.
        after_ms: Amount,
    },
    /// A packet is on the wire now.
    Held(PacketMatch),
    /// A packet was retransmitted while it was held.
    Folded {
        /// The packet that is held.
        packet: PacketMatch,
        /// How often it was sent again.
        times: Amount,
        /// How long after the one before the latest was sent, in milliseconds.
        after_ms: Option<Amount>,
    },
    /// The kernel that received a packet did this with it, by its own counters. Not at full speed.
    Verdict(ExpectVerdict),
    /// A packet was lost since the step began.
    Lost {
        /// The packet.
        packet: PacketMatch,
        /// Why.
        why: LossReason,
    },
    /// A packet was marked with CE by a link since the step began.
    Marked(PacketMatch),
    /// So many packets waited in the queue of a link at some moment since the step began.
    Queue {
        /// The queue of packets from this host.
        from: HostId,
        /// How many.
        reaches: Amount,
    },
    /// A call returned since the step began.
    Call(ExpectCall),
    /// The socket table shows these values for a socket.
    Row(ExpectRow),
    /// The kernel's variables of one end of a connection, its `TCP_INFO`, have these values, read after the last act. Only
    /// on the wire.
    Info(ExpectInfo),
    /// The socket table has this many sockets in a state.
    Count {
        /// On this host, by local address; by default on both.
        host: Option<HostId>,
        /// The state.
        state: TcpState,
        /// How many.
        is: Amount,
    },
    /// A program ended since the step began.
    Ended {
        /// On this host.
        host: HostId,
        /// Its exit status.
        status: i32,
    },
    /// Something is not observed for some time after the last act.
    Absent {
        /// For how long, in milliseconds.
        for_ms: u64,
        /// What is not to be seen.
        what: Box<Expect>,
    },
}

impl Expect {
    /// What it expects of the `TCP_INFO` of an end, or expects not to see, if it is about that.
    pub(super) fn info(&self) -> Option<&ExpectInfo> {
        match self {
            Self::Info(info) => Some(info),
            Self::Absent { what, .. } => what.info(),
            _ => None,
        }
    }

    /// The end of a connection that it is about, if it is about one.
    pub(super) fn end(&self) -> Option<&SpannedEnd> {
        match self {
            Self::State(ExpectState { of, .. })
            | Self::Edge(ExpectEdge { of, .. })
            | Self::Call(ExpectCall { of, .. })
            | Self::Info(ExpectInfo { of, .. })
            | Self::Row(ExpectRow { of, .. }) => Some(of),
            Self::Absent { what, .. } => what.end(),
            Self::Packet(_)
            | Self::Timed { .. }
            | Self::Held(_)
            | Self::Folded { .. }
            | Self::Verdict(_)
            | Self::Lost { .. }
            | Self::Marked(_)
            | Self::Queue { .. }
            | Self::Count { .. }
            | Self::Ended { .. } => None,
        }
    }
}

/// The fields of [`Expect::State`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectState {
    /// Which end.
    pub of: SpannedEnd,
    /// The state.
    pub is: TcpState,
    /// Its cause.
    pub by: Option<CauseMatch>,
}

/// The fields of [`Expect::Edge`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectEdge {
    /// Which end.
    pub of: SpannedEnd,
    /// The state it left.
    pub from: TcpState,
    /// The state it went to.
    pub to: TcpState,
    /// Its cause.
    pub by: Option<CauseMatch>,
}

/// The fields of [`Expect::Verdict`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectVerdict {
    /// Which packet; with several that match, one of them is enough, unless `nth` says which.
    pub packet: PacketMatch,
    /// What was done with it.
    pub did: Disposition,
    /// Why.
    pub why: Option<KernelCause>,
    /// What the kernel sent back by itself.
    pub answer: Option<KernelAnswer>,
}

/// The fields of [`Expect::Call`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectCall {
    /// On which socket.
    pub of: SpannedEnd,
    /// Which call.
    pub call: Syscall,
    /// `ok`, or the error's name.
    #[serde(default = "ok")]
    pub result: Outcome,
    /// How many bytes it moved.
    pub len: Option<Amount>,
    /// The text that it moved.
    pub text: Option<String>,
}

/// The fields of [`Expect::Row`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectRow {
    /// Which socket.
    pub of: SpannedEnd,
    /// Its Recv-Q.
    pub recv_q: Option<Amount>,
    /// Its Send-Q.
    pub send_q: Option<Amount>,
    /// The timer that is running for it.
    pub timer: Option<TimerKind>,
}

/// The fields of [`Expect::Info`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectInfo {
    /// Which end.
    pub of: SpannedEnd,
    /// The congestion window, in segments (RFC 5681).
    pub cwnd: Option<Amount>,
    /// The slow start threshold, in segments; more than any number until the first loss.
    pub ssthresh: Option<Amount>,
    /// How the sender judges the path.
    pub state: Option<CongestionState>,
    /// Bytes that were sent and are not acknowledged yet.
    pub in_flight: Option<Amount>,
    /// The retransmission timeout (RFC 6298), in milliseconds.
    pub rto_ms: Option<Amount>,
    /// The smoothed round-trip time (RFC 6298), in milliseconds.
    pub rtt_ms: Option<Amount>,
    /// Segments that were retransmitted since the connection began.
    pub retrans: Option<Amount>,
    /// The largest segment that it sends, in bytes.
    pub mss: Option<Amount>,
    /// The window that the other side last offered, in bytes, scaled.
    pub window: Option<Amount>,
}

const fn ok() -> Outcome {
    Outcome::Ok
}
