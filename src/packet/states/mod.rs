//! Which states both ends of a TCP connection must have been in, derived from its packets alone (RFC 9293 §3.3.2).
//!
//! A packet shows the state of the end that sent it. It does not show that it reached the other end, so the change that
//! it makes there is pending until a packet of that end confirms it, and is inferred if none does. A connection that
//! was open before the capture began has no known past, so all its changes are inferred.

mod endpoint;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use self::endpoint::{Endpoint, SeenSegment, after, covers, leads};
use crate::domain::{Evidence, Flags, Flow, PacketSummary, Proto, Stamp, TcpInput, TcpState, Transition};

/// A change of state: its time, the evidence for it, and the transition.
pub type ObservedTransition = (Stamp, Evidence, Transition);

/// Both ends of every connection in a capture, as far as its packets have been read.
#[derive(Debug, Default)]
pub struct States {
    ends: HashMap<Flow, Endpoint>,
}

impl States {
    /// Reads the next packet. The transitions that it shows are added to `out`, in the order of time for each end.
    pub fn see(&mut self, at: Stamp, packet: &PacketSummary, out: &mut Vec<ObservedTransition>) {
        let (None, Some(tcp), Some(back)) = (&packet.icmp, &packet.tcp, packet.flow.mirror()) else { return };
        if packet.flow.proto != Proto::Tcp {
            return;
        }
        let seen = SeenSegment { at, packet, tcp, flow: packet.flow, back };
        let (syn, ack) = (tcp.flags.has(Flags::SYN), tcp.flags.has(Flags::ACK));
        if tcp.flags.has(Flags::RST) {
            self.on_rst(&seen, out);
        } else if syn && !ack {
            self.on_syn(&seen, out);
        } else if syn {
            self.on_syn_ack(&seen, out);
        } else {
            self.on_segment(&seen, out);
        }
    }

    /// Ends the capture: the transitions still pending are inferred.
    pub fn finish(mut self, out: &mut Vec<ObservedTransition>) {
        let mut flows: Vec<_> = self.ends.keys().copied().collect();
        flows.sort_unstable();
        for flow in flows {
            self.end(&flow, out);
        }
    }

    fn end(&mut self, flow: &Flow, out: &mut Vec<ObservedTransition>) {
        if let Some(mut end) = self.ends.remove(flow) {
            end.end(*flow, out);
        }
    }

    /// A SYN.
    fn on_syn(&mut self, seen: &SeenSegment<'_>, out: &mut Vec<ObservedTransition>) {
        let SeenSegment { tcp, flow, back, .. } = *seen;
        if self.ends.get(&flow).is_some_and(|end| end.isn == Some(tcp.seq)) {
            return;
        }
        // A simultaneous open (RFC 9293 §3.5); any other SYN starts a new connection between the two ports.
        let simultaneous = !self.ends.contains_key(&flow) && self.state(&back) == Some(TcpState::SynSent);
        if !simultaneous {
            self.end(&flow, out);
            self.end(&back, out);
        }
        let mut end = Endpoint::with_isn(TcpState::Closed, tcp.seq);
        end.go(flow, TcpState::SynSent, seen.when(), Evidence::Packet, out);
        self.ends.insert(flow, end);
    }

    /// A SYN-ACK.
    fn on_syn_ack(&mut self, seen: &SeenSegment<'_>, out: &mut Vec<ObservedTransition>) {
        let SeenSegment { tcp, flow, back, .. } = *seen;
        if self.ends.get(&flow).is_some_and(|end| end.isn != Some(tcp.seq)) {
            self.end(&flow, out);
            self.end(&back, out);
        }
        let mine = self.ends.entry(flow).or_insert_with(|| Endpoint::new(TcpState::Listen));
        mine.isn = Some(tcp.seq);
        if matches!(mine.state, TcpState::Listen | TcpState::SynSent) {
            mine.go(flow, TcpState::SynRecv, seen.when(), Evidence::Packet, out);
        } else if mine.state == TcpState::SynRecv {
            // A retransmitted SYN-ACK means that its ACK was lost.
            mine.pending.retain(|pending| pending.input != TcpInput::SynAcked);
        }
        let other = self.ends.entry(back).or_insert_with(|| {
            // The capture began after the SYN, or missed it.
            let mut end = Endpoint::with_isn(TcpState::Closed, tcp.ack.wrapping_sub(1));
            end.go(back, TcpState::SynSent, seen.when(), Evidence::Inferred, out);
            end
        });
        if other.state == TcpState::SynRecv {
            other.expect(TcpInput::SynAcked, seen);
        }
    }

    /// A RST.
    fn on_rst(&mut self, seen: &SeenSegment<'_>, out: &mut Vec<ObservedTransition>) {
        let SeenSegment { flow, back, .. } = *seen;
        if let Some(mine) = self.ends.get_mut(&flow) {
            mine.confirm(seen, out);
            mine.end(flow, out);
            if leads(mine.state, TcpInput::Rst).is_some() {
                mine.go(flow, TcpState::Closed, seen.when(), Evidence::Packet, out);
            }
        }
        if let Some(other) = self.ends.get_mut(&back) {
            other.expect(TcpInput::Rst, seen);
        }
    }

    /// Any other segment.
    fn on_segment(&mut self, seen: &SeenSegment<'_>, out: &mut Vec<ObservedTransition>) {
        let SeenSegment { tcp, flow, back, .. } = *seen;
        let ack = tcp.flags.has(Flags::ACK);
        if self.state(&flow) == Some(TcpState::Closed) {
            return;
        }
        if self.state(&flow) == Some(TcpState::SynSent) && ack && !self.ends.contains_key(&back) {
            // The capture missed the SYN-ACK.
            let mut end = Endpoint::with_isn(TcpState::Listen, tcp.ack.wrapping_sub(1));
            end.go(back, TcpState::SynRecv, seen.when(), Evidence::Inferred, out);
            self.ends.insert(back, end);
        }
        let mine = self.ends.entry(flow).or_insert_with(Endpoint::found);
        mine.confirm(seen, out);
        if matches!(mine.state, TcpState::SynSent | TcpState::SynRecv) && ack {
            mine.go(flow, TcpState::Established, seen.when(), Evidence::Packet, out);
        }
        let closes = tcp.flags.has(Flags::FIN);
        if closes {
            mine.fin = Some(after(seen));
            if let Some(to) = leads(mine.state, TcpInput::Close) {
                mine.go(flow, to, seen.when(), Evidence::Packet, out);
            }
        }
        let other = self.ends.entry(back).or_insert_with(Endpoint::found);
        if ack && other.isn.is_some_and(|isn| covers(tcp.ack, isn.wrapping_add(1))) {
            other.expect(TcpInput::SynAcked, seen);
        }
        if ack && other.fin.is_some_and(|fin| covers(tcp.ack, fin)) {
            other.expect(TcpInput::FinAcked, seen);
        }
        if closes {
            other.expect(TcpInput::Fin, seen);
        }
    }

    fn state(&self, flow: &Flow) -> Option<TcpState> {
        self.ends.get(flow).map(|end| end.state)
    }
}
