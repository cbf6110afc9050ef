//! Watches this machine's addresses: a laptop may join a network during the lesson.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::domain::{EventKind, EventSink, Evidence, Note};
use crate::observe;

/// How often the addresses are read, which takes one system call.
const EVERY: Duration = Duration::from_secs(3);

/// Watches the addresses until it is dropped.
pub(super) struct AddressWatcher(JoinHandle<()>);

impl AddressWatcher {
    /// Reports the addresses if there are any, and again whenever they change. Must be called in a tokio runtime.
    pub(super) fn start(sink: EventSink) -> Self {
        Self(tokio::spawn(async move {
            let mut known = Vec::new();
            let mut round = tokio::time::interval(EVERY);
            loop {
                round.tick().await;
                let addresses = observe::addresses();
                if addresses != known {
                    known.clone_from(&addresses);
                    sink.report(Evidence::Sampled, EventKind::Note(Note::Addresses { addresses }));
                }
            }
        }))
    }
}

impl Drop for AddressWatcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}
