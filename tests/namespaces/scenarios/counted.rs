//! In every scenario the verdicts are what the hosts' kernels counted, neither more nor less.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::thread;

use socklab::api::lesson::catalogue;

use super::headless::{Run, run};
use crate::fixtures::ScenarioFile;
use crate::harness::Need::Wire;
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test(the_verdicts_of_every_scenario_add_up_to_what_the_hosts_counted, &[Wire])]
}

const AT_ONCE: usize = 4;
/// It takes a minute, and nothing that it counts is missing in the others.
const SLOW: &str = "waited-out";

/// The last step: both hosts write their counters into files.
const LAST: &str = r#"
[[step]]
say.en = "The counters."
say.pt = "Os contadores."
do = [
  { run = { host = "client", argv = ["sh", "-c", "cat /proc/net/snmp /proc/net/netstat > FILE.client"] } },
  { run = { host = "server", argv = ["sh", "-c", "cat /proc/net/snmp /proc/net/netstat > FILE.server"] } },
]
expect = [
  { ended = { host = "client", status = 0 } },
  { ended = { host = "server", status = 0 } },
]
"#;

/// Counters that calls and timers move as well: a verdict may be about less than all of it.
const SHARED: [&str; 8] = [
    "TcpOutRsts",
    "TcpAttemptFails",
    "TcpEstabResets",
    "TcpExtTCPAbortOnData",
    "TcpExtTCPSynRetrans",
    "TcpExtTCPToZeroWindowAdv",
    "TcpExtTCPFastRetrans",
    "IcmpOutDestUnreachs",
];

/// Whether the counter moves only when something arrives, so that no delivery may leave it out.
fn is_of_arrivals(name: &str) -> bool {
    let parts = [
        "InErrs",
        "Csum",
        "NoPorts",
        "PAWS",
        "Listen",
        "Drop",
        "ACKSkipped",
        "Challenge",
        "DelayedACKLost",
        "HPHits",
        "PureAcks",
        "HPAcks",
        "OFO",
        "DSACKRecv",
        "Embryonic",
        "Syncookies",
        "PassiveOpens",
        "OutOfWindow",
    ];
    parts.iter().any(|part| name.contains(part)) && !SHARED.contains(&name)
}

type Counts = BTreeMap<(String, String), u64>;

/// What the verdicts say that the hosts counted.
fn judged(run: &Run) -> Counts {
    let mut counts = Counts::new();
    for verdict in run.events.iter().filter(|event| event["change"] == "verdict") {
        let by = verdict["by"].as_str().unwrap();
        for (name, moved) in verdict["counters"].as_object().into_iter().flatten() {
            *counts.entry((by.into(), name.clone())).or_default() += moved.as_u64().unwrap();
        }
    }
    counts
}

/// What the hosts counted: pairs of lines, the names and their values. The files are removed.
fn counted(path: &str) -> Counts {
    let mut counts = Counts::new();
    for host in ["client", "server"] {
        let path = format!("{path}.{host}");
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for pair in lines.chunks(2) {
            let (group, names) = pair[0].split_once(": ").unwrap();
            let values = pair[1].split(' ').skip(1);
            for (name, value) in names.split(' ').zip(values) {
                if let Ok(value @ 1..) = value.parse() {
                    counts.insert((host.into(), format!("{group}{name}")), value);
                }
            }
        }
    }
    counts
}

fn the_verdicts_of_every_scenario_add_up_to_what_the_hosts_counted() {
    let names = Mutex::new(catalogue().iter().map(|entry| entry.name).filter(|name| *name != SLOW));
    let seen = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = { names.lock().unwrap().next() } {
                    let text = fs::read_to_string(format!("assets/lessons/{name}.toml")).unwrap();
                    let counts = std::env::temp_dir().join(format!("socklab-{}-{name}", std::process::id()));
                    let counts = counts.to_str().unwrap();
                    let last = LAST.replace("FILE", counts);
                    let file = ScenarioFile::new(&format!("counted-{name}"), &format!("{text}\n{last}"));
                    let run = run(file.path());
                    assert_eq!(run.code, Some(0), "{name}: {:?} {}", run.result, run.errors);
                    compare(name, &run, &counted(counts));
                    for verdict in run.events.iter().filter(|event| event["change"] == "verdict") {
                        let key = format!("{} {}", verdict["did"], verdict["why"]);
                        *seen.lock().unwrap().entry(key).or_insert(0) += 1;
                    }
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen.len() >= 12, "few kinds of verdicts: {seen:?}");
}

fn compare(name: &str, run: &Run, counted: &Counts) {
    let judged = judged(run);
    for (key, by) in &judged {
        let host = counted.get(key).copied().unwrap_or(0);
        assert!(*by <= host, "{name}: the verdicts say {key:?} {by}, the host {host}");
    }
    // At full speed there are no verdicts.
    if run.events.iter().any(|event| event["change"] == "mode" && event["mode"] == "live") {
        return;
    }
    for (key, host) in counted.iter().filter(|((_, name), _)| is_of_arrivals(name)) {
        assert_eq!(judged.get(key), Some(host), "{name}: {key:?}");
    }
}
