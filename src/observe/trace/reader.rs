//! The thread that reads the trace, and its handle.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::time::{ClockId, clock_gettime};

use super::format::{EventFormat, PageFormat};
use super::identity::{Identities, TracedTransition};
use super::instance::TraceInstance;
use super::local_addresses::LocalAddresses;
use super::namespace::{KernelNamespace, SharedScope};
use super::ownership::{Ownership, Unattributed};
use super::page;
use crate::domain::{Errno, EventKind, EventSink, Evidence, Note, Stamp};
use crate::observe::Scope;
use crate::observe::diag::destroyed::{Announcements, Destruction};

/// Changes in other network namespaces are counted, and told of at most as often as this, in nanoseconds.
const FOREIGN_TOLD: u64 = 60_000_000_000;

/// The handle of the running trace. What it sees goes to its sink as [`EventKind::State`], as [`Evidence::Traced`].
/// Dropping it ends and joins its thread and removes what it made in tracefs.
#[derive(Debug)]
pub struct Trace {
    instance: TraceInstance,
    watched: Arc<SharedScope>,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    sink: EventSink,
}

impl Trace {
    /// Traces the TCP sockets of `scope` that are of the calling thread's network namespace. Reports [`Note::Has`] or
    /// [`Note::Lacks`].
    ///
    /// # Errors
    /// `PermissionDenied` for anyone but root; `NotFound` where the kernel has no tracefs or no such tracepoint.
    pub fn start(sink: EventSink, scope: &Scope) -> io::Result<Self> {
        let noted = sink.clone();
        let started = Self::try_start(sink, scope);
        let note = match &started {
            Ok(_) => Note::Has { what: Evidence::Traced },
            Err(error) => Note::Lacks { what: Evidence::Traced, errno: Errno::from(error) },
        };
        noted.report(Evidence::Called, EventKind::Note(note));
        started
    }

    fn try_start(sink: EventSink, scope: &Scope) -> io::Result<Self> {
        let instance = TraceInstance::make()?;
        let (event, page) = instance.formats()?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let pipes = instance.pipes()?;
        let announcements = Announcements::open()?;
        let watched = Arc::new(SharedScope::begin(scope)?);
        let namespace = KernelNamespace::here(Arc::clone(&watched))?;
        instance.trace(scope)?;
        let reader = TraceReader {
            page: vec![0; page.page()],
            pipes,
            formats: (event, page),
            time: KernelTime::pair(),
            identities: Identities::default(),
            here: LocalAddresses::default(),
            ownership: Ownership::default(),
            announcements: Some(announcements),
            watched: Arc::clone(&watched),
            namespace,
            foreign: ForeignReport::default(),
            sink: sink.clone(),
        };
        let halt = Arc::clone(&stop);
        let thread = thread::Builder::new().name("socklab-trace".into()).spawn(move || reader.run(&halt))?;
        Ok(Self { instance, watched, stop, thread: Some(thread), sink })
    }

    /// Traces these from now on. When the kernel does not take them, [`Note::Lacks`] says so and the old ones stay.
    pub fn scope(&self, scope: &Scope) {
        let changed = self.watched.change(scope, || self.instance.trace(scope));
        if let Err(error) = changed {
            let note = Note::Lacks { what: Evidence::Traced, errno: Errno::from(error) };
            self.sink.report(Evidence::Called, EventKind::Note(note));
        }
    }

    /// Ends the thread, waits for it, and removes the instance. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // An eventfd takes this always: its count is far from full.
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        // The pipes close with the thread; only then can the instance be removed, by its own drop after this.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// How many changes in other namespaces were not told of yet, and when they were last.
#[derive(Default)]
struct ForeignReport {
    count: u64,
    told: Option<u64>,
}

impl ForeignReport {
    /// When they are to be told of.
    fn due(&self) -> Option<u64> {
        (self.count > 0).then(|| self.told.map_or(0, |told| told + FOREIGN_TOLD))
    }
}

struct TraceReader {
    pipes: Vec<File>,
    page: Vec<u8>,
    formats: (EventFormat, PageFormat),
    time: KernelTime,
    identities: Identities,
    here: LocalAddresses,
    ownership: Ownership,
    /// Whoever announces destroyed sockets, as long as it can be read.
    announcements: Option<Announcements>,
    watched: Arc<SharedScope>,
    namespace: KernelNamespace,
    foreign: ForeignReport,
    sink: EventSink,
}

/// A record and its time.
type TraceRecord = (u64, Vec<u8>);

/// What one look into every pipe found.
#[derive(Default)]
struct Batch {
    records: Vec<TraceRecord>,
    missed: u64,
}

impl TraceReader {
    fn run(mut self, stop: &OwnedFd) {
        let mut pending = Vec::new();
        loop {
            let patience = if pending.is_empty() { self.patience() } else { Some(Duration::ZERO) };
            match self.wait(stop, patience) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let note = Note::Lacks { what: Evidence::Traced, errno: Errno::from(error) };
                    self.sink.report(Evidence::Called, EventKind::Note(note));
                    return;
                }
            }
            pending = self.turn(pending);
        }
    }

    /// How long nothing needs to be done when nothing happens.
    fn patience(&self) -> Option<Duration> {
        let due = [self.ownership.next_due(), self.foreign.due()].into_iter().flatten().min()?;
        Some(Duration::from_nanos(due.saturating_sub(now())))
    }

    /// Waits until there is something to read or to do; `false` when it is time to stop.
    fn wait(&self, stop: &OwnedFd, patience: Option<Duration>) -> io::Result<bool> {
        let mut fds: Vec<PollFd<'_>> = self.pipes.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        fds.extend(self.announcements.as_ref().map(|socket| PollFd::new(socket, PollFlags::IN)));
        fds.push(PollFd::new(stop, PollFlags::IN));
        let patience = patience.and_then(|patience| Timespec::try_from(patience).ok());
        match poll(&mut fds, patience.as_ref()) {
            Ok(_) => Ok(fds.last().is_none_or(|stop| stop.revents().is_empty())),
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Reports what can be told in order, and returns what has to wait for the next turn.
    ///
    /// A change that one processor recorded may have been brought about by one that another recorded before it, whose
    /// pipe was read too early to show it. A second look at every pipe shows the cause of everything in the first.
    fn turn(&mut self, pending: Vec<TraceRecord>) -> Vec<TraceRecord> {
        // Whatever was traced of a socket was traced before its end was announced: read after that, it is all there.
        let ended = announced(&mut self.announcements);
        let mut first = Batch { records: pending, missed: 0 };
        let mut second = Batch::default();
        // Sockets of everybody end all the time, and there is a pipe for each of many processors.
        if self.has_traced() {
            self.drain(&mut first);
            self.drain(&mut second);
        }
        let latest = first.records.iter().map(|(time, _)| *time).max().unwrap_or(0);
        let (due, later) = second.records.into_iter().partition(|(time, _)| *time <= latest);
        first.records.extend::<Vec<TraceRecord>>(due);
        // Stable: records of one processor that carry the same time stay in their order.
        first.records.sort_by_key(|(time, _)| *time);
        self.tell(&first.records, &ended);
        let Unattributed { foreign, lost } = self.ownership.take_unattributed();
        self.count_foreign(foreign);
        let lost = first.missed + second.missed + self.identities.take_lost() + lost;
        if lost > 0 {
            self.sink.report(Evidence::Called, EventKind::Note(Note::TraceLost { count: lost }));
        }
        later
    }

    /// Whether there is something in a pipe. Where the kernel does not say, there may be.
    fn has_traced(&self) -> bool {
        let mut fds: Vec<PollFd<'_>> = self.pipes.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).map_or(true, |ready| ready > 0)
    }

    fn drain(&mut self, catch: &mut Batch) {
        for pipe in &mut self.pipes {
            // Not ready, or the processor is gone: either way there is nothing more to read now.
            while let Ok(len @ 1..) = read_page(pipe, &mut self.page) {
                let page = page::decode(&self.formats.1, &self.page[..len]);
                catch.missed = catch.missed.saturating_add(page.missed);
                catch.records.extend(page.records.into_iter().map(|(time, bytes)| (time, bytes.to_vec())));
            }
        }
    }

    fn tell(&mut self, records: &[TraceRecord], ended: &[Destruction]) {
        let mut heard = Vec::new();
        for (time, record) in records {
            self.identities.read(&self.formats.0, *time, record, &mut heard);
        }
        let scope = self.watched.scope();
        heard.retain(|told| scope.has(&told.change.flow) && self.here.has(told.change.flow.local.ip()));
        let (now, mut told) = (now(), Vec::new());
        for heard in heard {
            self.ownership.hear(now, heard, &mut self.namespace, &mut told);
        }
        for end in ended {
            match end {
                Destruction::Socket(flow) => self.ownership.destroyed(flow, &mut told),
                Destruction::Missed => self.ownership.blinded(now),
            }
        }
        self.ownership.pass(now, &mut self.namespace, &mut told);
        told.sort_by_key(|told| told.time);
        for TracedTransition { time, change, .. } in told {
            self.sink.report_at(self.time.stamp(&self.sink, time), Evidence::Traced, EventKind::State(change));
        }
    }

    fn count_foreign(&mut self, count: u64) {
        self.foreign.count += count;
        let now = now();
        if self.foreign.due().is_some_and(|due| due <= now) {
            let note = Note::TraceForeign { count: self.foreign.count };
            self.sink.report(Evidence::Called, EventKind::Note(note));
            self.foreign = ForeignReport { count: 0, told: Some(now) };
        }
    }
}

/// What was announced since the last time. What cannot be read any more is not waited for either: it would always be ready.
/// Then all proofs may be missing from now on.
fn announced(announcements: &mut Option<Announcements>) -> Vec<Destruction> {
    let mut ended = Vec::new();
    let read = announcements.as_mut().map(|socket| socket.read(&mut |end| ended.push(end)));
    if !matches!(read, Some(Ok(()))) {
        *announcements = None;
        ended.push(Destruction::Missed);
    }
    ended
}

fn read_page(pipe: &mut File, page: &mut [u8]) -> io::Result<usize> {
    loop {
        match pipe.read(page) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The time on the trace's clock, in nanoseconds.
pub(super) fn now() -> u64 {
    let time = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default();
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The kernel's monotonic clock beside ours: the same clock, read at one moment.
struct KernelTime {
    ours: Instant,
    nanos: u64,
}

impl KernelTime {
    fn pair() -> Self {
        Self { ours: Instant::now(), nanos: now() }
    }

    fn stamp(&self, sink: &EventSink, nanos: u64) -> Stamp {
        let earlier = Duration::from_nanos(self.nanos.saturating_sub(nanos));
        let later = Duration::from_nanos(nanos.saturating_sub(self.nanos));
        let instant = self.ours.checked_sub(earlier).unwrap_or(self.ours);
        sink.clock().at(instant + later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_that_cannot_be_read_any_more_are_not_waited_for() {
        let broken = OwnedFd::from(File::open("/dev/null").unwrap());
        let mut announcements = Some(Announcements::on(broken));
        for _ in 0..2 {
            assert_eq!(announced(&mut announcements), [Destruction::Missed], "some may be missing");
            assert!(announcements.is_none());
        }
    }
}
