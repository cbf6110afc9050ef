//! Draws the model on a buffer: pure, without a clock or I/O, at a cost that depends only on what is visible.

mod areas;
mod big_ports;
mod broadcast;
mod client_status;
mod clients;
mod column_budget;
mod dialog;
mod draw_context;
mod event_line;
mod event_text;
mod filter_line;
mod footer;
mod glyphs;
mod graph;
mod header;
mod help;
mod input_line;
mod keys;
mod layout;
mod lessons;
mod lifecycle;
mod line_writer;
mod names;
mod netstat;
mod netstat_columns;
mod network;
mod number_line;
mod packets;
mod page;
mod screen_size;
pub mod sentences;
mod server_cells;
mod server_status;
mod servers;
mod small;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod theme;
mod wire;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub use event_line::event_line;
pub use keys::keys_table;
pub use theme::ColorDepth;

use crate::domain::RowKey;
use crate::model::Model;
use crate::model::connection_end::ConnectionEnd;
use crate::model::ui::{Glyphs, Mode};
use draw_context::DrawContext;

/// Draws the whole screen, and places the cursor where something is typed.
pub fn draw(model: &Model, depth: ColorDepth, frame: &mut Frame<'_>) {
    if let Some(cursor) = render(model, depth, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws the whole screen on a buffer, and returns where the cursor is, when something is typed.
pub fn render(model: &Model, depth: ColorDepth, buf: &mut Buffer) -> Option<Position> {
    let area = buf.area;
    let ctx = DrawContext::of(model, depth);
    buf.set_style(area, ctx.theme.paper);
    let parts = layout::parts(model, area);
    if parts.is_none() {
        let open = model.worlds.host().servers.are_open();
        small::render(&ctx, open, area, buf);
    }
    let cursor = parts.and_then(|parts| screen(model, &ctx, &parts, buf));
    if model.ui.glyphs == Glyphs::Ascii {
        glyphs::to_ascii(buf);
    }
    cursor
}

fn screen(model: &Model, ctx: &DrawContext, parts: &layout::ScreenLayout, buf: &mut Buffer) -> Option<Position> {
    header::render(model, ctx, parts.header, buf);
    footer::render(model, ctx, parts.footer, buf);
    let mut cursor = None;
    let mut pane = |area: Rect, draw: &mut dyn FnMut(Rect, &mut Buffer) -> Option<Position>| {
        if !area.is_empty() {
            cursor = draw(area, buf).or(cursor);
        }
    };
    let plain = |draw: fn(&Model, &DrawContext, Rect, &mut Buffer)| {
        move |area: Rect, buf: &mut Buffer| {
            draw(model, ctx, area, buf);
            None
        }
    };
    pane(parts.servers, &mut plain(servers::render));
    pane(parts.clients, &mut plain(clients::render));
    pane(parts.netstat, &mut |area, buf| netstat::render(model, ctx, area, buf));
    pane(parts.lifecycle, &mut plain(lifecycle::render));
    pane(parts.broadcast, &mut |area, buf| broadcast::render(model, ctx, area, buf));
    pane(parts.page, &mut plain(page::render));
    pane(parts.beside, &mut plain(page::render_beside));
    pane(parts.body, &mut plain(big_ports::render));
    pane(parts.packets, &mut |area, buf| packets::render(model, ctx, area, buf));
    pane(parts.lessons, &mut |area, buf| lessons::render(model, ctx, area, buf));
    pane(parts.wire, &mut |area, buf| wire::render(model, ctx, area, buf));
    pane(parts.network, &mut plain(network::render));
    if model.ui.mode == Mode::Marking {
        // The mark is typed in place of the last line's keys.
        let footer = parts.footer;
        let line = Rect { x: footer.x + 1, width: footer.width.saturating_sub(1), ..footer };
        cursor = input_line::prompt(ctx.text.keys.mark_prompt, &model.ui.mark, ctx, line, buf).or(cursor);
    }
    cursor = dialog::render(model, ctx, buf).or(cursor);
    if model.ui.mode == Mode::Settings {
        wire::settings(model, ctx, buf);
    }
    if model.ui.mode == Mode::Forging {
        wire::forge(model, ctx, buf);
    }
    if model.ui.mode == Mode::Interfaces {
        packets::interfaces(model, ctx, buf);
    }
    if let Mode::Help(from) = model.ui.mode {
        help::render(model, ctx, from, buf);
        return None;
    }
    cursor
}

/// The rows of the socket table whose processes the screen shows now, from the top.
pub fn visible_rows(model: &Model) -> Vec<RowKey> {
    let (columns, rows) = model.ui.size;
    let Some(parts) = layout::parts(model, Rect::new(0, 0, columns, rows)) else { return Vec::new() };
    if let Some(page) = &model.ui.page {
        let ends = [ConnectionEnd::Client, ConnectionEnd::Server].into_iter().filter_map(|end| page.end(end));
        return ends.filter_map(|flow| model.worlds.shown().table.of(&flow)).map(|entry| entry.row.key()).collect();
    }
    let world = model.worlds.shown();
    let watched = world.servers.all().iter().filter(|_| world.observing && !parts.servers.is_empty());
    let mut rows: Vec<RowKey> = watched.filter_map(|server| Some(world.listener(server)?.row.key())).collect();
    if !parts.clients.is_empty() {
        rows.extend(clients::unnamed_rows(model, parts.clients));
    }
    if !parts.netstat.is_empty() {
        rows.extend(model.listing.keys(netstat::visible(model, parts.netstat)));
    }
    rows
}

/// The greatest scroll position of the list or text that is shown; `None` if nothing scrolls.
pub fn reach(model: &Model) -> Option<usize> {
    let (columns, rows) = model.ui.size;
    let area = Rect::new(0, 0, columns, rows);
    if let Mode::Help(_) = model.ui.mode {
        return Some(help::reach(model, area));
    }
    let parts = layout::parts(model, area)?;
    if !parts.network.is_empty() {
        return Some(network::reach(model, parts.network));
    }
    (!parts.page.is_empty()).then(|| page::reach(model, parts.page))
}
