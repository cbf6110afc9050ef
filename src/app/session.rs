//! The loop: keys first, frames second, events last. Generic over the screen and the keyboard, so that a whole session
//! runs in a test.

use std::io;
use std::time::Duration;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::input;
use super::recorder::Recorder;
use super::stage;
use crate::domain::{
    EventKind, EventSink, Evidence, LessonChange, LessonEvent, Note, Observation, RowKey, Stamp, WorldId,
};
use crate::lesson::{LessonOrder, Player, catalogue};
use crate::model::{Effect, Model, Msg, update};
use crate::view;

/// The shortest time between two frames: sixty a second.
const FRAME: Duration = Duration::from_micros(16_667);
/// How many observations are taken in between two looks at the keyboard.
const BATCH: usize = 256;

/// What performs the model's wishes.
pub trait Shell {
    /// Does one thing in the real world, without waiting; the results come back as observations.
    fn perform(&mut self, effect: Effect);
    /// Does one thing that the lesson asks for which is played, without waiting.
    fn order(&mut self, order: LessonOrder) {
        drop(order);
    }
    /// Waits for what performing an effect has found and no observation tells. Cancelled at any time without loss.
    fn answer(&mut self) -> impl Future<Output = Msg> {
        std::future::pending()
    }
    /// Is told which rows of the socket table can be seen now: their processes are worth naming.
    fn seen(&mut self, model: &Model, rows: &[RowKey]);
    /// Gives the terminal back, stops this program until it is continued, and takes the terminal again.
    fn suspend(&mut self) -> io::Result<()>;
    /// Takes the terminal as it should be, after this program was stopped in a way that could not be foreseen.
    fn resume(&mut self) -> io::Result<()>;
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A key asked for it.
    Quit,
    /// A signal asked for it.
    Stopped,
    /// The terminal is gone.
    Hangup,
}

/// What comes from outside besides keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, SIGINT: leave in order.
    Stop,
    /// SIGHUP: the terminal is gone.
    Hangup,
    /// SIGTSTP: give the terminal back and stop.
    Suspend,
    /// SIGCONT: somebody else may have used the terminal.
    Continued,
}

/// A running session.
#[derive(Debug)]
pub struct Session<B: Backend, S: Shell> {
    /// What is shown.
    pub model: Model,
    /// Where it is shown.
    pub terminal: Terminal<B>,
    /// What performs effects.
    pub shell: S,
    /// Whose clock is used, and who knows of losses.
    pub sink: EventSink,
    /// How colours are drawn.
    pub depth: view::ColorDepth,
    /// Where the journal is written, if it is.
    pub recorder: Option<Recorder>,
    /// The lesson that is played, if one is.
    pub player: Option<Player>,
}

impl<B: Backend<Error = io::Error>, S: Shell> Session<B, S> {
    /// Runs until a key, a signal or the end of the terminal ends it.
    pub async fn run(
        &mut self,
        mut keys: impl Stream<Item = io::Result<Event>> + Unpin,
        mut signals: mpsc::Receiver<Signal>,
        events: &mut mpsc::Receiver<Observation>,
    ) -> io::Result<End> {
        let mut batch = Vec::with_capacity(BATCH);
        // What is being opened has one frame's time to tell of itself before the first is drawn.
        let mut last_frame = Instant::now();
        let mut dirty = true;
        // What was told of while the laboratory was opened comes before keys that were typed ahead: they are about it.
        for seen in std::iter::from_fn(|| events.try_recv().ok()).take(BATCH) {
            self.take(Msg::Seen(seen))?;
        }
        self.tell_losses()?;
        self.record()?;
        loop {
            let frame = last_frame + FRAME;
            let change = self.next_change();
            tokio::select! {
                biased;
                key = keys.next() => match key {
                    Some(Ok(event)) => {
                        for msg in input::messages(event) {
                            dirty = true;
                            if let Some(end) = self.take(msg)? { return Ok(end) }
                        }
                    }
                    Some(Err(_)) | None => return Ok(End::Hangup),
                },
                signal = signals.recv() => match signal {
                    Some(Signal::Stop) => return Ok(End::Stopped),
                    Some(Signal::Hangup) | None => return Ok(End::Hangup),
                    Some(Signal::Suspend) => {
                        self.perform(vec![Effect::Suspend])?;
                        dirty = true;
                    }
                    Some(Signal::Continued) => {
                        self.shell.resume()?;
                        self.wipe()?;
                        dirty = true;
                    }
                },
                () = sleep_until(frame), if dirty => {
                    self.draw()?;
                    last_frame = Instant::now();
                    dirty = false;
                }
                msg = self.shell.answer() => {
                    self.take(msg)?;
                    dirty = true;
                }
                count = events.recv_many(&mut batch, BATCH) => {
                    if count == 0 { return Ok(End::Stopped) }
                    for seen in batch.drain(..) {
                        self.take(Msg::Seen(seen))?;
                    }
                    self.tell_losses()?;
                    self.record()?;
                    dirty = true;
                }
                () = sleep_until(change.unwrap_or(frame)), if change.is_some() && !dirty => {
                    self.take(Msg::Time(self.now()))?;
                    // Nothing waits in the queue: what was not seen by now was not there.
                    self.pass()?;
                    dirty = true;
                }
            }
        }
    }

    /// Tells the model something that no key and no event does.
    pub fn tell(&mut self, msg: Msg) -> io::Result<()> {
        self.take(msg).map(drop)
    }

    /// Puts a message through `update` and performs what it asks for.
    fn take(&mut self, msg: Msg) -> io::Result<Option<End>> {
        let before = self.model.journal.last_seq();
        let effects = update(&mut self.model, msg);
        let end = self.perform(effects)?;
        if let Some(player) = &mut self.player
            && self.model.journal.last_seq() > before
        {
            let orders = player.follow(&self.model, before);
            self.play(orders)?;
        }
        Ok(end)
    }

    /// Performs what the lesson asks for, and has the journal told what became of it.
    fn play(&mut self, orders: Vec<LessonOrder>) -> io::Result<()> {
        orders.into_iter().for_each(|order| self.shell.order(order));
        let Some(player) = &mut self.player else { return Ok(()) };
        let (news, world) = (player.progress(self.model.ui.lang), player.engine.lesson().world);
        // Its world is gone, or somebody has left it.
        if player.is_ready() && news.is_empty() && self.model.worlds.of(world).playing.is_none() {
            self.player = None;
        }
        news.into_iter().try_for_each(|kind| self.report(world, kind))
    }

    /// Lets time pass for the lesson.
    fn pass(&mut self) -> io::Result<()> {
        let now = self.now();
        let Some(player) = &mut self.player else { return Ok(()) };
        player.advance(&self.model, now);
        self.play(vec![])
    }

    /// Goes on in the lesson.
    fn go_on(&mut self) -> io::Result<()> {
        let now = self.now();
        let Some(player) = &mut self.player else { return Ok(()) };
        let orders = player.go_on(&self.model, now);
        self.play(orders)
    }

    fn leave_lesson(&mut self) -> io::Result<()> {
        let Some(playing) = &self.model.worlds.wire().playing else { return Ok(()) };
        let left = LessonEvent { lesson: playing.lesson.clone(), change: LessonChange::Left };
        self.player = None;
        self.report(WorldId::Wire, EventKind::Lesson(left))
    }

    fn perform(&mut self, effects: Vec<Effect>) -> io::Result<Option<End>> {
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(Some(End::Quit)),
                Effect::GoOn => self.go_on()?,
                Effect::LeaveLesson => self.leave_lesson()?,
                Effect::Play { lesson, run } => {
                    let found = catalogue::lesson(&lesson).cloned();
                    self.player = found.map(|found| Player::new(&lesson, run, found, stage::wire_addresses()));
                    self.shell.perform(Effect::Play { lesson, run });
                }
                Effect::Redraw => self.wipe()?,
                Effect::Suspend => {
                    self.shell.suspend()?;
                    self.wipe()?;
                }
                other => self.shell.perform(other),
            }
        }
        Ok(None)
    }

    /// Clears the screen and forgets what was on it. Not `Terminal::clear`: that asks the terminal where its cursor is,
    /// and waits for an answer that the keyboard's reader may take.
    fn wipe(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    fn draw(&mut self) -> io::Result<()> {
        let now = self.now();
        self.take(Msg::Time(now))?;
        // Nothing is shown that is not in the record.
        self.record()?;
        let (model, depth) = (&self.model, self.depth);
        self.terminal.draw(|frame| view::draw(model, depth, frame))?;
        if let Some(reach) = view::reach(&self.model) {
            update(&mut self.model, Msg::Reach(reach));
        }
        self.shell.seen(&self.model, &view::visible_rows(&self.model));
        Ok(())
    }

    /// When the screen changes by itself, on tokio's clock.
    fn next_change(&self) -> Option<Instant> {
        let due = self.player.as_ref().and_then(Player::next_due);
        let at: Stamp = [self.model.next_change(), due].into_iter().flatten().min()?;
        Some(Instant::now() + at.since(self.now()))
    }

    /// The time on the laboratory's clock. Asked of tokio, whose time a test can hold still; otherwise they are the same.
    fn now(&self) -> Stamp {
        self.sink.clock().at(Instant::now().into_std())
    }

    fn tell_losses(&mut self) -> io::Result<()> {
        match self.sink.take_lost() {
            0 => Ok(()),
            count => self.note(Note::Dropped { count }),
        }
    }

    /// Writes the journal on. When that fails the laboratory goes on and says so.
    fn record(&mut self) -> io::Result<()> {
        let written = self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.follow(&self.model.journal));
        let Err(error) = written else { return Ok(()) };
        self.recorder = None;
        self.note(Note::RecordFailed { errno: error.into() })
    }

    fn note(&mut self, note: Note) -> io::Result<()> {
        self.report(WorldId::Host, EventKind::Note(note))
    }

    /// Puts something that this loop itself knows into the journal.
    fn report(&mut self, world: WorldId, kind: EventKind) -> io::Result<()> {
        let at = self.now();
        self.take(Msg::Seen(Observation { at, world, host: None, evidence: Evidence::Called, kind }))?;
        Ok(())
    }
}

/// Takes in what was still on its way when everything was closed, so that the record is whole. Without one nobody waits
/// for that: in a flood it would be seconds.
pub fn finish(
    mut model: Model,
    recorder: Option<Recorder>,
    events: &mut mpsc::Receiver<Observation>,
    now: Stamp,
) -> io::Result<()> {
    let Some(mut recorder) = recorder else { return Ok(()) };
    while let Ok(seen) = events.try_recv() {
        model.observe(seen);
    }
    // Nobody better will witness anything any more.
    update(&mut model, Msg::Time(now.after(Duration::from_secs(10))));
    recorder.follow(&model.journal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::queue;

    #[test]
    fn what_nobody_records_is_not_waited_for() {
        let (sink, mut events) = queue::open(crate::domain::Clock::start());
        let tell = || sink.report(Evidence::Called, EventKind::Note(Note::Mark { text: "late".into() }));
        assert!((0..1_000).all(|_| tell()));
        finish(Model::default(), None, &mut events, Stamp::ZERO).unwrap();
        assert_eq!(events.len(), 1_000);
    }
}
