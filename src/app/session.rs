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
use super::pump::{BATCH, Pump, Shell};
use super::queue::Observations;
use crate::model::effect::ScreenEffect;
use crate::model::{Msg, update};
use crate::view;

/// The shortest time between two frames: sixty a second.
const FRAME: Duration = Duration::from_micros(16_667);

/// The same while more than [`MANY`] events come in between: nobody can read them, and servers need the processor. A key is
/// answered at once in any case.
const FLOOD_FRAME: Duration = Duration::from_millis(40);

/// More events than this in one frame are a flood.
const MANY: usize = 24;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
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
pub struct Session<B: Backend, S: Shell> {
    /// What is known, and everything that follows from it.
    pub pump: Pump<S>,
    /// Where it is shown.
    pub terminal: Terminal<B>,
    /// How colours are drawn.
    pub depth: view::ColorDepth,
}

impl<B: Backend<Error = io::Error>, S: Shell> Session<B, S> {
    /// Runs until a key, a signal or the end of the terminal ends it.
    pub async fn run(
        &mut self,
        mut keys: impl Stream<Item = io::Result<Event>> + Unpin,
        mut signals: mpsc::Receiver<Signal>,
        events: &mut Observations,
    ) -> io::Result<SessionEnd> {
        let mut batch = Vec::with_capacity(BATCH);
        // What is being opened has one frame's time to report before the first is drawn.
        let mut last_frame = Instant::now();
        let mut dirty = true;
        let mut pace = FRAME;
        let mut came = 0;
        // What was reported while the laboratory was opened comes before keys that were typed ahead: they are about it.
        let opened: Vec<_> = std::iter::from_fn(|| events.try_recv()).take(BATCH).collect();
        self.pump.batch(opened);
        loop {
            let frame = last_frame + pace;
            let change = self.pump.next_change();
            tokio::select! {
                biased;
                key = keys.next() => match key {
                    Some(Ok(event)) => {
                        for msg in input::messages(event) {
                            (dirty, pace) = (true, FRAME);
                            if let Some(end) = self.take(msg)? { return Ok(end) }
                        }
                    }
                    Some(Err(_)) | None => return Ok(SessionEnd::Hangup),
                },
                signal = signals.recv() => match signal {
                    Some(Signal::Stop) => return Ok(SessionEnd::Stopped),
                    Some(Signal::Hangup) | None => return Ok(SessionEnd::Hangup),
                    Some(Signal::Suspend) => {
                        self.perform(vec![ScreenEffect::Suspend])?;
                        dirty = true;
                    }
                    Some(Signal::Continued) => {
                        self.pump.shell.resume()?;
                        self.wipe()?;
                        dirty = true;
                    }
                },
                () = sleep_until(frame), if dirty => {
                    self.draw()?;
                    last_frame = Instant::now();
                    pace = if came > MANY { FLOOD_FRAME } else { FRAME };
                    (dirty, came) = (false, 0);
                }
                msg = self.pump.shell.answer() => {
                    self.take(msg)?;
                    dirty = true;
                }
                count = events.recv_many(&mut batch, BATCH) => {
                    if count == 0 { return Ok(SessionEnd::Stopped) }
                    self.pump.batch(batch.drain(..));
                    dirty = true;
                    came += count;
                }
                // Nothing waits in the queue: what was not seen by now was not there.
                () = sleep_until(change.unwrap_or(frame)), if change.is_some() && !dirty => {
                    self.pump.pass();
                    dirty = true;
                }
            }
        }
    }

    /// Tells the model something that no key and no event does.
    pub fn tell(&mut self, msg: Msg) -> io::Result<()> {
        self.take(msg).map(drop)
    }

    fn take(&mut self, msg: Msg) -> io::Result<Option<SessionEnd>> {
        let asked = self.pump.take(msg);
        self.perform(asked)
    }

    fn perform(&mut self, effects: Vec<ScreenEffect>) -> io::Result<Option<SessionEnd>> {
        for effect in effects {
            match effect {
                ScreenEffect::Quit => return Ok(Some(SessionEnd::Quit)),
                ScreenEffect::Redraw => self.wipe()?,
                ScreenEffect::Suspend => {
                    self.pump.shell.suspend()?;
                    self.wipe()?;
                }
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
        let now = self.pump.now();
        self.take(Msg::Time(now))?;
        // Nothing is shown that is not in the record.
        self.pump.write();
        let Self { pump, terminal, depth } = self;
        terminal.draw(|frame| view::draw(&pump.model, *depth, frame))?;
        if let Some(reach) = view::reach(&pump.model) {
            update(&mut pump.model, Msg::ScrollEnd(reach));
        }
        pump.shell.seen(&pump.model, &view::visible_rows(&pump.model));
        Ok(())
    }
}
