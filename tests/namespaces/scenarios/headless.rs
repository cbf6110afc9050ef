//! The program, run without a terminal, and what it printed.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The program under test.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "C.UTF-8");
    command
}

/// What `run --json` printed.
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

/// A file of this test's own, gone when dropped.
pub(crate) struct Written(pub(crate) PathBuf);

impl Written {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("socklab-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
