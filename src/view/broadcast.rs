//! The broadcast pane: the latest message, each server's answer, and the line for the next message.

use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::draw_context::{DrawContext, PaneFrame};
use super::input_line;
use super::line_writer::{LineWriter, head, paragraph, width, wrap};
use super::{glyphs, keys};
use crate::domain::keys::{Action, LabAction, WireAction};
use crate::domain::{Excerpt, Reply, ServiceModel};
use crate::model::Model;
use crate::model::broadcasts::{BroadcastDelivery, BroadcastEntry};
use crate::model::ui::{Mode, Pane};

/// Draws the pane, and returns where the cursor is while a message is typed.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let words = &ctx.text.broadcast;
    let typing = model.ui.mode == Mode::Saying;
    let back = if model.ui.said_back > 0 { (words.back)(model.ui.said_back) } else { String::new() };
    let frame = PaneFrame {
        title: words.title,
        count: if back.is_empty() { "" } else { &back },
        focused: typing || (model.ui.focus == Pane::Broadcast && model.ui.mode == Mode::Command),
        ..PaneFrame::default()
    };
    let inside = ctx.pane(&frame, area, buf);
    let [body, line] = super::areas::rows(inside, [inside.height.saturating_sub(1), 1]);
    match shown(model) {
        Some(message) => self::message(model, ctx, message, body, buf),
        None if !model.ui.ticked.is_empty() => {
            let sentence = if model.has_no_lab() {
                (ctx.text.servers.none_on_wire)(&keys::first(Action::Wire(WireAction::Toggle), ctx.text))
            } else {
                (words.none)(&keys::first(Action::Lab(LabAction::Say), ctx.text))
            };
            paragraph(&sentence, ctx.theme.quiet, body, buf);
        }
        None => {}
    }
    if model.ui.ticked.is_empty() && !typing {
        let sentence = (words.no_server)(&keys::first(Action::Lab(LabAction::Tick), ctx.text));
        let lines = wrap(&sentence, inside.width.saturating_sub(2));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(inside.height);
        for (row, line) in (inside.height - height..).zip(lines) {
            LineWriter::on(buf, inside, row).cell(" ", 1, ctx.theme.text).cell(line, inside.width - 1, ctx.theme.alarm);
        }
        return None;
    }
    input(model, ctx, line, buf)
}

/// The client that a server is busy with, which keeps this message waiting in its accept queue.
fn blocker(model: &Model, delivery: &BroadcastDelivery) -> Option<SocketAddr> {
    let server = model.worlds.shown().servers.get(delivery.server)?;
    // The client that a server on another host is busy with is not known here.
    let one_at_a_time =
        model.worlds.shown().target.is_none() && server.is_up() && server.model == Some(ServiceModel::Sequential);
    server.busy_with().filter(|peer| one_at_a_time && Some(*peer) != delivery.local)
}

fn shown(model: &Model) -> Option<&BroadcastEntry> {
    model.worlds.shown().broadcasts.all().rev().nth(model.ui.said_back)
}

fn excerpt(ctx: &DrawContext, text: &Excerpt) -> String {
    if text.len == 0 {
        return ctx.text.broadcast.empty.into();
    }
    glyphs::excerpt(text)
}

fn input(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let typing = model.ui.mode == Mode::Saying;
    let (typed, cursor) = input_line::typed(" > ", &model.ui.message, ctx, area, buf);
    if !typing && typed.text.is_empty() {
        let hint = ctx.hint(Action::Lab(LabAction::Say));
        LineWriter::on(buf, area, 0).skip(3).write(&hint, ctx.theme.quiet);
    }
    (typing && !area.is_empty()).then_some(cursor)
}

fn message(model: &Model, ctx: &DrawContext, message: &BroadcastEntry, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.broadcast;
    let theme = &ctx.theme;
    let mut writer = LineWriter::on(buf, area, 0);
    writer.skip(1).write(words.you, theme.quiet).write(": ", theme.quiet);
    writer.write(&excerpt(ctx, &message.text), theme.typed);
    let mut row = 1;
    let names = |delivery: &BroadcastDelivery| {
        model.worlds.shown().servers.get(delivery.server).map_or("?", |server| &server.spec.name)
    };
    let longest = message.deliveries.iter().map(|delivery| width(names(delivery))).max().unwrap_or(0).min(12);
    for (at, delivery) in message.deliveries.iter().enumerate() {
        // Every server gets a line before any gets a second one.
        let others = u16::try_from(message.deliveries.len() - at - 1).unwrap_or(u16::MAX);
        let lines = area.height.saturating_sub(row).saturating_sub(others).max(1);
        let place =
            Rect { y: area.y + row.min(area.height), height: area.height.saturating_sub(row).min(lines), ..area };
        row += self::delivery(model, ctx, (names(delivery), longest), delivery, place, buf);
    }
}

/// Draws one server's answer, or why there is none; returns how many lines it took.
fn delivery(
    model: &Model,
    ctx: &DrawContext,
    (name, names): (&str, u16),
    delivery: &BroadcastDelivery,
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    let theme = &ctx.theme;
    let mut writer = LineWriter::on(buf, area, 0);
    writer.skip(2).cell(name, names, theme.title).skip(2);
    let from = writer.x();
    if let Some(Reply::Answer { text, rtt }) = &delivery.reply {
        let took = ctx.text.numbers.millis(*rtt);
        let port = delivery.local.map(|local| (ctx.text.broadcast.from_port)(local.port()));
        let port = port.filter(|port| writer.room() >= width(port) + 20).unwrap_or_default();
        let right = width(&took) + width(&port) + 3;
        let room = writer.room();
        writer.cell(&excerpt(ctx, text), room.saturating_sub(right), theme.state.established).skip(1);
        writer.write(&port, theme.quiet).goto(area.right().saturating_sub(width(&took) + 1)).write(&took, theme.text);
        return 1;
    }
    let (reason, style) = reason(model, ctx, delivery);
    let room = Rect { x: from.min(area.right()), width: area.right().saturating_sub(from + 1), ..area };
    let short = blocker(model, delivery).map(ctx.text.broadcast.waiting_short);
    let full = wrap(&reason, room.width);
    let lines = match &short {
        Some(short) if full.len() > usize::from(area.height) => wrap(short, room.width),
        _ => full,
    };
    let last = usize::from(area.height).saturating_sub(1);
    let mut used = 0;
    for (row, line) in lines.iter().enumerate().take(usize::from(area.height)) {
        let more = row == last && lines.len() > row + 1;
        let short = head(line, room.width.saturating_sub(1));
        let line = if more { format!("{short}{}", glyphs::ELLIPSIS) } else { (*line).to_owned() };
        used += 1;
        LineWriter::on(buf, room, used - 1).write(&line, style);
    }
    used.max(1)
}

/// Why a server has not answered, as far as is known.
fn reason(model: &Model, ctx: &DrawContext, delivery: &BroadcastDelivery) -> (String, Style) {
    let words = &ctx.text.broadcast;
    let theme = &ctx.theme;
    match &delivery.reply {
        Some(Reply::Failed { errno }) => (format!("{errno}: {}", (ctx.text.errno)(*errno).what), theme.alarm),
        Some(Reply::Closed) => (words.closed.into(), theme.alarm),
        Some(Reply::HungUp) => (words.hung_up.into(), theme.quiet),
        Some(Reply::Silent { after }) => ((words.silent)(&ctx.text.numbers.span(*after)), theme.alarm),
        Some(Reply::Answer { .. }) => (String::new(), theme.text),
        None => {
            let Some(server) = model.worlds.shown().servers.get(delivery.server) else {
                return (words.gone.into(), theme.quiet);
            };
            match blocker(model, delivery) {
                Some(peer) => ((words.waiting)(&server.spec.name, peer), theme.state.opening),
                None => (words.no_answer_yet.into(), theme.quiet),
            }
        }
    }
}
