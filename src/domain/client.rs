//! A client of the laboratory: its plan, and what happens to it besides its calls.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::flow::{Flow, Proto};
use super::id::{ClientId, ServerId};
use super::text_enum::text_enum;

/// The message that every client sends when its connection opens.
pub const GREETING: &str = "Hello, world";

text_enum! {
    /// The plan of a client for its connection.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum ClientPlan {
        /// Connects, says hello, reads what comes and stays connected.
        #[default]
        Stay = "stay",
        /// Connects, says hello, reads the answer and closes: the client closes first.
        OneShot = "one_shot",
    }
}

text_enum! {
    /// How one side ends a connection.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum CloseHow {
        /// `close()`: an orderly end, by FIN.
        Fin = "fin",
        /// `SO_LINGER 0` and `close()`: a reset, by RST.
        Rst = "rst",
        /// `shutdown(SHUT_WR)`: no more sending, receiving goes on.
        Half = "half",
    }
}

/// Where clients go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Destination {
    /// The laboratory's own server there, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerId>,
    /// TCP or UDP.
    pub proto: Proto,
    /// The server's address.
    pub addr: SocketAddr,
}

/// Something happened to a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientEvent {
    /// Which client.
    pub client: ClientId,
    /// The change.
    #[serde(flatten)]
    pub change: ClientChange,
}

/// The changes of a client, besides its calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum ClientChange {
    /// It was created.
    Spawned { plan: ClientPlan, destination: Destination },
    /// `connect` was called and has not returned yet; the kernel has chosen the port (`getsockname`).
    Dialing { flow: Flow },
    /// Its socket is closed.
    Ended,
}
