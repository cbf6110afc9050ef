//! Forged and changed packets, read back by our own reader and by another one.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use super::super::decode::WirePacket;
use super::super::decode::packets::{tcp, udp};
use super::super::router;
use super::*;
use crate::domain::{
    ChecksumStatus, EcnCodepoint, Flags, ForgedChecksum, ForgedKind, ForgedOptions, ForgedPacket, ForgedSegment,
    HostId, Icmp, PacketSummary, Proto, TcpOption,
};
use crate::packet::transport_checksum;

fn forged(kind: ForgedKind, payload: &[u8]) -> ForgedPacket {
    ForgedPacket {
        from: HostId::Client,
        source: 40_000,
        destination: 65_432,
        ttl: 64,
        ecn: EcnCodepoint::Ect0,
        checksum: ForgedChecksum::Right,
        kind,
        payload: payload.to_vec(),
    }
}

fn segment(options: ForgedOptions) -> ForgedKind {
    ForgedKind::Segment(ForgedSegment { flags: Flags::RST.with(Flags::ACK), seq: 7, ack: 9, window: 512, options })
}

fn summary(packet: &[u8]) -> PacketSummary {
    WirePacket::of(packet).unwrap().summary().unwrap()
}

fn checksum(packet: &[u8]) -> ChecksumStatus {
    let bytes = Bytes::of(packet);
    transport_checksum(bytes, &Ip::read(bytes, 0, packet.len()).unwrap())
}

/// The TCP checksum, and what another reader says that it should be; and whether its IP header is sound.
fn other_reader(packet: &[u8]) -> (u16, u16, bool) {
    let parts = SlicedPacket::from_ip(packet).unwrap();
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (parts.net, parts.transport) else {
        panic!("not TCP over IPv4")
    };
    let header = ip.header();
    let right = tcp.calc_checksum_ipv4(header.source(), header.destination()).unwrap();
    (tcp.checksum(), right, header.to_header().calc_header_checksum() == header.header_checksum())
}

/// Its ports and its checksum are in the first fragment, and the checksum is that of the whole datagram.
#[test]
fn of_a_fragment_only_the_ip_header_is_changed() {
    let change_all = PacketChange { ttl: Some(3), source: Some(9), payload: Some(vec![1]), ..PacketChange::default() };
    let mut whole = udp(true, &[7; 1_500]);
    whole[6] = 0;
    for piece in router::fragments(&whole, 800).unwrap() {
        let mut changed = piece.clone();
        change(&mut changed, &change_all);
        assert_eq!((changed[8], &changed[20..]), (3, &piece[20..]));
        assert_eq!(crate::domain::checksum::sum(&changed[..20]), u16::MAX);
    }
}

#[test]
fn what_is_forged_is_read_as_it_was_meant() {
    let options = ForgedOptions { mss: Some(1460), wscale: Some(7), sack_ok: true, ts: Some((5, 6)) };
    let packet = forged(segment(options), b"hello");
    let read = summary(&packet.bytes());
    let tcp = read.tcp.unwrap();
    assert_eq!(read.flow, packet.flow());
    assert_eq!((tcp.flags, tcp.seq, tcp.ack, tcp.window), (Flags::RST.with(Flags::ACK), 7, 9, 512));
    let written =
        [TcpOption::Mss(1460), TcpOption::SackPermitted, TcpOption::Timestamps(5, 6), TcpOption::WindowScale(7)];
    assert_eq!((tcp.options, read.payload.text.as_str()), (written.to_vec(), "hello"));
    for payload in [&b""[..], b"x", b"hello"] {
        for checksum in ForgedChecksum::ALL {
            let bytes = ForgedPacket { checksum: *checksum, ..forged(segment(options), payload) }.bytes();
            let (found, right, ip) = other_reader(&bytes);
            assert_eq!((found == right, ip), (*checksum == ForgedChecksum::Right, true), "{payload:?}");
            assert_eq!(self::checksum(&bytes) == ChecksumStatus::Right, found == right);
        }
    }
}

#[test]
fn datagrams_and_icmp_messages_are_sound_too() {
    for payload in [&b""[..], b"x", b"hello"] {
        let bytes = forged(ForgedKind::Datagram, payload).bytes();
        assert_eq!((summary(&bytes).payload.len, checksum(&bytes)), (payload.len(), ChecksumStatus::Right));
        let wrong = ForgedPacket { checksum: ForgedChecksum::Wrong, ..forged(ForgedKind::Datagram, payload) }.bytes();
        assert_eq!(checksum(&wrong), ChecksumStatus::Wrong);
    }
    for about in [Proto::Tcp, Proto::Udp] {
        let packet = forged(ForgedKind::Unreachable { code: 3, about, seq: 77 }, b"");
        let read = summary(&packet.bytes());
        // It stands in the conversation that it is about, in the direction in which it travels.
        assert_eq!((read.icmp, read.flow), (Some(Icmp::PortUnreachable), packet.flow()));
        assert_eq!(checksum(&packet.bytes()), ChecksumStatus::Right);
    }
}

#[test]
fn only_what_is_changed_changes_and_the_checksum_follows() {
    let original = tcp(true, Flags::SYN, 7, 0, b"hello");
    let changed = |change: PacketChange| {
        let mut bytes = original.clone();
        super::change(&mut bytes, &change);
        bytes
    };
    assert_eq!(changed(PacketChange::default()), original);
    let all = PacketChange {
        source: Some(1),
        destination: Some(2),
        seq: Some(3),
        ack: Some(4),
        flags: Some(Flags::FIN.with(Flags::ACK)),
        window: Some(5),
        options: Some(ForgedOptions { mss: Some(536), ts: Some((1, 2)), ..ForgedOptions::default() }),
        payload: Some(b"HELLO, WORLD".to_vec()),
        ttl: Some(9),
        ecn: Some(EcnCodepoint::Ce),
        checksum: ForgedChecksum::Right,
    };
    let bytes = changed(all.clone());
    let read = summary(&bytes);
    let tcp = read.tcp.unwrap();
    assert_eq!((tcp.flags, tcp.seq, tcp.ack, tcp.window), (Flags::FIN.with(Flags::ACK), 3, 4, 5));
    assert_eq!(tcp.options, [TcpOption::Mss(536), TcpOption::Timestamps(1, 2)]);
    assert_eq!((read.payload.text.as_str(), bytes[1], bytes[8]), ("HELLO, WORLD", 3, 9));
    assert_eq!(read.flow.to_string(), "tcp 192.0.2.2:1 ↔ 192.0.2.1:2");
    let (found, right, ip) = other_reader(&bytes);
    assert!(found == right && ip);
    let (found, right, ip) = other_reader(&changed(PacketChange { checksum: ForgedChecksum::Wrong, ..all.clone() }));
    assert!(found != right && ip);
    // Options that are not spoken of stay, whatever they are.
    let mut with_sack = forged(segment(ForgedOptions { ts: Some((1, 2)), ..ForgedOptions::default() }), b"").bytes();
    with_sack[42..52].copy_from_slice(&[5, 10, 0, 0, 0, 1, 0, 0, 0, 9]);
    super::change(&mut with_sack, &PacketChange { payload: Some(b"x".to_vec()), ..PacketChange::default() });
    let read = summary(&with_sack);
    assert_eq!((read.tcp.unwrap().options, read.payload.len), (vec![TcpOption::Sack(1, 9)], 1));
    let mut datagram = udp(true, b"oi");
    super::change(&mut datagram, &all);
    let read = summary(&datagram);
    assert_eq!((read.payload.text.as_str(), checksum(&datagram)), ("HELLO, WORLD", ChecksumStatus::Right));
}

#[test]
fn no_prefix_of_a_packet_is_a_panic() {
    let change = PacketChange {
        seq: Some(1),
        options: Some(ForgedOptions { mss: Some(1), ..ForgedOptions::default() }),
        payload: Some(vec![1; 1460]),
        ttl: Some(1),
        ..PacketChange::default()
    };
    for packet in [tcp(true, Flags::SYN, 7, 0, b"hello"), udp(true, b"hello")] {
        for end in 0..packet.len() {
            super::change(&mut packet[..end].to_vec(), &change);
            let mut long = packet.clone();
            // A header that says it is longer or shorter than it is.
            long[end] ^= 0xf0;
            super::change(&mut long, &change);
        }
    }
}
