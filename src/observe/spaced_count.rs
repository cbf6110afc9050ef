//! A count that is reported at intervals, not with every change.

use std::time::{Duration, Instant};

/// What was counted since the last report.
#[derive(Debug)]
pub(super) struct SpacedCount {
    every: Duration,
    count: u64,
    reported: Option<Instant>,
}

impl SpacedCount {
    /// To be reported at most once in `every`; the first time at once.
    pub(super) const fn new(every: Duration) -> Self {
        Self { every, count: 0, reported: None }
    }

    pub(super) const fn add(&mut self, count: u64) {
        self.count = self.count.saturating_add(count);
    }

    /// How long it is until something is to be reported.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        let due = self.reported.map_or(now, |reported| reported + self.every);
        (self.count > 0).then(|| due.saturating_duration_since(now))
    }

    /// What is to be reported now.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<u64> {
        self.due_in(now)?.is_zero().then(|| {
            self.reported = Some(now);
            std::mem::take(&mut self.count)
        })
    }

    /// What was not reported, at the end.
    pub(super) fn take_rest(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.count)).filter(|count| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_reported_at_once_and_the_rest_after_the_interval() {
        let second = Duration::from_secs(1);
        let mut count = SpacedCount::new(second);
        let start = Instant::now();
        assert_eq!((count.due_in(start), count.take_due(start)), (None, None));
        count.add(3);
        assert_eq!(count.take_due(start), Some(3));
        count.add(4);
        assert_eq!((count.due_in(start), count.take_due(start)), (Some(second), None));
        count.add(5);
        assert_eq!(count.take_due(start + second), Some(9));
        count.add(1);
        assert_eq!((count.take_rest(), count.take_rest()), (Some(1), None));
    }
}
