//! A packet on the wire, as the wire keeps it.

use super::decode::{Outline, SegmentId};
use crate::domain::Stamp;

/// When a packet in flight arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schedule {
    /// When the presenter delivers it.
    Hold,
    /// At this time.
    At(Stamp),
}

#[derive(Debug, Clone)]
pub(super) struct InFlight {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) schedule: Schedule,
    /// Its place among all packets in flight. Swapped packets exchange their places.
    pub(super) place: u64,
    /// `None` if it could not be read.
    pub(super) outline: Option<Outline>,
    /// Whether its start was reported.
    pub(super) listed: bool,
    /// Its identity; `None` for a packet that was modified.
    pub(super) id: Option<SegmentId>,
    /// What it acknowledges, if it acknowledges anything.
    pub(super) ack: Option<u32>,
    /// Whether no kernel made it.
    pub(super) forged: bool,
    /// How often it was retransmitted, and when last.
    pub(super) again: u32,
    pub(super) last_sent: Stamp,
}

impl InFlight {
    pub(super) fn held(number: u64, bytes: &[u8], now: Stamp) -> Self {
        Self {
            number,
            bytes: bytes.to_vec(),
            schedule: Schedule::Hold,
            place: 0,
            outline: None,
            listed: false,
            id: None,
            ack: None,
            forged: false,
            again: 0,
            last_sent: now,
        }
    }
}
