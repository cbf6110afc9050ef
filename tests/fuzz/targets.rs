//! What is done with hostile bytes, and what must hold of it.

use std::ops::Range;

use socklab::domain::dissection::Field;
use socklab::domain::filter::Filter;
use socklab::observe::capture::file::Reader;
use socklab::observe::capture::ladder::{Ends, Style, rung};
use socklab::observe::capture::{Store, command, follow_stream};
use socklab::packet::{Analysis, Frame, LinkType, dissect};

/// The packet path: everything that is done with one frame. The first byte chooses the link.
pub(crate) fn packet(analysis: &mut Analysis, filter: &Filter, bytes: &[u8]) {
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
    let Some(summary) = analysis.see(&frame) else { return };
    filter.matches(&summary);
    if let Some(ends) = Ends::of(&summary) {
        rung(&summary, std::time::Duration::ZERO, &ends, Style::default());
    }
    let json = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<socklab::domain::PacketSummary>(&json).unwrap(), summary, "{json}");
    assert!(!json.chars().any(char::is_control), "{json:?}");
}

fn inside(fields: &[Field], outer: &Range<usize>) {
    for field in fields {
        assert!(outer.start <= field.bytes.start && field.bytes.end <= outer.end, "{field:?} is not in {outer:?}");
        assert!(!field.value.chars().any(char::is_control), "{field:?}");
        inside(&field.parts, &field.bytes);
    }
}

/// The file reader, and everything that is done with a file.
pub(crate) fn file(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(bytes) else { return };
    let mut held = 0;
    while let Ok(Some(packet)) = reader.next_packet() {
        held += packet.bytes.len() + 16;
        assert!(held <= bytes.len(), "more packets than the file has bytes");
        assert!(packet.wire_len as usize >= packet.bytes.len());
        assert!((packet.interface as usize) < reader.interfaces().len());
    }
    let mut out = Vec::new();
    let printed = command::print_ladder(bytes, &Filter::default(), Style::default(), &mut out).unwrap();
    let mut copied = Vec::new();
    let copy = command::copy(bytes, &Filter::default(), &mut copied).unwrap();
    assert_eq!((printed.packets, printed.shown), (copy.packets, copy.shown));
    let store = Store::open(bytes, 10_000).unwrap().0;
    assert_eq!(store.save(Vec::new(), &[]).unwrap().packets, store.len() as u64);
    if copy.shown > 0 {
        let (again, damage) = Store::open(&copied[..], usize::MAX).unwrap();
        assert!(damage.is_none() && again.len() as u64 == copy.shown, "{damage:?}");
        let packets = again.packets();
        let flow = packets.iter().find_map(|packet| Analysis::default().see(&packet.frame())).map(|seen| seen.flow);
        if let Some(stream) = flow.and_then(|flow| follow_stream(&packets, &flow, None, 10_000)) {
            assert!(stream.said.len() <= 2 * packets.len());
        }
    }
}
