//! Packets of one's own on the wire, and held ones that are changed: what the real kernels do with them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use HostId::{Client, Server};
use socklab::api::domain::{
    Cause, EcnCodepoint, EventKind, Finding, Flags, ForgedChecksum, ForgedKind, ForgedOptions, ForgedPacket,
    ForgedSegment, HostId, KernelAnswer, KernelCause, PacketChange, Proto, Syscall, TcpState, WireCommand, WireEvent,
    WireMode,
};

use super::bench::{Bench, LINKS};
use crate::harness::{Need::Wire, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(forged_segments_meet_rfc_5961, &[Wire]),
        test(a_forged_packet_is_listed_as_such_and_goes_on_in_live_mode_too, &[Wire]),
        test(a_syn_from_a_port_without_a_socket_is_answered_and_reset, &[Wire]),
        test(forged_data_is_read_by_the_program, &[Wire]),
        test(a_forged_datagram_and_a_forged_icmp_message_are_believed, &[Wire]),
        test(a_rst_that_was_ignored_is_not_the_cause_of_what_follows, &[Wire]),
        test(a_held_segment_is_changed, &[Wire]),
    ]
}

impl Bench {
    /// Puts a packet onto the wire and returns its number.
    fn inject(&self, packet: ForgedPacket) -> u64 {
        let before = self.journal.all().len();
        self.command(WireCommand::Inject(Arc::new(packet)));
        self.journal.wait("a forged packet", |seen| {
            seen[before..].iter().find_map(|event| match event.kind {
                EventKind::Wire(WireEvent::Injected { packet }) => Some(packet),
                _ => None,
            })
        })
    }

    /// Delivers it, and returns what the kernel did with it.
    fn verdict(&self, number: u64) -> String {
        self.step(number);
        self.journal.wait(&format!("the verdict about {number}"), |seen| {
            seen.iter().find_map(|event| match &event.kind {
                EventKind::Wire(WireEvent::Verdict(verdict)) if verdict.packet == number => {
                    let said = [
                        Some(verdict.did.name()),
                        verdict.why.map(KernelCause::name),
                        verdict.answer.map(KernelAnswer::name),
                    ];
                    Some(said.into_iter().flatten().collect::<Vec<_>>().join(" "))
                }
                _ => None,
            })
        })
    }
}

fn a_rst_that_was_ignored_is_not_the_cause_of_what_follows() {
    let bench = Bench::open();
    let (client, server) = bench.connected();
    let (packet, segment) = of_client(&bench, &client);
    let segment = ForgedSegment { flags: Flags::RST, seq: segment.seq.wrapping_add(100_000), ..segment };
    let number = bench.inject(ForgedPacket { kind: ForgedKind::Segment(segment), ..packet });
    assert_eq!(bench.verdict(number), "discarded rst_outside");
    socket2::SockRef::from(&server).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(server);
    let cause = bench.state(Server, TcpState::Established, TcpState::Closed);
    assert_eq!(cause, Some(Cause::Call(Syscall::Close)));
}

/// An ACK in the client's name, with the next numbers.
fn of_client(bench: &Bench, client: &TcpStream) -> (ForgedPacket, ForgedSegment) {
    let next = |number| bench.packet(number).tcp.unwrap().seq.wrapping_add(1);
    let segment = ForgedSegment {
        flags: Flags::ACK,
        seq: next(1),
        ack: next(2),
        window: 1024,
        options: ForgedOptions::default(),
    };
    let packet = ForgedPacket {
        from: Client,
        source: client.local_addr().unwrap().port(),
        destination: 65432,
        ttl: 64,
        ecn: EcnCodepoint::default(),
        checksum: ForgedChecksum::Right,
        kind: ForgedKind::Segment(segment),
        payload: vec![],
    };
    (packet, segment)
}

fn forged_segments_meet_rfc_5961() {
    let (syn, rst, ack) = (Flags::SYN, Flags::RST, Flags::ACK);
    let cases: [(&str, Flags, i32, i32, &str, ForgedChecksum); 9] = [
        ("answered challenge_ack ack", rst, 100, 0, "", ForgedChecksum::Right),
        ("discarded rst_outside", rst, 100_000, 0, "", ForgedChecksum::Right),
        ("taken reset", rst, 0, 0, "", ForgedChecksum::Right),
        ("answered syn_challenge ack", syn, 50_000, 0, "", ForgedChecksum::Right),
        ("answered outside_window ack", ack, -1, 0, "", ForgedChecksum::Right),
        ("answered ack_outside ack", ack, 0, 5_000, "", ForgedChecksum::Right),
        ("discarded old_duplicate ack", ack, -3, 0, "abc", ForgedChecksum::Right),
        ("discarded checksum", ack, 0, 0, "abc", ForgedChecksum::Wrong),
        ("discarded checksum", rst, 0, 0, "", ForgedChecksum::Wrong),
    ];
    for link in LINKS {
        for (expected, flags, seq, acked, data, checksum) in cases {
            let bench = Bench::on(link);
            let (client, _server) = bench.connected();
            let (packet, segment) = of_client(&bench, &client);
            let segment = ForgedSegment {
                flags,
                seq: segment.seq.wrapping_add_signed(seq),
                ack: segment.ack.wrapping_add_signed(acked),
                ..segment
            };
            let payload = data.as_bytes().to_vec();
            let kind = ForgedKind::Segment(segment);
            let number = bench.inject(ForgedPacket { kind, payload, checksum, ..packet });
            assert_eq!(bench.verdict(number), expected, "{link:?} {flags} {seq} {acked}");
            // What the tables have shown is reported before the next command is carried out.
            bench.command(WireCommand::Fold(true));
            bench.journal.wait("the next command", |seen| {
                seen.iter().find(|event| event.kind == EventKind::Wire(WireEvent::Folding { on: true })).map(drop)
            });
            let gone = expected == "taken reset";
            assert_eq!(bench.stands(Server) == TcpState::Closed, gone, "{expected}");
            assert_eq!(bench.stands(Client), TcpState::Established, "its kernel has nothing to do with it");
        }
    }
}

fn a_forged_packet_is_listed_as_such_and_goes_on_in_live_mode_too() {
    let bench = Bench::open();
    let (client, _server) = bench.connected();
    let (packet, segment) = of_client(&bench, &client);
    let number = bench.inject(packet.clone());
    let listed = bench.packet(number);
    let tcp = listed.tcp.unwrap();
    assert!(listed.findings.has(Finding::Forged));
    assert_eq!((tcp.seq_rel, tcp.ack_rel, listed.flow), (Some(1), Some(1), packet.flow()));
    bench.command(WireCommand::Mode(None, WireMode::Live));
    let reset = ForgedPacket { kind: ForgedKind::Segment(ForgedSegment { flags: Flags::RST, ..segment }), ..packet };
    let number = bench.inject(reset);
    bench.journal.wait("its delivery", |seen| {
        seen.iter().find(|event| event.kind == EventKind::Wire(WireEvent::Delivered { packet: number })).map(drop)
    });
    bench.state(Server, TcpState::Established, TcpState::Closed);
}

fn a_syn_from_a_port_without_a_socket_is_answered_and_reset() {
    let bench = Bench::open();
    let _listener = bench.listener(65432);
    let segment = ForgedSegment { flags: Flags::SYN, seq: 1000, window: 1024, ..ForgedSegment::default() };
    let number = bench.inject(ForgedPacket {
        from: Client,
        source: 20_000,
        destination: 65432,
        ttl: 64,
        ecn: EcnCodepoint::default(),
        checksum: ForgedChecksum::Right,
        kind: ForgedKind::Segment(segment),
        payload: vec![],
    });
    assert_eq!(bench.verdict(number), "answered syn_answered syn_ack");
    let answer = bench.nth(Server, 1);
    // Where there was no other SYN, its numbers are counted from the forged one.
    assert_eq!(bench.packet(answer).tcp.unwrap().ack_rel, Some(1));
    assert_eq!(bench.verdict(answer), "answered closed_port rst");
    let reset = bench.nth(Client, 2);
    assert_eq!(bench.verdict(reset), "taken embryonic_reset");
}

fn forged_data_is_read_by_the_program() {
    let bench = Bench::open();
    let (client, mut server) = bench.connected();
    let (packet, _) = of_client(&bench, &client);
    let number = bench.inject(ForgedPacket { payload: b"not me".to_vec(), ..packet });
    assert!(bench.verdict(number).starts_with("taken"));
    let mut read = [0; 6];
    server.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"not me");
}

fn a_forged_datagram_and_a_forged_icmp_message_are_believed() {
    let bench = Bench::open();
    let socket = bench.wire.host(Server).datagram(bench.addr(Server, 7777)).unwrap();
    socket.bind(&bench.addr(Server, 7777).into()).unwrap();
    let server: std::net::UdpSocket = socket.into();
    let datagram = ForgedPacket {
        from: Client,
        source: 5000,
        destination: 7777,
        ttl: 1,
        ecn: EcnCodepoint::Ect0,
        checksum: ForgedChecksum::Right,
        kind: ForgedKind::Datagram,
        payload: b"hello".to_vec(),
    };
    let number = bench.inject(datagram.clone());
    assert_eq!(bench.verdict(number), "taken");
    let mut read = [0; 10];
    let (len, from) = server.recv_from(&mut read).unwrap();
    assert_eq!((&read[..len], from), (&b"hello"[..], bench.addr(Client, 5000)));
    // A client that is connecting, and a message as if the server had refused it.
    let client = bench.connect(Client, None, bench.addr(Server, 65432));
    let syn = bench.packet(bench.nth(Client, 2));
    let kind = ForgedKind::Unreachable { code: 3, about: Proto::Tcp, seq: syn.tcp.unwrap().seq };
    let port = client.local_addr().unwrap().as_socket().unwrap().port();
    let number = bench.inject(ForgedPacket { from: Server, source: 65432, destination: port, kind, ..datagram });
    assert_eq!(bench.verdict(number), "taken icmp_error");
    assert_eq!(client.take_error().unwrap().map(|error| error.kind()), Some(std::io::ErrorKind::ConnectionRefused));
}

fn a_held_segment_is_changed() {
    let bench = Bench::open();
    let (mut client, mut server) = bench.connected();
    client.set_nodelay(true).unwrap();
    client.write_all(b"hello").unwrap();
    let data = bench.nth(Client, 3);
    let change = PacketChange { payload: Some(b"HELLO".to_vec()), ttl: Some(1), ..PacketChange::default() };
    bench.command(WireCommand::Change(data, Arc::new(change)));
    assert!(bench.verdict(data).starts_with("taken"));
    let mut read = [0; 5];
    server.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"HELLO", "the checksum is right: TCP does not notice");
    let ack = bench.nth(Server, 2);
    bench.step(ack);
    client.write_all(b"world").unwrap();
    let next = bench.nth(Client, 4);
    let wrong = PacketChange { checksum: ForgedChecksum::Wrong, ..PacketChange::default() };
    bench.command(WireCommand::Change(next, Arc::new(wrong)));
    assert_eq!(bench.verdict(next), "discarded checksum");
    // Nobody told the client: it sends the same again, as it was.
    let again = bench.journal.wait("the segment again", |seen| {
        seen.iter().find_map(|event| match &event.kind {
            EventKind::Packet(packet) if packet.retransmission_of == Some(next) => Some(packet.number),
            _ => None,
        })
    });
    assert!(bench.verdict(again).starts_with("taken"));
    server.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"world");
}
