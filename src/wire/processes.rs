//! The processes on the hosts that programs started there, also those that have left their parents (`setsid(2)`).
//!
//! The hosts have a PID namespace of their own (`pid_namespaces(7)`), by which their processes are told from all others.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::domain::excerpt::sanitise;

/// A process, by PIDs of this namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundProcess {
    pub(super) pid: u32,
    /// The process that started it, or the reaper of the hosts once that has ended.
    pub(super) parent: u32,
    /// Its network namespace: that of its host, unless it has left it.
    pub(super) network: Option<OsString>,
}

/// What `/proc/PID/ns` calls a namespace of a process: `pid:[4026531836]`. `None` once the process has ended.
pub(super) fn namespace(pid: u32, kind: &str) -> Option<OsString> {
    fs::read_link(format!("/proc/{pid}/ns/{kind}")).map(PathBuf::into_os_string).ok()
}

/// The processes of this PID namespace, except its first.
pub(super) fn of_namespace(pid_namespace: &OsString) -> Vec<FoundProcess> {
    // Without /proc there is nothing to be found.
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| namespace(*pid, "pid").as_ref() == Some(pid_namespace)).filter_map(process).collect()
}

fn process(pid: u32) -> Option<FoundProcess> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let Status { parent, first, over } = Status::read(&status)?;
    (!first && !over).then(|| FoundProcess { pid, parent, network: namespace(pid, "net") })
}

/// A handle of a process of this PID namespace; `None` if it has ended, and its PID is another's or nobody's.
pub(super) fn handle(pid: u32, pid_namespace: &OsString) -> io::Result<Option<OwnedFd>> {
    let Some(number) = pid.try_into().ok().and_then(Pid::from_raw) else { return Ok(None) };
    let handle = pidfd_open(number, PidfdFlags::empty())?;
    // From here on the PID is this process's for as long as it runs.
    let is_there = namespace(pid, "pid").as_ref() == Some(pid_namespace) && process(pid).is_some();
    Ok(is_there.then_some(handle))
}

/// How a process was called: the first word of its command line (`proc_pid_cmdline(5)`).
pub(super) fn name(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    sanitise(line.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// What is read of `proc_pid_status(5)`.
#[derive(Debug, PartialEq, Eq)]
struct Status {
    parent: u32,
    /// Whether it is process 1 of its namespace.
    first: bool,
    /// Whether it has ended and was not waited for.
    over: bool,
}

impl Status {
    fn read(status: &str) -> Option<Self> {
        let of = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
        Some(Self {
            parent: of("PPid")?.parse().ok()?,
            first: of("NSpid")?.split_ascii_whitespace().last() == Some("1"),
            over: of("State")?.starts_with(['Z', 'X']),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_the_innermost_namespace() {
        let status =
            |state: &str, inner: u32| format!("Name:\tNSpid:\t1\nState:\t{state}\nPPid:\t7\nNSpid:\t90\t{inner}\n");
        let read = |state, inner| Status::read(&status(state, inner)).unwrap();
        assert_eq!(read("S (sleeping)", 12), Status { parent: 7, first: false, over: false });
        assert_eq!(read("Z (zombie)", 1), Status { parent: 7, first: true, over: true });
        assert_eq!(Status::read("PPid:\t7\n"), None);
    }

    #[test]
    fn a_process_that_has_ended_has_no_handle() {
        let own = namespace(std::process::id(), "pid").unwrap();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let found = of_namespace(&own).into_iter().find(|process| process.pid == child.id()).unwrap();
        assert_eq!((found.parent, name(found.pid)), (std::process::id(), "sleep".into()));
        assert!(handle(child.id(), &own).unwrap().is_some());
        assert!(handle(child.id(), &"pid:[1]".into()).unwrap().is_none(), "another namespace's");
        child.kill().unwrap();
        let pid = Pid::from_child(&child);
        let wait = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        rustix::process::waitid(rustix::process::WaitId::Pid(pid), wait).unwrap();
        assert!(handle(child.id(), &own).unwrap().is_none(), "it was not waited for yet");
        child.wait().unwrap();
    }
}
