//! A running lesson: how far it is, and which expectations were met.

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::state::TcpState;
use super::transition::Cause;

/// Something happened in a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonEvent {
    /// The name of the lesson.
    pub lesson: String,
    /// The change.
    #[serde(flatten)]
    pub change: LessonChange,
}

/// The changes in a lesson. Steps, acts and expectations are counted from 0, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum LessonChange {
    /// The environment that it needs is set up.
    Staged {
        /// The number of this run, given when it was requested.
        run: u32,
    },
    /// A timer that this step depends on has run out: the lesson is played again up to here.
    Anew { step: usize },
    /// This is now the current step; none of its acts has begun.
    Told { step: usize },
    /// Its acts have begun.
    Begun { step: usize },
    /// One of its acts has begun; those before it are done.
    Acted { step: usize, act: usize },
    /// An expectation is met.
    Met { step: usize, expect: usize },
    /// An expectation was not met in time.
    Missed { step: usize, expect: usize, seen: SeenInstead },
    /// An act could not be done in time.
    NotDone { step: usize, act: usize },
    /// All expectations of the step were met.
    Passed { step: usize },
    /// An act or an expectation of the step failed.
    Failed { step: usize },
    /// The last step passed.
    Over,
    /// The presenter left the lesson.
    Left,
}

/// The state of one expectation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ExpectationState {
    /// Not seen yet.
    #[default]
    Open,
    /// Seen.
    Met,
    /// Not seen in time, but this instead.
    Missed(SeenInstead),
}

/// Why a file cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LessonFault {
    /// It is no lesson: the line, the column and the error.
    Invalid(String),
    /// It is played on this machine, which is not done on the screen.
    OnThisMachine,
    /// It is longer than this many bytes.
    TooLong(u64),
    /// There are more files in the folder than these.
    TooMany(usize),
    /// It is neither a file nor a folder.
    NotAFile,
    /// It cannot be read.
    Unreadable(Errno),
}

/// Why an act is not said in packetdrill's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsayableReason {
    /// packetdrill has no word for it.
    NoWord,
    /// A script has one connection.
    SecondConnection,
    /// Which packets that brings shows only when it is played.
    Unforeseen,
}

/// The observation in place of the expected one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenInstead {
    /// The thing that should not have happened.
    It,
    /// Nothing.
    Nothing,
    /// The end of the connection in this state, for this cause.
    State(TcpState, Option<Cause>),
    /// These packets, calls or changes, abbreviated.
    These(Vec<String>),
    /// This number.
    Number(u64),
}
