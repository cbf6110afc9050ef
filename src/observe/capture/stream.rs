//! The payloads of a conversation, reassembled in order and without retransmitted bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::Packet;
use super::ladder::ConversationEnds;
use crate::domain::{Flags, Flow, PacketSummary, Proto};
use crate::packet::decode;

/// A conversation's payloads, as the programs received them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedStream {
    /// Its client and server.
    pub ends: ConversationEnds,
    /// The data, in the order in which it could be delivered.
    pub said: Vec<StreamChunk>,
    /// Whether the limit cut it short.
    pub cut: bool,
}

/// A piece of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamChunk {
    /// Whether the client sent it.
    pub by_client: bool,
    /// The packet that carried it.
    pub packet: u64,
    /// What it is.
    pub piece: StreamPiece,
}

/// What a piece of a stream is.
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
    for packet in packets {
        let Some((start, bytes, wire_len)) = packet.frame().network() else { continue };
        let Some(decoded) = decode(bytes, wire_len) else { continue };
        let PacketSummary { flow: of, tcp, icmp, .. } = &decoded.summary;
        if icmp.is_some() || !(of == flow || Some(*of) == flow.mirror()) || decoded.fragment.is_some() {
            continue;
        }
        let opens = tcp.as_ref().filter(|tcp| tcp.flags.has(Flags::SYN) && !tcp.flags.has(Flags::ACK));
        let another = opens.is_some_and(|syn| stream.as_ref().is_some_and(|stream| stream.isn != Some(syn.seq)));
        if another && near.is_some_and(|near| near < packet.number) {
            break;
        }
        if another || stream.is_none() {
            stream =
                Some(StreamFollower::begin(ConversationEnds::of(&decoded.summary)?, opens.map(|syn| syn.seq), most));
        }
        let payload = &packet.bytes[start..][decoded.payload.clone()];
        if let Some(stream) = &mut stream {
            stream.hear(packet.number, &decoded.summary, payload);
        }
    }
    stream.map(StreamFollower::end)
}

/// One direction of a conversation.
#[derive(Debug, Default)]
struct StreamDirection {
    /// The sequence number of the next byte.
    next: Option<u32>,
    /// Data that arrived early, by sequence number.
    early: BTreeMap<u32, (u64, Vec<u8>)>,
    held: usize,
}

#[derive(Debug)]
struct StreamFollower {
    stream: FollowedStream,
    isn: Option<u32>,
    /// Client, server.
    directions: [StreamDirection; 2],
    left: usize,
}

impl StreamFollower {
    fn begin(ends: ConversationEnds, isn: Option<u32>, most: usize) -> Self {
        Self {
            stream: FollowedStream { ends, said: Vec::new(), cut: false },
            isn,
            directions: Default::default(),
            left: most,
        }
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
        let first = tcp.seq.wrapping_add(u32::from(tcp.flags.has(Flags::SYN)));
        let direction = &mut self.directions[usize::from(!by_client)];
        let next = *direction.next.get_or_insert(first);
        // A RST may carry a text, but that is not part of the stream (RFC 9293 §3.5.3).
        if payload.is_empty() || tcp.flags.has(Flags::RST) {
            return;
        }
        let ahead = first.wrapping_sub(next).cast_signed();
        match usize::try_from(ahead) {
            Ok(0) => self.append(by_client, number, payload),
            Ok(_) if direction.held + payload.len() <= self.left => {
                direction.held += payload.len();
                direction.early.entry(first).or_insert_with(|| (number, payload.to_vec()));
            }
            Ok(_) => self.stream.cut = true,
            Err(_) => {
                // A retransmission, at least in part.
                let again = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
                if let Some(new) = payload.get(again..).filter(|new| !new.is_empty()) {
                    self.append(by_client, number, new);
                }
            }
        }
    }

    /// Appends the next bytes of one direction, and any early data that follows them.
    fn append(&mut self, by_client: bool, number: u64, bytes: &[u8]) {
        self.say(by_client, number, bytes);
        let place = usize::from(!by_client);
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let next = self.directions[place].next.unwrap_or_default().wrapping_add(len);
        self.directions[place].next = Some(next);
        self.catch_up(by_client);
    }

    fn catch_up(&mut self, by_client: bool) {
        let place = usize::from(!by_client);
        while let Some(next) = self.directions[place].next {
            let direction = &mut self.directions[place];
            let due = direction.early.keys().copied().find(|seq| seq.wrapping_sub(next).cast_signed() <= 0);
            let Some((seq, (number, bytes))) = due.and_then(|seq| Some((seq, direction.early.remove(&seq)?))) else {
                return;
            };
            direction.held -= bytes.len();
            let again = next.wrapping_sub(seq) as usize;
            if let Some(new) = bytes.get(again..).filter(|new| !new.is_empty()) {
                self.say(by_client, number, new);
                let len = u32::try_from(new.len()).unwrap_or(u32::MAX);
                self.directions[place].next = Some(next.wrapping_add(len));
            }
        }
    }

    /// The other side acknowledges data that was not captured, so what follows it need not wait.
    fn acknowledged(&mut self, by_client: bool, number: u64, ack: u32) {
        let direction = &mut self.directions[usize::from(!by_client)];
        let Some(next) = direction.next else { return };
        let nearest = direction.early.keys().copied().min_by_key(|seq| seq.wrapping_sub(next));
        let Some(first) = nearest.filter(|first| ack.wrapping_sub(*first).cast_signed() > 0) else { return };
        let missing = first.wrapping_sub(next);
        direction.next = Some(first);
        self.stream.said.push(StreamChunk { by_client, packet: number, piece: StreamPiece::Missing(missing) });
        self.catch_up(by_client);
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
            loop {
                let direction = &mut self.directions[usize::from(!by_client)];
                let Some(next) = direction.next else { break };
                let nearest = direction.early.iter().min_by_key(|(seq, _)| seq.wrapping_sub(next));
                let Some((first, packet)) = nearest.map(|(seq, (number, _))| (*seq, *number)) else { break };
                direction.next = Some(first);
                let piece = StreamPiece::Missing(first.wrapping_sub(next));
                self.stream.said.push(StreamChunk { by_client, packet, piece });
                self.catch_up(by_client);
            }
        }
        self.stream
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
