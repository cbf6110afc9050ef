//! A list of packets, as numbers of events in the journal, and where its reader is.

use std::collections::VecDeque;

/// Where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PacketListReader {
    /// At the end, seeing the latest.
    #[default]
    Follows,
    /// At one packet; the list stands still, ending where it ended when the reader stopped following.
    Holds {
        /// The packet's number in the journal.
        at: u64,
        /// The last packet of the list that stands still.
        end: u64,
    },
}

/// See the module's head. The numbers ascend.
#[derive(Debug, Clone, Default)]
pub struct PacketList {
    seqs: VecDeque<u64>,
    /// Where the reader is.
    pub reader: PacketListReader,
}

impl PacketList {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.seqs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.seqs.is_empty()
    }

    /// The packet at this place, as its number in the journal.
    pub fn seq(&self, place: usize) -> Option<u64> {
        self.seqs.get(place).copied()
    }

    /// The place of the packet with this number in the journal, or of the first one after it.
    pub fn place(&self, seq: u64) -> usize {
        self.seqs.partition_point(|other| *other < seq)
    }

    /// How many the reader can see: all, or those up to where the list was held.
    pub fn held_len(&self) -> usize {
        match self.reader {
            PacketListReader::Follows => self.len(),
            PacketListReader::Holds { end, .. } => self.place(end + 1),
        }
    }

    /// How many came since the reader stopped following.
    pub fn unseen(&self) -> usize {
        self.len() - self.held_len()
    }

    /// The place that the reader is at: the latest while it follows.
    pub fn at(&self) -> Option<usize> {
        let last = self.len().checked_sub(1)?;
        Some(match self.reader {
            PacketListReader::Follows => last,
            PacketListReader::Holds { at, .. } => self.place(at).min(last),
        })
    }

    /// The packet that the reader is at, as its number in the journal.
    pub fn selected(&self) -> Option<u64> {
        self.seq(self.at()?)
    }

    pub(super) fn push(&mut self, seq: u64) {
        self.seqs.push_back(seq);
    }

    /// Forgets those that the journal no longer has.
    pub(super) fn forget(&mut self, first: u64) {
        while self.seqs.front().is_some_and(|seq| *seq < first) {
            self.seqs.pop_front();
        }
        if let PacketListReader::Holds { at, end } = &mut self.reader {
            *at = (*at).max(first);
            *end = (*end).max(*at);
        }
        if self.is_empty() {
            self.reader = PacketListReader::Follows;
        }
    }

    /// Makes it anew, with the reader where it was if that packet is still in it.
    pub(super) fn refill(&mut self, seqs: Vec<u64>) {
        self.seqs = seqs.into();
        if let PacketListReader::Holds { at, .. } = self.reader
            && self.seq(self.place(at)) != Some(at)
        {
            self.reader = PacketListReader::Follows;
        }
    }

    /// Holds still at this packet.
    pub(super) fn hold(&mut self, seq: u64) {
        if let Some(end) = self.seqs.back().copied()
            && self.seq(self.place(seq)) == Some(seq)
        {
            self.reader = PacketListReader::Holds { at: seq, end };
        }
    }

    /// Holds still at the first packet.
    pub(super) fn hold_first(&mut self) {
        if let Some(first) = self.seq(0) {
            self.hold(first);
        }
    }

    /// Moves the reader by `steps` packets, down if positive. Past the end it follows again.
    pub(super) fn step(&mut self, steps: isize) {
        let Some(last) = self.len().checked_sub(1) else { return };
        let (from, end) = match self.reader {
            PacketListReader::Follows if steps >= 0 => return,
            PacketListReader::Follows => (last, self.seqs[last]),
            PacketListReader::Holds { at, end } => (self.place(at).min(last), end),
        };
        let to = from.saturating_add_signed(steps);
        let holds = to < self.place(end + 1).min(last + 1) && !(steps > 0 && from == last);
        self.reader =
            if holds { PacketListReader::Holds { at: self.seqs[to], end } } else { PacketListReader::Follows };
    }
}
