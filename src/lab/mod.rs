//! Real servers, clients and a broadcaster on real sockets. Whatever they do is reported through the event sink.
//!
//! Nothing here blocks its caller: what comes of an order is an event.

mod bind;
mod broadcast;
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

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use self::broadcast::Broadcaster;
use self::client::ClientPool;
pub use self::descriptors::raise_descriptor_limit;
use self::guard::Guard;
pub use self::host::{Host, Machine};
use self::reporter::Reporter;
pub use self::resolve::resolve;
use self::scan::Scanner;
pub use self::script::ScriptedSockets;
use self::server::ServerHandle;
use self::target::TargetResolver;
use crate::domain::{
    ClientId, ClientPlan, CloseHow, Destination, EventSink, GuardOrder, LabOrder, Limits, Proto, ScanPlan, ServerId,
    ServerSpec, ServiceModel, TargetHost,
};

/// How long [`Lab::shutdown`] waits at most for all that it owns.
const TIMEOUT: Duration = Duration::from_millis(900);

/// Where a host is tried when there is no TCP server here whose port to take.
const DEFAULT_PORT: u16 = 65_432;

/// The laboratory: its servers, its clients and its broadcaster. Lives inside a tokio runtime.
///
/// Dropped without [`Lab::shutdown`], its servers stop and its clients close in the background.
pub struct Lab {
    servers: Vec<ServerHandle>,
    clients: ClientPool,
    broadcaster: Broadcaster,
    guard: Guard,
    /// Makes the guard's rounds.
    guard_task: AbortOnDrop,
    target: TargetResolver,
    scanner: Scanner,
}

impl Lab {
    /// A laboratory whose servers exist but are not started; the place in `servers` is the server's number. Reports
    /// `Added` for each.
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
            guard,
            broadcaster: Broadcaster::new(Arc::clone(&host), log.clone()),
            target: TargetResolver::new(Arc::clone(&host), log.clone()),
            scanner: Scanner::new(host, log),
        }
    }

    /// The same without limits: everybody who can reach it is a friend. Reports nothing.
    #[must_use]
    pub fn unguarded(self) -> Self {
        self.guard.disable();
        self
    }

    /// Guards the servers by these numbers from now on; before that, by the usual ones. Connections that are there stay.
    /// Reports `Limits`.
    pub fn limit(&mut self, limits: Limits) {
        self.guard.limit(limits);
    }

    /// Has every server listen on this address from now on, on the same port, without a restart: connections stay, also
    /// those that wait for `accept`. Servers that do not run will listen there when they are started. Reports `Started`,
    /// or `Failed` and then `Started` where it was; and first `Limits` where there may be strangers from now on.
    pub fn bind(&mut self, ip: IpAddr) {
        if !ip.is_loopback() {
            self.guard.report_limits();
        }
        self.servers.iter().for_each(|server| server.bind(ip));
    }

    /// Closes all connections that servers have from this address. Reports `Kicked`.
    pub fn kick(&mut self, address: IpAddr) {
        self.guard.kick(address);
    }

    /// Kicks this address, and takes nothing from it any more: connections are reset, datagrams thrown away. Reports
    /// `Blocked` and `Kicked`.
    pub fn block(&mut self, address: IpAddr) {
        self.guard.block(address);
    }

    /// Takes an address's blocking back. Reports `Unblocked`.
    pub fn unblock(&mut self, address: IpAddr) {
        self.guard.unblock(address);
    }

    /// Does one thing; what comes of it is reported.
    pub fn perform(&mut self, order: LabOrder) {
        match order {
            LabOrder::Spawn { count, plan, destination } => self.spawn(count, plan, destination),
            LabOrder::Close(client, how) => self.close(client, how),
            LabOrder::CloseAccepted(server, conn, how) => self.guard.close(server, conn, how),
            LabOrder::CloseAll => self.close_all(),
            LabOrder::Start(server) => self.start(server),
            LabOrder::Stop(server) => self.stop(server),
            LabOrder::Switch(server, model) => self.switch(server, model),
            LabOrder::Broadcast(text, to) => self.broadcast(text, to),
            LabOrder::Target(target) => self.set_target(target),
            LabOrder::Scan(plan) => self.scan(plan),
            LabOrder::StopScan => self.stop_scan(),
            LabOrder::Guard(GuardOrder::Bind(ip)) => self.bind(ip),
            LabOrder::Guard(GuardOrder::Kick(address)) => self.kick(address),
            LabOrder::Guard(GuardOrder::Block(address)) => self.block(address),
            LabOrder::Guard(GuardOrder::Unblock(address)) => self.unblock(address),
        }
    }

    /// Starts every server that does not run.
    pub fn start_all(&mut self) {
        self.servers.iter().for_each(ServerHandle::start);
    }

    /// Starts a server, or tries again to start one that failed. Reports `Started` or `Failed`.
    pub fn start(&mut self, server: ServerId) {
        self.servers.get(usize::from(server.0)).into_iter().for_each(ServerHandle::start);
    }

    /// Stops a server: its listening socket first, which resets those in the accept queue, then its connections.
    /// Reports `Stopped`.
    pub fn stop(&mut self, server: ServerId) {
        self.servers.get(usize::from(server.0)).into_iter().for_each(ServerHandle::stop);
    }

    /// Changes how a TCP server serves, without dropping anybody: who is being served by a thread or a task stays with
    /// it; who is being served by the sequential loop is handed over; who waits in the accept queue is accepted as the
    /// new model does. Reports `Model`. A UDP server has no model: nothing happens.
    pub fn switch(&mut self, server: ServerId, model: ServiceModel) {
        if let Some(server) = self.servers.get(usize::from(server.0)).filter(|server| server.proto == Proto::Tcp) {
            server.switch(model);
        }
    }

    /// Makes `count` clients, in the background and at the pace the server keeps up with. Reports `BurstCut` when the
    /// machine has no more to give.
    pub fn spawn(&mut self, count: u32, plan: ClientPlan, destination: Destination) {
        self.clients.spawn(count, plan, destination);
    }

    /// Closes one client; one that has ended is left in peace.
    pub fn close(&mut self, client: ClientId, how: CloseHow) {
        self.clients.close(client, how);
    }

    /// Closes every client in order, and ends bursts that still make some (`BurstCut` with `EINTR`).
    pub fn close_all(&mut self) {
        self.clients.close_all();
    }

    /// Sends one message to each of the servers, started here or not, over sockets that are kept open. Where the lab is
    /// aimed at another host it goes there, and nowhere while that host's address is not known.
    pub fn broadcast(&mut self, text: String, to: Vec<ServerId>) {
        let server = |id: ServerId| {
            let server = self.servers.get(usize::from(id.0))?;
            Some((id, server.proto, self.target.redirect(server.addr())?))
        };
        let known = to.into_iter().filter_map(server).collect();
        self.broadcaster.broadcast(text, known);
    }

    /// Aims broadcasts at this host, or with `None` at the servers here again; reports what becomes of the search for it
    /// (`EventKind::Target`). Where a client goes is said when it is spawned.
    pub fn set_target(&mut self, target: Option<TargetHost>) {
        let tcp = self.servers.iter().find(|server| server.proto == Proto::Tcp).map(|server| server.addr().port());
        self.broadcaster.hang_up();
        self.target.set(target, tcp.filter(|port| *port > 0).unwrap_or(DEFAULT_PORT));
    }

    /// Checks the ports of a host, in the background. A check that goes on is stopped. Reports `EventKind::Scan`.
    pub fn scan(&mut self, plan: ScanPlan) {
        self.scanner.start(plan);
    }

    /// Stops the port check that goes on.
    pub fn stop_scan(&mut self) {
        self.scanner.stop();
    }

    /// Closes the sockets that broadcasts keep open; the next broadcast opens new ones.
    pub fn hang_up(&mut self) {
        self.broadcaster.hang_up();
    }

    /// Closes everything and waits until every task and thread is done, for less than a second. Returns whether they were
    /// done in this time.
    pub async fn shutdown(self) -> bool {
        let Self { servers, clients, broadcaster, guard, guard_task, target, scanner } = self;
        let all = async {
            tokio::join!(clients.shutdown(), broadcaster.shutdown(), target.shutdown(), scanner.shutdown());
            let supervisors: Vec<_> = servers.into_iter().map(ServerHandle::into_supervisor).collect();
            for supervisor in supervisors {
                // An error would be its panic, which was reported where it happened.
                let _ = supervisor.await;
            }
            guard_task.end().await;
            guard.flush();
        };
        // Nothing that is waited for depends on a peer; the limit is for what nobody thought of.
        tokio::time::timeout(TIMEOUT, all).await.is_ok()
    }
}

/// A task that ends with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl AbortOnDrop {
    async fn end(mut self) {
        self.0.abort();
        // An error says that it was aborted.
        let _ = (&mut self.0).await;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
