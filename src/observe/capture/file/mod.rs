//! Capture files: reads classic pcap and pcapng, compressed or not, writes pcapng.
//!
//! Files are not trusted: lengths are limits, never sizes to allocate; unknown blocks are skipped; damage ends the reading,
//! and what was read before it is kept. The formats are those of `draft-ietf-opsawg-pcap` and `draft-ietf-opsawg-pcapng`.

mod compression;
mod error;
mod input;
mod pcap;
mod pcapng;
pub mod read;
pub mod write;

pub use error::CaptureFileError;
pub use read::CaptureReader;
pub use write::PcapngWriter;

use std::time::Duration;

use crate::domain::InterfaceName;
use crate::packet::{Frame, LinkType};

/// A captured packet that owns its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it was seen: nanoseconds since 1970 (UTC); `None` if a file does not say.
    pub at: Option<u64>,
    /// Which of the interfaces it was seen on.
    pub interface: u32,
    /// Its link-layer type.
    pub link: LinkType,
    /// Its length on the link.
    pub wire_len: u32,
    /// The captured bytes.
    pub bytes: Box<[u8]>,
    /// Its comments in a file.
    pub comments: Vec<String>,
}

impl Packet {
    /// A copy of a frame, on the first interface and without comments.
    pub fn of(frame: &Frame<'_>) -> Self {
        let Frame { number, at, link, wire_len, bytes } = *frame;
        Self { number, at: Some(at), interface: 0, link, wire_len, bytes: bytes.into(), comments: Vec::new() }
    }

    /// The packet as a frame for the analysis.
    pub fn frame(&self) -> Frame<'_> {
        let Self { number, at, link, wire_len, .. } = *self;
        Frame { number, at: at.unwrap_or(0), link, wire_len, bytes: &self.bytes }
    }
}

/// Counts time from the first packet that has one.
#[derive(Debug, Default)]
pub struct CaptureClock {
    begun: Option<u64>,
}

impl CaptureClock {
    /// The time since the first packet; zero for a packet without a time, and for one that is earlier, as in a file that
    /// was merged from others.
    pub fn since(&mut self, at: Option<u64>) -> Duration {
        let Some(at) = at else { return Duration::ZERO };
        Duration::from_nanos(at.saturating_sub(*self.begun.get_or_insert(at)))
    }
}

/// An interface on which packets were captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name: `lo`; `None` if the file does not say.
    pub name: Option<InterfaceName>,
    /// Its description. Empty if the file does not say.
    pub description: String,
    /// The link-layer type of its frames.
    pub link: LinkType,
}
