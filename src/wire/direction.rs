//! One direction of the wire: its mode, and the packets in flight.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::decode::{Outline, SegmentId, WirePacket};
use super::in_flight::{InFlight, Schedule};
use super::pipe::Pipe;
use crate::domain::wire::WireMode;
use crate::domain::{Flags, Flow, Stamp};

/// What may happen to a packet; of what happens at the same time, this is the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DueStep {
    /// It reaches the other host.
    Arrives,
    /// It has waited in the link's queue and is sent.
    Departs,
    /// It goes into the link.
    Enters,
}

#[derive(Debug, Default)]
pub(super) struct Direction {
    pub(super) mode: WireMode,
    pub(super) cut: bool,
    /// The packets that wait for the presenter or for their time.
    pub(super) in_flight: VecDeque<InFlight>,
    /// The link that they go into then.
    pub(super) pipe: Pipe,
    pub(super) sent: SegmentHistory,
    /// The segments that have arrived.
    pub(super) arrived: ArrivedSegments,
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

    /// Whether something on its way here tells the other end that this segment of its own has arrived: its acknowledgement,
    /// or a RST, which acknowledges nothing where it answers an ACK (RFC 9293 §3.10.7.1).
    pub(super) fn answers(&self, id: &SegmentId) -> bool {
        let to = id.flow().mirror();
        let resets = |outline: Outline| outline.flags.is_some_and(|flags| flags.has(Flags::RST));
        self.in_flight.iter().filter(|packet| packet.outline.map(|outline| outline.flow) == to).any(|packet| {
            packet.ack.is_some_and(|ack| id.is_acknowledged_by(ack))
                || (!packet.forged && packet.outline.is_some_and(resets))
        })
    }

    /// The packet on its way that begins where this segment begins, if all that the segment carries is on its way too. A
    /// kernel may send several small segments again as one.
    pub(super) fn holds(&self, id: &SegmentId) -> Option<usize> {
        if !id.has_data() {
            return self.in_flight.iter().position(|packet| packet.id.as_ref() == Some(id));
        }
        let begins = |start: u32| {
            let same = |held: &SegmentId| held.flow() == id.flow() && held.start() == start && held.has_data();
            self.in_flight.iter().position(|packet| packet.id.as_ref().is_some_and(same))
        };
        let first = begins(id.start())?;
        let mut reached = self.in_flight[first].id.as_ref()?.end();
        while !id.is_acknowledged_by(reached) {
            reached = self.in_flight[begins(reached)?].id.as_ref()?.end();
        }
        Some(first)
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
        let link = self.pipe.next_arrival().into_iter().chain(self.pipe.next_departure()).map(|(then, _)| then);
        times.chain(link).min()
    }

    /// What happens next by `now`, when, and the place of the packet to which it happens.
    pub(super) fn next_step(&self, now: Stamp) -> Option<(Stamp, DueStep, u64)> {
        let enters = self.due(now).map(|(_, (then, place))| (then, DueStep::Enters, place));
        let arrives = self.pipe.next_arrival().map(|(then, place)| (then, DueStep::Arrives, place));
        let departs = self.pipe.next_departure().map(|(then, place)| (then, DueStep::Departs, place));
        [arrives, departs, enters].into_iter().flatten().filter(|(then, ..)| *then <= now).min()
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

/// A segment that has arrived.
#[derive(Debug)]
pub(super) struct ArrivedSegment {
    pub(super) number: u64,
    /// How often it was retransmitted, and when last.
    pub(super) again: u32,
    pub(super) last_sent: Stamp,
    /// Whether an answer to it was lost. Then its sender has reason to send it again.
    pub(super) unanswered: bool,
}

/// The segments that have arrived lately, to fold in what is sent again because the answer is still on its way.
#[derive(Debug, Default)]
pub(super) struct ArrivedSegments {
    segments: HashMap<ArrivedKey, ArrivedSegment>,
    order: VecDeque<SegmentId>,
}

/// What a segment that is sent again shares with the one that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ArrivedKey {
    /// Everything.
    Whole(SegmentId),
    /// Its connection and its first number.
    Start(Flow, u32),
}

impl ArrivedKey {
    const fn of(id: &SegmentId) -> Self {
        if id.has_data() { Self::Start(id.flow(), id.start()) } else { Self::Whole(*id) }
    }
}

impl ArrivedSegments {
    const KEPT: usize = 512;

    pub(super) fn of_mut(&mut self, id: &SegmentId) -> Option<&mut ArrivedSegment> {
        self.segments.get_mut(&ArrivedKey::of(id))
    }

    /// Notes that the other end's acknowledgement of this number was lost, in the connection that is `flow` here.
    pub(super) fn miss_answer(&mut self, flow: Flow, ack: u32) {
        for id in self.order.iter().filter(|id| id.flow() == flow && id.is_acknowledged_by(ack)) {
            if let Some(segment) = self.segments.get_mut(&ArrivedKey::of(id)) {
                segment.unanswered = true;
            }
        }
    }

    pub(super) fn remember(&mut self, id: &SegmentId, segment: ArrivedSegment) {
        if self.segments.insert(ArrivedKey::of(id), segment).is_none() {
            self.order.push_back(*id);
        }
        if self.order.len() > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.segments.remove(&ArrivedKey::of(&oldest));
        }
    }
}

/// The segments that were sent lately, to recognize retransmissions.
#[derive(Debug, Default)]
pub(super) struct SegmentHistory {
    numbers: HashMap<SegmentId, u64>,
    order: VecDeque<SegmentId>,
    /// The next number of each connection, as far as it was seen.
    next: HashMap<Flow, u32>,
}

impl SegmentHistory {
    const KEPT: usize = 512;

    /// Takes in a segment. Returns its identity if it is one that may be sent again: with data, SYN or FIN, or a probe.
    pub(super) fn identify(&mut self, packet: &WirePacket<'_>) -> Option<SegmentId> {
        let (end, empty) = packet.end()?;
        let flow = packet.outline().flow;
        let next = self.next.get(&flow).copied();
        if empty {
            return packet.probe_id().filter(|_| next.is_some_and(|next| next.wrapping_sub(end) == 1));
        }
        if self.next.len() > Self::KEPT {
            self.next.clear();
        }
        if next.is_none_or(|next| end.wrapping_sub(next) < 1 << 31) {
            self.next.insert(flow, end);
        }
        packet.id()
    }

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
