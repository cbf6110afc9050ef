//! The pane of events: every call and every state change, in order.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::column_budget::ColumnBudget;
use super::draw_context::{DrawContext, PaneFrame};
use super::event_text::{self, EventSubject, NARROW_NAME, StyledText, WIDE_NAME};
use super::line_writer::{LineWriter, paragraph, width, wrap_pieces};
use super::{areas, glyphs, keys, names};
use crate::domain::keys::{Action, ListAction, Motion};
use crate::domain::{Event, Evidence, Stamp};
use crate::model::Model;
use crate::model::held_list::ListReader;
use crate::model::lifecycle::{LifecycleKinds, Subject};
use crate::model::ui::{Mode, Pane};

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let list = &model.lifecycle;
    let words = &ctx.text.lifecycle;
    let count = kinds(model, ctx);
    let foot = foot(model, ctx);
    let frame = PaneFrame {
        title: words.title,
        count: &count,
        foot: &foot,
        focused: model.ui.focus == Pane::Lifecycle && model.ui.mode == Mode::Command,
        ..PaneFrame::default()
    };
    let inside = ctx.pane(&frame, area, buf);
    if list.list.is_empty() {
        let filtered = list.kinds != LifecycleKinds::All || list.subject.is_some();
        let sentence = if filtered { words.none_listed } else { words.none };
        paragraph(sentence, ctx.theme.quiet, inside, buf);
        return;
    }
    let columns = LifecycleColumns::of(model, ctx, inside.width);
    let listed = list.list.visible(inside.height.into()).filter_map(|place| list.list.entry(place));
    let events = listed.filter_map(|entry| model.journal.get(entry.seq));
    let mut entries: Vec<_> = events.map(|event| LifecycleRow::of(model, ctx, event, &columns)).collect();
    let mut read = entries.iter().position(|entry| entry.held);
    if read.is_none() && matches!(list.list.reader, ListReader::Points { .. }) {
        read = entries.iter().rposition(|entry| entry.related);
    }
    let read = read.unwrap_or(entries.len().saturating_sub(1));
    areas::keep_in_view(&mut entries, read, inside.height.into(), |entry| entry.lines);
    let mut rest = inside;
    for entry in &entries {
        let used = entry.draw(ctx, &columns, rest, buf);
        rest = Rect { y: rest.y + used, height: rest.height - used, ..rest };
    }
}

/// The widths of the columns before an event's text.
struct LifecycleColumns {
    time: u16,
    subject: u16,
    words: u16,
}

impl LifecycleColumns {
    fn of(model: &Model, ctx: &DrawContext, columns: u16) -> Self {
        // As wide as the latest time.
        let time = width(&clock(ctx, model.now)).max(7);
        let mut budget = ColumnBudget::new(columns, time + 5);
        let subject = budget.fit([(WIDE_NAME, 68), (NARROW_NAME, 0)]);
        Self { time, subject, words: budget.rest() }
    }

    const fn narrow(&self) -> bool {
        self.subject < WIDE_NAME
    }
}

fn clock(ctx: &DrawContext, at: Stamp) -> String {
    ctx.text.numbers.clock(at.since(Stamp::ZERO))
}

/// One event, ready to be drawn.
struct LifecycleRow<'a> {
    time: String,
    subject: EventSubject<'a>,
    evidence: Evidence,
    text: StyledText,
    lines: usize,
    held: bool,
    related: bool,
}

impl<'a> LifecycleRow<'a> {
    fn of(model: &'a Model, ctx: &DrawContext, event: &Event, columns: &LifecycleColumns) -> Self {
        let kind = &event.seen.kind;
        let text = event_text::describe(model, ctx, event, columns.words);
        Self {
            time: clock(ctx, event.seen.at),
            subject: event_text::subject(model, ctx, event, columns.narrow()),
            evidence: event.seen.evidence,
            lines: wrap_pieces(&text.0, columns.words).len(),
            text,
            held: matches!(model.lifecycle.list.reader, ListReader::Holds { at, .. } if at.seq == event.seq),
            related: matches!(model.ui.subject, Some(subject @ Subject::Connection(_)) if subject.concerns(kind)),
        }
    }

    /// Draws it at the top of `area`, and returns how many lines it took.
    fn draw(&self, ctx: &DrawContext, columns: &LifecycleColumns, area: Rect, buf: &mut Buffer) -> u16 {
        let theme = &ctx.theme;
        let lines = wrap_pieces(&self.text.0, columns.words);
        for (row, line) in (0..area.height).zip(&lines) {
            let mut writer = LineWriter::on(buf, area, row);
            if row == 0 {
                writer.cell(if self.held { glyphs::SELECTED } else { " " }, 1, theme.newest);
                writer.right(&self.time, columns.time, theme.quiet).skip(1);
                writer.cell(&self.subject.name, columns.subject, self.subject.style).skip(1);
                ctx.evidence(&mut writer, self.evidence);
            }
            writer.goto(area.x + columns.time + columns.subject + 5);
            for (text, style) in line {
                writer.write(text, *style);
            }
            if self.held {
                writer.restyle(area.x, theme.selected);
            } else if self.related {
                writer.restyle(area.x + columns.time + 2, theme.related);
            }
        }
        u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height)
    }
}

/// Which kinds are listed, and what the list is narrowed to; empty if everything is listed.
fn kinds(model: &Model, ctx: &DrawContext) -> String {
    let words = &ctx.text.lifecycle;
    let kinds = match model.lifecycle.kinds {
        LifecycleKinds::All => None,
        LifecycleKinds::Calls => Some(words.calls.to_owned()),
        LifecycleKinds::States => Some(words.states.to_owned()),
    };
    let subject = model.lifecycle.subject.map(|subject| {
        (words.only)(&match subject {
            Subject::Server(id) => {
                model.worlds.shown().servers.get(id).map_or_else(|| id.to_string(), |s| s.spec.name.clone())
            }
            Subject::Connection(flow) => match model.worlds.shown().clients.by_flow(&flow) {
                Some(client) => names::long(ctx, client).into_owned(),
                None => format!(":{}", flow.local.port()),
            },
        })
    });
    kinds.into_iter().chain(subject).collect::<Vec<_>>().join(glyphs::SEPARATOR)
}

/// Whether the list follows, and how much there is.
fn foot(model: &Model, ctx: &DrawContext) -> String {
    let list = &model.lifecycle.list;
    let words = &ctx.text.lifecycle;
    let numbers = &ctx.text.numbers;
    let dot = glyphs::DOT;
    match list.reader {
        ListReader::Follows | ListReader::Points { .. } => {
            let (listed, all) = (list.len() as u64, model.worlds.shown().events);
            let narrowed = model.lifecycle.kinds != LifecycleKinds::All || model.lifecycle.subject.is_some();
            let count = if narrowed || listed >= all {
                (words.events)(&numbers.count(listed), list.len())
            } else {
                (words.latest)(&numbers.count(listed), &numbers.count(all))
            };
            format!("{} {dot} {count}", words.following)
        }
        ListReader::Holds { .. } => {
            let new = (words.new)(&numbers.count(list.unseen() as u64), list.unseen());
            let follow = keys::text(Action::List(ListAction::Move(Motion::Last)), ctx.text).hint;
            format!("{} {dot} {new} {dot} End {follow}", words.held)
        }
    }
}
