//! The wire itself, without any I/O: packets are offered to it, commands decide about them, and it says which arrive
//! when. Time is an argument.
//!
//! It loses nothing and invents nothing by itself: every packet that is offered arrives, is dropped with a reason, is
//! folded into one that is held, or is still on the wire.

use super::decode::{Same, WirePacket};
use super::lane::{About, Fate, Lane, Parcel};
use crate::domain::wire::{LossReason, WireEvent, WireMode};
use crate::domain::{EventKind, HostId, Numbering, Stamp};

/// The wire: two directions, each named by the host that sends.
#[derive(Debug)]
pub(super) struct Cable {
    pub(super) client: Lane,
    pub(super) server: Lane,
    pub(super) folding: bool,
    most: usize,
    pub(super) numbered: u64,
    placed: u64,
    numbering: Numbering,
    chance: Chance,
    pub(super) events: Vec<(HostId, EventKind)>,
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

    pub(super) fn lane(&mut self, from: HostId) -> &mut Lane {
        match from {
            HostId::Client => &mut self.client,
            HostId::Server => &mut self.server,
        }
    }

    pub(super) fn report(&mut self, from: HostId, event: WireEvent) {
        self.events.push((from, EventKind::Wire(event)));
    }

    /// What happened since this was last asked, each with the host that sent the packet.
    pub(super) fn take_events(&mut self) -> Vec<(HostId, EventKind)> {
        std::mem::take(&mut self.events)
    }

    /// How many packets were offered without an event since this was last asked.
    pub(super) fn take_unlisted(&mut self) -> u64 {
        std::mem::take(&mut self.unlisted)
    }

    /// What a packet that a host sends is about, if it simply crosses at full speed: with nothing before it on the wire,
    /// nothing to decide about it and nothing to tell but how many these were, which is for [`Cable::crossed`] to count.
    pub(super) fn crosses(&self, from: HostId, bytes: &[u8]) -> Option<About> {
        let lane = match from {
            HostId::Client => &self.client,
            HostId::Server => &self.server,
        };
        if lane.mode != WireMode::Live || lane.cut || lane.loss > 0 || !lane.parcels.is_empty() {
            return None;
        }
        Some(WirePacket::of(bytes)?.about()).filter(About::is_plain)
    }

    /// Counts a packet that crosses without being offered. Returns its number.
    pub(super) const fn crossed(&mut self) -> u64 {
        self.numbered += 1;
        self.unlisted += 1;
        self.numbered
    }

    /// A host sends a packet. With `listing` unset, one that simply crosses at full speed is counted and has no events;
    /// one that opens, closes or resets a connection always has.
    pub(super) fn offer(&mut self, now: Stamp, from: HostId, bytes: &[u8], listing: bool) -> Option<About> {
        let Some(packet) = WirePacket::of(bytes) else {
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
        let loss = self.lost(from);
        let fate = self.lane(from).fate(now);
        let listed = listing || !about.is_plain() || loss.is_some() || fate != Fate::At(now);
        if listed {
            self.list(from, number, &packet, same);
        } else {
            self.unlisted += 1;
        }
        if let Some(why) = loss {
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
    fn list(&mut self, from: HostId, number: u64, packet: &WirePacket<'_>, same: Option<Same>) {
        let Some(mut packet) = packet.summary() else { return };
        if let Some(tcp) = &mut packet.tcp {
            self.numbering.relate(packet.flow, tcp);
        }
        packet.number = number;
        if let Some(same) = same {
            let sent = &mut self.lane(from).sent;
            packet.retransmission_of = sent.before(&same);
            sent.remember(same, number);
        }
        self.events.push((from, EventKind::Packet(packet)));
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
    fn lost(&mut self, from: HostId) -> Option<LossReason> {
        let most = self.most;
        let lane = self.lane(from);
        let (cut, loss, full) = (lane.cut, lane.loss, lane.parcels.len() >= most);
        if cut {
            Some(LossReason::Cut)
        } else if loss > 0 && self.chance.percent() < loss {
            Some(LossReason::Chance)
        } else {
            full.then_some(LossReason::Overflow)
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
                self.report(from, WireEvent::Dropped { packet: number, why: LossReason::Cut });
            }
        }
    }

    /// The modes of both directions, the client's first.
    pub(super) const fn modes(&self) -> [WireMode; 2] {
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
