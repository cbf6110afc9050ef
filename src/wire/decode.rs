//! The wire's view of a packet: its outline, its identity, and a way to damage it.

use crate::domain::{Flags, Flow, PacketSummary, Proto};
use crate::packet::{self, Bytes, Ip, TcpHeader, UdpHeader, protocol};

/// A packet, parsed as far as the wire needs at full speed.
pub(super) struct WirePacket<'a> {
    packet: &'a [u8],
    flow: Flow,
    /// For TCP, the header and the length of the payload.
    tcp: Option<(TcpHeader, usize)>,
}

impl<'a> WirePacket<'a> {
    /// Reads an IPv4 packet of TCP, UDP or ICMP, or a fragment of one; `None` for anything else.
    pub(super) fn of(packet: &'a [u8]) -> Option<Self> {
        let bytes = Bytes::of(packet);
        let ip = Ip::read(bytes, 0, packet.len())?;
        if !ip.from.is_ipv4() || ip.start + ip.len > packet.len() {
            return None;
        }
        let (flow, tcp) = match ip.protocol {
            // Even the first one tells the other end nothing until all are there.
            _ if ip.fragment.is_some() => (packet::summary(packet)?.flow, None),
            protocol::TCP => {
                let tcp = TcpHeader::read(bytes, &ip)?;
                let len = ip.len.checked_sub(tcp.len)?;
                (ip.flow(Proto::Tcp, tcp.source, tcp.destination), Some((tcp, len)))
            }
            protocol::UDP => {
                let udp = UdpHeader::read(bytes, &ip)?;
                (ip.flow(Proto::Udp, udp.source, udp.destination), None)
            }
            protocol::ICMP => (packet::summary(packet)?.flow, None),
            _ => return None,
        };
        Some(Self { packet, flow, tcp })
    }

    pub(super) fn outline(&self) -> Outline {
        let (flags, len) = self.tcp.as_ref().map(|(tcp, len)| (tcp.flags, *len)).unzip();
        Outline { flow: self.flow, flags, data: len.is_some_and(|len| len > 0) }
    }

    /// Its identity, by which a retransmission is recognized.
    pub(super) fn id(&self) -> Option<SegmentId> {
        let (TcpHeader { seq, ack, flags, .. }, len) = self.tcp.as_ref()?;
        let takes = *len > 0 || flags.any(Flags::SYN.with(Flags::FIN));
        takes.then_some(SegmentId {
            flow: self.flow,
            seq: *seq,
            ack: *ack,
            flags: flags.without(Flags::PSH),
            len: *len,
        })
    }

    /// The number that its sender sends next if this is a TCP segment, and whether it takes none itself: a mere
    /// acknowledgement.
    pub(super) fn end(&self) -> Option<(u32, bool)> {
        let (tcp, _) = self.tcp.as_ref()?;
        if tcp.flags.has(Flags::RST) {
            return None;
        }
        let taken = self.id().map_or(0, |id| id.end().wrapping_sub(tcp.seq));
        Some((tcp.seq.wrapping_add(taken), taken == 0))
    }

    /// The identity of a probe: a segment without data whose number was acknowledged before (RFC 9293 §3.8.4 and
    /// §3.8.6.1). Only who knows what was sent can tell it from a mere acknowledgement.
    pub(super) fn probe_id(&self) -> Option<SegmentId> {
        let (TcpHeader { seq, ack, flags, .. }, len) = self.tcp.as_ref()?;
        Some(SegmentId { flow: self.flow, seq: *seq, ack: *ack, flags: flags.without(Flags::PSH), len: *len })
    }

    /// What it acknowledges, if it acknowledges anything.
    pub(super) fn ack(&self) -> Option<u32> {
        let (tcp, _) = self.tcp.as_ref()?;
        tcp.flags.has(Flags::ACK).then_some(tcp.ack)
    }

    /// Its summary. The caller fills in its number and the relative sequence numbers.
    pub(super) fn summary(&self) -> Option<PacketSummary> {
        packet::summary(self.packet)
    }
}

/// The part of a packet that a socket's state may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    /// From the sender's side.
    pub(super) flow: Flow,
    /// `None` for a datagram.
    pub(super) flags: Option<Flags>,
    /// Whether it is a TCP segment with data.
    pub(super) data: bool,
}

impl Outline {
    /// Whether it neither opens nor closes nor resets a connection.
    pub(super) fn is_plain(&self) -> bool {
        self.flags.is_none_or(|flags| !flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST)))
    }
}

/// Flips one bit of the last byte, in the payload or the transport header. The IP header stays intact, so that the
/// packet arrives with a wrong transport checksum.
pub(super) fn corrupt(packet: &mut [u8]) {
    let header = packet.first().map_or(0, |first| usize::from(first & 15) * 4);
    if packet.len() > header
        && let Some(last) = packet.last_mut()
    {
        *last ^= 1;
    }
}

/// The identity of a segment: the fields that a retransmission shares with the original, unlike PSH, the IP identification,
/// the window, the timestamps and the checksums. Only segments that take sequence numbers have one: receivers count
/// duplicate acknowledgements (RFC 5681 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SegmentId {
    flow: Flow,
    seq: u32,
    ack: u32,
    flags: Flags,
    len: usize,
}

impl SegmentId {
    /// From which socket to which, from the sender's side.
    pub(super) const fn flow(&self) -> Flow {
        self.flow
    }

    /// Its first sequence number.
    pub(super) const fn start(&self) -> u32 {
        self.seq
    }

    /// The sequence number after its last: what acknowledges all of it.
    pub(super) fn end(&self) -> u32 {
        let controls = u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN));
        self.seq.wrapping_add(u32::try_from(self.len).unwrap_or(u32::MAX)).wrapping_add(controls)
    }

    /// Whether it has data or a FIN, which a kernel may send again in other pieces and with another acknowledgement. A SYN
    /// and a probe are sent again as they are.
    pub(super) const fn has_data(&self) -> bool {
        !self.flags.has(Flags::SYN) && (self.len > 0 || self.flags.has(Flags::FIN))
    }

    /// Whether an acknowledgement of this number says that all of it has arrived.
    pub(super) fn is_acknowledged_by(&self, ack: u32) -> bool {
        // Numbers go round: half of them are after any other (RFC 9293 §3.4).
        ack.wrapping_sub(self.end()) < 1 << 31
    }
}

/// Packets for the tests of this layer.
#[cfg(test)]
pub(super) mod packets {
    use etherparse::PacketBuilder;

    use crate::domain::Flags;

    pub(in crate::wire) const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 2], 40_000);
    pub(in crate::wire) const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 65_432);

    /// A segment from the client to the server, or back.
    pub(in crate::wire) fn tcp(out: bool, flags: Flags, seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
        let (from, to) = if out { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let mut builder = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, seq, 64_240);
        if flags.has(Flags::SYN) {
            builder = builder.syn();
        }
        if flags.has(Flags::FIN) {
            builder = builder.fin();
        }
        if flags.has(Flags::RST) {
            builder = builder.rst();
        }
        if flags.has(Flags::ACK) {
            builder = builder.ack(ack);
        }
        let mut bytes = Vec::new();
        builder.write(&mut bytes, payload).unwrap();
        bytes
    }

    /// A datagram from the client to the server, or back.
    pub(in crate::wire) fn udp(out: bool, payload: &[u8]) -> Vec<u8> {
        let (from, to) = if out { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
        let mut bytes = Vec::new();
        PacketBuilder::ipv4(from.0, to.0, 64).udp(from.1, to.1).write(&mut bytes, payload).unwrap();
        bytes
    }
}

#[cfg(test)]
mod tests {
    use etherparse::icmpv4::DestUnreachableHeader;
    use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};

    use super::packets::{CLIENT, SERVER, tcp, udp};
    use super::*;
    use crate::domain::Icmp;

    fn summary(packet: &[u8]) -> PacketSummary {
        WirePacket::of(packet).unwrap().summary().unwrap()
    }

    #[test]
    fn a_segment_is_summed_up() {
        let bytes = tcp(true, Flags::SYN, 7, 0, b"");
        let syn = summary(&bytes);
        assert_eq!(syn.flow.to_string(), "tcp 192.0.2.2:40000 ↔ 192.0.2.1:65432");
        let segment = syn.tcp.unwrap();
        assert_eq!((segment.flags, segment.seq, segment.window), (Flags::SYN, 7, 64_240));
    }

    #[test]
    fn a_port_unreachable_stands_in_the_conversation_it_is_about() {
        let quoted = udp(true, b"oi");
        let mut bytes = Vec::new();
        let unreachable = etherparse::Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port);
        PacketBuilder::ipv4(SERVER.0, CLIENT.0, 64).icmpv4(unreachable).write(&mut bytes, &quoted).unwrap();
        let seen = summary(&bytes);
        assert_eq!(seen.icmp, Some(Icmp::PortUnreachable));
        assert_eq!(seen.flow.to_string(), "udp 192.0.2.1:65432 ↔ 192.0.2.2:40000");
    }

    #[test]
    fn a_damaged_segment_has_a_wrong_checksum_and_is_otherwise_the_same() {
        let whole = tcp(true, Flags::ACK, 1, 1, b"hello");
        let mut damaged = whole.clone();
        corrupt(&mut damaged);
        let checksum = |bytes: &[u8]| {
            let parts = SlicedPacket::from_ip(bytes).unwrap();
            let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (parts.net, parts.transport) else {
                panic!("not TCP over IPv4")
            };
            let right = tcp.calc_checksum_ipv4(ip.header().source(), ip.header().destination()).unwrap();
            right == tcp.checksum()
        };
        assert!(checksum(&whole) && !checksum(&damaged));
    }

    #[test]
    fn no_prefix_of_a_packet_is_a_panic() {
        for packet in [tcp(true, Flags::SYN, 7, 0, b"hello"), udp(true, b"hello")] {
            for end in 0..packet.len() {
                let _ = WirePacket::of(&packet[..end]).map(|read| (read.summary(), read.id(), read.outline()));
                corrupt(&mut packet[..end].to_vec());
            }
        }
    }
}
