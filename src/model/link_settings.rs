//! The conditions of the wire's links in the list of settings: the values that keys go through, and typed ones.

use super::Model;
use super::effect::{Effect, WireEffect};
use crate::domain::{HostId, LinkChange, LinkCondition, PerHost, WireCommand};

/// The values that the keys go through, from none on.
const fn steps(of: LinkCondition) -> &'static [u32] {
    match of {
        LinkCondition::Rate => &[0, 64, 128, 256, 512, 1_000, 2_000, 10_000, 100_000],
        LinkCondition::Queue => &[0, 1, 2, 4, 8, 16, 32, 64, 100],
        LinkCondition::Delay | LinkCondition::Jitter => &[0, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000],
        LinkCondition::Loss => &[0, 1, 2, 5, 10, 20, 30, 50, 100],
        LinkCondition::LossEvery => &[0, 2, 3, 5, 10, 20, 50, 100],
        LinkCondition::Reorder => &[0, 1, 5, 10, 25, 50],
        LinkCondition::Mtu => &[0, 296, 576, 1_000, 1_280, 1_400, 1_492],
        LinkCondition::BlackHole => &[0, 1],
        LinkCondition::EcnAt => &[0, 1, 2, 4, 8, 16, 32, 64],
    }
}

/// Goes to the next value of a condition, or to the one before.
pub(super) fn turn(model: &Model, from: HostId, of: LinkCondition, steps: isize) -> Vec<Effect> {
    let now = model.worlds.shown().wire.direction(from).link.get(of);
    let values = self::steps(of);
    let to = if steps > 0 {
        values.iter().find(|value| **value > now).or(values.first())
    } else {
        values.iter().rfind(|value| **value < now).or(values.last())
    };
    set(from, of, to.copied().unwrap_or_default())
}

/// Sets a condition of the direction from this host.
pub(super) fn set(from: HostId, of: LinkCondition, value: u32) -> Vec<Effect> {
    let change = |host| if host == from { LinkChange::of(of, value) } else { LinkChange::default() };
    vec![Effect::Wire(WireEffect::Command(WireCommand::Link(PerHost::from_fn(change))))]
}
