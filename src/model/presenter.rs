//! The presenter's hand on the wire: which packet and which direction the keys are about, and what they ask for.

use std::time::Duration;

use super::effect::{Effect, WireEffect};
use super::forging::{self, ForgeForm};
use super::graph::{GraphKind, GraphView};
use super::mode::Mode;
use super::press::Acted;
use super::run_prompt::{self, RunPrompt};
use super::screen::View;
use super::wire::{WirePacketFate, WireRung, WireStatus};
use super::world::World;
use super::{Model, selection, settings};
use crate::domain::keys::{LinkAction, PacketFate, Turn, WireAction};
use crate::domain::wire::{CloseReason, WireEvent};
use crate::domain::{
    EventKind, Flow, HostId, LinkChange, Observation, PerHost, Proto, Refusal, Setting, Stamp, WireCommand, WireMode,
    WorldId,
};

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
    /// The selected setting.
    pub settings: settings::SettingsCursor,
    /// The part that has the focus.
    pub part: WirePart,
    /// The program that is selected, by its process; the newest when `None`.
    pub program_pid: Option<u32>,
    /// The program being typed.
    pub run: RunPrompt,
    /// The graph that is shown.
    pub graph: GraphView,
    /// The packet being made, or changed.
    pub form: Option<ForgeForm>,
    /// Whether the next packet that is forged becomes the selected one.
    pub(super) expects_forged: bool,
    /// The connection that the kernels are asked about.
    informed: Option<Flow>,
    /// The connection whose packets are read at full speed as well.
    watched: Option<Flow>,
}

impl Default for Presenter {
    fn default() -> Self {
        Self {
            packet: None,
            from: None,
            hop: Duration::from_secs(1),
            opening: false,
            settings: settings::SettingsCursor::default(),
            part: WirePart::default(),
            program_pid: None,
            run: RunPrompt::default(),
            graph: GraphView::default(),
            form: None,
            expects_forged: false,
            informed: None,
            watched: None,
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
    let flying = wire.open().any(|packet| packet.fate.flight().is_some());
    let held = wire.open().next().is_some();
    if flying { Some(model.now.after(FLIGHT)) } else { held.then(|| model.now.after(Duration::from_secs(1))) }
}

/// Does what a key means.
pub(super) fn act(model: &mut Model, action: WireAction, count: Option<u32>) -> Acted {
    let is_open = model.worlds.wire().wire.is_open();
    let from = model.ui.wire.from;
    match action {
        WireAction::Toggle if model.worlds.shown_id() == WorldId::Wire => return Ok(leave(model)),
        WireAction::Toggle => return Ok(enter(model)),
        WireAction::Close if is_open || model.ui.wire.opening => {
            let mut effects = if model.worlds.shown_id() == WorldId::Wire { leave(model) } else { vec![] };
            effects.push(Effect::Wire(WireEffect::Close));
            return Ok(effects);
        }
        WireAction::Open if !is_open => return Ok(open(model)),
        WireAction::Close => return Err(Refusal::WireClosed),
        _ if !is_open => return Err(Refusal::WireClosed),
        WireAction::Open => {
            model.open_page();
            return if model.ui.page.is_some() { Ok(vec![]) } else { Err(Refusal::NothingSelected) };
        }
        WireAction::Next => return next(model, count),
        WireAction::RunHold => {
            let held = direction(model).mode == WireMode::Step;
            return Ok(treat(model, if held { WireMode::Live } else { WireMode::Step }));
        }
        WireAction::Slow => {
            model.ui.wire.hop = count.map_or(model.ui.wire.hop, tenths);
            return Ok(treat(model, WireMode::Slow { hop: model.ui.wire.hop }));
        }
        WireAction::Packet(fate) => {
            let packet = target(model).ok_or(Refusal::NothingHeld)?;
            if fate != PacketFate::Drop {
                before_link(model, packet)?;
            }
            return command(match fate {
                PacketFate::Drop => WireCommand::Drop(packet),
                PacketFate::Duplicate => WireCommand::Duplicate(packet),
                PacketFate::Swap => WireCommand::Swap(packet),
                PacketFate::Delay => WireCommand::Delay(packet, tenths(count.unwrap_or(DELAY))),
                PacketFate::Corrupt => WireCommand::Corrupt(packet),
            });
        }
        WireAction::Inject => {
            let conversation = conversation(model);
            forging::inject(model, conversation);
        }
        WireAction::Change => {
            let packet = target(model).ok_or(Refusal::NothingHeld)?;
            forging::change(model, packet)?;
        }
        WireAction::Link(action) => return link(model, action, count),
        WireAction::Fold => return command(WireCommand::Fold(!model.worlds.wire().wire.folding)),
        WireAction::From(host) => model.ui.wire.from = (from != Some(host)).then_some(host),
        WireAction::Settings => {
            model.ui.mode = Mode::Settings;
            model.ui.wire.settings.typed = None;
            model.ui.wire.settings.host = from.unwrap_or(model.ui.wire.settings.host);
        }
        WireAction::Run => run_prompt::open(model),
        WireAction::Along(turn) => return along(model, turn).map(|()| vec![]),
        WireAction::Graph => {
            model.ui.wire.graph.turn();
            model.ui.zoomed &= model.ui.wire.graph.kind.is_some();
        }
    }
    Ok(vec![])
}

/// Whether the wire has seen nothing yet, so that the key can only mean the first scenario.
pub fn offers_scenario(model: &Model) -> bool {
    let World { wire, playing, .. } = model.worlds.wire();
    let quiet = wire.is_open() && wire.packets().is_empty() && playing.is_none();
    quiet && model.loses().is_none() && !model.lessons.cards.is_empty()
}

#[expect(clippy::unnecessary_wraps, reason = "what comes of a key, as its callers return it")]
fn command(command: WireCommand) -> Acted {
    Ok(vec![Effect::Wire(WireEffect::Command(command))])
}

/// Refuses what cannot be done to a packet that is in a link.
fn before_link(model: &Model, packet: u64) -> Result<u64, Refusal> {
    let inside = model.worlds.shown().wire.packet(packet).is_some_and(|on| on.fate.is_in_link());
    if inside { Err(Refusal::InLink) } else { Ok(packet) }
}

/// Treats packets of the direction that is meant in this way. The hosts are patient as long as packets are held: at
/// other times their timers are part of what there is to see. A scenario says itself what it needs.
fn treat(model: &Model, mode: WireMode) -> Vec<Effect> {
    let from = model.ui.wire.from;
    let World { wire, playing, .. } = model.worlds.wire();
    let mode_of = |host| if from.is_none_or(|from| from == host) { mode } else { wire.direction(host).mode };
    let hosts = [HostId::Client, HostId::Server];
    let patience = Setting::Patience(hosts.into_iter().any(|host| mode_of(host) == WireMode::Step));
    let changed = hosts.into_iter().filter(|host| settings::value(wire, *host, &[patience]) != Some(patience));
    let changed = changed.filter(|_| playing.is_none()).map(|host| Effect::Wire(WireEffect::Set(host, patience)));
    [Effect::Wire(WireEffect::Command(WireCommand::Mode(from, mode)))].into_iter().chain(changed).collect()
}

fn link(model: &Model, action: LinkAction, count: Option<u32>) -> Acted {
    let from = model.ui.wire.from;
    let state = direction(model);
    match action {
        LinkAction::Cut => command(WireCommand::Cut(from, !state.cut)),
        LinkAction::Loss => {
            let usual = if state.link.loss_percent == 0 { LOSS } else { 0 };
            let percent = u8::try_from(count.unwrap_or(usual).min(100)).unwrap_or(100);
            command(WireCommand::Loss(from, percent))
        }
        LinkAction::Mend => {
            let wire = &model.worlds.wire().wire;
            let is_meant = |host| from.is_none_or(|from| from == host);
            let meant = [HostId::Client, HostId::Server].into_iter().filter(|host| is_meant(*host));
            if meant.map(|host| wire.direction(host)).all(|direction| !direction.cut && direction.link.is_plain()) {
                return Err(Refusal::NoMore);
            }
            let link = |host| if is_meant(host) { LinkChange::mend() } else { LinkChange::default() };
            let commands = [WireCommand::Cut(from, false), WireCommand::Link(PerHost::from_fn(link))];
            Ok(commands.map(|command| Effect::Wire(WireEffect::Command(command))).into())
        }
    }
}

/// A part of the wire's view that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WirePart {
    /// The packets between the hosts.
    #[default]
    Packets,
    /// The client host: its connections.
    Client,
    /// The server host: its servers.
    Server,
    /// The programs that run on the hosts.
    Programs,
}

impl WirePart {
    const ALL: [Self; 4] = [Self::Packets, Self::Client, Self::Server, Self::Programs];
}

/// Gives the focus to the next part of the view, or to the one before.
pub(super) fn part(model: &mut Model, steps: isize) -> Result<(), Refusal> {
    let wire = &model.worlds.wire().wire;
    if !wire.is_open() {
        return Err(Refusal::WireClosed);
    }
    let programs = !wire.programs.running().is_empty();
    let parts: Vec<_> = WirePart::ALL.into_iter().filter(|part| programs || *part != WirePart::Programs).collect();
    model.ui.wire.part = selection::cycled(&parts, model.ui.wire.part, steps);
    Ok(())
}

/// Lets go of what is selected on the wire, and gives the focus back to the packets; `false` when there is nothing to
/// let go of.
pub(super) fn let_go(model: &mut Model) -> bool {
    let wire = &mut model.ui.wire;
    let any = wire.packet.take().is_some() || wire.part != WirePart::Packets;
    wire.part = WirePart::Packets;
    any
}

impl Model {
    /// The program that keys are about, while the programs have the focus.
    pub fn selected_program(&self) -> Option<u32> {
        if self.ui.view != View::Wire || self.ui.wire.part != WirePart::Programs {
            return None;
        }
        let running = self.worlds.wire().wire.programs.running();
        let chosen = running.iter().find(|program| Some(program.pid) == self.ui.wire.program_pid);
        chosen.or(running.last()).map(|program| program.pid)
    }
}

/// Shows the wire's world, whose hosts are about to be replaced.
pub(super) fn show_wire(model: &mut Model) {
    model.ui.wire.opening = true;
    model.ui.wire.packet = None;
    model.ui.wire.from = None;
    look_at(model);
}

fn look_at(model: &mut Model) {
    model.show_world(WorldId::Wire);
    model.ui.view = View::Wire;
    model.ui.zoomed = false;
}

/// Shows the wire's world, and opens it if it was never asked for.
pub(super) fn enter(model: &mut Model) -> Vec<Effect> {
    look_at(model);
    // Taken down on purpose, it is there again as the key says; after a failure the class shall see why first.
    if matches!(model.worlds.wire().wire.status, WireStatus::Absent | WireStatus::Closed(CloseReason::Asked, _)) {
        return open(model);
    }
    vec![]
}

fn open(model: &mut Model) -> Vec<Effect> {
    if model.worlds.shown().wire.is_open() || model.ui.wire.opening {
        return vec![];
    }
    model.ui.wire.opening = true;
    vec![Effect::Wire(WireEffect::Open)]
}

fn leave(model: &mut Model) -> Vec<Effect> {
    model.show_world(WorldId::Host);
    model.ui.view = View::Lab;
    model.ui.page = None;
    vec![]
}

/// Takes notice of what the wire says about itself.
pub(super) fn follow(model: &mut Model, seen: &Observation) {
    let EventKind::Wire(event) = &seen.kind else { return };
    match event {
        WireEvent::Opened { .. } | WireEvent::Lacks(_) | WireEvent::Closed { .. } => {
            // Hosts that make room for others are gone on purpose: the others are still to come.
            let asked = matches!(event, WireEvent::Closed { why: CloseReason::Asked, .. });
            model.ui.wire.opening &= asked;
            model.ui.wire.packet = None;
            model.ui.wire.informed = None;
            model.ui.wire.watched = None;
            model.ui.wire.form = None;
            if model.ui.mode == Mode::Forging {
                model.ui.mode = Mode::Command;
            }
            // In another view of these hosts nothing would say that they are gone: show the wire.
            let gone = matches!(event, WireEvent::Closed { .. }) && !asked;
            if gone && model.worlds.shown_id() == WorldId::Wire && model.ui.view != View::Lessons {
                model.ui.view = View::Wire;
                model.ui.page = None;
                model.ui.zoomed = false;
            }
        }
        WireEvent::Injected { packet } if std::mem::take(&mut model.ui.wire.expects_forged) => {
            model.ui.wire.packet = Some(*packet);
        }
        _ => {}
    }
}

/// Asks what the kernels know of the connection that the view is about, when that is another one now; and has them asked
/// at each of its packets while its curves are drawn.
pub(super) fn inform(model: &mut Model) -> impl Iterator<Item = Effect> + use<> {
    let shown = model.ui.view == View::Wire && model.worlds.shown().wire.is_open();
    let wanted = shown.then(|| conversation(model)).flatten().filter(|flow| flow.proto == Proto::Tcp);
    let drawn = wanted.filter(|_| model.ui.wire.graph.kind == Some(GraphKind::Curves));
    let changed = [(wanted, &mut model.ui.wire.informed), (drawn, &mut model.ui.wire.watched)]
        .map(|(wanted, now)| (std::mem::replace(now, wanted) != wanted).then_some(wanted));
    let [inform, watch] = changed;
    let inform = inform.map(|flow| Effect::Wire(WireEffect::Inform(flow)));
    inform.into_iter().chain(watch.map(|flow| Effect::Wire(WireEffect::Watch(flow))))
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
            let meant = || wire.open().filter(|packet| from.is_none_or(|host| host == packet.from));
            let flying = || meant().find(|packet| !packet.fate.is_in_link()).or_else(|| meant().next());
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

/// How packets of the direction that is meant are treated.
pub fn mode(model: &Model) -> WireMode {
    direction(model).mode
}

/// How the direction that is meant is treated; of both, the client's.
fn direction(model: &Model) -> super::wire::DirectionState {
    let wire = &model.worlds.shown().wire;
    match model.ui.wire.from {
        Some(host) => wire.direction(host),
        None => {
            let client = wire.direction(HostId::Client);
            let server = wire.direction(HostId::Server);
            // A cut or a loss of either direction counts, because the key ends it for both.
            super::wire::DirectionState {
                mode: if client.mode == WireMode::Step { server.mode } else { client.mode },
                cut: client.cut || server.cut,
                link: if client.link.loss_percent > 0 { client.link } else { server.link },
                waiting: client.waiting.max(server.waiting),
                lost_unlisted: client.lost_unlisted + server.lost_unlisted,
                marked_unlisted: client.marked_unlisted + server.marked_unlisted,
            }
        }
    }
}

fn next(model: &mut Model, count: Option<u32>) -> Acted {
    let Presenter { packet, from, .. } = model.ui.wire;
    if packet.is_some() {
        let selected = target(model);
        // The next press is about the next packet.
        model.ui.wire.packet = None;
        if let Some(packet) = selected {
            return command(WireCommand::Deliver(before_link(model, packet)?));
        }
    }
    let count = count.unwrap_or(1).min(MOST);
    let wire = &model.worlds.wire().wire;
    if wire.first_held(from).is_none() {
        // No packet is held: deliver the next one that is under way.
        let packet = target(model).ok_or(Refusal::NothingHeld)?;
        return command(WireCommand::Deliver(before_link(model, packet)?));
    }
    if from.is_none() && count == 1 {
        return command(WireCommand::Next);
    }
    let held = wire.open().filter(|packet| packet.fate == WirePacketFate::Held);
    let meant = held.filter(|packet| from.is_none_or(|host| host == packet.from)).take(count as usize);
    let deliver = |number| Effect::Wire(WireEffect::Command(WireCommand::Deliver(number)));
    Ok(meant.map(|packet| deliver(packet.packet.number)).collect())
}

/// Moves the selection of the part that has the focus.
pub(super) fn step(model: &mut Model, steps: isize) {
    match model.ui.wire.part {
        WirePart::Packets => step_packet(model, steps),
        WirePart::Client => selection::step_client(model, steps),
        WirePart::Server => selection::step_server(model, steps),
        WirePart::Programs => {
            let running = model.worlds.wire().wire.programs.running();
            let selected = model.selected_program();
            let from = running.iter().position(|program| Some(program.pid) == selected);
            let Some(last) = running.len().checked_sub(1) else { return };
            model.ui.wire.program_pid = running.get(selection::stepped(from, steps, last)).map(|program| program.pid);
        }
    }
}

/// Selects the packet of the conversation before or after the selected one; past the latest none, and the view follows.
fn along(model: &mut Model, turn: Turn) -> Result<(), Refusal> {
    let flow = conversation(model).ok_or(Refusal::NothingSelected)?;
    let packets = model.worlds.shown().wire.packets().iter();
    let numbers = packets.filter(|on| of_client(&on.packet.flow) == flow).map(|on| on.packet.number);
    let numbers: Vec<u64> = numbers.collect();
    let at = model.ui.wire.packet.and_then(|number| numbers.iter().position(|other| *other == number));
    let to = match (turn, at) {
        (Turn::Next, Some(at)) => at + 1,
        (Turn::Previous, Some(at)) => at.checked_sub(1).ok_or(Refusal::NoMore)?,
        (Turn::Next, None) => return Err(Refusal::NoMore),
        (Turn::Previous, None) => numbers.len().checked_sub(1).ok_or(Refusal::NothingSelected)?,
    };
    model.ui.wire.packet = numbers.get(to).copied();
    Ok(())
}

/// Selects another packet on the ladder. Past the end nothing is selected, and the view follows what comes.
fn step_packet(model: &mut Model, steps: isize) {
    let wire = &model.worlds.shown().wire;
    let packets: Vec<u64> = wire
        .rungs()
        .iter()
        .filter_map(|rung| match rung {
            WireRung::Packet(number) => wire.packet(*number).map(|packet| packet.packet.number),
            WireRung::Change(_) => None,
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
