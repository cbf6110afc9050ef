//! What two ends said to each other: the payloads of a conversation put in order, without what was sent twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::file::Packet;
use super::ladder::ConversationEnds;
use crate::domain::{Flags, Flow, PacketSummary, Proto};
use crate::packet::decode;

/// A conversation, as its programs heard it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedStream {
    /// Who is the client and who the server.
    pub ends: ConversationEnds,
    /// What was said, in the order in which it could be heard.
    pub said: Vec<StreamChunk>,
    /// Whether there was more than was asked for.
    pub cut: bool,
}

/// A piece of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamChunk {
    /// Whether the client said it.
    pub by_client: bool,
    /// The packet that brought it.
    pub packet: u64,
    /// What it is.
    pub piece: StreamPiece,
}

/// What a piece of a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamPiece {
    /// These bytes; over UDP one datagram.
    Data(Vec<u8>),
    /// So many bytes that were acknowledged and are not among the packets.
    Missing(u32),
}

/// Puts together what was said on `flow`, either way round. Where the ports were used more than once it is the
/// connection to which the packet `near` belongs, or the last. No more than `most` bytes; `None` when no packet is of it.
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

/// One direction of it.
#[derive(Debug, Default)]
struct StreamDirection {
    /// The sequence number of the byte that comes next.
    next: Option<u32>,
    /// What came too early, by how far it is from `base`.
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
        // A RST may carry words, but they are not of the stream (RFC 9293 §3.5.3).
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
                // Heard before, all of it or its beginning.
                let again = usize::try_from(ahead.unsigned_abs()).unwrap_or(usize::MAX);
                if let Some(new) = payload.get(again..).filter(|new| !new.is_empty()) {
                    self.append(by_client, number, new);
                }
            }
        }
    }

    /// The next bytes of one direction, and what came too early and follows them.
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

    /// The other side acknowledges what is not here: it was not captured, and what follows it need not wait.
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

    /// What came too early and was never acknowledged stands at the end, after what is missing.
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
