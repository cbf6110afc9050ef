//! Keeps an eye on this machine's addresses: a laptop joins a network while the lesson goes on.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::domain::{EventKind, EventSink, Evidence, Note};
use crate::observe;

/// How often they are looked at: one system call.
const EVERY: Duration = Duration::from_secs(3);

/// Looks for changes until it is dropped.
pub(super) struct Addresses(JoinHandle<()>);

impl Addresses {
    /// Tells the addresses when there are any, and again whenever they change. Lives inside a tokio runtime.
    pub(super) fn watch(sink: EventSink) -> Self {
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

impl Drop for Addresses {
    fn drop(&mut self) {
        self.0.abort();
    }
}
