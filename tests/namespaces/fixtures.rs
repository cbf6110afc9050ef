//! What these tests share: a deadline, and files and processes that last as long as their test.

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

/// Far beyond what anything here takes: reached only by a failure.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_socklab-tui");

/// Waits until a condition holds that no event announces.
pub(crate) fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A process that is killed when it is dropped.
pub(crate) struct KilledOnDrop(pub(crate) Child);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A scenario in a file of its own, which is removed when it is dropped.
pub(crate) struct ScenarioFile(PathBuf);

impl ScenarioFile {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("socklab-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for ScenarioFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
