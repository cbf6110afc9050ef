//! `socklab-tui netstat`: text, JSON Lines, a filter's error, a reader that leaves, and changes as they happen.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;

use serde_json::Value;

use crate::pty::{ChildGuard, PROGRAM};

fn netstat(args: &[&str]) -> Output {
    Command::new(PROGRAM).arg("netstat").args(args).env("LANG", "C.UTF-8").env_remove("LC_ALL").output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A listener and both ends of one connection to it.
pub(crate) fn connection() -> (TcpListener, TcpStream, TcpStream, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let client = TcpStream::connect(addr).unwrap();
    let (server, _) = listener.accept().unwrap();
    (listener, client, server, addr.port())
}

#[test]
fn as_text_it_reads_like_netstat() {
    let (_listener, client, _server, port) = connection();
    let run = netstat(&[&port.to_string()]);
    assert!(run.status.success());
    let out = text(&run.stdout);
    let mut lines = out.lines();
    assert!(lines.next().unwrap().starts_with("Proto Recv-Q Send-Q Local Address"), "{out}");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut rows: Vec<_> = lines.map(words).collect();
    rows.sort();
    let server = format!("127.0.0.1:{port}");
    let own = client.local_addr().unwrap().to_string();
    let mut expected = [
        vec!["tcp", "0", "0", &own, &server, "ESTABLISHED"],
        vec!["tcp", "0", "0", &server, &own, "ESTABLISHED"],
        vec!["tcp", "0", "128", &server, "0.0.0.0:*", "LISTEN"],
    ];
    // The backlog is chosen by the standard library.
    if let Some(row) = rows.iter().find(|row| row.last().is_some_and(|state| state == "LISTEN")) {
        expected[2][2] = &row[2];
        let mut expected = expected.map(|row| row.into_iter().map(str::to_owned).collect::<Vec<_>>());
        expected.sort();
        assert_eq!(rows, expected, "{out}");
    } else {
        panic!("no listener: {out}");
    }
}

#[test]
fn as_json_it_is_a_socket_a_line_with_stable_keys() {
    let (_listener, client, _server, port) = connection();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let udp_port = udp.local_addr().unwrap().port();
    let run = netstat(&["--json", "port", &format!("{port},{udp_port}")]);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let rows: Vec<Value> = text(&run.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let keys = ["proto", "recv_q", "send_q", "local", "peer", "state", "pid", "process", "timer", "timer_ms"];
    for row in &rows {
        assert!(row.as_object().unwrap().keys().all(|key| keys.contains(&key.as_str())), "{row}");
    }
    let own = client.local_addr().unwrap().to_string();
    let row = rows.iter().find(|row| row["local"] == own.as_str()).expect("the client's end");
    assert_eq!(row["proto"], "tcp");
    assert_eq!(row["peer"], format!("127.0.0.1:{port}"));
    assert_eq!(row["state"], "ESTABLISHED");
    assert_eq!(row["pid"], std::process::id());
    assert!(row["process"].as_str().is_some_and(|name| !name.is_empty()));
    let row = rows.iter().find(|row| row["proto"] == "udp" && row["local"] == format!("127.0.0.1:{udp_port}"));
    let row = row.expect("the datagram socket");
    assert_eq!((row["peer"].as_str(), row.get("state")), (Some("0.0.0.0:*"), None));
}

#[test]
fn a_wrong_filter_is_pointed_at() {
    let run = netstat(&["port 65432 and state estabished"]);
    assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0));
    let error = text(&run.stderr);
    let lines: Vec<_> = error.lines().collect();
    let typed = lines.iter().position(|line| line.contains("state estabished")).expect("what was typed");
    let word = lines[typed].find("estabished");
    let mark = lines[typed + 1].find('^');
    assert!(word.is_some() && word == mark, "{error}");
    assert_eq!(lines[typed + 1].trim(), "^".repeat("estabished".len()));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child =
        Command::new(PROGRAM).args(["netstat", "--watch", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    // The pipe is closed before anything was read: the next change cannot be written.
    drop(child.stdout.take());
    let deadline = std::time::Instant::now() + crate::pty::DEADLINE;
    let status = loop {
        let (_listener, _client, _server, _) = connection();
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(std::time::Instant::now() < deadline, "it goes on without a reader");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(status.success(), "{status:?}");
}

#[test]
fn a_watch_prints_the_rows_found_added_and_gone() {
    let (listener, _client, _server, port) = connection();
    let mut command = Command::new(PROGRAM);
    command.args(["netstat", "--watch", "--json", "port", &port.to_string()]).stdout(Stdio::piped());
    let mut watching = ChildGuard(command.spawn().unwrap());
    let (near, lines) = mpsc::channel();
    let out = BufReader::new(watching.0.stdout.take().unwrap());
    std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| near.send(line)));
    let next = |change: &str, local: &str| loop {
        let line = lines.recv_timeout(crate::pty::DEADLINE).unwrap_or_else(|_| panic!("not told: {change} {local}"));
        let row: Value = serde_json::from_str(&line).unwrap();
        if row["change"] == change && row["local"] == local {
            return row;
        }
    };
    let server = format!("127.0.0.1:{port}");
    assert_eq!(next("found", &server)["state"], "LISTEN");
    let late = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let own = late.local_addr().unwrap().to_string();
    let row = next("added", &own);
    assert_eq!((row["state"].as_str(), row["peer"].as_str()), (Some("ESTABLISHED"), Some(server.as_str())));
    // Reset, so that nothing of it is left.
    rustix::net::sockopt::set_socket_linger(&late, Some(std::time::Duration::ZERO)).unwrap();
    drop(late);
    assert_eq!(next("gone", &own)["peer"], server.as_str());
}
