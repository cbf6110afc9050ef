//! The lifecycle pane's list: which events of the journal it shows, and where its reader is.

use std::collections::VecDeque;

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
        match kind {
            EventKind::Call(_) => !matches!(self, Self::States),
            EventKind::State(_) => !matches!(self, Self::Calls),
            EventKind::Server(_)
            | EventKind::Note(_)
            | EventKind::Guard(_)
            | EventKind::Capture(_)
            | EventKind::Target(_)
            | EventKind::Scan(_) => {
                matches!(self, Self::All)
            }
            _ => false,
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

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LifecycleReader {
    /// At the end, seeing the latest.
    #[default]
    Follows,
    /// At the latest entry about the selection of another pane, until a new entry is listed.
    Points {
        /// The entry.
        at: LifecycleEntry,
    },
    /// At one entry; the list stands still, ending where it ended when the reader stopped following.
    Holds {
        /// The entry.
        at: LifecycleEntry,
        /// The last entry of the list that stands still.
        end: LifecycleEntry,
    },
}

/// One entry: its place in the order of time, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
    entries: VecDeque<LifecycleEntry>,
    /// The world whose events are listed.
    pub world: WorldId,
    /// Which kinds are listed.
    pub kinds: LifecycleKinds,
    /// The subject that the list is narrowed to.
    pub subject: Option<Subject>,
    /// Where the reader is.
    pub reader: LifecycleReader,
}

impl Lifecycle {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry at this place.
    pub fn entry(&self, place: usize) -> Option<LifecycleEntry> {
        self.entries.get(place).copied()
    }

    /// The place of this entry, or of the first one after it.
    pub fn place(&self, entry: LifecycleEntry) -> usize {
        self.entries.partition_point(|other| *other < entry)
    }

    /// How many entries the reader can see: all, or those up to where the list was held.
    pub fn held_len(&self) -> usize {
        match self.reader {
            LifecycleReader::Follows | LifecycleReader::Points { .. } => self.len(),
            LifecycleReader::Holds { end, .. } => self.entries.partition_point(|other| *other <= end),
        }
    }

    /// How many entries came since the reader stopped following.
    pub fn unseen(&self) -> usize {
        self.len() - self.held_len()
    }

    pub(super) fn heard(&mut self, event: &Event, first_seq: u64) {
        if self.lists(event) {
            self.insert(event);
            if matches!(self.reader, LifecycleReader::Points { .. }) {
                self.reader = LifecycleReader::Follows;
            }
        }
        while self.entries.front().is_some_and(|entry| entry.seq < first_seq) {
            self.entries.pop_front();
        }
        if let (LifecycleReader::Holds { at, end }, Some(first)) = (&mut self.reader, self.entries.front()) {
            *at = (*at).max(*first);
            *end = (*end).max(*at);
        }
    }

    fn insert(&mut self, event: &Event) {
        // A held list does not change: the entry goes after it.
        let end = match self.reader {
            LifecycleReader::Holds { end, .. } => Some(end.at),
            _ => None,
        };
        let earliest = self.len().checked_sub(LATE).and_then(|place| self.entry(place)).map(|entry| entry.at);
        let at = [end, earliest].into_iter().flatten().fold(event.seen.at, Stamp::max);
        let entry = LifecycleEntry { at, seq: event.seq };
        // Mostly it is the last.
        let place = if self.entries.back().is_none_or(|last| *last < entry) { self.len() } else { self.place(entry) };
        self.entries.insert(place, entry);
    }

    pub(super) fn choose(&mut self, kinds: LifecycleKinds, subject: Option<Subject>, journal: &Journal) {
        self.kinds = kinds;
        self.subject = subject;
        let listed = journal.events().filter(|event| self.lists(event));
        let mut entries: Vec<_> = listed.map(|event| LifecycleEntry { at: event.seen.at, seq: event.seq }).collect();
        entries.sort_unstable();
        self.entries = entries.into();
        self.reader = LifecycleReader::Follows;
    }

    /// Moves the reader by `steps` entries, down if positive. Past the end it follows again.
    pub(super) fn step(&mut self, steps: isize) {
        let Some(last) = self.len().checked_sub(1) else { return };
        let (from, end) = match self.reader {
            LifecycleReader::Follows if steps >= 0 => return,
            LifecycleReader::Follows => (last, self.entries[last]),
            LifecycleReader::Points { at } => (self.place(at).min(last), self.entries[last]),
            LifecycleReader::Holds { at, end } => (self.place(at).min(last), end),
        };
        let to = from.saturating_add_signed(steps);
        let listed = self.entries.partition_point(|other| *other <= end);
        let holds = to < listed.min(last + 1) && !(steps > 0 && from == last);
        self.reader =
            if holds { LifecycleReader::Holds { at: self.entries[to], end } } else { LifecycleReader::Follows };
    }

    /// Moves the cursor to the latest entry about `subject`, unless the list is held.
    pub(super) fn point(&mut self, subject: &Subject, journal: &Journal) {
        if matches!(self.reader, LifecycleReader::Holds { .. }) {
            return;
        }
        let about =
            |entry: &&LifecycleEntry| journal.get(entry.seq).is_some_and(|event| subject.concerns(&event.seen.kind));
        let latest = self.entries.iter().rev().find(about);
        self.reader = latest.map_or(LifecycleReader::Follows, |entry| LifecycleReader::Points { at: *entry });
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
        EventKind::State(change) | EventKind::Confirmed(change) => Some(change.flow),
        _ => None,
    }
}
