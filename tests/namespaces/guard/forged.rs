//! Floods from forged addresses: SYNs of handshakes that are never completed, and datagrams.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Protocol, Socket, Type};
use socklab::api::domain::GuardAction;
use socklab::api::domain::{GuardEvent, Rule};
use socklab::api::model::Model;

use super::attacks::{Attack, ask};
use super::lab::{Lab, THREADED, refused, told};
use super::net::{Host, Net, SERVER, at};
use crate::harness::{Need::Network, Test, alone, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_syn_flood, &[Network]).last(),
        test(a_syn_flood_of_a_small_backlog, &[Network]).last(),
        test(a_flood_of_datagrams_each_from_another_address, &[Network]).last(),
    ]
}

const PORT: u16 = 65432;

/// A packet with a SYN (RFC 9293 §3.1). The kernel fills in the length and the checksum of the IP header (`raw(7)`).
fn syn(from: SocketAddrV4, to: SocketAddrV4) -> Vec<u8> {
    let mut tcp = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    // Sequence number, no acknowledgement, five words, SYN, a window of 64 KiB, no checksum yet.
    tcp.extend([0, 0, 1, 0, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0]);
    let pseudo = [&from.ip().octets()[..], &to.ip().octets(), &[0, 6, 0, 20]].concat();
    let words = |bytes: &[u8]| bytes.chunks(2).map(|two| u32::from(two[0]) << 8 | u32::from(two[1])).sum::<u32>();
    let carried = |sum: u32| (sum & 0xffff) + (sum >> 16);
    let sum = carried(carried(words(&pseudo) + words(&tcp)));
    tcp[16..18].copy_from_slice(&(!u16::try_from(sum).expect("it was carried")).to_be_bytes());
    packet(6, from, to, &tcp)
}

/// A datagram without a checksum, which is allowed (RFC 768).
fn datagram(from: SocketAddrV4, to: SocketAddrV4) -> Vec<u8> {
    let udp = [from.port().to_be_bytes(), to.port().to_be_bytes(), [0, 13], [0, 0]].concat();
    packet(17, from, to, &[&udp[..], b"flood"].concat())
}

fn packet(protocol: u8, from: SocketAddrV4, to: SocketAddrV4, content: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(from.ip().octets());
    packet.extend(to.ip().octets());
    packet.extend(content);
    packet
}

/// Sends such packets to the server until it is stopped, each from another address (RFC 2544, appendix C.2.2).
fn flood(host: &Host, made: fn(SocketAddrV4, SocketAddrV4) -> Vec<u8>) -> Attack {
    let raw = host.run(|| Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(255))).expect("it is root"));
    let number = AtomicU32::new(0);
    Attack::start(host, 1, move || {
        let n = number.fetch_add(1, Ordering::Relaxed);
        let [_, high, middle, low] = n.to_be_bytes();
        let from = SocketAddrV4::new(Ipv4Addr::new(198, 18 + high % 2, middle, low), 1_024 + (n >> 17) as u16);
        // It fails while the device's queue is full.
        let _ = raw.send_to(&made(from, SocketAddrV4::new(SERVER, PORT)), &at(SERVER, 0).into());
    })
}

/// A counter of a host's kernel (`proc_net(5)`).
pub(crate) fn counted(host: &Host, what: &'static str) -> u64 {
    let text = host.run(|| fs::read_to_string("/proc/thread-self/net/netstat")).expect("proc is there");
    let mut rows = text.lines().filter_map(|line| line.strip_prefix("TcpExt: ")).map(str::split_whitespace);
    let mut of = rows.next().expect("names").zip(rows.next().expect("numbers"));
    of.find(|(name, _)| *name == what).expect("it is counted").1.parse().expect("a number")
}

/// How many half-open connections a host's kernel has, by `/proc/net/tcp`.
fn half_open(host: &Host) -> usize {
    let text = host.run(|| fs::read_to_string("/proc/thread-self/net/tcp")).expect("proc is there");
    text.lines().skip(1).filter(|line| line.split_whitespace().nth(3) == Some("03")).count()
}

fn events(model: &Model) -> Vec<GuardEvent> {
    told(model).into_iter().filter(|event| matches!(event, GuardEvent::HalfOpen { .. })).collect()
}

/// Answers to the forged addresses go to the attacker, which does not forward them.
fn route_forged_to_attacker(net: &Net) {
    net.server.shell("ip route add 198.18.0.0/15 via 10.77.0.2");
}

fn a_syn_flood() {
    syn_flood(128, &["--lan"]);
}

fn a_syn_flood_of_a_small_backlog() {
    syn_flood(16, &["--lan", "--limit", "backlog=16"]);
}

fn syn_flood(limit: usize, args: &[&str]) {
    let net = Net::open();
    route_forged_to_attacker(&net);
    let lab = Lab::open(&net.server, args);
    let alone = alone();
    let flood = flood(&net.attacker, syn);
    lab.until("the flood is reported", |model| (!events(model).is_empty()).then_some(()));
    flood.meanwhile(&net.friends, ask, PORT);
    // Linux admits one more than the backlog, as in the accept queue.
    let bounds = limit / 2..=limit + 1;
    for _ in 0..20 {
        let open = half_open(&net.server);
        assert!(bounds.contains(&open), "{open} of {limit}");
    }
    let shown = lab.until("they are shown", |model| {
        let server = model.worlds.shown().servers.get(THREADED)?;
        let open = model.worlds.shown().table.half_open(server.addr());
        (open > 0).then_some((open as usize, server.limit(&model.worlds.shown().table)))
    });
    assert!(bounds.contains(&shown.0) && shown.1 == u32::try_from(limit).ok(), "{shown:?}");
    let sent = flood.stop();
    drop(alone);
    // All of them, by the kernel's own count. It is still processing some when the flood stops.
    let listener = Some("0.0.0.0:65432".parse().unwrap());
    let told = |events: &[GuardEvent], action| {
        let count = |event: &GuardEvent| match event {
            GuardEvent::HalfOpen { listener: at, limit: cap, action: done, count } if *done == action => {
                assert_eq!((*at, *cap), (listener, Some(limit as u64)));
                *count
            }
            _ => 0,
        };
        events.iter().map(count).sum::<u64>()
    };
    lab.until("all of it is reported", |model| {
        let events = events(model);
        let is_told = |action, what| told(&events, action) == counted(&net.server, what);
        (is_told(GuardAction::Cookie, "SyncookiesSent") && is_told(GuardAction::Ignored, "TCPReqQFullDrop"))
            .then_some(())
    });
    let lost = lab.seen().lost;
    let begun = lab.seen().model.now;
    let model = lab.close();
    let events = events(&model);
    println!("backlog {limit}: {sent} SYNs, {events:#?}");
    assert!(sent > 5_000 && lost == 0, "{sent} sent, {lost} lost");
    // Once when it begins, once when it ends, and every ten seconds in between.
    let most = 2 + begun.nanos() / 10_000_000_000;
    assert!(events.len() as u64 <= most, "{} events", events.len());
}

fn a_flood_of_datagrams_each_from_another_address() {
    let net = Net::open();
    route_forged_to_attacker(&net);
    let lab = Lab::open(&net.server, &["--lan"]);
    let alone = alone();
    let flood = flood(&net.attacker, datagram);
    lab.until("most are dropped", |model| (refused(model, Rule::Datagrams) > 1_000).then_some(()));
    flood.meanwhile(&net.friends, ask, PORT);
    let sent = flood.stop();
    drop(alone);
    let lost = lab.seen().lost;
    let model = lab.close();
    let clients = &model.worlds.shown().clients;
    let dropped = refused(&model, Rule::Datagrams);
    println!("{sent} datagrams, {dropped} dropped; {} clients live of {}", clients.live(), clients.all().len());
    assert_eq!(lost, 0, "the journal takes it");
    // A forged address has no end: only the latest count as present, and a limited number is remembered.
    assert!(clients.live() <= 512 && clients.all().len() <= 512 + 4_000, "{} {}", clients.live(), clients.all().len());
    assert!(told(&model).len() < 500, "{}", told(&model).len());
}
