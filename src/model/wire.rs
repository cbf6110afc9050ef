//! The wire as the events left it: the packets that crossed it or are on it, and how each direction is treated.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::wire::{Closed, LinkKind, Loss, Mode, WireEvent};
use crate::domain::{Cause, Errno, Evidence, HostId, Observation, PacketSummary, Stamp, Transition};

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It waits for the presenter.
    Held,
    /// It is on its way and arrives at this moment.
    Flying {
        /// When it arrives.
        until: Stamp,
    },
    /// It was handed to the other host.
    Delivered {
        /// When.
        at: Stamp,
    },
    /// It never arrives.
    Lost {
        /// When it was lost.
        at: Stamp,
        /// Why.
        why: Loss,
    },
}

impl Fate {
    /// Whether the packet is still on the wire.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::Flying { .. })
    }
}

/// A packet on the wire, or one that was.
#[derive(Debug, Clone)]
pub struct OnWire {
    /// What it is.
    pub packet: PacketSummary,
    /// Who sent it.
    pub from: HostId,
    /// When it was sent.
    pub sent: Stamp,
    /// What became of it.
    pub fate: Fate,
    /// How often the sender sent it again while it was held.
    pub folded: u32,
    /// How long the sender waited before it sent it again the last time: the retransmission timeout as lived through.
    pub waited: Option<Duration>,
    /// Whether it was damaged.
    pub corrupted: bool,
    /// The packet that it is a copy of, if it is one.
    pub copy_of: Option<u64>,
    /// The changes of state that its arrival brought about.
    pub brought: Vec<(HostId, Transition)>,
}

/// How one direction is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lane {
    /// What happens to a packet that arrives on it.
    pub mode: Mode,
    /// Whether it is cut.
    pub cut: bool,
    /// How many packets in a hundred it loses.
    pub loss: u8,
}

/// Whether the wire lab is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WireStatus {
    /// Nobody asked for it yet.
    #[default]
    Absent,
    /// The hosts are there.
    Open(LinkKind),
    /// It is no more.
    Closed(Closed, Option<Errno>),
}

/// A change of state that no packet brought about, and what did.
pub type Remark = (Stamp, Option<HostId>, Transition, Evidence);

/// See the module's head.
#[derive(Debug, Clone)]
pub struct WireState {
    /// Whether it is there.
    pub status: WireStatus,
    /// From client to server, and from server to client.
    lanes: [Lane; 2],
    packets: VecDeque<OnWire>,
    /// The changes of state in the order they were observed, whatever brought them about.
    changes: VecDeque<Remark>,
    /// Whether what is sent again is folded into its held original.
    pub folding: bool,
    /// Packets that crossed at full speed without being listed.
    pub unlisted: u64,
    /// Programs that run on the hosts.
    pub programs: Vec<(HostId, u32, String)>,
    /// The packet that does not exist any more, if one was asked for.
    pub missing: Option<u64>,
}

impl Default for WireState {
    fn default() -> Self {
        Self {
            status: WireStatus::default(),
            lanes: Default::default(),
            packets: VecDeque::new(),
            changes: VecDeque::new(),
            folding: true,
            unlisted: 0,
            programs: Vec::new(),
            missing: None,
        }
    }
}

impl WireState {
    /// How many packets and changes are remembered.
    const KEPT: usize = 2_000;

    /// The packets, the earliest first.
    pub const fn packets(&self) -> &VecDeque<OnWire> {
        &self.packets
    }

    /// The packets that are on the wire now, in the order they were sent.
    pub fn open(&self) -> impl Iterator<Item = &OnWire> {
        self.packets.iter().filter(|packet| packet.fate.is_open())
    }

    /// The packet with this number, while it is remembered.
    pub fn packet(&self, number: u64) -> Option<&OnWire> {
        self.packets.iter().rev().find(|packet| packet.packet.number == number)
    }

    /// The changes of state, the earliest first.
    pub const fn changes(&self) -> &VecDeque<Remark> {
        &self.changes
    }

    /// How packets from this host are treated.
    pub const fn lane(&self, from: HostId) -> Lane {
        self.lanes[from as usize]
    }

    /// How all packets are treated, if both directions are treated alike.
    pub fn mode(&self) -> Option<Mode> {
        let [one, other] = self.lanes;
        (one.mode == other.mode).then_some(one.mode)
    }

    /// Whether the hosts are there.
    pub const fn is_open(&self) -> bool {
        matches!(self.status, WireStatus::Open(_))
    }

    pub(super) fn sent(&mut self, seen: &Observation, packet: &PacketSummary) {
        if self.packets.len() == Self::KEPT {
            let closed = self.packets.iter().position(|packet| !packet.fate.is_open()).unwrap_or(0);
            self.packets.remove(closed);
        }
        self.packets.push_back(OnWire {
            packet: packet.clone(),
            from: seen.host.unwrap_or(HostId::Client),
            sent: seen.at,
            fate: Fate::Held,
            folded: 0,
            waited: None,
            corrupted: false,
            copy_of: None,
            brought: Vec::new(),
        });
    }

    pub(super) fn changed(&mut self, seen: &Observation, change: &Transition) {
        if self.changes.len() == Self::KEPT {
            self.changes.pop_front();
        }
        self.changes.push_back((seen.at, seen.host, change.clone(), seen.evidence));
        if let Some(Cause::Packet(number)) = change.cause
            && let Some(packet) = self.find(number)
        {
            packet.brought.push((seen.host.unwrap_or(HostId::Client), change.clone()));
        }
    }

    pub(super) fn apply(&mut self, seen: &Observation, event: &WireEvent) {
        let at = seen.at;
        match event {
            WireEvent::Opened { link } => *self = Self { status: WireStatus::Open(*link), ..Self::default() },
            WireEvent::Closed { why, errno } => {
                self.status = WireStatus::Closed(*why, *errno);
                self.packets.retain(|packet| !packet.fate.is_open());
                self.programs.clear();
            }
            WireEvent::Held { packet } => self.with(*packet, |on| on.fate = Fate::Held),
            WireEvent::Delayed { packet, by } => {
                self.with(*packet, |on| on.fate = Fate::Flying { until: at.after(*by) });
            }
            WireEvent::Delivered { packet } => self.with(*packet, |on| on.fate = Fate::Delivered { at }),
            WireEvent::Dropped { packet, why } => self.with(*packet, |on| on.fate = Fate::Lost { at, why: *why }),
            WireEvent::Duplicated { packet, copy } => self.copied(at, *packet, *copy),
            WireEvent::Corrupted { packet } => self.with(*packet, |on| on.corrupted = true),
            WireEvent::Swapped { packet, with } => self.swapped(*packet, *with),
            WireEvent::Folded { packet, count, after } => self.with(*packet, |on| {
                on.folded = *count;
                on.waited = Some(*after);
            }),
            WireEvent::Mode(mode) => self.lanes_of(seen).for_each(|lane| lane.mode = *mode),
            WireEvent::Cut { cut } => self.lanes_of(seen).for_each(|lane| lane.cut = *cut),
            WireEvent::LossSet { percent } => self.lanes_of(seen).for_each(|lane| lane.loss = *percent),
            WireEvent::Folding { on } => self.folding = *on,
            WireEvent::Unlisted { count } => self.unlisted += count,
            WireEvent::NoSuchPacket { packet } => self.missing = Some(*packet),
            WireEvent::Program { pid, name } => {
                self.programs.push((seen.host.unwrap_or(HostId::Client), *pid, name.clone()));
            }
            WireEvent::ProgramEnded { pid, .. } => self.programs.retain(|(_, running, _)| running != pid),
        }
    }

    /// The directions that an event is about: one if it names a host, otherwise both.
    fn lanes_of(&mut self, seen: &Observation) -> impl Iterator<Item = &mut Lane> {
        let about = move |from: usize| seen.host.is_none_or(|host| host as usize == from);
        self.lanes.iter_mut().enumerate().filter(move |(from, _)| about(*from)).map(|(_, lane)| lane)
    }

    fn find(&mut self, number: u64) -> Option<&mut OnWire> {
        self.packets.iter_mut().rev().find(|packet| packet.packet.number == number)
    }

    fn with(&mut self, number: u64, change: impl FnOnce(&mut OnWire)) {
        self.missing = None;
        if let Some(packet) = self.find(number) {
            change(packet);
        }
    }

    fn copied(&mut self, at: Stamp, original: u64, copy: u64) {
        let Some(of) = self.find(original) else { return };
        let mut new = OnWire { sent: at, fate: Fate::Held, copy_of: Some(original), brought: Vec::new(), ..of.clone() };
        new.packet.number = copy;
        // The relay may have told of the copy as a packet already.
        if self.find(copy).is_none() {
            self.packets.push_back(new);
        } else {
            self.with(copy, |on| on.copy_of = Some(original));
        }
    }

    fn swapped(&mut self, front: u64, behind: u64) {
        let place = |number| self.packets.iter().position(|packet| packet.packet.number == number);
        if let (Some(one), Some(other)) = (place(front), place(behind)) {
            self.packets.swap(one, other);
        }
    }
}
