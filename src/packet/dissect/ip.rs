//! IPv4 with its options, IPv6 with its extension headers, and what follows them.

use super::super::checksum;
use super::{Bytes, Checksum, Header, Pseudo, bit, hex, icmp, payload, tcp, udp};
use crate::domain::dissection::Layer;

const HOP_BY_HOP: u8 = 0;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const ICMPV6: u8 = 58;
const NO_NEXT: u8 = 59;
const DESTINATION: u8 = 60;

/// Reads an IP packet and what it carries. `depth` is how many more may be quoted inside.
pub(super) fn layers(bytes: Bytes<'_>, start: usize, depth: u8, layers: &mut Vec<Layer>) {
    match bytes.u8(start).map(|first| first >> 4) {
        Some(4) => ipv4(bytes, start, depth, layers),
        Some(6) => ipv6(bytes, start, depth, layers),
        _ => payload(bytes, start, layers),
    }
}

fn protocol(number: u8) -> String {
    let name = match number {
        HOP_BY_HOP => " hop-by-hop options",
        ICMP => " ICMP",
        TCP => " TCP",
        UDP => " UDP",
        ROUTING => " routing",
        FRAGMENT => " fragment",
        ICMPV6 => " ICMPv6",
        NO_NEXT => " none",
        DESTINATION => " destination options",
        _ => "",
    };
    format!("{number}{name}")
}

fn ipv4(bytes: Bytes<'_>, start: usize, depth: u8, layers: &mut Vec<Layer>) {
    let mut header = Header::new("IPv4", bytes, start);
    match ipv4_header(&mut header) {
        None => header.cut(layers),
        Some((len, total, pseudo, later)) => {
            let end = header.finish(len, layers);
            // What comes after the packet is the link's padding.
            let inside = bytes.until(start + total);
            let (from, to) = pseudo;
            let Some(number) = bytes.u8(start + 9) else { return };
            let fragment = later || bytes.u16(start + 6).is_some_and(|field| field & 0x2000 != 0);
            let pseudo = Pseudo { from, to, protocol: number, len: total.saturating_sub(len), whole: !fragment };
            if later {
                payload(inside, end, layers);
            } else {
                transport(inside, end, number, pseudo, depth, layers);
            }
        }
    }
}

type Addresses = (std::net::IpAddr, std::net::IpAddr);

/// The fields of an IPv4 header (RFC 791 §3.1): its length, that of the packet, the addresses, and whether it is a later
/// fragment.
fn ipv4_header(header: &mut Header<'_>) -> Option<(usize, usize, Addresses, bool)> {
    let (bytes, start) = (header.bytes, header.start);
    let first = bytes.u8(start)?;
    let len = usize::from(first & 15) * 4;
    header.field("Version", 0, 1, |_| "4".into())?;
    header.field("Header length", 0, 1, |_| format!("{len} bytes"))?;
    services(header, bytes.u8(start + 1)?, 1, 1)?;
    let total = usize::from(header.u16("Total length", 2)?);
    header.hex16("Identification", 4)?;
    let flags = bytes.u16(start + 6)?;
    let field = header.field("Flags", 6, 1, |_| format!("{:#x}", flags >> 13))?;
    let at = field.bytes.clone();
    field.parts.push(bit("Don't fragment", flags & 0x4000 != 0, &at));
    field.parts.push(bit("More fragments", flags & 0x2000 != 0, &at));
    let offset = flags & 0x1fff;
    header.field("Fragment offset", 6, 2, |_| (u32::from(offset) * 8).to_string())?;
    header.u8("Time to live", 8)?;
    header.field("Protocol", 9, 1, |bytes| protocol(bytes[0]))?;
    let worth = match bytes.get(start..start + len) {
        Some(whole) if len >= 20 && checksum::sum(whole) == u16::MAX => Checksum::Right,
        Some(_) if len >= 20 => Checksum::Wrong,
        _ => Checksum::Unknown,
    };
    header.checksum(10, worth)?;
    let (from, to) = (bytes.ip(start + 12, false)?, bytes.ip(start + 16, false)?);
    header.field("Source", 12, 4, |_| from.to_string())?;
    header.field("Destination", 16, 4, |_| to.to_string())?;
    if len > 20 {
        options(header, 20, len);
    }
    let len = len.max(20);
    // A length that not even holds the header is none: 0 is what a large packet left to the card has.
    let total = if total < len { bytes.end - start } else { total };
    Some((len, total, (from, to), offset > 0))
}

/// IPv4 options (RFC 791 §3.1).
fn options(header: &mut Header<'_>, mut at: usize, end: usize) {
    let bytes = header.bytes;
    while let Some(kind) = bytes.u8(header.start + at).filter(|_| at < end) {
        let name = match kind & 0x7f {
            0 => "End of options",
            1 => "No operation",
            7 => "Record route",
            68 => "Timestamp",
            3 => "Loose source route",
            9 => "Strict source route",
            20 => "Router alert",
            _ => "Option",
        };
        let len = match kind {
            0 | 1 => 1,
            _ => usize::from(bytes.u8(header.start + at + 1).unwrap_or(0)).max(2),
        };
        if header.field(name, at, len.min(end - at), hex).is_none() || kind == 0 {
            return;
        }
        at += len;
    }
}

/// The traffic class: DSCP and ECN (RFC 2474, RFC 3168).
fn services(header: &mut Header<'_>, byte: u8, at: usize, len: usize) -> Option<()> {
    header.field("DSCP", at, len, |_| (byte >> 2).to_string())?;
    let ecn = ["not ECN-capable", "ECT(1)", "ECT(0)", "CE"][usize::from(byte & 3)];
    header.field("ECN", at, len, |_| format!("{} {ecn}", byte & 3))?;
    Some(())
}

fn ipv6(bytes: Bytes<'_>, start: usize, depth: u8, layers: &mut Vec<Layer>) {
    let mut header = Header::new("IPv6", bytes, start);
    let Some((next, len, (from, to))) = ipv6_header(&mut header) else { return header.cut(layers) };
    let end = header.finish(40, layers);
    let total = if len == 0 { bytes.end - start } else { 40 + len };
    let inside = bytes.until(start + total);
    extensions(inside, end, next, (from, to), depth, layers);
}

/// The fields of an IPv6 header (RFC 8200 §3): the next header, the length of what follows, and the addresses.
fn ipv6_header(header: &mut Header<'_>) -> Option<(u8, usize, Addresses)> {
    let (bytes, start) = (header.bytes, header.start);
    let first = bytes.u32(start)?;
    header.field("Version", 0, 1, |_| "6".into())?;
    services(header, u8::try_from(first >> 20 & 0xff).unwrap_or(0), 0, 2)?;
    header.field("Flow label", 1, 3, |_| format!("{:#07x}", first & 0xf_ffff))?;
    let len = header.u16("Payload length", 4)?;
    let next = bytes.u8(start + 6)?;
    header.field("Next header", 6, 1, |_| protocol(next))?;
    header.u8("Hop limit", 7)?;
    let (from, to) = (bytes.ip(start + 8, true)?, bytes.ip(start + 24, true)?);
    header.field("Source", 8, 16, |_| from.to_string())?;
    header.field("Destination", 24, 16, |_| to.to_string())?;
    Some((next, usize::from(len), (from, to)))
}

/// The extension headers of IPv6 (RFC 8200 §4), and the transport behind them.
fn extensions(bytes: Bytes<'_>, mut at: usize, mut next: u8, ends: Addresses, depth: u8, layers: &mut Vec<Layer>) {
    let mut fragment = None;
    // More than these nobody sends; a long chain is an attempt to wear a reader out.
    for _ in 0..8 {
        let name = match next {
            HOP_BY_HOP => "IPv6 hop-by-hop options",
            ROUTING => "IPv6 routing",
            DESTINATION => "IPv6 destination options",
            FRAGMENT => "IPv6 fragment",
            _ => break,
        };
        let mut header = Header::new(name, bytes, at);
        let Some((follows, len)) = bytes.u8(at).zip(bytes.u8(at + 1)) else { return header.cut(layers) };
        header.field("Next header", 0, 1, |_| protocol(follows));
        let len = if next == FRAGMENT { 8 } else { usize::from(len) * 8 + 8 };
        if next == FRAGMENT {
            let Some(field) = bytes.u16(at + 2) else { return header.cut(layers) };
            header.field("Fragment offset", 2, 2, |_| (field & 0xfff8).to_string());
            header.field("More fragments", 3, 1, |_| (field & 1).to_string());
            header.u32("Identification", 4);
            fragment = Some(field);
        } else {
            header.field("Header length", 1, 1, |_| format!("{len} bytes"));
            header.field("Data", 2, len - 2, hex);
        }
        next = follows;
        at = header.finish(len, layers);
        if fragment.is_some_and(|field| field & 0xfff8 != 0) {
            return payload(bytes, at, layers);
        }
    }
    let (from, to) = ends;
    let whole = fragment.is_none_or(|field| field & 0xfff9 == 0);
    let pseudo = Pseudo { from, to, protocol: next, len: bytes.end.saturating_sub(at), whole };
    transport(bytes, at, next, pseudo, depth, layers);
}

fn transport(bytes: Bytes<'_>, start: usize, number: u8, pseudo: Pseudo, depth: u8, layers: &mut Vec<Layer>) {
    match number {
        TCP => tcp::layers(bytes, start, pseudo, layers),
        UDP => udp::layers(bytes, start, pseudo, layers),
        ICMP => icmp::layers(bytes, start, pseudo, depth, false, layers),
        ICMPV6 => icmp::layers(bytes, start, pseudo, depth, true, layers),
        _ => payload(bytes, start, layers),
    }
}
