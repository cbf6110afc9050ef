//! Our own network namespace: what is traced in it, and lookups in its socket table.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::now;
use super::own_namespace::OwnNamespace;
use crate::domain::{Flow, Row};
use crate::observe::Scope;
use crate::observe::diag::SockDiag;

/// The traced scope, and the cookies of its listeners: those that existed before, and those reported since.
#[derive(Debug)]
pub(super) struct SharedScope(Mutex<(Scope, HashSet<u64>)>);

impl SharedScope {
    /// Starts with this scope, in the calling thread's namespace.
    pub(super) fn begin(scope: &Scope) -> io::Result<Self> {
        Ok(Self(Mutex::new(with_listeners(scope)?)))
    }

    /// Changes the scope if `trace` succeeds in changing the kernel's filter; otherwise keeps the old one.
    pub(super) fn change(&self, scope: &Scope, trace: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        // Before the kernel reports the new ones, so that none of its records is dropped.
        let before = std::mem::replace(&mut *self.lock(), with_listeners(scope)?);
        trace().inspect_err(|_| *self.lock() = before)
    }

    pub(super) fn scope(&self) -> Scope {
        self.lock().0.clone()
    }

    fn lock(&self) -> MutexGuard<'_, (Scope, HashSet<u64>)> {
        // Each change is a single assignment, so a poisoned lock holds consistent data.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_listeners(scope: &Scope) -> io::Result<(Scope, HashSet<u64>)> {
    let mut listeners = HashSet::new();
    SockDiag::open()?.listeners(scope, &mut |row| _ = listeners.insert(row.cookie))?;
    Ok((scope.clone(), listeners))
}

/// Lookups through `sock_diag(7)`.
#[derive(Debug)]
pub(super) struct KernelNamespace {
    diag: SockDiag,
    watched: Arc<SharedScope>,
}

impl KernelNamespace {
    pub(super) fn here(watched: Arc<SharedScope>) -> io::Result<Self> {
        Ok(Self { diag: SockDiag::open()?, watched })
    }
}

impl OwnNamespace for KernelNamespace {
    fn look_up(&mut self, flow: &Flow) -> Option<(Row, u64)> {
        // If the lookup fails, the announcement of the socket's destruction has to do.
        let row = self.diag.lookup(flow).ok()??;
        Some((row, now()))
    }

    fn is_new(&mut self, cookie: u64) -> bool {
        self.watched.lock().1.insert(cookie)
    }
}
