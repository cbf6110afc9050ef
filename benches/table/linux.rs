//! The figures, on Linux.

#[path = "crowd.rs"]
mod crowd;

use std::hint::black_box;
use std::process::{Command, Stdio};

use criterion::{BatchSize, BenchmarkId, Criterion};
use crowd::Crowd;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};
use socklab::api::domain::{Delta, Flow, Row, Stamp};
use socklab::api::observe::{Differ, Scope, Source};

/// How many other sockets exist while the port is watched.
const ELSEWHERE: usize = 10_000;

pub(super) fn main() {
    if crowd::is_part_of_one() {
        return;
    }
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    let _elsewhere = Crowd::gather(ELSEWHERE);
    for count in [0, 1_000, 9_000, 10_000] {
        let crowd = Crowd::gather(count);
        refresh(&mut criterion, &crowd, count);
        if count == 9_000 {
            lookup(&mut criterion, &crowd);
            beside(&mut criterion, &crowd);
        }
    }
    criterion.final_summary();
}

/// One reading and its comparison with what is known; says what is new.
fn read(source: &mut Source, scope: &Scope, differ: &mut Differ) -> usize {
    let mut said = 0;
    let mut say = |delta: Delta| {
        black_box(delta);
        said += 1;
        true
    };
    differ.begin();
    source.dump(scope, &mut |row| differ.see(row, Stamp::ZERO, &mut say)).expect("a reading");
    assert!(differ.unseen().is_empty());
    said
}

fn refresh(criterion: &mut Criterion, crowd: &Crowd, count: usize) {
    let scope = Scope::ports([crowd.addr().port()]);
    let mut source = Source::best();
    let mut known = Differ::default();
    assert_eq!(read(&mut source, &scope, &mut known), 2 * count + 1);
    let mut group = criterion.benchmark_group("table");
    group.bench_function(BenchmarkId::new("refresh", count), |bencher| {
        bencher.iter(|| read(&mut source, &scope, &mut known));
    });
    group.bench_function(BenchmarkId::new("first", count), |bencher| {
        bencher.iter_batched_ref(Differ::default, |differ| read(&mut source, &scope, differ), BatchSize::PerIteration);
    });
    let rows = rows(&mut source, &scope);
    group.bench_function(BenchmarkId::new("diff", count), |bencher| {
        bencher.iter_batched(
            || rows.clone(),
            |rows| {
                known.begin();
                for row in rows {
                    known.see(row, Stamp::ZERO, &mut |_| true);
                }
                known.unseen()
            },
            BatchSize::LargeInput,
        );
    });
}

fn rows(source: &mut Source, scope: &Scope) -> Vec<Row> {
    let mut rows = Vec::new();
    source.dump(scope, &mut |row| rows.push(row)).expect("a reading");
    rows
}

fn lookup(criterion: &mut Criterion, crowd: &Crowd) {
    let mut source = Source::best();
    let rows = rows(&mut source, &Scope::ports([crowd.addr().port()]));
    let flows: Vec<Flow> = rows.iter().map(|row| row.flow).filter(|flow| flow.peer.is_some()).collect();
    let mut flows = flows.iter().cycle();
    criterion.bench_function("table/lookup", |bencher| {
        bencher.iter(|| source.lookup(flows.next().expect("connections")).expect("an answer"));
    });
}

/// The cost of the same rows for other programs.
fn beside(criterion: &mut Criterion, crowd: &Crowd) {
    let port = crowd.addr().port();
    let mut group = criterion.benchmark_group("beside");
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG));
    let socket = socket.expect("a netlink socket");
    let mut buffer = vec![0; 65_536];
    group.bench_function("bare dump", |bencher| {
        bencher.iter(|| {
            let sources = question(port, 0);
            let destinations = question(0, port);
            [sources, destinations].iter().map(|question| bare(&socket, question, &mut buffer)).sum::<usize>()
        });
    });
    let filter = format!("sport = :{port} or dport = :{port}");
    group.bench_function("ss -tanH", |bencher| {
        bencher.iter(|| {
            let ran = Command::new("ss").args(["-tanH", &filter]).stdout(Stdio::null()).status();
            assert!(ran.expect("ss").success());
        });
    });
    group.bench_function("netstat -an | grep", |bencher| {
        bencher.iter(|| {
            let line = format!("netstat -an | grep {port}");
            assert!(Command::new("sh").args(["-c", &line]).stdout(Stdio::null()).status().expect("netstat").success());
        });
    });
}

/// `struct inet_diag_req_v2` for every TCP socket over IPv4 with these ports, 0 being any.
fn question(sport: u16, dport: u16) -> Vec<u8> {
    let mut bytes = [72_u32.to_ne_bytes(), [20, 0, 1, 3], 1_u32.to_ne_bytes(), [0; 4]].concat();
    bytes.extend([2, 6, 0, 0]);
    bytes.extend(0x1ffe_u32.to_ne_bytes());
    bytes.extend(sport.to_be_bytes());
    bytes.extend(dport.to_be_bytes());
    bytes.extend([0; 36]);
    bytes.extend([0xff; 8]);
    bytes
}

/// Asks, and reads the answer without looking at it: the least that a dump can cost.
fn bare(socket: &rustix::fd::OwnedFd, question: &[u8], buffer: &mut [u8]) -> usize {
    const DONE: [u8; 2] = [3, 0];
    send(socket, question, SendFlags::empty()).expect("sent");
    let mut all = 0;
    loop {
        let (_, len) = recv(socket, &mut *buffer, RecvFlags::empty()).expect("an answer");
        all += len;
        // The end of a dump comes at the end of its last datagram.
        let last = len.checked_sub(20).map(|at| &buffer[at + 4..at + 6]);
        if last == Some(&DONE) {
            return all;
        }
    }
}
