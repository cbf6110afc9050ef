//! The wire without I/O, put to the test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::super::decode::packets::{tcp, udp};
use super::*;
use crate::domain::{
    EcnCodepoint, Flags, ForgedChecksum, ForgedKind, ForgedSegment, PacketChange, PacketSummary, WireCommand,
};

const T0: Stamp = Stamp::ZERO;

fn at(millis: u64) -> Stamp {
    Stamp::from_millis(millis)
}

fn syn() -> Vec<u8> {
    tcp(true, Flags::SYN, 1000, 0, b"")
}

fn wire_events(core: &mut WireCore) -> Vec<WireEvent> {
    let events = core.take_events().into_iter();
    events.filter_map(|(_, kind)| if let EventKind::Wire(event) = kind { Some(event) } else { None }).collect()
}

fn packets(core: &mut WireCore) -> Vec<PacketSummary> {
    let events = core.take_events().into_iter();
    events.filter_map(|(_, kind)| if let EventKind::Packet(packet) = kind { Some(packet) } else { None }).collect()
}

fn due(core: &mut WireCore, now: Stamp) -> Vec<WireDelivery> {
    std::iter::from_fn(|| core.due(now)).collect()
}

fn numbers(deliveries: &[WireDelivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.number).collect()
}

#[test]
fn a_held_packet_stays_until_it_is_delivered() {
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Client, &syn(), true);
    assert_eq!(core.next_due(), None);
    assert_eq!(due(&mut core, at(3_600_000)), vec![]);
    core.command(at(3_600_000), WireCommand::Next);
    let deliveries = due(&mut core, at(3_600_000));
    assert_eq!(numbers(&deliveries), [1]);
    assert_eq!(deliveries[0].bytes, syn());
}

#[test]
fn a_retransmission_is_folded_into_the_held_original() {
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Client, &syn(), true);
    core.take_events();
    let mut again = syn();
    again[5] ^= 7; // The IP identification is new each time.
    core.offer(at(1000), HostId::Client, &again, true);
    core.offer(at(3000), HostId::Client, &again, true);
    let folded = |count, millis| WireEvent::Folded { packet: 1, count, after: Duration::from_millis(millis) };
    assert_eq!(wire_events(&mut core), [folded(1, 1000), folded(2, 2000)]);
    core.command(at(3000), WireCommand::Next);
    assert_eq!(numbers(&due(&mut core, at(3000))), [1]);
    core.command(at(3000), WireCommand::Next);
    assert_eq!(due(&mut core, at(3000)), vec![]);
}

#[test]
fn a_retransmission_is_folded_into_the_delivered_original_while_the_answer_is_held() {
    let mut core = WireCore::new(16, 1);
    let syn_ack = tcp(false, Flags::SYN.with(Flags::ACK), 5000, 1001, b"");
    let folded = |packet, count, millis| WireEvent::Folded { packet, count, after: Duration::from_millis(millis) };
    core.offer(T0, HostId::Client, &syn(), true);
    core.offer(at(1000), HostId::Client, &syn(), true);
    core.command(at(1500), WireCommand::Next);
    assert_eq!(numbers(&due(&mut core, at(1500))), [1]);
    core.take_events();
    // Nothing says yet that it has arrived: the server may have ignored it.
    core.offer(at(3000), HostId::Client, &syn(), true);
    assert_eq!(packets(&mut core)[0].retransmission_of, Some(1));
    core.command(at(3000), WireCommand::Drop(2));
    core.offer(at(3000), HostId::Server, &syn_ack, true);
    core.take_events();
    core.offer(at(7000), HostId::Client, &syn(), true);
    core.offer(at(7000), HostId::Server, &syn_ack, true);
    assert_eq!(wire_events(&mut core), [folded(1, 2, 6000), folded(3, 1, 4000)]);
    // The answer is lost: what is sent again then is another packet, even if the answer comes again before.
    core.command(at(7000), WireCommand::Drop(3));
    core.offer(at(14_999), HostId::Server, &syn_ack, true);
    core.take_events();
    core.offer(at(15_000), HostId::Client, &syn(), true);
    assert_eq!(packets(&mut core)[0].number, 5);
}

#[test]
fn what_a_held_reset_answers_is_folded() {
    let mut core = WireCore::new(16, 1);
    let syn_ack = tcp(false, Flags::SYN.with(Flags::ACK), 5000, 1001, b"");
    core.offer(T0, HostId::Server, &syn_ack, true);
    core.command(T0, WireCommand::Next);
    assert_eq!(numbers(&due(&mut core, T0)), [1]);
    core.offer(T0, HostId::Client, &tcp(true, Flags::RST, 1001, 0, b""), true);
    core.take_events();
    core.offer(at(1_000), HostId::Server, &syn_ack, true);
    let after = Duration::from_secs(1);
    assert_eq!(wire_events(&mut core), [WireEvent::Folded { packet: 1, count: 1, after }]);
    // It is lost: what is sent again then is another packet.
    core.command(at(1_000), WireCommand::Drop(2));
    core.take_events();
    core.offer(at(3_000), HostId::Server, &syn_ack, true);
    assert_eq!(packets(&mut core)[0].retransmission_of, Some(1));
}

#[test]
fn what_is_sent_again_in_other_pieces_is_folded_if_all_of_it_is_known() {
    let mut core = WireCore::new(16, 1);
    let send = |core: &mut WireCore, seq, payload: &[u8]| {
        core.offer(T0, HostId::Client, &tcp(true, Flags::ACK, seq, 1, payload), true);
        packets(core).len()
    };
    assert_eq!((send(&mut core, 10, b"ab"), send(&mut core, 12, b"cd")), (1, 1));
    // Both as one; with another acknowledgement meanwhile; with a byte that is new.
    assert_eq!(send(&mut core, 10, b"abcd"), 0);
    core.offer(T0, HostId::Client, &tcp(true, Flags::ACK, 12, 9, b"cd"), true);
    assert_eq!(packets(&mut core), []);
    assert_eq!(send(&mut core, 10, b"abcde"), 1);
}

#[test]
fn a_syn_that_also_acknowledges_is_not_the_syn_sent_again() {
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Client, &syn(), true);
    core.offer(T0, HostId::Client, &tcp(true, Flags::SYN.with(Flags::ACK), 1000, 7, b""), true);
    assert_eq!(packets(&mut core).len(), 2);
}

#[test]
fn probes_are_folded_and_acknowledgements_are_not() {
    let mut core = WireCore::new(16, 1);
    let mut client = |seq| {
        core.offer(T0, HostId::Client, &tcp(true, Flags::ACK, seq, 1, b""), true);
        packets(&mut core).len()
    };
    assert_eq!((client(1000), client(1000)), (1, 1), "nothing is known of what was sent");
    core.offer(T0, HostId::Client, &tcp(true, Flags::ACK, 1000, 1, b"x"), true);
    core.take_events();
    let mut client = |seq| {
        core.offer(T0, HostId::Client, &tcp(true, Flags::ACK, seq, 1, b""), true);
        packets(&mut core).len()
    };
    assert_eq!((client(1001), client(1001)), (1, 1), "acknowledgements");
    assert_eq!((client(1000), client(1000)), (1, 0), "probes");
}

#[test]
fn a_retransmission_after_a_loss_is_a_new_packet_marked_as_such() {
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Client, &syn(), true);
    core.command(T0, WireCommand::Drop(1));
    core.take_events();
    core.offer(at(1000), HostId::Client, &syn(), true);
    core.offer(at(1001), HostId::Server, &tcp(false, Flags::SYN, 1000, 0, b""), true);
    let seen: Vec<_> = packets(&mut core).iter().map(|packet| (packet.number, packet.retransmission_of)).collect();
    assert_eq!(seen, [(2, Some(1)), (3, None)]);
}

#[test]
fn folding_can_be_switched_off_and_never_touches_acknowledgements_and_datagrams() {
    let mut core = WireCore::new(16, 1);
    for _ in 0..2 {
        core.offer(T0, HostId::Server, &tcp(false, Flags::ACK, 1, 1, b""), true);
        core.offer(T0, HostId::Client, &udp(true, b"oi"), true);
    }
    assert_eq!(packets(&mut core).len(), 4);
    core.command(T0, WireCommand::Fold(false));
    core.offer(T0, HostId::Client, &syn(), true);
    core.offer(T0, HostId::Client, &syn(), true);
    assert_eq!(packets(&mut core).len(), 2);
}

/// A RST in the client's name.
fn forged(flags: Flags, seq: u32) -> Arc<ForgedPacket> {
    Arc::new(ForgedPacket {
        from: HostId::Client,
        source: 40_000,
        destination: 65_432,
        ttl: 64,
        ecn: EcnCodepoint::default(),
        checksum: ForgedChecksum::Right,
        kind: ForgedKind::Segment(ForgedSegment { flags, seq, ..ForgedSegment::default() }),
        payload: vec![],
    })
}

#[test]
fn a_forged_packet_is_numbered_held_and_delivered_as_any_other() {
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Client, &syn(), true);
    core.take_events();
    core.command(T0, WireCommand::Inject(forged(Flags::RST, 1001)));
    let events = core.take_events();
    let (EventKind::Packet(packet), EventKind::Wire(injected), EventKind::Wire(held)) =
        (&events[0].1, &events[1].1, &events[2].1)
    else {
        panic!("{events:?}")
    };
    assert_eq!((packet.number, packet.findings.has(Finding::Forged)), (2, true));
    assert_eq!(packet.tcp.as_ref().unwrap().seq_rel, Some(1), "counted from the SYN that the client has sent");
    assert_eq!((injected, held), (&WireEvent::Injected { packet: 2 }, &WireEvent::Held { packet: 2 }));
    assert!(events.iter().all(|(from, _)| *from == HostId::Client));
    core.command(T0, WireCommand::Deliver(2));
    let deliveries = due(&mut core, T0);
    assert_eq!((numbers(&deliveries), deliveries[0].from), (vec![2], HostId::Client));
    assert_eq!(deliveries[0].bytes, forged(Flags::RST, 1001).bytes());
    core.command(T0, WireCommand::Cut(Some(HostId::Client), true));
    core.take_events();
    core.command(T0, WireCommand::Inject(forged(Flags::RST, 1001)));
    assert!(wire_events(&mut core).contains(&WireEvent::Dropped { packet: 3, why: LossReason::Cut }));
}

#[test]
fn a_forged_packet_is_no_part_of_what_the_kernels_have_said() {
    let mut core = WireCore::new(16, 1);
    core.command(T0, WireCommand::Fold(true));
    core.offer(T0, HostId::Client, &syn(), true);
    core.command(T0, WireCommand::Inject(forged(Flags::SYN, 5000)));
    core.take_events();
    // The client's own SYN of that number is neither folded into it nor a repetition of it.
    core.offer(T0, HostId::Client, &tcp(true, Flags::SYN, 5000, 0, b""), true);
    let seen = packets(&mut core);
    assert_eq!((seen[0].number, seen[0].retransmission_of), (3, None));
    // Nor do later numbers count from a forged SYN, where the client has sent one.
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Client, &syn(), true);
    core.command(T0, WireCommand::Inject(forged(Flags::SYN, 5000)));
    core.offer(T0, HostId::Client, &tcp(true, Flags::ACK, 1001, 1, b"x"), true);
    let relative: Vec<_> = packets(&mut core).iter().map(|seen| seen.tcp.as_ref().unwrap().seq_rel).collect();
    assert_eq!(relative, [Some(0), Some(4000), Some(1)]);
    // What a forged ACK acknowledges has not arrived: data that is sent again is sent again.
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Server, &tcp(false, Flags::ACK, 1, 1, b"x"), true);
    core.command(T0, WireCommand::Deliver(1));
    due(&mut core, T0);
    let ack = ForgedSegment { flags: Flags::ACK, ack: 2, ..ForgedSegment::default() };
    let ack = ForgedPacket { kind: ForgedKind::Segment(ack), ..(*forged(Flags::ACK, 1)).clone() };
    core.command(T0, WireCommand::Inject(Arc::new(ack)));
    core.take_events();
    core.offer(at(300), HostId::Server, &tcp(false, Flags::ACK, 1, 1, b"x"), true);
    assert_eq!(packets(&mut core)[0].retransmission_of, Some(1));
}

#[test]
fn a_held_packet_can_be_changed_and_reads_differently_then() {
    let mut core = WireCore::new(16, 1);
    core.offer(T0, HostId::Client, &syn(), true);
    core.take_events();
    let change = |change: PacketChange| WireCommand::Change(1, Arc::new(change));
    core.command(T0, change(PacketChange { flags: Some(Flags::FIN), seq: Some(1007), ..PacketChange::default() }));
    let events = wire_events(&mut core);
    let [WireEvent::Altered { packet: 1, now }] = &events[..] else { panic!("{events:?}") };
    let tcp_now = now.tcp.as_ref().unwrap();
    assert_eq!((now.number, tcp_now.flags, tcp_now.seq_rel), (1, Flags::FIN, Some(7)));
    assert!(now.findings.has(Finding::Altered) && !now.findings.has(Finding::ChecksumBad));
    let told = EventKind::Wire(events[0].clone());
    let line = serde_json::to_string(&told).unwrap();
    assert!(line.contains("\"change\":\"altered\"") && line.contains("\"flags\":\"FIN\""), "{line}");
    assert_eq!(serde_json::from_str::<EventKind>(&line).unwrap(), told);
    core.command(T0, change(PacketChange { checksum: ForgedChecksum::Wrong, ..PacketChange::default() }));
    let events = wire_events(&mut core);
    assert!(matches!(&events[..], [WireEvent::Altered { now, .. }] if now.findings.has(Finding::ChecksumBad)));
    // The client sends its SYN again: that is not what is on the wire.
    core.offer(at(1000), HostId::Client, &syn(), true);
    assert_eq!(packets(&mut core)[0].number, 2);
    core.command(T0, WireCommand::Deliver(1));
    let deliveries = due(&mut core, at(1000));
    assert_eq!(deliveries[0].outline.unwrap().flags, Some(Flags::FIN), "tables are looked at for what arrives");
    core.command(T0, change(PacketChange::default()));
    assert_eq!(wire_events(&mut core), [WireEvent::NoSuchPacket { packet: 1 }]);
}

#[test]
fn slow_motion_keeps_the_order_also_when_it_gets_faster() {
    let mut core = WireCore::new(16, 1);
    let slow = |millis| WireCommand::Mode(None, WireMode::Slow { hop: Duration::from_millis(millis) });
    core.command(T0, slow(500));
    core.offer(T0, HostId::Client, &udp(true, b"1"), true);
    core.command(T0, slow(100));
    core.offer(at(10), HostId::Client, &udp(true, b"2"), true);
    assert_eq!(core.next_due(), Some(at(500)));
    assert_eq!(due(&mut core, at(499)), vec![]);
    assert_eq!(numbers(&due(&mut core, at(500))), [1, 2]);
}

#[test]
fn the_presenter_may_swap_duplicate_delay_and_damage() {
    let mut core = WireCore::new(16, 1);
    for byte in [b"1", b"2", b"3"] {
        core.offer(T0, HostId::Client, &udp(true, byte), true);
    }
    core.command(T0, WireCommand::Swap(1));
    core.command(T0, WireCommand::Next);
    assert_eq!(numbers(&due(&mut core, T0)), [2]);
    core.command(T0, WireCommand::Duplicate(1));
    assert_eq!(numbers(&due(&mut core, T0)), [1]);
    core.command(T0, WireCommand::Delay(4, Duration::from_millis(5)));
    core.command(T0, WireCommand::Corrupt(3));
    core.command(T0, WireCommand::Next);
    let damaged = due(&mut core, T0);
    assert_eq!((numbers(&damaged), damaged[0].bytes == udp(true, b"3")), (vec![3], false));
    let copy = due(&mut core, at(5));
    assert_eq!((numbers(&copy), copy[0].bytes == udp(true, b"1")), (vec![4], true));
    core.take_events();
    core.command(T0, WireCommand::Deliver(1));
    assert_eq!(wire_events(&mut core), [WireEvent::NoSuchPacket { packet: 1 }]);
}

#[test]
fn each_direction_has_its_own_treatment() {
    let mut core = WireCore::new(1, 1);
    core.command(T0, WireCommand::Cut(Some(HostId::Client), true));
    core.command(T0, WireCommand::Mode(Some(HostId::Server), WireMode::Live));
    core.offer(T0, HostId::Client, &udp(true, b"1"), true);
    core.offer(T0, HostId::Server, &udp(false, b"2"), true);
    assert_eq!(numbers(&due(&mut core, T0)), [2]);
    core.command(T0, WireCommand::Mode(Some(HostId::Server), WireMode::Step));
    core.offer(T0, HostId::Server, &udp(false, b"3"), true);
    core.take_events();
    core.offer(T0, HostId::Server, &udp(false, b"4"), true);
    assert_eq!(wire_events(&mut core), [WireEvent::Dropped { packet: 4, why: LossReason::Overflow }]);
}

#[test]
fn loss_is_about_as_often_as_was_asked_and_the_same_each_time() {
    let lost = |seed| {
        let mut core = WireCore::new(10_000, seed);
        core.command(T0, WireCommand::Loss(None, 30));
        for _ in 0..10_000 {
            core.offer(T0, HostId::Client, &udp(true, b"x"), true);
        }
        wire_events(&mut core).iter().filter(|event| matches!(event, WireEvent::Dropped { .. })).count()
    };
    assert_eq!(lost(7), lost(7));
    assert!((2_800..3_200).contains(&lost(7)), "{}", lost(7));
}

#[derive(Debug, Clone)]
enum WireStep {
    Offer(HostId, u8),
    Say(WireCommand),
    Wait(u64),
}

fn host() -> impl Strategy<Value = HostId> {
    prop_oneof![Just(HostId::Client), Just(HostId::Server)]
}

fn mode() -> impl Strategy<Value = WireMode> {
    let slow = (0_u64..50).prop_map(|millis| WireMode::Slow { hop: Duration::from_millis(millis) });
    prop_oneof![Just(WireMode::Step), Just(WireMode::Live), slow]
}

/// Steps that never tell the wire to change an order.
fn orderly() -> impl Strategy<Value = WireStep> {
    prop_oneof![
        6 => (host(), any::<u8>()).prop_map(|(from, seq)| WireStep::Offer(from, seq)),
        4 => Just(WireStep::Say(WireCommand::Next)),
        1 => (proptest::option::of(host()), mode()).prop_map(|(from, mode)| WireStep::Say(WireCommand::Mode(from, mode))),
        1 => (proptest::option::of(host()), any::<bool>()).prop_map(|(from, cut)| WireStep::Say(WireCommand::Cut(from, cut))),
        1 => (proptest::option::of(host()), 0_u8..60).prop_map(|(from, p)| WireStep::Say(WireCommand::Loss(from, p))),
        1 => any::<bool>().prop_map(|on| WireStep::Say(WireCommand::Fold(on))),
        3 => (0_u64..40).prop_map(WireStep::Wait),
    ]
}

/// Any step at all.
fn any_step() -> impl Strategy<Value = WireStep> {
    let number = 1_u64..40;
    prop_oneof![
        8 => orderly(),
        1 => number.clone().prop_map(|n| WireStep::Say(WireCommand::Deliver(n))),
        1 => number.clone().prop_map(|n| WireStep::Say(WireCommand::Drop(n))),
        1 => number.clone().prop_map(|n| WireStep::Say(WireCommand::Duplicate(n))),
        1 => number.clone().prop_map(|n| WireStep::Say(WireCommand::Swap(n))),
        1 => (number.clone(), 0_u64..50)
            .prop_map(|(n, millis)| WireStep::Say(WireCommand::Delay(n, Duration::from_millis(millis)))),
        1 => number.clone().prop_map(|n| WireStep::Say(WireCommand::Corrupt(n))),
        1 => any::<u32>().prop_map(|seq| WireStep::Say(WireCommand::Inject(forged(Flags::ACK, seq)))),
        1 => (number, any::<u32>()).prop_map(|(n, seq)| {
            WireStep::Say(WireCommand::Change(n, Arc::new(PacketChange { seq: Some(seq), ..PacketChange::default() })))
        }),
    ]
}

/// Takes the steps and then lets everything that is left arrive. Returns the deliveries in order and the events.
fn walk(steps: &[WireStep]) -> (Vec<WireDelivery>, Vec<(HostId, EventKind)>, u32) {
    let mut core = WireCore::new(8, 3);
    let mut now = T0;
    let mut offered = 0;
    let mut deliveries = Vec::new();
    let mut events = Vec::new();
    for step in steps {
        match step {
            WireStep::Offer(from, seq) => {
                offered += 1;
                let out = *from == HostId::Client;
                core.offer(now, *from, &tcp(out, Flags::ACK, u32::from(*seq) * 8, 1, b"data"), true);
            }
            WireStep::Say(command) => core.command(now, command.clone()),
            WireStep::Wait(millis) => now = now.after(Duration::from_millis(*millis)),
        }
        deliveries.extend(due(&mut core, now));
        events.extend(core.take_events());
    }
    core.command(now, WireCommand::Cut(None, false));
    core.command(now, WireCommand::Mode(None, WireMode::Live));
    deliveries.extend(due(&mut core, now));
    events.extend(core.take_events());
    assert_eq!(core.next_due(), None);
    (deliveries, events, offered)
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_invented(steps in proptest::collection::vec(any_step(), 0..120)) {
        let (deliveries, events, offered) = walk(&steps);
        // What became of each number: how often it came onto the wire, and how often it left it.
        let mut fates: BTreeMap<u64, (u32, u32)> = BTreeMap::new();
        let mut folded = 0;
        for (_, kind) in &events {
            match kind {
                EventKind::Packet(packet) => fates.entry(packet.number).or_default().0 += 1,
                EventKind::Wire(WireEvent::Duplicated { copy, .. }) => fates.entry(*copy).or_default().0 += 1,
                EventKind::Wire(WireEvent::Dropped { packet, .. }) => fates.entry(*packet).or_default().1 += 1,
                EventKind::Wire(WireEvent::Folded { .. }) => folded += 1,
                _ => {}
            }
        }
        for delivery in &deliveries {
            fates.entry(delivery.number).or_default().1 += 1;
        }
        prop_assert!(fates.values().all(|fate| *fate == (1, 1)), "{:?}", fates);
        let numbered = events.iter().filter(|(_, kind)| matches!(kind, EventKind::Packet(_))).count();
        let injected = events.iter().filter(|(_, kind)| matches!(kind, EventKind::Wire(WireEvent::Injected { .. })));
        prop_assert_eq!(numbered, offered as usize + injected.count() - folded);
    }

    #[test]
    fn each_direction_keeps_its_order(steps in proptest::collection::vec(orderly(), 0..120)) {
        let (deliveries, _, _) = walk(&steps);
        for from in [HostId::Client, HostId::Server] {
            let order: Vec<u64> = deliveries.iter().filter(|delivery| delivery.from == from).map(|a| a.number).collect();
            prop_assert!(order.is_sorted(), "{:?}", order);
        }
    }
}
