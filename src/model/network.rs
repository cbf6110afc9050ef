//! The network view: which part has the keys, the lines that are typed there, and what follows from them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::effect::Effect;
use super::line::TypedLine;
use super::mode::{Mode, Question};
use super::peers::Peer;
use super::press::Acted;
use super::scan::ScanProgress;
use super::screen::View;
use super::servers::Server;
use super::target::Target;
use super::world::World;
use super::{Model, packets, selection};
use crate::domain::keys::{Key, NetworkAction};
use crate::domain::ports::PortsErrorKind;
use crate::domain::{
    AddressScope, EventKind, GuardOrder, LabOrder, Lang, Observation, PortList, Proto, Refusal, ScanChange, ScanPlan,
    Stamp, TargetFault, TargetHost, WorldId,
};

/// A part of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NetworkPart {
    /// The visitors.
    #[default]
    Peers,
    /// How to join, or why no other machine can.
    Card,
    /// The port check.
    Check,
}

impl NetworkPart {
    /// All parts, in the order that Tab visits them.
    pub const ALL: [Self; 3] = [Self::Peers, Self::Card, Self::Check];

    pub(super) fn step(self, steps: isize) -> Self {
        selection::cycled(&Self::ALL, self, steps)
    }
}

/// How the visitors are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PeersView {
    /// As many as fit, in columns, each in a few words.
    #[default]
    Wall,
    /// One on a line, with ports and rates.
    List,
}

/// An error in a typed line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// No host is named.
    NoHost,
    /// This is not a valid host name.
    NotAHost,
    /// The text after the host's colon is not a port.
    NotAPort,
    /// The list of ports is not valid.
    Ports(PortsErrorKind),
}

impl From<TargetFault> for LineFault {
    fn from(fault: TargetFault) -> Self {
        match fault {
            TargetFault::Host => Self::NotAHost,
            TargetFault::Port => Self::NotAPort,
        }
    }
}

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The part that keys go to.
    pub part: NetworkPart,
    /// How the visitors are shown.
    pub peers: PeersView,
    /// The peer that keys are about.
    pub peer: Option<IpAddr>,
    /// The first line of the port check's list that is shown.
    pub from: usize,
    /// The port check being typed: host and ports.
    pub asked: TypedLine,
    /// The clients' target being typed.
    pub target_line: TypedLine,
    /// The error in the typed line.
    pub fault: Option<LineFault>,
    /// The port check that was asked for last.
    pub plan: Option<ScanPlan>,
    /// No event has reported it yet: its host is being resolved.
    pub pending: bool,
    /// A change of the clients' target that no event has reported yet.
    pub changing_target: Option<TargetHost>,
}

/// Parses `HOST PORTS`, also in nmap's notation: `192.168.0.7 65432-65434`, `-p65432 lab`, `lab 53,123 udp`. Without
/// ports, those of the laboratory's servers are checked.
///
/// # Errors
/// What is wrong with it.
pub fn check(typed: &str) -> Result<ScanPlan, LineFault> {
    let mut target: Option<TargetHost> = None;
    let mut ports = Vec::new();
    let mut proto = Proto::Tcp;
    let mut words = typed.split_whitespace().skip_while(|word| *word == "nmap").peekable();
    while let Some(word) = words.next() {
        match word {
            "udp" | "UDP" | "-u" | "-sU" | "--udp" => proto = Proto::Udp,
            "tcp" | "TCP" | "-sT" | "-sS" => proto = Proto::Tcp,
            "-" => ports.push(word),
            "-p" => ports.extend(words.next()),
            _ if word.len() > 2 && word.starts_with("-p") => ports.push(&word[2..]),
            _ if target.is_none() => target = Some(TargetHost::read(word)?),
            _ => ports.push(word),
        }
    }
    let target = target.ok_or(LineFault::NoHost)?;
    if target.name.bytes().all(|byte| byte.is_ascii_digit() || b",-".contains(&byte)) {
        // These are ports without a host: no host name is a bare number.
        return Err(LineFault::NoHost);
    }
    let list = match target.port.and_then(PortList::one) {
        Some(_) if !ports.is_empty() => return Err(LineFault::Ports(PortsErrorKind::Twice)),
        Some(port) => port,
        None if ports.is_empty() => PortList::usual(proto),
        None => {
            let joined = ports.iter().map(|part| part.trim_matches(',')).collect::<Vec<_>>().join(",");
            joined.parse().map_err(|error: crate::domain::ports::PortsError| LineFault::Ports(error.kind))?
        }
    };
    Ok(ScanPlan::new(target.name, list, proto))
}

/// The addresses by which other machines reach this server now, the best first; none while it can be reached from
/// this machine only.
pub fn ways(world: &World, server: &Server) -> Vec<IpAddr> {
    if !server.is_up() {
        return vec![];
    }
    match server.addr().ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => world.addresses.iter().filter(|ip| ip.is_ipv4()).copied().collect(),
        // On Linux such a socket takes IPv4 too (`ipv6(7)`, `bindv6only`).
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => world.addresses.clone(),
        ip if ip.to_canonical().is_loopback() => vec![],
        ip => vec![ip],
    }
}

/// The address that is every address of this machine: of IPv4, unless there are others only.
pub fn everywhere(world: &World) -> IpAddr {
    let only_v6 = !world.addresses.is_empty() && world.addresses.iter().all(IpAddr::is_ipv6);
    if only_v6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() }
}

/// Whether this is an address of this machine.
fn is_own(model: &Model, address: IpAddr) -> bool {
    address.is_loopback() || model.worlds.host().addresses.contains(&address)
}

/// All peers in the order of coming, other machines before this one.
pub fn peers(model: &Model) -> Vec<(IpAddr, &Peer)> {
    let mut all: Vec<_> = model.worlds.host().peers.all().collect();
    all.sort_by_key(|(address, peer)| (is_own(model, *address), peer.no));
    all
}

/// The letter that means yes.
pub const fn yes(lang: Lang) -> char {
    match lang {
        Lang::En => 'y',
        Lang::PtBr => 's',
    }
}

/// When the view changes without an event: the peers' rates fall to zero after a while.
pub(super) fn next_change(model: &Model) -> Option<Stamp> {
    let latest = || model.worlds.host().peers.all().map(|(_, peer)| peer.latest).max();
    let second = Duration::from_secs(1);
    let fresh = |at: &Stamp| model.now.since(*at) < 7 * second;
    (model.ui.view == View::Network).then(latest).flatten().filter(fresh).map(|_| model.now.after(second))
}

/// Does what a key means.
pub(super) fn act(model: &mut Model, action: NetworkAction) -> Acted {
    match action {
        NetworkAction::Toggle => {
            model.ui.page = None;
            model.ui.view = match (model.ui.view, model.worlds.shown_id()) {
                (View::Network, WorldId::Host) => View::Lab,
                (View::Network, WorldId::Wire) => View::Wire,
                _ => View::Network,
            };
        }
        NetworkAction::Door => return door(model),
        NetworkAction::Listed => {
            let peers = &mut model.ui.network.peers;
            *peers = if *peers == PeersView::Wall { PeersView::List } else { PeersView::Wall };
        }
        NetworkAction::Check => {
            model.ui.network.part = NetworkPart::Check;
            model.ui.mode = Mode::Checking;
        }
        NetworkAction::StopCheck => {
            let asking = model.worlds.host().scans.latest().is_some_and(|scan| scan.progress == ScanProgress::Asking);
            return if asking { Ok(vec![order(LabOrder::StopScan)]) } else { Err(Refusal::NothingSelected) };
        }
        NetworkAction::Kick => {
            let (address, _) = chosen(model).ok_or(Refusal::NothingSelected)?;
            return Ok(vec![guard(GuardOrder::Kick(address))]);
        }
        NetworkAction::Block => {
            let (address, peer) = chosen(model).ok_or(Refusal::NothingSelected)?;
            let order = if peer.is_blocked { GuardOrder::Unblock(address) } else { GuardOrder::Block(address) };
            return Ok(vec![guard(order)]);
        }
    }
    Ok(vec![])
}

/// An order for this machine's laboratory, the only one on the network.
const fn order(order: LabOrder) -> Effect {
    Effect::Lab(WorldId::Host, order)
}

const fn guard(deed: GuardOrder) -> Effect {
    order(LabOrder::Guard(deed))
}

/// How many other machines are connected to the servers.
pub(super) fn visitors(model: &Model) -> usize {
    let all = model.worlds.host().peers.all();
    all.filter(|(address, peer)| peer.open() > 0 && !is_own(model, *address)).count()
}

/// Closes the servers to the network at once; opens them only after a question.
fn door(model: &mut Model) -> Acted {
    let host = model.worlds.host();
    if host.servers.are_open() {
        return Ok(vec![guard(GuardOrder::Bind(Ipv4Addr::LOCALHOST.into()))]);
    }
    if host.observing {
        return Err(Refusal::Watched);
    }
    model.ui.mode = Mode::Asking(Question::Open);
    Ok(vec![])
}

/// The selected peer.
fn chosen(model: &Model) -> Option<(IpAddr, &Peer)> {
    let address = model.ui.network.peer?;
    model.worlds.host().peers.get(address).map(|peer| (address, peer))
}

/// A key while a question is asked.
pub(super) fn answered(model: &mut Model, key: Key, question: Question) -> Vec<Effect> {
    model.ui.mode = Mode::Command;
    let letter = yes(model.ui.lang);
    let agreed = matches!(key, Key::Char(c) if c.to_ascii_lowercase() == letter);
    if !agreed {
        return vec![];
    }
    match question {
        Question::Open => {
            vec![guard(GuardOrder::Bind(everywhere(model.worlds.host())))]
        }
        Question::Beyond => {
            let Some(plan) = &mut model.ui.network.plan else { return vec![] };
            plan.confirmed = true;
            model.ui.network.pending = true;
            vec![order(LabOrder::Scan(plan.clone()))]
        }
    }
}

/// A key while a port check is typed, or the host that clients are to go to.
pub(super) fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    let typing_target = model.ui.mode == Mode::TypingTarget;
    let network = &mut model.ui.network;
    let line = if typing_target { &mut network.target_line } else { &mut network.asked };
    match key {
        Key::Esc | Key::Tab | Key::BackTab => {
            network.fault = None;
            model.ui.mode = Mode::Command;
        }
        Key::Up | Key::Down => line.recall(key == Key::Up),
        Key::Enter if typing_target => return take_target(model),
        Key::Enter => match asked(line.input.value(), model.worlds.host().target.as_ref()) {
            Ok(plan) => {
                line.take();
                network.fault = None;
                network.from = 0;
                network.pending = true;
                network.plan = Some(plan.clone());
                model.ui.mode = Mode::Command;
                return vec![order(LabOrder::Scan(plan))];
            }
            Err(fault) => network.fault = Some(fault),
        },
        _ => {
            network.fault = None;
            line.edit(key);
        }
    }
    vec![]
}

/// A port check as it was typed. Ports alone are those of the host that clients go to.
fn asked(typed: &str, target: Option<&Target>) -> Result<ScanPlan, LineFault> {
    match (check(typed), target) {
        (Err(LineFault::NoHost), Some(target)) => check(&format!("{} {typed}", target.host.name)),
        (plan, _) => plan,
    }
}

fn take_target(model: &mut Model) -> Vec<Effect> {
    let network = &mut model.ui.network;
    let text = network.target_line.input.value().trim().to_owned();
    let target = if text.is_empty() { Ok(None) } else { TargetHost::read(&text).map(Some) };
    let target = match target {
        Ok(target) => target,
        Err(fault) => {
            network.fault = Some(fault.into());
            return vec![];
        }
    };
    network.fault = None;
    network.target_line.take();
    model.ui.mode = Mode::Command;
    // An empty line drops the target, if there is one.
    if target.is_none() && model.worlds.host().target.is_none() { vec![] } else { set_target(model, target) }
}

/// Sets or drops the target of clients and broadcasts. Clients that wait for an earlier target are dropped.
pub(super) fn set_target(model: &mut Model, target: Option<TargetHost>) -> Vec<Effect> {
    model.ui.waiting.clear();
    model.ui.network.changing_target.clone_from(&target);
    // It is tried at once: that is captured too.
    let way = target.as_ref().and_then(|target| packets::plan_towards(model, target));
    way.into_iter().chain([order(LabOrder::Target(target))]).collect()
}

/// Follows the events of a port check.
pub(super) fn follow(model: &mut Model, seen: &Observation) {
    let EventKind::Scan(event) = &seen.kind else { return };
    let ours = |asked: &str| model.ui.network.plan.as_ref().is_some_and(|plan| plan.host == asked);
    match &event.change {
        ScanChange::Unconfirmed { asked, scope, .. } if ours(asked) => {
            model.ui.network.pending = false;
            // Do not interrupt typing: the pane says what to do.
            if *scope != AddressScope::Group && model.ui.mode == Mode::Command {
                model.ui.mode = Mode::Asking(Question::Beyond);
            }
        }
        ScanChange::Begun { asked, .. } | ScanChange::Unresolved { asked, .. } if ours(asked) => {
            model.ui.network.pending = false;
        }
        _ => {}
    }
}

/// Moves the selection of the part that has the keys.
pub(super) fn step(model: &mut Model, steps: isize) {
    match model.ui.network.part {
        NetworkPart::Card => selection::step_server(model, steps),
        NetworkPart::Peers => {
            let all: Vec<_> = peers(model).into_iter().map(|(address, _)| address).collect();
            let Some(last) = all.len().checked_sub(1) else { return };
            let from = model.ui.network.peer.and_then(|peer| all.iter().position(|address| *address == peer));
            model.ui.network.peer = all.get(selection::stepped(from, steps, last)).copied();
        }
        NetworkPart::Check => {
            let reach = model.ui.scroll_end;
            model.ui.network.from = model.ui.network.from.min(reach).saturating_add_signed(steps).min(reach);
        }
    }
}
