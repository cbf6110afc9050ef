//! What a presenter does by hand on the wire: settings, and programs of a course.

use std::net::Ipv4Addr;

use socklab::api::domain::{Flow, HostId, Key, Lang, Proto};
use socklab::api::model::{Model, ProgramLine, settings};
use socklab::api::wire::Setting;

use super::session::Stage;
use crate::fixtures::ScenarioFile;
use crate::harness::{Need::Wire, Test, async_test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_setting_holds_for_a_listener_that_is_there, &[Wire]),
        async_test(a_program_that_means_itself_is_explained, &[Wire]),
        async_test(every_process_on_the_hosts_is_listed_and_can_be_ended, &[Wire]),
    ]
}

/// The lines that programs wrote.
fn said(model: &Model) -> Vec<String> {
    let lines = model.worlds.shown().wire.programs.lines().iter();
    lines.filter_map(|line| if let ProgramLine::Said { line, .. } = line { Some(line.clone()) } else { None }).collect()
}

impl Stage {
    /// Runs a program and returns its first line that says this.
    pub(super) async fn ask(&mut self, program: &str, word: &str) -> String {
        let before = said(self.model()).len();
        self.run(program);
        let answer = |model: &Model| said(model).into_iter().skip(before).find(|line| line.contains(word));
        self.until(&format!("{program} says {word}"), |model| answer(model).is_some()).await;
        answer(self.model()).unwrap()
    }

    /// Turns a setting of a host.
    pub(super) async fn turn(&mut self, host: HostId, key: Key, to: Setting) {
        let line = settings::SETTINGS.iter().position(|line| line.contains(&to)).unwrap();
        self.key(',');
        self.select_setting(line, host);
        self.press(key);
        self.press(Key::Esc);
        self.until(&format!("{to:?}"), |model| value(model, host, to) == Some(to)).await;
    }
}

fn value(model: &Model, host: HostId, like: Setting) -> Option<Setting> {
    let line = settings::SETTINGS.iter().find(|line| line.contains(&like))?;
    settings::value(&model.worlds.shown().wire, host, line)
}

fn server_value(model: &Model, like: Setting) -> Option<Setting> {
    value(model, HostId::Server, like)
}

/// The largest backlog of the listener, as the table of its host says.
fn backlog(model: &Model) -> Option<u32> {
    let flow = Flow::unconnected(Proto::Tcp, (HostId::Server.address(), 65_432).into());
    model.worlds.shown().table.of(&flow)?.row.send_q
}

async fn a_setting_holds_for_a_listener_that_is_there() {
    let mut stage = Stage::open().await;
    // What the kernel has is shown, and the backlog that is shown holds.
    let kernels = stage.ask("server cat /proc/sys/net/ipv4/tcp_rmem", "4096").await;
    let receive = kernels.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert_eq!(server_value(stage.model(), Setting::ReceiveBuffer(8_192)), Some(Setting::ReceiveBuffer(receive)));
    let limit = stage.ask("server sh -c 'echo limit $(cat /proc/sys/net/core/somaxconn)'", "limit").await;
    let limit = limit.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert_eq!(server_value(stage.model(), Setting::Somaxconn(8)), Some(Setting::Somaxconn(limit)));
    assert_eq!(backlog(stage.model()), Some(limit));

    stage.turn(HostId::Server, Key::Right, Setting::ReceiveBuffer(32_768)).await;
    stage.turn(HostId::Server, Key::Right, Setting::SendBuffer(65_536)).await;
    stage.turn(HostId::Server, Key::Right, Setting::Somaxconn(8)).await;
    stage.until("the listener has it", |model| backlog(model) == Some(8)).await;
    let listener = stage.ask("server ss -tlnmH", "skmem").await;
    assert!(listener.contains(",rb32768,") && listener.contains(",tb65536,"), "{listener}");
    stage.turn(HostId::Server, Key::Left, Setting::Somaxconn(4096)).await;
    stage.until("it is raised again", |model| backlog(model) == Some(4096)).await;

    stage.key(' ');
    stage.key('c');
    let open = |model: &Model| model.worlds.shown().clients.all().iter().any(|client| client.bytes.received > 0);
    stage.until("a client is served", open).await;
    let accepted = stage.ask("server ss -tnmH state established", "skmem").await;
    assert!(accepted.contains(",rb32768,") && accepted.contains(",tb65536,"), "{accepted}");
    stage.close().await;
}

async fn a_program_that_means_itself_is_explained() {
    const SERVER: &str = "
import socket
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.bind(('127.0.0.1', 65432))
    s.listen()
    conn, addr = s.accept()
";
    const CLIENT: &str = "
import socket
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.connect(('127.0.0.1', 65432))
    s.sendall(b'Hello, world')
";
    let (server, client) = (ScenarioFile::new("itself-server", SERVER), ScenarioFile::new("itself-client", CLIENT));
    let mut stage = Stage::open().await;
    assert!(!stage.screen(Lang::En).contains("127.0.0.1"));
    stage.run(&format!("client python3 {}", client.path()));
    let spoke = |model: &Model| model.worlds.shown().wire.spoke_to_itself();
    stage.until("the client spoke to itself", |model| spoke(model) == Some(HostId::Client)).await;
    let refused = |model: &Model| said(model).iter().any(|line| line.contains("ConnectionRefusedError"));
    stage.until("it is refused", refused).await;
    let shown = stage.screen(Lang::En);
    assert!(shown.contains("A program on the client spoke to the client itself"), "{shown}");
    let shown = stage.screen(Lang::PtBr);
    assert!(shown.contains("Um programa no cliente falou com o cliente mesmo"), "{shown}");

    // What comes onto the wire after it is no longer about this.
    stage.key('c');
    stage.until("a packet is on the wire", |model| spoke(model).is_none()).await;

    stage.run(&format!("server python3 {}", server.path()));
    let local = Flow::unconnected(Proto::Tcp, (Ipv4Addr::LOCALHOST, 65_432).into());
    stage.until("it listens", |model| model.worlds.shown().table.of(&local).is_some()).await;
    let shown = stage.screen(Lang::En);
    assert!(shown.contains("127.0.0.1:65432 LISTEN") && shown.contains("threaded :65432 LISTEN"), "{shown}");
    // The sentence may go on in the next line.
    let words = |shown: &str| shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words(&shown).contains("A program on the server is bound to 127.0.0.1. That is the server itself"),
        "{shown}"
    );
    let shown = stage.screen(Lang::PtBr);
    assert!(words(&shown).contains("Um programa no servidor usa o 127.0.0.1, que é o servidor mesmo"), "{shown}");
    stage.close().await;
}

async fn every_process_on_the_hosts_is_listed_and_can_be_ended() {
    let mut stage = Stage::open().await;
    stage.run("server sh -c 'setsid sleep 1000 & exec sleep 2000'");
    stage.run("client sleep 3000");
    let running = |model: &Model| model.worlds.shown().wire.programs.running().to_vec();
    stage.until("all three are listed", |model| running(model).len() == 3).await;
    let listed = running(stage.model());
    let [shell, client] = ["sh", "sleep"]
        .map(|name| listed.iter().find(|program| program.parent.is_none() && program.name == name).unwrap().clone());
    let child = listed.iter().find(|program| program.parent.is_some()).unwrap().clone();
    assert_eq!((child.name.as_str(), child.parent, child.host), ("sleep", Some(shell.pid), HostId::Server));
    assert_eq!(client.host, HostId::Client);

    // Each can be ended, whichever is the newest.
    stage.press(Key::BackTab);
    for (ended, left) in [(&shell, 2), (&child, 1), (&client, 0)] {
        // From the newest up to it.
        for _ in 0..3 {
            stage.press(Key::Down);
        }
        let steps = running(stage.model()).iter().rev().position(|program| program.pid == ended.pid).unwrap();
        for _ in 0..steps {
            stage.press(Key::Up);
        }
        stage.key('x');
        stage.until("it has ended", |model| running(model).len() == left).await;
        assert!(running(stage.model()).iter().all(|program| program.pid != ended.pid));
    }
    stage.close().await;
}
