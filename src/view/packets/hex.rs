//! The bytes of a packet, with those of the selected field highlighted.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::draw_context::DrawContext;
use super::super::line_writer::LineWriter;
use crate::model::packets::Traffic;
use crate::model::window::window;

/// The columns of a dump of sixteen bytes a line: the offset, the bytes with a gap in the middle, the characters.
pub(super) const WIDE: u16 = 4 + 1 + 16 * 3 + 1 + 1 + 16;
/// And of eight.
pub(super) const NARROW: u16 = 4 + 1 + 8 * 3 + 1 + 8;

/// Draws the dump.
pub(super) fn render(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let detail = &traffic.packets.detail;
    let Some(shown) = detail.shown.as_ref().filter(|shown| !shown.bytes.is_empty()) else { return };
    let per_line = if area.width >= WIDE { 16 } else { 8 };
    let lit = detail.lit();
    let lines = shown.bytes.len().div_ceil(per_line);
    let height = usize::from(area.height);
    let seen = match detail.hex_from {
        Some(from) => from.min(lines.saturating_sub(height))..lines,
        None if lit.is_empty() => 0..lines,
        // Of a long field, the beginning is shown.
        None => window(Some(lit.start / per_line), lines, height),
    };
    for (row, line) in (0..area.height).zip(seen) {
        let from = line * per_line;
        let bytes = &shown.bytes[from..(from + per_line).min(shown.bytes.len())];
        dump(ctx, from, bytes, per_line, &lit, &mut LineWriter::on(buf, area, row));
    }
}

fn dump(
    ctx: &DrawContext,
    from: usize,
    bytes: &[u8],
    per_line: usize,
    lit: &std::ops::Range<usize>,
    writer: &mut LineWriter<'_>,
) {
    let theme = &ctx.theme;
    let lights = |at: usize| at < bytes.len() && lit.contains(&(from + at));
    let style = |lit| if lit { theme.flash } else { theme.text };
    writer.cell(&format!("{from:04x}"), 4, theme.quiet).skip(1);
    for at in 0..per_line {
        let text = bytes.get(at).map_or_else(|| "  ".into(), |byte| format!("{byte:02x}"));
        // The blank between two highlighted bytes is highlighted too: a field is one piece.
        let joined = lights(at) && at + 1 < per_line && lights(at + 1);
        writer.write(&text, style(lights(at))).cell(" ", 1, style(joined));
        if per_line == 16 && at == 7 {
            writer.cell(" ", 1, style(joined));
        }
    }
    writer.skip(1);
    for (at, byte) in bytes.iter().enumerate() {
        let shown = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        writer.cell(shown.encode_utf8(&mut [0; 4]), 1, style(lights(at)));
    }
}
