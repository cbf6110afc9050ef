//! All conversations that are remembered, each with both of its directions; the oldest are forgotten.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use super::super::decode::Quoted;
use super::half::Side;
use super::tcp::Tcp;
use crate::domain::{Flow, Proto};

/// Both ends of a conversation, the smaller first, in a form that is cheap to hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FlowKey {
    proto: Proto,
    low: (u128, u16),
    high: (u128, u16),
}

fn place(at: SocketAddr) -> (u128, u16) {
    let ip = match at.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    (ip.to_bits(), at.port())
}

fn ends(flow: &Flow) -> Option<(FlowKey, Side)> {
    let (from, to) = (place(flow.local), place(flow.peer?));
    Some(if from <= to {
        (FlowKey { proto: flow.proto, low: from, high: to }, Side::Low)
    } else {
        (FlowKey { proto: flow.proto, low: to, high: from }, Side::High)
    })
}

/// A conversation, and which end sends.
pub(super) enum Talk<'a> {
    Tcp(&'a mut Tcp, Side),
    Udp(&'a mut Udp, Side),
}

#[derive(Debug)]
enum KeptTalk {
    Tcp(Box<Tcp>),
    Udp(Udp),
}

/// What is remembered of the datagrams between two ports: the latest of each direction.
#[derive(Debug, Default)]
pub(super) struct Udp([VecDeque<(u32, u64)>; 2]);

impl Udp {
    /// An ICMP error follows its datagram closely.
    const KEPT: usize = 8;

    pub(super) fn see(&mut self, side: Side, number: u64, ip_id: u32) {
        let sent = &mut self.0[side.index()];
        if sent.len() == Self::KEPT {
            sent.pop_front();
        }
        sent.push_back((ip_id, number));
    }

    /// The datagram with this identification; the latest, where the sender numbers none.
    fn cause(&self, side: Side, ip_id: u32) -> Option<u64> {
        let sent = &self.0[side.index()];
        let exact = sent.iter().rev().find(|(id, _)| *id == ip_id);
        exact.or_else(|| sent.back()).map(|(_, number)| *number)
    }
}

/// The conversations.
#[derive(Debug, Default)]
pub(super) struct Talks {
    kept: HashMap<FlowKey, KeptTalk>,
    oldest: VecDeque<FlowKey>,
}

impl Talks {
    /// How many are remembered: as many clients as a machine has ephemeral ports for one server, and some.
    pub(super) const KEPT: usize = 32_768;

    /// The conversation that a packet belongs to; begun, if it is the first. `None` for a packet to nobody.
    pub(super) fn of(&mut self, flow: &Flow) -> Option<Talk<'_>> {
        let (ends, side) = ends(flow)?;
        if !self.kept.contains_key(&ends) {
            self.begin(ends);
        }
        match self.kept.get_mut(&ends)? {
            KeptTalk::Tcp(tcp) => Some(Talk::Tcp(tcp, side)),
            KeptTalk::Udp(udp) => Some(Talk::Udp(udp, side)),
        }
    }

    /// The number of the packet that an ICMP error is about. `flow` is turned round: the way the error travels.
    pub(super) fn cause(&self, flow: &Flow, quoted: Quoted) -> Option<u64> {
        let (ends, side) = ends(&flow.mirror()?)?;
        match self.kept.get(&ends)? {
            KeptTalk::Tcp(tcp) => tcp.sent(side, quoted.seq?),
            KeptTalk::Udp(udp) => udp.cause(side, quoted.ip_id),
        }
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    fn begin(&mut self, ends: FlowKey) {
        if self.oldest.len() == Self::KEPT
            && let Some(gone) = self.oldest.pop_front()
        {
            self.kept.remove(&gone);
        }
        self.oldest.push_back(ends);
        let kept = match ends.proto {
            Proto::Tcp => KeptTalk::Tcp(Box::default()),
            Proto::Udp => KeptTalk::Udp(Udp::default()),
        };
        self.kept.insert(ends, kept);
    }
}
