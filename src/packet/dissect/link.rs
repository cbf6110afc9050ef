//! The link layer: Ethernet with its tags, Linux cooked, loopback.

use super::super::link::LinkType;
use super::{Bytes, HeaderLayer, hex};
use crate::domain::dissection::Layer;

/// Reads the link layer. Returns where the IP packet begins, if one follows.
pub(super) fn layers(link: LinkType, bytes: Bytes<'_>, layers: &mut Vec<Layer>) -> Option<usize> {
    match link {
        LinkType::ETHERNET => ethernet(bytes, layers),
        LinkType::LINUX_SLL => cooked(bytes, layers),
        LinkType::LINUX_SLL2 => cooked2(bytes, layers),
        LinkType::NULL | LinkType::LOOP => loopback(link, bytes, layers),
        _ => {}
    }
    link.network(bytes.all)
}

fn protocol(ethertype: u16) -> String {
    let name = match ethertype {
        0x0800 => " IPv4",
        0x0806 => " ARP",
        0x86dd => " IPv6",
        0x8100 | 0x88a8 | 0x9100 => " VLAN",
        _ => "",
    };
    format!("{ethertype:#06x}{name}")
}

fn ethernet(bytes: Bytes<'_>, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new("Ethernet", bytes, 0);
    header.field("Destination", 0, 6, hex);
    header.field("Source", 6, 6, hex);
    let Some(kind) = bytes.u16(12) else { return header.cut(layers) };
    header.field("Type", 12, 2, |_| protocol(kind));
    let end = header.finish(14, layers);
    tags(kind, bytes, end, layers);
}

/// IEEE 802.1Q tags.
fn tags(mut kind: u16, bytes: Bytes<'_>, mut start: usize, layers: &mut Vec<Layer>) {
    for _ in 0..4 {
        if !matches!(kind, 0x8100 | 0x88a8 | 0x9100) {
            return;
        }
        let mut header = HeaderLayer::new("VLAN", bytes, start);
        let Some((tag, next)) = bytes.u16(start).zip(bytes.u16(start + 2)) else { return header.cut(layers) };
        header.field("Priority", 0, 2, |_| (tag >> 13).to_string());
        header.field("ID", 0, 2, |_| (tag & 0xfff).to_string());
        header.field("Type", 2, 2, |_| protocol(next));
        kind = next;
        start = header.finish(4, layers);
    }
}

fn direction(kind: u16) -> String {
    const NAMES: [&str; 5] = [" to us", " broadcast", " multicast", " to another host", " from us"];
    format!("{kind}{}", NAMES.get(usize::from(kind)).unwrap_or(&""))
}

/// The field has room for eight bytes of the address.
fn address_len(len: u64) -> usize {
    usize::try_from(len).map_or(8, |len| len.min(8))
}

fn cooked(bytes: Bytes<'_>, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new("Linux cooked v1", bytes, 0);
    if let Some(kind) = bytes.u16(0) {
        header.field("Packet type", 0, 2, |_| direction(kind));
    }
    header.number("Device type", 2, 2);
    let len = header.number("Address length", 4, 2).map_or(0, address_len);
    header.field("Address", 6, len, hex);
    let Some(kind) = bytes.u16(14) else { return header.cut(layers) };
    header.field("Protocol", 14, 2, |_| protocol(kind));
    let end = header.finish(16, layers);
    tags(kind, bytes, end, layers);
}

fn cooked2(bytes: Bytes<'_>, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new("Linux cooked v2", bytes, 0);
    let kind = bytes.u16(0);
    if let Some(kind) = kind {
        header.field("Protocol", 0, 2, |_| protocol(kind));
    }
    header.number("Interface index", 4, 4);
    header.number("Device type", 8, 2);
    if let Some(kind) = bytes.u8(10) {
        header.field("Packet type", 10, 1, |_| direction(u16::from(kind)));
    }
    let len = header.number("Address length", 11, 1).map_or(0, address_len);
    let Some(_) = header.field("Address", 12, len, hex) else { return header.cut(layers) };
    let end = header.finish(20, layers);
    tags(kind.unwrap_or(0), bytes, end, layers);
}

fn loopback(link: LinkType, bytes: Bytes<'_>, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new("Loopback", bytes, 0);
    let Some(family) = bytes.array::<4>(0) else { return header.cut(layers) };
    // In the byte order of the capturing machine, unless OpenBSD wrote it: a family is a small number.
    let family = match u32::from_be_bytes(family) {
        small if link == LinkType::LOOP || small < 0x1_0000 => small,
        _ => u32::from_le_bytes(family),
    };
    header.field("Family", 0, 4, |_| family.to_string());
    header.finish(4, layers);
}
