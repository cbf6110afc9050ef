//! The links of the wire, put to the test: what enters them waits, is sent, flies, arrives or is dropped.

use std::time::Duration;

use etherparse::{Icmpv4Slice, Icmpv4Type, icmpv4};
use proptest::prelude::*;

use super::super::core::{WireCore, WireDelivery};
use super::super::decode::packets::{tcp, udp};
use super::*;
use crate::domain::{EventKind, Flags, Icmp, LinkCondition, LinkConditions, PerHost, WireCommand, WireMode};

const T0: Stamp = Stamp::ZERO;

fn at(millis: u64) -> Stamp {
    Stamp::from_millis(millis)
}

fn link(conditions: &[(LinkCondition, u32)]) -> LinkChange {
    conditions.iter().fold(LinkChange::default(), |all, (of, value)| all.and(*of, Some(*value)))
}

fn both(change: LinkChange) -> WireCommand {
    WireCommand::Link(PerHost::new(change, change))
}

fn only(from: HostId, of: LinkCondition, value: u32) -> WireCommand {
    WireCommand::Link(PerHost::from_fn(|host| LinkChange::default().and(of, (host == from).then_some(value))))
}

/// A wire at full speed with this link in both directions.
fn wire(conditions: &[(LinkCondition, u32)]) -> WireCore {
    let mut core = WireCore::new(4_096, 1);
    core.command(T0, WireCommand::Mode(None, WireMode::Live));
    core.command(T0, both(link(conditions)));
    core.take_events();
    core
}

/// A datagram that is so long as a whole, without DF.
fn datagram(len: usize) -> Vec<u8> {
    let mut packet = udp(true, &vec![7; len - 28]);
    packet[6] &= !0x40;
    packet
}

fn with_df(mut packet: Vec<u8>) -> Vec<u8> {
    packet[6] |= 0x40;
    packet
}

fn due(core: &mut WireCore, now: Stamp) -> Vec<WireDelivery> {
    std::iter::from_fn(|| core.due(now)).collect()
}

/// Lets time pass from one event to the next. Returns each arrival with its time.
fn run(core: &mut WireCore, until: Stamp) -> Vec<(Stamp, u64)> {
    let mut arrived = Vec::new();
    while let Some(next) = core.next_due().filter(|next| *next <= until) {
        arrived.extend(due(core, next).iter().map(|delivery| (next, delivery.number)));
    }
    arrived
}

fn wire_events(core: &mut WireCore) -> Vec<WireEvent> {
    let events = core.take_events().into_iter();
    events.filter_map(|(_, kind)| if let EventKind::Wire(event) = kind { Some(event) } else { None }).collect()
}

fn dropped(events: &[WireEvent], reason: LossReason) -> Vec<u64> {
    let of = |event: &WireEvent| match event {
        WireEvent::Dropped { packet, why } if *why == reason => Some(*packet),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[test]
fn what_is_sent_what_waits_and_what_is_dropped_at_the_tail() {
    let mut core = wire(&[(LinkCondition::Rate, 1_000), (LinkCondition::Queue, 2), (LinkCondition::Delay, 20)]);
    for _ in 0..4 {
        core.offer(T0, HostId::Client, &datagram(1_250), true);
        assert!(due(&mut core, T0).is_empty());
    }
    let crossing = |packet, waiting, millis| {
        let by = Duration::from_millis(millis);
        WireEvent::Crossing { packet, waiting, by, overtakes: false }
    };
    assert_eq!(
        wire_events(&mut core),
        [
            crossing(1, 0, 30),
            WireEvent::Queued { packet: 2, waiting: 1 },
            WireEvent::Queued { packet: 3, waiting: 2 },
            WireEvent::Dropped { packet: 4, why: LossReason::Queue },
        ]
    );
    assert_eq!(run(&mut core, at(1_000)), [(at(30), 1), (at(40), 2), (at(50), 3)]);
    assert_eq!(wire_events(&mut core), [crossing(2, 1, 30), crossing(3, 0, 30)]);
}

#[test]
fn a_held_packet_enters_the_link_when_it_is_delivered_and_slow_motion_comes_before_it() {
    let mut core = wire(&[(LinkCondition::Delay, 100)]);
    core.command(T0, WireCommand::Mode(None, WireMode::Step));
    core.offer(T0, HostId::Client, &datagram(100), true);
    assert_eq!(core.next_due(), None);
    core.command(at(5_000), WireCommand::Next);
    assert_eq!(run(&mut core, at(9_000)), [(at(5_100), 1)]);
    core.command(at(9_000), WireCommand::Mode(None, WireMode::Slow { hop: Duration::from_millis(500) }));
    core.offer(at(9_000), HostId::Client, &datagram(100), true);
    assert_eq!(run(&mut core, at(99_000)), [(at(9_600), 2)]);
}

#[test]
fn without_conditions_there_is_no_link() {
    let mut core = wire(&[]);
    core.offer(T0, HostId::Client, &datagram(100), true);
    assert_eq!(due(&mut core, T0).len(), 1);
    assert_eq!(wire_events(&mut core), []);
    assert!(core.crosses(HostId::Client, &datagram(100)).is_some());
    core.command(T0, only(HostId::Server, LinkCondition::Delay, 9));
    assert!(core.crosses(HostId::Client, &datagram(100)).is_some());
    assert!(core.crosses(HostId::Server, &udp(false, b"x")).is_none());
    // Nor does anything overtake what is on its way when the conditions end.
    core.offer(T0, HostId::Server, &udp(false, b"x"), true);
    assert!(due(&mut core, T0).is_empty());
    core.command(T0, both(LinkChange::mend()));
    core.offer(T0, HostId::Server, &udp(false, b"y"), true);
    assert!(core.crosses(HostId::Server, &udp(false, b"x")).is_none());
    assert_eq!(run(&mut core, at(9)), [(at(9), 2), (at(9), 3)]);
    assert!(core.crosses(HostId::Server, &udp(false, b"x")).is_some());
}

#[test]
fn a_link_keeps_a_segment_that_is_sent_again_as_another_one() {
    let mut core = wire(&[(LinkCondition::Delay, 2_000)]);
    let segment = tcp(true, Flags::ACK, 7, 1, b"x");
    core.offer(T0, HostId::Client, &segment, true);
    due(&mut core, T0);
    core.offer(at(1_000), HostId::Client, &segment, true);
    assert_eq!(run(&mut core, at(9_000)), [(at(2_000), 1), (at(3_000), 2)]);
}

#[test]
fn a_packet_that_is_too_large_is_dropped_and_its_sender_is_told_by_a_valid_message() {
    let mut core = wire(&[(LinkCondition::Mtu, 1_000)]);
    core.offer(T0, HostId::Client, &with_df(datagram(1_000)), true);
    core.offer(T0, HostId::Client, &with_df(datagram(1_001)), true);
    let arrived = due(&mut core, T0);
    let [fits, message] = arrived.as_slice() else { panic!("{arrived:?}") };
    assert_eq!((fits.number, fits.from, message.number, message.from), (1, HostId::Client, 3, HostId::Server));
    let icmp = Icmpv4Slice::from_slice(&message.bytes[20..]).unwrap();
    let needed = icmpv4::DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: 1_000 };
    assert_eq!(icmp.icmp_type(), Icmpv4Type::DestinationUnreachable(needed));
    let events = core.take_events();
    let place = |wanted: &dyn Fn(&EventKind) -> bool| events.iter().position(|(_, kind)| wanted(kind)).unwrap();
    let lost = WireEvent::Dropped { packet: 2, why: LossReason::Mtu };
    let lost = place(&|kind| *kind == EventKind::Wire(lost.clone()));
    let told = place(
        &|kind| matches!(kind, EventKind::Packet(packet) if packet.icmp == Some(Icmp::FragmentationNeeded { mtu: 1_000 })),
    );
    let answer = place(&|kind| *kind == EventKind::Wire(WireEvent::Answered { packet: 2, answer: 3 }));
    assert!(lost < told && told < answer, "{events:?}");
}

#[test]
fn a_black_hole_says_nothing() {
    let mut core = wire(&[(LinkCondition::Mtu, 1_000), (LinkCondition::BlackHole, 1)]);
    core.offer(T0, HostId::Client, &with_df(datagram(1_001)), true);
    assert_eq!(due(&mut core, at(9_000)), []);
    assert_eq!(wire_events(&mut core), [WireEvent::Dropped { packet: 1, why: LossReason::Mtu }]);
}

#[test]
fn without_df_a_packet_is_divided_and_each_fragment_is_a_packet() {
    let mut core = wire(&[(LinkCondition::Mtu, 576), (LinkCondition::Rate, 1_000), (LinkCondition::Queue, 1)]);
    core.offer(T0, HostId::Client, &datagram(1_500), true);
    assert!(due(&mut core, T0).is_empty());
    let events = core.take_events();
    let labels: Vec<_> = events
        .iter()
        .filter_map(|(_, kind)| if let EventKind::Packet(packet) = kind { Some(packet.number) } else { None })
        .collect();
    assert_eq!(labels, [1, 2, 3, 4]);
    let wire = events.into_iter();
    let wire: Vec<_> =
        wire.filter_map(|(_, kind)| if let EventKind::Wire(event) = kind { Some(event) } else { None }).collect();
    assert_eq!(wire[0], WireEvent::Fragmented { packet: 1, into: vec![2, 3, 4] });
    // The queue has room for one besides the one that is sent.
    assert_eq!(dropped(&wire, LossReason::Queue), [4]);
    let arrived = run(&mut core, at(1_000));
    assert_eq!(arrived.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_fragment_that_a_host_sends_is_a_packet_like_any_other() {
    let pieces = router::fragments(&datagram(1_500), 800).unwrap();
    let mut core = WireCore::new(16, 1);
    for piece in &pieces {
        core.offer(T0, HostId::Client, piece, true);
    }
    assert_eq!(wire_events(&mut core), [WireEvent::Held { packet: 1 }, WireEvent::Held { packet: 2 }]);
}

#[test]
fn only_what_understands_ecn_is_marked_and_only_while_the_queue_is_long() {
    let mut core = wire(&[(LinkCondition::Rate, 100), (LinkCondition::Queue, 3), (LinkCondition::EcnAt, 2)]);
    let mut capable = datagram(500);
    capable[1] |= 2;
    for packet in [&capable, &capable, &datagram(500), &capable, &capable] {
        core.offer(T0, HostId::Client, packet, true);
        due(&mut core, T0);
    }
    let events = wire_events(&mut core);
    // The first is sent and two wait when the fourth comes, which is marked; the fifth finds no room.
    assert_eq!(events.iter().filter(|event| matches!(event, WireEvent::Marked { .. })).count(), 1);
    assert!(events.contains(&WireEvent::Marked { packet: 4 }));
    assert_eq!(dropped(&events, LossReason::Queue), [5]);
    let mut arrived = Vec::new();
    while let Some(next) = core.next_due() {
        arrived.extend(due(&mut core, next));
    }
    let ecn: Vec<_> = arrived.iter().map(|delivery| delivery.bytes[1] & 3).collect();
    assert_eq!(ecn, [2, 2, 0, 3]);
}

#[test]
fn every_nth_is_lost_of_each_direction_by_itself() {
    let mut core = wire(&[(LinkCondition::LossEvery, 3)]);
    for _ in 0..6 {
        core.offer(T0, HostId::Client, &datagram(100), true);
        core.offer(T0, HostId::Server, &udp(false, b"x"), true);
    }
    assert_eq!(dropped(&wire_events(&mut core), LossReason::Every), [5, 6, 11, 12]);
}

#[test]
fn a_change_is_of_what_it_names_and_is_reported_whole() {
    let mut core = wire(&[(LinkCondition::Rate, 1_000), (LinkCondition::Queue, 8)]);
    core.command(T0, only(HostId::Server, LinkCondition::Rate, 50));
    let events = core.take_events();
    let now = LinkConditions { rate_kbit: 50, queue: 8, ..LinkConditions::default() };
    assert_eq!(events, [(HostId::Server, EventKind::Wire(WireEvent::Link(now)))]);
    core.command(T0, WireCommand::Loss(Some(HostId::Server), 7));
    core.take_events();
    core.command(T0, only(HostId::Server, LinkCondition::Queue, 2));
    assert!(wire_events(&mut core).contains(&WireEvent::Link(LinkConditions { queue: 2, loss_percent: 7, ..now })));
}

#[test]
fn a_shorter_queue_drops_its_tail_and_a_mended_link_sends_all_at_once() {
    let mut core = wire(&[(LinkCondition::Rate, 1)]);
    for _ in 0..6 {
        core.offer(T0, HostId::Client, &datagram(100), true);
        due(&mut core, T0);
    }
    core.take_events();
    core.command(T0, both(LinkChange::of(LinkCondition::Queue, 3)));
    let events = wire_events(&mut core);
    assert_eq!(dropped(&events, LossReason::Queue), [5, 6]);
    let told = WireEvent::QueueLength { waiting: 3, full: 0, too_large: 0, marked: 0 };
    assert!(events.contains(&told), "{events:?}");
    core.command(at(1), WireCommand::Drop(3));
    assert_eq!(dropped(&wire_events(&mut core), LossReason::Asked), [3]);
    core.command(at(1), WireCommand::Deliver(2));
    assert_eq!(wire_events(&mut core), [], "it takes its course");
    core.command(at(2), both(LinkChange::mend()));
    let arrived: Vec<_> = run(&mut core, at(10_000)).iter().map(|(_, number)| *number).collect();
    // The first one's bits were on their way.
    assert_eq!(arrived, [1, 2, 4]);
}

#[test]
fn a_cut_takes_what_arrives_and_what_would_enter() {
    let mut core = wire(&[(LinkCondition::Delay, 10)]);
    core.offer(T0, HostId::Client, &datagram(100), true);
    due(&mut core, T0);
    core.command(at(5), WireCommand::Cut(None, true));
    assert_eq!(run(&mut core, at(100)), []);
    assert_eq!(dropped(&wire_events(&mut core), LossReason::Cut), [1]);
}

#[test]
fn what_is_not_listed_is_counted_and_the_queue_told_once() {
    let mut core = wire(&[(LinkCondition::Rate, 1), (LinkCondition::Queue, 4), (LinkCondition::EcnAt, 3)]);
    let mut capable = datagram(100);
    capable[1] |= 2;
    for _ in 0..100 {
        core.offer(T0, HostId::Client, &capable, false);
        due(&mut core, T0);
    }
    assert_eq!(core.take_events(), []);
    core.report_queues();
    let told = WireEvent::QueueLength { waiting: 4, full: 95, too_large: 0, marked: 1 };
    assert_eq!(wire_events(&mut core), [told]);
    core.report_queues();
    assert_eq!(wire_events(&mut core), []);
    assert_eq!(core.take_unlisted(), 100);
}

#[derive(Debug, Clone)]
enum LinkStep {
    Offer(HostId, u16, bool),
    Link(HostId, LinkCondition, u32),
    Next,
    Mode(WireMode),
    Wait(u64),
}

fn step() -> impl Strategy<Value = LinkStep> {
    let host = || prop_oneof![Just(HostId::Client), Just(HostId::Server)];
    let condition = proptest::sample::select(LinkCondition::ALL.to_vec());
    let mode = prop_oneof![
        Just(WireMode::Step),
        Just(WireMode::Live),
        (1_u64..9).prop_map(|millis| WireMode::Slow { hop: Duration::from_millis(millis) }),
    ];
    prop_oneof![
        8 => (host(), 28_u16..1_500, any::<bool>()).prop_map(|(from, len, df)| LinkStep::Offer(from, len, df)),
        3 => (host(), condition, 0_u32..600).prop_map(|(from, of, value)| LinkStep::Link(from, of, value)),
        2 => Just(LinkStep::Next),
        1 => mode.prop_map(LinkStep::Mode),
        3 => (0_u64..60).prop_map(LinkStep::Wait),
    ]
}

proptest! {
    /// Whatever the conditions: each packet arrives, is dropped or is divided, once; the length of a queue that events
    /// tell is what they say entered and left it, and no longer than the queue.
    #[test]
    fn nothing_is_lost_and_no_queue_is_longer_than_its_limit(steps in proptest::collection::vec(step(), 0..150)) {
        let mut core = WireCore::new(4_096, 5);
        let mut now = T0;
        let mut fates = std::collections::BTreeMap::<u64, (u32, u32)>::new();
        let mut limits = [0; 2];
        let mut waiting = [std::collections::BTreeSet::new(), std::collections::BTreeSet::new()];
        let ending = [LinkStep::Link(HostId::Client, LinkCondition::Rate, 0), LinkStep::Link(HostId::Server, LinkCondition::Rate, 0), LinkStep::Mode(WireMode::Live), LinkStep::Wait(99_000_000)];
        for step in steps.iter().chain(&ending) {
            match step {
                LinkStep::Offer(from, len, df) => {
                    let len = usize::from(*len) - 28;
                    let packet = udp(*from == HostId::Client, &vec![1; len]);
                    core.offer(now, *from, &if *df { with_df(packet) } else { packet }, true);
                }
                LinkStep::Link(from, of, value) => core.command(now, only(*from, *of, *value)),
                LinkStep::Next => core.command(now, WireCommand::Next),
                LinkStep::Mode(mode) => core.command(now, WireCommand::Mode(None, *mode)),
                LinkStep::Wait(millis) => now = now.after(Duration::from_millis(*millis)),
            }
            for delivery in due(&mut core, now) {
                fates.entry(delivery.number).or_default().1 += 1;
            }
            for (from, kind) in core.take_events() {
                let side = usize::from(from == HostId::Server);
                let mut told = None;
                match kind {
                    EventKind::Packet(packet) => fates.entry(packet.number).or_default().0 += 1,
                    EventKind::Wire(WireEvent::Dropped { packet, .. } | WireEvent::Fragmented { packet, .. }) => {
                        fates.entry(packet).or_default().1 += 1;
                        waiting[side].remove(&packet);
                    }
                    EventKind::Wire(WireEvent::Link(link)) => limits[side] = link.queue as usize,
                    EventKind::Wire(WireEvent::Queued { packet, waiting: now }) => {
                        waiting[side].insert(packet);
                        told = Some(now);
                    }
                    EventKind::Wire(WireEvent::Crossing { packet, waiting: now, .. }) => {
                        waiting[side].remove(&packet);
                        told = Some(now);
                    }
                    EventKind::Wire(WireEvent::QueueLength { waiting: now, .. }) => told = Some(now),
                    _ => {}
                }
                if let Some(told) = told {
                    prop_assert_eq!(told as usize, waiting[side].len());
                    prop_assert!(limits[side] == 0 || told as usize <= limits[side]);
                }
            }
        }
        prop_assert_eq!(core.next_due(), None);
        prop_assert!(fates.values().all(|fate| *fate == (1, 1)), "{:?}", fates);
    }
}
