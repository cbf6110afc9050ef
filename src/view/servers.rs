//! The servers: a pane with a row each and details of the selected one, or all of them in a line or two.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::draw_context::{DrawContext, PaneFrame};
use super::glyphs;
use super::line_writer::{LineWriter, paragraph, width, wrap_all};
use super::{areas, keys};
use crate::domain::keys::{Action, LabAction, WireAction};
use crate::domain::{Flow, Proto, ServiceModel};
use crate::model::Model;
use crate::model::servers::{Server, Status};
use crate::model::ui::{Mode, Pane};
use crate::model::window::window;
use crate::text;

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let all = model.worlds.shown().servers.all();
    let ours: &[_] = if model.worlds.shown().observing {
        &[]
    } else {
        &[Action::Lab(LabAction::StartStop), Action::Lab(LabAction::NextModel)]
    };
    let mut hints: Vec<_> =
        ours.iter().copied().chain([Action::Lab(LabAction::Tick)]).map(|action| ctx.hint(action)).collect();
    while !hints.is_empty() && width(&hints.join("  ")) + 5 > area.width {
        hints.pop();
    }
    let foot = hints.join("  ");
    let frame = PaneFrame {
        title: ctx.text.servers.title,
        foot: if area.height > 6 { &foot } else { "" },
        focused: model.ui.focus == Pane::Servers && model.ui.mode == Mode::Command,
        ..PaneFrame::default()
    };
    let inside = ctx.frame(&frame, area, buf);
    if all.is_empty() {
        let key = keys::first(Action::Wire(WireAction::Toggle), ctx.text);
        let words = &ctx.text.servers;
        let sentence = if model.has_no_lab() { (words.none_on_wire)(&key) } else { words.none.to_owned() };
        paragraph(&sentence, ctx.theme.quiet, inside, buf);
        return;
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
    writer.cell(if selected { glyphs::SELECTED } else { " " }, 1, theme.newest);
    writer.cell(if model.ui.ticked.contains(&server.id) { glyphs::TICKED } else { " " }, 1, theme.key);
    writer.cell(&server.spec.name, names, theme.title).skip(1);
    if writer.room() > 34 {
        writer.cell(server.spec.proto.name(), 4, theme.text);
    }
    writer.cell(&format!(":{}", server.addr().port()), 6, theme.host.server).skip(1);
    let (status, style) = status(model, ctx, server);
    let service = service(ctx, server);
    if server.is_up() {
        writer.cell(&status, width(&status).max(6), style).skip(1);
        let queue = queue(model, server).map(|(waiting, backlog)| format!("{waiting}/{backlog}"));
        let column = queue.as_deref().map_or(0, |queue| width(queue) + 1);
        let room = writer.room().saturating_sub(column).min(18);
        let short = || format!("{}{}", glyphs::TIMES, ctx.text.numbers.count(server.serving.len() as u64));
        let service = if width(&service) > room { short() } else { service };
        writer.cell(&service, room, theme.text);
        if let Some(queue) = queue {
            let alarm = !queue.starts_with("0/");
            writer.right(&queue, column, if alarm { theme.state.opening } else { theme.quiet });
        }
    } else {
        writer.write(&status, style);
    }
    if selected && model.ui.focus == Pane::Servers {
        writer.restyle(start, theme.selected);
    }
}

/// The server's status in a word or two: LISTEN, bound, stopped, port taken …
fn status(model: &Model, ctx: &DrawContext, server: &Server) -> (String, Style) {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    match &server.status {
        Status::Up { .. } if server.spec.proto == Proto::Udp => (words.bound.into(), theme.state.listen),
        Status::Up { .. } => ("LISTEN".into(), theme.state.listen),
        Status::Off if model.worlds.shown().observing => (words.watched.into(), theme.quiet),
        Status::Off => (words.stopped.into(), theme.quiet),
        Status::Failed { errno: crate::domain::Errno::AddrInUse, .. } => (words.port_taken.into(), theme.alarm),
        Status::Failed { errno, .. } => (errno.to_string(), theme.alarm),
    }
}

/// How it serves, and how many clients now. Empty for a scenario's socket that only listens.
fn service(ctx: &DrawContext, server: &Server) -> String {
    let words = &ctx.text.servers;
    match server.model {
        None if server.spec.proto == Proto::Tcp => String::new(),
        None => (words.datagrams)(&ctx.text.numbers.count(server.served), server.served),
        Some(ServiceModel::Sequential) => words.one_at_a_time.into(),
        Some(model @ ServiceModel::Threaded) => (words.threads)(server.served_by(model)),
        Some(model @ ServiceModel::Async) => (words.tasks)(server.served_by(model)),
    }
}

/// The accept queue from the listener's row: how many connections wait, and how many may.
fn queue(model: &Model, server: &Server) -> Option<(u32, u32)> {
    if server.spec.proto == Proto::Udp {
        return None;
    }
    let entry = model.worlds.shown().table.of(&Flow::unconnected(Proto::Tcp, server.addr()))?;
    entry.row.recv_q.zip(entry.row.send_q)
}

/// How many connections are half open, and how many may be; `None` when there are none.
pub(super) fn half_open(model: &Model, server: &Server) -> Option<(u32, u32)> {
    let limit = server.limit(&model.worlds.shown().table)?;
    let open = model.worlds.shown().table.half_open(server.addr());
    (open > 0).then_some((open, limit))
}

/// Details of the selected server, the most urgent first.
fn details(model: &Model, ctx: &DrawContext, server: &Server) -> Vec<(String, Style)> {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let trouble = |errno| -> text::Trouble { (ctx.text.errno)(errno) };
    let mut said = super::target::sentences(model, ctx);
    match &server.status {
        Status::Failed { errno, holder } => {
            let holder_text =
                holder.as_ref().map(|process| (words.held_by)(&format!("{} (pid {})", process.name, process.pid)));
            let what = holder_text.unwrap_or_else(|| trouble(*errno).what.into());
            said.push((format!("{errno}: {what}"), theme.alarm));
            said.push((
                format!("{}: {}", keys::first(Action::Lab(LabAction::StartStop), ctx.text), words.retry),
                theme.key,
            ));
            said.push((trouble(*errno).remedy.into(), theme.text));
        }
        Status::Off if model.worlds.shown().observing => said.push((words.watched_long.into(), theme.text)),
        Status::Off | Status::Up { .. } => {}
    }
    if let Some(errno) = server.paused {
        said.push(((words.paused)(&errno.to_string(), trouble(errno).what), theme.alarm));
    }
    if let Some(peer) = server.busy_with() {
        said.push(((words.busy_with)(peer), theme.state.opening));
    }
    if server.is_up() {
        if let Some((waiting, backlog)) = queue(model, server) {
            said.push(((words.queue)(waiting, backlog), if waiting > 0 { theme.state.opening } else { theme.quiet }));
        }
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

/// One server in a few words: mark, name, port, and anything unusual.
fn condensed(model: &Model, ctx: &DrawContext, server: &Server) -> Vec<(String, Style)> {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    let selected = server.id == model.ui.server;
    let mark = if selected { glyphs::SELECTED } else { " " };
    let tick = if model.ui.ticked.contains(&server.id) { glyphs::TICKED } else { "" };
    let name = if selected && model.ui.focus == Pane::Servers { theme.selected } else { theme.title };
    let mut said = vec![
        (format!("{mark}{tick}"), theme.newest),
        (server.spec.name.clone(), name),
        (format!(" :{}", server.addr().port()), theme.host.server),
    ];
    if !server.is_up() {
        let (status, style) = status(model, ctx, server);
        said.push((format!(" {status}"), style));
        if let Status::Failed { holder: Some(process), .. } = &server.status {
            said.push((format!(" {}/{}", process.pid, process.name), style));
        }
        return said;
    }
    if let Some(by) = server.model {
        let count = if by == ServiceModel::Sequential { server.serving.len() } else { server.served_by(by) };
        said.push((format!(" {}{}", glyphs::TIMES, ctx.text.numbers.count(count as u64)), theme.text));
    }
    if let Some((waiting, _)) = queue(model, server).filter(|(waiting, _)| *waiting > 0) {
        said.push((format!(" ({})", (words.waiting)(waiting)), theme.state.opening));
    }
    if let Some((open, limit)) = half_open(model, server) {
        let style = if open < limit { theme.state.opening } else { theme.alarm };
        said.push((format!(" ({})", (words.half_open_short)(open)), style));
    }
    if let Some(errno) = server.paused {
        said.push((format!(" {errno}"), theme.alarm));
    }
    said
}

fn columns(said: &[(String, Style)]) -> u16 {
    said.iter().map(|(text, _)| width(text)).sum::<u16>() + 2
}

/// How many lines the servers take when they have no pane.
pub(super) fn lines_needed(model: &Model, columns: u16) -> u16 {
    let ctx = DrawContext::of(model, super::ColorDepth::Mono);
    let mut lines = 1;
    let mut used = 0;
    for server in model.worlds.shown().servers.all() {
        let needs = self::columns(&condensed(model, &ctx, server));
        if used > 0 && used + needs > columns {
            lines += 1;
            used = 0;
        }
        used += needs;
    }
    lines
}

/// Draws all servers in the available lines, without breaking one across two lines.
pub(super) fn render_lines(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let all = model.worlds.shown().servers.all();
    if all.is_empty() {
        LineWriter::on(buf, area, 0).skip(1).write(ctx.text.servers.none, ctx.theme.quiet);
    }
    let mut row = 0;
    let mut used = 0;
    for server in all {
        let said = condensed(model, ctx, server);
        let needs = columns(&said);
        if used > 0 && used + needs > area.width && row + 1 < area.height {
            row += 1;
            used = 0;
        }
        let mut writer = LineWriter::on(buf, area, row);
        writer.skip(used);
        for (text, style) in &said {
            writer.write(text, *style);
        }
        used += needs;
    }
}
