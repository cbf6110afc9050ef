//! The presenter's commands: what each does to the packets on the wire.

use super::core::WireCore;
use super::decode;
use super::decode::WirePacket;
use super::direction::Direction;
use super::forge;
use super::in_flight::{InFlight, Schedule};
use crate::domain::wire::{LossReason, WireCommand, WireEvent, WireMode};
use crate::domain::{EventKind, Finding, HostId, PacketChange, PacketSummary, Stamp};

impl WireCore {
    pub(super) fn command(&mut self, now: Stamp, command: WireCommand) {
        match command {
            WireCommand::Next => self.next(now),
            WireCommand::Deliver(number) => self.decide(number, |packet| {
                packet.schedule = Schedule::At(now);
                None
            }),
            WireCommand::Delay(number, by) => self.decide(number, |packet| {
                packet.schedule = Schedule::At(now.after(by));
                Some(WireEvent::Delayed { packet: number, by })
            }),
            WireCommand::Corrupt(number) => self.decide(number, |packet| {
                decode::corrupt(&mut packet.bytes);
                packet.id = None;
                Some(WireEvent::Corrupted { packet: number })
            }),
            WireCommand::Drop(number) => self.drop(number),
            WireCommand::Duplicate(number) => self.duplicate(now, number),
            WireCommand::Swap(number) => self.swap(number),
            WireCommand::Inject(forged) => self.inject(now, &forged),
            WireCommand::Change(number, change) => self.change(number, &change),
            WireCommand::Fold(on) => {
                self.folding = on;
                self.report(HostId::Client, WireEvent::Folding { on });
            }
            WireCommand::Mode(from, mode) => self.turn(now, from, mode),
            WireCommand::Cut(from, cut) => self.each(from, |direction| {
                direction.cut = cut;
                WireEvent::Cut { cut }
            }),
            WireCommand::Loss(from, percent) => self.each(from, |direction| {
                let percent = percent.min(100);
                direction.pipe.conditions.loss_percent = percent.into();
                WireEvent::LossSet { percent }
            }),
            WireCommand::Link(changes) => {
                for (from, change) in changes.iter().filter(|(_, change)| !change.is_empty()) {
                    self.change_link(now, from, change);
                }
            }
        }
    }

    /// Changes the mode and reports what that means for packets in flight.
    fn turn(&mut self, now: Stamp, from: Option<HostId>, mode: WireMode) {
        for host in [HostId::Client, HostId::Server].into_iter().filter(|host| from.is_none_or(|only| only == *host)) {
            let before: Vec<Schedule> = self.direction(host).in_flight.iter().map(|packet| packet.schedule).collect();
            self.direction(host).turn(now, mode);
            self.report(host, WireEvent::Mode(mode));
            let changed =
                self.direction(host).in_flight.iter().zip(before).filter(|(packet, before)| packet.schedule != *before);
            let events: Vec<_> = changed
                .filter(|(packet, _)| packet.listed)
                .filter_map(|(packet, _)| match packet.schedule {
                    Schedule::Hold => Some(WireEvent::Held { packet: packet.number }),
                    Schedule::At(then) if then > now => {
                        Some(WireEvent::Delayed { packet: packet.number, by: then.since(now) })
                    }
                    // Its delivery is reported at once.
                    Schedule::At(_) => None,
                })
                .collect();
            events.into_iter().for_each(|event| self.report(host, event));
        }
    }

    fn each(&mut self, from: Option<HostId>, change: impl Fn(&mut Direction) -> WireEvent) {
        for host in [HostId::Client, HostId::Server] {
            if from.is_none_or(|only| only == host) {
                let event = change(self.direction(host));
                self.report(host, event);
            }
        }
    }

    fn find(&self, number: u64) -> Option<(HostId, usize)> {
        self.directions.iter().find_map(|(from, direction)| Some((from, direction.position(number)?)))
    }

    fn decide(&mut self, number: u64, change: impl FnOnce(&mut InFlight) -> Option<WireEvent>) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        let event = change(&mut self.direction(from).in_flight[at]);
        self.events.extend(event.map(|event| (from, EventKind::Wire(event))));
    }

    fn missed(&mut self, packet: u64) {
        // In a link a packet takes its course.
        if self.directions.iter().any(|(_, direction)| direction.pipe.has(packet)) {
            return;
        }
        self.report(HostId::Client, WireEvent::NoSuchPacket { packet });
    }

    fn next(&mut self, now: Stamp) {
        let held = self.directions.iter().filter_map(|(_, direction)| direction.first_held());
        if let Some(number) = held.min_by_key(|packet| packet.place).map(|packet| packet.number) {
            self.command(now, WireCommand::Deliver(number));
        }
    }

    fn drop(&mut self, number: u64) {
        let Some((from, at)) = self.find(number) else {
            if !self.drop_in_link(number) {
                self.missed(number);
            }
            return;
        };
        if let Some(InFlight { outline: Some(outline), ack, .. }) = self.direction(from).in_flight.remove(at) {
            self.miss(from, outline.flow, ack);
        }
        self.report(from, WireEvent::Dropped { packet: number, why: LossReason::Asked });
    }

    fn duplicate(&mut self, now: Stamp, number: u64) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        self.numbered += 1;
        let copy = self.numbered;
        let direction = self.direction(from);
        // The kernel retransmits the original, not the copy.
        let twin = InFlight { number: copy, id: None, ..direction.in_flight[at].clone() };
        if direction.in_flight[at].schedule == Schedule::Hold {
            direction.in_flight[at].schedule = Schedule::At(now);
        }
        direction.in_flight.insert(at + 1, twin);
        self.report(from, WireEvent::Duplicated { packet: number, copy });
    }

    /// Changes fields of a packet. Its sender has not sent it like this, so what is sent again is another packet.
    fn change(&mut self, number: u64, change: &PacketChange) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        let mut bytes = self.direction(from).in_flight[at].bytes.clone();
        forge::change(&mut bytes, change);
        let Some(packet) = WirePacket::of(&bytes) else { return self.missed(number) };
        let was_forged = self.direction(from).in_flight[at].forged;
        let Some(mut summary) = self.by_hand(&packet, &bytes, Finding::Altered) else { return self.missed(number) };
        if was_forged {
            summary.findings.add(Finding::Forged);
        }
        let (outline, ack) = (packet.outline(), packet.ack().filter(|_| !was_forged));
        let held = &mut self.direction(from).in_flight[at];
        (held.outline, held.ack, held.id) = (Some(outline), ack, None);
        held.bytes = bytes;
        let now = Box::new(PacketSummary { number, ..summary });
        self.report(from, WireEvent::Altered { packet: number, now });
    }

    fn swap(&mut self, number: u64) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        let in_flight = &mut self.direction(from).in_flight;
        // There is no packet behind it to swap with.
        let Some(with) = in_flight.get(at + 1).map(|behind| behind.number) else { return };
        in_flight.swap(at, at + 1);
        // Each arrives when the other would have.
        let back = (in_flight[at].schedule, in_flight[at].place);
        (in_flight[at].schedule, in_flight[at].place) = (in_flight[at + 1].schedule, in_flight[at + 1].place);
        (in_flight[at + 1].schedule, in_flight[at + 1].place) = back;
        self.report(from, WireEvent::Swapped { packet: number, with });
    }
}
