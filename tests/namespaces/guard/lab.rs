//! A laboratory on one of the hosts, as the program starts it, and the model that follows it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::Parser as _;
use socklab::api::app::Shell as _;
use socklab::api::app::{Cli, Laboratory, queue};
use socklab::api::domain::{Clock, EventKind, GuardEvent, Rule, ServerId};
use socklab::api::model::{Effect, Model, Peer, Ui};
use tokio::sync::mpsc;

use super::net::Host;

/// Far beyond what anything here takes: reached only by a failure.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) const THREADED: ServerId = ServerId(0);
pub(crate) const ECHO: ServerId = ServerId(1);
pub(crate) const UDP: ServerId = ServerId(3);

type Shown = Arc<(Mutex<Seen>, Condvar)>;

/// What was seen so far.
pub(crate) struct Seen {
    pub(crate) model: Model,
    /// Observations that did not fit into the queue.
    pub(crate) lost: u64,
}

/// A laboratory that runs.
pub(crate) struct Lab {
    shown: Shown,
    orders: Option<mpsc::UnboundedSender<Effect>>,
    runner: Option<JoinHandle<()>>,
}

impl Lab {
    /// Starts it with these arguments of the command line, and waits until all its servers are up.
    pub(crate) fn open(host: &Host, args: &[&str]) -> Self {
        let words = ["socklab-tui"].iter().chain(args);
        let cli = Cli::try_parse_from(words).expect("the arguments are sound").lab;
        let seen = Seen { model: Model::new(Ui::default()), lost: 0 };
        let shown: Shown = Arc::new((Mutex::new(seen), Condvar::new()));
        let (orders, told) = mpsc::unbounded_channel();
        let theirs = Arc::clone(&shown);
        let runner = host.start(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(run(&cli, told, &theirs));
        });
        let lab = Self { shown, orders: Some(orders), runner: Some(runner) };
        lab.until("all servers are up", |model| {
            let servers = model.worlds.shown().servers.all();
            (!servers.is_empty() && servers.iter().all(socklab::api::model::Server::is_up)).then_some(())
        });
        lab
    }

    pub(crate) fn perform(&self, effect: Effect) {
        self.orders.as_ref().expect("it runs").send(effect).expect("it runs");
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shown.0.lock().expect("nobody panics with it")
    }

    /// Waits until the model gives an answer.
    pub(crate) fn until<T>(&self, what: &str, found: impl Fn(&Model) -> Option<T>) -> T {
        let begun = Instant::now();
        let mut seen = self.seen();
        loop {
            if let Some(answer) = found(&seen.model) {
                return answer;
            }
            let left = DEADLINE.saturating_sub(begun.elapsed());
            let told: Vec<_> = seen.model.journal.events().rev().take(30).map(|event| &event.seen.kind).collect();
            assert!(!left.is_zero(), "{what}: did not happen; last {told:#?}");
            let a_moment = left.min(Duration::from_millis(200));
            seen = self.shown.1.wait_timeout(seen, a_moment).expect("nobody panics with it").0;
        }
    }

    /// Closes it; all that it told.
    pub(crate) fn close(mut self) -> Model {
        self.end();
        std::mem::take(&mut self.seen().model)
    }

    fn end(&mut self) {
        drop(self.orders.take());
        if let Some(runner) = self.runner.take() {
            assert!(runner.join().is_ok() || std::thread::panicking(), "the laboratory panicked");
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.end();
    }
}

async fn run(cli: &socklab::api::app::LabArgs, mut told: mpsc::UnboundedReceiver<Effect>, shown: &Shown) {
    let (sink, mut events) = queue::open(Clock::start());
    let mut shell = Laboratory::open_guarded(cli.servers.specs(), cli.observe, &cli.servers.limits(), &sink)
        .expect("the laboratory opens");
    let mut news = Vec::new();
    loop {
        tokio::select! {
            effect = told.recv() => match effect {
                Some(effect) => shell.perform(effect),
                None => break,
            },
            _ = events.recv_many(&mut news, 256) => take_in(&mut news, &sink, shown),
        }
    }
    shell.close().await;
    while let Ok(seen) = events.try_recv() {
        news.push(seen);
    }
    take_in(&mut news, &sink, shown);
}

fn take_in(news: &mut Vec<socklab::api::domain::Observation>, sink: &socklab::api::domain::EventSink, shown: &Shown) {
    let mut seen = shown.0.lock().expect("nobody panics with it");
    news.drain(..).for_each(|observed| _ = seen.model.observe(observed));
    seen.lost += sink.take_lost();
    shown.1.notify_all();
}

/// How often this rule was kept against anybody.
pub(crate) fn refused(model: &Model, rule: Rule) -> u64 {
    model.worlds.shown().peers.refused().get(&rule).copied().unwrap_or(0)
}

/// What is known of an address.
pub(crate) fn peer(model: &Model, address: std::net::Ipv4Addr) -> Option<&Peer> {
    model.worlds.shown().peers.get(address.into())
}

/// What the guard told, in order.
pub(crate) fn told(model: &Model) -> Vec<GuardEvent> {
    let guard = |event: &socklab::api::domain::Event| match &event.seen.kind {
        EventKind::Guard(event) => Some(event.clone()),
        _ => None,
    };
    model.journal.events().filter_map(guard).collect()
}
