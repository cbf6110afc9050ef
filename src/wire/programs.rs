//! The programs on the hosts, and the processes that they start there. Their start and end are reported.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Signal, pidfd_send_signal};

use super::control::{Running, WireHost};
use super::helper::protocol::ProgramSpec;
use super::owners::{ProgramEnd, SocketOwners};
use super::processes::{self, FoundProcess};
use crate::domain::excerpt::sanitise;
use crate::domain::wire::WireEvent;
use crate::domain::{EventKind, EventSink, Evidence, HostId, PerHost};

/// How often the processes on the hosts are looked for while there are any.
const GLANCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct HostPrograms {
    sink: EventSink,
    hosts: PerHost<WireHost>,
    owners: SocketOwners,
    table: Arc<(Mutex<ProcessTable>, Condvar)>,
}

/// What runs on the hosts.
#[derive(Debug, Default)]
struct ProcessTable {
    /// The hosts' PID namespace and, for each host, its network namespace, once a program has run there.
    pid_namespace: Option<OsString>,
    networks: PerHost<Option<OsString>>,
    /// The programs that were started from here.
    started: HashMap<u32, StartedProgram>,
    /// The processes that they started.
    found: HashMap<u32, FoundProgram>,
    /// Processes that were seen once, with their parents then. Those that stay are reported.
    glimpsed: HashMap<u32, u32>,
    /// How many packets each host has sent to itself.
    looped: PerHost<u64>,
    threads: Vec<JoinHandle<()>>,
    /// Whether the thread that looks for processes was started.
    is_watched: bool,
    /// Whether something has just ended.
    is_stale: bool,
    is_closing: bool,
}

#[derive(Debug)]
struct StartedProgram {
    running: Running,
    /// Whether SIGTERM was sent.
    asked: bool,
}

#[derive(Debug)]
struct FoundProgram {
    host: HostId,
    parent: u32,
    handle: OwnedFd,
    asked: bool,
}

impl ProcessTable {
    /// The host of a process, by its network namespace.
    fn host_of(&self, network: Option<&OsString>) -> Option<HostId> {
        [HostId::Client, HostId::Server]
            .into_iter()
            .find(|host| network.is_some() && self.networks.of(*host).as_ref() == network)
    }
}

impl HostPrograms {
    pub(super) fn new(sink: EventSink, hosts: PerHost<WireHost>, owners: SocketOwners) -> Self {
        Self { sink, hosts, owners, table: Arc::default() }
    }

    pub(super) fn host(&self, host: HostId) -> &WireHost {
        self.hosts.of(host)
    }

    fn table(&self) -> MutexGuard<'_, ProcessTable> {
        self.table.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, host: HostId, event: WireEvent) {
        self.sink.on_wire(Some(host)).report(Evidence::Called, EventKind::Wire(event));
    }

    pub(super) fn run(
        &self,
        host: HostId,
        program: &ProgramSpec,
        standard: [BorrowedFd<'_>; 3],
    ) -> io::Result<(Running, mpsc::Receiver<ExitStatus>)> {
        // Held until it is known as started from here.
        let mut table = self.table();
        let (running, ending) = self.host(host).run(program, standard)?;
        let pid = running.pid();
        if let (Some(pids), Some(network)) = (processes::namespace(pid, "pid"), processes::namespace(pid, "net")) {
            table.pid_namespace = Some(pids);
            *table.networks.of_mut(host) = Some(network);
        }
        table.started.insert(pid, StartedProgram { running: running.clone(), asked: false });
        self.owners.started(host, pid);
        let name = program.argv.first().map(|name| sanitise(name.as_bytes())).unwrap_or_default();
        self.report(host, WireEvent::Program { pid, name, parent: None });
        let (tell, told) = mpsc::channel();
        let programs = self.clone();
        let watcher = thread::Builder::new().name("program".into()).spawn(move || {
            let end = ending.wait();
            let how = if end.signal().is_some() { ProgramEnd::Killed } else { ProgramEnd::Exited };
            programs.owners.ended(host, pid, how);
            programs
                .report(host, WireEvent::ProgramEnded { pid, status: end.code(), signal: end.signal(), parent: None });
            let mut table = programs.table();
            table.started.remove(&pid);
            table.is_stale = true;
            programs.table.1.notify_all();
            let _ = tell.send(end);
        })?;
        table.threads.retain(|thread| !thread.is_finished());
        table.threads.push(watcher);
        if !table.is_watched {
            let programs = self.clone();
            table.threads.push(thread::Builder::new().name("processes".into()).spawn(move || programs.watch())?);
            table.is_watched = true;
        }
        self.table.1.notify_all();
        Ok((running, told))
    }

    /// Ends a process on the hosts: with SIGTERM the first time, with SIGKILL the second. One that was started from here
    /// with all of its process group.
    pub(super) fn end(&self, pid: u32) {
        let mut table = self.table();
        // Either fails if it has just ended.
        if let Some(program) = table.started.get_mut(&pid) {
            let _ = program.running.signal(if program.asked { libc::SIGKILL } else { libc::SIGTERM });
            program.asked = true;
        } else if let Some(program) = table.found.get_mut(&pid) {
            let _ = pidfd_send_signal(&program.handle, if program.asked { Signal::KILL } else { Signal::TERM });
            program.asked = true;
        }
    }

    /// Looks for processes as long as there are any. Ends with the wire.
    fn watch(&self) {
        loop {
            let idle = |table: &mut ProcessTable| !table.is_closing && !table.is_stale;
            let empty = |table: &mut ProcessTable| idle(table) && table.started.is_empty() && table.found.is_empty();
            let table = self.table.1.wait_while(self.table(), empty).unwrap_or_else(PoisonError::into_inner);
            let waited = self.table.1.wait_timeout_while(table, GLANCE, idle);
            let (mut table, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if table.is_closing {
                return;
            }
            table.is_stale = false;
            drop(table);
            self.look();
        }
    }

    fn look(&self) {
        let Some(pids) = self.table().pid_namespace.clone() else { return };
        let there = processes::of_namespace(&pids);
        for host in [HostId::Client, HostId::Server] {
            self.look_at_loopback(host);
        }
        let mut table = self.table();
        let running: HashSet<u32> = there.iter().map(|process| process.pid).collect();
        let over: Vec<_> = table.found.extract_if(|pid, _| !running.contains(pid)).collect();
        for (pid, FoundProgram { host, parent, .. }) in over {
            self.report(host, WireEvent::ProgramEnded { pid, status: None, signal: None, parent: Some(parent) });
            // Its children may be orphans now.
            table.is_stale = true;
        }
        let glimpsed = std::mem::take(&mut table.glimpsed);
        for process in there {
            let FoundProcess { pid, parent, .. } = process;
            if table.started.contains_key(&pid) || table.found.contains_key(&pid) {
                continue;
            }
            match glimpsed.get(&pid) {
                Some(parent) => self.found(&mut table, &pids, &process, *parent),
                None => _ = table.glimpsed.insert(pid, parent),
            }
        }
    }

    /// Reports a process that has stayed.
    fn found(&self, table: &mut ProcessTable, pids: &OsString, process: &FoundProcess, parent: u32) {
        let pid = process.pid;
        let host = table.host_of(process.network.as_ref()).or_else(|| table.found.get(&parent).map(|found| found.host));
        let (Some(host), Ok(Some(handle))) = (host, processes::handle(pid, pids)) else { return };
        table.found.insert(pid, FoundProgram { host, parent, handle, asked: false });
        self.report(host, WireEvent::Program { pid, name: processes::name(pid), parent: Some(parent) });
    }

    /// Reports packets that a host has sent to itself since the last look.
    fn look_at_loopback(&self, host: HostId) {
        let Ok(packets) = self.host(host).looped() else { return };
        let known = std::mem::replace(self.table().looped.of_mut(host), packets);
        if packets > known {
            let looped = EventKind::Wire(WireEvent::Looped { packets: packets - known });
            self.sink.on_wire(Some(host)).report(Evidence::Sampled, looped);
        }
    }

    /// Waits for the end of all threads. The programs have ended with the helper.
    pub(super) fn join(&self) {
        let mut table = self.table();
        table.is_closing = true;
        self.table.1.notify_all();
        let threads = std::mem::take(&mut table.threads);
        drop(table);
        for thread in threads {
            let _ = thread.join();
        }
    }
}
