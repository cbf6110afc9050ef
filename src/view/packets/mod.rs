//! The view of packets: a list, a ladder or a text above; the fields of one packet and its bytes below.
//!
//! ```text
//! ┌ Packets ────────────────────────────┐    ┌ Ladder ─────────────────────────────┐
//! │ No. Time Source Destination Info    │    │ client #3 127.0.0.1:44086  threaded │
//! │                                     │    │ SYN_SENT  ── SYN seq 0 ──▶          │
//! ├ Fields ───────────┬ Bytes ──────────┤    │           ◀── SYN+ACK ──── SYN_RECV │
//! │ ▾ TCP             │ 0000 45 00 …    │    │                                     │
//! └───────────────────┴─────────────────┘    └─────────────────────────────────────┘
//! ```
//!
//! If only one of the two lower parts fits, it is the one with the focus. Below 100×30 there are rules in place of walls.

mod detail;
mod foot;
mod hex;
mod interfaces;
mod ladder;
mod list;
mod no_capture;
mod note;
mod rung;
mod stream;
mod words;

pub(super) use interfaces::render as interfaces;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::areas::{columns, rows, settle};
use super::draw_context::{DrawContext, PaneFrame};
use super::glyphs::DOT;
use super::graph;
use crate::model::Model;
use crate::model::packets::{PacketsFocus, PacketsTab, Traffic};
use crate::model::ui::Mode;

/// The parts of the view; empty where one is not shown.
struct PacketsLayout {
    tab: Rect,
    tree: Rect,
    hex: Rect,
}

fn parts(traffic: &Traffic<'_>, ctx: &DrawContext, zoomed: bool, area: Rect, buf: &mut Buffer) -> PacketsLayout {
    let none = Rect::default();
    let part = traffic.packets.focus;
    // A ladder has the whole screen until the fields of a packet are opened.
    let whole = traffic.packets.tab != PacketsTab::List && part == PacketsFocus::Tab;
    if zoomed || whole || traffic.lacks() {
        return match part {
            PacketsFocus::Tree if !traffic.lacks() => PacketsLayout { tab: none, tree: area, hex: none },
            PacketsFocus::Hex if !traffic.lacks() => PacketsLayout { tab: none, tree: none, hex: area },
            _ => PacketsLayout { tab: area, tree: none, hex: none },
        };
    }
    let below = (area.height * 9 / 20).max(8).min(area.height);
    let lines = |count: usize| u16::try_from(count).unwrap_or(u16::MAX / 2) + ctx.pane_rows();
    let detail = &traffic.packets.detail;
    // A heading above the list, and remarks above the fields.
    let needs = [lines(traffic.packets.list.len() + 1), lines(detail.branches().len() + 2)];
    let settles = traffic.packets.tab == PacketsTab::List && traffic.file.is_none();
    let heights = [area.height - below, below];
    let [tab, below] = rows(area, if settles { settle(heights, needs, [0, 1]) } else { heights });
    let dump = if below.width >= 124 { hex::WIDE } else { hex::NARROW } + if ctx.rules { 1 } else { 2 };
    if below.width < dump + 36 {
        let (tree, hex) = if part == PacketsFocus::Hex { (none, below) } else { (below, none) };
        return PacketsLayout { tab, tree, hex };
    }
    let [tree, hex] = ctx.beside(below, below.width - dump, buf);
    PacketsLayout { tab, tree, hex }
}

/// Draws the view, and returns where the cursor is while the filter is typed.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let traffic = &model.traffic();
    let parts = parts(traffic, ctx, model.ui.zoomed, area, buf);
    let words = &ctx.text.packets;
    let focused = |part| traffic.packets.focus == part && model.ui.mode == Mode::Command;
    let mut cursor = None;
    if !parts.tab.is_empty() {
        let title = foot::title(traffic, ctx);
        let count = foot::count(traffic, ctx);
        let foot = foot::foot(traffic, ctx);
        let focused = focused(PacketsFocus::Tab) || model.ui.mode == Mode::FilteringPackets;
        let frame = PaneFrame { title: &title, count: &count, foot: &foot, focused, ..PaneFrame::default() };
        let inside = ctx.pane(&frame, parts.tab, buf);
        let inside = note::saved(traffic, ctx, inside, buf);
        if traffic.lacks() {
            no_capture::render(traffic, ctx, inside, buf);
        } else {
            match traffic.packets.tab {
                PacketsTab::List => {
                    cursor = list::render(traffic, model.ui.mode == Mode::FilteringPackets, ctx, inside, buf);
                }
                PacketsTab::Ladder => ladder::render(traffic, ctx, inside, buf),
                PacketsTab::Stream => stream::render(traffic, ctx, inside, buf),
                PacketsTab::Sequence { other } => graph::packets(traffic, ctx, other, inside, buf),
            }
        }
    }
    let number = traffic.packets.detail.shown.as_ref().map_or_else(String::new, |shown| format!("#{}", shown.number));
    let on = traffic.selected().and_then(|packet| packet.interface.as_ref());
    let number = match on {
        Some(on) if !number.is_empty() => format!("{number} {DOT} {on}"),
        _ => number,
    };
    for (part, title, area) in
        [(PacketsFocus::Tree, words.fields, parts.tree), (PacketsFocus::Hex, words.bytes, parts.hex)]
    {
        if area.is_empty() {
            continue;
        }
        let frame = PaneFrame { title, count: &number, focused: focused(part), ..PaneFrame::default() };
        let inside = ctx.pane(&frame, area, buf);
        match part {
            PacketsFocus::Hex => hex::render(traffic, ctx, inside, buf),
            PacketsFocus::Tree | PacketsFocus::Tab => detail::render(traffic, ctx, inside, buf),
        }
    }
    cursor
}
