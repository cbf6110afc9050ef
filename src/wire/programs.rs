//! The programs on the hosts. Their start and end are reported.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use super::control::{Running, WireHost};
use super::helper::protocol::ProgramSpec;
use super::owners::{ProgramEnd, SocketOwners};
use crate::domain::excerpt::sanitise;
use crate::domain::wire::WireEvent;
use crate::domain::{EventKind, EventSink, Evidence, HostId, PerHost};

#[derive(Debug, Clone)]
pub(super) struct HostPrograms {
    sink: EventSink,
    hosts: PerHost<WireHost>,
    owners: SocketOwners,
    watchers: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl HostPrograms {
    pub(super) fn new(sink: EventSink, hosts: PerHost<WireHost>, owners: SocketOwners) -> Self {
        Self { sink, hosts, owners, watchers: Arc::default() }
    }

    pub(super) fn host(&self, host: HostId) -> &WireHost {
        self.hosts.of(host)
    }

    pub(super) fn run(
        &self,
        host: HostId,
        program: &ProgramSpec,
        standard: [BorrowedFd<'_>; 3],
    ) -> io::Result<(Running, mpsc::Receiver<ExitStatus>)> {
        let (running, ending) = self.host(host).run(program, standard)?;
        let sink = self.sink.on_wire(Some(host));
        let pid = running.pid();
        let owners = self.owners.clone();
        owners.started(host, pid);
        let name = program.argv.first().map(|name| sanitise(name.as_bytes())).unwrap_or_default();
        sink.report(Evidence::Called, EventKind::Wire(WireEvent::Program { pid, name }));
        let (tell, told) = mpsc::channel();
        let watcher = thread::Builder::new().name("program".into()).spawn(move || {
            let end = ending.wait();
            let how = if end.signal().is_some() { ProgramEnd::Killed } else { ProgramEnd::Exited };
            owners.ended(host, pid, how);
            let event = WireEvent::ProgramEnded { pid, status: end.code(), signal: end.signal() };
            sink.report(Evidence::Called, EventKind::Wire(event));
            let _ = tell.send(end);
        })?;
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.retain(|watcher| !watcher.is_finished());
        watchers.push(watcher);
        Ok((running, told))
    }

    pub(super) fn join(&self) {
        let watchers = std::mem::take(&mut *self.watchers.lock().unwrap_or_else(PoisonError::into_inner));
        for watcher in watchers {
            let _ = watcher.join();
        }
    }
}
