//! A rate limit: a second's allowance at once, and how long the rest has to wait. Time is an argument.

use std::time::Duration;

use crate::domain::Stamp;

/// The allowance that may be used at once: a second's worth.
const BURST: Duration = Duration::from_secs(1);

/// How much of an allowance is used, as the time at which all of it will be available again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RateLimiter(Stamp);

impl RateLimiter {
    /// Counts `amount`, which has arrived anyway. Returns how long to wait before more may arrive, at `rate` a second.
    pub(super) fn take(&mut self, amount: u64, rate: u64, now: Stamp) -> Duration {
        let rate = u32::try_from(rate).unwrap_or(u32::MAX).max(1);
        let cost = Duration::from_secs(amount) / rate;
        self.0 = self.0.max(now).after(cost);
        self.0.since(now.after(BURST))
    }

    /// Counts `amount` if the rate allows it now.
    pub(super) fn allows(&mut self, amount: u64, rate: u64, now: Stamp) -> bool {
        let mut after = *self;
        let allowed = after.take(amount, rate, now).is_zero();
        if allowed {
            *self = after;
        }
        allowed
    }

    pub(super) fn is_rested(&self, now: Stamp) -> bool {
        self.0 <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seconds_worth_is_allowed_at_once_and_the_rest_waits() {
        let mut limiter = RateLimiter::default();
        let now = Stamp::from_millis(5_000);
        assert_eq!(limiter.take(100, 100, now), Duration::ZERO);
        assert_eq!(limiter.take(50, 100, now), Duration::from_millis(500));
        assert!(!limiter.allows(1, 100, now));
        let later = Stamp::from_millis(5_600);
        assert!(limiter.allows(10, 100, later) && !limiter.allows(1, 100, later));
        assert!(limiter.is_rested(Stamp::from_millis(6_600)));
    }
}
