//! TCP with its options (RFC 9293 §3.1).

use super::{Bytes, Header, Pseudo, bit, hex, payload};
use crate::domain::dissection::{Layer, PacketField};

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

pub(super) fn layers(bytes: Bytes<'_>, start: usize, pseudo: Pseudo, layers: &mut Vec<Layer>) {
    let mut header = Header::new("TCP", bytes, start);
    let Some(len) = fields(&mut header, pseudo) else { return header.cut(layers) };
    options(&mut header, len);
    let end = header.finish(len, layers);
    payload(bytes, end, layers);
}

/// The fixed fields; how long the header is.
fn fields(header: &mut Header<'_>, pseudo: Pseudo) -> Option<usize> {
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
    header.checksum(16, pseudo.judge(bytes, start, 16, pseudo.len))?;
    header.u16("Urgent pointer", 18)?;
    Some(len.max(20))
}

fn options(header: &mut Header<'_>, end: usize) {
    let bytes = header.bytes;
    let mut at = 20;
    while let Some(kind) = bytes.u8(header.start + at).filter(|_| at < end) {
        if kind <= 1 {
            let name = if kind == 0 { "End of options" } else { "No operation" };
            header.field(name, at, 1, |_| String::new());
            at += 1;
            if kind == 0 {
                return;
            }
            continue;
        }
        let len = usize::from(bytes.u8(header.start + at + 1).unwrap_or(0));
        if len < 2 || at + len > end || option(header, kind, at, len).is_none() {
            // Its length cannot be: nothing after it can be found.
            header.field("Option", at, 1, |bytes| format!("{} broken", bytes[0]));
            return;
        }
        at += len;
    }
}

fn option(header: &mut Header<'_>, kind: u8, at: usize, len: usize) -> Option<()> {
    let (bytes, place) = (header.bytes, header.start + at);
    let part = |name, at: usize, len: usize, value: String| PacketField::new(name, value, place + at..place + at + len);
    match (kind, len) {
        (2, 4) => {
            header.field("Maximum segment size", at, len, |data| u16::from_be_bytes([data[2], data[3]]).to_string())?;
        }
        (3, 3) => {
            let shift = bytes.u8(place + 2)?;
            let field = header.field("Window scale", at, len, |_| shift.to_string())?;
            field.parts.push(part("Multiplier", 2, 1, (1_u32 << shift.min(14)).to_string()));
        }
        (4, 2) => {
            header.field("SACK permitted", at, len, |_| String::new())?;
        }
        (5, 10 | 18 | 26 | 34) => {
            let edges: Option<Vec<(u32, u32)>> =
                (2..len).step_by(8).map(|n| bytes.u32(place + n).zip(bytes.u32(place + n + 4))).collect();
            let edges = edges?;
            let text = edges.iter().map(|(left, right)| format!("{left}-{right}")).collect::<Vec<_>>().join(" ");
            let field = header.field("SACK", at, len, |_| text)?;
            for (n, (left, right)) in edges.iter().enumerate() {
                field.parts.push(part("Left edge", 2 + n * 8, 4, left.to_string()));
                field.parts.push(part("Right edge", 6 + n * 8, 4, right.to_string()));
            }
        }
        (8, 10) => {
            let (value, echo) = bytes.u32(place + 2).zip(bytes.u32(place + 6))?;
            let field = header.field("Timestamps", at, len, |_| format!("{value} {echo}"))?;
            field.parts.push(part("Value", 2, 4, value.to_string()));
            field.parts.push(part("Echo reply", 6, 4, echo.to_string()));
        }
        _ => {
            let name = match kind {
                19 => "MD5 signature",
                28 => "User timeout",
                29 => "Authentication",
                30 => "Multipath TCP",
                34 => "Fast open cookie",
                _ => "Option",
            };
            header.field(name, at, len, hex)?;
        }
    }
    Some(())
}
