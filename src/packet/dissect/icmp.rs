//! ICMP and `ICMPv6`, with the packet that an error quotes (RFC 792, RFC 4443).

use super::{Bytes, HeaderLayer, ip, payload};
use crate::domain::dissection::Layer;
use crate::domain::{FieldName, icmp};
use crate::packet::network::{Ip, protocol};
use crate::packet::transport::{self, IcmpHeader};

pub(super) fn layers(bytes: Bytes<'_>, ip: &Ip, depth: u8, layers: &mut Vec<Layer>) {
    let v6 = ip.protocol == protocol::ICMPV6;
    let mut header = HeaderLayer::new(if v6 { FieldName::Icmpv6 } else { FieldName::Icmp }, bytes, ip.start);
    let shown = fields(&mut header, ip, v6);
    let (Some(()), Some(message)) = (shown, IcmpHeader::read(bytes, ip)) else { return header.cut(layers) };
    let end = header.finish(IcmpHeader::LEN, layers);
    if message.quotes() && depth > 0 {
        if let Some(tunnelled) = ip::layers(bytes, end, depth - 1, layers) {
            payload(tunnelled.bytes, tunnelled.start, layers);
        }
    } else {
        payload(bytes, end, layers);
    }
}

/// The fixed fields; `None` if they are cut off.
fn fields(header: &mut HeaderLayer<'_>, ip: &Ip, v6: bool) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    let (kind, code) = bytes.u8(start).zip(bytes.u8(start + 1))?;
    header.field(FieldName::Type, 0, 1, |_| named(kind, icmp::type_name(v6, kind)))?;
    header.field(FieldName::Code, 1, 1, |_| named(code, icmp::code_name(v6, kind, code)))?;
    header.checksum(2, transport::checksum(bytes, ip))?;
    match (v6, kind) {
        (false, 0 | 8) | (true, 128 | 129) => {
            header.number(FieldName::Identifier, 4, 2)?;
            header.number(FieldName::SequenceNumber, 6, 2).map(drop)
        }
        (false, 3) if code == 4 => header.number(FieldName::NextHopMtu, 6, 2).map(drop),
        (true, 2) => header.number(FieldName::Mtu, 4, 4).map(drop),
        _ => header.field(FieldName::Rest, 4, 4, super::hex).map(drop),
    }
}

/// A number, and its name if it has one.
fn named(number: u8, name: Option<&str>) -> String {
    name.map_or_else(|| number.to_string(), |name| format!("{number} {name}"))
}
