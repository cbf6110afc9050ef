//! The list of what can be played: a line to narrow it, the titles, and what the selected one shows.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::glyphs;
use super::ink::{Ink, width, wrap};
use super::keys;
use super::layout::rows;
use super::look::{Frame, Look};
use super::typed::Typed;
use crate::model::Model;
use crate::model::keys::Key;

/// How many lines are kept for what the selected one shows.
const ABOUT: u16 = 4;

/// Draws it, and returns where the cursor is.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) -> Position {
    let (words, theme, lessons) = (&look.text.lessons.list, &look.theme, &model.lessons);
    let shown = lessons.listed().count();
    let count = (words.count)(shown, lessons.cards.len());
    let frame = Frame { title: words.title, count: &count, focused: true, ..Frame::default() };
    let inside = look.frame(&frame, area, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let [line, list, rule, about] = rows(inside, [1, inside.height.saturating_sub(ABOUT + 2), 1, ABOUT + 1]);
    let cursor = prompt(model, look, line, buf);
    if shown == 0 {
        Ink::on(buf, list, 0).say(words.none, theme.alarm);
        return cursor;
    }
    titles(model, look, list, buf);
    Ink::on(buf, rule, 0).say(&glyphs::SHAFT.repeat(usize::from(rule.width)), theme.border);
    let enter = keys::name(Key::Enter, look.text);
    let (text, style) = match model.loses().filter(|_| lessons.sure) {
        Some((live, programs)) => ((words.sure)(live, programs, &enter), theme.alarm),
        None => ((words.begin)(&enter), theme.quiet),
    };
    let last = wrap(&text, about.width);
    let room = about.height.saturating_sub(u16::try_from(last.len()).unwrap_or(u16::MAX));
    let said = lessons.chosen().map_or("", |card| card.about(model.ui.lang));
    for (row, line) in (0..room).zip(wrap(said, about.width)) {
        Ink::on(buf, about, row).say(line, theme.text);
    }
    for (row, line) in (room..about.height).zip(last) {
        Ink::on(buf, about, row).say(line, style);
    }
    cursor
}

/// The line that is typed.
fn prompt(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) -> Position {
    let (words, theme) = (&look.text.lessons.list, &look.theme);
    let before = width(words.prompt) + 3;
    let typed = Typed::of(&model.lessons.line, area.width.saturating_sub(before + 1));
    let mut ink = Ink::on(buf, area, 0);
    ink.say(words.prompt, theme.key).say(" > ", theme.key).say(&typed.text, theme.typed);
    if typed.text.is_empty() {
        ink.skip(2).whole(words.hint, theme.quiet);
    }
    Position::new((area.x + before + typed.cursor).min(area.right().saturating_sub(1)), area.y)
}

/// The titles around the selected one.
fn titles(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let (words, theme, lessons) = (&look.text.lessons.list, &look.theme, &model.lessons);
    let all: Vec<_> = lessons.listed().collect();
    let height = usize::from(area.height);
    let selected = lessons.selected.min(all.len().saturating_sub(1));
    let first = (selected + 1).saturating_sub(height).max(selected.saturating_sub(height / 2));
    let first = first.min(all.len().saturating_sub(height));
    let steps = all.iter().map(|card| width(&(words.steps)(card.steps))).max().unwrap_or(0);
    let marks = width(words.seen).max(width(words.missed)) + 2;
    let name = all.iter().map(|card| width(&card.name)).max().unwrap_or(0);
    // The name is what `socklab-tui run` calls it: the first to go where there is no room.
    let named = area.width >= 100;
    for (row, (at, card)) in (0..area.height).zip(all.iter().enumerate().skip(first)) {
        let mut ink = Ink::on(buf, area, row);
        let style = if at == selected { theme.focus } else { theme.text };
        ink.cell(if at == selected { glyphs::SELECTED } else { " " }, 2, theme.newest);
        let tail = steps + marks + 2 + if named { name + 2 } else { 0 };
        ink.cell(card.title(model.ui.lang), area.width.saturating_sub(tail + 2), style).skip(1);
        if named {
            ink.cell(&card.name, name, theme.quiet).skip(2);
        }
        ink.right(&(words.steps)(card.steps), steps, theme.text).skip(1);
        match lessons.played.get(&card.name) {
            Some(true) => _ = ink.say(glyphs::TICKED, theme.key).skip(1).say(words.seen, theme.text),
            Some(false) => _ = ink.say(glyphs::LACKING, theme.alarm).skip(1).say(words.missed, theme.alarm),
            None => {}
        }
    }
}
