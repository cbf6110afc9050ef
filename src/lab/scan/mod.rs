//! The port check: the ports of one host asked one after the other, gently, as an ordinary program may ask.

mod observation;
mod pacer;
mod probe;
#[cfg(target_os = "linux")]
mod sys;
mod tcp;
mod udp;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::pacer::ScanPacer;
pub(super) use self::probe::ask;
use super::host::Host;
use super::reporter::Reporter;
use super::resolve::resolve_on;
use crate::domain::{AddressScope, ScanChange, ScanPlan};

/// How many ports are waited for at once. Each is a socket, and on the other side perhaps a place in an accept queue.
const CONCURRENT: usize = 32;

/// Who checks ports: one check at a time.
pub(super) struct Scanner {
    host: Arc<dyn Host>,
    log: Reporter,
    newest: u32,
    /// Dropped, the check that goes on stops.
    running: Option<DropGuard>,
    /// Checks that have not said that they ended.
    alive: TaskTracker,
}

impl Scanner {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        Self { host, log, newest: 0, running: None, alive: TaskTracker::new() }
    }

    /// Begins a check and returns at once. One that goes on is stopped.
    pub(super) fn start(&mut self, plan: ScanPlan) {
        self.newest += 1;
        let stop = CancellationToken::new();
        let check = ScanTask { no: self.newest, host: Arc::clone(&self.host), log: self.log.clone(), plan };
        self.running = Some(stop.clone().drop_guard());
        self.alive.spawn(check.run(stop));
    }

    /// Stops the check that goes on.
    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// Stops the check that goes on and waits until it has said so.
    pub(super) async fn shutdown(mut self) {
        self.stop();
        self.alive.close();
        self.alive.wait().await;
    }
}

struct ScanTask {
    no: u32,
    host: Arc<dyn Host>,
    log: Reporter,
    plan: ScanPlan,
}

impl ScanTask {
    async fn run(self, stop: CancellationToken) {
        let whole = stop.run_until_cancelled(self.check()).await;
        if whole != Some(false) {
            self.log.scan(self.no, ScanChange::Ended { stopped: whole.is_none() });
        }
    }

    /// Asks every port; `false` when the check was over before it began.
    async fn check(&self) -> bool {
        let asked = self.plan.host.clone();
        let found = match resolve_on(&*self.host, &asked).await {
            Ok(found) => found,
            Err(why) => {
                self.log.scan(self.no, ScanChange::Unresolved { asked, why });
                return false;
            }
        };
        // `resolve_on` never succeeds without an address.
        let Some(first) = found.first().copied() else { return false };
        let (address, scope) = (first.ip(), AddressScope::of(first.ip()));
        if scope == AddressScope::Group || !(scope.is_local() || self.plan.confirmed) {
            self.log.scan(self.no, ScanChange::Unconfirmed { asked, address, scope });
            return false;
        }
        let others = found.iter().skip(1).map(SocketAddr::ip).collect();
        let (proto, ports) = (self.plan.proto, self.plan.ports.clone());
        self.log.scan(self.no, ScanChange::Begun { asked, address, others, proto, ports });
        self.ports(first).await;
        true
    }

    async fn ports(&self, host: SocketAddr) {
        let mut pacer = ScanPacer::new(self.plan.rate, self.plan.proto, host.ip());
        let mut waiting = JoinSet::new();
        for port in self.plan.ports.iter() {
            while waiting.len() >= CONCURRENT {
                let _ = waiting.join_next().await;
            }
            tokio::time::sleep_until(pacer.next(Instant::now()).into()).await;
            waiting.spawn(self.one(SocketAddr::new(host.ip(), port), host));
        }
        waiting.join_all().await;
    }

    /// Asks one port, with the zone that the host's address has.
    fn one(&self, mut addr: SocketAddr, host: SocketAddr) -> impl Future<Output = ()> + Send + 'static {
        if let (SocketAddr::V6(addr), SocketAddr::V6(host)) = (&mut addr, host) {
            addr.set_scope_id(host.scope_id());
        }
        let (sockets, log, no) = (Arc::clone(&self.host), self.log.clone(), self.no);
        let (asked, proto, timeout) = (self.plan.host.clone(), self.plan.proto, self.plan.timeout);
        async move {
            let report = ask(&*sockets, &asked, addr, proto, timeout).await;
            log.scan(no, ScanChange::Port { report });
        }
    }
}
