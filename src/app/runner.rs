//! Goes through a lesson: the engine says what to do, the stage does it, what happens goes through the model.

use std::io;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::queue;
use super::stage::Stage;
use crate::domain::{Clock, Evidence, Kind, Lang, Note, Observation, Probe, Stamp, WorldId};
use crate::lesson::{Engine, Lesson, Order, Phase};
use crate::model::journal::Journal;
use crate::model::{Model, Msg, Ui, update};

/// How many observations are taken in at once.
const BATCH: usize = 256;

/// A lesson on its stage. Lives inside a tokio runtime.
pub struct Runner {
    /// Where it stands.
    pub engine: Engine,
    /// What happened so far.
    pub model: Model,
    lang: Lang,
    stage: Stage,
    probe: Probe,
    events: mpsc::Receiver<Observation>,
}

impl Runner {
    /// Opens the stage for a lesson, whose steps are marked in this language.
    pub fn open(lesson: Lesson, lang: Lang) -> anyhow::Result<Self> {
        let (probe, events) = queue::open(Clock::start());
        let stage = Stage::open(&lesson, &probe)?;
        let engine = Engine::new(lesson, stage.addresses());
        Ok(Self { engine, model: Model::new(Ui::default()), lang, stage, probe, events })
    }

    /// Goes through the present step until it passed or failed. `written` is shown the journal whenever it grew.
    pub async fn step(&mut self, written: &mut impl FnMut(&Journal) -> io::Result<()>) -> anyhow::Result<Phase> {
        let world = self.engine.lesson().world;
        self.mark(world);
        let orders = self.engine.begin(self.model.world.get(world), self.now());
        self.perform(orders)?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(due) = self.engine.next_due() {
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
                    self.engine.pass(self.model.world.get(world), now);
                }
            }
            self.tell_losses()?;
            written(&self.model.journal)?;
        }
        Ok(self.engine.phase())
    }

    /// Says in the journal that a step begins.
    fn mark(&mut self, world: WorldId) {
        let number = self.engine.place() + 1;
        let said = self.engine.step().and_then(|step| step.say.as_ref()).map_or("", |say| say.lang(self.lang));
        let kind = Kind::Note(Note::Mark { text: format!("{number}. {said}").trim_end().to_owned() });
        self.model.observe(Observation { at: self.now(), world, host: None, evidence: Evidence::Called, kind });
    }

    /// Goes to the next step; `false` when there is none, or the present one did not pass.
    pub fn next_step(&mut self) -> bool {
        self.engine.next_step()
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
        self.probe.clock().now()
    }

    fn take(&mut self, seen: Observation) -> anyhow::Result<()> {
        let before = self.model.journal.last_seq();
        self.stage.follow(&seen);
        let ends = self.model.observe(seen);
        self.stage.ask(ends);
        self.hear_since(before)
    }

    /// Has the engine hear what the journal has had since.
    fn hear_since(&mut self, before: u64) -> anyhow::Result<()> {
        for seq in before + 1..=self.model.journal.last_seq() {
            let Some(event) = self.model.journal.get(seq) else { continue };
            let world = self.model.world.get(self.engine.lesson().world);
            let orders = self.engine.hear(world, event);
            self.perform(orders)?;
        }
        Ok(())
    }

    fn perform(&mut self, orders: Vec<Order>) -> anyhow::Result<()> {
        orders.into_iter().try_for_each(|order| self.stage.perform(order))
    }

    fn tell_losses(&mut self) -> anyhow::Result<()> {
        let count = self.probe.take_lost();
        if count == 0 {
            return Ok(());
        }
        let (at, world) = (self.now(), WorldId::Host);
        let kind = Kind::Note(Note::Dropped { count });
        self.take(Observation { at, world, host: None, evidence: Evidence::Called, kind })
    }
}
