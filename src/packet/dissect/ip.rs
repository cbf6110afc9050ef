//! IPv4 with its options, IPv6 with its extension headers, and the packet that they carry.

use super::super::checksum;
use super::super::encapsulation::HeaderKind;
use super::super::network::{Extension, Extensions, Ip, protocol};
use super::{Bytes, HeaderLayer, Tunnelled, bit, hex, hex_number, icmp, payload, tcp, udp};
use crate::domain::dissection::Layer;
use crate::domain::{ChecksumStatus, FieldName, FieldValue, unread};

/// Reads an IP packet and its contents, except those that begin with a header of the link layer or of IP again: these are
/// returned. `depth` is how many more levels of quoted packets are read.
pub(super) fn layers<'a>(bytes: Bytes<'a>, start: usize, depth: u8, layers: &mut Vec<Layer>) -> Option<Tunnelled<'a>> {
    let (mut header, fields): (_, fn(&mut HeaderLayer<'_>) -> Option<()>) =
        match bytes.u8(start).map(|first| first >> 4) {
            Some(4) => (HeaderLayer::new(FieldName::Ipv4, bytes, start), ipv4),
            Some(6) => (HeaderLayer::new(FieldName::Ipv6, bytes, start), ipv6),
            _ => {
                payload(bytes, start, layers);
                return None;
            }
        };
    let wire_len = bytes.end - start;
    let shown = fields(&mut header);
    let read = Ip::read(bytes, start, wire_len).zip(Extensions::of(bytes, start, wire_len));
    let (Some(()), Some((ip, extensions))) = (shown, read) else {
        header.cut(layers);
        return None;
    };
    header.finish(extensions.at - start, layers);
    // The bytes after the packet are the link's padding.
    let inside = ip.carried(bytes);
    for found in extensions {
        extension(inside, &found).finish(found.len, layers);
    }
    if let Some(kind) = HeaderKind::tunnelled(&ip) {
        return Some(Tunnelled { kind, bytes: inside, start: ip.start });
    }
    match ip.protocol {
        _ if ip.is_later_fragment() => payload(inside, ip.start, layers),
        protocol::TCP => tcp::layers(inside, &ip, layers),
        protocol::UDP => udp::layers(inside, &ip, layers),
        protocol::ICMP | protocol::ICMPV6 => icmp::layers(inside, &ip, depth, layers),
        kind if ip.from.is_ipv6() && extension_name(kind).is_some() => {
            extension(inside, &Extension { kind, start: ip.start, len: 0 }).cut(layers);
        }
        _ => payload(inside, ip.start, layers),
    }
    None
}

fn protocol_name(number: u8) -> String {
    unread::ip_protocol(number).map_or_else(|| number.to_string(), |name| format!("{number} {name}"))
}

/// The fields of an IPv4 header (RFC 791 §3.1); `None` if they are cut off.
fn ipv4(header: &mut HeaderLayer<'_>) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    let first = bytes.u8(start)?;
    let len = usize::from(first & 15) * 4;
    header.field(FieldName::Version, 0, 1, |_| "4")?;
    header.field(FieldName::HeaderLength, 0, 1, |_| FieldValue::Bytes(len))?;
    services(header, bytes.u8(start + 1)?, 1, 1)?;
    header.number(FieldName::TotalLength, 2, 2)?;
    header.field(FieldName::Identification, 4, 2, hex_number)?;
    let flags = bytes.u16(start + 6)?;
    let field = header.field(FieldName::Flags, 6, 1, |_| format!("{:#x}", flags >> 13))?;
    let at = field.bytes.clone();
    field.parts.push(bit(FieldName::DontFragment, flags & 0x4000 != 0, &at));
    field.parts.push(bit(FieldName::MoreFragments, flags & 0x2000 != 0, &at));
    let offset = flags & 0x1fff;
    header.field(FieldName::FragmentOffset, 6, 2, |_| (u32::from(offset) * 8).to_string())?;
    header.number(FieldName::TimeToLive, 8, 1)?;
    header.field(FieldName::Protocol, 9, 1, |bytes| protocol_name(bytes[0]))?;
    let judged = match bytes.get(start..start + len) {
        Some(whole) if len >= 20 && checksum::sum(whole) == u16::MAX => ChecksumStatus::Right,
        Some(_) if len >= 20 => ChecksumStatus::Wrong,
        _ => ChecksumStatus::Unknown,
    };
    header.checksum(10, judged)?;
    let (from, to) = (bytes.ipv4(start + 12)?, bytes.ipv4(start + 16)?);
    header.field(FieldName::Source, 12, 4, |_| from.to_string())?;
    header.field(FieldName::Destination, 16, 4, |_| to.to_string())?;
    if len > 20 {
        options(header, 20, len);
    }
    Some(())
}

/// IPv4 options (RFC 791 §3.1).
fn options(header: &mut HeaderLayer<'_>, mut at: usize, end: usize) {
    let bytes = header.bytes;
    while at < end {
        let Some(kind) = bytes.u8(header.start + at) else { return };
        let name = match kind & 0x7f {
            0 => FieldName::EndOfOptions,
            1 => FieldName::NoOperation,
            7 => FieldName::RecordRoute,
            68 => FieldName::Timestamp,
            3 => FieldName::LooseSourceRoute,
            9 => FieldName::StrictSourceRoute,
            20 => FieldName::RouterAlert,
            _ => FieldName::Option,
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
fn services(header: &mut HeaderLayer<'_>, byte: u8, at: usize, len: usize) -> Option<()> {
    header.field(FieldName::Dscp, at, len, |_| (byte >> 2).to_string())?;
    let ecn = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"][usize::from(byte & 3)];
    header.field(FieldName::Ecn, at, len, |_| format!("{} {ecn}", byte & 3)).map(drop)
}

/// The fields of an IPv6 header (RFC 8200 §3); `None` if they are cut off.
fn ipv6(header: &mut HeaderLayer<'_>) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    let first = bytes.u32(start)?;
    header.field(FieldName::Version, 0, 1, |_| "6")?;
    services(header, u8::try_from(first >> 20 & 0xff).unwrap_or(0), 0, 2)?;
    header.field(FieldName::FlowLabel, 1, 3, |_| format!("{:#07x}", first & 0xf_ffff))?;
    header.number(FieldName::PayloadLength, 4, 2)?;
    header.field(FieldName::NextHeader, 6, 1, |bytes| protocol_name(bytes[0]))?;
    header.number(FieldName::HopLimit, 7, 1)?;
    let (from, to) = (bytes.ipv6(start + 8)?, bytes.ipv6(start + 24)?);
    header.field(FieldName::Source, 8, 16, |_| from.to_string())?;
    header.field(FieldName::Destination, 24, 16, |_| to.to_string()).map(drop)
}

const fn extension_name(kind: u8) -> Option<FieldName> {
    Some(match kind {
        protocol::HOP_BY_HOP => FieldName::HopByHopOptions,
        protocol::ROUTING => FieldName::Routing,
        protocol::DESTINATION => FieldName::DestinationOptions,
        protocol::FRAGMENT => FieldName::FragmentHeader,
        protocol::AUTHENTICATION => FieldName::AuthenticationHeader,
        _ => return None,
    })
}

/// An extension header, as far as it was captured.
fn extension<'a>(bytes: Bytes<'a>, found: &Extension) -> HeaderLayer<'a> {
    let mut header = HeaderLayer::new(extension_name(found.kind).unwrap_or(FieldName::Option), bytes, found.start);
    header.field(FieldName::NextHeader, 0, 1, |bytes| protocol_name(bytes[0]));
    if found.kind == protocol::FRAGMENT {
        if let Some(field) = bytes.u16(found.start + 2) {
            header.field(FieldName::FragmentOffset, 2, 2, |_| (field & 0xfff8).to_string());
            header.field(FieldName::MoreFragments, 3, 1, |_| (field & 1).to_string());
            header.number(FieldName::Identification, 4, 4);
        }
    } else if found.len > 0 {
        header.field(FieldName::HeaderLength, 1, 1, |_| FieldValue::Bytes(found.len));
        header.field(FieldName::Data, 2, found.len - 2, hex);
    }
    header
}
