//! The connection whose variables are read at its packets also at full speed, and how often at most.

use std::time::{Duration, Instant};

use crate::domain::Flow;

/// See the module's head. Reading both ends costs about as much as a packet, so a flood is not read at
/// every packet.
#[derive(Debug)]
pub(super) struct WatchedFlow {
    flow: Option<Flow>,
    /// At how many packets there may be readings now.
    left: u32,
    filled: Instant,
}

impl WatchedFlow {
    /// At how many packets in a row there may be readings: those of a whole slow start.
    const MOST: u32 = 512;
    /// In this time there may be readings at one more.
    const PACE: Duration = Duration::from_millis(1);

    pub(super) const fn none(now: Instant) -> Self {
        Self { flow: None, left: Self::MOST, filled: now }
    }

    /// Watches this connection from now on, named by either end; none any more without one.
    pub(super) const fn turn_to(&mut self, flow: Option<Flow>) {
        self.flow = flow;
    }

    /// Whether a packet of this connection is followed by a reading. `now` is asked only if it is the one watched.
    pub(super) fn takes(&mut self, flow: &Flow, now: impl FnOnce() -> Instant) -> bool {
        let is_it = |watched: Flow| watched == *flow || watched.mirror() == Some(*flow);
        if !self.flow.is_some_and(is_it) {
            return false;
        }
        let now = now();
        let more =
            (now.saturating_duration_since(self.filled).as_nanos() / Self::PACE.as_nanos()).min(Self::MOST.into());
        let more = u32::try_from(more).unwrap_or(Self::MOST);
        if more > 0 {
            self.left = (self.left + more).min(Self::MOST);
            self.filled = now;
        }
        self.left = match self.left.checked_sub(1) {
            Some(left) => left,
            None => return false,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_packets_is_read_and_a_flood_at_a_pace() {
        let begin = Instant::now();
        let flow = Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap());
        let other = Flow::tcp("192.0.2.2:40001".parse().unwrap(), "192.0.2.1:65432".parse().unwrap());
        let mut watched = WatchedFlow::none(begin);
        let never = || -> Instant { panic!("the time is not asked for") };
        assert!(!watched.takes(&flow, never), "none is watched");
        watched.turn_to(Some(flow));
        assert!(!watched.takes(&other, never));
        let reads = |watched: &mut WatchedFlow, at: Duration| {
            (0..10_000).filter(|_| watched.takes(&flow.mirror().unwrap(), || begin + at)).count()
        };
        assert_eq!(reads(&mut watched, Duration::ZERO), 512);
        assert_eq!(reads(&mut watched, Duration::from_micros(5_500)), 5);
        assert_eq!(reads(&mut watched, Duration::from_hours(1)), 512);
    }
}
