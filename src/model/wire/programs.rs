//! Programs that run on the wire's hosts, and what they write.

use std::collections::VecDeque;

use super::super::bounded;
use crate::domain::wire::WireEvent;
use crate::domain::{Errno, HostId};

/// A program that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where.
    pub host: HostId,
    /// Its process.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// The process that started it, if that runs on a host too.
    pub parent: Option<u32>,
}

/// One line of what programs did and wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramLine {
    /// It began.
    Began(Program),
    /// It could not be started.
    Failed(HostId, String, Errno),
    /// It wrote a line.
    Said {
        /// On which host.
        host: HostId,
        /// Its process.
        pid: u32,
        /// The beginning of the line.
        line: String,
        /// It went to standard error.
        error: bool,
        /// This many lines before it are missing.
        skipped: u64,
    },
    /// It ended: with this status, or by this signal.
    Ended(Program, Option<i32>, Option<i32>),
}

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    running: Vec<Program>,
    lines: VecDeque<ProgramLine>,
}

impl Programs {
    const KEPT: usize = 500;

    /// Those that run, the earliest first.
    pub fn running(&self) -> &[Program] {
        &self.running
    }

    /// Their starts, ends and output, the earliest first.
    pub const fn lines(&self) -> &VecDeque<ProgramLine> {
        &self.lines
    }

    pub(super) fn apply(&mut self, host: Option<HostId>, event: &WireEvent) {
        let host = host.unwrap_or(HostId::Client);
        let line = match event {
            WireEvent::Program { pid, name, parent } => {
                let program = Program { host, pid: *pid, name: name.clone(), parent: *parent };
                self.running.push(program.clone());
                ProgramLine::Began(program)
            }
            WireEvent::ProgramFailed { name, errno } => ProgramLine::Failed(host, name.clone(), *errno),
            WireEvent::ProgramSaid { pid, line, error, skipped } => {
                ProgramLine::Said { host, pid: *pid, line: line.clone(), error: *error, skipped: *skipped }
            }
            WireEvent::ProgramEnded { pid, status, signal, .. } => {
                let at = self.running.iter().position(|program| program.pid == *pid);
                let Some(program) = at.map(|at| self.running.remove(at)) else { return };
                ProgramLine::Ended(program, *status, *signal)
            }
            WireEvent::Closed { .. } => {
                self.running.clear();
                return;
            }
            _ => return,
        };
        bounded::push(&mut self.lines, line, Self::KEPT);
    }
}
