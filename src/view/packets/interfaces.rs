//! The list of interfaces to capture on, drawn over the screen.

use ratatui::buffer::Buffer;

use crate::domain::InterfaceState;
use crate::model::Model;
use crate::model::packets::InterfaceLine;
use crate::model::window::window;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width};

/// Draws it.
pub(in crate::view) fn render(model: &Model, ctx: &DrawContext, buf: &mut Buffer) {
    let texts = &ctx.text.packets;
    let lines = model.interface_lines();
    let count = lines.len() + 1;
    let screen = buf.area;
    let columns = screen.width.saturating_sub(4).min(76);
    let rows = (u16::try_from(count).unwrap_or(u16::MAX).saturating_add(2)).min(screen.height.saturating_sub(2));
    let frame =
        PaneFrame { title: texts.interfaces, foot: texts.interfaces_foot, focused: true, ..PaneFrame::default() };
    let inside = ctx.frame_over(&frame, columns, rows, buf);
    let selected = model.capture.line.min(count - 1);
    let names = lines.iter().map(|line| width(line.name.as_str())).max().unwrap_or(0).min(inside.width / 3);
    let seen = window(Some(selected), count, usize::from(inside.height));
    for (row, at) in (0..inside.height).zip(seen) {
        let mut writer = LineWriter::on(buf, inside, row);
        writer.cell(if at == selected { glyphs::SELECTED } else { " " }, 2, ctx.theme.newest);
        match at.checked_sub(1).and_then(|at| lines.get(at)) {
            None => {
                let mark = if model.capture.chosen.is_none() { "(x)" } else { "( )" };
                writer.write(mark, ctx.theme.key).skip(1).write(texts.by_traffic, ctx.theme.text);
            }
            Some(line) => self::line(line, names, ctx, &mut writer),
        }
        if at == selected {
            LineWriter::on(buf, inside, row).restyle(inside.x, ctx.theme.selected);
        }
    }
}

fn line(line: &InterfaceLine<'_>, names: u16, ctx: &DrawContext, writer: &mut LineWriter<'_>) {
    let texts = &ctx.text.packets;
    let theme = &ctx.theme;
    let states = InterfaceState::ALL.iter().map(|state| width((texts.interface_state)(*state)));
    let style = if line.state == InterfaceState::Up { theme.text } else { theme.alarm };
    writer.write(if line.captured { "[x]" } else { "[ ]" }, theme.key).skip(1);
    writer.cell(line.name.as_str(), names, theme.text).skip(1);
    writer.cell((texts.interface_state)(line.state), states.max().unwrap_or(0), style).skip(1);
    let addresses = line.found.iter().flat_map(|found| &found.addresses).map(ToString::to_string);
    writer.write(&addresses.collect::<Vec<_>>().join(" "), theme.quiet);
}
