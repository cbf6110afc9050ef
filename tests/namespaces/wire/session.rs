//! The wire through the program's own shell: keys in, the real kernel's states out.

use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use socklab::api::app::Session;
use socklab::api::app::queue;
use socklab::api::app::{Laboratory, Pump};
use socklab::api::domain::CloseReason;
use socklab::api::domain::{
    Answer, Clock, Flow, HostId, Observation, Proto, ServerSpec, ServiceModel, TcpState, WireMode, WorldId,
};
use socklab::api::domain::{Key, Lang};

use socklab::api::model::{Model, Msg, Ui, presenter};
use socklab::api::model::{ProgramLine, WirePacketFate, WireStatus};
use socklab::api::view::{ColorDepth, render};

use crate::fixtures::{BINARY, DEADLINE};
use crate::harness::{Need::Wire, Test, async_test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_handshake_by_keys, &[Wire]),
        async_test(the_server_closes_its_end_by_keys, &[Wire]),
        async_test(a_program_runs_by_a_line_and_the_machine_stays_in_its_world, &[Wire]),
        async_test(when_the_helper_is_killed_no_socket_stays_on_its_hosts, &[Wire]),
    ]
}

type Screen = CrosstermBackend<Vec<u8>>;

/// A session on the wire, without a terminal.
pub(super) struct Stage {
    session: Box<Session<Screen, Laboratory>>,
    events: queue::Observations,
}

impl Stage {
    /// Opens the wire by its key.
    pub(super) async fn open() -> Self {
        let (sink, events) = queue::open(Clock::start());
        let spec = |name: &str, proto, model| ServerSpec {
            name: name.into(),
            proto,
            addr: ([127, 0, 0, 1], 65_432).into(),
            answer: Answer::Upper,
            model,
        };
        let servers = vec![spec("threaded", Proto::Tcp, Some(ServiceModel::Threaded)), spec("udp", Proto::Udp, None)];
        // On the machine itself nothing is started: the ports may be in use.
        let shell = Laboratory::open(servers, true, &sink).unwrap();
        let shell = shell.with_helper(BINARY.into());
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 120, 36)) };
        let terminal = Terminal::with_options(CrosstermBackend::new(Vec::new()), options).unwrap();
        let depth = ColorDepth::Mono;
        let model = Model::new(Ui::default());
        let session = Box::new(Session { pump: Pump::new(model, shell, sink), terminal, depth });
        let mut stage = Self { session, events };
        stage.key('w');
        stage.until("the wire says what it is", |model| model.worlds.shown().wire.status != WireStatus::Absent).await;
        let wire = &stage.session.pump.model.worlds.shown().wire;
        assert!(wire.is_open(), "{wire:#?}");
        let listens = |model: &Model| {
            let flow = Flow::unconnected(Proto::Tcp, (HostId::Server.address(), 65_432).into());
            model.worlds.shown().table.state(&flow) == Some(TcpState::Listen)
        };
        stage.until("the server listens", listens).await;
        stage
    }

    pub(super) fn key(&mut self, key: char) {
        self.session.tell(Msg::Key(Key::Char(key))).unwrap();
    }

    /// Runs a program by its line.
    pub(super) fn run(&mut self, line: &str) {
        self.key('!');
        self.session.tell(Msg::Key(Key::Ctrl('u'))).unwrap();
        line.chars().for_each(|c| self.key(c));
        self.session.tell(Msg::Key(Key::Enter)).unwrap();
    }

    /// The screen, line by line.
    pub(super) fn screen(&mut self, lang: Lang) -> String {
        self.session.pump.model.ui.lang = lang;
        let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
        render(self.model(), ColorDepth::Mono, &mut buffer);
        let lines = buffer.content().chunks(120).map(|line| line.iter().map(Cell::symbol).collect::<String>());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Selects a packet on the wire.
    pub(super) fn select(&mut self, packet: u64) {
        self.session.pump.model.ui.wire.packet = Some(packet);
    }

    /// Places the cursor of the settings.
    pub(super) fn select_setting(&mut self, line: usize, host: HostId) {
        let cursor = &mut self.session.pump.model.ui.wire.settings;
        (cursor.line, cursor.host) = (line, host);
    }

    /// Presses a key that is no character.
    pub(super) fn press(&mut self, key: Key) {
        self.session.tell(Msg::Key(key)).unwrap();
    }

    /// Takes events in until the model is as it should be.
    pub(super) async fn until(&mut self, what: &str, is: impl Fn(&Model) -> bool) {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while !is(&self.session.pump.model) {
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(seen)) => self.session.tell(Msg::Seen(seen)).unwrap(),
                Ok(None) => panic!("the session ended before {what}"),
                Err(late) => {
                    panic!("{late}: waited in vain until {what}: {:#?}", self.session.pump.model.worlds.shown().wire)
                }
            }
        }
    }

    /// The next thing that is reported, if one comes within this time.
    pub(super) async fn next_within(&mut self, time: Duration) -> Option<Observation> {
        tokio::time::timeout(time, self.events.recv()).await.ok().flatten()
    }

    pub(super) fn take(&mut self, seen: Observation) {
        self.session.tell(Msg::Seen(seen)).unwrap();
    }

    /// Until a packet with these flags is held; its number.
    async fn held(&mut self, label: &str) -> u64 {
        let held = |model: &Model| {
            let mut open = model.worlds.shown().wire.open();
            open.find(|on| on.packet.label() == label && on.fate == WirePacketFate::Held).map(|on| on.packet.number)
        };
        self.until(&format!("{label} is held"), |model| held(model).is_some()).await;
        held(self.model()).unwrap()
    }

    pub(super) fn model(&self) -> &Model {
        &self.session.pump.model
    }

    pub(super) async fn close(self) {
        self.session.pump.shell.close().await;
    }
}

/// The states of both ends of the conversation shown.
fn states(model: &Model) -> [Option<TcpState>; 2] {
    let flow = presenter::conversation(model);
    [flow, flow.and_then(|flow| flow.mirror())].map(|flow| model.worlds.shown().table.state(&flow?))
}

async fn a_handshake_by_keys() {
    let mut stage = Stage::open().await;
    stage.key('c');
    stage.held("SYN").await;
    stage.until("SYN_SENT is in the table", |model| states(model) == [Some(TcpState::SynSent), None]).await;
    stage
        .until("the kernel told its timeout", |model| {
            let flow = presenter::conversation(model).unwrap();
            model.worlds.shown().wire.info(HostId::Client, &flow).is_some_and(|info| info.rto_us >= 1_000_000)
        })
        .await;
    stage.key('n');
    let half = [Some(TcpState::SynSent), Some(TcpState::SynRecv)];
    stage.until("the server answers", |model| states(model) == half).await;
    // A retransmitted SYN may come before it: select it for the key.
    stage.session.pump.model.ui.wire.packet = Some(stage.held("SYN+ACK").await);
    stage.key('n');
    let nearly = [Some(TcpState::Established), Some(TcpState::SynRecv)];
    stage.until("the client is open", |model| states(model) == nearly).await;
    stage.session.pump.model.ui.wire.packet = Some(stage.held("ACK").await);
    stage.key('n');
    let open = [Some(TcpState::Established); 2];
    stage.until("both are open", |model| states(model) == open).await;
    let syn = stage.model().worlds.shown().wire.packet(1).unwrap();
    assert!(!syn.brought.is_empty(), "the SYN is known as the cause");
    stage.close().await;
}

/// The server's end: closed in order, it passes through FIN_WAIT1 to TIME_WAIT; reset, both ends are gone.
async fn the_server_closes_its_end_by_keys() {
    const OPEN: [Option<TcpState>; 2] = [Some(TcpState::Established); 2];
    for (key, label, at_once, after) in [
        ('x', "FIN+ACK", [Some(TcpState::Established), Some(TcpState::FinWait1)], [None, Some(TcpState::TimeWait)]),
        ('X', "RST+ACK", [Some(TcpState::Established), None], [None, None]),
    ] {
        let mut stage = Stage::open().await;
        stage.key(' ');
        stage.key('c');
        let answered =
            |model: &Model| model.worlds.shown().clients.all().iter().any(|client| client.bytes.received > 0);
        stage.until("the server has answered", |model| answered(model) && states(model) == OPEN).await;
        stage.key(' ');
        stage
            .until("packets are held", |model| {
                model.worlds.shown().wire.direction(HostId::Server).mode == WireMode::Step
            })
            .await;
        // From the packets to the client host, and on to the server host.
        (0..2).for_each(|_| stage.session.tell(Msg::Key(Key::Tab)).unwrap());
        stage.key(key);
        stage.held(label).await;
        stage.until("the server's end has closed", |model| states(model) == at_once).await;
        stage.key(' ');
        stage.until("the client has closed too", |model| states(model) == after).await;
        stage.close().await;
    }
}

async fn a_program_runs_by_a_line_and_the_machine_stays_in_its_world() {
    let mut stage = Stage::open().await;
    stage.run("server sh -c 'echo olá; echo mal >&2; exec cat /proc/net/dev'");
    let lines = |model: &Model| -> Vec<String> {
        let said = model.worlds.shown().wire.programs.lines().iter().filter_map(|line| match line {
            ProgramLine::Said { line, error, .. } => Some(format!("{}{line}", if *error { "! " } else { "" })),
            ProgramLine::Ended(_, status, _) => Some(format!("ended {status:?}")),
            _ => None,
        });
        said.collect()
    };
    let done = |model: &Model| {
        let lines = lines(model);
        let has = |word: &str| lines.iter().any(|line| line == word);
        has("olá") && has("! mal") && has("ended Some(0)") && lines.iter().any(|line| line.contains("lo:"))
    };
    stage.until("it wrote and ended", done).await;
    let mut devices = lines(stage.model());
    devices.retain(|line| line.contains(':') && !line.starts_with('!'));
    assert!(devices.len() <= 2, "it sees its host's interfaces only: {devices:?}");
    stage.key('w');
    assert_eq!(stage.model().worlds.shown_id(), WorldId::Host);
    assert!(stage.model().worlds.wire().wire.is_open(), "the wire stays");
    stage.key('w');
    stage.key('W');
    let wire = |model: &Model| model.worlds.wire().wire.status;
    stage.until("it is taken down", |model| matches!(wire(model), WireStatus::Closed(..))).await;
    stage.key('w');
    stage
        .until("it is there again", |model| wire(model) != WireStatus::Absent && model.worlds.shown().wire.is_open())
        .await;
    stage.until("its server listens", |model| !model.worlds.shown().table.is_empty()).await;
    stage.close().await;
}

async fn when_the_helper_is_killed_no_socket_stays_on_its_hosts() {
    let mut stage = Stage::open().await;
    stage.key('c');
    stage.held("SYN").await;
    stage.key('!');
    for c in "sleep 1000".chars() {
        stage.key(c);
    }
    stage.session.tell(Msg::Key(Key::Enter)).unwrap();
    stage.until("a program runs", |model| !model.worlds.shown().wire.programs.running().is_empty()).await;
    let program = stage.model().worlds.shown().wire.programs.running()[0].pid;
    // The program's parent is the inner half of this wire's helper.
    let stat = std::fs::read_to_string(format!("/proc/{program}/stat")).unwrap();
    let parent = stat.rsplit_once(") ").unwrap().1.split_whitespace().nth(1).unwrap().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(parent).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    let ended = |model: &Model| model.worlds.shown().wire.status == WireStatus::Closed(CloseReason::HelperEnded, None);
    stage.until("the wire says why it is no more", ended).await;
    // An open socket keeps its host's network namespace alive.
    let closed = |model: &Model| model.worlds.shown().clients.live() == 0;
    stage.until("the client is closed", closed).await;
    stage
        .until("the servers are down", |model| model.worlds.shown().servers.all().iter().all(|server| !server.is_up()))
        .await;
    stage.close().await;
}
