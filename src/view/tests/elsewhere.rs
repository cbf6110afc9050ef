//! Clients that connect to other machines, and peers from there: their rows, and why clients wait.

use std::net::SocketAddr;
use std::time::Duration;

use super::lab::{Lab, at};
use super::{networks, scenes, screen, text};
use crate::domain::client::ClientChange;
use crate::domain::guard::GuardAction;
use crate::domain::{
    Args, Call, ClientId, ClientPlan, ConnNo, Delta, Destination, Errno, EventKind, Evidence, Flow, GuardEvent, Lang,
    Note, Outcome, Proto, RowKey, ServerId, SocketId, Syscall, TargetChange, TcpState, Unresolved,
};

fn shown(lab: &mut Lab, columns: u16, rows: u16) -> String {
    text(&screen(&mut lab.model, columns, rows).0)
}

/// A client that dials this address, and fails like this.
fn fails(lab: &mut Lab, id: u32, addr: &str, errno: Errno) {
    let destination = Destination { server: None, proto: Proto::Tcp, addr: addr.parse().unwrap() };
    let socket = SocketId::Client(ClientId(id));
    let local = "192.168.0.10:56850".parse().unwrap();
    let flow = Flow::tcp(local, destination.addr);
    lab.client(id, ClientChange::Spawned { plan: ClientPlan::Stay, destination });
    lab.client(id, ClientChange::Dialing { flow });
    let connect = Call::new(socket, Syscall::Connect).with(Args::Addr(destination.addr)).on(flow);
    lab.call(Call { result: Outcome::Failed(errno), ..connect });
    lab.client(id, ClientChange::Ended);
}

#[test]
fn a_lookup_in_progress_and_a_failed_lookup_are_shown() {
    for (lang, looking, wait, nowhere) in [
        (Lang::En, "looking for lab-12", "3 clients wait", "lab-12: there is no host"),
        (Lang::PtBr, "procurando lab-12", "3 clientes esperam", "lab-12: não existe máquina"),
    ] {
        let mut lab = scenes::started(lang);
        networks::target(&mut lab, "lab-12", TargetChange::Set);
        lab.keys("3c");
        for (columns, rows) in [(80, 24), (100, 30), (120, 36)] {
            let shown = shown(&mut lab, columns, rows);
            assert!(shown.contains(looking) && shown.contains(wait), "{columns}×{rows}:\n{shown}");
        }
        networks::target(&mut lab, "lab-12", TargetChange::Lost { why: Unresolved::NoSuchHost });
        let shown = shown(&mut lab, 80, 24);
        assert!(shown.contains(nowhere) && !shown.contains(wait), "{shown}");
    }
}

#[test]
fn a_destination_on_another_machine_is_shown_with_its_address() {
    let mut lab = scenes::started(Lang::En);
    lab.note(Note::Addresses { addresses: vec!["192.168.0.10".parse().unwrap()] });
    fails(&mut lab, 1, "192.168.0.7:65432", Errno::TimedOut);
    let destination = Destination { server: None, proto: Proto::Tcp, addr: "192.168.0.7:65432".parse().unwrap() };
    lab.client(2, ClientChange::Spawned { plan: ClientPlan::Stay, destination });
    let flow = Flow::tcp("192.168.0.10:40002".parse().unwrap(), destination.addr);
    lab.client(2, ClientChange::Dialing { flow });
    let shown_at = |lab: &mut Lab, columns| shown(lab, columns, 36);
    assert!(shown_at(&mut lab, 120).contains("192.168.0.10:40002 ─▶ 192.168.0.7:65432"));
    // Where there is no room the port stays.
    let narrow = shown(&mut lab, 60, 20);
    assert!(narrow.contains(":40002") && narrow.contains(":65432"), "{narrow}");
    let mut home = scenes::lesson(Lang::En);
    assert!(!shown_at(&mut home, 160).contains("─▶ 127.0.0.1:65432"), "here the port says it all");
}

#[test]
fn the_reason_of_a_failed_client_is_never_cut() {
    for lang in [Lang::En, Lang::PtBr] {
        let words = crate::text::of(lang);
        for errno in
            [Errno::ConnRefused, Errno::HostUnreach, Errno::NetUnreach, Errno::TimedOut, Errno::ConnReset, Errno::Mfile]
        {
            let mut lab = scenes::started(lang);
            fails(&mut lab, 1, "192.168.0.7:65432", errno);
            for (columns, rows) in [(80, 24), (100, 30), (120, 36), (160, 45)] {
                let shown = shown(&mut lab, columns, rows);
                let why = (words.errno)(errno).what;
                let row = shown
                    .lines()
                    .any(|line| line.contains(&errno.to_string()) && line.contains(why) && line.contains("#1"));
                assert!(row, "{errno} at {columns}×{rows}:\n{shown}");
            }
        }
    }
}

#[test]
fn the_server_end_of_a_remote_peer_is_shown_until_both_ends_close() {
    for (lang, whose) in [(Lang::En, "server's end"), (Lang::PtBr, "lado do servidor")] {
        let mut lab = networks::opened(lang);
        lab.keys("N");
        networks::came(&mut lab, 1, "192.168.0.21:50312", b"oi");
        let (local, peer): (SocketAddr, _) =
            ("192.168.0.10:65432".parse().unwrap(), "192.168.0.21:50312".parse().unwrap());
        let flow = Flow::tcp(local, peer);
        lab.row(flow, Some(TcpState::Established), |_| ());
        lab.call(Call::new(SocketId::Conn(ServerId(0), ConnNo(1)), Syscall::Close).on(flow));
        lab.row(flow, Some(TcpState::FinWait2), |_| ());
        let told = shown(&mut lab, 120, 36);
        assert!(
            told.lines().any(|line| line.contains("─▶") && line.contains("FIN_WAIT2") && line.contains(whose)),
            "{told}"
        );
        lab.row(flow, Some(TcpState::TimeWait), |_| ());
        let told = shown(&mut lab, 120, 36);
        assert!(!told.contains(whose), "{told}");
    }
}

#[test]
fn half_open_connections_are_counted_if_there_are_any() {
    for (lang, none, some, cookies) in [
        (Lang::En, "half open", "half open (SYN_RECV) 129, backlog 128", "SYNs answered with cookies: 4,872"),
        (Lang::PtBr, "semiaberta", "129 semiabertas (SYN_RECV), backlog 128", "SYNs respondidos com cookie: 4.872"),
    ] {
        let mut lab = networks::opened(lang);
        assert!(!shown(&mut lab, 160, 45).contains(none));
        for port in 0..129 {
            let peer = SocketAddr::from(([198, 18, 0, 1], 1_024 + port));
            lab.row(Flow::tcp("192.168.0.10:65432".parse().unwrap(), peer), Some(TcpState::SynRecv), |_| ());
        }
        let listener = Some(SocketAddr::from(([0, 0, 0, 0], 65_432)));
        let limit = Some(128);
        let told = GuardEvent::HalfOpen { listener, limit, action: GuardAction::Cookie, count: 4_872 };
        lab.seen(Evidence::Sampled, EventKind::Guard(told));
        lab.wait(Duration::from_millis(100));
        let peers = shown(&mut lab, 120, 36);
        assert!(peers.contains(&format!("threaded: {some}")) && peers.contains(cookies), "{peers}");
        lab.keys("N");
        for (columns, rows) in [(120, 36), (160, 45)] {
            let servers = shown(&mut lab, columns, rows);
            assert!(servers.contains(some), "{columns}×{rows}:\n{servers}");
        }
        let narrow = shown(&mut lab, 80, 24);
        assert!(narrow.contains("129 ") && narrow.contains(none), "{narrow}");
    }
}

#[test]
fn bytes_of_other_programs_stay_where_their_names_are_cut() {
    for (lang, gone) in [(Lang::En, "gone from the table"), (Lang::PtBr, "sumiu da tabela")] {
        let mut lab = scenes::started(lang);
        lab.stranger(2, 40_000);
        let flow = Flow::tcp(at(65_434), at(40_000));
        lab.call(Call::new(SocketId::Conn(ServerId(2), ConnNo(1)), Syscall::Recv).on(flow).carrying(&[b'x'; 123]));
        let udp = Flow { proto: Proto::Udp, local: at(65_432), peer: Some(at(40_001)) };
        lab.call(Call::new(SocketId::Server(ServerId(3)), Syscall::Recvfrom).on(udp).carrying(b"hello"));
        lab.seen(Evidence::Sampled, EventKind::Row(Delta::Gone(RowKey { flow: udp.mirror().unwrap(), cookie: 0 })));
        lab.wait(Duration::from_millis(20));
        let line = |lab: &mut Lab, size: (u16, u16), port: &str| {
            let shown = shown(lab, size.0, size.1);
            shown.lines().find(|line| line.contains(port)).unwrap_or_default().to_owned()
        };
        let own = line(&mut lab, (120, 36), ":40000 ");
        assert!(own.contains("123 B  7330/pyt…"), "{own}");
        assert!(line(&mut lab, (160, 45), ":40000 ").contains("7330/python3"));
        for size in [(120, 36), (160, 45)] {
            let own = line(&mut lab, size, ":40001 ");
            assert!(own.contains(gone) && own.contains(" 5 B"), "{own}");
        }
    }
}
