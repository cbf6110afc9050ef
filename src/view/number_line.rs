//! The number line of the kernel's ephemeral range: every port in use is a mark on it, the newest one lit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::glyphs;
use super::ink::{Ink, width};
use super::look::Look;
use crate::domain::TcpState;
use crate::model::Model;
use crate::model::clients::Client;

/// What lies in one column of the line, the more notable the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Line,
    Tick,
    TimeWait,
    InUse,
    Newest,
}

/// Draws the line on the first row of `area`; nothing where the range is not known.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let Some((low, high)) = model.worlds.shown().port_range.filter(|(low, high)| low < high) else { return };
    let (low_text, high_text) = (low.to_string(), high.to_string());
    let ends = width(&low_text) + width(&high_text) + 4;
    let Some(columns) = area.width.checked_sub(ends).filter(|columns| *columns >= 8) else { return };
    let mut marks = vec![Mark::Line; usize::from(columns)];
    for quarter in 1..4 {
        marks[usize::from(columns) * quarter / 4] = Mark::Tick;
    }
    let mut put = |port: u16, mark: Mark| {
        if (low..=high).contains(&port) {
            let place = u32::from(port - low) * u32::from(columns) / (u32::from(high - low) + 1);
            let at = &mut marks[place as usize];
            *at = mark.max(*at);
        }
    };
    for client in model.worlds.shown().clients.all() {
        if let (Some(local), Some(mark)) = (client.local, mark(model, client)) {
            put(local.port(), mark);
        }
    }
    if let Some(newest) = newest(model).and_then(|client| client.local) {
        put(newest.port(), Mark::Newest);
    }
    let mut ink = Ink::on(buf, area, 0);
    ink.say(&low_text, look.theme.quiet).skip(1).say(glyphs::RANGE_LEFT, look.theme.border);
    for mark in marks {
        let (glyph, style) = match mark {
            Mark::Line => (glyphs::RANGE_LINE, look.theme.border),
            Mark::Tick => (glyphs::RANGE_TICK, look.theme.border),
            Mark::TimeWait => (glyphs::PORT_TIME_WAIT, look.theme.state.time_wait),
            Mark::InUse => (glyphs::PORT_IN_USE, look.theme.state.established),
            Mark::Newest => (glyphs::PORT_NEWEST, look.theme.newest),
        };
        ink.say(glyph, style);
    }
    ink.say(glyphs::RANGE_RIGHT, look.theme.border).skip(1).say(&high_text, look.theme.quiet);
}

/// The newest client that has a port and still holds it.
pub(super) fn newest(model: &Model) -> Option<&Client> {
    let all = model.worlds.shown().clients.all();
    let has_port = |client: &&Client| client.local.is_some();
    all.iter().rev().find(|client| client.is_live() && has_port(client)).or_else(|| all.iter().rev().find(has_port))
}

fn mark(model: &Model, client: &Client) -> Option<Mark> {
    if client.is_live() {
        return Some(Mark::InUse);
    }
    let state = client.flow().and_then(|flow| model.worlds.shown().table.state(&flow))?;
    Some(if state == TcpState::TimeWait { Mark::TimeWait } else { Mark::InUse })
}
