//! What just happened on the wire: the last thing that was done, and what came of it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::wire::Loss;
use crate::domain::{Call, Evidence, Flow, HostId, Stamp, Transition};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// `connect` was called and has not returned.
    Dialing(Flow),
    /// A program of ours on this host made a call.
    Called(HostId, Call),
    /// This host sent a packet.
    Sent(u64),
    /// This host sent something again, because no answer came.
    Resent {
        /// What it sent now.
        packet: u64,
        /// What that is again.
        of: u64,
    },
    /// A packet arrived.
    Delivered(u64),
    /// A packet was lost.
    Lost(u64, Loss),
    /// A packet was delivered and a copy of it kept.
    Copied {
        /// Which.
        packet: u64,
        /// The number of the copy.
        copy: u64,
    },
    /// A packet was damaged.
    Corrupted(u64),
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
    },
    /// One end's state changed.
    Changed(HostId, Transition, Evidence),
}

impl Fact {
    /// Whether it begins something new: what the presenter does, and what chance does.
    const fn begins(&self) -> bool {
        matches!(
            self,
            Self::Delivered(_) | Self::Lost(..) | Self::Copied { .. } | Self::Corrupted(_) | Self::Swapped(..)
        )
    }
}

/// The last thing that was done and what came of it, in order.
#[derive(Debug, Clone, Default)]
pub struct Story {
    facts: VecDeque<Fact>,
    at: Stamp,
}

impl Story {
    /// What follows so soon was brought about by it.
    const PAUSE: Duration = Duration::from_millis(150);
    /// Two things that begin something and come so close are one act of the presenter.
    const INSTANT: Duration = Duration::from_millis(5);
    const KEPT: usize = 16;

    /// In the order it happened.
    pub const fn facts(&self) -> &VecDeque<Fact> {
        &self.facts
    }

    pub(super) fn tell(&mut self, at: Stamp, fact: Fact) {
        // What a timer does is no new story; only the latest of many is told.
        let again = |fact: &Fact| match fact {
            Fact::Folded { packet: again, .. } | Fact::Resent { of: again, .. } => Some(*again),
            _ => None,
        };
        if let Some(packet) = again(&fact) {
            self.facts.retain(|other| again(other) != Some(packet));
            self.facts.push_back(fact);
            return;
        }
        let pause = if fact.begins() { Self::INSTANT } else { Self::PAUSE };
        if at.since(self.at) > pause {
            self.facts.clear();
        }
        self.at = at;
        if self.facts.len() == Self::KEPT {
            // How it began stays.
            self.facts.remove(1);
        }
        self.facts.push_back(fact);
    }
}
