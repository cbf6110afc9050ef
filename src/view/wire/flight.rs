//! A packet's arrow between the two hosts: its label, and how far it has come.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::label;
use crate::domain::HostId;
use crate::model::Model;
use crate::model::wire::{Fate, OnWire};
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width};

/// The columns of line before the label.
const LEAD: u16 = 2;

/// Draws it, from its sender's side.
pub(super) fn draw(model: &Model, ctx: &DrawContext, packet: &OnWire, several: bool, area: Rect, buf: &mut Buffer) {
    if area.width < 12 {
        return;
    }
    let theme = &ctx.theme;
    let style = match packet.from {
        HostId::Client => theme.host.client,
        HostId::Server => theme.host.server,
    };
    let (status, status_style) = status(model, ctx, packet);
    // Lead, blanks around the label, a piece of line, the head.
    let frame = LEAD + 2 + 1 + 1;
    let room = |status: &str| area.width.saturating_sub(frame + if status.is_empty() { 0 } else { width(status) + 1 });
    let name = width(&label::of(ctx, packet, several, 0));
    // The status in full if the name still fits beside it, otherwise short.
    let shown = status.iter().find(|status| room(status) >= name).or(status.last()).map_or("", String::as_str);
    let label = label::of(ctx, packet, several, room(shown));
    let label = crate::view::line_writer::head(&label, room(shown)).to_owned();
    match packet.fate {
        Fate::Delivered { .. } => {
            let line = area.width - LEAD - 2 - width(&label) - 1;
            row(packet.from, &label, line, Some(style), None, (style, theme.typed), area, buf);
        }
        Fate::Held => {
            let end = Some((shown, status_style));
            row(packet.from, &label, 1, Some(style), end, (style, theme.typed), area, buf);
        }
        Fate::Lost { .. } => {
            let end = Some((shown, status_style));
            row(packet.from, &label, 1, None, end, (style, theme.quiet), area, buf);
        }
        Fate::Flying { .. } => {
            let whole = LEAD + 2 + width(&label) + 1 + 1;
            let way = area.width - whole.min(area.width);
            let thousandths = packet.way(model.now).unwrap_or(1000);
            let behind = u16::try_from(u32::from(way) * u32::from(thousandths) / 1000).unwrap_or(way);
            let end = (way - behind > width(shown) + 1).then_some((shown, theme.quiet));
            flying(packet.from, &label, behind, end, (style, theme.typed), area, buf);
        }
    }
}

/// The status behind the arrow's head, the longest form first.
fn status(model: &Model, ctx: &DrawContext, packet: &OnWire) -> (Vec<String>, Style) {
    let (words, numbers, theme) = (&ctx.text.wire, &ctx.text.numbers, &ctx.theme);
    match packet.fate {
        Fate::Held => {
            let held = (words.held)(&numbers.span(model.now.since(packet.sent)));
            let again = (packet.folded > 0).then(|| (words.sent_again)(packet.folded));
            // The RTO that the kernel reports, or else the last wait as it was observed.
            let known = model.worlds.shown().wire.info(packet.from, &packet.packet.flow);
            let known = known.map(|info| (words.rto_now)(&numbers.short(Duration::from_micros(info.rto_us.into()))));
            let lived = || packet.waited.map(|waited| (words.last_after)(&numbers.short(waited)));
            let rto = known.or_else(lived).filter(|_| packet.folded > 0);
            let ways = [
                [Some(held.clone()), again.clone(), rto]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(&format!(" {} ", glyphs::DOT)),
                again.map_or_else(|| held.clone(), |_| format!("{held} {}{}", glyphs::TIMES, packet.folded)),
                held,
            ];
            (ways.to_vec(), theme.newest)
        }
        Fate::Flying { until, .. } => (vec![(words.flying)(&numbers.tenths(until.since(model.now)))], theme.quiet),
        Fate::Lost { why, .. } => {
            let full = (words.lost)(why);
            let short = full.split([':', ' ']).next().unwrap_or(full);
            (vec![full.into(), short.into()], theme.alarm)
        }
        Fate::Delivered { .. } => (vec![String::new()], theme.text),
    }
}

/// The label on its line. With a head it points on; without, it is cut there.
#[expect(clippy::too_many_arguments, reason = "one line of the screen, in its pieces")]
fn row(
    from: HostId,
    label: &str,
    line: u16,
    head: Option<Style>,
    end: Option<(&str, Style)>,
    (style, label_style): (Style, Style),
    area: Rect,
    buf: &mut Buffer,
) {
    let dash = |columns: u16| glyphs::RANGE_LINE.repeat(usize::from(columns));
    let (tip, tip_style) = match (head, from) {
        (Some(style), HostId::Client) => (glyphs::RIGHT, style),
        (Some(style), HostId::Server) => (glyphs::LEFT, style),
        (None, _) => (glyphs::LACKING, end.map_or(style, |end| end.1)),
    };
    let mut pieces = vec![
        (dash(LEAD), style),
        (format!(" {label} "), label_style),
        (dash(line), style),
        (tip.to_owned(), tip_style),
    ];
    if let Some((text, style)) = end {
        pieces.extend([(" ".to_owned(), style), (text.to_owned(), style)]);
    }
    lay(from, pieces, area, buf);
}

/// The label with its head, on its way.
fn flying(
    from: HostId,
    label: &str,
    behind: u16,
    end: Option<(&str, Style)>,
    (style, label_style): (Style, Style),
    area: Rect,
    buf: &mut Buffer,
) {
    let tip = if from == HostId::Client { glyphs::RIGHT } else { glyphs::LEFT };
    let mut pieces = vec![
        (glyphs::RANGE_LINE.repeat(usize::from(LEAD + behind)), style),
        (format!(" {label} "), label_style),
        (tip.to_owned(), style),
    ];
    if let Some((text, style)) = end {
        pieces.extend([(" ".to_owned(), style), (text.to_owned(), style)]);
    }
    lay(from, pieces, area, buf);
}

/// Writes the pieces from the sender's side on: the client's is the left one.
fn lay(from: HostId, mut pieces: Vec<(String, Style)>, area: Rect, buf: &mut Buffer) {
    let all: u16 = pieces.iter().map(|(text, _)| width(text)).sum();
    let mut writer = LineWriter::on(buf, area, 0);
    if from == HostId::Server {
        pieces.reverse();
        writer.skip(area.width.saturating_sub(all));
    }
    for (text, style) in &pieces {
        writer.write(text, *style);
    }
}
