//! The wire itself, without any I/O: packets are offered to it, commands decide about them, and it says which arrive
//! when. Time is an argument.
//!
//! It loses nothing and invents nothing by itself: every packet that is offered arrives, is dropped with a reason, is
//! folded into one that is held, or is still on the wire.

use super::decode::{Outline, SegmentId, WirePacket};
use super::direction::{Direction, InFlight, Schedule};
use crate::domain::wire::{LossReason, WireEvent, WireMode};
use crate::domain::{EventKind, HostId, Numbering, PerHost, Stamp};

/// The wire: two directions, each named by the host that sends.
#[derive(Debug)]
pub(super) struct WireCore {
    pub(super) directions: PerHost<Direction>,
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
pub(super) struct WireDelivery {
    /// Its number; 0 for one that could not be read, which crosses without a number.
    pub(super) number: u64,
    /// The host it comes from.
    pub(super) from: HostId,
    pub(super) bytes: Vec<u8>,
    pub(super) outline: Option<Outline>,
    /// Whether it was reported when it came onto the wire.
    pub(super) listed: bool,
}

impl WireCore {
    /// How many packets may be on one direction of the wire unless something else is said.
    pub(super) const MOST: usize = 4096;

    /// A wire that holds every packet and at most `most` in each direction; `seed` is where chance begins.
    pub(super) fn new(most: usize, seed: u64) -> Self {
        Self {
            directions: PerHost::default(),
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

    pub(super) fn direction(&mut self, from: HostId) -> &mut Direction {
        self.directions.of_mut(from)
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

    /// The outline of a packet that a host sends, if it simply crosses at full speed: the wire is empty before it, and
    /// there is nothing to decide or report about it. The caller counts it with [`WireCore::crossed`].
    pub(super) fn crosses(&self, from: HostId, bytes: &[u8]) -> Option<Outline> {
        let direction = self.directions.of(from);
        if direction.mode != WireMode::Live || direction.cut || direction.loss > 0 || !direction.in_flight.is_empty() {
            return None;
        }
        let outline = WirePacket::of(bytes)?.outline();
        outline.is_plain().then_some(outline)
    }

    /// Counts a packet that crosses without being offered. Returns its number.
    pub(super) const fn crossed(&mut self) -> u64 {
        self.numbered += 1;
        self.unlisted += 1;
        self.numbered
    }

    /// A host sends a packet. With `listing` unset, one that simply crosses at full speed is counted and has no events;
    /// one that opens, closes or resets a connection always has.
    pub(super) fn offer(&mut self, now: Stamp, from: HostId, bytes: &[u8], listing: bool) -> Option<Outline> {
        let Some(packet) = WirePacket::of(bytes) else {
            self.unlisted += 1;
            self.lay(from, InFlight { schedule: Schedule::At(now), ..InFlight::held(0, bytes, now) });
            return None;
        };
        let (outline, id) = (packet.outline(), packet.id());
        if let Some(id) = &id
            && self.fold(now, from, id)
        {
            return Some(outline);
        }
        self.numbered += 1;
        let number = self.numbered;
        let loss = self.lost(from);
        let schedule = self.direction(from).schedule(now);
        let listed = listing || !outline.is_plain() || loss.is_some() || schedule != Schedule::At(now);
        if listed {
            self.list(from, number, &packet, id);
        } else {
            self.unlisted += 1;
        }
        if let Some(why) = loss {
            self.report(from, WireEvent::Dropped { packet: number, why });
            return Some(outline);
        }
        match schedule {
            Schedule::Hold => self.report(from, WireEvent::Held { packet: number }),
            Schedule::At(then) if then > now => {
                self.report(from, WireEvent::Delayed { packet: number, by: then.since(now) });
            }
            Schedule::At(_) => {}
        }
        self.lay(from, InFlight { schedule, listed, outline: Some(outline), id, ..InFlight::held(number, bytes, now) });
        Some(outline)
    }

    /// Reports a packet that was offered.
    fn list(&mut self, from: HostId, number: u64, packet: &WirePacket<'_>, id: Option<SegmentId>) {
        let Some(mut packet) = packet.summary() else { return };
        if let Some(tcp) = &mut packet.tcp {
            self.numbering.relate(packet.flow, tcp);
        }
        packet.number = number;
        if let Some(id) = id {
            let sent = &mut self.direction(from).sent;
            packet.retransmission_of = sent.before(&id);
            sent.remember(id, number);
        }
        self.events.push((from, EventKind::Packet(packet)));
    }

    fn lay(&mut self, from: HostId, mut packet: InFlight) {
        self.placed += 1;
        packet.place = self.placed;
        self.direction(from).in_flight.push_back(packet);
    }

    /// Counts a segment that is on the wire already and is sent again.
    fn fold(&mut self, now: Stamp, from: HostId, id: &SegmentId) -> bool {
        if !self.folding {
            return false;
        }
        let held = self.direction(from).in_flight.iter_mut().find(|packet| packet.id.as_ref() == Some(id));
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
        let direction = self.direction(from);
        let (cut, loss, full) = (direction.cut, direction.loss, direction.in_flight.len() >= most);
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
        self.directions.iter().filter_map(|(_, direction)| direction.next_due()).min()
    }

    /// Takes the next packet that arrives by `now` off the wire: the earliest, and of several the one in front.
    pub(super) fn due(&mut self, now: Stamp) -> Option<WireDelivery> {
        loop {
            let due = self.directions.iter().filter_map(|(from, direction)| Some((direction.first_due(now)?, from)));
            let (_, from) = due.min()?;
            let InFlight { number, bytes, outline, listed, .. } = self.direction(from).take_due(now)?;
            if !self.direction(from).cut {
                return Some(WireDelivery { number, from, bytes, outline, listed });
            }
            if listed {
                self.report(from, WireEvent::Dropped { packet: number, why: LossReason::Cut });
            }
        }
    }

    /// The mode of the direction in which this host sends.
    pub(super) const fn mode(&self, from: HostId) -> WireMode {
        self.directions.of(from).mode
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
#[path = "core_tests.rs"]
mod tests;
