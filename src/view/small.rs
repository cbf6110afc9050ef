//! The note on a screen that is too small for the lab.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::ink::{Ink, width, wrap};
use super::layout::SMALLEST;
use super::look::Look;

/// Says how large the terminal should be, and how large it is, in the middle of it.
pub(super) fn render(look: &Look, open: bool, area: Rect, buf: &mut Buffer) {
    let small = &look.text.small;
    let (needs, has) = ((small.needs)(SMALLEST.0, SMALLEST.1), (small.has)(area.width, area.height));
    let sentences = [if open { look.text.header.open } else { "" }, small.sorry, &needs, &has];
    let sentences = &sentences[usize::from(!open)..];
    let mut lines: Vec<&str> = sentences.iter().flat_map(|sentence| wrap(sentence, area.width)).collect();
    if lines.len() > usize::from(area.height) {
        // The one that helps most, when there is no room for politeness.
        let badge = wrap(look.text.header.open, area.width);
        lines = wrap(&needs, area.width);
        if open && badge.len() + lines.len() <= usize::from(area.height) {
            lines.splice(0..0, badge);
        }
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let top = area.height.saturating_sub(height) / 2;
    for (row, line) in (top..).zip(&lines) {
        Ink::on(buf, area, row).skip(area.width.saturating_sub(width(line)) / 2).say(line, look.theme.text);
    }
}
