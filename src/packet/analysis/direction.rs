//! One direction of a TCP connection, as far as it was seen.

use std::collections::VecDeque;

use super::super::segment::ObservedSegment;
use crate::domain::Flags;
use crate::domain::packet::SynNumbers;

/// Which of the two ends sends: the one with the smaller address and port, or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

impl Side {
    /// The index of this side's direction in the pair.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Low => 0,
            Self::High => 1,
        }
    }
}

/// How this direction's sender scales the window that it offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scale {
    /// Its SYN was not seen.
    #[default]
    Unknown,
    /// Not at all: one of the two SYNs had no such option.
    Off,
    /// By so many bits.
    Shift(u8),
}

impl Scale {
    pub(super) const fn shift(self) -> Option<u8> {
        match self {
            Self::Shift(bits) => Some(bits),
            Self::Unknown | Self::Off => None,
        }
    }
}

/// A segment that uses sequence numbers, and the packet that carried it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentSegment {
    pub(super) seq: u32,
    pub(super) len: u32,
    pub(super) flags: Flags,
    pub(super) number: u64,
}

/// A probe that the other side is expected to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentProbe {
    Keepalive,
    ZeroWindow,
}

/// How far apart two sequence numbers are.
const fn distance(a: u32, b: u32) -> u32 {
    a.wrapping_sub(b).cast_signed().unsigned_abs()
}

/// The segments that one end has sent so far. Numbers are as they stand in the packets.
#[derive(Debug, Default)]
pub(super) struct TcpDirection {
    /// The sequence number of its SYN, if that was seen.
    pub(super) isn: Option<u32>,
    /// The number to count from: that of the SYN, or a guess from the first segment or its acknowledgment.
    pub(super) base: Option<u32>,
    /// The highest sequence number that is expected next.
    pub(super) next: Option<u32>,
    pub(super) next_at: u64,
    /// Up to here everything was captured without a gap, as far as acknowledgments are concerned.
    pub(super) whole_to: Option<u32>,
    /// Its latest segment.
    pub(super) latest: Option<ObservedSegment>,
    /// The first packet with the same acknowledgment number as the latest.
    pub(super) ack_first: u64,
    pub(super) duplicates: u32,
    /// The current gap in this direction has been reported as acknowledged but not captured.
    pub(super) unseen_reported: bool,
    pub(super) scale: Scale,
    /// Its SYN was a SYN+ACK.
    pub(super) answers: bool,
    /// Its latest segment with SYN or ACK was a SYN, so its window is not scaled yet.
    pub(super) fresh: bool,
    /// The probe that its latest segment was.
    pub(super) probe: Option<SentProbe>,
    pub(super) finished: bool,
    /// The packet in which it last sent data; 0 for none.
    pub(super) data_in: u64,
    /// Its latest segments that use sequence numbers.
    pub(super) segments: VecDeque<SentSegment>,
}

impl TcpDirection {
    /// In practice, no retransmission repeats an older segment.
    const KEPT: usize = 16;

    pub(super) fn keep(&mut self, sent: SentSegment) {
        if self.segments.len() == Self::KEPT {
            self.segments.pop_front();
        }
        self.segments.push_back(sent);
    }

    /// Whether a RST stands where this end has got to. One that answers a SYN has sequence number 0 (RFC 9293 §3.10.7.1),
    /// and one that is further away than the largest window (RFC 7323 §2.3) is of no connection that was seen.
    pub(super) fn has_place_for(&self, reset: &ObservedSegment) -> bool {
        const LARGEST_WINDOW: u32 = 1 << 30;
        self.next.is_some_and(|next| {
            let answers_syn = reset.seq == 0 && reset.flags.has(Flags::ACK);
            reset.seq == next || (!answers_syn && distance(reset.seq, next) <= LARGEST_WINDOW)
        })
    }

    /// A SYN+ACK with a number that was not expected: the sender counts from there. Segments far away from it belonged to
    /// an earlier connection between the two ports.
    pub(super) fn begin_at(&mut self, isn: u32) {
        const FAR: u32 = 1 << 20;
        if self.next.is_some_and(|next| distance(next, isn) > FAR) {
            *self = Self::default();
        }
        self.base = Some(isn);
    }

    /// The packet that carried the same segment first.
    pub(super) fn same(&self, sent: &SentSegment) -> Option<u64> {
        let same = |known: &&SentSegment| known.seq == sent.seq && known.len == sent.len && known.flags == sent.flags;
        self.segments.iter().find(same).map(|known| known.number)
    }

    /// Its latest acknowledgment number.
    pub(super) fn ack(&self) -> Option<u32> {
        self.latest?.acked()
    }

    /// Its latest window, as it stands in the packet.
    pub(super) fn window(&self) -> Option<u32> {
        Some(self.latest?.window)
    }

    /// Whether its windows are scaled is not known, because a SYN was not seen.
    pub(super) const fn may_scale(&self, other: &Self) -> bool {
        match (self.scale, other.scale) {
            (Scale::Off, _) | (_, Scale::Off) | (Scale::Shift(_), Scale::Shift(_)) => false,
            (Scale::Shift(_), Scale::Unknown) => !self.answers,
            (Scale::Unknown, _) => true,
        }
    }

    /// The initial sequence number and the scale, once the SYN was seen.
    pub(super) fn syn(&self) -> Option<SynNumbers> {
        Some(SynNumbers { isn: self.isn?, scale: self.scale.shift(), answers: self.answers })
    }
}
