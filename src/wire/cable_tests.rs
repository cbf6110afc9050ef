//! The wire without I/O, put to the test.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::decode::packets::{tcp, udp};
use super::*;
use crate::domain::{Flags, PacketSummary, WireCommand};

const T0: Stamp = Stamp::ZERO;

fn at(millis: u64) -> Stamp {
    Stamp::from_millis(millis)
}

fn syn() -> Vec<u8> {
    tcp(true, Flags::SYN, 1000, 0, b"")
}

fn wire_events(cable: &mut Cable) -> Vec<WireEvent> {
    let events = cable.take_events().into_iter();
    events.filter_map(|(_, kind)| if let EventKind::Wire(event) = kind { Some(event) } else { None }).collect()
}

fn packets(cable: &mut Cable) -> Vec<PacketSummary> {
    let events = cable.take_events().into_iter();
    events.filter_map(|(_, kind)| if let EventKind::Packet(packet) = kind { Some(packet) } else { None }).collect()
}

fn due(cable: &mut Cable, now: Stamp) -> Vec<Arrival> {
    std::iter::from_fn(|| cable.due(now)).collect()
}

fn numbers(arrivals: &[Arrival]) -> Vec<u64> {
    arrivals.iter().map(|arrival| arrival.number).collect()
}

#[test]
fn a_held_packet_stays_until_it_is_delivered() {
    let mut cable = Cable::new(16, 1);
    cable.offer(T0, HostId::Client, &syn(), true);
    assert_eq!(cable.next_due(), None);
    assert_eq!(due(&mut cable, at(3_600_000)), vec![]);
    cable.command(at(3_600_000), WireCommand::Next);
    let arrivals = due(&mut cable, at(3_600_000));
    assert_eq!(numbers(&arrivals), [1]);
    assert_eq!(arrivals[0].bytes, syn());
}

#[test]
fn what_is_sent_again_is_folded_into_what_is_held() {
    let mut cable = Cable::new(16, 1);
    cable.offer(T0, HostId::Client, &syn(), true);
    cable.take_events();
    let mut again = syn();
    again[5] ^= 7; // The IP identification is new each time.
    cable.offer(at(1000), HostId::Client, &again, true);
    cable.offer(at(3000), HostId::Client, &again, true);
    let folded = |count, millis| WireEvent::Folded { packet: 1, count, after: Duration::from_millis(millis) };
    assert_eq!(wire_events(&mut cable), [folded(1, 1000), folded(2, 2000)]);
    cable.command(at(3000), WireCommand::Next);
    assert_eq!(numbers(&due(&mut cable, at(3000))), [1]);
    cable.command(at(3000), WireCommand::Next);
    assert_eq!(due(&mut cable, at(3000)), vec![]);
}

#[test]
fn what_is_sent_again_after_a_loss_is_a_new_packet_that_says_so() {
    let mut cable = Cable::new(16, 1);
    cable.offer(T0, HostId::Client, &syn(), true);
    cable.command(T0, WireCommand::Drop(1));
    cable.take_events();
    cable.offer(at(1000), HostId::Client, &syn(), true);
    cable.offer(at(1001), HostId::Server, &tcp(false, Flags::SYN, 1000, 0, b""), true);
    let seen: Vec<_> = packets(&mut cable).iter().map(|packet| (packet.number, packet.retransmission_of)).collect();
    assert_eq!(seen, [(2, Some(1)), (3, None)]);
}

#[test]
fn folding_can_be_switched_off_and_never_touches_acknowledgements_and_datagrams() {
    let mut cable = Cable::new(16, 1);
    for _ in 0..2 {
        cable.offer(T0, HostId::Server, &tcp(false, Flags::ACK, 1, 1, b""), true);
        cable.offer(T0, HostId::Client, &udp(true, b"oi"), true);
    }
    assert_eq!(packets(&mut cable).len(), 4);
    cable.command(T0, WireCommand::Fold(false));
    cable.offer(T0, HostId::Client, &syn(), true);
    cable.offer(T0, HostId::Client, &syn(), true);
    assert_eq!(packets(&mut cable).len(), 2);
}

#[test]
fn slow_motion_keeps_the_order_also_when_it_gets_faster() {
    let mut cable = Cable::new(16, 1);
    let slow = |millis| WireCommand::Mode(None, WireMode::Slow { hop: Duration::from_millis(millis) });
    cable.command(T0, slow(500));
    cable.offer(T0, HostId::Client, &udp(true, b"1"), true);
    cable.command(T0, slow(100));
    cable.offer(at(10), HostId::Client, &udp(true, b"2"), true);
    assert_eq!(cable.next_due(), Some(at(500)));
    assert_eq!(due(&mut cable, at(499)), vec![]);
    assert_eq!(numbers(&due(&mut cable, at(500))), [1, 2]);
}

#[test]
fn the_presenter_may_swap_duplicate_delay_and_damage() {
    let mut cable = Cable::new(16, 1);
    for byte in [b"1", b"2", b"3"] {
        cable.offer(T0, HostId::Client, &udp(true, byte), true);
    }
    cable.command(T0, WireCommand::Swap(1));
    cable.command(T0, WireCommand::Next);
    assert_eq!(numbers(&due(&mut cable, T0)), [2]);
    cable.command(T0, WireCommand::Duplicate(1));
    assert_eq!(numbers(&due(&mut cable, T0)), [1]);
    cable.command(T0, WireCommand::Delay(4, Duration::from_millis(5)));
    cable.command(T0, WireCommand::Corrupt(3));
    cable.command(T0, WireCommand::Next);
    let damaged = due(&mut cable, T0);
    assert_eq!((numbers(&damaged), damaged[0].bytes == udp(true, b"3")), (vec![3], false));
    let copy = due(&mut cable, at(5));
    assert_eq!((numbers(&copy), copy[0].bytes == udp(true, b"1")), (vec![4], true));
    cable.take_events();
    cable.command(T0, WireCommand::Deliver(1));
    assert_eq!(wire_events(&mut cable), [WireEvent::NoSuchPacket { packet: 1 }]);
}

#[test]
fn each_direction_has_its_own_treatment() {
    let mut cable = Cable::new(1, 1);
    cable.command(T0, WireCommand::Cut(Some(HostId::Client), true));
    cable.command(T0, WireCommand::Mode(Some(HostId::Server), WireMode::Live));
    cable.offer(T0, HostId::Client, &udp(true, b"1"), true);
    cable.offer(T0, HostId::Server, &udp(false, b"2"), true);
    assert_eq!(numbers(&due(&mut cable, T0)), [2]);
    cable.command(T0, WireCommand::Mode(Some(HostId::Server), WireMode::Step));
    cable.offer(T0, HostId::Server, &udp(false, b"3"), true);
    cable.take_events();
    cable.offer(T0, HostId::Server, &udp(false, b"4"), true);
    assert_eq!(wire_events(&mut cable), [WireEvent::Dropped { packet: 4, why: LossReason::Overflow }]);
}

#[test]
fn loss_is_about_as_often_as_was_asked_and_the_same_each_time() {
    let lost = |seed| {
        let mut cable = Cable::new(10_000, seed);
        cable.command(T0, WireCommand::Loss(None, 30));
        for _ in 0..10_000 {
            cable.offer(T0, HostId::Client, &udp(true, b"x"), true);
        }
        wire_events(&mut cable).iter().filter(|event| matches!(event, WireEvent::Dropped { .. })).count()
    };
    assert_eq!(lost(7), lost(7));
    assert!((2_800..3_200).contains(&lost(7)), "{}", lost(7));
}

#[derive(Debug, Clone)]
enum Step {
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
fn orderly() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (host(), any::<u8>()).prop_map(|(from, seq)| Step::Offer(from, seq)),
        4 => Just(Step::Say(WireCommand::Next)),
        1 => (proptest::option::of(host()), mode()).prop_map(|(from, mode)| Step::Say(WireCommand::Mode(from, mode))),
        1 => (proptest::option::of(host()), any::<bool>()).prop_map(|(from, cut)| Step::Say(WireCommand::Cut(from, cut))),
        1 => (proptest::option::of(host()), 0_u8..60).prop_map(|(from, p)| Step::Say(WireCommand::Loss(from, p))),
        1 => any::<bool>().prop_map(|on| Step::Say(WireCommand::Fold(on))),
        3 => (0_u64..40).prop_map(Step::Wait),
    ]
}

/// Any step at all.
fn any_step() -> impl Strategy<Value = Step> {
    let number = 1_u64..40;
    prop_oneof![
        8 => orderly(),
        1 => number.clone().prop_map(|n| Step::Say(WireCommand::Deliver(n))),
        1 => number.clone().prop_map(|n| Step::Say(WireCommand::Hold(n))),
        1 => number.clone().prop_map(|n| Step::Say(WireCommand::Drop(n))),
        1 => number.clone().prop_map(|n| Step::Say(WireCommand::Duplicate(n))),
        1 => number.clone().prop_map(|n| Step::Say(WireCommand::Swap(n))),
        1 => (number.clone(), 0_u64..50)
            .prop_map(|(n, millis)| Step::Say(WireCommand::Delay(n, Duration::from_millis(millis)))),
        1 => number.prop_map(|n| Step::Say(WireCommand::Corrupt(n))),
    ]
}

/// Takes the steps and then lets everything that is left arrive. Returns the arrivals in order and the events.
fn walk(steps: &[Step]) -> (Vec<Arrival>, Vec<(HostId, EventKind)>, u32) {
    let (mut cable, mut now, mut offered) = (Cable::new(8, 3), T0, 0);
    let (mut arrivals, mut events) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Offer(from, seq) => {
                offered += 1;
                let out = *from == HostId::Client;
                cable.offer(now, *from, &tcp(out, Flags::ACK, u32::from(*seq) * 8, 1, b"data"), true);
            }
            Step::Say(command) => cable.command(now, *command),
            Step::Wait(millis) => now = now.after(Duration::from_millis(*millis)),
        }
        arrivals.extend(due(&mut cable, now));
        events.extend(cable.take_events());
    }
    cable.command(now, WireCommand::Cut(None, false));
    cable.command(now, WireCommand::Mode(None, WireMode::Live));
    arrivals.extend(due(&mut cable, now));
    events.extend(cable.take_events());
    assert_eq!(cable.next_due(), None);
    (arrivals, events, offered)
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_is_invented(steps in proptest::collection::vec(any_step(), 0..120)) {
        let (arrivals, events, offered) = walk(&steps);
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
        for arrival in &arrivals {
            fates.entry(arrival.number).or_default().1 += 1;
        }
        prop_assert!(fates.values().all(|fate| *fate == (1, 1)), "{:?}", fates);
        let numbered = events.iter().filter(|(_, kind)| matches!(kind, EventKind::Packet(_))).count();
        prop_assert_eq!(numbered, offered as usize - folded);
    }

    #[test]
    fn each_direction_keeps_its_order(steps in proptest::collection::vec(orderly(), 0..120)) {
        let (arrivals, _, _) = walk(&steps);
        for from in [HostId::Client, HostId::Server] {
            let order: Vec<u64> = arrivals.iter().filter(|arrival| arrival.from == from).map(|a| a.number).collect();
            prop_assert!(order.is_sorted(), "{:?}", order);
        }
    }
}
