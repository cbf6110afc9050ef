//! The guard: limits on what remote peers may do to the servers.
//!
//! A server consults it when a connection was accepted (`Guard::admit`) and when a message was received
//! (`Permit::received`). Peers on this machine, at loopback or its own address, have no limits, but can be kicked and blocked
//! like any other.
//!
//! A program cannot refuse half-open connections: `accept` returns only those whose handshake is complete. The kernel limits
//! them by the backlog, and answers further SYNs with SYN cookies, which keep no state.

mod event_limiter;
mod permit;
mod rate_limiter;
mod udp_filter;

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use self::event_limiter::{EventLimiter, Incident};
use self::permit::ConnectionEntry;
pub(super) use self::permit::{GuardDecision, Permit};
use self::rate_limiter::RateLimiter;
pub(super) use self::udp_filter::UdpFilter;
use super::locked;
use super::reporter::Reporter;
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{CloseHow, ConnNo, Flow, GuardEvent, Limits, Rule, ServerId, SocketId, Stamp};

/// How many remote addresses are counted at once. Each takes about a hundred bytes.
const ADDRESSES: usize = 4_096;

/// How often idle connections are closed and counts are reported.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct Guard(Arc<GuardShared>);

struct GuardShared {
    state: Mutex<GuardState>,
    /// Notified when there is something to sweep.
    wake: Notify,
    log: Reporter,
}

#[derive(Default)]
struct GuardState {
    limits: Arc<Limits>,
    blocked: BTreeSet<IpAddr>,
    remote_peers: HashMap<IpAddr, RemotePeer>,
    /// The accepted connections, also those of local peers.
    connections: HashMap<(ServerId, ConnNo), Arc<ConnectionEntry>>,
    /// How many of them are from remote peers.
    total: u64,
    datagrams: RateLimiter,
    events: EventLimiter,
}

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

    /// Replaces the limits. Existing connections stay.
    pub(super) fn limit(&self, limits: Limits) {
        self.state().limits = Arc::new(limits);
        self.report_limits();
    }

    pub(super) fn report_limits(&self) {
        let limits = Limits::clone(&self.state().limits);
        self.0.log.guard(GuardEvent::Limits { limits });
    }

    /// Removes every limit. Reports nothing.
    pub(super) fn disable(&self) {
        self.state().limits = Arc::new(Limits::none().with(Rule::Backlog, Rule::Backlog.usual()));
    }

    pub(super) fn number(&self, rule: Rule) -> Option<u64> {
        self.state().limits.of(rule)
    }

    /// Registers an accepted connection; `None` if a rule refuses it, and it has to be reset.
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

    pub(super) fn kick(&self, address: IpAddr) {
        let address = address.to_canonical();
        let state = self.state();
        let entries: Vec<_> = state.connections.values().filter(|entry| entry.peer == address).cloned().collect();
        drop(state);
        // Connections that are being closed already are not counted.
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

    /// Has a server send so many bytes over one connection; one that has ended already is left alone.
    pub(super) fn bulk(&self, server: ServerId, no: ConnNo, bytes: u64) {
        let entry = self.state().connections.get(&(server, no)).cloned();
        if let Some(entry) = entry {
            entry.send_bulk(bytes);
        }
    }

    /// Refuses this address from now on, and closes its connections. Reports `Blocked` and `Kicked`.
    pub(super) fn block(&self, address: IpAddr) {
        let address = address.to_canonical();
        if self.state().blocked.insert(address) {
            self.0.log.guard(GuardEvent::Blocked { address });
        }
        self.kick(address);
    }

    pub(super) fn unblock(&self, address: IpAddr) {
        let address = address.to_canonical();
        if self.state().blocked.remove(&address) {
            self.0.log.guard(GuardEvent::Unblocked { address });
        }
    }

    /// A server is about to close all its connections: their end is no sign of a port check.
    pub(super) fn server_closing(&self, server: ServerId) {
        let state = self.state();
        state.connections.iter().filter(|((of, _), _)| *of == server).for_each(|(_, entry)| entry.mark_explained());
    }

    /// Waits until no server has a connection, but not longer than `most`: visitors may stay.
    pub(super) async fn until_idle(&self, most: Duration) {
        let idle = async {
            while !self.state().connections.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = tokio::time::timeout(most, idle).await;
    }

    /// Sweeps for as long as there are entries. Never returns.
    pub(super) async fn run_sweeps(self) {
        loop {
            self.0.wake.notified().await;
            while self.is_needed() {
                tokio::time::sleep(SWEEP_INTERVAL).await;
                self.sweep();
            }
        }
    }

    /// Reports all counts that were held back.
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
        state.remote_peers.retain(|_, remote| !remote.is_unused(now));
        let idle = state.limits.of(Rule::Idle);
        let patience = Duration::from_secs(idle.unwrap_or(u64::MAX));
        let is_idle = |entry: &ConnectionEntry| entry.is_remote && entry.silence(now) >= patience;
        let idle_entries = state.connections.iter().filter(|(_, entry)| is_idle(entry));
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
        if !self.state().limits.is_off() {
            self.note(server, Some(address), Incident::Checked(check));
        }
    }

    /// Reports an incident, or counts it. `address` is the peer that caused it, if a single one did.
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
        locked(&self.0.state)
    }
}

impl GuardState {
    /// Counts a new connection from this address, unless it breaks a rule.
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

    /// The counts of an address; `None` if there are too many addresses.
    fn remote(&mut self, peer: IpAddr, now: Stamp) -> Option<&mut RemotePeer> {
        if self.remote_peers.len() >= ADDRESSES && !self.remote_peers.contains_key(&peer) {
            self.remote_peers.retain(|_, remote| !remote.is_unused(now));
            if self.remote_peers.len() >= ADDRESSES {
                return None;
            }
        }
        Some(self.remote_peers.entry(peer).or_default())
    }
}

impl RemotePeer {
    /// Whether the entry is as good as a new one.
    fn is_unused(&self, now: Stamp) -> bool {
        self.open == 0 && [self.arrivals, self.bytes, self.messages].iter().all(|limiter| limiter.is_rested(now))
    }

    /// Counts a message. Returns how long to wait before the next, and by which rule and limit.
    fn received(&mut self, len: u64, limits: &Limits, now: Stamp) -> (Duration, Rule, u64) {
        let none = (Duration::ZERO, Rule::Bytes, 0);
        let bytes = limits.of(Rule::Bytes).map_or(none, |rate| (self.bytes.take(len, rate, now), Rule::Bytes, rate));
        let messages =
            limits.of(Rule::Messages).map_or(none, |rate| (self.messages.take(1, rate, now), Rule::Messages, rate));
        bytes.max(messages)
    }
}

/// Whether a peer is another machine. A peer with a loopback address or the address it talks to is this machine: the kernel drops
/// packets from outside with such a source.
fn is_remote(peer: IpAddr, local: SocketAddr) -> bool {
    !peer.is_loopback() && peer != local.ip().to_canonical()
}
