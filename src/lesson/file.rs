//! The file of a lesson or a scenario: TOML without unknown keys. Errors give the line and the column.

use std::sync::Arc;

use serde::Deserialize;

use super::expect::Expect;
use super::link::LessonLink;
use super::settings::LessonSettings;
use super::step::LessonStep;
use super::symbols::Symbols;
use crate::domain::{LocalizedText, ServerKind, WorldId};
use crate::model::Model;
use crate::model::lessons::{LessonBody, LessonCard};

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
    /// Conditions of the wire's links before the first step.
    #[serde(default)]
    pub link: LessonLink,
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
        if lesson.world == WorldId::Host {
            let info = lesson.steps.iter().flat_map(|step| &step.expect).find_map(Expect::info);
            if let Some(info) = info {
                return Err(error((info.of.span().start, "`info` needs world = \"wire\"".into())));
            }
        }
        lesson.symbols = Symbols::of(&lesson.steps, &lesson.servers).map_err(error)?;
        Ok(lesson)
    }

    /// Why it is too large for the screen, each of whose frames looks at all of it; if it is.
    pub fn limit(&self) -> Result<(), String> {
        /// The most steps, and the most acts and the most expectations of a step.
        const MOST: usize = 100;
        if self.steps.len() > MOST {
            return Err(format!("{} steps are more than {MOST}", self.steps.len()));
        }
        for (step, number) in self.steps.iter().zip(1..) {
            for (count, what) in [(step.acts.len(), "acts"), (step.expect.len(), "expectations")] {
                if count > MOST {
                    return Err(format!("step {number}: {count} {what} are more than {MOST}"));
                }
            }
        }
        Ok(())
    }

    /// It as the list has it.
    pub fn card(lesson: &Arc<Self>, name: impl Into<String>, own: bool) -> LessonCard {
        LessonCard {
            name: name.into(),
            title: lesson.title.clone(),
            about: lesson.about.clone(),
            steps: lesson.steps.len(),
            own,
            body: Ok(LessonBody::new(Arc::clone(lesson))),
        }
    }

    /// The lesson of this name that the model keeps.
    pub fn kept(model: &Model, name: &str) -> Option<Arc<Self>> {
        model.lessons.body(name)?.get()
    }

    /// The number of its expectations.
    pub fn expectations(&self) -> usize {
        self.steps.iter().map(|step| step.expect.len()).sum()
    }
}
