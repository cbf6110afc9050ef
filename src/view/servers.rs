//! The servers: a row each, and details of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::draw_context::{DrawContext, PaneFrame};
use super::glyphs;
use super::line_writer::{LineWriter, paragraph, width, wrap_all};
use super::server_status::{down, half_open, head, in_the_way, queue, service, service_short, status, time_wait_left};
use super::{areas, keys, server_cells};
use crate::domain::Process;
use crate::domain::keys::{Action, LabAction, WireAction};
use crate::model::Model;
use crate::model::servers::{Server, ServerStatus};
use crate::model::ui::{Mode, Pane};
use crate::model::window::window;
use crate::text;

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let all = model.worlds.shown().servers.all();
    let own = [Action::Lab(LabAction::StartStop), Action::Lab(LabAction::NextModel)];
    let tick = ctx.hint(Action::Lab(LabAction::Tick));
    let keys = if model.worlds.shown().observing { tick } else { format!("{}  {tick}", ctx.hints(&own)) };
    let frame = PaneFrame {
        title: ctx.text.servers.title,
        keys: &keys,
        focused: model.ui.focus == Pane::Servers && model.ui.mode == Mode::Command,
        ..PaneFrame::default()
    };
    let inside = ctx.pane(&frame, area, buf);
    if all.is_empty() {
        let key = keys::first(Action::Wire(WireAction::Toggle), ctx.text);
        let words = &ctx.text.servers;
        let sentence = if model.has_no_lab() { (words.none_on_wire)(&key) } else { words.none.to_owned() };
        paragraph(&sentence, ctx.theme.quiet, inside, buf);
        return;
    }
    if ctx.rules && !model.ui.zoomed {
        return server_cells::render(model, ctx, inside, buf);
    }
    let height = inside.height.min(u16::try_from(all.len()).unwrap_or(u16::MAX));
    let [list, rest] = areas::rows(inside, [height, inside.height - height]);
    let selected = all.iter().position(|server| server.id == model.ui.server);
    let names = all.iter().map(|server| width(&server.spec.name)).max().unwrap_or(0).min(12);
    for (row, server) in (0..).zip(&all[window(selected, all.len(), usize::from(height))]) {
        self::row(model, ctx, names, server, &mut LineWriter::on(buf, list, row));
    }
    if let Some(server) = selected.map(|at| &all[at]) {
        let sentences = details(model, ctx, server);
        let mut lines = wrap_all(&sentences, rest.width.saturating_sub(4)).into_iter().peekable();
        for row in 0..rest.height {
            let Some((line, style)) = lines.next() else { break };
            let more = if row + 1 == rest.height && lines.peek().is_some() { glyphs::ELLIPSIS } else { "" };
            LineWriter::on(buf, rest, row).skip(3).write(line, style).write(more, style);
        }
    }
}

fn row(model: &Model, ctx: &DrawContext, names: u16, server: &Server, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let start = writer.x();
    let selected = server.id == model.ui.server;
    head(model, ctx, names, server, true, writer);
    let (status, style) = status(model, ctx, server);
    let service = service(ctx, server);
    if server.is_up() {
        writer.cell(&status, width(&status).max(6), style).skip(1);
        let queue = queue(model, server).map(|(waiting, backlog)| format!("{waiting}/{backlog}"));
        let column = queue.as_deref().map_or(0, |queue| width(queue) + 1);
        let room = writer.room().saturating_sub(column).min(18);
        let service = if width(&service) > room { service_short(ctx, server) } else { service };
        writer.cell(&service, room, theme.text);
        if let Some(queue) = queue {
            let alarm = !queue.starts_with("0/");
            writer.right(&queue, column, if alarm { theme.state.opening } else { theme.quiet });
        }
    } else {
        down(model, ctx, server, writer);
    }
    if selected && model.ui.focus == Pane::Servers {
        writer.restyle(start, theme.selected);
    }
}

/// Why a server is down, or who else's it is.
fn condition(model: &Model, ctx: &DrawContext, server: &Server) -> Vec<(String, Style)> {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    let name = |process: &Process| format!("{} (pid {})", process.name, process.pid);
    let in_the_way = in_the_way(model, server).and_then(|entry| Some((entry, entry.row.state?, entry.row.flow.peer?)));
    let in_the_way = in_the_way.map(|(entry, state, peer)| {
        let connection = format!(":{} {} {peer}", entry.row.flow.local.port(), glyphs::BOTH);
        let left = time_wait_left(model, ctx, entry);
        ((words.in_the_way)(&connection, state.name(), left.as_deref()), theme.alarm)
    });
    match &server.status {
        ServerStatus::Failed { errno, holder } => {
            let retry = format!("{}: {}", keys::first(Action::Lab(LabAction::StartStop), ctx.text), words.retry);
            let retry = (retry, theme.key);
            let text::Trouble { what, remedy } = (ctx.text.errno)(*errno);
            let holder = holder.as_ref().map(|process| (words.held_by)(&name(process)));
            match in_the_way {
                Some(connection) => vec![connection, retry],
                None => vec![
                    (format!("{errno}: {}", holder.as_deref().unwrap_or(what)), theme.alarm),
                    (remedy.into(), theme.text),
                    retry,
                ],
            }
        }
        ServerStatus::Off if model.worlds.shown().observing => {
            let who = match model.worlds.shown().listener(server).map(|entry| entry.row.process.as_ref()) {
                Some(Some(process)) => (words.watched_by)(&name(process)),
                Some(None) => words.watched.into(),
                None => words.nobody.into(),
            };
            in_the_way.into_iter().chain([(who, theme.text)]).collect()
        }
        ServerStatus::Off | ServerStatus::Up { .. } => vec![],
    }
}

/// Details of the selected server, the most urgent first.
fn details(model: &Model, ctx: &DrawContext, server: &Server) -> Vec<(String, Style)> {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let mut said = super::target::sentences(model, ctx);
    said.extend(condition(model, ctx, server));
    if let Some(errno) = server.paused {
        said.push(((words.paused)(&errno.to_string(), (ctx.text.errno)(errno).what), theme.alarm));
    }
    if let Some(peer) = server.busy_with() {
        said.push(((words.busy_with)(peer), theme.state.opening));
    }
    if let Some((waiting, backlog)) = queue(model, server) {
        said.push(((words.queue)(waiting, backlog), if waiting > 0 { theme.state.opening } else { theme.quiet }));
    }
    if server.is_up() {
        if let Some((open, limit)) = half_open(model, server) {
            let style = if open < limit { theme.state.opening } else { theme.alarm };
            said.push(((words.half_open)(open, limit), style));
        }
        if server.model.is_some() {
            said.push(((words.served)(&numbers.count(server.served), server.served), theme.quiet));
        }
        let (received, sent) = server.bytes;
        said.push(((words.traffic)(&numbers.bytes(received), &numbers.bytes(sent)), theme.quiet));
    }
    said
}
