//! What a presenter does by hand on the wire: settings, and programs of a course.

use socklab::api::domain::{Flow, HostId, Key, Proto};
use socklab::api::model::{Model, ProgramLine, settings};
use socklab::api::wire::Setting;

use super::session::Stage;
use crate::harness::{Need::Wire, Test, async_test};

pub(crate) fn tests() -> Vec<Test> {
    vec![async_test(a_setting_holds_for_a_listener_that_is_there, &[Wire])]
}

/// The lines that programs wrote.
fn said(model: &Model) -> Vec<String> {
    let lines = model.worlds.shown().wire.programs.lines().iter();
    lines.filter_map(|line| if let ProgramLine::Said { line, .. } = line { Some(line.clone()) } else { None }).collect()
}

impl Stage {
    /// Runs a program and returns its first line that says this.
    async fn ask(&mut self, program: &str, word: &str) -> String {
        let before = said(self.model()).len();
        self.run(program);
        let answer =
            |model: &Model| said(model).into_iter().skip(before).find(|line| line.contains(word));
        self.until(&format!("{program} says {word}"), |model| answer(model).is_some()).await;
        answer(self.model()).unwrap()
    }

    /// Turns a setting of the server's.
    async fn turn(&mut self, key: Key, to: Setting) {
        let line = settings::SETTINGS.iter().position(|line| line.contains(&to)).unwrap();
        self.key(',');
        self.select_setting(line, HostId::Server);
        self.press(key);
        self.press(Key::Esc);
        let is = |model: &Model| server_value(model, to) == Some(to);
        self.until(&format!("{to:?}"), is).await;
    }
}

fn server_value(model: &Model, like: Setting) -> Option<Setting> {
    let line = settings::SETTINGS.iter().find(|line| line.contains(&like))?;
    settings::value(&model.worlds.shown().wire, HostId::Server, line)
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

    stage.turn(Key::Right, Setting::ReceiveBuffer(32_768)).await;
    stage.turn(Key::Right, Setting::SendBuffer(65_536)).await;
    stage.turn(Key::Right, Setting::Somaxconn(8)).await;
    stage.until("the listener has it", |model| backlog(model) == Some(8)).await;
    let listener = stage.ask("server ss -tlnmH", "skmem").await;
    assert!(listener.contains(",rb32768,") && listener.contains(",tb65536,"), "{listener}");
    stage.turn(Key::Left, Setting::Somaxconn(4096)).await;
    stage.until("it is raised again", |model| backlog(model) == Some(4096)).await;

    stage.key(' ');
    stage.key('c');
    let open = |model: &Model| model.worlds.shown().clients.all().iter().any(|client| client.bytes.received > 0);
    stage.until("a client is served", open).await;
    let accepted = stage.ask("server ss -tnmH state established", "skmem").await;
    assert!(accepted.contains(",rb32768,") && accepted.contains(",tb65536,"), "{accepted}");
    stage.close().await;
}
