//! `--record` writes the journal, as it happens.

use std::path::PathBuf;

use socklab::api::domain::{Errno, Event, EventKind, Note};

use crate::harness::{Test, async_test};
use crate::stage::{FOUR, Shown, Stage, all_up};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        async_test(the_record_is_the_journal, &[]),
        #[cfg(target_os = "linux")]
        async_test(a_record_that_cannot_be_written_is_reported_and_the_lab_goes_on, &[]),
    ])
}

async fn the_record_is_the_journal() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("record-{}.jsonl", std::process::id()));
    let mut stage = Stage::open(&[&FOUR[..], &["--record", path.to_str().unwrap()]].concat()).await;
    stage.until("four servers run", all_up).await;
    stage.types("3coo");
    stage.when("clients", |shown| shown.answered() == 5).await;
    // The file has every event that the screen was drawn from; its last line may be incomplete.
    let shown = stage.now();
    let so_far = std::fs::read(&path).unwrap();
    assert!(so_far.split(|byte| *byte == b'\n').count() > shown.events.len());
    let journal = stage.quits().await;
    let record = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let lines: Vec<_> = record.lines().collect();
    for (line, event) in lines.iter().zip(&journal) {
        assert_eq!(*line, serde_json::to_string(event).unwrap());
    }
    // The events of closing everything are in it too.
    assert!(lines.len() > journal.len(), "{} {}", lines.len(), journal.len());
    let events: Vec<Event> =
        lines.iter().map(|line| serde_json::from_str(line).expect("it can be read back")).collect();
    assert!(events.iter().map(|event| event.seq).eq(1..=lines.len() as u64));
    let last = &lines[journal.len()..];
    assert!(last.iter().any(|line| line.contains(r#""call":"close""#)), "{last:#?}");
}

#[cfg(target_os = "linux")]
async fn a_record_that_cannot_be_written_is_reported_and_the_lab_goes_on() {
    let mut stage = Stage::open(&[&FOUR[..], &["--record", "/dev/full"]].concat()).await;
    stage.until("four servers run", all_up).await;
    let failed = |shown: &Shown| {
        let told =
            |event: &Event| matches!(&event.seen.kind, EventKind::Note(Note::RecordFailed { errno: Errno::Other(28) }));
        (shown.events.iter().filter(|event| told(event)).count() == 1).then_some(())
    };
    stage.until("that it failed", failed).await;
    stage.types("3c");
    stage.when("clients", |shown| shown.answered() == 3).await;
    stage.until("said once", failed).await;
    stage.quits().await;
}
