//! So much a second: what may come at once, and how long the rest has to wait. Time is an argument.

use std::time::Duration;

use crate::domain::Stamp;

/// What may come at once before anything has to wait: as much as a second allows.
const BURST: Duration = Duration::from_secs(1);

/// How far one address has used up what it may send. Nothing but a moment: until when its allowance is spent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RateLimiter(Stamp);

impl RateLimiter {
    /// Takes `amount`, which has come anyway, and says how long nothing more may come at `rate` a second.
    pub(super) fn take(&mut self, amount: u64, rate: u64, now: Stamp) -> Duration {
        let cost = Duration::from_secs(amount).checked_div(clamped(rate)).unwrap_or_default();
        self.0 = self.0.max(now).after(cost);
        self.0.since(now.after(BURST))
    }

    /// Takes `amount` if it may come now.
    pub(super) fn allows(&mut self, amount: u64, rate: u64, now: Stamp) -> bool {
        let mut after = *self;
        let allowed = after.take(amount, rate, now).is_zero();
        if allowed {
            *self = after;
        }
        allowed
    }

    /// Whether all of the allowance is there again: as good as new.
    pub(super) fn is_rested(&self, now: Stamp) -> bool {
        self.0 <= now
    }
}

fn clamped(rate: u64) -> u32 {
    u32::try_from(rate).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seconds_worth_comes_at_once_and_the_rest_waits() {
        let (mut limiter, now) = (RateLimiter::default(), Stamp::from_millis(5_000));
        assert_eq!(limiter.take(100, 100, now), Duration::ZERO);
        assert_eq!(limiter.take(50, 100, now), Duration::from_millis(500));
        assert!(!limiter.allows(1, 100, now));
        let later = Stamp::from_millis(5_600);
        assert!(limiter.allows(10, 100, later) && !limiter.allows(1, 100, later));
        assert!(limiter.is_rested(Stamp::from_millis(6_600)));
    }
}
