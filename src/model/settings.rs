//! The settings of the wire's hosts that can be turned from the screen, and where the keys are among them.

use super::key::Key;
use super::mode::Mode;
use super::wire::{Turned, WireState};
use super::{Effect, Model};
use crate::domain::{Congestion, HostId, Knob};

/// One line of the settings: what it can be turned to, in the order of the keys. What a host starts with is the first,
/// unless it is not ours to say.
pub const SETTINGS: [&[Knob]; 12] = [
    &[Knob::Timestamps(false), Knob::Timestamps(true)],
    &[Knob::Sack(false), Knob::Sack(true)],
    &[Knob::WindowScaling(false), Knob::WindowScaling(true)],
    &[Knob::TailLossProbe(false), Knob::TailLossProbe(true)],
    &[Knob::Nagle(true), Knob::Nagle(false)],
    &[Knob::Congestion(Congestion::Reno), Knob::Congestion(Congestion::Cubic)],
    &[Knob::EphemeralRange(32_768, 60_999), Knob::EphemeralRange(40_000, 40_009), Knob::EphemeralRange(40_000, 40_001)],
    &[Knob::TwReuse(2), Knob::TwReuse(0), Knob::TwReuse(1)],
    &[Knob::Somaxconn(4096), Knob::Somaxconn(8), Knob::Somaxconn(2), Knob::Somaxconn(1), Knob::Somaxconn(0)],
    &[
        Knob::ReceiveBuffer(131_072),
        Knob::ReceiveBuffer(32_768),
        Knob::ReceiveBuffer(8_192),
        Knob::ReceiveBuffer(4_096),
        Knob::ReceiveBuffer(2_304),
    ],
    &[Knob::SendBuffer(16_384), Knob::SendBuffer(65_536), Knob::SendBuffer(4_608)],
    &[Knob::SynLinearTimeouts(4), Knob::SynLinearTimeouts(0)],
];

/// Where the keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The line.
    pub line: usize,
    /// The host.
    pub host: HostId,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { line: 0, host: HostId::Client }
    }
}

fn same(one: &Knob, other: &Knob) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

/// How a host has this setting, as far as it is known: as it was turned, or as every host starts. A kernel's own value
/// that nobody read is not known.
pub fn value(wire: &WireState, host: HostId, line: &[Knob]) -> Option<Knob> {
    let first = line.first()?;
    let set = |turned: &&Turned| turned.host == host && turned.errno.is_none() && same(&turned.knob, first);
    let turned = wire.turned().iter().rev().find(set).map(|turned| turned.knob);
    let start = || Knob::DEFAULTS.iter().copied().find(|knob| same(knob, first));
    let ours = || matches!(first, Knob::Nagle(_)).then_some(*first);
    turned.or_else(start).or_else(ours)
}

/// The last attempt to turn this setting of this host, if it failed.
pub fn failure<'a>(wire: &'a WireState, host: HostId, line: &[Knob]) -> Option<&'a Turned> {
    let first = line.first()?;
    let latest = wire.turned().iter().rev().find(|turned| turned.host == host && same(&turned.knob, first));
    latest.filter(|turned| turned.errno.is_some())
}

/// A key while the settings are shown.
pub(super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let Cursor { line, host } = model.ui.wire.settings;
    let last = SETTINGS.len() - 1;
    match key {
        Key::Up | Key::Char('k') => model.ui.wire.settings.line = line.saturating_sub(1),
        Key::Down | Key::Char('j') => model.ui.wire.settings.line = (line + 1).min(last),
        Key::Tab | Key::BackTab => model.ui.wire.settings.host = host.other(),
        Key::Left | Key::Char('-') => return turn(model, -1),
        Key::Right | Key::Char('+' | ' ') | Key::Enter => return turn(model, 1),
        Key::Char('L') => model.ui.lang = model.ui.lang.other(),
        _ => model.ui.mode = Mode::Command,
    }
    vec![]
}

fn turn(model: &Model, steps: isize) -> Vec<Effect> {
    let Cursor { line, host } = model.ui.wire.settings;
    let Some(choices) = SETTINGS.get(line) else { return vec![] };
    let now = value(&model.world.wire, host, choices);
    let at = now.and_then(|now| choices.iter().position(|knob| *knob == now));
    let to = at.map_or(0, |at| (at.cast_signed() + steps).rem_euclid(choices.len().cast_signed()).cast_unsigned());
    choices.get(to).map_or_else(Vec::new, |knob| vec![Effect::Turn(host, *knob)])
}
