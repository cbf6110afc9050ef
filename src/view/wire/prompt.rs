//! The line that is typed on the wire's view: a program to run, or a message to send.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::model::Model;
use crate::model::ui::Mode;
use crate::view::draw_context::DrawContext;
use crate::view::input_line;
use crate::view::line_writer::{LineWriter, width};

/// Draws it, and returns where the cursor is.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let words = &ctx.text.wire;
    let theme = &ctx.theme;
    let server = model.worlds.shown().servers.get(model.ui.server).map_or("", |server| &server.spec.name);
    let (title, line) = match model.ui.mode {
        Mode::Running => (words.prompt.to_owned(), &model.ui.wire.run.line),
        _ => ((words.say_to)(server), &model.ui.message),
    };
    let wrong = (model.ui.wire.run.no_host && model.ui.mode == Mode::Running).then_some(words.prompt_wrong);
    let wrong = wrong.filter(|text| width(text) + 24 <= area.width).unwrap_or_default();
    let mut writer = LineWriter::on(buf, area, 0);
    writer.goto(area.right().saturating_sub(width(wrong) + 1)).write(wrong, theme.alarm);
    let room = area.width.saturating_sub(width(wrong) + 2);
    input_line::prompt(&title, line, ctx, Rect { x: area.x + 1, width: room, ..area }, buf)
}
