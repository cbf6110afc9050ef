//! A shell whose work is done by another runtime than the one that draws.

use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::pump::Shell;
use crate::domain::RowKey;
use crate::lesson::{Lesson, LessonOrder};
use crate::model::effect::Effect;
use crate::model::{Model, Msg};

/// What the shell starts, the workers do. The loop of the screen has timers of its own: those of a runtime whose workers
/// never rest, because clients never do, fire hundreds of milliseconds late.
pub(super) struct OnWorkers<S> {
    pub(super) shell: S,
    pub(super) workers: Handle,
}

impl<S: Shell> Shell for OnWorkers<S> {
    fn perform(&mut self, effect: Effect) {
        let _entered = self.workers.enter();
        self.shell.perform(effect);
    }

    fn stage(&mut self, name: &str, lesson: &Arc<Lesson>, run: u32) {
        let _entered = self.workers.enter();
        self.shell.stage(name, lesson, run);
    }

    fn order(&mut self, order: LessonOrder) {
        let _entered = self.workers.enter();
        self.shell.order(order);
    }

    fn answer(&mut self) -> impl Future<Output = Msg> {
        self.shell.answer()
    }

    fn seen(&mut self, model: &Model, rows: &[RowKey]) {
        let _entered = self.workers.enter();
        self.shell.seen(model, rows);
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.shell.suspend()
    }

    fn resume(&mut self) -> io::Result<()> {
        self.shell.resume()
    }
}
