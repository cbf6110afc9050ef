//! `socklab-tui client` with servers that answer late, too little, too much or not at all.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::pty::PROGRAM;

/// Runs a client for at most a second a call, against a server that does this. Returns what it printed, its errors and
/// how long it took.
fn client(json: bool, serve: impl FnOnce(TcpStream) + Send + 'static) -> (String, String, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
    let begun = Instant::now();
    let json = if json { &["--json"][..] } else { &["--lang", "en"] };
    let mut command = Command::new(PROGRAM);
    command.args(["client", "tcp", &addr, "Hello", "--timeout", "1"]).args(json).env("LC_ALL", "C.UTF-8");
    let done = command.output().unwrap();
    let took = begun.elapsed();
    server.join().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&done.stdout), text(&done.stderr), took)
}

/// Reads to the end: the client closes.
fn read_on(mut peer: TcpStream) {
    let _ = peer.read_to_end(&mut Vec::new());
}

#[test]
fn a_server_that_never_answers_is_given_up_after_the_time_asked_for() {
    let (said, errors, took) = client(false, read_on);
    assert!(said.contains("recv(4096) → timed out after 1.0 s"), "{said}");
    assert!(said.contains("close()") && errors.is_empty(), "{said}{errors}");
    // A call that waits in vain holds up no other: it took four times as long once.
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(3), "{took:?}");
    let (said, ..) = client(true, read_on);
    let mut recv = said.lines().filter(|line| line.contains(r#""call":"recv""#));
    assert!(recv.next().is_some_and(|line| line.contains(r#""phase":"waits""#)), "{said}");
    let recv = recv.next().unwrap();
    assert!(recv.contains(r#""result":"timed out""#) && recv.contains(r#""took_us":1"#), "{recv}");
}

#[test]
fn a_server_that_answers_less_than_was_sent_is_given_up_and_that_is_said() {
    let (said, errors, _) = client(false, |mut peer| {
        peer.write_all(b"Hel").unwrap();
        read_on(peer);
    });
    let (first, rest) = said.split_once("recv(3) \"Hel\"").unwrap();
    assert!(rest.contains("recv(4096) → timed out after 1.0 s") && !first.contains("timed out"), "{said}");
    assert_eq!(errors, "socklab-tui: 3 B came back, 5 B were sent\n");
}

#[test]
fn an_answer_that_is_not_read_to_its_end_makes_close_send_a_reset() {
    let many = |mut peer: TcpStream| {
        // More than one recv takes; the client closes meanwhile.
        let _ = peer.write_all(&vec![b'x'; 60_000]);
        read_on(peer);
    };
    let (said, ..) = client(false, many);
    let close = said.lines().find(|line| line.contains("close()")).unwrap();
    assert!(close.contains("received and not read: sends a RST, not a FIN (RFC 2525 §2.17)"), "{said}");
    assert!(said.contains("ESTABLISHED → CLOSED") && !said.contains("FIN_WAIT1"), "{said}");
    let (said, ..) = client(true, many);
    let close = said.lines().find(|line| line.contains(r#""call":"close""#)).unwrap();
    let close: serde_json::Value = serde_json::from_str(close).unwrap();
    assert!(close["unread"].as_u64().is_some_and(|bytes| bytes > 0 && bytes < 60_000), "{close}");
}

#[test]
fn every_byte_of_an_answer_is_accounted_for() {
    let (said, ..) = client(false, |mut peer| {
        let _ = peer.read(&mut [0; 5]);
        peer.write_all(b"500 what?\r\n").unwrap();
        read_on(peer);
    });
    assert!(said.contains("recv(11) \"500 what?␍⏎\""), "{said}");
}

/// Runs a UDP client for at most a second against this address. Returns what it printed, its errors and its status.
fn datagram(addr: &str) -> (String, String, Option<i32>) {
    let mut command = Command::new(PROGRAM);
    command.args(["client", "udp", addr, "Hello", "--timeout", "1", "--lang", "en"]).env("LC_ALL", "C.UTF-8");
    let done = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&done.stdout), text(&done.stderr), done.status.code())
}

#[test]
fn a_datagram_that_nobody_answers_is_given_up_after_the_time_asked_for() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (said, errors, status) = datagram(&silent.local_addr().unwrap().to_string());
    let given_up = said.find("recvfrom(65535) → timed out after 1.0 s");
    assert!(given_up.is_some() && given_up < said.find("close()"), "{said}");
    assert_eq!((errors.contains("no answer in 1.0 s"), status), (true, Some(1)), "{errors}");
}

/// As for TCP, the port unreachable of ICMP is ECONNREFUSED.
#[test]
#[cfg(target_os = "linux")]
fn a_datagram_to_a_closed_port_is_refused() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (said, errors, status) = datagram(&closed);
    assert!(said.contains("setsockopt(IP_RECVERR)") && said.contains("recvfrom() → ECONNREFUSED"), "{said}");
    assert_eq!((errors.as_str(), status), ("", Some(1)));
}
