//! The netstat pane: the rows that `socklab-tui netstat` prints, live.

use std::iter::Chain;
use std::ops::Range;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::draw_context::{DrawContext, PaneFrame};
use super::line_writer::{LineWriter, fit, paragraph, width};
use super::netstat_columns::{NetstatColumns, TIMER, foreign};
use super::{ColorDepth, filter_line, glyphs};
use crate::domain::{Row, TcpState, Timer, TimerKind, WorldId};
use crate::model::Model;
use crate::model::lifecycle::{Subject, same_pair};
use crate::model::listing::SortColumn;
use crate::model::table::{Table, TableEntry};
use crate::model::ui::{Mode, Pane, TableScope};
use crate::model::window::window;

/// The parts of the pane: the filter being typed, the column headings, the rows.
struct NetstatLayout {
    typing: Rect,
    head: Rect,
    rows: Rect,
}

fn layout(model: &Model, area: Rect) -> NetstatLayout {
    let inside = DrawContext::of(model, ColorDepth::Mono).inside(area);
    let typing = typing(model).min(inside.height);
    let head = u16::from(inside.height - typing >= 3);
    let [typing, head, rows] = super::areas::rows(inside, [typing, head, inside.height - typing - head]);
    NetstatLayout { typing, head, rows }
}

/// How many lines the filter takes while it is typed.
fn typing(model: &Model) -> u16 {
    if model.ui.mode == Mode::Filtering { 2 } else { 0 }
}

/// How many lines the pane needs inside its frame.
pub(super) fn needs(model: &Model) -> u16 {
    let rows = model.listing.len() + ghosts(model).count();
    typing(model) + 1 + u16::try_from(rows).unwrap_or(u16::MAX / 2).max(2)
}

/// The places of the rows that the pane shows in this area: that of the pinned one, and those around the selection.
pub(super) fn visible(model: &Model, area: Rect) -> Chain<Range<usize>, Range<usize>> {
    let selected = model.ui.row.and_then(|key| model.listing.position(&key));
    let height = usize::from(layout(model, area).rows.height);
    // Rows that left keep some lines while they fade, even if the list fills the pane.
    let kept = ghosts(model).take(height / 4).count();
    let pinned = model.listing.pinned();
    let selected = selected.map(|at| at.saturating_sub(pinned));
    let rest = window(selected, model.listing.len() - pinned, (height - kept).saturating_sub(pinned));
    (0..pinned).chain(rest.start + pinned..rest.end + pinned)
}

/// The rows that left within the last second and passed the filter, the latest first.
fn ghosts(model: &Model) -> impl Iterator<Item = &TableEntry> {
    let gone = model.worlds.shown().table.gone_rows(model.now).map(|ghost| &ghost.entry);
    gone.filter(|entry| model.listing.filter.matches(&*entry.row))
}

/// Draws the pane, and returns where the cursor is while the filter is typed.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let words = &ctx.text.netstat;
    let title = title(model, ctx);
    let number = |n: usize| ctx.text.numbers.count(n as u64);
    let foot = foot(model, ctx);
    let places = visible(model, area);
    let (shown, all) = (places.clone().count(), model.listing.len());
    let of = (shown < all).then(|| number(shown));
    let frame = PaneFrame {
        title: &title,
        count: &(words.rows)(of.as_deref(), &number(all), all as u64),
        foot: if area.height > 4 { &foot } else { "" },
        focused: model.ui.focus == Pane::Netstat && model.ui.mode != Mode::Saying,
        ..PaneFrame::default()
    };
    ctx.pane(&frame, area, buf);
    let layout = layout(model, area);
    let entries: Vec<&TableEntry> =
        model.listing.keys(places).filter_map(|key| model.worlds.shown().table.get(key)).collect();
    let free = usize::from(layout.rows.height).saturating_sub(entries.len());
    let ghosts: Vec<&TableEntry> = ghosts(model).take(free).collect();
    let columns = NetstatColumns::of(&entries, &ghosts, layout.rows.width);
    head(model, ctx, &columns, &mut LineWriter::on(buf, layout.head, 0));
    let fresh =
        |entry: &TableEntry| entry.changed > crate::domain::Stamp::ZERO && model.now.since(entry.changed) < Table::FADE;
    let mut at = 0;
    for entry in &entries {
        let mut writer = LineWriter::on(buf, layout.rows, at);
        let start = writer.x();
        let selected = model.ui.row == Some(entry.row.key());
        row(model, ctx, &columns, entry, fresh(entry), &mut writer);
        if selected {
            LineWriter::on(buf, layout.rows, at)
                .write(glyphs::SELECTED, ctx.theme.newest)
                .restyle(start, ctx.theme.selected);
        }
        at += 1;
    }
    for entry in &ghosts {
        row(model, ctx, &columns, entry, false, &mut LineWriter::on(buf, layout.rows, at));
        // The row is struck out, and marked for terminals that cannot strike out.
        LineWriter::on(buf, layout.rows, at)
            .restyle(layout.rows.x + 1, ctx.theme.ghost)
            .write(glyphs::LACKING, ctx.theme.quiet);
        at += 1;
    }
    if at == 0 {
        let sentence = if model.worlds.shown().table_source.is_none() && model.worlds.shown().table.is_empty() {
            words.unread
        } else if model.worlds.shown().table.is_empty() {
            words.none
        } else {
            words.none_match
        };
        paragraph(sentence, ctx.theme.quiet, layout.rows, buf);
    }
    filter_line::render(model, ctx, layout.typing, buf)
}

/// The command that prints these rows, `netstat 65432` for `socklab-tui netstat 65432`. No single command prints the
/// sockets of both of the wire's hosts.
fn title(model: &Model, ctx: &DrawContext) -> String {
    let filter = model.listing.filter.to_string();
    let filter = filter.trim();
    match (model.worlds.shown_id(), filter.is_empty()) {
        // By itself `netstat` is a shell command that prints something else.
        (WorldId::Host, true) => "socklab-tui netstat".into(),
        (WorldId::Host, false) => format!("netstat {}", shell_words(filter)),
        (WorldId::Wire, true) => ctx.text.netstat.sockets.into(),
        (WorldId::Wire, false) => format!("{}: {filter}", ctx.text.netstat.sockets),
    }
}

/// A filter as the shell has to be given it (`sh(1)`): in single quotes if it has characters with a meaning of their own.
fn shell_words(filter: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-,:=+/%@".contains(c);
    let quoted =
        if filter.chars().all(plain) { filter.to_owned() } else { format!("'{}'", filter.replace('\'', "'\\''")) };
    if filter.starts_with('-') { format!("-- {quoted}") } else { quoted }
}

/// Details of the selected row, or else the scope and the order of the list.
fn foot(model: &Model, ctx: &DrawContext) -> String {
    let words = &ctx.text.netstat;
    let selected = if model.ui.mode == Mode::Command { model.ui.row } else { None };
    let entry = selected.and_then(|key| model.worlds.shown().table.get(&key));
    let timer = entry.map(|entry| timer(model, ctx, entry).0).filter(|timer| !timer.is_empty());
    let control = entry.and_then(|entry| control(ctx, &entry.row));
    match entry.and_then(|entry| entry.row.state).zip(timer.or_else(|| control.clone())) {
        Some((state, timer)) if state != TcpState::Listen => {
            let control = control.filter(|control| *control != timer);
            [format!("{state} {} {timer}", glyphs::DOT)]
                .into_iter()
                .chain(control)
                .collect::<Vec<_>>()
                .join(glyphs::SEPARATOR)
        }
        _ if entry.is_some_and(|entry| entry.row.state == Some(TcpState::Listen)) => words.listener.into(),
        _ => format!("{} {} {}", scope(model, ctx), glyphs::DOT, order(model, ctx)),
    }
}

/// Says that a queue counts a SYN or a FIN as one byte.
pub(super) fn control(ctx: &DrawContext, row: &Row) -> Option<String> {
    row.control_in_queue().map(ctx.text.netstat.control)
}

fn scope(model: &Model, ctx: &DrawContext) -> &'static str {
    match model.ui.scope {
        TableScope::Filter => ctx.text.netstat.scope_filter,
        TableScope::Lab => ctx.text.netstat.scope_lab,
        TableScope::All => ctx.text.netstat.scope_all,
    }
}

fn order(model: &Model, ctx: &DrawContext) -> String {
    let words = &ctx.text.netstat;
    match model.listing.column {
        SortColumn::Newest if model.listing.reversed => words.oldest.into(),
        SortColumn::Newest => words.newest.into(),
        column => format!("{} {}", (words.order)(heading(column, ctx)), sorted(model)),
    }
}

/// The direction of the order.
const fn sorted(model: &Model) -> &'static str {
    if model.listing.reversed { glyphs::REVERSED } else { glyphs::SORTED }
}

const fn heading(column: SortColumn, ctx: &DrawContext) -> &'static str {
    let words = &ctx.text.netstat;
    match column {
        SortColumn::Newest => "",
        SortColumn::Proto => "Proto",
        SortColumn::RecvQ => "Recv-Q",
        SortColumn::SendQ => "Send-Q",
        SortColumn::Local => words.local,
        SortColumn::Foreign => words.foreign,
        SortColumn::State => words.state,
        SortColumn::Process => words.process,
    }
}

fn head(model: &Model, ctx: &DrawContext, columns: &NetstatColumns, writer: &mut LineWriter<'_>) {
    let by = model.listing.column;
    let name = |writer: &mut LineWriter<'_>, column: SortColumn, columns: u16, right: bool| {
        let mark = if by == column { sorted(model) } else { "" };
        let words = &ctx.text.netstat;
        let full = heading(column, ctx);
        let short = match column {
            SortColumn::RecvQ => "RecvQ",
            SortColumn::SendQ => "SendQ",
            SortColumn::Local => words.local_short,
            SortColumn::Foreign => words.foreign_short,
            _ => full,
        };
        let room = if right { columns } else { columns.saturating_sub(width(mark)) };
        let text = if width(full) <= room { full } else { short };
        let style = if mark.is_empty() { ctx.theme.title } else { ctx.theme.focus };
        if columns == 0 {
            return;
        }
        // If the mark does not fit beside the word, it stands between the columns.
        if right || width(text) + width(mark) > columns {
            if right {
                writer.right(text, columns, style)
            } else {
                writer.cell(text, columns, style)
            };
            writer.cell(mark, 1, style);
        } else {
            writer.cell(&format!("{text}{mark}"), columns, style).skip(1);
        }
    };
    writer.skip(1);
    name(writer, SortColumn::Proto, columns.proto - 1, false);
    name(writer, SortColumn::RecvQ, columns.queue, true);
    name(writer, SortColumn::SendQ, columns.queue, true);
    writer.skip(1);
    name(writer, SortColumn::Local, columns.local, false);
    name(writer, SortColumn::Foreign, columns.foreign, false);
    name(writer, SortColumn::State, columns.state - 1, false);
    if columns.timer > 0 {
        writer.cell(ctx.text.netstat.timer, columns.timer - 1, ctx.theme.title).skip(1);
    }
    name(writer, SortColumn::Process, columns.process.saturating_sub(1), false);
}

fn row(
    model: &Model,
    ctx: &DrawContext,
    columns: &NetstatColumns,
    entry: &TableEntry,
    fresh: bool,
    writer: &mut LineWriter<'_>,
) {
    let theme = &ctx.theme;
    let row = &*entry.row;
    let related = match model.ui.subject {
        Some(Subject::Connection(flow)) => same_pair(&flow, &row.flow),
        _ => false,
    };
    let text = if related { theme.text.patch(theme.related) } else { theme.text };
    let proto = format!("{}{}", row.flow.proto, if row.flow.local.is_ipv6() { "6" } else { "" });
    writer.skip(1).cell(&proto, columns.proto, text);
    let waiting = row.state == Some(TcpState::Listen) && row.recv_q.is_some_and(|waiting| waiting > 0);
    let queue = |number: Option<u32>| number.map_or_else(|| glyphs::DASH.into(), |number| number.to_string());
    writer.right(&queue(row.recv_q), columns.queue, if waiting { theme.state.opening } else { text }).skip(1);
    writer.right(&queue(row.send_q), columns.queue, text).skip(2);
    writer.cell(&fit(row.flow.local, columns.local), columns.local, text).skip(1);
    writer.cell(&foreign(row, columns.foreign), columns.foreign, text).skip(1);
    let state = row.shown_state().map_or("", |state| state.name());
    let style = row.shown_state().map_or(text, |state| theme.state(state));
    let style = if fresh { style.patch(theme.flash) } else { style };
    writer.cell(state, width(state), style).skip(columns.state.saturating_sub(width(state)));
    if columns.timer > 0 {
        let (timer, style) = timer(model, ctx, entry);
        let timer = if columns.timer < TIMER { brief(model, ctx, entry) } else { timer };
        writer.cell(&timer, columns.timer - 1, style).skip(1);
    }
    if columns.process > 0 {
        let process = row.process.as_ref().map(|process| format!("{}/{}", process.pid, process.name));
        writer.write(process.as_deref().unwrap_or(glyphs::DASH), theme.quiet);
    }
}

/// The timer in a few columns: time left, and count. Its words are in the foot while the row is selected.
fn brief(model: &Model, ctx: &DrawContext, entry: &TableEntry) -> String {
    let row = &*entry.row;
    match (row.state, row.recv_q, row.timer.zip(entry.timer_left(model.now))) {
        (Some(TcpState::Listen), Some(waiting), _) if waiting > 0 => format!("{waiting}/{}", row.send_q.unwrap_or(0)),
        _ if row.waits_for_accept() => ctx.text.clients.queued.into(),
        (_, _, Some((timer, left))) if timer.count > 0 => {
            format!("{}{}{}", ctx.text.numbers.left(left), glyphs::TIMES, timer.count)
        }
        (_, _, Some((_, left))) => ctx.text.numbers.left(left),
        _ => String::new(),
    }
}

/// The kernel's timer, or else the state of the row's queue.
pub(super) fn timer(model: &Model, ctx: &DrawContext, entry: &TableEntry) -> (String, Style) {
    let words = &ctx.text.netstat;
    let theme = &ctx.theme;
    let row = &*entry.row;
    match (row.state, row.recv_q) {
        (Some(TcpState::Listen), Some(waiting)) if waiting > 0 => {
            return ((words.waiting)(waiting, row.send_q.unwrap_or(0)), theme.state.opening);
        }
        _ if row.waits_for_accept() => return (words.in_queue.into(), theme.state.opening),
        _ => {}
    }
    let Some((timer, left)) = row.timer.zip(entry.timer_left(model.now)) else { return (String::new(), theme.text) };
    let style = match timer.kind {
        TimerKind::TimeWait => theme.state.time_wait,
        TimerKind::Keepalive => theme.quiet,
        TimerKind::Retransmit | TimerKind::Persist => theme.alarm,
    };
    (timer_text(ctx, timer, left), style)
}

/// What a timer waits for, and how long it has left.
pub(super) fn timer_text(ctx: &DrawContext, timer: Timer, left: Duration) -> String {
    let words = &ctx.text.netstat;
    let left = ctx.text.numbers.left(left);
    match timer.kind {
        TimerKind::TimeWait => (words.gone_in)(&left),
        TimerKind::Retransmit => (words.resend_in)(&left, timer.count),
        TimerKind::Keepalive => (words.keepalive_in)(&left, timer.count),
        TimerKind::Persist => (words.probe_in)(&left, timer.count),
    }
}

#[cfg(test)]
mod tests {
    use super::shell_words;

    #[test]
    fn the_shell_gets_the_filter_as_it_was_typed() {
        for (typed, command) in [
            ("65432", "65432"),
            ("port 65432-65434 and state time_wait", "port 65432-65434 and state time_wait"),
            ("(65432 or 65433) state listen", "'(65432 or 65433) state listen'"),
            ("recvq>0", "'recvq>0'"),
            ("it's", r"'it'\''s'"),
            ("-x", "-- -x"),
        ] {
            assert_eq!(shell_words(typed), command);
        }
    }
}
