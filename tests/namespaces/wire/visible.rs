//! At 80×24, at each step of every scenario that has passed, the screen shows everything that its expectations name.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use socklab::api::domain::{Flow, HostId, SocketId, TcpState};
use socklab::api::lesson::{Expect, PacketMatch, SocketEnd, catalogue};
use socklab::api::model::{Client, Model, World};
use socklab::api::view::{ColorDepth, render};

/// The least screen that a class is shown.
pub(super) const LEAST: (u16, u16) = (80, 24);

/// The parts of the wire's view, line by line.
struct WireView {
    hosts: [Vec<String>; 2],
    ladder: Vec<String>,
}

impl WireView {
    fn of(model: &Model) -> Self {
        let (width, height) = LEAST;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        render(model, ColorDepth::Mono, &mut buffer);
        let cells = buffer.content().chunks(width.into());
        let lines: Vec<String> = cells.map(|line| line.iter().map(Cell::symbol).collect()).collect();
        let wire = lines
            .iter()
            .position(|line| ["The wire", "O fio"].iter().any(|title| line.contains(title)))
            .expect("it is shown");
        let half = |line: &String, second: bool| {
            let (first, rest): (String, String) = (line.chars().take(40).collect(), line.chars().skip(40).collect());
            // In little room the ports stand close together.
            if second { rest } else { first }.replace('↔', " ↔ ")
        };
        let hosts = [false, true].map(|second| lines[..wire].iter().skip(2).map(|line| half(line, second)).collect());
        let end = lines[wire + 1..]
            .iter()
            .position(|line| line.starts_with(['─', '━']))
            .map_or(lines.len(), |at| wire + 1 + at);
        Self { hosts, ladder: lines[wire + 1..end].to_vec() }
    }

    fn host(&self, host: HostId) -> &[String] {
        &self.hosts[usize::from(host == HostId::Server)]
    }

    /// The line of a host's socket, and the next one, which belongs to it unless it has a port of its own.
    fn socket(&self, host: HostId, flow: &Flow) -> Option<String> {
        let lines = self.host(host);
        let own = format!(":{} ", flow.local.port());
        let peer = flow.peer.map(|peer| format!(":{} ", peer.port()));
        let is_it = |line: &String| {
            line.contains(&own) && peer.as_ref().map_or(!line.contains('↔'), |peer| line.contains(peer))
        };
        let at = lines.iter().position(is_it)?;
        let next = lines.get(at + 1).filter(|next| next.starts_with("  ") && !next.contains(':'));
        Some(format!("{}{}", lines[at], next.map_or("", String::as_str)))
    }

    /// Whether the ladder has this state at this host's side.
    fn ladder_has(&self, host: HostId, state: TcpState) -> bool {
        let side = |line: &String| -> String {
            if host == HostId::Client { line.chars().take(14).collect() } else { line.chars().skip(64).collect() }
        };
        self.ladder.iter().any(|line| side(line).split_whitespace().any(|word| word == state.name()))
    }

    fn has_packet(&self, number: u64) -> bool {
        self.ladder.iter().any(|line| line.contains(&format!("#{number} ")))
    }
}

/// The host and the flow of an end that a step names, as the screen knows it.
fn end(world: &World, of: &SocketEnd) -> Option<(HostId, Flow)> {
    let playing = world.playing.as_ref()?;
    let socket = catalogue::lesson(&playing.lesson)?.symbols.socket(&of.socket)?;
    let flow = match socket.id {
        SocketId::Server(id) => world.servers.get(id).map(|server| Flow::unconnected(server.spec.proto, server.addr())),
        SocketId::Client(id) => world.clients.ours(id).and_then(Client::flow),
        SocketId::Conn(..) | SocketId::Broadcast(_) => None,
    };
    let flow = flow.or_else(|| playing.flows.get(&socket.id).copied())?;
    if of.peer { Some((socket.host.other(), flow.mirror()?)) } else { Some((socket.host, flow)) }
}

/// What the expectations of the present step name and the screen does not show.
pub(super) fn missing(model: &Model) -> Vec<String> {
    let world = model.worlds.wire();
    let Some(playing) = &world.playing else { return vec![] };
    let step = catalogue::lesson(&playing.lesson).and_then(|lesson| lesson.steps.get(playing.step));
    let Some(step) = step else { return vec![] };
    let view = WireView::of(model);
    let lacks = |expect: &Expect| lacks(world, &view, expect);
    step.expect
        .iter()
        .filter_map(lacks)
        .map(|what| format!("{} step {} ({:?}): {what}", playing.lesson, playing.step, model.ui.lang))
        .collect()
}

fn lacks(world: &World, view: &WireView, expect: &Expect) -> Option<String> {
    let packet = |wanted: &PacketMatch| {
        let matches = world.wire.packets().iter().filter(|on| wanted.is(&on.packet, Some(on.from)));
        let numbers: Vec<_> = matches.map(|on| on.packet.number).collect();
        let shown = numbers.iter().any(|number| view.has_packet(*number));
        (!shown).then(|| format!("none of the packets {numbers:?} in {:#?}", view.ladder))
    };
    match expect {
        Expect::State(wanted) => {
            let Some((host, flow)) = end(world, wanted.of.get_ref()) else {
                return Some(format!("{} is not known", wanted.of.get_ref()));
            };
            let row = view.socket(host, &flow).is_some_and(|row| row.contains(wanted.is.name()));
            // A listener is spoken of as a socket, and all its life is one state.
            let shown = row || wanted.is != TcpState::Listen && view.ladder_has(host, wanted.is);
            (!shown).then(|| {
                format!("{} {} of {host} in {:#?} {:#?}", wanted.of.get_ref(), wanted.is, view.host(host), view.ladder)
            })
        }
        Expect::Row(wanted) => {
            let Some((host, flow)) = end(world, wanted.of.get_ref()) else {
                return Some(format!("{} is not known", wanted.of.get_ref()));
            };
            let row = &world.table.of(&flow)?.row;
            let (recv, send) = (row.recv_q?, row.send_q?);
            // The queues that the step speaks of, or both as long as both are empty.
            let parts: Vec<String> = match row.state {
                Some(TcpState::TimeWait | TcpState::Closed) => return None,
                Some(TcpState::Listen) => ["of", "de"].map(|of| format!("rx {recv} {of} {send}")).into(),
                _ if recv + send == 0 => vec!["rx 0 tx 0".into()],
                _ => {
                    let received = wanted.recv_q.map(|_| format!("rx {recv}"));
                    received.into_iter().chain(wanted.send_q.map(|_| format!("tx {send}"))).collect()
                }
            };
            let shown = view.socket(host, &flow).unwrap_or_default();
            let has = |part: &String| shown.contains(part.as_str());
            let listens = row.state == Some(TcpState::Listen);
            let is_there = if listens { parts.iter().any(has) } else { !shown.is_empty() && parts.iter().all(has) };
            (!is_there).then(|| format!("{} with {parts:?} in {:#?}", wanted.of.get_ref(), view.host(host)))
        }
        Expect::Packet(wanted)
        | Expect::Held(wanted)
        | Expect::Marked(wanted)
        | Expect::Lost { packet: wanted, .. }
        | Expect::Folded { packet: wanted, .. }
        | Expect::Timed { packet: wanted, .. } => packet(wanted),
        Expect::Verdict(wanted) => packet(&wanted.packet),
        _ => None,
    }
}
