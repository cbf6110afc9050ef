//! The conversations that are remembered, each with both of its directions. The oldest are forgotten.

use std::collections::{HashMap, VecDeque};

use super::super::decode::Quoted;
use super::direction::Side;
use super::tcp::TcpConversation;
use crate::domain::{Flow, Proto};

/// The flow of a conversation in the direction from its smaller address, and the end that sent this packet.
fn key(flow: &Flow) -> Option<(Flow, Side)> {
    if flow.local <= flow.peer? { Some((*flow, Side::Low)) } else { Some((flow.mirror()?, Side::High)) }
}

/// One conversation.
#[derive(Debug)]
pub(super) enum TrackedConversation {
    Tcp(Box<TcpConversation>),
    Datagrams(SentDatagrams),
}

/// The latest datagrams or echo messages of each direction: IP identification and packet number.
#[derive(Debug, Default)]
pub(super) struct SentDatagrams([VecDeque<(u32, u64)>; 2]);

impl SentDatagrams {
    /// An ICMP error follows its datagram closely.
    const KEPT: usize = 8;

    pub(super) fn see(&mut self, side: Side, number: u64, ip_id: u32) {
        let sent = &mut self.0[side.index()];
        if sent.len() == Self::KEPT {
            sent.pop_front();
        }
        sent.push_back((ip_id, number));
    }

    /// The datagram with this identification, or the latest if its sender does not number them.
    fn cause(&self, side: Side, ip_id: u32) -> Option<u64> {
        let sent = &self.0[side.index()];
        let exact = sent.iter().rev().find(|(id, _)| *id == ip_id);
        exact.or_else(|| sent.back()).map(|(_, number)| *number)
    }
}

#[derive(Debug, Default)]
pub(super) struct Conversations {
    kept: HashMap<Flow, TrackedConversation>,
    oldest: VecDeque<Flow>,
}

impl Conversations {
    /// How many are remembered: more than the ephemeral ports of a machine (28,232 by default), so that all connections
    /// to one server fit.
    pub(super) const KEPT: usize = 32_768;

    /// The conversation that a packet belongs to, which may begin with it, and the end that sent the packet. `None` for a
    /// packet without a destination.
    pub(super) fn of(&mut self, flow: &Flow) -> Option<(&mut TrackedConversation, Side)> {
        let (key, side) = key(flow)?;
        if !self.kept.contains_key(&key) {
            self.begin(key);
        }
        Some((self.kept.get_mut(&key)?, side))
    }

    /// The number of the packet that an ICMP error is about. `flow` has the direction in which the error travels.
    pub(super) fn cause(&self, flow: &Flow, quoted: Quoted) -> Option<u64> {
        let (key, side) = key(&flow.mirror()?)?;
        match self.kept.get(&key)? {
            TrackedConversation::Tcp(tcp) => tcp.sent(side, quoted.seq?),
            TrackedConversation::Datagrams(datagrams) => datagrams.cause(side, quoted.ip_id),
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    fn begin(&mut self, key: Flow) {
        if self.oldest.len() == Self::KEPT
            && let Some(gone) = self.oldest.pop_front()
        {
            self.kept.remove(&gone);
        }
        self.oldest.push_back(key);
        let conversation = match key.proto {
            Proto::Tcp => TrackedConversation::Tcp(Box::default()),
            Proto::Udp | Proto::Icmp => TrackedConversation::Datagrams(SentDatagrams::default()),
        };
        self.kept.insert(key, conversation);
    }
}
