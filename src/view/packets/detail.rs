//! The tree of a packet's fields; above it, remarks about the packet.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::draw_context::DrawContext;
use super::super::glyphs;
use super::super::line_writer::{LineWriter, wrap_all};
use super::words;
use crate::domain::WorldId;
use crate::model::packets::{DetailLine, PacketsFocus, Traffic};
use crate::model::window::window;

/// Draws it.
pub(super) fn render(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let detail = &traffic.packets.detail;
    let texts = &ctx.text.packets;
    let theme = &ctx.theme;
    let Some(packet) = traffic.selected() else {
        say(ctx, area, &[(texts.no_selection.into(), theme.quiet)], 0, buf);
        return;
    };
    let shown = detail.shown.as_ref().filter(|shown| shown.number == packet.number);
    let comments = shown.iter().flat_map(|shown| &shown.comments).map(String::as_str);
    let marks = traffic.packets.marks(traffic.packets.world).of(packet.number);
    let mut remarks: Vec<_> = comments.chain(marks).map(|mark| (mark.to_owned(), theme.typed)).collect();
    // If not all fit, comments come first, and findings that every packet has come last.
    for (news, style) in [(true, theme.alarm), (false, theme.quiet)] {
        let findings = packet.findings.iter().filter(|finding| finding.is_news() == news);
        remarks.extend(findings.map(|finding| (words::says(traffic, ctx, packet, finding), style)));
    }
    if traffic.packets.world == WorldId::Wire {
        remarks.push((texts.wire_bytes.into(), theme.quiet));
    } else if shown.is_some_and(|shown| shown.bytes.is_empty()) {
        remarks.push((texts.no_bytes.into(), theme.quiet));
    }
    let branches = if shown.is_some() { detail.branches() } else { Vec::new() };
    let rest = say(ctx, area, &remarks, branches.len(), buf);
    let seen = window(Some(detail.line), branches.len(), usize::from(rest.height));
    for (row, at) in (0..rest.height).zip(seen) {
        branch(ctx, &branches[at], &mut LineWriter::on(buf, rest, row));
        if at == detail.line {
            let style = if traffic.packets.focus == PacketsFocus::Tree { theme.selected } else { theme.related };
            LineWriter::on(buf, rest, row).restyle(rest.x, style);
        }
    }
}

/// Writes remarks at the top, at most a third of the area unless the fields leave more; returns what is left for these.
fn say(ctx: &DrawContext, area: Rect, remarks: &[(String, Style)], fields: usize, buf: &mut Buffer) -> Rect {
    let lines = wrap_all(remarks, area.width.saturating_sub(2));
    let left = area.height.saturating_sub(u16::try_from(fields).unwrap_or(u16::MAX));
    let most = (area.height / 3).max(2).max(left).min(area.height);
    let used = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(most);
    for (row, (line, style)) in (0..used).zip(&lines) {
        let cut = row + 1 == used && lines.len() > usize::from(used);
        let mut writer = LineWriter::on(buf, area, row);
        writer.skip(1).write(line, *style);
        if cut {
            writer.write(glyphs::ELLIPSIS, ctx.theme.quiet);
        }
    }
    let [_, rest] = super::rows(area, [used, area.height - used]);
    rest
}

fn branch(ctx: &DrawContext, branch: &DetailLine<'_>, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let mark = match branch.open {
        Some(true) => glyphs::SORTED,
        Some(false) => glyphs::SELECTED,
        None => " ",
    };
    writer.skip(1 + 2 * branch.depth).write(mark, theme.key).skip(1);
    writer.write((ctx.text.packets.field)(branch.name), if branch.depth == 0 { theme.title } else { theme.text });
    let value = branch.value.map(ctx.text.packets.field_value).unwrap_or_default();
    if !value.is_empty() {
        writer.skip(1).write(&value, theme.typed);
    }
}
