//! The one bounded queue between all producers of observations and the event loop.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::{Clock, EventQueue, EventSink, Observation};

/// How many observations may wait. A thousand clients at once make fewer by far in half a second.
const CAPACITY: usize = 65_536;

struct Queue(mpsc::Sender<Observation>);

impl EventQueue for Queue {
    fn offer(&self, seen: Observation) -> bool {
        self.0.try_send(seen).is_ok()
    }
}

/// A sink for producers, and the receiver for the loop.
pub fn open(clock: Clock) -> (EventSink, mpsc::Receiver<Observation>) {
    let (near, far) = mpsc::channel(CAPACITY);
    (EventSink::new(clock, Arc::new(Queue(near))), far)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EventKind, Evidence, Note};

    #[test]
    fn observations_that_do_not_fit_are_counted() {
        let (sink, far) = open(Clock::start());
        let offered = CAPACITY + 7;
        let taken = (0..offered)
            .map(|_| sink.report(Evidence::Called, EventKind::Note(Note::PortRange { low: 1, high: 2 })))
            .filter(|taken| *taken)
            .count();
        assert_eq!((taken, far.len(), sink.take_lost(), sink.take_lost()), (CAPACITY, CAPACITY, 7, 0));
    }
}
