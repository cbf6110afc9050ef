//! A canvas of dots, two by four to a cell (braille), on which several curves lie over each other. Where only ASCII is
//! drawn, a cell has the character of the curve that lies on top.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// One of the curves: the later it comes in the list of them, the higher it lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct DotLayer {
    /// Its character without braille.
    pub(super) ascii: char,
    /// Its style.
    pub(super) style: Style,
}

#[derive(Debug, Clone, Copy, Default)]
struct DotCell {
    dots: u8,
    layer: Option<usize>,
    letter: Option<char>,
}

/// See the module's head.
#[derive(Debug)]
pub(super) struct DotCanvas<'a> {
    layers: &'a [DotLayer],
    columns: usize,
    rows: usize,
    cells: Vec<DotCell>,
}

impl<'a> DotCanvas<'a> {
    /// Dots in a cell, across and down.
    pub(super) const ACROSS: usize = 2;
    pub(super) const DOWN: usize = 4;

    /// The bits of a cell's dots, the left column from the top, then the right one.
    const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

    pub(super) fn of(area: Rect, layers: &'a [DotLayer]) -> Self {
        let (columns, rows) = (usize::from(area.width), usize::from(area.height));
        Self { layers, columns, rows, cells: vec![DotCell::default(); columns * rows] }
    }

    /// How many dots there are from left to right.
    pub(super) const fn width(&self) -> usize {
        self.columns * Self::ACROSS
    }

    /// How many dots there are from the bottom to the top.
    pub(super) const fn height(&self) -> usize {
        self.rows * Self::DOWN
    }

    fn cell(&mut self, x: usize, y: usize) -> Option<(&mut DotCell, usize)> {
        let down = self.height().checked_sub(y + 1)?;
        let (column, row) = (x / Self::ACROSS, down / Self::DOWN);
        if column >= self.columns {
            return None;
        }
        Some((self.cells.get_mut(row * self.columns + column)?, down % Self::DOWN))
    }

    /// Sets the dot in this column, so many above the lowest.
    pub(super) fn set(&mut self, layer: usize, x: usize, y: usize) {
        if let Some((cell, down)) = self.cell(x, y) {
            cell.dots |= Self::BITS[x % Self::ACROSS][down];
            cell.layer = cell.layer.max(Some(layer));
        }
    }

    /// Sets the dots of a column from one height to another.
    pub(super) fn set_all(&mut self, layer: usize, x: usize, (lo, hi): (usize, usize)) {
        (lo..=hi.min(self.height())).for_each(|y| self.set(layer, x, y));
    }

    /// Puts a letter in place of the dots of a cell.
    pub(super) fn letter(&mut self, layer: usize, x: usize, y: usize, letter: char) {
        if let Some((cell, _)) = self.cell(x, y) {
            cell.letter = Some(letter);
            cell.layer = cell.layer.max(Some(layer));
        }
    }

    /// Draws what is set, and leaves the rest as it is.
    pub(super) fn draw(&self, is_ascii: bool, area: Rect, buf: &mut Buffer) {
        for (at, cell) in self.cells.iter().enumerate() {
            let Some(layer) = cell.layer.and_then(|layer| self.layers.get(layer)) else { continue };
            let braille = || char::from_u32(0x2800 + u32::from(cell.dots)).unwrap_or(' ');
            let shown = cell.letter.unwrap_or_else(|| if is_ascii { layer.ascii } else { braille() });
            let place = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
            let (x, y) = (area.x + place(at % self.columns), area.y + place(at / self.columns));
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.set_char(shown).set_style(layer.style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Cell;

    use super::*;

    const LAYERS: [DotLayer; 2] =
        [DotLayer { ascii: '.', style: Style::new() }, DotLayer { ascii: '*', style: Style::new() }];

    fn drawn(is_ascii: bool, draw: impl Fn(&mut DotCanvas<'_>)) -> String {
        let area = Rect::new(0, 0, 3, 2);
        let mut dots = DotCanvas::of(area, &LAYERS);
        draw(&mut dots);
        let mut buf = Buffer::empty(area);
        dots.draw(is_ascii, area, &mut buf);
        buf.content().chunks(3).map(|row| row.iter().map(Cell::symbol).collect::<String>() + "|").collect()
    }

    #[test]
    fn a_dot_is_where_it_was_set_from_the_lower_left() {
        assert_eq!(drawn(false, |dots| dots.set(0, 0, 0)), "   |⡀  |");
        assert_eq!(drawn(false, |dots| dots.set(0, 5, 7)), "  ⠈|   |");
        assert_eq!(drawn(false, |dots| dots.set_all(0, 2, (3, 4))), " ⡀ | ⠁ |");
        // Outside there is nothing.
        assert_eq!(drawn(false, |dots| dots.set_all(0, 6, (0, 99))), "   |   |");
    }

    #[test]
    fn the_upper_curve_is_seen_where_two_meet() {
        let both = |dots: &mut DotCanvas<'_>| {
            dots.set(1, 0, 0);
            dots.set(0, 1, 0);
            dots.set(0, 2, 0);
        };
        assert_eq!(drawn(true, both), "   |*. |");
        assert_eq!(drawn(false, both), "   |⣀⡀ |");
        assert_eq!(drawn(false, |dots| dots.letter(1, 4, 0, 'R')), "   |  R|");
    }
}
