//! The blocks of pcapng: sections, interfaces, packets. All others are skipped.

use std::collections::BTreeMap;
use std::io::Read;

use super::error::CaptureFileError;
use super::input::{ByteOrder, FileInput, LONGEST};
use super::{Interface, Packet};
use crate::domain::FileFlaw;
use crate::domain::excerpt::sanitise;
use crate::packet::LinkType;

/// The first bytes of every section, the same in both byte orders.
pub(super) const MAGIC: [u8; 4] = SECTION.to_be_bytes();

pub(super) const SECTION: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
pub(super) const SIMPLE_PACKET: u32 = 3;
pub(super) const STATISTICS: u32 = 5;
pub(super) const PACKET: u32 = 6;
pub(super) const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// Options (`draft-ietf-opsawg-pcapng` §3.5, §4.2).
pub(super) const END: u16 = 0;
pub(super) const COMMENT: u16 = 1;
pub(super) const IF_NAME: u16 = 2;
pub(super) const IF_DESCRIPTION: u16 = 3;
pub(super) const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// The longest block that is read; a packet with its comments fits easily.
const LONGEST_BLOCK: u32 = LONGEST * 4;
/// No machine has more interfaces.
const MOST_INTERFACES: usize = 4_096;
/// Comments are cut to this length.
const LONGEST_COMMENT: usize = 4_096;

/// A section: its byte order, and its interfaces so far.
#[derive(Debug)]
pub(super) struct PcapngSection {
    order: ByteOrder,
    pub(super) interfaces: Vec<Interface>,
    clocks: Vec<InterfaceClock>,
    /// The blocks and options of all sections so far that are skipped, by their names in the draft.
    pub(super) skipped: BTreeMap<&'static str, u64>,
}

/// How an interface counts time.
#[derive(Debug, Clone, Copy)]
struct InterfaceClock {
    /// Units in a second.
    per_second: u64,
    /// Seconds to add.
    offset: i64,
    /// The most bytes captured of a frame; 0 for no limit.
    snaplen: u32,
}

impl PcapngSection {
    /// Reads the first section's header, whose first four bytes were read already.
    pub(super) fn begin<R: Read>(input: &mut FileInput<R>) -> Result<Self, CaptureFileError> {
        let mut section =
            Self { order: ByteOrder::Little, interfaces: Vec::new(), clocks: Vec::new(), skipped: BTreeMap::new() };
        section.header(input)?;
        Ok(section)
    }

    fn skips(&mut self, name: &'static str, count: usize) {
        if count > 0 {
            *self.skipped.entry(name).or_default() += count as u64;
        }
    }

    /// The rest of a section's header, after its type. Interfaces are numbered anew in each section.
    fn header<R: Read>(&mut self, input: &mut FileInput<R>) -> Result<(), CaptureFileError> {
        let len: [u8; 4] = input.array()?;
        let magic: [u8; 4] = input.array()?;
        let order = match (u32::from_be_bytes(magic), u32::from_le_bytes(magic)) {
            (BYTE_ORDER, _) => ByteOrder::Big,
            (_, BYTE_ORDER) => ByteOrder::Little,
            _ => return input.damaged(FileFlaw::ByteOrder),
        };
        let len = order.u32(len);
        if len < 28 || !len.is_multiple_of(4) {
            return input.damaged(FileFlaw::SectionLength);
        }
        // Version and length of the section, then its options, then the length again.
        input.skip(12)?;
        let options_len = len - 28;
        if options_len > LONGEST_BLOCK {
            return input.damaged(FileFlaw::SectionLength);
        }
        let body = input.bytes(options_len)?;
        input.skip(4)?;
        (self.order, self.interfaces, self.clocks) = (order, Vec::new(), Vec::new());
        self.skips("Section Header Block option", options(order, &body).count());
        Ok(())
    }

    pub(super) fn packet<R: Read>(&mut self, input: &mut FileInput<R>) -> Result<Option<Packet>, CaptureFileError> {
        loop {
            let Some(kind) = input.array_or_end::<4>()? else { return Ok(None) };
            if kind == MAGIC {
                self.header(input)?;
                continue;
            }
            let kind = self.order.u32(kind);
            let len = self.order.u32(input.array()?);
            if len < 12 || !len.is_multiple_of(4) {
                return input.damaged(FileFlaw::BlockLength);
            }
            if !matches!(kind, INTERFACE | PACKET | SIMPLE_PACKET | OBSOLETE_PACKET) {
                input.skip(u64::from(len) - 8)?;
                self.skips(block_name(kind), 1);
                continue;
            }
            if len > LONGEST_BLOCK {
                return input.damaged(FileFlaw::BlockLength);
            }
            let body = input.bytes(len - 12)?;
            if self.order.u32(input.array()?) != len {
                return input.damaged(FileFlaw::BlockLengths);
            }
            let packet = match kind {
                INTERFACE => {
                    self.interface(&body, input)?;
                    continue;
                }
                PACKET => self.enhanced(&body),
                SIMPLE_PACKET => self.simple(&body),
                _ => self.obsolete(&body),
            };
            return match packet {
                Some(packet) => Ok(Some(packet)),
                None => input.damaged(FileFlaw::Packet),
            };
        }
    }

    fn interface<R: Read>(&mut self, body: &[u8], input: &FileInput<R>) -> Result<(), CaptureFileError> {
        let (Some(link), Some(snaplen)) = (self.order.u16_at(body, 0), self.order.u32_at(body, 4)) else {
            return input.damaged(FileFlaw::Interface);
        };
        if self.interfaces.len() == MOST_INTERFACES {
            return input.damaged(FileFlaw::Interfaces);
        }
        let mut interface = Interface { name: None, description: String::new(), link: LinkType(link) };
        let mut clock = InterfaceClock { per_second: 1_000_000, offset: 0, snaplen };
        let mut skipped = 0;
        for (code, value) in options(self.order, body.get(8..).unwrap_or_default()) {
            match (code, value) {
                (IF_NAME, name) => {
                    interface.name = Some(text(name).as_str()).filter(|name| !name.is_empty()).map(Into::into);
                }
                (IF_DESCRIPTION, words) => interface.description = text(words),
                (IF_TSRESOL, [resolution, ..]) => clock.per_second = per_second(*resolution),
                (IF_TSOFFSET, seconds) => {
                    clock.offset = match (self.order, seconds.first_chunk()) {
                        (ByteOrder::Little, Some(bytes)) => i64::from_le_bytes(*bytes),
                        (ByteOrder::Big, Some(bytes)) => i64::from_be_bytes(*bytes),
                        (_, None) => 0,
                    };
                }
                _ => skipped += 1,
            }
        }
        self.skips("Interface Description Block option", skipped);
        self.interfaces.push(interface);
        self.clocks.push(clock);
        Ok(())
    }

    fn enhanced(&mut self, body: &[u8]) -> Option<Packet> {
        let word = |at| self.order.u32_at(body, at);
        let (interface, captured, wire_len) = (word(0)?, word(12)?, word(16)?);
        let packet = self.frame(interface, Some((word(4)?, word(8)?)), captured, wire_len, body.get(20..)?)?;
        let after = 20 + (captured as usize).next_multiple_of(4);
        let (comments, others): (Vec<_>, Vec<_>) =
            options(self.order, body.get(after..).unwrap_or_default()).partition(|(code, _)| *code == COMMENT);
        self.skips("Enhanced Packet Block option", others.len());
        let comments = comments.into_iter().map(|(_, words)| text(words)).collect();
        Some(Packet { comments, ..packet })
    }

    /// A packet of the first interface, without a time.
    fn simple(&self, body: &[u8]) -> Option<Packet> {
        let wire_len = self.order.u32_at(body, 0)?;
        let snaplen = Some(self.clocks.first()?.snaplen).filter(|snaplen| *snaplen > 0);
        self.frame(0, None, wire_len.min(snaplen.unwrap_or(u32::MAX)), wire_len, body.get(4..)?)
    }

    /// The packet block of before 2009.
    fn obsolete(&self, body: &[u8]) -> Option<Packet> {
        let word = |at| self.order.u32_at(body, at);
        let interface = u32::from(self.order.u16_at(body, 0)?);
        self.frame(interface, Some((word(4)?, word(8)?)), word(12)?, word(16)?, body.get(20..)?)
    }

    fn frame(
        &self,
        interface: u32,
        at: Option<(u32, u32)>,
        captured: u32,
        wire_len: u32,
        rest: &[u8],
    ) -> Option<Packet> {
        let clock = self.clocks.get(interface as usize)?;
        let link = self.interfaces.get(interface as usize)?.link;
        if captured > LONGEST {
            return None;
        }
        let bytes = rest.get(..captured as usize)?.into();
        let at = at.map(|(high, low)| clock.nanos(u64::from(high) << 32 | u64::from(low)));
        let wire_len = wire_len.max(captured);
        Some(Packet { number: 0, at, interface, link, wire_len, bytes, comments: Vec::new() })
    }
}

/// The name of a block that is skipped (`draft-ietf-opsawg-pcapng` §11.1).
const fn block_name(kind: u32) -> &'static str {
    match kind {
        4 => "Name Resolution Block",
        STATISTICS => "Interface Statistics Block",
        9 => "systemd Journal Export Block",
        10 => "Decryption Secrets Block",
        0x0bad | 0x4000_0bad => "Custom Block",
        _ => "unknown block",
    }
}

impl InterfaceClock {
    /// Nanoseconds since 1970, clamped for times before that or after 2554.
    fn nanos(self, units: u64) -> u64 {
        let nanos = i128::from(units) * 1_000_000_000 / i128::from(self.per_second.max(1));
        let offset = i128::from(self.offset) * 1_000_000_000;
        u64::try_from((nanos + offset).max(0)).unwrap_or(u64::MAX)
    }
}

/// `if_tsresol`: a power of ten, or of two with the highest bit set. An impossible one counts as the finest that can
/// be represented.
fn per_second(resolution: u8) -> u64 {
    let power = u32::from(resolution & 0x7f);
    let base: u64 = if resolution & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(power).unwrap_or(u64::MAX)
}

/// The options of a block, until their end or the first that does not fit.
fn options(order: ByteOrder, mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (code, len) = (order.u16_at(rest, 0)?, order.u16_at(rest, 2)? as usize);
        if code == END {
            return None;
        }
        let value = rest.get(4..4 + len)?;
        rest = rest.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

/// Text from a file, sanitised for display.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    sanitise(&bytes[..bytes.len().min(LONGEST_COMMENT)])
}
