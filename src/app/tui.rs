//! The laboratory on the screen: opens everything that a session needs, and closes it again in order.

use std::io::{self, IsTerminal};

use anyhow::Context as _;
use clap::CommandFactory as _;
use crossterm::event::{Event, EventStream};
use futures_util::{Stream, StreamExt as _, stream};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::cli::{Cli, LabArgs};
use super::laboratory::Laboratory;
use super::locale;
use super::on_workers::OnWorkers;
use super::pump::{Pump, Record};
use super::queue;
use super::recorder::Recorder;
use super::session::{Session, SessionEnd};
use super::signals;
use super::terminal::TerminalGuard;
#[cfg(target_os = "linux")]
use crate::domain::need::Lack;
use crate::domain::{Clock, ServerId};
use crate::lesson::catalogue;
use crate::model::ui::TableScope;
use crate::model::{Model, Msg, Ui};
#[cfg(target_os = "linux")]
use crate::observe::capture::CaptureAccess;

/// How many keys may wait: more than are typed, fewer than are pasted.
const KEYS: usize = 1_024;

/// The error of a write to a terminal that was closed (`errno(3)`).
const EIO: i32 = 5;

/// Runs the laboratory until the user leaves it.
pub(super) fn run(cli: &LabArgs, on_wire: bool) -> anyhow::Result<()> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        anyhow::bail!((locale::text(cli.lang).no_terminal)(&commands()));
    }
    let record = match &cli.record {
        Some(path) => Some(Recorder::create(path).with_context(|| path.display().to_string())?),
        None => None,
    };
    // Before any other thread exists: the privilege to capture is dropped with the key.
    #[cfg(target_os = "linux")]
    let key = CaptureAccess::take();
    let workers = super::runtime()?;
    let screen = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    #[cfg(target_os = "linux")]
    return screen.block_on(session(cli, on_wire, record, workers.handle(), key));
    #[cfg(not(target_os = "linux"))]
    screen.block_on(session(cli, on_wire, record, workers.handle()))
}

async fn session(
    cli: &LabArgs,
    on_wire: bool,
    record: Option<Record>,
    workers: &Handle,
    #[cfg(target_os = "linux")] key: Result<CaptureAccess, Lack>,
) -> anyhow::Result<()> {
    let (sink, mut events) = queue::open(Clock::start());
    let signals = signals::listen()?;
    let entered = workers.enter();
    let shell = Laboratory::open_guarded(cli.servers.specs(), cli.observe, &cli.servers.limits(), &sink)?;
    let mut shell = shell.with_lessons(cli.lessons.clone());
    #[cfg(target_os = "linux")]
    shell.capture(key);
    #[cfg(not(target_os = "linux"))]
    shell.cannot_capture();
    drop(entered);
    let mut model = Model::new(ui(cli));
    model.lessons.cards = catalogue::cards();
    model.lessons.watched = !cli.lessons.is_empty();
    if !cli.interface.is_empty() {
        model.capture.chosen = Some(cli.interface.iter().map(|name| name.as_str().into()).collect());
    }
    let _terminal = TerminalGuard::take()?;
    let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    if let Ok(size) = terminal.size() {
        model.ui.size = (size.width, size.height);
    }
    let mut pump = Pump::new(model, OnWorkers { shell, workers: workers.clone() }, sink);
    pump.record = record;
    let mut session = Session { pump, terminal, depth: locale::depth() };
    if on_wire {
        session.tell(Msg::Wire)?;
    }
    if let Some(target) = &cli.target {
        session.tell(Msg::Target(Some(target.clone())))?;
    }
    if let Some(path) = &cli.open {
        session.tell(Msg::Open(path.clone()))?;
    }
    let ended = session.run(keys(), signals, &mut events).await;
    let Session { pump, terminal, .. } = session;
    // Its `drop` prints an error if there is one, and panics if standard error is closed. `_terminal` shows the cursor.
    std::mem::forget(terminal);
    let (shell, mut rest) = pump.split();
    shell.shell.close().await;
    if rest.record.is_some() {
        rest.drain(&mut events);
    }
    match ended {
        // An error of a terminal that is gone could not be read.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe && error.raw_os_error() != Some(EIO) => {
            Err(error.into())
        }
        Ok(SessionEnd::Quit | SessionEnd::Stopped | SessionEnd::Hangup) | Err(_) => Ok(()),
    }
}

/// What is typed, read in a task of its own: asking crossterm costs system calls each time, also when nothing was typed.
fn keys() -> impl Stream<Item = io::Result<Event>> + Unpin {
    let (typed, mut keys) = mpsc::channel(KEYS);
    tokio::spawn(async move {
        let mut events = EventStream::new();
        while let Some(event) = events.next().await {
            if typed.send(event).await.is_err() {
                return;
            }
        }
    });
    stream::poll_fn(move |context| keys.poll_recv(context))
}

/// The commands that need no terminal, as they are typed.
fn commands() -> String {
    let known = Cli::command();
    let names: Vec<_> =
        known.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name).collect();
    names.iter().map(|name| format!("socklab-tui {name}")).collect::<Vec<_>>().join(", ")
}

/// The initial state of the screen, by the command line.
pub fn ui(cli: &LabArgs) -> Ui {
    let servers = cli.servers.specs();
    let usual = servers.iter().any(|spec| spec.addr.port() == 65432);
    Ui {
        lang: cli.lang.unwrap_or_else(locale::lang),
        theme: cli.theme.map(Into::into).unwrap_or_default(),
        glyphs: locale::glyphs(cli.ascii),
        ticked: (0u8..).zip(&servers).map(|(id, _)| ServerId(id)).collect(),
        scope: if usual { TableScope::Filter } else { TableScope::Lab },
        ..Ui::default()
    }
}
