//! What a step can expect to be seen.

use serde::Deserialize;
use toml::Spanned;

use super::matcher::{Amount, By, End, PacketMatch};
use crate::domain::{HostId, Outcome, Syscall, TcpState, TimerKind};

/// An end in a file, and where it stands there.
pub type Of = Spanned<End>;

/// One thing that must be seen.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// An end of a connection is in a state.
    State(StateIs),
    /// An end of a connection went from one state to another since the step before was over, and that was observed.
    Edge(EdgeTaken),
    /// A packet was sent since the step before was over.
    Packet(PacketMatch),
    /// A packet is on the wire now.
    Held(PacketMatch),
    /// A packet that is held was sent again while it was.
    Folded(Folded),
    /// A call returned since the step before was over.
    Call(CallReturned),
    /// The socket table shows this of a socket.
    Row(RowShows),
    /// There are so many sockets like this in the table.
    Count(Count),
    /// A program ended since the step before was over.
    Ended(Ended),
    /// Something is not seen for some time after all was done.
    Absent(Absent),
}

/// See [`Expect::State`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateIs {
    /// Which end.
    pub of: Of,
    /// The state.
    pub is: TcpState,
    /// What brought it there.
    pub by: Option<By>,
}

/// See [`Expect::Edge`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeTaken {
    /// Which end.
    pub of: Of,
    /// The state it left.
    pub from: TcpState,
    /// The state it went to.
    pub to: TcpState,
    /// What made it.
    pub by: Option<By>,
}

/// See [`Expect::Folded`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folded {
    /// Which packet.
    pub packet: PacketMatch,
    /// How often.
    pub times: Amount,
}

/// See [`Expect::Call`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallReturned {
    /// On which socket.
    pub of: Of,
    /// Which call.
    pub call: Syscall,
    /// `ok`, or the error's name.
    #[serde(default = "ok")]
    pub result: Outcome,
    /// How many bytes it moved.
    pub len: Option<Amount>,
    /// What it moved.
    pub text: Option<String>,
}

/// See [`Expect::Row`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowShows {
    /// Which socket.
    pub of: Of,
    /// Its Recv-Q.
    pub recv_q: Option<Amount>,
    /// Its Send-Q.
    pub send_q: Option<Amount>,
    /// The timer that runs for it.
    pub timer: Option<TimerKind>,
}

/// See [`Expect::Count`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// With a local address of this host; both, when it is not said.
    pub host: Option<HostId>,
    /// In this state.
    pub state: TcpState,
    /// How many.
    pub is: Amount,
}

/// See [`Expect::Ended`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// On which host.
    pub host: HostId,
    /// Its exit status.
    pub status: i32,
}

/// See [`Expect::Absent`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absent {
    /// For how long, in milliseconds.
    pub for_ms: u64,
    /// What is not seen.
    pub what: Box<Expect>,
}

const fn ok() -> Outcome {
    Outcome::Ok
}
