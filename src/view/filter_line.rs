//! The filter being typed and, below it, its error or the completions of the word at the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::draw_context::DrawContext;
use super::glyphs::ELLIPSIS;
use super::input_line;
use super::line_writer::{LineWriter, width};
use crate::domain::filter::FilterError;
use crate::model::Model;
use crate::model::completions::Completions;
use crate::model::line::TypedLine;
use crate::model::ui::Mode;

/// Draws the lines while the filter is typed, and returns where the cursor is.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    if model.ui.mode != Mode::Filtering {
        return None;
    }
    draw(&model.ui.filter, &model.ui.completions, model.listing.error.as_ref(), ctx, area, buf)
}

/// Draws a filter with its error, and returns where the cursor is.
pub(super) fn draw(
    line: &TypedLine,
    completions: &Completions,
    error: Option<&FilterError>,
    ctx: &DrawContext,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let (typed, cursor) = input_line::typed(" / ", line, ctx, area, buf);
    let from = area.x + 3;
    let mut writer = LineWriter::on(buf, area, 0);
    writer.skip(3 + width(&typed.text));
    // Completions stand below the line, or behind it where the error is below.
    if error.is_none() {
        offer(completions, ctx, LineWriter::on(buf, area, 1).skip(3));
    } else if writer.room() > 16 {
        offer(completions, ctx, writer.skip(3));
    }
    if let Some(error) = error {
        let start = typed.column(line, error.at.start);
        let end = typed.column(line, error.at.end);
        let columns = end.saturating_sub(start).max(1);
        let wrong = Rect { x: from + start, width: columns, height: 1, ..area }.intersection(area);
        buf.set_style(wrong, ctx.theme.alarm.add_modifier(Modifier::UNDERLINED));
        let sentence = (ctx.text.filter)(&error.kind);
        let mut writer = LineWriter::on(buf, area, 1);
        let needs = width(&sentence) + 1;
        let behind = area.right().saturating_sub(from + start + columns);
        if needs <= behind || needs > start + 2 {
            // If both do not fit, the sentence matters more: the place is already underlined above.
            if needs <= behind {
                writer.goto(from + start).write(&"^".repeat(usize::from(columns)), ctx.theme.alarm).skip(1);
            }
            writer.goto(area.x + 1).write(&sentence, ctx.theme.alarm);
        } else {
            writer.goto(from + start - needs).write(&sentence, ctx.theme.alarm);
            writer.skip(1).write(&"^".repeat(usize::from(columns)), ctx.theme.alarm);
        }
    }
    Some(cursor)
}

/// Draws the completions of the word at the cursor, as many as fit. The one that is inserted is highlighted.
fn offer(completions: &Completions, ctx: &DrawContext, writer: &mut LineWriter<'_>) {
    let all = &completions.candidates;
    let tried = completions.tried.unwrap_or(0);
    let columns = |from: usize| all[from..=tried].iter().map(|name| width(name) + 2).sum::<u16>();
    let from = (0..tried).find(|from| columns(*from) <= writer.room()).unwrap_or(tried);
    for (at, name) in all.iter().enumerate().skip(from) {
        if width(name) + 1 > writer.room() {
            writer.write(ELLIPSIS, ctx.theme.quiet);
            return;
        }
        let style = if completions.tried == Some(at) { ctx.theme.selected } else { ctx.theme.key };
        writer.write(name, style).skip(2);
    }
}
