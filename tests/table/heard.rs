//! A queue of observations for a test, with a deadline.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use socklab::api::domain::{Clock, EventSink, Observation};

/// A working program never takes this long.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// The reported observations.
pub(crate) struct Heard(Receiver<Observation>);

/// A sink whose queue holds `room` observations, and the receiving end.
pub(crate) fn sink(room: usize) -> (EventSink, Heard) {
    let (tx, rx) = sync_channel(room);
    (EventSink::new(Clock::start(), Arc::new(move |seen| tx.try_send(seen).is_ok())), Heard(rx))
}

impl Heard {
    /// The next observation, if it comes within `patience`.
    pub(crate) fn next(&self, patience: Duration) -> Option<Observation> {
        self.0.recv_timeout(patience).ok()
    }

    /// The first `Some` that `pick` returns for an observation, before the deadline.
    pub(crate) fn find<T>(&self, what: &str, mut pick: impl FnMut(&Observation) -> Option<T>) -> T {
        let end = Instant::now() + DEADLINE;
        loop {
            // Also where other observations keep coming.
            let left = end.checked_duration_since(Instant::now());
            let seen = left.and_then(|left| self.next(left)).unwrap_or_else(|| panic!("no {what}"));
            if let Some(picked) = pick(&seen) {
                return picked;
            }
        }
    }
}
