//! The wire itself, without any I/O: packets are offered to it, commands decide about them, and it says which arrive
//! when. Time is an argument.
//!
//! It loses nothing and invents nothing by itself: every packet that is offered arrives, is dropped with a reason, is
//! folded into one that is held, or is still on the wire.

use super::decode::{self, Read, Same};
use super::lane::{About, Fate, Lane, Parcel};
use crate::domain::wire::{Loss, Mode, WireCommand, WireEvent};
use crate::domain::{Flags, HostId, Kind, Numbering, Stamp};

/// The wire: two directions, each named by the host that sends.
#[derive(Debug)]
pub(super) struct Cable {
    client: Lane,
    server: Lane,
    folding: bool,
    most: usize,
    numbered: u64,
    placed: u64,
    numbering: Numbering,
    chance: Chance,
    events: Vec<(HostId, Kind)>,
    unlisted: u64,
}

/// A packet that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Its number; 0 for one that could not be read, which crosses without a number.
    pub(super) number: u64,
    /// The host it comes from.
    pub(super) from: HostId,
    pub(super) bytes: Vec<u8>,
    pub(super) about: Option<About>,
    /// Whether it was reported when it came onto the wire.
    pub(super) listed: bool,
}

/// The host at the other end.
pub(super) const fn other(host: HostId) -> HostId {
    match host {
        HostId::Client => HostId::Server,
        HostId::Server => HostId::Client,
    }
}

impl Cable {
    /// How many packets may be on one direction of the wire unless something else is said.
    pub(super) const MOST: usize = 4096;

    /// A wire that holds every packet and at most `most` in each direction; `seed` is where chance begins.
    pub(super) fn new(most: usize, seed: u64) -> Self {
        Self {
            client: Lane::default(),
            server: Lane::default(),
            folding: true,
            most,
            numbered: 0,
            placed: 0,
            numbering: Numbering::default(),
            chance: Chance(seed),
            events: Vec::new(),
            unlisted: 0,
        }
    }

    fn lane(&mut self, from: HostId) -> &mut Lane {
        match from {
            HostId::Client => &mut self.client,
            HostId::Server => &mut self.server,
        }
    }

    fn report(&mut self, from: HostId, event: WireEvent) {
        self.events.push((from, Kind::Wire(event)));
    }

    /// What happened since this was last asked, each with the host that sent the packet.
    pub(super) fn take_events(&mut self) -> Vec<(HostId, Kind)> {
        std::mem::take(&mut self.events)
    }

    /// How many packets were offered without an event since this was last asked.
    pub(super) fn take_unlisted(&mut self) -> u64 {
        std::mem::take(&mut self.unlisted)
    }

    /// A host sends a packet. With `list` unset, one that simply crosses at full speed is counted and has no events;
    /// one that opens, closes or resets a connection always has.
    pub(super) fn offer(&mut self, now: Stamp, from: HostId, bytes: &[u8], list: bool) -> Option<About> {
        let Some(packet) = Read::of(bytes) else {
            self.unlisted += 1;
            self.lay(from, Parcel { fate: Fate::At(now), ..parcel(0, bytes, now) });
            return None;
        };
        let (about, same) = (packet.about(), packet.same());
        if let Some(same) = &same
            && self.fold(now, from, same)
        {
            return Some(about);
        }
        self.numbered += 1;
        let number = self.numbered;
        let lost = self.lost(from);
        let fate = self.lane(from).fate(now);
        let plain = about.flags.is_none_or(|flags| !flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST)));
        let listed = list || !plain || lost.is_some() || fate != Fate::At(now);
        if listed {
            self.list(from, number, &packet, same);
        } else {
            self.unlisted += 1;
        }
        if let Some(why) = lost {
            self.report(from, WireEvent::Dropped { packet: number, why });
            return Some(about);
        }
        match fate {
            Fate::Hold => self.report(from, WireEvent::Held { packet: number }),
            Fate::At(then) if then > now => {
                self.report(from, WireEvent::Delayed { packet: number, by: then.since(now) });
            }
            Fate::At(_) => {}
        }
        self.lay(from, Parcel { fate, listed, about: Some(about), same, ..parcel(number, bytes, now) });
        Some(about)
    }

    /// Reports a packet that was offered.
    fn list(&mut self, from: HostId, number: u64, packet: &Read<'_>, same: Option<Same>) {
        let mut packet = packet.summary();
        if let Some(tcp) = &mut packet.tcp {
            self.numbering.relate(packet.flow, tcp);
        }
        packet.number = number;
        if let Some(same) = same {
            let sent = &mut self.lane(from).sent;
            packet.retransmission_of = sent.before(&same);
            sent.remember(same, number);
        }
        self.events.push((from, Kind::Packet(packet)));
    }

    fn lay(&mut self, from: HostId, mut parcel: Parcel) {
        self.placed += 1;
        parcel.place = self.placed;
        self.lane(from).parcels.push_back(parcel);
    }

    /// Counts a segment that is on the wire already and is sent again.
    fn fold(&mut self, now: Stamp, from: HostId, same: &Same) -> bool {
        if !self.folding {
            return false;
        }
        let held = self.lane(from).parcels.iter_mut().find(|parcel| parcel.same.as_ref() == Some(same));
        let Some(held) = held else { return false };
        held.again += 1;
        let after = now.since(held.last_sent);
        held.last_sent = now;
        let event = WireEvent::Folded { packet: held.number, count: held.again, after };
        self.report(from, event);
        true
    }

    /// Whether a packet that is offered is lost at once, and why.
    fn lost(&mut self, from: HostId) -> Option<Loss> {
        let most = self.most;
        let lane = self.lane(from);
        let (cut, loss, full) = (lane.cut, lane.loss, lane.parcels.len() >= most);
        if cut {
            Some(Loss::Cut)
        } else if loss > 0 && self.chance.percent() < loss {
            Some(Loss::Chance)
        } else {
            full.then_some(Loss::Overflow)
        }
    }

    /// The earliest moment at which a packet arrives, if nothing else is decided.
    pub(super) fn next_due(&self) -> Option<Stamp> {
        [&self.client, &self.server].into_iter().filter_map(Lane::next_due).min()
    }

    /// Takes the next packet that arrives by `now` off the wire: the earliest, and of several the one in front.
    pub(super) fn due(&mut self, now: Stamp) -> Option<Arrival> {
        loop {
            let next = |lane: &Lane| lane.first_due(now);
            let (client, server) = (next(&self.client), next(&self.server));
            let from = match (&client, &server) {
                (None, None) => return None,
                (Some(client), Some(server)) if server < client => HostId::Server,
                (None, Some(_)) => HostId::Server,
                (Some(_), _) => HostId::Client,
            };
            let Parcel { number, bytes, about, listed, .. } = self.lane(from).take_due(now)?;
            if !self.lane(from).cut {
                return Some(Arrival { number, from, bytes, about, listed });
            }
            if listed {
                self.report(from, WireEvent::Dropped { packet: number, why: Loss::Cut });
            }
        }
    }

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
            WireCommand::Mode(from, mode) => self.each(from, |lane| {
                lane.turn(now, mode);
                WireEvent::Mode(mode)
            }),
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
        self.events.extend(event.map(|event| (from, Kind::Wire(event))));
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
        self.report(from, WireEvent::Dropped { packet: number, why: Loss::Asked });
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

    /// The modes of both directions, the client's first.
    pub(super) const fn modes(&self) -> [Mode; 2] {
        [self.client.mode, self.server.mode]
    }
}

fn parcel(number: u64, bytes: &[u8], now: Stamp) -> Parcel {
    Parcel {
        number,
        bytes: bytes.to_vec(),
        fate: Fate::Hold,
        place: 0,
        about: None,
        listed: false,
        same: None,
        again: 0,
        last_sent: now,
    }
}

/// Chance that can be repeated: the splitmix64 generator.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    /// A number from 0 to 99.
    fn percent(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        u8::try_from(mixed % 100).unwrap_or(0)
    }
}

#[cfg(test)]
#[path = "cable_tests.rs"]
mod tests;
