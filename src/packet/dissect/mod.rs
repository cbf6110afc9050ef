//! The detail tree of a frame: every layer, every field, and the bytes in which it stands.
//!
//! It uses the same header readers as [`mod@super::decode`]. Total over any bytes: the tree ends where the frame is cut off.

mod icmp;
mod ip;
mod link;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use std::ops::Range;

use super::bytes::Bytes;
use super::encapsulation::HeaderKind;
use super::link::LinkType;
use crate::domain::dissection::{Layer, PacketField};
use crate::domain::excerpt::sanitise;
use crate::domain::{ChecksumStatus, FieldName, FieldValue};

/// The layers of a frame.
pub fn dissect(link: LinkType, frame: &[u8]) -> Vec<Layer> {
    let mut layers = Vec::new();
    let mut next = Some(Tunnelled { kind: HeaderKind::first(link), bytes: Bytes::of(frame), start: 0 });
    for _ in 0..TUNNELS {
        let Some(Tunnelled { kind, bytes, start }) = next.take() else { return layers };
        match link::layers(kind, bytes, start, &mut layers) {
            Ok(start) => next = ip::layers(bytes, start, DEPTH, &mut layers),
            Err(end) => payload(bytes, end, &mut layers),
        }
    }
    if let Some(Tunnelled { bytes, start, .. }) = next {
        payload(bytes, start, &mut layers);
    }
    layers
}

/// How many levels of quoted packets are read.
const DEPTH: u8 = 2;
/// How many packets in packets are read.
const TUNNELS: u8 = 16;

/// What an IP packet carries, if that is a packet or frame again.
struct Tunnelled<'a> {
    kind: HeaderKind,
    bytes: Bytes<'a>,
    start: usize,
}

/// The header of one layer while it is being read.
struct HeaderLayer<'a> {
    bytes: Bytes<'a>,
    start: usize,
    layer: Layer,
}

impl<'a> HeaderLayer<'a> {
    fn new(name: FieldName, bytes: Bytes<'a>, start: usize) -> Self {
        let start = start.min(bytes.end);
        Self { bytes, start, layer: Layer { name, bytes: start..start, fields: Vec::new() } }
    }

    /// Adds the field of `len` bytes at `at`, counted from the header's beginning, as `show` writes it. `None` if it is cut
    /// off.
    fn field<V: Into<FieldValue>>(
        &mut self,
        name: FieldName,
        at: usize,
        len: usize,
        show: impl FnOnce(&[u8]) -> V,
    ) -> Option<&mut PacketField> {
        let range = self.start + at..self.start + at + len;
        let value = show(self.bytes.get(range.clone())?);
        self.layer.bytes.end = self.layer.bytes.end.max(range.end);
        self.layer.fields.push(PacketField::new(name, value, range));
        self.layer.fields.last_mut()
    }

    /// Adds the number in the `len` bytes at `at`, and returns it.
    fn number(&mut self, name: FieldName, at: usize, len: usize) -> Option<u64> {
        let bytes = self.bytes.get(self.start + at..self.start + at + len)?;
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        self.field(name, at, len, |_| value.to_string())?;
        Some(value)
    }

    /// Adds a checksum and whether it is right.
    fn checksum(&mut self, at: usize, judged: ChecksumStatus) -> Option<()> {
        let field = self.field(FieldName::Checksum, at, 2, hex_number)?;
        let bytes = field.bytes.clone();
        field.parts.push(PacketField::new(FieldName::Status, FieldValue::Checksum(judged), bytes));
        Some(())
    }

    /// Ends the header after `len` bytes, or where the bytes end.
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

/// The bytes after the last header that is read.
fn payload(bytes: Bytes<'_>, start: usize, layers: &mut Vec<Layer>) {
    /// How many bytes are shown as text; the hex dump has all of them.
    const SHOWN: usize = 256;
    let Some(data @ [_, ..]) = bytes.get(start..bytes.end) else { return };
    let range = start..bytes.end;
    let fields = vec![
        PacketField::new(FieldName::Length, data.len().to_string(), range.clone()),
        PacketField::new(FieldName::Data, sanitise(&data[..data.len().min(SHOWN)]), range.clone()),
    ];
    layers.push(Layer { name: FieldName::Payload, bytes: range, fields });
}

/// Bytes as pairs of hexadecimal digits with colons between.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// Two bytes as a hexadecimal number.
fn hex_number(bytes: &[u8]) -> String {
    format!("0x{}", hex(bytes).replace(':', ""))
}

/// One bit, as 1 or 0.
fn bit(name: FieldName, set: bool, bytes: &Range<usize>) -> PacketField {
    PacketField::new(name, if set { "1" } else { "0" }, bytes.clone())
}
