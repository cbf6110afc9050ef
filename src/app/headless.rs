//! A laboratory without a screen: what happens in it, told line by line on standard output.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::recorder::Recorder;
use super::{locale, queue};
use crate::domain::{Clock, Event, EventKind, EventSink, Evidence, Lang, Note, Observation, Stamp, WorldId};
use crate::model::{Effect, Model, Msg, Ui, update};
use crate::view;

/// How many events are taken in before anything else is looked at.
const BATCH: usize = 256;

/// What is known so far, and how it is told.
pub(super) struct Headless {
    pub(super) model: Model,
    pub(super) sink: EventSink,
    events: mpsc::Receiver<Observation>,
    told: u64,
    json: Option<Recorder<BufWriter<Stdout>>>,
}

impl Headless {
    /// Nothing has happened yet. Told as JSON Lines, or as sentences in this language.
    pub(super) fn new(json: bool, lang: Option<Lang>) -> Self {
        let (sink, events) = queue::open(Clock::start());
        let ui = Ui { lang: lang.unwrap_or_else(locale::lang), glyphs: locale::glyphs(false), ..Ui::default() };
        let json = json.then(|| Recorder::onto(BufWriter::new(io::stdout())));
        Self { model: Model::new(ui), sink, events, told: 0, json }
    }

    /// Takes in what happens next, has the model's wishes performed, and tells it; returns at `deadline` when nothing
    /// happened. What was told is [`Headless::since`].
    pub(super) async fn step(&mut self, deadline: Option<Instant>, mut perform: impl FnMut(Effect)) -> io::Result<()> {
        let far = Instant::now() + Duration::from_hours(1);
        let change = self.model.next_change().map(|at| Instant::now() + at.since(self.now()));
        let wakes = change.unwrap_or(far).min(deadline.unwrap_or(far));
        let mut batch = Vec::with_capacity(BATCH);
        tokio::select! {
            biased;
            _ = self.events.recv_many(&mut batch, BATCH) => {
                for seen in batch {
                    update(&mut self.model, Msg::Seen(seen)).into_iter().for_each(&mut perform);
                }
            }
            () = sleep_until(wakes) => {
                let now = self.now();
                update(&mut self.model, Msg::Time(now)).into_iter().for_each(&mut perform);
            }
        }
        let lost = self.sink.take_lost();
        if lost > 0 {
            let (at, world, kind) = (self.now(), WorldId::Host, EventKind::Note(Note::Dropped { count: lost }));
            self.model.observe(Observation { at, world, host: None, evidence: Evidence::Called, kind });
        }
        self.tell()
    }

    /// The events after this one, as far as they are kept.
    pub(super) fn since(&self, seq: u64) -> impl Iterator<Item = &Event> {
        (seq + 1..=self.model.journal.last_seq()).filter_map(|seq| self.model.journal.get(seq))
    }

    /// Tells what was still under way when everything was closed.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        while let Ok(seen) = self.events.try_recv() {
            self.model.observe(seen);
        }
        // Nobody better will witness anything any more.
        let end = self.now().after(Duration::from_secs(10));
        update(&mut self.model, Msg::Time(end));
        self.tell()
    }

    fn now(&self) -> Stamp {
        self.sink.clock().now()
    }

    fn tell(&mut self) -> io::Result<()> {
        if let Some(json) = &mut self.json {
            return json.follow(&self.model.journal);
        }
        let mut out = io::stdout().lock();
        for event in self.since(self.told) {
            if let Some(line) = view::event_line(&self.model, event) {
                writeln!(out, "{line}")?;
            }
        }
        self.told = self.model.journal.last_seq();
        out.flush()
    }
}

/// Waits until somebody wants this program to end: Ctrl-C, or SIGTERM.
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
