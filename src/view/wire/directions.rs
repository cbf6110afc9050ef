//! How each direction of the wire is treated.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::{HostId, WireMode};
use crate::model::Model;
use crate::model::wire::WirePacketFate;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width};

/// Draws both directions between the hosts.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    if area.width < 12 {
        return;
    }
    let theme = &ctx.theme;
    let meant = |host: HostId| model.ui.wire.from.is_none_or(|from| from == host);
    let top = area.height.saturating_sub(4) / 2;
    for (row, host) in [(top, HostId::Client), (top + 2, HostId::Server)] {
        let style = if host == HostId::Client { theme.host.client } else { theme.host.server };
        let mark = |on: bool| if on && model.ui.wire.from.is_some() { glyphs::SELECTED } else { "" };
        let mode = format!(" {}{} ", mark(meant(host)), mode(model, ctx, host));
        let cut = model.worlds.shown().wire.direction(host).cut;
        // A blank on either side, and the head; a cut direction has a mark at both ends.
        let line = area.width.saturating_sub(width(&mode) + 3 + u16::from(cut)) / 2;
        let dash = glyphs::RANGE_LINE.repeat(usize::from(line));
        let (before, after) = match (host, cut) {
            (_, true) => (glyphs::LACKING, glyphs::LACKING),
            (HostId::Client, false) => ("", glyphs::RIGHT),
            (HostId::Server, false) => (glyphs::LEFT, ""),
        };
        let mut writer = LineWriter::on(buf, area, row);
        writer
            .skip(1)
            .write(before, style)
            .write(&dash, style)
            .write(&mode, theme.title)
            .write(&dash, style)
            .write(after, style);
        let (details, details_style) = details(model, ctx, host);
        let gap = area.width.saturating_sub(width(&details)) / 2;
        LineWriter::on(buf, area, row + 1).skip(gap).write(&details, details_style);
    }
}

/// Both directions in one line.
pub(super) fn line(model: &Model, ctx: &DrawContext) -> String {
    let one = |host: HostId, arrow: &str| {
        let (details, _) = details(model, ctx, host);
        format!("{arrow} {} {details}", mode(model, ctx, host)).trim_end().to_owned()
    };
    format!("{}  {}", one(HostId::Client, glyphs::ARROW), one(HostId::Server, glyphs::BACK))
}

fn mode(model: &Model, ctx: &DrawContext, host: HostId) -> String {
    let mode = model.worlds.shown().wire.direction(host).mode;
    let hop = if let WireMode::Slow { hop } = mode { ctx.text.numbers.tenths(hop) } else { String::new() };
    ctx.text.wire.mode(mode, &hop)
}

/// What is unusual about a direction, and how many packets are held on it.
fn details(model: &Model, ctx: &DrawContext, host: HostId) -> (String, Style) {
    let words = &ctx.text.wire;
    let wire = &model.worlds.shown().wire;
    let direction = wire.direction(host);
    let held = wire.open().filter(|packet| packet.from == host && packet.fate == WirePacketFate::Held).count();
    let parts = [
        direction.cut.then(|| words.cut.to_owned()),
        (direction.loss > 0).then(|| (words.loss)(direction.loss)),
        (held > 0).then(|| (words.held_count)(held)),
    ];
    let style = if direction.cut || direction.loss > 0 { ctx.theme.alarm } else { ctx.theme.text };
    (parts.into_iter().flatten().collect::<Vec<_>>().join(glyphs::SEPARATOR), style)
}
