//! UDP (RFC 768).

use super::{Bytes, Checksum, Header, Pseudo, payload};
use crate::domain::dissection::Layer;

pub(super) fn layers(bytes: Bytes<'_>, start: usize, pseudo: Pseudo, layers: &mut Vec<Layer>) {
    let mut header = Header::new("UDP", bytes, start);
    let Some(len) = fields(&mut header, pseudo) else { return header.cut(layers) };
    let end = header.finish(8, layers);
    // A length of 0 is that of a datagram too long for the field (RFC 2675).
    let inside = if len < 8 { bytes } else { bytes.until(start + len) };
    payload(inside, end, layers);
}

fn fields(header: &mut Header<'_>, pseudo: Pseudo) -> Option<usize> {
    let (bytes, start) = (header.bytes, header.start);
    header.u16("Source port", 0)?;
    header.u16("Destination port", 2)?;
    let len = usize::from(header.u16("Length", 4)?);
    let worth = match bytes.u16(start + 6)? {
        0 => Checksum::Unknown,
        _ => pseudo.judge(bytes, start, 6, len),
    };
    header.checksum(6, worth)?;
    Some(len)
}
