//! The links of the wire as the events left them: their conditions, their queues, and the packets that cross them.

use super::{DirectionState, WirePacketFate, WireState};
use crate::domain::wire::WireEvent;
use crate::domain::{HostId, Observation};

impl DirectionState {
    /// Whether a packet that is let through is under way for some time before it arrives.
    pub const fn takes_time(&self) -> bool {
        self.link.rate_kbit > 0 || self.link.delay_ms > 0 || self.link.jitter_ms > 0
    }
}

impl WireState {
    pub(super) fn apply_link(&mut self, seen: &Observation, event: &WireEvent) {
        let at = seen.at;
        match event {
            WireEvent::Link(link) => self.directions_of(seen).for_each(|direction| direction.link = *link),
            WireEvent::Queued { packet, waiting } => {
                self.queue_is(seen, *waiting);
                self.with(*packet, |on| on.fate = WirePacketFate::Queued { since: at });
            }
            WireEvent::Crossing { packet, waiting, by, overtakes } => {
                self.queue_is(seen, *waiting);
                self.with(*packet, |on| {
                    on.fate = WirePacketFate::Crossing { since: at, until: at.after(*by) };
                    on.overtook = *overtakes;
                });
            }
            WireEvent::QueueLength { waiting, full, too_large, marked } => {
                self.queue_is(seen, *waiting);
                let lost = full + too_large;
                self.directions_of(seen).for_each(|direction| {
                    direction.lost_unlisted += lost;
                    direction.marked_unlisted += marked;
                });
            }
            WireEvent::Marked { packet } => self.with(*packet, |on| on.marked = true),
            WireEvent::Fragmented { packet, into } => {
                let into = into.len();
                self.with(*packet, |on| on.fate = WirePacketFate::Divided { at, into });
            }
            WireEvent::Answered { packet, answer } => self.with(*answer, |on| on.answers = Some(*packet)),
            _ => {}
        }
    }

    fn queue_is(&mut self, seen: &Observation, waiting: u32) {
        self.directions_of(seen).for_each(|direction| direction.waiting = waiting);
    }

    /// How many packets from this host are held.
    pub fn held(&self, from: HostId) -> usize {
        self.open().filter(|on| on.from == from && on.fate == WirePacketFate::Held).count()
    }
}
