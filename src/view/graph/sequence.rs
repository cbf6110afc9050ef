//! The sequence numbers of one end over time: its segments, the line of what was acknowledged, the edge of the window.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::projection::{AxisColumns, DotScale, moments, steps};
use super::sequence_text::{self, SelectedSegment};
use super::{DotCanvas, DotLayer, GUTTER, band, cursor};
use crate::domain::{Flow, Stamp};
use crate::model::Model;
use crate::model::packets::{Traffic, acknowledges};
use crate::model::sequence::{AnswerCurve, SegmentCurve, SequenceTrace};
use crate::model::series::GraphAxis;
use crate::model::wire::{EndTrace, WirePacketFate};
use crate::view::areas::rows;
use crate::view::draw_context::DrawContext;
use crate::view::line_writer::{LineWriter, width};

/// How many later packets are looked at for an acknowledgement.
const LATER: usize = 4_096;

/// What is drawn, and which part of it.
struct SequenceView<'a> {
    trace: &'a SequenceTrace,
    axis: GraphAxis,
    /// How closely.
    closer: u8,
    /// When the selected packet was seen.
    selected: Option<Stamp>,
    /// Whether the view stays at the selected packet, or follows the latest.
    holds: bool,
}

/// Draws those of the wire's end.
pub(super) fn of_wire(model: &Model, ctx: &DrawContext, end: &EndTrace, area: Rect, buf: &mut Buffer) {
    let wire = &model.worlds.shown().wire;
    let on = model.ui.wire.packet.and_then(|number| wire.packet(number));
    let on = on.filter(|on| on.packet.flow == end.flow || on.packet.flow.mirror() == Some(end.flow));
    let selected = on.filter(|on| on.packet.flow == end.flow).map(|on| {
        let later = wire.packets().iter().skip_while(|later| later.packet.number <= on.packet.number);
        let arrived = later.filter(|later| acknowledges(&on.packet, &later.packet));
        let mut arrived = arrived.filter_map(|later| match later.fate {
            WirePacketFate::Delivered { at } => Some((later.packet.number, at.since(on.sent))),
            _ => None,
        });
        SelectedSegment { packet: &on.packet, acknowledged: arrived.next() }
    });
    let lines = sequence_text::lines(ctx, &end.sequence, selected.as_ref());
    let closer = model.ui.wire.graph.closer;
    let at = on.map(|on| on.sent);
    let view =
        SequenceView { trace: &end.sequence, axis: model.graph_axis(), closer, selected: at, holds: at.is_some() };
    view.draw(ctx, &lines, area, buf);
}

/// Draws those of a conversation in the packets' view.
pub(super) fn of_packets(
    traffic: &Traffic<'_>,
    ctx: &DrawContext,
    (flow, trace): (&Flow, &SequenceTrace),
    area: Rect,
    buf: &mut Buffer,
) {
    let list = &traffic.packets.ladder.packets;
    let event = list.selected().and_then(|seq| traffic.journal.get(seq));
    let at = event.map(|event| event.seen.at);
    let packet = list.selected().and_then(|seq| traffic.packet(seq)).filter(|packet| packet.flow == *flow);
    let selected = packet.zip(list.at()).map(|(packet, place)| {
        let later = (place + 1..list.len()).take(LATER).filter_map(|place| traffic.journal.get(list.entry(place)?));
        let mut later = later.filter_map(|event| Some((event.seen.at, traffic.packet(event.seq)?)));
        let found = later.find(|(_, later)| acknowledges(packet, later));
        let acknowledged = found.zip(at).map(|((then, later), at)| (later.number, then.since(at)));
        SelectedSegment { packet, acknowledged }
    });
    let lines = sequence_text::lines(ctx, trace, selected.as_ref());
    let (closer, holds) = (traffic.packets.closer, !list.follows());
    let view = SequenceView { trace, axis: GraphAxis::Time, closer, selected: at.filter(|_| holds), holds };
    view.draw(ctx, &lines, area, buf);
}

impl SequenceView<'_> {
    fn draw(&self, ctx: &DrawContext, lines: &[String], area: Rect, buf: &mut Buffer) {
        let room = area.width.saturating_sub(2);
        let text = sequence_text::fitting(lines, room, area.height.saturating_sub(4).min(4));
        let below = u16::try_from(text.len()).unwrap_or(0);
        let [place, foot, caption] = rows(area, [area.height.saturating_sub(1 + below), 1, below]);
        let (from, to) = self.whole();
        let count = usize::from(area.width.saturating_sub(GUTTER)) * DotCanvas::ACROSS;
        let selected = self.selected.and_then(|at| self.key(at));
        let middle = selected.filter(|_| self.holds).unwrap_or(to);
        let columns = AxisColumns::around(self.axis, (from, to), self.closer, middle, count);
        self.dots(ctx, &columns, selected, place, buf);
        self.foot(ctx, &columns, from, foot, buf);
        for (row, line) in (0..below).zip(&text) {
            LineWriter::on(buf, caption, row).skip(1).write(line, ctx.theme.text);
        }
    }

    /// The first and the last place on the axis.
    fn whole(&self) -> (u64, u64) {
        let SequenceTrace { segments, answers, .. } = self.trace;
        let segment = |place: usize| segments.key(self.axis, place);
        let answer = |place: usize| answers.key(self.axis, place);
        let firsts = [segment(0), answer(0)];
        let lasts = [segments.len().checked_sub(1).and_then(segment), answers.len().checked_sub(1).and_then(answer)];
        let from = firsts.into_iter().flatten().min().unwrap_or(0);
        (from, lasts.into_iter().flatten().max().unwrap_or(from))
    }

    /// Where a moment is on the axis: at the first point from then on.
    fn key(&self, at: Stamp) -> Option<u64> {
        match self.axis {
            GraphAxis::Time => Some(at.nanos()),
            GraphAxis::Steps => {
                let SequenceTrace { segments, answers, .. } = self.trace;
                let segment = segments.key(GraphAxis::Steps, segments.before(GraphAxis::Time, at.nanos()));
                segment.or_else(|| answers.key(GraphAxis::Steps, answers.before(GraphAxis::Time, at.nanos())))
            }
        }
    }

    fn dots(&self, ctx: &DrawContext, columns: &AxisColumns, selected: Option<u64>, area: Rect, buf: &mut Buffer) {
        let SequenceTrace { segments, answers, .. } = self.trace;
        let sent = columns.points(segments);
        let came = columns.points(answers);
        let of = |curve: SegmentCurve| moments(segments, curve as usize, &sent);
        let [new, again, lost] = [SegmentCurve::New, SegmentCurve::Again, SegmentCurve::Lost].map(of);
        let [acks, edges] = [AnswerCurve::Ack, AnswerCurve::Edge].map(|curve| steps(answers, curve as usize, &came));
        let drawn = || [&new, &again, &lost, &acks].into_iter().flatten().flatten();
        let bottom = drawn().map(|(lo, _)| *lo).min().unwrap_or(0);
        let highest = drawn().map(|(_, hi)| *hi).max().unwrap_or(0);
        // The edge of a large window would flatten the rest.
        let room = highest + (highest - bottom) / 3;
        let edge = edges.iter().flatten().map(|(lo, _)| *lo).filter(|edge| *edge <= room).max();
        let top = edge.unwrap_or(0).max(highest).max(bottom + 1);
        let place = band(ctx, &ctx.text.numbers.bytes(top), area, buf);
        let last = area.height.saturating_sub(1);
        if last > 0 {
            let label = ctx.text.numbers.bytes(bottom);
            LineWriter::on(buf, area, last).right(&label, GUTTER - 2, ctx.theme.quiet);
        }
        let theme = &ctx.theme;
        let layers = [
            DotLayer { ascii: '|', style: theme.border },
            DotLayer { ascii: '.', style: theme.state.closing },
            DotLayer { ascii: '-', style: theme.state.listen },
            DotLayer { ascii: '*', style: theme.state.established },
            DotLayer { ascii: 'R', style: theme.newest },
            DotLayer { ascii: 'x', style: theme.alarm },
        ];
        let mut dots = DotCanvas::of(place, &layers);
        let scale = DotScale { bottom, top, dots: dots.height() };
        cursor(&mut dots, 0, selected.and_then(|key| columns.of(key)));
        for x in 0..dots.width() {
            let at = |values: &[Option<(u64, u64)>]| values.get(x).copied().flatten().and_then(|span| scale.dots(span));
            if let Some(span) = at(&edges).filter(|_| x % 4 < 2) {
                dots.set_all(1, x, span);
            }
            if let Some(span) = at(&acks) {
                dots.set_all(2, x, span);
            }
            if let Some(span) = at(&new) {
                dots.set_all(3, x, span);
            }
            for (layer, values, letter) in [(4, &again, 'R'), (5, &lost, 'x')] {
                if let Some((lo, hi)) = at(values) {
                    dots.letter(layer, x, usize::midpoint(lo, hi), letter);
                }
            }
        }
        dots.draw(ctx.ascii, place, buf);
    }

    /// Where the axis begins and ends, and what each sign means.
    fn foot(&self, ctx: &DrawContext, columns: &AxisColumns, begin: u64, area: Rect, buf: &mut Buffer) {
        let words = &ctx.text.graph;
        let numbers = &ctx.text.numbers;
        let place = |key: u64| match self.axis {
            GraphAxis::Time => numbers.lapse(Duration::from_nanos(key.saturating_sub(begin))),
            GraphAxis::Steps => (words.packet)(&numbers.count(key)),
        };
        let right = place(columns.to);
        let mut writer = LineWriter::on(buf, area, 0);
        writer.right(&place(columns.from), GUTTER, ctx.theme.quiet).skip(1);
        let samples = if ctx.ascii { ["*", "-", ".", "R"] } else { ["⡇", "⠤", "⠂", "R"] };
        let theme = &ctx.theme;
        let styles = [theme.state.established, theme.state.listen, theme.state.closing, theme.newest];
        for ((sample, style), name) in samples.into_iter().zip(styles).zip(words.signs) {
            if width(name) + 5 + width(&right) < writer.room() {
                writer.write(sample, style).skip(1).write(name, ctx.theme.quiet).skip(2);
            }
        }
        let room = writer.room();
        writer.right(&right, room, ctx.theme.quiet);
    }
}
