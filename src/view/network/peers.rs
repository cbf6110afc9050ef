//! The peers by address: their connections, what they said, and what the guard refused.

use std::net::IpAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::focused;
use crate::domain::keys::{Action, NetworkAction};
use crate::domain::{Excerpt, Rule, Stamp};
use crate::model::Model;
use crate::model::network::{self, NetworkPart, PeersView};
use crate::model::peers::Peer;
use crate::model::servers::Server;
use crate::model::table::Table;
use crate::model::window::window;
use crate::view::areas::rows;
use crate::view::column_budget::ColumnBudget;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::line_writer::{LineWriter, paragraph, width, wrap_pieces};
use crate::view::server_status;
use crate::view::{footer, glyphs, keys};

/// How many lines the selected peer's details take below the list; below the wall it is one.
const DETAIL: u16 = 3;

/// The width of a visitor on the wall.
const CELL: u16 = 40;

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let numbers = &ctx.text.numbers;
    let all = network::peers(model);
    let count = (words.now)(&numbers.count(all.len() as u64), all.len() as u64);
    let listed = Action::Network(NetworkAction::Listed);
    let keys = ctx.hints(&[NetworkAction::Kick, NetworkAction::Block].map(Action::Network));
    let keys = format!("{keys}  {} {}", keys::first(listed, ctx.text), footer::word(model, ctx, listed));
    let focused = focused(model, NetworkPart::Peers);
    let frame = PaneFrame { title: words.peers, count: &count, keys: &keys, focused, ..PaneFrame::default() };
    let inside = ctx.pane(&frame, area, buf);
    let half_open = half_open(model, ctx);
    let told = u16::from(half_open.is_some()).min(inside.height);
    let [first, inside] = rows(inside, [told, inside.height - told]);
    if let Some((said, style)) = half_open
        && told > 0
    {
        LineWriter::on(buf, first, 0).skip(1).write(&said, style);
    }
    if all.is_empty() {
        let key = keys::first(Action::Network(NetworkAction::Door), ctx.text);
        let open = model.worlds.shown().servers.are_open();
        let sentence = if open { words.no_peers.to_owned() } else { (words.no_peers_closed)(&key) };
        paragraph(&sentence, ctx.theme.quiet, inside, buf);
        return;
    }
    let selected = model.ui.network.peer.and_then(|peer| all.iter().position(|(address, _)| *address == peer));
    let wall = model.ui.network.peers == PeersView::Wall;
    let detail = match inside.height {
        ..=2 => 0,
        height if !wall && selected.is_some() && height > 3 + DETAIL => DETAIL,
        _ => 1,
    };
    let [list, below] = rows(inside, [inside.height - detail, detail]);
    let shown = ShownPeers { model, ctx, all: &all, selected };
    if wall {
        shown.wall(list, buf);
    } else {
        shown.list(list, buf);
    }
    match selected.map(|at| &all[at]) {
        Some(peer) => self::detail(model, ctx, peer, below, buf),
        None => _ = LineWriter::on(buf, below, 0).skip(1).write(&limits(model, ctx), ctx.theme.quiet),
    }
}

/// The sign before what is counted for one peer, if datagrams were counted without their senders.
fn at_least(model: &Model) -> &'static str {
    if model.worlds.shown().peers.are_partial { glyphs::AT_LEAST } else { "" }
}

/// An address as the class knows it.
fn name(ctx: &DrawContext, address: IpAddr) -> String {
    if address.is_loopback() { ctx.text.network.here_peer.to_owned() } else { address.to_string() }
}

/// The columns of the longest address.
fn address_columns(all: &[(IpAddr, &Peer)]) -> u16 {
    all.iter().map(|(address, _)| width(&address.to_string())).max().unwrap_or(0).clamp(13, 25)
}

/// The peers that are listed, and which of them is selected.
#[derive(Clone, Copy)]
struct ShownPeers<'a> {
    model: &'a Model,
    ctx: &'a DrawContext,
    all: &'a [(IpAddr, &'a Peer)],
    selected: Option<usize>,
}

impl ShownPeers<'_> {
    /// Draws the peers in columns in the order of coming, so that nobody moves when another comes. What does not fit is
    /// counted in the last cell.
    fn wall(&self, area: Rect, buf: &mut Buffer) {
        let Self { model, ctx, all, selected } = *self;
        let theme = &ctx.theme;
        let height = usize::from(area.height);
        let cells = height * usize::from((area.width / CELL).max(1));
        let page = if all.len() <= cells { cells } else { cells.saturating_sub(1).max(1) };
        let from = selected.unwrap_or(0) / page * page;
        let cell = |at: usize| {
            let column = u16::try_from(at / height).unwrap_or(u16::MAX).saturating_mul(CELL);
            let y = area.y + u16::try_from(at % height).unwrap_or(u16::MAX);
            Rect { x: area.x + column, y, width: CELL, height: 1 }.intersection(area)
        };
        let columns = address_columns(all);
        for (at, (address, peer)) in all.iter().enumerate().skip(from).take(page) {
            let mut writer = LineWriter::on(buf, cell(at - from), 0);
            let start = writer.x();
            let is_new = peer.since > Stamp::ZERO && model.now.since(peer.since) < Table::FADE;
            let style = if is_new { theme.host.client.patch(theme.flash) } else { theme.host.client };
            let open = if peer.open() > 0 { theme.state.established } else { theme.quiet };
            writer.cell(if selected == Some(at) { glyphs::SELECTED } else { " " }, 1, theme.newest);
            writer.cell(&name(ctx, *address), columns, style).skip(1);
            writer.cell(&ctx.text.numbers.count(peer.open()), 3, open).skip(1);
            let (told, alarm) = guard(ctx, peer);
            let said = peer.said.as_ref().map_or_else(String::new, |(_, said)| excerpt(ctx, said));
            // What was refused comes before a message, and a message before a mere look at the ports.
            let refused = peer.is_blocked || peer.refusals() > 0;
            let (text, style) = if refused || said.is_empty() { (told, alarm) } else { (said, theme.text) };
            let room = writer.room().saturating_sub(1);
            writer.cell(&text, room, style);
            if selected == Some(at) {
                writer.restyle(start, theme.selected);
            }
        }
        let more = all.len().saturating_sub(from + page);
        if page < all.len() {
            let before = if from > 0 { format!("+{from} ↑  ") } else { String::new() };
            let after = if more > 0 { format!("+{more} ↓") } else { String::new() };
            LineWriter::on(buf, cell(page), 0).skip(1).write(&(before + &after), theme.key);
        }
    }

    /// Draws the peers one on a line.
    fn list(&self, area: Rect, buf: &mut Buffer) {
        let Self { model, ctx, all, selected } = *self;
        let columns = PeerColumns::of(all, area.width);
        let head = u16::from(area.height > 2);
        if head > 0 {
            columns.head(ctx, &mut LineWriter::on(buf, area, 0));
        }
        let seen = window(selected, all.len(), usize::from(area.height - head));
        for (row, at) in (head..area.height).zip(seen) {
            let (address, peer) = &all[at];
            let mut writer = LineWriter::on(buf, area, row);
            columns.row(model, ctx, (&name(ctx, *address), peer), selected == Some(at), &mut writer);
        }
    }
}

/// Half-open connections in one line. They get no peer of their own: the source of a SYN can be forged.
fn half_open(model: &Model, ctx: &DrawContext) -> Option<(String, Style)> {
    let all = model.worlds.shown().servers.all().iter();
    let open: Vec<_> = all.filter_map(|server| Some((server, server_status::half_open(model, server)?))).collect();
    let one = |(server, (open, limit)): &(&Server, (u32, u32))| {
        format!("{}: {}", server.spec.name, (ctx.text.servers.half_open)(*open, *limit))
    };
    let beyond = model.worlds.shown().peers.half_open.iter();
    let beyond = beyond.map(|(action, count)| (ctx.text.network.beyond)(*action, &ctx.text.numbers.count(*count)));
    let resets = Some(model.worlds.shown().peers.handshakes_reset).filter(|count| *count > 0);
    let resets = resets.map(|count| (ctx.text.network.handshakes_reset)(&ctx.text.numbers.count(count)));
    let said: Vec<_> = open.iter().map(one).chain(beyond).chain(resets).collect();
    let is_full = open.iter().any(|(_, (open, limit))| open >= limit);
    let style = if is_full { ctx.theme.alarm } else { ctx.theme.state.opening };
    (!said.is_empty()).then(|| (said.join(glyphs::SEPARATOR), style))
}

fn limits(model: &Model, ctx: &DrawContext) -> String {
    let numbers = &ctx.text.numbers;
    let limits = &model.worlds.shown().peers.limits;
    let of = |rule| limits.of(rule).map_or_else(|| glyphs::DASH.to_owned(), |number| numbers.count(number));
    let bytes = limits.of(Rule::Bytes).map_or_else(|| glyphs::DASH.to_owned(), |number| numbers.bytes(number));
    (ctx.text.network.limits)(&of(Rule::Connections), &of(Rule::Arrivals), &bytes)
}

/// The width of each column; 0 if it has no room.
struct PeerColumns {
    address: u16,
    connections: u16,
    rate: u16,
    guard: u16,
    ports: u16,
    said: u16,
}

impl PeerColumns {
    fn of(all: &[(IpAddr, &Peer)], room: u16) -> Self {
        let address = address_columns(all);
        let connections = 11;
        // The mark, and a blank behind each column.
        let mut budget = ColumnBudget::new(room, 2 + address + 1 + connections + 1);
        let guarded = all.iter().any(|(_, peer)| peer.is_blocked || peer.refusals() > 0 || !peer.checks.is_empty());
        let third = (budget.rest() / 3).clamp(10, 26);
        let guard = if guarded { budget.fit([(third + 1, 0)]).saturating_sub(1) } else { 0 };
        let rate = budget.fit([(10 + 1, 23)]).saturating_sub(1);
        let ports = budget.fit([(24, 36), (12, 20), (6, 8)]);
        Self { address, connections, rate, guard, ports, said: budget.rest().saturating_sub(1) }
    }

    fn head(&self, ctx: &DrawContext, writer: &mut LineWriter<'_>) {
        let words = &ctx.text.network;
        let style = ctx.theme.title;
        writer.skip(2).cell(words.address, self.address, style).skip(1).cell(
            words.connections,
            self.connections,
            style,
        );
        for (title, columns) in
            [(words.guard, self.guard), (words.ports, self.ports), (words.said, self.said), (words.rate, self.rate)]
        {
            if columns > 0 {
                writer.skip(1).cell(title, columns, style);
            }
        }
    }

    fn row(
        &self,
        model: &Model,
        ctx: &DrawContext,
        (address, peer): (&str, &Peer),
        selected: bool,
        writer: &mut LineWriter<'_>,
    ) {
        let words = &ctx.text.network;
        let theme = &ctx.theme;
        let numbers = &ctx.text.numbers;
        let start = writer.x();
        writer.cell(if selected { glyphs::SELECTED } else { " " }, 2, theme.newest);
        writer.cell(address, self.address, theme.host.client).skip(1);
        let open = format!("{}/{}", numbers.count(peer.open()), numbers.count(peer.connections));
        writer.cell(&open, self.connections, if peer.open() > 0 { theme.state.established } else { theme.quiet });
        if self.guard > 0 {
            let (told, style) = guard(ctx, peer);
            writer.skip(1).cell(&told, self.guard, style);
        }
        if self.ports > 0 {
            let ports: Vec<_> = peer.ports.iter().rev().take(usize::from(self.ports / 6)).map(u16::to_string).collect();
            writer.skip(1).cell(&ports.join(" "), self.ports, theme.newest);
        }
        if self.said > 0 {
            let said = peer.said.as_ref().map_or_else(String::new, |(_, said)| excerpt(ctx, said));
            writer.skip(1).cell(&said, self.said, theme.text);
        }
        if self.rate > 0 {
            let (bytes, _) = peer.rate(model.now);
            let speed = format!("{}{}", at_least(model), words.speed(numbers, bytes));
            writer.skip(1).cell(&speed, self.rate, theme.quiet);
        }
        if selected {
            writer.restyle(start, theme.selected);
        }
    }
}

/// The most urgent thing that the guard reports about a peer.
fn guard(ctx: &DrawContext, peer: &Peer) -> (String, Style) {
    let words = &ctx.text.network;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let check = peer.checks.iter().max_by_key(|(_, count)| **count).map(|(check, _)| (words.looks)(*check));
    if peer.is_blocked {
        (words.blocked.into(), theme.alarm)
    } else if peer.refusals() > 0 {
        ((words.refused)(&numbers.count(peer.refusals())), theme.alarm)
    } else {
        (check.unwrap_or_default().into(), theme.state.opening)
    }
}

fn excerpt(ctx: &DrawContext, said: &Excerpt) -> String {
    let bytes = if said.is_cut() { format!(" ({})", ctx.text.numbers.bytes(said.len as u64)) } else { String::new() };
    format!("\"{}\"{bytes}", glyphs::excerpt(said))
}

/// Everything known about the selected peer, as far as it fits.
fn detail(model: &Model, ctx: &DrawContext, (address, peer): &(IpAddr, &Peer), area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let ports: Vec<_> = peer.ports.iter().rev().map(u16::to_string).collect();
    let (received, sent) = peer.bytes;
    let bytes = |bytes| format!("{}{}", at_least(model), numbers.bytes(bytes));
    let traffic = (ctx.text.servers.traffic)(&bytes(received), &bytes(sent));
    let first = format!("{}: {} {} {traffic}", words.ports, ports.join(" "), glyphs::DOT);
    let said = peer.said.as_ref().map_or_else(String::new, |(_, said)| excerpt(ctx, said));
    let told = peer.checks.iter().map(|(check, count)| format!("{} ×{}", (words.looks)(*check), numbers.count(*count)));
    let kept = peer.refused.iter().map(|(rule, count)| format!("{rule} ×{}", numbers.count(*count)));
    let told: Vec<_> = told.chain(kept).collect();
    let mut pieces = vec![(format!("{}  ", name(ctx, *address)), theme.host.client), (first, theme.text)];
    for (text, style) in [(told.join(glyphs::SEPARATOR), theme.alarm), (said, theme.text)] {
        if !text.is_empty() {
            pieces.extend([(glyphs::SEPARATOR.to_owned(), theme.border), (text, style)]);
        }
    }
    // A single line ends in `…` where it is cut.
    let columns = if area.height > 1 { area.width.saturating_sub(2) } else { u16::MAX };
    for (row, line) in (0..area.height).zip(wrap_pieces(&pieces, columns)) {
        let mut writer = LineWriter::on(buf, area, row);
        writer.skip(1);
        for (text, style) in line {
            writer.write(text, style);
        }
    }
}
