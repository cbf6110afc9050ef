//! What the wire needs of a packet beyond its summary: a way to damage it, and what makes two segments the same one.

use std::net::{IpAddr, SocketAddr};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use super::lane::About;
use crate::domain::{Excerpt, Findings, Flags, Flow, PacketSummary, Proto};
use crate::packet;

/// A packet of which so much was read as the wire needs of every one, at full speed too.
pub(super) struct Read<'a> {
    packet: &'a [u8],
    flow: Flow,
    transport: TransportSlice<'a>,
}

impl<'a> Read<'a> {
    /// Reads an IPv4 packet of TCP, UDP or ICMP; `None` for anything else.
    pub(super) fn of(packet: &'a [u8]) -> Option<Self> {
        let parts = SlicedPacket::from_ip(packet).ok()?;
        let NetSlice::Ipv4(ip) = parts.net? else { return None };
        let flow = |proto, source, destination| Flow {
            proto,
            local: SocketAddr::new(IpAddr::V4(ip.header().source_addr()), source),
            peer: Some(SocketAddr::new(IpAddr::V4(ip.header().destination_addr()), destination)),
        };
        let transport = parts.transport?;
        let flow = match &transport {
            TransportSlice::Tcp(tcp) => flow(Proto::Tcp, tcp.source_port(), tcp.destination_port()),
            TransportSlice::Udp(udp) => flow(Proto::Udp, udp.source_port(), udp.destination_port()),
            TransportSlice::Icmpv4(_) => packet::summary(packet)?.flow,
            TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_) => return None,
        };
        Some(Self { packet, flow, transport })
    }

    /// From whom to whom, and the control bits.
    pub(super) fn about(&self) -> About {
        let data = matches!(&self.transport, TransportSlice::Tcp(tcp) if !tcp.payload().is_empty());
        About { flow: self.flow, flags: self.flags(), data }
    }

    /// What a copy of it is known by, where it has that.
    pub(super) fn same(&self) -> Option<Same> {
        let TransportSlice::Tcp(tcp) = &self.transport else { return None };
        let (flags, len) = (self.flags()?, tcp.payload().len());
        let takes = len > 0 || flags.any(Flags::SYN.with(Flags::FIN));
        let (seq, ack) = (tcp.sequence_number(), tcp.acknowledgment_number());
        takes.then_some(Same { flow: self.flow, seq, ack, flags, len })
    }

    /// What the class reads. Its number and the numbers relative to the beginning of the connection are for the
    /// caller to fill in.
    pub(super) fn summary(&self) -> PacketSummary {
        // What could be read above can be read there; its addresses would be left if not.
        packet::summary(self.packet).unwrap_or_else(|| PacketSummary {
            number: 0,
            flow: self.flow,
            tcp: None,
            icmp: None,
            payload: Excerpt::of(b""),
            retransmission_of: None,
            findings: Findings::default(),
        })
    }

    /// Byte 13 of the header holds the eight control bits (RFC 9293 §3.1, RFC 3168 §6.1).
    fn flags(&self) -> Option<Flags> {
        match &self.transport {
            TransportSlice::Tcp(tcp) => Some(Flags(tcp.header_slice()[13])),
            _ => None,
        }
    }
}

/// Turns over one bit of the last byte: in the payload, or in the transport header of a packet without one. The IP
/// header stays whole, so that the packet arrives and its own checksum gives it away.
pub(super) fn corrupt(packet: &mut [u8]) {
    let header = packet.first().map_or(0, |first| usize::from(first & 15) * 4);
    if packet.len() > header
        && let Some(last) = packet.last_mut()
    {
        *last ^= 1;
    }
}

/// What makes two segments of one sender the same: everything but what the kernel writes anew each time it sends one
/// (the IP identification, the window, the timestamps, the checksums). Only segments that take sequence numbers have
/// it: acknowledgements are counted by their receiver (RFC 5681 §3.2), so each is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Same {
    flow: Flow,
    seq: u32,
    ack: u32,
    flags: Flags,
    len: usize,
}

/// Bytes of packets, for the tests of this layer.
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
        Read::of(packet).unwrap().summary()
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
                let _ = Read::of(&packet[..end]).map(|read| (read.summary(), read.same(), read.about()));
                corrupt(&mut packet[..end].to_vec());
            }
        }
    }
}
