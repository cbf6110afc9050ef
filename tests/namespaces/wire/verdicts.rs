//! What the hosts' kernels did with each packet, by their own counters.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::os::fd::AsFd as _;

use HostId::{Client, Server};
use socklab::api::domain::{
    Delta, EventKind, HostId, KernelAnswer, KernelCause, KernelVerdict, LinkKind, Observation, Proto, RowKey, TcpState,
    WireCommand, WireEvent,
};
use socklab::api::wire::{ProgramSpec, Setting};

use super::bench::{Bench, LINKS};
use super::forge::{Forged, SOURCE};
use crate::harness::{
    Need::{Tool, Wire},
    Test, test,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_handshake_is_answered_and_taken_and_a_damaged_segment_is_thrown_away, &[Wire]),
        test(a_closed_port_answers_and_the_answer_is_judged_too, &[Wire]),
        test(what_arrives_twice_or_out_of_order_is_named, &[Wire]),
        test(a_bulk_of_data_is_taken_by_the_short_way, &[Wire]),
        test(a_damaged_datagram_is_judged_when_it_is_read, &[Wire]),
        test(full_queues_and_buffers_are_named, &[Wire, Tool("python3")]),
        test(what_comes_after_the_end_is_answered, &[Wire]),
        test(an_old_timestamp_is_paws, &[Wire]),
        test(a_cookie_is_sent_and_accepted, &[Wire, Tool("python3")]),
        test(forged_segments_are_challenged_or_thrown_away, &[Wire, Tool("python3")]),
        test(forged_segments_for_no_connection_are_told_apart, &[Wire, Tool("python3")]),
        test(at_full_speed_there_is_no_verdict, &[Wire]),
    ]
}

impl Bench {
    /// Sends a segment that no kernel made, from a program on this host that has ended then.
    pub(super) fn forge(&self, from: HostId, forged: &Forged<'_>) {
        let address = |host| self.wire.host(host).address().to_string();
        let mut argv = ["python3", "-c", SOURCE].map(String::from).to_vec();
        argv.extend(forged.arguments(&address(from), &address(from.other())));
        let env = ["PATH", "HOME"].map(|name| (name.to_owned(), std::env::var(name).unwrap_or_default())).into();
        let null = std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
        let errors = std::io::stderr();
        let standard = [null.as_fd(), null.as_fd(), errors.as_fd()];
        let (_, ended) = self.wire.exec(from, &ProgramSpec { argv, env, cwd: "/".into() }, standard).unwrap();
        assert!(ended.recv().unwrap().success());
    }

    /// Delivers a packet that is held and returns the verdict about it: what was done, why, and what was sent back.
    fn judged(&self, number: u64) -> String {
        self.command(WireCommand::Deliver(number));
        self.said(number)
    }

    /// The verdict about a packet.
    fn said(&self, number: u64) -> String {
        let KernelVerdict { did, why, answer, .. } =
            self.journal.wait(&format!("the verdict about {number}"), |seen| {
                verdicts(seen).find(|of| of.packet == number).cloned()
            });
        let parts = [Some(did.name()), why.map(KernelCause::name), answer.map(KernelAnswer::name)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Waits for the next packet that a host sends after this one.
    fn next(&self, host: HostId, after: u64) -> u64 {
        self.journal.wait(&format!("a packet of {host} after {after}"), |seen| {
            seen.iter().filter(|event| event.host == Some(host)).find_map(|event| match &event.kind {
                EventKind::Packet(packet) if packet.number > after => Some(packet.number),
                _ => None,
            })
        })
    }

    /// Delivers a packet and keeps a copy of it, whose number is returned.
    fn duplicate(&self, number: u64) -> u64 {
        self.command(WireCommand::Duplicate(number));
        self.journal.wait(&format!("a copy of {number}"), |seen| {
            seen.iter().find_map(|event| match event.kind {
                EventKind::Wire(WireEvent::Duplicated { packet, copy }) if packet == number => Some(copy),
                _ => None,
            })
        })
    }

    fn udp(&self, host: HostId, port: u16) -> UdpSocket {
        let socket = self.wire.host(host).datagram(self.addr(host, port)).unwrap();
        socket.bind(&self.addr(host, port).into()).unwrap();
        socket.into()
    }
}

fn verdicts(seen: &[Observation]) -> impl Iterator<Item = &KernelVerdict> {
    seen.iter().filter_map(|event| match &event.kind {
        EventKind::Wire(WireEvent::Verdict(verdict)) => Some(verdict),
        _ => None,
    })
}

fn a_handshake_is_answered_and_taken_and_a_damaged_segment_is_thrown_away() {
    for link in LINKS {
        damaged(link);
    }
}

fn damaged(link: Option<LinkKind>) {
    let bench = Bench::on(link);
    let (mut client, _server) = bench.connected();
    assert_eq!(bench.said(1), "answered syn_answered syn_ack");
    assert_eq!(bench.said(2), "taken connected ack");
    assert_eq!(bench.said(3), "taken handshake_done");
    client.write_all(&[b'x'; 400]).unwrap();
    bench.packet(4);
    bench.command(WireCommand::Corrupt(4));
    assert_eq!(bench.judged(4), "discarded checksum");
    let seen = bench.journal.all();
    let verdict = verdicts(&seen).find(|verdict| verdict.packet == 4).unwrap();
    let counters = [("TcpInCsumErrors".to_owned(), 1), ("TcpInErrs".to_owned(), 1)];
    assert_eq!((verdict.by, &verdict.counters), (Server, &counters.into()));
}

fn a_closed_port_answers_and_the_answer_is_judged_too() {
    let bench = Bench::open();
    let _client = bench.connect(Client, None, bench.addr(Server, 9));
    bench.packet(1);
    assert_eq!(bench.judged(1), "answered closed_port rst");
    bench.packet(2);
    let copy = bench.duplicate(2);
    assert_eq!(bench.said(2), "taken refused");
    assert_eq!(bench.judged(copy), "discarded rst_for_none");
    let client = bench.udp(Client, 5000);
    client.connect(bench.addr(Server, 9)).unwrap();
    client.send(b"hello?").unwrap();
    let asked = bench.next(Client, copy);
    assert_eq!(bench.judged(asked), "answered closed_port unreachable");
    let answer = bench.next(Server, asked);
    let copy = bench.duplicate(answer);
    assert_eq!(bench.said(answer), "taken icmp_error");
    drop(client);
    // A program that another test has just started may hold a copy of it until it executes.
    bench.journal.wait("the end of the socket", |seen| {
        let is_it = |key: &RowKey| key.flow.proto == Proto::Udp && key.flow.local.port() == 5000;
        seen.iter().find_map(|event| match &event.kind {
            EventKind::Row(Delta::Gone(key)) if is_it(key) => Some(()),
            _ => None,
        })
    });
    assert_eq!(bench.judged(copy), "discarded icmp_for_none");
}

fn what_arrives_twice_or_out_of_order_is_named() {
    let bench = Bench::open();
    for host in [Client, Server] {
        bench.wire.host(host).set(Setting::Sack(true)).unwrap();
    }
    let (mut client, mut server) = bench.connected();
    client.set_nodelay(true).unwrap();
    client.write_all(b"one").unwrap();
    let one = bench.next(Client, 3);
    let copy = bench.duplicate(one);
    assert!(bench.said(one).starts_with("taken"), "{}", bench.said(one));
    assert_eq!(bench.judged(copy), "discarded old_duplicate ack");
    client.write_all(b"two").unwrap();
    let two = bench.next(Client, copy);
    client.write_all(b"three").unwrap();
    let three = bench.next(Client, two);
    let copy = bench.duplicate(three);
    assert_eq!(bench.said(three), "taken out_of_order ack");
    assert_eq!(bench.judged(copy), "answered out_of_order_duplicate ack");
    assert!(bench.judged(two).starts_with("taken"));
    server.read_exact(&mut [0; 11]).unwrap();
    // The D-SACK tells the client of it.
    let acks: Vec<u64> = bench.journal.wait("the ACKs", |seen| {
        let packets = seen.iter().filter(|event| event.host == Some(Server)).filter_map(|event| match &event.kind {
            EventKind::Packet(packet) if packet.number > copy => Some(packet.number),
            _ => None,
        });
        let acks: Vec<_> = packets.collect();
        (acks.len() >= 2).then_some(acks)
    });
    let said: Vec<String> = acks.iter().map(|ack| bench.judged(*ack)).collect();
    assert!(said.iter().any(|said| said == "taken duplicate_reported"), "{said:?}");
}

fn a_bulk_of_data_is_taken_by_the_short_way() {
    let bench = Bench::open();
    let (mut client, _server) = bench.connected();
    client.set_nodelay(true).unwrap();
    let mut last = 3;
    let mut said = Vec::new();
    for _ in 0..6 {
        client.write_all(b"hello").unwrap();
        last = bench.next(Client, last);
        said.push(bench.judged(last));
    }
    assert!(said.iter().all(|said| said.starts_with("taken")), "{said:?}");
    assert!(said.last().unwrap().starts_with("taken in_order"), "{said:?}");
    let ack = bench.next(Server, 3);
    assert_eq!(bench.judged(ack), "taken pure_ack");
}

fn a_damaged_datagram_is_judged_when_it_is_read() {
    let bench = Bench::open();
    let server = bench.udp(Server, 7777);
    let client = bench.udp(Client, 5000);
    client.connect(bench.addr(Server, 7777)).unwrap();
    for (number, text) in [(1, [b'a'; 400]), (2, [b'b'; 400])] {
        client.send(&text).unwrap();
        bench.packet(number);
    }
    bench.command(WireCommand::Corrupt(1));
    bench.step(1);
    // A longer one is looked at only when somebody reads.
    assert_eq!(bench.judged(2), "taken");
    assert!(verdicts(&bench.journal.all()).all(|verdict| verdict.packet != 1));
    let mut buffer = [0; 500];
    assert_eq!((server.recv(&mut buffer).unwrap(), buffer[0]), (400, b'b'));
    assert_eq!(bench.said(1), "discarded checksum");
}

fn full_queues_and_buffers_are_named() {
    let bench = Bench::open();
    let addr = bench.addr(Server, 65432);
    let listener = bench.wire.host(Server).stream(addr).unwrap();
    listener.bind(&addr.into()).unwrap();
    listener.listen(0).unwrap();
    let _one = bench.connect(Client, None, addr);
    assert_eq!([bench.step(1), bench.step(2), bench.step(3)], ["SYN", "SYN+ACK", "ACK"]);
    let _two = bench.connect(Client, None, addr);
    bench.packet(4);
    assert_eq!(bench.judged(4), "discarded accept_queue_full");

    let bench = Bench::open();
    let server = bench.udp(Server, 7777);
    socket2::SockRef::from(&server).set_recv_buffer_size(0).unwrap();
    let client = bench.udp(Client, 5000);
    client.connect(bench.addr(Server, 7777)).unwrap();
    let said: Vec<String> = (1..=6)
        .map(|number| {
            client.send(&[b'x'; 1400]).unwrap();
            bench.packet(number);
            bench.judged(number)
        })
        .collect();
    assert_eq!((said[0].as_str(), said[5].as_str()), ("taken", "discarded receive_buffer"), "{said:?}");

    let bench = Bench::open();
    bench.wire.host(Server).set(Setting::ReceiveBuffer(4096)).unwrap();
    // Its own probes of the closed window would come between.
    bench.wire.host(Client).set(Setting::Patience(true)).unwrap();
    let (mut client, _server) = bench.connected();
    client.set_nonblocking(true).unwrap();
    let _ = client.write(&[b'x'; 8_000]);
    let closes = |number| bench.packet(number).tcp.unwrap().window == 0;
    let last = (4..20).find(|&number| {
        bench.packet(number);
        bench.judged(number);
        closes(number)
    });
    let mut forged = heard(&bench, &client);
    let acked = bench.packet(last.unwrap()).tcp.unwrap().ack;
    (forged.flags, forged.seq, forged.data) = (Forged::ACK, acked, "more");
    bench.forge(Client, &forged);
    let number = bench.next(Client, last.unwrap());
    // Since Linux 6.17 what lies beyond the window is counted before the closed window is looked at.
    let said = bench.judged(number);
    assert!(["discarded beyond_window ack", "discarded zero_window ack"].contains(&said.as_str()), "{said}");
}

fn what_comes_after_the_end_is_answered() {
    let bench = Bench::open();
    let (mut client, server) = bench.connected();
    client.write_all(b"late").unwrap();
    let data = bench.next(Client, 3);
    drop(server);
    bench.next(Server, data);
    assert_eq!(bench.judged(data), "answered data_after_close rst");

    let bench = Bench::open();
    let (client, server) = bench.connected();
    client.shutdown(Shutdown::Write).unwrap();
    let fin = bench.next(Client, 3);
    bench.step(fin);
    drop(server);
    let answer = bench.journal.wait("the server's FIN", |seen| {
        seen.iter().filter(|event| event.host == Some(Server)).find_map(|event| match &event.kind {
            EventKind::Packet(packet) if packet.label() == "FIN+ACK" => Some(packet.number),
            _ => None,
        })
    });
    let copy = bench.duplicate(answer);
    bench.state(Client, TcpState::FinWait1, TcpState::TimeWait);
    assert_eq!(bench.judged(copy), "answered time_wait ack");

    // A client that has closed in SYN_SENT resets the half-open connection.
    let bench = Bench::open();
    let _listener = bench.listener(65432);
    let client = bench.connect(Client, None, bench.addr(Server, 65432));
    bench.packet(1);
    let copy = bench.duplicate(1);
    assert_eq!(bench.said(1), "answered syn_answered syn_ack");
    assert_eq!(bench.judged(copy), "answered syn_again syn_ack");
    drop(client);
    bench.state(Client, TcpState::SynSent, TcpState::Closed);
    let answer = bench.next(Server, 1);
    assert_eq!(bench.judged(answer), "answered closed_port rst");
    let reset = bench.next(Client, answer);
    assert_eq!(bench.judged(reset), "taken embryonic_reset");
}

fn an_old_timestamp_is_paws() {
    let bench = Bench::open();
    for host in [Client, Server] {
        bench.wire.host(host).set(Setting::Timestamps(true)).unwrap();
    }
    let (mut client, _server) = bench.connected();
    client.set_nodelay(true).unwrap();
    client.write_all(b"one").unwrap();
    let one = bench.next(Client, 3);
    let copy = bench.duplicate(one);
    // The clock of timestamps has ticks of a millisecond (RFC 7323 §5.4).
    let stamp = |number| {
        let options = bench.packet(number).tcp.unwrap().options;
        options.into_iter().find_map(|option| match option {
            socklab::api::domain::TcpOption::Timestamps(value, _) => Some(value),
            _ => None,
        })
    };
    let mut last = one;
    for _ in 0..50 {
        client.write_all(b"more").unwrap();
        last = bench.next(Client, last.max(copy));
        bench.judged(last);
        if stamp(last).unwrap().wrapping_sub(stamp(one).unwrap()) > 1 {
            break;
        }
    }
    assert_eq!(bench.judged(copy), "discarded paws ack");
}

fn a_cookie_is_sent_and_accepted() {
    let bench = Bench::open();
    bench.wire.host(Server).set(Setting::SynCookies(true)).unwrap();
    let addr = bench.addr(Server, 65432);
    let listener = bench.wire.host(Server).stream(addr).unwrap();
    listener.bind(&addr.into()).unwrap();
    listener.listen(1).unwrap();
    let mut said = Vec::new();
    let mut last = 0;
    let mut clients = Vec::new();
    // Each leaves a half-open connection, until the SYN queue is full.
    while said.len() < 8 && said.last().is_none_or(|said: &String| !said.contains("cookie")) {
        clients.push(bench.connect(Client, None, addr));
        let syn = bench.next(Client, last);
        said.push(bench.judged(syn));
        last = bench.next(Server, syn);
    }
    assert_eq!(said.last().unwrap(), "answered syn_cookie syn_ack", "{said:?}");
    bench.judged(last);
    let ack = bench.next(Client, last);
    assert_eq!(bench.judged(ack), "taken cookie_accepted");
    bench.forge(Client, &Forged { ports: (7, 65432), flags: Forged::ACK, seq: 5, ack: 5, ..Forged::default() });
    let forged = bench.next(Client, ack);
    assert_eq!(bench.judged(forged), "answered cookie_failed rst");
}

/// The numbers of a connection that a forger has listened to.
fn heard(bench: &Bench, client: &TcpStream) -> Forged<'static> {
    let seq = |number| bench.packet(number).tcp.unwrap().seq.wrapping_add(1);
    Forged { ports: (client.local_addr().unwrap().port(), 65432), seq: seq(1), ack: seq(2), ..Forged::default() }
}

/// What a forger changes in the numbers of a connection.
type Change = fn(Forged<'static>) -> Forged<'static>;

fn forged_segments_are_challenged_or_thrown_away() {
    let cases: [(&str, Change); 8] = [
        ("answered challenge_ack ack", |of| Forged { flags: Forged::RST, seq: of.seq.wrapping_add(5), ..of }),
        ("discarded rst_outside", |of| Forged { flags: Forged::RST, seq: of.seq.wrapping_sub(500), ..of }),
        ("taken reset", |of| Forged { flags: Forged::RST, ..of }),
        ("answered syn_challenge ack", |of| Forged { flags: Forged::SYN, seq: of.seq.wrapping_add(9), ..of }),
        ("answered outside_window ack", |of| Forged { flags: Forged::ACK, seq: of.seq.wrapping_sub(1), ..of }),
        ("answered ack_outside ack", |of| Forged { flags: Forged::ACK, ack: of.ack.wrapping_add(5000), ..of }),
        ("discarded old_duplicate ack", |of| Forged {
            flags: Forged::ACK,
            seq: of.seq.wrapping_sub(3),
            data: "abc",
            ..of
        }),
        ("discarded checksum", |of| Forged { flags: Forged::ACK, data: "abc", damaged: true, ..of }),
    ];
    for (expected, change) in cases {
        let bench = Bench::open();
        let (client, _server) = bench.connected();
        let forged = change(heard(&bench, &client));
        bench.forge(Client, &forged);
        let number = bench.next(Client, 3);
        let copy = bench.duplicate(number);
        assert_eq!(bench.said(number), expected);
        if expected.contains("challenge") {
            // Only one challenge ACK in half a second (ip-sysctl, tcp_invalid_ratelimit).
            assert_eq!(bench.judged(copy), "discarded ack_skipped");
        }
    }
}

fn forged_segments_for_no_connection_are_told_apart() {
    let bench = Bench::open();
    let _listener = bench.listener(65432);
    let mut last = 0;
    for (expected, forged) in [
        ("answered no_connection rst", Forged { ports: (7, 65432), flags: Forged::ACK, ..Forged::default() }),
        ("discarded rst_for_none", Forged { ports: (7, 65432), flags: Forged::RST, ..Forged::default() }),
        ("answered closed_port rst", Forged { ports: (7, 9), flags: Forged::FIN, ..Forged::default() }),
        ("answered echo echo_reply", Forged { proto: "icmp", flags: 8, ..Forged::default() }),
    ] {
        bench.forge(Client, &forged);
        let number = bench.next(Client, last);
        assert_eq!(bench.judged(number), expected);
        last = number;
    }
    // The echo reply, which would otherwise be the server's next packet.
    let last = bench.next(Server, last);
    let client = bench.connect(Client, None, bench.addr(Server, 65432));
    let syn = bench.next(Client, last);
    let port = client.local_addr().unwrap().as_socket().unwrap().port();
    let flags = Forged::SYN | Forged::ACK;
    bench.forge(Server, &Forged { ports: (65432, port), flags, ack: 77, ..Forged::default() });
    let forged = bench.next(Server, syn);
    assert_eq!(bench.judged(forged), "answered wrong_ack rst");
}

fn at_full_speed_there_is_no_verdict() {
    let bench = Bench::open();
    let listener = bench.listener(65432);
    bench.command(WireCommand::Mode(None, socklab::api::domain::WireMode::Live));
    let addr = bench.addr(Server, 65432);
    let client = bench.wire.host(Client).stream(addr).unwrap();
    client.connect(&addr.into()).unwrap();
    let _ = listener.accept().unwrap();
    bench.state(Server, TcpState::SynRecv, TcpState::Established);
    assert_eq!(verdicts(&bench.journal.all()).count(), 0);
}
