//! The settings of both hosts and the conditions of both links, drawn over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::HostId;
use crate::model::Model;
use crate::model::settings::{SettingsLine, failure, lines, value};
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width};

const HOSTS: [HostId; 2] = [HostId::Client, HostId::Server];

/// A row of the list.
enum SettingsRow {
    /// The names of the hosts, or of the directions, above their values.
    Heading(&'static str, fn(&DrawContext, HostId) -> &'static str),
    Line(usize, SettingsLine),
}

/// All rows: the hosts' settings under their heading, and the links' conditions under theirs.
fn all(ctx: &DrawContext) -> Vec<SettingsRow> {
    let mut rows = vec![SettingsRow::Heading("", |ctx, host| (ctx.text.wire.host)(host))];
    for (at, line) in lines().enumerate() {
        let begins = matches!(line, SettingsLine::Link(_))
            && matches!(rows.last(), Some(SettingsRow::Line(_, SettingsLine::Host(_))));
        if begins {
            rows.push(SettingsRow::Heading(ctx.text.link.heading, |ctx, host| (ctx.text.link.from)(host)));
        }
        rows.push(SettingsRow::Line(at, line));
    }
    rows
}

/// The columns of the names and of each host's values.
#[derive(Clone, Copy)]
struct SettingsColumns {
    name: u16,
    value: u16,
}

/// Draws them.
pub(in crate::view) fn render(model: &Model, ctx: &DrawContext, buf: &mut Buffer) {
    let words = &ctx.text.wire;
    let screen = buf.area;
    let rows = all(ctx);
    let count = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let columns = screen.width.saturating_sub(4).min(92);
    // The walls, and the note with a blank line above it.
    let height = count.saturating_add(4).min(screen.height.saturating_sub(2));
    let frame = PaneFrame { title: words.settings, foot: words.settings_foot, focused: true, ..PaneFrame::default() };
    let inside = ctx.frame_over(&frame, columns, height, buf);
    let names = lines().filter_map(|line| name(ctx, line)).map(width);
    let name = names.max().unwrap_or(0).min(inside.width / 2);
    let columns = SettingsColumns { name, value: inside.width.saturating_sub(name + 5) / 2 };
    let room = inside.height.saturating_sub(2);
    let cursor = model.ui.wire.settings.line;
    let selected = rows.iter().position(|row| matches!(row, SettingsRow::Line(at, _) if *at == cursor)).unwrap_or(0);
    // The first line is shown with its heading; otherwise the selected one is the last, where not all fit.
    let from = (selected + 1).saturating_sub(room.into());
    for (row, at) in rows.iter().skip(from).zip(0..room) {
        let place = Rect { y: inside.y + at, height: 1, ..inside };
        match row {
            SettingsRow::Heading(title, of) => {
                let mut writer = LineWriter::on(buf, place, 0);
                writer.skip(2).cell(title, columns.name, ctx.theme.title).skip(1);
                for host in HOSTS {
                    let style = if host == HostId::Client { ctx.theme.host.client } else { ctx.theme.host.server };
                    writer.cell(of(ctx, host), columns.value, style).skip(1);
                }
            }
            SettingsRow::Line(at, line) => draw(model, ctx, (*at, *line), columns, place, buf),
        }
    }
    let (note, style) = note(model, ctx);
    LineWriter::on(buf, inside, inside.height.saturating_sub(1)).skip(1).write(&note, style);
}

fn name(ctx: &DrawContext, line: SettingsLine) -> Option<&'static str> {
    match line {
        SettingsLine::Host(choices) => choices.first().map(|first| (ctx.text.wire.setting)(first)),
        SettingsLine::Link(condition) => Some((ctx.text.link.condition)(condition)),
    }
}

fn draw(
    model: &Model,
    ctx: &DrawContext,
    (at, line): (usize, SettingsLine),
    columns: SettingsColumns,
    place: Rect,
    buf: &mut Buffer,
) {
    let theme = &ctx.theme;
    let cursor = model.ui.wire.settings;
    let mut writer = LineWriter::on(buf, place, 0);
    writer.cell(if cursor.line == at { glyphs::SELECTED } else { " " }, 2, theme.newest);
    writer.cell(name(ctx, line).unwrap_or_default(), columns.name, theme.text).skip(1);
    for host in HOSTS {
        let here = cursor.line == at && cursor.host == host;
        let (text, style) = shown(model, ctx, line, host);
        let typed = cursor.typed.filter(|_| here);
        let text = match typed {
            Some(typed) => format!("> {typed}_"),
            None if here => format!("{} {text} {}", glyphs::LEFT, glyphs::RIGHT),
            None => format!("  {text}"),
        };
        writer.cell(&text, columns.value, if here { theme.selected } else { style }).skip(1);
    }
}

/// The value of a line for a host, or for the direction from it.
fn shown(model: &Model, ctx: &DrawContext, line: SettingsLine, host: HostId) -> (String, Style) {
    let words = &ctx.text.wire;
    let theme = &ctx.theme;
    let wire = &model.worlds.shown().wire;
    match line {
        SettingsLine::Host(choices) => {
            let now = value(wire, host, choices);
            let text = now.map_or_else(|| words.kernels.to_owned(), |setting| (words.value)(&setting));
            match failure(wire, host, choices) {
                Some(_) => (format!("{} {text}", glyphs::LACKING), theme.alarm),
                None => (text, theme.text),
            }
        }
        SettingsLine::Link(condition) => {
            let value = wire.direction(host).link.get(condition);
            ((ctx.text.link.value)(condition, value), if value > 0 { theme.typed } else { theme.text })
        }
    }
}

/// What the selected line needs to be said about.
fn note(model: &Model, ctx: &DrawContext) -> (String, Style) {
    let words = &ctx.text.wire;
    let cursor = model.ui.wire.settings;
    match cursor.on() {
        Some(SettingsLine::Host(choices)) => {
            let failed = failure(&model.worlds.shown().wire, cursor.host, choices).and_then(|turned| turned.errno);
            match failed {
                Some(errno) => ((words.refused)(&errno.to_string()), ctx.theme.alarm),
                None => (words.settings_note.into(), ctx.theme.quiet),
            }
        }
        Some(SettingsLine::Link(_)) => (ctx.text.link.note.into(), ctx.theme.quiet),
        None => (String::new(), ctx.theme.quiet),
    }
}
