//! One direction of a TCP connection, as far as it was seen.

use std::collections::VecDeque;

use crate::domain::Flags;

/// Which of the two ends sends: the one whose address is the smaller, or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

impl Side {
    /// Where this side's half stands in the pair.
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
    /// How many bits to shift by.
    pub(super) const fn bits(self) -> u8 {
        match self {
            Self::Shift(bits) => bits,
            Self::Unknown | Self::Off => 0,
        }
    }
}

/// The segments of one direction, lately: which sequence number went in which packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentSegment {
    pub(super) seq: u32,
    pub(super) len: u32,
    pub(super) flags: Flags,
    pub(super) number: u64,
}

/// What one end has sent so far. Numbers are as they stand in the packets.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// The sequence number of its SYN, when that was seen.
    pub(super) isn: Option<u32>,
    /// What relative numbers would be counted from; without a SYN, a guess from the first segment or its echo.
    pub(super) base: Option<u32>,
    /// The highest sequence number that is expected next.
    pub(super) next: Option<u32>,
    /// When that was set.
    pub(super) next_at: u64,
    /// Up to here everything was captured without a gap, as far as acknowledgements are concerned.
    pub(super) whole_to: Option<u32>,
    /// The latest acknowledgement number, and when it was sent.
    pub(super) ack: Option<u32>,
    pub(super) ack_at: u64,
    /// The packet that was the first to acknowledge that.
    pub(super) ack_first: u64,
    /// How many duplicates of it there were.
    pub(super) duplicates: u32,
    /// Whether the other side was already told to acknowledge what was not seen, so that it is not said twice.
    pub(super) told_unseen: bool,
    /// The latest window, as it stands in the packet.
    pub(super) window: Option<u32>,
    pub(super) scale: Scale,
    /// Its SYN was the last thing it sent, so its window is not scaled yet.
    pub(super) fresh: bool,
    /// What was said of its latest segment.
    pub(super) last: Last,
    /// Whether it has sent a FIN.
    pub(super) finished: bool,
    /// The packet in which it last sent data; 0 for none.
    pub(super) data_in: u64,
    /// The packet that was its latest.
    pub(super) latest: u64,
    /// The flags of its latest segment, and whether that had data.
    pub(super) latest_flags: Flags,
    pub(super) latest_len: u32,
    /// Its latest segments that take sequence numbers.
    pub(super) segments: VecDeque<SentSegment>,
}

/// What was said of a segment, as far as the next one of the other side depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Last {
    #[default]
    Nothing,
    Keepalive,
    ZeroWindowProbe,
}

impl Half {
    /// More than a retransmission goes back in practice.
    const KEPT: usize = 16;

    /// Remembers a segment that takes sequence numbers.
    pub(super) fn keep(&mut self, sent: SentSegment) {
        if self.segments.len() == Self::KEPT {
            self.segments.pop_front();
        }
        self.segments.push_back(sent);
    }

    /// The packet that carried the same segment first.
    pub(super) fn same(&self, sent: &SentSegment) -> Option<u64> {
        let same = |known: &&SentSegment| known.seq == sent.seq && known.len == sent.len && known.flags == sent.flags;
        self.segments.iter().find(same).map(|known| known.number)
    }
}

/// Whether `a` is before `b` on the circle of sequence numbers (RFC 9293 §3.4).
pub(super) const fn before(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}
