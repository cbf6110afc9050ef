//! The order of the journal: no effect stands before its cause.
//!
//! Producers report the same connection independently, each with a delay of its own: a call when it has returned, a state
//! when the table was read. What is known exactly keeps its time: a call, a traced change, a packet. Any other change
//! happened no later than it was seen, no later than its effects, and no earlier than its causes; its time is chosen so
//! that all of these hold. An event whose cause is certain to be reported but has not arrived is held back for at most
//! [`PATIENCE`], together with what follows on the same connection.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use crate::domain::client::ClientChange;
use crate::domain::{
    Args, Call, ClientEvent, ClientId, EventKind, Evidence, Flow, Observation, Outcome, Proto, Shut, Stamp, Syscall,
    TcpState, WorldId,
};

/// How long an event waits for its cause, and a sampled change for an exact event that bounds its time.
const PATIENCE: Duration = Duration::from_millis(5);

/// How far before the present an event that was seen late is dated at most, unless its effects happened even earlier.
pub const FARTHEST_BACK: Duration = Duration::from_millis(40);

/// A moment in the life of one end of a connection that orders it against the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// `connect` was entered.
    Connect,
    /// This state was reached.
    State(TcpState),
    /// `accept` returned this connection.
    Accept,
    /// `close` or `shutdown` was entered.
    Close,
    /// `recv` returned the end of the data.
    EndOfData,
}

impl Moment {
    const COUNT: usize = 15;

    fn all() -> impl Iterator<Item = Self> {
        let calls = [Self::Connect, Self::Accept, Self::Close, Self::EndOfData];
        TcpState::ALL.iter().map(|state| Self::State(*state)).chain(calls)
    }

    const fn place(self) -> usize {
        match self {
            Self::State(state) => state as usize,
            Self::Connect => 11,
            Self::Accept => 12,
            Self::Close => 13,
            Self::EndOfData => 14,
        }
    }

    /// The moment that an observation is about.
    fn of(seen: &Observation) -> Option<Self> {
        match &seen.kind {
            EventKind::State(change) => Some(Self::State(change.to)),
            EventKind::Call(call) => Self::of_call(call),
            _ => None,
        }
    }

    fn of_call(call: &Call) -> Option<Self> {
        if matches!(call.result, Outcome::Failed(_)) {
            return (call.call == Syscall::Connect).then_some(Self::Connect);
        }
        match call.call {
            Syscall::Connect => Some(Self::Connect),
            Syscall::Accept => Some(Self::Accept),
            Syscall::Shutdown if call.args == Args::Shut(Shut::Read) => None,
            Syscall::Close | Syscall::Shutdown => Some(Self::Close),
            Syscall::Recv if call.data.as_ref().is_some_and(|data| data.len == 0) => Some(Self::EndOfData),
            _ => None,
        }
    }
}

/// What is known of one end of a connection.
#[derive(Debug, Default)]
struct OrderedEnd {
    /// When each moment of its present life happened.
    moments: [Option<Stamp>; Moment::COUNT],
    /// Whether its calls are reported: it is a client of the laboratory, or a connection of one of its servers.
    is_ours: bool,
    /// How many bytes its reported calls have sent and received.
    sent: u64,
    received: u64,
}

impl OrderedEnd {
    const fn when(&self, moment: Moment) -> Option<Stamp> {
        self.moments[moment.place()]
    }

    const fn has(&self, moment: Moment) -> bool {
        self.when(moment).is_some()
    }

    /// Whether it is known to have opened the connection.
    const fn is_active(&self) -> bool {
        self.has(Moment::Connect) || self.has(Moment::State(TcpState::SynSent))
    }

    fn is_known(&self) -> bool {
        self.is_ours || self.moments.iter().any(Option::is_some)
    }
}

/// An event that is not in the journal yet.
#[derive(Debug)]
struct HeldEvent {
    /// When it is let go, whatever is missing.
    due: Stamp,
    /// The end that it is about, as an index of [`OrderedConnection::ends`].
    side: usize,
    moment: Option<Moment>,
    seen: Observation,
}

impl HeldEvent {
    /// Whether its time is only known to lie before something else.
    fn is_adjustable(&self) -> bool {
        matches!(self.seen.kind, EventKind::State(_))
            && !matches!(self.seen.evidence, Evidence::Traced | Evidence::Packet)
    }

    /// Its place among events of the same time.
    const fn rank(&self, active: bool) -> u8 {
        use TcpState::{
            CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
        };
        match self.moment {
            Some(Moment::Connect) => 0,
            Some(Moment::State(Listen)) => 0,
            Some(Moment::State(SynSent)) => 1,
            Some(Moment::State(SynRecv)) => 2,
            Some(Moment::State(Established)) => {
                if active {
                    3
                } else {
                    4
                }
            }
            Some(Moment::Accept) => 5,
            None => 6,
            Some(Moment::Close) => 7,
            Some(Moment::State(FinWait1)) => 8,
            Some(Moment::State(CloseWait | Closing)) => 9,
            Some(Moment::State(FinWait2) | Moment::EndOfData) => 10,
            Some(Moment::State(LastAck)) => 11,
            Some(Moment::State(TimeWait)) => 12,
            Some(Moment::State(Closed)) => 13,
        }
    }
}

#[derive(Debug, Default)]
struct OrderedConnection {
    ends: [OrderedEnd; 2],
    /// Whether it is one to a server of the laboratory that has not accepted it yet.
    will_be_accepted: bool,
    /// Calls that wait for the call of the other end that caused them.
    calls: Vec<HeldEvent>,
    /// Events that wait for their place in the journal.
    held: Vec<HeldEvent>,
    /// When the first of them is due.
    due: Option<Stamp>,
}

/// How many bytes a call has received.
fn received(seen: &Observation) -> u64 {
    moved(seen, Syscall::Recv)
}

/// How many bytes a call has sent.
fn sent(seen: &Observation) -> u64 {
    moved(seen, Syscall::Send)
}

/// Whether it is the end of a client.
const fn is_end(seen: &Observation) -> bool {
    matches!(seen.kind, EventKind::Client(ClientEvent { change: ClientChange::Ended, .. }))
}

fn moved(seen: &Observation, by: Syscall) -> u64 {
    match &seen.kind {
        EventKind::Call(call) if call.call == by => call.data.as_ref().map_or(0, |data| data.len as u64),
        _ => 0,
    }
}

/// Whether one moment of a connection always happens before another one (RFC 9293 §3.3.2; accept(2), recv(2)).
/// `same` says whether both are of one end, and `active` whether the end of `effect` opened the connection.
const fn precedes(cause: Moment, effect: Moment, same: bool, active: bool) -> bool {
    use Moment::{Accept, Close, Connect, EndOfData, State};
    use TcpState::{CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynRecv, SynSent, TimeWait};
    match (cause, effect) {
        (State(cause), State(effect)) if same => {
            !matches!(cause, Closed) && (cause.rank() < effect.rank() || matches!(effect, Closed))
        }
        (Connect, State(SynSent | SynRecv | Established))
        | (State(Established), Accept)
        | (Close, State(FinWait1 | LastAck))
        | (State(CloseWait | Closing), EndOfData) => same,
        (Connect, Accept)
        | (State(SynSent), State(SynRecv))
        | (State(FinWait1), State(CloseWait | Closing))
        | (State(CloseWait), State(FinWait2))
        | (State(LastAck), State(TimeWait))
        | (Close, EndOfData) => !same,
        (State(SynRecv), State(Established)) => !same && active,
        (State(Established), State(Established)) => !same && !active,
        _ => false,
    }
}

impl OrderedConnection {
    /// Every moment of both ends that is known, in the journal or held, with the end and the time.
    fn moments(&self) -> impl Iterator<Item = (usize, Moment, Stamp)> {
        let written = self.ends.iter().enumerate().flat_map(|(side, end)| {
            Moment::all().filter_map(move |moment| end.when(moment).map(|time| (side, moment, time)))
        });
        let held = self.held.iter().filter_map(|held| held.moment.map(|moment| (held.side, moment, held.seen.at)));
        written.chain(held)
    }

    /// Whether this end opened the connection.
    fn is_active(&self, side: usize) -> bool {
        let opens = |moment| matches!(moment, Moment::Connect | Moment::State(TcpState::SynSent));
        self.moments().any(|(of, moment, _)| of == side && opens(moment))
    }

    /// Chooses the times of the held events whose time is not known exactly.
    fn choose_times(&mut self, now: Stamp) {
        if !self.held.iter().any(HeldEvent::is_adjustable) {
            return;
        }
        let active = [self.is_active(0), self.is_active(1)];
        let before = |cause: &(usize, Moment, Stamp), effect: &(usize, Moment, Stamp)| {
            precedes(cause.1, effect.1, cause.0 == effect.0, active[effect.0])
        };
        let immediate: Vec<bool> = self.held.iter().map(|held| self.follows_at_once(held)).collect();
        // A chain of causes has at most as many links as there are moments.
        for _ in 0..Moment::COUNT {
            let moments: Vec<_> = self.moments().collect();
            for held in self.held.iter_mut().filter(|held| held.is_adjustable()) {
                let Some(moment) = held.moment else { continue };
                let own = (held.side, moment, held.seen.at);
                let effects = moments.iter().filter(|effect| before(&own, effect)).map(|(.., time)| *time);
                held.seen.at = effects.fold(held.seen.at, Stamp::min);
            }
        }
        // A change that follows its cause at once is dated back to it, but not so far that the journal jumps.
        let floor = now.before(FARTHEST_BACK);
        let earliest = |(held, immediate): (&HeldEvent, &bool)| {
            if *immediate { held.seen.at.min(floor) } else { held.seen.at }
        };
        let earliest: Vec<Stamp> = self.held.iter().zip(&immediate).map(earliest).collect();
        for _ in 0..Moment::COUNT {
            let moments: Vec<_> = self.moments().collect();
            for (held, earliest) in self.held.iter_mut().zip(&earliest).filter(|(held, _)| held.is_adjustable()) {
                let Some(moment) = held.moment else { continue };
                let own = (held.side, moment, held.seen.at);
                let causes = moments.iter().filter(|cause| before(cause, &own)).map(|(.., time)| *time);
                held.seen.at = causes.fold(*earliest, Stamp::max);
            }
        }
    }

    /// Whether the cause of a change is known, and nothing but this machine lay between them.
    fn follows_at_once(&self, held: &HeldEvent) -> bool {
        use TcpState::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, SynRecv, SynSent, TimeWait};
        let Some(Moment::State(to)) = held.moment else { return false };
        let (own, other) = (held.side, 1 - held.side);
        let cause = match to {
            SynSent => (own, Moment::Connect),
            SynRecv => (other, Moment::State(SynSent)),
            Established if self.is_active(own) => (other, Moment::State(SynRecv)),
            Established => (other, Moment::State(Established)),
            FinWait1 | LastAck => (own, Moment::Close),
            CloseWait | Closing => (other, Moment::State(FinWait1)),
            FinWait2 => (other, Moment::State(CloseWait)),
            TimeWait => (other, Moment::State(LastAck)),
            TcpState::Closed | TcpState::Listen => return false,
        };
        held.seen.world == WorldId::Host && self.moments().any(|(side, moment, _)| (side, moment) == cause)
    }

    /// Whether a call has returned although the call of the other end that caused it is not reported yet.
    fn lacks_its_call(&self, held: &HeldEvent) -> bool {
        let (own, other) = (&self.ends[held.side], &self.ends[1 - held.side]);
        let lacks = |moment| !self.moments().any(|(side, known, _)| side != held.side && known == moment);
        other.is_ours
            && match held.moment {
                Some(Moment::Accept) => lacks(Moment::Connect),
                Some(Moment::EndOfData) => lacks(Moment::Close),
                Some(_) => false,
                None => own.received + received(&held.seen) > other.sent,
            }
    }

    /// The next call that need not wait for another one.
    fn next_call(&mut self, now: Stamp) -> Option<Admitted> {
        self.calls.sort_by_key(|held| held.seen.at);
        // The calls of one end keep their order.
        let firsts = [0, 1].map(|side| self.calls.iter().position(|held| held.side == side));
        let overdue = self.calls.iter().any(|held| held.due <= now).then_some(0);
        let ready = |at: &usize| !self.lacks_its_call(&self.calls[*at]);
        let next = overdue.or_else(|| firsts.into_iter().flatten().filter(ready).min())?;
        let held = self.calls.remove(next);
        let [own, other] = if held.side == 0 { [0, 1] } else { [1, 0] };
        // Whatever a client that has ended called has been reported.
        self.ends[own].is_ours = !is_end(&held.seen);
        self.ends[own].sent += sent(&held.seen);
        self.ends[own].received += received(&held.seen);
        // Where the call that sent this was lost, the next ones are not waited for.
        self.ends[other].sent = self.ends[other].sent.max(self.ends[own].received);
        Some(Admitted { seen: held.seen, due: held.due })
    }

    /// Whether an event has to wait for another one that is certain to come.
    fn waits(&self, held: &HeldEvent) -> bool {
        let (own, other) = (&self.ends[held.side], &self.ends[1 - held.side]);
        let lacks = |end: &OrderedEnd, moment| !end.has(moment);
        let state = |state| Moment::State(state);
        let missing = match held.moment {
            Some(Moment::Accept) => other.is_ours && lacks(own, state(TcpState::Established)),
            Some(Moment::EndOfData) => other.is_ours && lacks(own, state(TcpState::CloseWait)),
            // The wire's own sampling reports every change as it happens.
            Some(Moment::State(_)) if held.seen.world == WorldId::Wire => false,
            Some(Moment::State(TcpState::SynSent)) => own.is_ours && lacks(own, Moment::Connect),
            Some(Moment::State(TcpState::SynRecv)) => other.is_ours && lacks(other, state(TcpState::SynSent)),
            Some(Moment::State(TcpState::Established)) => {
                let peer_first = !own.is_active() && other.is_active();
                peer_first && other.is_ours && lacks(other, state(TcpState::Established))
            }
            Some(Moment::State(TcpState::FinWait1 | TcpState::LastAck)) => own.is_ours && lacks(own, Moment::Close),
            Some(Moment::State(TcpState::CloseWait)) => other.is_known() && lacks(other, state(TcpState::FinWait1)),
            Some(_) => false,
            None => matches!(&held.seen.kind, EventKind::Confirmed(change) if lacks(own, state(change.to))),
        };
        // An exact event may still come that shows the change to have been earlier than the table did.
        let may_be_earlier = held.is_adjustable()
            && held.seen.world == WorldId::Host
            && (self.is_seen_late(held) || self.will_be_accepted)
            && !self.follows_at_once(held);
        missing || may_be_earlier
    }

    /// Whether a change is known from the machine's socket table, directly or through the one after it.
    fn is_seen_late(&self, held: &HeldEvent) -> bool {
        let of_table = |other: &HeldEvent| other.side == held.side && other.seen.evidence == Evidence::Sampled;
        of_table(held) || (held.seen.evidence == Evidence::Inferred && self.held.iter().any(of_table))
    }

    /// Lets go of the events that need not wait, in order.
    fn release(&mut self, now: Stamp, out: &mut Vec<Observation>) {
        self.choose_times(now);
        if self.held.len() > 1 {
            let active = [self.is_active(0), self.is_active(1)];
            self.held.sort_by_key(|held| (held.seen.at, held.rank(active[held.side])));
        }
        let mut overdue = self.held.iter().rposition(|held| held.due <= now).map_or(0, |last| last + 1);
        while let Some(first) = self.held.first() {
            if overdue == 0 && self.waits(first) {
                return;
            }
            overdue = overdue.saturating_sub(1);
            let HeldEvent { side, moment, seen, .. } = self.held.remove(0);
            let end = &mut self.ends[side];
            if let Some(moment) = moment {
                end.moments[moment.place()].get_or_insert(seen.at);
            }
            if moment == Some(Moment::Accept) {
                self.will_be_accepted = false;
            }
            out.push(seen);
        }
    }
}

/// An observation whose turn it is to be written.
#[derive(Debug)]
pub struct Admitted {
    pub seen: Observation,
    /// When it is written, whatever is missing.
    pub due: Stamp,
}

/// Puts what was observed into an order in which no effect precedes its cause. See the module's head.
#[derive(Debug, Default)]
pub struct CausalOrder {
    /// By the flow of the end whose addresses compare less.
    connections: HashMap<Flow, OrderedConnection>,
    clients: HashMap<ClientId, Flow>,
    /// The ports on which the laboratory's servers listen.
    listening: HashSet<u16>,
    due: BTreeSet<(Stamp, Flow)>,
    /// The connections in which a call may be ready.
    recheck: Vec<Flow>,
    /// The connections in the order of their first event.
    oldest: VecDeque<Flow>,
}

impl CausalOrder {
    /// How many connections are remembered.
    const KEPT: usize = 20_000;

    /// Takes in a call, and returns it when nothing is missing that must have happened before it: then, or after a later
    /// [`CausalOrder::next_call`]. Anything but a call on a TCP connection is returned at once.
    pub fn admit(&mut self, now: Stamp, seen: Observation) -> Option<Admitted> {
        // A client has ended after its calls.
        let queues = matches!(seen.kind, EventKind::Call(_)) || is_end(&seen);
        let flow = if queues { self.connection_of(&seen) } else { None };
        let Some((key, side)) = flow.and_then(key_of) else {
            return Some(Admitted { seen, due: now.after(PATIENCE) });
        };
        let moment = Moment::of(&seen);
        let connection = self.connection(key);
        connection.calls.push(HeldEvent { due: now.after(PATIENCE), side, moment, seen });
        self.recheck.push(key);
        self.next_call(now)
    }

    /// A call that waited and need not wait any more.
    pub fn next_call(&mut self, now: Stamp) -> Option<Admitted> {
        let is_due = |(due, _): &&(Stamp, Flow)| *due <= now;
        self.recheck.extend(self.due.iter().take_while(is_due).map(|(_, key)| *key));
        while let Some(&key) = self.recheck.last() {
            let next = self.connections.get_mut(&key).and_then(|connection| connection.next_call(now));
            self.watch(key);
            if next.is_some() {
                return next;
            }
            self.recheck.pop();
        }
        None
    }

    /// Takes in what was observed together at `now`, or follows from it: it is let go at `due` whatever is missing. What
    /// can be written goes to `out`.
    pub fn take(
        &mut self,
        now: Stamp,
        due: Stamp,
        seen: impl IntoIterator<Item = Observation>,
        out: &mut Vec<Observation>,
    ) {
        let mut touched = Vec::new();
        for seen in seen {
            match self.connection_of(&seen).and_then(key_of) {
                None => out.push(seen),
                Some((key, side)) => {
                    if let EventKind::Client(ClientEvent { client, .. }) = &seen.kind {
                        self.clients.remove(client);
                    }
                    self.hold((key, side), due, seen, out);
                    if !touched.contains(&key) {
                        touched.push(key);
                    }
                }
            }
        }
        for key in touched {
            self.release(key, now, out);
        }
    }

    /// Lets go of what has waited long enough for its place.
    pub fn settle(&mut self, now: Stamp, out: &mut Vec<Observation>) {
        let due: Vec<Flow> = self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, key)| *key).collect();
        due.into_iter().for_each(|key| self.release(key, now, out));
    }

    /// When [`CausalOrder::settle`] has something to do next.
    pub fn next_due(&self) -> Option<Stamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// The end of a TCP connection that an observation is about.
    fn connection_of(&mut self, seen: &Observation) -> Option<Flow> {
        let flow = match &seen.kind {
            EventKind::Call(call) => {
                let flow = call.flow?;
                match call.call {
                    Syscall::Listen => self.listening.insert(flow.local.port()),
                    Syscall::Close if flow.peer.is_none() => self.listening.remove(&flow.local.port()),
                    _ => false,
                };
                flow
            }
            EventKind::State(change) | EventKind::Confirmed(change) => change.flow,
            EventKind::Client(ClientEvent { client, change: ClientChange::Ended }) => *self.clients.get(client)?,
            EventKind::Client(ClientEvent { client, change: ClientChange::Dialing { flow } }) => {
                self.dial(*client, *flow);
                return None;
            }
            _ => return None,
        };
        (flow.proto == Proto::Tcp && flow.peer.is_some()).then_some(flow)
    }

    /// A client of the laboratory calls `connect`.
    fn dial(&mut self, client: ClientId, flow: Flow) {
        let Some(mirror) = flow.mirror().filter(|_| flow.proto == Proto::Tcp) else { return };
        self.clients.insert(client, flow);
        let key = flow.min(mirror);
        let is_to_us = self.listening.contains(&mirror.local.port());
        let connection = self.connection(key);
        if connection.ends[usize::from(flow != key)].has(Moment::Connect) && connection.due.is_none() {
            *connection = OrderedConnection::default();
        }
        connection.ends[usize::from(flow != key)].is_ours = true;
        connection.ends[usize::from(flow == key)].is_ours = is_to_us;
        connection.will_be_accepted = is_to_us;
    }

    fn connection(&mut self, key: Flow) -> &mut OrderedConnection {
        if !self.connections.contains_key(&key) {
            self.oldest.push_back(key);
            if self.oldest.len() > Self::KEPT
                && let Some(oldest) = self.oldest.pop_front()
            {
                if self.connections.get(&oldest).is_some_and(|connection| connection.due.is_none()) {
                    self.connections.remove(&oldest);
                } else {
                    self.oldest.push_back(oldest);
                }
            }
        }
        self.connections.entry(key).or_default()
    }

    fn hold(&mut self, (key, side): (Flow, usize), due: Stamp, seen: Observation, out: &mut Vec<Observation>) {
        let moment = Moment::of(&seen);
        let connection = self.connection(key);
        // Ports are used again: what begins once more is another connection.
        let begins = matches!(moment, Some(Moment::Connect | Moment::State(TcpState::SynSent | TcpState::SynRecv)));
        if let Some(moment) = moment.filter(|_| begins)
            && connection.ends[side].has(moment)
        {
            let held = std::mem::take(&mut connection.held);
            out.extend(held.into_iter().map(|held| held.seen));
            let (calls, due) = (std::mem::take(&mut connection.calls), connection.due);
            *connection = OrderedConnection { calls, due, ..OrderedConnection::default() };
        }
        connection.held.push(HeldEvent { due, side, moment, seen });
    }

    fn release(&mut self, key: Flow, now: Stamp, out: &mut Vec<Observation>) {
        if let Some(connection) = self.connections.get_mut(&key) {
            connection.release(now, out);
        }
        self.watch(key);
    }

    /// Notes when the next event of a connection is due.
    fn watch(&mut self, key: Flow) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        let due = connection.calls.iter().chain(&connection.held).map(|held| held.due).min();
        if due == connection.due {
            return;
        }
        let before = std::mem::replace(&mut connection.due, due);
        before.map(|before| self.due.remove(&(before, key)));
        due.map(|due| self.due.insert((due, key)));
    }
}

/// The key of the connection that an end belongs to, and which of its ends it is.
fn key_of(flow: Flow) -> Option<(Flow, usize)> {
    let key = flow.min(flow.mirror()?);
    Some((key, usize::from(flow != key)))
}

#[cfg(test)]
mod tests;
