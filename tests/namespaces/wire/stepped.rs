//! Connections stepped packet by packet: states last until the next packet, and every change has its cause.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::process::ExitStatus;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};
use socklab::api::domain::{
    Cause, Delta, EventKind, Evidence, HostId, Icmp, LossReason, Observation, Syscall, TcpOption, TcpState, Transition,
    WireCommand, WireEvent, WireMode,
};
use socklab::api::wire::{ProgramSpec, Running, Setting};

use super::bench::{Bench, LINKS, transitions};
use crate::harness::{
    Need::{Tool, Wire},
    Test, test,
};
use HostId::{Client, Server};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_handshake_stands_still_at_every_step, &[Wire]),
        test(an_orderly_close_goes_through_its_six_states, &[Wire]),
        test(both_open_at_once, &[Wire]),
        test(both_close_at_once, &[Wire]),
        test(a_fin_that_brings_its_ack_skips_fin_wait_2, &[Wire]),
        test(a_handshake_whose_client_has_closed_is_reset, &[Wire]),
        test(a_syn_held_for_long_is_folded_and_still_opens, &[Wire]),
        test(data_crosses_and_a_damaged_segment_is_sent_again, &[Wire]),
        test(a_datagram_to_a_closed_port_is_answered_and_a_lost_one_is_not, &[Wire]),
        test(at_full_speed_no_state_is_missed_and_each_has_its_cause, &[Wire]),
        test(a_change_is_seen_at_the_first_look_after_its_packet, &[Wire]),
        test(among_many_connections_each_has_its_causes, &[Wire]),
        test(the_settings_of_a_host_can_be_turned, &[Wire]),
        test(a_students_own_programs_are_stepped_like_ours, &[Wire, Tool("python3")]),
        test(a_shutdown_leaves_the_socket_to_its_program_and_a_close_does_not, &[Wire, Tool("python3")]),
        test(what_a_killed_program_leaves_is_closed_by_its_end, &[Wire, Tool("python3")]),
        test(a_program_that_gives_up_when_the_syn_is_repeated_is_no_timeout, &[Wire, Tool("python3")]),
    ]
}

#[expect(clippy::unnecessary_wraps, reason = "what a cause is compared with")]
fn packet(number: u64) -> Option<Cause> {
    Some(Cause::Packet(number))
}

#[expect(clippy::unnecessary_wraps, reason = "what a cause is compared with")]
fn call(call: Syscall) -> Option<Cause> {
    Some(Cause::Call(call))
}

fn a_handshake_stands_still_at_every_step() {
    for link in LINKS {
        let bench = Bench::on(link);
        assert_eq!(Some(bench.wire.link()), link);
        let _listener = bench.listener(65432);
        let _client = bench.connect(Client, None, bench.addr(Server, 65432));
        bench.packet(1);
        assert_eq!(bench.state(Client, Closed, SynSent), call(Syscall::Connect));
        assert_eq!((bench.stands(Client), bench.stands(Server)), (SynSent, Closed));

        assert_eq!(bench.step(1), "SYN");
        assert_eq!(bench.state(Server, Listen, SynRecv), packet(1));
        assert_eq!((bench.stands(Client), bench.stands(Server)), (SynSent, SynRecv));

        assert_eq!(bench.step(2), "SYN+ACK");
        assert_eq!(bench.state(Client, SynSent, Established), packet(2));
        assert_eq!((bench.stands(Client), bench.stands(Server)), (Established, SynRecv));

        assert_eq!(bench.step(3), "ACK");
        assert_eq!(bench.state(Server, SynRecv, Established), packet(3));
        let ack = bench.packet(3).tcp.unwrap();
        assert_eq!((ack.seq_rel, ack.ack_rel, ack.options), (Some(1), Some(1), vec![]));
    }
}

fn an_orderly_close_goes_through_its_six_states() {
    let bench = Bench::open();
    let (client, server) = bench.connected();
    drop(client);
    bench.packet(4);
    assert_eq!(bench.state(Client, Established, FinWait1), call(Syscall::Close));
    assert_eq!(bench.step(4), "FIN+ACK");
    assert_eq!(bench.state(Server, Established, CloseWait), packet(4));
    assert_eq!(bench.step(5), "ACK");
    assert_eq!(bench.state(Client, FinWait1, FinWait2), packet(5));
    server.shutdown(Shutdown::Write).unwrap();
    bench.packet(6);
    assert_eq!(bench.state(Server, CloseWait, LastAck), call(Syscall::Shutdown));
    assert_eq!((bench.stands(Client), bench.stands(Server)), (FinWait2, LastAck));
    assert_eq!(bench.step(6), "FIN+ACK");
    assert_eq!(bench.state(Client, FinWait2, TimeWait), packet(6));
    assert_eq!(bench.step(7), "ACK");
    assert_eq!(bench.state(Server, LastAck, Closed), packet(7));
}

fn both_open_at_once() {
    let bench = Bench::open();
    let client = bench.connect(Client, Some(5000), bench.addr(Server, 6000));
    bench.packet(1);
    let _server = bench.connect(Server, Some(6000), bench.addr(Client, 5000));
    bench.packet(2);
    assert_eq!((bench.stands(Client), bench.stands(Server)), (SynSent, SynSent));
    bench.step(1);
    assert_eq!(bench.state(Server, SynSent, SynRecv), packet(1));
    bench.step(2);
    assert_eq!(bench.state(Client, SynSent, SynRecv), packet(2));
    drop(client);
    assert_eq!(bench.state(Client, SynRecv, FinWait1), call(Syscall::Close));
}

fn both_close_at_once() {
    let bench = Bench::open();
    let (client, server) = bench.connected();
    drop(client);
    bench.packet(4);
    drop(server);
    bench.packet(5);
    assert_eq!((bench.stands(Client), bench.stands(Server)), (FinWait1, FinWait1));
    bench.step(4);
    assert_eq!(bench.state(Server, FinWait1, Closing), packet(4));
    bench.step(5);
    assert_eq!(bench.state(Client, FinWait1, Closing), packet(5));
    // The two acknowledgements may be sent in either order.
    let to_server = bench.nth(Client, 4);
    let to_client = bench.nth(Server, 3);
    assert_eq!([bench.step(to_server), bench.step(to_client)], ["ACK", "ACK"]);
    assert_eq!(bench.state(Client, Closing, TimeWait), packet(to_client));
    assert_eq!(bench.state(Server, Closing, TimeWait), packet(to_server));
}

fn a_fin_that_brings_its_ack_skips_fin_wait_2() {
    let bench = Bench::open();
    let (client, server) = bench.connected();
    drop(client);
    bench.step(4);
    assert_eq!(bench.packet(5).label(), "ACK");
    drop(server);
    bench.packet(6);
    bench.command(WireCommand::Drop(5));
    bench.step(6);
    let cause = bench.state(Client, FinWait1, TimeWait);
    assert_eq!(cause, packet(6));
}

fn a_handshake_whose_client_has_closed_is_reset() {
    let bench = Bench::open();
    let _listener = bench.listener(65432);
    let client = bench.connect(Client, None, bench.addr(Server, 65432));
    bench.step(1);
    drop(client);
    assert_eq!(bench.state(Client, SynSent, Closed), call(Syscall::Close));
    bench.step(2);
    assert_eq!(bench.step(3), "RST");
    assert_eq!(bench.state(Server, SynRecv, Listen), packet(3));
}

fn a_syn_held_for_long_is_folded_and_still_opens() {
    // Past the kernel's first exponential backoff. Longer times are tried by hand.
    let hold = std::env::var("SOCKLAB_HOLD_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let bench = Bench::open();
    let _listener = bench.listener(65432);
    let begin = Instant::now();
    let _client = bench.connect(Client, None, bench.addr(Server, 65432));
    let mut counts = Vec::new();
    // The kernel retransmits the SYN after 1, 2, 3, 4, 5, 7, 11 and 20 seconds.
    for count in 1.. {
        let after = bench.journal.wait_long("a folded SYN", |seen| {
            seen.iter().find_map(|event| match event.kind {
                EventKind::Wire(WireEvent::Folded { packet: 1, count: now, after }) if now == count => Some(after),
                _ => None,
            })
        });
        counts.push((count, after));
        if begin.elapsed() > Duration::from_secs(hold) {
            break;
        }
    }
    println!("folded: {counts:?} in {:?}", begin.elapsed());
    assert!(counts.len() >= 5);
    assert_eq!([bench.step(1), bench.step(2), bench.step(3)], ["SYN", "SYN+ACK", "ACK"]);
    assert_eq!(bench.state(Server, SynRecv, Established), packet(3));
}

fn data_crosses_and_a_damaged_segment_is_sent_again() {
    for link in LINKS {
        damaged(&Bench::on(link));
    }
}

fn damaged(bench: &Bench) {
    let (mut client, mut server) = bench.connected();
    client.write_all(b"Hello, world\n").unwrap();
    assert_eq!(bench.packet(4).payload.text, "Hello, world⏎");
    bench.command(WireCommand::Corrupt(4));
    bench.step(4);
    let again = bench.packet(5);
    assert_eq!((again.retransmission_of, again.payload.len), (Some(4), 13));
    bench.step(5);
    let mut buffer = [0; 64];
    assert_eq!(server.read(&mut buffer).unwrap(), 13);
}

fn a_datagram_to_a_closed_port_is_answered_and_a_lost_one_is_not() {
    let bench = Bench::open();
    let closed = bench.addr(Server, 9999);
    let client: std::net::UdpSocket = bench.wire.host(Client).datagram(closed).unwrap().into();
    client.connect(closed).unwrap();
    client.send(b"hello?").unwrap();
    assert_eq!(bench.step(1), "UDP");
    let answer = bench.packet(2);
    assert_eq!((answer.label(), answer.icmp), ("ICMP".into(), Some(Icmp::PortUnreachable)));
    assert_eq!((answer.flow.local, answer.flow.peer), (closed, Some(client.local_addr().unwrap())));
    bench.step(2);
    assert_eq!(client.send(b"hello?").unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    client.send(b"hello?").unwrap();
    bench.packet(3);
    bench.command(WireCommand::Drop(3));
    bench.journal.wait("the loss", |seen| {
        seen.iter()
            .find(|event| event.kind == EventKind::Wire(WireEvent::Dropped { packet: 3, why: LossReason::Asked }))
            .map(drop)
    });
    client.send(b"again?").unwrap();
    assert_eq!(bench.packet(4).payload.text, "again?");
}

fn at_full_speed_no_state_is_missed_and_each_has_its_cause() {
    let bench = Bench::open();
    bench.command(WireCommand::Mode(None, WireMode::Live));
    let listener = bench.listener(65432);
    let echo = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut buffer = [0; 64];
        while let Ok(length @ 1..) = connection.read(&mut buffer) {
            connection.write_all(&buffer[..length]).unwrap();
        }
        listener
    });
    let addr = bench.addr(Server, 65432);
    let client = bench.wire.host(Client).stream(addr).unwrap();
    client.connect(&addr.into()).unwrap();
    let mut client = TcpStream::from(client);
    client.write_all(b"oi").unwrap();
    client.read_exact(&mut [0; 2]).unwrap();
    drop(client);
    let _listener = echo.join().unwrap();
    bench.state(Server, LastAck, Closed);
    let seen = bench.journal.all();
    let path = |host| -> Vec<_> {
        let of_host = transitions(&seen).filter(|(at, _, edge)| *at == host && edge.flow.peer.is_some());
        of_host.map(|(_, _, edge)| (edge.to, matches!(edge.cause, Some(Cause::Packet(_))))).collect()
    };
    // The FIN of a fast server acknowledges the client's: then there is no FIN_WAIT2.
    let mut to = path(Client);
    to.retain(|step| *step != (FinWait2, true));
    assert_eq!(to, [(SynSent, false), (Established, true), (FinWait1, false), (TimeWait, true)]);
    assert_eq!(
        path(Server),
        [(SynRecv, true), (Established, true), (CloseWait, true), (LastAck, false), (Closed, true)]
    );
    assert_eq!(without_cause(&seen), []);
}

/// The transitions that have no cause.
fn without_cause(seen: &[Observation]) -> Vec<(HostId, Evidence, &Transition)> {
    transitions(seen).filter(|(_, _, edge)| edge.cause.is_none()).collect()
}

/// The wire relies on this: when the write to the device returns, the host's stack has processed the packet.
fn a_change_is_seen_at_the_first_look_after_its_packet() {
    const TIMES: usize = 50;
    for link in LINKS {
        let bench = Bench::on(link);
        let listener = bench.listener(65432);
        let mut delivered = 0;
        for _ in 0..TIMES {
            let client = bench.connect(Client, None, bench.addr(Server, 65432));
            let port = client.local_addr().unwrap().as_socket().unwrap().port();
            step_until(&bench, &mut delivered, port, 3);
            let (server, _) = listener.accept().unwrap();
            drop(client);
            step_until(&bench, &mut delivered, port, 5);
            drop(server);
            step_until(&bench, &mut delivered, port, 7);
        }
        assert_eq!(late_changes(&bench.journal.all()), Vec::<u64>::new(), "{link:?}");
    }
}

/// How many different changes packets have made to either end of the connection from this port.
fn changes_by_packets(seen: &[Observation], port: u16) -> usize {
    let is_of =
        |edge: &Transition| edge.flow.local.port() == port || edge.flow.peer.is_some_and(|peer| peer.port() == port);
    let by_packets =
        transitions(seen).filter(|(_, _, edge)| matches!(edge.cause, Some(Cause::Packet(_))) && is_of(edge));
    by_packets.map(|(host, _, edge)| (host, edge.from, edge.to)).collect::<BTreeSet<_>>().len()
}

/// Delivers packets until they have made this many changes to the connection. The number of packets varies: on a busy machine
/// the kernel retransmits before it has the answer.
fn step_until(bench: &Bench, delivered: &mut u64, port: u16, changes: usize) {
    loop {
        let next = *delivered + 1;
        let is_next = |event: &Observation| matches!(&event.kind, EventKind::Packet(packet) if packet.number == next);
        let there_is_more = bench.journal.wait(&format!("packet {next} or {changes} changes"), |seen| {
            if changes_by_packets(seen, port) >= changes {
                return Some(false);
            }
            seen.iter().any(is_next).then_some(true)
        });
        if !there_is_more {
            return;
        }
        bench.step(next);
        *delivered = next;
    }
}

/// The changes that were not seen between the delivery of their packet and the next delivery or packet.
fn late_changes(seen: &[Observation]) -> Vec<u64> {
    let mut late = Vec::new();
    let mut delivered = None;
    for event in seen {
        match &event.kind {
            EventKind::Wire(WireEvent::Delivered { packet }) => delivered = Some(*packet),
            EventKind::Packet(_) => delivered = None,
            EventKind::State(edge) => match edge.cause {
                Some(Cause::Packet(number)) if delivered != Some(number) => late.push(number),
                _ => {}
            },
            _ => {}
        }
    }
    late
}

fn among_many_connections_each_has_its_causes() {
    const CLIENTS: usize = 60;
    let bench = Bench::open();
    bench.command(WireCommand::Mode(None, WireMode::Live));
    let listener = bench.listener(65432);
    let addr = bench.addr(Server, 65432);
    let mut ends = Vec::new();
    for _ in 0..CLIENTS {
        let client = bench.wire.host(Client).stream(addr).unwrap();
        client.connect(&addr.into()).unwrap();
        ends.push((client, listener.accept().unwrap()));
    }
    for (client, (mut server, _)) in ends {
        drop(client);
        assert_eq!(server.read(&mut [0; 1]).unwrap(), 0);
    }
    bench.journal.wait("the end of every connection", |seen| {
        let closed = transitions(seen).filter(|(host, _, edge)| (*host, edge.from) == (Server, LastAck));
        (closed.count() == CLIENTS).then_some(())
    });
    let seen = bench.journal.all();
    assert_eq!(without_cause(&seen), []);
}

fn the_settings_of_a_host_can_be_turned() {
    let bench = Bench::open();
    let server = bench.wire.host(Server);
    bench.wire.host(Client).set(Setting::EphemeralRange(50_000, 50_009)).unwrap();
    bench.wire.host(Client).set(Setting::WindowScaling(true)).unwrap();
    bench.wire.host(Client).set(Setting::Timestamps(true)).unwrap();
    server.set(Setting::ReceiveBuffer(8192)).unwrap();
    bench.connect(Client, None, bench.addr(Server, 65432));
    let syn = bench.packet(1);
    assert!((50_000..=50_009).contains(&syn.flow.local.port()), "{syn:?}");
    let options = syn.tcp.unwrap().options;
    assert!(options.iter().any(|option| matches!(option, TcpOption::WindowScale(_))), "{options:?}");
    assert!(options.iter().any(|option| matches!(option, TcpOption::Timestamps(..))), "{options:?}");
    assert!(!options.contains(&TcpOption::SackPermitted), "{options:?}");
}

const SERVER: &str = "
import socket
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.bind(('192.0.2.1', 65432))
    s.listen()
    print('listening', flush=True)
    conn, addr = s.accept()
    with conn:
        while data := conn.recv(1024):
            conn.sendall(data.upper())
";
const CLIENT: &str = "
import socket
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.connect(('192.0.2.1', 65432))
    s.sendall(b'Hello, world')
    print(s.recv(1024).decode())
";

/// Starts a program on a host. Returns what it says, itself, and its end.
fn python(
    bench: &Bench,
    host: HostId,
    source: &str,
) -> (BufReader<std::io::PipeReader>, Running, Receiver<ExitStatus>) {
    let (reader, writer) = std::io::pipe().unwrap();
    let argv = ["python3", "-c", source].map(String::from).into();
    let env = ["PATH", "HOME"].map(|name| (name.to_owned(), std::env::var(name).unwrap_or_default())).into();
    let program = ProgramSpec { argv, env, cwd: "/".into() };
    let null = std::fs::File::open("/dev/null").unwrap();
    let standard = [null.as_fd(), writer.as_fd(), writer.as_fd()];
    let (running, ended) = bench.wire.exec(host, &program, standard).expect("needs python3");
    (BufReader::new(reader), running, ended)
}

fn a_students_own_programs_are_stepped_like_ours() {
    let bench = Bench::open();
    let (mut said, _, server) = python(&bench, Server, SERVER);
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "listening\n");
    let (mut said, _, client) = python(&bench, Client, CLIENT);
    assert_eq!([bench.step(1), bench.step(2), bench.step(3)], ["SYN", "SYN+ACK", "ACK"]);
    assert_eq!(bench.state(Server, SynRecv, Established), packet(3));
    let hello = bench.packet(4);
    assert_eq!(hello.payload.text, "Hello, world");
    // Acknowledgements may come alone or with data: step until both programs have ended.
    let mut answer = String::new();
    std::thread::scope(|scope| {
        let stepping = scope.spawn(|| (4..100).take_while(|number| bench.step_or_end(*number)).count());
        said.read_line(&mut answer).unwrap();
        assert!(client.recv().unwrap().success() && server.recv().unwrap().success());
        assert!(stepping.join().unwrap() >= 6);
    });
    assert_eq!(answer, "HELLO, WORLD\n");
    assert_eq!(bench.state(Client, Established, FinWait1), call(Syscall::Close));
}

fn a_shutdown_leaves_the_socket_to_its_program_and_a_close_does_not() {
    const HALVES: &str = "
import signal, socket
held = []
for close in [socket.socket.close, lambda s: s.shutdown(socket.SHUT_WR)] * 10:
    s = socket.socket()
    s.connect(('192.0.2.1', 65432))
    close(s)
    print(s.fileno() < 0, flush=True)
    held.append(s)
signal.pause()
";
    let bench = Bench::open();
    let listener = bench.listener(65432);
    bench.command(WireCommand::Mode(None, WireMode::Live));
    let (mut said, program, ended) = python(&bench, Client, HALVES);
    for round in 0..20 {
        let (held, from) = listener.accept().unwrap();
        let SocketAddr::V4(from) = from else { panic!("{from}") };
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, if round % 2 == 0 { "True\n" } else { "False\n" });
        let cause = bench.journal.wait("the FIN of this connection", |seen| {
            let mut closed = transitions(seen).filter(|(_, _, edge)| edge.to == FinWait1);
            closed.find(|(_, _, edge)| edge.flow.local == SocketAddr::V4(from)).map(|(_, _, edge)| edge.cause)
        });
        assert_eq!(cause, call(if round % 2 == 0 { Syscall::Close } else { Syscall::Shutdown }), "round {round}");
        drop(held);
    }
    program.signal(9).unwrap();
    ended.recv().unwrap();
}

fn what_a_killed_program_leaves_is_closed_by_its_end() {
    let bench = Bench::open();
    let (mut said, server, ended) = python(&bench, Server, SERVER);
    said.read_line(&mut String::new()).unwrap();
    let client = bench.connect(Client, None, bench.addr(Server, 65432));
    assert_eq!([bench.step(1), bench.step(2), bench.step(3)], ["SYN", "SYN+ACK", "ACK"]);
    assert_eq!(bench.state(Server, SynRecv, Established), packet(3));
    // Until accept() no program holds the connection.
    bench.journal.wait("accept()", |seen| {
        let mut rows = seen.iter().filter_map(|seen| match &seen.kind {
            EventKind::Row(Delta::Added(row) | Delta::Changed(row)) if seen.host == Some(Server) => Some(row),
            _ => None,
        });
        rows.any(|row| row.flow.peer.is_some() && row.inode.is_some_and(|inode| inode != 0)).then_some(())
    });
    server.signal(9).unwrap();
    ended.recv().unwrap();
    assert_eq!(bench.state(Server, Established, FinWait1), Some(Cause::Exit));
    assert_eq!(bench.state(Server, Listen, Closed), Some(Cause::Exit));
    drop(client);
}

fn a_program_that_gives_up_when_the_syn_is_repeated_is_no_timeout() {
    const HASTY: &str = "
import socket
s = socket.socket()
s.settimeout(1)
try: s.connect(('192.0.2.1', 65432))
except TimeoutError: pass
";
    let bench = Bench::open();
    let (_, _, ended) = python(&bench, Client, HASTY);
    assert!(ended.recv().unwrap().success());
    assert_eq!(bench.state(Client, SynSent, Closed), call(Syscall::Close));
}
