//! A transfer of many bytes over a connection of the laboratory.

use serde::{Deserialize, Serialize};

use super::flow::Flow;
use super::id::SocketId;

/// One end begins to send so many bytes. Its calls of `send` tell how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkEvent {
    /// The socket that sends.
    pub socket: SocketId,
    /// Its addresses.
    #[serde(flatten)]
    pub flow: Flow,
    /// How many bytes.
    pub bytes: u64,
}
