//! The ladder: client on the left, server on the right, an arrow for each packet, and each end's state between them.

use std::net::{IpAddr, SocketAddr};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::areas::keep_in_view;
use super::super::draw_context::DrawContext;
use super::super::line_writer::{LineWriter, paragraph};
use super::super::names;
use super::rung::{PacketRung, RungColumns, state};
use super::words;
use crate::domain::{Flow, Proto};
use crate::model::connection_end::ConnectionEnd;
use crate::model::histories::HistoryStep;
use crate::model::packets::{ChangePlace, LadderChange, Traffic};

/// Draws the ladder of the conversation that is shown.
pub(super) fn render(traffic: &Traffic<'_>, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let ladder = &traffic.packets.ladder;
    let Some(client) = traffic.client() else { return nobody(ctx, area, buf) };
    let [head, rest] = super::rows(area, [2.min(area.height), area.height.saturating_sub(2)]);
    names(traffic, ctx, &client, head, buf);
    let changes = ladder.changes(traffic.world, traffic.journal);
    let list = &ladder.packets;
    let height = usize::from(rest.height);
    let places = list.visible(height);
    let whole = places.end == list.len();
    let latest = list.last().and_then(|last| traffic.packet(last));
    let columns = RungColumns::of(rest.width, latest.map_or(0, |packet| packet.number));
    let seqs = places.filter_map(|place| list.entry(place));
    let events = seqs.filter_map(|seq| traffic.journal.get(seq));
    let mut rungs: Vec<_> = events
        .filter_map(|event| {
            let beside = |end| at(&changes, end, ChangePlace::At(event.seq));
            let states = [beside(ConnectionEnd::Client), beside(ConnectionEnd::Server)];
            PacketRung::of(traffic, ctx, &columns, event, &client, states)
        })
        .collect();
    let after = [ConnectionEnd::Client, ConnectionEnd::Server]
        .map(|end| if whole { at(&changes, end, ChangePlace::After) } else { vec![] });
    let below = after.iter().map(Vec::len).max().unwrap_or(0);
    let held = rungs.iter().position(|rung| rung.held);
    let last = if held.is_none() { below } else { 0 };
    let read = held.unwrap_or(rungs.len().saturating_sub(1));
    keep_in_view(&mut rungs, read, height.saturating_sub(last), PacketRung::height);
    let first = rungs.first().map(|rung| rung.seq);
    before(ctx, &columns, &changes, first, head, buf);
    if list.is_empty() {
        paragraph(ctx.text.packets.no_packet, ctx.theme.quiet, rest, buf);
    }
    let mut left = rest;
    for rung in &rungs {
        let used = rung.draw(ctx, &columns, left, buf);
        left = Rect { y: left.y + used, height: left.height - used, ..left };
    }
    for row in 0..left.height.min(u16::try_from(below).unwrap_or(u16::MAX)) {
        columns.states(ctx, after.each_ref().map(|steps| steps.get(usize::from(row))), left, row, buf);
    }
}

/// The steps of one end beside one rung.
fn at(changes: &[LadderChange], end: ConnectionEnd, rung: ChangePlace) -> Vec<HistoryStep> {
    changes.iter().filter(|change| change.end == end && change.rung == rung).map(|change| change.step).collect()
}

/// Draws the state of each end before the first packet shown.
fn before(
    ctx: &DrawContext,
    columns: &RungColumns,
    changes: &[LadderChange],
    first: Option<u64>,
    head: Rect,
    buf: &mut Buffer,
) {
    let earlier = |change: &&LadderChange| match (change.rung, first) {
        (ChangePlace::Before, _) => true,
        (ChangePlace::At(seq), Some(first)) => seq < first,
        (ChangePlace::At(_) | ChangePlace::After, _) => false,
    };
    let of = |end| {
        let mine = || changes.iter().filter(move |change| change.end == end);
        let reached = mine().rfind(earlier).map(|change| (change.step.to, Some(change.step.evidence)));
        reached.or_else(|| mine().next().map(|change| (change.step.from, None)))
    };
    if head.height > 1 {
        let [client, server] = [of(ConnectionEnd::Client), of(ConnectionEnd::Server)];
        let writer = &mut LineWriter::on(buf, head, 1);
        writer.skip(1);
        state(ctx, client, writer);
        writer.goto(columns.right(head));
        state(ctx, server, writer);
    }
}

/// Draws the names and addresses of both ends above their columns.
pub(super) fn names(traffic: &Traffic<'_>, ctx: &DrawContext, client: &Flow, area: Rect, buf: &mut Buffer) {
    let texts = &ctx.text.packets;
    // A UDP client is identified by its own address only.
    let clients = &traffic.world.clients;
    let alone = |ip| Flow::unconnected(client.proto, SocketAddr::new(ip, client.local.port()));
    let any: IpAddr = if client.local.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let known = clients.by_flow(client).or_else(|| clients.by_flow(&alone(client.local.ip())));
    let known = known.or_else(|| if client.proto == Proto::Udp { clients.by_flow(&alone(any)) } else { None });
    let left = known.map_or(texts.client_end.into(), |known| names::long(ctx, known));
    let half = area.width / 2;
    let [one, other] = super::columns(area, [half, area.width - half]);
    let named = |name: &str, end| {
        let address = words::address(client.proto, end, half.saturating_sub(14));
        // A host that answers a ping is no server.
        if client.proto == Proto::Icmp { address } else { format!("{name} {address}") }
    };
    let left = named(&left, client.local);
    LineWriter::on(buf, one, 0).skip(1).write(&left, ctx.theme.host.client);
    let Some(peer) = client.peer.or_else(|| met(traffic)) else { return };
    let right = traffic.world.servers.at(client.proto, peer);
    let right = right.map_or_else(|| texts.server_end.into(), |server| server.spec.name.clone());
    let right = named(&right, peer);
    let room = other.width.saturating_sub(1);
    LineWriter::on(buf, other, 0).right(&right, room, ctx.theme.host.server);
}

/// The peer of an unconnected UDP client: the one of its latest packet.
fn met(traffic: &Traffic<'_>) -> Option<SocketAddr> {
    let list = &traffic.packets.ladder.packets;
    traffic.packet(list.last()?)?.flow.peer
}

/// Says that there is no conversation to show.
pub(super) fn nobody(ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    paragraph(ctx.text.packets.no_talk, ctx.theme.quiet, area, buf);
}
