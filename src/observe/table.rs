//! The live socket table: a thread that reads the table and reports what changed since its last report.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::completeness::Completeness;
#[cfg(target_os = "linux")]
use super::diag::destroyed::{DestroyListener, Destruction};
use super::differ::Differ;
#[cfg(target_os = "linux")]
use super::half_open::{Counters, HalfOpen};
use super::namer::Namer;
use super::pace::TablePace;
use super::requests::{RequestQueue, Requests, Selected};
use super::scope::Scope;
use super::source::{Lookup, Source};
#[cfg(target_os = "linux")]
use crate::domain::GuardEvent;
use crate::domain::{Delta, Errno, EventKind, EventSink, Evidence, Flow, Note, Proto, RowKey, Stamp, TcpInfo};

/// How often the selected connection's `TCP_INFO` is read.
const DETAIL: Duration = Duration::from_millis(500);
/// Up to this many missing rows are looked up one by one before we report them gone: the kernel's walk through a hash
/// table that changes meanwhile can miss a socket.
const DOUBTED: usize = 4_096;

/// The handle of the live table. It reports to its sink as [`EventKind::Row`] and [`EventKind::Info`], with
/// [`Evidence::Sampled`]. Requests never block. Dropping it ends and joins its threads.
#[derive(Debug)]
pub struct SocketTable {
    queue: Arc<RequestQueue>,
    thread: Option<JoinHandle<()>>,
}

impl SocketTable {
    /// Watches the sockets of `scope` in the calling thread's network namespace through the best source available, and
    /// reports which that is ([`Note::TableFrom`]).
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(sink: EventSink, scope: Scope) -> io::Result<Self> {
        let queue = Arc::new(RequestQueue::default());
        #[cfg(target_os = "linux")]
        let destroyed = {
            let changed = Arc::clone(&queue);
            // Where the kernel does not allow it, the periodic reading notices a little later.
            DestroyListener::start(scope.clone(), move |ended| {
                changed.add(|requests| match ended {
                    Destruction::Socket(flow) => requests.look_up([flow].into_iter().chain(flow.mirror())),
                    Destruction::Missed => requests.refresh = true,
                });
            })
            .ok()
        };
        Self::watch(
            queue,
            TableThread {
                #[cfg(target_os = "linux")]
                destroyed,
                #[cfg(target_os = "linux")]
                half_open: Some(HalfOpen::default()),
                ..TableThread::new(sink, scope, Source::best())
            },
        )
    }

    /// The same for a source opened elsewhere, on one of the wire's hosts.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start_on(sink: EventSink, scope: Scope, source: Source) -> io::Result<Self> {
        Self::watch(Arc::default(), TableThread::new(sink, scope, source))
    }

    fn watch(queue: Arc<RequestQueue>, mut watch: TableThread) -> io::Result<Self> {
        let namer = Namer::start(Arc::clone(&queue))?;
        let mine = Arc::clone(&queue);
        let thread = thread::Builder::new().name("socklab-table".into()).spawn(move || watch.run(&mine, &namer))?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Looks up these sockets and their other ends now, by their addresses.
    pub fn lookup(&self, flows: impl IntoIterator<Item = Flow>) {
        self.queue.add(|requests| {
            requests.look_up(flows.into_iter().flat_map(|flow| [flow].into_iter().chain(flow.mirror())));
        });
    }

    /// Requests a full reading soon.
    pub fn refresh(&self) {
        self.queue.add(|requests| requests.refresh = true);
    }

    /// Watches these sockets from now on; all other rows are dropped.
    pub fn scope(&self, scope: Scope) {
        self.queue.add(|requests| requests.scope = Some(scope));
    }

    /// Reads more often while activity is known to be going on. (It does so anyway for a second after a change.)
    pub fn motion(&self, moving: bool) {
        self.queue.add(|requests| requests.motion = Some(moving));
    }

    /// Requests the processes that hold these inodes; the rows change once they are known.
    pub fn name(&self, inodes: impl IntoIterator<Item = u64>) {
        self.queue.add(|requests| requests.name(inodes));
    }

    /// Reports the `TCP_INFO` of this connection when it changes, at most about twice a second; `None` stops that.
    pub fn detail(&self, flow: Option<Flow>) {
        self.queue.add(|requests| requests.detail = Some(flow.map_or(Selected::Nothing, Selected::Flow)));
    }

    /// Ends the threads and waits for them. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for SocketTable {
    fn drop(&mut self) {
        self.queue.add(|requests| requests.stop = true);
        // A panic there has been printed by the panic hook; there is nothing to add here.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The state of the reading thread.
struct TableThread {
    sink: EventSink,
    scope: Scope,
    source: Source,
    differ: Differ,
    pace: TablePace,
    origin: Instant,
    detail: Option<SelectedConnection>,
    failed: Option<Errno>,
    #[cfg(target_os = "linux")]
    destroyed: Option<DestroyListener>,
    /// The counters exist only for this thread's own network namespace.
    #[cfg(target_os = "linux")]
    half_open: Option<HalfOpen>,
}

/// The selected connection.
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
            pace: TablePace::default(),
            origin: Instant::now(),
            detail: None,
            failed: None,
            #[cfg(target_os = "linux")]
            destroyed: None,
            #[cfg(target_os = "linux")]
            half_open: None,
        }
    }

    fn run(&mut self, queue: &RequestQueue, namer: &Namer) {
        self.note(Note::TableFrom { source: self.source.name() });
        loop {
            let due = self.pace.due(self.now());
            let due = self.detail.as_ref().map_or(due, |detail| detail.due.min(due));
            let requests = queue.take(Some(self.origin + due));
            if requests.stop {
                #[cfg(target_os = "linux")]
                {
                    let now = self.now();
                    self.count(|half_open| half_open.end(now, Counters::now()));
                }
                return;
            }
            self.apply(requests, namer);
            if self.pace.due(self.now()) <= self.now() {
                self.read();
            }
            self.look_closer();
        }
    }

    /// Serves the requests, except for a full reading, which the pace schedules.
    fn apply(&mut self, requests: Requests, namer: &Namer) {
        if let Some(scope) = requests.scope {
            #[cfg(target_os = "linux")]
            if let Some(destroyed) = &self.destroyed {
                destroyed.scope(scope.clone());
            }
            self.scope = scope;
            self.tell(|differ, scope, say| differ.keep(scope, say));
            self.pace.ask();
        }
        if let Some(moving) = requests.motion {
            self.pace.moving(moving);
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
            self.tell(|differ, _, say| differ.name(&requests.named, say));
        }
        let unnamed: Vec<u64> = requests.inodes.into_iter().filter(|inode| !self.differ.is_named(*inode)).collect();
        if !unnamed.is_empty() {
            namer.name(unnamed);
        }
        if !requests.flows.is_empty() {
            let busy = Cost::start();
            requests.flows.iter().for_each(|flow| self.look_up(flow));
            self.pace.worked(self.now(), busy.so_far());
        }
    }

    fn look_up(&mut self, flow: &Flow) {
        let at = self.sink.clock().now();
        match self.source.lookup(flow) {
            Ok(Lookup::Found(row)) if self.scope.has(&row.flow) => {
                self.tell_at(at, |differ, _, say| differ.see(*row, at, say));
            }
            Ok(Lookup::NotFound) if self.differ.knows(flow) => self.tell(|differ, _, say| differ.nowhere(flow, say)),
            // It was too short-lived for any reading, but the requester knows of it and must learn that it is gone.
            Ok(Lookup::NotFound) if flow.proto == Proto::Tcp && flow.peer.is_some() => {
                report(&self.sink, self.sink.clock().now(), Delta::Gone(RowKey { flow: *flow, cookie: 0 }));
            }
            Ok(Lookup::Found(_) | Lookup::NotFound) => {}
            // The next reading answers it.
            Ok(Lookup::Unsupported) | Err(_) => self.pace.ask(),
        }
    }

    /// One full reading.
    fn read(&mut self) {
        let busy = Cost::start();
        let began = self.now();
        let at = self.sink.clock().now();
        let sink = &self.sink;
        let differ = &mut self.differ;
        let mut said = false;
        let mut say = |delta| {
            let taken = report(sink, at, delta);
            said |= taken;
            taken
        };
        differ.begin();
        #[cfg(target_os = "linux")]
        let half_open = &mut self.half_open;
        #[cfg(target_os = "linux")]
        half_open.iter_mut().for_each(HalfOpen::begin);
        let reading = self.source.dump(&self.scope, &mut |row| {
            #[cfg(target_os = "linux")]
            half_open.iter_mut().for_each(|half_open| half_open.see(&row));
            differ.see(row, at, &mut say);
        });
        if reading.as_ref().is_ok_and(|reading| *reading == Completeness::Complete) {
            differ.finish();
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
        #[cfg(target_os = "linux")]
        if self.half_open.as_ref().is_some_and(|half_open| half_open.wants(began))
            && let Some(counters) = Counters::now()
        {
            self.count(|half_open| half_open.count(began, counters));
        }
        self.pace.read(began, self.now(), busy.so_far());
        if self.differ.refused() {
            self.pace.ask();
        }
    }

    /// Reports what is due about half-open connections.
    #[cfg(target_os = "linux")]
    fn count(&mut self, told: impl FnOnce(&mut HalfOpen) -> Vec<GuardEvent>) {
        let Some(half_open) = &mut self.half_open else { return };
        for event in told(half_open) {
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
                Ok(Lookup::Found(row)) => self.tell_at(at, |differ, _, say| differ.see(*row, at, say)),
                Ok(Lookup::NotFound) => self.end(&key, Completeness::Complete),
                Ok(Lookup::Unsupported) => self.end(&key, reading),
                Err(_) => {}
            }
        }
    }

    fn end(&mut self, key: &RowKey, reading: Completeness) {
        if reading == Completeness::Complete {
            self.tell(|differ, _, say| differ.end(key, say));
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
    fn tell(&mut self, act: impl FnOnce(&mut Differ, &Scope, &mut dyn FnMut(Delta) -> bool)) {
        self.tell_at(self.sink.clock().now(), act);
    }

    /// The same for an answer that was requested at a known moment.
    fn tell_at(&mut self, at: Stamp, act: impl FnOnce(&mut Differ, &Scope, &mut dyn FnMut(Delta) -> bool)) {
        let mut said = false;
        let sink = &self.sink;
        act(&mut self.differ, &self.scope, &mut |delta| {
            let taken = report(sink, at, delta);
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
        if self.failed != Some(errno) && self.note(Note::TableFailed { errno }) {
            self.failed = Some(errno);
        }
    }

    fn note(&self, note: Note) -> bool {
        self.sink.report(Evidence::Called, EventKind::Note(note))
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// A reading is stamped with the moment of the request: by the time the answer has been read it may be out of date, and a
/// more recent report of the change would appear to precede it.
fn report(sink: &EventSink, at: Stamp, delta: Delta) -> bool {
    sink.report_at(at, Evidence::Sampled, EventKind::Row(delta))
}

/// The processor time that the calling thread has used since the start; on systems other than Linux, the elapsed time.
struct Cost(Duration);

impl Cost {
    fn start() -> Self {
        Self(Self::clock())
    }

    fn so_far(&self) -> Duration {
        Self::clock().saturating_sub(self.0)
    }

    #[cfg(target_os = "linux")]
    fn clock() -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }

    #[cfg(not(target_os = "linux"))]
    fn clock() -> Duration {
        static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        ORIGIN.get_or_init(Instant::now).elapsed()
    }
}
