//! A server in a few words: whether it is up, how it serves, and who waits for it.

use ratatui::style::Style;

use super::draw_context::DrawContext;
use super::glyphs;
use super::keys;
use super::line_writer::LineWriter;
use crate::domain::keys::{Action, LabAction};
use crate::domain::{Flow, Proto, ServiceModel};
use crate::model::Model;
use crate::model::servers::{Server, ServerStatus};

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

/// Writes why a server is down: its status and, where another program has the port, which one and the key that tries
/// again, as much as fits.
pub(super) fn down(model: &Model, ctx: &DrawContext, server: &Server, writer: &mut LineWriter<'_>) {
    let (status, style) = status(model, ctx, server);
    let ServerStatus::Failed { holder: Some(process), .. } = &server.status else {
        writer.write(&status, style);
        return;
    };
    let name = format!("{status}: {}", process.name);
    let whole = format!("{name} {}", process.pid);
    let key = keys::first(Action::Lab(LabAction::StartStop), ctx.text);
    let retry = format!("{whole}{}{key} {}", glyphs::SEPARATOR, ctx.text.servers.retry);
    writer.write_first(&[&retry, &whole, &name], style);
}

/// The server's status in a word or two: LISTEN, bound, stopped, port taken …
pub(super) fn status(model: &Model, ctx: &DrawContext, server: &Server) -> (String, Style) {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    match &server.status {
        ServerStatus::Up { .. } if server.spec.proto == Proto::Udp => (words.bound.into(), theme.state.listen),
        ServerStatus::Up { .. } => ("LISTEN".into(), theme.state.listen),
        ServerStatus::Off if model.worlds.shown().observing => (words.watched.into(), theme.quiet),
        ServerStatus::Off => (words.stopped.into(), theme.quiet),
        ServerStatus::Failed { errno: crate::domain::Errno::AddrInUse, .. } => (words.port_taken.into(), theme.alarm),
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
    }
}

/// The accept queue from the listener's row: how many connections wait, and how many may.
pub(super) fn queue(model: &Model, server: &Server) -> Option<(u32, u32)> {
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
