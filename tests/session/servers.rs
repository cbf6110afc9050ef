//! Servers: broadcasts, stopping and starting, a port that another program holds, and another program's server.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crossterm::event::KeyCode;
use socklab::api::domain::{Errno, Reply, ServerId, TcpState};
use socklab::api::model::ServerStatus;

use crate::harness::{Test, async_test};
use crate::stage::{ASYNC, ECHO, Shown, Stage, THREADED, UDP, all_up};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_busy_server_does_not_delay_the_answers_of_others, &[]),
        async_test(a_server_is_stopped_and_started, &[]),
        async_test(a_taken_port_shows_its_holder_and_is_used_once_it_is_free, &[]),
        async_test(another_programs_server_is_watched, &[]),
        async_test(a_connection_that_keeps_a_port_is_named, &[]),
    ]
}

/// The text of a server's answer to the latest message.
fn answer(shown: &Shown, server: ServerId) -> Option<String> {
    let message = shown.world.broadcasts.all().next_back()?;
    let delivery = message.deliveries.iter().find(|delivery| delivery.server == server)?;
    match delivery.reply.as_ref()? {
        Reply::Answer { text, .. } => Some(text.text.clone()),
        other => panic!("{other:?}"),
    }
}

async fn a_busy_server_does_not_delay_the_answers_of_others() {
    let mut stage = Stage::lab().await;
    stage.presses(KeyCode::Down);
    stage.types("c");
    let busy = stage
        .until("echo is busy", |shown| if shown.answered() == 1 { shown.server(ECHO).busy_with() } else { None })
        .await;
    stage.types("ibom dia");
    stage.presses(KeyCode::Enter);
    // With the room to say it on one line.
    stage.presses(KeyCode::Esc);
    stage.types("z");
    let others = |shown: &Shown| {
        let all: Option<Vec<_>> = [THREADED, ASYNC, UDP].into_iter().map(|id| answer(shown, id)).collect();
        let why = format!("waiting in the accept queue: echo is busy with {busy}");
        (!shown.lines_with(&["echo ", &why]).is_empty()).then_some(()).and(all)
    };
    assert_eq!(stage.until("three answers and a reason", others).await, ["BOM DIA"; 3]);
    assert_eq!(answer(&stage.now(), ECHO), None);
    stage.types("K");
    let echoed = stage.until("its turn comes", |shown| answer(shown, ECHO)).await;
    assert_eq!(echoed, "bom dia");
    stage.quits().await;
}

async fn a_server_is_stopped_and_started() {
    let mut stage = Stage::lab().await;
    let before = stage.now().server(THREADED).addr();
    stage.types("s");
    let off = |shown: &Shown| {
        let row = shown.lines_with(&["threaded", "stopped"]);
        (shown.server(THREADED).status == ServerStatus::Off && !row.is_empty()).then_some(())
    };
    stage.until("stopped", off).await;
    let refused = TcpStream::connect_timeout(&before, Duration::from_mins(1)).unwrap_err();
    assert_eq!(Errno::from(&refused), Errno::ConnRefused);
    stage.types("s");
    stage.until("started", all_up).await;
    stage.types("c");
    stage.when("it answers", |shown| shown.answered() == 1).await;
    stage.quits().await;
}

async fn a_taken_port_shows_its_holder_and_is_used_once_it_is_free() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let mut stage = Stage::open(&["--server", &format!("threaded={port}"), "--server", "echo=0"]).await;
    stage.types("z");
    let named = |shown: &Shown| match &shown.server(THREADED).status {
        ServerStatus::Failed { errno: Errno::AddrInUse, holder: Some(holder) } if shown.ui.zoomed => {
            Some((holder.clone(), shown.clone()))
        }
        _ => None,
    };
    let (found, shown) = stage.until("the port's holder", named).await;
    assert_eq!(found.pid, std::process::id());
    assert!(shown.says(&format!("held by {} (pid {})", found.name, found.pid)), "{}", shown.text());
    assert!(!shown.lines_with(&["threaded", "in use"]).is_empty(), "{}", shown.text());
    #[cfg(target_os = "linux")]
    assert_eq!(found.name, std::fs::read_to_string("/proc/self/comm").unwrap().trim_end());
    // The rest runs, and the table shows the port all the same.
    assert!(shown.server(ECHO).is_up());
    stage.types("z");
    let listed = |shown: &Shown| {
        let listens = |row: &str| row.contains(&format!("127.0.0.1:{port} ")) && row.contains("LISTEN");
        shown.lines.iter().any(|line| listens(line)).then_some(())
    };
    stage.until("its listener in the table", listed).await;
    drop(holder);
    stage.types("s");
    stage.until("it runs", all_up).await;
    stage.types("c");
    stage.when("it answers", |shown| shown.answered() == 1).await;
    stage.quits().await;
}

async fn another_programs_server_is_watched() {
    let theirs = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = theirs.local_addr().unwrap();
    // Serves as a first script does: one after the other, for ever.
    std::thread::spawn(move || {
        for guest in theirs.incoming() {
            let mut guest = guest.unwrap();
            let mut buf = [0; 64];
            while let Ok(len @ 1..) = guest.read(&mut buf) {
                guest.write_all(&buf[..len]).unwrap();
            }
        }
    });
    let mut stage = Stage::open(&["--observe", "--server", &format!("echo={}", addr.port())]).await;
    let watched = |shown: &Shown| {
        let row = shown.lines_with(&[&addr.to_string(), "LISTEN", &format!("{}/", std::process::id())]);
        (shown.world.observing && !row.is_empty()).then(|| shown.clone())
    };
    let shown = stage.until("its listener, and who it is", watched).await;
    assert!(shown.says("watching, no server of ours"), "{}", shown.text());
    assert!(!shown.world.servers.all().iter().any(socklab::api::model::Server::is_up));
    // A connection that has nothing to do with us.
    let mut guest = TcpStream::connect(addr).unwrap();
    guest.write_all(b"oi").unwrap();
    guest.read_exact(&mut [0; 2]).unwrap();
    let row = guest.local_addr().unwrap().to_string();
    let client = format!(":{} ", guest.local_addr().unwrap().port());
    stage.when("both ends of a foreign connection", |shown| shown.lines_with(&[&row, "ESTABLISHED"]).len() == 2).await;
    let listed = |shown: &Shown| !shown.lines_with(&[&client, "\u{25b6}", "ESTABLISHED"]).is_empty();
    stage.when("the client's row", listed).await;
    stage.when("the program of the server", |shown| !shown.lines_with(&["echo", "LISTEN session"]).is_empty()).await;
    drop(guest);
    let left = |shown: &Shown| (shown.clients().len() == 1 && shown.world.clients.live() == 0).then_some(());
    stage.until("the guest has left", left).await;
    // And a client of ours, to their server.
    stage.types("c");
    let ours = |shown: &Shown| {
        let client = shown.clients().iter().find(|client| client.id().is_some() && client.bytes.received > 0)?;
        (shown.world.table.state(&client.flow()?) == Some(TcpState::Established)).then_some(())
    };
    stage.until("their server answers our client", ours).await;
    stage.quits().await;
}

/// Leaves a connection in TIME_WAIT at the server's end, as a first script does: it closes first, and never heard of
/// `SO_REUSEADDR`. Returns both addresses.
fn left_behind() -> (SocketAddr, SocketAddr) {
    use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&listener, 1).unwrap();
    let listener = TcpListener::from(listener);
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (served, _) = listener.accept().unwrap();
    drop(served);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    (listener.local_addr().unwrap(), client.local_addr().unwrap())
}

async fn a_connection_that_keeps_a_port_is_named() {
    let (addr, client) = left_behind();
    let mut stage = Stage::open(&["--server", &format!("threaded={}", addr.port())]).await;
    stage
        .when("why it does not start", |shown| !shown.lines_with(&["threaded", "in use: TIME_WAIT "]).is_empty())
        .await;
    let said = format!(":{} ↔ {client}", addr.port());
    stage.when("which connection it is", |shown| shown.says(&said)).await;
    stage.quits().await;
}
