//! A packet's arrow between the two hosts: its label, and how far it has come.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::label;
use crate::domain::HostId;
use crate::model::Model;
use crate::model::wire::{PacketOnWire, WirePacketFate};
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, head, width};

/// The columns of line before the label.
const LEAD: u16 = 2;

/// Draws it, from its sender's side.
pub(super) fn draw(
    model: &Model,
    ctx: &DrawContext,
    packet: &PacketOnWire,
    several: bool,
    area: Rect,
    buf: &mut Buffer,
) {
    if area.width < 12 {
        return;
    }
    let theme = &ctx.theme;
    let (style, tip) = match packet.from {
        HostId::Client => (theme.host.client, glyphs::RIGHT),
        HostId::Server => (theme.host.server, glyphs::LEFT),
    };
    let (status, status_style) = status(model, ctx, packet);
    // Lead, blanks around the label, a piece of line, the head.
    let frame = LEAD + 2 + 1 + 1;
    let room = |status: &str| area.width.saturating_sub(frame + if status.is_empty() { 0 } else { width(status) + 1 });
    let name = width(&label::of(ctx, packet, several, 0));
    // The status in full if the name still fits beside it, otherwise short.
    let shown = status.iter().find(|status| room(status) >= name).or(status.last()).map_or("", String::as_str);
    let label = label::of(ctx, packet, several, room(shown));
    let label = head(&label, room(shown));
    let arrow = Arrow {
        from: packet.from,
        style,
        label: (label, theme.typed),
        before: LEAD,
        behind: 1,
        tip: (tip, style),
        status: Some((shown, status_style)),
    };
    let arrow = match packet.fate {
        // It came all the way, and no further.
        WirePacketFate::Delivered { .. } if packet.thrown_away().is_some() => {
            let ends = 1 + 1 + width(shown);
            let behind = area.width.saturating_sub(LEAD + 2 + width(label) + ends);
            Arrow { behind, tip: (glyphs::LACKING, status_style), ..arrow }
        }
        WirePacketFate::Delivered { .. } => {
            Arrow { behind: area.width.saturating_sub(LEAD + 2 + width(label) + 1), status: None, ..arrow }
        }
        WirePacketFate::Held | WirePacketFate::Queued { .. } => arrow,
        WirePacketFate::Divided { .. } => {
            Arrow { label: (label, theme.quiet), tip: (glyphs::RANGE_RIGHT, status_style), ..arrow }
        }
        WirePacketFate::Lost { .. } => {
            Arrow { label: (label, theme.quiet), tip: (glyphs::LACKING, status_style), ..arrow }
        }
        WirePacketFate::Flying { .. } | WirePacketFate::Crossing { .. } => {
            let distance = area.width.saturating_sub(LEAD + 2 + width(label) + 1 + 1);
            let thousandths = packet.way(model.now).unwrap_or(1000);
            let gone = u16::try_from(u32::from(distance) * u32::from(thousandths) / 1000).unwrap_or(distance);
            let has_room = distance.saturating_sub(gone) > width(shown) + 1;
            let status = if has_room { arrow.status } else { None };
            Arrow { before: LEAD + gone, behind: 0, status, ..arrow }
        }
    };
    arrow.draw(area, buf);
}

/// The status behind the arrow's head, the longest form first.
fn status(model: &Model, ctx: &DrawContext, packet: &PacketOnWire) -> (Vec<String>, Style) {
    let words = &ctx.text.wire;
    let numbers = &ctx.text.numbers;
    let theme = &ctx.theme;
    match packet.fate {
        WirePacketFate::Held => {
            let held = (words.held)(&numbers.span(model.now.since(packet.sent)));
            let again = (packet.folded > 0).then(|| (words.sent_again)(packet.folded));
            // The RTO that the kernel reports, or else the last wait as it was observed.
            let known = model.worlds.shown().wire.info(packet.from, &packet.packet.flow);
            let known = known.map(|info| (words.rto_now)(&numbers.short(Duration::from_micros(info.rto_us.into()))));
            let lived = || packet.waited.map(|waited| (words.last_after)(&numbers.short(waited)));
            let rto = if packet.folded > 0 { known.or_else(lived) } else { None };
            let forms = [
                [Some(held.clone()), again.clone(), rto]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(glyphs::SEPARATOR),
                again.map_or_else(|| held.clone(), |_| format!("{held} {}{}", glyphs::TIMES, packet.folded)),
                held,
            ];
            (forms.to_vec(), theme.newest)
        }
        WirePacketFate::Queued { since } => {
            let waits = format!("{} {}", ctx.text.link.queued, numbers.tenths(model.now.since(since)));
            (vec![waits, ctx.text.link.queued.into()], theme.newest)
        }
        WirePacketFate::Divided { into, .. } => (vec![(ctx.text.link.divided)(into)], theme.text),
        WirePacketFate::Flying { until, .. } | WirePacketFate::Crossing { until, .. } => {
            (vec![(words.flying)(&numbers.tenths(until.since(model.now)))], theme.quiet)
        }
        WirePacketFate::Lost { why, .. } => {
            let full = (words.lost)(why);
            let short = full.split([':', ' ']).next().unwrap_or(full);
            (vec![full.into(), short.into()], theme.alarm)
        }
        WirePacketFate::Delivered { .. } => match packet.thrown_away() {
            Some(why) => {
                let words = &ctx.text.verdict;
                let full = (words.thrown_away)(packet.from.other(), (words.brief)(why));
                (vec![full, (words.brief)(why).into(), words.thrown_away_short.into()], theme.alarm)
            }
            None => (vec![String::new()], theme.text),
        },
    }
}

/// A packet's arrow, from its sender's side on.
struct Arrow<'a> {
    from: HostId,
    /// How its line looks.
    style: Style,
    label: (&'a str, Style),
    /// The columns of line before the label and behind it.
    before: u16,
    behind: u16,
    /// The head at the end of the line, or the mark of a loss.
    tip: (&'static str, Style),
    /// The status behind it.
    status: Option<(&'a str, Style)>,
}

impl Arrow<'_> {
    fn draw(&self, area: Rect, buf: &mut Buffer) {
        let line = |columns: u16| (glyphs::RANGE_LINE.repeat(usize::from(columns)), self.style);
        let label = (format!(" {} ", self.label.0), self.label.1);
        let tip = (self.tip.0.to_owned(), self.tip.1);
        let mut pieces = vec![line(self.before), label, line(self.behind), tip];
        if let Some((text, style)) = self.status {
            pieces.extend([(" ".to_owned(), style), (text.to_owned(), style)]);
        }
        let mut writer = LineWriter::on(buf, area, 0);
        // The client's side is the left one.
        if self.from == HostId::Server {
            pieces.reverse();
            let all: u16 = pieces.iter().map(|(text, _)| width(text)).sum();
            writer.skip(area.width.saturating_sub(all));
        }
        for (text, style) in &pieces {
            writer.write(text, *style);
        }
    }
}
