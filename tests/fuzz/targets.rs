//! What is done with hostile bytes, and what must hold of it.

use std::ops::Range;

use socklab::api::domain::Filter;
use socklab::api::domain::PacketField;
use socklab::api::domain::{PacketSummary, Stamp};
use socklab::api::observe::capture::file::CaptureReader;
use socklab::api::observe::capture::{ConversationEnds, LadderStyle, rung};
use socklab::api::observe::capture::{PacketStore, command, follow_stream};
use socklab::api::packet::{Analysis, ConnectionStates, Frame, LinkType, dissect};

/// What is remembered from one packet to the next.
#[derive(Default)]
pub(crate) struct Memory {
    analysis: Analysis,
    states: ConnectionStates,
    seen: u64,
}

impl Memory {
    /// As many packets as a file that is opened may have are about one capture.
    const ONE_CAPTURE: u64 = 100_000;

    /// The states that a packet shows.
    fn tell(&mut self, summary: &PacketSummary) {
        let mut told = Vec::new();
        self.states.see(Stamp::ZERO, summary, &mut told);
        self.seen += 1;
        if self.seen.is_multiple_of(Self::ONE_CAPTURE) {
            std::mem::take(&mut self.states).finish(&mut told);
        }
        for (_, _, change) in told {
            assert!(change.from.may_become(change.to), "no edge of RFC 9293: {change:?}");
        }
    }
}

/// The packet path: everything that is done with one frame. The first byte chooses the link.
pub(crate) fn packet(memory: &mut Memory, filter: &Filter, bytes: &[u8]) {
    const LINKS: [u16; 9] = [1, 101, 113, 276, 0, 108, 228, 229, 147];
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
    memory.tell(&summary);
    filter.matches(&summary);
    if let Some(ends) = ConversationEnds::of(&summary) {
        rung(&summary, std::time::Duration::ZERO, &ends, LadderStyle::default());
    }
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<socklab::api::domain::PacketSummary>(&json).unwrap(), summary, "{json}");
    assert!(!json.chars().any(char::is_control), "{json:?}");
}

fn inside(fields: &[PacketField], outer: &Range<usize>) {
    for field in fields {
        assert!(outer.start <= field.bytes.start && field.bytes.end <= outer.end, "{field:?} is not in {outer:?}");
        assert!(!field.value.chars().any(char::is_control), "{field:?}");
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
