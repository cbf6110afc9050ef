//! Every state that can be held, read at the same moment by us and by `ss`.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Instant;

use socket2::{Domain, SockAddr, Socket, Type};
use socklab::api::domain::{Proto, Row, TcpState, TimerKind};
use socklab::api::observe::{Scope, dump, holder};

use super::heard::DEADLINE;
use crate::harness::{Need::Tool, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test(the_table_is_what_ss_prints, &[Tool("ss")]), test(every_state_that_can_be_held_is_in_the_table, &[])]
}

/// A line of `ss`: protocol, state, Recv-Q, Send-Q, local and peer address.
type Line = (Proto, String, u32, u32, String, String);

fn socket(addr: &str, kind: Type) -> Socket {
    let addr: SocketAddr = addr.parse().unwrap();
    Socket::new(Domain::for_address(addr), kind, None).unwrap()
}

fn bound(addr: &str, kind: Type) -> Socket {
    let socket = socket(addr, kind);
    socket.bind(&SockAddr::from(addr.parse::<SocketAddr>().unwrap())).unwrap();
    socket
}

fn listener(addr: &str, backlog: i32) -> Socket {
    let socket = bound(addr, Type::STREAM);
    socket.listen(backlog).unwrap();
    socket
}

fn dial(addr: &str) -> Socket {
    let socket = socket(addr, Type::STREAM);
    socket.connect(&SockAddr::from(addr.parse::<SocketAddr>().unwrap())).unwrap();
    socket
}

#[expect(unsafe_code, reason = "no safe wrapper has this option")]
fn defer_accept(socket: &Socket, seconds: i32) {
    use std::os::fd::AsRawFd;
    let len = u32::try_from(size_of::<i32>()).unwrap();
    let value = std::ptr::from_ref(&seconds).cast();
    // SAFETY: `value` points at `len` bytes that live until the call returns.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, value, len) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

/// Sockets in each state, all on `port`, for as long as the result lives.
fn scene(port: u16) -> Vec<Socket> {
    let on = |ip: &str| if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") };
    let plain = listener(&on("127.0.0.1"), 8);
    let open = (dial(&on("127.0.0.1")), plain.accept().unwrap().0);
    let half = (dial(&on("127.0.0.1")), plain.accept().unwrap().0);
    half.0.shutdown(std::net::Shutdown::Write).unwrap();
    drop((dial(&on("127.0.0.1")), plain.accept().unwrap().0));
    let waiting = dial(&on("127.0.0.1"));
    waiting.send(b"abc").unwrap();
    let full = listener(&on("127.0.0.2"), 0);
    let queued = dial(&on("127.0.0.2"));
    let syn_sent = socket(&on("127.0.0.2"), Type::STREAM);
    syn_sent.set_nonblocking(true).unwrap();
    let addr: SocketAddr = on("127.0.0.2").parse().unwrap();
    assert!(syn_sent.connect(&addr.into()).is_err());
    let deferring = listener(&on("127.0.0.3"), 8);
    defer_accept(&deferring, 30);
    let deferred = dial(&on("127.0.0.3"));
    let v6 = listener(&on("::1"), 8);
    let v6_open = (dial(&on("::1")), v6.accept().unwrap().0);
    let udp = bound(&on("127.0.0.1"), Type::DGRAM);
    let udp6 = bound(&on("::1"), Type::DGRAM);
    let udp_to = socket(&on("127.0.0.1"), Type::DGRAM);
    udp_to.connect(&on("127.0.0.1").parse::<SocketAddr>().unwrap().into()).unwrap();
    let pairs = [open, half, v6_open].into_iter().flat_map(|(one, other)| [one, other]);
    pairs.chain([plain, waiting, full, queued, syn_sent, deferring, deferred, v6, udp, udp6, udp_to]).collect()
}

/// A port that no socket of this machine uses.
fn free_port() -> u16 {
    (20_000..30_000)
        .find(|port| dump(&Scope::ports([*port])).unwrap().is_empty())
        .expect("a port between 20,000 and 30,000")
}

/// The table, once everything sent has been acknowledged: an ACK may be delayed by 40 ms.
fn settled(port: u16) -> Vec<Row> {
    let end = Instant::now() + DEADLINE;
    loop {
        let rows = dump(&Scope::ports([port])).unwrap();
        let open = |row: &Row| matches!(row.state, Some(TcpState::Established | TcpState::FinWait1));
        if rows.iter().all(|row| !open(row) || row.send_q == Some(0)) {
            return rows;
        }
        assert!(Instant::now() < end, "{rows:#?}");
        std::thread::yield_now();
    }
}

fn ours(rows: &[Row]) -> BTreeSet<Line> {
    rows.iter()
        .map(|row| {
            let state = row.state.map_or(String::new(), |state| state.to_string());
            let peer = row.flow.peer.map_or("*".into(), |peer| peer.to_string());
            (row.flow.proto, state, row.recv_q.unwrap(), row.send_q.unwrap(), row.flow.local.to_string(), peer)
        })
        .collect()
}

fn theirs(port: u16) -> BTreeSet<Line> {
    let read = |proto, flags: &str| {
        let filter = format!("sport = :{port} or dport = :{port}");
        let out = Command::new("ss").args([flags, filter.as_str()]).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let text = String::from_utf8(out.stdout).unwrap();
        text.lines().map(|line| parse(proto, line)).collect::<Vec<_>>()
    };
    read(Proto::Tcp, "-tanH").into_iter().chain(read(Proto::Udp, "-uanH")).collect()
}

fn parse(proto: Proto, line: &str) -> Line {
    let words: Vec<&str> = line.split_whitespace().collect();
    let state = match words[0] {
        _ if proto == Proto::Udp => "",
        "ESTAB" => "ESTABLISHED",
        "SYN-SENT" => "SYN_SENT",
        "SYN-RECV" => "SYN_RECV",
        "FIN-WAIT-2" => "FIN_WAIT2",
        "CLOSE-WAIT" => "CLOSE_WAIT",
        "TIME-WAIT" => "TIME_WAIT",
        other => other,
    };
    let peer = if words[4].ends_with(":*") { "*" } else { words[4] };
    (proto, state.into(), words[1].parse().unwrap(), words[2].parse().unwrap(), words[3].into(), peer.into())
}

fn the_table_is_what_ss_prints() {
    let port = free_port();
    let _kept = scene(port);
    // None of these sockets changes any more.
    assert_eq!(ours(&settled(port)), theirs(port));
}

fn every_state_that_can_be_held_is_in_the_table() {
    use TcpState::{CloseWait, Established, FinWait2, Listen, SynRecv, SynSent, TimeWait};
    let port = free_port();
    let _kept = scene(port);
    let rows = settled(port);
    let states: BTreeSet<TcpState> = rows.iter().filter_map(|row| row.state).collect();
    assert_eq!(states, [Listen, SynSent, SynRecv, Established, FinWait2, CloseWait, TimeWait].into());
    for row in &rows {
        let timer = row.timer.map(|timer| timer.kind);
        match row.state {
            Some(TimeWait) => assert_eq!(timer, Some(TimerKind::TimeWait)),
            Some(SynSent | SynRecv) => assert_eq!(timer, Some(TimerKind::Retransmit), "{row:?}"),
            _ => assert_eq!(timer, None, "{row:?}"),
        }
    }
    assert_eq!(rows.iter().filter(|row| row.waits_for_accept()).count(), 2, "127.0.0.1 with 3 bytes, and 127.0.0.2");
    let listening = rows.iter().find(|row| row.flow.local.to_string() == format!("127.0.0.1:{port}")).unwrap();
    assert!(listening.state != Some(Listen) || (listening.recv_q, listening.send_q) == (Some(1), Some(8)));
    all_is_filtered_here(port, &rows);
    let addr = format!("127.0.0.1:{port}").parse().unwrap();
    assert_eq!(holder(Proto::Tcp, addr).unwrap().pid, std::process::id());
    assert_eq!(holder(Proto::Udp, addr).unwrap().pid, std::process::id());
    let any = format!("[::]:{port}").parse().unwrap();
    assert_eq!(holder(Proto::Tcp, any).unwrap().pid, std::process::id(), "a wildcard is in a listener's way");
    let elsewhere = format!("127.0.0.9:{port}").parse().unwrap();
    assert_eq!(holder(Proto::Tcp, elsewhere), None);
}

/// A list too long for the kernel's filter, and no filter at all, yield the same rows.
fn all_is_filtered_here(port: u16, rows: &[Row]) {
    let many = Scope::ports([port].into_iter().chain(60_000..62_000));
    let all: Vec<Row> = dump(&Scope::All).unwrap().into_iter().filter(|row| row.flow.has_port(port)).collect();
    let of_many: Vec<Row> = dump(&many).unwrap().into_iter().filter(|row| row.flow.has_port(port)).collect();
    assert_eq!(ours(&all), ours(rows));
    assert_eq!(ours(&of_many), ours(rows));
}
