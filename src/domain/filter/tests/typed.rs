//! Expressions as people type them, and what they mean: a simple evaluator to compare the real one with.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;

pub(super) const PORTS: [u16; 6] = [65432, 65433, 65434, 44086, 80, 8080];

/// An expression as people type it, and its meaning.
#[derive(Debug, Clone)]
pub(super) enum Typed {
    /// Searched for in the line of netstat or of ss.
    Word(&'static str),
    Ports(&'static str, Vec<(u16, u16)>, &'static str),
    /// The spelling and the state's canonical name.
    State(&'static str, &'static str),
    /// A field, a network and the bits with which its addresses begin.
    Net(&'static str, &'static str, &'static str),
    Pid(&'static str, u32),
    Not(&'static str, Box<Typed>),
    And(Box<Typed>, &'static str, Box<Typed>),
    Or(Box<Typed>, &'static str, Box<Typed>),
}
use Typed::{And, Net, Not, Or, Pid, Ports, State, Word};

impl Typed {
    pub(super) fn text(&self) -> String {
        match self {
            Word(word) => (*word).into(),
            Ports(field, spans, sign) => {
                let spans = spans.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") });
                format!("{field}{sign}{}", spans.collect::<Vec<_>>().join(","))
            }
            State(spelling, _) => format!("state {spelling}"),
            Net(field, net, _) => format!("{field} {net}"),
            Pid(sign, pid) => format!("pid{sign}{pid}"),
            Not(sign, inner) => format!("{sign}{}", inner.inside(3)),
            And(a, sign, b) => format!("{}{sign}{}", a.inside(2), b.inside(2)),
            Or(a, sign, b) => format!("{}{sign}{}", a.inside(1), b.inside(1)),
        }
    }

    /// In parentheses if it binds weaker than its surroundings.
    fn inside(&self, level: u8) -> String {
        let own = match self {
            Or(..) => 1,
            And(..) => 2,
            _ => 3,
        };
        if own < level { format!("({})", self.text()) } else { self.text() }
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        let ends = |field: &str| -> Vec<SocketAddr> {
            let src = Some(row.flow.local);
            let dst = row.flow.peer;
            let chosen = match field.as_bytes()[0] {
                b'd' => [None, dst],
                b's' => [src, None],
                _ => [src, dst],
            };
            chosen.into_iter().flatten().collect()
        };
        match self {
            Word(word) => {
                lines(row).iter().any(|line| line.contains(&word.replace(['"', '[', ']'], "").to_lowercase()))
            }
            Ports(field, spans, sign) => {
                let found = ends(field).iter().any(|at| spans.iter().any(|(a, b)| (*a..=*b).contains(&at.port())));
                found != sign.contains('!')
            }
            State(_, name) => state_of(row).is_some_and(|state| state.name() == *name),
            Net(field, _, bits) => ends(field).iter().any(|at| {
                let v4 = |ip: std::net::Ipv4Addr| format!("4:{:032b}", ip.to_bits()).starts_with(bits);
                match at.ip() {
                    std::net::IpAddr::V4(ip) => v4(ip),
                    std::net::IpAddr::V6(ip) => {
                        format!("6:{:0128b}", ip.to_bits()).starts_with(bits) || ip.to_ipv4_mapped().is_some_and(v4)
                    }
                }
            }),
            Pid(sign, pid) => {
                let own = row.process.as_ref().map(|process| process.pid);
                match sign.trim() {
                    "=" | ":" => own == Some(*pid),
                    "!=" => own != Some(*pid),
                    "<=" => own.is_some_and(|own| own <= *pid),
                    ">" => own.is_some_and(|own| own > *pid),
                    other => unreachable!("{other}"),
                }
            }
            Not(_, inner) => !inner.holds(row),
            And(a, _, b) => a.holds(row) && b.holds(row),
            Or(a, _, b) => a.holds(row) || b.holds(row),
        }
    }
}

/// A UDP socket with a peer is established (`udp4_format_sock` in `net/ipv4/udp.c`).
fn state_of(row: &Row) -> Option<TcpState> {
    match (row.flow.proto, row.flow.peer) {
        (Proto::Udp, Some(_)) => Some(TcpState::Established),
        _ => row.state,
    }
}

/// The row as netstat prints it, and with the state as ss prints it.
pub(super) fn lines(row: &Row) -> [String; 2] {
    let six = if row.flow.local.is_ipv6() { "6" } else { "" };
    let nobody = if row.flow.local.is_ipv6() { ":::*" } else { "0.0.0.0:*" };
    let peer = row.flow.peer.map_or(nobody.to_owned(), |peer| peer.to_string());
    let owner = row.process.as_ref().map_or("-".to_owned(), |process| format!("{}/{}", process.pid, process.name));
    let netstat = state_of(row).map_or(String::new(), |state| format!("{state} "));
    let ss = netstat.replace('_', "-").replace("WAIT1", "WAIT-1").replace("WAIT2", "WAIT-2");
    [netstat, ss].map(|state| {
        format!("{}{six} {} {peer} {state}{owner}", row.flow.proto, row.flow.local)
            .replace(['[', ']'], "")
            .to_lowercase()
    })
}

pub(super) fn typed() -> impl Strategy<Value = Typed> {
    let word = prop::sample::select(vec![
        "65432",
        "estab",
        "LISTEN",
        "127.0.0.1:65432",
        ":65433",
        ":80",
        "python",
        "time-wait",
        "Fin-Wait-1",
        "udp",
        "tcp6",
        "[::1]:80",
        "*",
        "\"- \"",
        "\"tcp 127\"",
        "4121/",
    ]);
    let field = prop::sample::select(vec!["port", "sport", "dport"]);
    let sign = prop::sample::select(vec![" ", ":", " = ", "==", "!=", " = :"]);
    let span = (prop::sample::select(&PORTS[..]), prop_oneof![Just(0), 0..500_u16]);
    let spans = prop::collection::vec(span.prop_map(|(a, more)| (a, a.saturating_add(more))), 1..3);
    let state = prop::sample::select(vec![
        ("syn-received", "SYN_RECV"),
        ("Estab", "ESTABLISHED"),
        ("fin_wait_2", "FIN_WAIT2"),
        ("listening", "LISTEN"),
        ("TIME_WAIT", "TIME_WAIT"),
        ("close", "CLOSED"),
    ]);
    let net = prop::sample::select(vec![
        ("127.0.0.0/8", "4:01111111"),
        ("127.0.0.1/9", "4:011111110"),
        ("0.0.0.0/0", "4:"),
        ("::/0", "6:"),
        ("10.1.2.3", "4:00001010000000010000001000000011"),
        ("fe80::/10", "6:1111111010"),
    ]);
    let leaf = prop_oneof![
        3 => word.prop_map(Word),
        2 => (field, spans, sign).prop_map(|(field, spans, sign)| Ports(field, spans, sign)),
        1 => state.prop_map(|(spelling, name)| State(spelling, name)),
        1 => (prop::sample::select(vec!["host", "src", "dst"]), net).prop_map(|(field, (net, bits))| Net(field, net, bits)),
        1 => (prop::sample::select(vec![" = ", ":", "!=", "<=", " > "]), prop::sample::select(vec![80, 4121, 65432]))
            .prop_map(|(sign, pid)| Pid(sign, pid)),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let inner = inner.prop_map(Box::new);
        let and = prop::sample::select(vec![" ", " and ", "&&", " AND "]);
        let or = prop::sample::select(vec![" or ", "||", " | "]);
        prop_oneof![
            (prop::sample::select(vec!["not ", "! ", "!"]), inner.clone()).prop_map(|(sign, a)| Not(sign, a)),
            (inner.clone(), and, inner.clone()).prop_map(|(a, sign, b)| And(a, sign, b)),
            (inner.clone(), or, inner).prop_map(|(a, sign, b)| Or(a, sign, b)),
        ]
    })
}
