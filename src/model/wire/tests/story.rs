//! What happened last, and why something was sent again.

use std::time::Duration;

use super::super::*;
use super::wire_lab;
use crate::domain::client::ClientChange;
use crate::domain::{ClientEvent, ClientId, Errno, EventKind, Flags, Note, Segment, SentAgain, ServerId, TcpState};
use crate::model::wire::test_wire::{Client, Server, TestWire, flow};

/// Why the packet that the story ends with was sent again.
fn why(wire_lab: &TestWire) -> Option<SentAgain> {
    wire_lab
        .shown()
        .story
        .facts()
        .filter_map(|fact| match fact {
            WireFact::Resent { why, .. } | WireFact::Folded { why, .. } => Some(*why),
            _ => None,
        })
        .last()
}

#[test]
fn a_repeated_syn_is_no_timer_of_the_server() {
    let mut wire_lab = wire_lab();
    let port = 42_666;
    let out = flow(port);
    let again = |of: u64, flags, seq, ack| {
        let tcp = Segment { flags, seq, ack, seq_rel: Some(seq), ack_rel: Some(ack), window: 64_240, options: vec![] };
        (Some(tcp), Some(of))
    };
    let syn = wire_lab.dials(1, port);
    let syn_ack = wire_lab.answers(syn, port);
    wire_lab.wait(1_000);
    let (tcp, of) = again(syn, Flags::SYN, 0, 0);
    let second = wire_lab.packet(out, tcp, "", of);
    assert_eq!(why(&wire_lab), Some(SentAgain::Timer));
    wire_lab.delivered(second);
    let after = Duration::from_secs(1);
    wire_lab.wire(Some(Server), WireEvent::Folded { packet: syn_ack, count: 1, after });
    assert_eq!(why(&wire_lab), Some(SentAgain::RepeatedSyn));
    wire_lab.wait(2_000);
    wire_lab.wire(Some(Server), WireEvent::Folded { packet: syn_ack, count: 2, after });
    assert_eq!(why(&wire_lab), Some(SentAgain::Timer), "nothing came for two seconds");
}

#[test]
fn duplicate_acks_and_a_closed_window_have_their_own_sentences() {
    let mut wire_lab = wire_lab();
    let port = 42_666;
    let data = wire_lab.established(1, port);
    let (out, back) = (flow(port), flow(port).mirror().unwrap());
    let again = |wire_lab: &mut TestWire| {
        let tcp = wire_lab.shown().packet(data).unwrap().packet.tcp.clone();
        wire_lab.packet(out, tcp, "Hello, world", Some(data));
        why(wire_lab)
    };
    for _ in 0..4 {
        let ack = wire_lab.sends(back, Flags::ACK, 1, 1, "");
        wire_lab.delivered(ack);
    }
    assert_eq!(again(&mut wire_lab), Some(SentAgain::DuplicateAcks(3)));
    wire_lab.wait(300);
    assert_eq!(again(&mut wire_lab), Some(SentAgain::Timer));
    let closed = Segment { window: 0, ..wire_lab.shown().packet(data).unwrap().packet.tcp.clone().unwrap() };
    let closed = Segment { flags: Flags::ACK, ack_rel: Some(13), ..closed };
    let full = wire_lab.packet(back, Some(closed), "", None);
    wire_lab.delivered(full);
    assert_eq!(again(&mut wire_lab), Some(SentAgain::Probe));
    wire_lab.wait(300);
    let probe = wire_lab.sends(out, Flags::ACK, 12, 1, "");
    // Its label on the wire names it too.
    assert!(wire_lab.shown().packet(probe).unwrap().packet.findings.has(Finding::EmptyProbe));
    assert_eq!(facts(&wire_lab).last(), Some(&"probed"), "{:?}", facts(&wire_lab));
}

fn facts(wire_lab: &TestWire) -> Vec<&'static str> {
    let word = |fact: &WireFact| match fact {
        WireFact::Dialing(_) => "dialing",
        WireFact::Called(..) => "called",
        WireFact::Sent(_) => "sent",
        WireFact::Resent { .. } => "resent",
        WireFact::Probed(_) => "probed",
        WireFact::Delivered(_) => "delivered",
        WireFact::Lost(..) => "lost",
        WireFact::Copied { .. } => "copied",
        WireFact::Corrupted(_) => "corrupted",
        WireFact::Injected(_) => "injected",
        WireFact::Altered(_) => "altered",
        WireFact::Swapped(..) => "swapped",
        WireFact::Folded { .. } => "folded",
        WireFact::Changed(..) => "changed",
        WireFact::Judged(_) => "judged",
        WireFact::Short(_) => "short",
        WireFact::Marked(_) => "marked",
        WireFact::Fragmented { .. } => "divided",
        WireFact::ToldMtu { .. } => "told",
    };
    wire_lab.shown().story.facts().map(word).collect()
}

#[test]
fn the_story_is_the_last_action_and_its_effects() {
    let mut wire_lab = wire_lab();
    assert!(facts(&wire_lab).is_empty());
    let syn = wire_lab.dials(1, 42_666);
    assert_eq!(facts(&wire_lab), ["dialing", "changed", "sent"]);
    wire_lab.wait(1_000);
    wire_lab.wire(Some(Client), WireEvent::Folded { packet: syn, count: 1, after: Duration::from_secs(1) });
    wire_lab.wait(1_000);
    wire_lab.wire(Some(Client), WireEvent::Folded { packet: syn, count: 2, after: Duration::from_secs(1) });
    assert_eq!(facts(&wire_lab), ["dialing", "changed", "sent", "folded"], "a timer is no new story");
    wire_lab.wait(1_000);
    let syn_ack = wire_lab.answers(syn, 42_666);
    assert_eq!(facts(&wire_lab), ["delivered", "changed", "sent"]);
    wire_lab.wait(1_000);
    wire_lab.dropped(syn_ack);
    assert_eq!(facts(&wire_lab), ["lost"]);
}

#[test]
fn a_program_that_a_packet_wakes_may_report_first() {
    let mut wire_lab = wire_lab();
    let data = wire_lab.established(1, 42_666);
    wire_lab.wait(1_000);
    let back = flow(42_666).mirror().unwrap();
    let recv = Call::new(crate::domain::SocketId::Conn(ServerId(0), crate::domain::ConnNo(1)), Syscall::Recv);
    wire_lab.call(Server, recv.on(back).carrying(b"Hello, world"));
    wire_lab.delivered(data);
    assert_eq!(facts(&wire_lab), ["delivered", "called"]);
}

#[test]
fn facts_within_a_moment_are_ordered_by_cause() {
    let mut wire_lab = wire_lab();
    let at = flow(42_666);
    let connect = Some(Cause::Call(Syscall::Connect));
    wire_lab.state(Client, at, TcpState::Closed, TcpState::SynSent, connect);
    let dialing = ClientEvent { client: ClientId(1), change: ClientChange::Dialing { flow: at } };
    wire_lab.seen(Some(Client), Evidence::Called, EventKind::Client(dialing));
    assert_eq!(facts(&wire_lab), ["dialing", "changed"], "the call stands before what it brought about");
    let syn = wire_lab.sends(at, Flags::SYN, 0, 0, "");
    wire_lab.delivered(syn);
    let back = at.mirror().unwrap();
    wire_lab.state(Server, back, TcpState::Listen, TcpState::SynRecv, Some(Cause::Packet(syn)));
    let syn_ack = wire_lab.sends(back, Flags::SYN.with(Flags::ACK), 0, 1, "");
    wire_lab.delivered(syn_ack);
    assert_eq!(facts(&wire_lab), ["dialing", "changed", "sent", "delivered", "changed", "sent", "delivered"]);
}

#[test]
fn a_burst_that_ended_early_is_shown_until_another_client_connects() {
    let mut wire_lab = wire_lab();
    wire_lab.dials(1, 40_000);
    let note = |errno| EventKind::Note(Note::BurstCut { asked: 50, made: 10, errno });
    wire_lab.seen(Some(Client), Evidence::Called, note(Errno::Interrupted));
    assert_eq!(wire_lab.model.worlds.shown().clients.short, None, "whoever closed them all knows why");
    wire_lab.seen(Some(Client), Evidence::Called, note(Errno::AddrNotAvail));
    let short = crate::model::clients::ShortBurst { asked: 50, made: 10, errno: Errno::AddrNotAvail };
    assert_eq!((wire_lab.model.worlds.shown().clients.short, facts(&wire_lab).last()), (Some(short), Some(&"short")));
    wire_lab.wait(1_000);
    wire_lab.delivered(1);
    assert_eq!((wire_lab.model.worlds.shown().clients.short, facts(&wire_lab)), (Some(short), vec!["delivered"]));
    wire_lab.dials(2, 40_001);
    assert_eq!(wire_lab.model.worlds.shown().clients.short, None);
}
