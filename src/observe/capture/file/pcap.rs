//! The classic format: a header of 24 bytes, then for each packet 16 bytes and its frame.

use std::io::Read;

use super::error::CaptureFileError;
use super::input::{ByteOrder, FileInput, LONGEST};
use super::{Interface, Packet};
use crate::domain::FileFlaw;
use crate::packet::{Frame, LinkType};

#[derive(Debug)]
pub(super) struct PcapHeader {
    order: ByteOrder,
    /// Nanoseconds in one unit of the fraction of a second.
    unit: u64,
    pub(super) interface: Interface,
}

const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;

impl PcapHeader {
    pub(super) fn read<R: Read>(magic: [u8; 4], input: &mut FileInput<R>) -> Result<Self, CaptureFileError> {
        let (order, unit) = match (u32::from_be_bytes(magic), u32::from_le_bytes(magic)) {
            (MICROS, _) => (ByteOrder::Big, 1_000),
            (NANOS, _) => (ByteOrder::Big, 1),
            (_, MICROS) => (ByteOrder::Little, 1_000),
            (_, NANOS) => (ByteOrder::Little, 1),
            _ => return Err(CaptureFileError::NotACapture),
        };
        let rest: [u8; 20] = input.array()?;
        // The upper half may describe a frame check sequence (draft-ietf-opsawg-pcap §4).
        let [.., a, b, c, d] = rest;
        let number = order.u32([a, b, c, d]) & 0xffff;
        let link = LinkType(u16::try_from(number).unwrap_or(u16::MAX));
        Ok(Self { order, unit, interface: Interface { name: None, description: String::new(), link } })
    }

    pub(super) fn packet<R: Read>(&self, input: &mut FileInput<R>) -> Result<Option<Packet>, CaptureFileError> {
        let Some(header) = input.array_or_end::<16>()? else { return Ok(None) };
        let word = |at: usize| self.order.u32_at(&header, at).unwrap_or_default();
        let (seconds, fraction, captured, wire_len) = (word(0), word(4), word(8), word(12));
        if captured > LONGEST {
            return input.damaged(FileFlaw::FrameLength);
        }
        let bytes = &input.bytes(captured)?[..];
        let at = u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.unit;
        let wire_len = wire_len.max(captured);
        Ok(Some(Packet::of(&Frame { number: 0, at, link: self.interface.link, wire_len, bytes })))
    }
}
