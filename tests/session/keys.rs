//! Keys that concern the screen only: typing, help, languages, sizes, scrolling back.

use crossterm::event::{Event, KeyCode};
use socklab::api::app::{SessionEnd, Signal};
use socklab::api::domain::{Flow, Lang, TcpState};
use socklab::api::model::{Client, Mode, Pane};

use crate::harness::{Test, async_test};
use crate::stage::{Shown, Stage, THREADED};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_filter_takes_effect_as_it_is_typed_and_a_wrong_one_points_at_the_error, &[]),
        async_test(the_language_changes_and_changes_back, &[]),
        async_test(help_shows_the_keys_and_goes, &[]),
        async_test(a_count_can_be_corrected_and_taken_back, &[]),
        async_test(a_small_terminal_gets_a_note_and_a_larger_one_the_lab_again, &[]),
        async_test(pasted_text_is_typed_and_not_sent, &[]),
        async_test(the_lifecycle_holds_still_while_it_is_read, &[]),
        async_test(after_a_suspension_the_screen_is_drawn_anew, &[]),
        async_test(a_session_ends_by_a_signal_and_by_the_end_of_its_terminal, &[]),
    ]
}

async fn three_clients() -> Stage {
    let mut stage = Stage::lab().await;
    stage.types("3c");
    let open = |shown: &Shown| {
        let ends = shown.clients().iter().filter_map(Client::flow).flat_map(|own| [Some(own), own.mirror()]);
        let open = |end: &Flow| shown.world.table.state(end) == Some(TcpState::Established);
        (ends.flatten().filter(open).count() == 6 && shown.answered() == 3).then_some(())
    };
    stage.until("three clients", open).await;
    stage
}

async fn a_filter_takes_effect_as_it_is_typed_and_a_wrong_one_points_at_the_error() {
    let mut stage = three_clients().await;
    let shown = stage.now();
    let port = shown.client_ports()[1];
    // The same port may serve another test's connection elsewhere.
    let filter = format!("sport {port} and dport {}", shown.server(THREADED).addr().port());
    stage.types("/");
    stage.holds_ctrl('u');
    stage.types(&filter);
    let shown = stage.when("one row", |shown| shown.listed.len() == 1).await;
    assert_eq!(shown.listed[0].flow.local.port(), port);
    stage.types(" (");
    let wrong = |shown: &Shown| shown.says(&format!("{filter} (")).then(|| shown.clone());
    let shown = stage.until("the wrong filter", wrong).await;
    assert_eq!(shown.listed.len(), 1, "the last good filter stays");
    let typed = shown.lines.iter().position(|line| line.contains(&format!("/ {filter} ("))).expect("it is shown");
    let column = |text: &str, c| text.chars().position(|other| other == c);
    let under = &shown.lines[typed + 1];
    assert!(under.contains('^'), "{}", shown.text());
    let end = shown.lines[typed].chars().take_while(|c| *c != '(').count();
    assert!((end..=end + 1).contains(&column(under, '^').unwrap()), "the mark is where the error is\n{}", shown.text());
    stage.presses(KeyCode::Enter);
    stage.types(")");
    let still = |shown: &Shown| (shown.ui.mode == Mode::Filtering && shown.says(&format!("{filter} ()"))).then_some(());
    stage.until("a wrong filter is not accepted", still).await;
    stage.presses(KeyCode::Esc);
    let back =
        |shown: &Shown| (shown.ui.mode == Mode::Command && !shown.says(&format!("/ {filter}"))).then(|| shown.clone());
    assert_eq!(stage.until("the good one again", back).await.listed.len(), 1);
    stage.quits().await;
}

async fn the_language_changes_and_changes_back() {
    let mut stage = Stage::lab().await;
    assert!(stage.now().says("┏ Servers"));
    stage.types("L");
    let shown = stage.says("┏ Servidores").await;
    assert_eq!(shown.ui.lang, Lang::PtBr);
    assert!(!shown.says("Servers") && !shown.says("What happened"), "{}", shown.text());
    stage.types("L");
    stage.says("┏ Servers").await;
    stage.quits().await;
}

async fn help_shows_the_keys_and_goes() {
    let mut stage = Stage::lab().await;
    let before = stage.now().clients().len();
    stage.types("?");
    let shown = stage.when("help", |shown| matches!(shown.ui.mode, Mode::Help(_))).await;
    assert!(shown.says("A connection's page") && shown.says("fold or unfold a field"), "{}", shown.text());
    // No key reaches the view behind it, and the key that closes it does nothing else.
    stage.types("c?");
    stage.when("no help", |shown| shown.ui.mode == Mode::Command).await;
    stage.types("L");
    assert_eq!(stage.says("Servidores").await.clients().len(), before);
    stage.quits().await;
}

async fn a_count_can_be_corrected_and_taken_back() {
    let mut stage = Stage::lab().await;
    stage.types("45");
    stage.when("a count", |shown| shown.ui.count == Some(45)).await;
    stage.presses(KeyCode::Backspace);
    stage.when("corrected", |shown| shown.ui.count == Some(4)).await;
    stage.presses(KeyCode::Esc);
    stage.types("2c");
    stage.when("two", |shown| shown.answered() == 2).await;
    stage.types("c");
    stage.when("one more", |shown| shown.answered() == 3).await;
    assert_eq!(stage.now().clients().len(), 3);
    stage.quits().await;
}

async fn a_small_terminal_gets_a_note_and_a_larger_one_the_lab_again() {
    let mut stage = Stage::lab().await;
    for (columns, rows) in [(10, 5), (1, 1), (59, 20), (60, 19)] {
        stage.resizes(columns, rows);
        let shown = stage.when("a frame of that size", |shown| shown.ui.size == (columns, rows)).await;
        assert_eq!(shown.lines.len(), usize::from(rows));
        assert!(!shown.says("Servers"), "{}", shown.text());
        if columns > 9 {
            assert!(shown.text().contains("60×20"), "{}", shown.text());
        }
    }
    stage.resizes(200, 60);
    let shown = stage.says("┏ Servers").await;
    assert!(shown.says("What happened") && shown.lines.len() == 60);
    stage.quits().await;
}

async fn pasted_text_is_typed_and_not_sent() {
    let mut stage = Stage::lab().await;
    stage.types("i");
    stage.happens(Event::Paste("bom\ndia\u{1b}[31m\n".into()));
    let shown = stage.when("one line", |shown| shown.ui.message.input.value() == "bom dia [31m").await;
    assert!(shown.says("> bom dia [31m"), "{}", shown.text());
    assert_eq!(shown.world.broadcasts.all().len(), 0);
    // Where nothing is typed, a paste is no burst of commands.
    stage.presses(KeyCode::Esc);
    stage.happens(Event::Paste("9999c".into()));
    stage.types("L");
    let shown = stage.says("Servidores").await;
    assert_eq!((shown.clients().len(), shown.ui.count), (0, None));
    stage.quits().await;
}

async fn the_lifecycle_holds_still_while_it_is_read() {
    let mut stage = three_clients().await;
    stage.types("\t\t\t");
    stage.when("its pane", |shown| shown.ui.focus == Pane::Lifecycle).await;
    stage.says("following").await;
    stage.presses(KeyCode::Up);
    let pane = |shown: &Shown| -> Vec<String> {
        let (_, below) =
            shown.lines.split_at(shown.lines.iter().position(|l| l.contains("What happened")).unwrap_or(0));
        let end = below.iter().position(|line| line.starts_with('┗')).unwrap_or(below.len());
        // The frame shows the position and the count, which change; the entries must not.
        below[1..end].iter().map(|line| line.chars().take(80).collect()).collect()
    };
    let held = stage.until("held", |shown| (!shown.says("following")).then(|| pane(shown))).await;
    stage.types("2c");
    let new = |shown: &Shown| (shown.answered() == 5 && shown.says(" new")).then(|| pane(shown));
    assert_eq!(stage.until("new ones are counted", new).await, held);
    stage.presses(KeyCode::End);
    let follows = stage.until("following again", |shown| shown.says("following").then(|| pane(shown))).await;
    assert_ne!(follows, held);
    stage.quits().await;
}

async fn after_a_suspension_the_screen_is_drawn_anew() {
    let mut stage = Stage::lab().await;
    stage.when("the lab", |shown| shown.says("┏ Servers") && shown.world.table.len() >= 4).await;
    stage.holds_ctrl('z');
    let whole =
        |times| move |shown: &Shown| (shown.suspended == times && shown.says("┏ Servers")).then(|| shown.clone());
    let shown = stage.until("drawn again", whole(1)).await;
    assert!(!shown.says("???"), "{}", shown.text());
    stage.signals.send(Signal::Suspend).await.unwrap();
    let shown = stage.until("drawn again", whole(2)).await;
    assert!(!shown.says("???"), "{}", shown.text());
    // Stopped and continued by signals that cannot be caught.
    stage.screen.scribble();
    stage.signals.send(Signal::Continued).await.unwrap();
    let shown = stage.when("drawn again", |shown| shown.resumed == 1 && shown.says("┏ Servers")).await;
    assert!(!shown.says("???"), "{}", shown.text());
    stage.quits().await;
}

async fn a_session_ends_by_a_signal_and_by_the_end_of_its_terminal() {
    for (signal, end) in [(Signal::Stop, SessionEnd::Stopped), (Signal::Hangup, SessionEnd::Hangup)] {
        let mut stage = Stage::lab().await;
        stage.types("3c");
        stage.when("clients", |shown| shown.answered() == 3).await;
        stage.signals.send(signal).await.unwrap();
        assert_eq!(stage.ended().await.0, end);
    }
    assert_eq!(Stage::lab().await.hangs_up().await, SessionEnd::Hangup);
    let stage = Stage::lab().await;
    stage.holds_ctrl('c');
    assert_eq!(stage.ended().await.0, SessionEnd::Quit);
}
