//! Requests that a thread has not served yet: bounded, and a repeated request counts once.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::scope::Scope;
use crate::domain::{Flow, Process};

/// With more pending lookups than this, one full reading answers them all and costs less.
const MOST_LOOKUPS: usize = 512;
/// With more clients than this at once, the rest are not followed.
const MOST_CLIENTS: usize = 4_096;
/// No screen shows more rows than this.
const MOST_NAMES: usize = 4_096;

/// Everything requested since the last [`RequestQueue::take`].
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) flows: BTreeSet<Flow>,
    /// The ends of other programs' clients.
    pub(super) clients: BTreeSet<Flow>,
    pub(super) refresh: bool,
    pub(super) scope: Option<Scope>,
    /// Inodes whose processes are wanted.
    pub(super) inodes: BTreeSet<u64>,
    /// Processes that were found, by inode.
    pub(super) named: HashMap<u64, Process>,
    /// The connection whose `TCP_INFO` to report.
    pub(super) detail: Option<Selected>,
    pub(super) stop: bool,
}

impl Requests {
    fn is_empty(&self) -> bool {
        self.flows.is_empty()
            && self.clients.is_empty()
            && !self.refresh
            && self.scope.is_none()
            && self.inodes.is_empty()
            && self.named.is_empty()
            && self.detail.is_none()
            && !self.stop
    }

    /// Adds sockets to look up, and their other ends.
    pub(super) fn look_up(&mut self, flows: impl IntoIterator<Item = Flow>) {
        for flow in flows.into_iter().flat_map(|flow| [Some(flow), flow.mirror()]).flatten() {
            if self.flows.len() >= MOST_LOOKUPS {
                self.flows.clear();
                self.refresh = true;
            }
            self.flows.insert(flow);
        }
    }

    /// Adds ends of other programs' clients.
    pub(super) fn follow(&mut self, ends: impl IntoIterator<Item = Flow>) {
        let room = MOST_CLIENTS.saturating_sub(self.clients.len());
        self.clients.extend(ends.into_iter().take(room));
    }

    pub(super) fn name(&mut self, inodes: impl IntoIterator<Item = u64>) {
        let room = MOST_NAMES.saturating_sub(self.inodes.len());
        self.inodes.extend(inodes.into_iter().filter(|inode| *inode != 0).take(room));
    }
}

/// Which connection's `TCP_INFO` is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Selected {
    Flow(Flow),
    Nothing,
}

/// The requests, and a way to wake the thread that serves them.
#[derive(Debug, Default)]
pub(super) struct RequestQueue {
    requests: Mutex<Requests>,
    changed: Condvar,
}

impl RequestQueue {
    /// Adds a request and wakes the thread. Never waits for it: the lock is held only for such additions.
    pub(super) fn add(&self, add: impl FnOnce(&mut Requests)) {
        add(&mut self.lock());
        self.changed.notify_one();
    }

    /// Takes all requests, waiting for the first until `until`, or for ever without it.
    pub(super) fn take(&self, until: Option<Instant>) -> Requests {
        let mut requests = self.lock();
        while requests.is_empty() {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            requests = match left {
                Some(Duration::ZERO) => break,
                Some(left) => self.changed.wait_timeout(requests, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(requests).unwrap_or_else(PoisonError::into_inner),
            };
        }
        std::mem::take(&mut requests)
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        // Each addition is complete before it could panic, so a poisoned lock holds consistent requests.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that serves requests. Dropping it stops and joins the thread.
#[derive(Debug)]
pub(super) struct RequestThread {
    queue: Arc<RequestQueue>,
    thread: Option<JoinHandle<()>>,
}

impl RequestThread {
    /// Runs `serve`, which returns once [`Requests::stop`] is set.
    pub(super) fn start(
        name: &str,
        queue: Arc<RequestQueue>,
        serve: impl FnOnce(&RequestQueue) + Send + 'static,
    ) -> io::Result<Self> {
        let served = Arc::clone(&queue);
        let thread = thread::Builder::new().name(name.into()).spawn(move || serve(&served))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    pub(super) fn add(&self, add: impl FnOnce(&mut Requests)) {
        self.queue.add(add);
    }
}

impl Drop for RequestThread {
    fn drop(&mut self) {
        self.queue.add(|requests| requests.stop = true);
        // The panic hook has already printed a panic of the thread.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
