//! The settings of both hosts, drawn over the screen.

use ratatui::buffer::Buffer;

use crate::domain::HostId;
use crate::model::Model;
use crate::model::settings::{SETTINGS, failure, value};
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width};

/// Draws them.
pub(in crate::view) fn render(model: &Model, ctx: &DrawContext, buf: &mut Buffer) {
    let words = &ctx.text.wire;
    let theme = &ctx.theme;
    let screen = buf.area;
    let lines = u16::try_from(SETTINGS.len()).unwrap_or(u16::MAX);
    let columns = screen.width.saturating_sub(4).min(92);
    let rows = (lines + 6).min(screen.height.saturating_sub(2));
    let frame = PaneFrame { title: words.settings, foot: words.settings_foot, focused: true, ..PaneFrame::default() };
    let inside = ctx.frame_over(&frame, columns, rows, buf);
    let names = SETTINGS.iter().filter_map(|line| line.first()).map(|setting| width((words.setting)(setting)));
    let column = names.max().unwrap_or(0).min(inside.width / 2);
    let cell = inside.width.saturating_sub(column + 5) / 2;
    let mut writer = LineWriter::on(buf, inside, 0);
    writer.skip(column + 3).cell((words.host)(HostId::Client), cell, theme.host.client).skip(1);
    writer.cell((words.host)(HostId::Server), cell, theme.host.server);
    let cursor = model.ui.wire.settings;
    // Between the heading and the note, each with a blank line; where there are more settings than lines, around the
    // selected one.
    let shown = usize::from(inside.height.saturating_sub(3)).min(SETTINGS.len());
    let first_shown = (cursor.line + 1).saturating_sub(shown);
    for (row, (at, line)) in (1..).zip(SETTINGS.into_iter().enumerate().skip(first_shown).take(shown)) {
        let Some(first) = line.first() else { continue };
        let mut writer = LineWriter::on(buf, inside, row);
        writer.cell(if cursor.line == at { glyphs::SELECTED } else { " " }, 2, theme.newest);
        writer.cell((words.setting)(first), column, theme.text).skip(1);
        for host in [HostId::Client, HostId::Server] {
            let here = cursor.line == at && cursor.host == host;
            let style = if here { theme.selected } else { theme.text };
            let now = value(&model.worlds.shown().wire, host, line);
            let text = now.map_or_else(|| words.kernels.to_owned(), |setting| (words.value)(&setting));
            let failed = failure(&model.worlds.shown().wire, host, line).and_then(|turned| turned.errno);
            let text = if failed.is_some() { format!("{} {text}", glyphs::LACKING) } else { text };
            let style = if failed.is_some() && !here { theme.alarm } else { style };
            let text = if here { format!("{} {text} {}", glyphs::LEFT, glyphs::RIGHT) } else { format!("  {text}") };
            writer.cell(&text, cell, style).skip(1);
        }
    }
    let here = SETTINGS.get(cursor.line).and_then(|line| failure(&model.worlds.shown().wire, cursor.host, line));
    let refused = here.and_then(|turned| turned.errno).map(|errno| (words.refused)(&errno.to_string()));
    let mut writer = LineWriter::on(buf, inside, (lines + 2).min(inside.height.saturating_sub(1)));
    match refused {
        Some(refused) => writer.skip(1).write(&refused, theme.alarm),
        None => writer.skip(1).write(words.settings_note, theme.quiet),
    };
}
