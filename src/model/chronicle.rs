//! From what producers observed in one world to the entries of the journal: complete by the historian, in causal order.

use super::causal_order::{Admitted, CausalOrder};
use super::historian::Historian;
use crate::domain::{EventKind, Evidence, Note, Observation, Stamp, WorldId};

/// The historian of one world, and the order of what it writes.
#[derive(Debug, Default)]
pub struct Chronicle {
    historian: Historian,
    order: CausalOrder,
}

impl Chronicle {
    /// Takes in an observation at `now`. What can be written goes to `out`.
    pub fn hear(&mut self, now: Stamp, seen: Observation, out: &mut Vec<Observation>) {
        self.order.settle(now, out);
        let mut next = self.order.admit(now, seen);
        while let Some(admitted) = next {
            self.write(now, admitted, out);
            next = self.order.next_call(now);
        }
    }

    /// Lets time pass in this world. What waited long enough goes to `out`.
    pub fn settle(&mut self, now: Stamp, world: WorldId, out: &mut Vec<Observation>) {
        self.settle_until(now, now, world, out);
    }

    /// Writes everything that still waits.
    pub fn finish(&mut self, now: Stamp, world: WorldId, out: &mut Vec<Observation>) {
        self.settle_until(Stamp::MAX, now, world, out);
    }

    fn settle_until(&mut self, until: Stamp, now: Stamp, world: WorldId, out: &mut Vec<Observation>) {
        while let Some(admitted) = self.order.next_call(until) {
            self.write(now, admitted, out);
        }
        let kind = EventKind::Note(Note::Dropped { count: 0 });
        let like = Observation { at: now, world, host: None, evidence: Evidence::Inferred, kind };
        let mut written = Vec::new();
        self.historian.settle(until, &like, &mut written);
        // These have waited for long enough.
        self.order.take(now, now, written, out);
        self.order.settle(until, out);
    }

    fn write(&mut self, now: Stamp, Admitted { seen, due }: Admitted, out: &mut Vec<Observation>) {
        let mut written = Vec::new();
        self.historian.hear(now, &seen, &mut written);
        // A producer's own state change is a claim: the historian has written what it makes of it.
        let seen = Some(seen).filter(|seen| !matches!(seen.kind, EventKind::State(_)));
        self.order.take(now, due, seen.into_iter().chain(written), out);
    }

    /// When [`Chronicle::settle`] has something to do next.
    pub fn next_due(&self) -> Option<Stamp> {
        [self.historian.next_due(), self.order.next_due()].into_iter().flatten().min()
    }
}
