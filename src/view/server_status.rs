//! A server in a few words: whether it is up, how it serves, and who waits for it.

use ratatui::style::Style;

use super::draw_context::DrawContext;
use super::glyphs;
use super::keys;
use super::line_writer::{LineWriter, width};
use crate::domain::keys::{Action, LabAction};
use crate::domain::{Errno, Proto, ServiceModel, TcpState};
use crate::model::Model;
use crate::model::servers::{Server, ServerStatus};
use crate::model::table::TableEntry;

/// Writes the marks of a server, its name, its protocol where it is asked for and there is room, and its port.
pub(super) fn head(
    model: &Model,
    ctx: &DrawContext,
    names: u16,
    server: &Server,
    with_proto: bool,
    writer: &mut LineWriter<'_>,
) {
    let theme = &ctx.theme;
    writer.cell(if server.id == model.ui.server { glyphs::SELECTED } else { " " }, 1, theme.newest);
    writer.cell(if model.ui.ticked.contains(&server.id) { glyphs::TICKED } else { " " }, 1, theme.key);
    writer.cell(&server.spec.name, names, theme.title).skip(1);
    if with_proto && writer.room() > 34 {
        writer.cell(server.spec.proto.name(), 4, theme.text);
    }
    writer.cell(&format!(":{}", server.addr().port()), 6, theme.host.server).skip(1);
}

/// Writes why a server is down: its status and, where another program or a connection has the port, which one and the
/// key that tries again, as much as fits. Of a watched server: whether somebody listens, who, and how many wait.
pub(super) fn down(model: &Model, ctx: &DrawContext, server: &Server, writer: &mut LineWriter<'_>) {
    let (status, style) = status(model, ctx, server);
    let listener = model.worlds.shown().listener(server);
    let mut forms = vec![status.clone()];
    if let ServerStatus::Failed { holder: Some(process), .. } = &server.status {
        let name = format!("{status}: {}", process.name);
        let whole = format!("{name} {}", process.pid);
        let key = keys::first(Action::Lab(LabAction::StartStop), ctx.text);
        let retry = format!("{whole}{}{key} {}", glyphs::SEPARATOR, ctx.text.servers.retry);
        forms = vec![retry, whole, name];
    } else if let Some(process) = listener.and_then(|entry| entry.row.process.as_ref()) {
        let name = format!("{status} {}", process.name);
        forms = vec![format!("{name} {}", process.pid), name, status];
    } else if let Some((entry, state)) = in_the_way(model, server).and_then(|entry| Some((entry, entry.row.state?))) {
        let left = time_wait_left(model, ctx, entry).map_or_else(String::new, |left| format!(" {left}"));
        forms = vec![format!("{status}: {state}{left}"), format!("{state}{left}"), status];
    }
    let queue = queue(model, server).filter(|(waiting, _)| *waiting > 0);
    let queue = queue.map_or_else(String::new, |(waiting, backlog)| format!("  {waiting}/{backlog}"));
    let fits = |text: &&String| width(text) + width(&queue) <= writer.room();
    let text = forms.iter().find(fits).or(forms.last()).map_or("", String::as_str);
    writer.write(text, style).write(&queue, ctx.theme.state.opening);
}

/// How long a connection in TIME_WAIT keeps its port still.
pub(super) fn time_wait_left(model: &Model, ctx: &DrawContext, entry: &TableEntry) -> Option<String> {
    let waits = entry.row.state == Some(TcpState::TimeWait);
    entry.timer_left(model.now).filter(|_| waits).map(|left| ctx.text.numbers.left(left))
}

/// The server's status in a word or two: LISTEN, bound, stopped, port taken …
pub(super) fn status(model: &Model, ctx: &DrawContext, server: &Server) -> (String, Style) {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    match &server.status {
        ServerStatus::Up { .. } if server.spec.proto == Proto::Udp => (words.bound.into(), theme.state.listen),
        ServerStatus::Up { .. } => ("LISTEN".into(), theme.state.listen),
        ServerStatus::Off if model.worlds.shown().observing => match model.worlds.shown().listener(server) {
            Some(_) if server.spec.proto == Proto::Udp => (words.bound.into(), theme.state.listen),
            Some(_) => ("LISTEN".into(), theme.state.listen),
            None => (words.nobody.into(), theme.quiet),
        },
        ServerStatus::Off => (words.stopped.into(), theme.quiet),
        ServerStatus::Failed { errno: Errno::AddrInUse, .. } => (words.port_taken.into(), theme.alarm),
        ServerStatus::Failed { errno, .. } => (errno.to_string(), theme.alarm),
    }
}

/// How it serves, and how many clients now. Empty for a scenario's socket that only listens.
pub(super) fn service(ctx: &DrawContext, server: &Server) -> String {
    let words = &ctx.text.servers;
    match server.model {
        None if server.spec.proto == Proto::Tcp => String::new(),
        None => (words.datagrams)(&ctx.text.numbers.count(server.served), server.served),
        Some(ServiceModel::Sequential) => words.one_at_a_time.into(),
        Some(model @ ServiceModel::Threaded) => (words.threads)(server.served_by(model)),
        Some(model @ ServiceModel::Async) => (words.tasks)(server.served_by(model)),
        Some(model @ ServiceModel::KeepsOpen) => (words.kept_open)(server.served_by(model)),
    }
}

/// How many clients it serves now, or how many datagrams it has received, in digits.
pub(super) fn service_short(ctx: &DrawContext, server: &Server) -> String {
    let now = match server.model {
        Some(ServiceModel::Sequential) => server.serving.len(),
        Some(model) => server.served_by(model),
        None => return ctx.text.numbers.count(server.served),
    };
    format!("{}{}", glyphs::TIMES, ctx.text.numbers.count(now as u64))
}

/// The accept queue from the listener's row: how many connections wait, and how many may.
pub(super) fn queue(model: &Model, server: &Server) -> Option<(u32, u32)> {
    if server.spec.proto == Proto::Udp {
        return None;
    }
    let entry = model.worlds.shown().listener(server)?;
    entry.row.recv_q.zip(entry.row.send_q)
}

/// A connection that keeps a TCP server's port, for which `bind` fails although nobody listens: the one that stays
/// longest.
pub(super) fn in_the_way<'a>(model: &'a Model, server: &Server) -> Option<&'a TableEntry> {
    let world = model.worlds.shown();
    let in_use = matches!(server.status, ServerStatus::Failed { errno: Errno::AddrInUse, holder: None });
    let watched = server.status == ServerStatus::Off && world.observing;
    if server.spec.proto != Proto::Tcp || !(in_use || watched) || world.listener(server).is_some() {
        return None;
    }
    let own = server.addr();
    let ip = own.ip().to_canonical();
    let has_it = |entry: &&TableEntry| {
        let local = entry.row.flow.local;
        let same = ip.is_unspecified() || local.ip().to_canonical() == ip || world.observing;
        entry.row.flow.proto == Proto::Tcp && local.port() == own.port() && same
    };
    let rows = world.table.rows().map(|(_, entry)| entry).filter(has_it);
    rows.max_by_key(|entry| (entry.row.state == Some(TcpState::TimeWait), entry.timer_left(model.now), entry.arrival))
}

/// How many connections are half open, and how many may be; `None` when there are none.
pub(super) fn half_open(model: &Model, server: &Server) -> Option<(u32, u32)> {
    let limit = server.limit(&model.worlds.shown().table)?;
    let open = model.worlds.shown().table.half_open(server.addr());
    (open > 0).then_some((open, limit))
}
