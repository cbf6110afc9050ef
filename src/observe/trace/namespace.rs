//! Our own network namespace: what of it is traced, and what its kernel says when it is asked.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ownership::OwnNamespace;
use super::reader::now;
use crate::domain::{Flow, Row};
use crate::observe::Scope;
use crate::observe::diag::SockDiag;

/// What is traced now.
#[derive(Debug)]
pub(super) struct SharedScope(Mutex<TracedSockets>);

#[derive(Debug)]
struct TracedSockets {
    scope: Scope,
    /// The listeners that were there before, and those that were told of since, by their cookies.
    listeners: HashSet<u64>,
}

impl SharedScope {
    /// These, in the calling thread's namespace.
    pub(super) fn begin(scope: &Scope) -> io::Result<Self> {
        Ok(Self(Mutex::new(TracedSockets::begin(scope)?)))
    }

    /// These from now on, when `trace` has the kernel tell of them; otherwise those before.
    pub(super) fn change(&self, scope: &Scope, trace: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        // Before the kernel tells of the new ones, so that none of what it tells is left out.
        let before = std::mem::replace(&mut *self.lock(), TracedSockets::begin(scope)?);
        trace().inspect_err(|_| *self.lock() = before)
    }

    /// Which sockets are traced.
    pub(super) fn scope(&self) -> Scope {
        self.lock().scope.clone()
    }

    fn lock(&self) -> MutexGuard<'_, TracedSockets> {
        // Everything in it is changed in one step; a panic between leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TracedSockets {
    fn begin(scope: &Scope) -> io::Result<Self> {
        let mut listeners = HashSet::new();
        SockDiag::open()?.listeners(scope, &mut |row| _ = listeners.insert(row.cookie))?;
        Ok(Self { scope: scope.clone(), listeners })
    }
}

/// The kernel's answers.
#[derive(Debug)]
pub(super) struct KernelNamespace {
    diag: SockDiag,
    watched: Arc<SharedScope>,
}

impl KernelNamespace {
    /// The calling thread's.
    pub(super) fn here(watched: Arc<SharedScope>) -> io::Result<Self> {
        Ok(Self { diag: SockDiag::open()?, watched })
    }
}

impl OwnNamespace for KernelNamespace {
    fn look_up(&mut self, flow: &Flow) -> Option<(Row, u64)> {
        // Where the kernel does not answer, its announcement of the socket's end has to do.
        let row = self.diag.lookup(flow).ok()??;
        Some((row, now()))
    }

    fn is_new(&mut self, cookie: u64) -> bool {
        self.watched.lock().listeners.insert(cookie)
    }
}
