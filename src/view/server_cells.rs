//! The servers on a small screen: two beside each other, each in a few words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::areas;
use super::draw_context::DrawContext;
use super::layout::SERVERS_BESIDE;
use super::line_writer::{LineWriter, width};
use super::server_status::{down, half_open, head, queue, service, service_short};
use crate::domain::ServiceModel;
use crate::model::Model;
use crate::model::servers::Server;
use crate::model::ui::{Mode, Pane};
use crate::model::window::window;

/// Draws the servers.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let all = model.worlds.shown().servers.all();
    let names = all.iter().map(|server| width(&server.spec.name)).max().unwrap_or(0).min(12);
    let rows: Vec<_> = all.chunks(SERVERS_BESIDE).collect();
    let selected = all.iter().position(|server| server.id == model.ui.server).map(|at| at / SERVERS_BESIDE);
    let shown = window(selected, rows.len(), usize::from(area.height));
    for (y, servers) in (area.y..).zip(&rows[shown]) {
        let left = area.width / 2;
        let cells = areas::columns(Rect { y, height: 1, ..area }, [left, area.width - left]);
        for (cell, server) in cells.into_iter().zip(*servers) {
            self::cell(model, ctx, names, server, &mut LineWriter::on(buf, cell, 0));
        }
    }
}

/// One server: marks, name, port, how it serves, and anything unusual.
fn cell(model: &Model, ctx: &DrawContext, names: u16, server: &Server, writer: &mut LineWriter<'_>) {
    let words = &ctx.text.servers;
    let theme = &ctx.theme;
    let start = writer.x();
    let selected = server.id == model.ui.server;
    head(model, ctx, names, server, false, writer);
    let mut unusual = Vec::new();
    if let Some((waiting, backlog)) = queue(model, server).filter(|(waiting, _)| *waiting > 0) {
        let short = format!("{waiting}/{backlog}");
        unusual.push(([(words.waiting)(waiting), short], theme.state.opening));
    }
    if let Some((open, limit)) = half_open(model, server) {
        let style = if open < limit { theme.state.opening } else { theme.alarm };
        unusual.push(([(words.half_open_short)(open), format!("SYN_RECV {open}")], style));
    }
    if let Some(errno) = server.paused {
        unusual.push(([errno.to_string(), errno.to_string()], theme.alarm));
    }
    if server.is_up() {
        let rest = |form: usize| unusual.iter().map(|(forms, _)| width(&forms[form]) + 2).sum::<u16>();
        let [long, short] = served(ctx, server);
        let room = writer.room();
        let (served, form) = match () {
            () if width(&long) + rest(0) <= room => (long, 0),
            () if width(&short) + rest(0) <= room => (short, 0),
            () => (short, 1),
        };
        writer.write(&served, theme.text);
        for (forms, style) in &unusual {
            writer.skip(2).write(&forms[form], *style);
        }
    } else {
        down(model, ctx, server, writer);
    }
    if selected && model.ui.focus == Pane::Servers && model.ui.mode == Mode::Command {
        writer.restyle(start, theme.selected);
    }
}

/// How it serves and how many clients now, in full and in short.
fn served(ctx: &DrawContext, server: &Server) -> [String; 2] {
    let [long, short] = [service(ctx, server), service_short(ctx, server)];
    if server.model == Some(ServiceModel::Sequential) { [format!("{long} {short}"), short] } else { [long, short] }
}
