//! The guard: what strangers may do to the servers, and what happens when they do more.
//!
//! A server asks it in two places: when a connection was accepted (`admit`) and when something was received
//! (`Permit::heard`). Peers on this very machine, loopback or its own address, are never limited: a class of one may
//! spawn as many clients as the machine can bear. They can be kicked and blocked as anybody else.
//!
//! What a program cannot do is keep half-open connections away: `accept` shows only those whose handshake is over. The
//! kernel bounds them by the backlog, and answers what is beyond with SYN cookies, which keep no state. How many there are
//! the socket table shows, and that the limit acts is told by who reads it, from the kernel's own counters.

mod event_limiter;
mod permit;
mod rate_limiter;
mod udp_filter;

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use self::event_limiter::{EventLimiter, Incident};
use self::permit::ConnectionEntry;
pub(super) use self::permit::{GuardDecision, Permit};
use self::rate_limiter::RateLimiter;
pub(super) use self::udp_filter::UdpFilter;
use super::reporter::Reporter;
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{CloseHow, ConnNo, Flow, GuardEvent, Limits, Rule, ServerId, SocketId, Stamp};

/// How many addresses are kept count of at once. Each costs about a hundred bytes.
const ADDRESSES: usize = 4_096;

/// How often idle connections are looked for, and counts are told.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The one guard of all servers of a laboratory.
#[derive(Clone)]
pub(super) struct Guard(Arc<GuardShared>);

struct GuardShared {
    state: Mutex<GuardState>,
    /// Told when there is something to make rounds for.
    wake: Notify,
    log: Reporter,
}

/// What the guard has on its desk.
#[derive(Default)]
struct GuardState {
    limits: Arc<Limits>,
    blocked: BTreeSet<IpAddr>,
    /// What is known of each stranger.
    remote_peers: HashMap<IpAddr, RemotePeer>,
    /// Everybody inside, strangers or not.
    connections: HashMap<(ServerId, ConnNo), Arc<ConnectionEntry>>,
    /// How many of them are strangers.
    total: u64,
    /// The datagrams of all strangers together.
    datagrams: RateLimiter,
    events: EventLimiter,
}

/// One address that is not this machine's.
#[derive(Debug, Default)]
struct RemotePeer {
    open: u64,
    arrivals: RateLimiter,
    bytes: RateLimiter,
    messages: RateLimiter,
}

impl Guard {
    pub(super) fn new(log: Reporter) -> Self {
        Self(Arc::new(GuardShared { state: Mutex::default(), wake: Notify::new(), log }))
    }

    /// Puts other numbers in force; connections that are inside stay.
    pub(super) fn limit(&self, limits: Limits) {
        self.state().limits = Arc::new(limits);
        self.report_limits();
    }

    /// Reports the numbers in force.
    pub(super) fn report_limits(&self) {
        let limits = Limits::clone(&self.state().limits);
        self.0.log.guard(GuardEvent::Limits { limits });
    }

    /// Lifts every limit without a word.
    pub(super) fn disable(&self) {
        self.state().limits = Arc::new(Limits::none().with(Rule::Backlog, Rule::Backlog.usual()));
    }

    /// The number of a rule.
    pub(super) fn number(&self, rule: Rule) -> Option<u64> {
        self.state().limits.of(rule)
    }

    /// Whether a connection that was accepted may stay. `None`: it is to be reset at once.
    pub(super) fn admit(&self, server: ServerId, no: ConnNo, flow: Flow) -> Option<Permit> {
        let peer = flow.peer?.ip().to_canonical();
        let is_remote = is_remote(peer, flow.local);
        let mut state = self.state();
        if let Err((rule, limit)) = state.admits(peer, is_remote, self.0.log.now()) {
            drop(state);
            self.acted(server, peer, rule, limit, GuardAction::Refused);
            return None;
        }
        let entry = Arc::new(ConnectionEntry::new(peer, is_remote, SocketId::Conn(server, no), flow, self.0.log.now()));
        state.connections.insert((server, no), Arc::clone(&entry));
        drop(state);
        if is_remote {
            self.0.wake.notify_one();
        }
        Some(Permit::new(self.clone(), server, no, entry))
    }

    /// Closes every connection from this address. Reports `Kicked`.
    pub(super) fn kick(&self, address: IpAddr) {
        let address = address.to_canonical();
        let state = self.state();
        let entries: Vec<_> = state.connections.values().filter(|entry| entry.peer == address).cloned().collect();
        drop(state);
        // Who is on its way out already is not shown out again.
        let count = entries.iter().filter(|entry| entry.revoke(&self.0.log)).count() as u64;
        self.0.log.guard(GuardEvent::Kicked { address, count });
    }

    /// Has a server close one connection; one that has ended already is left alone.
    pub(super) fn close(&self, server: ServerId, no: ConnNo, how: CloseHow) {
        let entry = self.state().connections.get(&(server, no)).cloned();
        if let Some(entry) = entry {
            entry.close(how, &self.0.log);
        }
    }

    /// Takes nothing from this address any more, and closes what it has. Reports `Blocked`.
    pub(super) fn block(&self, address: IpAddr) {
        let address = address.to_canonical();
        if self.state().blocked.insert(address) {
            self.0.log.guard(GuardEvent::Blocked { address });
        }
        self.kick(address);
    }

    /// The opposite. Reports `Unblocked`.
    pub(super) fn unblock(&self, address: IpAddr) {
        let address = address.to_canonical();
        if self.state().blocked.remove(&address) {
            self.0.log.guard(GuardEvent::Unblocked { address });
        }
    }

    /// This server is about to close all that it has: that its visitors go now says nothing about them.
    pub(super) fn server_closing(&self, server: ServerId) {
        self.state()
            .connections
            .iter()
            .filter(|((at, _), _)| *at == server)
            .for_each(|(_, entry)| entry.mark_explained());
    }

    /// Makes rounds for as long as somebody has to be looked after. Never ends.
    pub(super) async fn run_sweeps(self) {
        loop {
            self.0.wake.notified().await;
            while self.is_needed() {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                self.sweep();
            }
        }
    }

    /// Tells all counts that were kept back.
    pub(super) fn flush(&self) {
        let due = self.state().events.due(self.0.log.now(), true);
        due.into_iter().for_each(|event| self.report(&event));
    }

    fn is_needed(&self) -> bool {
        let state = self.state();
        state.total > 0 || !state.remote_peers.is_empty() || !state.events.is_empty()
    }

    fn sweep(&self) {
        let now = self.0.log.now();
        let mut state = self.state();
        state.remote_peers.retain(|_, remote| !remote.is_forgettable(now));
        let idle = state.limits.of(Rule::Idle);
        let patience = Duration::from_secs(idle.unwrap_or(u64::MAX));
        let idle_entries =
            state.connections.iter().filter(|(_, entry)| entry.is_remote && entry.silence(now) >= patience);
        let idle_entries: Vec<_> = idle_entries.map(|((server, _), entry)| (*server, Arc::clone(entry))).collect();
        let due = state.events.due(now, false);
        drop(state);
        due.into_iter().for_each(|event| self.report(&event));
        for (server, entry) in idle_entries.iter().filter(|(_, entry)| entry.revoke(&self.0.log)) {
            self.acted(*server, entry.peer, Rule::Idle, idle, GuardAction::Closed);
        }
    }

    fn acted(&self, server: ServerId, address: IpAddr, rule: Rule, limit: Option<u64>, action: GuardAction) {
        self.note(server, Some(address), Incident::Acted(rule, limit, action));
    }

    fn checked(&self, server: ServerId, address: IpAddr, check: PortCheck) {
        if self.state().limits.is_off() {
            return;
        }
        self.note(server, Some(address), Incident::Checked(check));
    }

    /// `None` for an address that is not to be named.
    fn note(&self, server: ServerId, address: Option<IpAddr>, incident: Incident) {
        let event = self.state().events.note(server, address, incident, self.0.log.now());
        self.0.wake.notify_one();
        if let Some(event) = event {
            self.report(&event);
        }
    }

    fn report(&self, event: &GuardEvent) {
        if !self.0.log.guard(event.clone()) {
            self.state().events.take_back(event);
        }
    }

    fn state(&self) -> MutexGuard<'_, GuardState> {
        // What is inside is whole at every instant, also if a thread panicked while it held the lock.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GuardState {
    /// Whether a new connection from this address keeps the rules; if so, it is counted.
    fn admits(&mut self, peer: IpAddr, is_remote: bool, now: Stamp) -> Result<(), (Rule, Option<u64>)> {
        if self.blocked.contains(&peer) {
            return Err((Rule::Blocked, None));
        }
        if !is_remote {
            return Ok(());
        }
        let number = |rule| self.limits.of(rule);
        let [most, most_of_all, rate] = [Rule::Connections, Rule::Total, Rule::Arrivals].map(number);
        let total = self.total;
        let remote = self.remote(peer, now).ok_or((Rule::Addresses, Some(ADDRESSES as u64)))?;
        if most.is_some_and(|most| remote.open >= most) {
            return Err((Rule::Connections, most));
        }
        if most_of_all.is_some_and(|most| total >= most) {
            return Err((Rule::Total, most_of_all));
        }
        if rate.is_some_and(|rate| !remote.arrivals.allows(1, rate, now)) {
            return Err((Rule::Arrivals, rate));
        }
        remote.open += 1;
        self.total += 1;
        Ok(())
    }

    /// What is known of an address; `None` when there are too many to keep count of one more.
    fn remote(&mut self, peer: IpAddr, now: Stamp) -> Option<&mut RemotePeer> {
        if self.remote_peers.len() >= ADDRESSES && !self.remote_peers.contains_key(&peer) {
            self.remote_peers.retain(|_, remote| !remote.is_forgettable(now));
        }
        let has_room = self.remote_peers.len() < ADDRESSES || self.remote_peers.contains_key(&peer);
        has_room.then(|| self.remote_peers.entry(peer).or_default())
    }
}

impl RemotePeer {
    fn is_forgettable(&self, now: Stamp) -> bool {
        self.open == 0 && [self.arrivals, self.bytes, self.messages].iter().all(|limiter| limiter.is_rested(now))
    }

    /// Counts what has come, and says how long nothing more may come, and by which rule.
    fn received(&mut self, len: u64, limits: &Limits, now: Stamp) -> (Duration, Rule, u64) {
        let none = (Duration::ZERO, Rule::Bytes, 0);
        let bytes = limits.of(Rule::Bytes).map_or(none, |rate| (self.bytes.take(len, rate, now), Rule::Bytes, rate));
        let messages =
            limits.of(Rule::Messages).map_or(none, |rate| (self.messages.take(1, rate, now), Rule::Messages, rate));
        bytes.max(messages)
    }
}

/// Whether a peer is another machine. Loopback is this one, and so is who has the very address it talks to: the kernel
/// lets no packet in that claims to come from an address of ours.
fn is_remote(peer: IpAddr, local: SocketAddr) -> bool {
    !peer.is_loopback() && peer != local.ip().to_canonical()
}
