//! How packets cross the link of a direction: marked, divided or dropped before its queue, then queued, sent and on their
//! way.

use super::core::WireCore;
use super::decode::WirePacket;
use super::in_flight::InFlight;
use super::router;
use crate::domain::wire::{LossReason, WireEvent};
use crate::domain::{HostId, LinkChange, Stamp};

impl WireCore {
    /// Puts a packet into the link of its direction.
    pub(super) fn enter(&mut self, now: Stamp, from: HostId, packet: InFlight) {
        let mtu = self.directions.of(from).pipe.conditions.mtu as usize;
        if mtu == 0 || packet.bytes.len() <= mtu {
            return self.queue(now, from, packet);
        }
        match router::fragments(&packet.bytes, mtu) {
            Some(pieces) => self.divide(now, from, &packet, pieces),
            None => self.refuse(now, from, &packet, mtu),
        }
    }

    /// Has a packet wait for its turn or sends it, or drops it where the queue is full.
    fn queue(&mut self, now: Stamp, from: HostId, mut packet: InFlight) {
        let pipe = &mut self.direction(from).pipe;
        if pipe.is_full(now) {
            pipe.untold.full += u64::from(!packet.listed);
            return self.lose(from, &packet, LossReason::Queue);
        }
        let (number, listed) = (packet.number, packet.listed);
        if pipe.is_congested() && router::mark(&mut packet.bytes) {
            pipe.untold.marked += u64::from(!listed);
            if listed {
                self.report(from, WireEvent::Marked { packet: number });
            }
        }
        let pipe = &mut self.direction(from).pipe;
        match pipe.queue(now, packet) {
            Some(packet) => self.send(now, from, packet),
            None if listed => {
                let waiting = pipe.tell();
                self.report(from, WireEvent::Queued { packet: number, waiting });
            }
            None => {}
        }
    }

    /// Sends the next packet that waits.
    pub(super) fn send_next(&mut self, now: Stamp, from: HostId) {
        if let Some(packet) = self.direction(from).pipe.take_next() {
            self.send(now, from, packet);
        }
    }

    fn send(&mut self, now: Stamp, from: HostId, packet: InFlight) {
        let Self { directions, chance, .. } = self;
        let pipe = &mut directions.of_mut(from).pipe;
        let departure = pipe.send(now, packet, chance);
        // One that neither waited nor takes time just passes.
        if departure.listed && (departure.arrives > now || departure.overtakes || !pipe.is_told()) {
            let waiting = pipe.tell();
            let (by, overtakes) = (departure.arrives.since(now), departure.overtakes);
            self.report(from, WireEvent::Crossing { packet: departure.number, waiting, by, overtakes });
        }
    }

    /// Puts the fragments of a packet into the link in its place.
    fn divide(&mut self, now: Stamp, from: HostId, packet: &InFlight, pieces: Vec<Vec<u8>>) {
        let mut divided = Vec::with_capacity(pieces.len());
        for bytes in pieces {
            self.numbered += 1;
            let number = self.numbered;
            let read = WirePacket::of(&bytes);
            let outline = read.as_ref().map(WirePacket::outline);
            match read.filter(|_| packet.listed) {
                Some(read) => self.list(from, number, &read, None),
                None => self.unlist(),
            }
            let place = self.next_place();
            let listed = packet.listed && outline.is_some();
            divided.push(InFlight { place, outline, listed, ..InFlight::held(number, &bytes, now) });
        }
        if packet.listed {
            let into = divided.iter().map(|piece| piece.number).collect();
            self.report(from, WireEvent::Fragmented { packet: packet.number, into });
        }
        for piece in divided {
            self.queue(now, from, piece);
        }
    }

    /// Drops a packet that is too large, and tells its sender unless the link is a black hole.
    fn refuse(&mut self, now: Stamp, from: HostId, packet: &InFlight, mtu: usize) {
        let pipe = &mut self.direction(from).pipe;
        pipe.untold.too_large += u64::from(!packet.listed);
        let silent = pipe.conditions.black_hole > 0;
        self.lose(from, packet, LossReason::Mtu);
        let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
        if let Some(message) = router::fragmentation_needed(&packet.bytes, mtu).filter(|_| !silent) {
            self.offer(now, from.other(), &message, packet.listed);
            if packet.listed {
                self.report(from.other(), WireEvent::Answered { packet: packet.number, answer: self.numbered });
            }
        }
    }

    /// A packet is gone.
    fn lose(&mut self, from: HostId, packet: &InFlight, why: LossReason) {
        if let Some(outline) = packet.outline {
            self.miss(from, outline.flow, packet.ack);
        }
        if packet.listed {
            self.report(from, WireEvent::Dropped { packet: packet.number, why });
        }
    }

    /// Changes conditions of a direction's link.
    pub(super) fn change_link(&mut self, now: Stamp, from: HostId, change: &LinkChange) {
        let pipe = &mut self.direction(from).pipe;
        let without_room = pipe.change(now, change);
        pipe.untold.full += without_room.iter().filter(|packet| !packet.listed).count() as u64;
        let conditions = pipe.conditions;
        self.report(from, WireEvent::Link(conditions));
        for packet in without_room {
            self.lose(from, &packet, LossReason::Queue);
        }
        self.report_queues();
    }

    /// Loses a packet that is in a link, because the presenter says so. Returns whether it was in one.
    pub(super) fn drop_in_link(&mut self, number: u64) -> bool {
        for from in [HostId::Client, HostId::Server] {
            if let Some(packet) = self.direction(from).pipe.remove(number) {
                self.lose(from, &InFlight { listed: true, ..packet }, LossReason::Asked);
                self.report_queues();
                return true;
            }
        }
        false
    }

    /// Reports what packets without events of their own have done in the links since the last call.
    pub(super) fn report_queues(&mut self) {
        for from in [HostId::Client, HostId::Server] {
            if let Some((waiting, untold)) = self.direction(from).pipe.tell_rest() {
                let (full, too_large, marked) = (untold.full, untold.too_large, untold.marked);
                self.report(from, WireEvent::QueueLength { waiting, full, too_large, marked });
            }
        }
    }
}

#[cfg(test)]
#[path = "crossing_tests.rs"]
mod tests;
