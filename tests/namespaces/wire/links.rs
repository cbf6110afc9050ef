//! The links of the wire with the real kernel: what a rate, a queue, a delay and an MTU do to its connections.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use HostId::{Client, Server};
use socklab::api::domain::{
    EventKind, HostId, Icmp, LinkChange, LinkCondition, LossReason, Observation, PerHost, Stamp, WireCommand,
    WireEvent, WireMode,
};

use super::bench::{Bench, LINKS};
use super::forge::Forged;
use crate::harness::{
    Need::{Tool, Wire},
    Test, test,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_transfer_takes_what_the_rate_says, &[Wire]),
        test(a_round_trip_takes_both_delays, &[Wire]),
        test(a_queue_never_exceeds_its_limit_and_what_it_drops_arrives_in_the_end, &[Wire]),
        test(the_wire_tells_the_kernel_the_mtu_and_the_kernel_obeys, &[Wire]),
        test(what_has_no_df_is_divided_and_the_kernel_puts_it_together, &[Wire, Tool("python3")]),
        test(a_kernel_that_was_told_divides_datagrams_itself, &[Wire]),
        test(what_is_not_listed_is_counted, &[Wire]),
    ]
}

impl Bench {
    /// Sets conditions of the link from a host, and waits until they hold.
    fn link(&self, from: HostId, conditions: &[(LinkCondition, u32)]) {
        let change = conditions.iter().fold(LinkChange::default(), |all, (of, value)| all.and(*of, Some(*value)));
        let none = LinkChange::default();
        self.command(WireCommand::Link(PerHost::from_fn(|host| if host == from { change } else { none })));
        self.journal.wait("the link", |seen| {
            seen.iter().find_map(|event| match event.kind {
                EventKind::Wire(WireEvent::Link(link)) if event.host == Some(from) => {
                    conditions.iter().all(|(of, value)| link.get(*of) == *value).then_some(())
                }
                _ => None,
            })
        });
    }

    /// A UDP socket that is bound on the server, and one of the client.
    fn datagrams(&self) -> (UdpSocket, UdpSocket) {
        let addr = self.addr(Server, 7000);
        let server = self.wire.host(Server).datagram(addr).unwrap();
        server.bind(&addr.into()).unwrap();
        (server.into(), self.wire.host(Client).datagram(addr).unwrap().into())
    }

    /// A connection at full speed.
    fn live(&self) -> (TcpStream, TcpStream) {
        self.command(WireCommand::Mode(None, WireMode::Live));
        let listener = self.listener(65432);
        let addr = self.addr(Server, 65432);
        let client = self.wire.host(Client).stream(addr).unwrap();
        client.connect(&addr.into()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (client.into(), server)
    }
}

fn wire(seen: &[Observation]) -> impl Iterator<Item = (&Observation, &WireEvent)> {
    seen.iter().filter_map(|event| match &event.kind {
        EventKind::Wire(kind) => Some((event, kind)),
        _ => None,
    })
}

/// Sends so many bytes one way and reads them all.
fn transfer(client: &mut TcpStream, server: &mut TcpStream, bytes: usize) {
    let data: Vec<u8> = (0..=255).cycle().take(bytes).collect();
    let mut arrived = vec![0; bytes];
    std::thread::scope(|scope| {
        scope.spawn(|| client.write_all(&data).unwrap());
        server.read_exact(&mut arrived).unwrap();
    });
    assert_eq!(arrived, data);
}

fn a_transfer_takes_what_the_rate_says() {
    for link in LINKS {
        let bench = Bench::on(link);
        let (mut client, mut server) = bench.live();
        bench.link(Client, &[(LinkCondition::Rate, 1_000)]);
        transfer(&mut client, &mut server, 50_000);
        let seen = bench.journal.all();
        let since = link_set(&seen);
        // Each packet was sent after the one before: the last cannot have arrived before the bits of all of them.
        let data = seen.iter().filter(|event| event.host == Some(Client) && event.at > since);
        let data = data.filter_map(|event| match &event.kind {
            EventKind::Packet(packet) if packet.payload.len > 0 => Some(packet),
            _ => None,
        });
        let data: Vec<_> = data.collect();
        let bytes: usize = data.iter().map(|packet| packet.payload.len + 40).sum();
        let least = Duration::from_micros(bytes as u64 * 8);
        let last = data.iter().map(|packet| packet.number).max().unwrap();
        let took = arrival(&bench, last).since(since);
        assert!(bytes > 50_000 && took >= least, "{bytes} bytes in {took:?}, which need {least:?}");
    }
}

/// When a link was changed last.
fn link_set(seen: &[Observation]) -> Stamp {
    wire(seen).filter(|(_, kind)| matches!(kind, WireEvent::Link(_))).map(|(event, _)| event.at).max().unwrap()
}

/// When a packet arrived.
fn arrival(bench: &Bench, number: u64) -> Stamp {
    bench.journal.wait("an arrival", |seen| {
        wire(seen).find(|(_, kind)| **kind == WireEvent::Delivered { packet: number }).map(|(event, _)| event.at)
    })
}

fn a_round_trip_takes_both_delays() {
    let bench = Bench::open();
    let (mut client, mut server) = bench.live();
    for from in [Client, Server] {
        bench.link(from, &[(LinkCondition::Delay, 60)]);
    }
    client.write_all(b"ping").unwrap();
    server.read_exact(&mut [0; 4]).unwrap();
    server.write_all(b"pong").unwrap();
    client.read_exact(&mut [0; 4]).unwrap();
    let seen = bench.journal.all();
    let pong = seen.iter().find_map(|event| match &event.kind {
        EventKind::Packet(packet) if packet.payload.text == "pong" => Some(packet.number),
        _ => None,
    });
    let took = arrival(&bench, pong.unwrap()).since(link_set(&seen));
    assert!(took >= Duration::from_millis(120), "{took:?}");
}

fn is_packet_of(event: &Observation, host: HostId) -> bool {
    event.host == Some(host) && matches!(event.kind, EventKind::Packet(_))
}

fn a_queue_never_exceeds_its_limit_and_what_it_drops_arrives_in_the_end() {
    const MOST: u32 = 5;
    let bench = Bench::open();
    let (mut client, mut server) = bench.live();
    bench.link(Client, &[(LinkCondition::Rate, 2_000), (LinkCondition::Queue, MOST), (LinkCondition::Delay, 10)]);
    transfer(&mut client, &mut server, 120_000);
    let seen = bench.journal.all();
    let lengths: Vec<u32> = wire(&seen)
        .filter_map(|(_, kind)| match kind {
            WireEvent::Queued { waiting, .. }
            | WireEvent::Crossing { waiting, .. }
            | WireEvent::QueueLength { waiting, .. } => Some(*waiting),
            _ => None,
        })
        .collect();
    assert_eq!(lengths.iter().max(), Some(&MOST), "slow start fills it, and nothing more fits");
    // Every segment of the client has one fate, and those without an arrival are the drops.
    let mut fates = BTreeMap::<u64, Vec<&str>>::new();
    for (event, kind) in wire(&seen).filter(|(event, _)| event.host == Some(Client)) {
        let (packet, fate) = match kind {
            WireEvent::Delivered { packet } => (packet, "delivered"),
            WireEvent::Dropped { packet, why: LossReason::Queue } => (packet, "dropped"),
            WireEvent::Dropped { .. } => panic!("{event:?}"),
            _ => continue,
        };
        fates.entry(*packet).or_default().push(fate);
    }
    assert!(fates.values().all(|fates| fates.len() == 1), "{fates:?}");
    let dropped = fates.values().filter(|fates| **fates == ["dropped"]).count();
    assert!(dropped > 0, "{lengths:?}");
    let sent = seen.iter().filter(|event| is_packet_of(event, Client)).count();
    let delivered = fates.len() - dropped;
    assert!(delivered + dropped <= sent && delivered * 1_460 >= 120_000, "{delivered} {dropped} {sent}");
}

fn the_wire_tells_the_kernel_the_mtu_and_the_kernel_obeys() {
    for link in LINKS {
        let bench = Bench::on(link);
        let (mut client, mut server) = bench.live();
        bench.link(Client, &[(LinkCondition::Mtu, 1_000)]);
        transfer(&mut client, &mut server, 30_000);
        let seen = bench.journal.all();
        let told = seen.iter().find_map(|event| match &event.kind {
            EventKind::Packet(packet) if packet.icmp.is_some() => Some((event.host, packet.icmp, packet.number)),
            _ => None,
        });
        let (from, icmp, number) = told.unwrap();
        assert_eq!((from, icmp), (Some(Server), Some(Icmp::FragmentationNeeded { mtu: 1_000 })));
        assert!(wire(&seen).any(|(_, kind)| matches!(kind, WireEvent::Answered { answer, .. } if *answer == number)));
        let is_delivered = |number| wire(&seen).any(|(_, kind)| *kind == WireEvent::Delivered { packet: number });
        let largest = seen.iter().filter_map(|event| match &event.kind {
            EventKind::Packet(packet) if is_packet_of(event, Client) && is_delivered(packet.number) => {
                Some(packet.payload.len)
            }
            _ => None,
        });
        assert_eq!(largest.max(), Some(960));
    }
}

fn what_has_no_df_is_divided_and_the_kernel_puts_it_together() {
    let bench = Bench::open();
    bench.command(WireCommand::Mode(None, WireMode::Live));
    bench.link(Client, &[(LinkCondition::Mtu, 600)]);
    // An echo request of 1,428 bytes.
    let data = "x".repeat(1_400);
    bench.forge(Client, &Forged { proto: "icmp", flags: 8, data: &data, ..Forged::default() });
    let (into, reply) = bench.journal.wait("the fragments and the answer", |seen| {
        let into = wire(seen).find_map(|(_, kind)| match kind {
            WireEvent::Fragmented { packet: 1, into } => Some(into.clone()),
            _ => None,
        })?;
        let reply = seen.iter().find_map(|event| match &event.kind {
            EventKind::Packet(packet) if is_packet_of(event, Server) => Some(packet.clone()),
            _ => None,
        })?;
        Some((into, reply))
    });
    assert_eq!(into, [2, 3, 4]);
    // It answers what it has as a whole.
    assert_eq!((reply.icmp, reply.payload.len), (Some(Icmp::Echo { reply: true, id: 7, seq: 1 }), 1_400));
}

fn a_kernel_that_was_told_divides_datagrams_itself() {
    let bench = Bench::open();
    bench.command(WireCommand::Mode(None, WireMode::Live));
    bench.link(Client, &[(LinkCondition::Mtu, 600)]);
    let (server, client) = bench.datagrams();
    let data: Vec<u8> = (0..=255).cycle().take(1_400).collect();
    client.send_to(&data, server.local_addr().unwrap()).unwrap();
    bench.journal.wait("the message", |seen| {
        wire(seen).find(|(_, kind)| **kind == WireEvent::Delivered { packet: 2 }).map(drop)
    });
    client.send_to(&data, server.local_addr().unwrap()).unwrap();
    let mut buffer = [0; 2_000];
    let (length, _) = server.recv_from(&mut buffer).unwrap();
    assert_eq!(buffer[..length], data);
    let seen = bench.journal.all();
    let numbers = seen.iter().filter(|event| is_packet_of(event, Client)).count();
    assert_eq!(numbers, 1 + 3, "the one that was lost, and the fragments");
    assert!(!wire(&seen).any(|(_, kind)| matches!(kind, WireEvent::Fragmented { .. })));
}

fn what_is_not_listed_is_counted() {
    const SENT: u64 = 3_000;
    let bench = Bench::open();
    bench.command(WireCommand::Mode(None, WireMode::Live));
    bench.link(Client, &[(LinkCondition::Rate, 100), (LinkCondition::Queue, 3)]);
    let (server, client) = bench.datagrams();
    let addr = server.local_addr().unwrap();
    for _ in 0..SENT {
        client.send_to(&[7; 472], addr).unwrap();
    }
    // 500 bytes are 40 ms: one is being sent, three wait, and hardly any other finds room.
    let dropped = |seen: &[Observation]| -> u64 {
        let of = |kind: &WireEvent| match kind {
            WireEvent::Dropped { why: LossReason::Queue, .. } => 1,
            WireEvent::QueueLength { full, .. } => *full,
            _ => 0,
        };
        wire(seen).map(|(_, kind)| of(kind)).sum()
    };
    bench.journal.wait("an empty queue", |seen| {
        let last = wire(seen).filter_map(|(_, kind)| match kind {
            WireEvent::QueueLength { waiting, .. } | WireEvent::Crossing { waiting, .. } => Some(*waiting),
            WireEvent::Queued { waiting, .. } => Some(*waiting),
            _ => None,
        });
        (last.last() == Some(0) && dropped(seen) > 2_000).then_some(())
    });
    server.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let arrived = std::iter::from_fn(|| server.recv(&mut [0; 500]).ok()).count() as u64;
    let seen = bench.journal.all();
    assert_eq!(arrived + dropped(&seen), SENT);
    let listed = seen.iter().filter(|event| is_packet_of(event, Client)).count() as u64;
    assert!(listed < SENT, "{listed}");
}
