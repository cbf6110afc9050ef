//! A thousand clients, and the machine's limits: answered, explained, never a crash.
#![cfg(unix)]

use std::process::Command;

use socklab::api::domain::{Errno, EventKind, Note};

use crate::harness::{Test, async_test};
use crate::stage::{ASYNC, Shown, Stage};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_thousand_clients_are_answered, &[]),
        async_test(without_descriptors_the_burst_is_cut_and_explained, &[]),
    ]
}

/// Set in the process that runs with the limit.
const INSIDE: &str = "SOCKLAB_TEST_INSIDE_LIMIT";

/// Runs this very test again in a shell that has set the limit first. `true` in that process.
fn inside(limit: &str, test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let me = std::env::current_exe().unwrap();
    let script = format!("{limit} && exec \"$0\" --exact {test} --nocapture");
    let run = Command::new("sh").args(["-c", &script]).arg(me).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    false
}

async fn a_thousand_clients_are_answered() {
    // Each is two sockets of this process.
    if !inside("ulimit -n 4096", "limits::a_thousand_clients_are_answered") {
        return;
    }
    let mut stage = Stage::lab().await;
    stage.types("jj1000c");
    let shown = stage.when("a thousand answers", |shown| shown.answered() == 1000 && shown.ui.server == ASYNC).await;
    assert_eq!(shown.world.lost, 0, "nothing observed was lost");
    assert!(shown.says("1,000 clients") && shown.server(ASYNC).serving.len() == 1000, "{}", shown.text());
    stage.types("KK");
    stage.when("all closed", |shown| shown.world.clients.live() == 0).await;
    stage.quits().await;
}

async fn without_descriptors_the_burst_is_cut_and_explained() {
    if !inside("ulimit -n 256", "limits::without_descriptors_the_burst_is_cut_and_explained") {
        return;
    }
    let mut stage = Stage::lab().await;
    stage.types("1000c");
    let cut = |shown: &Shown| {
        shown.events.iter().find_map(|event| match &event.seen.kind {
            EventKind::Note(Note::BurstCut { asked: 1000, made, errno: Errno::Mfile }) => Some(*made),
            _ => None,
        })
    };
    let made = stage.until("the burst is cut", cut).await;
    assert!((50..256).contains(&made), "{made}");
    // The sentence is on the screen: held where it came, whatever came after it.
    stage.types("\t\t\tz");
    stage.resizes(160, 1500);
    stage.says(&format!("Only {made} of 1,000 clients were made")).await;
    let shown = stage.says("EMFILE").await;
    assert_eq!(shown.world.lost, 0);
    stage.types("KK");
    stage.when("all closed", |shown| shown.world.clients.live() == 0).await;
    let before = stage.now().answered();
    stage.types("c");
    stage.when("it goes on", |shown| shown.answered() > before).await;
    stage.quits().await;
}
