//! Why packets cannot be captured, and the command that allows it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};

use super::super::draw_context::DrawContext;
use super::super::keys;
use super::super::line_writer::paragraphs;
use crate::domain::keys::{Action, PacketsAction};
use crate::model::packets::{CaptureStatus, Traffic};

/// Draws the note.
pub(super) fn render(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let CaptureStatus::Lacking { lack, program } = &traffic.packets.capturing else { return };
    let texts = &ctx.text.packets;
    let theme = &ctx.theme;
    let why = (texts.lacking)(&lack.errno.to_string(), (ctx.text.errno)(lack.errno).what);
    let advice = (ctx.text.remedy)(lack.remedy);
    let command = advice.command(program.as_ref());
    let mut lines = vec![(why.as_str(), theme.alarm), ("", theme.text), (advice.sentence, theme.text)];
    if let Some(command) = &command {
        lines.extend([("", theme.text), (command, theme.typed), ("", theme.text), (texts.then, theme.text)]);
    }
    let instead = (ctx.text.files.instead)(&keys::first(Action::Packets(PacketsAction::Open), ctx.text));
    lines.extend([("", theme.text), (instead.as_str(), theme.title), (texts.wire_lab, theme.title)]);
    paragraphs(&lines, area.inner(Margin::new(1, 1)), buf);
}
