//! The guard of the laboratory's servers: what it limits, what it does about it, and what it reports.
//!
//! It limits remote peers. Peers on this machine are never limited, only blocked or kicked on request.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::id::ServerId;
use super::text_enum::text_enum;

text_enum! {
    /// A rule that the guard enforces. Those with a number can be set (`--limit`); the others always hold.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Rule {
        /// Simultaneous connections from one address.
        Connections = "connections",
        /// Simultaneous connections from all remote peers together.
        Total = "total",
        /// New connections a second from one address.
        Arrivals = "arrivals",
        /// Seconds without a byte from a connection.
        Idle = "idle",
        /// Bytes without a line end (`\n`) on one connection.
        Line = "line",
        /// Bytes a second from one address, over all its connections and datagrams.
        Bytes = "bytes",
        /// Messages a second from one address: what one `recv` or `recvfrom` returns.
        Messages = "messages",
        /// Datagrams a second from all remote peers together: a limit per address is little help against forged
        /// addresses.
        Datagrams = "datagrams",
        /// The backlog given to `listen(2)`. The kernel enforces this one: it bounds the accept queue, and on Linux the
        /// half-open connections too (`listen(2)`; beyond it SYN cookies, `tcp_syncookies`, keep no state at all).
        Backlog = "backlog",
        /// The presenter blocked the address.
        Blocked = "blocked",
        /// More addresses at once than the guard can keep count of.
        Addresses = "addresses",
        /// A datagram from a source port that no client uses: answering could start an endless exchange of two servers.
        Reflector = "reflector",
        /// An answer by UDP that would be longer than its request: with a forged source it would amplify an attack.
        Amplifier = "amplifier",
    }
}

impl Rule {
    /// Its default number; `None` for a rule without one.
    ///
    /// Chosen for a class of 200 with one attacker in it: each of 200 may have five connections, and the journal can take
    /// in a hundred times what one address may send.
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

/// The numbers in force, by rule. A rule that is absent is not enforced.
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

    /// Whether only the kernel limits anything. The guard then looks for port checks no more either.
    pub fn is_off(&self) -> bool {
        self.0.keys().all(|rule| *rule == Rule::Backlog)
    }

    /// The number of a rule, if it is enforced.
    pub fn of(&self, rule: Rule) -> Option<u64> {
        self.0.get(&rule).copied()
    }

    /// The same limits with another number for this rule, or without the rule. A rule that has no number stays as it
    /// is.
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

text_enum! {
    /// The action of the guard.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum GuardAction {
        /// Accepted the connection and closed it at once with a RST.
        Refused = "refused",
        /// Closed the connection.
        Closed = "closed",
        /// Waited before the next `recv`: the kernel's buffer fills, the window closes, and the sender has to wait.
        Slowed = "slowed",
        /// Threw the datagram away.
        Dropped = "dropped",
        /// Received the datagram and sent no answer.
        Unanswered = "unanswered",
        /// Cut the answer to the length of the request.
        Shortened = "shortened",
        /// The kernel answered the SYN with a cookie: a sequence number that encodes the connection, so that the kernel
        /// keeps no state until the last ACK of the handshake brings it back (RFC 4987 §3.6).
        Cookie = "cookie",
        /// The kernel dropped the SYN.
        Ignored = "ignored",
    }
}

text_enum! {
    /// An action of a peer that is typical of port scanners. Other programs may do it too.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum PortCheck {
        /// Connected, and closed or reset within a second without sending anything: `nmap -sT`, `nc -z`.
        Connect = "connect",
        /// Sent an empty datagram: `nmap -sU`.
        EmptyDatagram = "empty_datagram",
        /// Sent first exactly what `nmap -sV` sends to identify a service, and over UDP `nmap -sU` as well.
        ServiceProbe = "service_probe",
    }
}

/// Something the guard did or noticed. Frequent occurrences are reported at once the first time and then at most once a
/// second. `count` is how many since the last event of this kind: all counts add up to what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "guard", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum GuardEvent {
    /// These numbers are in force from now on.
    Limits { limits: Limits },
    /// A rule was enforced.
    Acted {
        server: ServerId,
        /// The peer; absent when there are too many to name each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<IpAddr>,
        rule: Rule,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        #[serde(rename = "deed")]
        action: GuardAction,
        count: u64,
    },
    /// SYNs came beyond the half-open connections that a listener may have ([`Rule::Backlog`]). The kernel enforced the
    /// rule, as its counters show; the peer is unknown, because the source of a SYN can be forged. Reported at once
    /// when it begins, and then at most every ten seconds.
    HalfOpen {
        /// The listener; absent when several are full, because the kernel counts for all of them together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        listener: Option<SocketAddr>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        #[serde(rename = "deed")]
        action: GuardAction,
        count: u64,
    },
    /// The other side reset handshakes before their last ACK, as a SYN scan does, which `accept` never sees. It comes
    /// from the kernel's counter for the whole machine (`EmbryonicRsts`), so port and address are unknown. Reported at
    /// once when it begins, and then at most every ten seconds.
    HandshakesReset { count: u64 },
    /// A peer behaved as if it checked whether the port is open.
    Checked {
        server: ServerId,
        /// The peer; absent when there are too many to name each.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<IpAddr>,
        check: PortCheck,
        count: u64,
    },
    /// The presenter kicked this address: all its connections, `count` of them, are being closed.
    Kicked { address: IpAddr, count: u64 },
    /// The presenter blocked this address: nothing is accepted from it any more.
    Blocked { address: IpAddr },
    /// This address is no longer blocked.
    Unblocked { address: IpAddr },
}

impl GuardEvent {
    /// The server that it is about, if it is about one.
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
    fn a_rule_without_a_number_cannot_be_given_one() {
        assert_eq!(Limits::none().with(Rule::Reflector, Some(1)), Limits::none());
        assert_eq!(Limits::default().of(Rule::Blocked), None);
    }
}
