//! One direction's link: the queue before it, the transmitter that sends one packet at a time, and what flies. Pure.
//!
//! ```text
//!  enters ─▶ queue ▒▒▒···  ─▶ transmitter (length / rate) ─▶ flies (delay ± jitter) ─▶ arrives
//!             │ full: dropped at its tail
//! ```

use std::collections::VecDeque;
use std::time::Duration;

use super::chance::Chance;
use super::in_flight::InFlight;
use crate::domain::{LinkChange, LinkCondition, LinkConditions, Stamp};

#[derive(Debug, Default)]
pub(super) struct Pipe {
    pub(super) conditions: LinkConditions,
    /// Those that wait, the next to be sent first.
    waiting: VecDeque<InFlight>,
    /// Until when the transmitter is busy with the packet that it sends.
    busy_until: Stamp,
    /// What was or is being sent, in the order of arrival.
    flying: VecDeque<(Stamp, InFlight)>,
    /// The latest arrival so far: only what overtakes arrives before it.
    latest: Stamp,
    /// How many packets were counted since one was lost because so many had passed.
    counted: u32,
    /// The length of the queue as an event told it last.
    told: usize,
    /// What became of packets that are not listed, since it was told last.
    pub(super) untold: UntoldCounts,
}

/// How many packets without an event of their own were dropped at the queue, dropped for their length, and marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct UntoldCounts {
    pub(super) full: u64,
    pub(super) too_large: u64,
    pub(super) marked: u64,
}

/// A packet that is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Departure {
    pub(super) number: u64,
    pub(super) listed: bool,
    /// When it arrives.
    pub(super) arrives: Stamp,
    /// Whether another one that was sent before arrives later.
    pub(super) overtakes: bool,
}

impl Pipe {
    /// Whether a packet passes as if there were no link: nothing is set and nothing is on it.
    pub(super) fn is_clear(&self) -> bool {
        self.waiting.is_empty() && self.flying.is_empty() && self.conditions.is_plain()
    }

    /// Whether packets go through it. Also when nothing is set any more, as long as they must not overtake others.
    pub(super) fn carries(&self) -> bool {
        let LinkConditions { rate_kbit, delay_ms, jitter_ms, mtu, .. } = self.conditions;
        // The other conditions are about a queue or a delay.
        rate_kbit > 0 || delay_ms > 0 || jitter_ms > 0 || mtu > 0 || !self.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.flying.is_empty()
    }

    /// How many packets are on it.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.flying.len()
    }

    /// How many packets wait.
    pub(super) fn waiting(&self) -> u32 {
        u32::try_from(self.waiting.len()).unwrap_or(u32::MAX)
    }

    /// How long the transmitter needs for so many bytes: bits by kbit/s, to the microsecond and never less.
    fn sending(&self, bytes: usize) -> Duration {
        match u64::from(self.conditions.rate_kbit) {
            0 => Duration::ZERO,
            rate => Duration::from_micros((bytes as u64 * 8 * 1_000).div_ceil(rate)),
        }
    }

    /// Changes conditions. Returns the packets for which a shorter queue has no room: the last ones.
    pub(super) fn change(&mut self, now: Stamp, change: &LinkChange) -> Vec<InFlight> {
        for (condition, value) in change.each() {
            self.conditions.set(condition, value);
            if condition == LinkCondition::LossEvery {
                self.counted = 0;
            }
        }
        if self.conditions.rate_kbit == 0 {
            // Nothing needs time to be sent any more.
            self.busy_until = self.busy_until.min(now);
        }
        match self.conditions.queue as usize {
            0 => Vec::new(),
            most => self.waiting.split_off(most.min(self.waiting.len())).into(),
        }
    }

    /// Counts a packet; whether it is the one of so many that is lost.
    pub(super) const fn counts_out(&mut self) -> bool {
        let every = self.conditions.loss_every;
        if every == 0 {
            return false;
        }
        self.counted += 1;
        let lost = self.counted >= every;
        if lost {
            self.counted = 0;
        }
        lost
    }

    /// Whether a packet that comes now finds the transmitter busy.
    fn is_busy(&self, now: Stamp) -> bool {
        self.busy_until > now || !self.waiting.is_empty()
    }

    /// Whether the queue has no room for a packet that comes now.
    pub(super) fn is_full(&self, now: Stamp) -> bool {
        let most = self.conditions.queue as usize;
        most > 0 && self.is_busy(now) && self.waiting.len() >= most
    }

    /// Whether a packet that comes now finds the queue so long that it is to be marked.
    pub(super) fn is_congested(&self) -> bool {
        let from = self.conditions.ecn_at as usize;
        from > 0 && self.waiting.len() >= from
    }

    /// Has a packet wait, or returns it if it can be sent at once.
    pub(super) fn queue(&mut self, now: Stamp, packet: InFlight) -> Option<InFlight> {
        if !self.is_busy(now) {
            return Some(packet);
        }
        self.waiting.push_back(packet);
        None
    }

    /// When the next packet arrives, and its place.
    pub(super) fn next_arrival(&self) -> Option<(Stamp, u64)> {
        self.flying.front().map(|(arrives, packet)| (*arrives, packet.place))
    }

    /// When the next packet that waits can be sent.
    pub(super) fn next_departure(&self) -> Option<(Stamp, u64)> {
        self.waiting.front().map(|packet| (self.busy_until, packet.place))
    }

    pub(super) fn take_arrived(&mut self) -> Option<InFlight> {
        self.flying.pop_front().map(|(_, packet)| packet)
    }

    /// Takes the next packet out of the queue.
    pub(super) fn take_next(&mut self) -> Option<InFlight> {
        self.waiting.pop_front()
    }

    /// Sends a packet.
    pub(super) fn send(&mut self, now: Stamp, packet: InFlight, chance: &mut Chance) -> Departure {
        let LinkConditions { delay_ms, jitter_ms, reorder_percent, .. } = self.conditions;
        let millis = |millis: u32| Duration::from_millis(millis.into());
        self.busy_until = now.max(self.busy_until).after(self.sending(packet.bytes.len()));
        let arrives = if chance.falls(reorder_percent) {
            self.busy_until
        } else {
            self.latest = self.latest.max(self.busy_until.after(chance.around(millis(delay_ms), millis(jitter_ms))));
            self.latest
        };
        let behind = self.flying.iter().rposition(|(other, _)| *other <= arrives).map_or(0, |at| at + 1);
        let overtakes = behind < self.flying.len();
        let (number, listed) = (packet.number, packet.listed);
        self.flying.insert(behind, (arrives, packet));
        Departure { number, listed, arrives, overtakes }
    }

    /// Whether a packet is on it.
    pub(super) fn has(&self, number: u64) -> bool {
        let flying = self.flying.iter().map(|(_, packet)| packet);
        self.waiting.iter().chain(flying).any(|packet| packet.number == number)
    }

    /// Takes a packet off it, wherever it is. The time for which it keeps the transmitter busy passes all the same.
    pub(super) fn remove(&mut self, number: u64) -> Option<InFlight> {
        if let Some(at) = self.waiting.iter().position(|packet| packet.number == number) {
            return self.waiting.remove(at);
        }
        let at = self.flying.iter().position(|(_, packet)| packet.number == number)?;
        self.flying.remove(at).map(|(_, packet)| packet)
    }

    /// Whether the length of the queue is as it was told last.
    pub(super) fn is_told(&self) -> bool {
        self.told == self.waiting.len()
    }

    /// The length of the queue, to be told in an event now.
    pub(super) fn tell(&mut self) -> u32 {
        self.told = self.waiting.len();
        self.waiting()
    }

    /// What was not told yet: the length of the queue, and the counts since they were told last.
    pub(super) fn tell_rest(&mut self) -> Option<(u32, UntoldCounts)> {
        let counts = std::mem::take(&mut self.untold);
        let untold = !self.is_told() || counts != UntoldCounts::default();
        untold.then(|| (self.tell(), counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe(conditions: &[(LinkCondition, u32)]) -> Pipe {
        let mut pipe = Pipe::default();
        let change = conditions.iter().fold(LinkChange::default(), |all, (of, value)| all.and(*of, Some(*value)));
        assert!(pipe.change(Stamp::ZERO, &change).is_empty());
        pipe
    }

    fn micros(micros: u64) -> Stamp {
        Stamp::from_nanos(micros * 1_000)
    }

    #[test]
    fn a_packet_takes_its_bits_by_the_rate_to_the_microsecond() {
        for (rate, bytes, takes) in [
            (1_000, 1_500, 12_000),
            (1_000, 40, 320),
            (56, 1_500, 214_286),
            (10_000, 1_500, 1_200),
            (1, 40, 320_000),
            (10_000_000, 1_500, 2),
            (0, 65_535, 0),
        ] {
            let mut pipe = pipe(&[(LinkCondition::Rate, rate)]);
            let packet = InFlight::held(1, &vec![0; bytes], Stamp::ZERO);
            let departure = pipe.send(micros(7), packet, &mut Chance::new(1));
            assert_eq!(departure.arrives, micros(7 + takes), "{bytes} B at {rate} kbit/s");
        }
    }

    #[test]
    fn one_after_the_other_leaves_no_gap_however_late_it_is_looked_at() {
        let mut pipe = pipe(&[(LinkCondition::Rate, 1_000), (LinkCondition::Delay, 20)]);
        let chance = &mut Chance::new(1);
        for number in 1..=3 {
            let packet = InFlight::held(number, &[0; 125], micros(100));
            let first = pipe.queue(micros(100), packet);
            assert_eq!(first.is_some(), number == 1);
            first.map(|packet| pipe.send(micros(100), packet, chance));
        }
        let mut arrivals = vec![pipe.next_arrival().unwrap().0];
        while let Some((at, _)) = pipe.next_departure() {
            let next = pipe.take_next().unwrap();
            arrivals.push(pipe.send(at, next, chance).arrives);
        }
        assert_eq!(arrivals, [21_100, 22_100, 23_100].map(micros));
    }

    #[test]
    fn jitter_stays_within_its_bounds_and_changes_no_order() {
        let mut pipe = pipe(&[(LinkCondition::Delay, 50), (LinkCondition::Jitter, 30)]);
        let chance = &mut Chance::new(1);
        let spans: Vec<_> = (0..2_000_u64)
            .map(|number| {
                let now = Stamp::from_millis(number * 100);
                let departure = pipe.send(now, InFlight::held(number, b"x", now), chance);
                assert!(!departure.overtakes);
                departure.arrives.since(now).as_micros()
            })
            .collect();
        assert!(spans.iter().all(|span| (20_000..=80_000).contains(span)));
        assert!(spans.iter().any(|span| *span < 23_000) && spans.iter().any(|span| *span > 77_000));
        // At once, none arrives before one that was sent before.
        let now = Stamp::from_millis(1_000_000);
        let close: Vec<_> = (0..500).map(|n| pipe.send(now, InFlight::held(n, b"x", now), chance)).collect();
        assert!(close.is_sorted_by_key(|departure| departure.arrives));
        assert!(close.iter().all(|departure| !departure.overtakes));
    }

    #[test]
    fn so_many_overtake_as_was_asked() {
        let mut pipe = pipe(&[(LinkCondition::Delay, 50), (LinkCondition::Reorder, 25)]);
        let chance = &mut Chance::new(1);
        let all = (0..2_000_u64).map(|number| {
            let now = Stamp::from_millis(number);
            while pipe.next_arrival().is_some_and(|(at, _)| at <= now) {
                pipe.take_arrived();
            }
            pipe.send(now, InFlight::held(number, b"x", now), chance)
        });
        let (overtaking, others): (Vec<_>, Vec<_>) = all.partition(|departure| departure.overtakes);
        assert!((440..560).contains(&overtaking.len()), "{}", overtaking.len());
        assert!(others.is_sorted_by_key(|departure| departure.arrives));
    }

    #[test]
    fn every_nth_is_counted_out_and_a_new_number_begins_anew() {
        let mut pipe = pipe(&[(LinkCondition::LossEvery, 3)]);
        let lost = |pipe: &mut Pipe| (1..=7).filter(|_| pipe.counts_out()).count();
        let places: Vec<_> = (1..=9).filter(|_| pipe.counts_out()).collect();
        assert_eq!(places, [3, 6, 9]);
        pipe.counts_out();
        pipe.change(Stamp::ZERO, &LinkChange::of(LinkCondition::LossEvery, 2));
        assert_eq!(lost(&mut pipe), 3);
        pipe.change(Stamp::ZERO, &LinkChange::of(LinkCondition::LossEvery, 0));
        assert_eq!(lost(&mut pipe), 0);
    }
}
