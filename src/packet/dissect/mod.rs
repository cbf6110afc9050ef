//! A frame taken apart for the detail tree: every layer, every field, and the bytes that it stands in.
//!
//! It finds its way with the same header readers as [`mod@super::decode`]. Total over any bytes: what is cut off ends the
//! tree.

mod icmp;
mod ip;
mod link;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use std::ops::Range;

use super::bytes::Bytes;
use super::checksum::Checksum;
use super::link::LinkType;
use crate::domain::dissection::{Layer, PacketField};
use crate::domain::excerpt::sanitise;

/// Takes a frame apart.
pub fn dissect(link: LinkType, frame: &[u8]) -> Vec<Layer> {
    let mut layers = Vec::new();
    let bytes = Bytes::of(frame);
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

/// The header of one layer while it is being read.
struct HeaderLayer<'a> {
    bytes: Bytes<'a>,
    start: usize,
    layer: Layer,
}

impl<'a> HeaderLayer<'a> {
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

    /// Adds a checksum and whether it is right.
    fn checksum(&mut self, at: usize, judged: Checksum) -> Option<()> {
        let value = self.bytes.u16(self.start + at)?;
        let field = self.field("Checksum", at, 2, |_| format!("{value:#06x}"))?;
        let status = match judged {
            Checksum::Right => "right",
            Checksum::Partial => "partial",
            Checksum::Wrong => "wrong",
            Checksum::Unknown => "unknown",
        };
        let bytes = field.bytes.clone();
        field.parts.push(PacketField::new("Status", status, bytes));
        Some(())
    }

    /// Ends the header where it says that it ends, or where the bytes do.
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

/// The bytes that no protocol here takes apart any further.
fn payload(bytes: Bytes<'_>, start: usize, layers: &mut Vec<Layer>) {
    /// How much of it is shown as text; the dump has all of it.
    const SHOWN: usize = 256;
    let Some(data @ [_, ..]) = bytes.get(start..bytes.end) else { return };
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

/// One bit, as 1 or 0.
fn bit(name: &'static str, set: bool, bytes: &Range<usize>) -> PacketField {
    PacketField::new(name, if set { "1" } else { "0" }, bytes.clone())
}
