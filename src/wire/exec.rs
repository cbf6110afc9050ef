//! `socklab-tui exec HOST -- CMD`: a program on a host of a wire lab that runs in another process.
//!
//! The wire lab listens on an abstract Unix address, which leaves nothing behind, also after a kill -9. Both sides make
//! sure that the other is the same user (`SO_PEERCRED`, `unix(7)`).

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{geteuid, getpid};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::helper::protocol::{ProgramSpec, recv, send};
use super::programs::HostPrograms;
use crate::domain::HostId;

/// How long to wait for a caller's request, in seconds.
const PATIENCE: i64 = 5;
const CALLERS: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
enum ExecRequest {
    /// The first message: run this, with these three standard descriptors.
    Run(HostId, ProgramSpec),
    Signal(i32),
}

#[derive(Debug, Serialize, Deserialize)]
enum ExecReply {
    /// The program runs, by this number.
    Runs(u32),
    /// It could not be started.
    Failed(i32),
    Ended(i32),
}

/// The prefix of the addresses of this user's wire labs; the PID follows.
fn prefix() -> String {
    format!("socklab-tui/wire/{}/", geteuid().as_raw())
}

fn socket() -> io::Result<OwnedFd> {
    Ok(rustix::net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

fn same_user(socket: &OwnedFd) -> io::Result<bool> {
    Ok(socket_peercred(socket)?.uid == geteuid())
}

#[derive(Debug)]
pub(super) struct ExecServer {
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl ExecServer {
    pub(super) fn start(programs: HostPrograms) -> io::Result<Self> {
        let listener = socket()?;
        let name = format!("{}{}", prefix(), getpid().as_raw_nonzero());
        bind(&listener, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
        listen(&listener, 8)?;
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC)?;
        let thread =
            thread::Builder::new().name("wire exec".into()).spawn(move || serve(&listener, &stopped, &programs))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for ExecServer {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves callers until the pipe's other end is closed.
fn serve(listener: &OwnedFd, stopped: &OwnedFd, programs: &HostPrograms) {
    thread::scope(|scope| {
        let mut callers = Vec::new();
        while let Ok([true, false]) = either([listener.as_fd(), stopped.as_fd()], None) {
            let Ok(caller) = accept_with(listener, SocketFlags::CLOEXEC) else {
                // Out of descriptors: waits for free ones, while the caller waits as well.
                let _ = either([stopped.as_fd(), stopped.as_fd()], Some(1));
                continue;
            };
            callers.retain(|caller: &thread::ScopedJoinHandle<'_, ()>| !caller.is_finished());
            if callers.len() < CALLERS && same_user(&caller).unwrap_or(false) {
                callers.push(scope.spawn(move || {
                    // A caller that has gone away needs no answer.
                    let _ = attend(&caller, stopped, programs);
                }));
            }
        }
    });
}

/// Runs a caller's program, passes signals to it, and reports its end.
fn attend(caller: &OwnedFd, stopped: &OwnedFd, programs: &HostPrograms) -> io::Result<()> {
    if either([caller.as_fd(), stopped.as_fd()], Some(PATIENCE))? != [true, false] {
        return Ok(());
    }
    let (ExecRequest::Run(host, program), standard) = recv::<ExecRequest>(caller.as_fd())? else { return Ok(()) };
    let standard: [OwnedFd; 3] = standard.try_into().map_err(|_| io::ErrorKind::InvalidData)?;
    let (running, ended) = match programs.run(host, &program, standard.each_ref().map(AsFd::as_fd)) {
        Ok(started) => started,
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            return send(caller.as_fd(), &ExecReply::Failed(errno), &[]);
        }
    };
    // The program has its own copies; these would keep a pipe open.
    drop(standard);
    send(caller.as_fd(), &ExecReply::Runs(running.pid()), &[])?;
    thread::scope(|scope| {
        scope.spawn(move || {
            let status = ended.recv().unwrap_or_else(|_| ExitStatus::from_raw(libc::SIGKILL));
            let _ = send(caller.as_fd(), &ExecReply::Ended(status.into_raw()), &[]);
            // Ends the loop below.
            let _ = rustix::net::shutdown(caller, rustix::net::Shutdown::Both);
        });
        while let Ok((ExecRequest::Signal(signal), _)) = recv::<ExecRequest>(caller.as_fd()) {
            let _ = running.signal(signal);
        }
        // The caller or the program has ended. A program without a caller gets SIGHUP, as from a terminal, and then
        // SIGKILL.
        if running.signal(libc::SIGHUP).is_ok() {
            thread::sleep(Duration::from_millis(200));
            let _ = running.signal(libc::SIGKILL);
        }
    });
    Ok(())
}

/// Waits, with a timeout in seconds, until one of two descriptors is readable. Returns which are.
fn either(descriptors: [BorrowedFd<'_>; 2], seconds: Option<i64>) -> io::Result<[bool; 2]> {
    let mut waiting = descriptors.map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
    let limit = seconds.map(|tv_sec| Timespec { tv_sec, tv_nsec: 0 });
    loop {
        match poll(&mut waiting, limit.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            other => {
                other?;
                return Ok([!waiting[0].revents().is_empty(), !waiting[1].revents().is_empty()]);
            }
        }
    }
}

/// Why a program could not be run in another process's wire lab.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// This user has no wire lab open.
    #[error("no wire lab is open")]
    NoWire,
    /// This user has several open, with these PIDs.
    #[error("several wire labs are open: {0:?}")]
    Several(Vec<u32>),
    /// The program could not be started.
    #[error("the program could not be started: {0}")]
    Program(io::Error),
    /// The conversation failed.
    #[error("the wire lab does not answer: {0}")]
    Wire(#[from] io::Error),
}

/// The PIDs of this user's open wire labs.
pub fn open_wires() -> io::Result<Vec<u32>> {
    let prefix = format!("@{}", prefix());
    let table = fs::read_to_string("/proc/net/unix")?;
    let names = table.lines().filter_map(|line| line.split_whitespace().nth(7));
    let mut found: Vec<u32> = names.filter_map(|name| name.strip_prefix(&prefix)?.parse().ok()).collect();
    found.sort_unstable();
    // A listening socket and those it accepted share a name.
    found.dedup();
    Ok(found)
}

/// A program in the wire lab of another process.
#[derive(Debug)]
pub struct Remote {
    wire: OwnedFd,
    pid: u32,
}

impl Remote {
    /// Starts it on `host` of this user's only open wire lab, or of that with PID `of`.
    pub fn start(
        host: HostId,
        program: &ProgramSpec,
        standard: [BorrowedFd<'_>; 3],
        of: Option<u32>,
    ) -> Result<Self, ExecError> {
        let open = open_wires()?;
        let process = match (of, &open[..]) {
            (Some(process), _) if open.contains(&process) => process,
            (None, [only]) => *only,
            (Some(_), _) | (None, []) => return Err(ExecError::NoWire),
            (None, _) => return Err(ExecError::Several(open)),
        };
        let wire = socket()?;
        let name = format!("{}{process}", prefix());
        let address = SocketAddrUnix::new_abstract_name(name.as_bytes()).map_err(io::Error::from)?;
        connect(&wire, &address).map_err(io::Error::from)?;
        // Descriptors are not sent to another user who took the name.
        if !same_user(&wire)? {
            return Err(ExecError::NoWire);
        }
        send(wire.as_fd(), &ExecRequest::Run(host, program.clone()), &standard)?;
        match recv::<ExecReply>(wire.as_fd())?.0 {
            ExecReply::Runs(pid) => Ok(Self { wire, pid }),
            ExecReply::Failed(errno) => Err(ExecError::Program(io::Error::from_raw_os_error(errno))),
            ExecReply::Ended(_) => Err(ExecError::Wire(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Its PID.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal to its process group.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        send(self.wire.as_fd(), &ExecRequest::Signal(signal), &[])
    }

    /// Waits for its end. It counts as killed if the wire lab was.
    pub fn wait(&self) -> ExitStatus {
        match recv::<ExecReply>(self.wire.as_fd()) {
            Ok((ExecReply::Ended(status), _)) => ExitStatus::from_raw(status),
            _ => ExitStatus::from_raw(libc::SIGKILL),
        }
    }
}

/// A program with the environment and the directory of this process. Fails with `InvalidInput` if the directory is not
/// UTF-8.
pub fn program_here(argv: Vec<String>) -> io::Result<ProgramSpec> {
    let env =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let cwd = std::env::current_dir()?.into_os_string().into_string().map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(ProgramSpec { argv, env: env.collect(), cwd })
}

/// Runs a program, passes SIGINT, SIGTERM, SIGHUP and SIGQUIT to it, and returns its exit code as a shell would: 128
/// plus the signal that ended it, if one did.
pub fn exec_in_open_wire(host: HostId, argv: Vec<String>, of: Option<u32>) -> Result<u8, ExecError> {
    use tokio::signal::unix::{SignalKind, signal};
    let program = program_here(argv)?;
    let input = io::stdin();
    let output = io::stdout();
    let errors = io::stderr();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let standard = [input.as_fd(), output.as_fd(), errors.as_fd()];
    let status = runtime.block_on(async {
        // Handlers are set before the program runs, so that no signal ends this process and leaves the program.
        let mut kinds = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::quit())?,
        ];
        let [interrupt, terminate, hangup, quit] = &mut kinds;
        let remote = Arc::new(Remote::start(host, &program, standard, of)?);
        let waiting = Arc::clone(&remote);
        let (tell, mut told) = oneshot::channel();
        thread::spawn(move || tell.send(waiting.wait()));
        loop {
            let signal = tokio::select! {
                status = &mut told => {
                    return Ok::<_, ExecError>(status.unwrap_or_else(|_| ExitStatus::from_raw(libc::SIGKILL)));
                }
                _ = interrupt.recv() => libc::SIGINT,
                _ = terminate.recv() => libc::SIGTERM,
                _ = hangup.recv() => libc::SIGHUP,
                _ = quit.recv() => libc::SIGQUIT,
            };
            // It fails if the program has just ended.
            let _ = remote.signal(signal);
        }
    })?;
    Ok(code(status))
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}
