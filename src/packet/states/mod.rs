//! Which states both ends of a TCP connection must have been in, derived from its packets alone (RFC 9293 §3.3.2).
//!
//! A packet shows the state of the end that sent it. It does not show that it reached the other end, so the change that
//! it makes there is pending until a packet of that end confirms it, and is inferred if none does. A connection that
//! was open before the capture began has no known past, so all its changes are inferred.

mod endpoint;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use self::endpoint::{Endpoint, leads};
use super::segment::{ObservedSegment, before};
use crate::domain::{Evidence, Flags, Flow, PacketSummary, Stamp, TcpInput, TcpState, Transition};

/// A change of state: its time, the evidence for it, and the transition.
pub type ObservedTransition = (Stamp, Evidence, Transition);

/// Both ends of every connection in a capture, as far as its packets have been read.
#[derive(Debug, Default)]
pub struct ConnectionStates {
    endpoints: HashMap<Flow, Endpoint>,
}

impl ConnectionStates {
    /// Reads the next packet. The transitions that it shows are added to `out`, in the order of time for each end.
    pub fn see(&mut self, at: Stamp, packet: &PacketSummary, out: &mut Vec<ObservedTransition>) {
        let (None, Some(seen), Some(back)) =
            (&packet.icmp, ObservedSegment::of(packet, at.nanos()), packet.flow.mirror())
        else {
            return;
        };
        let (syn, ack) = (seen.flags.has(Flags::SYN), seen.flags.has(Flags::ACK));
        if seen.flags.has(Flags::RST) {
            self.on_rst(packet.flow, back, &seen, out);
        } else if syn && !ack {
            self.on_syn(packet.flow, back, &seen, out);
        } else if syn {
            self.on_syn_ack(packet.flow, back, &seen, out);
        } else {
            self.on_segment(packet.flow, back, &seen, out);
        }
    }

    /// Ends the capture: the transitions still pending are inferred.
    pub fn finish(mut self, out: &mut Vec<ObservedTransition>) {
        let mut flows: Vec<_> = self.endpoints.keys().copied().collect();
        flows.sort_unstable();
        for flow in flows {
            self.end(&flow, out);
        }
    }

    fn end(&mut self, flow: &Flow, out: &mut Vec<ObservedTransition>) {
        if let Some(mut end) = self.endpoints.remove(flow) {
            end.end(out);
        }
    }

    fn on_syn(&mut self, flow: Flow, back: Flow, seen: &ObservedSegment, out: &mut Vec<ObservedTransition>) {
        if self.endpoints.get(&flow).is_some_and(|end| end.isn == Some(seen.seq)) {
            return;
        }
        // A simultaneous open (RFC 9293 §3.5); any other SYN starts a new connection between the two ports.
        let simultaneous = !self.endpoints.contains_key(&flow) && self.state(&back) == Some(TcpState::SynSent);
        if !simultaneous {
            self.end(&flow, out);
            self.end(&back, out);
        }
        let mut end = Endpoint::with_isn(flow, TcpState::Closed, seen.seq);
        end.go(TcpState::SynSent, seen, out);
        self.endpoints.insert(flow, end);
    }

    fn on_syn_ack(&mut self, flow: Flow, back: Flow, seen: &ObservedSegment, out: &mut Vec<ObservedTransition>) {
        if self.endpoints.get(&flow).is_some_and(|end| end.isn != Some(seen.seq)) {
            self.end(&flow, out);
            self.end(&back, out);
        }
        let mine = self.endpoints.entry(flow).or_insert_with(|| Endpoint::new(flow, TcpState::Listen));
        mine.isn = Some(seen.seq);
        if matches!(mine.state, TcpState::Listen | TcpState::SynSent) {
            mine.go(TcpState::SynRecv, seen, out);
        } else if mine.state == TcpState::SynRecv {
            // A retransmitted SYN+ACK means that its ACK was lost.
            mine.pending.retain(|pending| pending.input != TcpInput::SynAcked);
        }
        let other = self.endpoints.entry(back).or_insert_with(|| {
            // The capture began after the SYN, or missed it.
            let mut end = Endpoint::with_isn(back, TcpState::Closed, seen.ack.wrapping_sub(1));
            end.change(TcpState::SynSent, (seen.at, seen.number), Evidence::Inferred, out);
            end
        });
        if other.state == TcpState::SynRecv {
            other.expect(TcpInput::SynAcked, seen);
        }
    }

    fn on_rst(&mut self, flow: Flow, back: Flow, seen: &ObservedSegment, out: &mut Vec<ObservedTransition>) {
        if let Some(mine) = self.endpoints.get_mut(&flow) {
            mine.confirm(seen, out);
            mine.end(out);
            if leads(mine.state, TcpInput::Rst).is_some() {
                mine.go(TcpState::Closed, seen, out);
            }
        }
        if let Some(other) = self.endpoints.get_mut(&back) {
            other.expect(TcpInput::Rst, seen);
        }
    }

    /// Any other segment.
    fn on_segment(&mut self, flow: Flow, back: Flow, seen: &ObservedSegment, out: &mut Vec<ObservedTransition>) {
        let ack = seen.acked();
        if self.state(&flow) == Some(TcpState::Closed) {
            return;
        }
        if self.state(&flow) == Some(TcpState::SynSent) && ack.is_some() && !self.endpoints.contains_key(&back) {
            // The capture missed the SYN+ACK.
            let mut end = Endpoint::with_isn(back, TcpState::Listen, seen.ack.wrapping_sub(1));
            end.change(TcpState::SynRecv, (seen.at, seen.number), Evidence::Inferred, out);
            self.endpoints.insert(back, end);
        }
        let mine = self.endpoints.entry(flow).or_insert_with(|| Endpoint::found(flow));
        mine.confirm(seen, out);
        let opened = [TcpInput::SynAck, TcpInput::SynAcked].into_iter().find_map(|input| leads(mine.state, input));
        if let Some(to) = opened.filter(|_| ack.is_some()) {
            mine.go(to, seen, out);
        }
        let closes = seen.flags.has(Flags::FIN);
        if closes {
            mine.fin = Some(seen.end());
            if let Some(to) = leads(mine.state, TcpInput::Close) {
                mine.go(to, seen, out);
            }
        }
        let other = self.endpoints.entry(back).or_insert_with(|| Endpoint::found(back));
        let acked = |end: u32| ack.is_some_and(|ack| !before(ack, end));
        if other.isn.is_some_and(|isn| acked(isn.wrapping_add(1))) {
            other.expect(TcpInput::SynAcked, seen);
        }
        if other.fin.is_some_and(acked) {
            other.expect(TcpInput::FinAcked, seen);
        }
        if closes {
            other.expect(TcpInput::Fin, seen);
        }
    }

    fn state(&self, flow: &Flow) -> Option<TcpState> {
        self.endpoints.get(flow).map(|end| end.state)
    }
}
