//! The traffic that the view shows: live packets, or those of a file.

use super::super::Model;
use super::super::journal::Journal;
use super::super::lifecycle::Subject;
use super::super::world::World;
use super::file::CaptureFile;
use super::{CaptureStatus, Packets};
use crate::domain::{Flags, Flow, PacketSummary, WorldId};

/// The lists, the journal that they index, and the world.
#[derive(Debug, Clone, Copy)]
pub struct Traffic<'a> {
    /// The lists.
    pub packets: &'a Packets,
    /// The journal that they index.
    pub journal: &'a Journal,
    /// The world that these events make: servers, and the histories of both ends.
    pub world: &'a World,
    /// The selection.
    pub subject: Option<Subject>,
    /// The file, if a file is shown.
    pub file: Option<&'a CaptureFile>,
}

impl<'a> Traffic<'a> {
    /// The packet with this number in the journal.
    pub fn packet(&self, seq: u64) -> Option<&'a PacketSummary> {
        self.journal.get(seq).and_then(Packets::of)
    }

    /// The packet under the cursor.
    pub fn selected(&self) -> Option<&'a PacketSummary> {
        self.packet(self.packets.selected()?)
    }

    /// Whether a later segment of the shown conversation acknowledges all that this one carries.
    pub fn is_acknowledged(&self, packet: &PacketSummary) -> bool {
        let Some(tcp) = &packet.tcp else { return false };
        let (Some(seq), Ok(len)) = (tcp.seq_rel, u32::try_from(packet.payload.len)) else { return false };
        let takes = len + u32::from(tcp.flags.has(Flags::SYN)) + u32::from(tcp.flags.has(Flags::FIN));
        let back = packet.flow.mirror();
        let acknowledges = |later: &PacketSummary| {
            let ack = later.tcp.as_ref().and_then(|tcp| tcp.ack_rel);
            // Up to half the sequence space ahead (RFC 9293 §3.4).
            let reaches = |ack: u32| ack.wrapping_sub(seq.wrapping_add(takes)) < 1 << 31;
            later.number > packet.number && Some(later.flow) == back && ack.is_some_and(reaches)
        };
        takes > 0 && self.packets.ladder.packets.entries().filter_map(|seq| self.packet(seq)).any(acknowledges)
    }

    /// Whether there is no packet and packets cannot be captured.
    pub fn lacks(&self) -> bool {
        let Packets { capturing, world, seen, .. } = self.packets;
        let cannot = matches!(capturing, CaptureStatus::Lacking { .. });
        cannot && self.file.is_none() && *world == WorldId::Host && *seen == 0
    }

    /// The conversation that is shown, as its client sees it.
    pub fn client(&self) -> Option<Flow> {
        self.packets.ladder.client(self.world)
    }
}

impl Model {
    /// The traffic that the packets view shows.
    pub fn traffic(&self) -> Traffic<'_> {
        match &self.files.shown {
            Some(file) => Traffic {
                packets: &file.packets,
                journal: file.recording.journal(),
                world: file.recording.world(),
                subject: file.subject,
                file: Some(file),
            },
            None => Traffic {
                packets: &self.packets,
                journal: &self.journal,
                world: self.worlds.shown(),
                subject: self.ui.subject,
                file: None,
            },
        }
    }

    /// The lists that keys act on, and the journal that they index.
    pub(in super::super) fn lists(&mut self) -> (&mut Packets, &Journal) {
        match &mut self.files.shown {
            Some(file) => (&mut file.packets, file.recording.journal()),
            None => (&mut self.packets, &self.journal),
        }
    }
}
