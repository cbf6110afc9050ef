//! The one pump: messages go through `update`, effects to the shell, and what a lesson makes of it comes back as
//! messages. The screen, a run without one and a printer all turn it; they differ in what wakes them.

use std::collections::VecDeque;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use tokio::time::Instant;

use super::queue::Observations;
use super::recorder::Recorder;
use crate::domain::{
    EventKind, EventSink, Evidence, LessonChange, LessonEvent, Note, Observation, RowKey, Stamp, WorldId,
};
use crate::lesson::{HostAddresses, Lesson, LessonOrder, Player};
use crate::model::effect::{Effect, LessonEffect, ScreenEffect};
use crate::model::{Model, Msg, update};

/// How many observations are taken in between two looks at anything else.
pub(super) const BATCH: usize = 256;

/// Performs effects in the real world.
pub trait Shell {
    /// Does one thing, without waiting; the results come back as observations.
    fn perform(&mut self, effect: Effect);
    /// Opens what a lesson needs.
    fn stage(&mut self, name: &str, lesson: &Arc<Lesson>, run: u32) {
        let _ = (name, lesson, run);
    }
    /// Does one thing that the lesson asks for, without waiting.
    fn order(&mut self, order: LessonOrder) {
        drop(order);
    }
    /// Waits for the answer to an effect that asked about packets or names of files, or for an observation that must not
    /// overtake such an answer. Cancelled at any time without loss.
    fn answer(&mut self) -> impl Future<Output = Msg> {
        std::future::pending()
    }
    /// Names the rows of the socket table that can be seen now: their processes are worth finding.
    fn seen(&mut self, model: &Model, rows: &[RowKey]) {
        let _ = (model, rows);
    }
    /// Gives the terminal back, stops this program until it is continued, and takes the terminal again.
    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// Takes the terminal as it should be, after this program was stopped in a way that could not be foreseen.
    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where the journal is written.
pub type Record = Recorder<BufWriter<Box<dyn Write + Send>>>;

/// See the module's head.
pub struct Pump<S> {
    /// What is known so far.
    pub model: Model,
    /// Performs effects.
    pub shell: S,
    /// Whose clock is used, and who counts losses.
    pub sink: EventSink,
    /// Where the journal is written, if it is.
    pub record: Option<Record>,
    /// The lesson that is played, if one is.
    pub player: Option<Player>,
}

impl<S> Pump<S> {
    /// The shell, to be taken apart, and the pump without one: what is still on its way can be drained.
    pub fn split(self) -> (S, Pump<()>) {
        let Self { model, shell, sink, record, player } = self;
        (shell, Pump { model, shell: (), sink, record, player })
    }
}

/// Nothing is performed any more.
impl Shell for () {
    fn perform(&mut self, _effect: Effect) {}
}

impl<S: Shell> Pump<S> {
    /// Nothing was put through it yet.
    pub const fn new(model: Model, shell: S, sink: EventSink) -> Self {
        Self { model, shell, sink, record: None, player: None }
    }

    /// Puts a message through `update`, and everything that follows from it. Returns what the screen is asked for.
    pub fn take(&mut self, msg: Msg) -> Vec<ScreenEffect> {
        let mut asked = Vec::new();
        let mut queue = VecDeque::from([msg]);
        while let Some(msg) = queue.pop_front() {
            let before = self.model.journal.last_seq();
            for effect in update(&mut self.model, msg) {
                match effect {
                    Effect::Screen(effect) => asked.push(effect),
                    Effect::Lesson(effect) => queue.extend(self.lesson(effect)),
                    effect => self.shell.perform(effect),
                }
            }
            queue.extend(self.follow(before));
        }
        asked
    }

    /// Takes in what was observed, then the losses, then writes the record.
    pub fn batch(&mut self, seen: impl IntoIterator<Item = Observation>) -> Vec<ScreenEffect> {
        self.model.now = self.model.now.max(self.now());
        let mut asked: Vec<_> = seen.into_iter().flat_map(|seen| self.take(Msg::Seen(seen))).collect();
        let count = self.sink.take_lost();
        if count > 0 {
            asked.extend(self.note(Note::Dropped { count }));
        }
        self.write();
        asked
    }

    /// Lets time pass, for the model and for the lesson. Only for what is not waiting in the queue of observations.
    pub fn pass(&mut self) -> Vec<ScreenEffect> {
        let now = self.now();
        let mut asked = self.take(Msg::Time(now));
        if let Some(player) = &mut self.player {
            let orders = player.advance(&self.model, now);
            let told = self.play(orders);
            asked.extend(told.into_iter().flat_map(|msg| self.take(msg)));
        }
        self.write();
        asked
    }

    /// Begins the present step of the lesson without waiting for the class. What was `seen` already stands before it in
    /// the journal, and the lesson hears of it in the step.
    pub fn begin(&mut self, seen: impl IntoIterator<Item = Observation>) {
        let player = self.player.take();
        let before = self.model.journal.last_seq();
        self.batch(seen);
        self.player = player;
        let now = self.now();
        let Some(player) = &mut self.player else { return };
        let orders = player.begin(&self.model, now);
        orders.into_iter().for_each(|order| self.shell.order(order));
        self.told();
        let heard = self.follow(before);
        heard.into_iter().for_each(|msg| _ = self.take(msg));
    }

    /// Takes in what was still on its way when everything was closed, so that the record is whole. Without one it is
    /// not worth the time: in a flood it would be seconds.
    pub fn drain(&mut self, events: &mut Observations) {
        while let Some(seen) = events.try_recv() {
            self.model.observe(seen);
        }
        let now = self.now();
        self.model.finish(now);
        self.write();
    }

    /// The time on the laboratory's clock. Asked of tokio, whose time a test can hold still; otherwise they are the same.
    pub fn now(&self) -> Stamp {
        self.sink.clock().at(Instant::now().into_std())
    }

    /// When something changes by itself, on tokio's clock.
    pub fn next_change(&self) -> Option<Instant> {
        let due = self.player.as_ref().and_then(Player::next_due);
        let at = [self.model.next_change(), due].into_iter().flatten().min()?;
        Some(Instant::now() + at.since(self.now()))
    }

    /// Writes the journal on. When that fails the laboratory goes on and says so.
    pub fn write(&mut self) {
        let written = self.record.as_mut().map_or(Ok(()), |record| record.follow(&self.model.journal));
        if let Err(error) = written {
            self.record = None;
            self.note(Note::RecordFailed { errno: error.into() });
        }
    }

    fn note(&mut self, note: Note) -> Vec<ScreenEffect> {
        let seen = self.own(WorldId::Host, EventKind::Note(note));
        self.take(seen)
    }

    /// Something that the pump itself knows, as an observation.
    fn own(&self, world: WorldId, kind: EventKind) -> Msg {
        Msg::Seen(Observation { at: self.now(), world, host: None, evidence: Evidence::Called, kind })
    }

    /// Does what is asked of the player. Returns what follows from it.
    fn lesson(&mut self, effect: LessonEffect) -> Vec<Msg> {
        match effect {
            LessonEffect::Play { lesson, run } => {
                let Some(found) = Lesson::kept(&self.model, &lesson) else { return vec![] };
                self.player = Some(Player::new(&lesson, run, (*found).clone(), HostAddresses::of_wire()));
                self.shell.stage(&lesson, &found, run);
                vec![]
            }
            LessonEffect::GoOn => {
                let now = self.now();
                let Some(player) = &mut self.player else { return vec![] };
                if let Some((lesson, run)) = player.begin_anew(&self.model, now) {
                    let found = Arc::new(player.engine.lesson().clone());
                    self.shell.stage(&lesson, &found, run);
                    return self.play(vec![]);
                }
                let orders = player.go_on(&self.model, now);
                self.play(orders)
            }
            LessonEffect::Leave => {
                let Some(playing) = &self.model.worlds.wire().playing else { return vec![] };
                let left = LessonEvent { lesson: playing.lesson.clone(), change: LessonChange::Left };
                self.player = None;
                vec![self.own(WorldId::Wire, EventKind::Lesson(left))]
            }
        }
    }

    /// Has the player hear what the journal has had since. Returns what follows from it.
    fn follow(&mut self, before: u64) -> Vec<Msg> {
        if self.model.journal.last_seq() <= before {
            return vec![];
        }
        let Some(player) = &mut self.player else { return vec![] };
        let orders = player.follow(&self.model, before);
        self.play(orders)
    }

    /// Performs what the lesson asks for. Returns what became of it, for the journal.
    fn play(&mut self, orders: Vec<LessonOrder>) -> Vec<Msg> {
        orders.into_iter().for_each(|order| self.shell.order(order));
        let Some(player) = &mut self.player else { return vec![] };
        let news = player.progress(self.model.ui.lang);
        let world = player.engine.lesson().world;
        if player.is_over() {
            self.player = None;
        }
        news.into_iter().map(|kind| self.own(world, kind)).collect()
    }

    /// Puts what became of the lesson through `update`.
    fn told(&mut self) -> Vec<ScreenEffect> {
        let told = self.play(vec![]);
        told.into_iter().flat_map(|msg| self.take(msg)).collect()
    }
}
