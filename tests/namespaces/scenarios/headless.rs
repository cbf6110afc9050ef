//! The program, run without a terminal, and its output.

use std::process::Command;

use serde_json::Value;

use crate::fixtures::BINARY;

/// The program under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(BINARY);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "C.UTF-8");
    command
}

/// The outcome of `run --json`.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) events: Vec<Value>,
    pub(crate) result: Option<Value>,
    pub(crate) errors: String,
}

/// Runs a scenario.
pub(crate) fn run(name: &str) -> Run {
    let output = program().args(["run", name, "--json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let result = events.pop_if(|line| line["kind"] == "result");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Run { code: output.status.code(), events, result, errors }
}
