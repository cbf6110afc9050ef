//! The number line of the kernel's ephemeral port range: a mark for every port in use, the newest highlighted.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw_context::DrawContext;
use super::glyphs;
use super::line_writer::{LineWriter, width};
use crate::domain::TcpState;
use crate::model::Model;
use crate::model::clients::{Client, ClientOwner};

/// The content of one column of the line, ordered by importance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum PortMark {
    Line,
    Tick,
    TimeWait,
    InUse,
    Newest,
}

/// Draws the line on the first row of `area`; nothing where the range is not known.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let Some((low, high)) = model.worlds.shown().port_range.filter(|(low, high)| low < high) else { return };
    let low_text = low.to_string();
    let high_text = high.to_string();
    let ends = width(&low_text) + width(&high_text) + 4;
    let Some(columns) = area.width.checked_sub(ends).filter(|columns| *columns >= 8) else { return };
    let mut marks = vec![PortMark::Line; usize::from(columns)];
    for quarter in 1..4 {
        marks[usize::from(columns) * quarter / 4] = PortMark::Tick;
    }
    let mut put = |port: u16, mark: PortMark| {
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
        put(newest.port(), PortMark::Newest);
    }
    let mut writer = LineWriter::on(buf, area, 0);
    writer.write(&low_text, ctx.theme.quiet).skip(1).write(glyphs::RANGE_LEFT, ctx.theme.border);
    for mark in marks {
        let (glyph, style) = match mark {
            PortMark::Line => (glyphs::RANGE_LINE, ctx.theme.border),
            PortMark::Tick => (glyphs::RANGE_TICK, ctx.theme.border),
            PortMark::TimeWait => (glyphs::PORT_TIME_WAIT, ctx.theme.state.time_wait),
            PortMark::InUse => (glyphs::PORT_IN_USE, ctx.theme.state.established),
            PortMark::Newest => (glyphs::PORT_NEWEST, ctx.theme.newest),
        };
        writer.write(glyph, style);
    }
    writer.write(glyphs::RANGE_RIGHT, ctx.theme.border).skip(1).write(&high_text, ctx.theme.quiet);
}

/// The newest client that has or had a port; the broadcaster's only where there is no other.
pub(super) fn newest(model: &Model) -> Option<&Client> {
    let mut with_port = model.worlds.shown().clients.all().iter().rev().filter(|client| client.local.is_some());
    with_port.clone().find(|client| client.owner != ClientOwner::Broadcaster).or_else(|| with_port.next())
}

/// The client whose port is shown large: the selected one, or else the newest.
pub(super) fn shown(model: &Model) -> Option<&Client> {
    let chosen = model.ui.client.and_then(|no| model.worlds.shown().clients.get(no));
    chosen.filter(|client| client.local.is_some()).or_else(|| newest(model))
}

fn mark(model: &Model, client: &Client) -> Option<PortMark> {
    if client.is_live() {
        return Some(PortMark::InUse);
    }
    let state = client.flow().and_then(|flow| model.worlds.shown().table.state(&flow))?;
    Some(if state == TcpState::TimeWait { PortMark::TimeWait } else { PortMark::InUse })
}
