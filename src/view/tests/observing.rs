//! Servers that another program runs, as the lab shows them.

use super::lab::{Lab, at};
use super::{screen, text};
use crate::domain::{
    Errno, EventKind, Evidence, Flow, Lang, Note, Process, Proto, ServerChange, TcpState, Timer, TimerKind, Transition,
};

fn watching(lang: Lang) -> Lab {
    let mut lab = Lab::empty(lang);
    lab.note(Note::Observing { servers: vec![] });
    lab
}

fn python() -> Process {
    Process { pid: 7330, name: "python3".into() }
}

/// A connection from this port that keeps the server's, for three quarters of a minute.
fn time_wait(lab: &mut Lab, from: u16) {
    lab.row(Flow::tcp(at(65_432), at(from)), Some(TcpState::TimeWait), |row| {
        row.process = None;
        row.timer = Some(Timer { kind: TimerKind::TimeWait, left_ms: 45_000, count: 0 });
    });
}

fn shown(lab: &mut Lab, size: (u16, u16)) -> String {
    text(&screen(&mut lab.model, size.0, size.1).0)
}

/// The line of the first server.
fn threaded(lab: &mut Lab, size: (u16, u16)) -> String {
    shown(lab, size).lines().find(|line| line.contains("threaded")).unwrap_or_default().to_owned()
}

/// Without frames and line breaks.
fn words(text: &str) -> String {
    let servers = text.lines().map(|line| line.trim_start_matches('┃').split(['┃', '│']).next().unwrap_or_default());
    servers.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_watched_server_shows_who_listens_and_how_many_wait() {
    let mut lab = watching(Lang::En);
    for size in [(80, 24), (120, 36)] {
        assert!(threaded(&mut lab, size).contains(":65432 nobody listens"), "{}", shown(&mut lab, size));
    }
    let said = words(&shown(&mut lab, (120, 36)));
    // Beside each of the four, and below.
    assert_eq!((said.matches("nobody listens").count(), said.contains("watched")), (5, false), "{said}");
    lab.row(Flow::unconnected(Proto::Tcp, at(65_432)), Some(TcpState::Listen), |row| {
        (row.recv_q, row.send_q, row.process) = (Some(2), Some(5), Some(python()));
    });
    lab.row(Flow::unconnected(Proto::Udp, at(65_432)), None, |row| row.process = Some(python()));
    for size in [(80, 24), (120, 36)] {
        let line = threaded(&mut lab, size);
        assert!(line.contains(":65432 LISTEN python3 ") && line.contains("  2/5"), "{line}");
        assert!(shown(&mut lab, size).contains(":65432 bound python3 7330"), "{}", shown(&mut lab, size));
    }
    let said = words(&shown(&mut lab, (120, 36)));
    assert!(said.contains("watched: python3 (pid 7330), not ours accept queue 2 of 5"), "{said}");
}

#[test]
fn a_connection_for_which_bind_fails_is_named() {
    for (lang, who, short, long) in [
        (
            Lang::En,
            "nobody listens: TIME_WAIT 45 s",
            "in use: TIME_WAIT 45 s",
            "TIME_WAIT 45 s: bind() gives EADDRINUSE, unless both sockets have SO_REUSEADDR",
        ),
        (
            Lang::PtBr,
            "ninguém escuta: TIME_WAIT 45 s",
            "em uso: TIME_WAIT 45 s",
            "TIME_WAIT 45 s: bind() dá EADDRINUSE, a não ser que os dois sockets tenham SO_REUSEADDR",
        ),
    ] {
        let mut watched = watching(lang);
        time_wait(&mut watched, 40_000);
        let mut ours = Lab::empty(lang);
        time_wait(&mut ours, 40_000);
        ours.server(0, ServerChange::Failed { errno: Errno::AddrInUse, holder: None });
        for (lab, short) in [(&mut watched, who), (&mut ours, short)] {
            assert!(threaded(lab, (80, 24)).contains("TIME_WAIT 45 s"), "{}", shown(lab, (80, 24)));
            assert!(threaded(lab, (140, 45)).contains(short), "{}", shown(lab, (140, 45)));
            for size in [(120, 36), (140, 45)] {
                let said = words(&shown(lab, size));
                assert!(said.contains(&format!(":65432 ↔ 127.0.0.1:40000 {long}")), "{said}");
            }
        }
        // It is not said once somebody else listens.
        ours.server(0, ServerChange::Failed { errno: Errno::AddrInUse, holder: Some(python()) });
        assert!(!words(&shown(&mut ours, (140, 45))).contains(long));
    }
}

#[test]
fn connections_without_a_number_are_named_by_their_port() {
    let mut lab = watching(Lang::En);
    let end = Flow::tcp(at(65_432), at(40_000));
    let change = Transition { flow: end, from: TcpState::Listen, to: TcpState::SynRecv, cause: None };
    lab.seen(Evidence::Traced, EventKind::State(change));
    for (size, name) in [((80, 24), "thr… :40000 ▲ LISTEN"), ((200, 60), "thread… :40000 ▲ LISTEN")] {
        assert!(shown(&mut lab, size).contains(name), "{}", shown(&mut lab, size));
    }
}

#[test]
fn what_helps_against_a_port_in_use_can_be_read_on_a_common_screen() {
    for (lang, remedy) in
        [(Lang::En, "end its program, or use another port"), (Lang::PtBr, "encerre o programa ou use outra porta")]
    {
        for holder in [None, Some(Process { pid: 4_194_303, name: "python3".into() })] {
            let mut lab = Lab::empty(lang);
            lab.server(0, ServerChange::Failed { errno: Errno::AddrInUse, holder });
            let said = words(&shown(&mut lab, (120, 36)));
            assert!(said.contains(remedy), "{said}");
        }
    }
}
