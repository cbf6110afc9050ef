//! Capture files: classic pcap and pcapng read, pcapng written.
//!
//! | file | what it is |
//! |---|---|
//! | [`read`] | opens either kind, and reads packet after packet |
//! | `pcap` | the classic format |
//! | `pcapng` | the blocks of pcapng |
//! | [`mod@write`] | pcapng, a packet at a time |
//!
//! A reader of hostile files: lengths are limits, never sizes to allocate; what is unknown is skipped; what is broken ends
//! the reading with what was read before it kept. The formats are those of
//! `draft-ietf-opsawg-pcap` and `draft-ietf-opsawg-pcapng`.

mod pcap;
mod pcapng;
pub mod read;
pub mod write;

pub use read::{CaptureFileError, CaptureReader};
pub use write::PcapngWriter;

use crate::packet::{Frame, LinkType};

/// A captured packet that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it was seen: nanoseconds since 1970 (UTC).
    pub at: u64,
    /// Which of the interfaces it was seen on.
    pub interface: u32,
    /// How it begins.
    pub link: LinkType,
    /// How long it was on the link.
    pub wire_len: u32,
    /// What was captured of it.
    pub bytes: Box<[u8]>,
    /// What somebody remarked on it, in a file.
    pub comments: Vec<String>,
}

impl Packet {
    /// The packet as the analysis wants it.
    pub fn frame(&self) -> Frame<'_> {
        let Self { number, at, link, wire_len, .. } = *self;
        Frame { number, at, link, wire_len, bytes: &self.bytes }
    }
}

/// An interface that packets were captured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name: `lo`. Empty where the file does not tell.
    pub name: String,
    /// What it is, in words. Empty where the file does not tell.
    pub description: String,
    /// How its frames begin.
    pub link: LinkType,
}
