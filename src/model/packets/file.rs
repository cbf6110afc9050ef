//! A capture file that is looked at in place of live traffic: a journal and a world of its own, so that nothing of it
//! mixes into the laboratory's.

use std::sync::Arc;

use super::super::journal::Journal;
use super::super::lifecycle::Subject;
use super::super::line::TypedLine;
use super::super::world::World;
use super::super::worlds::Worlds;
use super::Packets;
use crate::domain::{
    EventKind, Evidence, FileFault, FileId, FileSummary, Observation, PacketSummary, Stamp, Transition, WorldId,
};

/// Where packets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PacketOrigin {
    /// Those that are captured now.
    #[default]
    Live,
    /// Those of a file.
    File(FileId),
}

/// The packets of a file and the states that they show, in order.
#[derive(Debug)]
pub struct Recording {
    journal: Journal,
    worlds: Worlds,
    /// How much was read, and why not more.
    pub summary: FileSummary,
}

impl Default for Recording {
    fn default() -> Self {
        // The reader limits how much is read, so no event is dropped; checkpoints are not needed.
        Self { journal: Journal::new(usize::MAX, u64::MAX), worlds: Worlds::of_file(), summary: FileSummary::default() }
    }
}

impl PartialEq for Recording {
    /// The world is what its events amount to.
    fn eq(&self, other: &Self) -> bool {
        self.summary == other.summary && self.journal.events().eq(other.journal.events())
    }
}

impl Recording {
    /// As the record of a session has it: how much was read, and no packet.
    pub(super) fn without_packets(summary: FileSummary) -> Self {
        Self { summary, ..Self::default() }
    }

    /// Adds a packet, so long after the first one.
    pub fn packet(&mut self, at: Stamp, packet: PacketSummary) {
        self.push(at, Evidence::Packet, EventKind::Packet(packet));
    }

    /// Adds a change of state.
    pub fn change(&mut self, at: Stamp, evidence: Evidence, change: Transition) {
        self.push(at, evidence, EventKind::State(change));
    }

    /// All packets and states.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The world that they make.
    pub const fn world(&self) -> &World {
        self.worlds.host()
    }

    fn push(&mut self, at: Stamp, evidence: Evidence, kind: EventKind) {
        self.journal.push(Observation { at, world: WorldId::Host, host: None, evidence, kind }, &mut self.worlds);
    }
}

/// A file that is looked at.
#[derive(Debug)]
pub struct CaptureFile {
    /// Which opening it is.
    pub id: FileId,
    /// Its name, safe to show.
    pub name: String,
    /// Its packets.
    pub recording: Arc<Recording>,
    /// Its lists.
    pub packets: Packets,
    /// The conversation that is selected in it.
    pub subject: Option<Subject>,
    /// How many packets it has, if there are more than were read and they were counted.
    pub all: Option<u64>,
}

impl CaptureFile {
    pub(super) fn new(id: FileId, name: String, recording: Arc<Recording>) -> Self {
        let packets = Packets::of_file(id, recording.journal());
        Self { id, name, recording, packets, subject: None, all: None }
    }
}

/// The file that is looked at, and the line in which the name of one is typed.
#[derive(Debug, Default)]
pub struct CaptureFiles {
    /// The name being typed.
    pub line: TypedLine,
    /// Why the one that was asked for cannot be opened.
    pub fault: Option<FileFault>,
    /// The file that is being read.
    pub reading: Option<FileId>,
    /// Its packets, until [`CaptureEvent::FileOpened`](crate::domain::CaptureEvent::FileOpened) says that it was read.
    pub(super) read: Option<Arc<Recording>>,
    /// The file that is looked at.
    pub shown: Option<Box<CaptureFile>>,
    pub(super) latest: FileId,
}
