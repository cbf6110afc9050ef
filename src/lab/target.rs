//! The target: the remote host that clients and broadcasts go to. Its addresses are resolved and tried.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::host::Host;
use super::locked;
use super::reporter::Reporter;
use super::resolve::resolve_on;
use super::scan::probe;
use crate::domain::{Proto, TargetChange, TargetHost, Verdict};

const TIMEOUT: Duration = Duration::from_secs(4);

/// Looks for the target and keeps the address that was chosen.
pub(super) struct TargetResolver {
    host: Arc<dyn Host>,
    log: Reporter,
    target: Option<TargetHost>,
    /// The address chosen for the target, once there is one. Port 0 stands for the port of the server here.
    chosen: Arc<Mutex<Option<SocketAddr>>>,
    /// Dropping it stops the running search.
    search: Option<DropGuard>,
    searches: TaskTracker,
}

impl TargetResolver {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        Self { host, log, target: None, chosen: Arc::default(), search: None, searches: TaskTracker::new() }
    }

    /// Sets the target, or with `None` removes it, and returns at once. A target without a port is tried on `port`.
    pub(super) fn set(&mut self, target: Option<TargetHost>, port: u16) {
        // An earlier search may finish at this moment: it writes to its own cell.
        self.chosen = Arc::default();
        self.search = None;
        let old = std::mem::replace(&mut self.target, target.clone());
        let Some(target) = target else {
            return old.into_iter().for_each(|old| self.log.target(old, TargetChange::Dropped));
        };
        let stop = CancellationToken::new();
        self.search = Some(stop.clone().drop_guard());
        self.log.target(target.clone(), TargetChange::Set);
        let host = Arc::clone(&self.host);
        let chosen = Arc::clone(&self.chosen);
        let search = TargetSearch { host, log: self.log.clone(), target, chosen };
        self.searches.spawn(async move { _ = stop.run_until_cancelled(search.run(port)).await });
    }

    /// The address to use in place of the server at `addr` here; `None` while the target's address is unknown.
    pub(super) fn redirect(&self, addr: SocketAddr) -> Option<SocketAddr> {
        match &self.target {
            None => Some(addr),
            Some(target) => locked(&self.chosen).map(|chosen| target.at(chosen, addr.port())),
        }
    }

    pub(super) async fn shutdown(mut self) {
        self.search = None;
        self.searches.close();
        self.searches.wait().await;
    }
}

struct TargetSearch {
    host: Arc<dyn Host>,
    log: Reporter,
    target: TargetHost,
    chosen: Arc<Mutex<Option<SocketAddr>>>,
}

impl TargetSearch {
    async fn run(self, port: u16) {
        let started = Instant::now();
        let found = match resolve_on(&*self.host, &self.target.name).await {
            Ok(found) => found,
            Err(why) => return self.log.target(self.target, TargetChange::Lost { why }),
        };
        if !self.target.is_address() {
            let addresses: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
            self.log.target(self.target.clone(), TargetChange::Found { addresses, took: started.elapsed() });
        }
        let Some((mut addr, verdict)) = self.choose(&found, port).await else { return };
        addr.set_port(self.target.port.unwrap_or(0));
        *locked(&self.chosen) = Some(addr);
        let answers = matches!(verdict, Verdict::Open | Verdict::Closed);
        self.log.target(self.target, TargetChange::Chosen { addr, answers });
    }

    /// Tries the addresses in order, as programs do with a host name. Returns the first with an open port, otherwise the
    /// first that answered, otherwise the first.
    async fn choose(&self, found: &[SocketAddr], port: u16) -> Option<(SocketAddr, Verdict)> {
        let mut best: Option<(SocketAddr, Verdict)> = None;
        for addr in found {
            let addr = self.target.at(*addr, port);
            let report = probe(&*self.host, &self.target.name, addr, Proto::Tcp, TIMEOUT).await;
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
