//! A server of the laboratory: its specification, and what happens to it.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::flow::Proto;
use super::id::{ConnNo, ServerId};
use super::row::Process;
use super::text_enum::text_enum;

text_enum! {
    /// How a TCP server serves the connections it accepts.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ServiceModel {
        /// One client at a time; the others wait in the accept queue.
        Sequential = "sequential",
        /// A thread of the operating system per connection.
        Threaded = "threaded",
        /// A task per connection, many on few threads.
        Async = "async",
        /// A task per connection that does not close when its client has: only when told to.
        KeepsOpen = "keeps_open",
    }
}

impl ServiceModel {
    /// The next model, when the presenter switches it live.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Sequential => Self::Threaded,
            Self::Threaded => Self::Async,
            Self::Async => Self::KeepsOpen,
            Self::KeepsOpen => Self::Sequential,
        }
    }
}

text_enum! {
    /// The answer of a server.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Answer {
        /// The request, unchanged (RFC 862).
        Same = "same",
        /// The request, in capitals.
        Upper = "upper",
    }
}

impl Answer {
    /// The answer to `request`. In bytes that are not UTF-8 only ASCII letters are capitalised.
    pub fn to(self, request: &[u8]) -> Vec<u8> {
        match (self, std::str::from_utf8(request)) {
            (Self::Same, _) => request.to_vec(),
            (Self::Upper, Ok(text)) => text.to_uppercase().into_bytes(),
            (Self::Upper, Err(_)) => request.to_ascii_uppercase(),
        }
    }

    /// Turns a request into its answer, in its place where that has the same length.
    pub fn replace(self, request: &mut Vec<u8>) {
        match self {
            Self::Same => {}
            Self::Upper if request.is_ascii() => request.make_ascii_uppercase(),
            Self::Upper => *request = self.to(request),
        }
    }
}

text_enum! {
    /// The kinds of servers that the laboratory has.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ServerKind {
        /// TCP, a thread per connection, answers in capitals.
        Threaded = "threaded",
        /// TCP, one client at a time, answers what it received.
        Echo = "echo",
        /// TCP, a task per connection, answers in capitals.
        Async = "async",
        /// UDP, one datagram at a time, answers in capitals.
        Udp = "udp",
    }
}

impl ServerKind {
    /// Its default port.
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

    /// A server of this kind at this address. `before` is how many others of the kind already have names.
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

/// The specification of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSpec {
    /// Its name on the screen: `threaded`, `echo`, `async`, `udp`; with a number when there are two of a kind.
    pub name: String,
    /// TCP or UDP.
    pub proto: Proto,
    /// Where it listens.
    pub addr: SocketAddr,
    /// How it answers.
    pub answer: Answer,
    /// How it serves TCP connections. A UDP server has none and answers one datagram at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ServiceModel>,
}

/// Something happened to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEvent {
    /// Which server.
    pub server: ServerId,
    /// The change.
    #[serde(flatten)]
    pub change: ServerChange,
}

/// The changes of a server, besides its calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum ServerChange {
    /// It was added, but not started yet.
    Added { spec: ServerSpec },
    /// It is bound and, for TCP, listens.
    Started {
        /// Its actual address: the kernel chooses the port if 0 was requested.
        addr: SocketAddr,
        /// The backlog given to `listen`; 0 for UDP.
        backlog: u32,
    },
    /// It could not be started.
    Failed {
        errno: Errno,
        /// The process that holds the port, if that is the reason and it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<Process>,
    },
    /// It was stopped: its listening socket and its connections are closed.
    Stopped,
    /// Its service model changed.
    Model { model: ServiceModel },
    /// A connection is now served by a thread, by a task or in the accept loop itself. Repeated when a change of model
    /// hands the connection over.
    Serving { conn: ConnNo, by: ServiceModel },
    /// A connection is no longer served.
    Served { conn: ConnNo },
    /// `accept` failed for lack of descriptors or memory; it is retried until it succeeds.
    Paused { errno: Errno },
    /// `accept` works again after a pause.
    Resumed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_the_place_of_its_request_is_the_same() {
        for request in [&b""[..], b"oi\n", "coração, straße ﬁm".as_bytes(), b"a\xffz"] {
            for answer in [Answer::Same, Answer::Upper] {
                let mut replaced = request.to_vec();
                answer.replace(&mut replaced);
                assert_eq!(replaced, answer.to(request), "{answer:?}");
            }
        }
    }
}
