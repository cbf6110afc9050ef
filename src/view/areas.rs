//! How an area is divided.

use ratatui::layout::Rect;

/// Drops items from the front until the one being read fits into the height together with those before it.
pub(super) fn keep_in_view<T>(items: &mut Vec<T>, read: usize, height: usize, lines: impl Fn(&T) -> usize) {
    let mut first = 0;
    while first < read && items[first..=read].iter().map(&lines).sum::<usize>() > height {
        first += 1;
    }
    items.drain(..first);
}

/// Cuts an area into lines of these heights, from the top.
pub(super) fn rows<const N: usize>(area: Rect, heights: [u16; N]) -> [Rect; N] {
    let mut y = area.y;
    heights.map(|height| {
        let height = height.min(area.bottom().saturating_sub(y));
        let part = Rect { y, height, ..area };
        y += height;
        part
    })
}

/// Cuts an area into columns of these widths, from the left.
pub(super) fn columns<const N: usize>(area: Rect, widths: [u16; N]) -> [Rect; N] {
    let mut x = area.x;
    widths.map(|width| {
        let width = width.min(area.right().saturating_sub(x));
        let part = Rect { x, width, ..area };
        x += width;
        part
    })
}

/// Moves lines between panes that are stacked: those that one of them does not need go to the others that need more, in
/// the order of `first`.
pub(super) fn settle<const N: usize>(mut heights: [u16; N], needs: [u16; N], first: [usize; N]) -> [u16; N] {
    for to in first {
        for from in 0..N {
            let spare = heights[from].saturating_sub(needs[from]);
            let moved = needs[to].saturating_sub(heights[to]).min(spare);
            heights[from] -= moved;
            heights[to] += moved;
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::settle;

    #[test]
    fn what_one_pane_does_not_need_goes_to_another_that_cuts() {
        let cases = [
            // All need more, or nothing is lacking: nothing moves.
            ([6, 8, 5], [9, 9, 9], [6, 8, 5]),
            ([6, 8, 5], [2, 3, 4], [6, 8, 5]),
            // The first in the order gets all it needs before the next gets any.
            ([6, 8, 5], [2, 8, 99], [2, 8, 9]),
            ([6, 8, 5], [3, 10, 6], [3, 10, 6]),
            ([6, 8, 5], [6, 5, 7], [6, 6, 7]),
        ];
        for (heights, needs, settled) in cases {
            assert_eq!(settle(heights, needs, [2, 1, 0]), settled, "{heights:?} {needs:?}");
        }
    }
}
