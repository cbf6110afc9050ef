//! A frame: bytes captured on a link, with their time and their length there.

use super::LinkType;

/// A frame as it was captured, or read from a file. It borrows its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it was seen: nanoseconds since 1970 (UTC).
    pub at: u64,
    /// Its link-layer type.
    pub link: LinkType,
    /// Its length on the link, which exceeds that of `bytes` if only its beginning was captured.
    pub wire_len: u32,
    /// The captured bytes.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Its IP packet: its offset, its captured bytes, and its length on the link. `None` if it carries none.
    pub fn network(&self) -> Option<(usize, &'a [u8], usize)> {
        let start = self.link.network(self.bytes)?;
        Some((start, &self.bytes[start..], (self.wire_len as usize).saturating_sub(start)))
    }
}
