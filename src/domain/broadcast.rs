//! One message sent to several servers at once, and what each of them answered.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::excerpt::Excerpt;
use super::id::ServerId;
use super::wire::millis;

/// Something that happened to one broadcast message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastEvent {
    /// The message, counted from 1.
    pub message: u32,
    /// The change.
    #[serde(flatten)]
    pub change: BroadcastChange,
}

/// The changes of a broadcast message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum BroadcastChange {
    /// It was typed and goes to these servers, those that were ticked.
    Said {
        #[serde(flatten)]
        text: Excerpt,
        to: Vec<ServerId>,
    },
    /// It was sent to one server, from this local address.
    Sent { server: ServerId, local: SocketAddr },
    /// One server's answer, or why there is none.
    Reply {
        server: ServerId,
        #[serde(flatten)]
        reply: Reply,
    },
}

/// The outcome of sending a message to one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum Reply {
    /// It answered.
    Answer {
        #[serde(flatten)]
        text: Excerpt,
        /// The time from the end of `send` to the first byte of the answer.
        #[serde(with = "millis", rename = "rtt_ms")]
        rtt: Duration,
    },
    /// Connecting, sending or receiving failed.
    Failed { errno: Errno },
    /// The server closed the connection before it answered.
    Closed,
    /// The broadcaster closed its socket before an answer came, as it does when its target changes.
    HungUp,
    /// UDP: no answer in this time, and no way to find out why.
    Silent {
        #[serde(with = "millis", rename = "after_ms")]
        after: Duration,
    },
}
