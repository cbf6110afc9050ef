//! A capture file that is looked at in place of live traffic: a journal and a world of its own, so that nothing of it
//! mixes into the laboratory's.

use std::sync::Arc;
use std::time::Duration;

use super::super::journal::Journal;
use super::super::lifecycle::Subject;
use super::super::line::TypedLine;
use super::super::world::World;
use super::super::worlds::Worlds;
use super::Packets;
use crate::domain::{Errno, EventKind, Evidence, Observation, PacketSummary, Stamp, Transition, WorldId};

/// One opening of a file, counted from 1: an answer that comes late is about the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FileId(pub u32);

/// Whose packets are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PacketOrigin {
    /// Those that are captured now.
    #[default]
    Live,
    /// Those of a file.
    File(FileId),
}

/// Why a file cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// Nothing was typed.
    NoName,
    /// There is none of that name.
    NoFile,
    /// The system does not let it be read.
    Forbidden,
    /// It is a directory.
    Directory,
    /// It is a pipe, a terminal or a device: nobody knows when it ends.
    NotAFile,
    /// It is neither pcap nor pcapng.
    NotACapture,
    /// Any other error of the system.
    Io(Errno),
}

/// Why a file was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileDamage {
    /// It ends in the middle of a packet.
    Cut,
    /// It says something that cannot be, at this byte.
    Damaged {
        /// Where.
        at: u64,
    },
    /// The system could not go on reading it.
    Io(Errno),
}

/// What is to be said of a file besides its packets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSummary {
    /// How many packets were read.
    pub read: u64,
    /// How many of them are neither TCP nor UDP nor ICMP, and are not listed.
    pub others: u64,
    /// The time from the first packet to the last.
    pub lasted: Duration,
    /// There are more than are worth keeping.
    pub more: bool,
    /// Why it ends before its end.
    pub damage: Option<FileDamage>,
}

/// What was read of a file: its packets, and the states that they tell of, in the order in which they were told.
#[derive(Debug)]
pub struct Recording {
    journal: Journal,
    worlds: Worlds,
    /// What is to be said of it.
    pub about: FileSummary,
}

impl Default for Recording {
    fn default() -> Self {
        // Who reads a file decides how much of it: nothing is forgotten here, and no moment of it is gone back to.
        Self { journal: Journal::new(usize::MAX, u64::MAX), worlds: Worlds::of_file(), about: FileSummary::default() }
    }
}

impl PartialEq for Recording {
    /// The world is what its events amount to.
    fn eq(&self, other: &Self) -> bool {
        self.about == other.about && self.journal.events().eq(other.journal.events())
    }
}

impl Recording {
    /// Adds a packet, so long after the first one.
    pub fn packet(&mut self, at: Stamp, packet: PacketSummary) {
        self.tell(at, Evidence::Packet, EventKind::Packet(packet));
    }

    /// Adds a change of state.
    pub fn change(&mut self, at: Stamp, evidence: Evidence, change: Transition) {
        self.tell(at, evidence, EventKind::State(change));
    }

    /// Everything that was read.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What it amounts to.
    pub const fn world(&self) -> &World {
        self.worlds.host()
    }

    fn tell(&mut self, at: Stamp, evidence: Evidence, kind: EventKind) {
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
    /// What was read of it.
    pub recording: Arc<Recording>,
    /// Its lists.
    pub packets: Packets,
    /// The conversation that is selected in it.
    pub subject: Option<Subject>,
    /// How many packets it has, once they were counted, where there are more than were read.
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
    /// The name as it is typed.
    pub line: TypedLine,
    /// Why the one that was asked for cannot be opened.
    pub fault: Option<FileFault>,
    /// The file that is being read.
    pub reading: Option<FileId>,
    /// The file that is looked at.
    pub shown: Option<Box<CaptureFile>>,
    pub(super) latest: FileId,
}
