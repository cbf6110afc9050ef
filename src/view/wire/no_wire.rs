//! The view without a wire: it is being opened, or why it cannot be opened and what would help, or why it ended.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::Errno;
use crate::domain::keys::{Action, WireAction};
use crate::model::Model;
use crate::model::wire::WireStatus;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::keys;
use crate::view::line_writer::{LineWriter, wrap};

/// The indent of a command.
const INDENT: u16 = 4;

/// Draws it.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.wire;
    let theme = &ctx.theme;
    let inside = ctx.pane(&PaneFrame { title: words.lab, focused: true, ..PaneFrame::default() }, area, buf);
    let inside = Rect { x: inside.x + 2, width: inside.width.saturating_sub(4), ..inside };
    let mut lines: Vec<(String, Style)> = Vec::new();
    let blank = || (String::new(), theme.text);
    if model.ui.wire.opening {
        lines.push((words.opening.into(), theme.title));
    } else {
        match model.worlds.shown().wire.status {
            WireStatus::Lacking(lack) => {
                let advice = (ctx.text.remedy)(lack.remedy);
                lines.extend([(words.lacking.into(), theme.alarm), blank()]);
                lines.push(((words.lacks)((ctx.text.need)(lack.need)), theme.text));
                lines.push((said(ctx, lack.errno), theme.quiet));
                lines.extend([blank(), (advice.sentence.into(), theme.text)]);
                // No remedy of the wire lab names this program's file.
                lines.extend(advice.command.map(|command| (format!("    {command}"), theme.key)));
                lines.extend([blank(), (words.nothing_left.into(), theme.text)]);
            }
            WireStatus::Closed(why, errno) => {
                lines.push(((words.closed)(why).into(), theme.alarm));
                lines.extend(errno.map(|errno| (said(ctx, errno), theme.quiet)));
                lines.push((words.nothing_left.into(), theme.text));
            }
            WireStatus::Absent | WireStatus::Open(_) => lines.push((words.absent.into(), theme.text)),
        }
        let again = (words.again)(&keys::first(Action::Wire(WireAction::Open), ctx.text));
        lines.extend([blank(), (again, theme.text)]);
        lines.push(((words.back)(&keys::first(Action::Wire(WireAction::Toggle), ctx.text)), theme.text));
    }
    let mut row = if inside.height > 16 { 2 } else { 0 };
    for (text, style) in &lines {
        // A command is indented on every line.
        let indent = if text.starts_with(' ') { INDENT } else { 0 };
        for line in wrap(text.trim_start(), inside.width.saturating_sub(indent)) {
            LineWriter::on(buf, inside, row).skip(indent).write(line, *style);
            row += 1;
        }
    }
}

/// The system's error, with its meaning if it has one in the lab.
fn said(ctx: &DrawContext, errno: Errno) -> String {
    match errno {
        Errno::Other(_) => errno.to_string(),
        errno => format!("{errno}: {}", (ctx.text.errno)(errno).what),
    }
}
