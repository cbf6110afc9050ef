//! Where clients and broadcasts go when it is not to the servers here: the target's addresses are looked for and tried.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::host::Host;
use super::reporter::Reporter;
use super::resolve::resolve_on;
use super::scan::ask;
use crate::domain::{Proto, TargetChange, TargetHost, Verdict};

/// How long each address is waited for.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Where everybody goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Redirect {
    /// To the servers here.
    Local,
    /// Nowhere: the target's address is not known, or not yet.
    Unknown,
    /// There; port 0 where each takes the port of a server here.
    Remote(SocketAddr),
}

/// Who knows the way. See the module's head.
pub(super) struct TargetResolver {
    host: Arc<dyn Host>,
    log: Reporter,
    target: Option<TargetHost>,
    redirect: Arc<Mutex<Redirect>>,
    /// Dropped, the search that goes on stops.
    search: Option<DropGuard>,
    alive: TaskTracker,
}

impl TargetResolver {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        let redirect = Arc::new(Mutex::new(Redirect::Local));
        Self { host, log, target: None, redirect, search: None, alive: TaskTracker::new() }
    }

    /// Aims there, or with `None` at the servers here again, and returns at once. A target without a port is tried on
    /// this one.
    pub(super) fn set(&mut self, target: Option<TargetHost>, port: u16) {
        self.search = None;
        let old = self.target.take();
        if target.is_none()
            && let Some(old) = old
        {
            self.log.target(old, TargetChange::Dropped);
        }
        // A search of before may end at this moment: it keeps the way it was given.
        self.redirect = Arc::new(Mutex::new(if target.is_some() { Redirect::Unknown } else { Redirect::Local }));
        let Some(target) = target else { return };
        self.target = Some(target.clone());
        let stop = CancellationToken::new();
        self.search = Some(stop.clone().drop_guard());
        self.log.target(target.clone(), TargetChange::Set);
        let search = TargetSearch {
            host: Arc::clone(&self.host),
            log: self.log.clone(),
            target,
            redirect: Arc::clone(&self.redirect),
        };
        self.alive.spawn(async move { _ = stop.run_until_cancelled(search.run(port)).await });
    }

    /// Where somebody goes who would go to the server at `addr` here; `None` while that is not known.
    pub(super) fn redirect(&self, addr: SocketAddr) -> Option<SocketAddr> {
        let redirect = *self.redirect.lock().unwrap_or_else(PoisonError::into_inner);
        match (redirect, &self.target) {
            (Redirect::Remote(there), Some(target)) => Some(target.at(there, addr.port())),
            (Redirect::Unknown, _) => None,
            (Redirect::Local | Redirect::Remote(_), _) => Some(addr),
        }
    }

    /// Stops a search that goes on, and waits until it has.
    pub(super) async fn shutdown(mut self) {
        self.search = None;
        self.alive.close();
        self.alive.wait().await;
    }
}

struct TargetSearch {
    host: Arc<dyn Host>,
    log: Reporter,
    target: TargetHost,
    redirect: Arc<Mutex<Redirect>>,
}

impl TargetSearch {
    async fn run(self, port: u16) {
        let begun = Instant::now();
        let found = match resolve_on(&*self.host, &self.target.name).await {
            Ok(found) => found,
            Err(why) => return self.log.target(self.target, TargetChange::Lost { why }),
        };
        if !self.target.is_address() {
            let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
            self.log.target(self.target.clone(), TargetChange::Found { addresses, took: begun.elapsed() });
        }
        let Some((mut addr, verdict)) = self.choose(&found, port).await else { return };
        addr.set_port(self.target.port.unwrap_or(0));
        *self.redirect.lock().unwrap_or_else(PoisonError::into_inner) = Redirect::Remote(addr);
        let answers = matches!(verdict, Verdict::Open | Verdict::Closed);
        self.log.target(self.target, TargetChange::Chosen { addr, answers });
    }

    /// Tries one address after the other, as programs do that are given a name: the first whose port is open; if there
    /// is none, the first whose host answered; otherwise the first.
    async fn choose(&self, found: &[SocketAddr], port: u16) -> Option<(SocketAddr, Verdict)> {
        let mut best: Option<(SocketAddr, Verdict)> = None;
        for addr in found {
            let addr = self.target.at(*addr, port);
            let report = ask(&*self.host, &self.target.name, addr, Proto::Tcp, TIMEOUT).await;
            let verdict = report.verdict;
            self.log.target(self.target.clone(), TargetChange::Tried { report });
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
