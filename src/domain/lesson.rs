//! A lesson while it is played: how far it is, and what of the expected was seen.

use serde::{Deserialize, Serialize};

use super::state::TcpState;
use super::transition::Cause;

/// Something happened in a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonEvent {
    /// The name of the lesson.
    pub lesson: String,
    /// What.
    #[serde(flatten)]
    pub change: LessonChange,
}

/// What can happen in a lesson. Steps, acts and expectations are counted from 0, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum LessonChange {
    /// The world that it wants is there.
    Staged {
        /// The number that this run of it was given when it was asked for.
        run: u32,
    },
    /// This step is the present one; nothing of it was done yet.
    Told {
        /// Which.
        step: usize,
    },
    /// It is being done.
    Begun {
        /// Which.
        step: usize,
    },
    /// An act of it was begun; those before it are done.
    Acted {
        /// Of which step.
        step: usize,
        /// Which.
        act: usize,
    },
    /// An expectation is met.
    Met {
        /// Of which step.
        step: usize,
        /// Which.
        expect: usize,
    },
    /// An expectation was not met in time.
    Missed {
        /// Of which step.
        step: usize,
        /// Which.
        expect: usize,
        /// What was seen instead.
        seen: SeenInstead,
    },
    /// An act could not be done in time.
    NotDone {
        /// Of which step.
        step: usize,
        /// Which.
        act: usize,
    },
    /// All that was expected of the step was seen.
    Passed {
        /// Which.
        step: usize,
    },
    /// Something of the step was not done or not seen.
    Failed {
        /// Which.
        step: usize,
    },
    /// The last step passed.
    Over,
    /// It was left.
    Left,
}

/// What became of one expectation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExpectationState {
    /// Not seen yet.
    #[default]
    Open,
    /// SeenInstead.
    Met,
    /// Not seen in time; and what was seen instead.
    Missed(SeenInstead),
}

/// What was seen where something else was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenInstead {
    /// The very thing that should not have been seen.
    It,
    /// Nothing.
    Nothing,
    /// The end in this state, brought about by this.
    State(TcpState, Option<Cause>),
    /// These packets, calls or changes, in short.
    These(Vec<String>),
    /// This number.
    Number(u64),
}
