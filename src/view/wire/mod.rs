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
//! ┌ the lesson, while one is played ─────────────┐      Up to 30 rows the lesson stands in the place of what just
//! └──────────────────────────────────────────────┘      happened.
//! > a line, while one is typed                          From 160 columns both are at the right of the packets.
//!                                                       A graph stands below them there, elsewhere in the story's place.
//! ```

mod directions;
mod figure;
mod flight;
mod forge;
mod hosts;
mod label;
mod ladder;
mod lesson;
mod link;
mod no_wire;
mod pointer;
mod programs;
mod prompt;
mod settings;
mod story;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub(super) use self::forge::render as forge;
pub(super) use self::settings::render as settings;

use super::areas::{columns, rows, settle};
use super::draw_context::DrawContext;
use super::graph;
use crate::domain::HostId;
use crate::model::Model;
use crate::model::ui::Mode;

/// The least width that has room between the hosts.
const ROOMY: u16 = 100;

/// The least height of the ladder while a lesson is played.
const LADDER: u16 = 3;

/// From this width on, the lesson and the story stand in the right third.
const WIDE: u16 = 160;

/// The columns that the longest title of a lesson takes with its frame.
const TITLE: u16 = 64;

/// The areas of the parts; empty for one that is not shown.
struct WireLayout {
    hosts: Rect,
    ladder: Rect,
    programs: Rect,
    story: Rect,
    lesson: Rect,
    graph: Rect,
}

impl WireLayout {
    fn of(model: &Model, ctx: &DrawContext, area: Rect) -> Self {
        let world = model.worlds.shown();
        let playing = world.playing.is_some();
        let none = Rect { height: 0, ..area };
        let graph = model.ui.wire.graph.kind.is_some();
        if graph && model.ui.zoomed {
            return Self { hosts: none, ladder: none, programs: none, story: none, lesson: none, graph: area };
        }
        let right = if area.width < WIDE { 0 } else { (area.width / 3).max(TITLE) };
        let left = area.width - right;
        // The lesson says what just happened; the kernels' side is added if there is room for both.
        let (hosts, story, programs) = match area.height {
            ..=27 => (3, if playing { 0 } else { 4 }, 2),
            28..=30 => (3, if playing { 0 } else { 5 }, 4),
            31..=37 => (4, if playing { 3 } else { 5 }, 4),
            _ => (6, 6, 7),
        };
        let edge = ctx.pane_rows();
        let with_edge = |rows: u16| if rows == 0 { 0 } else { rows + edge };
        let programs = if world.wire.programs.lines().is_empty() { 0 } else { with_edge(programs) };
        let beside = if right > 0 { right } else { area.width };
        let lesson = if playing { lesson::needs(model, ctx, beside) + edge } else { 0 };
        let needs = [
            hosts::needs(model) + edge,
            ladder::needs(model, ctx, left.saturating_sub(2), area.height) + edge,
            with_edge(u16::try_from(world.wire.programs.lines().len()).unwrap_or(u16::MAX / 2)),
            if story > 0 || right > 0 { story::needs(model, ctx, beside) + edge } else { 0 },
            lesson,
        ];
        // The text of a lesson comes before the sockets of the hosts.
        let most = area.height.saturating_sub(lesson + LADDER + edge);
        let hosts = with_edge(hosts).min(if right == 0 && playing { most.max(2 + edge) } else { area.height });
        let rest = area.height - hosts;
        if right > 0 {
            let programs = programs.min(rest.saturating_sub(LADDER + edge));
            let heights = [hosts, rest - programs, programs];
            let [hosts, below, programs] = settle(heights, [needs[0], needs[1], needs[2]], [1, 2, 0]);
            let [hosts, below] = rows(area, [hosts, below + programs]);
            let [left, right] = columns(below, [left, right]);
            let [ladder, programs] = rows(left, [left.height - programs, programs]);
            let [lesson, story] = rows(right, [lesson.min(right.height), right.height.saturating_sub(lesson)]);
            let curves = if graph { (story.height / 2).max(graph::LEAST + edge).min(story.height) } else { 0 };
            let [story, graph] = rows(story, [story.height - curves, curves]);
            let story = if story.height > edge { story } else { none };
            return Self { hosts, ladder, programs, story, lesson, graph };
        }
        let least = LADDER + edge;
        if graph {
            return Self::with_graph(area, [hosts, least, programs, if playing { lesson } else { 0 }], edge);
        }
        let story = with_edge(story).min(rest);
        let lesson = lesson.min(rest.saturating_sub(story + least));
        let programs = programs.min(rest.saturating_sub(story + lesson + least));
        let heights = [hosts, rest.saturating_sub(story + lesson + programs), programs, story, lesson];
        let [hosts, ladder, programs, story, lesson] = rows(area, settle(heights, needs, [1, 4, 3, 2, 0]));
        Self { hosts, ladder, programs, story, lesson, graph: none }
    }

    /// The graph in the place of the story, with half of what the hosts leave, or as much as a graph needs; what else
    /// there is gets the rest, the ladder first.
    fn with_graph(area: Rect, [hosts, least, programs, lesson]: [u16; 4], edge: u16) -> Self {
        let rest = area.height - hosts;
        let graph = (rest / 2).max(graph::LEAST + edge).min(rest.saturating_sub(least));
        let left = rest - graph - least.min(rest - graph);
        let lesson = lesson.min(left);
        let lesson = if lesson > edge { lesson } else { 0 };
        let programs = programs.min(left - lesson);
        let programs = if programs > edge { programs } else { 0 };
        let ladder = rest - graph - lesson - programs;
        let [hosts, ladder, programs, graph, lesson] = rows(area, [hosts, ladder, programs, graph, lesson]);
        Self { hosts, ladder, programs, story: Rect { height: 0, ..area }, lesson, graph }
    }
}

/// Draws the view, and returns where the cursor is while a line is typed.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    if !model.worlds.shown().wire.is_open() {
        no_wire::render(model, ctx, area, buf);
        return None;
    }
    let typing = matches!(model.ui.mode, Mode::Running | Mode::Saying);
    let [body, prompt] = rows(area, [area.height - u16::from(typing), u16::from(typing)]);
    let parts = WireLayout::of(model, ctx, body);
    let hosts = parts.hosts;
    let between = if area.width < ROOMY { 0 } else { area.width / 4 };
    let side = (area.width - between) / 2;
    let [mut client, between, mut server] = columns(hosts, [side, area.width - 2 * side, side]);
    if area.width < ROOMY {
        [client, server] = ctx.beside(hosts, side, buf);
    }
    if !hosts.is_empty() {
        hosts::render(model, ctx, HostId::Client, client, buf);
        hosts::render(model, ctx, HostId::Server, server, buf);
        directions::render(model, ctx, between, buf);
    }
    if !parts.ladder.is_empty() {
        ladder::render(model, ctx, parts.ladder, area.width < ROOMY, buf);
    }
    for (draw, area) in [
        (programs::render as fn(&Model, &DrawContext, Rect, &mut Buffer), parts.programs),
        (story::render, parts.story),
        (lesson::render, parts.lesson),
        (graph::wire, parts.graph),
    ] {
        if !area.is_empty() {
            draw(model, ctx, area, buf);
        }
    }
    typing.then(|| prompt::render(model, ctx, prompt, buf)).flatten()
}
