//! The wire: both hosts, the packets between them, and what just happened.
//!
//! ```text
//! From 100 columns on                                   Below that
//! ┌───────────────┐              ┌───────────────┐      ┌───────────────┐┌───────────────┐
//! │ client        │  how each    │ server        │      │ client        ││ server        │
//! │ its sockets   │  direction   │ its sockets   │      │               ││               │
//! └───────────────┘  is treated  └───────────────┘      └───────────────┘└───────────────┘
//! ┌──────────────────────────────────────────────┐      ┌ how each direction is treated ─┐
//! │ state      packets, one below the      state │      │ state   packets          state │
//! │ of the     other; the latest at the    of the│      │                                │
//! │ client     end                        server │      └────────────────────────────────┘
//! └──────────────────────────────────────────────┘      ┌ programs, when there are any ──┐
//! ┌ programs, when there are any ────────────────┐      └────────────────────────────────┘
//! └──────────────────────────────────────────────┘      ┌ what just happened ────────────┐
//! ┌ what just happened ──────────────────────────┐      └────────────────────────────────┘
//! └──────────────────────────────────────────────┘
//! ┌ the lesson, while one is played ─────────────┐      Below 30 rows the lesson stands in the place of what just
//! └──────────────────────────────────────────────┘      happened.
//! > a line, while one is typed
//! ```

mod directions;
mod flight;
mod hosts;
mod label;
mod ladder;
mod lesson;
mod no_wire;
mod programs;
mod prompt;
mod settings;
mod story;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub(super) use self::settings::render as settings;

use super::areas::{columns, rows};
use super::draw_context::DrawContext;
use super::glyphs;
use super::line_writer::LineWriter;
use crate::domain::HostId;
use crate::model::Model;
use crate::model::ui::Mode;

/// The least width that has room between the hosts.
const ROOMY: u16 = 100;

/// The least height of the ladder while a lesson is played.
const LADDER: u16 = 3;

/// Draws the view, and returns where the cursor is while a line is typed.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    if !model.worlds.shown().wire.is_open() {
        no_wire::render(model, ctx, area, buf);
        return None;
    }
    let typing = matches!(model.ui.mode, Mode::Running | Mode::Saying);
    let prompt = u16::from(typing);
    let (hosts, story) = match area.height {
        ..=27 => (3, 4),
        28..=37 => (4, 5),
        _ => (6, 6),
    };
    // The lesson says what just happened; the kernels' side is added if there is room for both.
    let playing = model.worlds.shown().playing.is_some();
    let (hosts, story) = match area.height {
        _ if !playing => (hosts, story),
        ..=27 => (2, 0),
        28..=37 => (4, 3),
        _ => (6, 5),
    };
    let edge = ctx.pane_rows();
    let with_edge = |rows: u16| if rows == 0 { 0 } else { rows + edge };
    let (hosts, story, least) = (with_edge(hosts), with_edge(story), with_edge(LADDER));
    let panel = if playing { lesson::needs(model, ctx, area.width) + edge } else { 0 };
    let panel = panel.min(area.height.saturating_sub(hosts + story + prompt + least));
    let programs = match area.height {
        _ if model.worlds.shown().wire.programs.lines().is_empty() => 0,
        ..=27 => 2,
        28..=37 => 4,
        _ => 7,
    };
    let programs = with_edge(programs).min(area.height.saturating_sub(hosts + story + panel + prompt + least));
    let ladder = area.height.saturating_sub(hosts + story + programs + panel + prompt);
    let [hosts, ladder, programs, story, panel, prompt] = rows(area, [hosts, ladder, programs, story, panel, prompt]);
    let between = if area.width < ROOMY { 0 } else { area.width / 4 };
    let side = (area.width - between) / 2;
    let [client, between, server] = columns(hosts, [side, area.width - 2 * side, side]);
    let (client, between, server) = if area.width < ROOMY {
        // Without walls a line divides the hosts.
        let line = u16::from(ctx.rules);
        let [client, line, server] = columns(hosts, [side - line, line, area.width - side]);
        for row in 0..line.height {
            let glyph = if row == 0 { glyphs::DIVIDED } else { glyphs::BAR };
            LineWriter::on(buf, line, row).write(glyph, ctx.theme.border);
        }
        (client, Rect::default(), server)
    } else {
        (client, between, server)
    };
    hosts::render(model, ctx, HostId::Client, client, buf);
    hosts::render(model, ctx, HostId::Server, server, buf);
    directions::render(model, ctx, between, buf);
    ladder::render(model, ctx, ladder, between.is_empty(), buf);
    if !programs.is_empty() {
        programs::render(model, ctx, programs, buf);
    }
    if !story.is_empty() {
        story::render(model, ctx, story, buf);
    }
    if !panel.is_empty() {
        lesson::render(model, ctx, panel, buf);
    }
    typing.then(|| prompt::render(model, ctx, prompt, buf)).flatten()
}
