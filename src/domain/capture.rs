//! The events of the capture of packets, and of the capture files that are opened in its place.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::excerpt::sanitise;
use super::interface::CapturedInterface;
use super::need::Lack;
use super::text_enum::text_enum;
use super::unread::Unread;
use super::wire::millis;

/// One opening of a file, counted from 1: a result that comes late belongs to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(pub u32);

/// Something that happened to the capture or to a capture file. The packets of a file are not events: they can be read
/// from it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum CaptureEvent {
    /// Packets of this machine are captured on these interfaces from now on.
    Started { interfaces: Vec<CapturedInterface> },
    /// Packets of this machine cannot be captured.
    Failed {
        #[serde(flatten)]
        lack: Lack,
        /// The file of this program, which a command may name.
        program: String,
    },
    /// A file was read.
    FileOpened {
        file: FileId,
        /// Its name as it was asked for, safe to show.
        name: String,
        #[serde(flatten)]
        summary: FileSummary,
    },
    /// A file cannot be opened.
    FileRefused {
        file: FileId,
        /// Its name as it was asked for, safe to show.
        name: String,
        #[serde(flatten)]
        fault: FileFault,
    },
    /// All packets of a file were counted that has more than are kept.
    FileCounted { file: FileId, packets: u64 },
}

impl CaptureEvent {
    /// Packets cannot be captured by this program, whose file has this name.
    pub fn failed(lack: Lack, program: &Path) -> Self {
        Self::Failed { lack, program: sanitise(program.as_os_str().as_encoded_bytes()) }
    }
}

text_enum! {
    /// A way in which files are compressed that is recognised but not read.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Compression {
        /// <https://tukaani.org/xz/>.
        Xz = "xz",
        /// <https://sourceware.org/bzip2/>.
        Bzip2 = "bzip2",
        /// <https://lz4.org>.
        Lz4 = "lz4",
        /// An archive of any number of files.
        Zip = "zip",
        /// The same.
        SevenZip = "7z",
    }
}

impl Compression {
    /// The command that writes what a file contains to standard output.
    pub const fn unpacks(self) -> &'static str {
        match self {
            Self::Xz => "xz -dc",
            Self::Bzip2 => "bzip2 -dc",
            Self::Lz4 => "lz4 -dc",
            Self::Zip => "unzip -p",
            Self::SevenZip => "7z e -so",
        }
    }
}

/// Why a file cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum FileFault {
    /// No name was typed.
    NoName,
    /// There is no file of that name.
    NoFile,
    /// The system does not let it be read.
    Forbidden,
    /// It is a directory.
    Directory,
    /// It is a pipe, a terminal or a device, which may never end.
    NotAFile,
    /// It is neither pcap nor pcapng.
    NotACapture,
    /// It is compressed in a way that is not read.
    Compressed { with: Compression },
    /// Any other error of the system.
    Io { errno: Errno },
}

impl From<&io::Error> for FileFault {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoFile,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            io::ErrorKind::IsADirectory => Self::Directory,
            _ => Self::Io { errno: Errno::from(error) },
        }
    }
}

text_enum! {
    /// What is impossible in a capture file.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum FileFlaw {
        /// Compressed data that cannot be unpacked.
        Packed = "packed",
        /// A frame longer than any link has.
        FrameLength = "frame_length",
        /// The magic number of a section gives no byte order.
        ByteOrder = "byte_order",
        /// The length of a section header.
        SectionLength = "section_length",
        /// The length of a block.
        BlockLength = "block_length",
        /// The two lengths of a block differ.
        BlockLengths = "block_lengths",
        /// A packet that does not fit its block, or names no interface.
        Packet = "packet",
        /// An interface that does not fit its block.
        Interface = "interface",
        /// More interfaces than any machine has.
        Interfaces = "interfaces",
    }
}

/// Why a file was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum FileDamage {
    /// It ends in the middle of a packet.
    Cut,
    /// It has an impossible value at this byte, counted from 0.
    Damaged { at: u64, what: FileFlaw },
    /// The system could not go on reading it.
    Io { errno: Errno },
}

/// A summary of the packets of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// How many packets were read.
    #[serde(rename = "packets")]
    pub read: u64,
    /// How many of them are neither TCP nor UDP nor ICMP, and are not listed.
    pub others: u64,
    /// What these carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<(Unread, u64)>,
    /// The time from the first packet to the last.
    #[serde(with = "millis", rename = "ms")]
    pub lasted: Duration,
    /// There are more packets than are kept.
    pub more: bool,
    /// Why it was not read to its end, if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damage: Option<FileDamage>,
}
