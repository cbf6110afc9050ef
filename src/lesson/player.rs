//! A lesson that is played: the engine, driven by the journal, and what it tells the journal of itself.
//!
//! It is pure, like the engine. A run without a screen and the screen's loop drive it alike: what happened goes in by
//! [`Player::follow`], time by [`Player::pass`]; [`Order`]s come out, and [`Player::news`] become events.

use super::engine::{Engine, Phase};
use super::file::Lesson;
use super::order::{Addresses, Order};
use crate::domain::lesson::ExpectationState;
use crate::domain::{EventKind, Lang, LessonChange, LessonEvent, Note, Stamp};
use crate::model::{Model, World};

/// See the module's head.
#[derive(Debug, Clone)]
pub struct Player {
    /// Where it stands.
    pub engine: Engine,
    name: String,
    /// The number of this run: what is said of another is not about it.
    run: u32,
    staged: bool,
    told: Told,
}

/// What the journal was told last.
#[derive(Debug, Clone, Default)]
struct Told {
    /// The step, once any was told.
    step: Option<usize>,
    begun: bool,
    /// How many of its acts.
    acts: usize,
    ticks: Vec<ExpectationState>,
    ended: bool,
}

impl Player {
    /// Before the first step. Nothing is done before the world that the lesson wants is there.
    pub fn new(name: &str, run: u32, lesson: Lesson, addresses: Addresses) -> Self {
        let engine = Engine::new(lesson, addresses);
        Self { engine, name: name.into(), run, staged: false, told: Told::default() }
    }

    /// The world is there.
    pub const fn staged(&mut self) {
        self.staged = true;
    }

    /// Whether the world is there.
    pub const fn is_staged(&self) -> bool {
        self.staged
    }

    /// Does the present step if it waits for that. If it passed, goes to the next, which waits if anything is done in
    /// it: the class is told before.
    pub fn go_on(&mut self, model: &Model, now: Stamp) -> Vec<Order> {
        match self.engine.phase() {
            Phase::Ready if self.staged => self.begin(model, now),
            Phase::Passed if self.engine.next_step() => self.come(model, now),
            _ => vec![],
        }
    }

    /// Does the present step.
    pub fn begin(&mut self, model: &Model, now: Stamp) -> Vec<Order> {
        self.engine.begin(self.world(model), now)
    }

    /// Hears what the journal has had since the entry of this number. Says what to do next.
    pub fn follow(&mut self, model: &Model, since: u64) -> Vec<Order> {
        let mut orders = Vec::new();
        for seq in since + 1..=model.journal.last_seq() {
            let Some(event) = model.journal.get(seq) else { continue };
            if let EventKind::Lesson(lesson) = &event.seen.kind {
                if lesson.change == (LessonChange::Staged { run: self.run }) && !self.staged {
                    self.staged = true;
                    orders.extend(self.come(model, event.seen.at));
                }
                continue;
            }
            orders.extend(self.engine.hear(self.world(model), event));
        }
        orders
    }

    /// Lets time pass.
    pub fn pass(&mut self, model: &Model, now: Stamp) {
        self.engine.pass(self.world(model), now);
    }

    /// When [`Player::pass`] has something to decide.
    pub fn next_due(&self) -> Option<Stamp> {
        self.engine.next_due()
    }

    /// What became of it since it was asked last: its events, and a mark in this language where a step begins.
    pub fn news(&mut self, lang: Lang) -> Vec<EventKind> {
        let mut changes = Vec::new();
        if self.staged {
            self.changes(&mut changes);
        }
        let mut news = Vec::new();
        for change in changes {
            if let LessonChange::Begun { step } = change {
                news.push(EventKind::Note(Note::Mark { text: self.mark(step, lang) }));
            }
            news.push(EventKind::Lesson(LessonEvent { lesson: self.name.clone(), change }));
        }
        news
    }

    /// What a saved capture says of a step: its number, and what the class is told.
    fn mark(&self, step: usize, lang: Lang) -> String {
        let said = self.engine.step().and_then(|step| step.say.as_ref()).map_or("", |say| say.lang(lang));
        format!("{}. {said}", step + 1).trim_end().to_owned()
    }

    fn world<'a>(&self, model: &'a Model) -> &'a World {
        model.worlds.of(self.engine.lesson().world)
    }

    /// Comes to the present step: where nothing is done in it, there is nothing to wait for.
    fn come(&mut self, model: &Model, now: Stamp) -> Vec<Order> {
        let waits = self.engine.step().is_some_and(|step| !step.acts.is_empty());
        if waits { vec![] } else { self.begin(model, now) }
    }

    fn changes(&mut self, changes: &mut Vec<LessonChange>) {
        let (step, phase) = (self.engine.place(), self.engine.phase());
        if self.told.step != Some(step) {
            self.told = Told { step: Some(step), ..Told::default() };
            changes.push(LessonChange::Told { step });
        }
        if phase == Phase::Ready {
            return;
        }
        if !self.told.begun {
            self.told.begun = true;
            changes.push(LessonChange::Begun { step });
        }
        let all = self.engine.step().map_or(0, |step| step.acts.len());
        let acts = match phase {
            Phase::Acting(begun) => begun,
            Phase::Failed => self.engine.stuck().unwrap_or(all),
            _ => all,
        };
        changes.extend((self.told.acts..acts).map(|act| LessonChange::Acted { step, act }));
        self.told.acts = self.told.acts.max(acts);
        for (expect, tick) in self.engine.ticks().iter().enumerate() {
            if self.told.ticks.get(expect).is_some_and(|told| told == tick) {
                continue;
            }
            match tick {
                ExpectationState::Open => {}
                ExpectationState::Met => changes.push(LessonChange::Met { step, expect }),
                ExpectationState::Missed(seen) => {
                    changes.push(LessonChange::Missed { step, expect, seen: seen.clone() })
                }
            }
        }
        self.told.ticks = self.engine.ticks().to_vec();
        if self.told.ended || !matches!(phase, Phase::Passed | Phase::Failed) {
            return;
        }
        self.told.ended = true;
        if phase == Phase::Passed {
            changes.push(LessonChange::Passed { step });
            let last = step + 1 == self.engine.lesson().steps.len();
            changes.extend(last.then_some(LessonChange::Over));
        } else {
            changes.extend(self.engine.stuck().map(|act| LessonChange::NotDone { step, act }));
            changes.push(LessonChange::Failed { step });
        }
    }
}
