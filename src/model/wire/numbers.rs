//! The sequence numbers of the ends of a connection, as the packets tell them. All are counted from the sender's SYN.

use std::ops::Range;

use super::{PacketOnWire, WireState};
use crate::domain::packet::SynNumbers;
use crate::domain::{Flags, Flow, PacketSummary, Segment, TcpOption};

/// The numbers of one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndNumbers {
    /// Its initial sequence number: what the others are counted from.
    pub isn: u32,
    /// The number after the last that it sent (RFC 9293 §3.3.1, SND.NXT).
    pub sent: u32,
    /// The number that the other end expects next (RCV.NXT).
    pub expected: u32,
    /// The window that it offered last, as it stands in the header.
    pub window: u16,
    /// By how many bits its windows are shifted.
    pub scale: u8,
    /// Its clock in the latest segment that has timestamps.
    pub clock: Option<u32>,
}

impl EndNumbers {
    /// Those of the end that sends with this flow, as far as its segments were listed; `None` if none was.
    pub fn of(wire: &WireState, flow: &Flow) -> Option<Self> {
        let segments: Vec<(&PacketOnWire, &Segment)> = match own(wire, flow).collect::<Vec<_>>() {
            // Its SYN was not listed, or forged.
            none if none.is_empty() => segments(wire, flow).filter(|(_, tcp)| tcp.seq_rel.is_some()).collect(),
            own => own,
        };
        let (_, first) = segments.first()?;
        let ends = |(on, tcp): &(&PacketOnWire, &Segment)| end(&on.packet, tcp);
        let genuine = segments.iter().filter(|(on, _)| !on.is_forged()).filter_map(ends).max();
        let sent = genuine.or_else(|| segments.iter().filter_map(ends).max());
        let arrived = || segments.iter().filter(|(on, _)| on.counts()).filter_map(ends).max();
        let scale = segments.iter().find_map(|(_, tcp)| SynNumbers::of(tcp)).and_then(|syn| syn.scale);
        let agreed = flow.mirror().and_then(|other| own(wire, &other).find_map(|(_, tcp)| SynNumbers::of(tcp)));
        let scale = scale.filter(|_| agreed.is_some_and(|syn| syn.scale.is_some())).unwrap_or(0);
        let (_, last) = segments.iter().rev().find(|(on, _)| !on.is_forged()).or(segments.last())?;
        let shift = if last.flags.has(Flags::SYN) { 0 } else { scale };
        let clock = segments.iter().rev().find_map(|(on, tcp)| clock(tcp).filter(|_| !on.is_forged()));
        Some(Self {
            isn: first.seq.wrapping_sub(first.seq_rel.unwrap_or(0)),
            sent: sent.unwrap_or(0),
            expected: expected(wire, flow).or_else(arrived).unwrap_or(0),
            window: u16::try_from(last.window >> shift).unwrap_or(u16::MAX),
            scale,
            clock,
        })
    }
}

/// The sender's clock in a segment.
pub(super) fn clock(tcp: &Segment) -> Option<u32> {
    tcp.options.iter().find_map(|option| match option {
        TcpOption::Timestamps(value, _) => Some(*value),
        _ => None,
    })
}

/// The latest clock of this sender that its receiver knows, who goes by the segments up to the next expected number
/// (RFC 7323 §4.3).
pub(super) fn clock_before(wire: &WireState, flow: &Flow, next: u32) -> Option<u32> {
    let known = own(wire, flow).filter(|(on, tcp)| on.counts() && end(&on.packet, tcp).is_some_and(|end| end <= next));
    known.filter_map(|(_, tcp)| clock(tcp)).last()
}

/// The number after the last one of a segment.
fn end(packet: &PacketSummary, tcp: &Segment) -> Option<u32> {
    tcp.seq_rel.map(|seq| seq.wrapping_add(tcp.takes(packet.payload.len)))
}

/// The segments of one sender, the earliest first.
fn segments<'a>(wire: &'a WireState, flow: &'a Flow) -> impl Iterator<Item = (&'a PacketOnWire, &'a Segment)> {
    let of_flow = move |on: &&PacketOnWire| on.packet.flow == *flow && on.packet.icmp.is_none();
    wire.packets().iter().filter(of_flow).filter_map(|on| Some((on, on.packet.tcp.as_ref()?)))
}

/// The segments since the sender's last SYN. One that was forged is the sender's only where there is no other.
fn own<'a>(wire: &'a WireState, flow: &'a Flow) -> impl Iterator<Item = (&'a PacketOnWire, &'a Segment)> {
    let genuine = segments(wire, flow).any(|(on, tcp)| tcp.flags.has(Flags::SYN) && !on.is_forged());
    let is_syn = move |on: &PacketOnWire, tcp: &Segment| tcp.flags.has(Flags::SYN) && !(genuine && on.is_forged());
    let isn = segments(wire, flow).filter(|(on, tcp)| is_syn(on, tcp)).last().map(|(_, tcp)| tcp.seq);
    let mut before = true;
    segments(wire, flow).filter(move |(on, tcp)| {
        before &= !(is_syn(on, tcp) && Some(tcp.seq) == isn);
        !before
    })
}

/// The number of the sender's FIN.
pub(super) fn fin_of(wire: &WireState, flow: &Flow) -> Option<u32> {
    let fins = own(wire, flow).filter(|(on, tcp)| tcp.flags.has(Flags::FIN) && !on.is_forged());
    fins.filter_map(|(on, tcp)| Some(end(&on.packet, tcp)?.wrapping_sub(1))).last()
}

/// Up to which number this sender has acknowledged, as far as the other side knows.
pub(super) fn acknowledged(wire: &WireState, flow: &Flow) -> Option<u32> {
    own(wire, flow).filter(|(on, _)| on.counts()).filter_map(|(_, tcp)| tcp.ack_rel).max()
}

/// The numbers that the end which sends with this flow accepts: from what it acknowledged last to the end of the window
/// that it offered then (RFC 9293 §3.4), whether the other side knows that or not.
pub(super) fn offered(wire: &WireState, flow: &Flow) -> Option<Range<u32>> {
    let own = own(wire, flow).filter(|(on, tcp)| !on.is_forged() && !tcp.flags.has(Flags::RST));
    let (ack, window) = own.filter_map(|(_, tcp)| Some((tcp.ack_rel?, tcp.window))).last()?;
    Some(ack..ack.saturating_add(window))
}

/// The next number that the receiver of this flow expects, from what has arrived.
pub(super) fn expected(wire: &WireState, flow: &Flow) -> Option<u32> {
    let arrived = own(wire, flow).filter(|(on, _)| on.counts());
    let mut pieces: Vec<(u32, u32)> =
        arrived.filter_map(|(on, tcp)| Some((tcp.seq_rel?, tcp.takes(on.packet.payload.len)))).collect();
    pieces.sort_unstable();
    // Without the SYN nothing is certain.
    pieces.first().filter(|(seq, takes)| *seq == 0 && *takes > 0)?;
    let next = pieces
        .iter()
        .fold(0u32, |next, (seq, takes)| if *seq <= next { next.max(seq.saturating_add(*takes)) } else { next });
    Some(next)
}
