//! The line that is typed on the wire's view: a program to run, or a message to send.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::Model;
use crate::model::ui::Mode;
use crate::view::draw_context::DrawContext;
use crate::view::input_line::InputLine;
use crate::view::line_writer::{LineWriter, width};

/// Draws it, and returns where the cursor is.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let (words, theme) = (&ctx.text.wire, &ctx.theme);
    let server = model.worlds.shown().servers.get(model.ui.server).map_or("", |server| &server.spec.name);
    let (title, line) = match model.ui.mode {
        Mode::Running => (words.prompt.to_owned(), &model.ui.wire.program),
        _ => ((words.say_to)(server), &model.ui.message),
    };
    let wrong = (model.ui.wire.no_host && model.ui.mode == Mode::Running).then_some(words.prompt_wrong);
    let wrong = wrong.filter(|text| width(text) + 24 <= area.width).unwrap_or_default();
    let before = width(&title) + 4;
    let typed = InputLine::of(line, area.width.saturating_sub(before + width(wrong) + 2));
    let mut writer = LineWriter::on(buf, area, 0);
    writer.skip(1).write(&title, theme.key).write(" > ", theme.key).write(&typed.text, theme.typed);
    writer.goto(area.right().saturating_sub(width(wrong) + 1)).write(wrong, theme.alarm);
    let x = (area.x + before + typed.cursor).min(area.right().saturating_sub(1));
    (!area.is_empty()).then_some(Position::new(x, area.y))
}
