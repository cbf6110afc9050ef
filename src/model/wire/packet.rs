//! A packet on the wire, and what became of it.

use std::time::Duration;

use crate::domain::wire::LossReason;
use crate::domain::{Disposition, Finding, HostId, KernelCause, PacketSummary, Stamp, Transition};

/// The fate of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WirePacketFate {
    /// It waits for the presenter.
    Held,
    /// It is on its way and arrives at this moment.
    Flying {
        /// When it set out.
        since: Stamp,
        /// When it arrives.
        until: Stamp,
    },
    /// It waits in the queue of the link.
    Queued {
        /// Since when.
        since: Stamp,
    },
    /// It is on the link, being sent or flying, and arrives at this moment.
    Crossing {
        /// When the link began to send it.
        since: Stamp,
        /// When it arrives.
        until: Stamp,
    },
    /// The link divided it: others go on in its place.
    Divided {
        /// When.
        at: Stamp,
        /// Into how many.
        into: usize,
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
        why: LossReason,
    },
}

impl WirePacketFate {
    /// Whether the packet is still on the wire.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::Flying { .. } | Self::Queued { .. } | Self::Crossing { .. })
    }

    /// Whether the packet is in a link, where the presenter can only lose it.
    pub const fn is_in_link(self) -> bool {
        matches!(self, Self::Queued { .. } | Self::Crossing { .. })
    }

    /// When it set out and when it arrives, while it is on its way.
    pub const fn flight(self) -> Option<(Stamp, Stamp)> {
        match self {
            Self::Flying { since, until } | Self::Crossing { since, until } => Some((since, until)),
            _ => None,
        }
    }
}

/// A packet on the wire, or one that was.
#[derive(Debug, Clone)]
pub struct PacketOnWire {
    /// The packet.
    pub packet: PacketSummary,
    /// The host that sent it.
    pub from: HostId,
    /// When it was sent.
    pub sent: Stamp,
    /// Its fate.
    pub fate: WirePacketFate,
    /// How often the sender sent it again while it was held.
    pub folded: u32,
    /// How long the sender waited before it sent it again the last time: the retransmission timeout as lived through.
    pub waited: Option<Duration>,
    /// Whether it was damaged.
    pub corrupted: bool,
    /// Whether a link marked it with CE.
    pub marked: bool,
    /// Whether it overtook another one on its link.
    pub overtook: bool,
    /// The packet that this one, which the wire itself sent, is about.
    pub answers: Option<u64>,
    /// What the kernel that received it did with it, if that is known.
    pub verdict: Option<(Disposition, Option<KernelCause>)>,
    /// The packet that it is a copy of, if it is one.
    pub copy_of: Option<u64>,
    /// The changes of its sender's state, by a call or a timer, that it was sent with.
    pub left: Vec<Transition>,
    /// The changes of state that its arrival brought about.
    pub brought: Vec<(HostId, Transition)>,
}

impl PacketOnWire {
    /// Whether it was handed to the other host.
    pub const fn has_arrived(&self) -> bool {
        matches!(self.fate, WirePacketFate::Delivered { .. })
    }

    /// Whether no kernel made it.
    pub fn is_forged(&self) -> bool {
        self.packet.findings.has(Finding::Forged)
    }

    /// Whether it counts for the numbers that its receiver expects: it came undamaged, and of one that was forged the
    /// receiver took notice.
    pub(super) fn counts(&self) -> bool {
        let noticed = |(did, why)| did == Disposition::Taken || why == Some(KernelCause::SynAnswered);
        self.has_arrived() && !self.corrupted && (!self.is_forged() || self.verdict.is_none_or(noticed))
    }

    /// Why the receiving kernel threw it away, if it did.
    pub fn thrown_away(&self) -> Option<KernelCause> {
        let (did, why) = self.verdict?;
        why.filter(|_| did == Disposition::Discarded && self.has_arrived())
    }

    /// How much of its way a flying packet has behind it, in thousandths.
    pub fn way(&self, now: Stamp) -> Option<u16> {
        let (since, until) = self.fate.flight()?;
        let gone = now.since(since).as_millis();
        let all = until.since(since).as_millis().max(1);
        u16::try_from((gone * 1000 / all).min(1000)).ok()
    }
}
