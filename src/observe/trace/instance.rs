//! A private instance of tracefs: creation, setup, removal, and cleanup of stale ones.

use std::fs;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
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
}

impl TraceInstance {
    /// Makes an instance for this process, mounting tracefs if necessary, and removes those of dead processes. Nothing is
    /// traced yet.
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
        let path = root.join("instances").join(name());
        fs::create_dir(&path)?;
        let instance = Self { path };
        instance.write("trace_clock", "mono")?;
        instance.write("buffer_size_kb", BUFFER_KB)?;
        // Wake a reader for every record; older kernels, which do not have the file, do so anyway.
        match instance.write("buffer_percent", "0") {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(instance),
        }
    }

    /// Traces these sockets from now on.
    pub(super) fn trace(&self, scope: &Scope) -> io::Result<()> {
        self.write(&format!("{EVENT}/filter"), &filter(scope))?;
        let nothing = *scope == Scope::ports([]);
        self.write(&format!("{EVENT}/enable"), if nothing { "0" } else { "1" })
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

impl Drop for TraceInstance {
    fn drop(&mut self) {
        // If it cannot be removed now, a later run removes it as stale.
        let _ = self.write(&format!("{EVENT}/enable"), "0");
        let _ = fs::remove_dir(&self.path);
    }
}

/// One name for each instance that this process makes: `socklab-4121`, then `socklab-4121.1`, …
fn name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    match MADE.fetch_add(1, Ordering::Relaxed) {
        0 => format!("{PREFIX}{}", std::process::id()),
        made => format!("{PREFIX}{}.{made}", std::process::id()),
    }
}

/// Removes the instances left behind by killed processes.
fn remove_stale(instances: &Path) {
    let Ok(entries) = fs::read_dir(instances) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(owner) else { continue };
        if !Path::new("/proc").join(pid.to_string()).exists() {
            let _ = fs::write(entry.path().join(EVENT).join("enable"), "0");
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The process that made an instance of this name, if the name is one of ours.
fn owner(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
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
    fn only_our_own_instances_have_an_owner() {
        for (name, pid) in
            [("socklab-12", Some(12)), ("socklab-12.3", Some(12)), ("socklab-x", None), ("bar", None), ("12", None)]
        {
            assert_eq!(owner(name), pid, "{name}");
        }
    }

    #[test]
    fn the_filter_is_short_enough_for_the_kernel() {
        assert_eq!(filter(&Scope::ports([80])), "protocol == 6 && (sport == 80 || dport == 80)");
        assert!(filter(&Scope::ports(60_000..60_100)).len() < 4096);
        assert_eq!(filter(&Scope::ports(60_000..60_101)), "protocol == 6");
    }
}
