//! The one bounded queue between everybody who observes and the loop that listens.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::{Clock, Observation, Probe, Sink};

/// How many observations may wait: half a second of the worst flood there is, a thousand clients at once, fits many
/// times over.
const CAPACITY: usize = 65_536;

struct Queue(mpsc::Sender<Observation>);

impl Sink for Queue {
    fn offer(&self, seen: Observation) -> bool {
        self.0.try_send(seen).is_ok()
    }
}

/// A probe for producers, and the far end for the loop.
pub fn open(clock: Clock) -> (Probe, mpsc::Receiver<Observation>) {
    let (near, far) = mpsc::channel(CAPACITY);
    (Probe::new(clock, Arc::new(Queue(near))), far)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Evidence, Kind, Note};

    #[test]
    fn what_does_not_fit_is_counted() {
        let (probe, far) = open(Clock::start());
        let offered = CAPACITY + 7;
        let taken = (0..offered)
            .filter(|_| probe.report(Evidence::Called, Kind::Note(Note::PortRange { low: 1, high: 2 })))
            .count();
        assert_eq!((taken, far.len(), probe.take_lost(), probe.take_lost()), (CAPACITY, CAPACITY, 7, 0));
    }
}
