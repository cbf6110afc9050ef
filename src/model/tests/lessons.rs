//! The list of lessons and the keys of one that is played, without any wire.

use std::sync::Arc;

use super::super::lessons::{LessonBody, LessonCard, OwnLessons};
use super::super::playing::StepProgress;
use super::super::wire::test_wire::TestWire;
use super::*;
use crate::domain::keys::Key;
use crate::domain::lesson::{LessonFault, SeenInstead};
use crate::domain::{Lang, LessonChange, LessonEvent, LocalizedText};
use crate::model::effect::{LessonEffect, WireEffect};

fn card(name: &str, en: &str, pt: &str) -> LessonCard {
    let text = |en: &str, pt: &str| LocalizedText { en: en.into(), pt: pt.into() };
    let body = Ok(LessonBody::new(Arc::new(())));
    LessonCard { name: name.into(), title: text(en, pt), about: text("", ""), steps: 2, own: false, body }
}

fn bench() -> TestWire {
    let mut bench = TestWire::open(Lang::En);
    bench.model.lessons.cards = vec![
        card("open", "A connection opens", "Uma conexão se abre"),
        card("lost", "The SYN is lost", "O SYN se perde"),
        card("both", "Both open at once", "Abertura simultânea"),
    ];
    bench
}

fn told(bench: &mut TestWire, changes: &[LessonChange]) {
    for change in changes {
        let lesson = LessonEvent { lesson: "lost".into(), change: change.clone() };
        bench.seen(None, Evidence::Called, EventKind::Lesson(lesson));
    }
}

fn listed(bench: &TestWire) -> Vec<&str> {
    bench.model.lessons.listed().map(|card| card.name.as_str()).collect()
}

fn plays(effects: &[Effect]) -> Option<(&str, u32)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Lesson(LessonEffect::Play { lesson, run }) => Some((lesson.as_str(), *run)),
        _ => None,
    })
}

#[test]
fn typing_narrows_the_list_in_both_languages_without_accents() {
    let mut bench = bench();
    bench.key(Key::F(6));
    assert_eq!((bench.model.ui.view, bench.model.ui.mode), (View::Lessons, Mode::Choosing));
    for (typed, left) in [("OPEN", vec!["open", "both"]), ("simultanea", vec!["both"]), ("perde o", vec!["lost"])] {
        bench.keys(typed);
        assert_eq!(listed(&bench), left, "{typed}");
        bench.key(Key::Esc);
        assert_eq!(listed(&bench).len(), 3, "the first Esc takes back what was typed");
    }
    assert!(bench.keys("nada disso").is_empty() && listed(&bench).is_empty());
    assert_eq!(bench.key(Key::Enter), [], "nothing is selected");
    bench.key(Key::Esc);
    bench.key(Key::Esc);
    assert_eq!((bench.model.ui.view, bench.model.ui.mode), (View::Wire, Mode::Command), "back to where it came from");
}

#[test]
fn enter_plays_the_selected_lesson_on_a_new_wire() {
    let mut bench = bench();
    bench.keys("1v");
    bench.key(Key::F(6));
    bench.key(Key::Down);
    let effects = bench.key(Key::Enter);
    assert_eq!(plays(&effects), Some(("lost", 1)));
    assert_eq!((bench.model.ui.view, bench.model.ui.mode), (View::Wire, Mode::Command));
    assert_eq!(bench.model.worlds.shown_id(), WorldId::Wire);
}

#[test]
fn a_wire_with_connections_is_not_replaced_by_one_key() {
    let mut bench = bench();
    bench.established(1, 40_000);
    bench.key(Key::F(6));
    assert_eq!((plays(&bench.key(Key::Enter)), bench.model.loses()), (None, Some((1, 0))));
    assert!(bench.model.lessons.sure);
    bench.key(Key::Down);
    assert_eq!(plays(&bench.key(Key::Enter)), None, "any other key takes it back");
    assert_eq!(plays(&bench.key(Key::Enter)), Some(("lost", 1)));
}

#[test]
fn one_key_plays_each_step_and_then_the_next_lesson() {
    let mut bench = bench();
    told(&mut bench, &[LessonChange::Staged { run: 1 }, LessonChange::Told { step: 0 }]);
    assert_eq!(bench.key(Key::Enter), [Effect::Lesson(LessonEffect::GoOn)]);
    told(&mut bench, &[LessonChange::Begun { step: 0 }, LessonChange::Acted { step: 0, act: 0 }]);
    assert_eq!(bench.key(Key::Enter), [], "the kernel is waited for");
    told(&mut bench, &[LessonChange::Met { step: 0, expect: 1 }, LessonChange::Passed { step: 0 }]);
    let playing = bench.model.worlds.shown().playing.as_ref().unwrap();
    assert_eq!((playing.progress, playing.acts), (StepProgress::Passed, 1));
    assert_eq!(bench.key(Key::Enter), [Effect::Lesson(LessonEffect::GoOn)]);
    told(&mut bench, &[LessonChange::Told { step: 1 }, LessonChange::Passed { step: 1 }, LessonChange::Over]);
    assert_eq!(plays(&bench.key(Key::Enter)), Some(("both", 1)));
    assert_eq!(bench.model.lessons.played.get("lost"), Some(&true));
}

#[test]
fn after_a_failure_enter_repeats_the_lesson_and_esc_leaves_it() {
    let failed = LessonChange::Missed { step: 0, expect: 0, seen: SeenInstead::Nothing };
    let mut bench = bench();
    told(&mut bench, &[LessonChange::Staged { run: 1 }, failed, LessonChange::Failed { step: 0 }]);
    assert_eq!(plays(&bench.key(Key::Enter)), Some(("lost", 1)));
    assert_eq!(plays(&bench.keys("r")), Some(("lost", 2)));
    assert_eq!(bench.key(Key::Esc), [], "the first says what the second leaves");
    assert_eq!(bench.key(Key::Esc), [Effect::Lesson(LessonEffect::Leave)]);
    told(&mut bench, &[LessonChange::Left]);
    assert_eq!(
        (bench.model.worlds.shown().playing.as_ref(), bench.model.ui.view),
        (None, View::Wire),
        "the wire stays"
    );
    assert_eq!(bench.model.lessons.played.get("lost"), Some(&false));
}

#[test]
fn the_keys_of_the_wire_work_while_a_lesson_is_played() {
    let mut bench = bench();
    let syn = bench.dials(1, 40_000);
    told(&mut bench, &[LessonChange::Staged { run: 1 }, LessonChange::Told { step: 0 }]);
    let asked =
        |effects: Vec<Effect>| effects.into_iter().any(|effect| matches!(effect, Effect::Wire(WireEffect::Command(_))));
    assert!(asked(bench.keys("d")) && asked(bench.keys("n")) && asked(bench.keys(" ")));
    bench.key(Key::Up);
    assert_eq!(bench.model.ui.wire.packet, Some(syn));
    assert!(!bench.key(Key::Esc).contains(&Effect::Lesson(LessonEffect::Leave)), "first the selection is let go of");
    assert_eq!(bench.key(Key::Esc), []);
    assert_eq!(bench.key(Key::Esc), [Effect::Lesson(LessonEffect::Leave)]);
}

#[test]
fn a_closed_or_new_wire_plays_no_lesson() {
    let mut bench = bench();
    for event in [
        WireEvent::Closed { why: crate::domain::wire::CloseReason::HelperEnded, errno: None },
        WireEvent::Opened { link: LinkKind::Tun },
    ] {
        told(&mut bench, &[LessonChange::Staged { run: 1 }]);
        bench.wire(None, event);
        assert_eq!(bench.model.worlds.shown().playing, None);
    }
}

#[test]
fn if_the_selected_server_is_not_in_this_world_the_first_one_is_selected() {
    let mut bench = bench();
    let connects = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Lab(WorldId::Wire, LabOrder::Spawn { .. })))
    };
    bench.model.ui.server = crate::domain::ServerId(3);
    bench.keys("ww");
    assert_eq!(bench.model.ui.server, crate::domain::ServerId(0));
    bench.keys("1v");
    assert!(connects(&bench.keys("3c")));
}

fn own(name: &str, title: &str) -> LessonCard {
    LessonCard { own: true, ..card(name, title, title) }
}

fn looked(bench: &mut TestWire, cards: Vec<LessonCard>, play: Option<(String, u32)>) -> Vec<Effect> {
    update(&mut bench.model, Msg::Lessons(OwnLessons { cards: Some(cards), play }))
}

#[test]
fn a_file_of_ones_own_is_looked_at_before_it_is_played() {
    let mut bench = bench();
    bench.model.lessons.watched = true;
    looked(&mut bench, vec![own("./mine.toml", "Mine")], None);
    bench.key(Key::F(6));
    assert_eq!(listed(&bench), ["open", "lost", "both", "./mine.toml"]);
    bench.key(Key::End);
    let asked = Effect::LookAtLessons(Some(("./mine.toml".into(), 1)));
    assert_eq!(bench.key(Key::Enter), [asked]);
    assert_eq!(bench.model.ui.view, View::Lessons, "nothing is played that was not looked at");
    let effects = looked(&mut bench, vec![own("./mine.toml", "Mine, again")], Some(("./mine.toml".into(), 1)));
    assert_eq!((plays(&effects), bench.model.ui.view), (Some(("./mine.toml", 1)), View::Wire));
    // It changes while it is played: what is shown stays what is played.
    let played = bench.model.lessons.body("./mine.toml").cloned();
    looked(&mut bench, vec![own("./mine.toml", "Mine, third")], None);
    assert_eq!(bench.model.lessons.body("./mine.toml").cloned(), played);
    assert_eq!(bench.model.lessons.after("both").map(|card| card.name.as_str()), None, "the course ends before it");
}

#[test]
fn a_file_that_is_no_lesson_is_listed_and_not_played() {
    let mut bench = bench();
    bench.model.lessons.watched = true;
    let broken = LessonCard { body: Err(LessonFault::NotAFile), ..own("./broken.toml", "") };
    looked(&mut bench, vec![own("./mine.toml", "Mine")], None);
    bench.key(Key::F(6));
    bench.key(Key::End);
    bench.key(Key::Enter);
    // By the time it is looked at, it is broken.
    let broken_mine = LessonCard { body: Err(LessonFault::NotAFile), ..own("./mine.toml", "") };
    let effects = looked(&mut bench, vec![broken_mine, broken], Some(("./mine.toml".into(), 1)));
    assert_eq!((plays(&effects), bench.model.ui.view), (None, View::Lessons));
    assert_eq!(bench.key(Key::Enter), []);
}

#[test]
fn files_are_looked_at_once_a_second_while_they_are_listed() {
    let mut bench = bench();
    let look = |bench: &mut TestWire, ms| {
        let effects = update(&mut bench.model, Msg::Time(Stamp::from_millis(ms)));
        effects.contains(&Effect::LookAtLessons(None))
    };
    bench.key(Key::F(6));
    assert!(!look(&mut bench, 10_000), "there are none");
    bench.model.lessons.watched = true;
    assert_eq!([11_000, 11_500, 12_000, 12_001].map(|ms| look(&mut bench, ms)), [true, false, true, false]);
    assert_eq!(bench.model.next_change(), Some(Stamp::from_millis(13_000)));
    bench.key(Key::Esc);
    assert!(!look(&mut bench, 20_000));
}
