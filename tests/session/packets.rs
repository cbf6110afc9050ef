//! The packets view of a whole session: real packets on the real loopback, their bytes and what was said in them.

use crossterm::event::KeyCode;
use socklab::observe::capture::Key;

use crate::harness::{Need::Capture, Test, test};
use crate::stage::{FOUR, Stage, all_up};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_connection_is_a_ladder_with_both_ends_states, &[Capture]),
        test(a_packet_is_looked_into_and_a_conversation_read, &[Capture]),
    ]
}

/// A session that captures, on a large terminal.
async fn capturing() -> Stage {
    let key = Key::open().unwrap();
    let mut stage = Stage::open_with(&FOUR, (120, 36), |laboratory| laboratory.capture(Ok(key))).await;
    stage.until("four servers run", all_up).await;
    stage
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_a_ladder_with_both_ends_states() {
    let mut stage = capturing().await;
    stage.presses(KeyCode::F(3));
    stage.says("capturing on lo").await;
    stage.types("o");
    stage.types("l");
    // The last thing to be known: the client's end is in the table as TIME_WAIT.
    let shown = stage
        .until("a whole life", |shown| {
            let all =
                ["SYN seq 0", "SYN-ACK seq 0 ack 1", "FIN seq 13", "TIME_WAIT"].iter().all(|word| shown.says(word));
            all.then(|| shown.clone())
        })
        .await;
    let one = |words: &[&str]| assert_eq!(shown.lines_with(words).len(), 1, "{words:?}\n{}", shown.text());
    one(&["SYN seq 0", "SYN_SENT", "▶"]);
    one(&["SYN-ACK", "SYN_RECV", "◀"]);
    one(&["12 B \"Hello, world\"", "▶"]);
    one(&["12 B \"HELLO, WORLD\"", "◀"]);
    assert!(shown.says("none lost"), "{}", shown.text());
    stage.quits().await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_is_looked_into_and_a_conversation_read() {
    let mut stage = capturing().await;
    stage.presses(KeyCode::F(3));
    stage.types("o");
    stage.says("FIN seq 13").await;
    stage.types("/len > 0");
    stage.presses(KeyCode::Enter);
    stage.says("2 of ").await;
    stage.presses(KeyCode::Enter);
    // The bytes of the selected packet, as the capture has them: the dump is beside its fields.
    stage.says(" WORLD  ").await;
    stage.types("z");
    let shown = stage.says("▾ Payload").await;
    assert!(shown.says("Source port") && shown.says("Window"), "{}", shown.text());
    stage.presses(KeyCode::Esc);
    stage.presses(KeyCode::Esc);
    stage.types("f");
    stage.says("What was said").await;
    let shown = stage.says("◀ HELLO, WORLD").await;
    assert!(shown.says("▶ Hello, world"), "{}", shown.text());
    stage.quits().await;
}
