//! Floods: the limits hold, what is told is bounded and adds up, and 200 others are answered meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};
use socklab::api::domain::Rule;

use crate::harness::{Need::Network, Test, test};
use crate::lab::{DEADLINE, Lab, peer, refused, told};
use crate::net::{ATTACKER, FRIENDS, Host, Net, SERVER, SERVER_TO_FRIENDS, at, friend};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(five_thousand_idle_connections_from_one_address, &[Network]),
        test(a_flood_of_resets, &[Network]),
        test(a_slow_loris, &[Network]),
        test(a_line_without_an_end, &[Network]),
        test(who_sends_too_fast_waits_and_nobody_else, &[Network]),
        test(a_flood_of_datagrams, &[Network]),
    ]
}

/// What the others may have to wait, in the middle of an attack: the median. This machine is shared, and the attacker
/// uses the same two cores; the whole distribution is printed.
const PROMPT: Duration = Duration::from_millis(50);

/// Connects from this address; fails rather than waits for ever.
pub(crate) fn connect(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&at(from, 0).into())?;
    socket.connect_timeout(&to.into(), DEADLINE)?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE))?;
    Ok(stream)
}

/// Connects, asks, is answered, closes; how long it took.
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
    // Asking again is what a client of UDP has to do: what does not fit into the server's buffer the kernel throws
    // away, whoever sent it, before any program could judge.
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let (begun, mut answer) = (Instant::now(), [0; 16]);
    while begun.elapsed() < DEADLINE {
        socket.send_to(b"oi", to).unwrap();
        if let Ok((len, _)) = socket.recv_from(&mut answer) {
            assert_eq!(&answer[..len], b"OI");
            return begun.elapsed();
        }
    }
    panic!("a friend is not answered");
}

/// How long each of the 200 friends waits, one after the other, five times.
pub(crate) fn friends_ask(host: &Host, ask: fn(Ipv4Addr, SocketAddr) -> Duration, port: u16) -> Vec<Duration> {
    host.run(move || {
        [1; 5].iter().flat_map(|_| 1..=FRIENDS).map(|n| ask(friend(n), at(SERVER_TO_FRIENDS, port))).collect()
    })
}

pub(crate) fn judge(what: &str, mut waits: Vec<Duration>) {
    waits.sort();
    let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
    println!(
        "{what}: {} questions, p50 {:?}, p95 {:?}, p99 {:?}, max {:?}",
        waits.len(),
        at(50),
        at(95),
        at(99),
        at(100)
    );
    assert!(at(50) < PROMPT, "{what}: the median is {:?}", at(50));
}

/// Does this until it is told to stop, on so many threads of the attacker; how often it was done in all.
pub(crate) fn attack(host: &Host, threads: usize, work: impl Fn() + Send + Sync + 'static) -> impl FnOnce() -> u64 {
    let (stop, work) = (Arc::new(AtomicBool::new(false)), Arc::new(work));
    let one = |_| {
        let (stop, work) = (Arc::clone(&stop), Arc::clone(&work));
        host.start(move || {
            let mut done = 0;
            while !stop.load(Ordering::Relaxed) {
                work();
                done += 1;
            }
            done
        })
    };
    let running: Vec<_> = (0..threads).map(one).collect();
    move || {
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|thread| thread.join().expect("the attacker does not panic")).sum()
    }
}

/// Ports of the threaded and the async server: who serves one client at a time makes others wait by design.
const PROMPT_SERVERS: [(&str, u16); 2] = [("threaded", 65432), ("async", 65434)];

fn five_thousand_idle_connections_from_one_address() {
    for (name, port) in PROMPT_SERVERS {
        let net = Net::open();
        let lab = Lab::open(&net.server, &["--lan"]);
        let crowd = net.attacker.start(move || {
            let connected = (0..5_000).filter_map(|_| connect(ATTACKER, at(SERVER, port)).ok());
            connected.collect::<Vec<_>>()
        });
        judge(&format!("{name}, 5,000 idle connections"), friends_ask(&net.friends, ask, port));
        let crowd = crowd.join().unwrap();
        let rules = [Rule::Connections, Rule::Arrivals, Rule::Total];
        let turned_away = |model: &_| rules.iter().map(|rule| refused(model, *rule)).sum::<u64>();
        // To the last one, by the kernel's own count.
        lab.until("everybody was let in or refused, and told", |model| {
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

/// Whether the other side has not ended it.
fn is_open(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    matches!(stream.read(&mut [0; 1]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

fn a_flood_of_resets() {
    for (name, port) in PROMPT_SERVERS {
        let net = Net::open();
        let lab = Lab::open(&net.server, &["--lan"]);
        let stop = attack(&net.attacker, 2, move || {
            if let Ok(stream) = connect(ATTACKER, at(SERVER, port)) {
                SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            }
        });
        lab.until("the flood is on", |model| (refused(model, Rule::Arrivals) > 100).then_some(()));
        judge(&format!("{name}, a flood of resets"), friends_ask(&net.friends, ask, port));
        let resets = stop();
        let lost = lab.seen().lost;
        let model = lab.close();
        println!("{name}: {resets} resets, {} refused", refused(&model, Rule::Arrivals));
        assert_eq!(lost, 0, "the journal takes it");
        assert!(told(&model).len() < 500, "{}", told(&model).len());
    }
}

fn a_slow_loris() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &["--lan", "--limit", "idle=2"]);
    let stop = attack(&net.attacker, 4, || {
        let mut some: Vec<_> = (0..16).filter_map(|_| connect(ATTACKER, at(SERVER, 65432)).ok()).collect();
        for _ in 0..5 {
            // A byte each, and then nothing for a while: that is the attack.
            some.retain_mut(|stream| stream.write_all(b"x").is_ok());
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    lab.until("they hold connections", |model| (peer(model, ATTACKER)?.open() >= 16).then_some(()));
    judge("threaded, a slow loris", friends_ask(&net.friends, ask, 65432));
    let most = peer(&lab.seen().model, ATTACKER).map_or(0, socklab::api::model::Peer::open);
    assert!(most <= 64, "{most}");
    stop();
    // One that says nothing more is closed; one of this machine's own is not.
    let local = net.server.run(|| TcpStream::connect(at(Ipv4Addr::LOCALHOST, 65432)).unwrap());
    let silent = net.attacker.run(|| connect(ATTACKER, at(SERVER, 65434)).unwrap());
    lab.until("it was idle for too long", |model| (refused(model, Rule::Idle) > 0).then_some(()));
    assert_eq!((&silent).read(&mut [0; 1]).unwrap(), 0, "closed in order");
    assert!(is_open(&local));
    lab.close();
}

fn a_line_without_an_end() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &["--lan", "--limit", "bytes=off", "--limit", "messages=off"]);
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
    judge("threaded, afterwards", friends_ask(&net.friends, ask, 65432));
    let received = peer(&lab.close(), ATTACKER).unwrap().bytes.0;
    assert!(received <= 3 * ((1 << 20) + 4_096), "{received}");
}

fn who_sends_too_fast_waits_and_nobody_else() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &["--lan", "--limit", "bytes=65536", "--limit", "line=off"]);
    for port in [65432, 65433, 65434] {
        let stop = attack(&net.attacker, 1, move || {
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
        let before = refused(&lab.seen().model, Rule::Bytes);
        lab.until("it is slowed", |model| (refused(model, Rule::Bytes) > before).then_some(()));
        if port != 65433 {
            judge(&format!("{port}, a sender without measure"), friends_ask(&net.friends, ask, port));
        }
        stop();
    }
    let begun = Instant::now();
    lab.close();
    assert!(begun.elapsed() < Duration::from_secs(5), "a thread that waits can be stopped: {:?}", begun.elapsed());
}

fn a_flood_of_datagrams() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &["--lan"]);
    let socket = net.attacker.run(|| UdpSocket::bind(at(ATTACKER, 0)).unwrap());
    let stop = attack(&net.attacker, 1, move || _ = socket.send_to(b"flood", at(SERVER, 65432)));
    lab.until("most are dropped", |model| (refused(model, Rule::Messages) > 1_000).then_some(()));
    judge("udp, a flood of datagrams", friends_ask(&net.friends, ask_by_udp, 65432));
    let sent = stop();
    let lost = lab.seen().lost;
    let model = lab.close();
    println!("udp: {sent} datagrams, {} dropped by the guard", refused(&model, Rule::Messages));
    assert_eq!(lost, 0, "the journal takes it");
}
