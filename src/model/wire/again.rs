//! Why a segment on the wire was sent again, as far as the packets that its sender got tell.

use std::time::Duration;

use super::{PacketOnWire, WirePacketFate, WireState};
use crate::domain::{Flags, PacketSummary, SentAgain, Stamp};

/// What a packet draws is sent within this time after its arrival. Timers take longer: RTO is at least 200 ms on Linux
/// (`TCP_RTO_MIN`).
const AT_ONCE: Duration = Duration::from_millis(20);

impl WireState {
    /// Why a segment that was sent before is sent again at this moment.
    pub(super) fn why_again(&self, packet: &PacketSummary, at: Stamp) -> SentAgain {
        let Some(tcp) = &packet.tcp else { return SentAgain::Timer };
        let drawn = |latest: Option<Stamp>| latest.is_some_and(|latest| at.since(latest) <= AT_ONCE);
        if tcp.flags.has(Flags::SYN.with(Flags::ACK)) {
            let syns: Vec<_> = self.got(packet).filter(|(_, seen)| is(seen, Flags::SYN)).map(|(at, _)| at).collect();
            return if syns.len() > 1 && drawn(syns.last().copied()) {
                SentAgain::RepeatedSyn
            } else {
                SentAgain::Timer
            };
        }
        if self.is_window_closed(packet) {
            return SentAgain::Probe;
        }
        let asks = |seen: &PacketSummary| {
            is(seen, Flags::ACK) && seen.tcp.as_ref().is_some_and(|ack| ack.ack_rel == tcp.seq_rel)
        };
        let same: Vec<_> = self.got(packet).filter(|(_, seen)| asks(seen)).map(|(at, _)| at).collect();
        let duplicates = same.len().saturating_sub(1);
        let asked = duplicates > 0 && drawn(same.last().copied());
        if asked { SentAgain::DuplicateAcks(duplicates) } else { SentAgain::Timer }
    }

    /// Whether a segment only asks whether the closed window of the other end has opened: Linux sends one without data,
    /// with a number that was acknowledged before (`tcp_xmit_probe_skb`).
    pub(super) fn is_probe(&self, packet: &PacketSummary) -> bool {
        let Some(tcp) = packet.tcp.as_ref().filter(|_| is(packet, Flags::ACK)) else { return false };
        let acked = self.got(packet).filter_map(|(_, seen)| seen.tcp.as_ref()?.ack_rel).max();
        self.is_window_closed(packet) && acked.zip(tcp.seq_rel).is_some_and(|(acked, seq)| acked == seq.wrapping_add(1))
    }

    /// Whether the last window that the sender of `packet` was offered is closed.
    fn is_window_closed(&self, packet: &PacketSummary) -> bool {
        let offered =
            self.got(packet).filter_map(|(_, seen)| seen.tcp.as_ref()).filter(|tcp| !tcp.flags.has(Flags::RST));
        offered.last().is_some_and(|tcp| tcp.window == 0)
    }

    /// The packets of the same connection that the sender of `packet` got undamaged, each with the time of its arrival.
    fn got<'a>(&'a self, packet: &'a PacketSummary) -> impl Iterator<Item = (Stamp, &'a PacketSummary)> {
        let back = packet.flow.mirror();
        let arrived = |on: &'a PacketOnWire| match on.fate {
            WirePacketFate::Delivered { at } if !on.corrupted => Some((at, &on.packet)),
            _ => None,
        };
        let mut got: Vec<_> =
            self.packets().iter().filter(|on| Some(on.packet.flow) == back).filter_map(arrived).collect();
        got.sort_by_key(|(at, _)| *at);
        got.into_iter()
    }
}

/// Whether a segment has just this flag and no data.
fn is(packet: &PacketSummary, flag: Flags) -> bool {
    packet.payload.len == 0 && packet.tcp.as_ref().is_some_and(|tcp| tcp.flags == flag)
}
