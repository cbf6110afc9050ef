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
