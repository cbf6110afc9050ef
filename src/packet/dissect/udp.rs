//! UDP (RFC 768).

use super::{Bytes, HeaderLayer, payload};
use crate::domain::FieldName;
use crate::domain::dissection::Layer;
use crate::packet::network::Ip;
use crate::packet::transport::{self, UdpHeader};

pub(super) fn layers(bytes: Bytes<'_>, ip: &Ip, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new(FieldName::Udp, bytes, ip.start);
    let shown = fields(&mut header, ip);
    let (Some(()), Some(UdpHeader { len, .. })) = (shown, UdpHeader::read(bytes, ip)) else {
        return header.cut(layers);
    };
    let end = header.finish(UdpHeader::LEN, layers);
    payload(len.map_or(bytes, |len| bytes.until(ip.start + len)), end, layers);
}

fn fields(header: &mut HeaderLayer<'_>, ip: &Ip) -> Option<()> {
    header.number(FieldName::SourcePort, 0, 2)?;
    header.number(FieldName::DestinationPort, 2, 2)?;
    header.number(FieldName::Length, 4, 2)?;
    header.checksum(6, transport::checksum(header.bytes, ip))
}
