//! Notes below the packets: which of a capture file's are not shown, and why; whether the captured ones were saved.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::draw_context::DrawContext;
use super::super::line_writer::{LineWriter, wrap_all};
use crate::model::packets::{CaptureFile, Traffic};

/// Draws it at the bottom of `area`, where there is something to say; returns what is left above it.
pub(super) fn render(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Rect {
    below(&traffic.file.map_or_else(Vec::new, |file| sentences(file, ctx)), area, buf)
}

/// Says on a small screen whether packets were saved, which has no room on a rule; returns what is left above it.
pub(super) fn saved(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Rect {
    let saved = traffic.packets.saved.as_ref().filter(|_| ctx.rules);
    below(&saved.map_or_else(Vec::new, |saved| vec![((ctx.text.note)(saved), ctx.theme.newest)]), area, buf)
}

fn below(said: &[(String, Style)], area: Rect, buf: &mut Buffer) -> Rect {
    let lines = wrap_all(said, area.width.saturating_sub(2));
    let used = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height / 2);
    let [rows, below] = super::rows(area, [area.height - used, used]);
    for (row, (line, style)) in (0..used).zip(lines) {
        LineWriter::on(buf, below, row).skip(1).write(line, style);
    }
    rows
}

/// Why no packet of a file is listed.
pub(super) fn nothing(file: &CaptureFile, ctx: &DrawContext) -> &'static str {
    if file.recording.summary.read == 0 { ctx.text.files.empty } else { ctx.text.files.none_listed }
}

fn sentences(file: &CaptureFile, ctx: &DrawContext) -> Vec<(String, Style)> {
    let words = &ctx.text.files;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let summary = &file.recording.summary;
    let packets = (ctx.text.packets.packets)(&numbers.count(summary.read), summary.read);
    let mut said = Vec::new();
    if let Some(damage) = summary.damage {
        said.push((words.damage(numbers, damage, &packets), theme.alarm));
    }
    if summary.more {
        let all = file.all.map(|all| numbers.count(all));
        said.push(((words.more)(&packets, all.as_deref()), theme.alarm));
    }
    for (unread, count) in &summary.unread {
        said.push(((words.unread)(&numbers.count(*count), *count, *unread), theme.quiet));
    }
    let unnamed = summary.others - summary.unread.iter().map(|(_, count)| count).sum::<u64>().min(summary.others);
    if unnamed > 0 && summary.others < summary.read {
        said.push(((words.others)(&numbers.count(unnamed), unnamed), theme.quiet));
    }
    said
}
