//! Which of the traced sockets belong to our own network namespace.
//!
//! The kernel traces every namespace at once and does not say which one a socket is in. 127.0.0.1:65432 may exist in many,
//! and so may any other address. So we report a socket only if our own namespace's kernel confirms it: the socket, or the
//! other end of its connection, is found there by its addresses in a plausible state; or, if it was too short-lived for
//! that, the kernel announces its destruction to this namespace. Unconfirmed transitions count as foreign. Two connections
//! with the same 4-tuple, alive in two namespaces at once, cannot be distinguished.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

use super::identity::TracedTransition;
use super::own_namespace::{OwnNamespace, cannot_be_looked_up, is_new, is_there};
use crate::domain::{Flow, Proto, TcpState, Transition};

/// How long to wait for confirmation, in nanoseconds. Destruction is announced within milliseconds; but a socket that was
/// refused or reset is in no table, and is destroyed only when its owner closes it.
const PATIENCE: u64 = 10_000_000_000;
/// How long to wait at least. It suffices for all sockets but those whose owners keep them although they are closed.
const LEAST_PATIENCE: u64 = 500_000_000;
/// The most sockets whose ownership is remembered.
const MOST: usize = 65_536;
/// The most sockets that await confirmation. Another namespace may make thousands in a second.
const MOST_WAITING: usize = 16_384;
/// The most transitions held per socket. A connection has fewer; beyond that its addresses are being reused.
const LONGEST: usize = 64;

/// Decides which transitions to report; see the module's documentation. All times are in nanoseconds of the trace's clock.
#[derive(Debug, Default)]
pub(super) struct Ownership {
    /// Live sockets, and whether they are ours.
    known: HashMap<u64, bool>,
    waiting: BTreeMap<SocketKey, Unproven>,
    due: VecDeque<(u64, SocketKey)>,
    unannounced: Unannounced,
    /// Until this time, announcements may have been missed.
    unreliable_until: u64,
    unattributed: Unattributed,
}

/// The addresses of a socket, led by its port.
type SocketKey = (u16, Flow);

/// Counts of transitions that were not reported.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unattributed {
    /// Those of other namespaces.
    pub(super) foreign: u64,
    /// Those that may have been ours, but they or their confirmation were lost.
    pub(super) lost: u64,
}

/// Our sockets that have closed and whose destruction was not announced yet, and whether an announcement without the
/// addresses was taken for theirs.
#[derive(Debug, Default)]
struct Unannounced {
    sockets: BTreeMap<SocketKey, bool>,
    oldest: VecDeque<SocketKey>,
}

impl Unannounced {
    /// Takes in a transition of one of our sockets.
    fn follow(&mut self, change: &Transition) {
        if change.to != TcpState::Closed || change.flow.peer.is_none() {
            return;
        }
        let key = key(&change.flow);
        if self.sockets.insert(key, false).is_none() {
            self.oldest.push_back(key);
        }
        // Those of which the announcement was missed stay until others take their places.
        while self.oldest.len() > MOST
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.sockets.remove(&oldest);
        }
    }

    /// The destruction of a socket with these addresses is announced. Returns its port and the other host if an
    /// announcement without them was taken for its.
    fn announced(&mut self, flow: &Flow) -> Option<(u16, IpAddr)> {
        let key = key(flow);
        let was_taken = self.sockets.remove(&key)?;
        // Mostly it is one of the latest.
        if let Some(place) = self.oldest.iter().rposition(|other| *other == key) {
            self.oldest.remove(place);
        }
        was_taken.then(|| key.1.peer.map(|peer| (key.0, peer.ip()))).flatten()
    }

    /// Takes an announcement without the addresses for one of these sockets; `false` if it cannot be.
    fn disconnected(&mut self, port: u16, host: IpAddr) -> bool {
        let mut of_port = self.sockets.range_mut(first_of(port)..).take_while(|((other, _), _)| *other == port);
        let is_it = |flow: &Flow| flow.peer.is_some_and(|peer| peer.ip() == host.to_canonical());
        let found = of_port.find(|((_, flow), taken)| is_it(flow) && !**taken);
        found.map(|(_, taken)| *taken = true).is_some()
    }
}

/// The transitions of one socket, in order, while its ownership is unknown.
#[derive(Debug)]
struct Unproven {
    since: u64,
    transitions: Vec<TracedTransition>,
}

impl Ownership {
    /// Takes in one transition; those known to be ours go to `out`. A connection's end that `is_over` is not looked up: its
    /// destruction is announced if it is ours, and where thousands come and go in other namespaces, lookups would cost more
    /// time than there is.
    pub(super) fn take_in(
        &mut self,
        now: u64,
        transition: TracedTransition,
        is_over: bool,
        namespace: &mut dyn OwnNamespace,
        out: &mut Vec<TracedTransition>,
    ) {
        let TracedTransition { socket, time, ref change, .. } = transition;
        if change.begins() {
            self.known.remove(&socket);
        }
        let is_ours = match self.known.get(&socket) {
            Some(is_ours) => Some(*is_ours),
            None if cannot_be_looked_up(&change.flow) => Some(true),
            None if self.waiting.contains_key(&key(&change.flow)) => None,
            None if is_over && change.flow.peer.is_some() => None,
            None if change.begins() && change.flow.peer.is_none() => is_new(&change.flow, namespace),
            None => is_there(change, time, namespace).then_some(true),
        };
        match is_ours {
            Some(is_ours) => {
                self.remember(socket, change.to, is_ours);
                if is_ours {
                    self.unannounced.follow(change);
                }
            }
            None => return self.wait(now, transition, namespace, out),
        }
        if is_ours == Some(true) {
            out.push(transition);
        } else {
            self.unattributed.foreign += 1;
        }
    }

    /// A socket with these addresses was destroyed in our namespace.
    pub(super) fn destroyed(&mut self, flow: &Flow, out: &mut Vec<TracedTransition>) {
        match flow.peer {
            Some(peer) if peer.port() == 0 => self.disconnected(flow.local.port(), peer.ip(), out),
            _ => {
                // What was taken for its announcement before was another socket's.
                if let Some((port, host)) = self.unannounced.announced(flow) {
                    self.disconnected(port, host, out);
                }
                self.announced(flow, out);
            }
        }
    }

    fn announced(&mut self, flow: &Flow, out: &mut Vec<TracedTransition>) {
        for (flow, is_announced) in [(Some(*flow), true), (flow.mirror(), false)] {
            let Some(flow) = flow else { continue };
            let Some(mut waiting) = self.waiting.remove(&key(&flow)) else { continue };
            if flow.peer.is_none() {
                // Any namespace's listener may have closed on this address; ours is the latest.
                self.unattributed.foreign += waiting.transitions.len().saturating_sub(1) as u64;
                waiting.transitions.drain(..waiting.transitions.len().saturating_sub(1));
            }
            if !is_announced && let Some(last) = waiting.transitions.last() {
                self.unannounced.follow(&last.change);
            }
            self.confirm(waiting, out);
        }
    }

    /// A socket on this port that was connected to this host was destroyed. When a connection is refused, or reset by its
    /// own end, the kernel clears the other addresses before that (`tcp_disconnect`). It is one that is known to be ours, if
    /// there is one; otherwise the closed one that waits, if there is exactly one.
    fn disconnected(&mut self, port: u16, host: IpAddr, out: &mut Vec<TracedTransition>) {
        if self.unannounced.disconnected(port, host) {
            return;
        }
        if let Some(flow) = self.only_one_waiting(port, host) {
            self.announced(&flow, out);
        }
    }

    fn only_one_waiting(&self, port: u16, host: IpAddr) -> Option<Flow> {
        let of_port = self.waiting.range(first_of(port)..).take_while(|((other, _), _)| *other == port);
        let is_over = |waiting: &Unproven| {
            waiting.transitions.last().is_some_and(|transition| transition.change.to == TcpState::Closed)
        };
        let is_it = |flow: &Flow| flow.peer.is_some_and(|peer| peer.ip() == host.to_canonical());
        let mut over = of_port.filter(|((_, flow), waiting)| is_it(flow) && is_over(waiting));
        match (over.next(), over.next()) {
            (Some(((_, flow), _)), None) => Some(*flow),
            _ => None,
        }
    }

    /// Announcements of destroyed sockets were missed.
    pub(super) const fn missed_announcements(&mut self, now: u64) {
        self.unreliable_until = now.saturating_add(PATIENCE);
    }

    /// Gives up on what has waited long enough, after a last lookup.
    pub(super) fn expire(&mut self, now: u64, namespace: &mut dyn OwnNamespace, out: &mut Vec<TracedTransition>) {
        while let Some((due, key)) = self.due.pop_front_if(|(due, _)| *due <= now) {
            self.give_up(due, key, now, namespace, out);
        }
    }

    /// Decides about a socket that was due at that time, if it still waits: it may have been confirmed since, and its
    /// addresses used again.
    fn give_up(
        &mut self,
        due: u64,
        key: SocketKey,
        now: u64,
        namespace: &mut dyn OwnNamespace,
        out: &mut Vec<TracedTransition>,
    ) {
        let is_it = self.waiting.get(&key).is_some_and(|waiting| waiting.since.saturating_add(PATIENCE) <= due);
        let Some(waiting) = is_it.then(|| self.waiting.remove(&key)).flatten() else { return };
        let (Some(first), Some(last)) = (waiting.transitions.first(), waiting.transitions.last()) else { return };
        // One that has closed has been announced.
        let may_be_there = last.change.to != TcpState::Closed || now < self.unreliable_until;
        if may_be_there && is_there(&last.change, first.time, namespace) {
            self.unannounced.follow(&last.change);
            return self.confirm(waiting, out);
        }
        self.remember(last.socket, last.change.to, false);
        let count = waiting.transitions.len() as u64;
        if now < self.unreliable_until {
            self.unattributed.lost += count;
        } else {
            self.unattributed.foreign += count;
        }
    }

    /// When [`Ownership::expire`] next has something to do.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.front().map(|(due, _)| *due)
    }

    /// The transitions not reported since the last call.
    pub(super) fn take_unattributed(&mut self) -> Unattributed {
        std::mem::take(&mut self.unattributed)
    }

    /// Remembers whether this socket is ours, until it is closed.
    fn remember(&mut self, socket: u64, state: TcpState, is_ours: bool) {
        if state == TcpState::Closed {
            self.known.remove(&socket);
        } else if self.known.len() < MOST {
            self.known.insert(socket, is_ours);
        }
    }

    fn wait(
        &mut self,
        now: u64,
        transition: TracedTransition,
        namespace: &mut dyn OwnNamespace,
        out: &mut Vec<TracedTransition>,
    ) {
        let key = key(&transition.change.flow);
        // Those that have waited longest make room.
        while self.due.len() >= MOST_WAITING
            && let Some((due, oldest)) = self.due.pop_front_if(|(due, _)| *due <= now + (PATIENCE - LEAST_PATIENCE))
        {
            self.give_up(due, oldest, now, namespace, out);
        }
        let full = self.due.len() >= MOST_WAITING;
        match self.waiting.get_mut(&key) {
            Some(waiting) if waiting.transitions.len() < LONGEST => waiting.transitions.push(transition),
            None if !full => {
                self.waiting.insert(key, Unproven { since: now, transitions: vec![transition] });
                self.due.push_back((now.saturating_add(PATIENCE), key));
            }
            _ => self.unattributed.lost += 1,
        }
    }

    fn confirm(&mut self, waiting: Unproven, out: &mut Vec<TracedTransition>) {
        if let Some(last) = waiting.transitions.last() {
            self.remember(last.socket, last.change.to, true);
        }
        out.extend(waiting.transitions);
    }
}

/// What is less than the keys of all sockets on this port.
fn first_of(port: u16) -> SocketKey {
    (port, Flow::unconnected(Proto::Tcp, SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))))
}

/// The same addresses, with IPv4-mapped IPv6 as IPv4: the other end may have them that way.
fn key(flow: &Flow) -> SocketKey {
    let plain = |addr: SocketAddr| SocketAddr::new(addr.ip().to_canonical(), addr.port());
    (flow.local.port(), Flow { local: plain(flow.local), peer: flow.peer.map(plain), ..*flow })
}

#[cfg(test)]
#[path = "ownership_tests.rs"]
mod tests;
