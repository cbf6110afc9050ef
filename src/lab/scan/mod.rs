//! The port check: probes the ports of one host at a gentle pace, with the calls of an ordinary program.

mod observation;
mod pacer;
mod probe;
#[cfg(target_os = "linux")]
pub(super) mod sys;
#[cfg(not(target_os = "linux"))]
#[path = "sys_other.rs"]
pub(super) mod sys;
mod tcp;
mod udp;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use self::pacer::ScanPacer;
pub(super) use self::probe::probe;
use super::host::Host;
use super::reporter::Reporter;
use super::resolve::resolve_on;
use crate::domain::{AddressScope, ScanChange, ScanPlan};

/// How many probes run at once. Each takes a socket, and perhaps a place in the peer's accept queue.
const CONCURRENT: usize = 32;

pub(super) struct Scanner {
    host: Arc<dyn Host>,
    log: Reporter,
    newest: u32,
    /// Dropping it stops the running check.
    running: Option<DropGuard>,
    /// Checks that have not reported their end.
    checks: TaskTracker,
}

impl Scanner {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        Self { host, log, newest: 0, running: None, checks: TaskTracker::new() }
    }

    /// Starts a check and returns at once. A running check is stopped.
    pub(super) fn start(&mut self, plan: ScanPlan) {
        self.newest += 1;
        let stop = CancellationToken::new();
        let check = ScanTask { no: self.newest, host: Arc::clone(&self.host), log: self.log.clone(), plan };
        self.running = Some(stop.clone().drop_guard());
        self.checks.spawn(Arc::new(check).run(stop));
    }

    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// Stops the running check and waits until it has reported its end.
    pub(super) async fn shutdown(mut self) {
        self.stop();
        self.checks.close();
        self.checks.wait().await;
    }
}

struct ScanTask {
    no: u32,
    host: Arc<dyn Host>,
    log: Reporter,
    plan: ScanPlan,
}

impl ScanTask {
    async fn run(self: Arc<Self>, stop: CancellationToken) {
        let checked = stop.run_until_cancelled(self.check()).await;
        if checked != Some(false) {
            self.log.scan(self.no, ScanChange::Ended { stopped: checked.is_none() });
        }
    }

    /// Probes every port; `false` if the check was refused before it began.
    async fn check(self: &Arc<Self>) -> bool {
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
        let address = first.ip();
        let scope = AddressScope::of(address);
        if scope == AddressScope::Group || !(scope.is_local() || self.plan.confirmed) {
            self.log.scan(self.no, ScanChange::Unconfirmed { asked, address, scope });
            return false;
        }
        let others = found.iter().skip(1).map(SocketAddr::ip).collect();
        let ScanPlan { proto, ports, .. } = self.plan.clone();
        self.log.scan(self.no, ScanChange::Begun { asked, address, others, proto, ports });
        self.probe_ports(first).await;
        true
    }

    async fn probe_ports(self: &Arc<Self>, mut addr: SocketAddr) {
        let mut pacer = ScanPacer::new(self.plan.rate, self.plan.proto, addr.ip());
        let mut probes = JoinSet::new();
        for port in self.plan.ports.iter() {
            while probes.len() >= CONCURRENT {
                let _ = probes.join_next().await;
            }
            tokio::time::sleep_until(pacer.next(Instant::now()).into()).await;
            // The rest of the address stays, its zone as well.
            addr.set_port(port);
            probes.spawn(Arc::clone(self).probe_port(addr));
        }
        probes.join_all().await;
    }

    async fn probe_port(self: Arc<Self>, addr: SocketAddr) {
        let ScanPlan { host, proto, timeout, .. } = &self.plan;
        let report = probe(&*self.host, host, addr, *proto, *timeout).await;
        self.log.scan(self.no, ScanChange::Port { report });
    }
}
