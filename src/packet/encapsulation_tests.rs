//! Every way in which an IP packet is wrapped, and what is said of the rest.

use super::*;
use crate::domain::FieldName;
use crate::domain::{Finding, Flags};
use crate::packet::analysis::tests::tcp;
use crate::packet::{Analysis, Frame, dissect};

fn frame(link: u16, bytes: &[u8]) -> Frame<'_> {
    let wire_len = u32::try_from(bytes.len()).unwrap();
    Frame { number: 1, at: 0, link: LinkType(link), wire_len, bytes }
}

fn packet() -> Vec<u8> {
    tcp(true, Flags::PSH.with(Flags::ACK), 1_000, 9_000, b"hi", None)
}

/// An outer IPv4 or IPv6 header for these contents.
fn outer(v6: bool, protocol: u8, inside: &[u8]) -> Vec<u8> {
    let mut header = vec![0; if v6 { 40 } else { 20 }];
    let total = u16::try_from(if v6 { inside.len() } else { 20 + inside.len() }).unwrap().to_be_bytes();
    if v6 {
        (header[0], header[6], header[7]) = (0x60, protocol, 64);
        header[4..6].copy_from_slice(&total);
    } else {
        (header[0], header[8], header[9]) = (0x45, 64, protocol);
        header[2..4].copy_from_slice(&total);
    }
    [header, inside.to_vec()].concat()
}

fn behind(head: &[u8], packet: &[u8]) -> Vec<u8> {
    [head, packet].concat()
}

fn ethernet(ethertype: u16, packet: &[u8]) -> Vec<u8> {
    [&[0; 12][..], &ethertype.to_be_bytes(), packet].concat()
}

/// Frames that carry the packet, each with its link type.
pub(crate) fn frames(ip: &[u8]) -> Vec<(u16, Vec<u8>)> {
    const SNAP: &[u8] = &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let wifi = |control: &[u8], more: usize, ip: &[u8]| {
        let len = 24 + more;
        let mut header = control.to_vec();
        header.resize(len, 0);
        [&header[..], SNAP, ip].concat()
    };
    let data = wifi(&[0x08, 2], 0, ip);
    let eth = ethernet(0x0800, ip);
    let gre = |head: &[u8], inside: &[u8]| outer(false, 47, &behind(head, inside));
    let length = u16::try_from(ip.len() + 8).unwrap();
    vec![
        (0, behind(&[2, 0, 0, 0], ip)),
        (108, behind(&[0, 0, 0, 2], ip)),
        (1, eth.clone()),
        (1, ethernet(0x8100, &behind(&[0, 7, 8, 0], ip))),
        (1, ethernet(0x88a8, &behind(&[0, 7, 0x81, 0, 0, 8, 8, 0], ip))),
        (1, ethernet(length, &behind(SNAP, ip))),
        (1, ethernet(length, &behind(&[6, 6, 3], ip))),
        (1, ethernet(0x8864, &behind(&[0x11, 0, 0, 1, 0, 0, 0, 0x21], ip))),
        (1, ethernet(0x8847, &behind(&[0, 0, 0x11, 0x40], ip))),
        (1, ethernet(0x8847, &behind(&[0, 0, 0x10, 0x40, 0, 2, 0x21, 0x40], ip))),
        (1, ethernet(0x8847, &[&[0, 0, 0x11, 0x40, 0, 0, 0, 1][..], &eth].concat())),
        (1, ethernet(0x0800, &outer(false, 4, ip))),
        (1, ethernet(0x86dd, &outer(true, 4, ip))),
        (1, ethernet(0x0800, &outer(false, 41, &outer(true, 4, ip)))),
        (1, ethernet(0x0800, &gre(&[0, 0, 8, 0], ip))),
        (1, ethernet(0x86dd, &outer(true, 47, &behind(&[0, 0, 8, 0], ip)))),
        (1, ethernet(0x0800, &gre(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9], ip))),
        (1, ethernet(0x0800, &gre(&[0x20, 0, 0x65, 0x58, 0, 0, 0, 7], &eth))),
        (
            1,
            ethernet(0x0800, &gre(&[0x30, 0x81, 0x88, 0x0b, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21], ip)),
        ),
        (1, ethernet(0x0800, &gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0], &eth))),
        (9, behind(&[0xff, 3, 0, 0x21], ip)),
        (9, behind(&[0, 0x21], ip)),
        (9, behind(&[0x21], ip)),
        (50, behind(&[0xff, 3, 0, 0x21], ip)),
        (50, behind(&[0x0f, 0, 8, 0], ip)),
        (51, behind(&[0x11, 0, 0, 1, 0, 0, 0, 0x21], ip)),
        (204, behind(&[1, 0xff, 3, 0, 0x21], ip)),
        (104, behind(&[0x0f, 0, 8, 0], ip)),
        (107, behind(&[0x18, 0x41, 3, 0xcc], ip)),
        (107, behind(&[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0], ip)),
        (12, ip.to_vec()),
        (14, ip.to_vec()),
        (101, ip.to_vec()),
        (228, ip.to_vec()),
        (100, behind(SNAP, ip)),
        (105, data.clone()),
        (105, wifi(&[0x88, 1], 2, ip)),
        (105, wifi(&[0x88, 3], 8, ip)),
        (127, behind(&[0, 0, 8, 0, 0, 0, 0, 0], &data)),
        (119, behind(&[&[0, 0, 0, 0x44, 144, 0, 0, 0][..], &[0; 136]].concat(), &data)),
        (163, behind(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56]].concat(), &data)),
        (192, behind(&[0, 0, 8, 0, 105, 0, 0, 0], &data)),
        (219, behind(&[0, 0, 0x11, 0x40], ip)),
        (138, behind(&[&[0; 16][..], &[8, 0]].concat(), ip)),
        (242, behind(&[&[0; 40][..], &[8, 0, 0, 0]].concat(), ip)),
        (113, behind(&[0, 0, 3, 4, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0], ip)),
        (113, [&[0, 0, 3, 4, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0, 4][..], SNAP, ip].concat()),
        (276, behind(&[8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0], ip)),
        (276, behind(&[0x81, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8, 0], ip)),
    ]
}

#[test]
fn a_packet_is_found_whatever_it_is_wrapped_in() {
    let ip = packet();
    for (link, bytes) in frames(&ip) {
        let seen = Analysis::default().see(&frame(link, &bytes)).unwrap_or_else(|| panic!("{link} {bytes:02x?}"));
        assert_eq!((seen.flow.local.port(), seen.payload.text.as_str()), (40_000, "hi"), "{link} {bytes:02x?}");
        let layers = dissect(LinkType(link), &bytes);
        let names: Vec<_> = layers.iter().map(|layer| layer.name.name()).collect();
        assert!(names.ends_with(&["IPv4", "TCP", "Payload"]), "{link} {names:?}");
        assert_eq!((layers[0].bytes.start, layers.last().unwrap().bytes.end), (0, bytes.len()), "{link} {names:?}");
        // However short it is cut, the tree and the summary agree on what is there.
        for end in 0..bytes.len() {
            let cut = Frame { bytes: &bytes[..end], ..frame(link, &bytes) };
            let found = Analysis::default().see(&cut).is_some();
            let header =
                dissect(LinkType(link), &bytes[..end]).iter().any(|l| l.name == FieldName::Tcp && l.fields.len() >= 9);
            assert_eq!(found, header, "{link} cut at {end}: {bytes:02x?}");
        }
    }
}

#[test]
fn frames_behind_the_first_of_a_radio_are_counted() {
    let ip = packet();
    let subframe = |last: bool| {
        let inside = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &ip].concat();
        let len = u16::try_from(inside.len()).unwrap().to_be_bytes();
        let mut bytes = [&[0; 12][..], &len, &inside].concat();
        let padded = if last { bytes.len() } else { bytes.len().next_multiple_of(4) };
        bytes.resize(padded, 0);
        bytes
    };
    // A data frame with quality of service, and the bit that says that it has several.
    let head = [&[0x88, 1][..], &[0; 22], &[0x80, 0]].concat();
    for count in 1..=3 {
        let all: Vec<u8> = (1..=count).flat_map(|n| subframe(n == count)).collect();
        // The radio's check sum is no frame.
        for trailer in [&[][..], &[1, 2, 3, 4]] {
            let bytes = [&head, &all[..], trailer].concat();
            let seen = Analysis::default().see(&frame(105, &bytes)).unwrap();
            assert_eq!(seen.payload.text, "hi", "the first is read");
            let further = seen.findings.iter().find_map(|finding| match finding {
                Finding::FurtherFrames { count } => Some(*count),
                _ => None,
            });
            assert_eq!(further, (count > 1).then_some(count - 1), "{count}");
        }
        let radio = [&[0, 0, 8, 0, 0, 0, 0, 0][..], &head, &all].concat();
        assert_eq!(frame(127, &radio).further(), count - 1);
    }
    assert_eq!(frame(1, &ethernet(0x0800, &ip)).further(), 0);
}

#[test]
fn what_is_not_read_is_named_with_its_number() {
    let arp = ethernet(0x0806, &[0; 28]);
    let cases: [(u16, Vec<u8>, &str); 14] = [
        (147, vec![0; 60], "link type USER0 (147)"),
        (9_999, vec![0; 60], "link type 9999"),
        (1, arp, "EtherType ARP (0x0806)"),
        (1, ethernet(0x88cc, &[0; 28]), "EtherType LLDP (0x88cc)"),
        (1, ethernet(0x8863, &[0; 28]), "EtherType PPPoE discovery (0x8863)"),
        (1, ethernet(38, &[0x42, 0x42, 3, 0, 0]), "LLC spanning tree (0x42)"),
        (1, ethernet(0x8864, &[0x11, 0, 0, 1, 0, 0, 0xc0, 0x21]), "PPP protocol LCP (0xc021)"),
        (104, vec![0x8f, 0, 0x80, 0x35, 0, 0], "EtherType RARP (0x8035)"),
        (1, ethernet(0x0800, &outer(false, 89, &[0; 30])), "IP protocol OSPF (89)"),
        (1, ethernet(0x86dd, &outer(true, 132, &[0; 30])), "IP protocol SCTP (132)"),
        (1, ethernet(0x0800, &outer(false, 47, &[0, 0, 0x88, 0xcc, 0])), "EtherType LLDP (0x88cc)"),
        (105, vec![0x80; 60], "802.11 without readable data"),
        (1, ethernet(0x0800, &packet()[..30]), "cut off or malformed"),
        (101, vec![0; 30], "cut off or malformed"),
    ];
    for (link, bytes, named) in cases {
        let frame = frame(link, &bytes);
        assert_eq!(Analysis::default().see(&frame), None, "{named}");
        assert_eq!(frame.unread().to_string(), named);
    }
}
