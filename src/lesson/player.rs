//! One run of a lesson: the engine, driven by the journal, and the events that report its progress.
//!
//! It is pure, like the engine. A headless run and the screen drive it alike: events go in by [`Player::follow`], time by
//! [`Player::advance`]; [`LessonOrder`]s come out, and [`Player::progress`] becomes events.

use super::engine::{Engine, LessonPhase};
use super::file::Lesson;
use super::host_addresses::HostAddresses;
use super::order::LessonOrder;
use crate::domain::lesson::ExpectationState;
use crate::domain::{EventKind, Lang, LessonChange, LessonEvent, Note, Stamp, WireEvent, WorldId};
use crate::model::{Model, World};

/// See the module's documentation.
#[derive(Debug, Clone)]
pub struct Player {
    /// The engine that it drives.
    pub engine: Engine,
    name: String,
    /// The number of this run, to tell it from others of the same lesson.
    run: u32,
    /// Whether the world that the lesson needs is set up.
    ready: bool,
    over: bool,
    /// The step up to which it plays without waiting for the class.
    anew: Option<usize>,
    reported: Reported,
    /// Progress that was not told yet of steps that are behind.
    behind: Vec<LessonChange>,
}

/// The progress that the journal already has.
#[derive(Debug, Clone, Default)]
struct Reported {
    /// The current step, once one was reported.
    step: Option<usize>,
    begun: bool,
    /// How many of its acts were begun.
    acts: usize,
    ticks: Vec<ExpectationState>,
    ended: bool,
}

impl Player {
    /// A player before the first step. It does nothing until the world that the lesson needs is set up.
    pub fn new(name: &str, run: u32, lesson: Lesson, addresses: HostAddresses) -> Self {
        let engine = Engine::new(lesson, addresses);
        Self {
            engine,
            name: name.into(),
            run,
            ready: false,
            over: false,
            anew: None,
            reported: Reported::default(),
            behind: Vec::new(),
        }
    }

    /// Declares the world ready.
    pub const fn set_ready(&mut self) {
        self.ready = true;
    }

    /// Whether the lesson's world has closed: nothing more can come of it.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// If the next step to be done depends on a timer that has run out: goes back to the beginning, to play up to there
    /// without waiting once the world is set up again. Returns the name and the run to set it up for.
    pub fn begin_anew(&mut self, model: &Model, now: Stamp) -> Option<(String, u32)> {
        let place = self.engine.place();
        let step = match self.engine.phase() {
            LessonPhase::Ready => place,
            // The next one waits for the class first, unless it has no acts.
            LessonPhase::Passed if self.engine.lesson().steps.get(place + 1)?.acts.is_empty() => place + 1,
            _ => return None,
        };
        let due = self.ready
            && self.engine.lesson().world == WorldId::Wire
            && self.engine.lacks_timer(self.world(model), step, now);
        if !due {
            return None;
        }
        self.engine = Engine::new(self.engine.lesson().clone(), *self.engine.addresses());
        self.ready = false;
        self.anew = Some(step);
        self.reported = Reported::default();
        self.behind.push(LessonChange::Anew { step });
        Some((self.name.clone(), self.run))
    }

    /// Begins the current step if it is waiting for that. If it has passed, goes to the next one, which waits before its
    /// acts so that the class can read its text first.
    pub fn go_on(&mut self, model: &Model, now: Stamp) -> Vec<LessonOrder> {
        match self.engine.phase() {
            LessonPhase::Ready if self.ready => self.begin(model, now),
            LessonPhase::Passed if self.engine.next_step() => self.enter(model, now),
            _ => vec![],
        }
    }

    /// Begins the current step.
    pub fn begin(&mut self, model: &Model, now: Stamp) -> Vec<LessonOrder> {
        self.engine.begin(self.world(model), now)
    }

    /// Takes in the journal's entries after this one. Returns what to do next.
    pub fn follow(&mut self, model: &Model, since: u64) -> Vec<LessonOrder> {
        let mut orders = Vec::new();
        for seq in since + 1..=model.journal.last_seq() {
            let Some(event) = model.journal.get(seq) else { continue };
            if let EventKind::Lesson(lesson) = &event.seen.kind {
                if lesson.change == (LessonChange::Staged { run: self.run }) && !self.ready {
                    self.ready = true;
                    orders.extend(self.enter(model, event.seen.at));
                }
                continue;
            }
            let closed = matches!(event.seen.kind, EventKind::Wire(WireEvent::Closed { .. }));
            self.over |= self.ready && closed && self.engine.lesson().world == WorldId::Wire;
            orders.extend(self.engine.observe(self.world(model), event));
            orders.extend(self.catch_up(model, event.seen.at));
        }
        orders
    }

    /// While it plays up to a step: goes on as soon as a step has passed.
    fn catch_up(&mut self, model: &Model, now: Stamp) -> Vec<LessonOrder> {
        let mut orders = Vec::new();
        while self.anew.is_some_and(|anew| self.engine.place() < anew) && self.engine.phase() == LessonPhase::Passed {
            self.tell_step();
            self.engine.next_step();
            orders.extend(self.begin(model, now));
        }
        if self.anew.is_some_and(|anew| self.engine.place() >= anew) || self.engine.phase() == LessonPhase::Failed {
            self.anew = None;
        }
        orders
    }

    /// Notes the progress of a step that is left at once.
    fn tell_step(&mut self) {
        let mut behind = std::mem::take(&mut self.behind);
        self.changes(&mut behind);
        self.behind = behind;
    }

    /// Lets time pass. Returns what to do next.
    pub fn advance(&mut self, model: &Model, now: Stamp) -> Vec<LessonOrder> {
        let mut orders = self.engine.advance(self.world(model), now);
        orders.extend(self.catch_up(model, now));
        orders
    }

    /// When [`Player::advance`] is next to be called.
    pub fn next_due(&self) -> Option<Stamp> {
        self.engine.next_due()
    }

    /// The progress since the last call: its events, and a mark in this language where a step begins.
    pub fn progress(&mut self, lang: Lang) -> Vec<EventKind> {
        let mut changes = std::mem::take(&mut self.behind);
        if self.ready {
            self.changes(&mut changes);
        }
        let mut progress = Vec::new();
        for change in changes {
            if let LessonChange::Begun { step } = change {
                progress.push(EventKind::Note(Note::Mark { text: self.mark(step, lang) }));
            }
            progress.push(EventKind::Lesson(LessonEvent { lesson: self.name.clone(), change }));
        }
        progress
    }

    /// The mark of a step in a saved capture: its number and its name.
    fn mark(&self, step: usize, lang: Lang) -> String {
        let named = self.engine.lesson().steps.get(step).and_then(|step| step.name.as_ref());
        let name = named.map_or("", |name| name.lang(lang));
        format!("{}. {name}", step + 1).trim_end().to_owned()
    }

    fn world<'a>(&self, model: &'a Model) -> &'a World {
        model.worlds.of(self.engine.lesson().world)
    }

    /// Enters the current step. One without acts begins at once.
    fn enter(&mut self, model: &Model, now: Stamp) -> Vec<LessonOrder> {
        let waits = self.anew.is_none() && self.engine.step().is_some_and(|step| !step.acts.is_empty());
        if waits { vec![] } else { self.begin(model, now) }
    }

    fn changes(&mut self, changes: &mut Vec<LessonChange>) {
        let step = self.engine.place();
        let phase = self.engine.phase();
        if self.reported.step != Some(step) {
            self.reported = Reported { step: Some(step), ..Reported::default() };
            changes.push(LessonChange::Told { step });
        }
        if phase == LessonPhase::Ready {
            return;
        }
        if !self.reported.begun {
            self.reported.begun = true;
            changes.push(LessonChange::Begun { step });
        }
        let all = self.engine.step().map_or(0, |step| step.acts.len());
        let acts = match phase {
            LessonPhase::Acting(begun) => begun,
            LessonPhase::Failed => self.engine.stuck().unwrap_or(all),
            _ => all,
        };
        changes.extend((self.reported.acts..acts).map(|act| LessonChange::Acted { step, act }));
        self.reported.acts = self.reported.acts.max(acts);
        for (expect, tick) in self.engine.ticks().iter().enumerate() {
            if self.reported.ticks.get(expect).is_some_and(|reported| reported == tick) {
                continue;
            }
            match tick {
                ExpectationState::Open => {}
                ExpectationState::Met => changes.push(LessonChange::Met { step, expect }),
                ExpectationState::Missed(seen) => {
                    changes.push(LessonChange::Missed { step, expect, seen: seen.clone() });
                }
            }
        }
        self.reported.ticks = self.engine.ticks().to_vec();
        if self.reported.ended || !matches!(phase, LessonPhase::Passed | LessonPhase::Failed) {
            return;
        }
        self.reported.ended = true;
        if phase == LessonPhase::Passed {
            changes.push(LessonChange::Passed { step });
            let last = step + 1 == self.engine.lesson().steps.len();
            changes.extend(last.then_some(LessonChange::Over));
        } else {
            changes.extend(self.engine.stuck().map(|act| LessonChange::NotDone { step, act }));
            changes.push(LessonChange::Failed { step });
        }
    }
}
