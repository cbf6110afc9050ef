//! A moment: time since the laboratory started, on its one monotonic clock.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Time since the start, in nanoseconds. Written as milliseconds with microsecond resolution (`t_ms`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(u64);

impl Stamp {
    /// The start.
    pub const ZERO: Self = Self(0);

    /// The end of time.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The moment `millis` milliseconds after the start.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment `span` later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// The moment `span` earlier; the start, if there is none.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl From<Duration> for Stamp {
    fn from(since_start: Duration) -> Self {
        Self::ZERO.after(since_start)
    }
}

impl Serialize for Stamp {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a session fit 52 bits for 142 years")]
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64((self.0 / 1_000) as f64 / 1_000.0)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates; negative is the start"
    )]
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let millis = f64::deserialize(from)?;
        Ok(Self((millis * 1_000.0).round() as u64 * 1_000))
    }
}
