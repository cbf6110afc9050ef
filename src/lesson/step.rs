//! A step of a lesson.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::act::{Act, ModeName};
use super::expect::{Expect, SpannedEnd};
use super::matcher::Amount;
use crate::domain::{Flow, LocalizedText, Stamp, TimerKind};
use crate::model::World;

/// One step: its text, its acts and its expectations.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonStep {
    /// Its name, of at most 32 columns: the mark of the step in a saved capture.
    #[serde(default, deserialize_with = "short_name")]
    pub name: Option<LocalizedText>,
    /// The text that the class reads before the acts are done: what is about to be done, and not what is then seen.
    pub say: Option<LocalizedText>,
    /// The text that takes its place once every expectation is met.
    pub after: Option<LocalizedText>,
    /// The timers that the acts depend on. They run while the class talks: where one has run out, the lesson is played
    /// again up to here, on new hosts, before the acts are done.
    #[serde(default)]
    pub timers: Vec<TimerNeed>,
    /// The acts, in this order; each is done before the next begins.
    #[serde(default, rename = "do")]
    pub acts: Vec<Act>,
    /// The expectations after the acts.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// Whether they have to be met in their order: each is looked for only after what met the one before. Otherwise, and
    /// always for what is to be absent, any order will do.
    #[serde(default)]
    pub in_order: bool,
    /// The time limit of each act, and then of all expectations together, in milliseconds.
    #[serde(default = "LessonStep::default_within_ms")]
    pub within_ms: u64,
}

impl LessonStep {
    /// Whether packets cross at full speed once its acts are done.
    pub fn lets_pass(&self) -> bool {
        self.acts.iter().any(|act| matches!(act, Act::Mode { is: ModeName::Live, .. }))
    }

    /// More than anything takes on a busy machine.
    const fn default_within_ms() -> u64 {
        15_000
    }
}

/// The most columns of a step's name.
const MOST_COLUMNS: usize = 32;

fn short_name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<LocalizedText>, D::Error> {
    let name = LocalizedText::deserialize(from)?;
    if let Some(long) = [&name.en, &name.pt].into_iter().find(|name| name.chars().count() > MOST_COLUMNS) {
        return Err(D::Error::custom(format!("{long:?} is longer than {MOST_COLUMNS} columns")));
    }
    Ok(Some(name))
}

/// A timer that must be running when a step begins.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimerNeed {
    /// Of which socket.
    pub of: SpannedEnd,
    /// Which timer.
    pub timer: TimerKind,
    /// How much longer, in milliseconds.
    pub left_ms: Amount,
    /// How often it has run out before, for the same segment.
    pub count: Option<Amount>,
}

impl TimerNeed {
    /// How long the timer still runs for this end; `None` if it does not.
    pub fn left(&self, world: &World, flow: &Flow, now: Stamp) -> Option<Duration> {
        let entry = world.table.of(flow)?;
        entry.row.timer.filter(|timer| timer.kind == self.timer)?;
        entry.timer_left(now)
    }

    /// Whether it runs for as long as the step needs.
    pub fn is_met(&self, world: &World, flow: &Flow, now: Stamp) -> bool {
        let left = self.left(world, flow, now).and_then(|left| u64::try_from(left.as_millis()).ok());
        let count = world.table.of(flow).and_then(|entry| entry.row.timer).map(|timer| timer.count.into());
        left.is_some_and(|left| self.left_ms.is(left))
            && self.count.is_none_or(|wanted| count.is_some_and(|count| wanted.is(count)))
    }
}
