//! One line of a buffer, written from left to right. Text that does not fit ends in `…`.

use std::net::SocketAddr;

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::glyphs::ELLIPSIS;

/// How many columns a text takes.
pub(super) fn width(text: &str) -> u16 {
    if text.is_ascii() {
        return u16::try_from(text.len()).unwrap_or(u16::MAX);
    }
    let graphemes = text.graphemes(true).filter(|symbol| !symbol.contains(char::is_control));
    graphemes.map(CellWidth::cell_width).fold(0, u16::saturating_add)
}

/// The longest beginning of a text that fits into so many columns.
pub(super) fn head(text: &str, columns: u16) -> &str {
    if text.is_ascii() {
        return &text[..text.len().min(usize::from(columns))];
    }
    let mut used = 0u16;
    for (at, symbol) in text.grapheme_indices(true) {
        used = used.saturating_add(width(symbol));
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// An address in at most so many columns, if possible: the port is never shortened.
pub(super) fn fit(addr: SocketAddr, columns: u16) -> String {
    let full = addr.to_string();
    if width(&full) <= columns { full } else { format!("{ELLIPSIS}:{}", addr.port()) }
}

/// Wraps a text into lines of at most so many columns, at blanks where possible.
pub(super) fn wrap(text: &str, columns: u16) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text.trim_end();
    while columns > 0 && width(rest) > columns {
        let fits = head(rest, columns);
        let whole = rest[fits.len()..].starts_with(' ').then_some(fits.len());
        let cut = whole.or_else(|| fits.rfind(' ').filter(|at| *at > 0)).unwrap_or(fits.len());
        if cut == 0 {
            break;
        }
        lines.push(&rest[..cut]);
        rest = rest[cut..].trim_start();
    }
    lines.push(rest);
    lines
}

/// Wraps several texts, each with its style.
pub(super) fn wrap_all<T: AsRef<str>>(texts: &[(T, Style)], columns: u16) -> Vec<(&str, Style)> {
    let mut lines = Vec::new();
    for (text, style) in texts {
        lines.extend(wrap(text.as_ref(), columns).into_iter().map(|line| (line, *style)));
    }
    lines
}

/// Writes a text from the top of an area, with a blank on both sides. Returns how many lines it took.
pub(super) fn paragraph(text: &str, style: Style, area: Rect, buf: &mut Buffer) -> u16 {
    paragraphs(&[(text, style)], area, buf)
}

/// Writes texts one below the other, as [`paragraph`] does.
pub(super) fn paragraphs<T: AsRef<str>>(texts: &[(T, Style)], area: Rect, buf: &mut Buffer) -> u16 {
    let mut row = 0;
    for (line, style) in wrap_all(texts, area.width.saturating_sub(2)).into_iter().take(area.height.into()) {
        LineWriter::on(buf, area, row).skip(1).write(line, style);
        row += 1;
    }
    row
}

/// Wraps a text in pieces, each with its style, into lines of at most so many columns.
pub(super) fn wrap_pieces(pieces: &[(String, Style)], columns: u16) -> Vec<Vec<(&str, Style)>> {
    let mut lines = vec![Vec::new()];
    let mut room = columns;
    for (text, style) in pieces {
        let mut rest = text.as_str();
        while width(rest) > room {
            let fits = head(rest, room);
            let fresh = room == columns;
            let cut = fits.rfind(' ').map(|at| at + 1).or_else(|| fresh.then_some(fits.len())).unwrap_or(0);
            if cut == 0 && fresh {
                break;
            }
            push(&mut lines, &rest[..cut], *style);
            rest = rest[cut..].trim_start();
            lines.push(Vec::new());
            room = columns;
        }
        push(&mut lines, rest, *style);
        room = room.saturating_sub(width(rest));
    }
    lines
}

fn push<'a>(lines: &mut [Vec<(&'a str, Style)>], text: &'a str, style: Style) {
    if let Some(line) = lines.last_mut()
        && !text.is_empty()
    {
        line.push((text, style));
    }
}

/// Writes on one line of a buffer, from left to right.
pub(super) struct LineWriter<'a> {
    buf: &'a mut Buffer,
    start: u16,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> LineWriter<'a> {
    /// Writes on line `row` of `area`, counted from its top; writes nothing if there is no such line.
    pub(super) fn on(buf: &'a mut Buffer, area: Rect, row: u16) -> Self {
        let area = area.intersection(buf.area);
        let end = if row < area.height { area.right() } else { area.left() };
        let y = area.top().saturating_add(row).min(area.bottom().saturating_sub(1));
        Self { buf, start: area.left(), x: area.left(), y, end }
    }

    /// How many columns are left.
    pub(super) const fn room(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// The column that is written next.
    pub(super) const fn x(&self) -> u16 {
        self.x
    }

    /// Writes a text, with `…` for what does not fit.
    pub(super) fn write(&mut self, text: &str, style: Style) -> &mut Self {
        let room = self.room();
        self.put(text, room, style)
    }

    /// Writes a text only if it fits as a whole.
    pub(super) fn write_whole(&mut self, text: &str, style: Style) -> &mut Self {
        if width(text) <= self.room() { self.write(text, style) } else { self }
    }

    /// Writes the first of these texts that fits as a whole, or else the last one, cut.
    pub(super) fn write_first(&mut self, texts: &[&str], style: Style) -> &mut Self {
        let fits = texts.iter().find(|text| width(text) <= self.room());
        match fits.or(texts.last()) {
            Some(text) => self.write(text, style),
            None => self,
        }
    }

    /// Writes a text into a column of this width.
    pub(super) fn cell(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        let to = self.x.saturating_add(columns).min(self.end);
        self.put(text, columns.min(self.room()), style);
        self.x = to;
        self
    }

    /// Writes a text to the right end of a column of this width.
    pub(super) fn right(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        let gap = columns.saturating_sub(width(text));
        self.skip(gap).cell(text, columns - gap, style)
    }

    /// Leaves columns blank.
    pub(super) fn skip(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.end);
        self
    }

    /// Continues at this column of the screen, if it is further right.
    pub(super) fn goto(&mut self, x: u16) -> &mut Self {
        self.x = self.x.max(x).min(self.end);
        self
    }

    /// Changes the style of the line from `from` to its end.
    pub(super) fn restyle(&mut self, from: u16, style: Style) -> &mut Self {
        if from < self.end {
            self.buf.set_style(Rect::new(from, self.y, self.end - from, 1), style);
        }
        self
    }

    fn put(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        if columns == 0 {
            self.mark_cut(text, style);
        } else if width(text) <= columns {
            self.x = self.buf.set_stringn(self.x, self.y, text, usize::from(columns), style).0;
        } else {
            self.x = self.buf.set_stringn(self.x, self.y, head(text, columns - 1), usize::from(columns), style).0;
            self.x = self.buf.set_stringn(self.x, self.y, ELLIPSIS, 1, style).0;
        }
        self
    }

    /// If there is no room left, turns the last cell into `…`.
    fn mark_cut(&mut self, text: &str, style: Style) {
        let last = self.end.checked_sub(1).filter(|x| self.x == self.end && *x >= self.start);
        if let Some(x) = last
            && !text.trim().is_empty()
            && let Some(cell) = self.buf.cell_mut((x, self.y))
            && cell.symbol() != ELLIPSIS
            && cell.symbol() != " "
        {
            cell.set_symbol(ELLIPSIS).set_style(style);
        }
    }
}
