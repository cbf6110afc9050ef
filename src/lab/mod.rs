//! Real servers, clients and a broadcaster on real sockets. Whatever they do is reported through the probe.
//!
//! Nothing here blocks its caller: what comes of an order is an event.

mod broadcast;
mod client;
mod connection;
mod datagrams;
mod descriptors;
mod dial;
mod host;
mod reporter;
mod script;
mod server;

use std::sync::Arc;
use std::time::Duration;

use self::broadcast::Broadcaster;
use self::client::Clients;
pub use self::descriptors::raise_descriptor_limit;
pub use self::host::{Host, Machine};
use self::reporter::Reporter;
pub use self::script::Script;
use self::server::Server;
use crate::domain::{ClientId, ClientPlan, CloseHow, Probe, Proto, ServerId, ServerSpec, ServiceModel, Target};

/// How long [`Lab::shutdown`] waits at most for all that it owns.
const PATIENCE: Duration = Duration::from_millis(900);

/// The laboratory: its servers, its clients and its broadcaster. Lives inside a tokio runtime.
///
/// Dropped without [`Lab::shutdown`], its servers stop and its clients close in the background.
pub struct Lab {
    servers: Vec<Server>,
    clients: Clients,
    broadcaster: Broadcaster,
}

impl Lab {
    /// A laboratory whose servers exist but are not started; the place in `servers` is the server's number. Reports
    /// `Added` for each.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(host: Arc<dyn Host>, probe: Probe, servers: Vec<ServerSpec>) -> Self {
        let log = Reporter::new(probe);
        let ids = (0..=u8::MAX).map(ServerId);
        let server = |(id, spec)| Server::new(id, spec, Arc::clone(&host), log.clone());
        Self {
            servers: ids.zip(servers).map(server).collect(),
            clients: Clients::new(Arc::clone(&host), log.clone()),
            broadcaster: Broadcaster::new(host, log),
        }
    }

    /// Starts every server that does not run.
    pub fn start_all(&mut self) {
        self.servers.iter().for_each(Server::start);
    }

    /// Starts a server, or tries again to start one that failed. Reports `Started` or `Failed`.
    pub fn start(&mut self, server: ServerId) {
        self.servers.get(usize::from(server.0)).into_iter().for_each(Server::start);
    }

    /// Stops a server: its listening socket first, which resets those in the accept queue, then its connections.
    /// Reports `Stopped`.
    pub fn stop(&mut self, server: ServerId) {
        self.servers.get(usize::from(server.0)).into_iter().for_each(Server::stop);
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
    pub fn spawn(&mut self, count: u32, plan: ClientPlan, target: Target) {
        self.clients.spawn(count, plan, target);
    }

    /// Closes one client; one that has ended is left in peace.
    pub fn close(&mut self, client: ClientId, how: CloseHow) {
        self.clients.close(client, how);
    }

    /// Closes every client in order, and ends bursts that still make some (`BurstCut` with `EINTR`).
    pub fn close_all(&mut self) {
        self.clients.close_all();
    }

    /// Sends one message to each of the servers, started here or not, over sockets that are kept open.
    pub fn broadcast(&mut self, text: String, to: Vec<ServerId>) {
        let server = |id: ServerId| self.servers.get(usize::from(id.0)).map(|server| (id, server.proto, server.addr()));
        let known = to.into_iter().filter_map(server).collect();
        self.broadcaster.broadcast(text, known);
    }

    /// Closes the sockets that broadcasts keep open; the next broadcast opens new ones.
    pub fn hang_up(&mut self) {
        self.broadcaster.hang_up();
    }

    /// Closes everything and waits until every task and thread is done, for less than a second.
    pub async fn shutdown(self) {
        let Self { servers, clients, broadcaster } = self;
        let all = async {
            tokio::join!(clients.shutdown(), broadcaster.shutdown());
            let supervisors: Vec<_> = servers.into_iter().map(Server::dismiss).collect();
            for supervisor in supervisors {
                // An error would be its panic, which was reported where it happened.
                let _ = supervisor.await;
            }
        };
        // Nothing that is waited for depends on a peer; the limit is for what nobody thought of.
        let _ = tokio::time::timeout(PATIENCE, all).await;
    }
}
