//! Converts the times of the kernel's clocks to the laboratory's clock.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::domain::{Clock, Stamp};

/// A clock of the kernel and the laboratory's, read at the same moment.
#[derive(Debug)]
pub(super) struct KernelClock {
    id: ClockId,
    clock: Clock,
    ours: Instant,
    theirs: u64,
}

/// The time of day can be set. A smaller difference is the time between two readings and not a step of the clock.
const STEP: Duration = Duration::from_millis(1);

impl KernelClock {
    pub(super) fn pair(id: ClockId, clock: Clock) -> Self {
        Self { id, clock, ours: Instant::now(), theirs: now(id) }
    }

    /// Compares the clocks again, and follows a step. Small differences are ignored, so that stamps keep their order.
    pub(super) fn compare(&mut self) {
        let now = Self::pair(self.id, self.clock);
        let ours = now.ours.saturating_duration_since(self.ours);
        let theirs = Duration::from_nanos(now.theirs.saturating_sub(self.theirs));
        if now.theirs < self.theirs || ours.abs_diff(theirs) > STEP {
            *self = now;
        }
    }

    /// Converts a time in nanoseconds; 0 means unknown and becomes the current time.
    pub(super) fn stamp(&self, at: u64) -> Stamp {
        if at == 0 {
            return self.clock.now();
        }
        let later = Duration::from_nanos(at.saturating_sub(self.theirs));
        let earlier = Duration::from_nanos(self.theirs.saturating_sub(at));
        self.clock.at(self.ours.checked_sub(earlier).unwrap_or(self.ours) + later)
    }
}

/// The time on a clock of the kernel, in nanoseconds.
pub(super) fn now(id: ClockId) -> u64 {
    let now = Duration::try_from(clock_gettime(id)).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_on_both_clocks_and_order_is_kept() {
        let clock = Clock::start();
        let mut times = KernelClock::pair(ClockId::Realtime, clock);
        let (before, at, after) = (clock.now(), now(ClockId::Realtime), clock.now());
        times.compare();
        let stamp = times.stamp(at);
        let slack = Duration::from_micros(100);
        assert!(before <= stamp.after(slack) && stamp <= after.after(slack), "{before:?} {stamp:?} {after:?}");
        assert!(times.stamp(at + 1) > stamp && times.stamp(at - 1_000_000) < stamp);
    }
}
