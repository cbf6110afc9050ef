//! A server of the laboratory: what it is asked to be, and what happens to it.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::flow::Proto;
use super::id::{ConnNo, ServerId};
use super::row::Process;
use super::text_enum::text_enum;

/// How a TCP server serves the connections it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServiceModel {
    /// One client at a time; the others wait in the accept queue.
    Sequential,
    /// A thread of the operating system per connection.
    Threaded,
    /// A task per connection, many on few threads.
    Async,
}

text_enum!(ServiceModel { Sequential = "sequential", Threaded = "threaded", Async = "async" });

impl ServiceModel {
    /// The model that a live switch goes to next.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Sequential => Self::Threaded,
            Self::Threaded => Self::Async,
            Self::Async => Self::Sequential,
        }
    }
}

/// What a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// What it received, unchanged (RFC 862).
    Same,
    /// What it received, in capitals.
    Upper,
}

text_enum!(Answer { Same = "same", Upper = "upper" });

impl Answer {
    /// The answer to `request`. Text is capitalised as text; bytes that are not UTF-8, letter by ASCII letter.
    pub fn to(self, request: &[u8]) -> Vec<u8> {
        match (self, std::str::from_utf8(request)) {
            (Self::Same, _) => request.to_vec(),
            (Self::Upper, Ok(text)) => text.to_uppercase().into_bytes(),
            (Self::Upper, Err(_)) => request.to_ascii_uppercase(),
        }
    }
}

/// The kinds of servers that the laboratory has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerKind {
    /// TCP, a thread per connection, answers in capitals.
    Threaded,
    /// TCP, one client at a time, answers what it received.
    Echo,
    /// TCP, a task per connection, answers in capitals.
    Async,
    /// UDP, one datagram at a time, answers in capitals.
    Udp,
}

text_enum!(ServerKind { Threaded = "threaded", Echo = "echo", Async = "async", Udp = "udp" });

impl ServerKind {
    /// The port that the laboratory gives it.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::Threaded | Self::Udp => 65432,
            Self::Echo => 65433,
            Self::Async => 65434,
        }
    }

    /// Its transport protocol.
    pub const fn proto(self) -> Proto {
        match self {
            Self::Udp => Proto::Udp,
            Self::Threaded | Self::Echo | Self::Async => Proto::Tcp,
        }
    }

    /// A server of this kind at this address. `before` others of the kind have taken names already.
    pub fn spec(self, addr: SocketAddr, before: usize) -> ServerSpec {
        let name = if before == 0 { self.name().into() } else { format!("{self}{}", before + 1) };
        let (answer, model) = match self {
            Self::Threaded => (Answer::Upper, Some(ServiceModel::Threaded)),
            Self::Echo => (Answer::Same, Some(ServiceModel::Sequential)),
            Self::Async => (Answer::Upper, Some(ServiceModel::Async)),
            Self::Udp => (Answer::Upper, None),
        };
        ServerSpec { name, proto: self.proto(), addr, answer, model }
    }
}

/// What a server is asked to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSpec {
    /// Its name on the screen: `threaded`, `echo`, `async`, `udp`; with a number when there are two of a kind.
    pub name: String,
    /// TCP or UDP.
    pub proto: Proto,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it answers.
    pub answer: Answer,
    /// How it serves, for TCP; a UDP server takes one datagram at a time and has no connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ServiceModel>,
}

/// Something happened to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEvent {
    /// Which server.
    pub server: ServerId,
    /// What happened.
    #[serde(flatten)]
    pub change: ServerChange,
}

/// What can happen to a server, besides its calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ServerChange {
    /// It exists from now on, not started.
    Added {
        /// What it is asked to be.
        spec: ServerSpec,
    },
    /// It is bound, and if it speaks TCP it listens.
    Started {
        /// The address it really has: the port is the kernel's choice when 0 was asked for.
        addr: SocketAddr,
        /// The backlog given to `listen`; 0 for UDP.
        backlog: u32,
    },
    /// It could not be started.
    Failed {
        /// Why.
        errno: Errno,
        /// Who holds the port, when that is the reason and it could be found out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<Process>,
    },
    /// It was stopped: its listening socket and its connections are closed.
    Stopped,
    /// It serves by another model from now on.
    Model {
        /// The new model.
        model: ServiceModel,
    },
    /// A connection is being served, by a thread, by a task or in the accept loop itself. Repeated for a connection
    /// that a change of model hands over.
    Serving {
        /// Which of its connections.
        conn: ConnNo,
        /// By which model.
        by: ServiceModel,
    },
    /// A connection is served no longer.
    Served {
        /// Which of its connections.
        conn: ConnNo,
    },
    /// `accept` cannot go on for lack of descriptors or memory; it tries again until it can.
    Paused {
        /// What is lacking.
        errno: Errno,
    },
    /// `accept` works again after a pause.
    Resumed,
}
