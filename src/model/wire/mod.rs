//! The wire as the events left it: the packets that crossed it or are on it, and how each direction is treated.

mod again;
mod ends;
mod forecast;
mod link;
mod numbers;
mod packet;
mod programs;
mod story;
#[cfg(test)]
pub(crate) mod test_wire;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use self::ends::{EndMark, EndTrace, InfoCurve, WireEnds};
pub use self::forecast::{Forecast, forecast};
pub use self::numbers::EndNumbers;
pub use self::packet::{PacketOnWire, WirePacketFate};
pub use self::programs::{ProgramLine, Programs};
pub use self::story::{WireFact, WireStory};

use super::bounded;
use super::clients::ShortBurst;
use crate::domain::need::Lack;
use crate::domain::wire::{CloseReason, LinkKind, WireEvent, WireMode};
use crate::domain::{
    Call, Cause, Errno, Evidence, Finding, Flags, Flow, HostId, LinkConditions, Observation, Outcome, PacketSummary,
    PerHost, SentAgain, Setting, Stamp, Syscall, TcpInfo, TcpInput, Transition, tcp,
};

/// How one direction is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DirectionState {
    /// How packets are treated.
    pub mode: WireMode,
    /// Whether it is cut.
    pub cut: bool,
    /// What it is like as a link.
    pub link: LinkConditions,
    /// How many packets waited in the link's queue when that was told last.
    pub waiting: u32,
    /// How many packets that are not listed were lost in the link: its queue was full, or they were too large.
    pub lost_unlisted: u64,
    /// How many packets that are not listed were marked with CE.
    pub marked_unlisted: u64,
}

/// Whether the wire lab is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WireStatus {
    /// It was never opened.
    #[default]
    Absent,
    /// It could not be opened.
    Lacking(Lack),
    /// The hosts are there.
    Open(LinkKind),
    /// It was closed.
    Closed(CloseReason, Option<Errno>),
}

/// A change of state, when it was observed, where, and how it is known.
pub type WireChange = (Stamp, Option<HostId>, Transition, Evidence);

/// One thing on the ladder, in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub enum WireRung {
    /// A packet, by its number.
    Packet(u64),
    /// A change of state that no packet brought about and none was sent with.
    Change(WireChange),
}

/// A setting that was turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingChange {
    /// On which host.
    pub host: HostId,
    /// To what.
    pub setting: Setting,
    /// Why it could not be, if so.
    pub errno: Option<Errno>,
}

/// See the module's head.
#[derive(Debug, Clone)]
pub struct WireState {
    /// Whether it is there.
    pub status: WireStatus,
    /// From client to server, and from server to client.
    directions: PerHost<DirectionState>,
    packets: VecDeque<PacketOnWire>,
    /// The changes of state in the order they were observed, whatever brought them about.
    changes: VecDeque<WireChange>,
    rungs: VecDeque<WireRung>,
    /// The last thing that was done and what came of it.
    pub story: WireStory,
    /// The ends of the connections: what their kernels said at each packet, and what they sent.
    pub ends: WireEnds,
    /// The settings that were turned, the latest last.
    setting_changes: Vec<SettingChange>,
    /// What the kernels were found to have.
    settings_read: PerHost<Vec<Setting>>,
    /// The host that sent packets to itself last, and the latest packet on the wire then.
    looped: Option<(HostId, Option<u64>)>,
    /// Whether retransmissions are folded into the held original.
    pub folding: bool,
    /// Packets that crossed at full speed without being listed.
    pub unlisted: u64,
    /// Programs on the hosts.
    pub programs: Programs,
    /// The packet that does not exist any more, if one was asked for.
    pub missing: Option<u64>,
}

impl Default for WireState {
    fn default() -> Self {
        Self {
            status: WireStatus::default(),
            directions: PerHost::default(),
            packets: VecDeque::new(),
            changes: VecDeque::new(),
            rungs: VecDeque::new(),
            story: WireStory::default(),
            ends: WireEnds::default(),
            setting_changes: Vec::new(),
            settings_read: PerHost::default(),
            looped: None,
            folding: true,
            unlisted: 0,
            programs: Programs::default(),
            missing: None,
        }
    }
}

impl WireState {
    /// How many packets and changes are remembered.
    const KEPT: usize = 2_000;
    /// How far back on the ladder a packet's own change of state can stand.
    const BACK: usize = 12;

    /// The packets, the earliest first.
    pub const fn packets(&self) -> &VecDeque<PacketOnWire> {
        &self.packets
    }

    /// The packets that are on the wire now, in the order they were sent.
    pub fn open(&self) -> impl Iterator<Item = &PacketOnWire> {
        self.packets.iter().filter(|packet| packet.fate.is_open())
    }

    /// The packet with this number, while it is remembered.
    pub fn packet(&self, number: u64) -> Option<&PacketOnWire> {
        self.packets.iter().rev().find(|packet| packet.packet.number == number)
    }

    /// Packets and changes of state in the order of time.
    pub const fn rungs(&self) -> &VecDeque<WireRung> {
        &self.rungs
    }

    /// The packet that has been held longest, of those that this host sent or of all.
    pub fn first_held(&self, from: Option<HostId>) -> Option<&PacketOnWire> {
        self.open().find(|packet| packet.fate == WirePacketFate::Held && from.is_none_or(|host| host == packet.from))
    }

    /// The latest `TCP_INFO` of a host's end of a connection.
    pub fn info(&self, host: HostId, flow: &Flow) -> Option<&TcpInfo> {
        self.ends.of(host, flow)?.latest.as_ref()
    }

    /// The settings that were turned, the latest last, one for each.
    pub fn setting_changes(&self) -> &[SettingChange] {
        &self.setting_changes
    }

    /// The settings that a host's kernel had when the wire was opened, as far as they were read.
    pub fn settings_read(&self, host: HostId) -> &[Setting] {
        self.settings_read.of(host)
    }

    /// The host that has spoken to itself, if no packet has come onto the wire since.
    pub fn spoke_to_itself(&self) -> Option<HostId> {
        let (host, latest) = self.looped?;
        (self.packets.back().map(|on| on.packet.number) == latest).then_some(host)
    }

    /// How packets from this host are treated.
    pub const fn direction(&self, from: HostId) -> DirectionState {
        *self.directions.of(from)
    }

    /// How all packets are treated, if both directions are treated alike.
    pub fn mode(&self) -> Option<WireMode> {
        let [one, other] = self.directions.into_array();
        (one.mode == other.mode).then_some(one.mode)
    }

    /// Whether the hosts are there.
    pub const fn is_open(&self) -> bool {
        matches!(self.status, WireStatus::Open(_))
    }

    pub(super) fn sent(&mut self, seen: &Observation, packet: &PacketSummary) {
        // Whoever forged it did so without a call or a timer of this host.
        let is_forged = packet.findings.has(Finding::Forged);
        let left = if is_forged { Vec::new() } else { self.take_left(seen.host, packet) };
        let again = match packet.retransmission_of {
            Some(of) => WireFact::Resent { packet: packet.number, of, why: self.why_again(packet, seen.at) },
            None if !is_forged && self.is_probe(packet) => WireFact::Probed(packet.number),
            None => WireFact::Sent(packet.number),
        };
        if let Some(host) = seen.host {
            self.ends.sent(seen.at, host, packet);
        }
        let mut packet = packet.clone();
        if matches!(again, WireFact::Probed(_)) {
            packet.findings.add(Finding::EmptyProbe);
        }
        let corrupted = packet.findings.has(Finding::ChecksumBad);
        self.list(PacketOnWire {
            packet,
            from: seen.host.unwrap_or(HostId::Client),
            sent: seen.at,
            fate: WirePacketFate::Held,
            folded: 0,
            waited: None,
            corrupted,
            marked: false,
            overtook: false,
            answers: None,
            verdict: None,
            copy_of: None,
            left,
            brought: Vec::new(),
        });
        self.story.add(seen.at, again);
    }

    /// Puts a packet at the end of the list and of the ladder. The earliest that is not on the wire any more makes room.
    fn list(&mut self, packet: PacketOnWire) {
        if self.packets.len() == Self::KEPT {
            let closed = self.packets.iter().position(|packet| !packet.fate.is_open()).unwrap_or(0);
            self.packets.remove(closed);
        }
        self.rung(WireRung::Packet(packet.packet.number));
        self.packets.push_back(packet);
    }

    /// The latest changes of the sender's state that stand alone on the ladder: the packet was sent with them.
    fn take_left(&mut self, host: Option<HostId>, packet: &PacketSummary) -> Vec<Transition> {
        let flags = packet.tcp.as_ref().map_or(Flags::default(), |tcp| tcp.flags);
        let sends = |change: &Transition| {
            let mut steps = tcp::inputs(change.from, change.to).filter_map(|input| tcp::on(change.from, input));
            steps.any(|step| step.reply.may_be(flags))
        };
        let mut left = Vec::new();
        for at in (self.rungs.len().saturating_sub(Self::BACK)..self.rungs.len()).rev() {
            let WireRung::Change((_, on, change, _)) = &self.rungs[at] else { continue };
            if *on == host && change.flow == packet.flow && sends(change) {
                left.push(change.clone());
                self.rungs.remove(at);
            }
        }
        left.reverse();
        left
    }

    fn rung(&mut self, rung: WireRung) {
        bounded::push(&mut self.rungs, rung, Self::KEPT);
    }

    /// Follows a call of one of our programs on a host.
    pub(super) fn called(&mut self, seen: &Observation, call: &Call) {
        let failed = matches!(call.result, Outcome::Failed(_));
        let told = match call.call {
            Syscall::Socket | Syscall::Setsockopt | Syscall::Bind | Syscall::Listen => failed,
            _ => true,
        };
        if told && let Some(host) = seen.host {
            self.story.add(seen.at, WireFact::Called(host, call.clone()));
        }
    }

    /// One of our clients called `connect`.
    pub(super) fn dialing(&mut self, seen: &Observation, flow: Flow) {
        self.story.add(seen.at, WireFact::Dialing(flow));
    }

    /// A burst of clients ended early.
    pub(super) fn cut_short(&mut self, at: Stamp, short: ShortBurst) {
        self.story.add(at, WireFact::Short(short));
    }

    /// Takes in the `TCP_INFO` of a host's end of a connection.
    pub(super) fn informed(&mut self, seen: &Observation, info: &TcpInfo) {
        if let Some(host) = seen.host {
            self.ends.informed(seen.at, host, info);
        }
    }

    pub(super) fn changed(&mut self, seen: &Observation, change: &Transition) {
        let observed = (seen.at, seen.host, change.clone(), seen.evidence);
        bounded::push(&mut self.changes, observed.clone(), Self::KEPT);
        let host = seen.host.unwrap_or(HostId::Client);
        self.ends.changed(seen.at, host, &change.flow);
        // Listeners are shown beside the ladder.
        if change.flow.peer.is_some() {
            self.story.add(seen.at, WireFact::Changed(host, change.clone(), seen.evidence));
        }
        match change.cause {
            Some(Cause::Packet(number)) if self.packet(number).is_some() => {
                self.with(number, |packet| packet.brought.push((host, change.clone())));
            }
            _ => self.rung(WireRung::Change(observed)),
        }
    }

    pub(super) fn apply(&mut self, seen: &Observation, event: &WireEvent) {
        let at = seen.at;
        self.trace(at, event);
        self.programs.apply(seen.host, event);
        if let Some(fact) = self.fact(at, event) {
            self.story.add(at, fact);
        }
        match event {
            WireEvent::Lacks(lack) => self.status = WireStatus::Lacking(*lack),
            WireEvent::Opened { link } => *self = Self { status: WireStatus::Open(*link), ..Self::default() },
            WireEvent::Closed { why, errno } => {
                self.status = WireStatus::Closed(*why, *errno);
                self.packets.retain(|packet| !packet.fate.is_open());
                self.rungs.retain(|rung| match rung {
                    WireRung::Packet(number) => self.packets.iter().any(|packet| packet.packet.number == *number),
                    WireRung::Change(_) => true,
                });
            }
            WireEvent::Held { packet } => self.with(*packet, |on| on.fate = WirePacketFate::Held),
            WireEvent::Delayed { packet, by } => {
                self.with(*packet, |on| on.fate = WirePacketFate::Flying { since: at, until: at.after(*by) });
            }
            WireEvent::Delivered { packet } => self.with(*packet, |on| on.fate = WirePacketFate::Delivered { at }),
            WireEvent::Verdict(verdict) => {
                self.with(verdict.packet, |on| on.verdict = Some((verdict.did, verdict.why)));
            }
            WireEvent::Dropped { packet, why } => {
                self.with(*packet, |on| on.fate = WirePacketFate::Lost { at, why: *why });
            }
            WireEvent::Duplicated { packet, copy } => self.copied(at, *packet, *copy),
            WireEvent::Corrupted { packet } => self.with(*packet, |on| on.corrupted = true),
            WireEvent::Altered { packet, now } => self.with(*packet, |on| {
                on.packet = PacketSummary { number: on.packet.number, ..(**now).clone() };
                on.corrupted = now.findings.has(Finding::ChecksumBad);
            }),
            WireEvent::Swapped { packet, with } => self.swapped(*packet, *with),
            WireEvent::Folded { packet, count, after } => self.with(*packet, |on| {
                on.folded = *count;
                on.waited = Some(*after);
            }),
            WireEvent::Mode(mode) => self.directions_of(seen).for_each(|direction| direction.mode = *mode),
            WireEvent::Cut { cut } => self.directions_of(seen).for_each(|direction| direction.cut = *cut),
            WireEvent::LossSet { percent } => {
                self.directions_of(seen).for_each(|direction| direction.link.loss_percent = (*percent).into());
            }
            WireEvent::Link(_)
            | WireEvent::Queued { .. }
            | WireEvent::Crossing { .. }
            | WireEvent::Marked { .. }
            | WireEvent::Fragmented { .. }
            | WireEvent::Answered { .. }
            | WireEvent::QueueLength { .. } => self.apply_link(seen, event),
            WireEvent::Folding { on } => self.folding = *on,
            WireEvent::Unlisted { count } => self.unlisted += count,
            WireEvent::NoSuchPacket { packet } => self.missing = Some(*packet),
            WireEvent::SettingChanged { setting, errno } => {
                let change =
                    SettingChange { host: seen.host.unwrap_or(HostId::Client), setting: *setting, errno: *errno };
                let same = |other: &SettingChange| {
                    other.host == change.host
                        && other.setting.is_same(setting)
                        // A failed change leaves the earlier one in force.
                        && (change.errno.is_none() || other.errno.is_some())
                };
                self.setting_changes.retain(|other| !same(other));
                self.setting_changes.push(change);
            }
            WireEvent::SettingRead { setting } => {
                self.settings_read.of_mut(seen.host.unwrap_or(HostId::Client)).push(*setting);
            }
            WireEvent::Looped { .. } => {
                self.looped = seen.host.map(|host| (host, self.packets.back().map(|on| on.packet.number)));
            }
            WireEvent::Injected { .. }
            | WireEvent::Program { .. }
            | WireEvent::ProgramFailed { .. }
            | WireEvent::ProgramSaid { .. }
            | WireEvent::ProgramEnded { .. } => {}
        }
    }

    /// Follows what becomes of a segment.
    fn trace(&mut self, at: Stamp, event: &WireEvent) {
        let (WireEvent::Delivered { packet: number }
        | WireEvent::Dropped { packet: number, .. }
        | WireEvent::Folded { packet: number, .. }) = event
        else {
            return;
        };
        // A kernel throws a damaged one away.
        let reads = |on: &&PacketOnWire| on.packet.number == *number && !on.corrupted;
        let Some(PacketOnWire { from, packet, .. }) = self.packets.iter().rev().find(reads) else { return };
        match event {
            WireEvent::Delivered { .. } => self.ends.delivered(at, *from, packet),
            WireEvent::Dropped { .. } => self.ends.lost(at, *from, packet),
            _ => self.ends.folded(at, *from, packet),
        }
    }

    /// The directions that an event is about: one if it names a host, otherwise both.
    fn directions_of(&mut self, seen: &Observation) -> impl Iterator<Item = &mut DirectionState> {
        let [client, server] = self.directions.both_mut();
        let only = seen.host;
        let both = [(HostId::Client, client), (HostId::Server, server)];
        both.into_iter().filter(move |(from, _)| only.is_none_or(|host| host == *from)).map(|(_, direction)| direction)
    }

    fn find(&mut self, number: u64) -> Option<&mut PacketOnWire> {
        self.packets.iter_mut().rev().find(|packet| packet.packet.number == number)
    }

    fn with(&mut self, number: u64, change: impl FnOnce(&mut PacketOnWire)) {
        self.missing = None;
        if let Some(packet) = self.find(number) {
            change(packet);
        }
    }

    fn copied(&mut self, at: Stamp, original: u64, copy: u64) {
        let Some(of) = self.find(original) else { return };
        let mut new = PacketOnWire {
            sent: at,
            fate: WirePacketFate::Held,
            verdict: None,
            copy_of: Some(original),
            left: Vec::new(),
            brought: Vec::new(),
            ..of.clone()
        };
        new.packet.number = copy;
        // The relay may have reported the copy as a packet already.
        if self.find(copy).is_none() {
            self.list(new);
        } else {
            self.with(copy, |on| on.copy_of = Some(original));
        }
    }

    fn swapped(&mut self, front: u64, behind: u64) {
        let place = |number| self.packets.iter().position(|packet| packet.packet.number == number);
        if let (Some(one), Some(other)) = (place(front), place(behind)) {
            // Each takes the other's place, and arrives when the other would have.
            self.packets.swap(one, other);
            let fate = self.packets[one].fate;
            self.packets[one].fate = std::mem::replace(&mut self.packets[other].fate, fate);
        }
        let place = |number| self.rungs.iter().position(|rung| *rung == WireRung::Packet(number));
        if let (Some(one), Some(other)) = (place(front), place(behind)) {
            self.rungs.swap(one, other);
        }
    }

    /// The fact that an event adds to the story, if any.
    fn fact(&self, at: Stamp, event: &WireEvent) -> Option<WireFact> {
        Some(match event {
            WireEvent::Delivered { packet } => WireFact::Delivered(*packet),
            WireEvent::Verdict(verdict) => WireFact::Judged(verdict.clone()),
            WireEvent::Dropped { packet, why } => WireFact::Lost(*packet, *why),
            WireEvent::Duplicated { packet, copy } => WireFact::Copied { packet: *packet, copy: *copy },
            WireEvent::Corrupted { packet } => WireFact::Corrupted(*packet),
            WireEvent::Injected { packet } => WireFact::Injected(*packet),
            WireEvent::Altered { packet, .. } => WireFact::Altered(*packet),
            WireEvent::Marked { packet } => WireFact::Marked(*packet),
            WireEvent::Fragmented { packet, into } => WireFact::Fragmented { packet: *packet, into: into.len() },
            WireEvent::Answered { packet, answer } => WireFact::ToldMtu { packet: *packet, answer: *answer },
            WireEvent::Swapped { packet, with } => WireFact::Swapped(*packet, *with),
            WireEvent::Folded { packet, count, after } => {
                let why = self.packet(*packet).map_or(SentAgain::Timer, |on| self.why_again(&on.packet, at));
                WireFact::Folded { packet: *packet, count: *count, after: *after, why }
            }
            _ => return None,
        })
    }

    /// The input that a change of state is the answer to, as far as its cause tells.
    pub fn input_of(&self, change: &Transition) -> Option<TcpInput> {
        let mut inputs = tcp::inputs(change.from, change.to);
        match change.cause? {
            Cause::Timer => inputs.find(|input| *input == TcpInput::Timeout),
            Cause::Call(_) | Cause::Exit => None,
            Cause::Packet(number) => {
                let packet = &self.packet(number)?.packet;
                let flags = packet.tcp.as_ref()?.flags;
                inputs.find(|input| input.may_be(flags, packet.payload.len > 0))
            }
        }
    }
}
