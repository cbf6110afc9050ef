//! The interfaces that packets are captured on: those that the laboratory's traffic takes, or those that were chosen from
//! the list.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::super::Model;
use super::super::effect::{Effect, PacketsEffect};
use super::super::mode::Mode;
use super::super::target::{Target, TargetResolution};
use super::{CaptureStatus, Packets};
use crate::domain::interface::CapturePlan;
use crate::domain::keys::Key;
use crate::domain::{InterfaceName, InterfaceState, NetInterface, PacketSummary, TargetHost};

/// The choice, and the list that it is made from.
#[derive(Debug, Clone, Default)]
pub struct CaptureChoice {
    /// The chosen names; `None` to follow the laboratory's traffic.
    pub chosen: Option<BTreeSet<InterfaceName>>,
    /// The interfaces of this machine.
    pub all: Vec<NetInterface>,
    /// The selected line of the list: 0 is that of the laboratory's traffic.
    pub line: usize,
    /// The plan that the shell was told last.
    told: CapturePlan,
}

/// The interfaces on which packets were seen, as far as that matters: whether to name them.
#[derive(Debug, Clone, Default)]
pub struct SeenInterfaces {
    first: Option<InterfaceName>,
    /// Whether there were several, so that each packet has to say which.
    pub several: bool,
}

impl SeenInterfaces {
    pub(super) fn add(&mut self, packet: &PacketSummary) {
        if self.several || self.first == packet.interface {
            return;
        }
        match (&self.first, &packet.interface) {
            (None, Some(first)) => self.first = Some(first.clone()),
            (Some(_), Some(_)) => self.several = true,
            (_, None) => {}
        }
    }
}

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceLine<'a> {
    /// Its name.
    pub name: &'a InterfaceName,
    /// Whether packets can cross it.
    pub state: InterfaceState,
    /// Whether packets are captured on it.
    pub captured: bool,
    /// The interface, if there is one of this name.
    pub found: Option<&'a NetInterface>,
}

impl Packets {
    /// Whether packets are captured on an interface of this name, as far as it exists.
    fn captures(&self, name: &InterfaceName) -> bool {
        matches!(&self.capturing, CaptureStatus::On(on) if on.iter().any(|one| one.name == *name))
    }
}

impl Model {
    /// The lines of the list: the interfaces that there are, then those that are waited for.
    pub fn interface_lines(&self) -> Vec<InterfaceLine<'_>> {
        let all = &self.capture.all;
        let there = all.iter().map(|found| InterfaceLine {
            name: &found.name,
            state: found.state,
            captured: self.packets.captures(&found.name),
            found: Some(found),
        });
        let on = match &self.packets.capturing {
            CaptureStatus::On(on) => on.as_slice(),
            CaptureStatus::Unknown | CaptureStatus::Lacking { .. } => &[],
        };
        let missing = on.iter().filter(|one| all.iter().all(|found| found.name != one.name));
        let state = InterfaceState::Missing;
        let missing = missing.map(|one| InterfaceLine { name: &one.name, state, captured: true, found: None });
        there.chain(missing).collect()
    }

    fn capture_plan(&self) -> CapturePlan {
        let world = self.worlds.host();
        let mut now = BTreeSet::new();
        if let Some(Target { addresses, resolution, .. }) = &world.target {
            now.extend(addresses.iter().map(|ip| SocketAddr::from((*ip, 0))));
            if let TargetResolution::At { mut addr, .. } = *resolution {
                addr.set_port(0);
                now.insert(addr);
            }
        }
        // The loopback is captured anyway.
        let remote = world.servers.all().iter().map(|server| server.addr().ip()).filter(|ip| !ip.is_loopback());
        now.retain(|target| !target.ip().is_loopback());
        // What was there before still counts: connections there may be open.
        let CapturePlan { targets: before, mut servers, .. } = self.capture.told.clone();
        let mut targets: BTreeSet<SocketAddr> = before.difference(&now).copied().collect();
        while targets.len() + now.len() > CapturePlan::MOST_TARGETS && targets.pop_first().is_some() {}
        targets.append(&mut now);
        servers.extend(remote);
        CapturePlan { chosen: self.capture.chosen.clone(), targets, servers }
    }
}

/// Tells the shell where to capture, whenever that changes.
pub(in super::super) fn plan(model: &mut Model) -> Option<Effect> {
    let plan = model.capture_plan();
    told(model, plan)
}

/// The same, before a connection to this address is tried.
pub(in super::super) fn plan_towards(model: &mut Model, target: &TargetHost) -> Option<Effect> {
    let mut plan = model.capture_plan();
    let address = target.name.parse::<IpAddr>().ok().filter(|ip| !ip.is_loopback());
    plan.targets.extend(address.map(|ip| SocketAddr::from((ip, 0))));
    told(model, plan)
}

fn told(model: &mut Model, plan: CapturePlan) -> Option<Effect> {
    if model.capture.told == plan {
        return None;
    }
    model.capture.told = plan.clone();
    Some(Effect::Packets(PacketsEffect::CaptureOn(plan)))
}

/// A key while the list is shown.
pub(in super::super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let last = model.interface_lines().len();
    let line = model.capture.line.min(last);
    match key {
        Key::Up | Key::Char('k') => model.capture.line = line.saturating_sub(1),
        Key::Down | Key::Char('j') => model.capture.line = (line + 1).min(last),
        Key::Home | Key::Char('g') => model.capture.line = 0,
        Key::End | Key::Char('G') => model.capture.line = last,
        Key::Enter | Key::Char(' ') => {
            choose(model, line);
            return plan(model).into_iter().collect();
        }
        Key::Char('L') => model.ui.lang = model.ui.lang.other(),
        _ => model.ui.mode = Mode::Command,
    }
    vec![]
}

/// Adds the interface of a line to those that are captured, or takes it away; the first line is the laboratory's traffic.
fn choose(model: &mut Model, line: usize) {
    let lines = model.interface_lines();
    let chosen = line.checked_sub(1).and_then(|at| lines.get(at)).map(|picked| {
        let picked = picked.name.clone();
        let captured = lines.iter().filter(|line| line.captured).map(|line| line.name.clone());
        // Two keys may come before the shell has done what the first one asked.
        let mut names = model.capture.chosen.clone().unwrap_or_else(|| captured.collect());
        if names.remove(CapturePlan::ANY) {
            names = lines.iter().map(|line| line.name.clone()).collect();
        }
        if !names.remove(&picked) {
            names.insert(picked);
        }
        names
    });
    if chosen.is_none() {
        // What counts is the traffic from now on.
        model.capture.told = CapturePlan { chosen: model.capture.chosen.take(), ..CapturePlan::default() };
    }
    model.capture.chosen = chosen;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{
        Answer, EventKind, Evidence, Observation, Proto, ServerChange, ServerEvent, ServerId, ServerSpec, Stamp,
        TargetChange, TargetEvent, WorldId,
    };
    use crate::model::{Msg, update};

    /// Where the shell is asked to capture after this event.
    fn after(model: &mut Model, kind: EventKind) -> Option<CapturePlan> {
        let (at, world, evidence) = (Stamp::ZERO, WorldId::Host, Evidence::Called);
        planned(update(model, Msg::Seen(Observation { at, world, host: None, evidence, kind })))
    }

    fn planned(effects: Vec<Effect>) -> Option<CapturePlan> {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Packets(PacketsEffect::CaptureOn(plan)) => Some(plan),
            _ => None,
        })
    }

    fn server(id: u8, addr: &str) -> EventKind {
        let addr = addr.parse().unwrap();
        let spec = ServerSpec { name: format!("s{id}"), proto: Proto::Tcp, addr, answer: Answer::Same, model: None };
        EventKind::Server(ServerEvent { server: ServerId(id), change: ServerChange::Added { spec } })
    }

    fn target(name: &str, change: TargetChange) -> EventKind {
        EventKind::Target(TargetEvent { target: name.parse().unwrap(), change })
    }

    #[test]
    fn servers_and_targets_on_the_loopback_need_no_other_interface() {
        let mut model = Model::default();
        assert_eq!(after(&mut model, server(0, "127.0.0.1:65432")), None);
        assert_eq!(after(&mut model, server(1, "[::1]:65433")), None);
        assert_eq!(planned(update(&mut model, Msg::Target("127.0.0.1".parse().ok()))), None);
    }

    #[test]
    fn servers_that_others_reach_and_targets_are_added_and_stay() {
        let mut model = Model::default();
        let plan = after(&mut model, server(0, "0.0.0.0:65432")).unwrap();
        assert_eq!(plan.servers, ["0.0.0.0".parse().unwrap()].into());
        assert_eq!(after(&mut model, target("lab", TargetChange::Set)), None);
        let found = vec!["10.0.0.7".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        let plan = after(&mut model, target("lab", TargetChange::Found { addresses: found, took: Duration::ZERO }));
        let there: SocketAddr = "10.0.0.7:0".parse().unwrap();
        assert_eq!(plan.unwrap().targets, [there].into());
        // Known already, and still counted when the clients come home: connections may be open.
        let chosen = TargetChange::Chosen { addr: "10.0.0.7:65432".parse().unwrap(), answers: true };
        assert_eq!(after(&mut model, target("lab", chosen)), None);
        assert_eq!(after(&mut model, target("lab", TargetChange::Dropped)), None);
        assert_eq!(model.capture_plan().targets, [there].into());
    }

    #[test]
    fn the_remembered_targets_are_bounded() {
        let mut model = Model::default();
        for last in 0..200 {
            update(&mut model, Msg::Target(format!("10.0.0.{last}").parse().ok()));
        }
        assert!(model.capture_plan().targets.len() <= CapturePlan::MOST_TARGETS);
        assert!(plan(&mut model).is_some());
        assert!(plan(&mut model).is_none(), "the same plan again");
    }
}
