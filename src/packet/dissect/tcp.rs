//! TCP with its options (RFC 9293 §3.1).

use super::{Bytes, HeaderLayer, bit, hex, payload};
use crate::domain::dissection::{Layer, PacketField};
use crate::domain::{FieldName, FieldValue, TcpOption};
use crate::packet::network::Ip;
use crate::packet::transport::{self, RawOption, TcpHeader};

/// The control bits, from the highest. AE is RFC 9768's.
const FLAGS: [(FieldName, u16); 9] = [
    (FieldName::Ae, 0x100),
    (FieldName::Cwr, 0x080),
    (FieldName::Ece, 0x040),
    (FieldName::Urg, 0x020),
    (FieldName::Ack, 0x010),
    (FieldName::Psh, 0x008),
    (FieldName::Rst, 0x004),
    (FieldName::Syn, 0x002),
    (FieldName::Fin, 0x001),
];

pub(super) fn layers(bytes: Bytes<'_>, ip: &Ip, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new(FieldName::Tcp, bytes, ip.start);
    let shown = fields(&mut header, ip);
    let (Some(()), Some(tcp)) = (shown, TcpHeader::read(bytes, ip)) else { return header.cut(layers) };
    for found in tcp.options(bytes, ip) {
        option(&mut header, &found);
    }
    let end = header.finish(tcp.len, layers);
    payload(bytes, end, layers);
}

/// The fixed fields; `None` if they are cut off.
fn fields(header: &mut HeaderLayer<'_>, ip: &Ip) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    header.number(FieldName::SourcePort, 0, 2)?;
    header.number(FieldName::DestinationPort, 2, 2)?;
    header.number(FieldName::SequenceNumber, 4, 4)?;
    header.number(FieldName::AcknowledgmentNumber, 8, 4)?;
    let word = bytes.u16(start + 12)?;
    let len = usize::from(word >> 12) * 4;
    header.field(FieldName::HeaderLength, 12, 1, |_| FieldValue::Bytes(len))?;
    let set: Vec<&str> = FLAGS.iter().filter(|(_, bit)| word & bit != 0).map(|(name, _)| name.name()).collect();
    let named = if set.is_empty() { "-".to_owned() } else { set.join("+") };
    let flags = header.field(FieldName::Flags, 12, 2, |_| format!("{:#05x} {named}", word & 0x1ff))?;
    let both = flags.bytes.clone();
    for (name, value) in FLAGS {
        // The ninth bit is in the first of the two bytes.
        let byte = if value == 0x100 { both.start..both.start + 1 } else { both.start + 1..both.end };
        flags.parts.push(bit(name, word & value != 0, &byte));
    }
    header.number(FieldName::Window, 14, 2)?;
    header.checksum(16, transport::checksum(bytes, ip))?;
    header.number(FieldName::UrgentPointer, 18, 2).map(drop)
}

/// The name of an option that is not read further (IANA, "TCP Option Kind Numbers").
const fn option_name(kind: u8) -> FieldName {
    match kind {
        2 => FieldName::MaximumSegmentSize,
        3 => FieldName::WindowScale,
        4 => FieldName::SackPermitted,
        5 => FieldName::Sack,
        8 => FieldName::Timestamps,
        19 => FieldName::Md5Signature,
        28 => FieldName::UserTimeout,
        29 => FieldName::Authentication,
        30 => FieldName::MultipathTcp,
        34 => FieldName::FastOpenCookie,
        69 => FieldName::EncryptionNegotiation,
        172 | 174 => FieldName::AccurateEcn,
        253 | 254 => FieldName::Experiment,
        _ => FieldName::Option,
    }
}

fn option(header: &mut HeaderLayer<'_>, found: &RawOption) -> Option<()> {
    let (bytes, place) = (header.bytes, found.start);
    let at = place - header.start;
    let Some(len) = found.len else {
        header.field(FieldName::Option, at, 1, |bytes| FieldValue::BrokenOption { kind: bytes[0] });
        return None;
    };
    let part = |name, at: usize, len: usize, value: u32| {
        PacketField::new(name, value.to_string(), place + at..place + at + len)
    };
    let (name, value, parts) = match found.read(bytes) {
        Some(TcpOption::Mss(mss)) => (FieldName::MaximumSegmentSize, mss.to_string().into(), vec![]),
        Some(TcpOption::WindowScale(shift)) => (
            FieldName::WindowScale,
            shift.to_string().into(),
            vec![part(FieldName::Multiplier, 2, 1, 1 << shift.min(14))],
        ),
        Some(TcpOption::SackPermitted) => (FieldName::SackPermitted, "".into(), vec![]),
        Some(TcpOption::Sack(..)) => {
            let blocks = (2..len).step_by(8).map(|at| Some((at, bytes.u32(place + at)?, bytes.u32(place + at + 4)?)));
            let blocks: Vec<_> = blocks.collect::<Option<_>>()?;
            let text: Vec<_> = blocks.iter().map(|(_, left, right)| format!("{left}-{right}")).collect();
            let edges = |(at, left, right)| {
                [part(FieldName::LeftEdge, at, 4, left), part(FieldName::RightEdge, at + 4, 4, right)]
            };
            (FieldName::Sack, text.join(" ").into(), blocks.into_iter().flat_map(edges).collect())
        }
        Some(TcpOption::Timestamps(value, echo)) => {
            let parts = vec![part(FieldName::TimestampValue, 2, 4, value), part(FieldName::EchoReply, 6, 4, echo)];
            (FieldName::Timestamps, format!("{value} {echo}").into(), parts)
        }
        Some(TcpOption::Other { kind, len }) => {
            let data = bytes.get(place + 2..place + usize::from(len))?;
            (option_name(kind), FieldValue::Option { kind, len, data: hex(data) }, vec![])
        }
        None => (if found.kind == 0 { FieldName::EndOfOptions } else { FieldName::NoOperation }, "".into(), vec![]),
    };
    header.field(name, at, len, |_| value)?.parts = parts;
    Some(())
}
