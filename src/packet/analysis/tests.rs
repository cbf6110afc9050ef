//! The findings, by example. `tests/capture` compares them with Wireshark's.

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{Icmpv4Type, PacketBuilder, TcpHeader, TcpOptionElement};
use proptest::prelude::*;

use super::*;
use crate::domain::{Flags, Numbering, Proto, ResetReason, Segment};
use crate::packet::LinkType;

const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 2], 40_000);
const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 65_432);
const SYN: Flags = Flags::SYN;
const ACK: Flags = Flags::ACK;
const PUSH: Flags = Flags(Flags::PSH.0 | Flags::ACK.0);
const FIN: Flags = Flags(Flags::FIN.0 | Flags::ACK.0);
const RST: Flags = Flags::RST;

/// An IPv4 packet from the client to the server, or back.
pub(crate) fn tcp(out: bool, flags: Flags, seq: u32, ack: u32, payload: &[u8], scale: Option<u8>) -> Vec<u8> {
    let (from, to) = if out { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let mut header = TcpHeader::new(from.1, to.1, seq, 500);
    let has = |flag| flags.has(flag);
    (header.syn, header.fin, header.rst, header.psh, header.ack) =
        (has(SYN), has(Flags::FIN), has(RST), has(Flags::PSH), has(ACK));
    header.acknowledgment_number = ack;
    if let Some(shift) = scale {
        header.set_options(&[TcpOptionElement::WindowScale(shift)]).unwrap();
    }
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(from.0, to.0, 64).tcp_header(header).write(&mut bytes, payload).unwrap();
    bytes
}

fn udp(out: bool, payload: &[u8]) -> Vec<u8> {
    let (from, to) = if out { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(from.0, to.0, 64).udp(from.1, to.1).write(&mut bytes, payload).unwrap();
    bytes
}

fn frame(number: u64, bytes: &[u8]) -> Frame<'_> {
    let wire_len = u32::try_from(bytes.len()).unwrap();
    Frame { number, at: number * 1_000_000_000, link: LinkType::RAW, wire_len, bytes }
}

/// The analysis of these packets, a second apart.
fn see(packets: &[Vec<u8>]) -> Vec<PacketSummary> {
    let mut analysis = Analysis::default();
    (1..).zip(packets).map(|(number, bytes)| analysis.see(&frame(number, bytes)).unwrap()).collect()
}

/// A handshake and a message, followed by these packets.
fn after_hello(then: &[Vec<u8>]) -> Vec<PacketSummary> {
    let mut packets = vec![
        tcp(true, SYN, 99, 0, b"", Some(7)),
        tcp(false, SYN.with(ACK), 499, 100, b"", Some(2)),
        tcp(true, ACK, 100, 500, b"", None),
        tcp(true, PUSH, 100, 500, b"Hello, world", None),
    ];
    packets.extend_from_slice(then);
    see(&packets)
}

/// The findings, without the one that every segment has in a capture that began too late.
fn words(packet: &PacketSummary) -> Vec<String> {
    let findings = packet.findings.iter().filter(|finding| **finding != Finding::ScaleUnknown);
    findings.map(ToString::to_string).collect()
}

#[test]
fn numbers_count_from_the_syns_and_windows_are_scaled_after_them() {
    let seen = after_hello(&[tcp(false, ACK, 500, 112, b"", None)]);
    let numbers = |packet: &PacketSummary| {
        let Segment { seq_rel, ack_rel, window, .. } = packet.tcp.clone().unwrap();
        (seq_rel.unwrap(), ack_rel, window)
    };
    let all: Vec<_> = seen.iter().map(numbers).collect();
    let scaled = [(1, Some(1), 64_000), (1, Some(1), 64_000), (1, Some(13), 2_000)];
    assert_eq!(all[..2], [(0, None, 500), (0, Some(1), 500)]);
    assert_eq!(all[2..], scaled);
    assert!(seen.iter().all(|packet| packet.findings.is_empty()), "{seen:?}");
    let beginning_unseen = see(&[tcp(true, PUSH, 100, 500, b"x", None)]);
    assert_eq!(beginning_unseen[0].tcp.as_ref().unwrap().seq_rel, None);
}

/// A capture that began too late: what is certain is used, and of what is not it is said so.
#[test]
fn a_window_whose_scale_is_not_known_says_so() {
    let syn = || tcp(true, SYN, 99, 0, b"", Some(7));
    let syn_ack = || tcp(false, SYN.with(ACK), 499, 100, b"", Some(2));
    let (out, back) = (|| tcp(true, ACK, 100, 500, b"", None), || tcp(false, ACK, 500, 100, b"", None));
    let windows = |packets: &[Vec<u8>]| -> Vec<(u32, bool)> {
        let seen = see(packets);
        let of =
            |packet: &PacketSummary| (packet.tcp.as_ref().unwrap().window, packet.findings.has(Finding::ScaleUnknown));
        seen.iter().map(of).collect()
    };
    assert_eq!(windows(&[out(), back()]), [(500, true), (500, true)]);
    // A SYN+ACK offers a scale only if the SYN did: its sender's windows are certain, the other's are not.
    assert_eq!(windows(&[syn_ack(), out(), back()]), [(500, false), (500, true), (2_000, false)]);
    // A SYN only offers.
    assert_eq!(windows(&[syn(), back(), out()]), [(500, false), (500, true), (500, true)]);
    assert_eq!(windows(&[syn(), syn_ack(), out(), back()])[2..], [(64_000, false), (2_000, false)]);
    // One SYN without the option settles it for both.
    let plain = tcp(false, SYN.with(ACK), 499, 100, b"", None);
    assert_eq!(windows(&[plain, out(), back()])[1..], [(500, false), (500, false)]);
}

#[test]
fn a_retransmission_refers_to_the_packet_that_it_repeats() {
    let seen = after_hello(&[tcp(true, PUSH, 100, 500, b"Hello, world", None)]);
    assert_eq!((seen[4].retransmission_of, words(&seen[4])), (Some(4), vec!["retransmission".to_owned()]));
    let twice = see(&[tcp(true, SYN, 99, 0, b"", None), tcp(true, SYN, 99, 0, b"", None)]);
    assert_eq!((twice[1].retransmission_of, words(&twice[1])), (Some(1), vec!["retransmission".to_owned()]));
}

#[test]
fn duplicate_acknowledgments_are_counted_and_a_fast_retransmission_follows_them() {
    let ack = || tcp(false, ACK, 500, 112, b"", None);
    let mut analysis = Analysis::default();
    let packets = [
        tcp(true, SYN, 99, 0, b"", None),
        tcp(false, SYN.with(ACK), 499, 100, b"", None),
        tcp(true, PUSH, 100, 500, b"Hello, world", None),
        ack(),
        tcp(true, PUSH, 124, 500, b"after a gap", None),
        ack(),
        ack(),
        tcp(true, PUSH, 112, 500, b"fills a gap.", None),
    ];
    let said: Vec<Vec<String>> = (1..)
        .zip(&packets)
        // A millisecond apart, so that the retransmission is fast.
        .map(|(n, bytes)| words(&analysis.see(&Frame { at: n * 1_000_000, ..frame(n, bytes) }).unwrap()))
        .collect();
    let gap = ["previous segment not captured"];
    assert_eq!(said[4..], [&gap[..], &["duplicate ack 1 of 4"], &["duplicate ack 2 of 4"], &["fast retransmission"]]);
}

#[test]
fn a_syn_that_comes_again_is_answered_again() {
    let syn = || tcp(true, SYN, 99, 0, b"", None);
    let syn_ack = || tcp(false, SYN.with(ACK), 499, 100, b"", None);
    let said: Vec<_> = see(&[syn(), syn_ack(), syn(), syn_ack(), syn_ack()]).iter().map(words).collect();
    let again: [&[&str]; 5] = [&[], &[], &["retransmission"], &["answered again"], &["retransmission"]];
    assert_eq!(said, again, "the last one is sent by its own timer");
}

#[test]
fn a_closed_window_is_probed_without_data() {
    let ack = |window: u16| {
        let mut bytes = tcp(false, ACK, 500, 112, b"", None);
        bytes[34..36].copy_from_slice(&window.to_be_bytes());
        bytes
    };
    let ask = || tcp(true, ACK, 111, 500, b"", None);
    let said: Vec<_> = after_hello(&[ack(0), ask(), ack(400), ask()]).iter().map(words).collect();
    assert!(said[5].contains(&"empty window probe".to_owned()), "{said:?}");
    assert!(said[7].contains(&"keepalive".to_owned()), "the window is open: {said:?}");
}

#[test]
fn a_reset_has_a_likely_reason() {
    let reset = |then: &[Vec<u8>]| {
        let seen = after_hello(then);
        let last = seen.last().unwrap();
        words(last)
            .into_iter()
            .filter(|word| word.starts_with("reset") || word.starts_with("caused"))
            .collect::<Vec<_>>()
    };
    let why = |reset: ResetReason, cause: Option<u64>| {
        let mut words = vec![Finding::Reset(reset).to_string()];
        words.extend(cause.map(|packet| Finding::CausedBy { packet }.to_string()));
        words
    };
    let refused = see(&[tcp(true, SYN, 99, 0, b"", None), tcp(false, RST.with(ACK), 0, 100, b"", None)]);
    assert_eq!(words(&refused[1]), why(ResetReason::Refused, Some(1)));
    let scan = see(&[
        tcp(true, SYN, 99, 0, b"", None),
        tcp(false, SYN.with(ACK), 499, 100, b"", None),
        tcp(true, RST, 100, 0, b"", None),
    ]);
    assert_eq!(words(&scan[2]), why(ResetReason::Unwanted, Some(2)));
    // The server closes without reading; the client aborts after its own message; both on purpose.
    assert_eq!(reset(&[tcp(false, RST.with(ACK), 500, 112, b"", None)]), why(ResetReason::Unread, None));
    assert_eq!(reset(&[tcp(true, RST.with(ACK), 112, 500, b"", None)]), why(ResetReason::Aborted, None));
    // The server has closed; the client sends more.
    let late = [
        tcp(false, FIN, 500, 112, b"", None),
        tcp(true, PUSH, 112, 501, b"still there?", None),
        tcp(false, RST, 501, 0, b"", None),
    ];
    assert_eq!(reset(&late), why(ResetReason::AfterClose, Some(6)));
    let gone = see(&[tcp(true, PUSH, 100, 500, b"hello?", None), tcp(false, RST, 500, 0, b"", None)]);
    assert_eq!(words(&gone[1]), why(ResetReason::NoConnection, Some(1)));
}

#[test]
fn a_reset_without_a_place_in_the_sequence_space_leaves_no_state() {
    // A SYN is refused and sent again with the same number, as Windows does, until it is accepted. The RST has sequence
    // number 0 (RFC 9293 §3.10.7.1), or any other if a firewall sends it.
    for (isn, refusal) in [(0xf1c6_b1a7_u32, 0), (0x7000_0000, 0), (0x1000, 0), (0xf1c6_b1a7, 0x0bad_cafe)] {
        let seen = see(&[
            tcp(true, SYN, 999, 0, b"", None),
            tcp(false, RST.with(ACK), refusal, 1_000, b"", None),
            tcp(true, SYN, 999, 0, b"", None),
            tcp(false, RST.with(ACK), refusal, 1_000, b"", None),
            tcp(true, SYN, 999, 0, b"", None),
            tcp(false, SYN.with(ACK), isn, 1_000, b"", None),
            tcp(true, ACK, 1_000, isn + 1, b"", None),
            tcp(true, PUSH, 1_000, isn + 1, b"hello", None),
            tcp(false, ACK, isn + 1, 1_005, b"", None),
            tcp(false, PUSH, isn + 1, 1_005, b"HELLO", None),
            tcp(true, ACK, 1_005, isn + 6, b"", None),
            tcp(false, FIN, isn + 6, 1_005, b"", None),
        ]);
        let said: Vec<_> = seen.iter().map(|packet| words(packet).join(",")).collect();
        let refused = |of: u64| format!("reset: refused,caused by {of}");
        assert_eq!(
            said[..6],
            [
                String::new(),
                refused(1),
                "retransmission".into(),
                refused(3),
                "retransmission".into(),
                "port reused".into()
            ]
        );
        assert!(said[6..].iter().all(String::is_empty), "{isn:#x} {said:?}");
    }
}

#[test]
fn numbers_of_an_earlier_connection_are_forgotten_at_the_syn_ack() {
    // A half-open connection is discovered (RFC 9293 §3.5.1, figure 9).
    let seen = see(&[
        tcp(true, SYN, 999, 0, b"", None),
        tcp(false, ACK, 0x4000_0000, 0x2000_0000, b"", None),
        tcp(true, RST, 0x2000_0000, 0, b"", None),
        tcp(true, SYN, 999, 0, b"", None),
        tcp(false, SYN.with(ACK), 4_999, 1_000, b"", None),
        tcp(true, ACK, 1_000, 5_000, b"", None),
        tcp(true, PUSH, 1_000, 5_000, b"hello", None),
        tcp(false, PUSH, 5_000, 1_005, b"HELLO", None),
        tcp(true, ACK, 1_005, 5_005, b"", None),
    ]);
    assert!(seen[5..].iter().all(|packet| packet.findings.is_empty()), "{seen:#?}");
}

#[test]
fn a_port_unreachable_is_tied_to_its_datagram() {
    let datagram = udp(true, b"anybody?");
    let mut answer = Vec::new();
    PacketBuilder::ipv4(SERVER.0, CLIENT.0, 64)
        .icmpv4(Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port))
        .write(&mut answer, &datagram)
        .unwrap();
    let seen = see(&[udp(true, b"first"), udp(false, b"back"), datagram, answer]);
    assert_eq!(words(&seen[3]), ["caused by 3"]);
    assert_eq!(seen[3].flow, seen[1].flow);
}

/// An echo request of the client, or the answer to it.
fn echo(out: bool, id: u16, seq: u16) -> Vec<u8> {
    let (from, to) = if out { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let header = etherparse::IcmpEchoHeader { id, seq };
    let kind = if out { Icmpv4Type::EchoRequest(header) } else { Icmpv4Type::EchoReply(header) };
    let mut bytes = Vec::new();
    PacketBuilder::ipv4(from.0, to.0, 64).icmpv4(kind).write(&mut bytes, b"abcdefgh").unwrap();
    bytes
}

#[test]
fn a_ping_is_a_conversation_of_its_own_without_ports() {
    let mut exceeded = Vec::new();
    PacketBuilder::ipv4([198, 51, 100, 9], CLIENT.0, 64)
        .icmpv4(Icmpv4Type::TimeExceeded(etherparse::icmpv4::TimeExceededCode::TtlExceededInTransit))
        .write(&mut exceeded, &echo(true, 7, 3))
        .unwrap();
    let mut six = Vec::new();
    let request = etherparse::Icmpv6Type::EchoRequest(etherparse::IcmpEchoHeader { id: 7, seq: 1 });
    PacketBuilder::ipv6([1; 16], [2; 16], 64).icmpv6(request).write(&mut six, b"").unwrap();
    let seen = see(&[echo(true, 7, 1), echo(false, 7, 1), echo(true, 7, 3), exceeded, six]);
    let said: Vec<_> = seen.iter().map(|packet| format!("{} {}", packet.protocol(), packet.icmp.unwrap())).collect();
    assert_eq!(
        said,
        [
            "ICMP echo request id 7 seq 1",
            "ICMP echo reply id 7 seq 1",
            "ICMP echo request id 7 seq 3",
            "ICMP TTL exceeded in transit (type 11 code 0)",
            "ICMPv6 echo request id 7 seq 1",
        ]
    );
    // The error of a router stands in the conversation that it is about.
    assert_eq!((seen[3].flow, words(&seen[3])), (seen[1].flow, vec!["caused by 3".to_owned()]));
    assert!(seen.iter().all(|packet| packet.flow.proto == Proto::Icmp));
    let json = serde_json::to_value(&seen[0]).unwrap();
    assert_eq!(
        (&json["proto"], &json["local"], &json["peer"]),
        (&"icmp".into(), &"192.0.2.2".into(), &"192.0.2.1".into())
    );
    assert_eq!(serde_json::from_value::<PacketSummary>(json).unwrap(), seen[0]);
}

#[test]
fn a_checksum_that_is_not_filled_in_is_not_wrong() {
    let right = udp(true, b"oi");
    let mut partial = right.clone();
    let pseudo = super::super::checksum::pseudo(CLIENT_IP, SERVER_IP, 17, 10);
    partial[26..28].copy_from_slice(&pseudo.to_be_bytes());
    let mut none = right.clone();
    none[26..28].fill(0);
    let mut bad = right.clone();
    bad[26] ^= 1;
    let seen = see(&[right, partial, none, bad]);
    let said: Vec<_> = seen.iter().map(|packet| words(packet).join(",")).collect();
    assert_eq!(said, ["", "checksum partial", "", "checksum bad"]);
}

const CLIENT_IP: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));
const SERVER_IP: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

#[test]
fn fragments_belong_to_the_ports_of_the_first() {
    let whole = udp(true, &[b'x'; 100]);
    let piece = |offset: usize, len: usize, more: bool| {
        let mut bytes = whole[..20].to_vec();
        bytes.extend(&whole[20 + offset..20 + offset + len]);
        let field = u16::try_from(offset / 8).unwrap() | if more { 0x2000 } else { 0 };
        bytes[6..8].copy_from_slice(&field.to_be_bytes());
        let total = u16::try_from(bytes.len()).unwrap();
        bytes[2..4].copy_from_slice(&total.to_be_bytes());
        bytes
    };
    let seen = see(&[piece(0, 48, true), piece(48, 48, true), piece(96, 12, false)]);
    let said: Vec<_> = seen.iter().map(|packet| words(packet).join(", ")).collect();
    assert_eq!(said, ["fragment at 0", "fragment at 48", "last fragment at 96, reassembled from 3 fragments"]);
    assert!(seen.iter().all(|packet| packet.flow == seen[0].flow && packet.flow.local.port() == CLIENT.1));
    assert_eq!(
        seen.iter().map(|packet| packet.payload.len).collect::<Vec<_>>(),
        [40, 48, 100],
        "the whole stands at the last"
    );
}

#[test]
fn bytes_not_captured_are_counted_and_the_length_is_that_on_the_link() {
    let bytes = tcp(true, PUSH, 100, 500, b"Hello, world", None);
    let mut analysis = Analysis::default();
    let seen = analysis.see(&Frame { bytes: &bytes[..45], ..frame(1, &bytes) }).unwrap();
    assert_eq!(
        (words(&seen).join(","), seen.payload.len, seen.payload.text.as_str()),
        ("7 bytes not captured".into(), 12, "Hello")
    );
}

#[test]
fn a_length_beyond_the_frame_is_not_believed() {
    let mut packets = vec![
        tcp(true, SYN, 99, 0, b"", None),
        tcp(false, SYN.with(ACK), 499, 100, b"", None),
        tcp(true, PUSH, 100, 500, b"hello", None),
        tcp(false, ACK, 500, 105, b"", None),
    ];
    packets[2][2..4].copy_from_slice(&1_500_u16.to_be_bytes());
    let seen = see(&packets);
    assert_eq!(words(&seen[2]), ["the IP header says 1455 more than came"]);
    assert_eq!((seen[2].payload.len, seen[2].payload.text.as_str()), (5, "hello"));
    assert!(seen[3].findings.is_empty(), "{:?}", seen[3]);
    let mut six = Vec::new();
    PacketBuilder::ipv6([1; 16], [2; 16], 64).udp(1, 2).write(&mut six, b"oi").unwrap();
    six[4..6].copy_from_slice(&110_u16.to_be_bytes());
    six[44..46].copy_from_slice(&110_u16.to_be_bytes());
    let seen = see(&[six]);
    assert_eq!((words(&seen[0]), seen[0].payload.len), (vec!["the IP header says 100 more than came".into()], 2));
}

#[test]
fn the_oldest_conversations_are_forgotten() {
    let mut analysis = Analysis::default();
    for n in 0..40_000_u32 {
        let mut bytes = udp(true, b"");
        bytes[12..16].copy_from_slice(&n.to_be_bytes());
        analysis.see(&frame(u64::from(n), &bytes));
    }
    assert_eq!(analysis.conversations.len(), Conversations::KEPT);
}

proptest! {
    #[test]
    fn no_bytes_cause_a_panic(
        link in prop::sample::select(vec![0_u16, 1, 101, 108, 113, 228, 229, 276, 9999]),
        mut bytes in prop::collection::vec(any::<u8>(), 0..120),
        version in prop::option::of(prop::sample::select(vec![0x45_u8, 0x46, 0x4f, 0x60])),
        protocol in prop::sample::select(vec![1_u8, 6, 17, 58, 44, 0]),
    ) {
        if let (Some(version), true) = (version, bytes.len() > 10) {
            (bytes[0], bytes[6], bytes[9]) = (version, protocol & 0x3f, protocol);
        }
        let mut analysis = Analysis::default();
        analysis.see(&Frame { link: LinkType(link), ..frame(1, &bytes) });
    }

    #[test]
    fn relative_numbers_are_those_of_the_wire_lab(
        steps in prop::collection::vec((any::<bool>(), 0..6_usize, any::<u32>(), any::<u32>(), prop::option::of(0..20_u8)), 0..20)
    ) {
        let kinds = [SYN, SYN.with(ACK), ACK, PUSH, FIN, RST];
        let mut analysis = Analysis::default();
        let mut numbering = Numbering::default();
        let mut isn = [None; 2];
        for (out, kind, seq, ack, scale) in steps {
            let syn = kinds[kind].has(SYN);
            // One connection: each side has one SYN, which it may repeat.
            let seq = if syn { *isn[usize::from(out)].get_or_insert(seq) } else { seq };
            let scale = if syn { scale } else { None };
            let bytes = tcp(out, kinds[kind], seq, ack, b"", scale);
            let Some(mut plain) = crate::packet::summary(&bytes) else { continue };
            let seen = analysis.see(&frame(1, &bytes)).unwrap();
            if seen.findings.has(Finding::PortReused) {
                return Ok(());
            }
            let segment = plain.tcp.as_mut().unwrap();
            numbering.relate(plain.flow, segment);
            prop_assert_eq!(seen.tcp.unwrap().seq_rel, segment.seq_rel);
        }
    }
}
