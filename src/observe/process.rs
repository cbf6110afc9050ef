//! Which process holds a socket.
//!
//! On Linux `/proc/<pid>/fd` lists the inodes that a process has open (`proc(5)`). Only root can read it for other users'
//! processes; without root their sockets have no process name.

use std::collections::{BTreeSet, HashMap};

use crate::domain::Process;
use crate::domain::excerpt::sanitise;

/// The kernel's range of ephemeral ports (`Documentation/networking/ip-sysctl`). `None` where it cannot be read.
pub fn port_range() -> Option<(u16, u16)> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ports = text.split_whitespace().map(str::parse);
    Some((ports.next()?.ok()?, ports.next()?.ok()?))
}

pub(super) fn with_pid(pid: u32) -> Process {
    let name = if cfg!(target_os = "linux") { std::fs::read(format!("/proc/{pid}/comm")).ok() } else { None };
    let own = || {
        let path = (pid == std::process::id()).then(std::env::current_exe)?.ok()?;
        Some(path.file_stem()?.to_string_lossy().into_owned().into_bytes())
    };
    let name = name.or_else(own).unwrap_or_default();
    Process { pid, name: sanitise(name.strip_suffix(b"\n").unwrap_or(&name)) }
}

/// How many processes count as the latest.
const LATEST: u32 = 64;

/// The processes that hold these inodes, as far as we may know it from those that were started last: a program that has
/// just connected is most likely one of them, and may close its socket before all others were looked at.
pub(super) fn named_by_latest(inodes: &BTreeSet<u64>) -> HashMap<u64, Process> {
    let mut found = HashMap::new();
    let mut wanted = inodes.clone();
    // Its last field is the process that was started last (`proc(5)`).
    let Ok(load) = std::fs::read_to_string("/proc/loadavg") else { return found };
    let Some(last) = load.split_whitespace().last().and_then(|pid| pid.parse::<u32>().ok()) else { return found };
    for pid in (last.saturating_sub(LATEST)..=last).rev() {
        if wanted.is_empty() {
            break;
        }
        look_in(pid, &mut wanted, &mut found);
    }
    for (inode, process) in &mut found {
        // Threads have numbers of the same kind.
        let whole = of_thread(process.pid).unwrap_or_else(|| process.clone());
        *process = eldest(*inode, whole);
    }
    found
}

/// The process from which this one has inherited the socket: a child has all of its parent's descriptors until it runs
/// another program (`fork(2)`, `execve(2)`).
fn eldest(inode: u64, mut process: Process) -> Process {
    const GENERATIONS: usize = 8;
    for _ in 0..GENERATIONS {
        let mut found = HashMap::new();
        if let Some(parent) = stat(process.pid).and_then(|stat| stat.parent) {
            look_in(parent, &mut BTreeSet::from([inode]), &mut found);
        }
        match found.remove(&inode) {
            Some(parent) => process = parent,
            None => break,
        }
    }
    process
}

/// What `/proc/<pid>/stat` says (`proc(5)`).
struct ProcessStat {
    state: String,
    parent: Option<u32>,
    flags: u64,
}

fn stat(pid: u32) -> Option<ProcessStat> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may contain anything.
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = String::from_utf8_lossy(&stat[end + 1..]);
    let fields: Vec<_> = rest.split_whitespace().collect();
    let [state, parent, _, _, _, _, flags, ..] = fields[..] else { return None };
    Some(ProcessStat {
        state: state.to_owned(),
        parent: parent.parse().ok().filter(|parent| *parent != 0),
        flags: flags.parse().unwrap_or(0),
    })
}

/// Whether this is a thread of our own.
#[cfg(target_os = "linux")]
pub(super) fn is_own_thread(thread: u32) -> bool {
    std::path::Path::new("/proc/self/task").join(thread.to_string()).exists()
}

/// The process that this thread belongs to, if it still runs.
pub(super) fn of_thread(thread: u32) -> Option<Process> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let pid = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()?;
    Some(with_pid(pid)).filter(|process| !process.name.is_empty())
}

/// Whether a process has ended, or is ending: it has the kernel's `PF_EXITING` (`include/linux/sched.h`), which it gets
/// before its sockets are closed, or is a zombie (`proc(5)`, `/proc/<pid>/stat`).
#[cfg(target_os = "linux")]
pub(super) fn has_ended(pid: u32) -> bool {
    const EXITING: u64 = 0x4;
    stat(pid).is_none_or(|stat| matches!(stat.state.as_str(), "Z" | "X" | "x") || stat.flags & EXITING != 0)
}

/// Whether this process counts processes as the kernel itself does: it is in the first PID namespace, whose inode is
/// always the same (`PROC_PID_INIT_INO` in `include/linux/proc_ns.h`).
#[cfg(target_os = "linux")]
pub(super) fn counts_as_the_kernel() -> bool {
    std::fs::read_link("/proc/self/ns/pid").is_ok_and(|namespace| namespace.as_os_str() == "pid:[4026531836]")
}

/// The processes that hold these inodes, as far as we may know: looks in this process first, then in the others.
pub fn named(inodes: &BTreeSet<u64>) -> HashMap<u64, Process> {
    let mut found = HashMap::new();
    let mut wanted = inodes.clone();
    look_in(std::process::id(), &mut wanted, &mut found);
    let Ok(entries) = std::fs::read_dir("/proc") else { return found };
    for pid in entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()) {
        if wanted.is_empty() {
            break;
        }
        if pid != std::process::id() {
            look_in(pid, &mut wanted, &mut found);
        }
    }
    found
}

/// Moves what one process holds from `wanted` to `found`. The newest sockets have the highest descriptors and are most
/// likely to be wanted, so those come first.
fn look_in(pid: u32, wanted: &mut BTreeSet<u64>, found: &mut HashMap<u64, Process>) {
    // Unreadable: another user's process, or one that has just ended.
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return };
    let mut descriptors: Vec<u32> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    descriptors.sort_unstable_by(|a, b| b.cmp(a));
    let mut process = None;
    for descriptor in descriptors {
        if wanted.is_empty() {
            return;
        }
        let Ok(target) = std::fs::read_link(format!("/proc/{pid}/fd/{descriptor}")) else { continue };
        let inode = target.to_str().and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
        if let Some(inode) = inode.filter(|inode| wanted.remove(inode)) {
            let process = process.get_or_insert_with(|| with_pid(pid));
            found.insert(inode, process.clone());
        }
    }
}
