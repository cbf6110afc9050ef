//! Scenarios played by keys in the program's own loop, on the real kernel.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use socklab::api::app::Laboratory;
use socklab::api::app::queue;
use socklab::api::app::{Pump, Session, SessionEnd, Shell};
use socklab::api::domain::{Clock, Lang, PacketSummary, RowKey};
use socklab::api::lesson::{Lesson, LessonOrder, LessonStep, catalogue};
use socklab::api::model::{Effect, Model, Msg, Ui};
use socklab::api::model::{PacketOnWire, WireStatus};
use socklab::api::model::{PlayedLesson, StepProgress};
use socklab::api::view::ColorDepth;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

use super::visible::{LEAST, missing};
use crate::fixtures::{BINARY, DEADLINE};
use crate::harness::{Need::Wire, Test, async_test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(two_scenarios_by_key_one_repeated_and_one_spoilt, &[Wire]),
        async_test(every_scenario_of_the_catalogue_by_key, &[Wire]),
        async_test(what_a_step_speaks_of_is_on_the_smallest_screen, &[Wire]),
        async_test(every_scenario_waits_for_a_class_that_talks, &[Wire]),
        async_test(those_that_hang_on_timers_wait_for_a_class_that_talks_long, &[Wire]).first(),
        async_test(every_scenario_waits_for_as_long_as_asked, &[Wire])
            .asked_for("SOCKLAB_TALK=seconds, before each key; SOCKLAB_SCENARIOS=some,only"),
    ]
}

/// The presenter does not pause.
const NO_TALK: Duration = Duration::ZERO;

/// What a frame was drawn from.
#[derive(Debug, Clone, Default, PartialEq)]
struct Shown {
    frames: u64,
    status: WireStatus,
    playing: Option<PlayedLesson>,
    failed: Vec<String>,
    /// The arrows on the ladder, each as it reads.
    arrows: Vec<String>,
    /// What the step that has passed speaks of, and the smallest screen does not show.
    missing: Vec<String>,
}

/// What an arrow says, without what the kernel decides by the way: its port, and where it pushes.
fn arrow(on: &PacketOnWire) -> String {
    let PacketSummary { tcp, payload, retransmission_of, .. } = &on.packet;
    let numbers = tcp.as_ref().map(|tcp| (tcp.seq_rel, tcp.ack_rel));
    let again = if retransmission_of.is_some() { " again" } else { "" };
    format!("{} {} {numbers:?} {} B{again}", on.from.name(), on.packet.label().replace("PSH+", ""), payload.len)
}

/// A shell that tells what is shown.
struct Watched {
    laboratory: Laboratory,
    publish: watch::Sender<Shown>,
}

impl Shell for Watched {
    fn perform(&mut self, effect: Effect) {
        self.laboratory.perform(effect);
    }

    fn stage(&mut self, name: &str, lesson: &Arc<Lesson>, run: u32) {
        self.laboratory.stage(name, lesson, run);
    }

    fn order(&mut self, order: LessonOrder) {
        self.laboratory.order(order);
    }

    async fn answer(&mut self) -> Msg {
        self.laboratory.answer().await
    }

    fn seen(&mut self, model: &Model, rows: &[RowKey]) {
        self.laboratory.seen(model, rows);
        let world = model.worlds.wire();
        let failed =
            model.lessons.played.iter().filter(|(_, passed)| !**passed).map(|(name, _)| name.clone()).collect();
        self.publish.send_modify(|shown| {
            let arrows = world.wire.packets().iter().map(arrow).collect();
            let playing = world.playing.clone();
            let passed = |playing: &PlayedLesson| {
                matches!(playing.progress, StepProgress::Passed | StepProgress::Over) && model.ui.size == LEAST
            };
            let missing = if playing.as_ref().is_some_and(passed) { missing(model) } else { vec![] };
            *shown = Shown { frames: shown.frames + 1, status: world.wire.status, playing, failed, arrows, missing };
        });
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A session that runs, its keyboard, and what it shows.
struct Stage {
    keys: mpsc::UnboundedSender<io::Result<Event>>,
    shown: watch::Receiver<Shown>,
    session: JoinHandle<SessionEnd>,
}

impl Stage {
    fn open() -> Self {
        Self::sized((120, 36), Lang::En)
    }

    fn sized(size: (u16, u16), lang: Lang) -> Self {
        let (sink, mut events) = queue::open(Clock::start());
        // On the machine itself nothing is started: the ports may be in use.
        let laboratory = Laboratory::open(vec![], true, &sink).unwrap();
        let laboratory = laboratory.with_helper(BINARY.into());
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, size.0, size.1)) };
        let terminal = Terminal::with_options(CrosstermBackend::new(Vec::new()), options).unwrap();
        let mut model = Model::new(Ui { size, lang, ..Ui::default() });
        model.lessons.cards = catalogue::cards();
        let (publish, shown) = watch::channel(Shown::default());
        let shell = Watched { laboratory, publish };
        let depth = ColorDepth::Mono;
        let mut session = Box::new(Session { pump: Pump::new(model, shell, sink), terminal, depth });
        let (keys, pressed) = mpsc::unbounded_channel();
        let (signals, signalled) = mpsc::channel(1);
        let keyboard = |mut pressed: mpsc::UnboundedReceiver<_>| async move { Some((pressed.recv().await?, pressed)) };
        let session = tokio::spawn(async move {
            let keyboard = Box::pin(stream::unfold(pressed, keyboard));
            let end = session.run(keyboard, signalled, &mut events).await.unwrap();
            drop(signals);
            session.pump.shell.laboratory.close().await;
            end
        });
        Self { keys, shown, session }
    }

    fn press(&self, key: KeyCode) {
        self.keys.send(Ok(Event::Key(KeyEvent::new(key, KeyModifiers::NONE)))).unwrap();
    }

    fn types(&self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    /// Waits until a frame shows what is looked for.
    async fn until(&mut self, what: &str, is: impl Fn(&Shown) -> bool) -> Shown {
        let shown = tokio::time::timeout(DEADLINE, self.shown.wait_for(|shown| is(shown))).await;
        let shown = shown.map(|shown| shown.expect("the session runs").clone());
        shown.unwrap_or_else(|late| panic!("{late}: waited in vain until {what}: {:#?}", self.shown.borrow()))
    }

    /// Until the lesson of this name stands at this beat of this step.
    async fn at(&mut self, lesson: &str, step: usize, beats: &[StepProgress]) -> PlayedLesson {
        let there = |playing: &PlayedLesson| {
            playing.lesson == lesson && playing.step == step && beats.contains(&playing.progress)
        };
        let is = |shown: &Shown| shown.playing.as_ref().is_some_and(there);
        let shown = self.until(&format!("{lesson} is at step {step}, {beats:?}"), is).await;
        shown.playing.expect("it was looked at")
    }

    /// Chooses a scenario from the list.
    async fn choose(&mut self, name: &str) {
        self.press(KeyCode::F(6));
        self.types(name);
        self.press(KeyCode::Enter);
        let begins =
            |shown: &Shown| shown.playing.as_ref().is_some_and(|playing| playing.lesson == name && playing.step == 0);
        self.until(&format!("{name} begins"), begins).await;
    }

    /// Goes through the present scenario by one key from its first step to its last, and talks before each press. The
    /// press 2k is to read the step k, the press 2k + 1 to do it.
    async fn through(&mut self, name: &str, talk: impl Fn(usize) -> Duration) {
        self.through_and(name, talk, |_| ()).await;
    }

    /// The same, and looks at what is shown when each step has passed.
    async fn through_and(&mut self, name: &str, talk: impl Fn(usize) -> Duration, mut look: impl FnMut(&Shown)) {
        let steps = &catalogue::lesson(name).unwrap().steps;
        for (place, step) in steps.iter().enumerate() {
            if !step.acts.is_empty() {
                self.at(name, place, &[StepProgress::Told]).await;
                tokio::time::sleep(talk(2 * place + 1)).await;
                self.press(KeyCode::Enter);
            }
            let last = place + 1 == steps.len();
            let end = if last { StepProgress::Over } else { StepProgress::Passed };
            let playing = self.at(name, place, &[end, StepProgress::Failed]).await;
            assert_eq!(playing.progress, end, "{name}, step {place}: {playing:#?}");
            look(&self.shown.borrow());
            if !last {
                tokio::time::sleep(talk(2 * (place + 1))).await;
                self.press(KeyCode::Enter);
            }
        }
    }

    async fn close(self) {
        // At once: `q` asks twice while a lesson is played.
        let leave = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        self.keys.send(Ok(Event::Key(leave))).unwrap();
        assert_eq!(self.session.await.unwrap(), SessionEnd::Quit);
    }
}

async fn two_scenarios_by_key_one_repeated_and_one_spoilt() {
    let mut stage = Stage::open();
    stage.choose("lost-syn").await;
    stage.through("lost-syn", |_| NO_TALK).await;
    // The key that goes on begins the next scenario, on hosts of its own.
    stage.press(KeyCode::Enter);
    stage.at("lost-syn-ack", 0, &[StepProgress::Told]).await;
    stage.press(KeyCode::Enter);
    stage.at("lost-syn-ack", 0, &[StepProgress::Passed]).await;
    stage.types("r");
    stage.at("lost-syn-ack", 0, &[StepProgress::Told]).await;
    // The presenter cuts the wire: what is to be done next cannot be, and is named; the key plays it again.
    stage.types("|");
    stage.press(KeyCode::Enter);
    let spoilt = stage.at("lost-syn-ack", 0, &[StepProgress::Failed]).await;
    assert_eq!((spoilt.not_done, spoilt.acts), (Some(2), 3), "{spoilt:#?}");
    stage.press(KeyCode::Enter);
    stage.at("lost-syn-ack", 0, &[StepProgress::Told]).await;
    stage.through("lost-syn-ack", |_| NO_TALK).await;
    // It is left; the wire stays, and is taken down for the next without a question: nothing of the presenter's is on it.
    stage.press(KeyCode::Esc);
    stage.press(KeyCode::Esc);
    let shown = stage.until("it is left", |shown| shown.playing.is_none()).await;
    assert!(matches!(shown.status, WireStatus::Open(_)) && shown.failed.is_empty(), "{shown:#?}");
    stage.close().await;
}

async fn every_scenario_of_the_catalogue_by_key() {
    let names: Vec<_> = catalogue::cards().into_iter().map(|card| card.name).collect();
    // Several sessions at once, since they mostly wait for kernel timers. Each goes on to the first scenario of the next.
    let part = names.len().div_ceil(4);
    let parts =
        (0..names.len() - 1).step_by(part).map(|start| names[start..names.len().min(start + part + 1)].to_vec());
    let play = |names: Vec<String>| async move {
        let mut stage = Stage::open();
        stage.choose(&names[0]).await;
        for (name, next) in names.iter().zip(names.iter().skip(1)) {
            stage.through(name, |_| NO_TALK).await;
            stage.press(KeyCode::Enter);
            stage.at(next, 0, &[StepProgress::Told, StepProgress::Doing, StepProgress::Passed]).await;
        }
        stage
    };
    let mut played = Vec::new();
    for session in parts.map(|names| tokio::spawn(play(names))).collect::<Vec<_>>() {
        played.push(session.await.unwrap());
    }
    // The last of the catalogue waits out TIME_WAIT: its first step has to do.
    let stage = played.last_mut().unwrap();
    stage.press(KeyCode::Enter);
    stage.at(names.last().unwrap(), 0, &[StepProgress::Passed]).await;
    for stage in played {
        assert_eq!(stage.shown.borrow().failed, Vec::<String>::new());
        stage.close().await;
    }
}

/// Plays a scenario on the smallest screen. Returns what its steps speak of and the screen lacks.
async fn lacked(name: String, lang: Lang) -> Vec<String> {
    let mut stage = Stage::sized(LEAST, lang);
    stage.choose(&name).await;
    let mut missing = Vec::new();
    stage.through_and(&name, |_| NO_TALK, |shown| missing.extend(shown.missing.iter().cloned())).await;
    stage.close().await;
    missing
}

async fn what_a_step_speaks_of_is_on_the_smallest_screen() {
    let places = Arc::new(Semaphore::new(2));
    let plays = |(name, lang): (String, Lang)| {
        let places = Arc::clone(&places);
        tokio::spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            lacked(name, lang).await
        })
    };
    let mut missing = Vec::new();
    let both = names().flat_map(|name| [Lang::En, Lang::PtBr].map(|lang| (name.clone(), lang)));
    for played in both.map(plays).collect::<Vec<_>>() {
        missing.extend(played.await.unwrap());
    }
    assert!(missing.is_empty(), "{} are missing:\n{}", missing.len(), missing.join("\n"));
}

/// Plays a scenario and talks before each key, as long as `talk` says. Returns the arrows on the ladder at the end.
async fn plays(name: &str, talk: impl Fn(usize) -> Duration) -> Vec<String> {
    let mut stage = Stage::open();
    stage.choose(name).await;
    stage.through(name, talk).await;
    // What the last act brought about may still be on its way.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let arrows = stage.shown.borrow().arrows.clone();
    stage.close().await;
    arrows
}

/// However long the class talks, the scenario passes, and what the kernels do meanwhile puts no arrow on the ladder that
/// is not there when nobody talks.
async fn tolerates(name: String, talk: impl Fn(usize) -> Duration) {
    let [mut quick, mut slow] = [plays(&name, |_| NO_TALK).await, plays(&name, talk).await];
    if catalogue::lesson(&name).unwrap().steps.iter().any(LessonStep::lets_pass) {
        // Nothing is held: there are as many probes and acknowledgements as there is time for.
        for arrows in [&mut quick, &mut slow] {
            arrows.retain(|arrow| !(arrow.contains(" ACK ") && arrow.contains(" 0 B")));
        }
    }
    let mut stray = Vec::new();
    for arrow in &slow {
        match quick.iter().position(|known| known == arrow) {
            Some(known) => _ = quick.swap_remove(known),
            None => stray.push(arrow),
        }
    }
    assert!(stray.is_empty(), "{name}: {stray:#?} among {slow:#?}");
}

/// Plays all of them, so many at once, each on hosts of its own. Those that fail are named together.
async fn all_tolerate<T: Fn(usize) -> Duration + Send + 'static>(
    at_once: usize,
    cases: impl Iterator<Item = (String, T)>,
) {
    let places = Arc::new(Semaphore::new(at_once));
    let played = cases.enumerate().map(|(number, (name, talk))| {
        let places = Arc::clone(&places);
        tokio::spawn(async move {
            // Not all at the same moment: each does its work between two pauses.
            tokio::time::sleep(Duration::from_millis(300) * u32::try_from(number).unwrap()).await;
            let _place = places.acquire_owned().await.unwrap();
            tolerates(name, talk).await;
        })
    });
    let mut failed = Vec::new();
    for played in played.collect::<Vec<_>>() {
        failed.extend(played.await.err().map(|error| error.to_string()));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn names() -> impl Iterator<Item = String> {
    catalogue::cards().into_iter().map(|card| card.name).filter(|name| name != "waited-out")
}

async fn every_scenario_waits_for_a_class_that_talks() {
    all_tolerate(4, names().map(|name| (name, |_| Duration::from_millis(700)))).await;
}

/// The steps that depend on a timer of the kernel, each after a pause in which it may run out.
async fn those_that_hang_on_timers_wait_for_a_class_that_talks_long() {
    let hanging = names().flat_map(|name| {
        let steps = &catalogue::lesson(&name).unwrap().steps;
        let hangs = steps.iter().enumerate().filter(|(_, step)| !step.timers.is_empty());
        // A step without acts begins when it is read.
        let press = |(place, step): (usize, &LessonStep)| 2 * place + usize::from(!step.acts.is_empty());
        hangs.map(press).map(|press| (name.clone(), press)).collect::<Vec<_>>()
    });
    let cases = hanging.flat_map(|(name, press)| [10, 40, 70].map(|pause| (name.clone(), press, pause)));
    let cases = cases
        .map(|(name, press, pause)| (name, move |now| if now == press { Duration::from_secs(pause) } else { NO_TALK }));
    // They only wait.
    all_tolerate(usize::MAX >> 4, cases).await;
}

async fn every_scenario_waits_for_as_long_as_asked() {
    let seconds = std::env::var("SOCKLAB_TALK").ok().and_then(|seconds| seconds.parse().ok());
    let talk = Duration::from_secs(seconds.expect("SOCKLAB_TALK is a number of seconds"));
    let only = std::env::var("SOCKLAB_SCENARIOS").unwrap_or_default();
    let names = names().filter(|name| only.is_empty() || only.split(',').any(|only| only == name));
    all_tolerate(usize::MAX >> 4, names.map(|name| (name, move |_| talk))).await;
}
