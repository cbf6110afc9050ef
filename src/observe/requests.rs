//! What the table's thread has been asked for and has not done yet: bounded, and the same wish twice is one wish.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::scope::Scope;
use crate::domain::{Flow, Process};

/// With more lookups than this outstanding, one full reading answers them all and costs less.
const MOST_LOOKUPS: usize = 512;
/// More rows than this are on no screen.
const MOST_NAMES: usize = 4_096;

/// Everything asked for since the last time.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Look these up.
    pub(super) flows: BTreeSet<Flow>,
    /// Read everything soon.
    pub(super) refresh: bool,
    /// Watch these sockets from now on.
    pub(super) scope: Option<Scope>,
    /// Whether something is in motion.
    pub(super) motion: Option<bool>,
    /// Find out who holds these inodes.
    pub(super) inodes: BTreeSet<u64>,
    /// Who holds which inode, as was found out.
    pub(super) named: HashMap<u64, Process>,
    /// Report the `TCP_INFO` of this one, or of none.
    pub(super) detail: Option<Selected>,
    /// Come to an end.
    pub(super) stop: bool,
}

impl Requests {
    fn is_empty(&self) -> bool {
        self.flows.is_empty()
            && !self.refresh
            && self.scope.is_none()
            && self.motion.is_none()
            && self.inodes.is_empty()
            && self.named.is_empty()
            && self.detail.is_none()
            && !self.stop
    }

    /// Adds sockets to look up.
    pub(super) fn look_up(&mut self, flows: impl IntoIterator<Item = Flow>) {
        for flow in flows {
            if self.flows.len() >= MOST_LOOKUPS {
                self.flows.clear();
                self.refresh = true;
            }
            self.flows.insert(flow);
        }
    }

    /// Adds inodes to name.
    pub(super) fn name(&mut self, inodes: impl IntoIterator<Item = u64>) {
        let room = MOST_NAMES.saturating_sub(self.inodes.len());
        self.inodes.extend(inodes.into_iter().filter(|inode| *inode != 0).take(room));
    }
}

/// Which connection's `TCP_INFO` is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Selected {
    /// This one's.
    Flow(Flow),
    /// None.
    Nothing,
}

/// The requests, and how the thread learns of them.
#[derive(Debug, Default)]
pub(super) struct RequestQueue {
    requests: Mutex<Requests>,
    changed: Condvar,
}

impl RequestQueue {
    /// Adds a wish and wakes the thread. Never waits for it: the lock is only ever held for such an addition.
    pub(super) fn add(&self, add: impl FnOnce(&mut Requests)) {
        add(&mut self.lock());
        self.changed.notify_one();
    }

    /// Takes every wish there is, waiting for one until `until` (for ever, when there is no such time).
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
        // A wish is added in one step; a panic between leaves nothing half done.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
