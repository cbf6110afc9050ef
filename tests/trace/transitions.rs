//! Every transition is reported once, in order, and none is invented.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use socklab::api::domain::{EventKind, Evidence, Flow, Note, Observation, Stamp, TcpState, Transition};
use socklab::api::observe::{Scope, Trace};

use super::heard::{DEADLINE, Heard, sink};
use super::truth::{Change, Truth};
use crate::harness::{Need, Test, alone, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(every_transition_of_two_hundred_connections_is_reported_once_and_none_is_invented, &[Need::Trace]),
        // A program that is started beside it holds a copy of each socket for a moment: its close would be none.
        test(connections_that_end_by_a_reset_are_reported_completely_too, &[Need::Trace]).in_own_process(),
        test(ipv6_connections_are_reported_completely_too, &[Need::Trace, Need::Ipv6]),
        test(transitions_carry_the_kernels_time_on_our_clock, &[Need::Trace]),
        test(the_scope_can_change_and_nothing_outside_it_is_reported, &[Need::Trace]),
        test(a_refused_connect_is_reported_too, &[Need::Trace]),
        test(the_program_that_connects_is_known, &[Need::Trace, Need::Tool("python3")]),
        test(the_instance_is_removed_and_so_are_those_of_dead_processes, &[Need::Trace]).last(),
    ]
}

const INSTANCES: &str = "/sys/kernel/tracing/instances";

fn traced(seen: &Observation) -> Option<(Stamp, Transition)> {
    match &seen.kind {
        EventKind::State(transition) => {
            assert_eq!(seen.evidence, Evidence::Traced);
            Some((seen.at, transition.clone()))
        }
        EventKind::Note(Note::TraceLost { count }) => panic!("{count} lost"),
        _ => None,
    }
}

pub(crate) fn start(scope: &Scope) -> (Trace, Heard) {
    let (sink, heard) = sink(100_000);
    let trace = Trace::start(sink, scope).unwrap();
    assert_eq!(heard.next(DEADLINE).unwrap().kind, EventKind::Note(Note::Has { what: Evidence::Traced }));
    (trace, heard)
}

/// A client that sends a byte and closes first.
pub(crate) fn one_shot(listener: &TcpListener) -> SocketAddr {
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, addr) = listener.accept().unwrap();
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    drop(client);
    server.read_to_end(&mut Vec::new()).unwrap();
    addr
}

/// A client that resets its connection as soon as it is accepted.
pub(crate) fn reset(listener: &TcpListener) -> SocketAddr {
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, addr) = listener.accept().unwrap();
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    drop(server);
    addr
}

pub(crate) fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

fn assert_one_shots_are_reported_completely(listener: &TcpListener) {
    use TcpState::{CloseWait, Closed, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent};
    let port = port(listener);
    let truth = Truth::begin(port);
    let (_trace, heard) = start(&Scope::ports([port]));
    let clients: Vec<SocketAddr> = (0..200).map(|_| one_shot(listener)).collect();
    // The server's end closes last, so its transition comes last.
    let mut told = Vec::new();
    let mut ended = 0;
    while ended < clients.len() {
        let (at, transition) = heard.find("transition", traced);
        ended += usize::from(transition.from == TcpState::LastAck && transition.to == TcpState::Closed);
        told.push((at, transition));
    }
    let changes = truth.end();
    assert!(changes.len() >= 200 * 8, "the kernel traced only {} changes", changes.len());
    let ours = told.iter().map(|(_, transition)| Change::of(transition));
    // At these two transitions the kernel's socket has only one of its ports.
    let ours = super::truth::counted(ours.filter(|change| !change.begins()));
    let theirs = super::truth::counted(changes.into_iter().filter(|change| !change.begins()));
    let differences: Vec<_> = ours.symmetric_difference(&theirs).collect();
    assert!(differences.is_empty(), "only ours, or only the kernel's: {differences:?}");
    let mut lives: BTreeMap<Flow, Vec<(Stamp, TcpState, TcpState)>> = BTreeMap::new();
    for (at, Transition { flow, from, to, .. }) in told {
        lives.entry(flow).or_default().push((at, from, to));
    }
    for addr in clients {
        let flow = Flow::tcp(addr, listener.local_addr().unwrap());
        let way = |flow: Flow| {
            let life = &lives[&flow];
            assert!(life.is_sorted_by_key(|(at, ..)| *at), "{life:?}");
            assert!(life.windows(2).all(|pair| pair[0].2 == pair[1].1), "{life:?}");
            [life[0].1].into_iter().chain(life.iter().map(|(.., to)| *to)).collect::<Vec<_>>()
        };
        assert_eq!(way(flow), [Closed, SynSent, Established, FinWait1, FinWait2, Closed]);
        assert_eq!(way(flow.mirror().unwrap()), [Listen, SynRecv, Established, CloseWait, LastAck, Closed]);
    }
    assert_eq!(lives.len(), 400, "nothing else is reported");
}

fn every_transition_of_two_hundred_connections_is_reported_once_and_none_is_invented() {
    assert_one_shots_are_reported_completely(&TcpListener::bind("127.0.0.1:0").unwrap());
}

fn ipv6_connections_are_reported_completely_too() {
    assert_one_shots_are_reported_completely(&TcpListener::bind("[::1]:0").unwrap());
}

fn connections_that_end_by_a_reset_are_reported_completely_too() {
    use TcpState::{Closed, Established, Listen, SynRecv, SynSent};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_trace, heard) = start(&Scope::ports([port(&listener)]));
    let clients: Vec<SocketAddr> = (0..200).map(|_| reset(&listener)).collect();
    let mut lives: BTreeMap<Flow, Vec<TcpState>> = BTreeMap::new();
    let mut ended = 0;
    while ended < 2 * clients.len() {
        let (_, Transition { flow, from, to, .. }) = heard.find("transition", traced);
        ended += usize::from(to == Closed);
        lives.entry(flow).or_insert_with(|| vec![from]).push(to);
    }
    for addr in &clients {
        let flow = Flow::tcp(*addr, listener.local_addr().unwrap());
        assert_eq!(lives[&flow], [Closed, SynSent, Established, Closed]);
        assert_eq!(lives[&flow.mirror().unwrap()], [Listen, SynRecv, Established, Closed]);
    }
    assert_eq!(lives.len(), 2 * clients.len(), "nothing else is reported");
}

fn transitions_carry_the_kernels_time_on_our_clock() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (sink, heard) = sink(100);
    let _trace = Trace::start(sink.clone(), &Scope::ports([port(&listener)])).unwrap();
    let before = sink.clock().now();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let after = sink.clock().now();
    let (at, _) = heard.find("ESTABLISHED", |seen| {
        traced(seen).filter(|(_, transition)| {
            transition.flow.local == client.local_addr().unwrap() && transition.to == TcpState::Established
        })
    });
    assert!(before < at && at < after, "{before:?} {at:?} {after:?}");
}

fn the_scope_can_change_and_nothing_outside_it_is_reported() {
    let (one, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (trace, heard) = start(&Scope::ports([port(&one)]));
    one_shot(&other);
    trace.scope(&Scope::ports([port(&other)]));
    one_shot(&one);
    let asked = one_shot(&other);
    let (_, first) = heard.find("transition", traced);
    assert_eq!((first.flow.local, first.from), (asked, TcpState::Closed));
    trace.scope(&Scope::ports([]));
    one_shot(&other);
    while let Some(seen) = heard.next(Duration::from_millis(200)) {
        let (_, transition) = traced(&seen).unwrap();
        assert!(transition.flow.has_port(asked.port()), "{transition:?}");
    }
}

fn a_refused_connect_is_reported_too() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let (_trace, heard) = start(&Scope::ports([addr.port()]));
    assert!(TcpStream::connect(addr).is_err());
    let steps: Vec<(TcpState, TcpState)> = (0..2)
        .map(|_| {
            let (_, transition) = heard.find("transition", traced);
            assert_ne!(transition.flow.local.port(), 0);
            (transition.from, transition.to)
        })
        .collect();
    assert_eq!(steps, [(TcpState::Closed, TcpState::SynSent), (TcpState::SynSent, TcpState::Closed)]);
}

fn the_instance_is_removed_and_so_are_those_of_dead_processes() {
    // Another test's trace would remove the stale instance while it is being made.
    let _alone = alone();
    let mut dead = std::process::Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    // Makes sure that tracefs is there.
    let (first, _heard) = start(&Scope::ports([1]));
    let here = std::os::unix::fs::MetadataExt::ino(&fs::metadata("/proc/self/ns/pid").unwrap());
    let stale = format!("{INSTANCES}/socklab-{here}-{}-0", dead.id());
    fs::create_dir(&stale).unwrap();
    fs::write(format!("{stale}/events/sock/inet_sock_set_state/enable"), "1").unwrap();
    let mine = || -> Vec<_> {
        let prefix = format!("socklab-{here}-{}-", std::process::id());
        let names = fs::read_dir(INSTANCES).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with(&prefix)).collect()
    };
    let before = mine();
    let (second, _heard) = start(&Scope::ports([1]));
    assert!(!Path::new(&stale).exists(), "a stale instance stays");
    let made: Vec<_> = mine().into_iter().filter(|name| !before.contains(name)).collect();
    drop(second);
    drop(first);
    assert!(made.iter().any(|name| !Path::new(INSTANCES).join(name).exists()), "{made:?} stays");
}

fn the_program_that_connects_is_known() {
    const CONNECTS: &str = "import socket, sys\ns = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n\
                            s.close()\ninput()";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (_trace, heard) = start(&Scope::ports([addr.port()]));
    let mut python = Command::new("python3");
    python.args(["-c", CONNECTS, &addr.port().to_string()]).stdin(Stdio::piped());
    let mut program = python.spawn().unwrap();
    // It has closed its socket long before anybody can look for it in /proc.
    let (_, from) = listener.accept().unwrap();
    let holder = heard.find("process", |seen| match &seen.kind {
        EventKind::Holder(holder) => Some((seen.evidence, holder.clone())),
        _ => None,
    });
    assert_eq!((holder.0, holder.1.flow), (Evidence::Traced, Flow::tcp(from, addr)));
    assert_eq!((holder.1.process.pid, holder.1.process.name.as_str()), (program.id(), "python3"));
    program.kill().unwrap();
    program.wait().unwrap();
}
