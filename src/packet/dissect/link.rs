//! The headers before an IP packet: links, tags, tunnels.

use super::super::encapsulation::HeaderKind;
use super::{Bytes, HeaderLayer, bit, hex};
use crate::domain::dissection::Layer;
use crate::domain::{FieldName, FieldValue, unread};

/// Reads the headers from `start` on, the first of which is of this kind. Returns where the IP packet begins.
///
/// # Errors
/// Where the last header ends, if no IP packet follows.
pub(super) fn layers(
    mut kind: HeaderKind,
    bytes: Bytes<'_>,
    mut start: usize,
    layers: &mut Vec<Layer>,
) -> Result<usize, usize> {
    // As many as are followed to find the packet.
    for _ in 0..16 {
        match kind {
            HeaderKind::Ip if bytes.u8(start).is_some_and(|first| matches!(first >> 4, 4 | 6)) => return Ok(start),
            HeaderKind::Ip | HeaderKind::Other(_) => return Err(start),
            _ => {}
        }
        let mut header = HeaderLayer::new(name(kind), bytes, start);
        let Some((len, next)) = kind.step(bytes, start) else {
            fields(kind, &mut header, 0);
            header.cut(layers);
            return Err(bytes.end);
        };
        fields(kind, &mut header, len);
        if len > 0 {
            start = header.finish(len, layers);
        }
        kind = next;
    }
    Err(start)
}

const fn name(kind: HeaderKind) -> FieldName {
    match kind {
        HeaderKind::Ethernet => FieldName::Ethernet,
        HeaderKind::Vlan => FieldName::Vlan,
        HeaderKind::Llc => FieldName::Llc,
        HeaderKind::Cooked => FieldName::LinuxCooked1,
        HeaderKind::Cooked2 => FieldName::LinuxCooked2,
        HeaderKind::Loopback { .. } => FieldName::Loopback,
        HeaderKind::Ppp | HeaderKind::PppOrHdlc => FieldName::Ppp,
        HeaderKind::Direction => FieldName::Direction,
        HeaderKind::Pppoe => FieldName::Pppoe,
        HeaderKind::Hdlc => FieldName::Hdlc,
        HeaderKind::FrameRelay => FieldName::FrameRelay,
        HeaderKind::Mpls => FieldName::Mpls,
        HeaderKind::ControlWord => FieldName::ControlWord,
        HeaderKind::Gre => FieldName::Gre,
        HeaderKind::Erspan => FieldName::Erspan,
        HeaderKind::Wifi => FieldName::Wifi,
        HeaderKind::Radiotap => FieldName::Radiotap,
        HeaderKind::Prism => FieldName::Prism,
        HeaderKind::Avs => FieldName::Avs,
        HeaderKind::Ppi => FieldName::Ppi,
        HeaderKind::Hardware { .. } | HeaderKind::Ip | HeaderKind::Other(_) => FieldName::Link,
    }
}

/// The fields of a header of `len` bytes, or of as much of it as was captured.
fn fields(kind: HeaderKind, header: &mut HeaderLayer<'_>, len: usize) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    match kind {
        HeaderKind::Ethernet => {
            header.field(FieldName::Destination, 0, 6, hex)?;
            header.field(FieldName::Source, 6, 6, hex)?;
            ethertype(header, FieldName::Type, 12)?;
        }
        HeaderKind::Vlan => {
            let tag = bytes.u16(start)?;
            header.field(FieldName::Priority, 0, 2, |_| (tag >> 13).to_string())?;
            header.field(FieldName::VlanId, 0, 2, |_| (tag & 0xfff).to_string())?;
            ethertype(header, FieldName::Type, 2)?;
        }
        HeaderKind::Llc => llc(header, len)?,
        HeaderKind::Cooked => cooked(header)?,
        HeaderKind::Cooked2 => cooked2(header)?,
        HeaderKind::Loopback { openbsd } => loopback(header, openbsd)?,
        HeaderKind::Ppp => ppp(header, len)?,
        HeaderKind::Direction => drop(header.number(FieldName::Direction, 0, 1)?),
        HeaderKind::Pppoe => {
            header.field(FieldName::VersionAndType, 0, 1, hex)?;
            header.number(FieldName::Code, 1, 1)?;
            header.field(FieldName::Session, 2, 2, super::hex_number)?;
            header.number(FieldName::Length, 4, 2)?;
        }
        HeaderKind::Hdlc => {
            header.field(FieldName::Address, 0, 1, hex)?;
            header.field(FieldName::Control, 1, 1, hex)?;
            ethertype(header, FieldName::Protocol, 2)?;
        }
        HeaderKind::FrameRelay => {
            header.field(FieldName::Address, 0, 2, hex)?;
            header.field(FieldName::Contents, 2, len.checked_sub(2)?, hex)?;
        }
        HeaderKind::Mpls => mpls(header)?,
        HeaderKind::ControlWord => drop(header.number(FieldName::SequenceNumber, 2, 2)?),
        HeaderKind::Gre => gre(header)?,
        HeaderKind::Wifi => wifi(header)?,
        HeaderKind::Hardware { ethertype: at, .. } => ethertype(header, FieldName::Type, at)?,
        HeaderKind::Radiotap | HeaderKind::Prism | HeaderKind::Avs | HeaderKind::Ppi | HeaderKind::Erspan => {
            header.field(FieldName::Length, 0, len, |_| FieldValue::Bytes(len))?;
        }
        HeaderKind::PppOrHdlc | HeaderKind::Ip | HeaderKind::Other(_) => {}
    }
    Some(())
}

fn llc(header: &mut HeaderLayer<'_>, len: usize) -> Option<()> {
    header.field(FieldName::DestinationAccessPoint, 0, 1, hex)?;
    header.field(FieldName::SourceAccessPoint, 1, 1, hex)?;
    header.field(FieldName::Control, 2, 1, hex)?;
    if len == 8 {
        header.field(FieldName::Organization, 3, 3, hex)?;
        ethertype(header, FieldName::Type, 6)?;
    }
    Some(())
}

fn cooked(header: &mut HeaderLayer<'_>) -> Option<()> {
    let kind = header.bytes.u16(header.start)?;
    header.field(FieldName::PacketType, 0, 2, |_| FieldValue::PacketType(kind))?;
    header.number(FieldName::DeviceType, 2, 2)?;
    let len = header.number(FieldName::AddressLength, 4, 2).map(address_len)?;
    header.field(FieldName::Address, 6, len, hex)?;
    ethertype(header, FieldName::Protocol, 14)?;
    Some(())
}

fn cooked2(header: &mut HeaderLayer<'_>) -> Option<()> {
    ethertype(header, FieldName::Protocol, 0)?;
    header.number(FieldName::InterfaceIndex, 4, 4)?;
    header.number(FieldName::DeviceType, 8, 2)?;
    let kind = header.bytes.u8(header.start + 10)?;
    header.field(FieldName::PacketType, 10, 1, |_| FieldValue::PacketType(u16::from(kind)))?;
    let len = header.number(FieldName::AddressLength, 11, 1).map(address_len)?;
    header.field(FieldName::Address, 12, len, hex)?;
    Some(())
}

fn loopback(header: &mut HeaderLayer<'_>, openbsd: bool) -> Option<()> {
    // In the byte order of the capturing machine, unless OpenBSD wrote it: a family is a small number.
    let family = match header.bytes.u32(header.start)? {
        small if openbsd || small < 0x1_0000 => small,
        large => large.swap_bytes(),
    };
    header.field(FieldName::Family, 0, 4, |_| family.to_string())?;
    Some(())
}

fn ppp(header: &mut HeaderLayer<'_>, len: usize) -> Option<()> {
    // The protocol has one byte or two; address and control before it have two.
    let before = len.saturating_sub(1) & !1;
    if before > 0 {
        header.field(FieldName::AddressAndControl, 0, before, hex)?;
    }
    header.field(FieldName::Protocol, before, len - before, |bytes| {
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u16::from(*byte));
        named(format!("{value:#06x}"), unread::ppp(value))
    })?;
    Some(())
}

fn mpls(header: &mut HeaderLayer<'_>) -> Option<()> {
    let label = header.bytes.u32(header.start)?;
    header.field(FieldName::Label, 0, 3, |_| (label >> 12).to_string())?;
    header.field(FieldName::TrafficClass, 2, 1, |_| (label >> 9 & 7).to_string())?;
    header.field(FieldName::BottomOfStack, 2, 1, |_| (label >> 8 & 1).to_string())?;
    header.number(FieldName::TimeToLive, 3, 1)?;
    Some(())
}

fn wifi(header: &mut HeaderLayer<'_>) -> Option<()> {
    header.field(FieldName::FrameControl, 0, 2, hex)?;
    header.field(FieldName::Duration, 2, 2, hex)?;
    for (name, at) in [(FieldName::Address1, 4), (FieldName::Address2, 10), (FieldName::Address3, 16)] {
        header.field(name, at, 6, hex)?;
    }
    header.field(FieldName::SequenceControl, 22, 2, hex)?;
    Some(())
}

fn gre(header: &mut HeaderLayer<'_>) -> Option<()> {
    const OPTIONAL: [(FieldName, u16); 3] =
        [(FieldName::Checksum, 0x8000), (FieldName::Key, 0x2000), (FieldName::SequenceNumber, 0x1000)];
    let flags = header.bytes.u16(header.start)?;
    let field = header.field(FieldName::Flags, 0, 2, super::hex_number)?;
    let both = field.bytes.clone();
    for (name, value) in OPTIONAL {
        field.parts.push(bit(name, flags & value != 0, &both));
    }
    ethertype(header, FieldName::Protocol, 2)?;
    let mut at = 4;
    for (name, value) in OPTIONAL {
        if flags & value != 0 {
            header.field(name, at, 4, hex)?;
            at += 4;
        }
    }
    Some(())
}

/// An `EtherType`; up to 1500 it is the length of the frame (IEEE 802.3).
fn ethertype(header: &mut HeaderLayer<'_>, name: FieldName, at: usize) -> Option<()> {
    let number = header.bytes.u16(header.start + at)?;
    let text = match number {
        ..=1500 if name == FieldName::Type => FieldValue::Bytes(usize::from(number)),
        _ => named(format!("{number:#06x}"), unread::ether_type(number)).into(),
    };
    header.field(name, at, 2, |_| text).map(drop)
}

fn named(number: String, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{number} {name}"),
        None => number,
    }
}

/// The field has room for eight bytes of the address.
fn address_len(len: u64) -> usize {
    usize::try_from(len).map_or(8, |len| len.min(8))
}
