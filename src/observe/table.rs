//! The live socket table: a thread that reads the table and reports what changed since its last report.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use rustix::time::{ClockId, clock_gettime};

use super::callers::Callers;
use super::completeness::Completeness;
#[cfg(target_os = "linux")]
use super::diag::destroyed::{DestroyListener, Destruction};
use super::differ::Differ;
use super::half_open::{Counters, HalfOpen};
use super::listeners::Listeners;
use super::namer;
use super::pace::TablePace;
use super::recent_ends::RecentEnds;
use super::requests::{RequestQueue, RequestThread, Requests, Selected};
use super::scope::Scope;
use super::source::{Lookup, Source};
use crate::domain::{
    Delta, Errno, EventKind, EventSink, Evidence, Flow, GuardEvent, Note, Process, Proto, RowKey, SocketHolder, Stamp,
    TcpInfo,
};

/// How long to wait before asking again whether the full queue of events has room.
const FULL: Duration = Duration::from_millis(10);
/// How often the selected connection's `TCP_INFO` is read.
const DETAIL: Duration = Duration::from_millis(500);
/// Up to this many missing rows are looked up one by one before we report them gone: the kernel's walk through a hash
/// table that changes meanwhile can miss a socket.
const DOUBTED: usize = 4_096;
/// How many clients' processes may be looked for at once.
const MOST_SOUGHT: usize = 4_096;

/// The handle of the live table. It reports to its sink as [`EventKind::Row`] and [`EventKind::Info`], with
/// [`Evidence::Sampled`]. Requests never block. Dropping it ends and joins its threads.
#[derive(Debug)]
pub struct SocketTable(RequestThread);

impl SocketTable {
    /// Watches the sockets of `scope` in the calling thread's network namespace through the best source available, and
    /// reports which that is ([`Note::TableFrom`]).
    pub fn start(sink: EventSink, scope: Scope) -> io::Result<Self> {
        let queue: Arc<RequestQueue> = Arc::default();
        let mut watch = TableThread::new(sink, scope, Source::best());
        watch.half_open = Some(HalfOpen::default());
        #[cfg(target_os = "linux")]
        {
            let changed = Arc::clone(&queue);
            let ended = move |ended| {
                changed.add(|requests| match ended {
                    Destruction::Socket(flow) => requests.look_up([flow]),
                    Destruction::Missed => requests.refresh = true,
                });
            };
            // Where the kernel does not allow it, the periodic reading notices a little later.
            watch.destroyed = DestroyListener::start(watch.scope.clone(), ended).ok();
        }
        Self::watch(queue, watch)
    }

    /// The same for a source opened elsewhere, on one of the wire's hosts.
    pub fn start_on(sink: EventSink, scope: Scope, source: Source) -> io::Result<Self> {
        Self::watch(Arc::default(), TableThread::new(sink, scope, source))
    }

    fn watch(queue: Arc<RequestQueue>, mut watch: TableThread) -> io::Result<Self> {
        let namer = namer::start(Arc::clone(&queue))?;
        RequestThread::start("socklab-table", queue, move |queue| watch.run(queue, &namer)).map(Self)
    }

    /// Reads the whole table soon.
    pub fn refresh(&self) {
        self.0.add(|requests| requests.refresh = true);
    }

    /// Looks up these sockets and their other ends now, by their addresses.
    pub fn lookup(&self, flows: impl IntoIterator<Item = Flow>) {
        self.0.add(|requests| requests.look_up(flows));
    }

    /// Follows these ends of other programs' clients: finds their processes at once, as far as we may know them, and
    /// reports as gone those UDP sockets that the table does not show any more, whether or not they are in scope.
    pub fn follow(&self, ends: impl IntoIterator<Item = Flow>) {
        self.0.add(|requests| requests.follow(ends));
    }

    /// Watches these sockets from now on; all other rows are dropped.
    pub fn scope(&self, scope: Scope) {
        self.0.add(|requests| requests.scope = Some(scope));
    }

    /// Requests the processes that hold these inodes; the rows change once they are known.
    pub fn name(&self, inodes: impl IntoIterator<Item = u64>) {
        self.0.add(|requests| requests.name(inodes));
    }

    /// Reports the `TCP_INFO` of this connection when it changes, at most about twice a second; `None` stops that.
    pub fn detail(&self, flow: Option<Flow>) {
        self.0.add(|requests| requests.detail = Some(flow.map_or(Selected::Nothing, Selected::Flow)));
    }
}

struct TableThread {
    sink: EventSink,
    scope: Scope,
    source: Source,
    differ: Differ,
    ends: RecentEnds,
    callers: Callers,
    /// The clients' sockets whose processes are looked for, by inode.
    sought: HashMap<u64, Flow>,
    /// Which program each known listener belongs to.
    listeners: Listeners,
    pace: TablePace,
    origin: Instant,
    detail: Option<SelectedConnection>,
    failed: Option<Errno>,
    #[cfg(target_os = "linux")]
    destroyed: Option<DestroyListener>,
    /// The counters exist only for this thread's own network namespace.
    half_open: Option<HalfOpen>,
}

struct SelectedConnection {
    flow: Flow,
    due: Duration,
    said: Option<TcpInfo>,
}

impl TableThread {
    fn new(sink: EventSink, scope: Scope, source: Source) -> Self {
        Self {
            sink,
            scope,
            source,
            differ: Differ::default(),
            ends: RecentEnds::default(),
            callers: Callers::default(),
            sought: HashMap::new(),
            listeners: Listeners::default(),
            pace: TablePace::default(),
            origin: Instant::now(),
            detail: None,
            failed: None,
            #[cfg(target_os = "linux")]
            destroyed: None,
            half_open: None,
        }
    }

    fn run(&mut self, queue: &RequestQueue, namer: &RequestThread) {
        self.sink.note(Note::TableFrom { source: self.source.name() });
        loop {
            let due = self.pace.due(self.now());
            let due = self.detail.as_ref().map_or(due, |detail| detail.due.min(due));
            // What a reading would report could not be read either.
            let due = if self.sink.has_room() { due } else { due.max(self.now() + FULL) };
            let requests = queue.take(Some(self.origin + due));
            if requests.stop {
                let now = self.now();
                return self.report_half_open(|half_open| half_open.end(now, Counters::now()));
            }
            self.apply(requests, namer);
            if self.sink.has_room() {
                if self.pace.due(self.now()) <= self.now() {
                    self.read();
                }
                self.look_closer();
            }
        }
    }

    /// Serves the requests, except for a full reading, which the pace schedules.
    fn apply(&mut self, requests: Requests, namer: &RequestThread) {
        if let Some(scope) = requests.scope {
            #[cfg(target_os = "linux")]
            if let Some(destroyed) = &self.destroyed {
                destroyed.scope(scope.clone());
            }
            self.scope = scope;
            self.report(|differ, scope, say| differ.keep(scope, say));
            self.pace.ask();
        }
        if requests.refresh {
            self.pace.ask();
        }
        match requests.detail {
            Some(Selected::Flow(flow)) => self.detail = Some(SelectedConnection { flow, due: self.now(), said: None }),
            Some(Selected::Nothing) => self.detail = None,
            None => {}
        }
        if !requests.named.is_empty() {
            self.report_holders(&requests.named);
            self.report(|differ, _, say| differ.name(&requests.named, say));
        }
        if !requests.clients.is_empty() {
            let busy = thread_time();
            requests.clients.iter().for_each(|end| self.meet(end, namer));
            self.pace.worked(self.now(), thread_time().saturating_sub(busy));
        }
        let unnamed: Vec<u64> = requests.inodes.into_iter().filter(|inode| !self.differ.is_named(*inode)).collect();
        if !unnamed.is_empty() {
            namer.add(|requests| requests.name(unnamed));
        }
        if !requests.flows.is_empty() {
            let busy = thread_time();
            requests.flows.iter().for_each(|flow| self.look_up(flow));
            self.pace.worked(self.now(), thread_time().saturating_sub(busy));
        }
    }

    fn look_up(&mut self, flow: &Flow) {
        let at = self.sink.clock().now();
        match self.source.lookup(flow) {
            Ok(Lookup::Found(row)) if self.scope.has(&row.flow) => {
                self.report_at(at, |differ, _, say| differ.see(*row, at, say));
            }
            Ok(Lookup::NotFound) if self.differ.knows(flow) => self.report(|differ, _, say| differ.end_all(flow, say)),
            // It was too short-lived for any reading, but the requester knows of it and must learn that it is gone.
            Ok(Lookup::NotFound) if flow.proto == Proto::Tcp && flow.peer.is_some() && !self.ends.has(flow) => {
                self.report_gone(self.sink.clock().now(), *flow);
            }
            Ok(Lookup::Found(_) | Lookup::NotFound) => {}
            // The next reading answers it.
            Ok(Lookup::Unsupported) | Err(_) => self.pace.ask(),
        }
    }

    /// Looks for the socket at this end of another program's client.
    fn meet(&mut self, end: &Flow, namer: &RequestThread) {
        let at = self.sink.clock().now();
        let is_udp = end.proto == Proto::Udp;
        match self.source.receiver(end) {
            Ok(Lookup::Found(row)) => {
                if is_udp {
                    self.callers.add(*end, at);
                }
                if let Some(inode) = row.inode.filter(|inode| *inode != 0 && !self.differ.is_named(*inode)) {
                    if self.sought.len() >= MOST_SOUGHT {
                        self.sought.clear();
                    }
                    self.sought.insert(inode, *end);
                    namer.add(|requests| requests.name([inode]));
                }
                if self.scope.has(&row.flow) {
                    self.report_at(at, |differ, _, say| differ.see(*row, at, say));
                }
            }
            Ok(Lookup::NotFound) if is_udp => self.report_gone(at, *end),
            // Whoever names a connection has its ends looked up.
            Ok(Lookup::NotFound) => {}
            Ok(Lookup::Unsupported) | Err(_) => {
                if is_udp {
                    self.callers.add(*end, at);
                }
                self.pace.ask();
            }
        }
    }

    /// Reports which processes hold the clients' sockets: their rows may have left the table while that was found out.
    fn report_holders(&mut self, named: &HashMap<u64, Process>) {
        for (inode, process) in named {
            let Some(flow) = self.sought.remove(inode) else { continue };
            let holder = SocketHolder { flow, process: process.clone() };
            self.sink.report(Evidence::Sampled, EventKind::Holder(holder));
        }
    }

    /// Reports that there is no socket at this end.
    fn report_gone(&mut self, at: Stamp, flow: Flow) {
        let gone = Delta::Gone(RowKey { flow, cookie: 0 });
        offer(&self.sink, &mut self.ends, &mut self.listeners, at, gone);
    }

    fn read(&mut self) {
        let busy = thread_time();
        let began = self.now();
        let at = self.sink.clock().now();
        let (sink, ends, listeners) = (&self.sink, &mut self.ends, &mut self.listeners);
        let differ = &mut self.differ;
        let mut said = false;
        let mut say = |delta| {
            let taken = offer(sink, ends, listeners, at, delta);
            said |= taken;
            taken
        };
        differ.begin();
        let half_open = &mut self.half_open;
        half_open.iter_mut().for_each(HalfOpen::begin);
        let (scope, callers) = (&self.scope, &mut self.callers);
        callers.begin();
        let reading = self.source.dump(&callers.widened(scope), &mut |row| {
            callers.see(&row);
            if !scope.has(&row.flow) {
                return;
            }
            half_open.iter_mut().for_each(|half_open| half_open.see(&row));
            differ.see(row, at, &mut say);
        });
        if reading.as_ref().is_ok_and(|reading| *reading == Completeness::Complete) {
            differ.finish();
            let gone = callers.finish(at);
            gone.into_iter().for_each(|end| self.report_gone(at, end));
        }
        if said {
            self.pace.changed(self.now());
        }
        match reading {
            Ok(reading) => {
                self.failed = None;
                self.sweep(reading);
            }
            Err(error) => self.fail(&error),
        }
        if self.half_open.as_ref().is_some_and(|half_open| half_open.wants(began))
            && let Some(counters) = Counters::now()
        {
            self.report_half_open(|half_open| half_open.count(began, counters));
        }
        self.pace.read(began, self.now(), thread_time().saturating_sub(busy));
        if self.differ.refused() {
            self.pace.ask();
        }
    }

    /// Reports what is due about half-open connections.
    fn report_half_open(&mut self, due: impl FnOnce(&mut HalfOpen) -> Vec<GuardEvent>) {
        let Some(half_open) = &mut self.half_open else { return };
        for event in due(half_open) {
            if !self.sink.report(Evidence::Sampled, EventKind::Guard(event.clone())) {
                half_open.take_back(&event);
            }
        }
    }

    /// Rows that the reading did not show are gone, unless a lookup finds them.
    fn sweep(&mut self, reading: Completeness) {
        let unseen = self.differ.unseen();
        let doubted = unseen.len() <= DOUBTED;
        for key in unseen {
            let alone = key.flow.proto == Proto::Udp || key.flow.peer.is_none();
            if alone || !doubted {
                self.end(&key, reading);
                continue;
            }
            let at = self.sink.clock().now();
            match self.source.lookup(&key.flow) {
                Ok(Lookup::Found(row)) => self.report_at(at, |differ, _, say| differ.see(*row, at, say)),
                Ok(Lookup::NotFound) => self.end(&key, Completeness::Complete),
                Ok(Lookup::Unsupported) => self.end(&key, reading),
                Err(_) => {}
            }
        }
    }

    fn end(&mut self, key: &RowKey, reading: Completeness) {
        if reading == Completeness::Complete {
            self.report(|differ, _, say| differ.end(key, say));
        }
    }

    /// Reads the selected connection's `TCP_INFO` when it is due.
    fn look_closer(&mut self) {
        let now = self.now();
        let Some(detail) = self.detail.as_mut().filter(|detail| detail.due <= now) else { return };
        detail.due = now + DETAIL;
        let Ok(Some(info)) = self.source.info(&detail.flow) else { return };
        if detail.said.as_ref() != Some(&info) && self.sink.report(Evidence::Sampled, EventKind::Info(info.clone())) {
            detail.said = Some(info);
        }
    }

    /// Runs the differ, reports its changes, and informs the pace.
    fn report(&mut self, act: impl FnOnce(&mut Differ, &Scope, &mut dyn FnMut(Delta) -> bool)) {
        self.report_at(self.sink.clock().now(), act);
    }

    /// The same for an answer to a request made at this moment.
    fn report_at(&mut self, at: Stamp, act: impl FnOnce(&mut Differ, &Scope, &mut dyn FnMut(Delta) -> bool)) {
        let mut said = false;
        let (sink, ends, listeners) = (&self.sink, &mut self.ends, &mut self.listeners);
        act(&mut self.differ, &self.scope, &mut |delta| {
            let taken = offer(sink, ends, listeners, at, delta);
            said |= taken;
            taken
        });
        if said {
            self.pace.changed(self.now());
        }
        if self.differ.refused() {
            self.pace.ask();
        }
    }

    /// Reports a failure once, not at every reading.
    fn fail(&mut self, error: &io::Error) {
        let errno = Errno::from(error);
        if self.failed != Some(errno) && self.sink.note(Note::TableFailed { errno }) {
            self.failed = Some(errno);
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// A reading is stamped with the moment of the request: by the time the answer has been read it may be out of date, and a
/// more recent report of the change would appear to precede it.
fn offer(sink: &EventSink, ends: &mut RecentEnds, listeners: &mut Listeners, at: Stamp, delta: Delta) -> bool {
    let (key, is_end) = (delta.key(), matches!(delta, Delta::Gone(_)));
    if let Some(change) = listeners.follow(&delta) {
        sink.report_at(at, Evidence::Sampled, EventKind::State(change));
    }
    let taken = sink.report_at(at, Evidence::Sampled, EventKind::Row(delta));
    if taken && is_end {
        ends.add(at, key.flow);
    } else if taken {
        ends.forget(&key.flow);
    }
    taken
}

/// The processor time that the calling thread has used; on systems other than Linux, the elapsed time.
fn thread_time() -> Duration {
    #[cfg(target_os = "linux")]
    return Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
    #[cfg(not(target_os = "linux"))]
    {
        static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        ORIGIN.get_or_init(Instant::now).elapsed()
    }
}
