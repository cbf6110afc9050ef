//! The loop itself, on a paused clock: keys before events, frames at their pace, no work without a reason.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use socklab::api::app::queue::open;
use socklab::api::app::{Pump, Session, SessionEnd, Shell, Signal};
use socklab::api::domain::{
    Answer, Call, ClientChange, ClientEvent, ClientId, ClientPlan, Clock, Destination, EventKind, EventQueue,
    EventSink, Evidence, Flow, LabOrder, Observation, Proto, RowKey, ServerChange, ServerEvent, ServerId, ServerSpec,
    ServiceModel, SocketId, Stamp, Syscall, WorldId,
};
use socklab::api::model::{Effect, Model, TableEffect, Ui};
use socklab::api::view::ColorDepth;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::harness::{Test, test};
use crate::screen::Screen;
use crate::stage::keyboard;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_key_is_handled_before_all_waiting_events, &[]),
        test(a_key_typed_ahead_is_about_the_servers_that_are_there, &[]),
        test(a_key_in_the_middle_of_a_flood_waits_for_one_batch_at_most, &[]),
        test(a_frame_is_drawn_for_a_key_and_none_for_nothing, &[]),
        test(a_flood_is_drawn_sixty_times_a_second_at_most_and_does_not_starve_the_screen, &[]),
        test(while_ages_are_counted_the_screen_changes_once_a_second_then_once_a_minute, &[]),
        test(observations_that_do_not_fit_into_the_queue_are_counted_on_the_screen, &[]),
        test(the_session_ends_when_its_terminal_or_the_laboratory_does, &[]),
    ]
}

/// The requests to a shell, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Spawn,
    Lookup,
    /// A frame was drawn, at this moment.
    Frame(Instant),
}

type Asks = Arc<Mutex<Vec<Asked>>>;
type Presser = mpsc::UnboundedSender<io::Result<Event>>;

/// Records the requests to it. Presses a key after a number of lookups.
#[derive(Debug)]
struct Fake {
    asks: Asks,
    /// How many events the latest frame says were lost.
    lost: Arc<AtomicU64>,
    presses: Option<(usize, Presser)>,
}

impl Shell for Fake {
    fn perform(&mut self, effect: Effect) {
        let asked = match effect {
            Effect::Lab(WorldId::Host, LabOrder::Spawn { .. }) => Asked::Spawn,
            Effect::Table(TableEffect::Lookup(_)) => Asked::Lookup,
            _ => return,
        };
        let mut asks = self.asks.lock().unwrap();
        asks.push(asked);
        let lookups = asks.iter().filter(|asked| **asked == Asked::Lookup).count();
        if self.presses.as_ref().is_some_and(|(after, _)| *after == lookups)
            && let Some((_, keys)) = self.presses.take()
        {
            press(&keys, 'c');
        }
    }

    fn seen(&mut self, model: &Model, _: &[RowKey]) {
        self.lost.store(model.worlds.shown().missing_packets, Ordering::Relaxed);
        self.asks.lock().unwrap().push(Asked::Frame(Instant::now()));
    }
}

/// A queue that is full.
struct Full;

impl EventQueue for Full {
    fn offer(&self, _: Observation) -> bool {
        false
    }
}

fn press(keys: &Presser, c: char) {
    keys.send(Ok(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)))).unwrap();
}

fn addr(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// A session of a laboratory with one server, that does nothing by itself.
struct Loop {
    asks: Asks,
    lost: Arc<AtomicU64>,
    sink: EventSink,
    keys: Presser,
    events: EventSink,
    begun: Instant,
    signals: mpsc::Sender<Signal>,
    session: tokio::task::JoinHandle<SessionEnd>,
}

impl Loop {
    fn start(first: impl IntoIterator<Item = EventKind>, press_after: Option<usize>, press_first: bool) -> Self {
        let begun = Instant::now();
        let clock = Clock::start();
        let model = Model::new(Ui::default());
        let asks = Asks::default();
        let (keys, pressed) = mpsc::unbounded_channel();
        let (events, mut far) = open(clock);
        let (signals, signalled) = mpsc::channel(1);
        [server()].into_iter().chain(first).for_each(|kind| tell(&events, kind));
        if press_first {
            press(&keys, 'c');
        }
        let lost = Arc::new(AtomicU64::new(0));
        let shell = Fake {
            asks: Arc::clone(&asks),
            lost: Arc::clone(&lost),
            presses: press_after.map(|after| (after, keys.clone())),
        };
        let terminal = Terminal::new(Screen::new(80, 24)).unwrap();
        let sink = EventSink::new(clock, Arc::new(Full));
        let pump = Pump::new(model, shell, sink.clone());
        let mut session = Session { pump, terminal, depth: ColorDepth::Mono };
        let session = tokio::spawn(async move { session.run(keyboard(pressed), signalled, &mut far).await.unwrap() });
        Self { asks, lost, sink, keys, events, begun, signals, session }
    }

    /// When each frame was drawn, since the start.
    fn frames(&self) -> Vec<Duration> {
        let asks = self.asks.lock().unwrap();
        let frame = |asked: &Asked| match asked {
            Asked::Frame(at) => Some(*at - self.begun),
            _ => None,
        };
        asks.iter().filter_map(frame).collect()
    }

    async fn quit(self) -> Vec<Asked> {
        // Wherever it is: the help takes q for itself.
        self.keys.send(Ok(Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)))).unwrap();
        assert_eq!(self.session.await.unwrap(), SessionEnd::Quit);
        drop((self.events, self.signals, self.sink));
        Arc::into_inner(self.asks).unwrap().into_inner().unwrap()
    }
}

fn tell(events: &EventSink, kind: EventKind) {
    assert!(events.report_at(Stamp::ZERO, Evidence::Called, kind));
}

fn server() -> EventKind {
    let model = Some(ServiceModel::Threaded);
    let spec =
        ServerSpec { name: "threaded".into(), proto: Proto::Tcp, addr: addr(65432), answer: Answer::Upper, model };
    EventKind::Server(ServerEvent { server: ServerId(0), change: ServerChange::Added { spec } })
}

fn client(id: u32, change: ClientChange) -> EventKind {
    EventKind::Client(ClientEvent { client: ClientId(id), change })
}

fn spawned(id: u32) -> EventKind {
    let destination = Destination { server: Some(ServerId(0)), proto: Proto::Tcp, addr: addr(65432) };
    client(id, ClientChange::Spawned { plan: ClientPlan::Stay, destination })
}

/// Something that makes the loop ask for one lookup.
fn connected(id: u32) -> EventKind {
    let flow = Flow::tcp(addr(30_000 + u16::try_from(id % 30_000).unwrap()), addr(65432));
    EventKind::Call(Call::new(SocketId::Client(ClientId(id)), Syscall::Connect).on(flow))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn a_key_is_handled_before_all_waiting_events() {
    let flood = Loop::start((0..2_000).map(connected), None, true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let asks = flood.quit().await;
    let before = asks.iter().take_while(|asked| **asked != Asked::Spawn).count();
    assert!(before <= 256, "{before}: the first batch, and no more");
    assert_eq!(asks.iter().filter(|asked| **asked == Asked::Lookup).count(), 2_000, "and no event is lost by it");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn a_key_typed_ahead_is_about_the_servers_that_are_there() {
    let early = Loop::start([], None, true);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(early.quit().await.contains(&Asked::Spawn));
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn a_key_in_the_middle_of_a_flood_waits_for_one_batch_at_most() {
    for after in [1, 256, 257, 1_000] {
        let flood = Loop::start((0..2_000).map(connected), Some(after), false);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let asks = flood.quit().await;
        let lookups = asks.iter().take_while(|asked| **asked != Asked::Spawn).filter(|a| **a == Asked::Lookup).count();
        assert!((after..after + 256).contains(&lookups), "pressed after {after}, heard after {lookups}");
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn a_frame_is_drawn_for_a_key_and_none_for_nothing() {
    let idle = Loop::start([], None, false);
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(idle.frames().len(), 1, "one frame to begin with, then an hour of nothing");
    press(&idle.keys, '?');
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(idle.frames().len(), 2, "after a quiet time a key is answered at once");
    // An event of the terminal that changes nothing on the screen.
    idle.keys.send(Ok(Event::FocusGained)).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(idle.frames().len(), 2);
    idle.quit().await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn a_flood_is_drawn_sixty_times_a_second_at_most_and_does_not_starve_the_screen() {
    let flood = Loop::start([], None, false);
    for id in 0..5_000 {
        tell(&flood.events, connected(id));
        if id % 5 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let frames = flood.frames();
    assert!(frames.windows(2).all(|pair| pair[1].saturating_sub(pair[0]) >= Duration::from_millis(16)), "{frames:?}");
    // Twenty-five at least. Tokio's timers tick once a millisecond: a frame may be that much late.
    assert!((22..=62).contains(&frames.len()), "{} frames in a second", frames.len());
    flood.quit().await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn while_ages_are_counted_the_screen_changes_once_a_second_then_once_a_minute() {
    let young = Loop::start([spawned(1)], None, false);
    tokio::time::sleep(Duration::from_millis(30_500)).await;
    let half = young.frames().len();
    assert!((30..=33).contains(&half), "{half} frames in thirty seconds");
    // After a minute its age is shown in minutes.
    tokio::time::sleep(Duration::from_secs(40)).await;
    let minute = young.frames().len();
    tokio::time::sleep(Duration::from_mins(10)).await;
    let later = young.frames().len() - minute;
    assert!((9..=11).contains(&later), "{later} frames in ten minutes");
    tell(&young.events, client(1, ClientChange::Ended));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ended = young.frames().len();
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(young.frames().len(), ended, "no client is left, nothing changes");
    young.quit().await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn observations_that_do_not_fit_into_the_queue_are_counted_on_the_screen() {
    let full = Loop::start([], None, false);
    (0..7).for_each(|id| assert!(!full.sink.report(Evidence::Called, spawned(id))));
    tell(&full.events, spawned(7));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(full.lost.load(Ordering::Relaxed), 7);
    full.quit().await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn the_session_ends_when_its_terminal_or_the_laboratory_does() {
    let gone = Loop::start([], None, false);
    gone.keys.send(Err(io::Error::other("the terminal is gone"))).unwrap();
    assert_eq!(gone.session.await.unwrap(), SessionEnd::Hangup);
    let silent = Loop::start([], None, false);
    drop(silent.events);
    assert_eq!(silent.session.await.unwrap(), SessionEnd::Stopped);
    let stopped = Loop::start([], None, false);
    stopped.signals.send(Signal::Stop).await.unwrap();
    assert_eq!(stopped.session.await.unwrap(), SessionEnd::Stopped);
}
