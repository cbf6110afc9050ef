//! The lifecycle pane's list: which events of the journal it shows, and where its reader is.

use super::held_list::{HeldList, ListReader};
use super::journal::Journal;
use crate::domain::{Call, Event, EventKind, Flow, Proto, ServerId, Stamp, WorldId};

/// Which kinds of events are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LifecycleKinds {
    /// Calls, state changes, and what happened to servers.
    #[default]
    All,
    /// System calls only.
    Calls,
    /// State changes only.
    States,
}

impl LifecycleKinds {
    /// The next choice, around the end.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Calls,
            Self::Calls => Self::States,
            Self::States => Self::All,
        }
    }

    const fn shows(self, kind: &EventKind) -> bool {
        match self {
            Self::All => kind.is_listed(),
            Self::Calls => matches!(kind, EventKind::Call(_) | EventKind::Waits(_)),
            Self::States => matches!(kind, EventKind::State(_)),
        }
    }
}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One server: its sockets and its connections.
    Server(ServerId),
    /// One connection: both of its ends.
    Connection(Flow),
}

impl Subject {
    /// Whether an event is about this.
    pub fn concerns(&self, kind: &EventKind) -> bool {
        match (self, kind) {
            (Self::Server(id), EventKind::Call(Call { socket, .. })) => socket.server() == Some(*id),
            (Self::Server(id), EventKind::Waits(call)) => call.socket.server() == Some(*id),
            (Self::Connection(flow), EventKind::Waits(call)) => call.flow.is_some_and(|other| same_pair(flow, &other)),
            (Self::Server(id), EventKind::Server(event)) => event.server == *id,
            (Self::Server(id), EventKind::Guard(event)) => event.server() == Some(*id),
            (Self::Connection(flow), EventKind::Call(call)) => call.flow.is_some_and(|other| same_pair(flow, &other)),
            (Self::Connection(flow), EventKind::State(change)) => same_pair(flow, &change.flow),
            _ => false,
        }
    }
}

/// Whether two flows are ends of one connection, or the same end.
pub fn same_pair(one: &Flow, other: &Flow) -> bool {
    // An unconnected UDP socket, and a datagram to or from it. Bound to no address of its own, it has any.
    let alone = |socket: &Flow, other: &Flow| {
        let any = socket.local.ip().is_unspecified();
        let here =
            |flow: &Flow| flow.local.port() == socket.local.port() && (any || flow.local.ip() == socket.local.ip());
        socket.proto == Proto::Udp
            && other.proto == Proto::Udp
            && socket.peer.is_none()
            && (here(other) || other.mirror().is_some_and(|mirror| here(&mirror)))
    };
    one == other || one.mirror().as_ref() == Some(other) || alone(one, other)
}

/// One entry: its place in the order of time, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct LifecycleEntry {
    /// When it happened.
    pub at: Stamp,
    /// Its number in the journal.
    pub seq: u64,
}

/// A late event is moved before at most this many later ones.
const LATE: usize = 8_192;

/// The list: events of the journal in the order in which they happened. They are reported later, not always in that
/// order.
#[derive(Debug, Default)]
pub struct Lifecycle {
    /// The entries.
    pub list: HeldList<LifecycleEntry>,
    /// The world whose events are listed.
    pub world: WorldId,
    /// Which kinds are listed.
    pub kinds: LifecycleKinds,
    /// The subject that the list is narrowed to.
    pub subject: Option<Subject>,
}

impl Lifecycle {
    pub(super) fn follow(&mut self, event: &Event, first_seq: u64) {
        if self.lists(event) {
            self.insert(event);
            if matches!(self.list.reader, ListReader::Points { .. }) {
                self.list.reader = ListReader::Follows;
            }
        }
        self.list.forget(|entry| entry.seq < first_seq);
    }

    fn insert(&mut self, event: &Event) {
        // A held list does not change: the entry goes after it.
        let end = match self.list.reader {
            ListReader::Holds { end, .. } => Some(end.at),
            _ => None,
        };
        let earliest = self.list.len().checked_sub(LATE).and_then(|place| self.list.entry(place)).map(|entry| entry.at);
        let at = [end, earliest].into_iter().flatten().fold(event.seen.at, Stamp::max);
        let entry = LifecycleEntry { at, seq: event.seq };
        // Mostly it is the last.
        let place =
            if self.list.last().is_none_or(|last| last < entry) { self.list.len() } else { self.list.place(entry) };
        self.list.keys.insert(place, entry);
    }

    pub(super) fn choose(&mut self, kinds: LifecycleKinds, subject: Option<Subject>, journal: &Journal) {
        self.kinds = kinds;
        self.subject = subject;
        let listed = journal.events().filter(|event| self.lists(event));
        let mut entries: Vec<_> = listed.map(|event| LifecycleEntry { at: event.seen.at, seq: event.seq }).collect();
        entries.sort_unstable();
        self.list = HeldList { keys: entries.into(), reader: ListReader::Follows };
    }

    /// Moves the cursor to the latest entry about `subject`, unless the list is held.
    pub(super) fn point(&mut self, subject: &Subject, journal: &Journal) {
        if matches!(self.list.reader, ListReader::Holds { .. }) {
            return;
        }
        let about =
            |entry: &LifecycleEntry| journal.get(entry.seq).is_some_and(|event| subject.concerns(&event.seen.kind));
        let latest = self.list.entries().rev().find(about);
        self.list.reader = latest.map_or(ListReader::Follows, |at| ListReader::Points { at });
    }

    fn lists(&self, event: &Event) -> bool {
        let kind = &event.seen.kind;
        event.seen.world == self.world
            && self.kinds.shows(kind)
            && self.subject.is_none_or(|subject| subject.concerns(kind))
    }
}

/// The connection that an event is about, if it is about one.
pub const fn flow_of(kind: &EventKind) -> Option<Flow> {
    match kind {
        EventKind::Call(call) => call.flow,
        EventKind::Waits(call) => call.flow,
        EventKind::State(change) | EventKind::Confirmed(change) => Some(change.flow),
        _ => None,
    }
}
