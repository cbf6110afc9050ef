//! The guard's rules for datagrams. Their source can be forged, and an answer goes to that address.

use std::net::SocketAddr;
use std::sync::Arc;

use super::event_limiter::Incident;
use super::{Guard, is_remote};
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{Rule, ServerId};

/// Ports above 1023 whose services answer unsolicited datagrams: SSDP, WS-Discovery, multicast DNS, CoAP, memcached, and the
/// UDP servers of a laboratory like this one.
const ANSWERING: [u16; 7] = [1900, 3702, 5353, 5683, 11_211, 65_431, 65_432];

#[derive(Clone)]
pub(in crate::lab) struct UdpFilter {
    pub(in crate::lab) guard: Guard,
    pub(in crate::lab) server: ServerId,
    pub(in crate::lab) local: SocketAddr,
}

impl UdpFilter {
    pub(in crate::lab) fn admits(&self, datagram: &[u8], from: SocketAddr) -> bool {
        let guard = &self.guard;
        let peer = from.ip().to_canonical();
        if let Some((rule, limit)) = self.broken_rule(datagram.len() as u64, from) {
            // The rule for all datagrams together says nothing about this sender, whose address may be forged.
            let by = (rule != Rule::Datagrams).then_some(peer);
            guard.note(self.server, by, Incident::Acted(rule, limit, GuardAction::Dropped));
            return false;
        }
        if datagram.is_empty() {
            guard.checked(self.server, peer, PortCheck::EmptyDatagram);
        } else if is_version_query(datagram) || is_rpc_null_call(datagram) {
            guard.checked(self.server, peer, PortCheck::ServiceProbe);
        }
        true
    }

    fn broken_rule(&self, len: u64, from: SocketAddr) -> Option<(Rule, Option<u64>)> {
        let peer = from.ip().to_canonical();
        let now = self.guard.0.log.now();
        let mut state = self.guard.state();
        if state.blocked.contains(&peer) {
            return Some((Rule::Blocked, None));
        }
        if !is_remote(peer, self.local) {
            return None;
        }
        let limits = Arc::clone(&state.limits);
        let Some(remote) = state.remote(peer, now) else {
            return Some((Rule::Addresses, Some(super::ADDRESSES as u64)));
        };
        for (rule, limiter, amount) in
            [(Rule::Bytes, &mut remote.bytes, len), (Rule::Messages, &mut remote.messages, 1)]
        {
            if let Some(rate) = limits.of(rule).filter(|rate| !limiter.allows(amount, *rate, now)) {
                return Some((rule, Some(rate)));
            }
        }
        if let Some(rate) = limits.of(Rule::Datagrams).filter(|rate| !state.datagrams.allows(1, *rate, now)) {
            return Some((Rule::Datagrams, Some(rate)));
        }
        self.guard.0.wake.notify_one();
        None
    }

    /// The answer that may be sent: none to a port that no client has, and never more bytes than were received. This includes
    /// local peers: two servers on loopback could answer each other for ever.
    pub(in crate::lab) fn limit_answer(&self, request: &[u8], mut answer: Vec<u8>, to: SocketAddr) -> Option<Vec<u8>> {
        if is_reflector(to.port()) || to.port() == self.local.port() {
            self.guard.acted(self.server, to.ip().to_canonical(), Rule::Reflector, None, GuardAction::Unanswered);
            return None;
        }
        if answer.len() > request.len() {
            let whole = (0..=request.len()).rev().find(|end| is_boundary(&answer, *end)).unwrap_or(0);
            answer.truncate(whole);
            self.guard.acted(self.server, to.ip().to_canonical(), Rule::Amplifier, None, GuardAction::Shortened);
        }
        Some(answer)
    }
}

/// Whether a port belongs to a service that would answer, and not to a client: below 1024 are services (RFC 6335 §6), among
/// them echo (7), daytime (13), quote (17), chargen (19) and time (37); 0 means "no answer" (RFC 768).
fn is_reflector(port: u16) -> bool {
    port < 1024 || ANSWERING.contains(&port)
}

/// Whether truncating here leaves UTF-8 characters whole.
fn is_boundary(bytes: &[u8], end: usize) -> bool {
    bytes.get(end).is_none_or(|byte| byte & 0b1100_0000 != 0b1000_0000)
}

/// The query for `version.bind`, class CHAOS, that `nmap -sV` sends over UDP, and over TCP with a length prefix.
pub(super) fn is_version_query(datagram: &[u8]) -> bool {
    const NAME: &[u8] = b"\x07version\x04bind\0\0\x10\0\x03";
    datagram.len() <= 64 && datagram.ends_with(NAME)
}

/// The null call of ONC RPC that `nmap -sU` and `-sV` send: call, version 2, procedure 0, no credentials (RFC 5531 §9).
fn is_rpc_null_call(datagram: &[u8]) -> bool {
    const CALL: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 2];
    datagram.len() == 40 && datagram[4..12] == CALL && datagram[20..].iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_other_laboratories_are_reflectors() {
        for port in [0, 7, 13, 17, 19, 37, 53, 123, 161, 389, 1023, 1900, 5353, 11_211, 65_432] {
            assert!(is_reflector(port), "{port}");
        }
        for port in [1024, 32_768, 49_152, 60_999, 65_535] {
            assert!(!is_reflector(port), "{port}");
        }
    }

    #[test]
    fn characters_are_not_split() {
        let answer = "ʼN".as_bytes();
        assert_eq!((0..=3).filter(|end| is_boundary(answer, *end)).collect::<Vec<_>>(), [0, 2, 3]);
    }
}
