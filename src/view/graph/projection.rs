//! From the points of a series to the columns and heights of dots. Costs what is visible: a column asks for the extremes of
//! its points, however many there are.

use std::ops::Range;

use crate::model::series::{GraphAxis, Series};

/// The part of an axis that is shown, in so many columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AxisColumns {
    pub(super) axis: GraphAxis,
    /// The first place, and the last.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) count: usize,
}

impl AxisColumns {
    /// All from one place to another, or a part of it: a quarter for each step closer, around `middle`.
    pub(super) fn around(axis: GraphAxis, (from, to): (u64, u64), closer: u8, middle: u64, count: usize) -> Self {
        let whole = to.saturating_sub(from);
        let part = whole >> (2 * u32::from(closer)).min(63);
        let from = middle.saturating_sub(part / 2).clamp(from, to.saturating_sub(part).max(from));
        Self { axis, from, to: from.saturating_add(part), count }
    }

    /// The place at which a column begins.
    fn edge(&self, column: usize) -> u64 {
        let span = u128::from(self.to.saturating_sub(self.from)) + 1;
        let passed = (span * column as u128).div_ceil(self.count.max(1) as u128);
        self.from.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// The column of a place, if it is shown.
    pub(super) fn of(&self, key: u64) -> Option<usize> {
        if !(self.from..=self.to).contains(&key) || self.count == 0 {
            return None;
        }
        let span = u128::from(self.to - self.from) + 1;
        let passed = u128::from(key - self.from) * self.count as u128 / span;
        usize::try_from(passed).ok()
    }

    /// The points of a series in each column.
    pub(super) fn points<V: Copy + Ord, const N: usize>(&self, series: &Series<V, N>) -> Vec<Range<usize>> {
        let edges: Vec<_> = (0..=self.count).map(|column| series.before(self.axis, self.edge(column))).collect();
        edges.windows(2).map(|pair| pair[0]..pair[1]).collect()
    }
}

/// The least and the greatest in each column, of what is between the moments of its points nothing: for things that
/// happen at a moment.
pub(super) fn moments<V: Copy + Ord, const N: usize>(
    series: &Series<V, N>,
    curve: usize,
    columns: &[Range<usize>],
) -> Vec<Option<(V, V)>> {
    columns.iter().map(|points| series.extent(curve, points.clone())).collect()
}

/// The same for a value that holds until the next reading: a column without one shows the value before.
pub(super) fn steps<V: Copy + Ord, const N: usize>(
    series: &Series<V, N>,
    curve: usize,
    columns: &[Range<usize>],
) -> Vec<Option<(V, V)>> {
    let column = |points: &Range<usize>| {
        let before = points.start.checked_sub(1).and_then(|place| series.value(curve, place));
        match (before, series.extent(curve, points.clone())) {
            (Some(before), Some((lo, hi))) => Some((lo.min(before), hi.max(before))),
            (Some(before), None) => Some((before, before)),
            (None, inside) => inside,
        }
    };
    columns.iter().map(column).collect()
}

/// From values to heights in dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DotScale {
    /// The value of the lowest dot, and that of the highest.
    pub(super) bottom: u64,
    pub(super) top: u64,
    /// How many dots there are.
    pub(super) dots: usize,
}

impl DotScale {
    /// The height of a value; `None` outside.
    pub(super) fn dot(&self, value: u64) -> Option<usize> {
        if !(self.bottom..=self.top).contains(&value) || self.dots == 0 {
            return None;
        }
        let span = u128::from(self.top - self.bottom).max(1);
        let height = u128::from(value - self.bottom) * (self.dots - 1) as u128;
        usize::try_from((height + span / 2) / span).ok()
    }

    /// The heights from one value to another, as far as they are inside.
    pub(super) fn dots(&self, (lo, hi): (u64, u64)) -> Option<(usize, usize)> {
        let (lo, hi) = (lo.max(self.bottom), hi.min(self.top));
        if lo > hi { None } else { self.dot(lo).zip(self.dot(hi)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Stamp;

    fn series(values: &[(u64, u32)]) -> Series<u32, 1> {
        let mut series = Series::new(100);
        values.iter().for_each(|(at, value)| series.push(Stamp::from_nanos(*at), [Some(*value)]));
        series
    }

    #[test]
    fn every_point_is_in_one_column_and_that_is_where_its_place_is() {
        let series = series(&[(0, 1), (3, 2), (50, 3), (99, 4)]);
        for count in [1, 3, 7, 100, 400] {
            for axis in [GraphAxis::Time, GraphAxis::Steps] {
                let to = series.key(axis, 3).unwrap();
                let columns = AxisColumns { axis, from: 0, to, count };
                let points = columns.points(&series);
                assert_eq!(points.iter().map(ExactSizeIterator::len).sum::<usize>(), 4, "{count} {axis:?}");
                for place in 0..4 {
                    let at = points.iter().position(|points| points.contains(&place));
                    assert_eq!(at, columns.of(series.key(axis, place).unwrap()), "{count} {axis:?} {place}");
                }
            }
        }
    }

    #[test]
    fn between_readings_a_value_holds_and_a_moment_does_not() {
        let series = series(&[(2, 10), (3, 4), (8, 20)]);
        let columns = AxisColumns { axis: GraphAxis::Time, from: 0, to: 9, count: 5 }.points(&series);
        let held = [None, Some((4, 10)), Some((4, 4)), Some((4, 4)), Some((4, 20))];
        assert_eq!(steps(&series, 0, &columns), held);
        let happened = [None, Some((4, 10)), None, None, Some((20, 20))];
        assert_eq!(moments(&series, 0, &columns), happened);
    }

    #[test]
    fn heights_reach_from_the_first_dot_to_the_last() {
        let scale = DotScale { bottom: 100, top: 200, dots: 8 };
        assert_eq!([99, 100, 150, 200, 201].map(|value| scale.dot(value)), [None, Some(0), Some(4), Some(7), None]);
        assert_eq!(scale.dots((50, 120)), Some((0, 1)));
        assert_eq!(scale.dots((201, 300)), None);
        // One value alone.
        assert_eq!(DotScale { bottom: 5, top: 5, dots: 4 }.dot(5), Some(0));
    }

    #[test]
    fn closer_is_a_quarter_around_the_middle_and_never_beyond_the_ends() {
        let part = |closer, middle| {
            let columns = AxisColumns::around(GraphAxis::Time, (100, 500), closer, middle, 10);
            (columns.from, columns.to)
        };
        assert_eq!(part(0, 300), (100, 500));
        assert_eq!(part(1, 300), (250, 350));
        assert_eq!((part(1, 100), part(1, 500)), ((100, 200), (400, 500)));
        assert_eq!(part(2, 300), (288, 313));
    }
}
