//! Floods: the limits hold, the events are bounded and complete, and 200 other peers are answered meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};
use socklab::api::domain::Rule;

use super::lab::{Lab, peer, refused, served, told};
use super::net::{ATTACKER, FRIENDS, Host, Net, SERVER, SERVER_TO_FRIENDS, at, friend};
use crate::fixtures::DEADLINE;
use crate::harness::{Need::Network, Test, alone, on_request, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(five_thousand_idle_connections_from_one_address, &[Network]).last(),
        test(a_flood_of_resets, &[Network]).last(),
        test(a_slow_loris, &[Network]).last(),
        test(a_line_without_an_end, &[Network]).last(),
        test(a_peer_that_sends_too_fast_waits_and_others_do_not, &[Network]).last(),
        test(a_flood_of_datagrams, &[Network]).last(),
        on_request(how_long_friends_wait_in_a_flood_of_resets, "prints numbers"),
    ]
}

/// Connects from this address, with a timeout.
pub(crate) fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&at(from, 0).into())?;
    socket.connect_timeout(&to.into(), DEADLINE)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE))?;
    Ok(stream)
}

/// Connects, sends a request, receives the answer and closes. Returns how long it took.
pub(crate) fn ask(from: Ipv4Addr, to: SocketAddr) -> Duration {
    let begun = Instant::now();
    let mut stream = connect(from, to).expect("a friend gets in");
    stream.write_all(b"oi\n").expect("a friend may speak");
    let mut answer = [0; 16];
    let len = stream.read(&mut answer).expect("a friend is answered");
    assert_eq!(&answer[..len], b"OI\n");
    begun.elapsed()
}

fn ask_by_udp(from: Ipv4Addr, to: SocketAddr) -> Duration {
    let socket = UdpSocket::bind(at(from, 0)).unwrap();
    // A UDP client has to repeat its request: the kernel drops datagrams of any sender that do not fit into the server's buffer.
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let begun = Instant::now();
    let mut answer = [0; 16];
    while begun.elapsed() < DEADLINE {
        socket.send_to(b"oi", to).unwrap();
        if let Ok((len, _)) = socket.recv_from(&mut answer) {
            assert_eq!(&answer[..len], b"OI");
            return begun.elapsed();
        }
    }
    panic!("a friend is not answered");
}

/// Each of the 200 friends sends a request, one after the other. Returns how long each waited for the answer.
pub(crate) fn friends_ask(host: &Host, ask: fn(Ipv4Addr, SocketAddr) -> Duration, port: u16) -> Vec<Duration> {
    host.run(move || (1..=FRIENDS).map(|n| ask(friend(n), at(SERVER_TO_FRIENDS, port))).collect())
}

/// Work that is repeated until it is stopped.
pub(crate) struct Attack {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    running: Vec<JoinHandle<()>>,
}

impl Attack {
    /// Repeats `work` on this many threads of the attacker.
    pub(crate) fn start(host: &Host, threads: usize, work: impl Fn() + Send + Sync + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicU64::new(0));
        let work = Arc::new(work);
        let one = |_| {
            let (stop, done, work) = (Arc::clone(&stop), Arc::clone(&done), Arc::clone(&work));
            host.start(move || {
                while !stop.load(Ordering::Relaxed) {
                    work();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let running = (0..threads).map(one).collect();
        Self { stop, done, running }
    }

    /// All friends are answered during the attack: once, and again until the attack has made another round.
    pub(crate) fn meanwhile(
        &self,
        friends: &Host,
        ask: fn(Ipv4Addr, SocketAddr) -> Duration,
        port: u16,
    ) -> Vec<Duration> {
        let before = self.done.load(Ordering::Relaxed);
        let begun = Instant::now();
        let mut waits = friends_ask(friends, ask, port);
        while self.done.load(Ordering::Relaxed) == before {
            assert!(begun.elapsed() < DEADLINE, "nothing was attacked meanwhile");
            waits.extend(friends_ask(friends, ask, port));
        }
        waits
    }

    /// Stops it. Returns the number of rounds.
    pub(crate) fn stop(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.running.into_iter().for_each(|thread| thread.join().expect("the attacker does not panic"));
        self.done.load(Ordering::Relaxed)
    }
}

/// The threaded and the async server. The sequential one makes other clients wait by design.
const PROMPT_SERVERS: [(&str, u16); 2] = [("threaded", 65432), ("async", 65434)];

fn five_thousand_idle_connections_from_one_address() {
    for (name, port) in PROMPT_SERVERS {
        // Room for the crowd in the accept queue: a SYN that finds it full is sent again after a second.
        let (net, lab) = served(&["--lan", "--limit", "backlog=4096"]);
        let alone = alone();
        let connect_some =
            move || -> Vec<_> { (0..100).filter_map(|_| connect(ATTACKER, at(SERVER, port)).ok()).collect() };
        let connecting: Vec<_> = (0..50).map(|_| net.attacker.start(connect_some)).collect();
        friends_ask(&net.friends, ask, port);
        let crowd: Vec<_> = connecting.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        drop(alone);
        let rules = [Rule::Connections, Rule::Arrivals, Rule::Total];
        let turned_away = |model: &_| rules.iter().map(|rule| refused(model, *rule)).sum::<u64>();
        // All of them, by the kernel's own count.
        lab.until("every connection was admitted or refused, and reported", |model| {
            let let_in: u64 = model.worlds.shown().peers.all().map(|(_, peer)| peer.connections).sum();
            (let_in + turned_away(model) == net.server.passive_opens()).then_some(())
        });
        let inside = peer(&lab.seen().model, ATTACKER).unwrap().open();
        assert!((1..=64).contains(&inside), "{inside}");
        let model = lab.close();
        println!("{name}: {} refused of {}, {} events", turned_away(&model), crowd.len(), told(&model).len());
        assert!(told(&model).len() < 100, "{}", told(&model).len());
    }
}

/// Whether the peer has not closed it.
fn is_open(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    matches!(stream.read(&mut [0; 1]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

fn flood_of_resets(net: &Net, lab: &Lab, port: u16) -> Attack {
    let flood = Attack::start(&net.attacker, 2, move || {
        if let Ok(stream) = connect(ATTACKER, at(SERVER, port)) {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    });
    lab.until("the flood is on", |model| (refused(model, Rule::Arrivals) > 100).then_some(()));
    flood
}

/// Not a test: `cargo test --release --test namespaces how_long -- --ignored --nocapture`
fn how_long_friends_wait_in_a_flood_of_resets() {
    for (name, port) in PROMPT_SERVERS {
        let (net, lab) = served(&["--lan"]);
        let flood = flood_of_resets(&net, &lab, port);
        let mut waits: Vec<_> = (0..5).flat_map(|_| flood.meanwhile(&net.friends, ask, port)).collect();
        flood.stop();
        waits.sort();
        let [p50, p95, p99, most] = [50, 95, 99, 100].map(|percent| waits[(waits.len() - 1) * percent / 100]);
        println!("{name}: {} questions, p50 {p50:?}, p95 {p95:?}, p99 {p99:?}, max {most:?}", waits.len());
        lab.close();
    }
}

fn a_flood_of_resets() {
    for (name, port) in PROMPT_SERVERS {
        let (net, lab) = served(&["--lan"]);
        let alone = alone();
        let flood = flood_of_resets(&net, &lab, port);
        flood.meanwhile(&net.friends, ask, port);
        let resets = flood.stop();
        drop(alone);
        let lost = lab.seen().lost;
        let model = lab.close();
        println!("{name}: {resets} resets, {} refused", refused(&model, Rule::Arrivals));
        assert_eq!(lost, 0, "the journal takes it");
        assert!(told(&model).len() < 500, "{}", told(&model).len());
    }
}

fn a_slow_loris() {
    let (net, lab) = served(&["--lan", "--limit", "idle=1"]);
    let alone = alone();
    let attack = Attack::start(&net.attacker, 4, || {
        let mut some: Vec<_> = (0..16).filter_map(|_| connect(ATTACKER, at(SERVER, 65432)).ok()).collect();
        for _ in 0..5 {
            // The attack: one byte each, then a pause.
            some.retain_mut(|stream| stream.write_all(b"x").is_ok());
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    lab.until("they hold connections", |model| (peer(model, ATTACKER)?.open() >= 16).then_some(()));
    attack.meanwhile(&net.friends, ask, 65432);
    let most = peer(&lab.seen().model, ATTACKER).map_or(0, socklab::api::model::Peer::open);
    assert!(most <= 64, "{most}");
    attack.stop();
    drop(alone);
    // A silent remote connection is closed; a local one is not.
    let local = net.server.run(|| TcpStream::connect(at(Ipv4Addr::LOCALHOST, 65432)).unwrap());
    let silent = net.attacker.run(|| connect(ATTACKER, at(SERVER, 65434)).unwrap());
    lab.until("it was idle for too long", |model| (refused(model, Rule::Idle) > 0).then_some(()));
    assert_eq!((&silent).read(&mut [0; 1]).unwrap(), 0, "closed in order");
    assert!(is_open(&local));
    lab.close();
}

fn a_line_without_an_end() {
    let (net, lab) = served(&["--lan", "--limit", "bytes=off", "--limit", "messages=off"]);
    let alone = alone();
    for port in [65432, 65433, 65434] {
        let sent = net.attacker.run(move || {
            let mut stream = connect(ATTACKER, at(SERVER, port)).unwrap();
            let mut reader = stream.try_clone().unwrap();
            let reading = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
            let chunk = [b'x'; 10_000];
            let sent = (0..1_000).take_while(|_| stream.write_all(&chunk).is_ok()).count() * chunk.len();
            _ = reading.join();
            sent
        });
        println!("{port}: {sent} bytes sent before it was closed");
        assert!(sent < 10_000_000, "{sent}");
    }
    lab.until("told", |model| (refused(model, Rule::Line) == 3).then_some(()));
    friends_ask(&net.friends, ask, 65432);
    drop(alone);
    let received = peer(&lab.close(), ATTACKER).unwrap().bytes.0;
    assert!(received <= 3 * ((1 << 20) + 4_096), "{received}");
}

fn a_peer_that_sends_too_fast_waits_and_others_do_not() {
    let (net, lab) = served(&["--lan", "--limit", "bytes=65536", "--limit", "line=off"]);
    let _alone = alone();
    for port in [65432, 65433, 65434] {
        let before = refused(&lab.seen().model, Rule::Bytes);
        let attack = Attack::start(&net.attacker, 1, move || {
            let mut stream = connect(ATTACKER, at(SERVER, port)).unwrap();
            stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(600) {
                _ = stream.write(&[b'\n'; 4_096]);
                stream.set_nonblocking(true).unwrap();
                _ = stream.read(&mut [0; 4_096]);
                stream.set_nonblocking(false).unwrap();
            }
        });
        lab.until("it is slowed", |model| (refused(model, Rule::Bytes) > before).then_some(()));
        if port != 65433 {
            friends_ask(&net.friends, ask, port);
        }
        attack.stop();
    }
    let model = lab.close();
    assert_eq!(
        peer(&model, ATTACKER).unwrap().open(),
        0,
        "a thread that waits can be stopped, and says what it closed"
    );
}

fn a_flood_of_datagrams() {
    let (net, lab) = served(&["--lan"]);
    let socket = net.attacker.run(|| UdpSocket::bind(at(ATTACKER, 0)).unwrap());
    let alone = alone();
    let flood = Attack::start(&net.attacker, 1, move || _ = socket.send_to(b"flood", at(SERVER, 65432)));
    lab.until("most are dropped", |model| (refused(model, Rule::Messages) > 1_000).then_some(()));
    flood.meanwhile(&net.friends, ask_by_udp, 65432);
    let sent = flood.stop();
    drop(alone);
    let lost = lab.seen().lost;
    let model = lab.close();
    println!("udp: {sent} datagrams, {} dropped by the guard", refused(&model, Rule::Messages));
    assert_eq!(lost, 0, "the journal takes it");
}
