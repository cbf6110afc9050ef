//! The list of lessons: a line to narrow it, the titles, and a description of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::areas::rows;
use super::draw_context::{DrawContext, PaneFrame};
use super::glyphs;
use super::input_line;
use super::keys;
use super::line_writer::{LineWriter, width, wrap};
use crate::domain::keys::Key;
use crate::model::Model;

/// Draws it, and returns where the cursor is.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let words = &ctx.text.lessons.list;
    let theme = &ctx.theme;
    let lessons = &model.lessons;
    let shown = lessons.listed().count();
    let count = (words.count)(shown, lessons.cards.len());
    let frame = PaneFrame { title: words.title, count: &count, focused: true, ..PaneFrame::default() };
    let inside = ctx.pane(&frame, area, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let enter = keys::name(Key::Enter, ctx.text);
    let (text, style) = match model.loses() {
        Some((live, programs)) if lessons.sure => ((words.sure)(live, programs, &enter), theme.alarm),
        _ => ((words.begin)(&enter), theme.quiet),
    };
    let last = wrap(&text, inside.width);
    // Room for the longest description, so that nothing moves with the selection.
    let longest =
        lessons.listed().map(|card| wrap(card.about.lang(model.ui.lang), inside.width).len()).max().unwrap_or(0);
    let about = u16::try_from(longest + last.len()).unwrap_or(u16::MAX).min(inside.height / 3);
    let [line, list, rule, about] = rows(inside, [1, inside.height.saturating_sub(about + 2), 1, about]);
    let cursor = input_line::prompt(words.prompt, &lessons.line, ctx, line, buf);
    if let Some(cursor) = cursor
        && lessons.line.input.value().is_empty()
    {
        LineWriter::on(buf, line, 0).goto(cursor.x).skip(2).write_whole(words.hint, theme.quiet);
    }
    if shown == 0 {
        LineWriter::on(buf, list, 0).write(words.none, theme.alarm);
        return cursor;
    }
    titles(model, ctx, list, buf);
    LineWriter::on(buf, rule, 0).write(&glyphs::SHAFT.repeat(usize::from(rule.width)), theme.border);
    let room = about.height.saturating_sub(u16::try_from(last.len()).unwrap_or(u16::MAX));
    let chosen = lessons.chosen();
    let said = chosen.map_or_else(String::new, |card| match &card.body {
        Ok(_) => card.about.lang(model.ui.lang).to_owned(),
        Err(fault) => format!("{}: {}", card.name, (words.fault)(fault)),
    });
    for (row, line) in (0..room).zip(wrap(&said, about.width)) {
        LineWriter::on(buf, about, row).write(line, theme.text);
    }
    for (row, line) in (room..about.height).zip(last) {
        LineWriter::on(buf, about, row).write(line, style);
    }
    cursor
}

/// The titles around the selected one.
fn titles(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.lessons.list;
    let theme = &ctx.theme;
    let lessons = &model.lessons;
    let all: Vec<_> = lessons.listed().collect();
    let height = usize::from(area.height);
    let selected = lessons.selected.min(all.len().saturating_sub(1));
    let first = (selected + 1).saturating_sub(height).max(selected.saturating_sub(height / 2));
    let first = first.min(all.len().saturating_sub(height));
    // The heading of one's own files takes a line between the two kinds.
    let own = all.iter().position(|card| card.own);
    let above = |at: usize| usize::from(own.is_some_and(|own| first <= own && own <= at));
    let first = if selected - first + above(selected) < height { first } else { first + 1 };
    let steps = all.iter().map(|card| width(&(words.steps)(card.steps))).max().unwrap_or(0);
    let marks = width(words.seen).max(width(words.missed)) + 2;
    let name = all.iter().filter(|card| card.body.is_ok()).map(|card| width(&card.name)).max().unwrap_or(0);
    let name = name.min(area.width / 3);
    // The name that `socklab-tui run` takes is the first column to go.
    let named = area.width >= 100;
    for (at, card) in all.iter().enumerate().skip(first) {
        let row = u16::try_from(at - first + usize::from(own.is_some_and(|own| first <= own && own <= at)));
        let Some(row) = row.ok().filter(|row| *row < area.height) else { break };
        if own == Some(at) {
            LineWriter::on(buf, area, row - 1).write(words.own, theme.title);
        }
        let mut writer = LineWriter::on(buf, area, row);
        let style = if at == selected { theme.focus } else { theme.text };
        writer.cell(if at == selected { glyphs::SELECTED } else { " " }, 2, theme.newest);
        if let Err(fault) = &card.body {
            writer.write(&card.name, style).skip(2).write(&(words.fault)(fault), theme.alarm);
            continue;
        }
        let tail = steps + marks + 2 + if named { name + 2 } else { 0 };
        writer.cell(card.title.lang(model.ui.lang), area.width.saturating_sub(tail + 2), style).skip(1);
        if named {
            writer.cell(&card.name, name, theme.quiet).skip(2);
        }
        writer.right(&(words.steps)(card.steps), steps, theme.text).skip(1);
        match lessons.played.get(&card.name) {
            Some(true) => _ = writer.write(glyphs::TICKED, theme.key).skip(1).write(words.seen, theme.text),
            Some(false) => _ = writer.write(glyphs::LACKING, theme.alarm).skip(1).write(words.missed, theme.alarm),
            None => {}
        }
    }
}
