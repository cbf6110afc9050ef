//! Goes through a lesson without a screen: the player says what to do, the stage does it, what happens goes through the
//! model.

use std::io;
use std::net::SocketAddr;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::queue;
use super::stage::Stage;
use crate::domain::{Clock, EventKind, EventSink, Evidence, Lang, Note, Observation, Stamp, WorldId};
use crate::lesson::{Lesson, LessonOrder, LessonPhase, Player};
use crate::model::journal::Journal;
use crate::model::{Model, Msg, Ui, update};

/// How many observations are taken in at once.
const BATCH: usize = 256;

/// A lesson on its stage. Lives inside a tokio runtime.
pub struct Runner {
    /// Where it stands.
    pub player: Player,
    /// What happened so far.
    pub model: Model,
    lang: Lang,
    stage: Stage,
    sink: EventSink,
    events: mpsc::Receiver<Observation>,
}

impl Runner {
    /// Opens the stage for a lesson, whose steps are marked in this language.
    pub fn open(name: &str, lesson: Lesson, lang: Lang) -> anyhow::Result<Self> {
        Self::open_with(name, lesson, lang, Stage::open)
    }

    /// The same with the servers of another machine, at this address; with port 0 each where the laboratory has it.
    /// The lesson is one that [`Lesson::away`] gave.
    pub fn open_away(name: &str, lesson: Lesson, lang: Lang, there: SocketAddr) -> anyhow::Result<Self> {
        Self::open_with(name, lesson, lang, |lesson, sink| Stage::away(lesson, sink, there))
    }

    fn open_with(
        name: &str,
        lesson: Lesson,
        lang: Lang,
        open: impl FnOnce(&Lesson, &EventSink) -> anyhow::Result<Stage>,
    ) -> anyhow::Result<Self> {
        let (sink, events) = queue::open(Clock::start());
        let stage = open(&lesson, &sink)?;
        let mut player = Player::new(name, 1, lesson, stage.addresses());
        player.set_ready();
        Ok(Self { player, model: Model::new(Ui::default()), lang, stage, sink, events })
    }

    /// Goes through the present step until it passed or failed. `written` is shown the journal whenever it grew.
    pub async fn step(&mut self, written: &mut impl FnMut(&Journal) -> io::Result<()>) -> anyhow::Result<LessonPhase> {
        let world = self.player.engine.lesson().world;
        let orders = self.player.begin(&self.model, self.now());
        self.perform(orders)?;
        self.tell();
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(due) = self.player.next_due() {
            // The historian of the machine's own world also waits for time to pass.
            let due = self.model.next_change().filter(|_| world == WorldId::Host).map_or(due, |change| change.min(due));
            let due = Instant::now() + due.since(self.now());
            tokio::select! {
                biased;
                // Time passes only for what is not waiting in the queue.
                count = self.events.recv_many(&mut batch, BATCH) => {
                    anyhow::ensure!(count > 0, "nobody observes any more");
                    for seen in batch.drain(..) {
                        self.take(seen)?;
                    }
                }
                () = sleep_until(due) => {
                    let now = self.now();
                    let before = self.model.journal.last_seq();
                    update(&mut self.model, Msg::Time(now));
                    self.hear_since(before)?;
                    self.player.advance(&self.model, now);
                    self.tell();
                }
            }
            self.tell_losses()?;
            written(&self.model.journal)?;
        }
        Ok(self.player.engine.phase())
    }

    /// Goes to the next step; `false` when there is none, or the present one did not pass.
    pub fn next_step(&mut self) -> bool {
        self.player.engine.next_step()
    }

    /// Takes everything apart. What was still under way is in the journal that is returned.
    pub async fn close(self) -> Model {
        let Self { mut model, stage, mut events, .. } = self;
        stage.close().await;
        while let Ok(seen) = events.try_recv() {
            model.observe(seen);
        }
        model
    }

    fn now(&self) -> Stamp {
        self.sink.clock().now()
    }

    fn take(&mut self, seen: Observation) -> anyhow::Result<()> {
        let before = self.model.journal.last_seq();
        self.stage.follow(&seen);
        let ends = self.model.observe(seen);
        self.stage.ask(ends);
        self.hear_since(before)
    }

    /// Has the player hear what the journal has had since.
    fn hear_since(&mut self, before: u64) -> anyhow::Result<()> {
        let orders = self.player.follow(&self.model, before);
        self.perform(orders)?;
        self.tell();
        Ok(())
    }

    /// Has the journal told what became of the lesson.
    fn tell(&mut self) {
        let (at, world) = (self.now(), self.player.engine.lesson().world);
        for kind in self.player.progress(self.lang) {
            self.model.observe(Observation { at, world, host: None, evidence: Evidence::Called, kind });
        }
    }

    fn perform(&mut self, orders: Vec<LessonOrder>) -> anyhow::Result<()> {
        orders.into_iter().try_for_each(|order| self.stage.perform(order))
    }

    fn tell_losses(&mut self) -> anyhow::Result<()> {
        let count = self.sink.take_lost();
        if count == 0 {
            return Ok(());
        }
        let (at, world) = (self.now(), WorldId::Host);
        let kind = EventKind::Note(Note::Dropped { count });
        self.take(Observation { at, world, host: None, evidence: Evidence::Called, kind })
    }
}
