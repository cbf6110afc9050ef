//! One message sent to several servers at once, and what each of them answered.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::excerpt::Excerpt;
use super::id::ServerId;

/// Something about one broadcast message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastEvent {
    /// The message, counted from 1.
    pub message: u32,
    /// What happened to it.
    #[serde(flatten)]
    pub change: BroadcastChange,
}

/// What can happen to a broadcast message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum BroadcastChange {
    /// It was typed and goes to these servers.
    Said {
        /// The message.
        #[serde(flatten)]
        text: Excerpt,
        /// The servers that were ticked.
        to: Vec<ServerId>,
    },
    /// It left for one server, from this local address.
    Sent {
        /// The server.
        server: ServerId,
        /// The broadcaster's address towards it.
        local: SocketAddr,
    },
    /// One server's answer, or why there is none.
    Reply {
        /// The server.
        server: ServerId,
        /// What came of it.
        #[serde(flatten)]
        reply: Reply,
    },
}

/// What came of a message to one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// It answered.
    Answer {
        /// With this.
        #[serde(flatten)]
        text: Excerpt,
        /// After this long, from the end of `send` to the first byte.
        #[serde(with = "millis", rename = "rtt_ms")]
        rtt: Duration,
    },
    /// Connecting, sending or receiving failed.
    Failed {
        /// Why.
        errno: Errno,
    },
    /// The server closed the connection before it answered.
    Closed,
    /// Nobody waits for an answer any more: the broadcaster closed its socket, as it does when it is aimed elsewhere.
    HungUp,
    /// UDP: nothing came back in this time, and nothing will tell why.
    Silent {
        /// How long was waited.
        #[serde(with = "millis", rename = "after_ms")]
        after: Duration,
    },
}

/// A duration as milliseconds with microsecond resolution.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64((span.as_secs_f64() * 1e6).round() / 1e3)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let millis = f64::deserialize(from)?;
        Duration::try_from_secs_f64(millis / 1e3).map_err(serde::de::Error::custom)
    }
}
