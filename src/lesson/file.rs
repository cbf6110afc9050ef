//! The file of a lesson or a scenario: TOML without unknown keys. Errors give the line and the column.

use serde::Deserialize;

use super::settings::LessonSettings;
use super::step::LessonStep;
use super::symbols::Symbols;
use crate::domain::{LocalizedText, ServerKind, WorldId};

/// A lesson: a world to set up, and steps to play.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// Where it stands in the list.
    #[serde(default)]
    pub group: LessonGroup,
    /// Its place in the group, counted from 1.
    pub number: Option<u16>,
    /// How many minutes of class it takes.
    pub minutes: Option<u16>,
    /// What it teaches, such as `errno:bind:EADDRINUSE` and `state:TIME_WAIT`. Nothing is done with these yet.
    #[serde(default)]
    pub teaches: Vec<String>,
    /// Its title.
    pub title: LocalizedText,
    /// A summary, in a sentence or two.
    pub about: LocalizedText,
    /// The world in which it is played.
    #[serde(default = "on_the_wire")]
    pub world: WorldId,
    /// Settings of the hosts before the first step; only the wire's hosts have any.
    #[serde(default, alias = "knobs")]
    pub settings: LessonSettings,
    /// The laboratory's servers that it has, stopped at first: `threaded`, `echo`, `async`, `udp`.
    #[serde(default)]
    pub servers: Vec<ServerKind>,
    /// The steps; at least one.
    #[serde(rename = "step", default)]
    pub steps: Vec<LessonStep>,
    /// The sockets that it names. Not in the file: made from the steps when it is parsed.
    #[serde(skip)]
    pub symbols: Symbols,
}

/// The groups of lessons, in the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LessonGroup {
    /// A question of the course.
    Question,
    /// A common confusion.
    Confusion,
    /// A scenario: something to watch, without questions.
    #[default]
    Scene,
    /// The tour of the program.
    Tour,
}

const fn on_the_wire() -> WorldId {
    WorldId::Wire
}

/// Why a file is not a valid lesson.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct LessonError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The error.
    pub what: String,
}

impl LessonError {
    pub(super) fn at(text: &str, offset: usize, what: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { line, column, what }
    }
}

impl Lesson {
    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, LessonError> {
        let error = |(at, what)| LessonError::at(text, at, what);
        let mut lesson: Self = toml::from_str(text)
            .map_err(|wrong| error((wrong.span().map_or(0, |span| span.start), wrong.message().to_owned())))?;
        if lesson.steps.is_empty() {
            return Err(error((0, "a lesson needs a [[step]]".into())));
        }
        lesson.symbols = Symbols::of(&lesson.steps, &lesson.servers).map_err(error)?;
        Ok(lesson)
    }

    /// The number of its expectations.
    pub fn expectations(&self) -> usize {
        self.steps.iter().map(|step| step.expect.len()).sum()
    }
}
