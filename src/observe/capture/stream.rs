//! The payloads of a conversation, reassembled in order and without retransmitted bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::Packet;
use super::ladder::ConversationEnds;
use crate::domain::{Flags, Flow, PacketSummary, Proto};
use crate::packet::{Reassembly, before};

/// A conversation's payloads, as the programs received them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedStream {
    pub ends: ConversationEnds,
    /// The data, in the order in which it could be delivered.
    pub said: Vec<StreamChunk>,
    pub cut: bool,
}

/// A piece of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamChunk {
    pub by_client: bool,
    pub packet: u64,
    pub piece: StreamPiece,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamPiece {
    /// These bytes; over UDP one datagram.
    Data(Vec<u8>),
    /// This many bytes that were acknowledged but not captured.
    Missing(u32),
}

/// Reassembles the conversation on `flow`, in either direction. If the ports were used more than once, that is the
/// connection of the packet `near`, or the last one. Stops at `most` bytes; `None` when it has no packets.
pub fn follow_stream(packets: &[Arc<Packet>], flow: &Flow, near: Option<u64>, most: usize) -> Option<FollowedStream> {
    let mut stream: Option<StreamFollower> = None;
    let mut reassembly = Reassembly::default();
    for packet in packets {
        let frame = packet.frame();
        let Some(read) = reassembly.read(&frame) else { continue };
        let summary = &read.decoded.summary;
        let PacketSummary { flow: of, tcp, icmp, .. } = summary;
        if icmp.is_some() || !(of == flow || Some(*of) == flow.mirror()) || read.is_piece() {
            continue;
        }
        let opens = tcp.as_ref().filter(|tcp| tcp.flags.has(Flags::SYN) && !tcp.flags.has(Flags::ACK));
        let another = opens.is_some_and(|syn| stream.as_ref().is_some_and(|open| open.is_over(summary, syn.seq)));
        if another && near.is_some_and(|near| near < packet.number) {
            break;
        }
        if another || stream.is_none() {
            let ends = ConversationEnds::of(summary)?;
            stream = Some(StreamFollower::begin(ends, most));
        }
        if let Some(stream) = &mut stream {
            stream.hear(packet.number, summary, read.payload());
        }
    }
    stream.map(StreamFollower::end)
}

#[derive(Debug, Default)]
struct StreamDirection {
    /// The sequence number of the SYN with which it asked for the connection.
    isn: Option<u32>,
    /// The sequence number of the next byte.
    next: Option<u32>,
    /// Data that arrived early, by sequence number.
    early: BTreeMap<u32, (u64, Vec<u8>)>,
    held: usize,
}

#[derive(Debug)]
struct StreamFollower {
    stream: FollowedStream,
    /// Client, server.
    directions: [StreamDirection; 2],
    left: usize,
}

impl StreamFollower {
    fn begin(ends: ConversationEnds, most: usize) -> Self {
        let stream = FollowedStream { ends, said: Vec::new(), cut: false };
        Self { stream, directions: Default::default(), left: most }
    }

    /// Whether this SYN begins another connection. It does not when it is the same again, or when both sides ask at the
    /// same time (RFC 9293 §3.5).
    fn is_over(&self, syn: &PacketSummary, isn: u32) -> bool {
        let by_client = syn.flow.local == self.stream.ends.client;
        let asked = |by_client: bool| self.directions[usize::from(!by_client)].isn;
        let silent = !self.stream.said.iter().any(|said| said.by_client == by_client);
        let also = silent && asked(by_client).is_none() && asked(!by_client).is_some();
        asked(by_client) != Some(isn) && !also
    }

    fn hear(&mut self, number: u64, summary: &PacketSummary, payload: &[u8]) {
        let by_client = summary.flow.local == self.stream.ends.client;
        let Some(tcp) = &summary.tcp else {
            if summary.flow.proto == Proto::Udp {
                self.say(by_client, number, payload);
            }
            return;
        };
        if tcp.flags.has(Flags::ACK) {
            self.acknowledged(!by_client, number, tcp.ack);
        }
        // A RST may carry a text, but that is not part of the stream (RFC 9293 §3.5.3), and its number may be 0.
        if tcp.flags.has(Flags::RST) {
            return;
        }
        let syn = tcp.flags.has(Flags::SYN);
        let first = tcp.seq.wrapping_add(u32::from(syn));
        let silent = !self.stream.said.iter().any(|said| said.by_client == by_client);
        let direction = &mut self.directions[usize::from(!by_client)];
        if syn && silent && direction.next != Some(first) {
            // Segments before the SYN belonged to an earlier connection between the two ports.
            *direction = StreamDirection::default();
        }
        if syn && !tcp.flags.has(Flags::ACK) {
            direction.isn = Some(tcp.seq);
        }
        let next = *direction.next.get_or_insert(first);
        if payload.is_empty() {
            return;
        }
        if !before(next, first) {
            self.deliver(by_client, number, first, payload);
            self.catch_up(by_client);
        } else if direction.held + payload.len() <= self.left {
            direction.held += payload.len();
            direction.early.entry(first).or_insert_with(|| (number, payload.to_vec()));
        } else {
            self.stream.cut = true;
        }
    }

    /// Delivers those of the bytes from `seq` on that are new; the others are a retransmission.
    fn deliver(&mut self, by_client: bool, number: u64, seq: u32, bytes: &[u8]) {
        let direction = &mut self.directions[usize::from(!by_client)];
        let next = direction.next.unwrap_or(seq);
        let again = next.wrapping_sub(seq) as usize;
        if let Some(new @ [_, ..]) = bytes.get(again..) {
            direction.next = Some(next.wrapping_add(u32::try_from(new.len()).unwrap_or(u32::MAX)));
            self.say(by_client, number, new);
        }
    }

    /// Delivers the early data that has become due.
    fn catch_up(&mut self, by_client: bool) {
        loop {
            let direction = &mut self.directions[usize::from(!by_client)];
            let Some(next) = direction.next else { return };
            let Some(seq) = direction.early.keys().copied().find(|seq| !before(next, *seq)) else { return };
            let Some((number, bytes)) = direction.early.remove(&seq) else { return };
            direction.held -= bytes.len();
            self.deliver(by_client, number, seq, &bytes);
        }
    }

    /// The nearest early data of a direction: its sequence number and its packet.
    fn nearest(&self, by_client: bool) -> Option<(u32, u64)> {
        let direction = &self.directions[usize::from(!by_client)];
        let next = direction.next?;
        let nearest = direction.early.iter().min_by_key(|(seq, _)| seq.wrapping_sub(next));
        nearest.map(|(seq, (number, _))| (*seq, *number))
    }

    /// Goes on at `first`, after a gap that is reported beside this packet.
    fn skip(&mut self, by_client: bool, number: u64, first: u32) {
        let next = self.directions[usize::from(!by_client)].next.replace(first).unwrap_or(first);
        let piece = StreamPiece::Missing(first.wrapping_sub(next));
        self.stream.said.push(StreamChunk { by_client, packet: number, piece });
        self.catch_up(by_client);
    }

    /// The other side acknowledges data that was not captured, so the data after it need not wait.
    fn acknowledged(&mut self, by_client: bool, number: u64, ack: u32) {
        if let Some((first, _)) = self.nearest(by_client).filter(|(first, _)| before(*first, ack)) {
            self.skip(by_client, number, first);
        }
    }

    fn say(&mut self, by_client: bool, number: u64, bytes: &[u8]) {
        let kept = bytes.len().min(self.left);
        self.left -= kept;
        self.stream.cut |= kept < bytes.len();
        if kept > 0 || bytes.is_empty() {
            let piece = StreamPiece::Data(bytes[..kept].to_vec());
            self.stream.said.push(StreamChunk { by_client, packet: number, piece });
        }
    }

    /// Early data that was never acknowledged goes to the end, after a gap.
    fn end(mut self) -> FollowedStream {
        for by_client in [true, false] {
            while let Some((first, number)) = self.nearest(by_client) {
                self.skip(by_client, number, first);
            }
        }
        self.stream
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
