//! Which part of a long list is seen: computed from the selection, never stored.

use std::ops::Range;

/// The rows to show of `len` in a pane `height` rows high, so that `selected` is among them, as near to the middle as
/// the ends allow. Without a selection: the first ones.
pub fn window(selected: Option<usize>, len: usize, height: usize) -> Range<usize> {
    let last_start = len.saturating_sub(height);
    let start = selected.map_or(0, |at| at.saturating_sub(height / 2)).min(last_start);
    start..(start + height).min(len)
}

/// The last rows of `len`, as a pane that follows its tail shows them.
pub fn tail(len: usize, height: usize) -> Range<usize> {
    len.saturating_sub(height)..len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_is_always_inside() {
        for len in 0..40 {
            for height in 1..12 {
                for at in 0..len {
                    let seen = window(Some(at), len, height);
                    assert!(seen.contains(&at) && seen.len() == height.min(len), "{at} of {len} in {height}: {seen:?}");
                }
            }
        }
        assert_eq!((window(None, 5, 3), tail(5, 3), window(None, 0, 3)), (0..3, 2..5, 0..0));
    }
}
