//! The bytes of other programs' conversations, by the packets that were captured.

use std::collections::{HashMap, VecDeque};

use super::moved_bytes::MovedBytes;
use super::unclaimed_peer::own_end;
use crate::domain::packet::Flags;
use crate::domain::{Flow, PacketSummary, Proto};

/// What was counted, by the client's end. A connection that was under way when the capture began has no entry: how much
/// it had moved before is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct CapturedBytes {
    counted: HashMap<Flow, MovedBytes>,
    oldest: VecDeque<Flow>,
}

impl CapturedBytes {
    /// How many conversations are remembered.
    const KEPT: usize = 4_096;

    /// Counts a packet of the conversation of the client at this end. Returns the sums, where they are known.
    pub(super) fn count(&mut self, end: Flow, packet: &PacketSummary) -> Option<MovedBytes> {
        let to_server = packet.flow.local == end.local;
        let key = own_end(end);
        let begins = match &packet.tcp {
            Some(segment) => segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK),
            None => end.proto == Proto::Udp && !self.counted.contains_key(&key),
        };
        if begins && to_server && packet.retransmission_of.is_none() {
            self.begin(key);
        }
        let bytes = self.counted.get_mut(&key)?;
        if packet.retransmission_of.is_none() {
            *(if to_server { &mut bytes.sent } else { &mut bytes.received }) += packet.payload.len as u64;
        }
        Some(*bytes)
    }

    /// What was counted for this end.
    pub(super) fn of(&self, end: &Flow) -> Option<MovedBytes> {
        self.counted.get(end).copied()
    }

    fn begin(&mut self, key: Flow) {
        if self.counted.insert(key, MovedBytes::default()).is_some() {
            return;
        }
        self.oldest.push_back(key);
        if self.oldest.len() > Self::KEPT
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.counted.remove(&oldest);
        }
    }
}
