//! The settings of the wire's hosts and the conditions of its links that can be turned from the screen, and where the
//! keys are among them.

use super::effect::{Effect, WireEffect};
use super::mode::Mode;
use super::wire::{SettingChange, WireState};
use super::{Model, link_settings};
use crate::domain::keys::Key;
use crate::domain::{Congestion, HostId, LinkCondition, Setting};

/// One line of the settings: what it can be turned to, in the order of the keys. What a host starts with is the first,
/// unless it is not ours to say.
pub const SETTINGS: [&[Setting]; 19] = [
    &[Setting::Patience(true), Setting::Patience(false), Setting::RtoMin(1_000), Setting::RtoMin(5_000)],
    &[Setting::Timestamps(false), Setting::Timestamps(true)],
    &[Setting::Sack(false), Setting::Sack(true)],
    &[Setting::WindowScaling(false), Setting::WindowScaling(true)],
    &[Setting::TailLossProbe(false), Setting::TailLossProbe(true)],
    &[Setting::Nagle(true), Setting::Nagle(false)],
    &[Setting::Congestion(Congestion::Reno), Setting::Congestion(Congestion::Cubic)],
    &[
        Setting::EphemeralRange(32_768, 60_999),
        Setting::EphemeralRange(40_000, 40_009),
        Setting::EphemeralRange(40_000, 40_001),
    ],
    &[Setting::TwReuse(2), Setting::TwReuse(0), Setting::TwReuse(1)],
    &[
        Setting::Somaxconn(4096),
        Setting::Somaxconn(8),
        Setting::Somaxconn(2),
        Setting::Somaxconn(1),
        Setting::Somaxconn(0),
    ],
    &[
        Setting::ReceiveBuffer(131_072),
        Setting::ReceiveBuffer(32_768),
        Setting::ReceiveBuffer(8_192),
        Setting::ReceiveBuffer(4_096),
        Setting::ReceiveBuffer(2_304),
    ],
    &[Setting::SendBuffer(16_384), Setting::SendBuffer(65_536), Setting::SendBuffer(4_608)],
    &[Setting::SynLinearTimeouts(4), Setting::SynLinearTimeouts(0)],
    &[Setting::Ecn(0), Setting::Ecn(1), Setting::Ecn(2)],
    &[Setting::SynCookies(true), Setting::SynCookies(false)],
    &[Setting::FastOpen(1), Setting::FastOpen(3), Setting::FastOpen(0)],
    &[Setting::Rfc1337(false), Setting::Rfc1337(true)],
    &[Setting::RememberMetrics(false), Setting::RememberMetrics(true)],
    &[Setting::Mtu(1_500), Setting::Mtu(576), Setting::Mtu(9_000)],
];

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsLine {
    /// A setting of a host.
    Host(&'static [Setting]),
    /// A condition of the link from a host.
    Link(LinkCondition),
}

/// The lines of the list: the hosts' settings, then the links' conditions.
pub fn lines() -> impl Iterator<Item = SettingsLine> {
    let hosts = SETTINGS.iter().map(|choices| SettingsLine::Host(choices));
    hosts.chain(LinkCondition::ALL.iter().map(|condition| SettingsLine::Link(*condition)))
}

/// The selected setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingsCursor {
    /// The line.
    pub line: usize,
    /// The host.
    pub host: HostId,
    /// The number that is being typed for a condition of a link.
    pub typed: Option<u32>,
}

impl SettingsCursor {
    /// The line that it is on.
    pub fn on(&self) -> Option<SettingsLine> {
        lines().nth(self.line)
    }

    /// Takes another digit.
    const fn types(&mut self, digit: u32) {
        /// The greatest number that can be typed.
        const MOST: u32 = 99_999_999;
        let typed = match self.typed {
            Some(typed) => typed.saturating_mul(10).saturating_add(digit),
            None => digit,
        };
        self.typed = Some(if typed > MOST { MOST } else { typed });
    }
}

impl Default for SettingsCursor {
    fn default() -> Self {
        Self { line: 0, host: HostId::Client, typed: None }
    }
}

/// The value of this setting on a host, if it is known: as it was set, the default of every host, or as it was read from
/// the kernel.
pub fn value(wire: &WireState, host: HostId, line: &[Setting]) -> Option<Setting> {
    let first = line.first()?;
    let set = |change: &&SettingChange| change.host == host && change.errno.is_none() && change.setting.is_same(first);
    let change = wire.setting_changes().iter().rev().find(set).map(|change| change.setting);
    let start = || Setting::DEFAULTS.iter().copied().find(|setting| setting.is_same(first));
    let ours = || matches!(first, Setting::Nagle(_)).then_some(*first);
    let read = || wire.settings_read(host).iter().copied().find(|setting| setting.is_same(first));
    change.or_else(start).or_else(read).or_else(ours)
}

/// The last attempt to turn this setting of this host, if it failed.
pub fn failure<'a>(wire: &'a WireState, host: HostId, line: &[Setting]) -> Option<&'a SettingChange> {
    let first = line.first()?;
    let latest =
        wire.setting_changes().iter().rev().find(|change| change.host == host && change.setting.is_same(first));
    latest.filter(|change| change.errno.is_some())
}

/// A key while the settings are shown.
pub(super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let cursor = &mut model.ui.wire.settings;
    let all = lines().count();
    let typed = cursor.typed.take();
    match (key, cursor.on()) {
        (Key::Up | Key::Char('k'), _) => cursor.line = (cursor.line + all - 1) % all,
        (Key::Down | Key::Char('j'), _) => cursor.line = (cursor.line + 1) % all,
        (Key::Tab | Key::BackTab, _) => cursor.host = cursor.host.other(),
        (Key::Char(digit @ '0'..='9'), Some(SettingsLine::Link(_))) => {
            cursor.typed = typed;
            cursor.types(digit.to_digit(10).unwrap_or_default());
        }
        (Key::Backspace, Some(SettingsLine::Link(_))) => {
            cursor.typed = typed.map(|typed| typed / 10).filter(|typed| *typed > 0);
        }
        (Key::Enter, Some(SettingsLine::Link(condition))) if typed.is_some() => {
            return link_settings::set(cursor.host, condition, typed.unwrap_or_default());
        }
        // What was typed is undone first.
        (Key::Esc, _) if typed.is_some() => {}
        (Key::Left | Key::Char('-'), _) => return turn(model, -1),
        (Key::Right | Key::Char('+' | ' ') | Key::Enter, _) => return turn(model, 1),
        (Key::Char('L'), _) => model.ui.lang = model.ui.lang.other(),
        _ => model.ui.mode = Mode::Command,
    }
    vec![]
}

fn turn(model: &Model, steps: isize) -> Vec<Effect> {
    let cursor = model.ui.wire.settings;
    let choices = match cursor.on() {
        Some(SettingsLine::Host(choices)) => choices,
        Some(SettingsLine::Link(condition)) => return link_settings::turn(model, cursor.host, condition, steps),
        None => return vec![],
    };
    let now = value(&model.worlds.shown().wire, cursor.host, choices);
    let at = now.and_then(|now| choices.iter().position(|setting| *setting == now));
    let to = at.map_or(0, |at| (at.cast_signed() + steps).rem_euclid(choices.len().cast_signed()).cast_unsigned());
    choices.get(to).map_or_else(Vec::new, |setting| vec![Effect::Wire(WireEffect::Set(cursor.host, *setting))])
}
