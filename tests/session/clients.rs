//! Clients that a key spawns: their ports, their states, their lifecycles.

use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::KeyCode;
use socklab::api::domain::{Event, EventKind, SocketId, TcpState};
use socklab::api::model::ClientPhase;

use crate::harness::{Test, async_test};
use crate::stage::{ECHO, Shown, Stage, THREADED, UDP};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(three_clients_have_the_ports_that_the_kernel_says_and_are_established, &[]),
        async_test(the_side_that_closed_first_is_left_in_time_wait, &[]),
        async_test(ten_one_shots_have_ten_ports_and_ten_whole_lives_in_order, &[]),
        async_test(echo_serves_one_and_two_wait_until_it_serves_by_threads, &[]),
        async_test(a_client_is_half_closed_reset_and_closed, &[]),
        async_test(a_datagram_client_has_a_port_and_no_state, &[]),
    ]
}

fn states(shown: &Shown) -> Vec<Option<TcpState>> {
    shown.clients().iter().map(|client| shown.world.table.state(&client.flow()?)).collect()
}

async fn three_clients_have_the_ports_that_the_kernel_says_and_are_established() {
    let mut stage = Stage::lab().await;
    stage.types("3c");
    let open = |shown: &Shown| {
        (states(shown) == [Some(TcpState::Established); 3] && shown.answered() == 3).then(|| shown.clone())
    };
    let shown = stage.until("three clients are established", open).await;
    let server = shown.server(THREADED).addr().port();
    let ports: BTreeSet<u16> = shown.client_ports().into_iter().collect();
    assert_eq!(ports.len(), 3);
    for (no, port) in (1..).zip(shown.client_ports()) {
        let row = format!("#{no} 127.0.0.1:{port}");
        let row = shown.lines_with(&[&row, &format!(":{server}"), "ESTABLISHED"]);
        assert_eq!(row.len(), 1, "{}", shown.text());
    }
    #[cfg(target_os = "linux")]
    {
        let lines = crate::witness::proc_net_tcp(server);
        let there: BTreeSet<_> =
            lines.iter().filter(|l| l.peer.1 == server && l.state == 1).map(|l| l.local.1).collect();
        assert_eq!(there, ports);
    }
    // Both ends of each are in the table's pane, once it has the room.
    stage.types("\t\tz");
    let both = |shown: &Shown| {
        let end = |local, peer| format!("127.0.0.1:{local:<5}        127.0.0.1:{peer:<5}        ESTABLISHED");
        let has = |port: &u16| shown.says(&end(*port, server)) && shown.says(&end(server, *port));
        ports.iter().all(has).then_some(())
    };
    stage.until("six rows, ESTABLISHED", both).await;
    stage.quits().await;
}

async fn the_side_that_closed_first_is_left_in_time_wait() {
    let mut stage = Stage::lab().await;
    stage.types("3c");
    stage.when("three are answered", |shown| shown.answered() == 3).await;
    stage.types("K");
    let waiting = |shown: &Shown| (states(shown) == [Some(TcpState::TimeWait); 3]).then(|| shown.clone());
    let shown = stage.until("TIME_WAIT", waiting).await;
    let server = shown.server(THREADED).addr().port();
    // One end only, the one that closed first, in the table's pane once it has the room.
    stage.types("\t\tz");
    let left = |shown: &Shown| {
        let ends = |port: &u16| {
            let rows = shown.lines_with(&[&format!("127.0.0.1:{port} ")]);
            rows.len() == 1 && rows[0].contains("TIME_WAIT") && rows[0].contains(&format!(" 127.0.0.1:{server} "))
        };
        shown.client_ports().iter().all(ends).then_some(())
    };
    stage.until("three rows in TIME_WAIT", left).await;
    #[cfg(target_os = "linux")]
    for port in shown.client_ports() {
        // The same port may serve another test's connection elsewhere.
        let lines = crate::witness::proc_net_tcp(server);
        let ours = lines.iter().filter(|line| [line.local.1, line.peer.1].contains(&port));
        let states: Vec<_> = ours.map(|line| (line.local.1, line.state)).collect();
        assert_eq!(states, [(port, 6)]);
    }
    assert!(shown.clients().iter().all(|client| client.phase == ClientPhase::Ended(None)));
    stage.quits().await;
}

/// The names of the calls on each socket that `of` picks, in the order of the journal.
fn calls<K: Ord>(events: &[Event], of: impl Fn(SocketId) -> Option<K>) -> BTreeMap<K, Vec<&'static str>> {
    let mut all: BTreeMap<K, Vec<&'static str>> = BTreeMap::new();
    for event in events {
        if let EventKind::Call(call) = &event.seen.kind
            && let Some(key) = of(call.socket)
        {
            assert!(call.result.is_ok(), "{call:?}");
            all.entry(key).or_default().push(call.call.name());
        }
    }
    all
}

async fn ten_one_shots_have_ten_ports_and_ten_whole_lives_in_order() {
    let mut stage = Stage::lab().await;
    stage.types("oooooooooo");
    let over = |shown: &Shown| {
        let ended = shown.clients().iter().filter(|client| client.phase == ClientPhase::Ended(None)).count();
        (ended == 10 && shown.server(THREADED).served == 10 && shown.server(THREADED).serving.is_empty())
            .then(|| shown.clone())
    };
    let shown = stage.until("ten have come and gone", over).await;
    let ports: BTreeSet<_> = shown.client_ports().into_iter().collect();
    assert_eq!(ports.len(), 10, "{ports:?}");
    assert!(shown.clients().iter().map(|client| client.no).eq(1..=10), "numbers without gaps");
    // The ports' pane with the room for ten.
    stage.types("\tz");
    let rows = |shown: &Shown| ports.iter().all(|port| shown.says(&format!("127.0.0.1:{port} "))).then_some(());
    stage.until("ten rows with ten ports", rows).await;
    // The calls on the screen, once there is room for all of them.
    stage.types("z\t\tfz");
    stage.resizes(120, 160);
    let told = |shown: &Shown| {
        let calls = |label: &str| -> Vec<String> {
            let of = |line: &String| {
                let (_, after) = line.split_once(label)?;
                let (name, rest) = after.trim_start().strip_prefix("◆ ")?.split_once('(')?;
                // One that waited for more than a millisecond is told at its entry, too.
                (!rest.starts_with(") waits")).then(|| name.to_owned())
            };
            shown.lines.iter().filter_map(of).collect()
        };
        let client = |no| calls(&format!("client #{no} ")) == ["socket", "connect", "send", "recv", "close"];
        let server = |no| calls(&format!("threaded.{no} ")) == ["recv", "send", "recv", "close"];
        ((1..=10).all(client) && (1..=10).all(server)).then_some(())
    };
    stage.until("ten whole lives in what happened", told).await;
    let events = stage.quits().await;
    let clients = calls(&events, |socket| match socket {
        SocketId::Client(id) => Some(id),
        _ => None,
    });
    assert_eq!(clients.len(), 10);
    assert!(clients.values().all(|names| *names == ["socket", "connect", "send", "recv", "close"]), "{clients:?}");
    let accepted = events.iter().filter_map(|event| match &event.seen.kind {
        EventKind::Call(call) => call.new_socket,
        _ => None,
    });
    let served = calls(&events, |socket| Some(socket).filter(|socket| matches!(socket, SocketId::Conn(..))));
    assert_eq!(accepted.collect::<BTreeSet<_>>().len(), 10);
    // The second recv is the one that returns 0: the client has closed.
    assert!(served.values().all(|names| *names == ["recv", "send", "recv", "close"]), "{served:?}");
}

async fn echo_serves_one_and_two_wait_until_it_serves_by_threads() {
    let mut stage = Stage::lab().await;
    stage.presses(KeyCode::Down);
    stage.types("3c");
    let queued = |shown: &Shown| {
        let echo = shown.server(ECHO);
        let listener = shown
            .world
            .table
            .rows()
            .find(|(_, entry)| entry.row.state == Some(TcpState::Listen) && entry.row.flow.local == echo.addr())?;
        let waits = shown.lines_with(&["#", "ESTABLISHED in accept queue"]).len();
        (echo.serving.len() == 1 && listener.1.row.recv_q == Some(2) && waits == 2).then(|| shown.clone())
    };
    let shown = stage.until("one is served, two wait in the accept queue", queued).await;
    assert_eq!(shown.answered(), 1, "{}", shown.text());
    assert!(shown.says("accept queue 2 of 128"), "{}", shown.text());
    let busy = shown.server(ECHO).busy_with().expect("it is busy");
    assert!(shown.says(&format!("busy with {busy}")), "{}", shown.text());
    let port = shown.server(ECHO).addr().port();
    #[cfg(target_os = "linux")]
    {
        let lines = crate::witness::proc_net_tcp(port);
        let listener = lines.iter().find(|line| line.state == 10).expect("it listens");
        assert_eq!(listener.waiting, 2);
    }
    stage.types("\t\t");
    stage
        .until("LISTEN with Recv-Q 2", |shown| {
            let row = shown.lines_with(&[&format!("127.0.0.1:{port} "), "LISTEN"]);
            row.iter().any(|row| row.contains("tcp        2    128")).then_some(())
        })
        .await;
    stage.types("m");
    let shown = stage
        .when("all three are answered", |shown| shown.answered() == 3 && shown.server(ECHO).serving.len() == 3)
        .await;
    assert!(shown.clients().iter().all(|client| client.phase == ClientPhase::Open), "no client was lost");
    stage.when("threads", |shown| shown.says("3 threads")).await;
    let events = stage.quits().await;
    let failed: Vec<_> =
        events.iter().filter(|e| matches!(&e.seen.kind, EventKind::Call(call) if !call.result.is_ok())).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

async fn a_client_is_half_closed_reset_and_closed() {
    let mut stage = Stage::lab().await;
    for (no, key, call, heard) in [
        (1, "h", "shutdown SHUT_WR ok", "recv 4096 ok"),
        (2, "X", "setsockopt SO_LINGER 0 ok", "recv 4096 ECONNRESET"),
        (3, "x", "close  ok", "recv 4096 ok"),
    ] {
        stage.types("c");
        stage.when("it is answered", |shown| shown.answered() == no).await;
        stage.types(key);
        let over = |shown: &Shown| {
            let client = shown.clients().get(no - 1)?;
            let server = shown.server(THREADED);
            (!client.is_live() && server.serving.is_empty()).then(|| shown.clone())
        };
        let shown = stage.until("it ends", over).await;
        let of = |wanted: fn(SocketId) -> bool| {
            let calls = shown.events.iter().filter_map(move |event| match &event.seen.kind {
                EventKind::Call(call) if wanted(call.socket) => {
                    Some(format!("{} {} {}", call.call.name(), call.args, call.result))
                }
                _ => None,
            });
            calls.collect::<Vec<_>>()
        };
        let clients = of(|socket| matches!(socket, SocketId::Client(_)));
        assert!(clients.iter().any(|made| made == call), "{clients:?}");
        let server = of(|socket| matches!(socket, SocketId::Conn(..)));
        assert_eq!(server[server.len() - 2..], [heard, "close  ok"], "{server:?}");
    }
    stage.quits().await;
}

async fn a_datagram_client_has_a_port_and_no_state() {
    let mut stage = Stage::lab().await;
    stage.types("jjjc");
    let shown = stage.when("the datagram is answered", |shown| shown.ui.server == UDP && shown.answered() == 1).await;
    let port = shown.client_ports()[0];
    let row = shown.lines_with(&["#1 ", &format!(":{port} "), "no state"]);
    assert_eq!(row.len(), 1, "{}", shown.text());
    assert_eq!(shown.clients().len(), 1, "one client, though the server sees it at another address");
    stage.quits().await;
}
