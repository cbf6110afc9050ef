//! The packets view: which packets are listed, where the cursor is, and the details of the selected one.
//!
//! | file | what it is |
//! |---|---|
//! | [`ladder`] | the packets of one conversation, with both ends' changes of state |
//! | [`detail`] | the packet that is looked into |
//! | [`marks`] | what was marked while they came |
//! | [`file`](mod@file) | a capture file, in place of the live packets |
//! | [`traffic`] | which of the two the view is about |
//! | [`interfaces`] | where packets are captured |
//! | `opening` | how a file is asked for and comes |
//! | `search` | which packets pass a filter, a piece at a time |
//! | `keys` | what the keys of the view do |
//!
//! The packets are events of the journal; this module keeps their numbers. The shell keeps their bytes, and is asked
//! for one packet at a time.

pub mod detail;
pub mod file;
#[cfg(test)]
mod file_tests;
pub mod interfaces;
mod keys;
pub mod ladder;
pub mod marks;
mod opening;
mod search;
#[cfg(test)]
mod tests;
pub mod traffic;

use std::net::SocketAddr;
use std::sync::Arc;

pub use detail::{DetailLine, DetailPane, PacketDetails};
pub use file::{CaptureFile, CaptureFiles, PacketOrigin, Recording};
pub use interfaces::{CaptureChoice, InterfaceLine, SeenInterfaces};
pub(super) use interfaces::{plan, plan_towards, pressed as pressed_interfaces};
pub(super) use keys::{act, back, can_zoom, closer, filter, lists, narrow, refilter, settle, step, tab, typed};
pub use ladder::{ChangePlace, Ladder, LadderChange};
pub use marks::Marks;
pub(super) use marks::typed as typed_mark;
pub(super) use opening::{answered, follow, open_named, typed as typed_path};
pub use traffic::{Traffic, acknowledges};

use super::completions::Completions;
use super::held_list::HeldList;
use super::journal::Journal;
use super::lifecycle::same_pair;
use super::line::TypedLine;
use super::selection::cycled;
use super::worlds::PerWorld;
use crate::domain::filter::{Filter, FilterError};
use crate::domain::need::Lack;
use crate::domain::{
    CaptureEvent, CapturedInterface, Event, EventKind, FileId, Flow, NetInterface, Note, PacketSummary, Stamp,
    WireEvent, WorldId,
};

/// The tabs of the upper part of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PacketsTab {
    /// One packet a line.
    #[default]
    List,
    /// One conversation, with both ends' states between the arrows.
    Ladder,
    /// The data of both ends of one conversation.
    Stream,
    /// The sequence numbers of one end over time: of the one that sent more, or of the other.
    Sequence {
        /// Whether it is the other.
        other: bool,
    },
}

impl PacketsTab {
    /// The next one, around the end.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::List => Self::Ladder,
            Self::Ladder => Self::Stream,
            Self::Stream | Self::Sequence { .. } => Self::List,
        }
    }
}

/// The part of the view that has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PacketsFocus {
    /// The list, the ladder or the text.
    #[default]
    Tab,
    /// The tree of fields.
    Tree,
    /// The hex dump.
    Hex,
}

impl PacketsFocus {
    /// The one `steps` further, around the end.
    #[must_use]
    pub fn step(self, steps: isize) -> Self {
        cycled(&[Self::Tab, Self::Tree, Self::Hex], self, steps)
    }
}

/// Whether packets of this machine are captured. Packets of the wire are always seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CaptureStatus {
    /// Not known yet.
    #[default]
    Unknown,
    /// They are, on these interfaces.
    On(Vec<CapturedInterface>),
    /// They are not.
    Lacking {
        /// What is missing.
        lack: Lack,
        /// The file of this program, which a command may name.
        program: String,
    },
}

/// Data that one end sent without an answer between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTurn {
    /// Who.
    pub from: SocketAddr,
    /// The packet in which it began.
    pub packet: u64,
    /// Its lines, safe to show.
    pub lines: Vec<String>,
    /// How many bytes were not captured or are no longer kept.
    pub missing: u64,
}

impl StreamTurn {
    /// How many lines it takes, at least one; missing bytes take one.
    pub fn height(&self) -> usize {
        (usize::from(self.missing > 0) + self.lines.len()).max(1)
    }
}

/// The data of both ends of a conversation, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamText {
    /// The conversation.
    pub conversation: Flow,
    /// Turn by turn.
    pub turns: Vec<StreamTurn>,
    /// Whether there was more than is worth showing.
    pub cut: bool,
}

/// What the shell finds out from packets that it keeps, or from names of files, when an effect asks for it. No answer is a
/// fact about the world, and none is in the journal: a replay is answered from the packets that it keeps, and where none
/// are kept the model shows what the events say.
#[derive(Debug, Clone, PartialEq)]
pub enum PacketsAnswer {
    /// A packet, taken apart; without layers when its bytes are not kept.
    Inspected(PacketOrigin, PacketDetails),
    /// The text of a conversation; empty when its bytes are not kept.
    Followed(PacketOrigin, StreamText),
    /// The packets of a file. That it was read is an event, which follows.
    Read(FileId, Arc<Recording>),
    /// The interfaces of this machine, as they are now.
    Interfaces(Vec<NetInterface>),
    /// A completed name of a file.
    Completed {
        /// As far as it was typed.
        typed: String,
        /// The completion.
        path: String,
    },
}

/// The latest requests to the shell, so that none is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct LastAsked {
    packet: Option<(WorldId, u64)>,
    /// The conversation and its latest packet then.
    conversation: Option<(Flow, Option<u64>)>,
    /// Whether an answer about a conversation is outstanding.
    waiting: bool,
}

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct Packets {
    /// Where they come from.
    pub origin: PacketOrigin,
    /// The world whose packets are shown.
    pub world: WorldId,
    /// The selected tab.
    pub tab: PacketsTab,
    /// The part that has the keys.
    pub focus: PacketsFocus,
    /// The filter in force: the last valid one.
    pub filter: Filter,
    /// The filter being typed.
    pub line: TypedLine,
    /// Completions of the word being typed.
    pub completions: Completions,
    /// Says which part is wrong.
    pub error: Option<FilterError>,
    /// The conversation that the list is narrowed to, if it is.
    pub only: Option<Flow>,
    /// The packets that match.
    pub list: HeldList<u64>,
    /// One conversation.
    pub ladder: Ladder,
    /// Its text.
    pub stream: Option<StreamText>,
    /// How many lines the text of a conversation is scrolled back from its end.
    pub stream_back: usize,
    /// How closely the graph is looked at.
    pub closer: u8,
    /// The details of the selected packet.
    pub detail: DetailPane,
    /// Whether packets are captured.
    pub capturing: CaptureStatus,
    /// How many packets the kernel dropped.
    pub lost: u64,
    /// The result of saving them, until the next key.
    pub saved: Option<Note>,
    /// How many packets there were in this world so far.
    pub seen: u64,
    /// On which interfaces these were.
    pub seen_on: SeenInterfaces,
    /// The marks of each world.
    marks: PerWorld<Marks>,
    /// The event that opened the present hosts of the wire: earlier packets were between other hosts.
    opened: u64,
    /// The search in progress.
    search: Option<search::PacketSearch>,
    asked: LastAsked,
}

impl Packets {
    /// The packet of an event, if it is one.
    pub const fn of(event: &Event) -> Option<&PacketSummary> {
        match &event.seen.kind {
            EventKind::Packet(packet) => Some(packet),
            _ => None,
        }
    }

    /// The packet that the reader is at, as its number in the journal.
    pub fn selected(&self) -> Option<u64> {
        match self.tab {
            PacketsTab::List => self.list.selected(),
            PacketsTab::Ladder | PacketsTab::Stream | PacketsTab::Sequence { .. } => self.ladder.packets.selected(),
        }
    }

    /// Everything that the keys of a list can move.
    pub(super) fn place(&self) -> impl PartialEq + use<> {
        let (list, ladder, detail) = (&self.list, &self.ladder.packets, &self.detail);
        (list.reader, list.selected(), ladder.reader, ladder.selected(), detail.line, detail.hex_from, self.stream_back)
    }

    /// The marks of a world.
    pub const fn marks(&self, world: WorldId) -> &Marks {
        self.marks.of(world)
    }

    pub(super) fn follow(&mut self, event: &Event, first: u64) {
        if let Some(packet) = Self::of(event) {
            self.marks.of_mut(event.seen.world).packet(packet.number);
        }
        match &event.seen.kind {
            EventKind::Capture(CaptureEvent::Started { interfaces }) => {
                self.capturing = CaptureStatus::On(interfaces.clone());
            }
            EventKind::Capture(CaptureEvent::Failed { lack, program }) => {
                self.capturing = CaptureStatus::Lacking { lack: *lack, program: program.clone() };
            }
            EventKind::Note(Note::CaptureLost { count }) => self.lost += count,
            EventKind::Note(note @ (Note::CaptureSaved { .. } | Note::CaptureNotSaved { .. })) => {
                self.saved = Some(note.clone());
            }
            EventKind::Note(Note::Mark { text }) => self.marks.of_mut(event.seen.world).mark(text),
            EventKind::Wire(WireEvent::Opened { .. }) => self.reopened(event.seq),
            EventKind::Packet(packet) if event.seen.world == self.world => {
                self.seen += 1;
                self.seen_on.add(packet);
                if self.lists(packet) {
                    self.list.push(event.seq);
                }
                if self.ladder.conversation.is_some_and(|conversation| same_pair(&conversation, &packet.flow)) {
                    self.ladder.push(event.seq, event.seen.at, packet);
                }
            }
            _ => {}
        }
        self.list.forget(|seq| *seq < first);
        self.ladder.forget(first);
    }

    /// All packets of a file, with the reader at the first.
    fn of_file(id: FileId, journal: &Journal) -> Self {
        let mut packets = Self { origin: PacketOrigin::File(id), ..Self::default() };
        packets.seek(Filter::default(), None);
        packets.look_on(journal, usize::MAX);
        packets.seen = packets.list.len() as u64;
        let mut seen_on = SeenInterfaces::default();
        packets.all(journal).for_each(|(_, packet)| seen_on.add(packet));
        packets.seen_on = seen_on;
        packets.list.hold_first();
        packets
    }

    /// Shows the packets of another world.
    pub(super) fn show_world(&mut self, world: WorldId, journal: &Journal) {
        let filter = self.wanted_filter().clone();
        let Self { tab, line, capturing, lost, marks, opened, .. } = std::mem::take(self);
        *self = Self { world, tab, filter, line, capturing, lost, marks, opened, ..Self::default() };
        self.seek(self.filter.clone(), None);
        self.look_on(journal, Self::PIECE);
        let (mut seen, mut seen_on) = (0, SeenInterfaces::default());
        for (_, packet) in self.all(journal) {
            seen += 1;
            seen_on.add(packet);
        }
        (self.seen, self.seen_on) = (seen, seen_on);
    }

    /// Turns to another conversation.
    fn turn_to(&mut self, conversation: Option<Flow>, journal: &Journal) {
        if self.ladder.conversation == conversation {
            return;
        }
        let mut ladder = Ladder::of(conversation);
        if let Some(conversation) = conversation {
            let mine = self.all(journal).filter(|(_, packet)| same_pair(&conversation, &packet.flow));
            mine.for_each(|(seq, packet)| {
                let at = journal.get(seq).map_or_else(Stamp::default, |event| event.seen.at);
                ladder.push(seq, at, packet);
            });
        }
        if matches!(self.origin, PacketOrigin::File(_)) {
            // No more packets come: start at the beginning.
            ladder.packets.hold_first();
        }
        self.ladder = ladder;
        self.stream = None;
        self.stream_back = 0;
        self.closer = 0;
        // Ask again for the text.
        self.asked.conversation = None;
    }

    /// The wire has new hosts, whose packets are counted from 1 again.
    fn reopened(&mut self, seq: u64) {
        self.opened = seq;
        *self.marks.of_mut(WorldId::Wire) = Marks::default();
        if self.world == WorldId::Wire {
            self.list = HeldList::default();
            self.ladder = Ladder::of(self.ladder.conversation);
            self.seen = 0;
            if self.is_looking() {
                self.seek(self.wanted_filter().clone(), self.wanted_only());
            }
        }
    }

    /// All packets of this world that the journal still has, the earliest first.
    fn all<'a>(&self, journal: &'a Journal) -> impl Iterator<Item = (u64, &'a PacketSummary)> + use<'a> {
        let world = self.world;
        let opened = self.opened;
        journal.events().filter_map(move |event| Some((event.seq, in_world(event, world, opened)?)))
    }

    /// The packet of an event, if it is one of this world.
    fn here<'a>(&self, event: &'a Event) -> Option<&'a PacketSummary> {
        in_world(event, self.world, self.opened)
    }

    fn lists(&self, packet: &PacketSummary) -> bool {
        self.only.is_none_or(|only| same_pair(&only, &packet.flow)) && self.filter.matches(packet)
    }
}

/// The packet of an event, if it is one of this world; of the wire's, one of the hosts since `opened`.
fn in_world(event: &Event, world: WorldId, opened: u64) -> Option<&PacketSummary> {
    let here = event.seen.world == world && (world == WorldId::Host || event.seq > opened);
    if here { Packets::of(event) } else { None }
}
