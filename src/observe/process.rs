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
