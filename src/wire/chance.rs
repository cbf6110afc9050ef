//! Chance that is the same at every run with the same seed: splitmix64.

use std::time::Duration;

#[derive(Debug)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Whether something happens that happens so many times in a hundred. Without a chance nothing is drawn.
    pub(super) fn falls(&mut self, percent: u32) -> bool {
        percent > 0 && self.next() % 100 < u64::from(percent)
    }

    /// A span that differs from `middle` by at most `most`, and is not negative.
    pub(super) fn around(&mut self, middle: Duration, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX >> 2).min(u64::MAX >> 2);
        if most == 0 {
            return middle;
        }
        let drawn = Duration::from_micros(self.next() % (2 * most + 1));
        (middle + drawn).saturating_sub(Duration::from_micros(most))
    }
}
