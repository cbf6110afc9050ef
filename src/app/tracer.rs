//! The trace in a thread: the kernel takes tens of milliseconds to set a trace up, to change its filter and to end it, and
//! the keyboard must not wait for that.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use crate::domain::EventSink;
use crate::observe::Scope;
use crate::observe::trace::Trace;

/// The thread that holds the trace. Dropping it ends the trace and waits for it.
#[derive(Debug)]
pub(super) struct Tracer {
    scopes: Option<mpsc::Sender<Scope>>,
    thread: Option<JoinHandle<()>>,
}

impl Tracer {
    /// Starts the trace, which itself reports whether it is available.
    pub(super) fn start(sink: EventSink, scope: Scope) -> std::io::Result<Self> {
        let (near, far) = mpsc::channel::<Scope>();
        let hold = move || {
            let Ok(trace) = Trace::start(sink, &scope) else { return };
            while let Ok(scope) = far.recv() {
                // Of several pending changes only the last one counts.
                trace.scope(&far.try_iter().last().unwrap_or(scope));
            }
        };
        let thread = thread::Builder::new().name("socklab-tracer".into()).spawn(hold)?;
        Ok(Self { scopes: Some(near), thread: Some(thread) })
    }

    /// Changes which sockets are traced.
    pub(super) fn scope(&self, scope: Scope) {
        if let Some(scopes) = &self.scopes {
            // Fails if the trace could not start, as without root.
            let _ = scopes.send(scope);
        }
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.scopes = None;
        if let Some(thread) = self.thread.take() {
            // The panic hook has already printed a panic of the thread.
            let _ = thread.join();
        }
    }
}
