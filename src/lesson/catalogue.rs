//! The scenarios that come with the program: inside it, so that they run by name wherever it is.

use std::sync::LazyLock;

use super::file::{FileError, Lesson};
use crate::model::lessons::Card;

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

/// Every scenario, read. `tests` see to it that none is left out.
static LESSONS: LazyLock<Vec<(&'static str, Lesson)>> =
    LazyLock::new(|| ENTRIES.iter().filter_map(|entry| Some((entry.name, entry.lesson().ok()?))).collect());

/// The scenario of this name, read.
pub fn lesson(name: &str) -> Option<&'static Lesson> {
    LESSONS.iter().find(|(known, _)| *known == name).map(|(_, lesson)| lesson)
}

/// What a list says of every scenario.
pub fn cards() -> Vec<Card> {
    let card = |(name, lesson): &(&str, Lesson)| Card {
        name: (*name).into(),
        title: [lesson.title.en.clone(), lesson.title.pt.clone()],
        about: [lesson.about.en.clone(), lesson.about.pt.clone()],
        steps: lesson.steps.len(),
    };
    LESSONS.iter().map(card).collect()
}
