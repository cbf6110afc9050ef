//! The order of the journal: no effect stands before its cause.
//!
//! Producers report the same connection independently, each with a delay of its own: a call when it has returned, a state
//! when the table was read. What is known exactly keeps its time: a call, a traced change, a packet. Any other change
//! happened no later than it was seen, no later than its effects, and no earlier than its causes; its time is chosen so
//! that all of these hold. An event whose cause is certain to be reported but has not arrived is held back for at most
//! [`PATIENCE`], or [`FARTHEST_BACK`] if that cause is a call of this program, together with what follows on the same
//! connection.

mod connection;
mod moment;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use self::connection::{HeldEvent, OrderedConnection, is_end};
use self::moment::Moment;
use crate::domain::client::ClientChange;
use crate::domain::{
    Args, Call, ClientEvent, ClientId, EventKind, Evidence, Flow, Note, Observation, Proto, SocketId, Stamp, Syscall,
    TcpState,
};

/// How long an event waits for its cause, and a sampled change for an exact event that bounds its time.
const PATIENCE: Duration = Duration::from_millis(5);

/// How far before the present an event that was seen late is dated at most, unless its effects happened even earlier.
pub const FARTHEST_BACK: Duration = Duration::from_millis(40);

/// How long a socket that was made counts as one that is about to connect.
const DIALING: Duration = Duration::from_millis(100);

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
    /// Whether the kernel reports every change.
    is_traced: bool,
    due: BTreeSet<(Stamp, Flow)>,
    /// The TCP sockets of the laboratory that may be calling `connect`, with the time at which they were made. Until that
    /// call is reported nothing tells which connection is theirs.
    dialing: HashMap<SocketId, Stamp>,
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
        match &seen.kind {
            EventKind::Note(Note::Has { what: Evidence::Traced }) => self.is_traced = true,
            EventKind::Note(Note::Lacks { what: Evidence::Traced, .. }) => self.is_traced = false,
            EventKind::Call(call) => self.note_dialing(call, seen.at),
            EventKind::Client(ClientEvent { client, change: ClientChange::Dialing { .. } }) => {
                self.dialing.remove(&SocketId::Client(*client));
            }
            _ => {}
        }
        // A client has ended after its calls.
        let queues = matches!(seen.kind, EventKind::Call(_)) || is_end(&seen);
        let flow = if queues { self.connection_of(&seen) } else { None };
        let Some((key, side)) = flow.and_then(key_of) else {
            return Some(Admitted { seen, due: now.after(PATIENCE) });
        };
        let moment = Moment::of(&seen);
        let may_be_ours = self.may_be_ours(now);
        let connection = self.connection(key);
        connection.may_be_ours |= may_be_ours;
        connection.calls.push(HeldEvent { due: now.after(PATIENCE), side, moment, seen });
        self.recheck.push(key);
        self.next_call(now)
    }

    fn note_dialing(&mut self, call: &Call, at: Stamp) {
        match call.call {
            Syscall::Socket if call.result.is_ok() && call.args == Args::Proto(Proto::Tcp) => {
                self.dialing.insert(call.socket, at);
            }
            Syscall::Connect | Syscall::Listen | Syscall::Close => _ = self.dialing.remove(&call.socket),
            _ => {}
        }
    }

    /// Whether a connection that begins now may be one that the laboratory opens.
    fn may_be_ours(&mut self, now: Stamp) -> bool {
        self.dialing.retain(|_, since| now.since(*since) < DIALING);
        !self.dialing.is_empty()
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
            EventKind::Waits(call) => call.flow?,
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
        let new = self.begin(&key);
        let connection = self.connection(key);
        if connection.ends[usize::from(flow != key)].has(Moment::Connect) && connection.due.is_none() {
            *connection = new;
        }
        connection.ends[usize::from(flow != key)].is_ours = true;
        connection.ends[usize::from(flow == key)].is_ours = is_to_us;
        connection.may_be_ours = false;
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
        let new = self.begin(&key);
        self.connections.entry(key).or_insert(new)
    }

    /// A connection of which nothing is known but its addresses.
    fn begin(&self, key: &Flow) -> OrderedConnection {
        let mut ends = [Some(key.local), key.peer].into_iter().flatten();
        let is_to_us = ends.any(|addr| self.listening.contains(&addr.port()));
        // Both ends are seen: by the server, or in this machine's table.
        let has_both_ends = is_to_us || key.local.ip().to_canonical().is_loopback();
        OrderedConnection { has_both_ends, is_traced: self.is_traced, ..OrderedConnection::default() }
    }

    fn hold(&mut self, (key, side): (Flow, usize), due: Stamp, seen: Observation, out: &mut Vec<Observation>) {
        let moment = Moment::of(&seen);
        let new = self.begin(&key);
        let may_be_ours = self.may_be_ours(seen.at);
        let connection = self.connection(key);
        // Ports are used again: what begins once more is another connection.
        let begins = matches!(moment, Some(Moment::Connect | Moment::State(TcpState::SynSent | TcpState::SynRecv)));
        if let Some(moment) = moment.filter(|_| begins)
            && connection.ends[side].when(moment).is_some_and(|known| known != seen.at)
        {
            let held = std::mem::take(&mut connection.held);
            out.extend(held.into_iter().map(|held| held.seen));
            let end = &mut connection.ends[side];
            if moment == Moment::State(TcpState::SynRecv) && !end.has(Moment::State(TcpState::Established)) {
                // The handshake was given up at this end only: the other one is still in SYN_SENT.
                end.begin_anew();
            } else {
                let (calls, due) = (std::mem::take(&mut connection.calls), connection.due);
                *connection = OrderedConnection { calls, due, ..new };
            }
        }
        connection.may_be_ours |= may_be_ours && moment == Some(Moment::State(TcpState::SynSent));
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
