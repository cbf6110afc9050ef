//! The wire itself, without I/O: packets are offered to it, commands decide about them, and it returns those that
//! arrive. Time is an argument.
//!
//! Every packet that is offered arrives, is dropped with a reason, is folded into a held one, or is still on the wire.

use super::chance::Chance;
use super::decode::{Outline, SegmentId, WirePacket};
use super::direction::{ArrivedSegment, Direction, DueStep};
use super::in_flight::{InFlight, Schedule};
use crate::domain::wire::{LossReason, WireEvent, WireMode};
use crate::domain::{
    ChecksumStatus, EventKind, Finding, Flow, ForgedPacket, HostId, Numbering, PacketSummary, PerHost, Stamp,
};
use crate::packet::{Bytes, Ip, transport_checksum};

/// The wire: two directions, each named by the host that sends.
#[derive(Debug)]
pub(super) struct WireCore {
    pub(super) directions: PerHost<Direction>,
    pub(super) folding: bool,
    most: usize,
    pub(super) numbered: u64,
    /// The number of the packet that was offered last, or of the one that it was folded into.
    pub(super) latest: u64,
    placed: u64,
    numbering: Numbering,
    pub(super) chance: Chance,
    pub(super) events: Vec<(HostId, EventKind)>,
    unlisted: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WireDelivery {
    /// Its number; 0 if the packet could not be read.
    pub(super) number: u64,
    pub(super) from: HostId,
    pub(super) bytes: Vec<u8>,
    pub(super) outline: Option<Outline>,
    /// Whether its start was reported.
    pub(super) listed: bool,
}

impl WireCore {
    /// The default limit of packets in flight in one direction.
    pub(super) const MOST: usize = 4096;

    /// A wire that holds every packet, at most `most` in each direction. `seed` is that of everything that chance decides.
    pub(super) fn new(most: usize, seed: u64) -> Self {
        Self {
            directions: PerHost::default(),
            folding: true,
            most,
            numbered: 0,
            latest: 0,
            placed: 0,
            numbering: Numbering::default(),
            chance: Chance::new(seed),
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

    /// Takes the events since the last call, each with the host that sent the packet.
    pub(super) fn take_events(&mut self) -> Vec<(HostId, EventKind)> {
        std::mem::take(&mut self.events)
    }

    /// Takes the number of packets without an event since the last call.
    pub(super) fn take_unlisted(&mut self) -> u64 {
        std::mem::take(&mut self.unlisted)
    }

    /// The outline of a packet that crosses an empty wire at full speed, with nothing to decide or report; `None` for
    /// any other. The caller counts it with [`WireCore::crossed`].
    pub(super) fn crosses(&self, from: HostId, bytes: &[u8]) -> Option<Outline> {
        let direction = self.directions.of(from);
        // What arrives is remembered where its answer may be held.
        let live = self.directions.iter().all(|(_, direction)| direction.mode == WireMode::Live);
        if !live || direction.cut || !direction.in_flight.is_empty() || !direction.pipe.is_clear() {
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

    /// Puts a packet that a host sends onto the wire. Without `listing`, a packet that crosses at full speed is only
    /// counted, unless it opens, closes or resets a connection.
    pub(super) fn offer(&mut self, now: Stamp, from: HostId, bytes: &[u8], listing: bool) -> Option<Outline> {
        let Some(packet) = WirePacket::of(bytes) else {
            self.unlisted += 1;
            self.lay(from, InFlight { schedule: Schedule::At(now), ..InFlight::held(0, bytes, now) });
            return None;
        };
        let outline = packet.outline();
        let id = self.direction(from).sent.identify(&packet);
        if let Some(id) = &id
            && self.fold(now, from, id)
        {
            return Some(outline);
        }
        self.numbered += 1;
        let number = self.numbered;
        self.latest = number;
        let loss = self.lost(from);
        let schedule = self.direction(from).schedule(now);
        let listed = listing || !outline.is_plain() || loss.is_some() || schedule != Schedule::At(now);
        if listed {
            self.list(from, number, &packet, id);
        } else {
            self.unlisted += 1;
        }
        let ack = packet.ack();
        let held = InFlight::held(number, bytes, now);
        self.set_out(now, from, loss, InFlight { schedule, listed, outline: Some(outline), id, ack, ..held });
        Some(outline)
    }

    /// Puts a packet that no kernel made onto the wire. What is sent again is not folded into it, and what it acknowledges
    /// says nothing about what has arrived.
    pub(super) fn inject(&mut self, now: Stamp, forged: &ForgedPacket) {
        let from = forged.from;
        let bytes = forged.bytes();
        let Some(packet) = WirePacket::of(&bytes) else { return };
        let Some(summary) = self.by_hand(&packet, &bytes, Finding::Forged) else { return };
        self.numbered += 1;
        let number = self.numbered;
        let loss = self.lost(from);
        let schedule = self.direction(from).schedule(now);
        self.events.push((from, EventKind::Packet(PacketSummary { number, ..summary })));
        self.report(from, WireEvent::Injected { packet: number });
        let held = InFlight::held(number, &bytes, now);
        let outline = Some(packet.outline());
        self.set_out(now, from, loss, InFlight { schedule, listed: true, outline, forged: true, ..held });
    }

    /// The summary of a packet that is not, or no longer, as a kernel made it. The caller fills in its number.
    pub(super) fn by_hand(&mut self, packet: &WirePacket<'_>, bytes: &[u8], finding: Finding) -> Option<PacketSummary> {
        let mut summary = packet.summary()?;
        if let Some(tcp) = &mut summary.tcp {
            self.numbering.relate_forged(summary.flow, tcp);
        }
        summary.findings.add(finding);
        let read = Bytes::of(bytes);
        let checksum = Ip::read(read, 0, bytes.len()).map(|ip| transport_checksum(read, &ip));
        if checksum == Some(ChecksumStatus::Wrong) {
            summary.findings.add(Finding::ChecksumBad);
        }
        Some(summary)
    }

    /// Lays a packet on the wire, unless it is lost.
    fn set_out(&mut self, now: Stamp, from: HostId, loss: Option<LossReason>, packet: InFlight) {
        let InFlight { number, schedule, outline, ack, .. } = packet;
        if let Some(why) = loss {
            if let Some(outline) = outline {
                self.miss(from, outline.flow, ack);
            }
            return self.report(from, WireEvent::Dropped { packet: number, why });
        }
        match schedule {
            Schedule::Hold => self.report(from, WireEvent::Held { packet: number }),
            Schedule::At(then) if then > now => {
                self.report(from, WireEvent::Delayed { packet: number, by: then.since(now) });
            }
            Schedule::At(_) => {}
        }
        self.lay(from, packet);
    }

    /// Counts a packet without an event.
    pub(super) const fn unlist(&mut self) {
        self.unlisted += 1;
    }

    pub(super) fn list(&mut self, from: HostId, number: u64, packet: &WirePacket<'_>, id: Option<SegmentId>) {
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

    /// The place behind all packets so far.
    pub(super) const fn next_place(&mut self) -> u64 {
        self.placed += 1;
        self.placed
    }

    fn lay(&mut self, from: HostId, mut packet: InFlight) {
        packet.place = self.next_place();
        self.direction(from).in_flight.push_back(packet);
    }

    /// Folds a retransmission into the original, if that is still on the wire, or if it has arrived and what says so is
    /// still on the wire: only the presenter's patience makes the sender send it again then.
    fn fold(&mut self, now: Stamp, from: HostId, id: &SegmentId) -> bool {
        if !self.folding {
            return false;
        }
        let answered = self.directions.of(from.other()).answers(id);
        let direction = self.direction(from);
        let held = direction.holds(id).and_then(|at| direction.in_flight.get_mut(at));
        let held = held.map(|held| (held.number, &mut held.again, &mut held.last_sent));
        let original = held.or_else(|| {
            let arrived = direction.arrived.of_mut(id).filter(|_| answered)?;
            if std::mem::take(&mut arrived.unanswered) {
                return None;
            }
            Some((arrived.number, &mut arrived.again, &mut arrived.last_sent))
        });
        let Some((packet, again, last_sent)) = original else { return false };
        *again += 1;
        let event = WireEvent::Folded { packet, count: *again, after: now.since(*last_sent) };
        *last_sent = now;
        self.latest = packet;
        self.report(from, event);
        true
    }

    /// Notes that what a packet acknowledges was not heard of.
    pub(super) fn miss(&mut self, from: HostId, flow: Flow, ack: Option<u32>) {
        if let (Some(there), Some(ack)) = (flow.mirror(), ack) {
            self.direction(from.other()).arrived.miss_answer(there, ack);
        }
    }

    /// The reason why a new packet is lost, if it is.
    fn lost(&mut self, from: HostId) -> Option<LossReason> {
        let Self { directions, chance, most, .. } = self;
        let direction = directions.of_mut(from);
        if direction.cut {
            Some(LossReason::Cut)
        } else if direction.pipe.counts_out() {
            Some(LossReason::Every)
        } else if chance.falls(direction.pipe.conditions.loss_percent) {
            Some(LossReason::Chance)
        } else {
            (direction.in_flight.len() + direction.pipe.len() >= *most).then_some(LossReason::Overflow)
        }
    }

    /// When something happens to a packet next, unless a command changes that.
    pub(super) fn next_due(&self) -> Option<Stamp> {
        self.directions.iter().filter_map(|(_, direction)| direction.next_due()).min()
    }

    /// Takes the next packet that arrives by `now` off the wire: the earliest, and of several the first. What happens to
    /// others before that happens in its order, each at its time.
    pub(super) fn due(&mut self, now: Stamp) -> Option<WireDelivery> {
        loop {
            let steps = self.directions.iter().filter_map(|(from, direction)| Some((direction.next_step(now)?, from)));
            let ((at, step, _), from) = steps.min()?;
            let packet = match step {
                DueStep::Arrives => self.direction(from).pipe.take_arrived()?,
                DueStep::Departs => {
                    self.send_next(at, from);
                    continue;
                }
                DueStep::Enters => {
                    let packet = self.direction(from).take_due(now)?;
                    if !self.direction(from).cut && self.direction(from).pipe.carries() {
                        self.enter(at, from, packet);
                        continue;
                    }
                    packet
                }
            };
            let InFlight { number, bytes, outline, listed, id, ack, again, last_sent, .. } = packet;
            if !self.direction(from).cut {
                if let Some(id) = id.filter(|_| listed) {
                    self.direction(from)
                        .arrived
                        .remember(&id, ArrivedSegment { number, again, last_sent, unanswered: false });
                }
                return Some(WireDelivery { number, from, bytes, outline, listed });
            }
            if let Some(outline) = outline {
                self.miss(from, outline.flow, ack);
            }
            if listed {
                self.report(from, WireEvent::Dropped { packet: number, why: LossReason::Cut });
            }
        }
    }

    pub(super) const fn mode(&self, from: HostId) -> WireMode {
        self.directions.of(from).mode
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
