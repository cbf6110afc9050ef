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

/// The fixed fields; `None` where they are cut off.
fn fields(header: &mut HeaderLayer<'_>, ip: &Ip, v6: bool) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    let (kind, code) = bytes.u8(start).zip(bytes.u8(start + 1))?;
    header.field("Type", 0, 1, |_| format!("{kind}{}", if v6 { type_v6(kind) } else { type_v4(kind) }))?;
    let name = if v6 { code_v6(kind, code) } else { code_v4(kind, code) };
    header.field("Code", 1, 1, |_| format!("{code}{name}"))?;
    header.checksum(2, transport::checksum(bytes, ip))?;
    match (v6, kind) {
        (false, 0 | 8) | (true, 128 | 129) => {
            header.u16("Identifier", 4)?;
            header.u16("Sequence number", 6)?;
        }
        (false, 3) if code == 4 => {
            header.u16("Next-hop MTU", 6)?;
        }
        (true, 2) => {
            header.u32("MTU", 4)?;
        }
        _ => {
            header.field("Rest", 4, 4, super::hex)?;
        }
    }
    Some(())
}

const fn type_v4(kind: u8) -> &'static str {
    match kind {
        0 => " echo reply",
        3 => " destination unreachable",
        4 => " source quench",
        5 => " redirect",
        8 => " echo request",
        11 => " time exceeded",
        12 => " parameter problem",
        _ => "",
    }
}

const fn code_v4(kind: u8, code: u8) -> &'static str {
    match (kind, code) {
        (3, 0) => " network unreachable",
        (3, 1) => " host unreachable",
        (3, 2) => " protocol unreachable",
        (3, 3) => " port unreachable",
        (3, 4) => " fragmentation needed",
        (3, 9 | 10 | 13) => " administratively prohibited",
        (11, 0) => " TTL exceeded in transit",
        (11, 1) => " fragment reassembly time exceeded",
        _ => "",
    }
}

const fn type_v6(kind: u8) -> &'static str {
    match kind {
        1 => " destination unreachable",
        2 => " packet too big",
        3 => " time exceeded",
        4 => " parameter problem",
        128 => " echo request",
        129 => " echo reply",
        133 => " router solicitation",
        134 => " router advertisement",
        135 => " neighbor solicitation",
        136 => " neighbor advertisement",
        _ => "",
    }
}

const fn code_v6(kind: u8, code: u8) -> &'static str {
    match (kind, code) {
        (1, 0) => " no route to destination",
        (1, 1) => " administratively prohibited",
        (1, 3) => " address unreachable",
        (1, 4) => " port unreachable",
        (3, 0) => " hop limit exceeded in transit",
        (3, 1) => " fragment reassembly time exceeded",
        _ => "",
    }
}
