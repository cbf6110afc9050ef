//! The texts of a capture file that is shown in place of live traffic.

use super::NumberFormat;
use crate::domain::{FileDamage, FileFault, FileFlaw, Unread};

/// A capture file.
#[derive(Debug)]
pub struct FilesText {
    /// The label before the file's name.
    pub file: &'static str,
    pub prompt: &'static str,
    pub hint: &'static str,
    pub reading: &'static str,
    pub no_name: &'static str,
    pub no_file: &'static str,
    pub forbidden: &'static str,
    pub directory: &'static str,
    /// It is a pipe, a terminal or a device.
    pub not_a_file: &'static str,
    pub not_a_capture: &'static str,
    /// It is compressed with this, which is not read; and the command that helps.
    pub compressed: fn(&str, &str) -> String,
    /// The same for the command line, which can read from a pipe.
    pub unpacked: fn(&str, &str) -> String,
    /// The system's error when reading it.
    pub io: fn(&str) -> String,
    /// A mark that these are not live packets.
    pub not_live: &'static str,
    /// The key's effect: back to live packets.
    pub back: &'static str,
    /// It ends in the middle of a packet; the argument counts the packets before.
    pub cut: fn(&str) -> String,
    /// It is damaged at this byte; what is wrong there; and the packets before.
    pub damaged: fn(&str, &str, &str) -> String,
    pub flaw: fn(FileFlaw) -> &'static str,
    /// The error that stopped reading, and the packets before.
    pub stopped: fn(&str, &str) -> String,
    /// It has more packets than are kept: those kept, and all once they are counted.
    pub more: fn(&str, Option<&str>) -> String,
    /// The number of packets of protocols that are not listed.
    pub others: fn(&str, u64) -> String,
    /// So many packets carry this, which is not read.
    pub unread: fn(&str, u64, Unread) -> String,
    /// What is read cannot be written where it was asked to: the error and its meaning.
    pub not_written: fn(&str, &str) -> String,
    /// What a copy of a file lacks.
    pub left_out: fn(&str) -> String,
    pub empty: &'static str,
    /// None of its packets is of a protocol that is listed.
    pub none_listed: &'static str,
    /// Shown when capturing is impossible: this key still opens a file.
    pub instead: fn(&str) -> String,
}

impl FilesText {
    /// Why a file cannot be opened, as a sentence.
    pub fn fault(&self, fault: FileFault) -> String {
        match fault {
            FileFault::NoName => self.no_name.into(),
            FileFault::NoFile => self.no_file.into(),
            FileFault::Forbidden => self.forbidden.into(),
            FileFault::Directory => self.directory.into(),
            FileFault::NotAFile => self.not_a_file.into(),
            FileFault::NotACapture => self.not_a_capture.into(),
            FileFault::Compressed { with } => (self.compressed)(with.name(), with.unpacks()),
            FileFault::Io { errno } => (self.io)(&errno.to_string()),
        }
    }

    /// The same for the command line.
    pub fn piped_fault(&self, fault: FileFault) -> String {
        match fault {
            FileFault::Compressed { with } => (self.unpacked)(with.name(), with.unpacks()),
            other => self.fault(other),
        }
    }

    /// Why a file was not read to its end, as a sentence. `packets` counts those before.
    pub fn damage(&self, numbers: &NumberFormat, damage: FileDamage, packets: &str) -> String {
        match damage {
            FileDamage::Cut => (self.cut)(packets),
            FileDamage::Damaged { at, what } => (self.damaged)(&numbers.count(at), (self.flaw)(what), packets),
            FileDamage::Io { errno } => (self.stopped)(&errno.to_string(), packets),
        }
    }
}
