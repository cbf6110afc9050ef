//! One of the two hosts: its sockets, their states and queues, and its kernel's `TCP_INFO` for the conversation shown.

use std::net::SocketAddr;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pointer;
use crate::domain::keys::{Action, LabAction};
use crate::domain::{CongestionState, Flow, HostId, Proto, TcpInfo, TcpState, TimerKind};
use crate::model::clients::Client;
use crate::model::presenter::WirePart;
use crate::model::table::TableEntry;
use crate::model::{Model, presenter};
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::line_writer::{LineWriter, width};
use crate::view::{glyphs, keys, netstat};

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
    // First what the step of a lesson speaks of and what is pointed at, then the conversation's listener, then what is selected, connections before idle listeners, the newest first;
    // the lab's own servers come last, as they were started together.
    let belongs =
        |entry: &TableEntry| end.is_some_and(|end| entry.row.flow == Flow::unconnected(end.flow.proto, end.flow.local));
    let key = |entry: &&TableEntry| {
        let listens = entry.row.flow.peer.is_none();
        let flow = entry.row.flow;
        let own = listens && model.worlds.shown().servers.at(flow.proto, flow.local).is_some();
        let newest = std::cmp::Reverse(if own { 0 } else { entry.arrival });
        let spoken_of = selection.spoken_of.contains(&flow);
        (
            !spoken_of,
            !selection.pointed.contains(&flow),
            !belongs(entry),
            Some(flow) != selection.flow,
            listens,
            newest,
            flow,
        )
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
    /// What the step of a lesson speaks of.
    spoken_of: Vec<Flow>,
    /// Whether the host has the focus.
    focused: bool,
}

impl HostSelection {
    fn of(model: &Model, host: HostId) -> Self {
        let world = model.worlds.shown();
        let here = |ends: Vec<(HostId, Flow)>| -> Vec<Flow> {
            ends.into_iter().filter(|(on, _)| *on == host).map(|(_, flow)| flow).collect()
        };
        let (pointed, spoken_of) = (here(pointer::ends(model)), here(pointer::spoken_of(model)));
        if host == HostId::Server {
            let server = world.servers.get(model.ui.server);
            let flow = server.map(|server| Flow::unconnected(server.spec.proto, server.addr()));
            return Self { flow, pointed, spoken_of, focused: model.ui.wire.part == WirePart::Server };
        }
        let chosen = model.ui.client.and_then(|no| world.clients.get(no));
        let client = chosen.or_else(|| world.clients.ours(model.selected_client()?));
        let flow = client.and_then(Client::flow);
        Self { flow, pointed, spoken_of, focused: model.ui.wire.part == WirePart::Client }
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
    let host = entry.host.unwrap_or(HostId::Client);
    let _ = row(ctx, host, &flow, entry.row.shown_state(), Some(entry), writer);
    timer(model, ctx, entry, writer);
    selection.highlight(ctx, &flow, start, writer);
}

/// Writes a socket's ports, its addresses only where they are not those of the hosts on the wire, its state and its
/// queues. In little room the ports move together, so that both queues stay. Returns `false` if the queues do not fit.
fn row(
    ctx: &DrawContext,
    host: HostId,
    flow: &Flow,
    state: Option<TcpState>,
    entry: Option<&TableEntry>,
    writer: &mut LineWriter<'_>,
) -> bool {
    let named = |addr: SocketAddr, usual: HostId| {
        if HostId::at(addr.ip()) == Some(usual) { format!(":{}", addr.port()) } else { addr.to_string() }
    };
    let (state, style) = match state {
        Some(state) => (state.name(), ctx.theme.state(state)),
        None => (ctx.text.servers.bound, ctx.theme.quiet),
    };
    let local = named(flow.local, host);
    let queued = entry.and_then(|entry| queue_texts(ctx, entry).into_iter().next()).map_or(0, |text| 2 + width(&text));
    let address = match flow.peer {
        Some(peer) => {
            let peer = named(peer, host.other());
            let loose = format!("{local} {} {peer}", glyphs::BOTH);
            let fits = width(&loose) + 1 + width(state) + queued <= writer.room();
            if fits { loose } else { format!("{local}{}{peer}", glyphs::BOTH) }
        }
        None => local,
    };
    writer.write(&address, ctx.theme.text).skip(1).write(state, style);
    entry.is_none_or(|entry| queues(ctx, entry, writer))
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
        let queued = row(ctx, self.host, &flow, self.state, self.entry, &mut writer);
        selection.highlight(ctx, &flow, area.x, &mut writer);
        let mut writer = LineWriter::on(buf, area, 1);
        // The timer stands first: it says what comes next.
        if let Some(entry) = self.entry {
            timer(model, ctx, entry, &mut writer);
            if !queued {
                queues(ctx, entry, &mut writer);
            }
        }
        if let Some(bulk) = model.worlds.shown().bulks.running(&self.flow) {
            let text = format!("{} {} %", keys::text(Action::Lab(LabAction::Bulk), ctx.text).hint, bulk.percent());
            writer.skip(2).write_whole(&text, ctx.theme.newest);
        }
        if let Some(known) = self.info {
            info(ctx, self.state, known, &mut writer);
        }
    }
}

/// What can be written of a socket's queues, the longest first: both (a listener's count connections), or only the one
/// that is not empty.
fn queue_texts(ctx: &DrawContext, entry: &TableEntry) -> Vec<String> {
    let (Some(recv), Some(send)) = (entry.row.recv_q, entry.row.send_q) else { return vec![] };
    match (entry.row.state, recv, send) {
        // These have no queues left.
        (Some(TcpState::TimeWait | TcpState::Closed), ..) => vec![],
        (Some(TcpState::Listen), ..) => {
            let of = (ctx.text.netstat.count)(&recv.to_string(), &send.to_string());
            vec![format!("rx {of}"), format!("{recv}/{send}")]
        }
        (_, 0, 1..) => vec![format!("rx 0 tx {send}"), format!("tx {send}")],
        (_, 1.., 0) => vec![format!("rx {recv} tx 0"), format!("rx {recv}")],
        _ => vec![format!("rx {recv} tx {send}")],
    }
}

/// Writes as much of the queues as fits. Returns `false` if nothing does.
fn queues(ctx: &DrawContext, entry: &TableEntry, writer: &mut LineWriter<'_>) -> bool {
    let texts = queue_texts(ctx, entry);
    let Some(whole) = texts.first() else { return true };
    let gap = if width(whole) + 2 <= writer.room() { 2 } else { 1 };
    let listens = entry.row.state == Some(TcpState::Listen);
    let waiting = [entry.row.recv_q, entry.row.send_q].iter().any(|queue| queue.is_some_and(|queue| queue > 0));
    let style = if waiting && !listens { ctx.theme.newest } else { ctx.theme.quiet };
    let fits = texts.iter().find(|text| width(text) + gap <= writer.room());
    fits.is_some_and(|text| {
        writer.write(&format!("{:gap$}{text}", "", gap = usize::from(gap)), style);
        true
    })
}

fn timer(model: &Model, ctx: &DrawContext, entry: &TableEntry, writer: &mut LineWriter<'_>) {
    let (Some(timer), Some(left)) = (entry.row.timer, entry.timer_left(model.now)) else { return };
    let text = netstat::timer_text(ctx, timer, left);
    writer.skip(2).write_whole(&text, ctx.theme.state.opening);
}

/// `TCP_INFO`, as much as fits.
fn info(ctx: &DrawContext, state: Option<TcpState>, info: &TcpInfo, writer: &mut LineWriter<'_>) {
    let words = &ctx.text.wire;
    let numbers = &ctx.text.numbers;
    let theme = &ctx.theme;
    let micros = |micros: u32| Duration::from_micros(micros.into());
    writer.skip(2).write(&format!("{} {}", words.rto, numbers.short(micros(info.rto_us))), theme.text);
    // Before the connection is open nothing is sent by the window.
    if state == Some(TcpState::SynSent) {
        return;
    }
    let cwnd = format!("cwnd {}", info.cwnd);
    // What patience and folding hide shows here.
    let has_fallen = info.state == Some(CongestionState::Loss) && info.cwnd == 1;
    let explained = has_fallen.then(|| format!("{cwnd} {}", ctx.text.graph.timed_out));
    let fits = |text: &String| width(text) + 2 <= writer.room();
    let mut parts = vec![explained.filter(fits).unwrap_or(cwnd), (words.retransmitted)(info.retransmitted)];
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
