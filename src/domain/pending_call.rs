//! A call that waits: it has been entered and has not returned.

use serde::{Deserialize, Serialize};

use super::call::Syscall;
use super::flow::Flow;
use super::id::SocketId;
use super::text_enum::text_enum;

text_enum! {
    /// How far a call has come that has not returned.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum CallPhase {
        /// It waits for the other end, or for the time that it takes to reach it.
        Waits = "waits",
    }
}

/// A call of our own code that has not returned a millisecond after it was entered. It is written as a call without a
/// result, of the time at which it was entered; the same call follows with its result when it has returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCall {
    /// The socket it was made on.
    pub socket: SocketId,
    /// Which call.
    pub call: Syscall,
    /// Always [`CallPhase::Waits`]: tells it from a call with a result.
    pub phase: CallPhase,
    /// The protocol and addresses of the socket, as far as they are known.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
}

impl PendingCall {
    /// A call that waits on this socket.
    pub const fn new(socket: SocketId, call: Syscall, flow: Option<Flow>) -> Self {
        Self { socket, call, phase: CallPhase::Waits, flow }
    }
}
