//! Which of the programs on a host holds a socket, and whether that program still runs.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::{HostId, PerHost};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProgramEnd {
    /// It exited. Whether it had closed a socket before does not show: one usually does.
    Exited,
    /// A signal killed it: what it had open the kernel closed.
    Killed,
    /// That is not known yet.
    Unknown,
}

#[derive(Debug, Default)]
struct HostedPrograms {
    running: PerHost<Vec<u32>>,
    /// The latest that ended, by their PIDs.
    ended: VecDeque<(u32, ProgramEnd)>,
}

impl HostedPrograms {
    fn how(&self, pid: u32) -> Option<ProgramEnd> {
        self.ended.iter().find(|(other, _)| *other == pid).map(|(_, how)| *how)
    }
}

/// The programs that run on the hosts, by their PIDs on this machine.
#[derive(Debug, Clone, Default)]
pub(super) struct SocketOwners(Arc<(Mutex<HostedPrograms>, Condvar)>);

impl SocketOwners {
    /// How many descriptors of a program are looked at. A course's program has a few; nothing waits for one with more.
    const DESCRIPTORS: usize = 256;
    /// How many ended programs are remembered.
    const KEPT: usize = 64;
    /// How long the status of a program takes at most from its end to here.
    const PATIENCE: Duration = Duration::from_millis(20);

    pub(super) fn started(&self, host: HostId, pid: u32) {
        let mut programs = self.programs();
        programs.ended.retain(|(other, _)| *other != pid);
        programs.running.of_mut(host).push(pid);
    }

    pub(super) fn ended(&self, host: HostId, pid: u32, how: ProgramEnd) {
        let mut programs = self.programs();
        programs.running.of_mut(host).retain(|other| *other != pid);
        programs.ended.push_back((pid, how));
        if programs.ended.len() > Self::KEPT {
            programs.ended.pop_front();
        }
        self.0.1.notify_all();
    }

    /// How a program ended, if it has or is about to.
    pub(super) fn end(&self, pid: u32) -> Option<ProgramEnd> {
        if let Some(how) = self.programs().how(pid) {
            return Some(how);
        }
        if let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            return ending(&stat);
        }
        // It is gone: its status is on its way here, if it has not arrived.
        let unknown = |programs: &mut HostedPrograms| programs.how(pid).is_none();
        let waited = self.0.1.wait_timeout_while(self.programs(), Self::PATIENCE, unknown);
        let (programs, _) = waited.unwrap_or_else(PoisonError::into_inner);
        Some(programs.how(pid).unwrap_or(ProgramEnd::Unknown))
    }

    /// The program on this host that has a descriptor of this socket.
    pub(super) fn of(&self, host: HostId, inode: u64) -> Option<u32> {
        let link = format!("socket:[{inode}]");
        let programs = self.programs().running.of(host).clone();
        programs.into_iter().find(|pid| {
            let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
            let mut links = descriptors.flatten().take(Self::DESCRIPTORS).map(|entry| fs::read_link(entry.path()));
            links.any(|target| target.is_ok_and(|target| target.as_os_str() == link.as_str()))
        })
    }

    fn programs(&self) -> MutexGuard<'_, HostedPrograms> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a process is ending, from its line in `/proc` (`proc_pid_stat(5)`). The kernel sets the flag `PF_EXITING` and the
/// exit code before it closes the descriptors.
fn ending(stat: &str) -> Option<ProgramEnd> {
    const EXITING: u32 = 4;
    // The name, in parentheses, may contain anything. The state, the flags and the exit code are fields 3, 9 and 52.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let is_zombie = matches!(fields.next(), Some("Z" | "X"));
    let flags: u32 = fields.nth(5)?.parse().ok()?;
    let code: u32 = fields.nth(42)?.parse().ok()?;
    let is_killed = code & 0x7f != 0;
    (is_zombie || flags & EXITING != 0).then_some(if is_killed { ProgramEnd::Killed } else { ProgramEnd::Exited })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::linux::fs::MetadataExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_program_holds_its_sockets_until_it_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&listener);
        let inode = fs::metadata(format!("/proc/self/fd/{number}")).unwrap().st_ino();
        let owners = SocketOwners::default();
        assert_eq!(owners.of(HostId::Client, inode), None, "no program runs there");
        let own = std::process::id();
        owners.started(HostId::Client, own);
        assert_eq!(owners.of(HostId::Client, inode), Some(own));
        assert_eq!(owners.of(HostId::Server, inode), None);
        owners.ended(HostId::Client, own, ProgramEnd::Exited);
        assert_eq!(owners.of(HostId::Client, inode), None);

        owners.started(HostId::Client, own);
        assert_eq!(owners.end(own), None);
        for (signal, how) in [(false, ProgramEnd::Exited), (true, ProgramEnd::Killed)] {
            let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
            let pid = child.id();
            assert_eq!(owners.end(pid), None);
            if signal {
                child.kill().unwrap();
            } else {
                drop(child.stdin.take());
            }
            // It has ended, and nobody has asked for its status yet.
            let process = rustix::process::Pid::from_child(&child);
            let wait = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
            rustix::process::waitid(rustix::process::WaitId::Pid(process), wait).unwrap();
            assert_eq!(owners.end(pid), Some(how));
            child.wait().unwrap();
            assert_eq!(owners.end(pid), Some(ProgramEnd::Unknown));
            owners.ended(HostId::Client, pid, how);
            assert_eq!(owners.end(pid), Some(how));
        }
    }
}
