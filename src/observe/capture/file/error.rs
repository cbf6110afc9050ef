//! What can be wrong with a capture file.

use std::io;

use crate::domain::capture::Compression;

/// Why a capture file cannot be read, or not to its end. The packets read before remain valid.
#[derive(Debug, thiserror::Error)]
pub enum CaptureFileError {
    /// It is neither pcap nor pcapng.
    #[error("neither a pcap nor a pcapng file")]
    NotACapture,
    /// It is compressed in a way that is not read.
    #[error("compressed with {0}, which is not read: {cmd} FILE | socklab-tui capture -r -", cmd = .0.unpacks())]
    Compressed(Compression),
    /// It ends in the middle of a packet or block.
    #[error("cut short in the middle of a packet, after {0} bytes")]
    Cut(u64),
    /// It contains something impossible.
    #[error("damaged at byte {at}: {what}")]
    Damaged {
        /// The offset.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The system fails to read it.
    #[error(transparent)]
    Io(#[from] io::Error),
}
