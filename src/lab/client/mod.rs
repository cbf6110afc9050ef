//! The clients: spawned in bursts, each a task of its own with one socket, closed by number or all at once.

mod burst;
mod tcp;
mod udp;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::TaskTracker;

use self::burst::Burst;
use super::close_requests::{CloseRequester, CloseRequests};
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::client::ClientChange;
use crate::domain::{ClientId, ClientPlan, CloseHow, Destination};

/// All clients of the laboratory.
pub(super) struct ClientPool {
    host: Arc<dyn Host>,
    log: Reporter,
    registry: Arc<ClientRegistry>,
    /// Clients and bursts that have not ended.
    alive: TaskTracker,
}

impl ClientPool {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        Self { host, log, registry: Arc::default(), alive: TaskTracker::new() }
    }

    /// Starts a burst of clients and returns at once.
    pub(super) fn spawn(&self, count: u32, plan: ClientPlan, destination: Destination) {
        let burst = Burst {
            host: Arc::clone(&self.host),
            log: self.log.clone(),
            registry: Arc::clone(&self.registry),
            alive: self.alive.clone(),
            generation: self.registry.lock().generation,
            plan,
            destination,
        };
        self.alive.spawn(burst.run(count));
    }

    pub(super) fn close(&self, client: ClientId, how: CloseHow) {
        if let Some(close_requests) = self.registry.lock().close_requests.get(&client) {
            close_requests.send_replace(Some(how));
        }
    }

    /// Closes every client, and ends every burst where it is.
    pub(super) fn close_all(&self) {
        let mut state = self.registry.lock();
        state.generation += 1;
        for close_requests in state.close_requests.values() {
            close_requests.send_replace(Some(CloseHow::Fin));
        }
    }

    /// Closes every client and waits until each has said so.
    pub(super) async fn shutdown(self) {
        self.close_all();
        self.alive.close();
        self.alive.wait().await;
    }
}

impl Drop for ClientPool {
    fn drop(&mut self) {
        self.close_all();
    }
}

/// Who is alive, and how to reach them.
#[derive(Default)]
struct ClientRegistry(Mutex<RegistryState>);

#[derive(Default)]
struct RegistryState {
    newest: u32,
    /// Grows when all are closed: a burst of an earlier season makes no more clients.
    generation: u64,
    close_requests: HashMap<ClientId, CloseRequester>,
}

impl ClientRegistry {
    fn lock(&self) -> MutexGuard<'_, RegistryState> {
        // The book is whole at every instant, also if a task panicked while it held the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new client's number and its orders; `None` when `season` is over.
    fn add(&self, generation: u64) -> Option<(ClientId, CloseRequests)> {
        let mut state = self.lock();
        if state.generation != generation {
            return None;
        }
        state.newest += 1;
        let id = ClientId(state.newest);
        let requester = CloseRequester::default();
        let requests = CloseRequests::of(&requester);
        state.close_requests.insert(id, requester);
        Some((id, requests))
    }

    /// The client has no socket any more.
    fn remove(&self, client: ClientId, log: &Reporter) {
        self.lock().close_requests.remove(&client);
        log.client(client, ClientChange::Ended);
    }
}
