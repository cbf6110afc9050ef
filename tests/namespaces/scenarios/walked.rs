//! Every scenario passes, and together they walk RFC 9293's diagram: states and edges counted in what was printed.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;
use socklab::api::domain::EDGES;
use socklab::api::domain::TcpState::{self, Listen, SynSent};
use socklab::api::lesson::catalogue;

use super::headless::{Run, run};
use crate::harness::{Need::Wire, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(every_scenario_passes_and_all_states_and_edges_are_walked, &[Wire]),
        test(time_wait_is_waited_out, &[Wire]).first(),
        test(the_catalogue_is_the_folder, &[]),
        test(every_step_is_said_in_both_languages, &[]),
    ]
}

/// How many scenarios are played at once, each on hosts of its own: they mostly wait for a kernel's timers.
const AT_ONCE: usize = 4;

/// The one that takes a minute; it has a test of its own, which runs beside all others.
const SLOW: &str = "waited-out";

type Edge = (TcpState, TcpState);

/// The changes of state that were observed. Each has its cause; one without fails the test.
fn observed(run: &Run) -> Vec<Edge> {
    let states = run.events.iter().filter(|event| event["kind"] == "state" && event["evidence"] != "inferred");
    let word = |value: &Value| value.as_str().unwrap().parse().unwrap();
    states
        // What a socket sends to itself does not cross the wire: nobody sees which packet it was.
        .inspect(|event| assert!(event["cause"].is_string() || event["local"] == event["peer"], "{event}"))
        .map(|event| (word(&event["from"]), word(&event["to"])))
        .collect()
}

fn passes(name: &str) -> Run {
    let run = run(name);
    let result = run.result.as_ref().unwrap_or_else(|| panic!("{name}: {}", run.errors));
    assert_eq!((run.code, &result["passed"]), (Some(0), &Value::Bool(true)), "{name}: {result}");
    assert!(result["expectations"].as_u64().unwrap() > 0, "{name} expects nothing");
    run
}

fn every_scenario_passes_and_all_states_and_edges_are_walked() {
    let names = Mutex::new(catalogue().iter().map(|entry| entry.name).filter(|name| *name != SLOW));
    let edges = Mutex::new(BTreeSet::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(name) = { names.lock().unwrap().next() } {
                    let run = passes(name);
                    edges.lock().unwrap().extend(observed(&run));
                }
            });
        }
    });
    let edges = edges.into_inner().unwrap();
    let states: BTreeSet<_> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
    assert_eq!(states, TcpState::ALL.iter().copied().collect(), "states");
    // LISTEN → SYN_SENT has no call on Linux. A RST ends a TIME_WAIT too, besides the slow one.
    let missing: Vec<_> = EDGES.iter().filter(|edge| !edges.contains(edge) && **edge != (Listen, SynSent)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(edges.contains(&(TcpState::Established, TcpState::Closed)), "a reset");
}

fn time_wait_is_waited_out() {
    let run = passes(SLOW);
    assert!(observed(&run).contains(&(TcpState::TimeWait, TcpState::Closed)));
}

fn the_catalogue_is_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lessons");
    let files: BTreeSet<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let named: BTreeSet<_> = catalogue().iter().map(|entry| format!("{}.toml", entry.name).into()).collect();
    assert_eq!(files, named);
}

fn every_step_is_said_in_both_languages() {
    for entry in catalogue() {
        let lesson = entry.lesson().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        for (place, step) in lesson.steps.iter().enumerate() {
            let all = [&step.name, &step.say, &step.after].map(Option::is_some);
            assert_eq!(all, [true; 3], "{}, step {place}: its name, before and after", entry.name);
        }
        let said = lesson.steps.iter().flat_map(|step| [&step.name, &step.say, &step.after]).flatten();
        for said in said.chain([&lesson.title, &lesson.about]) {
            assert!(!said.en.is_empty() && !said.pt.is_empty() && said.en != said.pt, "{}: {}", entry.name, said.en);
        }
    }
}
