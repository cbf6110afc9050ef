//! The scenarios that come with the program: inside it, so that they run by name wherever it is.

use super::file::{FileError, Lesson};

/// A file that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without `.toml`.
    pub name: &'static str,
    /// What is in it.
    pub source: &'static str,
}

impl Entry {
    /// Reads it.
    pub fn lesson(&self) -> Result<Lesson, FileError> {
        Lesson::parse(self.source)
    }
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(Entry {
            name: $name,
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios/", $name, ".toml")),
        }),+]
    };
}

/// Every scenario, in the order in which a class meets them.
const ENTRIES: &[Entry] = files![
    "open",
    "close-by-client",
    "close-by-server",
    "three-or-four",
    "half-close",
    "reset",
    "closed-port",
    "lost-syn",
    "lost-syn-ack",
    "lost-data",
    "lost-last-ack",
    "fast-retransmission",
    "duplicate",
    "reordering",
    "closed-window",
    "nagle",
    "full-accept-queue",
    "address-in-use",
    "port-exhaustion",
    "server-stopped",
    "connect-given-up",
    "back-to-listen",
    "simultaneous-open",
    "close-in-syn-recv",
    "simultaneous-close",
    "fin-with-ack",
    "datagram-lost",
    "datagram-twice",
    "datagram-to-nobody",
    "waited-out",
];

/// Every scenario that comes with the program, in the order in which a class meets them.
pub const fn catalogue() -> &'static [Entry] {
    ENTRIES
}

/// The scenario of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}
