//! A list in ascending order that can be held still while it grows, and where its reader is.

use std::collections::VecDeque;
use std::collections::vec_deque::Iter;
use std::iter::Copied;
use std::ops::Range;

use super::window::{tail, window};

/// Where the reader of a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListReader<K> {
    /// At the end, seeing the latest entry.
    #[default]
    Follows,
    /// At the latest entry about the selection of another pane, until a new entry is listed.
    Points {
        /// The entry.
        at: K,
    },
    /// At one entry of a held list, which ends where it ended when the reader stopped following.
    Holds {
        /// The entry.
        at: K,
        /// The last entry of the held list.
        end: K,
    },
}

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct HeldList<K> {
    pub(super) keys: VecDeque<K>,
    /// Where the reader is.
    pub reader: ListReader<K>,
}

impl<K: Copy + Ord> HeldList<K> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All entries, in order.
    pub fn entries(&self) -> Copied<Iter<'_, K>> {
        self.keys.iter().copied()
    }

    /// The entry at this place.
    pub fn entry(&self, place: usize) -> Option<K> {
        self.keys.get(place).copied()
    }

    /// The last entry.
    pub fn last(&self) -> Option<K> {
        self.keys.back().copied()
    }

    /// The place of this entry, or of the first one after it.
    pub fn place(&self, entry: K) -> usize {
        self.keys.partition_point(|other| *other < entry)
    }

    /// Whether the reader follows the latest entry.
    pub fn follows(&self) -> bool {
        matches!(self.reader, ListReader::Follows)
    }

    /// Whether the reader holds the list at this entry.
    pub fn holds(&self, entry: K) -> bool {
        matches!(self.reader, ListReader::Holds { at, .. } if at == entry)
    }

    /// How many entries the reader can see: all, or those of the held list.
    pub fn held_len(&self) -> usize {
        match self.reader {
            ListReader::Follows | ListReader::Points { .. } => self.len(),
            ListReader::Holds { end, .. } => self.keys.partition_point(|other| *other <= end),
        }
    }

    /// How many entries came since the reader stopped following.
    pub fn unseen(&self) -> usize {
        self.len() - self.held_len()
    }

    /// The place that the reader is at: the last one while it follows.
    pub fn at(&self) -> Option<usize> {
        let last = self.len().checked_sub(1)?;
        Some(match self.reader {
            ListReader::Follows => last,
            ListReader::Points { at } | ListReader::Holds { at, .. } => self.place(at).min(last),
        })
    }

    /// The entry that the reader is at.
    pub fn selected(&self) -> Option<K> {
        self.entry(self.at()?)
    }

    /// The places to show in a pane of this height.
    pub fn visible(&self, height: usize) -> Range<usize> {
        match self.reader {
            ListReader::Follows => tail(self.len(), height),
            ListReader::Points { at } | ListReader::Holds { at, .. } => {
                window(Some(self.place(at)), self.held_len(), height)
            }
        }
    }

    pub(super) fn push(&mut self, entry: K) {
        self.keys.push_back(entry);
    }

    /// Replaces all entries. The reader stays if its entry is still there.
    pub(super) fn refill(&mut self, entries: Vec<K>) {
        self.keys = entries.into();
        if let ListReader::Holds { at, .. } = self.reader
            && self.entry(self.place(at)) != Some(at)
        {
            self.reader = ListReader::Follows;
        }
    }

    /// Drops the earliest entries that are gone.
    pub(super) fn forget(&mut self, is_gone: impl Fn(&K) -> bool) {
        while self.keys.front().is_some_and(&is_gone) {
            self.keys.pop_front();
        }
        let Some(first) = self.entry(0) else {
            self.reader = ListReader::Follows;
            return;
        };
        if let ListReader::Holds { at, end } = &mut self.reader {
            *at = (*at).max(first);
            *end = (*end).max(*at);
        }
    }

    /// Holds the list at this entry, if there is such an entry.
    pub(super) fn hold(&mut self, entry: K) {
        if let Some(end) = self.last()
            && self.entry(self.place(entry)) == Some(entry)
        {
            self.reader = ListReader::Holds { at: entry, end };
        }
    }

    /// Holds the list at its first entry.
    pub(super) fn hold_first(&mut self) {
        if let Some(first) = self.entry(0) {
            self.hold(first);
        }
    }

    /// Moves the reader by `steps` entries, down if positive. Past the end it follows again.
    pub(super) fn step(&mut self, steps: isize) {
        let Some((from, last)) = self.at().zip(self.last()) else { return };
        let end = match self.reader {
            ListReader::Follows if steps >= 0 => return,
            ListReader::Follows | ListReader::Points { .. } => last,
            ListReader::Holds { end, .. } => end,
        };
        let to = from.saturating_add_signed(steps);
        let listed = self.keys.partition_point(|other| *other <= end);
        let holds = to < listed && !(steps > 0 && from + 1 == self.len());
        self.reader = if holds { ListReader::Holds { at: self.keys[to], end } } else { ListReader::Follows };
    }
}
