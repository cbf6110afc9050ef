//! The needs of tests. Each is tried once, and never by the code under test alone.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Something that a machine may lack.
#[allow(dead_code, reason = "part of each such test binary, and none has tests with all needs")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// The right to see packets (`packet(7)`).
    Capture,
    /// Being root, on a file system where a program can be given a capability (`capabilities(7)`).
    FileCapabilities,
    /// The address `::1`.
    Ipv6,
    /// A tracing instance (`Documentation/trace/ftrace`).
    Trace,
    /// The wire lab.
    Wire,
    /// A network namespace, and root in it (`unshare(1)`).
    Namespace,
    /// Several network namespaces joined by `veth(4)` pairs: root.
    Network,
    /// This program.
    Tool(&'static str),
}

impl Need {
    /// Every word of `SOCKLAB_REQUIRE`.
    const WORDS: [&str; 7] = ["capture", "setcap", "ipv6", "trace", "wire", "net", "tools"];

    /// The word of `SOCKLAB_REQUIRE` that promises it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::FileCapabilities => "setcap",
            Self::Ipv6 => "ipv6",
            Self::Trace => "trace",
            Self::Wire | Self::Namespace => "wire",
            Self::Network => "net",
            Self::Tool(_) => "tools",
        }
    }

    /// The words in this list, separated by commas.
    pub(crate) fn promised(words: &str) -> Vec<String> {
        let words: Vec<&str> = words.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        for word in &words {
            assert!(Self::WORDS.contains(word), "SOCKLAB_REQUIRE: nothing is called {word:?}");
        }
        words.into_iter().map(str::to_owned).collect()
    }

    /// Why it is missing, if it is.
    pub(crate) fn lack(self) -> Option<String> {
        static TRIED: Mutex<BTreeMap<Need, Option<String>>> = Mutex::new(BTreeMap::new());
        let mut tried = TRIED.lock().unwrap_or_else(PoisonError::into_inner);
        tried.entry(self).or_insert_with(|| self.try_it().err()).clone()
    }

    fn try_it(self) -> Result<(), String> {
        match self {
            Self::Capture => system::capture(),
            Self::FileCapabilities => system::file_capabilities(),
            Self::Ipv6 => std::net::TcpListener::bind("[::1]:0").map(drop).map_err(|error| format!("::1 ({error})")),
            Self::Trace => system::trace(),
            Self::Wire => system::wire(),
            Self::Namespace => succeeds("a network namespace", "unshare", &["-rn", "ip", "link", "set", "lo", "up"]),
            Self::Network => {
                succeeds("a network", "unshare", &["-n", "ip", "link", "add", "one", "type", "veth", "peer", "other"])
            }
            Self::Tool(program) => installed(program),
        }
    }
}

/// Whether a program can be started; its exit code does not matter, because not every program knows `-h`.
fn installed(program: &str) -> Result<(), String> {
    Command::new(program).arg("-h").output().map(drop).map_err(|error| format!("{program} ({error})"))
}

fn succeeds(what: &str, program: &str, arguments: &[&str]) -> Result<(), String> {
    let done =
        Command::new(program).args(arguments).output().map_err(|error| format!("{what} ({program}: {error})"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if done.status.success() { Ok(()) } else { Err(format!("{what} ({})", said.lines().next().unwrap_or(program))) }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::path::{Path, PathBuf};

    use rustix::mount::{MountFlags, mount};
    use socklab::api::domain::{Clock, EventSink, Observation};
    use socklab::api::observe::capture::CaptureAccess;
    use socklab::api::wire::{Wire, WireOptions};

    pub(super) fn capture() -> Result<(), String> {
        CaptureAccess::open().map(drop).map_err(|error| format!("capture ({error})"))
    }

    pub(super) fn file_capabilities() -> Result<(), String> {
        let file = std::env::temp_dir().join(format!("socklab-{}-setcap", std::process::id()));
        fs::write(&file, "").map_err(|error| format!("capabilities of files ({error})"))?;
        let done = super::succeeds("capabilities of files", "setcap", &["cap_net_raw+ep", &file.to_string_lossy()]);
        let _ = fs::remove_file(&file);
        done
    }

    pub(super) fn trace() -> Result<(), String> {
        const TRACEFS: &str = "/sys/kernel/tracing";
        if !Path::new(TRACEFS).join("instances").is_dir() {
            let mounted = mount("tracefs", TRACEFS, "tracefs", MountFlags::empty(), None);
            mounted.map_err(|error| format!("trace (tracefs: {error})"))?;
        }
        let instance = format!("{TRACEFS}/instances/needed-{}", std::process::id());
        let made = fs::create_dir(&instance).and_then(|()| fs::remove_dir(&instance));
        made.map_err(|error| format!("trace ({error})"))
    }

    /// If the helper does not start, the machine lacks nothing: the tests run, and fail.
    pub(super) fn wire() -> Result<(), String> {
        let binary = Some(PathBuf::from(env!("CARGO_BIN_EXE_socklab-tui")));
        let sink = EventSink::new(Clock::start(), std::sync::Arc::new(|_: Observation| true));
        match Wire::open(&sink, &WireOptions { binary, ..WireOptions::default() }, |_: &_| Ok(Vec::new())) {
            Err(error) if error.need != socklab::api::domain::Need::Helper => Err(format!("wire ({error})")),
            _ => Ok(()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn capture() -> Result<(), String> {
        Err("Linux".into())
    }

    pub(super) use capture as file_capabilities;
    pub(super) use capture as trace;
    pub(super) use capture as wire;
}
