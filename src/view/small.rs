//! The note on a screen that is too small for the lab.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw_context::DrawContext;
use super::line_writer::{LineWriter, width, wrap};
use super::screen_size::SMALLEST;

/// Says how large the terminal should be, and how large it is, in the middle of it.
pub(super) fn render(ctx: &DrawContext, open: bool, area: Rect, buf: &mut Buffer) {
    let small = &ctx.text.small;
    let needs = (small.needs)(SMALLEST.0, SMALLEST.1);
    let has = (small.has)(area.width, area.height);
    let sentences = [if open { ctx.text.header.open } else { "" }, small.sorry, &needs, &has];
    let sentences = &sentences[usize::from(!open)..];
    let mut lines: Vec<&str> = sentences.iter().flat_map(|sentence| wrap(sentence, area.width)).collect();
    if lines.len() > usize::from(area.height) {
        // If not everything fits, the needed size helps most.
        let badge = wrap(ctx.text.header.open, area.width);
        lines = wrap(&needs, area.width);
        if open && badge.len() + lines.len() <= usize::from(area.height) {
            lines.splice(0..0, badge);
        }
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let top = area.height.saturating_sub(height) / 2;
    for (row, line) in (top..).zip(&lines) {
        LineWriter::on(buf, area, row).skip(area.width.saturating_sub(width(line)) / 2).write(line, ctx.theme.text);
    }
}
