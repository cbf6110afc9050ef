//! The list: one packet a line.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::super::column_budget::ColumnBudget;
use super::super::draw_context::DrawContext;
use super::super::line_writer::{LineWriter, paragraphs, width};
use super::super::{filter_line, glyphs, keys};
use super::{note, words};
use crate::domain::keys::{Action, PacketsAction};
use crate::domain::{Event, Finding, Flow, InterfaceName, PacketSummary, Stamp, WorldId};
use crate::model::lifecycle::{Subject, same_pair};
use crate::model::packets::{CaptureStatus, Packets, Traffic};

/// Draws the list, and returns where the cursor is while the filter is typed.
pub(super) fn render(
    traffic: &Traffic<'_>,
    sifting: bool,
    ctx: &DrawContext,
    area: Rect,
    buf: &mut Buffer,
) -> Option<Position> {
    let typing = if sifting { 2.min(area.height) } else { 0 };
    let head = u16::from(area.height - typing >= 3);
    let [typing, head, rows] = super::rows(area, [typing, head, area.height - typing - head]);
    let rows = note::render(traffic, ctx, rows, buf);
    let list = &traffic.packets.list;
    let places = list.visible(rows.height.into());
    let seqs = places.filter_map(|place| list.entry(place));
    let entries: Vec<_> = seqs.filter_map(|seq| traffic.journal.get(seq)).collect();
    if list.is_empty() {
        empty(traffic, ctx, rows, buf);
    } else {
        let columns = PacketColumns::of(traffic, ctx, &entries, rows.width);
        columns.head(ctx, &mut LineWriter::on(buf, head, 0));
        for (row, event) in (0..rows.height).zip(&entries) {
            self::row(traffic, ctx, &columns, event, rows, row, buf);
        }
    }
    if sifting {
        return filter_line::draw(
            &traffic.packets.line,
            &traffic.packets.completions,
            traffic.packets.error.as_ref(),
            ctx,
            typing,
            buf,
        );
    }
    None
}

/// Says why nothing is listed, and where packets could come from.
fn empty(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let texts = &ctx.text.packets;
    let sentence = match traffic.packets.seen {
        0 => traffic.file.map_or(texts.none, |file| note::nothing(file, ctx)),
        _ if traffic.packets.is_looking() => texts.looking,
        _ => texts.none_match,
    };
    let lives = traffic.file.is_none() && traffic.packets.world == WorldId::Host && traffic.packets.seen == 0;
    let listening = match &traffic.packets.capturing {
        CaptureStatus::On(interfaces) if lives => {
            (texts.listening)(interfaces, &keys::first(Action::Packets(PacketsAction::Interfaces), ctx.text))
        }
        _ => vec![],
    };
    let more = listening.iter().map(|line| (line.as_str(), ctx.theme.quiet));
    let lines: Vec<_> = std::iter::once((sentence, ctx.theme.quiet)).chain(more).collect();
    paragraphs(&lines, area, buf);
}

fn row(
    traffic: &Traffic<'_>,
    ctx: &DrawContext,
    columns: &PacketColumns,
    event: &Event,
    area: Rect,
    row: u16,
    buf: &mut Buffer,
) {
    let Some(packet) = Packets::of(event) else { return };
    columns.draw(traffic, ctx, event, packet, &mut LineWriter::on(buf, area, row));
    let mut writer = LineWriter::on(buf, area, row);
    if traffic.packets.selected() == Some(event.seq) {
        writer.write(glyphs::SELECTED, ctx.theme.newest);
        if !traffic.packets.list.follows() || traffic.file.is_some() {
            writer.restyle(area.x, ctx.theme.selected);
        }
    } else if matches!(traffic.subject, Some(Subject::Connection(flow)) if same_pair(&flow, &packet.flow)) {
        writer.restyle(area.x + 1, ctx.theme.related);
    }
}

/// From this width on, times have microseconds.
const PRECISE: u16 = 116;

/// The longest name that Linux gives an interface.
const LONGEST_NAME: u16 = 15;

/// The least width of the packet's description.
const INFO: u16 = 24;

/// The widths of the columns.
struct PacketColumns {
    number: u16,
    time: u16,
    /// Whether times have microseconds.
    precise: bool,
    /// The interface, where packets are of several; else 0.
    interface: u16,
    address: u16,
}

impl PacketColumns {
    fn of(traffic: &Traffic<'_>, ctx: &DrawContext, entries: &[&Event], columns: u16) -> Self {
        let packets = || entries.iter().filter_map(|event| Packets::of(event));
        let number = packets().map(|packet| width(&packet.number.to_string())).max().unwrap_or(0).max(3);
        let precise = columns >= PRECISE;
        // Of what is shown: a clock that goes on would move the columns while nothing comes.
        let times = entries.iter().map(|event| width(&clock(ctx, precise, event.seen.at)));
        let time = times.max().unwrap_or(0).max(7);
        let address = |packet: &PacketSummary| {
            let Flow { proto, local, peer } = packet.flow;
            let width = |end| width(&proto.address(end));
            width(local).max(peer.map_or(0, width))
        };
        let widest = packets().map(address).max().unwrap_or(0).max(9);
        // Addresses are cut to their ports before the description gets too narrow.
        let name = |packet: &PacketSummary| packet.interface.as_ref().map_or(0, |name| width(name.as_str()));
        let named = packets().map(name).max().unwrap_or(0).max(width(ctx.text.packets.interface)).min(LONGEST_NAME);
        let interface = if traffic.packets.seen_on.several { named } else { 0 };
        let mut budget = ColumnBudget::new(columns, number + time + 6 + interface + u16::from(interface > 0));
        let address = match budget.fit([(2 * widest, INFO)]) {
            0 => (budget.rest().saturating_sub(INFO) / 2).clamp(7, 15),
            both => both / 2,
        };
        Self { number, time, precise, interface, address }
    }

    fn head(&self, ctx: &DrawContext, writer: &mut LineWriter<'_>) {
        let texts = &ctx.text.packets;
        let style = ctx.theme.title;
        writer.skip(1).right(texts.number, self.number, style).skip(1);
        writer.right(texts.time, self.time, style).skip(3);
        if self.interface > 0 {
            writer.cell(texts.interface, self.interface, style).skip(1);
        }
        writer.cell(texts.source, self.address, style).skip(1);
        writer.cell(texts.destination, self.address, style).skip(1).write(texts.info, style);
    }

    fn draw(
        &self,
        traffic: &Traffic<'_>,
        ctx: &DrawContext,
        event: &Event,
        packet: &PacketSummary,
        writer: &mut LineWriter<'_>,
    ) {
        let theme = &ctx.theme;
        let serves = traffic.world.servers.at(packet.flow.proto, packet.flow.local).is_some();
        let hosts = &theme.host;
        let (from, to) = if serves { (hosts.server, hosts.client) } else { (hosts.client, hosts.server) };
        let time =
            if packet.findings.has(Finding::NoTime) { String::new() } else { clock(ctx, self.precise, event.seen.at) };
        writer.skip(1).right(&packet.number.to_string(), self.number, theme.quiet).skip(1);
        writer.right(&time, self.time, theme.quiet).skip(1);
        ctx.evidence(writer, event.seen.evidence);
        let address = |end| words::address(packet.flow.proto, end, self.address);
        writer.skip(1);
        if self.interface > 0 {
            let name = packet.interface.as_ref().map_or("", InterfaceName::as_str);
            writer.cell(name, self.interface, theme.quiet).skip(1);
        }
        writer.cell(&address(packet.flow.local), self.address, from).skip(1);
        let peer = packet.flow.peer.map_or_else(String::new, address);
        writer.cell(&peer, self.address, to).skip(1);
        if packet.tcp.is_none() && packet.icmp.is_none() {
            writer.write(&packet.label(), theme.title).skip(1);
        }
        writer.write(&words::label(ctx, packet), theme.text);
        let findings = words::findings(ctx, packet);
        if !findings.is_empty() {
            writer.skip(2).write(&format!("[{}]", findings.join(", ")), theme.alarm);
        }
        writer.skip(2).write_whole(&words::more(packet), theme.quiet);
    }
}

fn clock(ctx: &DrawContext, precise: bool, at: Stamp) -> String {
    let since = at.since(Stamp::ZERO);
    let numbers = &ctx.text.numbers;
    if precise { numbers.precise(since) } else { numbers.clock(since) }
}
