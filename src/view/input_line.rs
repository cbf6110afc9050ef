//! A line being typed: the part of it that fits, and where its cursor is.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_segmentation::UnicodeSegmentation;

use super::draw_context::DrawContext;
use super::glyphs::ELLIPSIS;
use super::line_writer::{LineWriter, head, width};
use crate::domain::excerpt::sanitise;
use crate::model::line::TypedLine;

/// The visible part of a line, sanitised: pasted text may contain anything.
pub(super) struct InputLine {
    /// The visible part.
    pub(super) text: String,
    /// The cursor's column in it.
    cursor: u16,
    /// How many columns of the line are out of sight on the left.
    scrolled: u16,
    columns: u16,
}

impl InputLine {
    /// The part of `line` around its cursor that fits into `columns`.
    fn of(line: &TypedLine, columns: u16) -> Self {
        let value = line.input.value();
        let at = value.char_indices().nth(line.input.cursor()).map_or(value.len(), |(at, _)| at);
        let (before, after) = value.split_at(at);
        let before = safe(before);
        let after = safe(after);
        let cursor = width(&before);
        let mut scrolled = 0;
        let mut text = before.as_str();
        // The cursor's own column has to fit, and the mark that something is hidden.
        if cursor >= columns {
            for (at, symbol) in before.grapheme_indices(true) {
                scrolled += width(symbol);
                if cursor - scrolled + 1 < columns {
                    text = &before[at + symbol.len()..];
                    break;
                }
            }
            scrolled = scrolled.saturating_sub(1);
            let shown = format!("{ELLIPSIS}{text}");
            let text = head(&(shown + &after), columns).to_owned();
            return Self {
                text,
                cursor: cursor.saturating_sub(scrolled).min(columns.saturating_sub(1)),
                scrolled,
                columns,
            };
        }
        let all = before + &after;
        Self { text: head(&all, columns).to_owned(), cursor, scrolled, columns }
    }

    /// The column of the line's byte `at`, or the nearest visible one.
    pub(super) fn column(&self, line: &TypedLine, at: usize) -> u16 {
        let before = line.input.value().get(..at).unwrap_or(line.input.value());
        width(&safe(before)).saturating_sub(self.scrolled).min(self.columns.saturating_sub(1))
    }
}

/// Draws the line being typed behind a lead; returns its visible part, and where the cursor is.
pub(super) fn typed(
    lead: &str,
    line: &TypedLine,
    ctx: &DrawContext,
    area: Rect,
    buf: &mut Buffer,
) -> (InputLine, Position) {
    let before = width(lead);
    let typed = InputLine::of(line, area.width.saturating_sub(before + 1));
    LineWriter::on(buf, area, 0).write(lead, ctx.theme.key).write(&typed.text, ctx.theme.typed);
    let x = (area.x + before + typed.cursor).min(area.right().saturating_sub(1));
    (typed, Position::new(x, area.y))
}

/// Draws a title and the line being typed behind it, and returns where the cursor is.
pub(super) fn prompt(
    title: &str,
    line: &TypedLine,
    ctx: &DrawContext,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    Some(typed(&format!("{title} > "), line, ctx, area, buf).1)
}

fn safe(text: &str) -> String {
    sanitise(text.as_bytes())
}
