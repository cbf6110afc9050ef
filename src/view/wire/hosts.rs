//! One of the two hosts: its sockets, their states and queues, and its kernel's `TCP_INFO` for the conversation shown.

use std::net::SocketAddr;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pointer;
use crate::domain::{Flow, HostId, Proto, TcpInfo, TcpState, TimerKind};
use crate::model::clients::Client;
use crate::model::presenter::WirePart;
use crate::model::table::TableEntry;
use crate::model::{Model, presenter};
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::line_writer::{LineWriter, width};
use crate::view::{glyphs, netstat};

/// Draws it.
pub(super) fn render(model: &Model, ctx: &DrawContext, host: HostId, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.wire;
    let title = format!("{} {}", (words.host)(host), host.address());
    let end = conversation_end(model, host);
    let room = usize::from(ctx.inside(area).height.saturating_sub(end.as_ref().map_or(0, ConversationEnd::height)));
    let selection = HostSelection::of(model, host);
    let is_pointed_at = |flow: &Flow| selection.pointed.contains(flow);
    let (rest, left_out) = sockets(model, host, &selection, end.as_ref(), room);
    let count = if left_out > 0 { (words.more)(left_out) } else { String::new() };
    let frame = PaneFrame { title: &title, count: &count, focused: selection.focused, ..PaneFrame::default() };
    let inside = ctx.pane(&frame, area, buf);
    let mut row = 0;
    // What is pointed at comes first, and the listener of a connection stands above it.
    let first = end.as_ref().is_some_and(|end| is_pointed_at(&end.flow));
    let listens = |entry: &TableEntry| entry.row.state == Some(TcpState::Listen) && host == HostId::Server;
    let above = match rest.first() {
        Some(entry) if is_pointed_at(&entry.row.flow) => {
            rest.iter().take_while(|entry| is_pointed_at(&entry.row.flow)).count()
        }
        Some(entry) => usize::from(!first && listens(entry)),
        None => 0,
    };
    let (above, below) = rest.split_at(above);
    let point = |flow: &Flow, row: u16, buf: &mut Buffer| {
        if is_pointed_at(flow) {
            let end = Rect { x: inside.right().saturating_sub(1), width: 1, ..inside };
            LineWriter::on(buf, end, row).write(glyphs::LEFT, ctx.theme.newest);
        }
    };
    // The column of the pointers.
    let line = Rect { width: inside.width.saturating_sub(u16::from(!selection.pointed.is_empty())), ..inside };
    for entry in above {
        socket(model, ctx, &selection, entry, &mut LineWriter::on(buf, line, row));
        point(&entry.row.flow, row, buf);
        row += 1;
    }
    if let Some(end) = &end {
        let place = Rect { y: line.y + row, height: line.height.saturating_sub(row), ..line };
        end.render(model, ctx, &selection, place, buf);
        point(&end.flow, row, buf);
        row += end.height();
    }
    for entry in below {
        socket(model, ctx, &selection, entry, &mut LineWriter::on(buf, line, row));
        point(&entry.row.flow, row, buf);
        row += 1;
    }
    if row == 0 {
        LineWriter::on(buf, inside, 0).skip(1).write(words.no_socket, ctx.theme.quiet);
    }
}

/// The sockets of a host besides its end of the conversation, as many as fit, and how many are left out.
fn sockets<'a>(
    model: &'a Model,
    host: HostId,
    selection: &HostSelection,
    end: Option<&ConversationEnd<'_>>,
    fits: usize,
) -> (Vec<&'a TableEntry>, usize) {
    let others = model.worlds.shown().table.rows().map(|(_, entry)| entry);
    let mut all: Vec<&TableEntry> = others
        .filter(|entry| {
            entry.host == Some(host) && end.and_then(|end| end.entry).is_none_or(|end| end.row.key() != entry.row.key())
        })
        .collect();
    // First the conversation's listener, then what is selected, connections before idle listeners, the newest first;
    // the lab's own servers come last, as they were started together.
    let belongs =
        |entry: &TableEntry| end.is_some_and(|end| entry.row.flow == Flow::unconnected(end.flow.proto, end.flow.local));
    let key = |entry: &&TableEntry| {
        let listens = entry.row.flow.peer.is_none();
        let flow = entry.row.flow;
        let own = listens && model.worlds.shown().servers.at(flow.proto, flow.local).is_some();
        let newest = std::cmp::Reverse(if own { 0 } else { entry.arrival });
        (!selection.pointed.contains(&flow), !belongs(entry), Some(flow) != selection.flow, listens, newest, flow)
    };
    let left_out = all.len().saturating_sub(fits);
    if left_out > 0 && fits > 0 {
        all.select_nth_unstable_by_key(fits - 1, key);
    }
    all.truncate(fits);
    all.sort_by_key(key);
    (all, left_out)
}

/// This host's end of the conversation that is shown, where anything is known of it.
fn conversation_end(model: &Model, host: HostId) -> Option<ConversationEnd<'_>> {
    let flow = presenter::conversation(model)?;
    let flow = if host == HostId::Client { flow } else { flow.mirror()? };
    Some(ConversationEnd::of(model, host, flow)).filter(|end| end.height() > 0)
}

/// How many lines the panes of the hosts need inside their frames.
pub(super) fn needs(model: &Model) -> u16 {
    let lines = |host: HostId| {
        let end = conversation_end(model, host);
        let rows = model.worlds.shown().table.rows().filter(|(_, entry)| entry.host == Some(host)).count();
        let own = end.as_ref().is_some_and(|end| end.entry.is_some());
        u16::try_from(rows).unwrap_or(u16::MAX / 2) - u16::from(own) + end.map_or(0, |end| end.height())
    };
    lines(HostId::Client).max(lines(HostId::Server))
}

/// What is selected at a host: the selected client's connection, or the selected server's socket; and what is pointed at.
struct HostSelection {
    flow: Option<Flow>,
    pointed: Vec<Flow>,
    /// Whether the host has the focus.
    focused: bool,
}

impl HostSelection {
    fn of(model: &Model, host: HostId) -> Self {
        let world = model.worlds.shown();
        let pointed = pointer::ends(model).into_iter().filter(|(on, _)| *on == host).map(|(_, flow)| flow).collect();
        if host == HostId::Server {
            let server = world.servers.get(model.ui.server);
            let flow = server.map(|server| Flow::unconnected(server.spec.proto, server.addr()));
            return Self { flow, pointed, focused: model.ui.wire.part == WirePart::Server };
        }
        let chosen = model.ui.client.and_then(|no| world.clients.get(no));
        let client = chosen.or_else(|| world.clients.ours(model.selected_client()?));
        let flow = client.and_then(Client::flow);
        Self { flow, pointed, focused: model.ui.wire.part == WirePart::Client }
    }

    fn mark(&self, flow: &Flow) -> &'static str {
        if self.flow.as_ref() == Some(flow) { glyphs::SELECTED } else { " " }
    }

    /// Marks the whole line of the selected socket while the host has the focus.
    fn highlight(&self, ctx: &DrawContext, flow: &Flow, start: u16, writer: &mut LineWriter<'_>) {
        if self.focused && self.flow.as_ref() == Some(flow) {
            writer.restyle(start, ctx.theme.selected);
        }
    }
}

/// One socket, in a line.
fn socket(
    model: &Model,
    ctx: &DrawContext,
    selection: &HostSelection,
    entry: &TableEntry,
    writer: &mut LineWriter<'_>,
) {
    let start = writer.x();
    let theme = &ctx.theme;
    let flow = entry.row.flow;
    let server = if flow.peer.is_none() { model.worlds.shown().servers.at(flow.proto, flow.local) } else { None };
    writer.cell(selection.mark(&flow), 1, theme.newest);
    if let Some(server) = server {
        writer.write(&server.spec.name, theme.title).skip(1);
    }
    address(ctx, entry.host.unwrap_or(HostId::Client), &flow, writer);
    match entry.row.shown_state() {
        Some(state) => _ = writer.skip(1).write(state.name(), theme.state(state)),
        None => _ = writer.skip(1).write(ctx.text.servers.bound, theme.quiet),
    }
    let _ = queues(ctx, entry, writer);
    timer(model, ctx, entry, writer);
    selection.highlight(ctx, &flow, start, writer);
}

/// Writes a socket's ports; its addresses only where they are not those of the hosts on the wire.
fn address(ctx: &DrawContext, host: HostId, flow: &Flow, writer: &mut LineWriter<'_>) {
    let named = |addr: SocketAddr, usual: HostId| {
        if HostId::at(addr.ip()) == Some(usual) { format!(":{}", addr.port()) } else { addr.to_string() }
    };
    writer.write(&named(flow.local, host), ctx.theme.text);
    if let Some(peer) = flow.peer {
        writer.write(&format!(" {} {}", glyphs::BOTH, named(peer, host.other())), ctx.theme.text);
    }
}

/// This host's end of the conversation shown.
struct ConversationEnd<'a> {
    host: HostId,
    flow: Flow,
    entry: Option<&'a TableEntry>,
    /// Its state, or the last known one if it is not in the table.
    state: Option<TcpState>,
    info: Option<&'a TcpInfo>,
}

impl<'a> ConversationEnd<'a> {
    fn of(model: &'a Model, host: HostId, flow: Flow) -> Self {
        let table = &model.worlds.shown().table;
        // An unconnected UDP socket.
        let bare = [flow.local, (std::net::Ipv4Addr::UNSPECIFIED, flow.local.port()).into()];
        let bare = || bare.iter().find_map(|local| table.of(&Flow::unconnected(Proto::Udp, *local)));
        let entry = table.of(&flow).or_else(|| if flow.proto == Proto::Udp { bare() } else { None });
        let entry = entry.filter(|entry| entry.host == Some(host));
        let booked = || model.worlds.shown().histories.state(&flow).map(|(state, _)| state);
        let state = entry.map_or_else(booked, |entry| entry.row.shown_state());
        // `TCP_INFO` of a socket that is only a TIME_WAIT entry by now is out of date.
        let rest = |entry: &TableEntry| entry.row.timer.is_some_and(|timer| timer.kind == TimerKind::TimeWait);
        let whole = entry.is_some_and(|entry| !rest(entry)) && state != Some(TcpState::SynRecv);
        let info = if whole { model.worlds.shown().wire.info(host, &flow) } else { None };
        Self { host, flow, entry, state, info }
    }

    fn height(&self) -> u16 {
        let known = self.flow.local.port() != 0 && (self.entry.is_some() || self.state.is_some());
        let timed = self.entry.is_some_and(|entry| entry.row.timer.is_some());
        u16::from(known) + u16::from(known && (self.info.is_some() || timed))
    }

    fn render(&self, model: &Model, ctx: &DrawContext, selection: &HostSelection, area: Rect, buf: &mut Buffer) {
        let mut writer = LineWriter::on(buf, area, 0);
        let bare = self.entry.map(|entry| entry.row.flow).filter(|flow| flow.peer.is_none());
        let server = bare.and_then(|flow| model.worlds.shown().servers.at(flow.proto, flow.local));
        // An unconnected UDP socket has no peer, even if it exchanges datagrams with one.
        let flow = bare.unwrap_or(self.flow);
        writer.cell(selection.mark(&flow), 1, ctx.theme.newest);
        if let Some(server) = server {
            writer.write(&server.spec.name, ctx.theme.title).skip(1);
        }
        address(ctx, self.host, &flow, &mut writer);
        match self.state {
            Some(state) => _ = writer.skip(1).write(state.name(), ctx.theme.state(state)),
            None => _ = writer.skip(1).write(ctx.text.servers.bound, ctx.theme.quiet),
        }
        let queued = self.entry.is_none_or(|entry| queues(ctx, entry, &mut writer));
        selection.highlight(ctx, &flow, area.x, &mut writer);
        let mut writer = LineWriter::on(buf, area, 1);
        // The timer stands first: it says what comes next.
        if let Some(entry) = self.entry {
            timer(model, ctx, entry, &mut writer);
            if !queued {
                queues(ctx, entry, &mut writer);
            }
        }
        if let Some(known) = self.info {
            info(ctx, known, &mut writer);
        }
    }
}

/// Writes both queues (a listener's count connections), or only the one that is not empty if both do not fit. Returns
/// `false` if that does not fit either.
fn queues(ctx: &DrawContext, entry: &TableEntry, writer: &mut LineWriter<'_>) -> bool {
    let (Some(recv), Some(send)) = (entry.row.recv_q, entry.row.send_q) else { return true };
    // These have no queues left.
    if matches!(entry.row.state, Some(TcpState::TimeWait | TcpState::Closed)) {
        return true;
    }
    let listens = entry.row.state == Some(TcpState::Listen);
    let of = |recv: u32, send: u32| (ctx.text.netstat.count)(&recv.to_string(), &send.to_string());
    let forms = match (recv, send) {
        _ if listens => [format!("  rx {}", of(recv, send)), format!("  {recv}/{send}")],
        (0, 0) => ["  rx 0 tx 0".into(), String::new()],
        (0, _) => [format!("  rx 0 tx {send}"), format!("  tx {send}")],
        (_, 0) => [format!("  rx {recv} tx 0"), format!("  rx {recv}")],
        (_, _) => [format!("  rx {recv} tx {send}"), format!("  rx {recv} tx {send}")],
    };
    let style = if recv + send > 0 && !listens { ctx.theme.newest } else { ctx.theme.quiet };
    let fits = forms.iter().find(|text| width(text) <= writer.room());
    fits.is_some_and(|text| {
        writer.write(text, style);
        true
    })
}

fn timer(model: &Model, ctx: &DrawContext, entry: &TableEntry, writer: &mut LineWriter<'_>) {
    let (Some(timer), Some(left)) = (entry.row.timer, entry.timer_left(model.now)) else { return };
    let text = netstat::timer_text(ctx, timer, left);
    writer.skip(2).write_whole(&text, ctx.theme.state.opening);
}

/// `TCP_INFO`, as much as fits.
fn info(ctx: &DrawContext, info: &TcpInfo, writer: &mut LineWriter<'_>) {
    let words = &ctx.text.wire;
    let numbers = &ctx.text.numbers;
    let theme = &ctx.theme;
    let micros = |micros: u32| Duration::from_micros(micros.into());
    writer.skip(2).write(&format!("{} {}", words.rto, numbers.short(micros(info.rto_us))), theme.text);
    let mut parts = vec![format!("cwnd {}", info.cwnd), (words.retransmitted)(info.retransmitted)];
    if info.rtt_us > 0 {
        parts.push(format!("RTT {}", numbers.short(micros(info.rtt_us))));
    }
    parts.extend(info.ssthresh.map(|ssthresh| format!("ssthresh {ssthresh}")));
    parts.extend(info.snd_wnd.map(|window| format!("snd_wnd {window}")));
    for part in parts {
        if width(&part) + 2 <= writer.room() {
            writer.skip(2).write(&part, theme.text);
        }
    }
}
