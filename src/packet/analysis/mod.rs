//! The analysis of packets, one after the other: numbers counted from the SYN, scaled windows, and findings.
//!
//! A file is analysed exactly like live traffic: nothing here knows where a frame came from. Findings about sequence
//! numbers follow Wireshark's definitions ("TCP Analysis" in its User's Guide), with its defaults.

mod conversations;
mod direction;
mod fragments;
mod reset;
mod tcp;
#[cfg(test)]
pub(crate) mod tests;

use crate::domain::{ChecksumStatus, Finding, Flow, IcmpRole, PacketSummary};

use super::decode::Decoded;
use super::frame::Frame;
use super::reassembly::{ReassembledPacket, Reassembly};
use conversations::{Conversations, TrackedConversation};
use fragments::Fragments;

/// The analysis of a stream of frames. It remembers the latest conversations only.
#[derive(Debug, Default)]
pub struct Analysis {
    conversations: Conversations,
    fragments: Fragments,
    reassembly: Reassembly,
}

impl Analysis {
    /// Reads the next frame and returns its summary; `None` if it carries neither TCP nor UDP nor ICMP.
    pub fn see(&mut self, frame: &Frame<'_>) -> Option<PacketSummary> {
        self.see_of(frame, |_| true)
    }

    /// The same, but ignores frames of conversations that are not wanted.
    pub fn see_of(&mut self, frame: &Frame<'_>, wanted: impl Fn(&Flow) -> bool) -> Option<PacketSummary> {
        let mut read = self.reassembly.read(frame)?;
        self.fragments.name(&mut read.decoded);
        wanted(&read.decoded.summary.flow).then(|| self.judge(frame, read))
    }

    fn judge(&mut self, frame: &Frame<'_>, read: ReassembledPacket<'_>) -> PacketSummary {
        let is_piece = read.is_piece();
        let ReassembledPacket { decoded, fragment, finding, .. } = read;
        let Decoded { mut summary, checksum, ip_id, quoted, .. } = decoded;
        summary.number = frame.number;
        if let Some(fragment) = fragment {
            summary.findings.add(Finding::Fragment { offset: fragment.offset, more: fragment.more });
        }
        finding.into_iter().for_each(|finding| summary.findings.add(finding));
        if is_piece {
            // The sequence numbers are those of the whole, which stands at the last of its fragments.
        } else if summary.icmp.is_some_and(|icmp| icmp.role() == IcmpRole::Reports) {
            let cause = quoted.and_then(|quoted| self.conversations.cause(&summary.flow, quoted));
            if let Some(packet) = cause {
                summary.findings.add(Finding::CausedBy { packet });
            }
        } else {
            match self.conversations.of(&summary.flow) {
                Some((TrackedConversation::Tcp(tcp), side)) => tcp.see(side, frame.at, &mut summary),
                Some((TrackedConversation::Datagrams(datagrams), side)) => datagrams.see(side, frame.number, ip_id),
                None => {}
            }
        }
        match checksum {
            ChecksumStatus::Partial => summary.findings.add(Finding::ChecksumPartial),
            ChecksumStatus::Wrong => summary.findings.add(Finding::ChecksumBad),
            ChecksumStatus::Right | ChecksumStatus::Unknown => {}
        }
        let further = frame.further();
        if further > 0 {
            summary.findings.add(Finding::FurtherFrames { count: further });
        }
        let missing = (frame.wire_len as usize).saturating_sub(frame.bytes.len());
        if missing > 0 {
            summary.findings.add(Finding::Cut { missing: u32::try_from(missing).unwrap_or(u32::MAX) });
        }
        summary
    }
}
