//! A change of one end's state, and what caused it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::call::Syscall;
use super::flow::Flow;
use super::state::TcpState;
use super::text_enum::{UnknownText, serde_as_text};

/// One end of a connection went from one state to another.
///
/// A producer's report is a *claim*; the journal holds one event for each transition, made of all claims about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The end whose state changed.
    #[serde(flatten)]
    pub flow: Flow,
    /// The previous state.
    pub from: TcpState,
    /// The new state.
    pub to: TcpState,
    /// The cause, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl Transition {
    /// Whether the life of a socket begins with it.
    pub const fn begins(&self) -> bool {
        self.from.rank() == 0 && !matches!(self.to, TcpState::Closed)
    }
}

/// The cause of a state change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A call of the program that owns the socket.
    Call(Syscall),
    /// The delivery of a packet on the wire, by its number.
    Packet(u64),
    /// A kernel timer expired.
    Timer,
    /// The program that held the socket ended, and the kernel closed it.
    Exit,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => call.fmt(f),
            Self::Packet(number) => write!(f, "packet {number}"),
            Self::Timer => f.write_str("timer"),
            Self::Exit => f.write_str("exit"),
        }
    }
}

impl FromStr for Cause {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        match text {
            "timer" => return Ok(Self::Timer),
            "exit" => return Ok(Self::Exit),
            _ => {}
        }
        match text.strip_prefix("packet ").and_then(|number| number.parse().ok()) {
            Some(number) => Ok(Self::Packet(number)),
            None => text.parse().map(Self::Call),
        }
    }
}

serde_as_text!(Cause);
