//! What tests need of the machine, each tried once, and never by what is under test alone.

use std::process::Command;
use std::sync::OnceLock;

/// Something that a machine may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// The right to see packets (`packet(7)`).
    Capture,
    /// Being root, on a file system where a program can be given a capability (`capabilities(7)`).
    FileCapabilities,
    /// The address `::1`.
    Ipv6,
    /// A tracing instance of one's own (`Documentation/trace/ftrace`).
    Trace,
    /// The two hosts of the wire lab, and what is between them.
    Wire,
    /// A network namespace of one's own in which one is root (`unshare(1)`).
    Namespace,
    /// Several of them with cables between (`veth(4)`): root.
    Network,
    Ss,
    Nmap,
    Dumpcap,
    Tcpdump,
    Tshark,
    Editcap,
    Python,
    Nc,
}

use Need::{
    Capture, Dumpcap, Editcap, FileCapabilities, Ipv6, Namespace, Nc, Network, Nmap, Python, Ss, Tcpdump, Trace,
    Tshark, Wire,
};

impl Need {
    const ALL: [Self; 15] = [
        Capture,
        FileCapabilities,
        Ipv6,
        Trace,
        Wire,
        Namespace,
        Network,
        Ss,
        Nmap,
        Dumpcap,
        Tcpdump,
        Tshark,
        Editcap,
        Python,
        Nc,
    ];

    /// The word of `SOCKLAB_REQUIRE` that promises it.
    const fn word(self) -> &'static str {
        match self {
            Capture => "capture",
            FileCapabilities => "setcap",
            Ipv6 => "ipv6",
            Trace => "trace",
            Wire | Namespace => "wire",
            Network => "net",
            Ss | Nmap | Dumpcap | Tcpdump | Tshark | Editcap | Python | Nc => "tools",
        }
    }

    /// All that these words, with commas between them, promise.
    pub(crate) fn promised(words: &str) -> Vec<Self> {
        let words: Vec<&str> = words.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        for word in &words {
            assert!(Self::ALL.iter().any(|need| need.word() == *word), "SOCKLAB_REQUIRE: nothing is called {word:?}");
        }
        Self::ALL.into_iter().filter(|need| words.contains(&need.word())).collect()
    }

    /// Why it is not there, if it is not.
    pub(crate) fn lack(self) -> Option<String> {
        static TRIED: [OnceLock<Option<String>>; Need::ALL.len()] = [const { OnceLock::new() }; Need::ALL.len()];
        TRIED[self as usize].get_or_init(|| self.try_it().err()).clone()
    }

    fn try_it(self) -> Result<(), String> {
        match self {
            Capture => system::capture(),
            FileCapabilities => system::file_capabilities(),
            Ipv6 => std::net::TcpListener::bind("[::1]:0").map(drop).map_err(|error| format!("::1 ({error})")),
            Trace => system::trace(),
            Wire => system::wire(),
            Namespace => succeeds("a network namespace", "unshare", &["-rn", "ip", "link", "set", "lo", "up"]),
            Network => {
                succeeds("a network", "unshare", &["-n", "ip", "link", "add", "one", "type", "veth", "peer", "other"])
            }
            Ss => installed("ss"),
            Nmap => installed("nmap"),
            Dumpcap => installed("dumpcap"),
            Tcpdump => installed("tcpdump"),
            Tshark => installed("tshark"),
            Editcap => installed("editcap"),
            Python => installed("python3"),
            Nc => installed("nc"),
        }
    }
}

/// Whether a program can be started at all: how it likes being asked differs.
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
    use socklab::api::domain::{Clock, EventQueue, EventSink, Observation};
    use socklab::api::observe::capture::CaptureAccess;
    use socklab::api::wire::{Wire, WireOptions};

    struct Nobody;

    impl EventQueue for Nobody {
        fn offer(&self, _: Observation) -> bool {
            true
        }
    }

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

    /// A helper that does not start is no lack of the machine: then the tests run, and fail.
    pub(super) fn wire() -> Result<(), String> {
        let binary = Some(PathBuf::from(env!("CARGO_BIN_EXE_socklab-tui")));
        let sink = EventSink::new(Clock::start(), std::sync::Arc::new(Nobody));
        match Wire::open(&sink, &WireOptions { binary, ..WireOptions::default() }, |_: &_| Ok(Vec::new())) {
            Err(error) if error.need != socklab::api::domain::Need::Helper => Err(format!("wire ({error})")),
            _ => Ok(()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn capture() -> Result<(), String> {
        Err("capture (needs Linux)".into())
    }

    pub(super) fn file_capabilities() -> Result<(), String> {
        Err("capabilities of files (needs Linux)".into())
    }

    pub(super) fn trace() -> Result<(), String> {
        Err("trace (needs Linux)".into())
    }

    pub(super) fn wire() -> Result<(), String> {
        Err("wire (needs Linux)".into())
    }
}
