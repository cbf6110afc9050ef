//! The link layer: Ethernet with its tags, Linux cooked, loopback.

use super::super::link::LinkType;
use super::{Bytes, HeaderLayer, hex};
use crate::domain::dissection::Layer;

/// Reads it; where the IP packet begins, if one follows.
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
    let name = match kind {
        0 => " to us",
        1 => " broadcast",
        2 => " multicast",
        3 => " to another host",
        4 => " from us",
        _ => "",
    };
    format!("{kind}{name}")
}

fn cooked(bytes: Bytes<'_>, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new("Linux cooked v1", bytes, 0);
    if let Some(kind) = bytes.u16(0) {
        header.field("Packet type", 0, 2, |_| direction(kind));
    }
    header.u16("Device type", 2);
    let len = header.u16("Address length", 4).unwrap_or(0);
    header.field("Address", 6, usize::from(len).min(8), hex);
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
    header.u32("Interface index", 4);
    header.u16("Device type", 8);
    if let Some(kind) = bytes.u8(10) {
        header.field("Packet type", 10, 1, |_| direction(u16::from(kind)));
    }
    let len = header.u8("Address length", 11).unwrap_or(0);
    let Some(_) = header.field("Address", 12, usize::from(len).min(8), hex) else { return header.cut(layers) };
    let end = header.finish(20, layers);
    tags(kind.unwrap_or(0), bytes, end, layers);
}

fn loopback(link: LinkType, bytes: Bytes<'_>, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new("Loopback", bytes, 0);
    let Some(family) = bytes.array::<4>(0) else { return header.cut(layers) };
    // The order of the machine that captured: a family is a small number.
    let family = match u32::from_be_bytes(family) {
        small if link == LinkType::LOOP || small < 0x1_0000 => small,
        _ => u32::from_le_bytes(family),
    };
    header.field("Family", 0, 4, |_| family.to_string());
    header.finish(4, layers);
}
