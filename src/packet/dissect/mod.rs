//! A frame taken apart for the detail tree: every layer, every field, and the bytes that it stands in.
//!
//! Written by hand and not with the parsing crate, which does not tell where in the packet a field is. Total over any
//! bytes: what is cut off ends the tree. A test holds it to what [`mod@super::decode`] reads.

mod icmp;
mod ip;
mod link;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::checksum::{self, Checksum};
use super::link::LinkType;
use crate::domain::dissection::{Layer, PacketField};
use crate::domain::excerpt::sanitise;

/// Takes a frame apart.
pub fn dissect(link: LinkType, frame: &[u8]) -> Vec<Layer> {
    let mut layers = Vec::new();
    let bytes = Bytes { all: frame, end: frame.len() };
    if let Some(start) = link::layers(link, bytes, &mut layers) {
        ip::layers(bytes, start, DEPTH, &mut layers);
    } else if let Some(last) = layers.last().map(|layer| layer.bytes.end) {
        payload(bytes, last, &mut layers);
    } else {
        payload(bytes, 0, &mut layers);
    }
    layers
}

/// How many packets may be quoted inside each other.
const DEPTH: u8 = 2;

/// The bytes of a frame, up to where the layer that is read says that it ends.
#[derive(Clone, Copy)]
struct Bytes<'a> {
    all: &'a [u8],
    end: usize,
}

impl<'a> Bytes<'a> {
    fn get(self, range: Range<usize>) -> Option<&'a [u8]> {
        self.all.get(range.clone()).filter(|_| range.end <= self.end)
    }

    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.get(at..at.checked_add(N)?)?.first_chunk().copied()
    }

    fn u8(self, at: usize) -> Option<u8> {
        self.array::<1>(at).map(|[byte]| byte)
    }

    fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// The same bytes, of which those from `end` on belong to nobody.
    fn until(self, end: usize) -> Self {
        Self { end: end.min(self.end), ..self }
    }

    fn ip(self, at: usize, v6: bool) -> Option<IpAddr> {
        Some(if v6 {
            Ipv6Addr::from(self.array::<16>(at)?).into()
        } else {
            Ipv4Addr::from(self.array::<4>(at)?).into()
        })
    }
}

/// The header of one layer, which is being read.
struct Header<'a> {
    bytes: Bytes<'a>,
    start: usize,
    layer: Layer,
}

impl<'a> Header<'a> {
    fn new(name: &'static str, bytes: Bytes<'a>, start: usize) -> Self {
        let start = start.min(bytes.end);
        Self { bytes, start, layer: Layer { name, bytes: start..start, fields: Vec::new() } }
    }

    /// Adds the field of `len` bytes at `at`, counted from the header's beginning, as `show` writes it; `None` where it is
    /// cut off.
    fn field(
        &mut self,
        name: &'static str,
        at: usize,
        len: usize,
        show: impl FnOnce(&[u8]) -> String,
    ) -> Option<&mut PacketField> {
        let range = self.start + at..self.start + at + len;
        let value = show(self.bytes.get(range.clone())?);
        self.layer.bytes.end = self.layer.bytes.end.max(range.end);
        self.layer.fields.push(PacketField::new(name, value, range));
        self.layer.fields.last_mut()
    }

    fn u8(&mut self, name: &'static str, at: usize) -> Option<u8> {
        let value = self.bytes.u8(self.start + at)?;
        self.field(name, at, 1, |_| value.to_string())?;
        Some(value)
    }

    fn u16(&mut self, name: &'static str, at: usize) -> Option<u16> {
        let value = self.bytes.u16(self.start + at)?;
        self.field(name, at, 2, |_| value.to_string())?;
        Some(value)
    }

    fn u32(&mut self, name: &'static str, at: usize) -> Option<u32> {
        let value = self.bytes.u32(self.start + at)?;
        self.field(name, at, 4, |_| value.to_string())?;
        Some(value)
    }

    fn hex16(&mut self, name: &'static str, at: usize) -> Option<u16> {
        let value = self.bytes.u16(self.start + at)?;
        self.field(name, at, 2, |_| format!("{value:#06x}"))?;
        Some(value)
    }

    /// Adds a checksum and what it is worth.
    fn checksum(&mut self, at: usize, worth: Checksum) -> Option<()> {
        let value = self.bytes.u16(self.start + at)?;
        let field = self.field("Checksum", at, 2, |_| format!("{value:#06x}"))?;
        let status = match worth {
            Checksum::Right => "right",
            Checksum::Partial => "partial",
            Checksum::Wrong => "wrong",
            Checksum::Unknown => "unknown",
        };
        let bytes = field.bytes.clone();
        field.parts.push(PacketField::new("Status", status, bytes));
        Some(())
    }

    /// Ends the header where it says it ends, or where the bytes do.
    fn finish(mut self, len: usize, layers: &mut Vec<Layer>) -> usize {
        let end = (self.start + len).min(self.bytes.end).max(self.layer.bytes.end);
        self.layer.bytes.end = end;
        layers.push(self.layer);
        end
    }

    /// Ends a header that is cut off.
    fn cut(mut self, layers: &mut Vec<Layer>) {
        self.layer.bytes.end = self.bytes.end;
        layers.push(self.layer);
    }
}

/// Whose transport header it is, for its checksum.
#[derive(Clone, Copy)]
struct Pseudo {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    /// How long the transport header and its payload are by the IP header's word.
    len: usize,
    /// Whether that is all of the datagram: no fragment.
    whole: bool,
}

impl Pseudo {
    /// What a checksum field is worth. `len` is how much it covers.
    fn judge(self, bytes: Bytes<'_>, start: usize, at: usize, len: usize) -> Checksum {
        let segment = bytes.get(start..start.saturating_add(len)).filter(|_| self.whole && len > at + 1);
        let Some((segment, field)) = segment.zip(bytes.u16(start + at)) else { return Checksum::Unknown };
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        checksum::judge(field, checksum::pseudo(self.from, self.to, self.protocol, len), segment)
    }
}

/// What nobody takes apart any further.
fn payload(bytes: Bytes<'_>, start: usize, layers: &mut Vec<Layer>) {
    /// How much of it is shown as text; the dump has all of it.
    const SHOWN: usize = 256;
    let Some(data) = bytes.get(start..bytes.end).filter(|data| !data.is_empty()) else { return };
    let range = start..bytes.end;
    let fields = vec![
        PacketField::new("Length", data.len().to_string(), range.clone()),
        PacketField::new("Data", sanitise(&data[..data.len().min(SHOWN)]), range.clone()),
    ];
    layers.push(Layer { name: "Payload", bytes: range, fields });
}

/// Bytes as pairs of hexadecimal digits with colons between.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// `set` or `not set`, for one bit.
fn bit(name: &'static str, set: bool, bytes: &Range<usize>) -> PacketField {
    PacketField::new(name, if set { "1" } else { "0" }, bytes.clone())
}
