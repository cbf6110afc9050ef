//! Not a test: how long a thousand clients take. `cargo test --release --test lab measure -- --ignored --nocapture`

use std::time::Instant;

use socklab::api::domain::{ClientPlan, LabOrder, ServiceModel, Syscall};

use crate::harness::{Test, on_request};
use crate::test_lab::{TestLab, did, is_answer, is_client};

pub(crate) fn tests() -> Vec<Test> {
    vec![on_request(a_thousand_clients_on_each_model, "prints numbers")]
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_on_each_model() {
    for &model in ServiceModel::ALL {
        let (mut test, addr) = TestLab::with(model).await;
        let begun = Instant::now();
        test.spawn(1000, ClientPlan::Stay, addr);
        let connected = if model == ServiceModel::Sequential { 129 } else { 1000 };
        test.times(connected, "established", |kind| did(kind, Syscall::Connect, is_client)).await;
        let established = begun.elapsed();
        if model == ServiceModel::Sequential {
            println!("sequential: {connected} established in {established:?}");
            let begun = Instant::now();
            test.lab.shutdown().await;
            println!("  shutdown {:?}", begun.elapsed());
            continue;
        }
        test.times(1000, "answered", is_answer).await;
        println!(
            "{model}: 1000 established in {established:?}, answered in {:?}, {} threads, {} KiB",
            begun.elapsed(),
            status("Threads:"),
            status("VmRSS:")
        );
        let begun = Instant::now();
        test.order(LabOrder::CloseAll);
        test.times(1000, "closed", |kind| did(kind, Syscall::Close, is_client)).await;
        println!("  closed in {:?}", begun.elapsed());
        let begun = Instant::now();
        let events = test.end().await.len();
        println!("  shutdown {:?}, {events} events, {} threads", begun.elapsed(), status("Threads:"));
    }
}

/// A number from /proc/self/status.
fn status(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
