//! The join card: the address to connect to, large enough for the back row, and what to type; or why it is closed.

use std::net::{IpAddr, SocketAddr};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use tui_big_text::{BigText, PixelSize};

use super::focused;
use super::qr::Qr;
use crate::domain::Proto;
use crate::domain::keys::{Action, LabAction, NetworkAction};
use crate::model::Model;
use crate::model::network::{NetworkPart, ways};
use crate::model::servers::Server;
use crate::model::ui::Glyphs;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::line_writer::{LineWriter, width, wrap};
use crate::view::{keys, target};

/// Draws the card.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let header = &ctx.text.header;
    let open = model.worlds.shown().servers.are_open();
    let keys = if model.worlds.shown().observing {
        &[Action::Lab(LabAction::Target)][..]
    } else {
        &[Action::Network(NetworkAction::Door), Action::Lab(LabAction::Target)]
    };
    let keys = ctx.hints(keys);
    let frame = PaneFrame {
        title: words.card,
        count: match () {
            () if open && area.height <= ctx.pane_rows() + 1 => words.large,
            () if open => header.open,
            // Servers of another program may listen anywhere.
            () if model.worlds.shown().observing => "",
            () => header.loopback,
        },
        keys: &keys,
        focused: focused(model, NetworkPart::Card),
        ..PaneFrame::default()
    };
    let inside = ctx.pane(&frame, area, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let server =
        model.worlds.shown().servers.get(model.ui.server).or_else(|| model.worlds.shown().servers.all().first());
    let found = server.map(|server| (server, ways(model.worlds.shown(), server)));
    match found {
        Some((server, ways)) if open && inside.height == 1 && !ways.is_empty() => {
            brief(ctx, server, SocketAddr::new(ways[0], server.addr().port()), &mut LineWriter::on(buf, inside, 0));
        }
        Some((server, ways)) if open && !ways.is_empty() => joined(model, ctx, (server, &ways), inside, buf),
        Some((server, _)) if open => {
            let reachable = !model.worlds.shown().addresses.is_empty();
            let why = if reachable { (words.not_this)(&server.spec.name) } else { words.no_address.to_owned() };
            write_sentences(ctx, &[(why, ctx.theme.alarm)], target::sentences(model, ctx), inside, buf);
        }
        _ => closed(model, ctx, inside, buf),
    }
}

/// Says how to join in one line.
fn brief(ctx: &DrawContext, server: &Server, addr: SocketAddr, writer: &mut LineWriter<'_>) {
    let theme = &ctx.theme;
    let udp = if server.spec.proto == Proto::Udp { "-u " } else { "" };
    writer.write(&addr.ip().to_string(), theme.newest).skip(2);
    writer.write(&format!(":{} {}", addr.port(), server.spec.name), theme.host.server);
    writer.write_whole(&format!("    nc {udp}{} {}", addr.ip(), addr.port()), theme.typed);
    writer.write_whole(&format!("    socklab-tui --target {addr}"), theme.text);
}

/// Says why students cannot join.
fn closed(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    if model.worlds.shown().observing {
        return write_sentences(ctx, &[(words.observing.into(), theme.text)], target::sentences(model, ctx), area, buf);
    }
    let key = (words.to_open)(&keys::first(Action::Network(NetworkAction::Door), ctx.text));
    let mut said = vec![(words.closed.to_owned(), theme.title), (key, theme.key)];
    let strangers: u64 = model
        .worlds
        .shown()
        .peers
        .all()
        .filter(|(address, _)| !address.is_loopback())
        .map(|(_, peer)| peer.open())
        .sum();
    if strangers > 0 {
        said.insert(1, ((words.still)(&numbers.count(strangers), strangers), theme.alarm));
    }
    if area.height > 4 {
        said.insert(1, (words.closed_why.to_owned(), theme.text));
    }
    write_sentences(ctx, &said, target::sentences(model, ctx), area, buf);
}

/// Writes sentences and, below them, the target.
fn write_sentences(
    ctx: &DrawContext,
    said: &[(String, Style)],
    target: Vec<(String, Style)>,
    area: Rect,
    buf: &mut Buffer,
) {
    let mut row = 0;
    let mut write = |(text, style): &(String, Style), row: &mut u16| {
        for line in wrap(text, area.width) {
            if *row < area.height {
                LineWriter::on(buf, area, *row).write(line, *style);
                *row += 1;
            }
        }
    };
    said.iter().for_each(|sentence| write(sentence, &mut row));
    if row + 2 < area.height {
        row += 1;
    }
    let target = if target.is_empty() { vec![(ctx.text.network.target_here.into(), ctx.theme.quiet)] } else { target };
    target.iter().for_each(|sentence| write(sentence, &mut row));
}

/// Says how to join.
fn joined(model: &Model, ctx: &DrawContext, (server, ways): (&Server, &[IpAddr]), area: Rect, buf: &mut Buffer) {
    let Some((best, others)) = ways.split_first() else { return };
    let addr = SocketAddr::new(*best, server.addr().port());
    let ascii = model.ui.glyphs == Glyphs::Ascii;
    let mut right = area;
    let qr = Qr::of(&addr.to_string(), ascii);
    if let Some(qr) = qr.filter(|qr| qr.size().0 + 48 <= area.width && qr.size().1 <= area.height) {
        let (columns, lines) = qr.size();
        qr.render(ctx, Rect { width: columns, height: lines, ..area }, buf);
        if area.height > lines {
            let caption = ctx.text.network.qr;
            let left = columns.saturating_sub(width(caption)) / 2;
            LineWriter::on(buf, Rect { width: columns, ..area }, lines).skip(left).write(caption, ctx.theme.quiet);
        }
        right = Rect { x: area.x + columns + 2, width: area.width - columns - 2, ..area };
    }
    let typed = what_to_type(ctx, server, addr, (others, right.width));
    let mut lines: Vec<(&str, Vec<&str>, Style)> = Vec::new();
    let column = typed.iter().map(|(label, ..)| width(label)).max().unwrap_or(0) + 2;
    for (label, command, style) in &typed {
        lines.push((label, wrap(command, right.width.saturating_sub(column)), *style));
    }
    let needed: usize = lines.iter().map(|(_, parts, _)| parts.len()).sum();
    let spare = right.height.saturating_sub(u16::try_from(needed).unwrap_or(u16::MAX));
    let mut row = head(ctx, server, addr, (spare, ascii), right, buf);
    for (label, parts, style) in lines {
        for (at, part) in parts.into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            LineWriter::on(buf, right, row).cell(label, column, ctx.theme.quiet).write(part, style);
            row += 1;
        }
    }
    let target = target::sentences(model, ctx);
    let left = Rect { y: right.y + row.min(right.height), height: right.height.saturating_sub(row), ..right };
    if !target.is_empty() {
        write_sentences(ctx, &[], target, left, buf);
    }
}

/// Writes the address and the port, as large as `spare` lines allow. Returns the next free line.
fn head(
    ctx: &DrawContext,
    server: &Server,
    addr: SocketAddr,
    (spare, ascii): (u16, bool),
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    let theme = &ctx.theme;
    let ip = addr.ip().to_string();
    let port = addr.port().to_string();
    let name = format!("{} ({})", server.spec.name, server.spec.proto.name().to_uppercase());
    // The server's name has its own line if the big digits leave one, or if there are no big digits.
    let mut row = u16::from(spare >= 9 || (2..5).contains(&spare));
    if row > 0 {
        LineWriter::on(buf, area, 0).write(ctx.text.network.here, theme.title).write(&format!(" {name}"), theme.text);
    }
    let size = |text: &str, big: bool| {
        let columns = width(text);
        let sizes = [(PixelSize::HalfHeight, 8), (PixelSize::Quadrant, 4)];
        let fits = |(pixels, each): &(PixelSize, u16)| {
            big && columns.saturating_mul(*each) <= area.width && !(ascii && matches!(pixels, PixelSize::Quadrant))
        };
        sizes.into_iter().find(fits).map(|(pixels, _)| pixels)
    };
    let both = size(&ip, spare >= row + 8);
    let number = size(&port, spare >= row + 5 || both.is_some());
    for (text, pixels, style) in [(&ip, both, theme.newest), (&port, number, theme.host.server)] {
        match pixels {
            Some(pixels) => {
                let place = Rect { y: area.y + row, height: 4, ..area }.intersection(area);
                let line = Line::from(text.as_str());
                BigText::builder().pixel_size(pixels).style(style).lines([line]).build().render(place, buf);
                row += 4;
            }
            None if number.is_some() => {
                LineWriter::on(buf, area, row).write(text, style);
                row += 1;
            }
            None => {
                // Both on one line.
                LineWriter::on(buf, area, row)
                    .write(&ip, theme.newest)
                    .write("  :", theme.text)
                    .write(&port, theme.host.server);
                return row + 1;
            }
        }
    }
    row
}

/// The commands a student can type, each with a label. Lines of Python are broken where Python allows it.
fn what_to_type(
    ctx: &DrawContext,
    server: &Server,
    addr: SocketAddr,
    (others, room): (&[IpAddr], u16),
) -> Vec<(&'static str, String, Style)> {
    let words = &ctx.text.network;
    let theme = &ctx.theme;
    let ip = addr.ip();
    let port = addr.port();
    let udp = server.spec.proto == Proto::Udp;
    let mut lines = vec![(words.type_this, format!("nc {}{ip} {port}", if udp { "-u " } else { "" }), theme.typed)];
    let mut python = python(words.hello, addr, udp);
    let label = width(words.or_python) + 2;
    if room >= label + width(&format!("{}; {}{}", python[0], python[1], python[2])) {
        let first = format!("{}; {}{}", python[0], python[1], python[2]);
        python.splice(0..3, [first]);
    } else if room >= label + width(&format!("{}{}", python[1], python[2])) {
        let second = format!("{}{}", python[1], python[2]);
        python.splice(1..3, [second]);
    } else {
        python[2].insert_str(0, "    ");
    }
    for (at, line) in python.into_iter().enumerate() {
        lines.push((if at == 0 { words.or_python } else { "" }, line, theme.text));
    }
    lines.push((words.or_this, format!("socklab-tui --target {addr}"), theme.text));
    if !others.is_empty() {
        let list: Vec<_> = others.iter().map(ToString::to_string).collect();
        lines.push(("", (words.other_ways)(&list.join(", ")), theme.quiet));
    }
    lines
}

/// A minimal client in Python. The second line continues in the third.
fn python(hello: &str, addr: SocketAddr, udp: bool) -> Vec<String> {
    let ip = addr.ip();
    let port = addr.port();
    let family = if ip.is_ipv6() { "socket.AF_INET6" } else { "socket.AF_INET" };
    let (open, rest, talk) = if udp {
        let say = format!("s.sendto(b\"{hello}\", (\"{ip}\", {port})); print(s.recv(99))");
        ("s = socket.socket(", format!("{family}, socket.SOCK_DGRAM)"), say)
    } else {
        let say = format!("s.send(b\"{hello}\\n\"); print(s.recv(99))");
        ("s = socket.create_connection(", format!("(\"{ip}\", {port}))"), say)
    };
    vec!["import socket".into(), open.into(), rest, talk]
}
