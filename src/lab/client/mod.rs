//! The clients: spawned in bursts, each a task of its own with one socket, closed by number or all at once.

mod burst;
mod tcp;
mod udp;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use self::burst::Burst;
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::client::ClientChange;
use crate::domain::{ClientId, ClientPlan, CloseHow, Destination};

/// All clients of the laboratory.
pub(super) struct Clients {
    host: Arc<dyn Host>,
    log: Reporter,
    register: Arc<Register>,
    /// Clients and bursts that have not ended.
    alive: TaskTracker,
}

impl Clients {
    pub(super) fn new(host: Arc<dyn Host>, log: Reporter) -> Self {
        Self { host, log, register: Arc::default(), alive: TaskTracker::new() }
    }

    /// Starts a burst of clients and returns at once.
    pub(super) fn spawn(&self, count: u32, plan: ClientPlan, destination: Destination) {
        let burst = Burst {
            host: Arc::clone(&self.host),
            log: self.log.clone(),
            register: Arc::clone(&self.register),
            alive: self.alive.clone(),
            season: self.register.lock().season,
            plan,
            destination,
        };
        self.alive.spawn(burst.run(count));
    }

    pub(super) fn close(&self, client: ClientId, how: CloseHow) {
        if let Some(orders) = self.register.lock().orders.get(&client) {
            orders.send_replace(Some(how));
        }
    }

    /// Closes every client, and ends every burst where it is.
    pub(super) fn close_all(&self) {
        let mut book = self.register.lock();
        book.season += 1;
        for orders in book.orders.values() {
            orders.send_replace(Some(CloseHow::Fin));
        }
    }

    /// Closes every client and waits until each has said so.
    pub(super) async fn shutdown(self) {
        self.close_all();
        self.alive.close();
        self.alive.wait().await;
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.close_all();
    }
}

/// Who is alive, and how to reach them.
#[derive(Default)]
struct Register(Mutex<Book>);

#[derive(Default)]
struct Book {
    newest: u32,
    /// Grows when all are closed: a burst of an earlier season makes no more clients.
    season: u64,
    orders: HashMap<ClientId, watch::Sender<Option<CloseHow>>>,
}

impl Register {
    fn lock(&self) -> MutexGuard<'_, Book> {
        // The book is whole at every instant, also if a task panicked while it held the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new client's number and its orders; `None` when `season` is over.
    fn enter(&self, season: u64) -> Option<(ClientId, Orders)> {
        let mut book = self.lock();
        if book.season != season {
            return None;
        }
        book.newest += 1;
        let id = ClientId(book.newest);
        let (orders, received) = watch::channel(None);
        book.orders.insert(id, orders);
        Some((id, Orders(received)))
    }

    /// The client has no socket any more.
    fn leave(&self, client: ClientId, log: &Reporter) {
        self.lock().orders.remove(&client);
        log.client(client, ClientChange::Ended);
    }
}

/// What a client is told from outside: the latest order counts.
struct Orders(watch::Receiver<Option<CloseHow>>);

impl Orders {
    /// Waits for the next order. Cancel safe.
    async fn next(&mut self) -> CloseHow {
        loop {
            if self.0.changed().await.is_err() {
                return CloseHow::Fin;
            }
            if let Some(how) = *self.0.borrow_and_update() {
                return how;
            }
        }
    }
}
