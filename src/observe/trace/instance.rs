//! A private instance of tracefs: creation, setup, removal, and cleanup of stale ones.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::mount::{MountFlags, mount};

use super::format::{EventFormat, PageFormat};
use crate::observe::Scope;

const TRACEFS: &str = "/sys/kernel/tracing";
const EVENT: &str = "events/sock/inet_sock_set_state";
const PREFIX: &str = "socklab-";
/// Per processor: room for some ten thousand records.
const BUFFER_KB: &str = "2048";
/// The kernel accepts filters of up to a page; with more ports than this we read everything and filter here.
const MOST_PORTS: usize = 100;

/// The instance. Dropping it removes it; that fails while one of its pipes is open.
#[derive(Debug)]
pub(super) struct TraceInstance {
    path: PathBuf,
    /// The kernel keeps an instance of which a file is open, whoever removes it.
    held: Option<fs::File>,
}

impl TraceInstance {
    /// Makes an instance for this process, mounting tracefs if necessary, and removes those that nobody uses any more.
    /// Nothing is traced yet.
    ///
    /// # Errors
    /// `PermissionDenied` for anyone but root, `NotFound` where the kernel has no such tracepoint.
    pub(super) fn make() -> io::Result<Self> {
        let root = Path::new(TRACEFS);
        if !root.join("events").is_dir() {
            mount("tracefs", TRACEFS, "tracefs", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None)?;
        }
        fs::metadata(root.join(EVENT))?;
        remove_stale(&root.join("instances"));
        let instance = Self::make_new(&root.join("instances"))?;
        instance.write("trace_clock", "mono")?;
        instance.write("buffer_size_kb", BUFFER_KB)?;
        // Wake a reader for every record; older kernels, which do not have the file, do so anyway.
        match instance.write("buffer_percent", "0") {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(instance),
        }
    }

    fn make_new(instances: &Path) -> io::Result<Self> {
        let path = instances.join(InstanceName::new()?.to_string());
        fs::create_dir(&path)?;
        let held = Some(fs::File::open(path.join("tracing_on"))?);
        Ok(Self { path, held })
    }

    /// Traces these sockets from now on.
    pub(super) fn trace(&self, scope: &Scope) -> io::Result<()> {
        self.write(&format!("{EVENT}/filter"), &filter(scope))?;
        let nothing = *scope == Scope::ports([]);
        self.write(&format!("{EVENT}/enable"), if nothing { "0" } else { "1" })
    }

    /// What says whether the kernel still records.
    pub(super) fn switches(&self) -> TraceSwitches {
        TraceSwitches(["tracing_on".into(), format!("{EVENT}/enable")].map(|file| self.path.join(file)))
    }

    pub(super) fn formats(&self) -> io::Result<(EventFormat, PageFormat)> {
        let event = EventFormat::parse(&self.read(&format!("{EVENT}/format"))?);
        event.zip(PageFormat::parse(&self.page_header()?)).ok_or_else(|| io::Error::from(ErrorKind::Unsupported))
    }

    /// `events/header_page`, which the kernel returns to the first read only, so it must be read in one call.
    fn page_header(&self) -> io::Result<String> {
        let mut text = vec![0; 4096];
        let len = fs::File::open(self.path.join("events/header_page"))?.read(&mut text)?;
        text.truncate(len);
        String::from_utf8(text).map_err(|_| ErrorKind::InvalidData.into())
    }

    /// A non-blocking pipe of raw pages for each processor.
    pub(super) fn pipes(&self) -> io::Result<Vec<fs::File>> {
        let open = |cpu: fs::DirEntry| {
            let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
            fs::OpenOptions::new().read(true).custom_flags(flags).open(cpu.path().join("trace_pipe_raw"))
        };
        fs::read_dir(self.path.join("per_cpu"))?.map(|cpu| open(cpu?)).collect()
    }

    fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.path.join(file))
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.path.join(file), text)
    }
}

/// The switches of an instance. Anybody who may write to tracefs can turn them.
#[derive(Debug)]
pub(super) struct TraceSwitches([PathBuf; 2]);

impl TraceSwitches {
    /// Whether the kernel records.
    pub(super) fn are_on(&self) -> bool {
        self.0.iter().all(|file| fs::read_to_string(file).is_ok_and(|text| text.starts_with('1')))
    }
}

impl Drop for TraceInstance {
    fn drop(&mut self) {
        // If it cannot be removed now, a later run removes it as stale.
        self.held = None;
        let _ = self.write(&format!("{EVENT}/enable"), "0");
        let _ = fs::remove_dir(&self.path);
    }
}

/// The name of an instance: `socklab-4026531836-4121-0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InstanceName {
    /// The PID namespace of the process that made it, by the number of its file (`namespaces(7)`).
    namespace: u64,
    /// The process in it.
    pid: u32,
    /// How many this process made before.
    number: u32,
}

impl InstanceName {
    /// One that this process has not used yet.
    fn new() -> io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        Ok(Self { namespace: pid_namespace()?, pid: std::process::id(), number: MADE.fetch_add(1, Ordering::Relaxed) })
    }

    fn parse(name: &str) -> Option<Self> {
        let mut numbers = name.strip_prefix(PREFIX)?.split('-');
        let mut next = || numbers.next();
        let parsed =
            Self { namespace: next()?.parse().ok()?, pid: next()?.parse().ok()?, number: next()?.parse().ok()? };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}-{}-{}", self.namespace, self.pid, self.number)
    }
}

fn pid_namespace() -> io::Result<u64> {
    Ok(fs::metadata("/proc/self/ns/pid")?.ino())
}

/// Removes the instances left behind by killed processes: those of processes that are not in our PID namespace any more,
/// and of other namespaces whatever the kernel lets go. It keeps an instance of which a file is open.
fn remove_stale(instances: &Path) {
    let (Ok(entries), Ok(here)) = (fs::read_dir(instances), pid_namespace()) else { return };
    for entry in entries.flatten() {
        let Some(name) = entry.file_name().to_str().and_then(InstanceName::parse) else { continue };
        if name.namespace != here || !Path::new("/proc").join(name.pid.to_string()).exists() {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The filter in the kernel's syntax.
fn filter(scope: &Scope) -> String {
    match scope {
        Scope::Ports(ports) if !ports.is_empty() && ports.len() <= MOST_PORTS => {
            let ports: Vec<String> = ports.iter().map(|port| format!("sport == {port} || dport == {port}")).collect();
            format!("protocol == 6 && ({})", ports.join(" || "))
        }
        _ => "protocol == 6".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instances_with_our_names_are_removed() {
        let name = InstanceName { namespace: 4_026_531_836, pid: 12, number: 3 };
        assert_eq!(name.to_string(), "socklab-4026531836-12-3");
        assert_eq!(InstanceName::parse("socklab-4026531836-12-3"), Some(name));
        for other in ["socklab-12", "socklab-1-2", "socklab-1-2-x", "socklab-1-2-3-4", "socklab-1-02-3", "bar", "1-2-3"]
        {
            assert_eq!(InstanceName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_filter_is_short_enough_for_the_kernel() {
        assert_eq!(filter(&Scope::ports([80])), "protocol == 6 && (sport == 80 || dport == 80)");
        assert!(filter(&Scope::ports(60_000..60_100)).len() < 4096);
        assert_eq!(filter(&Scope::ports(60_000..60_101)), "protocol == 6");
    }
}
