//! Real servers, clients and a broadcaster on real sockets. Everything they do is reported through the event sink.
//!
//! Nothing here blocks the caller: the outcome of an order is an event.

mod bind;
mod broadcast;
mod bulk;
mod client;
mod close_requests;
mod connection;
mod datagrams;
mod descriptors;
mod dial;
mod guard;
mod host;
mod reporter;
mod resolve;
mod scan;
mod script;
mod server;
mod target;
mod waits;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use self::broadcast::Broadcaster;
use self::client::ClientPool;
pub use self::descriptors::raise_descriptor_limit;
use self::guard::Guard;
pub use self::host::{Host, ListenerSettings, Machine};
use self::reporter::Reporter;
pub use self::resolve::resolve;
use self::scan::Scanner;
pub use self::script::ScriptedSockets;
use self::server::ServerHandle;
use self::target::TargetResolver;
use crate::domain::{EventSink, GuardOrder, LabOrder, Limits, Proto, ServerId, ServerSpec, TargetHost};

/// How long servers have at the end to close by themselves the connections that their clients have closed.
const SETTLE: Duration = Duration::from_millis(50);

/// The longest that [`Lab::shutdown`] waits for everything it owns.
const TIMEOUT: Duration = Duration::from_millis(900);

/// The port on which a target is tried when no TCP server here suggests one.
const DEFAULT_PORT: u16 = 65_432;

/// The laboratory: its servers, its clients and its broadcaster. Lives inside a tokio runtime.
///
/// Dropped without [`Lab::shutdown`], its servers stop and its clients close in the background.
pub struct Lab {
    servers: Vec<ServerHandle>,
    clients: ClientPool,
    broadcaster: Broadcaster,
    guard: Guard,
    /// Runs the guard's periodic sweeps.
    guard_task: AbortOnDrop,
    /// Reports the calls that wait.
    watch_task: AbortOnDrop,
    target: TargetResolver,
    scanner: Scanner,
}

impl Lab {
    /// A laboratory whose servers exist but are not started. A server's id is its index in `servers`. Reports `Added` for
    /// each.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(host: Arc<dyn Host>, sink: EventSink, servers: Vec<ServerSpec>) -> Self {
        let log = Reporter::new(sink);
        let ids = (0..=u8::MAX).map(ServerId);
        let guard = Guard::new(log.clone());
        let server = |(id, spec)| ServerHandle::new(id, spec, Arc::clone(&host), guard.clone(), log.clone());
        Self {
            servers: ids.zip(servers).map(server).collect(),
            clients: ClientPool::new(Arc::clone(&host), log.clone()),
            guard_task: AbortOnDrop(tokio::spawn(guard.clone().run_sweeps())),
            watch_task: AbortOnDrop(tokio::spawn(log.waits().watch())),
            guard,
            broadcaster: Broadcaster::new(Arc::clone(&host), log.clone()),
            target: TargetResolver::new(Arc::clone(&host), log.clone()),
            scanner: Scanner::new(host, log),
        }
    }

    /// The same without limits on remote peers. Reports nothing.
    #[must_use]
    pub fn unguarded(self) -> Self {
        self.guard.disable();
        self
    }

    /// Enforces these limits from now on instead of the default ones. Reports `Limits`.
    pub fn limit(&mut self, limits: Limits) {
        self.guard.limit(limits);
    }

    /// Carries out an order.
    pub fn perform(&mut self, order: LabOrder) {
        match order {
            LabOrder::Spawn { count, plan, destination } => self.clients.spawn(count, plan, destination),
            LabOrder::Close(client, how) => self.clients.close(client, how),
            LabOrder::CloseAccepted(server, conn, how) => self.guard.close(server, conn, how),
            LabOrder::Bulk(client, bytes) => self.clients.bulk(client, bytes),
            LabOrder::BulkAccepted(server, conn, bytes) => self.guard.bulk(server, conn, bytes),
            LabOrder::CloseAll => self.clients.close_all(),
            LabOrder::Start(server) => self.server(server).into_iter().for_each(ServerHandle::start),
            LabOrder::Stop(server) => self.server(server).into_iter().for_each(ServerHandle::stop),
            LabOrder::Switch(server, model) => {
                self.server(server).into_iter().for_each(|server| server.switch(model));
            }
            LabOrder::Broadcast(text, to) => self.broadcast(text, to),
            LabOrder::Target(target) => self.set_target(target),
            LabOrder::Scan(plan) => self.scanner.start(plan),
            LabOrder::StopScan => self.scanner.stop(),
            LabOrder::Guard(GuardOrder::Bind(ip)) => self.bind(ip),
            LabOrder::Guard(GuardOrder::Kick(address)) => self.guard.kick(address),
            LabOrder::Guard(GuardOrder::Block(address)) => self.guard.block(address),
            LabOrder::Guard(GuardOrder::Unblock(address)) => self.guard.unblock(address),
        }
    }

    /// Starts every server that is not running.
    pub fn start_all(&mut self) {
        self.servers.iter().for_each(ServerHandle::start);
    }

    fn server(&self, id: ServerId) -> Option<&ServerHandle> {
        self.servers.get(usize::from(id.0))
    }

    fn bind(&self, ip: IpAddr) {
        if !ip.is_loopback() {
            self.guard.report_limits();
        }
        self.servers.iter().for_each(|server| server.bind(ip));
    }

    fn broadcast(&mut self, text: String, to: Vec<ServerId>) {
        let destination = |id| {
            let server = self.server(id)?;
            Some((id, server.proto, self.target.redirect(server.addr())?))
        };
        let destinations = to.into_iter().filter_map(destination).collect();
        self.broadcaster.broadcast(text, destinations);
    }

    fn set_target(&mut self, target: Option<TargetHost>) {
        let tcp = self.servers.iter().find(|server| server.proto == Proto::Tcp).map(|server| server.addr().port());
        self.broadcaster.hang_up();
        self.target.set(target, tcp.filter(|port| *port > 0).unwrap_or(DEFAULT_PORT));
    }

    /// Closes everything and waits, for less than a second, until every task and thread has ended. Returns whether they did
    /// in this time.
    pub async fn shutdown(self) -> bool {
        let Self { servers, clients, broadcaster, guard, guard_task, watch_task, target, scanner } = self;
        let all = async {
            tokio::join!(clients.shutdown(), broadcaster.shutdown(), target.shutdown(), scanner.shutdown());
            // Their clients are gone: most servers' ends are about to close by themselves, in order.
            guard.until_idle(SETTLE).await;
            let supervisors: Vec<_> = servers.into_iter().map(ServerHandle::into_supervisor).collect();
            for supervisor in supervisors {
                // An error would be its panic, which was reported where it happened.
                let _ = supervisor.await;
            }
            guard_task.end().await;
            watch_task.end().await;
            guard.flush();
        };
        // Nothing awaited here depends on a peer; the timeout is a safety net.
        tokio::time::timeout(TIMEOUT, all).await.is_ok()
    }
}

struct AbortOnDrop(JoinHandle<()>);

impl AbortOnDrop {
    async fn end(mut self) {
        self.0.abort();
        // The error is that it was aborted.
        let _ = (&mut self.0).await;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Locks a mutex whose content stays consistent even if a thread panicked while holding it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
