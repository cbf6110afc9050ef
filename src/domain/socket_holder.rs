//! Which process holds a socket: known apart from the socket's row, which may be gone already, or may not be watched.

use serde::{Deserialize, Serialize};

use super::flow::Flow;
use super::row::Process;

/// The process that holds, or held, the socket at one end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketHolder {
    /// The end. A UDP client's names the server that heard from it, whether or not its socket is connected.
    #[serde(flatten)]
    pub flow: Flow,
    /// The process.
    #[serde(flatten)]
    pub process: Process,
}
