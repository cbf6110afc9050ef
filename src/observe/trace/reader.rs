//! The thread that reads the trace, and its handle.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::format::{EventFormat, PageFormat};
use super::identity::{Identities, TraceRecord, TracedTransition};
use super::instance::{TraceInstance, TraceSwitches};
use super::local_addresses::LocalAddresses;
use super::namespace::{KernelNamespace, SharedScope};
use super::ownership::{Ownership, Unattributed};
use super::page;
use super::{CLOCK, now};
use crate::domain::need::{Lack, Need, Remedy};
use crate::domain::{Cause, Errno, EventKind, EventSink, Evidence, Note, SocketHolder, TcpState, Transition};
use crate::observe::Scope;
use crate::observe::diag::destroyed::{Announcements, Destruction};
use crate::observe::kernel_clock::KernelClock;
use crate::observe::process;
use crate::observe::spaced_count::SpacedCount;
use crate::observe::stoppable::{StopSignal, StoppableThread};

/// How long to wait before asking again whether the full queue of events has room.
const FULL: Duration = Duration::from_millis(10);
/// The shortest interval between reports of transitions in other network namespaces.
const FOREIGN_INTERVAL: Duration = Duration::from_mins(1);

/// How often to look whether the kernel still records, in nanoseconds.
const LOOK_INTERVAL: u64 = 5_000_000_000;

/// The handle of the running trace. It reports to its sink as [`EventKind::State`], with [`Evidence::Traced`].
/// Dropping it ends and joins its thread and removes what it made in tracefs.
#[derive(Debug)]
pub struct Trace {
    /// Dropped before the instance, which cannot be removed while its pipes are open.
    _thread: StoppableThread,
    instance: TraceInstance,
    watched: Arc<SharedScope>,
    sink: EventSink,
}

impl Trace {
    /// Traces the TCP sockets of `scope` in the calling thread's network namespace. Reports [`Note::Has`] or
    /// [`Note::Lacks`].
    ///
    /// # Errors
    /// Without root, or where the kernel has no tracefs or no such tracepoint.
    pub fn start(sink: EventSink, scope: &Scope) -> Result<Self, Lack> {
        let noted = sink.clone();
        let started = Self::try_start(sink, scope).map_err(|error| lack(&error));
        noted.note_start(Evidence::Traced, &started);
        started
    }

    fn try_start(sink: EventSink, scope: &Scope) -> io::Result<Self> {
        let instance = TraceInstance::make()?;
        let (event, page) = instance.formats()?;
        let pipes = instance.pipes()?;
        let announcements = Announcements::open()?;
        let watched = Arc::new(SharedScope::begin(scope)?);
        let namespace = KernelNamespace::here(Arc::clone(&watched))?;
        instance.trace(scope)?;
        let reader = TraceReader {
            page: vec![0; page.page()],
            pipes,
            formats: (event, page),
            clock: KernelClock::pair(CLOCK, sink.clock()),
            identities: Identities::default(),
            local: LocalAddresses::default(),
            ownership: Ownership::default(),
            announcements: Some(announcements),
            watched: Arc::clone(&watched),
            namespace,
            foreign: SpacedCount::new(FOREIGN_INTERVAL),
            switches: instance.switches(),
            is_on: true,
            looked: now(),
            knows_threads: process::counts_as_the_kernel(),
            sink: sink.clone(),
        };
        let thread = StoppableThread::start("socklab-trace", move |stop| reader.run(stop))?;
        Ok(Self { _thread: thread, instance, watched, sink })
    }

    /// Changes the scope. If the kernel refuses, this reports [`Note::Lacks`] and the old scope stays.
    pub fn scope(&self, scope: &Scope) {
        let changed = self.watched.change(scope, || self.instance.trace(scope));
        if let Err(error) = changed {
            self.sink.note(Note::Lacks { what: Evidence::Traced, errno: Errno::from(error) });
        }
    }
}

/// The failure of the trace with `error`, and the remedy on this machine.
fn lack(error: &io::Error) -> Lack {
    let remedy = match error.kind() {
        ErrorKind::PermissionDenied if rustix::process::geteuid().is_root() => Remedy::Container,
        ErrorKind::PermissionDenied => Remedy::Root,
        ErrorKind::NotFound | ErrorKind::Unsupported => Remedy::Kernel,
        _ => Remedy::Unknown,
    };
    Lack { need: Need::Tracepoint, errno: error.into(), remedy }
}

struct TraceReader {
    pipes: Vec<File>,
    page: Vec<u8>,
    formats: (EventFormat, PageFormat),
    clock: KernelClock,
    identities: Identities,
    local: LocalAddresses,
    ownership: Ownership,
    /// The announcements of destroyed sockets, as long as they can be read.
    announcements: Option<Announcements>,
    watched: Arc<SharedScope>,
    namespace: KernelNamespace,
    /// Transitions in other network namespaces.
    foreign: SpacedCount,
    switches: TraceSwitches,
    /// Whether the kernel recorded when it was looked at last, and when that was.
    is_on: bool,
    looked: u64,
    /// Whether the threads that the kernel names are those that `/proc` shows us.
    knows_threads: bool,
    sink: EventSink,
}

/// The records from one pass over every pipe.
#[derive(Default)]
struct Batch {
    records: Vec<TraceRecord>,
    missed: u64,
}

impl TraceReader {
    fn run(mut self, stop: &StopSignal) {
        let mut pending = Vec::new();
        loop {
            if !self.sink.has_room() {
                // The kernel's ring has room of its own, and counts what it drops.
                if stop.is_sent_within(FULL) {
                    return;
                }
                continue;
            }
            let patience = if pending.is_empty() { self.patience() } else { Duration::ZERO };
            match self.wait(stop, patience) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    self.sink.note(Note::Lacks { what: Evidence::Traced, errno: Errno::from(error) });
                    return;
                }
            }
            pending = self.turn(pending);
            self.look();
        }
    }

    /// Reports when somebody has switched the trace off or on again.
    fn look(&mut self) {
        let now = now();
        if now < self.looked + LOOK_INTERVAL {
            return;
        }
        self.looked = now;
        let is_on = self.switches.are_on() || self.watched.scope() == Scope::ports([]);
        if is_on != self.is_on {
            self.is_on = is_on;
            let what = Evidence::Traced;
            self.sink.note(if is_on { Note::Has { what } } else { Note::Lacks { what, errno: Errno::Interrupted } });
        }
    }

    /// How long the thread may sleep if nothing happens.
    fn patience(&self) -> Duration {
        let looks = Duration::from_nanos((self.looked + LOOK_INTERVAL).saturating_sub(now()));
        let unproven = self.ownership.next_due().map(|due| Duration::from_nanos(due.saturating_sub(now())));
        [unproven, self.foreign.due_in(Instant::now())].into_iter().flatten().fold(looks, Duration::min)
    }

    /// Waits until there is something to read or `patience` is over; `false` when it is time to stop.
    fn wait(&self, stop: &StopSignal, patience: Duration) -> io::Result<bool> {
        let mut fds: Vec<PollFd<'_>> = self.pipes.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        fds.extend(self.announcements.as_ref().map(|socket| PollFd::new(socket, PollFlags::IN)));
        fds.push(PollFd::new(stop, PollFlags::IN));
        let patience = Timespec::try_from(patience).ok();
        match poll(&mut fds, patience.as_ref()) {
            Ok(_) => Ok(fds.last().is_none_or(|stop| stop.revents().is_empty())),
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Reports what is known to be in order, and returns the records that have to wait for the next turn.
    ///
    /// A transition recorded on one processor may have been caused by an earlier one on another, whose pipe was read too
    /// early to show it. A second pass over every pipe yields the cause of everything in the first.
    fn turn(&mut self, pending: Vec<TraceRecord>) -> Vec<TraceRecord> {
        // A socket's transitions are traced before its destruction is announced, so reading them afterwards yields them all.
        let ended = announced(&mut self.announcements);
        let mut first = Batch { records: pending, missed: 0 };
        let mut second = Batch::default();
        // Other programs' sockets end all the time, and there may be many pipes: skip them if none has data.
        if self.has_traced() {
            self.drain(&mut first);
            self.drain(&mut second);
        }
        let latest = first.records.iter().map(TraceRecord::time).max().unwrap_or(0);
        let (due, later) = second.records.into_iter().partition(|record| record.time() <= latest);
        first.records.extend::<Vec<TraceRecord>>(due);
        // The sort is stable: records of one processor with equal times stay in order.
        first.records.sort_by_key(TraceRecord::time);
        self.report(&first.records, &ended);
        let Unattributed { foreign, lost } = self.ownership.take_unattributed();
        self.count_foreign(foreign);
        let lost = first.missed + second.missed + self.identities.take_lost() + lost;
        if lost > 0 {
            self.sink.note(Note::TraceLost { count: lost });
        }
        later
    }

    /// Whether any pipe has data. If the kernel does not say, assume so.
    fn has_traced(&self) -> bool {
        let mut fds: Vec<PollFd<'_>> = self.pipes.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).map_or(true, |ready| ready > 0)
    }

    fn drain(&mut self, batch: &mut Batch) {
        for pipe in &mut self.pipes {
            // Not ready, or the processor went offline: either way there is nothing more to read now.
            while let Ok(len @ 1..) = read_page(pipe, &mut self.page) {
                let page = page::decode(&self.formats.1, &self.page[..len]);
                batch.missed = batch.missed.saturating_add(page.missed);
                let records = page.records.into_iter();
                batch
                    .records
                    .extend(records.filter_map(|(time, bytes)| TraceRecord::decode(&self.formats.0, time, bytes)));
            }
        }
    }

    fn report(&mut self, records: &[TraceRecord], ended: &[Destruction]) {
        let mut transitions = Vec::new();
        for record in records {
            self.identities.read(record, &mut transitions);
        }
        let scope = self.watched.scope();
        transitions.retain(|TracedTransition { change, .. }| {
            scope.has(&change.flow) && self.local.has(change.flow.local.ip())
        });
        let now = now();
        let mut ours = Vec::new();
        let over = closed(&transitions);
        for (place, transition) in transitions.into_iter().enumerate() {
            let is_over = over.get(&transition.socket).is_some_and(|last| *last >= place);
            self.ownership.take_in(now, transition, is_over, &mut self.namespace, &mut ours);
        }
        for end in ended {
            match end {
                Destruction::Socket(flow) => self.ownership.destroyed(flow, &mut ours),
                Destruction::Missed => self.ownership.missed_announcements(now),
            }
        }
        self.ownership.expire(now, &mut self.namespace, &mut ours);
        ours.sort_by_key(|transition| transition.time);
        for TracedTransition { time, thread, change, .. } in ours {
            self.report_holder(time, thread, &change);
            let cause = self.cause(thread, &change);
            let change = Transition { cause, ..change };
            self.sink.report_at(self.clock.stamp(time), Evidence::Traced, EventKind::State(change));
        }
    }

    /// Why this end closed, if the program that closes it is ending.
    fn cause(&self, thread: u32, change: &Transition) -> Option<Cause> {
        use TcpState::{CloseWait, Closed, Established, FinWait1, LastAck, Listen};
        // Only the socket's own program leads there.
        let closes =
            matches!((change.from, change.to), (Listen, Closed) | (Established, FinWait1) | (CloseWait, LastAck));
        (self.knows_threads && closes && thread != 0 && process::has_ended(thread)).then_some(Cause::Exit)
    }

    /// Reports the process that connects, if it still runs.
    fn report_holder(&self, time: u64, thread: u32, change: &Transition) {
        if !self.knows_threads || (change.from, change.to) != (TcpState::Closed, TcpState::SynSent) {
            return;
        }
        // 0 is an idle processor.
        let by = (thread != 0 && !process::is_own_thread(thread)).then_some(thread);
        if let Some(process) = by.and_then(process::of_thread) {
            let holder = SocketHolder { flow: change.flow, process };
            self.sink.report_at(self.clock.stamp(time), Evidence::Traced, EventKind::Holder(holder));
        }
    }

    fn count_foreign(&mut self, count: u64) {
        self.foreign.add(count);
        if let Some(count) = self.foreign.take_due(Instant::now()) {
            self.sink.note(Note::TraceForeign { count });
        }
    }
}

/// The sockets that have closed, each with the place of that transition.
fn closed(transitions: &[TracedTransition]) -> HashMap<u64, usize> {
    let closes = |(_, transition): &(usize, &TracedTransition)| transition.change.to == TcpState::Closed;
    transitions.iter().enumerate().filter(closes).map(|(place, transition)| (transition.socket, place)).collect()
}

/// The announcements since the last call. If they can no longer be read they are dropped, because the socket would always
/// be ready; from then on any announcement may be missing.
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

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::*;

    #[test]
    fn unreadable_announcements_are_dropped() {
        let broken = OwnedFd::from(File::open("/dev/null").unwrap());
        let mut announcements = Some(Announcements::on(broken));
        for _ in 0..2 {
            assert_eq!(announced(&mut announcements), [Destruction::Missed], "some may be missing");
            assert!(announcements.is_none());
        }
    }
}
