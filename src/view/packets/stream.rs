//! What both ends of a conversation said, in the order of time, each in its colour.

use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::glyphs;
use super::super::ink::{Ink, wrap};
use super::super::look::Look;
use super::ladder;
use crate::domain::Flow;
use crate::model::Model;
use crate::model::packets::{Said, Stream};

/// One line: which packet it came in, who said it, and what.
struct Line {
    packet: Option<u64>,
    mark: &'static str,
    text: String,
    style: Style,
}

/// Draws the text from its end, or from as far back as it is scrolled.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let texts = &look.text.packets;
    let Some(client) = model.packets.ladder.client(&model.world) else {
        return ladder::nobody(model, look, area, buf);
    };
    let [head, rest] = super::rows(area, [2.min(area.height), area.height.saturating_sub(2)]);
    ladder::names(model, look, &client, head, buf);
    let stream = model.packets.stream.as_ref().filter(|stream| !stream.turns.is_empty());
    let Some(stream) = stream else {
        let said = if model.packets.ladder.trail.is_empty() { texts.no_packet } else { texts.nothing_said };
        for (row, line) in (0..rest.height).zip(wrap(said, rest.width.saturating_sub(2))) {
            Ink::on(buf, rest, row).skip(1).say(line, look.theme.quiet);
        }
        return;
    };
    let lines = lines(look, &client, stream, model.packets.stream_back, rest);
    for (row, line) in (0..rest.height).zip(lines.iter().rev()) {
        let mut ink = Ink::on(buf, rest, row);
        let number = line.packet.map_or_else(String::new, |packet| format!("#{packet}"));
        ink.right(&number, 7, look.theme.quiet).skip(1).cell(line.mark, 1, line.style).skip(1);
        ink.say(&line.text, line.style);
    }
}

/// The lines that are seen, the last first: a long conversation costs no more than a short one.
fn lines(look: &Look, client: &Flow, stream: &Stream, back: usize, area: Rect) -> Vec<Line> {
    let height = usize::from(area.height);
    let room = area.width.saturating_sub(11);
    let mut skip = back;
    let mut lines = Vec::new();
    for said in stream.turns.iter().rev() {
        let turn = turn(look, client, said, room);
        for line in turn.into_iter().rev() {
            if skip > 0 {
                skip -= 1;
            } else if lines.len() < height {
                lines.push(line);
            }
        }
        if lines.len() >= height {
            return lines;
        }
    }
    if stream.cut && lines.len() < height {
        let text = look.text.packets.cut.into();
        lines.push(Line { packet: None, mark: " ", text, style: look.theme.quiet });
    }
    lines
}

/// What one end said in one go. The client's words have its colour and point to the right.
fn turn(look: &Look, client: &Flow, said: &Said, room: u16) -> Vec<Line> {
    let (texts, theme) = (&look.text.packets, &look.theme);
    let by_client = |from: SocketAddr| from == client.local;
    let (mark, style) = if by_client(said.from) {
        (glyphs::HEAD_RIGHT, theme.host.client)
    } else {
        (glyphs::HEAD_LEFT, theme.host.server)
    };
    let mut texts_said: Vec<(String, Style)> = Vec::new();
    if said.missing > 0 {
        texts_said.push(((texts.missing)(&look.text.numbers.bytes(said.missing)), theme.alarm));
    }
    let words = said.lines.iter().flat_map(|line| wrap(line, room)).map(|line| (line.to_owned(), style));
    texts_said.extend(words);
    if texts_said.is_empty() {
        texts_said.push((texts.empty.into(), theme.quiet));
    }
    let numbered = texts_said.into_iter().enumerate();
    numbered.map(|(at, (text, style))| Line { packet: (at == 0).then_some(said.packet), mark, text, style }).collect()
}
