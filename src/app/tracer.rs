//! The tracepoint, kept at arm's length: the kernel takes tens of milliseconds to set a trace up, to change its filter
//! and to end it, and nobody shall wait for that at the keyboard.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use crate::domain::EventSink;
use crate::observe::Scope;
use crate::observe::trace::Trace;

/// The thread that holds the trace. Dropping it ends the trace and waits for that.
#[derive(Debug)]
pub(super) struct Tracer {
    scopes: Option<mpsc::Sender<Scope>>,
    thread: Option<JoinHandle<()>>,
}

impl Tracer {
    /// Begins to trace; the trace itself says whether it can be had.
    pub(super) fn start(sink: EventSink, scope: Scope) -> std::io::Result<Self> {
        let (near, far) = mpsc::channel::<Scope>();
        let hold = move || {
            let Ok(trace) = Trace::start(sink, &scope) else { return };
            while let Ok(scope) = far.recv() {
                // Of several changes that came meanwhile only the last one counts.
                trace.scope(&far.try_iter().last().unwrap_or(scope));
            }
        };
        let thread = thread::Builder::new().name("socklab-tracer".into()).spawn(hold)?;
        Ok(Self { scopes: Some(near), thread: Some(thread) })
    }

    /// Traces these sockets from now on.
    pub(super) fn scope(&self, scope: Scope) {
        // Without root there is no trace and nobody who listens.
        let _ = self.scopes.as_ref().map(|scopes| scopes.send(scope));
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.scopes = None;
        // A panic there has been printed by the panic hook; there is nothing to add here.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
