//! One end of a connection: its state, and the inputs that are pending (RFC 9293 §3.10.7).

use super::ObservedTransition;
use crate::domain::{Cause, Evidence, Flags, Flow, Stamp, TcpInput, TcpState, Transition, tcp};
use crate::packet::segment::{ObservedSegment, before};

#[derive(Debug)]
pub(super) struct Endpoint {
    flow: Flow,
    pub(super) state: TcpState,
    /// Whether the capture has its SYN; otherwise it was found open.
    begun: bool,
    /// The sequence number of its SYN.
    pub(super) isn: Option<u32>,
    /// The sequence number after its FIN.
    pub(super) fin: Option<u32>,
    /// Inputs sent to it that no packet has confirmed yet, oldest first.
    pub(super) pending: Vec<Pending>,
}

/// An input that was sent to an end and that no packet of that end has confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) input: TcpInput,
    /// The sequence number after the segment that is the input.
    after: u32,
    packet: u64,
    at: u64,
}

/// The state that an input leads to, if it changes `state`. A segment to a closed port changes nothing, and a listening
/// port continues to listen whatever happens to one of its connections.
pub(super) fn leads(state: TcpState, input: TcpInput) -> Option<TcpState> {
    let to = tcp::on(state, input)?.to;
    // The capture does not show whether this end listens, so a reset SYN_RECV is closed.
    let to = if to == TcpState::Listen { TcpState::Closed } else { to };
    (to != state && !matches!(state, TcpState::Listen | TcpState::TimeWait)).then_some(to)
}

impl Endpoint {
    pub(super) const fn new(flow: Flow, state: TcpState) -> Self {
        Self { flow, state, begun: true, isn: None, fin: None, pending: Vec::new() }
    }

    /// An end whose SYN had this number.
    pub(super) fn with_isn(flow: Flow, state: TcpState, isn: u32) -> Self {
        Self { isn: Some(isn), ..Self::new(flow, state) }
    }

    /// An end that was open when the capture began.
    pub(super) fn found(flow: Flow) -> Self {
        Self { begun: false, ..Self::new(flow, TcpState::Established) }
    }

    /// Changes the state, because of a packet that this end sent.
    pub(super) fn go(&mut self, to: TcpState, seen: &ObservedSegment, out: &mut Vec<ObservedTransition>) {
        self.change(to, (seen.at, seen.number), Evidence::Packet, out);
    }

    pub(super) fn change(
        &mut self,
        to: TcpState,
        (at, packet): (u64, u64),
        evidence: Evidence,
        out: &mut Vec<ObservedTransition>,
    ) {
        let from = std::mem::replace(&mut self.state, to);
        // One that was found open may have been in a later state than the one assumed.
        let evidence = if self.begun { evidence } else { Evidence::Inferred };
        let cause = Some(Cause::Packet(packet));
        out.push((Stamp::from_nanos(at), evidence, Transition { flow: self.flow, from, to, cause }));
    }

    fn apply(&mut self, pending: Pending, evidence: Evidence, out: &mut Vec<ObservedTransition>) {
        if let Some(to) = leads(self.state, pending.input) {
            self.change(to, (pending.at, pending.packet), evidence, out);
        }
    }

    /// Makes an input pending, if it would change the state and is not pending already.
    pub(super) fn expect(&mut self, input: TcpInput, seen: &ObservedSegment) {
        let mut reached = self.state;
        for pending in &self.pending {
            reached = leads(reached, pending.input).unwrap_or(reached);
        }
        if leads(reached, input).is_some() && self.pending.iter().all(|pending| pending.input != input) {
            self.pending.push(Pending { input, after: seen.end(), packet: seen.number, at: seen.at });
        }
    }

    /// Applies the pending inputs that must have arrived before this end sent this segment.
    pub(super) fn confirm(&mut self, seen: &ObservedSegment, out: &mut Vec<ObservedTransition>) {
        let again = seen.flags.has(Flags::FIN) && self.fin == Some(seen.end());
        let shown = |pending: &Pending| match pending.input {
            TcpInput::SynAcked => true,
            TcpInput::Fin => seen.acked().is_some_and(|ack| !before(ack, pending.after)),
            _ => false,
        };
        // A retransmitted FIN means that its ACK was lost, and an end that still sends was not reset.
        self.pending
            .retain(|pending| !(pending.input == TcpInput::Rst || (again && pending.input == TcpInput::FinAcked)));
        let Some(last) = self.pending.iter().rposition(shown) else { return };
        for pending in self.pending.drain(..=last).collect::<Vec<_>>() {
            let evidence = if shown(&pending) { Evidence::Packet } else { Evidence::Inferred };
            self.apply(pending, evidence, out);
        }
    }

    /// Applies the inputs that are still pending: no packet can confirm them any more.
    pub(super) fn end(&mut self, out: &mut Vec<ObservedTransition>) {
        for pending in std::mem::take(&mut self.pending) {
            self.apply(pending, Evidence::Inferred, out);
        }
    }
}
