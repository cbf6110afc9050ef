//! A session that runs, with its keyboard and its latest frame.

use std::io;
use std::path::Path;
use std::time::Duration;

use clap::Parser as _;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::{Stream, stream};
use ratatui::Terminal;
use socklab::api::app::{Cli, Laboratory, Pump, Recorder, Session, SessionEnd, Shell, Signal, queue, tui};
use socklab::api::domain::{self, Clock, RowKey, ServerId};
use socklab::api::model::{Client, Effect, Glyphs, Model, Msg, Server, Ui, World};
use socklab::api::view::ColorDepth;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::screen::Screen;

/// Far beyond what anything here takes: reached only by a failure.
const DEADLINE: Duration = Duration::from_mins(1);

/// The four servers on ports of the kernel's choice.
pub(crate) const FOUR: [&str; 8] =
    ["--server", "threaded=0", "--server", "echo=0", "--server", "async=0", "--server", "udp=0"];
pub(crate) const THREADED: ServerId = ServerId(0);
pub(crate) const ECHO: ServerId = ServerId(1);
pub(crate) const ASYNC: ServerId = ServerId(2);
pub(crate) const UDP: ServerId = ServerId(3);

/// The latest frame, and the state from which it was drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// How many frames there were.
    pub(crate) frames: usize,
    pub(crate) lines: Vec<String>,
    pub(crate) world: World,
    pub(crate) ui: Ui,
    /// Every event so far.
    pub(crate) events: Vec<domain::Event>,
    /// The netstat pane's rows.
    pub(crate) listed: Vec<RowKey>,
    /// How often the session was suspended, and how often it was resumed.
    pub(crate) suspended: usize,
    pub(crate) resumed: usize,
}

impl Shown {
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }

    pub(crate) fn says(&self, what: &str) -> bool {
        self.lines.iter().any(|line| line.contains(what))
    }

    /// The lines with all of these words on them.
    pub(crate) fn lines_with(&self, words: &[&str]) -> Vec<&str> {
        let all = |line: &&String| words.iter().all(|word| line.contains(word));
        self.lines.iter().filter(all).map(String::as_str).collect()
    }

    pub(crate) fn server(&self, id: ServerId) -> &Server {
        self.world.servers.get(id).expect("the server exists")
    }

    /// The clients, the earliest first.
    pub(crate) fn clients(&self) -> &[Client] {
        self.world.clients.all()
    }

    /// The local ports of all clients that have one, the earliest first.
    pub(crate) fn client_ports(&self) -> Vec<u16> {
        self.clients().iter().filter_map(|client| client.local).map(|addr| addr.port()).collect()
    }

    /// How many clients have an answer.
    pub(crate) fn answered(&self) -> usize {
        self.clients().iter().filter(|client| client.id().is_some() && client.bytes.received > 0).count()
    }
}

/// A session that runs.
pub(crate) struct Stage {
    keys: mpsc::UnboundedSender<io::Result<Event>>,
    pub(crate) signals: mpsc::Sender<Signal>,
    shown: watch::Receiver<Shown>,
    pub(crate) screen: Screen,
    session: JoinHandle<(SessionEnd, Vec<domain::Event>)>,
}

impl Stage {
    /// A session on a terminal of 120×36, in English, started with these arguments.
    pub(crate) async fn open(args: &[&str]) -> Self {
        Self::open_sized(args, (120, 36)).await
    }

    pub(crate) async fn open_sized(args: &[&str], size: (u16, u16)) -> Self {
        Self::open_with(args, size, |_| ()).await
    }

    /// A session whose laboratory is changed by `more` before it begins.
    pub(crate) async fn open_with(
        args: &[&str],
        (columns, rows): (u16, u16),
        more: impl FnOnce(&mut Laboratory),
    ) -> Self {
        let words = ["socklab-tui", "--lang", "en"].iter().chain(args);
        let cli = Cli::try_parse_from(words).expect("the arguments are sound").lab;
        let (sink, mut events) = queue::open(Clock::start());
        let mut laboratory = Laboratory::open(cli.servers.specs(), cli.observe, &sink).expect("the laboratory opens");
        more(&mut laboratory);
        let ui = Ui { size: (columns, rows), glyphs: Glyphs::Unicode, ..tui::ui(&cli) };
        let screen = Screen::new(columns, rows);
        let (publish, shown) = watch::channel(Shown::default());
        let shell = Watched { laboratory, screen: screen.clone(), publish };
        let record = cli.record.as_deref().map(|path: &Path| Recorder::create(path).expect("the file opens"));
        let terminal = Terminal::new(screen.clone()).expect("a test backend cannot fail");
        let mut pump = Pump::new(Model::new(ui), shell, sink);
        pump.record = record;
        let mut session = Session { pump, terminal, depth: ColorDepth::Ansi16 };
        let (keys, pressed) = mpsc::unbounded_channel();
        let (signals, signalled) = mpsc::channel(8);
        let session = tokio::spawn(async move {
            let end = session.run(keyboard(pressed), signalled, &mut events).await.expect("the screen works");
            let all = session.pump.model.journal.events().cloned().collect();
            let (shell, mut rest) = session.pump.split();
            shell.laboratory.close().await;
            rest.drain(&mut events);
            (end, all)
        });
        let mut stage = Self { keys, signals, shown, screen, session };
        stage.when("the first frame", |shown| shown.frames > 0).await;
        stage
    }

    /// The four servers, once each of them has its port.
    pub(crate) async fn lab() -> Self {
        let mut stage = Self::open(&FOUR).await;
        stage.until("four servers run", all_up).await;
        stage
    }

    /// Presses a key for each character; Tab for a tab.
    pub(crate) fn types(&self, text: &str) {
        let key = |c| if c == '\t' { KeyCode::Tab } else { KeyCode::Char(c) };
        text.chars().for_each(|c| self.presses(key(c)));
    }

    pub(crate) fn presses(&self, key: KeyCode) {
        self.happens(Event::Key(KeyEvent::new(key, KeyModifiers::NONE)));
    }

    pub(crate) fn holds_ctrl(&self, c: char) {
        self.happens(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
    }

    pub(crate) fn happens(&self, event: Event) {
        self.keys.send(Ok(event)).expect("the session runs");
    }

    pub(crate) fn resizes(&self, columns: u16, rows: u16) {
        self.screen.resize(columns, rows);
        self.happens(Event::Resize(columns, rows));
    }

    /// Waits for a frame in which `found` finds something.
    pub(crate) async fn until<T>(&mut self, what: &str, mut found: impl FnMut(&Shown) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            if let Some(answer) = found(&self.shown.borrow_and_update()) {
                return answer;
            }
            let next = tokio::time::timeout_at(deadline, self.shown.changed()).await;
            assert!(matches!(next, Ok(Ok(()))), "{what}: not shown; {}", self.description());
        }
    }

    /// Waits for a frame of which this is true.
    pub(crate) async fn when(&mut self, what: &str, mut is: impl FnMut(&Shown) -> bool) -> Shown {
        self.until(what, |shown| is(shown).then(|| shown.clone())).await
    }

    /// Waits until the screen says this.
    pub(crate) async fn says(&mut self, what: &str) -> Shown {
        self.when(what, |shown| shown.says(what)).await
    }

    /// The latest frame.
    pub(crate) fn now(&self) -> Shown {
        self.shown.borrow().clone()
    }

    fn description(&self) -> String {
        let shown = self.shown.borrow();
        let last = shown.events.iter().skip(shown.events.len().saturating_sub(30));
        let last: Vec<_> = last.map(|event| serde_json::to_string(event).unwrap()).collect();
        format!(
            "the screen after {} frames was\n{}\nand the last events\n{}",
            shown.frames,
            shown.text(),
            last.join("\n")
        )
    }

    /// Leaves with `q`. Returns all events until then.
    pub(crate) async fn quits(self) -> Vec<domain::Event> {
        self.types("q");
        let (end, events) = self.ended().await;
        assert_eq!(end, SessionEnd::Quit);
        events
    }

    /// Waits until it is over.
    pub(crate) async fn ended(self) -> (SessionEnd, Vec<domain::Event>) {
        let over = tokio::time::timeout(DEADLINE, self.session).await;
        over.expect("the session ends").expect("the session does not panic")
    }

    /// The keyboard is unplugged.
    pub(crate) async fn hangs_up(self) -> SessionEnd {
        let Self { keys, session, signals: _signals, .. } = self;
        drop(keys);
        tokio::time::timeout(DEADLINE, session).await.expect("the session ends").expect("the session does not panic").0
    }
}

/// Whether every server runs.
pub(crate) fn all_up(shown: &Shown) -> Option<()> {
    let all = shown.world.servers.all();
    (!all.is_empty() && all.iter().all(Server::is_up)).then_some(())
}

pub(crate) fn keyboard(
    mut pressed: mpsc::UnboundedReceiver<io::Result<Event>>,
) -> impl Stream<Item = io::Result<Event>> + Unpin {
    stream::poll_fn(move |context| pressed.poll_recv(context))
}

/// The real laboratory; publishes each frame.
struct Watched {
    laboratory: Laboratory,
    screen: Screen,
    publish: watch::Sender<Shown>,
}

impl Shell for Watched {
    fn perform(&mut self, effect: Effect) {
        self.laboratory.perform(effect);
    }

    async fn answer(&mut self) -> Msg {
        self.laboratory.answer().await
    }

    fn seen(&mut self, model: &Model, rows: &[RowKey]) {
        self.laboratory.seen(model, rows);
        self.publish.send_modify(|shown| {
            let known = shown.events.last().map_or(0, |event| event.seq);
            shown.frames += 1;
            shown.lines = self.screen.lines();
            shown.world = model.worlds.shown().clone();
            shown.ui = model.ui.clone();
            shown
                .events
                .extend((known + 1..=model.journal.last_seq()).filter_map(|seq| model.journal.get(seq).cloned()));
            shown.listed = model.listing.keys(0..model.listing.len()).copied().collect();
        });
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.screen.scribble();
        self.publish.send_modify(|shown| shown.suspended += 1);
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        self.publish.send_modify(|shown| shown.resumed += 1);
        Ok(())
    }
}
