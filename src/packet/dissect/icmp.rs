//! ICMP and `ICMPv6`, with the packet that an error quotes (RFC 792, RFC 4443).

use super::{Bytes, HeaderLayer, ip, payload};
use crate::domain::dissection::Layer;
use crate::packet::network::{Ip, protocol};
use crate::packet::transport::{self, IcmpHeader};

pub(super) fn layers(bytes: Bytes<'_>, ip: &Ip, depth: u8, layers: &mut Vec<Layer>) {
    let v6 = ip.protocol == protocol::ICMPV6;
    let mut header = HeaderLayer::new(if v6 { "ICMPv6" } else { "ICMP" }, bytes, ip.start);
    let shown = fields(&mut header, ip, v6);
    let (Some(()), Some(icmp)) = (shown, IcmpHeader::read(bytes, ip)) else { return header.cut(layers) };
    let end = header.finish(IcmpHeader::LEN, layers);
    if icmp.quotes() && depth > 0 {
        ip::layers(bytes, end, depth - 1, layers);
    } else {
        payload(bytes, end, layers);
    }
}

/// The fixed fields; `None` if they are cut off.
fn fields(header: &mut HeaderLayer<'_>, ip: &Ip, v6: bool) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    let (kind, code) = bytes.u8(start).zip(bytes.u8(start + 1))?;
    header.field("Type", 0, 1, |_| format!("{kind}{}", type_name(v6, kind)))?;
    header.field("Code", 1, 1, |_| format!("{code}{}", code_name(v6, kind, code)))?;
    header.checksum(2, transport::checksum(bytes, ip))?;
    match (v6, kind) {
        (false, 0 | 8) | (true, 128 | 129) => {
            header.number("Identifier", 4, 2)?;
            header.number("Sequence number", 6, 2).map(drop)
        }
        (false, 3) if code == 4 => header.number("Next-hop MTU", 6, 2).map(drop),
        (true, 2) => header.number("MTU", 4, 4).map(drop),
        _ => header.field("Rest", 4, 4, super::hex).map(drop),
    }
}

/// The name of a type, after a space; empty if it has none here.
const fn type_name(v6: bool, kind: u8) -> &'static str {
    match (v6, kind) {
        (false, 0) | (true, 129) => " echo reply",
        (false, 3) | (true, 1) => " destination unreachable",
        (false, 4) => " source quench",
        (false, 5) => " redirect",
        (false, 8) | (true, 128) => " echo request",
        (false, 11) | (true, 3) => " time exceeded",
        (false, 12) | (true, 4) => " parameter problem",
        (true, 2) => " packet too big",
        (true, 133) => " router solicitation",
        (true, 134) => " router advertisement",
        (true, 135) => " neighbor solicitation",
        (true, 136) => " neighbor advertisement",
        _ => "",
    }
}

/// The same for a code.
const fn code_name(v6: bool, kind: u8, code: u8) -> &'static str {
    match (v6, kind, code) {
        (false, 3, 0) => " network unreachable",
        (false, 3, 1) => " host unreachable",
        (false, 3, 2) => " protocol unreachable",
        (false, 3, 3) | (true, 1, 4) => " port unreachable",
        (false, 3, 4) => " fragmentation needed",
        (false, 3, 9 | 10 | 13) | (true, 1, 1) => " administratively prohibited",
        (true, 1, 0) => " no route to destination",
        (true, 1, 3) => " address unreachable",
        (false, 11, 0) => " TTL exceeded in transit",
        (true, 3, 0) => " hop limit exceeded in transit",
        (false, 11, 1) | (true, 3, 1) => " fragment reassembly time exceeded",
        _ => "",
    }
}
