//! The expectations of a step.

use serde::Deserialize;
use toml::Spanned;

use super::matcher::{Amount, CauseMatch, PacketMatch, SocketEnd};
use crate::domain::{HostId, Outcome, Syscall, TcpState, TimerKind};

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
    /// A packet is on the wire now.
    Held(PacketMatch),
    /// A packet was retransmitted while it was held.
    Folded {
        /// The packet that is held.
        packet: PacketMatch,
        /// How often it was sent again.
        times: Amount,
    },
    /// A call returned since the step began.
    Call(ExpectCall),
    /// The socket table shows these values for a socket.
    Row(ExpectRow),
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
    /// The end of a connection that it is about, if it is about one.
    pub(super) fn end(&self) -> Option<&SpannedEnd> {
        match self {
            Self::State(ExpectState { of, .. })
            | Self::Edge(ExpectEdge { of, .. })
            | Self::Call(ExpectCall { of, .. })
            | Self::Row(ExpectRow { of, .. }) => Some(of),
            Self::Absent { what, .. } => what.end(),
            Self::Packet(_) | Self::Held(_) | Self::Folded { .. } | Self::Count { .. } | Self::Ended { .. } => None,
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

const fn ok() -> Outcome {
    Outcome::Ok
}
