//! The ports view: the newest client's port in giant digits, and facts that explain its number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use tui_big_text::{BigText, PixelSize};

use super::draw_context::{DrawContext, PaneFrame};
use super::line_writer::{LineWriter, width, wrap};
use super::number_line::{self, newest};
use super::{areas, glyphs, keys};
use crate::domain::keys::{Action, WireAction};
use crate::domain::{Proto, TcpState};
use crate::model::Model;
use crate::model::clients::Client;
use crate::model::ui::Glyphs;

/// Draws the view.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.ports;
    let inside = ctx.pane(&PaneFrame { title: words.title, focused: true, ..PaneFrame::default() }, area, buf);
    let inside = Rect { x: inside.x + 2, width: inside.width.saturating_sub(4), ..inside };
    let Some((client, local)) = newest(model).and_then(|client| Some((client, client.local?))) else {
        let key = keys::first(Action::Wire(WireAction::Toggle), ctx.text);
        let none_here = ctx.text.clients.none_on_wire;
        let sentence = if model.has_no_lab() { none_here(&key) } else { words.none.to_owned() };
        let lines = wrap(&sentence, inside.width);
        let below = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        for (row, line) in (1..).zip(lines) {
            LineWriter::on(buf, inside, row).write(line, ctx.theme.quiet);
        }
        let line = Rect { y: inside.y.saturating_add(below), height: 1, ..inside };
        number_line::render(model, ctx, line.intersection(inside), buf);
        return;
    };
    let below = 8;
    let digits = Digits::of(model, inside, inside.height.saturating_sub(below + 3));
    let [_, titles, big, captions, rest] =
        areas::rows(inside, [u16::from(inside.height > below + digits.height + 3), 1, digits.height, 1, inside.height]);
    let second = digits.second;
    let theme = &ctx.theme;
    let port = client.destination.addr.port();
    LineWriter::on(buf, titles, 0)
        .write(words.newest, theme.title)
        .goto(inside.x + second)
        .write(words.server, theme.title);
    digits.draw(local.port(), theme.newest, big, buf);
    let right = Rect { x: big.x + second, width: big.width.saturating_sub(second), ..big };
    if digits.both {
        digits.draw(port, theme.host.server, right, buf);
    } else {
        LineWriter::on(buf, right, digits.height / 2).write(&format!(":{port}"), theme.host.server);
    }
    let arrow = glyphs::RANGE_LINE.repeat(6) + glyphs::LONG_ARROW;
    let gap = Rect { x: big.x + digits.width + 2, width: second.saturating_sub(digits.width + 2), ..big };
    if gap.width >= 10 {
        LineWriter::on(buf, gap, digits.height / 2).skip((gap.width - 10) / 2).write(&arrow, theme.text);
    }
    LineWriter::on(buf, captions, 0)
        .write(words.changes, theme.text)
        .goto(inside.x + second)
        .write(words.stays, theme.text);
    facts(model, ctx, client, rest, buf);
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
    fn of(model: &Model, area: Rect, height: u16) -> Self {
        let ascii = model.ui.glyphs == Glyphs::Ascii;
        let sizes = [(PixelSize::Full, 40, 8), (PixelSize::HalfHeight, 40, 4), (PixelSize::Quadrant, 20, 4)];
        // Quadrants of a cell have no replacement in ASCII.
        let usable = sizes.into_iter().filter(|(size, ..)| !ascii || !matches!(size, PixelSize::Quadrant));
        let fits = usable.into_iter().find(|(_, width, high)| 2 * width + 12 <= area.width && *high <= height);
        match fits {
            Some((size, width, height)) => {
                let second = width + ((area.width - 2 * width) / 2).min(30);
                Self { size: Some(size), both: true, width, height, second }
            }
            // There is room for one of the two: the one that changes.
            None if area.width >= 40 + 16 && height >= 4 => {
                Self { size: Some(PixelSize::HalfHeight), both: false, width: 40, height: 4, second: 46 }
            }
            None => Self { size: None, both: false, width: 7, height: 1, second: area.width / 2 },
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

fn facts(model: &Model, ctx: &DrawContext, client: &Client, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.ports;
    let theme = &ctx.theme;
    let mut row = 1;
    let mut writer = LineWriter::on(buf, area, row);
    match (client.destination.proto, client.local) {
        (Proto::Tcp, Some(local)) => {
            let peer = client.destination.addr;
            let proto = client.destination.proto;
            writer.write(words.one_connection, theme.text).write(" = ( ", theme.text).write(proto.name(), theme.text);
            writer.write(&format!(", {}, ", local.ip()), theme.text).write(&local.port().to_string(), theme.newest);
            writer.write(&format!(", {}, ", peer.ip()), theme.text);
            writer.write(&peer.port().to_string(), theme.host.server).write(" )", theme.text);
        }
        _ => _ = writer.write(words.udp, theme.text),
    }
    row += 2;
    number_line::render(model, ctx, Rect { y: area.y + row, height: 1, ..area }.intersection(area), buf);
    row += 1;
    counts(model, ctx, &mut LineWriter::on(buf, area, row));
    row += 2;
    steps(model, ctx, &mut LineWriter::on(buf, area, row));
    row += 2;
    countdowns(model, ctx, Rect { y: area.y + row, height: area.height.saturating_sub(row), ..area }, buf);
}

/// How many ports of the range are in use, waiting, and free.
fn counts(model: &Model, ctx: &DrawContext, writer: &mut LineWriter<'_>) {
    let words = &ctx.text.ports;
    let numbers = &ctx.text.numbers;
    let Some((low, high)) = model.worlds.shown().port_range else { return };
    let mut ports: Vec<(u16, bool)> = Vec::new();
    for (_, entry) in model.worlds.shown().table.rows() {
        let port = entry.row.flow.local.port();
        if (low..=high).contains(&port) && entry.row.flow.proto == Proto::Tcp {
            ports.push((port, entry.row.state != Some(TcpState::TimeWait)));
        }
    }
    ports.sort_unstable();
    // A port with two destinations is one port; it is in use if any of its connections is.
    let mut by_port = ports.chunk_by(|one, other| one.0 == other.0);
    let mut used = 0u64;
    let mut waiting = 0u64;
    by_port.by_ref().for_each(|port| *(if port.iter().any(|(_, used)| *used) { &mut used } else { &mut waiting }) += 1);
    let free = u64::from(high - low) + 1 - used - waiting;
    writer.write(&(words.in_use)(&numbers.count(used)), ctx.theme.state.established);
    writer.write(glyphs::SEPARATOR, ctx.theme.border);
    writer.write(&(words.time_wait)(&numbers.count(waiting)), ctx.theme.state.time_wait);
    writer.write(glyphs::SEPARATOR, ctx.theme.border);
    writer.write(&(words.free)(&numbers.count(free)), ctx.theme.text);
}

/// The latest ports, in the order they came, with the steps between them.
fn steps(model: &Model, ctx: &DrawContext, writer: &mut LineWriter<'_>) {
    let words = &ctx.text.ports;
    let theme = &ctx.theme;
    let Some(newest) = newest(model) else { return };
    let same = |client: &&Client| client.destination == newest.destination && client.local.is_some();
    // Each port takes ten columns with its step. One more port is worth more than the comment behind them.
    let columns = usize::from(writer.room().saturating_sub(width(words.latest) + 2) / 11).clamp(1, 9);
    let mut ports: Vec<u16> = model
        .worlds
        .shown()
        .clients
        .all()
        .iter()
        .rev()
        .filter(same)
        .take(columns)
        .filter_map(|c| c.local)
        .map(|a| a.port())
        .collect();
    ports.reverse();
    writer.write(words.latest, theme.quiet).skip(2);
    let mut before: Option<u16> = None;
    for (at, port) in ports.iter().enumerate() {
        if let Some(before) = before {
            let step = i32::from(*port) - i32::from(before);
            writer.write(&format!(" {step:+} "), theme.quiet);
        }
        let last = at + 1 == ports.len();
        writer.write(&port.to_string(), if last { theme.newest } else { theme.host.client });
        before = Some(*port);
    }
    let low = model.worlds.shown().port_range.map_or(0, |(low, _)| low);
    if let Some(port) = before.filter(|port| newest.destination.proto == Proto::Tcp && port % 2 == low % 2) {
        writer.write_whole(&format!("   {}", if port % 2 == 0 { words.even } else { words.odd }), theme.quiet);
    }
}

/// Ports in TIME_WAIT, and the time until each is free again.
fn countdowns(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.ports;
    let theme = &ctx.theme;
    let mut waiting: Vec<_> = Vec::new();
    let room = usize::from(area.height) * usize::from(area.width / 16);
    for client in model.worlds.shown().clients.all().iter().rev() {
        let entry = client.flow().and_then(|flow| model.worlds.shown().table.of(&flow));
        if let Some((entry, local)) = entry.zip(client.local)
            && entry.row.state == Some(TcpState::TimeWait)
            && let Some(left) = entry.timer_left(model.now)
        {
            waiting.push(format!(":{} {}", local.port(), ctx.text.numbers.left(left)));
            if waiting.len() >= room {
                break;
            }
        }
    }
    if waiting.is_empty() || area.height == 0 {
        return;
    }
    let all = format!("TIME_WAIT, {}:  {}", words.countdown, waiting.join("   "));
    for (row, line) in (0..area.height).zip(wrap(&all, area.width)) {
        LineWriter::on(buf, area, row).write(line, theme.state.time_wait);
    }
}
