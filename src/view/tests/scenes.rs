//! Moments of a lesson.

use std::time::Duration;

use super::lab::{Lab, at};
use crate::domain::client::ClientChange;
use crate::domain::keys::Key;
use crate::domain::{
    Answer, Args, Call, ClientId, ClientPlan, Destination, Errno, EventKind, Evidence, Flow, Lang, Note, Process,
    Proto, ServerChange, ServerId, ServerSpec, ServiceModel, SocketId, Syscall, TcpInfo, TcpState, Timer, TimerKind,
};
use crate::model::ui::Pane;

/// The lab has just started.
pub(crate) fn started(lang: Lang) -> Lab {
    let mut lab = Lab::new(lang);
    lab.wait(Duration::from_secs(2));
    lab
}

/// One client has come and gone, three are connected; one of UDP; a message was broadcast.
pub(crate) fn lesson(lang: Lang) -> Lab {
    let mut lab = started(lang);
    lab.connect(1, 0, 51_240, ClientPlan::OneShot);
    lab.close(1);
    lab.wait(Duration::from_secs(17));
    for (id, port) in [(2, 44_078), (3, 44_082), (4, 44_086)] {
        lab.connect(id, 0, port, ClientPlan::Stay);
    }
    lab.broadcast(1, "bom dia");
    lab.wait(Duration::from_millis(400));
    lab
}

/// The sequential server serves one client; two of ours, another program and the broadcaster wait in its queue.
pub(crate) fn queue(lang: Lang) -> Lab {
    let mut lab = started(lang);
    for (id, port) in [(1, 41_022), (2, 41_026), (3, 41_030)] {
        lab.connect(id, 1, port, ClientPlan::Stay);
    }
    lab.stranger(1, 50_001);
    lab.datagram(4, 38_215);
    lab.refused(5, 2, 41_040);
    lab.broadcast(1, "alô, turma!");
    lab.keys("j");
    lab.wait(Duration::from_secs(3));
    lab
}

/// Ports are taken, and some evidence is unavailable.
pub(crate) fn trouble(lang: Lang) -> Lab {
    let mut lab = Lab::empty(lang);
    let holder = Some(Process { pid: 7330, name: "python3".into() });
    lab.server(0, ServerChange::Failed { errno: Errno::AddrInUse, holder });
    lab.server(1, ServerChange::Failed { errno: Errno::AddrInUse, holder: None });
    lab.start(2);
    lab.server(2, ServerChange::Paused { errno: Errno::Mfile });
    lab.note(Note::BurstCut { asked: 1_000, made: 118, errno: Errno::Mfile });
    lab.note(Note::Dropped { count: 12 });
    lab.wait(Duration::from_secs(1));
    lab
}

/// So many clients, all connected.
pub(crate) fn crowd(lang: Lang, clients: u16) -> Lab {
    let mut lab = started(lang);
    for n in 0..clients {
        lab.connect(u32::from(n) + 1, 0, 33_000 + 2 * n, ClientPlan::Stay);
    }
    lab
}

/// A filter with a mistake is being typed.
pub(crate) fn typing(lang: Lang) -> Lab {
    let mut lab = lesson(lang);
    lab.keys("/");
    lab.key(Key::Ctrl('u'));
    lab.keys("port 65432 and state estabished");
    lab
}

/// The reader stopped at an earlier event, with its connection selected, and more came.
pub(crate) fn held(lang: Lang) -> Lab {
    let mut lab = lesson(lang);
    lab.model.ui.focus = Pane::Lifecycle;
    for _ in 0..12 {
        lab.key(Key::Up);
    }
    lab.connect(9, 2, 44_090, ClientPlan::Stay);
    lab
}

/// Long names, long messages, emoji, IPv6: everything that could break a line.
pub(crate) fn wide(lang: Lang) -> Lab {
    let mut lab = started(lang);
    let addr = "[2001:db8:85a3:1234:5678:8a2e:370:7334]:65432".parse().unwrap();
    let spec = ServerSpec {
        name: "um-servidor-de-nome-comprido-✨".into(),
        proto: Proto::Tcp,
        addr,
        answer: Answer::Upper,
        model: Some(ServiceModel::Threaded),
    };
    lab.server(4, ServerChange::Added { spec });
    lab.server(4, ServerChange::Started { addr, backlog: 128 });
    let local = "[2001:db8:85a3:1234:5678:8a2e:370:7335]:44086".parse().unwrap();
    let flow = Flow::tcp(local, addr);
    let socket = SocketId::Client(ClientId(1));
    let destination = Destination { server: Some(ServerId(4)), proto: Proto::Tcp, addr };
    lab.client(1, ClientChange::Spawned { plan: ClientPlan::Stay, destination });
    lab.call(Call::new(socket, Syscall::Connect).with(Args::Addr(addr)).on(flow));
    lab.row(flow, Some(TcpState::Established), |row| {
        row.process = Some(Process { pid: 4_194_304, name: "日本語のプログラム".into() });
    });
    let message = "👩‍🏫 olá, 世界! ".repeat(9);
    lab.call(Call::new(socket, Syscall::Send).on(flow).carrying(message.as_bytes()));
    lab.broadcast(1, &message);
    lab
}

/// A client that came and went, three that stay, one of UDP, one refused, one of another program; the selection on one.
pub(crate) fn arrivals(lang: Lang) -> Lab {
    let mut lab = started(lang);
    lab.refused(1, 2, 41_040);
    lab.connect(2, 0, 44_070, ClientPlan::OneShot);
    lab.close(2);
    lab.wait(Duration::from_secs(8));
    lab.stranger(2, 50_001);
    lab.datagram(3, 38_215);
    for (id, port) in [(4, 44_078), (5, 44_082), (6, 44_086)] {
        lab.connect(id, 0, port, ClientPlan::Stay);
    }
    lab.model.ui.focus = Pane::Clients;
    lab.keys("jj");
    lab.model.ui.focus = Pane::Servers;
    lab.wait(Duration::from_secs(5));
    lab
}

/// The page of the newest client, with what `TCP_INFO` says of it.
pub(crate) fn page(lang: Lang) -> Lab {
    let mut lab = lesson(lang);
    let flow = Flow::tcp(at(44_086), at(65_432));
    lab.seen(Evidence::Sampled, EventKind::Info(info(flow)));
    lab.model.ui.focus = Pane::Clients;
    lab.keys("j\n");
    lab
}

/// The page of a client whose connection was closed while it was open.
pub(crate) fn page_closed(lang: Lang) -> Lab {
    let mut lab = page(lang);
    lab.wait(Duration::from_secs(3));
    lab.close(4);
    lab.wait(Duration::from_secs(2));
    lab
}

/// The page of a connection that existed before the start.
pub(crate) fn page_before(lang: Lang) -> Lab {
    let mut lab = started(lang);
    let flow = Flow::tcp(at(50_001), at(65_432));
    lab.found(flow, |row| row.process = Some(Process { pid: 7330, name: "python3".into() }));
    lab.found(flow.mirror().unwrap(), |row| {
        row.recv_q = Some(0);
        row.send_q = Some(1_448);
        row.timer = Some(Timer { kind: TimerKind::Retransmit, left_ms: 3_200, count: 4 });
    });
    lab.wait(Duration::from_secs(1));
    lab.model.ui.focus = Pane::Netstat;
    lab.key(Key::End);
    lab.keys("k\n\t");
    lab
}

/// The page of a listener in whose queue three wait.
pub(crate) fn page_listener(lang: Lang) -> Lab {
    let mut lab = queue(lang);
    lab.model.ui.focus = Pane::Netstat;
    lab.keys("f");
    let echo = lab.model.worlds.shown().table.of(&Flow::unconnected(Proto::Tcp, at(65_433))).unwrap().row.key();
    let place = lab.model.listing.position(&echo).unwrap();
    lab.keys(&"j".repeat(place + 1));
    lab.keys("\n");
    lab
}

/// The page of a UDP client.
pub(crate) fn page_udp(lang: Lang) -> Lab {
    let mut lab = started(lang);
    lab.datagram(1, 38_215);
    lab.model.ui.focus = Pane::Clients;
    lab.keys("\n");
    lab
}

/// Tab was pressed twice behind the beginning of a state.
pub(crate) fn completing(lang: Lang) -> Lab {
    let mut lab = lesson(lang);
    lab.keys("/ and state sy\t\t\t");
    lab
}

/// What `TCP_INFO` could say of this end.
fn info(flow: Flow) -> TcpInfo {
    TcpInfo {
        flow,
        rtt_us: 61,
        rttvar_us: 12,
        rto_us: 204_000,
        cwnd: 10,
        ssthresh: Some(7),
        state: None,
        in_flight: None,
        retransmits: 1,
        retransmitted: 3,
        bytes_sent: Some(12),
        bytes_acked: Some(13),
        bytes_received: Some(1_234_567),
        snd_mss: 32_768,
        rcv_mss: 536,
        snd_wnd: Some(65_536),
        rcv_wnd: Some(65_536),
        congestion: Some("cubic".into()),
        at_packet: None,
    }
}
