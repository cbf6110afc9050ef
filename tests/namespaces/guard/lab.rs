//! A laboratory on one of the hosts, as the program starts it, and the model that follows it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::Parser as _;
use socklab::api::app::{Cli, LabArgs, Laboratory, Shell as _, queue};
use socklab::api::domain::{
    Clock, Event, EventKind, EventSink, GuardEvent, LabOrder, Observation, Rule, ServerId, WorldId,
};
use socklab::api::model::{Effect, Model, Msg, Peer, Ui, update};
use tokio::sync::mpsc;

use super::net::{Host, Net};
use crate::fixtures::DEADLINE;

pub(crate) const THREADED: ServerId = ServerId(0);
pub(crate) const ECHO: ServerId = ServerId(1);
pub(crate) const UDP: ServerId = ServerId(3);

type Shown = Arc<(Mutex<Seen>, Condvar)>;

/// The events so far, folded.
pub(crate) struct Seen {
    pub(crate) model: Model,
    /// Observations that did not fit into the queue.
    pub(crate) lost: u64,
}

/// A network, and a laboratory on its server with these arguments.
pub(crate) fn served(args: &[&str]) -> (Net, Lab) {
    let net = Net::open();
    let lab = Lab::open(&net.server, args);
    (net, lab)
}

/// A laboratory that runs.
pub(crate) struct Lab {
    shown: Shown,
    orders: Option<mpsc::UnboundedSender<LabOrder>>,
    runner: Option<JoinHandle<()>>,
}

impl Lab {
    /// Starts it with these arguments of the command line, and waits until all its servers are up.
    pub(crate) fn open(host: &Host, args: &[&str]) -> Self {
        let words = ["socklab-tui"].iter().chain(args);
        let cli = Cli::try_parse_from(words).expect("the arguments are sound").lab;
        let seen = Seen { model: Model::new(Ui::default()), lost: 0 };
        let shown: Shown = Arc::new((Mutex::new(seen), Condvar::new()));
        let (orders, ordered) = mpsc::unbounded_channel();
        let theirs = Arc::clone(&shown);
        let runner = host.start(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(run(&cli, ordered, &theirs));
        });
        let lab = Self { shown, orders: Some(orders), runner: Some(runner) };
        lab.until("all servers are up", |model| {
            let servers = model.worlds.shown().servers.all();
            (!servers.is_empty() && servers.iter().all(socklab::api::model::Server::is_up)).then_some(())
        });
        lab
    }

    pub(crate) fn order(&self, order: LabOrder) {
        self.orders.as_ref().expect("it runs").send(order).expect("it runs");
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shown.0.lock().expect("no panic while locked")
    }

    /// Waits until `found` returns something for the model.
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
            seen = self.shown.1.wait_timeout(seen, a_moment).expect("no panic while locked").0;
        }
    }

    /// Closes it. Returns the model of all its events.
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

async fn run(cli: &LabArgs, mut orders: mpsc::UnboundedReceiver<LabOrder>, shown: &Shown) {
    let (sink, mut events) = queue::open(Clock::start());
    let mut shell = Laboratory::open_guarded(cli.servers.specs(), cli.observe, &cli.servers.limits(), &sink)
        .expect("the laboratory opens");
    let mut news = Vec::new();
    // What the historian holds back is written when time has passed.
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => shell.perform(Effect::Lab(WorldId::Host, order)),
                None => break,
            },
            _ = events.recv_many(&mut news, 256) => take_in(&mut news, &sink, shown),
            _ = ticks.tick() => take_in(&mut news, &sink, shown),
        }
    }
    shell.close().await;
    while let Some(seen) = events.try_recv() {
        news.push(seen);
    }
    take_in(&mut news, &sink, shown);
}

fn take_in(news: &mut Vec<Observation>, sink: &EventSink, shown: &Shown) {
    let mut seen = shown.0.lock().expect("no panic while locked");
    update(&mut seen.model, Msg::Time(sink.clock().now()));
    news.drain(..).for_each(|observed| _ = seen.model.observe(observed));
    seen.lost += sink.take_lost();
    shown.1.notify_all();
}

/// How often this rule was enforced.
pub(crate) fn refused(model: &Model, rule: Rule) -> u64 {
    model.worlds.shown().peers.refused().get(&rule).copied().unwrap_or(0)
}

/// The statistics of an address.
pub(crate) fn peer(model: &Model, address: std::net::Ipv4Addr) -> Option<&Peer> {
    model.worlds.shown().peers.get(address.into())
}

/// The guard's events, in order.
pub(crate) fn told(model: &Model) -> Vec<GuardEvent> {
    let guard = |event: &Event| match &event.seen.kind {
        EventKind::Guard(event) => Some(event.clone()),
        _ => None,
    };
    model.journal.events().filter_map(guard).collect()
}
