//! Values over time, bounded: when there are too many, two neighbours become one that keeps the least and the greatest of
//! both, so that a curve loses resolution but no extreme, and gets no value that was never read.

use std::array;
use std::ops::Range;

use crate::domain::Stamp;

/// What one value was between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueSpan<V> {
    /// The least.
    pub lo: V,
    /// The greatest.
    pub hi: V,
    /// The latest.
    pub last: V,
}

impl<V: Copy + Ord> ValueSpan<V> {
    /// One value.
    pub const fn of(value: V) -> Self {
        Self { lo: value, hi: value, last: value }
    }

    fn joined(self, later: Self) -> Self {
        Self { lo: self.lo.min(later.lo), hi: self.hi.max(later.hi), last: later.last }
    }
}

/// One reading, or several that became one.
#[derive(Debug, Clone, Copy)]
struct SeriesPoint<V, const N: usize> {
    at: Stamp,
    /// How many readings there were before it.
    step: u64,
    spans: [Option<ValueSpan<V>>; N],
}

/// What the places of a series are measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphAxis {
    /// The time at which each was read.
    Time,
    /// The order in which they were read: each takes as much room as any other.
    Steps,
}

/// `N` values that are read together. See the module's head.
#[derive(Debug, Clone)]
pub struct Series<V, const N: usize> {
    points: Vec<SeriesPoint<V, N>>,
    /// Above the points: the extremes of each [`Series::FAN`] of them, of each `FAN` of these, and so on.
    levels: Vec<Vec<[Option<ValueSpan<V>>; N]>>,
    most: usize,
    /// How many readings there were.
    read: u64,
}

impl<V: Copy + Ord, const N: usize> Series<V, N> {
    const FAN: usize = 16;

    /// An empty one that keeps at most so many points, at least two.
    pub const fn new(most: usize) -> Self {
        Self { points: Vec::new(), levels: Vec::new(), most, read: 0 }
    }

    /// How many points are kept.
    pub const fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// How many readings there were, also if some of them became one.
    pub const fn read(&self) -> u64 {
        self.read
    }

    /// Adds a reading; a value that was not known then is absent.
    pub fn push(&mut self, at: Stamp, values: [Option<V>; N]) {
        self.push_spans(at, self.read, values.map(|value| value.map(ValueSpan::of)));
    }

    /// Adds a reading at this place of the order, of values that each reach from one to another.
    pub fn push_spans(&mut self, at: Stamp, step: u64, spans: [Option<ValueSpan<V>>; N]) {
        if self.points.len() >= self.most.max(2) {
            self.halve();
        }
        let at = self.points.last().map_or(at, |last| last.at.max(at));
        self.points.push(SeriesPoint { at, step, spans });
        self.read += 1;
        self.raise(self.points.len() - 1);
    }

    /// Joins each two neighbours.
    fn halve(&mut self) {
        let pairs = self.points.chunks(2).map(|pair| match pair {
            [one, other] => {
                SeriesPoint { spans: array::from_fn(|curve| joined(one.spans[curve], other.spans[curve])), ..*one }
            }
            rest => rest[0],
        });
        self.points = pairs.collect();
        self.levels.clear();
        (0..self.points.len()).for_each(|place| self.raise(place));
    }

    /// Takes a new point into the levels above it.
    fn raise(&mut self, place: usize) {
        let spans = self.points[place].spans;
        let mut place = place;
        for level in 0.. {
            place /= Self::FAN;
            if level == self.levels.len() {
                // The highest level has one entry.
                if place == 0 && level > 0 {
                    return;
                }
                let below = |at: usize| match level.checked_sub(1) {
                    Some(below) => self.levels[below].get(at).copied(),
                    None => self.points.get(at).map(|point| point.spans),
                };
                let of = |at: usize| {
                    let parts = (at * Self::FAN..(at + 1) * Self::FAN).map_while(below);
                    parts.fold([None; N], |sum, part| array::from_fn(|curve| joined(sum[curve], part[curve])))
                };
                let entries = (0..=place).map(of).collect();
                self.levels.push(entries);
                continue;
            }
            match self.levels[level].get_mut(place) {
                Some(entry) => *entry = array::from_fn(|curve| joined(entry[curve], spans[curve])),
                None => self.levels[level].push(spans),
            }
        }
    }

    /// The place of a point on this axis: nanoseconds, or the number of readings before it.
    pub fn key(&self, axis: GraphAxis, place: usize) -> Option<u64> {
        let point = self.points.get(place)?;
        Some(match axis {
            GraphAxis::Time => point.at.nanos(),
            GraphAxis::Steps => point.step,
        })
    }

    /// How many points come before this place of the axis.
    pub fn before(&self, axis: GraphAxis, key: u64) -> usize {
        match axis {
            GraphAxis::Time => self.points.partition_point(|point| point.at.nanos() < key),
            GraphAxis::Steps => self.points.partition_point(|point| point.step < key),
        }
    }

    /// The least and the greatest of one value among these points. Costs the logarithm of their number.
    pub fn extent(&self, curve: usize, points: Range<usize>) -> Option<(V, V)> {
        let span = self.span(curve, points.start..points.end.min(self.points.len()), 0)?;
        Some((span.lo, span.hi))
    }

    fn span(&self, curve: usize, range: Range<usize>, level: usize) -> Option<ValueSpan<V>> {
        let at = |place: usize| match level.checked_sub(1) {
            Some(level) => self.levels[level][place][curve],
            None => self.points[place].spans[curve],
        };
        let (from, to) = (range.start.div_ceil(Self::FAN), range.end / Self::FAN);
        if from >= to || level >= self.levels.len() {
            return range.map(at).fold(None, joined);
        }
        let head = (range.start..from * Self::FAN).map(at).fold(None, joined);
        let body = self.span(curve, from..to, level + 1);
        let tail = (to * Self::FAN..range.end).map(at).fold(None, joined);
        joined(joined(head, body), tail)
    }

    /// The latest of one value at this point.
    pub fn value(&self, curve: usize, place: usize) -> Option<V> {
        Some(self.points.get(place)?.spans[curve]?.last)
    }
}

/// Both together; an absent one says nothing.
fn joined<V: Copy + Ord>(one: Option<ValueSpan<V>>, later: Option<ValueSpan<V>>) -> Option<ValueSpan<V>> {
    match (one, later) {
        (Some(one), Some(later)) => Some(one.joined(later)),
        (one, later) => one.or(later),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(most: usize, values: impl IntoIterator<Item = u32>) -> Series<u32, 1> {
        let mut series = Series::new(most);
        for (at, value) in values.into_iter().enumerate() {
            series.push(Stamp::from_millis(at as u64), [Some(value)]);
        }
        series
    }

    /// A number that looks random.
    const fn noise(at: u64) -> u32 {
        (at.wrapping_mul(2_654_435_761) % 1_009) as u32
    }

    #[test]
    fn extremes_are_those_of_the_points_whatever_the_range() {
        let series = filled(5_000, (0..1_000).map(noise));
        for range in [0..1, 0..1_000, 3..5, 15..17, 16..32, 1..999, 17..901, 255..513, 999..1_000] {
            let values = || range.clone().map(|at| noise(at as u64));
            assert_eq!(series.extent(0, range.clone()), values().min().zip(values().max()), "{range:?}");
        }
        assert_eq!(series.extent(0, 5..5), None);
    }

    #[test]
    fn however_many_there_are_no_extreme_is_lost_and_none_is_added() {
        let series = filled(64, (0..10_000).map(|at| if at == 7_777 { 9_999 } else { noise(at) + 1 }));
        assert!(series.len() <= 64 && series.read() == 10_000);
        assert_eq!(series.extent(0, 0..series.len()), Some((1, 9_999)));
        // Where it stood: within the two points around it.
        let place = series.before(GraphAxis::Steps, 7_778) - 1;
        assert_eq!(series.extent(0, place..place + 1).map(|(_, hi)| hi), Some(9_999));
        // The latest value is the one that was read last.
        assert_eq!(series.value(0, series.len() - 1), Some(noise(9_999) + 1));
    }

    #[test]
    fn a_place_is_found_by_time_and_by_order() {
        let series = filled(100, [5, 6, 7, 8]);
        assert_eq!(series.before(GraphAxis::Time, Stamp::from_millis(2).nanos()), 2);
        assert_eq!(series.before(GraphAxis::Time, Stamp::from_millis(2).nanos() + 1), 3);
        assert_eq!(series.before(GraphAxis::Steps, 3), 3);
        assert_eq!((series.key(GraphAxis::Steps, 3), series.key(GraphAxis::Steps, 4)), (Some(3), None));
    }

    #[test]
    fn an_absent_value_is_no_zero() {
        let mut series = Series::<u32, 2>::new(10);
        series.push(Stamp::ZERO, [Some(1), None]);
        series.push(Stamp::from_millis(1), [Some(2), None]);
        assert_eq!((series.extent(0, 0..2), series.extent(1, 0..2)), (Some((1, 2)), None));
        assert_eq!(series.value(1, 1), None);
    }
}
