//! The list of scenarios, and one that is played, as a class sees them.

use super::screens::keep;
use super::{screen, text};
use crate::domain::keys::Key;
use crate::domain::lesson::{LessonFault, SeenInstead};
use crate::domain::{Call, Cause, EventKind, Evidence, Lang, LessonChange, LessonEvent, SocketId, Syscall, TcpState};
use crate::lesson::catalogue;
use crate::model::lessons::{LessonCard, OwnLessons};
use crate::model::wire::test_wire::{Client, TestWire, flow};
use crate::model::{Msg, update};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (160, 45)];

fn bench(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    bench.model.lessons.cards = catalogue::cards();
    bench
}

fn told(bench: &mut TestWire, lesson: &str, changes: impl IntoIterator<Item = LessonChange>) {
    for change in changes {
        let event = LessonEvent { lesson: lesson.into(), change };
        bench.seen(None, Evidence::Called, EventKind::Lesson(event));
    }
}

/// The list as it opens, with some lessons played.
pub(super) fn list(lang: Lang) -> TestWire {
    let mut bench = bench(lang);
    told(&mut bench, "open", [LessonChange::Over]);
    told(&mut bench, "lost-syn", [LessonChange::Failed { step: 1 }, LessonChange::Left]);
    bench.key(Key::F(6));
    bench.key(Key::Down);
    bench
}

/// Files of one's own below the others, one of which is no lesson.
pub(super) fn own(lang: Lang) -> TestWire {
    let mut bench = bench(lang);
    bench.model.lessons.watched = true;
    let mine = &bench.model.lessons.cards[7];
    let mine = LessonCard { name: "aulas/perda.toml".into(), own: true, ..mine.clone() };
    let what = "line 12, column 8: unknown variant `dance`".into();
    let broken =
        LessonCard { name: "aulas/quebrada.toml".into(), body: Err(LessonFault::Invalid(what)), ..mine.clone() };
    let cards = Some(vec![mine, broken]);
    update(&mut bench.model, Msg::Lessons(OwnLessons { cards, play: None }));
    bench.key(Key::F(6));
    bench.key(Key::End);
    bench
}

/// A word is typed, and connections on the wire would be lost.
pub(super) fn chosen(lang: Lang) -> TestWire {
    let mut bench = bench(lang);
    bench.established(1, 42_666);
    bench.key(Key::F(6));
    bench.keys("syn");
    bench.key(Key::Down);
    bench.key(Key::Enter);
    bench
}

/// This step of a lesson has just been told, and the lab's server listens.
pub(super) fn told_step(lesson: &str, step: usize) -> TestWire {
    let mut bench = bench(Lang::En);
    told(&mut bench, lesson, [LessonChange::Staged { run: 1 }, LessonChange::Told { step }]);
    bench
}

/// No act of the first step is done yet.
pub(super) fn announced(lang: Lang) -> TestWire {
    let mut bench = bench(lang);
    told(&mut bench, "lost-syn", [LessonChange::Staged { run: 1 }, LessonChange::Told { step: 0 }]);
    bench.wait(1_000);
    bench
}

/// The first step is under way: two of three things are done, one of three was seen.
pub(super) fn playing(lang: Lang) -> TestWire {
    let mut bench = announced(lang);
    bench.dials(1, 42_666);
    let acts = [0, 1].map(|act| LessonChange::Acted { step: 0, act });
    told(&mut bench, "lost-syn", [LessonChange::Begun { step: 0 }].into_iter().chain(acts));
    told(&mut bench, "lost-syn", [LessonChange::Met { step: 0, expect: 0 }]);
    bench.wait(1_000);
    bench
}

/// The presenter delivered what should have been lost.
pub(super) fn failed(lang: Lang) -> TestWire {
    let mut bench = playing(lang);
    bench.answers(1, 42_666);
    let seen = SeenInstead::State(TcpState::SynSent, Some(Cause::Call(Syscall::Connect)));
    told(
        &mut bench,
        "lost-syn",
        [
            LessonChange::Missed { step: 0, expect: 1, seen },
            LessonChange::Missed { step: 0, expect: 2, seen: SeenInstead::It },
            LessonChange::NotDone { step: 0, act: 2 },
            LessonChange::Failed { step: 0 },
        ],
    );
    bench.wait(1_000);
    bench
}

/// The last step passed.
pub(super) fn over(lang: Lang) -> TestWire {
    let mut bench = announced(lang);
    bench.established(1, 42_666);
    bench.call(Client, Call::new(SocketId::Client(crate::domain::ClientId(1)), Syscall::Connect).on(flow(42_666)));
    let step = 2;
    let acts = (0..3).map(|act| LessonChange::Acted { step, act });
    let met = [0, 1].map(|expect| LessonChange::Met { step, expect });
    let begun = [LessonChange::Told { step }, LessonChange::Begun { step }];
    let end = [LessonChange::Passed { step }, LessonChange::Over];
    told(&mut bench, "lost-syn", begun.into_iter().chain(acts).chain(met).chain(end));
    bench.wait(1_000);
    bench
}

#[test]
fn the_list_of_scenarios() {
    keep("lessons", |lang| list(lang).model);
}

#[test]
fn files_of_ones_own_are_listed_below_the_others() {
    keep("lessons-own", |lang| own(lang).model);
}

#[test]
fn starting_a_lesson_warns_of_losing_the_wire() {
    keep("lessons-sure", |lang| chosen(lang).model);
}

#[test]
fn a_step_is_announced() {
    keep("lesson-told", |lang| announced(lang).model);
}

#[test]
fn a_step_is_in_progress() {
    keep("lesson-playing", |lang| playing(lang).model);
}

#[test]
fn a_failed_expectation_is_named() {
    keep("lesson-failed", |lang| failed(lang).model);
}

#[test]
fn the_last_step_passed() {
    keep("lesson-over", |lang| over(lang).model);
}

#[test]
fn no_step_of_any_scenario_is_cut() {
    for (lang, (columns, rows)) in [Lang::En, Lang::PtBr].into_iter().flat_map(|lang| SIZES.map(|size| (lang, size))) {
        for card in catalogue::cards() {
            let beats = (0..card.steps).flat_map(|step| [(step, false), (step, true)]);
            for (step, passed) in beats {
                let mut bench = bench(lang);
                told(&mut bench, &card.name, [LessonChange::Told { step }]);
                if passed {
                    told(&mut bench, &card.name, [LessonChange::Begun { step }, LessonChange::Passed { step }]);
                }
                let shown = text(&screen(&mut bench.model, columns, rows).0);
                let title = if lang == Lang::En { "Scenario · " } else { "Cenário · " };
                let panel = shown.split_once(title).unwrap().1;
                assert!(!panel.contains('…'), "{} step {step} at {columns}×{rows}:\n{shown}", card.name);
                let last = catalogue::lesson(&card.name).unwrap().steps[step].expect.len();
                assert_eq!(panel.matches('○').count(), last, "{} step {step} at {columns}×{rows}:\n{shown}", card.name);
            }
        }
    }
}

#[test]
fn an_unknown_lesson_does_not_panic() {
    let mut bench = bench(Lang::En);
    told(&mut bench, "no-such-lesson", [LessonChange::Told { step: 4_000_000 }]);
    told(&mut bench, "open", [LessonChange::Told { step: 4_000_000 }]);
    for (columns, rows) in SIZES {
        assert!(text(&screen(&mut bench.model, columns, rows).0).contains("192.0.2.2"));
    }
}

#[test]
fn the_list_and_the_panel_in_ascii() {
    for scene in [list, failed] {
        let mut bench = scene(Lang::En);
        bench.model.ui.glyphs = crate::model::ui::Glyphs::Ascii;
        let shown = text(&screen(&mut bench.model, 120, 36).0);
        assert!(shown.is_ascii() && !shown.contains('?') || shown.matches('?').count() == 1, "{shown}");
    }
}
