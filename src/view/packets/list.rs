//! The list: one packet a line.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::super::column_budget::ColumnBudget;
use super::super::ink::{Ink, fit, width, wrap};
use super::super::look::Look;
use super::super::{filter_line, glyphs};
use super::{note, words};
use crate::domain::{Event, PacketSummary, Stamp};
use crate::model::lifecycle::{Subject, same_pair};
use crate::model::packets::{Packets, Reader, Traffic};
use crate::model::window::{tail, window};

/// Draws the list, and returns where the cursor is while the filter is typed.
pub(super) fn render(
    traffic: &Traffic<'_>,
    sifting: bool,
    look: &Look,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let typing = if sifting { 2.min(area.height) } else { 0 };
    let head = u16::from(area.height - typing >= 3);
    let [typing, head, rows] = super::rows(area, [typing, head, area.height - typing - head]);
    let rows = note::render(traffic, look, rows, buf);
    let list = &traffic.packets.list;
    let height = usize::from(rows.height);
    let places = match list.reader {
        Reader::Follows => tail(list.len(), height),
        Reader::Holds { at, .. } => window(Some(list.place(at)), list.held_len(), height),
    };
    let seqs = places.filter_map(|place| list.seq(place));
    let entries: Vec<_> = seqs.filter_map(|seq| traffic.journal.get(seq)).collect();
    if list.is_empty() {
        let texts = &look.text.packets;
        let sentence = match traffic.packets.seen {
            0 => traffic.file.map_or(texts.none, |file| note::nothing(file, look)),
            _ if traffic.packets.is_looking() => texts.looking,
            _ => texts.none_match,
        };
        for (row, line) in (0..rows.height).zip(wrap(sentence, rows.width.saturating_sub(2))) {
            Ink::on(buf, rows, row).skip(1).say(line, look.theme.quiet);
        }
    } else {
        let columns = PacketColumns::of(traffic, look, &entries, rows.width);
        columns.head(look, &mut Ink::on(buf, head, 0));
        for (row, event) in (0..rows.height).zip(&entries) {
            self::row(traffic, look, &columns, event, rows, row, buf);
        }
    }
    if sifting {
        return filter_line::draw(
            &traffic.packets.line,
            &traffic.packets.proposals,
            traffic.packets.error.as_ref(),
            look,
            typing,
            buf,
        );
    }
    None
}

fn row(
    traffic: &Traffic<'_>,
    look: &Look,
    columns: &PacketColumns,
    event: &Event,
    area: Rect,
    row: u16,
    buf: &mut Buffer,
) {
    let Some(packet) = Packets::of(event) else { return };
    columns.draw(traffic, look, event, packet, &mut Ink::on(buf, area, row));
    let mut ink = Ink::on(buf, area, row);
    if traffic.packets.selected() == Some(event.seq) {
        ink.say(glyphs::SELECTED, look.theme.newest);
        if traffic.packets.list.reader != Reader::Follows || traffic.file.is_some() {
            ink.restyle(area.x, look.theme.selected);
        }
    } else if matches!(traffic.subject, Some(Subject::Connection(flow)) if same_pair(&flow, &packet.flow)) {
        ink.restyle(area.x + 1, look.theme.related);
    }
}

/// From so many columns on there is room for microseconds.
const PRECISE: u16 = 116;

/// The columns that say what the packet is, at least.
const INFO: u16 = 24;

/// The widths of the columns.
struct PacketColumns {
    number: u16,
    time: u16,
    /// Whether microseconds are told.
    precise: bool,
    address: u16,
}

impl PacketColumns {
    fn of(traffic: &Traffic<'_>, look: &Look, entries: &[&Event], columns: u16) -> Self {
        let packets = || entries.iter().filter_map(|event| Packets::of(event));
        let number = packets().map(|packet| width(&packet.number.to_string())).max().unwrap_or(0).max(3);
        let precise = columns >= PRECISE;
        let time = width(&clock(look, precise, traffic.now)).max(7);
        let address = |packet: &PacketSummary| {
            let peer = packet.flow.peer.map_or(0, |peer| width(&peer.to_string()));
            width(&packet.flow.local.to_string()).max(peer)
        };
        let widest = packets().map(address).max().unwrap_or(0).max(9);
        // Addresses are cut to their ports before there is no room for what the packet is.
        let mut budget = ColumnBudget::new(columns, number + time + 6);
        let address = match budget.fit([(2 * widest, INFO)]) {
            0 => (budget.rest().saturating_sub(INFO) / 2).clamp(7, 15),
            both => both / 2,
        };
        Self { number, time, precise, address }
    }

    fn head(&self, look: &Look, ink: &mut Ink<'_>) {
        let (texts, style) = (&look.text.packets, look.theme.title);
        ink.skip(1).right(texts.number, self.number, style).skip(1);
        ink.right(texts.time, self.time, style).skip(3);
        ink.cell(texts.source, self.address, style).skip(1);
        ink.cell(texts.destination, self.address, style).skip(1).say(texts.info, style);
    }

    fn draw(&self, traffic: &Traffic<'_>, look: &Look, event: &Event, packet: &PacketSummary, ink: &mut Ink<'_>) {
        let theme = &look.theme;
        let serves = traffic.world.servers.at(packet.flow.proto, packet.flow.local).is_some();
        let hosts = &theme.host;
        let (from, to) = if serves { (hosts.server, hosts.client) } else { (hosts.client, hosts.server) };
        ink.skip(1).right(&packet.number.to_string(), self.number, theme.quiet).skip(1);
        ink.right(&clock(look, self.precise, event.seen.at), self.time, theme.quiet).skip(1);
        look.evidence(ink, event.seen.evidence);
        ink.skip(1).cell(&fit(packet.flow.local, self.address), self.address, from).skip(1);
        let peer = packet.flow.peer.map_or_else(String::new, |peer| fit(peer, self.address));
        ink.cell(&peer, self.address, to).skip(1);
        let proto = if packet.tcp.is_none() && packet.icmp.is_none() { "UDP " } else { "" };
        ink.say(proto, theme.title).say(&words::label(look, packet), theme.text);
        let findings = words::findings(look, packet);
        if !findings.is_empty() {
            ink.skip(2).say(&format!("[{}]", findings.join(", ")), theme.alarm);
        }
        ink.skip(2).whole(&words::more(packet), theme.quiet);
    }
}

fn clock(look: &Look, precise: bool, at: Stamp) -> String {
    let (since, numbers) = (at.since(Stamp::ZERO), &look.text.numbers);
    if precise { numbers.precise(since) } else { numbers.clock(since) }
}
