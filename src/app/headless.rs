//! A laboratory without a screen: its events, one a line, on standard output.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::pump::{BATCH, Pump, Shell};
use super::queue::Observations;
use super::recorder::Recorder;
use super::{locale, queue};
use crate::domain::{Clock, Event, EventSink, Lang};
use crate::model::{Model, Ui};
use crate::view;

/// A pump whose events are printed.
pub(super) struct Headless<S> {
    pub(super) pump: Pump<S>,
    events: Observations,
    printed: u64,
    json: Option<Recorder<BufWriter<Stdout>>>,
}

impl<S: Shell> Headless<S> {
    /// Prints JSON Lines, or sentences in this language.
    pub(super) fn open(
        json: bool,
        lang: Option<Lang>,
        open: impl FnOnce(&EventSink) -> io::Result<S>,
    ) -> io::Result<Self> {
        let (sink, events) = queue::open(Clock::start());
        let ui = Ui { lang: lang.unwrap_or_else(locale::lang), glyphs: locale::glyphs(false), ..Ui::default() };
        let json = json.then(|| Recorder::onto(BufWriter::new(io::stdout())));
        let shell = open(&sink)?;
        Ok(Self { pump: Pump::new(Model::new(ui), shell, sink), events, printed: 0, json })
    }

    /// Takes in the next observations and prints their events; returns at `deadline` at the latest.
    pub(super) async fn step(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let far = Instant::now() + Duration::from_hours(1);
        let wakes = self.pump.next_change().unwrap_or(far).min(deadline.unwrap_or(far));
        let mut batch = Vec::with_capacity(BATCH);
        tokio::select! {
            biased;
            _ = self.events.recv_many(&mut batch, BATCH) => {
                self.pump.batch(batch);
            }
            () = sleep_until(wakes) => {
                self.pump.pass();
            }
        }
        self.print()
    }

    /// The events after this one, as far as they are kept.
    pub(super) fn since(&self, seq: u64) -> impl Iterator<Item = &Event> {
        let journal = &self.pump.model.journal;
        (seq + 1..=journal.last_seq()).filter_map(|seq| journal.get(seq))
    }

    /// The shell, to be closed, and the rest, to be finished afterwards.
    pub(super) fn split(self) -> (S, Headless<()>) {
        let Self { pump, events, printed, json } = self;
        let (shell, pump) = pump.split();
        (shell, Headless { pump, events, printed, json })
    }

    /// Prints the last events, after everything was closed.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.pump.drain(&mut self.events);
        self.print()
    }

    fn print(&mut self) -> io::Result<()> {
        let model = &self.pump.model;
        if let Some(json) = &mut self.json {
            return json.follow(&model.journal);
        }
        let mut out = io::stdout().lock();
        for event in self.since(self.printed) {
            if let Some(line) = view::event_line(model, event) {
                writeln!(out, "{line}")?;
            }
        }
        self.printed = model.journal.last_seq();
        out.flush()
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) async fn stopped() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
