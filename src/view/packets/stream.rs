//! The data that both ends of a conversation sent, in order, each in its colour.

use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::draw_context::DrawContext;
use super::super::glyphs;
use super::super::line_writer::{LineWriter, paragraph, wrap};
use super::ladder;
use crate::domain::Flow;
use crate::model::packets::{StreamText, StreamTurn, Traffic};

/// One line: the packet that it came in, the sender's mark, and the text.
struct StreamLine {
    packet: Option<u64>,
    mark: &'static str,
    text: String,
    style: Style,
}

/// Draws the end of the text, or an earlier part when it is scrolled back.
pub(super) fn render(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let texts = &ctx.text.packets;
    let Some(client) = traffic.client() else {
        return ladder::nobody(ctx, area, buf);
    };
    let [head, rest] = super::rows(area, [2.min(area.height), area.height.saturating_sub(2)]);
    ladder::names(traffic, ctx, &client, head, buf);
    let stream = traffic.packets.stream.as_ref().filter(|stream| !stream.turns.is_empty());
    let Some(stream) = stream else {
        let messages = messages(traffic, ctx, &client, rest.height);
        if !messages.is_empty() {
            return write(ctx, &messages, rest, buf);
        }
        let said = match &traffic.packets.stream {
            _ if traffic.packets.ladder.packets.is_empty() => texts.no_packet,
            // The text is assembled in the background.
            None => texts.looking,
            Some(_) => texts.nothing_said,
        };
        paragraph(said, ctx.theme.quiet, rest, buf);
        return;
    };
    write(ctx, &lines(ctx, &client, stream, traffic.packets.stream_back, rest), rest, buf);
}

fn write(ctx: &DrawContext, lines: &[StreamLine], area: Rect, buf: &mut Buffer) {
    for (row, line) in (0..area.height).zip(lines) {
        let mut writer = LineWriter::on(buf, area, row);
        let number = line.packet.map_or_else(String::new, |packet| format!("#{packet}"));
        writer.right(&number, 7, ctx.theme.quiet).skip(1).cell(line.mark, 1, line.style).skip(1);
        writer.write(&line.text, line.style);
    }
}

/// The last ICMP messages of a conversation without data: they are what was said.
fn messages(traffic: &Traffic<'_>, ctx: &DrawContext, client: &Flow, height: u16) -> Vec<StreamLine> {
    let packets = traffic.packets.ladder.packets.entries().rev().filter_map(|seq| traffic.packet(seq));
    let lines = packets.filter_map(|packet| {
        let icmp = packet.icmp?;
        let (mark, style) = side(ctx, client, packet.flow.local);
        let text = format!("{} {icmp}", packet.protocol());
        Some(StreamLine { packet: Some(packet.number), mark, text, style })
    });
    let mut lines: Vec<_> = lines.take(height.into()).collect();
    lines.reverse();
    lines
}

/// The client's lines have its colour and a mark that points to the right.
fn side(ctx: &DrawContext, client: &Flow, from: SocketAddr) -> (&'static str, Style) {
    if from == client.local {
        (glyphs::HEAD_RIGHT, ctx.theme.host.client)
    } else {
        (glyphs::HEAD_LEFT, ctx.theme.host.server)
    }
}

/// The visible lines. A long conversation costs no more than a short one.
fn lines(ctx: &DrawContext, client: &Flow, stream: &StreamText, back: usize, area: Rect) -> Vec<StreamLine> {
    let height = usize::from(area.height);
    let room = area.width.saturating_sub(11);
    let mut skip = back;
    let mut lines = Vec::new();
    for said in stream.turns.iter().rev() {
        let end = said.height().saturating_sub(skip);
        skip = skip.saturating_sub(said.height());
        for place in (0..end).rev() {
            lines.extend(line(ctx, client, said, place, room).into_iter().rev());
            if lines.len() >= height {
                lines.truncate(height);
                lines.reverse();
                return lines;
            }
        }
    }
    // Scrolled to the beginning: it stands at the top, and the screen is still full.
    let whole = stream.turns.iter().flat_map(|said| (0..said.height()).map(move |place| (said, place)));
    let cut = stream.cut.then(|| StreamLine {
        packet: None,
        mark: " ",
        text: ctx.text.packets.cut.into(),
        style: ctx.theme.quiet,
    });
    cut.into_iter().chain(whole.flat_map(|(said, place)| line(ctx, client, said, place, room))).take(height).collect()
}

/// One line of a turn, wrapped into as many lines of the screen as it takes.
fn line(ctx: &DrawContext, client: &Flow, said: &StreamTurn, place: usize, room: u16) -> Vec<StreamLine> {
    let texts = &ctx.text.packets;
    let theme = &ctx.theme;
    let (mark, style) = side(ctx, client, said.from);
    let missing = usize::from(said.missing > 0);
    let (text, style) = match place.checked_sub(missing) {
        None => ((texts.missing)(&ctx.text.numbers.bytes(said.missing)), theme.alarm),
        Some(place) => match said.lines.get(place) {
            Some(line) => (line.clone(), style),
            None => (texts.empty.into(), theme.quiet),
        },
    };
    let rows = wrap(&text, room).into_iter().enumerate();
    let packet = |row| (place == 0 && row == 0).then_some(said.packet);
    rows.map(|(row, text)| StreamLine { packet: packet(row), mark, text: text.to_owned(), style }).collect()
}
