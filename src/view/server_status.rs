//! A server in a few words: whether it is up, how it serves, and who waits for it.

use ratatui::style::Style;

use super::draw_context::DrawContext;
use crate::domain::{Flow, Proto, ServiceModel};
use crate::model::Model;
use crate::model::servers::{Server, ServerStatus};

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
