//! A step of a lesson.

use serde::Deserialize;

use super::act::Act;
use super::expect::Expect;
use crate::domain::LocalizedText;

/// One step: its text, its acts and its expectations.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonStep {
    /// The text that the class reads before the acts are done.
    pub say: Option<LocalizedText>,
    /// The acts, in this order; each is done before the next begins.
    #[serde(default, rename = "do")]
    pub acts: Vec<Act>,
    /// The expectations after the acts, in any order.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// The time limit of each act, and then of all expectations together, in milliseconds.
    #[serde(default = "LessonStep::default_within_ms")]
    pub within_ms: u64,
}

impl LessonStep {
    /// More than anything takes on a busy machine.
    const fn default_within_ms() -> u64 {
        15_000
    }
}
