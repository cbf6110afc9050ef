//! Which states both ends of a TCP connection must have been in, told from its packets alone (RFC 9293 §3.3.2).
//!
//! What an end sends shows the state it is in. What it is sent does not show that it arrived: such a change waits for a
//! packet of that end that shows it, and is inferred where none comes. A capture that begins in the middle of a
//! connection finds it open; how it is closed is inferred then.

use std::collections::HashMap;

use crate::domain::{Cause, Evidence, Flags, Flow, PacketSummary, Proto, Segment, Stamp, TcpState, Transition};

/// A change of state: when, how it is known, and what.
pub type Told = (Stamp, Evidence, Transition);

/// The ends of all connections of a capture, as far as its packets were shown to it.
#[derive(Debug, Default)]
pub struct States {
    ends: HashMap<Flow, End>,
}

/// One end.
#[derive(Debug)]
struct End {
    state: TcpState,
    /// Whether its SYN was seen: otherwise it was found open.
    begun: bool,
    /// The number of its SYN.
    isn: Option<u32>,
    /// The number after its FIN.
    fin: Option<u32>,
    /// What it was sent and nothing shows to have arrived, in the order of time.
    due: Vec<Due>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    what: What,
    packet: u64,
    at: Stamp,
}

/// What a packet brings about at the end that it is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// Its SYN is acknowledged.
    SynAcked,
    /// Its FIN is acknowledged.
    FinAcked,
    /// The other side closed; the number after that FIN.
    Fin(u32),
    /// The connection is reset.
    Rst,
}

impl What {
    /// Where it leads from a state, if it leads anywhere.
    const fn from(self, state: TcpState) -> Option<TcpState> {
        use TcpState::{
            CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, TimeWait,
        };
        Some(match (self, state) {
            (Self::SynAcked, SynRecv) => Established,
            (Self::FinAcked, FinWait1) => FinWait2,
            (Self::FinAcked, Closing) | (Self::Fin(_), FinWait2) => TimeWait,
            (Self::FinAcked, LastAck) => Closed,
            (Self::Fin(_), Established) => CloseWait,
            (Self::Fin(_), FinWait1) => Closing,
            (Self::Rst, Closed | Listen | TimeWait) => return None,
            (Self::Rst, _) => Closed,
            _ => return None,
        })
    }
}

/// A packet that is looked at.
#[derive(Clone, Copy)]
struct Seen<'a> {
    at: Stamp,
    packet: &'a PacketSummary,
    tcp: &'a Segment,
    flow: Flow,
    back: Flow,
}

impl End {
    const fn new(state: TcpState) -> Self {
        Self { state, begun: true, isn: None, fin: None, due: Vec::new() }
    }

    /// One that was open when the capture began.
    fn found() -> Self {
        Self { begun: false, ..Self::new(TcpState::Established) }
    }

    fn go(&mut self, flow: Flow, to: TcpState, (at, packet): (Stamp, u64), evidence: Evidence, out: &mut Vec<Told>) {
        let from = std::mem::replace(&mut self.state, to);
        // How one that was found open got there is not known: it may be further than that.
        let evidence = if self.begun { evidence } else { Evidence::Inferred };
        out.push((at, evidence, Transition { flow, from, to, cause: Some(Cause::Packet(packet)) }));
    }

    fn apply(&mut self, flow: Flow, due: Due, evidence: Evidence, out: &mut Vec<Told>) {
        if let Some(to) = due.what.from(self.state) {
            self.go(flow, to, (due.at, due.packet), evidence, out);
        }
    }

    fn is_due(&self, what: What) -> bool {
        self.due.iter().any(|due| due.what == what)
    }

    /// Has it wait for a sign that this arrived, if it would change anything and is not waited for already.
    fn expect(&mut self, what: What, seen: &Seen<'_>) {
        let mut reached = self.state;
        for due in &self.due {
            reached = due.what.from(reached).unwrap_or(reached);
        }
        if what.from(reached).is_some() && !self.is_due(what) {
            self.due.push(Due { what, packet: seen.packet.number, at: seen.at });
        }
    }

    /// It sends this: what of what it was sent must have arrived?
    fn shows(&mut self, seen: &Seen<'_>, out: &mut Vec<Told>) {
        let Seen { tcp, flow, .. } = *seen;
        let again = tcp.flags.has(Flags::FIN) && self.fin == Some(after(seen));
        let shown = |due: &Due| match due.what {
            What::SynAcked => true,
            What::Fin(number) => tcp.flags.has(Flags::ACK) && covers(tcp.ack, number),
            What::FinAcked | What::Rst => false,
        };
        // Who sends a FIN again has not heard that it arrived; and who goes on was not reset.
        self.due.retain(|due| !(due.what == What::Rst || (again && due.what == What::FinAcked)));
        let Some(last) = self.due.iter().rposition(shown) else { return };
        for due in self.due.drain(..=last).collect::<Vec<_>>() {
            let evidence = if shown(&due) { Evidence::Packet } else { Evidence::Inferred };
            self.apply(flow, due, evidence, out);
        }
    }

    /// Nothing more is heard of it.
    fn end(&mut self, flow: Flow, out: &mut Vec<Told>) {
        for due in std::mem::take(&mut self.due) {
            self.apply(flow, due, Evidence::Inferred, out);
        }
    }
}

impl States {
    /// Takes the next packet in; what is known by it goes to `out`, each end's changes in the order of time.
    pub fn see(&mut self, at: Stamp, packet: &PacketSummary, out: &mut Vec<Told>) {
        let (None, Some(tcp), Some(back)) = (&packet.icmp, &packet.tcp, packet.flow.mirror()) else { return };
        if packet.flow.proto != Proto::Tcp {
            return;
        }
        let seen = Seen { at, packet, tcp, flow: packet.flow, back };
        let (syn, ack) = (tcp.flags.has(Flags::SYN), tcp.flags.has(Flags::ACK));
        if tcp.flags.has(Flags::RST) {
            self.resets(&seen, out);
        } else if syn && !ack {
            self.calls(&seen, out);
        } else if syn {
            self.answers(&seen, out);
        } else {
            self.goes_on(&seen, out);
        }
    }

    /// There are no more packets: what was waited for is inferred.
    pub fn finish(mut self, out: &mut Vec<Told>) {
        let mut flows: Vec<_> = self.ends.keys().copied().collect();
        flows.sort_unstable();
        flows.into_iter().for_each(|flow| self.end(&flow, out));
    }

    fn end(&mut self, flow: &Flow, out: &mut Vec<Told>) {
        if let Some(mut end) = self.ends.remove(flow) {
            end.end(*flow, out);
        }
    }

    /// A SYN.
    fn calls(&mut self, seen: &Seen<'_>, out: &mut Vec<Told>) {
        let Seen { tcp, flow, back, .. } = *seen;
        if self.ends.get(&flow).is_some_and(|end| end.isn == Some(tcp.seq)) {
            return;
        }
        // Both call at once; otherwise the two ports begin another connection.
        let both = !self.ends.contains_key(&flow) && self.state(&back) == Some(TcpState::SynSent);
        if !both {
            self.end(&flow, out);
            self.end(&back, out);
        }
        let mut end = End { isn: Some(tcp.seq), ..End::new(TcpState::Closed) };
        end.go(flow, TcpState::SynSent, seen.when(), Evidence::Packet, out);
        self.ends.insert(flow, end);
    }

    /// A SYN-ACK.
    fn answers(&mut self, seen: &Seen<'_>, out: &mut Vec<Told>) {
        let Seen { tcp, flow, back, .. } = *seen;
        if self.ends.get(&flow).is_some_and(|end| end.isn != Some(tcp.seq)) {
            self.end(&flow, out);
            self.end(&back, out);
        }
        let mine = self.ends.entry(flow).or_insert_with(|| End::new(TcpState::Listen));
        mine.isn = Some(tcp.seq);
        if matches!(mine.state, TcpState::Listen | TcpState::SynSent) {
            mine.go(flow, TcpState::SynRecv, seen.when(), Evidence::Packet, out);
        } else if mine.state == TcpState::SynRecv {
            // Sent again: it has not heard of an answer.
            mine.due.retain(|due| due.what != What::SynAcked);
        }
        let other = self.ends.entry(back).or_insert_with(|| {
            // The SYN was before the capture, or lost by it.
            let mut end = End { isn: Some(tcp.ack.wrapping_sub(1)), ..End::new(TcpState::Closed) };
            end.go(back, TcpState::SynSent, seen.when(), Evidence::Inferred, out);
            end
        });
        if other.state == TcpState::SynRecv {
            other.expect(What::SynAcked, seen);
        }
    }

    /// A RST.
    fn resets(&mut self, seen: &Seen<'_>, out: &mut Vec<Told>) {
        let Seen { flow, back, .. } = *seen;
        if let Some(mine) = self.ends.get_mut(&flow) {
            mine.shows(seen, out);
            mine.end(flow, out);
            if What::Rst.from(mine.state).is_some() {
                mine.go(flow, TcpState::Closed, seen.when(), Evidence::Packet, out);
            }
        }
        if let Some(other) = self.ends.get_mut(&back) {
            other.expect(What::Rst, seen);
        }
    }

    /// Any other segment.
    fn goes_on(&mut self, seen: &Seen<'_>, out: &mut Vec<Told>) {
        let Seen { tcp, flow, back, .. } = *seen;
        let ack = tcp.flags.has(Flags::ACK);
        if self.state(&flow) == Some(TcpState::Closed) {
            return;
        }
        if self.state(&flow) == Some(TcpState::SynSent) && ack && !self.ends.contains_key(&back) {
            // The SYN-ACK was lost by the capture.
            let mut end = End { isn: Some(tcp.ack.wrapping_sub(1)), ..End::new(TcpState::Listen) };
            end.go(back, TcpState::SynRecv, seen.when(), Evidence::Inferred, out);
            self.ends.insert(back, end);
        }
        let mine = self.ends.entry(flow).or_insert_with(End::found);
        mine.shows(seen, out);
        if matches!(mine.state, TcpState::SynSent | TcpState::SynRecv) && ack {
            mine.go(flow, TcpState::Established, seen.when(), Evidence::Packet, out);
        }
        let closes = tcp.flags.has(Flags::FIN);
        if closes {
            mine.fin = Some(after(seen));
            let to = match mine.state {
                TcpState::Established => Some(TcpState::FinWait1),
                TcpState::CloseWait => Some(TcpState::LastAck),
                _ => None,
            };
            if let Some(to) = to {
                mine.go(flow, to, seen.when(), Evidence::Packet, out);
            }
        }
        let other = self.ends.entry(back).or_insert_with(End::found);
        if ack && other.isn.is_some_and(|isn| covers(tcp.ack, isn.wrapping_add(1))) {
            other.expect(What::SynAcked, seen);
        }
        if ack && other.fin.is_some_and(|fin| covers(tcp.ack, fin)) {
            other.expect(What::FinAcked, seen);
        }
        if closes {
            other.expect(What::Fin(after(seen)), seen);
        }
    }

    fn state(&self, flow: &Flow) -> Option<TcpState> {
        self.ends.get(flow).map(|end| end.state)
    }
}

impl Seen<'_> {
    const fn when(&self) -> (Stamp, u64) {
        (self.at, self.packet.number)
    }
}

/// The number after the segment.
fn after(seen: &Seen<'_>) -> u32 {
    seen.tcp.seq.wrapping_add(seen.tcp.takes(seen.packet.payload.len))
}

/// Whether an acknowledgement is of all before this number (RFC 9293 §3.4: numbers go round).
const fn covers(ack: u32, number: u32) -> bool {
    ack.wrapping_sub(number).cast_signed() >= 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Excerpt, Findings};
    use TcpState::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };

    const SYN: Flags = Flags::SYN;
    const ACK: Flags = Flags::ACK;
    const FIN: Flags = Flags::FIN.with(Flags::ACK);
    const SYN_ACK: Flags = Flags::SYN.with(Flags::ACK);
    const RST: Flags = Flags::RST;

    fn flow() -> Flow {
        Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap())
    }

    /// Whether it goes right, its flags, its numbers and how much it carries. The client counts from 99, the server from
    /// 4294967290, so that its numbers go round.
    type Seg = (bool, Flags, u32, u32, &'static str);

    /// What is told of the client and of the server: where it went, whether a packet shows it, and beside which it stands.
    type Path = Vec<(TcpState, bool, u64)>;

    fn told(segments: &[Seg]) -> (Path, Path) {
        let (mut states, mut out) = (States::default(), Vec::new());
        for (number, (right, flags, seq, ack, data)) in (1..).zip(segments) {
            let base = |right: bool| if right { 99_u32 } else { 4_294_967_290 };
            let tcp = Segment {
                flags: *flags,
                seq: seq.wrapping_add(base(*right)),
                ack: ack.wrapping_add(base(!*right)),
                seq_rel: None,
                ack_rel: None,
                window: 1_000,
                options: vec![],
            };
            let packet = PacketSummary {
                number,
                flow: if *right { flow() } else { flow().mirror().unwrap() },
                tcp: Some(tcp),
                icmp: None,
                payload: Excerpt::of(data.as_bytes()),
                retransmission_of: None,
                findings: Findings::default(),
            };
            states.see(Stamp::from_millis(number), &packet, &mut out);
        }
        states.finish(&mut out);
        let of = |flow: Flow| {
            let mut last = None;
            let mine = out.iter().filter(|(_, _, change)| change.flow == flow);
            let path = mine.map(|(at, evidence, change)| {
                // Without a gap, along the edges of the diagram, each beside a packet.
                assert!(last.is_none_or(|last| last == change.from || change.from == Closed || change.from == Listen));
                assert!(change.from.may_become(change.to), "{change:?}");
                last = Some(change.to);
                let Some(Cause::Packet(number)) = change.cause else { panic!("{change:?}") };
                assert_eq!(*at, Stamp::from_millis(number));
                (change.to, *evidence == Evidence::Packet, number)
            });
            path.collect()
        };
        (of(flow()), of(flow().mirror().unwrap()))
    }

    const OPEN: [Seg; 3] = [(true, SYN, 0, 0, ""), (false, SYN_ACK, 0, 1, ""), (true, ACK, 1, 1, "")];

    #[test]
    fn a_life_in_seven_packets() {
        let close = [(true, FIN, 1, 1, ""), (false, ACK, 1, 2, ""), (false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
        let (client, server) = told(&[&OPEN[..], &close].concat());
        // Nothing shows that the ACK of its FIN arrived at the client; what it sends last shows that the FIN did.
        let expected = [(SynSent, true, 1), (Established, true, 3), (FinWait1, true, 4), (FinWait2, false, 5)];
        assert_eq!(client, [&expected[..], &[(TimeWait, true, 6)]].concat());
        // The server's ACK in 5 shows that it got 3 and the FIN in 4; its last ACK may be lost on the way.
        let expected = [(SynRecv, true, 2), (Established, true, 3), (CloseWait, true, 4), (LastAck, true, 6)];
        assert_eq!(server, [&expected[..], &[(Closed, false, 7)]].concat());
    }

    #[test]
    fn three_packets_to_close_and_the_last_one_lost() {
        let close = [(true, FIN, 1, 1, ""), (false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
        let (client, server) = told(&[&OPEN[..], &close].concat());
        assert_eq!(client[2..], [(FinWait1, true, 4), (FinWait2, false, 5), (TimeWait, true, 5)]);
        assert_eq!(server[2..], [(CloseWait, true, 4), (LastAck, true, 5), (Closed, false, 6)]);
        // The server sends its FIN again: it has not heard the ACK. The second one may arrive.
        let again = [(false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
        let (_, server) = told(&[&OPEN[..], &close, &again].concat());
        assert_eq!(server[3..], [(LastAck, true, 5), (Closed, false, 8)]);
    }

    #[test]
    fn a_lost_syn_a_lost_answer_and_data_on_both_sides() {
        let (client, server) = told(&[
            OPEN[0],
            OPEN[0],
            OPEN[1],
            OPEN[2],
            OPEN[1],
            OPEN[2],
            (true, ACK, 1, 1, "Hello"),
            (false, ACK, 1, 6, "HELLO"),
        ]);
        assert_eq!(client, [(SynSent, true, 1), (Established, true, 4)]);
        // Its SYN-ACK came again after the first ACK: that one was lost.
        assert_eq!(server, [(SynRecv, true, 3), (Established, true, 6)]);
    }

    #[test]
    fn both_close_at_once() {
        let close = [(true, FIN, 1, 1, ""), (false, FIN, 1, 1, ""), (true, ACK, 2, 2, ""), (false, ACK, 2, 2, "")];
        let (client, server) = told(&[&OPEN[..], &close].concat());
        assert_eq!(client[2..], [(FinWait1, true, 4), (Closing, true, 5), (TimeWait, false, 7)]);
        assert_eq!(server[2..], [(FinWait1, true, 5), (Closing, true, 4), (TimeWait, false, 6)]);
    }

    #[test]
    fn both_call_at_once() {
        let (one, other) = told(&[
            (true, SYN, 0, 0, ""),
            (false, SYN, 0, 0, ""),
            (true, SYN_ACK, 0, 1, ""),
            (false, SYN_ACK, 0, 1, ""),
            (true, ACK, 1, 1, "x"),
            (false, ACK, 1, 2, ""),
        ]);
        assert_eq!(one, [(SynSent, true, 1), (SynRecv, true, 3), (Established, true, 4)]);
        assert_eq!(other[..2], [(SynSent, true, 2), (SynRecv, true, 4)]);
        assert_eq!(other[2].0, Established);
    }

    #[test]
    fn resets() {
        // Nobody listens: the other side never had a state.
        assert_eq!(
            told(&[OPEN[0], (false, RST.with(ACK), 0, 1, "")]),
            (vec![(SynSent, true, 1), (Closed, false, 2)], vec![])
        );
        // The client resets; that it arrives is likely.
        let (client, server) = told(&[&OPEN[..], &[(true, RST.with(ACK), 1, 1, "")]].concat());
        assert_eq!((client[2], server[2]), ((Closed, true, 4), (Closed, false, 4)));
        // The server goes on: it did not.
        let (_, server) = told(&[&OPEN[..], &[(true, RST, 1, 1, ""), (false, ACK, 1, 1, "still here")]].concat());
        assert_eq!(server, [(SynRecv, true, 2), (Established, true, 3)]);
    }

    #[test]
    fn two_ports_are_used_again() {
        let close = [(true, FIN, 1, 1, ""), (false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
        let (client, server) =
            told(&[&OPEN[..], &close, &[(true, SYN, 70_000, 0, ""), (false, SYN_ACK, 9, 70_001, "")]].concat());
        assert_eq!(client[5..], [(SynSent, true, 7)]);
        assert_eq!(server[4..], [(Closed, false, 6), (SynRecv, true, 8)]);
    }

    #[test]
    fn what_was_open_before_the_capture_is_closed_by_inference_and_what_it_missed_is_filled_in() {
        let (client, server) = told(&[(true, ACK, 1, 1, "x"), (false, ACK, 1, 2, ""), (true, FIN, 2, 1, "")]);
        assert_eq!((client, server), (vec![(FinWait1, false, 3)], vec![(CloseWait, false, 3)]));
        let (client, server) = told(&OPEN[1..]);
        assert_eq!(client, [(SynSent, false, 1), (Established, true, 2)]);
        assert_eq!(server, [(SynRecv, true, 1), (Established, false, 2)]);
        let (client, server) = told(&[OPEN[0], OPEN[2]]);
        assert_eq!(client, [(SynSent, true, 1), (Established, true, 2)]);
        assert_eq!(server, [(SynRecv, false, 2), (Established, false, 2)]);
    }
}
