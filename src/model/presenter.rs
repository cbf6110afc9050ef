//! The presenter's hand on the wire: which packet and which direction the keys are about, and what they ask for.

use std::time::Duration;

use super::key::Key;
use super::keys::Action;
use super::line::Line;
use super::mode::Mode;
use super::screen::View;
use super::wire::{Fate, Rung, WireStatus};
use super::{Effect, Model, settings};
use crate::domain::wire::{CloseReason, WireEvent};
use crate::domain::{EventKind, Flow, HostId, Observation, Proto, Stamp, WireCommand, WireMode, WorldId};

/// See the module's head.
#[derive(Debug, Clone)]
pub struct Presenter {
    /// The packet that is selected.
    pub packet: Option<u64>,
    /// The direction that is meant, by the host that sends; both when `None`.
    pub from: Option<HostId>,
    /// How long a packet takes to cross in slow motion.
    pub hop: Duration,
    /// Whether the wire was asked to open and has not said anything yet.
    pub opening: bool,
    /// Where in the settings the keys are.
    pub settings: settings::Cursor,
    /// The program being typed.
    pub program: Line,
    /// Why the program as typed cannot be run: no host is named.
    pub no_host: bool,
    /// The connection that the kernels are asked about.
    informed: Option<Flow>,
}

impl Default for Presenter {
    fn default() -> Self {
        Self {
            packet: None,
            from: None,
            hop: Duration::from_secs(1),
            opening: false,
            settings: settings::Cursor::default(),
            program: Line::with("client "),
            no_host: false,
            informed: None,
        }
    }
}

/// How often flying packets are drawn.
const FLIGHT: Duration = Duration::from_millis(50);
/// The least and the most a packet takes to cross in slow motion, and to be delayed, in tenths of a second.
const TENTHS: std::ops::RangeInclusive<u32> = 1..=50;
/// How long a packet is delayed when nothing is said, in tenths of a second.
const DELAY: u32 = 20;
/// How many packets in a hundred are lost when nothing is said.
const LOSS: u32 = 30;
/// The most packets that one key delivers.
const MOST: u32 = 100;

fn tenths(count: u32) -> Duration {
    Duration::from_millis(100 * u64::from(count.clamp(*TENTHS.start(), *TENTHS.end())))
}

/// When something on the wire's view changes by itself.
pub(super) fn next_change(model: &Model) -> Option<Stamp> {
    if model.ui.view != View::Wire || !model.worlds.shown().wire.is_open() {
        return None;
    }
    let wire = &model.worlds.shown().wire;
    let flying = wire.open().any(|packet| matches!(packet.fate, Fate::Flying { .. }));
    let held = wire.open().next().is_some();
    if flying { Some(model.now.after(FLIGHT)) } else { held.then(|| model.now.after(Duration::from_secs(1))) }
}

/// Does what a key means that is about the wire; `None` when it is about something else.
pub(super) fn act(model: &mut Model, action: Action, count: Option<u32>) -> Option<Vec<Effect>> {
    let from = model.ui.wire.from;
    let asked = |command| vec![Effect::Wire(command)];
    let effects = match action {
        Action::Wire if model.worlds.shown_id() == WorldId::Wire => leave(model),
        Action::Wire => enter(model),
        Action::View(View::Wire) => enter(model),
        Action::OpenWire => open(model),
        Action::CloseWire => {
            let mut effects = leave(model);
            effects.push(Effect::CloseWire);
            effects
        }
        Action::Next => next(model, count),
        Action::RunHold => {
            let held = lane(model).mode == WireMode::Step;
            asked(WireCommand::Mode(from, if held { WireMode::Live } else { WireMode::Step }))
        }
        Action::Slow => {
            model.ui.wire.hop = count.map_or(model.ui.wire.hop, tenths);
            asked(WireCommand::Mode(from, WireMode::Slow { hop: model.ui.wire.hop }))
        }
        Action::Drop => on_packet(model, WireCommand::Drop),
        Action::Duplicate => on_packet(model, WireCommand::Duplicate),
        Action::Swap => on_packet(model, WireCommand::Swap),
        Action::Corrupt => on_packet(model, WireCommand::Corrupt),
        Action::Delay => on_packet(model, |packet| WireCommand::Delay(packet, tenths(count.unwrap_or(DELAY)))),
        Action::Cut => asked(WireCommand::Cut(from, !lane(model).cut)),
        Action::Loss => {
            let usual = if lane(model).loss == 0 { LOSS } else { 0 };
            let percent = u8::try_from(count.unwrap_or(usual).min(100)).unwrap_or(100);
            asked(WireCommand::Loss(from, percent))
        }
        Action::Mend => vec![Effect::Wire(WireCommand::Cut(from, false)), Effect::Wire(WireCommand::Loss(from, 0))],
        Action::Folding => asked(WireCommand::Fold(!model.worlds.shown().wire.folding)),
        _ => return show(model, action),
    };
    Some(effects)
}

/// The keys that change the view and nothing else.
fn show(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::From(host) => model.ui.wire.from = (model.ui.wire.from != Some(host)).then_some(host),
        Action::Settings => model.ui.mode = Mode::Settings,
        Action::Run => model.ui.mode = Mode::Running,
        Action::NextServer => {
            let servers = model.worlds.shown().servers.all();
            let at = servers.iter().position(|server| server.id == model.ui.server).map_or(0, |at| at + 1);
            if let Some(server) = servers.get(at).or(servers.first()) {
                model.ui.server = server.id;
            }
        }
        Action::Kill => {
            let newest = model.worlds.shown().wire.programs.running().last().map(|program| program.pid);
            return Some(newest.map_or_else(Vec::new, |pid| vec![Effect::Kill(pid)]));
        }
        _ => return None,
    }
    Some(vec![])
}

/// Shows the wire's world, where somebody is about to put other hosts in the place of those that are there.
pub(super) fn show_wire(model: &mut Model) -> Vec<Effect> {
    model.ui.wire.opening = true;
    model.ui.wire.packet = None;
    model.ui.wire.from = None;
    look_at(model)
}

fn look_at(model: &mut Model) -> Vec<Effect> {
    model.show_world(WorldId::Wire);
    model.ui.view = View::Wire;
    model.ui.zoomed = false;
    vec![Effect::Show(WorldId::Wire)]
}

/// Shows the wire's world, and opens it if it was never asked for.
fn enter(model: &mut Model) -> Vec<Effect> {
    let mut effects = look_at(model);
    // Taken down on purpose, it is there again as the key says; after a failure the class shall see why first.
    if matches!(model.worlds.shown().wire.status, WireStatus::Absent | WireStatus::Closed(CloseReason::Asked, _)) {
        effects.extend(open(model));
    }
    effects
}

fn open(model: &mut Model) -> Vec<Effect> {
    if model.worlds.shown().wire.is_open() || model.ui.wire.opening {
        return vec![];
    }
    model.ui.wire.opening = true;
    vec![Effect::OpenWire]
}

fn leave(model: &mut Model) -> Vec<Effect> {
    model.show_world(WorldId::Host);
    model.ui.view = View::Lab;
    vec![Effect::Show(WorldId::Host)]
}

/// Takes notice of what the wire says about itself.
pub(super) fn heard(model: &mut Model, seen: &Observation) {
    let EventKind::Wire(event) = &seen.kind else { return };
    match event {
        WireEvent::Opened { .. } | WireEvent::Lacks { .. } | WireEvent::Closed { .. } => {
            // Hosts that make room for others are gone on purpose: the others are still to come.
            let asked = matches!(event, WireEvent::Closed { why: CloseReason::Asked, .. });
            model.ui.wire.opening &= asked;
            model.ui.wire.packet = None;
            model.ui.wire.informed = None;
            // Whoever looks at these hosts from another view is told there that they are no more.
            let gone = matches!(event, WireEvent::Closed { .. }) && !asked;
            if gone && model.worlds.shown_id() == WorldId::Wire && model.ui.view != View::Lessons {
                model.ui.view = View::Wire;
                model.ui.page = None;
                model.ui.zoomed = false;
            }
        }
        _ => {}
    }
}

/// Asks what the kernels know of the connection that the view is about, when that is another one now.
pub(super) fn inform(model: &mut Model) -> Option<Effect> {
    let shown = model.ui.view == View::Wire && model.worlds.shown().wire.is_open();
    let wanted = shown.then(|| conversation(model)).flatten().filter(|flow| flow.proto == Proto::Tcp);
    if wanted == model.ui.wire.informed {
        return None;
    }
    model.ui.wire.informed = wanted;
    Some(Effect::Inform(wanted))
}

/// The packet that the keys are about: the selected one while it is on the wire, otherwise the one held longest in the
/// direction that is meant.
pub fn target(model: &Model) -> Option<u64> {
    let wire = &model.worlds.shown().wire;
    match model.ui.wire.packet {
        Some(number) => wire.packet(number).filter(|packet| packet.fate.is_open()).map(|packet| packet.packet.number),
        None => {
            let held = wire.first_held(model.ui.wire.from);
            let from = model.ui.wire.from;
            let flying = || wire.open().find(|packet| from.is_none_or(|host| host == packet.from));
            held.or_else(flying).map(|packet| packet.packet.number)
        }
    }
}

/// The conversation that the view is about, named by the client host's end: the target's, the selected client's, or
/// the latest packet's.
pub fn conversation(model: &Model) -> Option<Flow> {
    let wire = &model.worlds.shown().wire;
    let selected = model.ui.wire.packet.or_else(|| target(model)).and_then(|number| wire.packet(number));
    let client = || {
        let client = model.ui.client.and_then(|no| model.worlds.shown().clients.get(no))?;
        Some(Flow { peer: Some(client.destination.addr), ..client.flow()? })
    };
    let latest = || wire.packets().back().map(|packet| of_client(&packet.packet.flow));
    selected.map(|packet| of_client(&packet.packet.flow)).or_else(client).or_else(latest)
}

/// A packet's conversation as the client host sees it.
pub fn of_client(flow: &Flow) -> Flow {
    match flow.mirror() {
        Some(mirror) if HostId::at(flow.local.ip()) == Some(HostId::Server) => mirror,
        _ => *flow,
    }
}

/// How the direction that is meant is treated; of both, the client's.
fn lane(model: &Model) -> super::wire::Lane {
    let wire = &model.worlds.shown().wire;
    match model.ui.wire.from {
        Some(host) => wire.lane(host),
        None => {
            let (client, server) = (wire.lane(HostId::Client), wire.lane(HostId::Server));
            // What holds of one of the two counts: the key ends it.
            super::wire::Lane {
                mode: if client.mode == WireMode::Step { server.mode } else { client.mode },
                cut: client.cut || server.cut,
                loss: client.loss.max(server.loss),
            }
        }
    }
}

fn on_packet(model: &Model, command: impl FnOnce(u64) -> WireCommand) -> Vec<Effect> {
    target(model).map_or_else(Vec::new, |number| vec![Effect::Wire(command(number))])
}

fn next(model: &mut Model, count: Option<u32>) -> Vec<Effect> {
    let Presenter { packet, from, .. } = model.ui.wire;
    if packet.is_some() {
        let effects = on_packet(model, WireCommand::Deliver);
        // The next press is about the next packet.
        model.ui.wire.packet = None;
        if !effects.is_empty() {
            return effects;
        }
    }
    let count = count.unwrap_or(1).min(MOST);
    if model.worlds.shown().wire.first_held(from).is_none() {
        // Nothing waits: what is on its way arrives at once.
        return on_packet(model, WireCommand::Deliver);
    }
    if from.is_none() && count == 1 {
        return vec![Effect::Wire(WireCommand::Next)];
    }
    let held = model.worlds.shown().wire.open().filter(|packet| packet.fate == Fate::Held);
    let meant = held.filter(|packet| from.is_none_or(|host| host == packet.from)).take(count as usize);
    meant.map(|packet| Effect::Wire(WireCommand::Deliver(packet.packet.number))).collect()
}

/// Selects another packet on the ladder. Past the end nothing is selected, and the view follows what comes.
pub(super) fn step(model: &mut Model, steps: isize) {
    let wire = &model.worlds.shown().wire;
    let packets: Vec<u64> = wire
        .rungs()
        .iter()
        .filter_map(|rung| match rung {
            Rung::Packet(number) => wire.packet(*number).map(|packet| packet.packet.number),
            Rung::Change(_) => None,
        })
        .collect();
    let selected = model.ui.wire.packet.or_else(|| target(model));
    let at = selected.and_then(|number| packets.iter().position(|other| *other == number));
    let to = match at {
        Some(at) if model.ui.wire.packet.is_some() || steps < 0 => at.saturating_add_signed(steps),
        Some(at) => at.saturating_add_signed(steps.max(0)),
        None if steps < 0 => packets.len().saturating_sub(1),
        None => return,
    };
    let number = packets.get(to).copied();
    model.ui.wire.packet = number;
    if let Some(flow) =
        number.and_then(|number| model.worlds.shown().wire.packet(number)).map(|packet| packet.packet.flow)
    {
        model.select(of_client(&flow));
    }
}

/// A key while a program is typed.
pub(super) fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    let wire = &mut model.ui.wire;
    match key {
        Key::Esc | Key::Tab | Key::BackTab => model.ui.mode = Mode::Command,
        Key::Up => wire.program.recall(true),
        Key::Down => wire.program.recall(false),
        Key::Enter => {
            let line = wire.program.input.value().trim().to_owned();
            let (host, program) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            let named = match host {
                // As the screen calls them in Portuguese.
                "cliente" => Some(HostId::Client),
                "servidor" => Some(HostId::Server),
                _ => host.parse().ok(),
            };
            let named = named.filter(|_| !program.trim().is_empty());
            wire.no_host = named.is_none();
            let Some(named) = named else { return vec![] };
            wire.program.remember(&line);
            wire.program.input = tui_input::Input::new(format!("{host} "));
            model.ui.mode = Mode::Command;
            return vec![Effect::Run(named, program.trim().to_owned())];
        }
        _ => {
            wire.no_host = false;
            wire.program.edit(key);
        }
    }
    vec![]
}
