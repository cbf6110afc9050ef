//! A lesson without a screen: the pump, driven by the lesson's deadlines instead of keys.

use std::net::SocketAddr;

use tokio::time::sleep_until;

use super::environment::Environment;
use super::pump::{BATCH, Pump, Record};
use super::queue::{self, Observations};
use crate::domain::{Clock, EventSink, Lang};
use crate::lesson::{Engine, Lesson, LessonPhase, Player};
use crate::model::ui::TableScope;
use crate::model::{Model, Ui};

/// A lesson in its environment. Lives inside a tokio runtime.
pub struct Runner {
    pump: Pump<Environment>,
    events: Observations,
}

impl Runner {
    /// Opens the environment of a lesson, whose steps are marked in this language.
    pub fn open(name: &str, lesson: Lesson, lang: Lang) -> anyhow::Result<Self> {
        Self::open_with(name, lesson, lang, Environment::open)
    }

    /// The same with the servers of another machine at this address, for a lesson made by [`Lesson::remote`]. With port
    /// 0, each server is at its usual port.
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
        // Watch the servers' ports, and nothing else.
        let ui = Ui { lang, scope: TableScope::Lab, ..Ui::default() };
        let mut pump = Pump::new(Model::new(ui), environment, sink);
        pump.player = Some(player);
        Ok(Self { pump, events })
    }

    /// Writes the journal there from now on.
    pub fn record(&mut self, record: Option<Record>) {
        self.pump.record = record;
    }

    /// The engine, for how far the lesson is. Without a screen the player never leaves the lesson.
    pub fn engine(&self) -> Option<&Engine> {
        self.pump.player.as_ref().map(|player| &player.engine)
    }

    /// Runs the current step until it has passed or failed.
    pub async fn step(&mut self) -> anyhow::Result<LessonPhase> {
        let events = &mut self.events;
        self.pump.begin(std::iter::from_fn(|| events.try_recv()));
        let mut batch = Vec::with_capacity(BATCH);
        while self.pump.player.as_ref().is_some_and(|player| player.next_due().is_some()) {
            let Some(due) = self.pump.next_change() else { break };
            tokio::select! {
                biased;
                // Time passes only when no observation is waiting.
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

    /// Goes to the next step; `false` if there is none, or if the current one did not pass.
    pub fn next_step(&mut self) -> bool {
        self.pump.player.as_mut().is_some_and(|player| player.engine.next_step())
    }

    /// Closes everything. The journal that is returned has the last observations too.
    pub async fn close(self) -> Model {
        let Self { pump, mut events } = self;
        let (environment, mut rest) = pump.split();
        environment.close().await;
        rest.drain(&mut events);
        rest.model
    }
}
