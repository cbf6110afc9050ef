//! The journal: the latest events in order, and the worlds at some of them, so that any moment can be shown again.

use std::collections::VecDeque;

use super::worlds::Worlds;
use crate::domain::{Event, Observation};

/// A ring of events with checkpoints.
#[derive(Debug)]
pub struct Journal {
    events: VecDeque<Event>,
    capacity: usize,
    last_seq: u64,
    /// The worlds after the last event that left the ring.
    base: Worlds,
    /// The worlds after the event with this number, ascending; all of them in the ring.
    checkpoints: VecDeque<(u64, Worlds)>,
    spacing: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Self::new(65_536, 16_384)
    }
}

impl Journal {
    /// A journal of at most `capacity` events, with a checkpoint every `spacing` of them.
    pub fn new(capacity: usize, spacing: u64) -> Self {
        let (events, checkpoints) = Default::default();
        Self { events, capacity, last_seq: 0, base: Worlds::default(), checkpoints, spacing }
    }

    /// The number of the first event that is still in the ring.
    pub fn first_seq(&self) -> u64 {
        self.last_seq + 1 - self.events.len() as u64
    }

    /// The number of the latest event; 0 before the first.
    pub const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The event with this number, while it is in the ring.
    pub fn get(&self, seq: u64) -> Option<&Event> {
        let place = seq.checked_sub(self.first_seq())?;
        self.events.get(usize::try_from(place).ok()?)
    }

    /// All events in the ring, the earliest first.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter()
    }

    /// Appends an event, folds it into `worlds`, and takes a checkpoint when one is due. Returns the event's number.
    pub fn push(&mut self, seen: Observation, worlds: &mut Worlds) -> u64 {
        self.last_seq += 1;
        let event = Event { seq: self.last_seq, seen };
        worlds.apply(&event);
        self.events.push_back(event);
        if self.events.len() > self.capacity
            && let Some(oldest) = self.events.pop_front()
        {
            self.base.apply(&oldest);
            self.checkpoints.pop_front_if(|(seq, _)| *seq <= oldest.seq);
        }
        if self.last_seq.is_multiple_of(self.spacing) {
            self.checkpoints.push_back((self.last_seq, worlds.clone()));
        }
        self.last_seq
    }

    /// The worlds as they were right after the event with this number: the nearest checkpoint before it, and the events
    /// since. `None` for a moment that the ring no longer reaches, or not yet.
    pub fn worlds_at(&self, seq: u64) -> Option<Worlds> {
        if seq > self.last_seq {
            return None;
        }
        let nearest = self.checkpoints.iter().rev().find(|(at, _)| *at <= seq);
        let (from, mut worlds) = match nearest {
            Some((at, worlds)) => (at + 1, worlds.clone()),
            None => (self.first_seq(), self.base.clone()),
        };
        if seq + 1 < from {
            return None;
        }
        for seq in from..=seq {
            worlds.apply(self.get(seq)?);
        }
        Some(worlds)
    }
}
