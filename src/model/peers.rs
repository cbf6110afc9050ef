//! The peers of the servers, by address: their connections, their data, and what was refused.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::bounded;
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{
    Call, ConnNo, Excerpt, GuardEvent, Limits, Outcome, Rule, ServerChange, ServerEvent, ServerId, SocketId, Stamp,
    Syscall,
};

/// How many addresses are remembered. The one that was silent longest and has no open connection is dropped first.
const KEPT: usize = 512;

/// How many of an address's latest ports are remembered.
const PORTS: usize = 8;

/// The span that a rate is taken over, in seconds.
const SPAN: u64 = 5;
const SLOTS: usize = 5;

/// One address.
#[derive(Debug, Clone, Default)]
pub struct Peer {
    /// The order of coming.
    pub no: u64,
    /// When it appeared.
    pub since: Stamp,
    /// Connections ever.
    pub connections: u64,
    /// The source ports of its latest connections and datagrams, the newest last.
    pub ports: VecDeque<u16>,
    /// Its latest data and the server that received it, safe to show.
    pub said: Option<(ServerId, Excerpt)>,
    /// When it was last seen.
    pub latest: Stamp,
    /// Messages received from it.
    pub messages: u64,
    /// Bytes received from it, and sent to it.
    pub bytes: (u64, u64),
    /// How often each rule was enforced against it.
    pub refused: BTreeMap<Rule, u64>,
    /// How often it acted like a port check.
    pub checks: BTreeMap<PortCheck, u64>,
    /// Whether it is blocked.
    pub is_blocked: bool,
    open: BTreeMap<ServerId, u64>,
    recent: Recent,
}

impl Peer {
    /// Connections that are open now.
    pub fn open(&self) -> u64 {
        self.open.values().sum()
    }

    /// How often any rule was enforced against it.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }

    /// Bytes and messages a second that came from it in the five seconds before `now`.
    pub fn rate(&self, now: Stamp) -> (u64, u64) {
        self.recent.rate(now)
    }

    fn follow(&mut self, at: Stamp, call: &Call) {
        let Some(data) = call.data.as_ref() else { return };
        if data.len > 0 || call.call == Syscall::Recvfrom {
            self.messages += call.count();
            self.bytes.0 += data.len as u64;
            self.recent.add(at, data.len as u64, call.count());
            // Of several messages that are told together only the first is known.
            let len = if call.repeated.is_some() { data.text.len() } else { data.len };
            self.said = call.socket.server().map(|server| (server, Excerpt { len, ..data.clone() }));
        }
    }

    fn came_from(&mut self, port: u16) {
        if self.ports.back() != Some(&port) {
            bounded::push(&mut self.ports, port, PORTS);
        }
    }
}

/// All addresses that are remembered.
#[derive(Debug, Clone, Default)]
pub struct Peers {
    by_address: BTreeMap<IpAddr, Peer>,
    /// Refusals of addresses that are not known or no longer remembered.
    nameless: BTreeMap<Rule, u64>,
    /// The kernel's actions on SYNs beyond a listener's limit of half-open connections, and how often.
    pub half_open: BTreeMap<GuardAction, u64>,
    /// How many handshakes the peer reset before the last ACK.
    pub handshakes_reset: u64,
    arrivals: u64,
    /// Whether datagrams came so fast that they were counted without their senders: what is counted for one is a minimum.
    pub are_partial: bool,
    /// How many addresses are remembered no longer.
    pub forgotten: u64,
    /// The limits in force, or the default ones while they were not reported.
    pub limits: Limits,
}

impl Peers {
    /// All of them, by address. Loopback is one of them: [`IpAddr::is_loopback`].
    pub fn all(&self) -> impl Iterator<Item = (IpAddr, &Peer)> {
        self.by_address.iter().map(|(address, peer)| (*address, peer))
    }

    /// One of them.
    pub fn get(&self, address: IpAddr) -> Option<&Peer> {
        self.by_address.get(&address.to_canonical())
    }

    /// How often each rule was enforced, against any address.
    pub fn refused(&self) -> BTreeMap<Rule, u64> {
        let mut all = self.nameless.clone();
        for (rule, count) in self.by_address.values().flat_map(|peer| &peer.refused) {
            *all.entry(*rule).or_default() += count;
        }
        all
    }

    /// Follows a call on a server's socket.
    pub(super) fn called(&mut self, at: Stamp, call: &Call) {
        if call.result != Outcome::Ok {
            return;
        }
        let Some(from) = call.flow.and_then(|flow| flow.peer) else {
            self.are_partial |=
                matches!((call.call, call.socket), (Syscall::Recvfrom | Syscall::Sendto, SocketId::Server(_)));
            return;
        };
        let len = call.data.as_ref().map_or(0, |data| data.len as u64);
        match (call.call, call.socket) {
            (Syscall::Accept, SocketId::Server(server)) => {
                let peer = self.met(at, from.ip());
                peer.connections += 1;
                *peer.open.entry(server).or_default() += 1;
                peer.came_from(from.port());
            }
            (Syscall::Recv, SocketId::Conn(..)) => self.met(at, from.ip()).follow(at, call),
            (Syscall::Recvfrom, SocketId::Server(_)) => {
                let peer = self.met(at, from.ip());
                peer.came_from(from.port());
                peer.follow(at, call);
            }
            (Syscall::Send, SocketId::Conn(..)) | (Syscall::Sendto, SocketId::Server(_)) => {
                if let Some(peer) = self.by_address.get_mut(&from.ip().to_canonical()) {
                    peer.bytes.1 += len;
                }
            }
            (Syscall::Close, SocketId::Conn(server, ConnNo(_))) => {
                if let Some(open) =
                    self.by_address.get_mut(&from.ip().to_canonical()).and_then(|peer| peer.open.get_mut(&server))
                {
                    *open = open.saturating_sub(1);
                }
            }
            _ => {}
        }
    }

    /// A server that has stopped has no connections.
    pub(super) fn apply(&mut self, event: &ServerEvent) {
        if event.change == ServerChange::Stopped {
            self.by_address.values_mut().for_each(|peer| _ = peer.open.remove(&event.server));
        }
    }

    /// Follows the guard.
    pub(super) fn guarded(&mut self, at: Stamp, event: &GuardEvent) {
        match *event {
            GuardEvent::Limits { ref limits } => self.limits = limits.clone(),
            GuardEvent::Acted { address: Some(address), rule, count, .. } => {
                *self.met(at, address).refused.entry(rule).or_default() += count;
            }
            GuardEvent::Acted { address: None, rule, count, .. } => *self.nameless.entry(rule).or_default() += count,
            GuardEvent::HalfOpen { action, count, .. } => {
                *self.nameless.entry(Rule::Backlog).or_default() += count;
                *self.half_open.entry(action).or_default() += count;
            }
            GuardEvent::HandshakesReset { count } => self.handshakes_reset += count,
            GuardEvent::Checked { address: Some(address), check, count, .. } => {
                *self.met(at, address).checks.entry(check).or_default() += count;
            }
            GuardEvent::Blocked { address } => self.met(at, address).is_blocked = true,
            GuardEvent::Unblocked { address } => self.met(at, address).is_blocked = false,
            GuardEvent::Checked { address: None, .. } | GuardEvent::Kicked { .. } => {}
        }
    }

    fn met(&mut self, at: Stamp, address: IpAddr) -> &mut Peer {
        let address = address.to_canonical();
        if self.by_address.len() >= KEPT && !self.by_address.contains_key(&address) {
            self.forget_one();
        }
        let peer = self.by_address.entry(address).or_insert_with(|| {
            self.arrivals += 1;
            Peer { no: self.arrivals, since: at, ..Peer::default() }
        });
        peer.latest = peer.latest.max(at);
        peer
    }

    /// Drops the peer that was silent longest; those that are blocked or have open connections come last.
    fn forget_one(&mut self) {
        let rank = |peer: &Peer| (peer.is_blocked, peer.open() > 0, peer.latest);
        let Some(address) = self.by_address.iter().min_by_key(|(_, peer)| rank(peer)).map(|(address, _)| *address)
        else {
            return;
        };
        for (rule, count) in self.by_address.remove(&address).map(|peer| peer.refused).unwrap_or_default() {
            *self.nameless.entry(rule).or_default() += count;
        }
        self.forgotten += 1;
    }
}

/// The traffic of the latest seconds: for each its number, bytes and messages.
#[derive(Debug, Clone, Default)]
struct Recent([(u64, u64, u64); SLOTS]);

impl Recent {
    fn add(&mut self, at: Stamp, bytes: u64, messages: u64) {
        let second = second(at);
        // A remainder below SPAN fits.
        let slot = &mut self.0[usize::try_from(second % SPAN).unwrap_or(0)];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        slot.1 += bytes;
        slot.2 += messages;
    }

    /// The current second has only begun: it counts, and so do the whole ones before it.
    fn rate(&self, now: Stamp) -> (u64, u64) {
        let now = second(now);
        let recent = self.0.iter().filter(|(second, ..)| *second <= now && second + SPAN > now);
        let (bytes, messages) = recent.fold((0, 0), |sum, slot| (sum.0 + slot.1, sum.1 + slot.2));
        (bytes / SPAN, messages.div_ceil(SPAN))
    }
}

fn second(at: Stamp) -> u64 {
    at.nanos() / 1_000_000_000
}
