//! A lesson as the class sees it: texts, marks, and steps that begin by themselves.

use super::*;

/// A player and the model that it follows.
struct PlayerTest {
    player: Player,
    model: crate::model::Model,
}

impl PlayerTest {
    fn new(steps: &str) -> Self {
        let addresses = HostAddresses::new([192, 0, 2, 2], [192, 0, 2, 1]);
        let player = Player::new("t", 7, lesson(steps).unwrap(), addresses);
        Self { player, model: crate::model::Model::default() }
    }

    fn observe(&mut self, ms: u64, kind: EventKind) -> Vec<LessonOrder> {
        let at = Stamp::from_millis(ms);
        let host = Some(HostId::Client);
        let before = self.model.journal.last_seq();
        self.model.observe(Observation { at, world: WorldId::Wire, host, evidence: Evidence::Sampled, kind });
        self.player.follow(&self.model, before)
    }

    /// The progress, folded into the world as the loop does.
    fn progress(&mut self, ms: u64) -> Vec<LessonChange> {
        let events = self.player.progress(Lang::En);
        for kind in &events {
            assert_eq!(self.observe(ms, kind.clone()), []);
        }
        assert_eq!(self.player.progress(Lang::En), [], "progress is reported once");
        let marks = events.iter().filter(|kind| matches!(kind, EventKind::Note(Note::Mark { .. }))).count();
        let changes: Vec<_> = events
            .into_iter()
            .filter_map(|kind| match kind {
                EventKind::Lesson(event) => Some(event.change),
                _ => None,
            })
            .collect();
        let begun = changes.iter().filter(|change| matches!(change, LessonChange::Begun { .. })).count();
        assert_eq!(marks, begun, "each step that begins leaves a mark");
        changes
    }

    fn set_ready(&mut self, run: u32) -> Vec<LessonOrder> {
        let change = LessonChange::Staged { run };
        self.observe(0, EventKind::Lesson(LessonEvent { lesson: "t".into(), change }))
    }

    fn go_on(&mut self, ms: u64) -> Vec<LessonOrder> {
        self.player.go_on(&self.model, Stamp::from_millis(ms))
    }

    fn playing(&self) -> &crate::model::playing::PlayedLesson {
        self.model.worlds.wire().playing.as_ref().unwrap()
    }
}

#[test]
fn the_text_comes_before_the_acts() {
    let mut test = PlayerTest::new(&format!(
        "{DELIVERED}\n[[step]]\nexpect = [{{ absent = {{ for_ms = 5, what = {{ held = {{}} }} }} }}]"
    ));
    assert_eq!(test.set_ready(6), [], "another run");
    assert!(test.go_on(0).is_empty() && test.progress(0).is_empty());
    test.set_ready(7);
    assert_eq!(test.progress(0), [LessonChange::Told { step: 0 }]);
    assert_eq!(test.playing().progress, StepProgress::Told);
    assert_eq!(test.go_on(10).len(), 1);
    assert_eq!(test.progress(10), [LessonChange::Begun { step: 0 }, LessonChange::Acted { step: 0, act: 0 }]);
    assert!(test.go_on(11).is_empty(), "a second press does nothing");
    let listened = Call::new("s0".parse().unwrap(), Syscall::Listen).with(Args::Number(8));
    test.observe(12, EventKind::Call(listened));
    test.player.advance(&test.model, Stamp::from_millis(5_000));
    let changes = test.progress(5_000);
    assert_eq!(changes, [LessonChange::NotDone { step: 0, act: 1 }, LessonChange::Failed { step: 0 }]);
    assert_eq!((test.playing().progress, test.playing().not_done), (StepProgress::Failed, Some(1)));
    assert!(test.go_on(5_001).is_empty());
}

#[test]
fn a_mark_is_the_steps_number_and_name() {
    let absent = "expect = [{ absent = { for_ms = 5, what = { held = {} } } }]";
    let mut test = PlayerTest::new(&format!(
        "[[step]]\nname = {{ en = \"Silence\", pt = \"Silêncio\" }}\nsay = {{ en = \"Wait\", pt = \"Espere\" }}\n{absent}\n[[step]]\n{absent}"
    ));
    test.set_ready(7);
    let marked = |progress: Vec<EventKind>| {
        progress.into_iter().find_map(|kind| match kind {
            EventKind::Note(Note::Mark { text }) => Some(text),
            _ => None,
        })
    };
    assert_eq!(marked(test.player.progress(Lang::PtBr)).as_deref(), Some("1. Silêncio"));
    test.player.advance(&test.model, Stamp::from_millis(5));
    test.go_on(6);
    assert_eq!(marked(test.player.progress(Lang::PtBr)).as_deref(), Some("2."));
}

#[test]
fn a_step_without_acts_begins_by_itself_and_the_last_one_ends_the_lesson() {
    let absent = "[[step]]\nexpect = [{ absent = { for_ms = 5, what = { held = {} } } }]\n";
    let mut test = PlayerTest::new(&format!("{absent}{absent}"));
    test.set_ready(7);
    assert_eq!(test.progress(0), [LessonChange::Told { step: 0 }, LessonChange::Begun { step: 0 }]);
    test.player.advance(&test.model, Stamp::from_millis(5));
    assert_eq!(test.progress(5), [LessonChange::Met { step: 0, expect: 0 }, LessonChange::Passed { step: 0 }]);
    assert_eq!((test.playing().progress, test.playing().tick(0)), (StepProgress::Passed, &ExpectationState::Met));
    test.go_on(100);
    assert_eq!(test.progress(100), [LessonChange::Told { step: 1 }, LessonChange::Begun { step: 1 }]);
    assert_eq!((test.playing().progress, test.playing().tick(0)), (StepProgress::Doing, &ExpectationState::Open));
    test.player.advance(&test.model, Stamp::from_millis(105));
    assert_eq!(test.progress(105).last(), Some(&LessonChange::Over));
    assert_eq!(test.playing().progress, StepProgress::Over);
    assert_eq!(test.model.lessons.played.get("t"), Some(&true));
}

#[test]
fn two_steps_without_acts_share_their_events() {
    let syn = "[[step]]\nexpect = [{ packet = { flags = \"SYN\" } }]\n";
    let connect = "do = [{ connect = { socket = \"a\", port = 65432 } }]\n";
    for (last, passed) in [(syn.to_owned(), true), (syn.replace("expect", &format!("{connect}expect")), false)] {
        let mut test = EngineTest::new(&format!("{syn}{last}"));
        test.begin();
        test.syn(1, 1);
        assert!(test.engine.phase() == LessonPhase::Passed && test.engine.next_step());
        test.begin();
        test.dial(2);
        assert_eq!(
            test.engine.phase() == LessonPhase::Passed,
            passed,
            "events before an act do not count for what it is to bring about"
        );
    }
}
