//! The guard of the laboratory's servers: what it limits, what it does about it, and what it tells.
//!
//! It is there for strangers: peers on this very machine are never limited, only blocked or kicked when asked for.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::id::ServerId;
use super::text_enum::text_enum;

/// One rule that the guard keeps. Those with a number can be set (`--limit`); the others always hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Connections at once from one address.
    Connections,
    /// Connections at once from all strangers together.
    Total,
    /// New connections a second from one address.
    Arrivals,
    /// Seconds without a byte from a connection.
    Idle,
    /// Bytes without a line end (`\n`) on one connection.
    Line,
    /// Bytes a second from one address, over all its connections and datagrams.
    Bytes,
    /// Messages a second from one address: what one `recv` or `recvfrom` returns.
    Messages,
    /// Datagrams a second from all strangers together: what one address may send is little help where each has a forged
    /// address of its own.
    Datagrams,
    /// The backlog given to `listen(2)`. The kernel alone keeps this one: it bounds the accept queue, and on Linux the
    /// half-open connections too (`listen(2)`; beyond it SYN cookies, `tcp_syncookies`, keep no state at all).
    Backlog,
    /// The address was blocked by hand.
    Blocked,
    /// More addresses at once than the guard keeps count of.
    Addresses,
    /// A datagram whose source port no client has: answering could start two machines talking for ever.
    Reflector,
    /// An answer by UDP that would be longer than its request: with a forged source it would amplify an attack.
    Amplifier,
}

text_enum!(Rule {
    Connections = "connections",
    Total = "total",
    Arrivals = "arrivals",
    Idle = "idle",
    Line = "line",
    Bytes = "bytes",
    Messages = "messages",
    Datagrams = "datagrams",
    Backlog = "backlog",
    Blocked = "blocked",
    Addresses = "addresses",
    Reflector = "reflector",
    Amplifier = "amplifier",
});

impl Rule {
    /// The number that holds when nobody says otherwise; `None` for a rule without one.
    ///
    /// Chosen for a class of 200 that means well and one who does not: each of 200 may have five connections, and what
    /// one address may send fits a hundred times into what the journal takes in.
    pub const fn usual(self) -> Option<u64> {
        match self {
            Self::Connections => Some(64),
            Self::Total => Some(1_000),
            Self::Arrivals => Some(50),
            Self::Idle => Some(600),
            Self::Line => Some(1 << 20),
            Self::Bytes => Some(256 << 10),
            Self::Messages => Some(100),
            Self::Datagrams => Some(2_000),
            Self::Backlog => Some(128),
            Self::Blocked | Self::Addresses | Self::Reflector | Self::Amplifier => None,
        }
    }
}

/// The numbers in force, by rule. A rule that is absent is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(BTreeMap<Rule, u64>);

impl Default for Limits {
    fn default() -> Self {
        Self(Rule::ALL.iter().filter_map(|rule| Some((*rule, rule.usual()?))).collect())
    }
}

impl Limits {
    /// No limit at all.
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Whether nothing is limited but what the kernel keeps: nobody is suspected of anything either.
    pub fn is_off(&self) -> bool {
        self.0.keys().all(|rule| *rule == Rule::Backlog)
    }

    /// The number of a rule, if it is kept.
    pub fn of(&self, rule: Rule) -> Option<u64> {
        self.0.get(&rule).copied()
    }

    /// The same with another number for this rule, or without it. A rule that has no number stays as it is.
    #[must_use]
    pub fn with(mut self, rule: Rule, number: Option<u64>) -> Self {
        match number {
            Some(number) if rule.usual().is_some() => _ = self.0.insert(rule, number),
            Some(_) => {}
            None => _ = self.0.remove(&rule),
        }
        self
    }
}

/// What the guard did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardAction {
    /// Accepted the connection and closed it at once with a RST.
    Refused,
    /// Closed the connection.
    Closed,
    /// Waited before the next `recv`: the kernel's buffer fills, the window closes, and the sender has to wait.
    Slowed,
    /// Threw the datagram away.
    Dropped,
    /// Received the datagram and sent no answer.
    Unanswered,
    /// Cut the answer to the length of the request.
    Shortened,
    /// The kernel answered the SYN with a cookie: a sequence number that says all there is to know, so that nothing has to
    /// be kept until the last ACK of the handshake brings it back (RFC 4987 §3.6).
    Cookie,
    /// The kernel dropped the SYN.
    Ignored,
}

text_enum!(GuardAction {
    Refused = "refused",
    Closed = "closed",
    Slowed = "slowed",
    Dropped = "dropped",
    Unanswered = "unanswered",
    Shortened = "shortened",
    Cookie = "cookie",
    Ignored = "ignored",
});

/// What a visitor did that programs which look for open ports do. Others may do it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortCheck {
    /// Connected, and closed or reset within a second without a word: `nmap -sT`, `nc -z`.
    Connect,
    /// Sent an empty datagram: `nmap -sU`.
    EmptyDatagram,
    /// Said first, to the byte, what `nmap -sV` says to find out who answers, and by UDP `nmap -sU` as well.
    ServiceProbe,
}

text_enum!(PortCheck { Connect = "connect", EmptyDatagram = "empty_datagram", ServiceProbe = "service_probe" });

/// Something about the guard. What happens often is told at once the first time and then at most once a second, with
/// its count: the counts of all events add up to what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "guard", rename_all = "snake_case")]
pub enum GuardEvent {
    /// These numbers are in force from now on.
    Limits {
        /// All of them.
        limits: Limits,
    },
    /// A rule was kept.
    Acted {
        /// At which server.
        server: ServerId,
        /// Against whom; absent when there are too many to name each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<IpAddr>,
        /// Which rule.
        rule: Rule,
        /// Its number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// What was done.
        #[serde(rename = "deed")]
        action: GuardAction,
        /// How often since the last event of this kind.
        count: u64,
    },
    /// SYNs came beyond the half-open connections that a listener may have ([`Rule::Backlog`]). The kernel kept the rule,
    /// by its own counters, and nobody knows against whom: the source of a SYN can be forged. Told at once when it begins,
    /// and then at most every ten seconds.
    HalfOpen {
        /// The listener; absent where several have as many as they may, because the kernel counts for all together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        listener: Option<SocketAddr>,
        /// How many it may have.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// What was done.
        #[serde(rename = "deed")]
        action: GuardAction,
        /// How often since the last event of this kind.
        count: u64,
    },
    /// Handshakes were reset by the other side before their last ACK. So does a SYN scan, which no `accept` ever sees: the
    /// kernel's own counter of this machine says so (`EmbryonicRsts`), and neither port nor address. Told at once when it
    /// begins, and then at most every ten seconds.
    HandshakesReset {
        /// How many since the last event of this kind.
        count: u64,
    },
    /// Somebody looked whether the port is open, by the looks of it.
    Checked {
        /// Which server's.
        server: ServerId,
        /// Who; absent when there are too many to name each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<IpAddr>,
        /// What was seen.
        check: PortCheck,
        /// How often since the last event of this kind.
        count: u64,
    },
    /// All connections from an address are being closed, because somebody asked for it.
    Kicked {
        /// Whose.
        address: IpAddr,
        /// How many there were.
        count: u64,
    },
    /// Nothing is taken from this address any more.
    Blocked {
        /// Which.
        address: IpAddr,
    },
    /// This address is as welcome as any other again.
    Unblocked {
        /// Which.
        address: IpAddr,
    },
}

impl GuardEvent {
    /// The server that it is about, where it is about one.
    pub const fn server(&self) -> Option<ServerId> {
        match self {
            Self::Acted { server, .. } | Self::Checked { server, .. } => Some(*server),
            Self::Limits { .. }
            | Self::HalfOpen { .. }
            | Self::HandshakesReset { .. }
            | Self::Kicked { .. }
            | Self::Blocked { .. }
            | Self::Unblocked { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written() {
        let limits = Limits::default().with(Rule::Idle, None).with(Rule::Connections, Some(7));
        let written = serde_json::to_string(&limits).unwrap();
        assert!(written.contains("\"connections\":7") && !written.contains("idle"), "{written}");
        assert_eq!(serde_json::from_str::<Limits>(&written).unwrap(), limits);
    }

    #[test]
    fn what_has_no_number_is_given_none() {
        assert_eq!(Limits::none().with(Rule::Reflector, Some(1)), Limits::none());
        assert_eq!(Limits::default().of(Rule::Blocked), None);
    }
}
