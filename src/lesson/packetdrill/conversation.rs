//! The two ends of one connection as they behave by RFC 9293 if nothing is delayed: what each sends, and what answers it.

use super::super::matcher::PacketMatch;
use crate::domain::{Excerpt, Findings, Flow, Proto};
use crate::domain::{Flags, HostId, PacketSummary, PerHost, Segment, TcpOption, TcpState};

/// The largest segment on a wire with an MTU of 1500 bytes.
pub(super) const MSS: u32 = 1460;
/// The initial congestion window (RFC 6928).
const INITIAL_WINDOW: u32 = 10 * MSS;

/// A segment, on its way or not any more.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SimulatedSegment {
    pub(super) from: HostId,
    pub(super) flags: Flags,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) payload: Vec<u8>,
    pub(super) again: bool,
}

impl SimulatedSegment {
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX)
    }

    /// The sequence number after it.
    fn end(&self) -> u32 {
        let control = u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN));
        self.seq + self.len() + control
    }

    /// Whether a lesson means it.
    fn is(&self, wanted: &PacketMatch) -> bool {
        let local = "192.0.2.2:40000".parse().ok();
        let Some(flow) = local.map(|local| Flow::unconnected(Proto::Tcp, local)) else { return false };
        let ack_rel = self.flags.has(Flags::ACK).then_some(self.ack);
        let (seq, ack) = (self.seq, self.ack);
        let options: Vec<TcpOption> = vec![];
        let tcp = Segment { flags: self.flags, seq, ack, seq_rel: Some(seq), ack_rel, window: 0, options };
        let summary = PacketSummary {
            number: 1,
            flow,
            tcp: Some(tcp),
            icmp: None,
            interface: None,
            payload: Excerpt::of(&self.payload),
            retransmission_of: self.again.then_some(1),
            findings: Findings::default(),
        };
        // What a segment of the conversation has no word of, it cannot be told from others by.
        let wanted = PacketMatch { window: None, options: None, port: None, ..wanted.clone() };
        wanted.is(&summary, Some(self.from))
    }
}

/// One end.
#[derive(Debug, Clone, Default)]
pub(super) struct SimulatedEnd {
    pub(super) state: Option<TcpState>,
    /// The next number that it sends, and the first that is not acknowledged.
    next: u32,
    unacknowledged: u32,
    /// The next number that it expects, and what it has of later ones.
    expected: u32,
    later: Vec<(u32, u32)>,
    /// What waits for an ACK (Nagle), and what nobody has read.
    waiting: Vec<u8>,
    pub(super) unread: u32,
    pub(super) no_delay: bool,
    /// The number after its FIN, once it has sent one, and whether the other side's has come.
    fin: Option<u32>,
    pub(super) ended: bool,
    /// Whether a RST has come that no call has reported yet.
    pub(super) reset: bool,
}

/// What a conversation cannot foresee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unforeseen;

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct SimulatedConnection {
    pub(super) ends: PerHost<SimulatedEnd>,
    pub(super) listens: PerHost<bool>,
    wire: Vec<SimulatedSegment>,
    sent: Vec<SimulatedSegment>,
    /// What was sent since it was last asked for.
    pub(super) news: Vec<SimulatedSegment>,
}

impl SimulatedConnection {
    /// Whether anybody has connected.
    pub(super) fn has_begun(&self) -> bool {
        self.ends.iter().any(|(_, end)| end.state.is_some())
    }

    fn emit(&mut self, from: HostId, flags: Flags, seq: u32, payload: Vec<u8>) {
        let ack = if flags.has(Flags::ACK) { self.ends.of(from).expected } else { 0 };
        self.lay(SimulatedSegment { from, flags, seq, ack, payload, again: false });
    }

    fn lay(&mut self, segment: SimulatedSegment) {
        self.sent.push(segment.clone());
        self.news.push(segment.clone());
        self.wire.push(segment);
    }

    pub(super) fn connect(&mut self, host: HostId) {
        let end = self.ends.of_mut(host);
        end.state = Some(TcpState::SynSent);
        end.next = 1;
        self.emit(host, Flags::SYN, 0, vec![]);
    }

    pub(super) fn send(&mut self, host: HostId, bytes: &[u8]) -> Result<(), Unforeseen> {
        let end = self.ends.of_mut(host);
        if !matches!(end.state, Some(TcpState::Established | TcpState::CloseWait)) || end.fin.is_some() {
            return Err(Unforeseen);
        }
        let outstanding = end.next - end.unacknowledged;
        let length = u32::try_from(bytes.len()).map_err(|_| Unforeseen)?;
        if length + outstanding > INITIAL_WINDOW || (!end.waiting.is_empty()) {
            return Err(Unforeseen);
        }
        for piece in bytes.chunks(MSS as usize) {
            let end = self.ends.of_mut(host);
            let small = piece.len() < MSS as usize && !end.no_delay;
            if small && end.next != end.unacknowledged {
                end.waiting.extend(piece);
                continue;
            }
            self.emit_data(host, piece.to_vec(), piece.as_ptr_range().end == bytes.as_ptr_range().end);
        }
        Ok(())
    }

    fn emit_data(&mut self, host: HostId, piece: Vec<u8>, last: bool) {
        let end = self.ends.of_mut(host);
        let seq = end.next;
        end.next += u32::try_from(piece.len()).unwrap_or(0);
        let flags = if last { Flags::PSH.with(Flags::ACK) } else { Flags::ACK };
        self.emit(host, flags, seq, piece);
    }

    /// `shutdown` of the sending side, or `close`.
    pub(super) fn finish(&mut self, host: HostId) -> Result<(), Unforeseen> {
        let end = self.ends.of_mut(host);
        let state = match end.state {
            Some(TcpState::Established) => TcpState::FinWait1,
            Some(TcpState::CloseWait) => TcpState::LastAck,
            // There was a FIN already, or nothing to end.
            _ if end.fin.is_some() => return Ok(()),
            _ => return Err(Unforeseen),
        };
        if !end.waiting.is_empty() {
            return Err(Unforeseen);
        }
        end.state = Some(state);
        let seq = end.next;
        end.next += 1;
        end.fin = Some(end.next);
        self.emit(host, Flags::FIN.with(Flags::ACK), seq, vec![]);
        Ok(())
    }

    /// `close` with a RST.
    pub(super) fn reset(&mut self, host: HostId) {
        let end = self.ends.of_mut(host);
        end.state = Some(TcpState::Closed);
        let seq = end.next;
        self.emit(host, Flags::RST.with(Flags::ACK), seq, vec![]);
    }

    /// The place on the wire of the segment that is meant.
    pub(super) fn place(&self, wanted: Option<&PacketMatch>) -> Result<usize, Unforeseen> {
        let Some(wanted) = wanted else { return if self.wire.is_empty() { Err(Unforeseen) } else { Ok(0) } };
        let all = self.wire.iter().enumerate().filter(|(_, segment)| segment.is(wanted));
        all.map(|(at, _)| at).nth(wanted.place()).ok_or(Unforeseen)
    }

    pub(super) fn segment(&self, place: usize) -> &SimulatedSegment {
        &self.wire[place]
    }

    pub(super) fn lose(&mut self, place: usize) {
        self.wire.remove(place);
    }

    /// Whether such a segment was sent.
    pub(super) fn has_sent(&self, wanted: &PacketMatch) -> bool {
        self.sent.iter().filter(|segment| segment.is(wanted)).nth(wanted.place()).is_some()
    }

    /// Sends the segment that is meant again, as its timer or duplicate ACKs will have it.
    pub(super) fn send_again(&mut self, wanted: &PacketMatch) -> Result<(), Unforeseen> {
        let first = PacketMatch { again: None, nth: None, ..wanted.clone() };
        let segment = self.sent.iter().rev().find(|segment| segment.is(&first)).ok_or(Unforeseen)?.clone();
        let ack = if segment.flags.has(Flags::ACK) { self.ends.of(segment.from).expected } else { 0 };
        self.lay(SimulatedSegment { again: true, ack, ..segment });
        Ok(())
    }

    /// A segment arrives at the other end.
    pub(super) fn receive(&mut self, segment: &SimulatedSegment) -> Result<(), Unforeseen> {
        let host = segment.from.other();
        let listens = *self.listens.of(host);
        let end = self.ends.of_mut(host);
        let (syn, ack) = (segment.flags.has(Flags::SYN), segment.flags.has(Flags::ACK));
        let ack_only = Flags::ACK;
        match end.state {
            _ if segment.flags.has(Flags::RST) => {
                end.reset = end.state.is_some_and(|state| state != TcpState::SynSent);
                end.state = Some(TcpState::Closed);
                return Ok(());
            }
            None if syn && !ack && listens => {
                *end = SimulatedEnd { state: Some(TcpState::SynRecv), next: 1, expected: 1, ..SimulatedEnd::default() };
                self.emit(host, Flags::SYN.with(ack_only), 0, vec![]);
                return Ok(());
            }
            None | Some(TcpState::Closed) => {
                // Nobody has this connection.
                let (flags, seq) = if ack { (Flags::RST, segment.ack) } else { (Flags::RST.with(ack_only), 0) };
                end.expected = segment.end();
                self.emit(host, flags, seq, vec![]);
                return Ok(());
            }
            Some(TcpState::SynSent) if syn => {
                end.expected = 1;
                if ack {
                    end.state = Some(TcpState::Established);
                    end.unacknowledged = 1;
                    self.emit(host, ack_only, 1, vec![]);
                } else {
                    end.state = Some(TcpState::SynRecv);
                    self.emit(host, Flags::SYN.with(ack_only), 0, vec![]);
                }
                return Ok(());
            }
            Some(TcpState::SynRecv) if syn && ack && !listens => {
                end.state = Some(TcpState::Established);
                end.unacknowledged = 1;
                return Ok(());
            }
            Some(TcpState::SynSent | TcpState::SynRecv) if syn => return Err(Unforeseen),
            Some(_) => {}
        }
        self.acknowledged(host, segment);
        self.arrived(host, segment)
    }

    fn acknowledged(&mut self, host: HostId, segment: &SimulatedSegment) {
        use TcpState::{Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynRecv, TimeWait};
        let end = self.ends.of_mut(host);
        if !segment.flags.has(Flags::ACK) {
            return;
        }
        end.unacknowledged = end.unacknowledged.max(segment.ack);
        let fin_acknowledged = end.fin.is_some_and(|fin| segment.ack >= fin);
        end.state = match end.state {
            Some(SynRecv) => Some(Established),
            Some(FinWait1) if fin_acknowledged => Some(FinWait2),
            Some(Closing) if fin_acknowledged => Some(TimeWait),
            Some(LastAck) if fin_acknowledged => Some(Closed),
            other => other,
        };
        if end.unacknowledged == end.next && !end.waiting.is_empty() {
            let piece = std::mem::take(&mut end.waiting);
            self.emit_data(host, piece, true);
        }
    }

    /// What the segment carries: bytes and a FIN.
    fn arrived(&mut self, host: HostId, segment: &SimulatedSegment) -> Result<(), Unforeseen> {
        use TcpState::{CloseWait, Closing, Established, FinWait1, FinWait2, TimeWait};
        if segment.end() == segment.seq {
            return Ok(());
        }
        let end = self.ends.of_mut(host);
        let before = end.expected;
        end.later.push((segment.seq, segment.seq + segment.len()));
        while let Some(at) = end.later.iter().position(|(from, to)| *from <= end.expected && *to > end.expected) {
            end.expected = end.later.remove(at).1;
        }
        end.unread += end.expected - before;
        if segment.flags.has(Flags::FIN) {
            if segment.seq + segment.len() == end.expected {
                end.expected += 1;
                end.ended = true;
                end.state = match end.state {
                    Some(Established) => Some(CloseWait),
                    Some(FinWait1) => Some(Closing),
                    Some(FinWait2) => Some(TimeWait),
                    other => other,
                };
            } else if segment.end() > end.expected {
                return Err(Unforeseen);
            }
        }
        let seq = end.next;
        self.emit(host, Flags::ACK, seq, vec![]);
        Ok(())
    }
}
