//! The mark that is typed, in place of the last line's keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::draw_context::DrawContext;
use super::input_line::InputLine;
use super::line_writer::{LineWriter, width};
use crate::model::Model;

/// Draws it, and returns where the cursor is.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let (title, theme) = (ctx.text.keys.mark_prompt, &ctx.theme);
    let before = width(title) + 4;
    let typed = InputLine::of(&model.ui.mark, area.width.saturating_sub(before + 1));
    LineWriter::on(buf, area, 0)
        .skip(1)
        .write(title, theme.key)
        .write(" > ", theme.key)
        .write(&typed.text, theme.typed);
    let x = (area.x + before + typed.cursor).min(area.right().saturating_sub(1));
    (!area.is_empty()).then_some(Position::new(x, area.y))
}
