//! The peers by address: their connections, what they said, and what the guard refused.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::focused;
use crate::domain::keys::{Action, NetworkAction};
use crate::domain::{Excerpt, Rule};
use crate::model::Model;
use crate::model::network::{self, NetworkPart};
use crate::model::peers::Peer;
use crate::model::servers::Server;
use crate::model::window::window;
use crate::view::areas::rows;
use crate::view::column_budget::ColumnBudget;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, paragraph, width};
use crate::view::server_status;

/// How many lines the selected peer's details take.
const DETAIL: u16 = 3;

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let numbers = &ctx.text.numbers;
    let all: Vec<_> = network::peers(model).collect();
    let count = (words.now)(&numbers.count(all.len() as u64), all.len() as u64);
    let keys = ctx.hints(&[Action::Network(NetworkAction::Kick), Action::Network(NetworkAction::Block)]);
    let limits = limits(model, ctx);
    let focused = focused(model, NetworkPart::Peers);
    let foot = match () {
        () if ctx.rules && !focused && width(&count) + width(&limits) + 24 < area.width => limits,
        () if !ctx.rules && width(&keys) + width(&limits) + 8 < area.width => {
            format!("{keys}  {} {limits}", glyphs::DOT)
        }
        () => String::new(),
    };
    let frame = PaneFrame { title: words.peers, count: &count, foot: &foot, keys: &keys, focused };
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
        paragraph(words.no_peers, ctx.theme.quiet, inside, buf);
        return;
    }
    let selected = model.ui.network.peer.and_then(|peer| all.iter().position(|(address, _)| *address == peer));
    let detail = if selected.is_some() && inside.height > 3 + DETAIL { DETAIL } else { 0 };
    let [list, below] = rows(inside, [inside.height - detail, detail]);
    let columns = PeerColumns::of(&all, inside.width);
    let head = u16::from(list.height > 2);
    if head > 0 {
        columns.head(ctx, &mut LineWriter::on(buf, list, 0));
    }
    let seen = window(selected, all.len(), usize::from(list.height - head));
    for (row, at) in (head..list.height).zip(seen) {
        let (address, peer) = &all[at];
        let address = if address.is_loopback() { words.here_peer.to_owned() } else { address.to_string() };
        let mut writer = LineWriter::on(buf, list, row);
        columns.row(model, ctx, (&address, peer), selected == Some(at), &mut writer);
    }
    if let Some((_, peer)) = selected.map(|at| &all[at]) {
        self::detail(ctx, peer, below, buf);
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
    fn of(all: &[(std::net::IpAddr, &Peer)], room: u16) -> Self {
        let longest = all.iter().map(|(address, _)| width(&address.to_string())).max().unwrap_or(0);
        let address = longest.clamp(13, 25);
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
            writer.skip(1).cell(&words.speed(numbers, bytes), self.rate, theme.quiet);
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

/// Everything known about the selected peer.
fn detail(ctx: &DrawContext, peer: &Peer, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let ports: Vec<_> = peer.ports.iter().rev().map(u16::to_string).collect();
    let (received, sent) = peer.bytes;
    let traffic = (ctx.text.servers.traffic)(&numbers.bytes(received), &numbers.bytes(sent));
    let first = format!("{}: {} {} {traffic}", words.ports, ports.join(" "), glyphs::DOT);
    let said = peer.said.as_ref().map_or_else(String::new, |(_, said)| excerpt(ctx, said));
    let told = peer.checks.iter().map(|(check, count)| format!("{} ×{}", (words.looks)(*check), numbers.count(*count)));
    let kept = peer.refused.iter().map(|(rule, count)| format!("{rule} ×{}", numbers.count(*count)));
    let told: Vec<_> = told.chain(kept).collect();
    for (row, (text, style)) in (0..area.height).zip([
        (first, theme.text),
        (format!("{}: {said}", words.said), theme.text),
        (told.join(glyphs::SEPARATOR), theme.alarm),
    ]) {
        LineWriter::on(buf, area, row).skip(2).write(&text, style);
    }
}
