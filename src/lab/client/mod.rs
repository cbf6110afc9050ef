//! The clients: spawned in bursts, each a task with one socket, closed one by one or all at once.

mod burst;
mod tcp;
mod udp;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::task::TaskTracker;

use self::burst::Burst;
use super::bulk::{BulkRequester, BulkRequests};
use super::close_requests::{CloseRequester, CloseRequests};
use super::host::Host;
use super::locked;
use super::reporter::Reporter;
use crate::domain::client::ClientChange;
use crate::domain::{ClientId, ClientPlan, CloseHow, Destination};

pub(super) struct ClientPool {
    host: Arc<dyn Host>,
    log: Reporter,
    registry: Arc<ClientRegistry>,
    /// Clients and bursts that have not ended.
    running: TaskTracker,
}

impl ClientPool {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        Self { host, log, registry: Arc::default(), running: TaskTracker::new() }
    }

    pub(super) fn spawn(&self, count: u32, plan: ClientPlan, destination: Destination) {
        let burst = Burst {
            host: Arc::clone(&self.host),
            log: self.log.clone(),
            registry: Arc::clone(&self.registry),
            running: self.running.clone(),
            generation: self.registry.state().generation,
            plan,
            destination,
        };
        self.running.spawn(burst.run(count));
    }

    pub(super) fn close(&self, client: ClientId, how: CloseHow) {
        if let Some(requesters) = self.registry.state().requesters.get(&client) {
            requesters.close.send_replace(Some(how));
        }
    }

    pub(super) fn bulk(&self, client: ClientId, bytes: u64) {
        if let Some(requesters) = self.registry.state().requesters.get(&client) {
            requesters.bulk.send_replace(bytes);
        }
    }

    pub(super) fn close_all(&self) {
        let mut state = self.registry.state();
        state.generation += 1;
        for requesters in state.requesters.values() {
            requesters.close.send_replace(Some(CloseHow::Fin));
        }
    }

    pub(super) async fn shutdown(self) {
        self.close_all();
        self.running.close();
        self.running.wait().await;
    }
}

impl Drop for ClientPool {
    fn drop(&mut self) {
        self.close_all();
    }
}

#[derive(Default)]
struct ClientRegistry(Mutex<RegistryState>);

#[derive(Default)]
struct RegistryState {
    newest: u32,
    /// Incremented when all clients are closed: a burst of an earlier generation stops.
    generation: u64,
    requesters: HashMap<ClientId, ClientRequesters>,
}

/// How a client's task is asked for something.
#[derive(Default)]
struct ClientRequesters {
    close: CloseRequester,
    bulk: BulkRequester,
}

/// What a client is asked for.
struct ClientRequests {
    close: CloseRequests,
    bulk: BulkRequests,
}

impl ClientRegistry {
    fn state(&self) -> MutexGuard<'_, RegistryState> {
        locked(&self.0)
    }

    /// Registers a new client; `None` if `generation` is over.
    fn add(&self, generation: u64) -> Option<(ClientId, ClientRequests)> {
        let mut state = self.state();
        if state.generation != generation {
            return None;
        }
        state.newest += 1;
        let id = ClientId(state.newest);
        let requesters = ClientRequesters::default();
        let requests =
            ClientRequests { close: CloseRequests::of(&requesters.close), bulk: BulkRequests::of(&requesters.bulk) };
        state.requesters.insert(id, requesters);
        Some((id, requests))
    }

    /// Removes a client whose socket is closed, and reports its end.
    fn remove(&self, client: ClientId, log: &Reporter) {
        self.state().requesters.remove(&client);
        log.client(client, ClientChange::Ended);
    }
}
