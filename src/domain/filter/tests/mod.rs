//! Filters and completions by example.

mod packets;
mod property;
mod refusal;
mod typed;

use super::complete::Completion;
use super::filter_field::FilterField;
use super::filterable::line_of;
use super::*;
use crate::domain::{Flow, Process, Proto, Row, TcpState};

fn row(proto: Proto, local: &str, peer: Option<&str>, state: Option<TcpState>, process: Option<(u32, &str)>) -> Row {
    Row {
        flow: Flow { proto, local: local.parse().unwrap(), peer: peer.map(|peer| peer.parse().unwrap()) },
        state,
        recv_q: Some(0),
        send_q: Some(128),
        timer: None,
        uid: Some(1000),
        inode: None,
        cookie: 0,
        process: process.map(|(pid, name)| Process { pid, name: name.into() }),
    }
}

/// A small table: 0 listener, 1 client, 2 its server end, 3 `TIME_WAIT`, 4 UDP, 5 an IPv6 listener, 6 `SYN_RECV` over an
/// IPv6 socket, 7 an unrelated socket whose pid is 65432.
fn table() -> Vec<Row> {
    use TcpState::{CloseWait, Established, Listen, SynRecv, TimeWait};
    vec![
        row(Proto::Tcp, "127.0.0.1:65432", None, Some(Listen), Some((4121, "Python3"))),
        row(Proto::Tcp, "127.0.0.1:44086", Some("127.0.0.1:65432"), Some(Established), Some((4121, "Python3"))),
        row(Proto::Tcp, "127.0.0.1:65432", Some("127.0.0.1:44086"), Some(Established), None),
        row(Proto::Tcp, "127.0.0.1:51240", Some("127.0.0.1:65433"), Some(TimeWait), None),
        row(Proto::Udp, "0.0.0.0:65432", None, None, Some((4121, "Python3"))),
        row(Proto::Tcp, "[::]:8080", None, Some(Listen), None),
        row(Proto::Tcp, "[::ffff:10.0.0.1]:65434", Some("[::ffff:10.0.0.7]:1234"), Some(SynRecv), None),
        row(Proto::Tcp, "192.168.1.5:40000", Some("93.184.216.34:443"), Some(CloseWait), Some((65432, "curl"))),
    ]
}

fn hits(text: &str) -> Vec<usize> {
    let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    table().iter().enumerate().filter(|(_, row)| filter.matches(*row)).map(|(n, _)| n).collect()
}

#[test]
fn words_are_found_as_grep_finds_them_in_the_line_of_netstat() {
    assert_eq!(line_of(&table()[0], &mut None).as_str(), "tcp 127.0.0.1:65432 0.0.0.0:* listen 4121/python3");
    assert_eq!(line_of(&table()[6], &mut None).as_str(), "tcp6 ::ffff:10.0.0.1:65434 ::ffff:10.0.0.7:1234 syn_recv -");
    for (text, want) in [
        ("", vec![0, 1, 2, 3, 4, 5, 6, 7]),
        (" \t", vec![0, 1, 2, 3, 4, 5, 6, 7]),
        ("65432", vec![0, 1, 2, 4, 7]),
        ("6543", vec![0, 1, 2, 3, 4, 6, 7]),
        ("estab", vec![1, 2]),
        ("LISTEN", vec![0, 5]),
        ("python 127.0.0.1:65432", vec![0, 1]),
        ("time-wait", vec![3]),
        ("SYN-RECEIVED", vec![6]),
        ("unconn", vec![4]),
        ("un", vec![]),
        ("udp", vec![4]),
        ("tcp6", vec![5, 6]),
        ("[::]:8080", vec![5]),
        (":::8080", vec![5]),
        ("10.0.0.1:65434", vec![6]),
        ("\"0.0.0.0:* LISTEN\"", vec![0]),
        ("\"time-wait\"", vec![]),
        ("[", vec![]),
        ("\"\"", vec![0, 1, 2, 3, 4, 5, 6, 7]),
    ] {
        assert_eq!(hits(text), want, "{text}");
    }
}

#[test]
fn fields_compare_in_every_accepted_spelling() {
    for (text, want) in [
        ("port 65432", vec![0, 1, 2, 4]),
        ("port:65432", vec![0, 1, 2, 4]),
        ("Port == 65432", vec![0, 1, 2, 4]),
        ("sport = :65432", vec![0, 2, 4]),
        ("sport eq 65432 && tcp", vec![0, 2]),
        ("src port 65432", vec![0, 2, 4]),
        ("dport:65432", vec![1]),
        ("port != 65432", vec![3, 5, 6, 7]),
        ("not port 65432", vec![3, 5, 6, 7]),
        ("port 65433-65434", vec![3, 6]),
        ("65433-65434", vec![3, 6]),
        ("65433, 65434", vec![3, 6]),
        ("port 65433,8000-9000", vec![3, 5]),
        ("sport >= 65433", vec![6]),
        ("dport < 1024", vec![7]),
        ("pid 65432", vec![7]),
        ("pid != 65432", vec![0, 1, 2, 3, 4, 5, 6]),
        ("pid > 0", vec![0, 1, 4, 7]),
        ("uid 1000 recv-q 0 Send_Q:128 port 443", vec![7]),
        ("host 127.0.0.0/8", vec![0, 1, 2, 3]),
        ("host localhost:65432", vec![0, 1, 2]),
        ("src 10.0.0.1", vec![6]),
        ("dst [::ffff:10.0.0.7]:1234", vec![6]),
        ("dst :443,127.0.0.1:65432", vec![1, 7]),
        ("src *:65432", vec![0, 2, 4]),
        ("host ::/0", vec![5, 6]),
        ("state established,time_wait", vec![1, 2, 3]),
        ("state FIN-WAIT-1,Close-Wait", vec![7]),
        ("state != listen and proto tcp", vec![1, 2, 3, 6, 7]),
        ("state:listening", vec![0, 5]),
        ("state unconn", vec![4]),
        ("state connected", vec![1, 2, 3, 6, 7]),
        ("state bucket", vec![3, 6]),
        ("state synchronized", vec![1, 2, 3, 6, 7]),
        ("state all", vec![0, 1, 2, 3, 4, 5, 6, 7]),
        ("proto udp,tcp6", vec![4, 5, 6]),
        ("udp or state listen port 65432", vec![0, 4]),
        ("(udp || state listen) port 65432", vec![0, 4]),
        ("(udp | state listen) & ! port 65432", vec![5]),
        ("NOT NOT udp", vec![4]),
    ] {
        assert_eq!(hits(text), want, "{text}");
    }
}

#[test]
fn a_name_too_long_for_the_line_is_cut_and_nothing_else_is() {
    let scoped =
        std::net::SocketAddrV6::new("fe80:1111:2222:3333:4444:5555:6666:7777".parse().unwrap(), 65432, 0, u32::MAX);
    let mut row = row(Proto::Tcp, "127.0.0.1:1", None, Some(TcpState::Established), Some((u32::MAX, "")));
    row.flow = Flow::tcp(scoped.into(), scoped.into());
    for name in ["é".repeat(1000), format!("e{}", "é".repeat(1000))] {
        row.process.as_mut().unwrap().name = name;
        assert!(Filter::parse("6666:7777%4294967295:65432 established 4294967295/ ééé").unwrap().matches(&row));
    }
}

#[test]
fn a_prefix_ends_at_its_bit() {
    let end = |ip: &str| row(Proto::Tcp, &format!("{ip}:80"), None, None, None);
    for (net, inside, outside) in [
        ("10.0.0.5/30", ["10.0.0.4", "10.0.0.7", "[::ffff:10.0.0.6]"], ["10.0.0.3", "10.0.0.8", "[::5]"]),
        ("10.0.0.5", ["10.0.0.5", "10.0.0.5", "[::ffff:10.0.0.5]"], ["10.0.0.4", "10.0.0.13", "[::5]"]),
        (
            "2001:db8::/33",
            ["[2001:db8::1]", "[2001:db8:7fff::]", "[2001:db8::]"],
            ["[2001:db8:8000::]", "[2001:db9::]", "[::]"],
        ),
        ("::1", ["[::1]", "[::1]", "[::1]"], ["[::]", "[::3]", "0.0.0.1"]),
    ] {
        let filter = Filter::parse(&format!("src {net}")).unwrap();
        assert!(inside.iter().all(|ip| filter.matches(&end(ip))), "{net}");
        assert!(!outside.iter().any(|ip| filter.matches(&end(ip))), "{net}");
    }
}

#[test]
fn a_udp_socket_with_a_peer_is_established() {
    let connected = row(Proto::Udp, "127.0.0.1:50000", Some("127.0.0.1:65432"), None, None);
    let matches = |text| Filter::parse(text).unwrap().matches(&connected);
    assert!(!matches("unconn") && !matches("state unconn") && !matches("not state connected"));
    assert!(matches("state all") && matches("state connected") && matches("state established") && matches("estab"));
}

#[test]
fn a_filter_names_the_ports_to_request_from_the_kernel() {
    for (text, want) in [
        ("", None),
        ("65432", Some(vec![65432])),
        ("\"65432\"", None),
        ("0", None),
        ("65536", None),
        (":65432", Some(vec![65432])),
        ("127.0.0.1:65432", Some(vec![65432])),
        ("fe80::1", None),
        (":80", None),
        ("estab", None),
        ("65432 estab", Some(vec![65432])),
        ("65432 or estab", None),
        ("65432 or sport 65433", Some(vec![65432, 65433])),
        ("65432-65434", Some(vec![65432, 65433, 65434])),
        ("port 1-65535", None),
        ("port 0", None),
        ("port != 65432", None),
        ("not (state listen or not port 7)", Some(vec![7])),
        ("sport 1-3 and dport 5", Some(vec![5])),
        ("src 127.0.0.1:80,:443", Some(vec![80, 443])),
        ("src 127.0.0.1:80,10.0.0.1", None),
        ("pid 65432", None),
    ] {
        assert_eq!(Filter::parse(text).unwrap().ports(), want.map(BTreeSet::from_iter), "{text}");
    }
}

#[test]
fn completion_proposes_the_words_that_fit_at_the_cursor() {
    for (text, range, want) in [
        ("s|", 0..1, vec!["sport", "src", "state", "sendq", "seq"]),
        ("udp and dp|", 8..10, vec!["dport"]),
        ("(PR|", 1..3, vec!["proto"]),
        ("state:SYN-R|", 6..11, vec!["SYN_RECV"]),
        ("state != t|", 9..10, vec!["TIME_WAIT"]),
        ("state listen, fin|", 14..17, vec!["FIN_WAIT1", "FIN_WAIT2"]),
        ("state c|lose and udp", 6..11, vec!["CLOSED", "CLOSE_WAIT", "CLOSING", "connected"]),
        ("flags S|", 6..7, vec!["syn"]),
        ("proto u|", 6..7, vec!["udp", "udp4", "udp6"]),
        ("port |", 5..5, vec![]),
        ("host 1|", 5..6, vec![]),
        ("\"s|", 2..2, vec![]),
        ("\"s\"|", 3..3, vec![]),
        ("state listen p|", 13..14, vec!["port", "proto", "pid"]),
    ] {
        let cursor = text.find('|').unwrap();
        let completion = complete(&text.replace('|', ""), cursor);
        assert_eq!(completion, Completion { range, candidates: want }, "{text}");
    }
    assert_eq!(complete("", usize::MAX).candidates.len(), FilterField::ALL.len());
}
