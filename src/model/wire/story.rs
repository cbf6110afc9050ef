//! What just happened on the wire: the last thing that was done, and what came of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::clients::ShortBurst;
use crate::domain::wire::LossReason;
use crate::domain::{Call, Cause, Evidence, Flow, HostId, KernelVerdict, SentAgain, Stamp, Syscall, Transition};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum WireFact {
    /// `connect` was called and has not returned.
    Dialing(Flow),
    /// One of our programs on this host made a call.
    Called(HostId, Call),
    /// This host sent a packet.
    Sent(u64),
    /// This host sent something again.
    Resent {
        /// The retransmission.
        packet: u64,
        /// The original.
        of: u64,
        /// Why.
        why: SentAgain,
    },
    /// This host asked whether the other end's window has opened.
    Probed(u64),
    /// A packet arrived.
    Delivered(u64),
    /// What the kernel that received a packet did with it.
    Judged(KernelVerdict),
    /// The link marked a packet with CE.
    Marked(u64),
    /// The link divided a packet.
    Fragmented {
        /// Which.
        packet: u64,
        /// Into how many.
        into: usize,
    },
    /// The wire told the sender of a packet that was too large.
    ToldMtu {
        /// Which.
        packet: u64,
        /// The number of the message.
        answer: u64,
    },
    /// A packet was lost.
    Lost(u64, LossReason),
    /// A packet was delivered and a copy of it kept.
    Copied {
        /// Which.
        packet: u64,
        /// The number of the copy.
        copy: u64,
    },
    /// A packet was damaged.
    Corrupted(u64),
    /// A packet that no kernel made was put onto the wire.
    Injected(u64),
    /// Fields of a packet were changed.
    Altered(u64),
    /// The second packet is in front of the first now.
    Swapped(u64, u64),
    /// A held packet was sent again.
    Folded {
        /// Which.
        packet: u64,
        /// How often so far.
        count: u32,
        /// How long after the copy before.
        after: Duration,
        /// Why.
        why: SentAgain,
    },
    /// One end's state changed.
    Changed(HostId, Transition, Evidence),
    /// A burst of clients ended early.
    Short(ShortBurst),
}

impl WireFact {
    /// The burst that ended early, if that is what happened.
    pub const fn short(&self) -> Option<ShortBurst> {
        match self {
            Self::Short(short) => Some(*short),
            _ => None,
        }
    }

    /// Whether it begins something new: what the presenter does, and what chance does.
    const fn begins(&self) -> bool {
        matches!(
            self,
            Self::Delivered(_)
                | Self::Lost(..)
                | Self::Copied { .. }
                | Self::Corrupted(_)
                | Self::Injected(_)
                | Self::Altered(_)
                | Self::Swapped(..)
        )
    }
}

/// The last thing that was done and what came of it, in order.
#[derive(Debug, Clone, Default)]
pub struct WireStory(VecDeque<(Stamp, WireFact)>);

impl WireStory {
    /// A fact within this time belongs to the same story.
    const PAUSE: Duration = Duration::from_millis(150);
    /// A program that a packet wakes may report its call before the wire reports the delivery.
    const INSTANT: Duration = Duration::from_millis(5);
    const KEPT: usize = 16;

    /// In the order it happened.
    pub fn facts(&self) -> impl Iterator<Item = &WireFact> {
        self.0.iter().map(|(_, fact)| fact)
    }

    pub(super) fn add(&mut self, at: Stamp, fact: WireFact) {
        if let Some(packet) = again(&fact) {
            // A timer starts no new story, and only its latest retransmission is kept.
            self.0.retain(|(_, other)| again(other) != Some(packet));
            self.0.push_back((at, fact));
            return;
        }
        let place = if fact.begins() {
            self.0.retain(|(told, other)| at.since(*told) <= Self::INSTANT && again(other).is_none());
            // Before the calls of a program that it woke, and after everything else.
            self.0.iter().rposition(|(_, other)| !matches!(other, WireFact::Called(..))).map_or(0, |last| last + 1)
        } else {
            if self.0.back().is_none_or(|(last, _)| at.since(*last) > Self::PAUSE) {
                self.0.clear();
            }
            self.after_its_call(&fact)
        };
        self.0.insert(place, (at, fact));
        if self.0.len() > Self::KEPT {
            // How it began stays.
            self.0.remove(1);
        }
    }

    /// A call stands before the change of state that it caused, in whichever order they were reported.
    fn after_its_call(&self, fact: &WireFact) -> usize {
        let end = self.0.len();
        let by_it = |other: &WireFact| match (fact, other) {
            // The call event of connect() is its return.
            (WireFact::Called(host, call), WireFact::Changed(on, change, _)) if call.call != Syscall::Connect => {
                on == host && change.cause == Some(Cause::Call(call.call))
            }
            (WireFact::Dialing(flow), WireFact::Changed(_, change, _)) => {
                change.flow == *flow && change.cause == Some(Cause::Call(Syscall::Connect))
            }
            _ => false,
        };
        self.0.iter().position(|(_, other)| by_it(other)).unwrap_or(end)
    }
}

/// The packet that was sent again.
const fn again(fact: &WireFact) -> Option<u64> {
    match fact {
        WireFact::Folded { packet, .. } | WireFact::Resent { of: packet, .. } => Some(*packet),
        WireFact::Probed(packet) => Some(*packet),
        _ => None,
    }
}
