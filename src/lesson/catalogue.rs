//! The scenarios that come with the program, embedded in it so that they run by name from anywhere.

use std::sync::{Arc, LazyLock};

use super::file::{Lesson, LessonError};
use crate::model::lessons::LessonCard;

/// An embedded scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// Its name, without `.toml`.
    pub name: &'static str,
    /// Its text.
    pub source: &'static str,
}

impl CatalogueEntry {
    /// Parses it.
    pub fn lesson(&self) -> Result<Lesson, LessonError> {
        Lesson::parse(self.source)
    }
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(CatalogueEntry {
            name: $name,
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lessons/", $name, ".toml")),
        }),+]
    };
}

/// The order is that of a course.
const ENTRIES: &[CatalogueEntry] = files![
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
    "sack",
    "tail-loss-probe",
    "rto-backoff",
    "window-scaling",
    "mss",
    "delayed-ack",
    "silly-window",
    "keepalive",
    "data-given-up",
    "fast-open",
    "tw-reuse",
    "self-connect",
    "slow-start",
    "saw-tooth",
    "forged-reset",
    "forged-syn",
    "forged-fin",
    "old-duplicate",
    "old-timestamp",
    "time-wait-assassination",
    "bottleneck",
    "marked",
    "path-mtu",
    "black-hole",
    "waited-out",
];

/// Every embedded scenario, in the order of a course.
pub const fn catalogue() -> &'static [CatalogueEntry] {
    ENTRIES
}

/// The scenario of this name.
pub fn find(name: &str) -> Option<&'static CatalogueEntry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// Every scenario, parsed. A test makes sure that none fails to parse.
static LESSONS: LazyLock<Vec<(&'static str, Arc<Lesson>)>> =
    LazyLock::new(|| ENTRIES.iter().filter_map(|entry| Some((entry.name, Arc::new(entry.lesson().ok()?)))).collect());

/// The scenario of this name, parsed.
pub fn lesson(name: &str) -> Option<&'static Lesson> {
    LESSONS.iter().find(|(known, _)| *known == name).map(|(_, lesson)| &**lesson)
}

/// Every scenario as the list shows it.
pub fn cards() -> Vec<LessonCard> {
    LESSONS.iter().map(|(name, lesson)| Lesson::card(lesson, *name, false)).collect()
}
