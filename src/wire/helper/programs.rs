//! Programs that run on a host: started from the host's thread, reaped here.
//!
//! The helper is process 1 of a PID namespace: it inherits orphaned processes, and the kernel kills all of them with
//! it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, pidfd_open, wait, waitid,
};

use super::protocol::ProgramSpec;

/// The running programs, each with the pipe for its wait status.
#[derive(Clone, Default)]
pub(super) struct ProgramTable(Arc<(Mutex<HashMap<i32, OwnedFd>>, Condvar)>);

pub(super) struct Started {
    pub(super) pid: i32,
    pub(super) process: OwnedFd,
    pub(super) status: OwnedFd,
}

impl ProgramTable {
    pub(super) fn start() -> io::Result<Self> {
        let programs = Self::default();
        let reaper = programs.clone();
        thread::Builder::new().name("reaper".into()).spawn(move || reaper.reap())?;
        Ok(programs)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<i32, OwnedFd>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On the host's thread: starts a program with these standard descriptors.
    pub(super) fn run(&self, program: &ProgramSpec, standard: [OwnedFd; 3]) -> io::Result<Started> {
        let (name, arguments) = program.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let [input, output, errors] = standard.map(Stdio::from);
        let mut command = Command::new(name);
        command.args(arguments).env_clear().envs(program.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(&program.cwd).stdin(input).stdout(output).stderr(errors).process_group(0);
        let (status, end) = pipe_with(PipeFlags::CLOEXEC)?;
        // Held until the program is registered, so that the reaper finds it.
        let mut running = self.running();
        let child = command.spawn()?;
        let pid = child.id().cast_signed();
        let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        running.insert(pid, end);
        self.0.1.notify_one();
        Ok(Started { pid, process, status })
    }

    /// Sends a signal to a running program's process group.
    pub(super) fn signal(&self, pid: i32, signal: i32) -> io::Result<()> {
        let running = self.running();
        if !running.contains_key(&pid) {
            return Err(Errno::SRCH.into());
        }
        let group = Pid::from_raw(pid).ok_or(Errno::SRCH)?;
        let signal = Signal::from_named_raw(signal).ok_or(Errno::INVAL)?;
        Ok(kill_process_group(group, signal)?)
    }

    /// Reaps every process of the namespace. Never returns.
    fn reap(&self) {
        loop {
            match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Ok(_) => self.take_one(),
                Err(Errno::CHILD) => {
                    let running = self.running();
                    // Without children, waits for a program to be started.
                    drop(self.0.1.wait_while(running, |running| running.is_empty()));
                }
                Err(_) => {}
            }
        }
    }

    fn take_one(&self) {
        let mut running = self.running();
        if let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG)
            && let Some(end) = running.remove(&pid.as_raw_nonzero().get())
        {
            // It fails if the reader has gone away.
            let _ = File::from(end).write_all(&status.as_raw().to_ne_bytes());
        }
    }
}
