//! The thread that captures, and its handle.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::ClockId;

use super::access::CaptureAccess;
use super::packet_socket::{
    BLOCKS, CaptureInterface, FilterHandle, LOOPBACK, PATIENCE, PacketSocket, Readiness, SeenOn, indices,
};
use super::remedy::lack;
use crate::domain::need::{Lack, Need};
use crate::domain::{Errno, EventKind, EventSink, Evidence, Note, PacketSummary};
use crate::observe::Scope;
use crate::observe::capture::file::Packet;
use crate::observe::capture::store::PacketStore;
use crate::observe::kernel_clock::KernelClock;
use crate::observe::spaced_count::SpacedCount;
use crate::observe::stoppable::{StopSignal, StoppableThread};
use crate::packet::{Analysis, Frame};

/// How many bytes of packets are stored: enough for a lesson, and affordable on a laptop.
pub const CAPACITY: usize = 64 << 20;

/// The shortest interval between reports of packets that the kernel dropped.
const LOSS_INTERVAL: Duration = Duration::from_secs(1);
/// The most blocks that are read before the kernel is asked what it dropped: an eighth of the ring.
const AT_ONCE: u32 = BLOCKS / 8;

/// The handle of a running capture. It reports to its sink as [`EventKind::Packet`], with [`Evidence::Packet`] and the
/// kernel's time, numbered from 1; the bytes are in its store. Losses are reported as [`Note::CaptureLost`]. Dropping it
/// ends and joins its thread.
#[derive(Debug)]
pub struct Capture {
    key: CaptureAccess,
    on: CaptureInterface,
    store: Arc<PacketStore>,
    scope: Arc<Mutex<Scope>>,
    decoder: Arc<Mutex<Decoder>>,
    control: FilterHandle,
    sink: EventSink,
    thread: StoppableThread,
}

impl Capture {
    /// Captures the packets of `scope`. Reports [`Note::Has`] or [`Note::Lacks`].
    pub fn start(sink: EventSink, key: &CaptureAccess, on: &CaptureInterface, scope: Scope) -> Result<Self, Lack> {
        let noted = sink.clone();
        let started = Self::try_start(sink, key, on, scope);
        noted.note_start(Evidence::Packet, &started);
        started
    }

    fn try_start(sink: EventSink, key: &CaptureAccess, on: &CaptureInterface, scope: Scope) -> Result<Self, Lack> {
        let socket = PacketSocket::open(key, on, &scope)?;
        let control = socket.control().map_err(|error| not_started(&error))?;
        let store = Arc::new(PacketStore::new(CAPACITY));
        if let Some(interface) = socket.interface(on) {
            store.name(&interface);
        }
        let scope = Arc::new(Mutex::new(scope));
        let work = CaptureThread {
            decoder: Arc::default(),
            times: KernelClock::pair(ClockId::Realtime, sink.clock()),
            store: Arc::clone(&store),
            scope: Arc::clone(&scope),
            sink: sink.clone(),
            lost: SpacedCount::new(LOSS_INTERVAL),
            numbers: HashMap::new(),
        };
        let key = key.try_clone().map_err(|error| not_started(&error))?;
        let decoder = Arc::clone(&work.decoder);
        let thread = work.start(socket)?;
        Ok(Self { key, on: on.clone(), store, scope, decoder, control, sink, thread })
    }

    /// The packets themselves.
    pub const fn store(&self) -> &Arc<PacketStore> {
        &self.store
    }

    /// Changes the scope. If the kernel refuses, this reports [`Note::Lacks`] and the old scope stays.
    pub fn scope(&self, scope: Scope) {
        match self.control.scope(&scope) {
            Ok(()) => *lock(&self.scope) = scope,
            Err(error) => report_lack(&self.sink, &error),
        }
    }

    /// Captures on the interfaces of these names from now on, and on no others. Packets go on being numbered, and
    /// conversations go on. May wait for the packets that came before.
    ///
    /// # Errors
    /// There is no such interface, or the system refuses; the capture goes on as before.
    pub fn turn_to(&mut self, names: BTreeSet<String>) -> Result<(), Lack> {
        let settings = |error: io::Error| lack(Need::CaptureSettings, &error);
        let alone = names.len() == 1 && names.contains(LOOPBACK);
        let on = if alone { CaptureInterface::Loopback } else { CaptureInterface::Several(names) };
        let scope = lock(&self.scope).clone();
        if let (CaptureInterface::Several(_), CaptureInterface::Several(names)) = (&self.on, &on) {
            let control = self.control.turned_to(indices(&self.key, names)?).map_err(settings)?;
            control.scope(&scope).map_err(settings)?;
            self.control = control;
        } else if self.on != on {
            let socket = PacketSocket::prepare(&self.key, &on)?;
            let control = socket.control().map_err(settings)?;
            // From one socket to the other without a wait between them. What the first has is read before the second.
            self.control.close().map_err(settings)?;
            control.scope(&scope).map_err(settings)?;
            self.control = control;
            let work = CaptureThread {
                decoder: Arc::clone(&self.decoder),
                times: KernelClock::pair(ClockId::Realtime, self.sink.clock()),
                store: Arc::clone(&self.store),
                scope: Arc::clone(&self.scope),
                sink: self.sink.clone(),
                lost: SpacedCount::new(LOSS_INTERVAL),
                numbers: HashMap::new(),
            };
            self.thread.end();
            self.thread = work.start(socket)?;
        }
        self.on = on;
        Ok(())
    }

    /// Ends the thread after it has read what was captured so far, and returns the packets.
    pub fn stop(self) -> Arc<PacketStore> {
        self.store
    }
}

fn not_started(error: &io::Error) -> Lack {
    lack(Need::CaptureThread, error)
}

/// A poisoned lock holds what was true before the panic, which has been reported.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Numbers and analyses captured packets.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    analysis: Analysis,
    seen: u64,
}

impl Decoder {
    /// A frame's summary, and a copy of it; `None` when it is not in `scope`.
    pub(super) fn see(&mut self, frame: Frame<'_>, on: &SeenOn, scope: &Scope) -> Option<(PacketSummary, Packet)> {
        let frame = Frame { number: self.seen + 1, ..frame };
        let summary = self.analysis.see_of(&frame, |flow| scope.has(flow))?;
        self.seen = frame.number;
        Some((PacketSummary { interface: Some(on.name.clone()), ..summary }, Packet::of(&frame)))
    }
}

struct CaptureThread {
    decoder: Arc<Mutex<Decoder>>,
    times: KernelClock,
    store: Arc<PacketStore>,
    scope: Arc<Mutex<Scope>>,
    sink: EventSink,
    /// Packets that the kernel dropped.
    lost: SpacedCount,
    /// The numbers of the interfaces in the store, by their numbers in the network namespace.
    numbers: HashMap<i32, u32>,
}

impl CaptureThread {
    fn start(self, socket: PacketSocket) -> Result<StoppableThread, Lack> {
        let run = move |stop: &StopSignal| self.run(socket, stop);
        StoppableThread::start("socklab-capture", run).map_err(|error| not_started(&error))
    }

    fn run(mut self, mut socket: PacketSocket, stop: &StopSignal) {
        let mut latest = Instant::now();
        loop {
            match socket.wait(stop.as_fd(), None, self.lost.due_in(Instant::now())) {
                Ok(Readiness::Packets) => {}
                Ok(Readiness::Stop | Readiness::OutputClosed) => break,
                Err(error) => return report_lack(&self.sink, &error),
            }
            self.turn(&mut socket);
            // Blocks that are handed over before their time were full. Each would wake this thread.
            let is_flood = latest.elapsed() < PATIENCE / 2;
            if is_flood && stop.is_sent_within(PATIENCE) {
                break;
            }
            latest = Instant::now();
        }
        match self.take(|each| socket.finish(each)) {
            Ok(lost) => self.lose(lost),
            Err(error) => report_lack(&self.sink, &error),
        }
        if let Some(count) = self.lost.take_rest() {
            self.sink.note(Note::CaptureLost { count });
        }
    }

    fn turn(&mut self, socket: &mut PacketSocket) {
        self.times.compare();
        let mut blocks = 0..AT_ONCE;
        while blocks.next().is_some() && self.take(|each| socket.read(each)) {}
        self.lose(socket.lost());
    }

    /// Decodes, stores and reports what `read` yields.
    fn take<T>(&mut self, read: impl FnOnce(&mut dyn FnMut(Frame<'_>, &SeenOn)) -> T) -> T {
        let Self { decoder, times, store, scope, sink, numbers, .. } = self;
        let scope = lock(scope);
        let mut decoder = lock(decoder);
        read(&mut |frame, on| {
            let Some((summary, packet)) = decoder.see(frame, on, &scope) else { return };
            let interface = *numbers.entry(on.index).or_insert_with(|| store.name(&on.interface));
            store.add(Packet { interface, ..packet });
            sink.report_at(times.stamp(frame.at), Evidence::Packet, EventKind::Packet(summary));
        })
    }

    /// Counts packets that the kernel dropped.
    fn lose(&mut self, count: u64) {
        self.store.lost(count);
        self.lost.add(count);
        if let Some(count) = self.lost.take_due(Instant::now()) {
            self.sink.note(Note::CaptureLost { count });
        }
    }
}

fn report_lack(sink: &EventSink, error: &io::Error) {
    sink.note(Note::Lacks { what: Evidence::Packet, errno: Errno::from(error) });
}
