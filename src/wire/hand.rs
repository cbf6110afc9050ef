//! The presenter's hand on the wire: what each command does to the packets on it.

use super::cable::Cable;
use super::decode;
use super::lane::{Fate, Lane, Parcel};
use crate::domain::wire::{LossReason, WireCommand, WireEvent, WireMode};
use crate::domain::{EventKind, HostId, Stamp};

impl Cable {
    /// Does what the presenter asks.
    pub(super) fn command(&mut self, now: Stamp, command: WireCommand) {
        match command {
            WireCommand::Next => self.next(now),
            WireCommand::Deliver(number) => self.decide(number, |_, _, parcel| {
                parcel.fate = Fate::At(now);
                None
            }),
            WireCommand::Hold(number) => self.decide(number, |_, _, parcel| {
                parcel.fate = Fate::Hold;
                Some(WireEvent::Held { packet: number })
            }),
            WireCommand::Delay(number, by) => self.decide(number, |_, _, parcel| {
                parcel.fate = Fate::At(now.after(by));
                Some(WireEvent::Delayed { packet: number, by })
            }),
            WireCommand::Corrupt(number) => self.decide(number, |_, _, parcel| {
                decode::corrupt(&mut parcel.bytes);
                parcel.same = None;
                Some(WireEvent::Corrupted { packet: number })
            }),
            WireCommand::Drop(number) => self.drop(number),
            WireCommand::Duplicate(number) => self.duplicate(now, number),
            WireCommand::Swap(number) => self.swap(number),
            WireCommand::Fold(on) => {
                self.folding = on;
                self.report(HostId::Client, WireEvent::Folding { on });
            }
            WireCommand::Mode(from, mode) => self.turn(now, from, mode),
            WireCommand::Cut(from, cut) => self.each(from, |lane| {
                lane.cut = cut;
                WireEvent::Cut { cut }
            }),
            WireCommand::Loss(from, percent) => self.each(from, |lane| {
                lane.loss = percent.min(100);
                WireEvent::LossSet { percent: lane.loss }
            }),
        }
    }

    /// Treats packets differently from now on, and says what that means for those on the wire.
    fn turn(&mut self, now: Stamp, from: Option<HostId>, mode: WireMode) {
        for host in [HostId::Client, HostId::Server].into_iter().filter(|host| from.is_none_or(|only| only == *host)) {
            let before: Vec<Fate> = self.lane(host).parcels.iter().map(|parcel| parcel.fate).collect();
            self.lane(host).turn(now, mode);
            self.report(host, WireEvent::Mode(mode));
            let changed = self.lane(host).parcels.iter().zip(before).filter(|(parcel, before)| parcel.fate != *before);
            let told: Vec<_> = changed
                .filter(|(parcel, _)| parcel.listed)
                .filter_map(|(parcel, _)| match parcel.fate {
                    Fate::Hold => Some(WireEvent::Held { packet: parcel.number }),
                    Fate::At(then) if then > now => {
                        Some(WireEvent::Delayed { packet: parcel.number, by: then.since(now) })
                    }
                    // Its arrival is told at once.
                    Fate::At(_) => None,
                })
                .collect();
            told.into_iter().for_each(|event| self.report(host, event));
        }
    }

    /// Changes one direction, or both.
    fn each(&mut self, from: Option<HostId>, change: impl Fn(&mut Lane) -> WireEvent) {
        for host in [HostId::Client, HostId::Server] {
            if from.is_none_or(|only| only == host) {
                let event = change(self.lane(host));
                self.report(host, event);
            }
        }
    }

    fn find(&self, number: u64) -> Option<(HostId, usize)> {
        let client = self.client.position(number).map(|at| (HostId::Client, at));
        client.or_else(|| self.server.position(number).map(|at| (HostId::Server, at)))
    }

    /// Changes one packet on the wire.
    fn decide(&mut self, number: u64, change: impl FnOnce(HostId, usize, &mut Parcel) -> Option<WireEvent>) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        let event = change(from, at, &mut self.lane(from).parcels[at]);
        self.events.extend(event.map(|event| (from, EventKind::Wire(event))));
    }

    fn missed(&mut self, packet: u64) {
        self.report(HostId::Client, WireEvent::NoSuchPacket { packet });
    }

    fn next(&mut self, now: Stamp) {
        let held = [&self.client, &self.server].into_iter().filter_map(Lane::first_held);
        if let Some(number) = held.min_by_key(|parcel| parcel.place).map(|parcel| parcel.number) {
            self.command(now, WireCommand::Deliver(number));
        }
    }

    fn drop(&mut self, number: u64) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        self.lane(from).parcels.remove(at);
        self.report(from, WireEvent::Dropped { packet: number, why: LossReason::Asked });
    }

    fn duplicate(&mut self, now: Stamp, number: u64) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        self.numbered += 1;
        let copy = self.numbered;
        let lane = self.lane(from);
        // The kernel sends the original again, not the copy.
        let twin = Parcel { number: copy, same: None, ..lane.parcels[at].clone() };
        if lane.parcels[at].fate == Fate::Hold {
            lane.parcels[at].fate = Fate::At(now);
        }
        lane.parcels.insert(at + 1, twin);
        self.report(from, WireEvent::Duplicated { packet: number, copy });
    }

    fn swap(&mut self, number: u64) {
        let Some((from, at)) = self.find(number) else { return self.missed(number) };
        let parcels = &mut self.lane(from).parcels;
        // With nothing behind it there is nothing to change places with.
        let Some(with) = parcels.get(at + 1).map(|behind| behind.number) else { return };
        parcels.swap(at, at + 1);
        let (front, back) = ((parcels[at].fate, parcels[at].place), (parcels[at + 1].fate, parcels[at + 1].place));
        (parcels[at].fate, parcels[at].place) = back;
        (parcels[at + 1].fate, parcels[at + 1].place) = front;
        self.report(from, WireEvent::Swapped { packet: number, with });
    }
}
