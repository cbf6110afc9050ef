//! Where clients and broadcasts go when it is not to the servers here: the goal's addresses are looked for and tried.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::host::Host;
use super::reporter::Reporter;
use super::resolve::resolve_on;
use super::scan::ask;
use crate::domain::{Goal, GoalChange, Proto, Verdict};

/// How long each address is waited for.
const PATIENCE: Duration = Duration::from_secs(4);

/// Where everybody goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To the servers here.
    Home,
    /// Nowhere: the goal's address is not known, or not yet.
    Unknown,
    /// There; port 0 where each takes the port of a server here.
    There(SocketAddr),
}

/// Who knows the way. See the module's head.
pub(super) struct Aim {
    host: Arc<dyn Host>,
    log: Reporter,
    goal: Option<Goal>,
    way: Arc<Mutex<Way>>,
    /// Dropped, the search that goes on stops.
    present: Option<DropGuard>,
    alive: TaskTracker,
}

impl Aim {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        let way = Arc::new(Mutex::new(Way::Home));
        Self { host, log, goal: None, way, present: None, alive: TaskTracker::new() }
    }

    /// Aims there, or with `None` at the servers here again, and returns at once. A goal without a port is tried on
    /// this one.
    pub(super) fn set(&mut self, goal: Option<Goal>, port: u16) {
        self.present = None;
        if let Some(old) = self.goal.take().filter(|_| goal.is_none()) {
            self.log.goal(old, GoalChange::Dropped);
        }
        // A search of before may end at this moment: it keeps the way it was given.
        self.way = Arc::new(Mutex::new(if goal.is_some() { Way::Unknown } else { Way::Home }));
        let Some(goal) = goal else { return };
        self.goal = Some(goal.clone());
        let stop = CancellationToken::new();
        self.present = Some(stop.clone().drop_guard());
        self.log.goal(goal.clone(), GoalChange::Set);
        let search = Search { host: Arc::clone(&self.host), log: self.log.clone(), goal, way: Arc::clone(&self.way) };
        self.alive.spawn(async move { _ = stop.run_until_cancelled(search.run(port)).await });
    }

    /// Where somebody goes who would go to the server at `addr` here; `None` while that is not known.
    pub(super) fn redirect(&self, addr: SocketAddr) -> Option<SocketAddr> {
        let way = *self.way.lock().unwrap_or_else(PoisonError::into_inner);
        match (way, &self.goal) {
            (Way::There(there), Some(goal)) => Some(goal.at(there, addr.port())),
            (Way::Unknown, _) => None,
            (Way::Home | Way::There(_), _) => Some(addr),
        }
    }

    /// Stops a search that goes on, and waits until it has.
    pub(super) async fn shutdown(mut self) {
        self.present = None;
        self.alive.close();
        self.alive.wait().await;
    }
}

struct Search {
    host: Arc<dyn Host>,
    log: Reporter,
    goal: Goal,
    way: Arc<Mutex<Way>>,
}

impl Search {
    async fn run(self, port: u16) {
        let begun = Instant::now();
        let found = match resolve_on(&*self.host, &self.goal.host).await {
            Ok(found) => found,
            Err(why) => return self.log.goal(self.goal, GoalChange::Lost { why }),
        };
        if !self.goal.is_address() {
            let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
            self.log.goal(self.goal.clone(), GoalChange::Found { addresses, took: begun.elapsed() });
        }
        let Some((mut addr, verdict)) = self.choose(&found, port).await else { return };
        addr.set_port(self.goal.port.unwrap_or(0));
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = Way::There(addr);
        let answers = matches!(verdict, Verdict::Open | Verdict::Closed);
        self.log.goal(self.goal, GoalChange::Chosen { addr, answers });
    }

    /// Tries one address after the other, as programs do that are given a name: the first whose port is open; if there
    /// is none, the first whose host answered; otherwise the first.
    async fn choose(&self, found: &[SocketAddr], port: u16) -> Option<(SocketAddr, Verdict)> {
        let mut best: Option<(SocketAddr, Verdict)> = None;
        for addr in found {
            let addr = self.goal.at(*addr, port);
            let report = ask(&*self.host, &self.goal.host, addr, Proto::Tcp, PATIENCE).await;
            let verdict = report.verdict;
            self.log.goal(self.goal.clone(), GoalChange::Tried { report });
            match (verdict, best) {
                (Verdict::Open, _) => return Some((addr, verdict)),
                (_, None) => best = Some((addr, verdict)),
                (Verdict::Closed, Some((_, other))) if other != Verdict::Closed => best = Some((addr, verdict)),
                _ => {}
            }
        }
        best
    }
}
