//! The kernel's variables of one end over time, with the events that changed them.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::projection::{AxisColumns, DotScale, moments, steps};
use super::{DotCanvas, DotLayer, GUTTER, band, cursor};
use crate::model::Model;
use crate::model::series::GraphAxis;
use crate::model::wire::{EndMark, EndTrace, InfoCurve, WirePacketFate};
use crate::view::areas::rows;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width, wrap};

/// The letter of what happened.
const fn letter(mark: EndMark) -> char {
    match mark {
        EndMark::Ack => 'a',
        EndMark::State => 's',
        EndMark::Lost => 'x',
        EndMark::Retransmission => 'R',
        EndMark::Ecn => 'E',
        EndMark::FastRetransmission => 'F',
        EndMark::Timeout => 'T',
    }
}

/// The columns that all present values take.
const WIDE_HEADING: u16 = 76;

/// What is drawn, and which part of it.
struct CurvesView<'a> {
    end: &'a EndTrace,
    columns: AxisColumns,
    /// The reading that is spoken of: of the selected packet, otherwise the latest.
    place: usize,
    /// Where the selected packet is.
    selected: Option<u64>,
}

/// Draws them.
pub(super) fn draw(model: &Model, ctx: &DrawContext, end: &EndTrace, area: Rect, buf: &mut Buffer) {
    let axis = model.graph_axis();
    let last = end.curves.len() - 1;
    let place = selected(model, end).map(|place| place.min(last));
    let selected = place.and_then(|place| end.curves.key(axis, place));
    let place = place.unwrap_or(last);
    let from = end.curves.key(axis, 0).unwrap_or(0);
    let last_mark = end.marks.len().checked_sub(1).and_then(|place| end.marks.key(axis, place));
    let to = end.curves.key(axis, last).max(last_mark).unwrap_or(from);
    let count = usize::from(area.width.saturating_sub(GUTTER)) * DotCanvas::ACROSS;
    let middle = selected.unwrap_or(to);
    let columns = AxisColumns::around(axis, (from, to), model.ui.wire.graph.closer, middle, count);
    let view = CurvesView { end, columns, place, selected };
    // Where an earlier packet is selected, the heading is about that.
    let latest = end.latest.as_ref().filter(|_| place == last);
    let fallen = latest.and_then(|info| super::timeout_text(model, ctx, info));
    let warning = fallen.map_or_else(Vec::new, |text| wrap(text, area.width.saturating_sub(2)));
    let lines = u16::try_from(warning.len()).unwrap_or(u16::MAX / 2);
    let warns = if area.height > 7 + lines { lines } else { 0 };
    let heads = if area.width < WIDE_HEADING && area.height > 9 { 2 } else { 1 };
    let bands = area.height.saturating_sub(heads + 2 + warns);
    let [head, bands, marks, foot, below] = rows(area, [heads, bands, 1, 1, warns]);
    view.heading(ctx, head, buf);
    view.bands(ctx, bands, buf);
    view.marks(ctx, marks, buf);
    view.foot(ctx, foot, buf);
    for (row, line) in (0..warns).zip(warning) {
        LineWriter::on(buf, below, row).skip(1).write(line, ctx.theme.alarm);
    }
}

/// The reading at the selected packet: after this end sent it, or after it arrived here.
fn selected(model: &Model, end: &EndTrace) -> Option<usize> {
    let on = model.worlds.shown().wire.packet(model.ui.wire.packet?)?;
    let at = match on.fate {
        _ if on.packet.flow == end.flow => on.sent,
        WirePacketFate::Delivered { at } if on.packet.flow.mirror() == Some(end.flow) => at,
        _ => return None,
    };
    Some(end.curves.before(GraphAxis::Time, at.nanos()))
}

impl CurvesView<'_> {
    fn value(&self, curve: InfoCurve) -> Option<u32> {
        self.end.curves.value(curve as usize, self.place)
    }

    /// The present values, each behind a piece of its curve.
    fn heading(&self, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
        let words = &ctx.text.graph;
        let numbers = &ctx.text.numbers;
        let number = |curve| self.value(curve).map_or_else(|| glyphs::DASH.into(), |value| value.to_string());
        let time = |curve| self.value(curve).map_or_else(|| glyphs::DASH.into(), |us| numbers.millis(micros(us)));
        let bytes = self
            .value(InfoCurve::InFlight)
            .map_or_else(|| glyphs::DASH.to_owned(), |bytes| format!("{} B", numbers.count(bytes.into())));
        let [cwnd, ssthresh, in_flight] = window_layers(ctx).map(|layer| layer.style);
        let mut row = 0;
        let mut writer = LineWriter::on(buf, area, row);
        writer.skip(1);
        for (sample, text, style) in [
            (samples(ctx)[0], format!("cwnd {}", number(InfoCurve::Cwnd)), cwnd),
            (samples(ctx)[1], format!("ssthresh {}", number(InfoCurve::Ssthresh)), ssthresh),
            (samples(ctx)[2], format!("{} {bytes}", words.in_flight), in_flight),
            ("", format!("RTT {}", time(InfoCurve::Rtt)), ctx.theme.text),
            ("", format!("RTO {}", time(InfoCurve::Rto)), ctx.theme.text),
        ] {
            if width(sample) + width(&text) + 1 > writer.room() {
                row += 1;
                writer = LineWriter::on(buf, area, row);
                writer.skip(1);
            }
            if !sample.is_empty() {
                writer.write(sample, style).skip(1);
            }
            writer.write(&text, ctx.theme.text).skip(2);
        }
    }

    fn bands(&self, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
        let third = if area.height < 4 { 0 } else { area.height / 4 };
        let timeout = if area.height < 6 { 0 } else { third };
        let [window, rtt, rto] = rows(area, [area.height - third - timeout, third, timeout]);
        self.window(ctx, window, buf);
        self.time(ctx, InfoCurve::Rtt, rtt, buf);
        self.time(ctx, InfoCurve::Rto, rto, buf);
    }

    /// What each column shows of a value, in units of `unit`.
    fn column_values(&self, curve: InfoCurve, unit: u64) -> Vec<Option<(u64, u64)>> {
        let points = self.columns.points(&self.end.curves);
        let values = steps(&self.end.curves, curve as usize, &points).into_iter();
        values.map(|span| span.map(|(lo, hi)| (u64::from(lo) * unit, u64::from(hi) * unit))).collect()
    }

    /// The window and what is in flight, in bytes on one scale.
    fn window(&self, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
        let mss = self.end.latest.as_ref().map_or(1, |info| u64::from(info.snd_mss.max(1)));
        let [cwnd, ssthresh] = [InfoCurve::Cwnd, InfoCurve::Ssthresh].map(|curve| self.column_values(curve, mss));
        let in_flight = self.column_values(InfoCurve::InFlight, 1);
        let top = greatest(&cwnd).max(greatest(&in_flight)).max(mss);
        // A threshold far above what the window has reached would flatten it.
        let threshold = greatest(&ssthresh);
        let top = if threshold <= 2 * top { top.max(threshold) } else { top };
        let label = top.div_ceil(mss).to_string();
        let place = band(ctx, &label, area, buf);
        let [over, broken, filled] = window_layers(ctx);
        let layers = [cursor_layer(ctx), filled, broken, over];
        let mut dots = DotCanvas::of(place, &layers);
        let scale = DotScale { bottom: 0, top, dots: dots.height() };
        cursor(&mut dots, 0, self.selected.and_then(|key| self.columns.of(key)));
        for x in 0..dots.width() {
            let of = |values: &[Option<(u64, u64)>]| values.get(x).copied().flatten();
            if let Some((_, hi)) = of(&in_flight).filter(|(_, hi)| *hi > 0)
                && let Some(hi) = scale.dot(hi)
            {
                (0..=hi).filter(|y| (x + y) % 2 == 0).for_each(|y| dots.set(1, x, y));
            }
            if let Some(span) = of(&ssthresh).and_then(|span| scale.dots(span))
                && x % 4 < 2
            {
                dots.set_all(2, x, span);
            }
            if let Some(span) = of(&cwnd).and_then(|span| scale.dots(span)) {
                dots.set_all(3, x, span);
            }
        }
        dots.draw(ctx.ascii, place, buf);
    }

    /// A time in microseconds, on a scale of its own.
    fn time(&self, ctx: &DrawContext, curve: InfoCurve, area: Rect, buf: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        let values = self.column_values(curve, 1);
        let top = greatest(&values);
        let name = if curve == InfoCurve::Rtt { "RTT" } else { "RTO" };
        let most = ctx.text.numbers.millis(Duration::from_micros(top));
        let label = if top == 0 { name } else { &most };
        let place = band(ctx, label, area, buf);
        let layers = [cursor_layer(ctx), DotLayer { ascii: '*', style: ctx.theme.text }];
        let mut dots = DotCanvas::of(place, &layers);
        let scale = DotScale { bottom: 0, top, dots: dots.height() };
        cursor(&mut dots, 0, self.selected.and_then(|key| self.columns.of(key)));
        for (x, span) in values.iter().enumerate() {
            if let Some(span) = span.and_then(|span| scale.dots(span)) {
                dots.set_all(1, x, span);
            }
        }
        dots.draw(ctx.ascii, place, buf);
        LineWriter::on(buf, place, 0).write(name, ctx.theme.quiet);
    }

    /// What happened, the most remarkable of each column.
    fn marks(&self, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
        let place = band(ctx, "", area, buf);
        let cells = AxisColumns { count: place.width.into(), ..self.columns };
        let happened = moments(&self.end.marks, 0, &cells.points(&self.end.marks));
        for (x, span) in (0..place.width).zip(happened) {
            let Some(mark) = span.and_then(|(_, hi)| EndMark::ALL.get(usize::from(hi))) else { continue };
            let at = Rect { x: place.x + x, width: 1, ..place };
            LineWriter::on(buf, at, 0).write(&letter(*mark).to_string(), mark_style(ctx, *mark));
        }
    }

    /// Where the axis begins and ends, and the letters of what happened, with how often.
    fn foot(&self, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
        let words = &ctx.text.graph;
        let numbers = &ctx.text.numbers;
        let begin = self.end.curves.key(self.columns.axis, 0).unwrap_or(0);
        let place = |key: u64| match self.columns.axis {
            GraphAxis::Time => numbers.lapse(Duration::from_nanos(key.saturating_sub(begin))),
            GraphAxis::Steps => (words.reading)(&numbers.count(key + 1)),
        };
        let right = place(self.columns.to);
        let mut writer = LineWriter::on(buf, area, 0);
        writer.right(&place(self.columns.from), GUTTER, ctx.theme.quiet).skip(1);
        for mark in EndMark::ALL.into_iter().rev() {
            let count = self.end.counts[mark as usize];
            let text = format!("{} {}", words.marks[mark as usize], numbers.count(count));
            if count > 0 && width(&text) + 5 + width(&right) < writer.room() {
                writer.write(&letter(mark).to_string(), mark_style(ctx, mark)).skip(1);
                writer.write(&text, ctx.theme.quiet).skip(2);
            }
        }
        let room = writer.room();
        writer.right(&right, room, ctx.theme.quiet);
    }
}

fn micros(micros: u32) -> Duration {
    Duration::from_micros(micros.into())
}

fn greatest(values: &[Option<(u64, u64)>]) -> u64 {
    values.iter().flatten().map(|(_, hi)| *hi).max().unwrap_or(0)
}

/// The congestion window, the threshold, the bytes in flight.
const fn window_layers(ctx: &DrawContext) -> [DotLayer; 3] {
    [
        DotLayer { ascii: '*', style: ctx.theme.state.established },
        DotLayer { ascii: '-', style: ctx.theme.state.closing },
        DotLayer { ascii: '.', style: ctx.theme.quiet },
    ]
}

/// A piece of each of these curves.
const fn samples(ctx: &DrawContext) -> [&'static str; 3] {
    if ctx.ascii { ["**", "--", ".."] } else { ["⠒⠒", "⠂⠐", "⢕⢕"] }
}

const fn cursor_layer(ctx: &DrawContext) -> DotLayer {
    DotLayer { ascii: '|', style: ctx.theme.border }
}

const fn mark_style(ctx: &DrawContext, mark: EndMark) -> Style {
    match mark {
        EndMark::Ack | EndMark::State => ctx.theme.quiet,
        EndMark::Lost | EndMark::Retransmission => ctx.theme.newest,
        EndMark::Ecn | EndMark::FastRetransmission | EndMark::Timeout => ctx.theme.alarm,
    }
}
