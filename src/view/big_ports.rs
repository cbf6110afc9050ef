//! The ports view: the port of the newest client, or of the chosen one, in giant digits, and facts that explain it.

use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use tui_big_text::{BigText, PixelSize};

use super::draw_context::{DrawContext, PaneFrame};
use super::line_writer::{LineWriter, paragraph, width};
use super::{areas, client_status, glyphs, keys, names, number_line, screen_size};
use crate::domain::keys::{Action, WireAction};
use crate::domain::{Destination, Proto, TcpState};
use crate::model::Model;
use crate::model::clients::Client;
use crate::model::page::ConnectionPage;
use crate::model::ui::{Glyphs, View};

/// The lines besides the digits: titles, captions, the connection, the number line, counts.
const TEXTS: u16 = 5;

/// The blank lines between them where nothing else needs the room.
const GAPS: u16 = 3;

/// How many lines the view takes above the list of clients.
pub(super) fn height(model: &Model, body: Rect) -> u16 {
    let edge = if screen_size::is_roomy(model.ui.size) { 2 } else { 1 };
    let digits = Digits::of(model, body.width.saturating_sub(6), body.height / 3).height;
    let height = edge + TEXTS + digits;
    let clients = u16::try_from(model.worlds.shown().clients.all().len()).unwrap_or(u16::MAX / 2);
    let spare = body.height.saturating_sub(height + edge + clients);
    (height + if spare > GAPS { GAPS } else { 0 }).min(body.height)
}

/// Draws the view.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.ports;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let chosen = model.ui.client.is_some();
    let used = Usage::of(model);
    let keys = format!("↑ ↓ {}{}", words.other, if chosen { format!("  Esc {}", words.back) } else { String::new() });
    let count = used.as_ref().map_or_else(String::new, |used| (words.in_use)(&numbers.count(used.open + used.waiting)));
    let frame = PaneFrame { title: words.title, count: &count, keys: &keys, focused: true, ..PaneFrame::default() };
    let inside = ctx.pane(&frame, area, buf);
    let inside = Rect { x: inside.x + 2, width: inside.width.saturating_sub(4), ..inside };
    let Some((client, local)) = number_line::shown(model).and_then(|client| Some((client, client.local?))) else {
        let key = keys::first(Action::Wire(WireAction::Toggle), ctx.text);
        let none_here = ctx.text.clients.none_on_wire;
        let sentence = if model.has_no_lab() { none_here(&key) } else { words.none.to_owned() };
        let [_, place] = areas::rows(inside, [1, inside.height.saturating_sub(1)]);
        let used = paragraph(&sentence, theme.quiet, place, buf);
        let line = Rect { y: place.y + used + 1, height: 1, ..inside };
        number_line::render(model, ctx, line.intersection(inside), buf);
        return;
    };
    let digits = Digits::of(model, inside.width, inside.height.saturating_sub(TEXTS));
    let gap = u16::from(inside.height >= TEXTS + digits.height + GAPS);
    let [_, titles, big, captions, _, pair, _, line, counts] =
        areas::rows(inside, [gap, 1, digits.height, 1, gap, 1, gap, 1, 1]);
    let port = client.destination.addr.port();
    let left = digits.second.saturating_sub(2);
    let who = format!("{}, {}", names::short(ctx, client), client_status::of(model, ctx, client).text());
    let title = format!("{}: {who}", if chosen { words.chosen } else { words.newest });
    let title = if width(&title) < left { title } else { who };
    let server = client.destination.server.and_then(|id| model.worlds.shown().servers.get(id));
    let server = server.map_or_else(String::new, |server| format!(": {}", server.spec.name));
    LineWriter::on(buf, titles, 0)
        .cell(&title, left, theme.title)
        .goto(inside.x + digits.second)
        .write(&format!("{}{server}", words.server), theme.title);
    digits.draw(local.port(), theme.newest, big, buf);
    let right = Rect { x: big.x + digits.second, width: big.width.saturating_sub(digits.second), ..big };
    if digits.both {
        digits.draw(port, theme.host.server, right, buf);
    } else {
        LineWriter::on(buf, right, digits.height / 2).write(&format!(":{port}"), theme.host.server);
    }
    let arrow = glyphs::RANGE_LINE.repeat(6) + glyphs::LONG_ARROW;
    let between = Rect { x: big.x + digits.width + 2, width: digits.second.saturating_sub(digits.width + 2), ..big };
    if between.width >= 10 {
        LineWriter::on(buf, between, digits.height / 2).skip((between.width - 10) / 2).write(&arrow, theme.text);
    }
    let wait = client_status::row(model, client).filter(|entry| entry.row.state == Some(TcpState::TimeWait));
    let wait = wait.and_then(|entry| entry.timer_left(model.now));
    let changes = wait.map(|left| format!("{}; {}", words.changes, (words.free_in)(&numbers.left(left))));
    let changes = changes.filter(|changes| width(changes) <= left).unwrap_or_else(|| words.changes.into());
    LineWriter::on(buf, captions, 0)
        .cell(&changes, left, theme.text)
        .goto(inside.x + digits.second)
        .write(words.stays, theme.text);
    one_connection(ctx, client, local, &mut LineWriter::on(buf, pair, 0));
    number_line::render(model, ctx, line, buf);
    if let Some(used) = used {
        LineWriter::on(buf, counts, 0)
            .write(&(words.open)(&numbers.count(used.open), used.open), theme.state.established)
            .write(glyphs::SEPARATOR, theme.border)
            .write(&(words.time_wait)(&numbers.count(used.waiting)), theme.state.time_wait)
            .write(glyphs::SEPARATOR, theme.border)
            .write(&(words.free)(&numbers.count(used.free)), theme.text);
    }
}

/// The columns that the newest port takes beside the lab's clients.
const BESIDE: u16 = 25;

/// Draws the newest client's port at the right of the lab's clients, where the screen is wide enough, and returns the
/// rest of the area.
pub(super) fn beside(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) -> Rect {
    let digits = Digits { size: Some(PixelSize::Quadrant), both: false, width: 20, height: 4, second: BESIDE };
    // Quadrants of a cell have no replacement in ASCII.
    let wide = model.ui.view == View::Lab
        && model.ui.glyphs != Glyphs::Ascii
        && model.ui.size.0 >= ConnectionPage::BESIDE
        && area.width > 3 * BESIDE;
    let newest = number_line::newest(model).and_then(|client| Some((client, client.local?)));
    let Some((client, local)) = newest.filter(|_| wide && area.height > digits.height) else {
        return area;
    };
    let [rest, side] = areas::columns(area, [area.width - BESIDE, BESIDE]);
    let title = format!("{}: {}", ctx.text.ports.newest, names::short(ctx, client));
    LineWriter::on(buf, side, 0).skip(2).write(&title, ctx.theme.title);
    let big = Rect { x: side.x + 2, y: side.y + 1, width: side.width - 2, height: digits.height };
    digits.draw(local.port(), ctx.theme.newest, big, buf);
    rest
}

/// The size of the digits.
struct Digits {
    size: Option<PixelSize>,
    /// Whether the server's port is as large as the client's.
    both: bool,
    width: u16,
    height: u16,
    /// The column where the server's port begins.
    second: u16,
}

impl Digits {
    fn of(model: &Model, columns: u16, height: u16) -> Self {
        let ascii = model.ui.glyphs == Glyphs::Ascii;
        let sizes = [(PixelSize::Full, 40, 8), (PixelSize::HalfHeight, 40, 4), (PixelSize::Quadrant, 20, 4)];
        // Quadrants of a cell have no replacement in ASCII.
        let usable = sizes.into_iter().filter(|(size, ..)| !ascii || !matches!(size, PixelSize::Quadrant));
        let fits = usable.into_iter().find(|(_, width, high)| 2 * width + 12 <= columns && *high <= height);
        match fits {
            Some((size, width, height)) => {
                // The texts above and below the client's port need some room too.
                let second = (width + ((columns - 2 * width) / 2).min(30)).max(45).min(columns - width - 4);
                Self { size: Some(size), both: true, width, height, second }
            }
            // There is room for one of the two: the one that changes.
            None if columns >= 40 + 16 && height >= 4 => {
                Self { size: Some(PixelSize::HalfHeight), both: false, width: 40, height: 4, second: 46 }
            }
            None => Self { size: None, both: false, width: 7, height: 1, second: columns / 2 },
        }
    }

    fn draw(&self, port: u16, style: Style, area: Rect, buf: &mut Buffer) {
        match self.size {
            Some(size) => {
                let area = Rect { width: area.width.min(self.width), ..area };
                let line = Line::from(port.to_string());
                BigText::builder().pixel_size(size).style(style).lines([line]).build().render(area, buf);
            }
            None => _ = LineWriter::on(buf, area, 0).write(&format!(":{port}"), style),
        }
    }
}

/// The address pair of a client's connection, spelled out; of a UDP socket, that it has none.
fn one_connection(ctx: &DrawContext, client: &Client, local: SocketAddr, writer: &mut LineWriter<'_>) {
    let words = &ctx.text.ports;
    let theme = &ctx.theme;
    let Destination { proto, addr: peer, .. } = client.destination;
    if proto == Proto::Udp {
        writer.write(words.udp, theme.text);
        return;
    }
    let pair = format!("( {proto}, {}, {}, {}, {} )", local.ip(), local.port(), peer.ip(), peer.port());
    let name = format!("{} = ", words.one_connection);
    if width(&name) + width(&pair) <= writer.room() {
        writer.write(&name, theme.text);
    }
    writer.write(&format!("( {proto}, {}, ", local.ip()), theme.text);
    writer.write(&local.port().to_string(), theme.newest).write(&format!(", {}, ", peer.ip()), theme.text);
    writer.write(&peer.port().to_string(), theme.host.server).write(" )", theme.text);
}

/// How many ports of the range are in use, in TIME_WAIT, and free.
struct Usage {
    open: u64,
    waiting: u64,
    free: u64,
}

impl Usage {
    fn of(model: &Model) -> Option<Self> {
        let (low, high) = model.worlds.shown().port_range?;
        let mut ports: Vec<(u16, bool)> = Vec::new();
        for (_, entry) in model.worlds.shown().table.rows() {
            let port = entry.row.flow.local.port();
            if (low..=high).contains(&port) && entry.row.flow.proto == Proto::Tcp {
                ports.push((port, entry.row.state != Some(TcpState::TimeWait)));
            }
        }
        ports.sort_unstable();
        // A port with two destinations is one port; it is in use if any of its connections is.
        let by_port: Vec<bool> =
            ports.chunk_by(|one, other| one.0 == other.0).map(|port| port.iter().any(|(_, open)| *open)).collect();
        let open = by_port.iter().filter(|open| **open).count() as u64;
        let used = by_port.len() as u64;
        Some(Self { open, waiting: used - open, free: u64::from(high - low) + 1 - used })
    }
}
