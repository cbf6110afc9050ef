//! Clients that were requested while their target is being resolved: they are spawned once its address is known.

use super::target::TargetResolution;
use super::{Effect, Model};
use crate::domain::{ClientPlan, EventKind, LabOrder, Observation, ServerId, TargetHost, WorldId};

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct WaitingClients(Vec<WaitingBurst>);

#[derive(Debug, Clone, Copy)]
struct WaitingBurst {
    count: u32,
    plan: ClientPlan,
    /// The server that was selected: they go to its port where the target names none.
    server: ServerId,
}

impl WaitingClients {
    /// How many there are.
    pub fn count(&self) -> u32 {
        self.0.iter().fold(0, |all, asked| all.saturating_add(asked.count))
    }

    /// Adds clients that would go to this server.
    pub(super) fn add(&mut self, count: u32, plan: ClientPlan, server: ServerId) {
        match self.0.iter_mut().find(|asked| (asked.plan, asked.server) == (plan, server)) {
            Some(asked) => asked.count = asked.count.saturating_add(count),
            None => self.0.push(WaitingBurst { count, plan, server }),
        }
    }

    /// Drops all of them.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The target that is being resolved, if clients of the shown world go to it.
pub fn looked_for(model: &Model) -> Option<&TargetHost> {
    if model.worlds.shown_id() != WorldId::Host {
        return None;
    }
    let target = model
        .worlds
        .shown()
        .target
        .as_ref()
        .filter(|target| target.resolution == TargetResolution::Looking)
        .map(|target| &target.host);
    model.ui.network.changing_target.as_ref().or(target)
}

/// Follows the events of a target.
pub(super) fn follow(model: &mut Model, seen: &Observation) {
    if let EventKind::Target(event) = &seen.kind {
        // An event of another target is out of date.
        model.ui.network.changing_target.take_if(|target| *target == event.target);
    }
}

/// Spawns the clients that waited, once the target's address is known and this machine's world is shown. If the target
/// cannot be reached, they are dropped.
pub(super) fn go(model: &mut Model) -> Vec<Effect> {
    if model.ui.waiting.0.is_empty() || model.worlds.shown_id() != WorldId::Host || looked_for(model).is_some() {
        return vec![];
    }
    let waiting = std::mem::take(&mut model.ui.waiting.0);
    let goes =
        |asked: WaitingBurst| {
            let destination = super::destinations::destination(model, model.worlds.shown().servers.get(asked.server)?)?;
            model.worlds.shown().target.as_ref().map(|_| {
                Effect::Lab(WorldId::Host, LabOrder::Spawn { count: asked.count, plan: asked.plan, destination })
            })
        };
    waiting.into_iter().filter_map(goes).collect()
}
