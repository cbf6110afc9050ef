//! The search for the packets that pass a filter. It goes through the journal in pieces, one for each key and each
//! frame, so that no key waits for all of it. The old list stays until the search is complete.

use super::{Packets, same_pair};
use crate::domain::Flow;
use crate::domain::filter::Filter;
use crate::model::journal::Journal;

/// A search in progress.
#[derive(Debug, Clone)]
pub(super) struct PacketSearch {
    filter: Filter,
    only: Option<Flow>,
    /// The next event to look at.
    next: u64,
    found: Vec<u64>,
}

impl Packets {
    /// How many packets are filtered in one piece, which takes a few milliseconds.
    pub(super) const PIECE: usize = 4_096;

    /// Whether a search is in progress.
    pub const fn is_looking(&self) -> bool {
        self.search.is_some()
    }

    /// The filter that is searched for, or without a search, the one in force.
    pub(super) fn wanted_filter(&self) -> &Filter {
        self.search.as_ref().map_or(&self.filter, |search| &search.filter)
    }

    /// The conversation that the list is narrowed to once the search is complete.
    pub(super) fn wanted_only(&self) -> Option<Flow> {
        self.search.as_ref().map_or(self.only, |search| search.only)
    }

    /// Starts a search for the packets that pass both.
    pub(super) fn seek(&mut self, filter: Filter, only: Option<Flow>) {
        self.search = Some(PacketSearch { filter, only, next: 0, found: Vec::new() });
    }

    /// Continues the search through at most `most` packets.
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
        self.filter = search.filter;
        self.only = search.only;
        self.list.refill(search.found);
        let first = journal.first_seq();
        self.list.forget(|seq| *seq < first);
    }
}
