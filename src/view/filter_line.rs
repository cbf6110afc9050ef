//! The filter being typed and, under it, what is wrong with it and where, or what the word could become.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::glyphs::ELLIPSIS;
use super::ink::{Ink, width};
use super::look::Look;
use super::typed::Typed;
use crate::domain::filter::FilterError;
use crate::model::Model;
use crate::model::line::Line;
use crate::model::proposals::Proposals;
use crate::model::ui::Mode;

/// Draws the lines while the filter is typed, and returns where the cursor is.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
    if model.ui.mode != Mode::Filtering {
        return None;
    }
    draw(&model.ui.filter, &model.ui.proposals, model.listing.error.as_ref(), look, area, buf)
}

/// Draws a filter and what is wrong with it, and returns where the cursor is.
pub(super) fn draw(
    line: &Line,
    proposals: &Proposals,
    error: Option<&FilterError>,
    look: &Look,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let typed = Typed::of(line, area.width.saturating_sub(4));
    let from = area.x + 3;
    let mut ink = Ink::on(buf, area, 0);
    ink.say(" / ", look.theme.key).say(&typed.text, look.theme.typed);
    // Under the line, or behind it where what is wrong stands there.
    if error.is_none() {
        offer(proposals, look, Ink::on(buf, area, 1).skip(3));
    } else if ink.room() > 16 {
        offer(proposals, look, ink.skip(3));
    }
    if let Some(error) = error {
        let (start, end) = (typed.column(line, error.at.start), typed.column(line, error.at.end));
        let columns = end.saturating_sub(start).max(1);
        let wrong = Rect { x: from + start, width: columns, height: 1, ..area }.intersection(area);
        buf.set_style(wrong, look.theme.alarm.add_modifier(Modifier::UNDERLINED));
        let sentence = (look.text.filter)(&error.kind);
        let mut ink = Ink::on(buf, area, 1);
        let (needs, behind) = (width(&sentence) + 1, area.right().saturating_sub(from + start + columns));
        if needs <= behind || needs > start + 2 {
            // Where there is no room for both, the sentence is worth more: the place is underlined above.
            if needs <= behind {
                ink.goto(from + start).say(&"^".repeat(usize::from(columns)), look.theme.alarm).skip(1);
            }
            ink.goto(area.x + 1).say(&sentence, look.theme.alarm);
        } else {
            ink.goto(from + start - needs).say(&sentence, look.theme.alarm);
            ink.skip(1).say(&"^".repeat(usize::from(columns)), look.theme.alarm);
        }
    }
    Some(Position::new(from + typed.cursor, area.y))
}

/// What the word at the cursor could be, the one that was put in lit. As many as fit, from that one's neighbourhood.
fn offer(proposals: &Proposals, look: &Look, ink: &mut Ink<'_>) {
    let (all, tried) = (&proposals.candidates, proposals.tried.unwrap_or(0));
    let columns = |from: usize| all[from..=tried].iter().map(|name| width(name) + 2).sum::<u16>();
    let from = (0..tried).find(|from| columns(*from) <= ink.room()).unwrap_or(tried);
    for (at, name) in all.iter().enumerate().skip(from) {
        if width(name) + 1 > ink.room() {
            ink.say(ELLIPSIS, look.theme.quiet);
            return;
        }
        let style = if proposals.tried == Some(at) { look.theme.selected } else { look.theme.key };
        ink.say(name, style).skip(2);
    }
}
