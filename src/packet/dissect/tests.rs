//! The detail tree, by example and compared with the decoder.

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{Icmpv4Type, PacketBuilder, TcpHeader, TcpOptionElement};
use proptest::prelude::*;

use super::*;
use crate::domain::Lang;
use crate::packet::{Analysis, Frame};
use crate::text;

fn syn() -> Vec<u8> {
    let mut header = TcpHeader::new(44_086, 65_432, 7, 65_495);
    header.syn = true;
    header
        .set_options(&[
            TcpOptionElement::MaximumSegmentSize(65_495),
            TcpOptionElement::SelectiveAcknowledgementPermitted,
            TcpOptionElement::Timestamp(5, 6),
            TcpOptionElement::Noop,
            TcpOptionElement::WindowScale(7),
        ])
        .unwrap();
    let mut bytes = Vec::new();
    PacketBuilder::ethernet2([0; 6], [0; 6])
        .ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64)
        .tcp_header(header)
        .write(&mut bytes, b"oi")
        .unwrap();
    bytes
}

/// An error that quotes it.
fn unreachable() -> Vec<u8> {
    let mut bytes = Vec::new();
    let port = Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port);
    let builder = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4([1; 4], [2; 4], 64).icmpv4(port);
    builder.write(&mut bytes, &syn()[14..]).unwrap();
    bytes
}

/// A value in English.
fn written(value: &FieldValue) -> String {
    (text::of(Lang::En).packets.field_value)(value)
}

/// The tree as text: a line for each field.
fn lines(layers: &[Layer]) -> Vec<String> {
    fn add(fields: &[PacketField], indent: usize, lines: &mut Vec<String>) {
        for field in fields {
            let Range { start, end } = field.bytes;
            lines.push(format!("{:indent$}{}: {} [{start}..{end}]", "", field.name, written(&field.value)));
            add(&field.parts, indent + 2, lines);
        }
    }
    let mut all = Vec::new();
    for layer in layers {
        all.push(format!("{} {:?}", layer.name, layer.bytes));
        add(&layer.fields, 2, &mut all);
    }
    all
}

/// The value of a field, by layer and name.
fn value(layers: &[Layer], layer: FieldName, name: FieldName) -> Option<String> {
    let layer = layers.iter().find(|known| known.name == layer)?;
    layer.fields.iter().find(|field| field.name == name).map(|field| written(&field.value))
}

#[test]
fn a_syn_is_dissected_down_to_its_bits() {
    let all = lines(&dissect(LinkType::ETHERNET, &syn()));
    let text = all.join("\n");
    for line in [
        "Ethernet 0..14",
        "  Type: 0x0800 IPv4 [12..14]",
        "IPv4 14..34",
        "  Header length: 20 bytes [14..15]",
        "    Don't fragment: 1 [20..21]",
        "  Protocol: 6 TCP [23..24]",
        "    Status: right [24..26]",
        "  Source: 127.0.0.1 [26..30]",
        "TCP 34..74",
        "  Destination port: 65432 [36..38]",
        "  Flags: 0x002 SYN [46..48]",
        "    AE: 0 [46..47]",
        "    SYN: 1 [47..48]",
        "  Maximum segment size: 65495 [54..58]",
        "  SACK permitted:  [58..60]",
        "  Timestamps: 5 6 [60..70]",
        "    Echo reply: 6 [66..70]",
        "  No operation:  [70..71]",
        "    Multiplier: 128 [73..74]",
        "Payload 74..76",
        "  Data: oi [74..76]",
    ] {
        assert!(text.lines().any(|known| known == line), "{line:?} is not in\n{text}");
    }
}

#[test]
fn an_icmp_error_contains_the_packet_that_it_quotes() {
    let layers = dissect(LinkType::RAW, &unreachable()[14..]);
    let names: Vec<_> = layers.iter().map(|layer| layer.name.name()).collect();
    assert_eq!(names, ["IPv4", "ICMP", "IPv4", "TCP", "Payload"]);
    assert_eq!(value(&layers, FieldName::Icmp, FieldName::Code).as_deref(), Some("3 port unreachable"));
    assert_eq!(value(&layers, FieldName::Tcp, FieldName::SequenceNumber).as_deref(), Some("7"));
}

#[test]
fn every_link_leads_to_the_same_packet() {
    let ip = &syn()[14..];
    let cooked = [&[0, 0, 3, 4, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0][..], ip].concat();
    let cooked2 = [&[8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0][..], ip].concat();
    let tagged = [&[0; 12][..], &[0x81, 0, 0, 7, 8, 0], ip].concat();
    let bsd = [&[2, 0, 0, 0][..], ip].concat();
    for (link, frame) in [
        (LinkType::ETHERNET, &syn()),
        (LinkType::ETHERNET, &tagged),
        (LinkType::LINUX_SLL, &cooked),
        (LinkType::LINUX_SLL2, &cooked2),
        (LinkType::NULL, &bsd),
        (LinkType::RAW, &ip.to_vec()),
    ] {
        let layers = dissect(link, frame);
        assert_eq!(
            value(&layers, FieldName::Tcp, FieldName::SourcePort).as_deref(),
            Some("44086"),
            "{link} {:?}",
            lines(&layers)
        );
        assert_eq!(layers.last().unwrap().bytes.end, frame.len());
    }
    assert_eq!(lines(&dissect(LinkType(9999), b"?"))[0], "Payload 0..1");
}

#[test]
fn unknown_options_are_named_and_the_ones_after_them_are_read() {
    let ip = |flags: u8, options: &[u8]| {
        let padded = options.len().next_multiple_of(4);
        let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        bytes.extend([0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 2, 0, flags, 0, 9, 0, 0, 0, 0]);
        bytes[32] = u8::try_from(5 + padded / 4).unwrap() << 4;
        bytes.extend(options);
        bytes.resize(40 + padded, 0);
        bytes[3] = u8::try_from(bytes.len()).unwrap();
        bytes
    };
    let read = |bytes: &[u8]| -> Vec<String> {
        let options = crate::packet::summary(bytes).unwrap().tcp.unwrap().options;
        options.iter().map(ToString::to_string).collect()
    };
    let mss: &[u8] = &[2, 4, 5, 0xb4];
    let after: &[u8] = &[1, 3, 3, 7, 4, 2];
    for (kind, len) in [(34, 10), (30, 12), (19, 18), (254, 4), (28, 4), (253, 2), (99, 7), (3, 4), (2, 6)] {
        let mut unknown = vec![0xee; usize::from(len)];
        (unknown[0], unknown[1]) = (kind, len);
        let syn = ip(2, &[mss, &unknown, after].concat());
        assert_eq!(read(&syn), ["mss 1460", &format!("option {kind} len {len}"), "wscale 7", "sackOK"]);
        let text = lines(&dissect(LinkType::RAW, &syn)).join("\n");
        assert!(text.contains(&format!("kind {kind}, {len} bytes")) && text.contains("Multiplier: 128"), "{text}");
        let ack = ip(16, &[&unknown[..], &[1, 1, 5, 10, 0, 0, 0, 5, 0, 0, 0, 9]].concat());
        assert_eq!(read(&ack), [format!("option {kind} len {len}"), "sack 5-9".into()]);
    }
    for len in [0, 1] {
        assert_eq!(read(&ip(2, &[mss, &[34, len], after].concat())), ["mss 1460"]);
    }
}

/// Asserts that no field is outside its layer, and that the layers follow each other within the frame.
fn sound(frame: &[u8], layers: &[Layer]) {
    fn inside(fields: &[PacketField], outer: &Range<usize>) {
        for field in fields {
            let Range { start, end } = field.bytes;
            assert!(outer.start <= start && start <= end && end <= outer.end, "{field:?} is not in {outer:?}");
            inside(&field.parts, &field.bytes);
        }
    }
    let mut reached = 0;
    for layer in layers {
        assert!(reached <= layer.bytes.start && layer.bytes.end <= frame.len(), "{layer:?}");
        inside(&layer.fields, &layer.bytes);
        reached = layer.bytes.end;
    }
}

#[test]
fn every_prefix_is_dissected_as_far_as_it_goes() {
    for whole in [syn(), unreachable()] {
        for end in 0..=whole.len() {
            sound(&whole[..end], &dissect(LinkType::ETHERNET, &whole[..end]));
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_make_a_sound_tree_that_agrees_with_the_decoder(
        link in prop::sample::select(vec![0_u16, 1, 101, 108, 113, 228, 276]),
        mut bytes in prop::collection::vec(any::<u8>(), 0..160),
        kind in prop::sample::select(vec![(0x0800_u16, 0x45_u8), (0x0800, 0x47), (0x86dd, 0x60)]),
        protocol in prop::sample::select(vec![1_u8, 6, 17, 58, 44, 0, 60]),
        wild in prop::bool::weighted(0.1),
    ) {
        let (ethertype, start) = match link {
            1 => (12, 14), 113 => (14, 16), 276 => (0, 20), 0 | 108 => (160, 4), _ => (160, 0),
        };
        if !wild && bytes.len() > start + 12 {
            if ethertype < 160 {
                bytes[ethertype..ethertype + 2].copy_from_slice(&kind.0.to_be_bytes());
            }
            bytes[start] = kind.1;
            let next = if kind.1 == 0x60 { start + 6 } else { start + 9 };
            bytes[next] = protocol;
            if kind.1 != 0x60 {
                bytes[start + 6..start + 8].fill(0);
            }
        }
        let layers = dissect(LinkType(link), &bytes);
        sound(&bytes, &layers);
        let wire_len = u32::try_from(bytes.len()).unwrap();
        let frame = Frame { number: 1, at: 0, link: LinkType(link), wire_len, bytes: &bytes };
        let Some(summary) = Analysis::default().see(&frame) else { return Ok(()) };
        let Some(tcp) = summary.tcp else { return Ok(()) };
        let number = |name| value(&layers, FieldName::Tcp, name);
        prop_assert_eq!(number(FieldName::SequenceNumber), Some(tcp.seq.to_string()));
        prop_assert_eq!(number(FieldName::AcknowledgmentNumber), Some(tcp.ack.to_string()));
        prop_assert_eq!(number(FieldName::SourcePort), Some(summary.flow.local.port().to_string()));
    }
}
