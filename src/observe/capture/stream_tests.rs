//! Reassembling streams from packets in any order.

use proptest::prelude::*;

use super::*;
use crate::packet::analysis::tests::tcp;
use crate::packet::{Frame, LinkType};

fn flow() -> Flow {
    Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap())
}

fn packet(number: u64, out: bool, flags: Flags, seq: u32, ack: u32, payload: &[u8]) -> Arc<Packet> {
    let bytes = tcp(out, flags, seq, ack, payload, None);
    let wire_len = u32::try_from(bytes.len()).unwrap();
    Arc::new(Packet::of(&Frame { number, at: number, link: LinkType::RAW, wire_len, bytes: &bytes }))
}

/// The stream as text: `>` for the client, `<` for the server.
fn text(stream: &FollowedStream) -> Vec<String> {
    let line = |said: &StreamChunk| {
        let from = if said.by_client { '>' } else { '<' };
        match &said.piece {
            StreamPiece::Data(bytes) => format!("{from}{} {}", said.packet, String::from_utf8_lossy(bytes)),
            StreamPiece::Missing(count) => format!("{from}{} ?{count}", said.packet),
        }
    };
    stream.said.iter().map(line).collect()
}

const SYN: Flags = Flags::SYN;
const ACK: Flags = Flags::ACK;

fn handshake() -> Vec<Arc<Packet>> {
    vec![
        packet(1, true, SYN, 99, 0, b""),
        packet(2, false, SYN.with(ACK), 499, 100, b""),
        packet(3, true, ACK, 100, 500, b""),
    ]
}

#[test]
fn retransmitted_and_reordered_data_appears_once_and_in_order() {
    let mut packets = handshake();
    packets.extend([
        packet(4, true, ACK, 105, 500, b", world"),
        packet(5, true, ACK, 100, 500, b"Hello"),
        packet(6, true, ACK, 103, 500, b"lo, world!"),
        packet(7, false, ACK, 500, 113, b"HELLO"),
        packet(8, true, Flags::RST, 113, 0, b"why"),
    ]);
    let stream = follow_stream(&packets, &flow().mirror().unwrap(), None, 1_000).unwrap();
    assert_eq!(text(&stream), [">5 Hello", ">4 , world", ">6 !", "<7 HELLO"]);
    assert!(!stream.cut && stream.ends.client == flow().local);
}

#[test]
fn a_refused_attempt_does_not_hide_the_data_of_the_next() {
    let (reset, push) = (Flags::RST.with(ACK), Flags::PSH.with(ACK));
    let packets = [
        packet(1, true, SYN, 999, 0, b""),
        packet(2, false, reset, 0, 1_000, b""),
        packet(3, true, SYN, 999, 0, b""),
        packet(4, false, SYN.with(ACK), 0xf1c6_b1a7, 1_000, b""),
        packet(5, true, push, 1_000, 0xf1c6_b1a8, b"hello"),
        packet(6, false, push, 0xf1c6_b1a8, 1_005, b"HELLO"),
    ];
    let stream = follow_stream(&packets, &flow(), None, 100).unwrap();
    assert_eq!(text(&stream), [">5 hello", "<6 HELLO"]);
}

#[test]
fn data_not_captured_is_missing_once_it_is_acknowledged() {
    let mut packets = handshake();
    packets.extend([
        packet(4, true, ACK, 110, 500, b"later"),
        packet(5, false, ACK, 500, 115, b"ok"),
        packet(6, true, ACK, 120, 502, b"end"),
    ]);
    let stream = follow_stream(&packets, &flow(), None, 1_000).unwrap();
    assert_eq!(text(&stream), [">5 ?10", ">4 later", "<5 ok", ">6 ?5", ">6 end"]);
}

#[test]
fn reused_ports_are_another_conversation_and_the_length_is_bounded() {
    let mut packets = handshake();
    packets.push(packet(4, true, ACK, 100, 500, b"first"));
    packets.push(packet(5, true, SYN, 7_000, 0, b""));
    packets.push(packet(6, true, ACK, 7_001, 1, b"second"));
    let text = |near, most| text(&follow_stream(&packets, &flow(), near, most).unwrap());
    assert_eq!(text(None, 100), [">6 second"]);
    assert_eq!(text(Some(5), 100), [">6 second"]);
    assert_eq!(text(Some(4), 100), [">4 first"]);
    assert_eq!(text(Some(4), 3), [">4 fir"]);
    assert!(follow_stream(&packets, &flow(), None, 3).unwrap().cut);
    let other = Flow::tcp("192.0.2.2:1".parse().unwrap(), "192.0.2.1:2".parse().unwrap());
    assert_eq!(follow_stream(&packets, &other, None, 100), None);
}

proptest! {
    #[test]
    fn any_segmentation_in_any_order_yields_the_same_text(
        text in prop::collection::vec(any::<u8>(), 1..200),
        cuts in prop::collection::vec((0..200_usize, 1..40_usize), 0..40),
        begin in any::<u32>(),
    ) {
        // The SYN, pieces in any order with repetitions, and then everything once so that nothing is missing.
        let mut packets = vec![packet(1, true, SYN, begin, 0, b"")];
        let piece = |from: usize, len: usize, number| {
            let (from, to) = (from.min(text.len()), (from + len).min(text.len()));
            packet(number, true, ACK, begin.wrapping_add(1 + u32::try_from(from).unwrap()), 1, &text[from..to])
        };
        for (n, (from, len)) in (2..).zip(&cuts) {
            packets.push(piece(*from, *len, n));
        }
        for (n, from) in (100..).zip((0..text.len()).step_by(7)) {
            packets.push(piece(from, 7, n));
        }
        let stream = follow_stream(&packets, &flow(), None, 100_000).unwrap();
        let received: Vec<u8> = stream.said.iter().flat_map(|said| match &said.piece {
            StreamPiece::Data(bytes) => bytes.clone(),
            StreamPiece::Missing(count) => panic!("{count} missing"),
        }).collect();
        prop_assert_eq!(received, text);
    }
}
