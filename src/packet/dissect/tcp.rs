//! TCP with its options (RFC 9293 §3.1).

use super::{Bytes, HeaderLayer, bit, hex, payload};
use crate::domain::TcpOption;
use crate::domain::dissection::{Layer, PacketField};
use crate::packet::network::Ip;
use crate::packet::transport::{self, RawOption, TcpHeader};

/// The control bits, from the highest. AE is RFC 9768's.
const FLAGS: [(&str, u16); 9] = [
    ("AE", 0x100),
    ("CWR", 0x080),
    ("ECE", 0x040),
    ("URG", 0x020),
    ("ACK", 0x010),
    ("PSH", 0x008),
    ("RST", 0x004),
    ("SYN", 0x002),
    ("FIN", 0x001),
];

pub(super) fn layers(bytes: Bytes<'_>, ip: &Ip, layers: &mut Vec<Layer>) {
    let mut header = HeaderLayer::new("TCP", bytes, ip.start);
    let shown = fields(&mut header, ip);
    let (Some(()), Some(tcp)) = (shown, TcpHeader::read(bytes, ip)) else { return header.cut(layers) };
    for found in tcp.options(bytes, ip) {
        option(&mut header, &found);
    }
    let end = header.finish(tcp.len, layers);
    payload(bytes, end, layers);
}

/// The fixed fields; `None` where they are cut off.
fn fields(header: &mut HeaderLayer<'_>, ip: &Ip) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    header.u16("Source port", 0)?;
    header.u16("Destination port", 2)?;
    header.u32("Sequence number", 4)?;
    header.u32("Acknowledgment number", 8)?;
    let word = bytes.u16(start + 12)?;
    let len = usize::from(word >> 12) * 4;
    header.field("Header length", 12, 1, |_| format!("{len} bytes"))?;
    let set: Vec<&str> = FLAGS.iter().filter(|(_, bit)| word & bit != 0).map(|(name, _)| *name).collect();
    let named = if set.is_empty() { "-".to_owned() } else { set.join("+") };
    let flags = header.field("Flags", 12, 2, |_| format!("{:#05x} {named}", word & 0x1ff))?;
    let both = flags.bytes.clone();
    for (name, value) in FLAGS {
        // The ninth bit is in the first of the two bytes.
        let byte = if value == 0x100 { both.start..both.start + 1 } else { both.start + 1..both.end };
        flags.parts.push(bit(name, word & value != 0, &byte));
    }
    header.u16("Window", 14)?;
    header.checksum(16, transport::checksum(bytes, ip))?;
    header.u16("Urgent pointer", 18)?;
    Some(())
}

fn option(header: &mut HeaderLayer<'_>, found: &RawOption) -> Option<()> {
    let (bytes, place) = (header.bytes, found.start);
    let at = place - header.start;
    let Some(len) = found.len else {
        header.field("Option", at, 1, |bytes| format!("{} broken", bytes[0]));
        return None;
    };
    let part = |name, at: usize, len: usize, value: String| PacketField::new(name, value, place + at..place + at + len);
    match found.read(bytes) {
        Some(TcpOption::Mss(mss)) => {
            header.field("Maximum segment size", at, len, |_| mss.to_string())?;
        }
        Some(TcpOption::WindowScale(shift)) => {
            let field = header.field("Window scale", at, len, |_| shift.to_string())?;
            field.parts.push(part("Multiplier", 2, 1, (1_u32 << shift.min(14)).to_string()));
        }
        Some(TcpOption::SackPermitted) => {
            header.field("SACK permitted", at, len, |_| String::new())?;
        }
        Some(TcpOption::Sack(..)) => {
            let blocks = (2..len).step_by(8).map(|n| bytes.u32(place + n).zip(bytes.u32(place + n + 4)));
            let edges: Vec<(u32, u32)> = blocks.collect::<Option<_>>()?;
            let text = edges.iter().map(|(left, right)| format!("{left}-{right}")).collect::<Vec<_>>().join(" ");
            let field = header.field("SACK", at, len, |_| text)?;
            for (n, (left, right)) in edges.iter().enumerate() {
                field.parts.push(part("Left edge", 2 + n * 8, 4, left.to_string()));
                field.parts.push(part("Right edge", 6 + n * 8, 4, right.to_string()));
            }
        }
        Some(TcpOption::Timestamps(value, echo)) => {
            let field = header.field("Timestamps", at, len, |_| format!("{value} {echo}"))?;
            field.parts.push(part("Value", 2, 4, value.to_string()));
            field.parts.push(part("Echo reply", 6, 4, echo.to_string()));
        }
        None => {
            let (name, show): (_, fn(&[u8]) -> String) = match found.kind {
                0 => ("End of options", |_| String::new()),
                1 => ("No operation", |_| String::new()),
                19 => ("MD5 signature", hex),
                28 => ("User timeout", hex),
                29 => ("Authentication", hex),
                30 => ("Multipath TCP", hex),
                34 => ("Fast open cookie", hex),
                _ => ("Option", hex),
            };
            header.field(name, at, len, show)?;
        }
    }
    Some(())
}
