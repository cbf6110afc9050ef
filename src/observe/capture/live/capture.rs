//! The thread that captures, and its handle.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::time::ClockId;

use super::access::CaptureAccess;
use super::packet_socket::{CaptureInterface, FilterHandle, PacketSocket, Readiness};
use super::remedy::lack;
use crate::domain::need::{Lack, Need};
use crate::domain::{Errno, EventKind, EventSink, Evidence, Note, PacketSummary};
use crate::observe::Scope;
use crate::observe::capture::file::Packet;
use crate::observe::capture::store::PacketStore;
use crate::observe::kernel_clock::KernelClock;
use crate::observe::stoppable::{StopSignal, StoppableThread};
use crate::packet::{Analysis, Frame};

/// How many bytes of packets are stored: enough for a lesson, and affordable on a laptop.
pub const CAPACITY: usize = 64 << 20;

/// The handle of a running capture. It reports to its sink as [`EventKind::Packet`], with [`Evidence::Packet`] and the
/// kernel's time, numbered from 1; the bytes are in its store. Losses are reported as [`Note::CaptureLost`]. Dropping it
/// ends and joins its thread.
#[derive(Debug)]
pub struct Capture {
    store: Arc<PacketStore>,
    scope: Arc<Mutex<Scope>>,
    control: FilterHandle,
    sink: EventSink,
    _thread: StoppableThread,
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
        let thread = |error: io::Error| lack(Need::CaptureThread, &error);
        let control = socket.control().map_err(thread)?;
        let store = Arc::new(PacketStore::new(CAPACITY));
        store.name(&socket.interface(on));
        let scope = Arc::new(Mutex::new(scope));
        let work = CaptureThread {
            decoder: Decoder::default(),
            times: KernelClock::pair(ClockId::Realtime, sink.clock()),
            store: Arc::clone(&store),
            scope: Arc::clone(&scope),
            sink: sink.clone(),
        };
        let thread = StoppableThread::start("socklab-capture", move |stop| work.run(socket, stop)).map_err(thread)?;
        Ok(Self { store, scope, control, sink, _thread: thread })
    }

    /// The packets themselves.
    pub const fn store(&self) -> &Arc<PacketStore> {
        &self.store
    }

    /// Changes the scope. If the kernel refuses, this reports [`Note::Lacks`] and the old scope stays.
    pub fn scope(&self, scope: Scope) {
        match self.control.scope(&scope) {
            Ok(()) => *self.scope.lock().unwrap_or_else(PoisonError::into_inner) = scope,
            Err(error) => report_lack(&self.sink, &error),
        }
    }

    /// Ends the thread after it has read what was captured so far, and returns the packets.
    pub fn stop(self) -> Arc<PacketStore> {
        self.store
    }
}

/// Numbers and analyses captured packets.
#[derive(Default)]
pub(super) struct Decoder {
    analysis: Analysis,
    seen: u64,
}

impl Decoder {
    /// A frame's summary, and a copy of it; `None` when it is not in `scope`.
    pub(super) fn see(&mut self, frame: Frame<'_>, scope: &Scope) -> Option<(PacketSummary, Packet)> {
        let frame = Frame { number: self.seen + 1, ..frame };
        let summary = self.analysis.see_of(&frame, |flow| scope.has(flow))?;
        self.seen = frame.number;
        Some((summary, Packet::of(&frame)))
    }
}

struct CaptureThread {
    decoder: Decoder,
    times: KernelClock,
    store: Arc<PacketStore>,
    scope: Arc<Mutex<Scope>>,
    sink: EventSink,
}

impl CaptureThread {
    fn run(mut self, mut socket: PacketSocket, stop: &StopSignal) {
        loop {
            match socket.wait(stop.as_fd(), None) {
                Ok(Readiness::Packets) => {}
                Ok(Readiness::Stop | Readiness::OutputClosed) => break,
                Err(error) => return report_lack(&self.sink, &error),
            }
            self.turn(&mut socket);
        }
        match self.take(|each| socket.finish(each)) {
            Ok(lost) => self.report_loss(lost),
            Err(error) => report_lack(&self.sink, &error),
        }
    }

    fn turn(&mut self, socket: &mut PacketSocket) {
        self.times.compare();
        self.take(|each| socket.read(each));
        self.report_loss(socket.lost());
    }

    /// Decodes, stores and reports what `read` yields.
    fn take<T>(&mut self, read: impl FnOnce(&mut dyn FnMut(Frame<'_>)) -> T) -> T {
        let Self { decoder, times, store, scope, sink } = self;
        let scope = scope.lock().unwrap_or_else(PoisonError::into_inner);
        read(&mut |frame| {
            let Some((summary, packet)) = decoder.see(frame, &scope) else { return };
            store.add(packet);
            sink.report_at(times.stamp(frame.at), Evidence::Packet, EventKind::Packet(summary));
        })
    }

    fn report_loss(&self, count: u64) {
        if count > 0 {
            self.store.lost(count);
            self.sink.note(Note::CaptureLost { count });
        }
    }
}

fn report_lack(sink: &EventSink, error: &io::Error) {
    sink.note(Note::Lacks { what: Evidence::Packet, errno: Errno::from(error) });
}
