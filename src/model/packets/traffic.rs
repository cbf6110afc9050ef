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
        let mut others = self.packets.ladder.packets.entries().filter_map(|seq| self.packet(seq));
        others.any(|other| acknowledges(packet, other))
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

/// Whether a later packet acknowledges all that this one carries.
pub fn acknowledges(packet: &PacketSummary, later: &PacketSummary) -> bool {
    if later.number <= packet.number || Some(later.flow) != packet.flow.mirror() || later.icmp.is_some() {
        return false;
    }
    let (Some(tcp), Some(answer)) = (&packet.tcp, &later.tcp) else { return false };
    let takes = tcp.takes(packet.payload.len);
    // Up to half the sequence space ahead (RFC 9293 §3.4).
    let (seq, ack) = tcp.seq_rel.zip(answer.ack_rel).unwrap_or((tcp.seq, answer.ack));
    let reaches = ack.wrapping_sub(seq.wrapping_add(takes)) < 1 << 31;
    takes > 0 && answer.flags.has(Flags::ACK) && reaches
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
