//! What can be wrong with a capture file.

use std::io;

use crate::domain::capture::Compression;
use crate::domain::{Errno, FileDamage, FileFault, FileFlaw};

/// Why a capture file cannot be read, or not to its end. The packets read before remain valid. `text` has the sentences,
/// for [`FileFault`] and [`FileDamage`].
#[derive(Debug)]
pub enum CaptureFileError {
    /// It is neither pcap nor pcapng.
    NotACapture,
    /// It is compressed in a way that is not read.
    Compressed(Compression),
    /// It ends in the middle of a packet or block, after so many bytes.
    Cut(u64),
    /// It contains something impossible.
    Damaged {
        /// The offset.
        at: u64,
        /// What is wrong.
        what: FileFlaw,
    },
    /// The system fails to read it.
    Io(io::Error),
}

impl CaptureFileError {
    /// Why the file cannot be opened, of an error before the first packet.
    pub fn fault(&self) -> FileFault {
        match self {
            Self::Io(error) => error.into(),
            Self::Compressed(with) => FileFault::Compressed { with: *with },
            Self::NotACapture | Self::Cut(_) | Self::Damaged { .. } => FileFault::NotACapture,
        }
    }

    /// Why the file was not read to its end, of an error after its beginning.
    pub fn damage(&self) -> FileDamage {
        match self {
            Self::Cut(_) | Self::NotACapture | Self::Compressed(_) => FileDamage::Cut,
            Self::Damaged { at, what } => FileDamage::Damaged { at: *at, what: *what },
            Self::Io(error) => FileDamage::Io { errno: Errno::from(error) },
        }
    }
}

impl From<io::Error> for CaptureFileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
