//! The thread that captures, and its handle.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, eventfd};

use super::access::CaptureAccess;
use super::file::Packet;
use super::packet_socket::{CaptureInterface, FilterHandle, PacketSocket, RawPacket, Readiness};
use super::remedy::lack;
use super::store::PacketStore;
use super::time_of_day::TimeOfDay;
use crate::domain::need::{Lack, Need};
use crate::domain::{Errno, EventKind, EventSink, Evidence, Note};
use crate::observe::Scope;
use crate::packet::{Analysis, Frame, LinkType};

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
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Capture {
    /// Captures the packets of `scope`. Reports [`Note::Has`] or [`Note::Lacks`].
    ///
    /// # Errors
    /// The need that is not met.
    pub fn start(sink: EventSink, key: &CaptureAccess, on: &CaptureInterface, scope: Scope) -> Result<Self, Lack> {
        let noted = sink.clone();
        let started = Self::try_start(sink, key, on, scope);
        let note = match &started {
            Ok(_) => Note::Has { what: Evidence::Packet },
            Err(error) => Note::Lacks { what: Evidence::Packet, errno: error.errno },
        };
        noted.report(Evidence::Called, EventKind::Note(note));
        started
    }

    fn try_start(sink: EventSink, key: &CaptureAccess, on: &CaptureInterface, scope: Scope) -> Result<Self, Lack> {
        let tap = PacketSocket::open(key, on, &scope)?;
        let thread = |error: io::Error| lack(Need::CaptureThread, &error);
        let control = tap.control().map_err(thread)?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).map_err(|error| thread(error.into()))?);
        let store = Arc::new(PacketStore::new(CAPACITY));
        let interface = tap.interface(on);
        let link = interface.link;
        store.name(interface);
        let scope = Arc::new(Mutex::new(scope));
        let work = CaptureThread {
            decoder: Decoder { analysis: Analysis::default(), link, seen: 0 },
            times: TimeOfDay::pair(sink.clock()),
            store: Arc::clone(&store),
            scope: Arc::clone(&scope),
            sink: sink.clone(),
        };
        let halt = Arc::clone(&stop);
        let run = move || work.run(tap, &halt);
        let thread = thread::Builder::new().name("socklab-capture".into()).spawn(run).map_err(thread)?;
        Ok(Self { store, scope, control, sink, stop, thread: Some(thread) })
    }

    /// The packets themselves.
    pub const fn store(&self) -> &Arc<PacketStore> {
        &self.store
    }

    /// Changes the scope. If the kernel refuses, this reports [`Note::Lacks`] and the old scope stays.
    pub fn scope(&self, scope: Scope) {
        match self.control.scope(&scope) {
            Ok(()) => *self.scope.lock().unwrap_or_else(PoisonError::into_inner) = scope,
            Err(error) => {
                let note = Note::Lacks { what: Evidence::Packet, errno: Errno::from(&error) };
                self.sink.report(Evidence::Called, EventKind::Note(note));
            }
        }
    }

    /// Ends the thread after it has read what was captured so far, and waits for it. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // The write cannot fail: the eventfd's count is far from its maximum.
        let _ = rustix::io::write(&self.stop, &1_u64.to_ne_bytes());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Numbers and analyses captured packets.
pub(super) struct Decoder {
    pub(super) analysis: Analysis,
    pub(super) link: LinkType,
    pub(super) seen: u64,
}

impl Decoder {
    /// A packet's summary, and the packet itself; `None` when it is not in `scope`.
    pub(super) fn see(
        &mut self,
        heard: &RawPacket<'_>,
        scope: &Scope,
    ) -> Option<(crate::domain::PacketSummary, Packet)> {
        let RawPacket { at, wire_len, bytes } = *heard;
        let number = self.seen + 1;
        let frame = Frame { number, at, link: self.link, wire_len, bytes };
        let summary = self.analysis.see_of(&frame, |flow| scope.has(flow))?;
        self.seen = number;
        let bytes = bytes.into();
        let packet = Packet { number, at, interface: 0, link: self.link, wire_len, bytes, comments: Vec::new() };
        Some((summary, packet))
    }
}

struct CaptureThread {
    decoder: Decoder,
    times: TimeOfDay,
    store: Arc<PacketStore>,
    scope: Arc<Mutex<Scope>>,
    sink: EventSink,
}

impl CaptureThread {
    fn run(mut self, mut tap: PacketSocket, stop: &OwnedFd) {
        loop {
            match tap.wait(stop.as_fd(), None) {
                Ok(Readiness::Packets) => {}
                Ok(Readiness::Stop | Readiness::OutputClosed) => break,
                Err(error) => return self.fail(&error),
            }
            self.turn(&mut tap);
        }
        let ended = self.take(|each| tap.finish(each));
        match ended {
            Ok(lost) => self.report_loss(lost),
            Err(error) => self.fail(&error),
        }
    }

    /// Reads one block.
    fn turn(&mut self, tap: &mut PacketSocket) {
        self.times.compare();
        self.take(|each| tap.read(each));
        self.report_loss(tap.lost());
    }

    /// Decodes, stores and reports what `read` yields.
    fn take<T>(&mut self, read: impl FnOnce(&mut dyn FnMut(RawPacket<'_>)) -> T) -> T {
        let Self { decoder, times, store, scope, sink } = self;
        let scope = scope.lock().unwrap_or_else(PoisonError::into_inner);
        read(&mut |heard| {
            let Some((summary, packet)) = decoder.see(&heard, &scope) else { return };
            store.add(packet);
            sink.report_at(times.stamp(heard.at), Evidence::Packet, EventKind::Packet(summary));
        })
    }

    fn report_loss(&self, count: u64) {
        if count > 0 {
            self.store.lost(count);
            self.sink.report(Evidence::Called, EventKind::Note(Note::CaptureLost { count }));
        }
    }

    fn fail(&self, error: &io::Error) {
        let note = Note::Lacks { what: Evidence::Packet, errno: Errno::from(error) };
        self.sink.report(Evidence::Called, EventKind::Note(note));
    }
}
