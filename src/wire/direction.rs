//! One direction of the wire: its mode, and the packets in flight.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::decode::{Outline, SegmentId};
use crate::domain::Stamp;
use crate::domain::wire::WireMode;

/// When a packet in flight arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schedule {
    /// When the presenter delivers it.
    Hold,
    /// At this time.
    At(Stamp),
}

#[derive(Debug, Clone)]
pub(super) struct InFlight {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) schedule: Schedule,
    /// Its place among all packets in flight. Swapped packets exchange their places.
    pub(super) place: u64,
    /// `None` if it could not be read.
    pub(super) outline: Option<Outline>,
    /// Whether its start was reported.
    pub(super) listed: bool,
    /// Its identity; `None` for a packet that was modified.
    pub(super) id: Option<SegmentId>,
    /// How often it was retransmitted, and when last.
    pub(super) again: u32,
    pub(super) last_sent: Stamp,
}

impl InFlight {
    pub(super) fn held(number: u64, bytes: &[u8], now: Stamp) -> Self {
        Self {
            number,
            bytes: bytes.to_vec(),
            schedule: Schedule::Hold,
            place: 0,
            outline: None,
            listed: false,
            id: None,
            again: 0,
            last_sent: now,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Direction {
    pub(super) mode: WireMode,
    pub(super) cut: bool,
    pub(super) loss: u8,
    pub(super) in_flight: VecDeque<InFlight>,
    pub(super) sent: SegmentHistory,
    last_arrival: Stamp,
}

impl Direction {
    pub(super) fn schedule(&mut self, now: Stamp) -> Schedule {
        match self.mode {
            WireMode::Step => Schedule::Hold,
            WireMode::Live => Schedule::At(now),
            WireMode::Slow { hop } => Schedule::At(self.arrival(now, hop)),
        }
    }

    /// When a packet that crosses in `hop` arrives: not before earlier ones.
    fn arrival(&mut self, now: Stamp, hop: Duration) -> Stamp {
        self.last_arrival = self.last_arrival.max(now.after(hop));
        self.last_arrival
    }

    /// Changes the mode, also for packets in flight.
    pub(super) fn turn(&mut self, now: Stamp, mode: WireMode) {
        self.mode = mode;
        self.last_arrival = Stamp::ZERO;
        for at in 0..self.in_flight.len() {
            let schedule = match (self.in_flight[at].schedule, mode) {
                // It arrives as scheduled, unless the new mode holds it or delivers it at once.
                (Schedule::At(then), WireMode::Slow { .. }) => {
                    self.last_arrival = self.last_arrival.max(then);
                    Schedule::At(then)
                }
                _ => self.schedule(now),
            };
            self.in_flight[at].schedule = schedule;
        }
    }

    pub(super) fn position(&self, number: u64) -> Option<usize> {
        self.in_flight.iter().position(|packet| packet.number == number)
    }

    pub(super) fn first_held(&self) -> Option<&InFlight> {
        self.in_flight.iter().find(|packet| packet.schedule == Schedule::Hold)
    }

    pub(super) fn next_due(&self) -> Option<Stamp> {
        let times = self.in_flight.iter().filter_map(|packet| match packet.schedule {
            Schedule::Hold => None,
            Schedule::At(then) => Some(then),
        });
        times.min()
    }

    /// The time and place of the next packet that arrives by `now`.
    pub(super) fn first_due(&self, now: Stamp) -> Option<(Stamp, u64)> {
        self.due(now).map(|(_, due)| due)
    }

    pub(super) fn take_due(&mut self, now: Stamp) -> Option<InFlight> {
        let (at, _) = self.due(now)?;
        self.in_flight.remove(at)
    }

    fn due(&self, now: Stamp) -> Option<(usize, (Stamp, u64))> {
        let due = self.in_flight.iter().enumerate().filter_map(|(at, packet)| match packet.schedule {
            Schedule::At(then) if then <= now => Some((at, (then, packet.place))),
            _ => None,
        });
        due.min_by_key(|(_, due)| *due)
    }
}

/// The segments that were sent lately, to recognize retransmissions.
#[derive(Debug, Default)]
pub(super) struct SegmentHistory {
    numbers: HashMap<SegmentId, u64>,
    order: VecDeque<SegmentId>,
}

impl SegmentHistory {
    const KEPT: usize = 512;

    /// The number of the original.
    pub(super) fn before(&self, id: &SegmentId) -> Option<u64> {
        self.numbers.get(id).copied()
    }

    pub(super) fn remember(&mut self, id: SegmentId, number: u64) {
        if self.numbers.contains_key(&id) {
            return;
        }
        self.numbers.insert(id, number);
        self.order.push_back(id);
        if self.order.len() > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.numbers.remove(&oldest);
        }
    }
}
