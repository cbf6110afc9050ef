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

/// The fixed fields; `None` if they are cut off.
fn fields(header: &mut HeaderLayer<'_>, ip: &Ip) -> Option<()> {
    let (bytes, start) = (header.bytes, header.start);
    header.number("Source port", 0, 2)?;
    header.number("Destination port", 2, 2)?;
    header.number("Sequence number", 4, 4)?;
    header.number("Acknowledgment number", 8, 4)?;
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
    header.number("Window", 14, 2)?;
    header.checksum(16, transport::checksum(bytes, ip))?;
    header.number("Urgent pointer", 18, 2).map(drop)
}

/// The name of an option that is not read further (IANA, "TCP Option Kind Numbers").
const fn option_name(kind: u8) -> &'static str {
    match kind {
        2 => "Maximum segment size",
        3 => "Window scale",
        4 => "SACK permitted",
        5 => "SACK",
        8 => "Timestamps",
        19 => "MD5 signature",
        28 => "User timeout",
        29 => "Authentication",
        30 => "Multipath TCP",
        34 => "Fast open cookie",
        69 => "Encryption negotiation",
        172 | 174 => "Accurate ECN",
        253 | 254 => "Experiment",
        _ => "Option",
    }
}

fn option(header: &mut HeaderLayer<'_>, found: &RawOption) -> Option<()> {
    let (bytes, place) = (header.bytes, found.start);
    let at = place - header.start;
    let Some(len) = found.len else {
        header.field("Option", at, 1, |bytes| format!("{} broken", bytes[0]));
        return None;
    };
    let part = |name, at: usize, len: usize, value: u32| {
        PacketField::new(name, value.to_string(), place + at..place + at + len)
    };
    let (name, value, parts) = match found.read(bytes) {
        Some(TcpOption::Mss(mss)) => ("Maximum segment size", mss.to_string(), vec![]),
        Some(TcpOption::WindowScale(shift)) => {
            ("Window scale", shift.to_string(), vec![part("Multiplier", 2, 1, 1 << shift.min(14))])
        }
        Some(TcpOption::SackPermitted) => ("SACK permitted", String::new(), vec![]),
        Some(TcpOption::Sack(..)) => {
            let blocks = (2..len).step_by(8).map(|at| Some((at, bytes.u32(place + at)?, bytes.u32(place + at + 4)?)));
            let blocks: Vec<_> = blocks.collect::<Option<_>>()?;
            let text: Vec<_> = blocks.iter().map(|(_, left, right)| format!("{left}-{right}")).collect();
            let edges = |(at, left, right)| [part("Left edge", at, 4, left), part("Right edge", at + 4, 4, right)];
            ("SACK", text.join(" "), blocks.into_iter().flat_map(edges).collect())
        }
        Some(TcpOption::Timestamps(value, echo)) => {
            let parts = vec![part("Value", 2, 4, value), part("Echo reply", 6, 4, echo)];
            ("Timestamps", format!("{value} {echo}"), parts)
        }
        Some(TcpOption::Other { kind, len }) => {
            let data = bytes.get(place + 2..place + usize::from(len))?;
            let shown = if data.is_empty() { String::new() } else { format!(": {}", hex(data)) };
            (option_name(kind), format!("kind {kind}, {len} bytes{shown}"), vec![])
        }
        None => (if found.kind == 0 { "End of options" } else { "No operation" }, String::new(), vec![]),
    };
    header.field(name, at, len, |_| value)?.parts = parts;
    Some(())
}
