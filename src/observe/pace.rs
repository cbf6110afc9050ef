//! When the next full reading of the table is due: often while sockets change, rarely while none do, and never using more
//! than its share of the processor.

use std::time::Duration;

/// The shortest interval between periodic readings.
const QUICK: Duration = Duration::from_millis(100);
const SLOW: Duration = Duration::from_secs(1);
/// After a change, the table counts as active for this long.
const MOTION: Duration = Duration::from_secs(1);
/// Work is always followed by this many times as much rest: at most a tenth of a core.
const REST: u32 = 9;
/// While nothing changes, the interval is this many times the cost of a reading, under half a percent of a core, but never
/// longer than [`SLOW`].
const IDLE_REST: u32 = 250;

/// Schedules readings. Times are durations since an arbitrary origin; it has no clock of its own.
#[derive(Debug, Clone, Default)]
pub struct TablePace {
    read: Option<Duration>,
    cost: Duration,
    /// No reading before this time.
    rested: Duration,
    changed: Option<Duration>,
    asked: bool,
}

impl TablePace {
    pub const fn ask(&mut self) {
        self.asked = true;
    }

    pub const fn changed(&mut self, now: Duration) {
        self.changed = Some(now);
    }

    /// Work other than a reading ended at `now` at this cost.
    pub fn worked(&mut self, now: Duration, cost: Duration) {
        self.rested = self.rested.max(now).saturating_add(cost * REST);
    }

    /// A reading began at `began`, ended at `now`, and cost this much of the processor.
    pub fn read(&mut self, began: Duration, now: Duration, cost: Duration) {
        self.read = Some(began);
        self.cost = cost;
        self.asked = false;
        self.worked(now, cost);
    }

    /// When the next reading is due, seen from `now`.
    pub fn due(&self, now: Duration) -> Duration {
        let Some(read) = self.read else { return self.rested };
        if self.asked {
            return self.rested;
        }
        let moves = self.changed.is_some_and(|at| now < at.saturating_add(MOTION));
        let every = if moves { QUICK } else { (self.cost * IDLE_REST).clamp(QUICK, SLOW) };
        read.saturating_add(every).max(self.rested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn after_a_reading_of(cost: Duration) -> TablePace {
        let mut pace = TablePace::default();
        pace.read(ms(1000), ms(1000) + cost, cost);
        pace
    }

    #[test]
    fn the_first_reading_is_due_at_once() {
        assert_eq!(TablePace::default().due(ms(5)), Duration::ZERO);
    }

    #[test]
    fn idle_readings_are_spaced_by_their_cost() {
        for (cost, due) in [(ms(0), 1100), (Duration::from_micros(200), 1100), (ms(2), 1500), (ms(20), 2000)] {
            assert_eq!(after_a_reading_of(cost).due(ms(1050)), ms(due), "{cost:?}");
        }
        assert_eq!(after_a_reading_of(ms(500)).due(ms(1500)), ms(1500 + 4500), "a tenth of a core, not more");
    }

    #[test]
    fn activity_speeds_up_readings_within_a_tenth_of_a_core_and_expires() {
        let mut pace = after_a_reading_of(ms(4));
        pace.changed(ms(1004));
        assert_eq!(pace.due(ms(1004)), ms(1100));
        assert_eq!(pace.due(ms(2004)), ms(2000), "a second later the change is forgotten");
        let mut dear = after_a_reading_of(ms(20));
        dear.changed(ms(1020));
        assert_eq!(dear.due(ms(1020)), ms(1020 + 180));
    }

    #[test]
    fn a_requested_reading_waits_for_the_rest_and_happens_once() {
        let mut pace = after_a_reading_of(ms(2));
        pace.ask();
        assert_eq!(pace.due(ms(1003)), ms(1002 + 18));
        pace.read(ms(1020), ms(1022), ms(2));
        assert_eq!(pace.due(ms(1022)), ms(1520));
    }

    #[test]
    fn lookups_count_as_work() {
        let mut pace = after_a_reading_of(ms(1));
        pace.worked(ms(1050), ms(50));
        pace.ask();
        assert_eq!(pace.due(ms(1051)), ms(1050 + 450));
    }
}
