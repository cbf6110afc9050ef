//! The states that packets show, against RFC 9293's diagram.

use super::*;
use crate::domain::Cause;
use crate::packet::analysis::tests::tcp;
use crate::packet::summary;
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

/// Whether it goes right, its flags, its relative numbers and its payload. The client counts from 99, the server from
/// 4294967290, so that its numbers wrap around.
type Seg = (bool, Flags, u32, u32, &'static str);

/// The states of one end: each with whether a packet shows it, and the number of the packet that caused it.
type Path = Vec<(TcpState, bool, u64)>;

/// The states of the client and of the server.
fn paths(segments: &[Seg]) -> (Path, Path) {
    let (mut states, mut out) = (ConnectionStates::default(), Vec::new());
    for (number, (right, flags, seq, ack, data)) in (1..).zip(segments) {
        let base = |right: bool| if right { 99_u32 } else { 4_294_967_290 };
        let (seq, ack) = (seq.wrapping_add(base(*right)), ack.wrapping_add(base(!*right)));
        let mut packet = summary(&tcp(*right, *flags, seq, ack, data.as_bytes(), None)).unwrap();
        packet.number = number;
        states.see(Stamp::from_millis(number), &packet, &mut out);
    }
    states.finish(&mut out);
    let of = |flow: Flow| {
        let mut last = None;
        let mine = out.iter().filter(|(_, _, change)| change.flow == flow);
        let path = mine.map(|(at, evidence, change)| {
            // Without a gap, along the edges of the diagram, each caused by a packet.
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

#[test]
fn every_segment_that_changes_a_state_leads_where_the_diagram_says() {
    for (from, input, to) in TcpInput::changes() {
        // A capture does not show that a port listens, nor when a TIME_WAIT ends.
        let (to, is_shown) = (if to == Listen { Closed } else { to }, !matches!(from, Listen | TimeWait));
        if input.example().is_some() && is_shown {
            assert_eq!(leads(from, input), Some(to), "{from} {input}");
        }
    }
}

const OPEN: [Seg; 3] = [(true, SYN, 0, 0, ""), (false, SYN_ACK, 0, 1, ""), (true, ACK, 1, 1, "")];

#[test]
fn a_connection_of_seven_packets() {
    let close = [(true, FIN, 1, 1, ""), (false, ACK, 1, 2, ""), (false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
    let (client, server) = paths(&[&OPEN[..], &close].concat());
    // No packet shows that the ACK of its FIN reached the client. Its last ACK shows that the FIN did.
    let expected = [(SynSent, true, 1), (Established, true, 3), (FinWait1, true, 4), (FinWait2, false, 5)];
    assert_eq!(client, [&expected[..], &[(TimeWait, true, 6)]].concat());
    // The server's ACK in 5 shows that it received 3 and the FIN in 4. The last ACK may be lost on its way to the server.
    let expected = [(SynRecv, true, 2), (Established, true, 3), (CloseWait, true, 4), (LastAck, true, 6)];
    assert_eq!(server, [&expected[..], &[(Closed, false, 7)]].concat());
}

#[test]
fn a_close_in_three_packets_of_which_the_last_is_lost() {
    let close = [(true, FIN, 1, 1, ""), (false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
    let (client, server) = paths(&[&OPEN[..], &close].concat());
    assert_eq!(client[2..], [(FinWait1, true, 4), (FinWait2, false, 5), (TimeWait, true, 5)]);
    assert_eq!(server[2..], [(CloseWait, true, 4), (LastAck, true, 5), (Closed, false, 6)]);
    // The server retransmits its FIN: the first ACK was lost. The second may arrive.
    let again = [(false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
    let (_, server) = paths(&[&OPEN[..], &close, &again].concat());
    assert_eq!(server[3..], [(LastAck, true, 5), (Closed, false, 8)]);
}

#[test]
fn a_lost_syn_a_lost_ack_and_data_in_both_directions() {
    let (client, server) = paths(&[
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
    // It retransmitted its SYN+ACK after the first ACK: that one was lost.
    assert_eq!(server, [(SynRecv, true, 3), (Established, true, 6)]);
}

#[test]
fn a_simultaneous_close() {
    let close = [(true, FIN, 1, 1, ""), (false, FIN, 1, 1, ""), (true, ACK, 2, 2, ""), (false, ACK, 2, 2, "")];
    let (client, server) = paths(&[&OPEN[..], &close].concat());
    assert_eq!(client[2..], [(FinWait1, true, 4), (Closing, true, 5), (TimeWait, false, 7)]);
    assert_eq!(server[2..], [(FinWait1, true, 5), (Closing, true, 4), (TimeWait, false, 6)]);
}

#[test]
fn a_simultaneous_open() {
    let (one, other) = paths(&[
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
    // Refused: the other end never had a state.
    assert_eq!(
        paths(&[OPEN[0], (false, RST.with(ACK), 0, 1, "")]),
        (vec![(SynSent, true, 1), (Closed, false, 2)], vec![])
    );
    // The client resets the connection; the server most likely receives the RST.
    let (client, server) = paths(&[&OPEN[..], &[(true, RST.with(ACK), 1, 1, "")]].concat());
    assert_eq!((client[2], server[2]), ((Closed, true, 4), (Closed, false, 4)));
    // The server keeps sending: it did not receive the RST.
    let (_, server) = paths(&[&OPEN[..], &[(true, RST, 1, 1, ""), (false, ACK, 1, 1, "still here")]].concat());
    assert_eq!(server, [(SynRecv, true, 2), (Established, true, 3)]);
}

#[test]
fn two_ports_are_reused() {
    let close = [(true, FIN, 1, 1, ""), (false, FIN, 1, 2, ""), (true, ACK, 2, 2, "")];
    let (client, server) =
        paths(&[&OPEN[..], &close, &[(true, SYN, 70_000, 0, ""), (false, SYN_ACK, 9, 70_001, "")]].concat());
    assert_eq!(client[5..], [(SynSent, true, 7)]);
    assert_eq!(server[4..], [(Closed, false, 6), (SynRecv, true, 8)]);
}

#[test]
fn a_connection_opened_before_the_capture_is_closed_by_inference_and_missed_packets_are_inferred() {
    let (client, server) = paths(&[(true, ACK, 1, 1, "x"), (false, ACK, 1, 2, ""), (true, FIN, 2, 1, "")]);
    assert_eq!((client, server), (vec![(FinWait1, false, 3)], vec![(CloseWait, false, 3)]));
    let (client, server) = paths(&OPEN[1..]);
    assert_eq!(client, [(SynSent, false, 1), (Established, true, 2)]);
    assert_eq!(server, [(SynRecv, true, 1), (Established, false, 2)]);
    let (client, server) = paths(&[OPEN[0], OPEN[2]]);
    assert_eq!(client, [(SynSent, true, 1), (Established, true, 2)]);
    assert_eq!(server, [(SynRecv, false, 2), (Established, false, 2)]);
}
