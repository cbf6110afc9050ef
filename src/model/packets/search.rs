//! The search for the packets that the list is to show: a piece for each key and each frame, so that none waits for a
//! whole journal to be gone through. What was found is the list when all of it was; until then the old list stands.

use super::{Packets, same_pair};
use crate::domain::Flow;
use crate::domain::filter::Filter;
use crate::model::journal::Journal;

/// A search that goes on.
#[derive(Debug, Clone)]
pub(super) struct PacketSearch {
    filter: Filter,
    only: Option<Flow>,
    /// The event that is looked at next.
    next: u64,
    found: Vec<u64>,
}

impl Packets {
    /// How many packets a filter is asked about in one piece: a few milliseconds' worth.
    pub(super) const PIECE: usize = 4_096;

    /// Whether the list is not yet that of the filter which was typed.
    pub const fn is_looking(&self) -> bool {
        self.search.is_some()
    }

    /// The filter that is looked for, or in force when nothing is.
    pub(super) fn wanted_filter(&self) -> &Filter {
        self.search.as_ref().map_or(&self.filter, |search| &search.filter)
    }

    /// The conversation that the list is to be narrowed to, or is.
    pub(super) fn wanted_only(&self) -> Option<Flow> {
        self.search.as_ref().map_or(self.only, |search| search.only)
    }

    /// Begins to look for the packets that pass both.
    pub(super) fn seek(&mut self, filter: Filter, only: Option<Flow>) {
        self.search = Some(PacketSearch { filter, only, next: 0, found: Vec::new() });
    }

    /// Goes on looking, and asks the filter about `most` packets at most.
    pub(super) fn look_on(&mut self, journal: &Journal, most: usize) {
        let Some(mut search) = self.search.take() else { return };
        let mut left = most;
        search.next = search.next.max(journal.first_seq());
        while let Some(event) = journal.get(search.next) {
            let meant = |flow| search.only.is_none_or(|only| same_pair(&only, flow));
            if let Some(packet) = self.here(event).filter(|packet| meant(&packet.flow)) {
                if left == 0 {
                    self.search = Some(search);
                    return;
                }
                left -= 1;
                if search.filter.matches(packet) {
                    search.found.push(event.seq);
                }
            }
            search.next += 1;
        }
        (self.filter, self.only) = (search.filter, search.only);
        self.list.refill(search.found);
        self.list.forget(journal.first_seq());
    }
}
