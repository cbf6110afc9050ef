//! The history of a connection: what happened to each end, side by side along one time column.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::{Event, Evidence, Proto, Stamp};
use crate::model::Model;
use crate::model::connection_end::ConnectionEnd;
use crate::model::histories::HistoryStep;
use crate::model::page::{ConnectionPage, StoryLine};
use crate::view::draw_context::DrawContext;
use crate::view::event_text;
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width, wrap};

/// The widths of the time and of the time since the line above, with the blanks behind them.
const TIME: u16 = 9;
const SINCE: u16 = 9;

/// One line of the history.
enum HistoryRow<'a> {
    /// Says that the time before is not known, for each end.
    Unknown([String; 2]),
    /// What happened, the time since the line above, and the time that the same end spent in its previous state.
    Known { line: StoryLine<'a>, since: Option<Duration>, stayed: Option<Duration> },
}

/// All lines.
pub(super) struct ConnectionHistory<'a> {
    rows: Vec<HistoryRow<'a>>,
    /// Whether there is only one end.
    alone: bool,
}

impl<'a> ConnectionHistory<'a> {
    pub(super) fn of(model: &'a Model, ctx: &DrawContext, page: &ConnectionPage, columns: u16) -> Self {
        let mut rows = Vec::new();
        let half = halves(Rect::new(0, 0, columns, 1), lead(columns))[0].width;
        let unknown = |end| {
            let unknown = page.end(end).filter(|flow| flow.proto == Proto::Tcp && flow.peer.is_some());
            let unknown = unknown.filter(|flow| {
                model.worlds.shown().histories.history(flow).is_empty() && model.worlds.shown().table.of(flow).is_some()
            });
            unknown.map_or_else(Vec::new, |_| wrap(ctx.text.page.before, half))
        };
        let left = unknown(ConnectionEnd::Client);
        let right = unknown(ConnectionEnd::Server);
        let part = |lines: &[&str], at: usize| lines.get(at).map_or_else(String::new, |line| (*line).to_owned());
        rows.extend(
            (0..left.len().max(right.len())).map(|at| HistoryRow::Unknown([part(&left, at), part(&right, at)])),
        );
        let mut before: Option<Stamp> = None;
        let mut reached: [Option<Stamp>; 2] = [None; 2];
        for line in page.story(model.worlds.shown(), &model.journal) {
            let at = line.at();
            let since = before.map(|before| at.since(before));
            before = Some(at);
            let stayed = match line {
                StoryLine::Step(end, step) => {
                    reached[end as usize].replace(step.at).map(|before| step.at.since(before))
                }
                StoryLine::Call(..) => None,
            };
            rows.push(HistoryRow::Known { line, since, stayed });
        }
        if rows.is_empty() {
            rows.push(HistoryRow::Unknown([ctx.text.page.none.to_owned(), String::new()]));
        }
        Self { rows, alone: page.flow.proto == Proto::Tcp && page.flow.peer.is_none() }
    }

    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Draws the lines from this one on.
    pub(super) fn render(&self, model: &Model, ctx: &DrawContext, from: usize, area: Rect, buf: &mut Buffer) {
        let lead = lead(area.width);
        for (row, line) in (0..area.height).zip(self.rows.iter().skip(from)) {
            // A listener has no other end.
            let alone = self.alone.then(|| Rect { x: area.x + lead, width: area.width.saturating_sub(lead), ..area });
            let [left, right] = alone.map_or_else(|| halves(area, lead), |alone| [alone, Rect::ZERO]);
            let half = |end| if end == ConnectionEnd::Client { left } else { right };
            if !self.alone {
                let bar = Rect { x: right.x.saturating_sub(2), width: 1, ..area };
                LineWriter::on(buf, bar, row).write(glyphs::BAR, ctx.theme.border);
            }
            match line {
                HistoryRow::Unknown(said) => {
                    for (end, text) in [ConnectionEnd::Client, ConnectionEnd::Server].into_iter().zip(said) {
                        LineWriter::on(buf, half(end), row).write(text, ctx.theme.quiet);
                    }
                }
                HistoryRow::Known { line, since, stayed } => {
                    // An inferred step happened at the time shown or before it.
                    let inferred = matches!(line, StoryLine::Step(_, step) if step.evidence == Evidence::Inferred);
                    let clock = ctx.text.numbers.clock(line.at().since(Stamp::ZERO));
                    let clock = if inferred { format!("{}{clock}", glyphs::AT_MOST) } else { clock };
                    let mut writer = LineWriter::on(buf, Rect { width: lead, ..area }, row);
                    writer.right(&clock, TIME, ctx.theme.quiet);
                    let since = since.filter(|since| !since.is_zero() && !inferred && lead > TIME + 1);
                    if let Some(since) = since {
                        writer.right(&format!("+{}", ctx.text.numbers.lapse(since)), SINCE, ctx.theme.text);
                    }
                    match line {
                        StoryLine::Step(end, step) => {
                            self::step(ctx, step, *stayed, &mut LineWriter::on(buf, half(*end), row));
                        }
                        StoryLine::Call(end, event) => {
                            call(model, ctx, event, &mut LineWriter::on(buf, half(*end), row));
                        }
                    }
                }
            }
        }
    }
}

/// The columns before the two halves.
const fn lead(columns: u16) -> u16 {
    if columns < 70 { TIME + 1 } else { TIME + SINCE + 1 }
}

/// The columns of the two ends.
pub(super) fn halves(area: Rect, lead: u16) -> [Rect; 2] {
    let room = area.width.saturating_sub(lead + 3);
    let left = Rect { x: area.x + lead.min(area.width), width: room - room / 2, ..area };
    let right = Rect { x: (left.right() + 3).min(area.right()), width: room / 2, ..area };
    [left, right]
}

fn step(ctx: &DrawContext, step: &HistoryStep, stayed: Option<Duration>, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let style = theme.evidence(step.evidence);
    let of = |state| if step.evidence == Evidence::Inferred { style } else { theme.state(state) };
    ctx.evidence(writer, step.evidence);
    let cause = step.cause.map(|cause| format!(" ({})", event_text::cause(ctx, cause))).unwrap_or_default();
    let from = step.from.name();
    let to = step.to.name();
    let whole = width(from) + width(to) + width(&cause) + 4;
    // The previous state is on the line above.
    if whole <= writer.room() {
        writer.skip(1).write(from, of(step.from));
    }
    writer.write(&format!(" {} ", glyphs::ARROW), style).write(to, of(step.to)).write_whole(&cause, theme.quiet);
    // The time of an inferred step is not known.
    if let Some(stayed) = stayed.filter(|stayed| !stayed.is_zero() && step.evidence != Evidence::Inferred) {
        writer.write_whole(&format!("  {}", (ctx.text.page.after)(&ctx.text.numbers.lapse(stayed))), theme.quiet);
    }
}

fn call(model: &Model, ctx: &DrawContext, event: &Event, writer: &mut LineWriter<'_>) {
    ctx.evidence(writer, event.seen.evidence);
    writer.skip(1);
    let text = event_text::describe(model, ctx, event, writer.room());
    let lines = crate::view::line_writer::wrap_pieces(&text.0, u16::MAX);
    let pieces: Vec<(&str, Style)> = lines.into_iter().flatten().collect();
    for (text, style) in pieces {
        writer.write(text, style);
    }
}
