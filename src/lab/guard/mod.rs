//! The guard: what strangers may do to the servers, and what happens when they do more.
//!
//! A server asks it in two places: when a connection was accepted (`admit`) and when something was received
//! (`Pass::heard`). Peers on this very machine, loopback or its own address, are never limited: a class of one may
//! spawn as many clients as the machine can bear. They can be kicked and blocked as anybody else.
//!
//! What a program cannot do is keep half-open connections away: `accept` shows only those whose handshake is over. The
//! kernel bounds them by the backlog, and answers what is beyond with SYN cookies, which keep no state. How many there are
//! the socket table shows, and that the limit acts is told by who reads it, from the kernel's own counters.

mod datagrams;
mod ledger;
mod pace;
mod pass;

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

pub(super) use self::datagrams::Gate;
use self::ledger::{Ledger, What};
use self::pace::Pace;
use self::pass::Ticket;
pub(super) use self::pass::{Next, Pass};
use super::reporter::Reporter;
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{ConnNo, Flow, GuardEvent, Limits, Rule, ServerId, SocketId, Stamp};

/// How many addresses are kept count of at once. Each costs about a hundred bytes.
const ADDRESSES: usize = 4_096;

/// How often idle connections are looked for, and counts are told.
const ROUND: Duration = Duration::from_secs(1);

/// The one guard of all servers of a laboratory.
#[derive(Clone)]
pub(super) struct Guard(Arc<Shared>);

struct Shared {
    desk: Mutex<Desk>,
    /// Told when there is something to make rounds for.
    awake: Notify,
    log: Reporter,
}

/// What the guard has on its desk.
#[derive(Default)]
struct Desk {
    limits: Arc<Limits>,
    blocked: BTreeSet<IpAddr>,
    /// What is known of each stranger.
    strangers: HashMap<IpAddr, Stranger>,
    /// Everybody inside, strangers or not.
    inside: HashMap<(ServerId, ConnNo), Arc<Ticket>>,
    /// How many of them are strangers.
    total: u64,
    /// The datagrams of all strangers together.
    datagrams: Pace,
    ledger: Ledger,
}

/// One address that is not this machine's.
#[derive(Debug, Default)]
struct Stranger {
    open: u64,
    arrivals: Pace,
    bytes: Pace,
    messages: Pace,
}

impl Guard {
    pub(super) fn new(log: Reporter) -> Self {
        Self(Arc::new(Shared { desk: Mutex::default(), awake: Notify::new(), log }))
    }

    /// Puts other numbers in force; connections that are inside stay.
    pub(super) fn limit(&self, limits: Limits) {
        self.desk().limits = Arc::new(limits);
        self.tell_limits();
    }

    /// Reports the numbers in force.
    pub(super) fn tell_limits(&self) {
        let limits = Limits::clone(&self.desk().limits);
        self.0.log.guard(GuardEvent::Limits { limits });
    }

    /// Lifts every limit without a word.
    pub(super) fn dismiss(&self) {
        self.desk().limits = Arc::new(Limits::none().with(Rule::Backlog, Rule::Backlog.usual()));
    }

    /// The number of a rule.
    pub(super) fn number(&self, rule: Rule) -> Option<u64> {
        self.desk().limits.of(rule)
    }

    /// Whether a connection that was accepted may stay. `None`: it is to be reset at once.
    pub(super) fn admit(&self, server: ServerId, no: ConnNo, flow: Flow) -> Option<Pass> {
        let peer = flow.peer?.ip().to_canonical();
        let is_stranger = is_stranger(peer, flow.local);
        let mut desk = self.desk();
        if let Err((rule, limit)) = desk.admits(peer, is_stranger, self.0.log.now()) {
            drop(desk);
            self.acted(server, peer, rule, limit, GuardAction::Refused);
            return None;
        }
        let ticket = Arc::new(Ticket::new(peer, is_stranger, SocketId::Conn(server, no), flow, self.0.log.now()));
        desk.inside.insert((server, no), Arc::clone(&ticket));
        drop(desk);
        if is_stranger {
            self.0.awake.notify_one();
        }
        Some(Pass::new(self.clone(), server, no, ticket))
    }

    /// Closes every connection from this address. Reports `Kicked`.
    pub(super) fn kick(&self, address: IpAddr) {
        let address = address.to_canonical();
        let desk = self.desk();
        let theirs: Vec<_> = desk.inside.values().filter(|ticket| ticket.peer == address).cloned().collect();
        drop(desk);
        // Who is on its way out already is not shown out again.
        let count = theirs.iter().filter(|ticket| ticket.end(&self.0.log)).count() as u64;
        self.0.log.guard(GuardEvent::Kicked { address, count });
    }

    /// Takes nothing from this address any more, and closes what it has. Reports `Blocked`.
    pub(super) fn block(&self, address: IpAddr) {
        let address = address.to_canonical();
        if self.desk().blocked.insert(address) {
            self.0.log.guard(GuardEvent::Blocked { address });
        }
        self.kick(address);
    }

    /// The opposite. Reports `Unblocked`.
    pub(super) fn unblock(&self, address: IpAddr) {
        let address = address.to_canonical();
        if self.desk().blocked.remove(&address) {
            self.0.log.guard(GuardEvent::Unblocked { address });
        }
    }

    /// This server is about to close all that it has: that its visitors go now says nothing about them.
    pub(super) fn closing(&self, server: ServerId) {
        self.desk().inside.iter().filter(|((at, _), _)| *at == server).for_each(|(_, ticket)| ticket.excuse());
    }

    /// Makes rounds for as long as somebody has to be looked after. Never ends.
    pub(super) async fn watch(self) {
        loop {
            self.0.awake.notified().await;
            while self.is_needed() {
                tokio::time::sleep(ROUND).await;
                self.round();
            }
        }
    }

    /// Tells all counts that were kept back.
    pub(super) fn tell_all(&self) {
        let due = self.desk().ledger.due(self.0.log.now(), true);
        due.into_iter().for_each(|event| self.tell(&event));
    }

    fn is_needed(&self) -> bool {
        let desk = self.desk();
        desk.total > 0 || !desk.strangers.is_empty() || !desk.ledger.is_empty()
    }

    fn round(&self) {
        let now = self.0.log.now();
        let mut desk = self.desk();
        desk.strangers.retain(|_, stranger| !stranger.is_forgettable(now));
        let idle = desk.limits.of(Rule::Idle);
        let patience = Duration::from_secs(idle.unwrap_or(u64::MAX));
        let tired = desk.inside.iter().filter(|(_, ticket)| ticket.is_stranger && ticket.silence(now) >= patience);
        let tired: Vec<_> = tired.map(|((server, _), ticket)| (*server, Arc::clone(ticket))).collect();
        let due = desk.ledger.due(now, false);
        drop(desk);
        due.into_iter().for_each(|event| self.tell(&event));
        for (server, ticket) in tired.iter().filter(|(_, ticket)| ticket.end(&self.0.log)) {
            self.acted(*server, ticket.peer, Rule::Idle, idle, GuardAction::Closed);
        }
    }

    fn acted(&self, server: ServerId, address: IpAddr, rule: Rule, limit: Option<u64>, action: GuardAction) {
        self.note(server, Some(address), What::Acted(rule, limit, action));
    }

    fn checked(&self, server: ServerId, address: IpAddr, check: PortCheck) {
        if self.desk().limits.is_off() {
            return;
        }
        self.note(server, Some(address), What::Checked(check));
    }

    /// `None` for an address that is not to be named.
    fn note(&self, server: ServerId, address: Option<IpAddr>, what: What) {
        let event = self.desk().ledger.note(server, address, what, self.0.log.now());
        self.0.awake.notify_one();
        if let Some(event) = event {
            self.tell(&event);
        }
    }

    fn tell(&self, event: &GuardEvent) {
        if !self.0.log.guard(event.clone()) {
            self.desk().ledger.take_back(event);
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // What is inside is whole at every instant, also if a thread panicked while it held the lock.
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Whether a new connection from this address keeps the rules; if so, it is counted.
    fn admits(&mut self, peer: IpAddr, is_stranger: bool, now: Stamp) -> Result<(), (Rule, Option<u64>)> {
        if self.blocked.contains(&peer) {
            return Err((Rule::Blocked, None));
        }
        if !is_stranger {
            return Ok(());
        }
        let number = |rule| self.limits.of(rule);
        let [most, most_of_all, rate] = [Rule::Connections, Rule::Total, Rule::Arrivals].map(number);
        let total = self.total;
        let stranger = self.stranger(peer, now).ok_or((Rule::Addresses, Some(ADDRESSES as u64)))?;
        if most.is_some_and(|most| stranger.open >= most) {
            return Err((Rule::Connections, most));
        }
        if most_of_all.is_some_and(|most| total >= most) {
            return Err((Rule::Total, most_of_all));
        }
        if rate.is_some_and(|rate| !stranger.arrivals.allows(1, rate, now)) {
            return Err((Rule::Arrivals, rate));
        }
        stranger.open += 1;
        self.total += 1;
        Ok(())
    }

    /// What is known of an address; `None` when there are too many to keep count of one more.
    fn stranger(&mut self, peer: IpAddr, now: Stamp) -> Option<&mut Stranger> {
        if self.strangers.len() >= ADDRESSES && !self.strangers.contains_key(&peer) {
            self.strangers.retain(|_, stranger| !stranger.is_forgettable(now));
        }
        let has_room = self.strangers.len() < ADDRESSES || self.strangers.contains_key(&peer);
        has_room.then(|| self.strangers.entry(peer).or_default())
    }
}

impl Stranger {
    fn is_forgettable(&self, now: Stamp) -> bool {
        self.open == 0 && [self.arrivals, self.bytes, self.messages].iter().all(|pace| pace.is_rested(now))
    }

    /// Counts what has come, and says how long nothing more may come, and by which rule.
    fn heard(&mut self, len: u64, limits: &Limits, now: Stamp) -> (Duration, Rule, u64) {
        let none = (Duration::ZERO, Rule::Bytes, 0);
        let bytes = limits.of(Rule::Bytes).map_or(none, |rate| (self.bytes.take(len, rate, now), Rule::Bytes, rate));
        let messages =
            limits.of(Rule::Messages).map_or(none, |rate| (self.messages.take(1, rate, now), Rule::Messages, rate));
        bytes.max(messages)
    }
}

/// Whether a peer is another machine. Loopback is this one, and so is who has the very address it talks to: the kernel
/// lets no packet in that claims to come from an address of ours.
fn is_stranger(peer: IpAddr, local: SocketAddr) -> bool {
    !peer.is_loopback() && peer != local.ip().to_canonical()
}
