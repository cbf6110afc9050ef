//! The clock of the trace, and its times on our own clock.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::domain::{EventSink, Stamp};

/// The time on the trace's clock, in nanoseconds.
pub(super) fn now() -> u64 {
    let time = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default();
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The kernel's monotonic clock and ours, read at the same moment.
pub(super) struct KernelTime {
    ours: Instant,
    nanos: u64,
}

impl KernelTime {
    pub(super) fn pair() -> Self {
        Self { ours: Instant::now(), nanos: now() }
    }

    pub(super) fn stamp(&self, sink: &EventSink, nanos: u64) -> Stamp {
        let earlier = Duration::from_nanos(self.nanos.saturating_sub(nanos));
        let later = Duration::from_nanos(nanos.saturating_sub(self.nanos));
        let instant = self.ours.checked_sub(earlier).unwrap_or(self.ours);
        sink.clock().at(instant + later)
    }
}
