//! The tracepoint as the kernel prints it, in the test's own instance.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use socklab::api::domain::{TcpState, Transition};

const EVENT: &str = "events/sock/inet_sock_set_state";

/// A change of state, as the kernel prints it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) sport: u16,
    pub(crate) dport: u16,
    from: TcpState,
    to: TcpState,
}

impl Change {
    /// Our transition in the same form.
    pub(crate) fn of(transition: &Transition) -> Self {
        let dport = transition.flow.peer.map_or(0, |peer| peer.port());
        Self { sport: transition.flow.local.port(), dport, from: transition.from, to: transition.to }
    }

    /// Whether it is the first transition of one end of a connection.
    pub(crate) fn begins(&self) -> bool {
        matches!((self.from, self.to), (TcpState::Closed, TcpState::SynSent) | (TcpState::Listen, TcpState::SynRecv))
    }
}

/// How often each occurs.
pub(crate) fn counted(changes: impl Iterator<Item = Change>) -> BTreeSet<(Change, usize)> {
    let mut counts: BTreeMap<Change, usize> = BTreeMap::new();
    changes.for_each(|change| *counts.entry(change).or_default() += 1);
    counts.into_iter().collect()
}

/// The instance; dropping it removes it.
pub(crate) struct Truth(PathBuf);

impl Truth {
    /// Traces the sockets with this port.
    pub(crate) fn begin(port: u16) -> Self {
        let root = PathBuf::from("/sys/kernel/tracing");
        if !root.join("events").is_dir() {
            let mounted = Command::new("mount").args(["-t", "tracefs", "none"]).arg(&root).status().unwrap();
            assert!(mounted.success());
        }
        let truth = Self(root.join("instances").join(format!("truth-{}-{port}", std::process::id())));
        fs::create_dir(&truth.0).unwrap();
        truth.write("buffer_size_kb", "8192");
        truth.write(&format!("{EVENT}/filter"), &format!("sport=={port}||dport=={port}"));
        truth.write(&format!("{EVENT}/enable"), "1");
        truth
    }

    /// Stops, and returns every change that it traced.
    pub(crate) fn end(self) -> Vec<Change> {
        self.write(&format!("{EVENT}/enable"), "0");
        fs::read_to_string(self.0.join("trace")).unwrap().lines().filter_map(parse).collect()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join(format!("{EVENT}/enable")), "0");
        let _ = fs::remove_dir(&self.0);
    }
}

fn parse(line: &str) -> Option<Change> {
    let value = |key: &str| line.split_whitespace().find_map(|word| word.strip_prefix(key));
    let state = |key: &str| {
        let name = value(key)?.strip_prefix("TCP_")?;
        Some(if name == "CLOSE" { TcpState::Closed } else { name.parse().unwrap() })
    };
    Some(Change {
        sport: value("sport=")?.parse().unwrap(),
        dport: value("dport=")?.parse().unwrap(),
        from: state("oldstate=")?,
        to: state("newstate=")?,
    })
}
