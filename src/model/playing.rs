//! The lesson that is played, as its events left it.

use std::collections::HashMap;

use crate::domain::lesson::ExpectationState;
use crate::domain::{Call, Flow, LessonChange, Proto, SocketId};

/// How far the present step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StepProgress {
    /// The text is shown; nothing was done yet.
    #[default]
    Told,
    /// It is being done, or its expectations are awaited.
    Doing,
    /// All expectations were met.
    Passed,
    /// An act or an expectation failed.
    Failed,
    /// All expectations were met, and it was the last step.
    Over,
}

/// See the module's head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlayedLesson {
    /// The name of the lesson.
    pub lesson: String,
    /// The present step, from 0.
    pub step: usize,
    /// How far it is.
    pub progress: StepProgress,
    /// How many of its acts were begun.
    pub acts: usize,
    /// The act that could not be done in time.
    pub not_done: Option<usize>,
    /// The states of the expectations so far; [`PlayedLesson::tick`] reads them.
    pub ticks: Vec<ExpectationState>,
    /// The step up to which it is played again, because a timer ran out that the step depends on.
    pub anew: Option<usize>,
    /// The ends of its sockets, by their ids.
    pub flows: HashMap<SocketId, Flow>,
}

impl PlayedLesson {
    /// Before the first step.
    pub fn of(lesson: &str) -> Self {
        Self { lesson: lesson.into(), ..Self::default() }
    }

    /// The state of this expectation of the present step.
    pub fn tick(&self, expect: usize) -> &ExpectationState {
        self.ticks.get(expect).unwrap_or(&ExpectationState::Open)
    }

    /// Remembers the end of a socket that made a call.
    pub(super) fn called(&mut self, call: &Call) {
        let id = call.new_socket.unwrap_or(call.socket);
        // A datagram's flow names the peer; the socket itself stays unconnected.
        if let Some(flow) = call.flow
            && (flow.proto == Proto::Tcp || !self.flows.contains_key(&id))
        {
            self.flows.insert(id, flow);
        }
    }

    pub(super) fn apply(&mut self, change: &LessonChange) {
        if let Some(anew) = self.anew {
            // The panel stays at the step that the class waits for.
            match change {
                LessonChange::Told { step } if *step < anew => return,
                LessonChange::Told { .. } => self.anew = None,
                LessonChange::Failed { step } if *step < anew => (self.anew, self.step) = (None, *step),
                LessonChange::Anew { .. } => {}
                _ => return,
            }
        }
        match change {
            LessonChange::Anew { step } => {
                let lesson = std::mem::take(&mut self.lesson);
                *self =
                    Self { lesson, step: *step, progress: StepProgress::Doing, anew: Some(*step), ..Self::default() };
            }
            LessonChange::Told { step } => {
                let Self { lesson, flows, .. } = std::mem::take(self);
                *self = Self { lesson, step: *step, flows, ..Self::default() };
            }
            LessonChange::Begun { .. } => self.progress = StepProgress::Doing,
            LessonChange::Acted { act, .. } => self.acts = act + 1,
            LessonChange::Met { expect, .. } => self.set(*expect, ExpectationState::Met),
            LessonChange::Missed { expect, seen, .. } => self.set(*expect, ExpectationState::Missed(seen.clone())),
            LessonChange::NotDone { act, .. } => self.not_done = Some(*act),
            LessonChange::Passed { .. } => self.progress = StepProgress::Passed,
            LessonChange::Failed { .. } => self.progress = StepProgress::Failed,
            LessonChange::Over => self.progress = StepProgress::Over,
            LessonChange::Staged { .. } | LessonChange::Left => {}
        }
    }

    fn set(&mut self, expect: usize, tick: ExpectationState) {
        // No step has so many expectations: a journal that says so is not ours.
        const MOST: usize = 1_000;
        if expect < MOST {
            self.ticks.resize(self.ticks.len().max(expect + 1), ExpectationState::Open);
            self.ticks[expect] = tick;
        }
    }
}
