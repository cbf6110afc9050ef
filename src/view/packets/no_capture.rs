//! Why packets cannot be captured, and the command that allows it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::draw_context::DrawContext;
use super::super::keys;
use super::super::line_writer::{LineWriter, wrap_all};
use crate::domain::keys::{Action, PacketsAction};
use crate::model::packets::{CaptureHelp, CaptureStatus, Traffic};

/// Draws the note.
pub(super) fn render(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let CaptureStatus::Lacking { errno, help } = &traffic.packets.capturing else { return };
    let texts = &ctx.text.packets;
    let theme = &ctx.theme;
    let why = (texts.lacking)(&errno.to_string(), (ctx.text.errno)(*errno).what);
    let mut lines = vec![(why.as_str(), theme.alarm), ("", theme.text)];
    match help {
        CaptureHelp::Command(command) => {
            lines.extend([(texts.needs, theme.text), ("", theme.text), (command, theme.typed), ("", theme.text)]);
            lines.push((texts.then, theme.text));
        }
        CaptureHelp::Container => lines.push((texts.container, theme.text)),
        CaptureHelp::Interface => lines.push((texts.interface, theme.text)),
        CaptureHelp::System => lines.push((texts.system, theme.text)),
        CaptureHelp::Unknown => {}
    }
    let instead = (ctx.text.files.instead)(&keys::first(Action::Packets(PacketsAction::Open), ctx.text));
    lines.extend([("", theme.text), (instead.as_str(), theme.title), (texts.wire_lab, theme.title)]);
    for (row, (line, style)) in (1..area.height).zip(wrap_all(&lines, area.width.saturating_sub(4))) {
        LineWriter::on(buf, area, row).skip(2).write(line, style);
    }
}
