//! The code that hostile bytes reach, and the properties that must hold.

use std::ops::Range;
use std::sync::Arc;

use socklab::api::domain::{FieldValue, Filter, PacketField, PacketSummary, Stamp};
use socklab::api::observe::capture::file::{CaptureReader, Packet};
use socklab::api::observe::capture::{
    ConversationEnds, LadderStyle, PacketStore, StreamPiece, command, follow_stream, rung,
};
use socklab::api::packet::{Analysis, ConnectionStates, Frame, LinkType, dissect};

/// State that is kept from one packet to the next.
#[derive(Default)]
pub(crate) struct Memory {
    analysis: Analysis,
    states: ConnectionStates,
    seen: u64,
}

impl Memory {
    /// About as many packets as an opened file may have.
    const ONE_CAPTURE: u64 = 100_000;

    /// Checks the transitions that a packet shows.
    fn check_states(&mut self, summary: &PacketSummary) {
        let mut transitions = Vec::new();
        self.states.see(Stamp::ZERO, summary, &mut transitions);
        self.seen += 1;
        if self.seen.is_multiple_of(Self::ONE_CAPTURE) {
            std::mem::take(&mut self.states).finish(&mut transitions);
        }
        for (_, _, change) in transitions {
            assert!(change.from.may_become(change.to), "no edge of RFC 9293: {change:?}");
        }
    }
}

/// The link types of frames: every one that is read, and one that is not.
pub(crate) const LINKS: [u16; 27] = [
    1, 101, 113, 276, 0, 108, 228, 229, 147, 9, 11, 12, 14, 50, 51, 100, 104, 105, 107, 119, 127, 138, 163, 192, 204,
    219, 242,
];

/// Fragments of a few datagrams, each of which six bytes describe: datagram, version and whether more follow, offset,
/// length, contents.
pub(crate) fn fragments(bytes: &[u8]) {
    let mut analysis = Analysis::default();
    let (records, _) = bytes.as_chunks::<6>();
    for (number, [id, kind, high, low, len, fill]) in (1..).zip(records) {
        let (more, v6) = (kind & 1, kind & 2 != 0);
        let mut packet = vec![0; if v6 { 48 } else { 20 }];
        let offset = u16::from_be_bytes([*high, *low]);
        let total = u16::try_from(packet.len() + usize::from(*len)).unwrap();
        if v6 {
            (packet[0], packet[6], packet[40], packet[47]) = (0x60, 44, 17, id & 3);
            packet[4..6].copy_from_slice(&(total - 40).to_be_bytes());
            packet[42..44].copy_from_slice(&(offset & !7 | u16::from(more)).to_be_bytes());
        } else {
            (packet[0], packet[5], packet[9]) = (0x45, id & 3, [1, 4, 6, 17, 41, 47, 50, 58][usize::from(id >> 5)]);
            packet[2..4].copy_from_slice(&total.to_be_bytes());
            packet[6..8].copy_from_slice(&(offset & 0x1fff | u16::from(more) << 13).to_be_bytes());
        }
        packet.resize(usize::from(total), *fill);
        let captured = packet.len() - usize::from(kind >> 7);
        let frame = Frame {
            number,
            at: number * 1_000_000_000,
            link: LinkType::RAW,
            wire_len: u32::from(total),
            bytes: &packet[..captured],
        };
        if let Some(seen) = analysis.see(&frame) {
            assert!(seen.payload.len <= 65_535, "{seen:?}");
        }
    }
}

/// The segments of one connection, each of which six bytes describe: sender, flags, sequence number, acknowledgment number
/// and length. What both sides said is followed, whatever comes in whichever order.
pub(crate) fn stream(bytes: &[u8]) {
    const MOST: usize = 1_000;
    let (records, _) = bytes.as_chunks::<6>();
    let mut packets = Vec::new();
    let mut carried = 0;
    for (number, [sender, flags, high, low, ack, len]) in (1..).zip(records) {
        // Numbers near their wrap, and sometimes far away.
        let seq = (u32::MAX - 5).wrapping_add(u32::from(u16::from_be_bytes([*high, *low])) << (sender >> 6 << 3));
        let ack = (u32::MAX - 5).wrapping_add(u32::from(*ack));
        let (from, to) = if sender & 1 == 0 { (40_000_u16, 80_u16) } else { (80, 40_000) };
        let total = 40 + u16::from(*len);
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1];
        packet[2..4].copy_from_slice(&total.to_be_bytes());
        packet.extend(from.to_be_bytes().into_iter().chain(to.to_be_bytes()));
        packet.extend(seq.to_be_bytes().into_iter().chain(ack.to_be_bytes()));
        packet.extend([0x50, *flags, 1, 0, 0, 0, 0, 0]);
        packet.resize(usize::from(total), b'x');
        carried += usize::from(*len);
        let wire_len = u32::from(total);
        let frame = Frame { number, at: number, link: LinkType::RAW, wire_len, bytes: &packet };
        packets.push(Arc::new(Packet::of(&frame)));
    }
    let Some(first) = packets.first() else { return };
    let flow = Analysis::default().see(&first.frame()).unwrap().flow;
    for near in [None, Some(1)] {
        let Some(followed) = follow_stream(&packets, &flow, near, MOST) else { continue };
        let said = followed.said.iter().map(|chunk| match &chunk.piece {
            StreamPiece::Data(bytes) => bytes.len(),
            StreamPiece::Missing(_) => 0,
        });
        let said: usize = said.sum();
        assert!(said <= carried.min(MOST), "{said} of {carried}");
    }
}

/// Everything that is done with one frame. The first byte chooses the link type.
pub(crate) fn packet(memory: &mut Memory, filter: &Filter, bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let link = LinkType(LINKS[usize::from(*first) % LINKS.len()]);
    let layers = dissect(link, bytes);
    let mut reached = 0;
    for layer in &layers {
        assert!(reached <= layer.bytes.start && layer.bytes.end <= bytes.len(), "{layer:?}");
        inside(&layer.fields, &layer.bytes);
        reached = layer.bytes.end;
    }
    let wire_len = u32::try_from(bytes.len()).unwrap() + u32::from(*first >> 7);
    let frame = Frame { number: 1, at: u64::from(*first) * 1_000_000, link, wire_len, bytes };
    let Some(summary) = memory.analysis.see(&frame) else { return };
    memory.check_states(&summary);
    filter.matches(&summary);
    if let Some(ends) = ConversationEnds::of(&summary) {
        rung(&summary, std::time::Duration::ZERO, &ends, LadderStyle::default());
    }
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<PacketSummary>(&json).unwrap(), summary, "{json}");
    assert!(!json.chars().any(char::is_control), "{json:?}");
}

fn inside(fields: &[PacketField], outer: &Range<usize>) {
    for field in fields {
        assert!(outer.start <= field.bytes.start && field.bytes.end <= outer.end, "{field:?} is not in {outer:?}");
        if let FieldValue::Plain(text) | FieldValue::Option { data: text, .. } = &field.value {
            assert!(!text.chars().any(char::is_control), "{field:?}");
        }
        inside(&field.parts, &field.bytes);
    }
}

/// The file reader, and everything that is done with a file.
pub(crate) fn file(bytes: &[u8]) {
    let Ok(mut reader) = CaptureReader::new(bytes) else { return };
    let mut held = 0;
    while let Ok(Some(packet)) = reader.next_packet() {
        held += packet.bytes.len() + 16;
        assert!(held <= bytes.len(), "more packets than the file has bytes");
        assert!(packet.wire_len as usize >= packet.bytes.len());
        assert!((packet.interface as usize) < reader.interfaces().len());
    }
    let mut out = Vec::new();
    let printed = command::print_ladder(bytes, &Filter::default(), LadderStyle::default(), &mut out).unwrap();
    let mut copied = Vec::new();
    let copy = command::copy(bytes, &Filter::default(), &mut copied).unwrap();
    assert_eq!((printed.packets, printed.shown), (copy.packets, copy.shown));
    let store = PacketStore::open(bytes, 10_000).unwrap().0;
    assert_eq!(store.save(Vec::new(), &[]).unwrap().packets, store.len() as u64);
    if copy.shown > 0 {
        let (again, damage) = PacketStore::open(&copied[..], usize::MAX).unwrap();
        assert!(damage.is_none() && again.len() as u64 == copy.shown, "{damage:?}");
        let packets = again.packets();
        let flow = packets.iter().find_map(|packet| Analysis::default().see(&packet.frame())).map(|seen| seen.flow);
        if let Some(stream) = flow.and_then(|flow| follow_stream(&packets, &flow, None, 10_000)) {
            assert!(stream.said.len() <= 2 * packets.len());
        }
    }
}
