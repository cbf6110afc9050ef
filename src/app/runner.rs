//! A lesson without a screen: the pump, driven by the lesson's own deadlines instead of a class.

use std::net::SocketAddr;

use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::environment::Environment;
use super::pump::{BATCH, Pump, Record};
use super::queue;
use crate::domain::{Clock, EventSink, Lang, Observation};
use crate::lesson::{Engine, Lesson, LessonPhase, Player};
use crate::model::ui::TableScope;
use crate::model::{Model, Ui};

/// A lesson in its environment. Lives inside a tokio runtime.
pub struct Runner {
    pump: Pump<Environment>,
    events: mpsc::Receiver<Observation>,
}

impl Runner {
    /// Opens the environment of a lesson, whose steps are marked in this language.
    pub fn open(name: &str, lesson: Lesson, lang: Lang) -> anyhow::Result<Self> {
        Self::open_with(name, lesson, lang, Environment::open)
    }

    /// The same with the servers of another machine, at this address; with port 0 each where the laboratory has it.
    /// The lesson is one that [`Lesson::remote`] gave.
    pub fn open_away(name: &str, lesson: Lesson, lang: Lang, there: SocketAddr) -> anyhow::Result<Self> {
        Self::open_with(name, lesson, lang, |lesson, sink| Environment::away(lesson, sink, there))
    }

    fn open_with(
        name: &str,
        lesson: Lesson,
        lang: Lang,
        open: impl FnOnce(&Lesson, &EventSink) -> anyhow::Result<Environment>,
    ) -> anyhow::Result<Self> {
        let (sink, events) = queue::open(Clock::start());
        let environment = open(&lesson, &sink)?;
        let mut player = Player::new(name, 1, lesson, environment.addresses());
        player.set_ready();
        // What is watched follows the servers' ports, and nothing else.
        let ui = Ui { lang, scope: TableScope::Lab, ..Ui::default() };
        let mut pump = Pump::new(Model::new(ui), environment, sink);
        pump.player = Some(player);
        Ok(Self { pump, events })
    }

    /// Writes the journal there as it grows.
    pub fn record(&mut self, record: Option<Record>) {
        self.pump.record = record;
    }

    /// Where the lesson stands. The player never leaves a lesson without a class.
    pub fn engine(&self) -> Option<&Engine> {
        self.pump.player.as_ref().map(|player| &player.engine)
    }

    /// Goes through the present step until it passed or failed.
    pub async fn step(&mut self) -> anyhow::Result<LessonPhase> {
        self.pump.begin();
        let mut batch = Vec::with_capacity(BATCH);
        while self.pump.player.as_ref().is_some_and(|player| player.next_due().is_some()) {
            let Some(due) = self.pump.next_change() else { break };
            tokio::select! {
                biased;
                // Time passes only for what is not waiting in the queue.
                count = self.events.recv_many(&mut batch, BATCH) => {
                    anyhow::ensure!(count > 0, "the observers have ended");
                    self.pump.batch(batch.drain(..));
                }
                () = sleep_until(due) => {
                    self.pump.pass();
                }
            }
            self.pump.shell.failure()?;
        }
        self.pump.shell.failure()?;
        Ok(self.engine().map_or(LessonPhase::Failed, Engine::phase))
    }

    /// Goes to the next step; `false` when there is none, or the present one did not pass.
    pub fn next_step(&mut self) -> bool {
        self.pump.player.as_mut().is_some_and(|player| player.engine.next_step())
    }

    /// Takes everything apart. What was still under way is in the journal that is returned.
    pub async fn close(self) -> Model {
        let Self { pump, mut events } = self;
        let (environment, mut rest) = pump.split();
        environment.close().await;
        rest.drain(&mut events);
        rest.model
    }
}
