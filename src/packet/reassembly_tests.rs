//! Fragments in any order, twice, overlapping, and too many of them.

use proptest::prelude::*;

use super::*;
use crate::domain::Flags;
use crate::packet::analysis::tests::tcp;
use crate::packet::{Analysis, LinkType};

const PUSH: Flags = Flags(Flags::PSH.0 | Flags::ACK.0);

/// A fragment of an IPv4 packet: these bytes after its header.
fn piece(whole: &[u8], offset: usize, len: usize) -> Vec<u8> {
    let end = (20 + offset + len).min(whole.len());
    let mut bytes = [&whole[..20], &whole[20 + offset..end]].concat();
    let more = if end < whole.len() { 0x2000 } else { 0 };
    bytes[6..8].copy_from_slice(&(u16::try_from(offset / 8).unwrap() | more).to_be_bytes());
    let total = u16::try_from(bytes.len()).unwrap();
    bytes[2..4].copy_from_slice(&total.to_be_bytes());
    bytes
}

/// The same of IPv6, behind a fragment header.
fn piece6(whole: &[u8], offset: usize, len: usize) -> Vec<u8> {
    let end = (40 + offset + len).min(whole.len());
    let mut bytes = whole[..40].to_vec();
    let field = u16::try_from(offset).unwrap() | u16::from(end < whole.len());
    bytes.extend([[whole[6], 0].as_slice(), &field.to_be_bytes(), &[0, 0, 0, 9]].concat());
    bytes.extend(&whole[40 + offset..end]);
    bytes[6] = 44;
    let len = u16::try_from(bytes.len() - 40).unwrap();
    bytes[4..6].copy_from_slice(&len.to_be_bytes());
    bytes
}

fn frame(number: u64, at: u64, bytes: &[u8]) -> Frame<'_> {
    let wire_len = u32::try_from(bytes.len()).unwrap();
    Frame { number, at, link: LinkType::RAW, wire_len, bytes }
}

/// The label and the findings of each packet, a second apart.
fn see(packets: &[Vec<u8>]) -> Vec<String> {
    let mut analysis = Analysis::default();
    let line = |(number, bytes): (u64, &Vec<u8>)| {
        let seen = analysis.see(&frame(number, number * 1_000_000_000, bytes)).unwrap();
        let findings: Vec<_> = seen.findings.iter().map(ToString::to_string).collect();
        format!("{} {} B: {}", seen.label(), seen.payload.len, findings.join(", "))
    };
    (1..).zip(packets).map(line).collect()
}

fn handshake() -> Vec<Vec<u8>> {
    vec![
        tcp(true, Flags::SYN, 1_000, 0, b"", None),
        tcp(false, Flags::SYN.with(Flags::ACK), 9_000, 1_001, b"", None),
        tcp(true, Flags::ACK, 1_001, 9_001, b"", None),
    ]
}

#[test]
fn the_whole_segment_stands_at_the_fragment_that_comes_last() {
    let whole = tcp(true, PUSH, 1_001, 9_001, &[b'A'; 3_000], None);
    let pieces = [piece(&whole, 0, 1_480), piece(&whole, 1_480, 1_480), piece(&whole, 2_960, 1_480)];
    let names = ["TCP fragment 1460 B: fragment at 0", "TCP fragment 1480 B: fragment at 1480"];
    for (order, last) in [([0, 1, 2], "last fragment at 2960"), ([2, 1, 0], "fragment at 0")] {
        let mut packets = handshake();
        packets.extend(order.map(|at| pieces[at].clone()));
        packets.push(tcp(false, Flags::ACK, 9_001, 4_001, b"", None));
        let seen = see(&packets);
        assert_eq!(seen[4], names[1]);
        assert_eq!(seen[5], format!("PSH+ACK 3000 B: {last}, reassembled from 3 fragments"));
        assert_eq!(seen[6], "ACK 0 B: ", "nothing unseen was acknowledged");
    }
    let twice = [&pieces[0], &pieces[0], &pieces[1], &pieces[1], &pieces[2]].map(Clone::clone);
    assert!(see(&twice)[4].starts_with("PSH+ACK 3000 B"), "a duplicate is no overlap");
}

#[test]
fn fragments_of_ipv6_udp_and_icmp_are_put_together_too() {
    let mut six = Vec::new();
    etherparse::PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(1, 2).write(&mut six, &[b'x'; 2_000]).unwrap();
    let seen = see(&[piece6(&six, 1_232, 1_232), piece6(&six, 0, 1_232)]);
    assert_eq!(seen[0], "UDP fragment 776 B: last fragment at 1232");
    assert_eq!(seen[1], "UDP 2000 B: fragment at 0, reassembled from 2 fragments");
    let request = etherparse::Icmpv4Type::EchoRequest(etherparse::IcmpEchoHeader { id: 7, seq: 1 });
    let mut ping = Vec::new();
    etherparse::PacketBuilder::ipv4([1; 4], [2; 4], 64).icmpv4(request).write(&mut ping, &[b'x'; 2_000]).unwrap();
    let seen = see(&[piece(&ping, 0, 1_480), piece(&ping, 1_480, 1_480)]);
    assert_eq!(seen[0], "ICMP fragment 1472 B: fragment at 0");
    assert_eq!(seen[1], "ICMP 2000 B: last fragment at 1480, reassembled from 2 fragments");
    // A tunnel whose outer packet is divided.
    let inner = tcp(true, PUSH, 1_001, 9_001, &[b'A'; 1_400], None);
    let mut tunnel = inner[..20].to_vec();
    tunnel[9] = 4;
    tunnel.extend(&inner);
    let mut reassembly = Reassembly::default();
    assert!(reassembly.read(&frame(1, 0, &piece(&tunnel, 0, 1_000))).is_none());
    let rest = piece(&tunnel, 1_000, 1_000);
    let frame = frame(2, 0, &rest);
    let read = reassembly.read(&frame).unwrap();
    assert_eq!((read.decoded.summary.payload.len, read.payload().len()), (1_400, 1_400));
}

#[test]
fn overlapping_fragments_are_not_trusted() {
    let whole = tcp(true, PUSH, 1_001, 9_001, &[b'A'; 3_000], None);
    let mut lie = piece(&whole, 1_472, 1_480);
    lie[40..].fill(b'B');
    let seen = see(&[piece(&whole, 0, 1_480), lie, piece(&whole, 1_480, 1_480), piece(&whole, 2_960, 1_480)]);
    assert_eq!(seen[1], "TCP fragment 1480 B: fragment at 1472, fragment overlap");
    assert_eq!(seen[3], "TCP fragment 60 B: last fragment at 2960, fragment overlap");
    // The same place with other bytes; a second end; bytes behind the end.
    let mut other = piece(&whole, 0, 1_480);
    other[100] ^= 1;
    assert!(see(&[piece(&whole, 0, 1_480), other])[1].ends_with("fragment overlap"));
    let mut early_end = piece(&whole, 1_480, 1_480);
    early_end[6] &= !0x20;
    assert!(see(&[early_end, piece(&whole, 2_960, 1_480)])[1].ends_with("fragment overlap"));
}

#[test]
fn late_fragments_and_floods_are_bounded() {
    let whole = tcp(true, PUSH, 1_001, 9_001, &[b'A'; 2_000], None);
    let (first, last) = (piece(&whole, 0, 1_480), piece(&whole, 1_480, 1_480));
    let mut reassembly = Reassembly::default();
    reassembly.read(&frame(1, 0, &first));
    assert!(reassembly.read(&frame(2, 61_000_000_000, &last)).unwrap().is_piece());
    for number in 0..40_000_u32 {
        let mut bytes = first.clone();
        bytes[4..6].copy_from_slice(&number.to_be_bytes()[2..]);
        bytes[12..14].copy_from_slice(&number.to_be_bytes()[..2]);
        reassembly.read(&frame(3, 61_000_000_000, &bytes));
    }
    assert_eq!(reassembly.waiting.len(), Reassembly::MOST);
    // Nothing is longer than 65,535 bytes.
    let mut beyond = piece(&whole, 1_480, 1_480);
    beyond[6..8].copy_from_slice(&0x1fff_u16.to_be_bytes());
    reassembly.read(&frame(4, 61_000_000_000, &beyond));
    assert_eq!(reassembly.held, reassembly.waiting.iter().map(IncompleteDatagram::held).sum::<usize>());
}

proptest! {
    #[test]
    fn fragments_in_any_order_yield_the_datagram(
        len in 1..4_000_usize,
        cuts in prop::collection::vec(1..60_usize, 1..60),
        order in any::<u64>(),
        v6 in any::<bool>(),
    ) {
        let payload: Vec<u8> = (0..len).map(|n| n.to_le_bytes()[0]).collect();
        let mut whole = Vec::new();
        if v6 {
            etherparse::PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(1, 2).write(&mut whole, &payload).unwrap();
        } else {
            etherparse::PacketBuilder::ipv4([1; 4], [2; 4], 64).udp(1, 2).write(&mut whole, &payload).unwrap();
        }
        let header = if v6 { 40 } else { 20 };
        let mut pieces = Vec::new();
        let mut at = 0;
        for cut in cuts.iter().cycle() {
            if at + header >= whole.len() {
                break;
            }
            pieces.push(if v6 { piece6(&whole, at, cut * 8) } else { piece(&whole, at, cut * 8) });
            at += cut * 8;
        }
        pieces.sort_by_cached_key(|piece| {
            piece.iter().fold(order, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
        });
        let mut reassembly = Reassembly::default();
        let mut received = None;
        for bytes in &pieces {
            let frame = frame(1, 0, bytes);
            let read = reassembly.read(&frame).unwrap();
            if !read.is_piece() {
                prop_assert!(received.is_none());
                received = Some(read.payload().to_vec());
            }
        }
        prop_assert_eq!(received, Some(payload));
        prop_assert_eq!(reassembly.held, 0);
    }
}
