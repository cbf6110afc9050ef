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
use crate::domain::HostId;
use crate::model::Model;
use crate::model::ui::Mode;

/// The least width that has room between the hosts.
const ROOMY: u16 = 100;

/// The least height of the ladder, its frame included, while a lesson is played.
const LADDER: u16 = 5;

/// Draws the view, and returns where the cursor is while a line is typed.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    if !model.worlds.shown().wire.is_open() {
        no_wire::render(model, ctx, area, buf);
        return None;
    }
    let typing = matches!(model.ui.mode, Mode::Running | Mode::Saying);
    let prompt = u16::from(typing);
    let (hosts, story) = match area.height {
        ..=27 => (5, 6),
        28..=37 => (6, 7),
        _ => (8, 8),
    };
    // The lesson says what just happened; the kernels' side is added if there is room for both.
    let playing = model.worlds.shown().playing.is_some();
    let (hosts, story) = match area.height {
        _ if !playing => (hosts, story),
        ..=27 => (4, 0),
        28..=37 => (6, 5),
        _ => (8, 7),
    };
    let panel = if playing { lesson::needs(model, ctx, area.width) + 2 } else { 0 };
    let panel = panel.min(area.height.saturating_sub(hosts + story + prompt + LADDER));
    let programs = match area.height {
        _ if model.worlds.shown().wire.programs.lines().is_empty() => 0,
        ..=27 => 4,
        28..=37 => 6,
        _ => 9,
    };
    let programs = programs.min(area.height.saturating_sub(hosts + story + panel + prompt + LADDER));
    let ladder = area.height.saturating_sub(hosts + story + programs + panel + prompt);
    let [hosts, ladder, programs, story, panel, prompt] = rows(area, [hosts, ladder, programs, story, panel, prompt]);
    let between = if area.width < ROOMY { 0 } else { area.width / 4 };
    let side = (area.width - between) / 2;
    let [client, between, server] = columns(hosts, [side, area.width - 2 * side, side]);
    let (client, between, server) = if area.width < ROOMY {
        let [client, server] = columns(hosts, [side, area.width - side]);
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
