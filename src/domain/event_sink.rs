//! Where producers put their observations: one clock, one bounded queue, and a count of those that did not fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::event::{EventKind, Observation, WorldId};
use super::evidence::Evidence;
use super::id::HostId;
use super::need::Lack;
use super::note::Note;
use super::stamp::Stamp;
use super::transfer::Transfer;

/// The laboratory's one monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time on it.
    pub fn now(&self) -> Stamp {
        self.at(Instant::now())
    }

    /// An instant of the operating system's monotonic clock, on this one.
    pub fn at(&self, instant: Instant) -> Stamp {
        Stamp::from(instant.saturating_duration_since(self.0))
    }
}

/// The sending end of the queue of observations.
pub trait EventQueue: Send + Sync {
    /// Takes an observation without waiting; `false` when it was dropped: only if the queue is full, and only if that is
    /// allowed ([`EventKind::is_optional`]).
    fn offer(&self, seen: Observation) -> bool;

    /// Counts a transfer with an earlier one of the same kind on the same socket that still waits in the queue; `false` if
    /// there is none, or the reader is not behind, and the transfer has to be offered.
    fn condense(&self, _world: WorldId, _host: Option<HostId>, _transfer: &Transfer) -> bool {
        false
    }

    /// Whether there is room for more. Whoever causes changes waits for it.
    fn has_room(&self) -> bool {
        true
    }
}

impl<F: Fn(Observation) -> bool + Send + Sync> EventQueue for F {
    fn offer(&self, seen: Observation) -> bool {
        self(seen)
    }
}

/// A producer's way into the queue: stamps each observation, adds where it comes from, and counts those lost.
#[derive(Clone)]
pub struct EventSink {
    clock: Clock,
    world: WorldId,
    host: Option<HostId>,
    queue: Arc<dyn EventQueue>,
    lost: Arc<AtomicU64>,
}

impl EventSink {
    /// A sink in the host world that puts observations into `queue`.
    pub fn new(clock: Clock, queue: Arc<dyn EventQueue>) -> Self {
        Self { clock, world: WorldId::Host, host: None, queue, lost: Arc::default() }
    }

    /// The same queue, clock and count, for things that happen on one of the wire's hosts.
    #[must_use]
    pub fn on_wire(&self, host: Option<HostId>) -> Self {
        Self { world: WorldId::Wire, host, ..self.clone() }
    }

    /// The same world, clock and count, with `between` wrapped around the queue.
    #[must_use]
    pub fn through(&self, between: impl FnOnce(Arc<dyn EventQueue>) -> Arc<dyn EventQueue>) -> Self {
        Self { queue: between(Arc::clone(&self.queue)), ..self.clone() }
    }

    /// The clock it stamps with.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// Reports something that happened now. `false` when it did not fit and was counted as lost.
    pub fn report(&self, evidence: Evidence, kind: EventKind) -> bool {
        self.report_at(self.clock.now(), evidence, kind)
    }

    /// Reports a note of the laboratory about itself, as [`EventSink::report`] does.
    pub fn note(&self, note: Note) -> bool {
        self.report(Evidence::Called, EventKind::Note(note))
    }

    /// Notes whether a kind of evidence is available, from the attempt to start its observer.
    pub fn note_start<T>(&self, what: Evidence, started: &Result<T, Lack>) -> bool {
        self.note(match started {
            Ok(_) => Note::Has { what },
            Err(lack) => Note::Lacks { what, errno: lack.errno },
        })
    }

    /// Reports something that happened at a known moment. `false` when it did not fit and was counted as lost.
    pub fn report_at(&self, at: Stamp, evidence: Evidence, kind: EventKind) -> bool {
        let taken = self.queue.offer(Observation { at, world: self.world, host: self.host, evidence, kind });
        if !taken {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Reports a call that moved data, with the data.
    pub fn report_transfer(&self, transfer: Transfer, data: &[u8]) {
        if !self.queue.condense(self.world, self.host, &transfer) {
            self.report_at(transfer.at, Evidence::Called, EventKind::Call(transfer.into_call(data)));
        }
    }

    /// Whether there is room in the queue: see [`EventQueue::has_room`].
    pub fn has_room(&self) -> bool {
        self.queue.has_room()
    }

    /// How many observations were lost since the last call.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for EventSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventSink").field("world", &self.world).field("host", &self.host).finish_non_exhaustive()
    }
}
