//! A frame: the bytes that were on a link, with when and how much of it was captured.

use super::LinkType;

/// A frame as it was captured, or read from a file. It borrows its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it was seen: nanoseconds since 1970 (UTC).
    pub at: u64,
    /// How it begins.
    pub link: LinkType,
    /// How long it was on the link; more than `bytes` when only its beginning was captured.
    pub wire_len: u32,
    /// What was captured of it.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Its IP packet: where it begins, its bytes, and how long it was on the link. `None` where it carries none.
    pub fn network(&self) -> Option<(usize, &'a [u8], usize)> {
        let start = self.link.network(self.bytes)?;
        Some((start, &self.bytes[start..], (self.wire_len as usize).saturating_sub(start)))
    }
}
