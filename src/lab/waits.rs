//! Which calls wait: one that has not returned a millisecond after it was entered is reported, and again with its result.
//!
//! A call that may wait writes down when it was entered, and erases that when it returns. One task looks at what is
//! written, once a millisecond while something waits that was not reported, and sleeps otherwise. So a call that returns
//! sooner costs two writes, and one that waits for ever costs nothing but its place.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use super::locked;
use crate::domain::{EventKind, EventSink, Evidence, PendingCall, Stamp};

/// How long a call takes that does not wait.
const LONG: Duration = Duration::from_millis(1);
/// How many calls are reported at once. Where more wait, those that have waited longest come first, and one that returns
/// meanwhile is reported with its result only.
const AT_ONCE: usize = 32;

/// The calls that may be waiting.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits(Arc<WaitList>);

#[derive(Debug, Default)]
struct WaitList {
    places: Mutex<Vec<Arc<CallRecord>>>,
    /// Whether nobody looks at the places until [`WaitList::wake`] is notified.
    asleep: AtomicBool,
    wake: Notify,
}

/// Where the calls of one kind on one socket are written down.
#[derive(Debug)]
struct CallRecord {
    call: PendingCall,
    sink: EventSink,
    /// When the present call was entered, in nanoseconds times two, plus one if that was reported; 0 if none is waiting.
    entered: AtomicU64,
    /// Held while it is reported: its result comes later.
    telling: Mutex<()>,
}

/// A socket's place.
#[derive(Debug)]
pub(super) struct WaitingPlace {
    place: Arc<CallRecord>,
    list: Arc<WaitList>,
}

/// A call that has been entered. It is erased when this is dropped.
#[derive(Debug)]
pub(super) struct EnteredCall<'a>(&'a CallRecord);

impl Waits {
    /// A place for calls like this one.
    pub(super) fn place(&self, call: PendingCall, sink: &EventSink) -> WaitingPlace {
        let record = CallRecord { call, sink: sink.clone(), entered: AtomicU64::new(0), telling: Mutex::new(()) };
        let place = Arc::new(record);
        locked(&self.0.places).push(Arc::clone(&place));
        WaitingPlace { place, list: Arc::clone(&self.0) }
    }

    /// Reports the calls that wait. Never ends.
    pub(super) async fn watch(self) {
        let list = self.0;
        loop {
            if !list.look() {
                list.asleep.store(true, SeqCst);
                // What was entered before that has woken nobody.
                if !list.look() {
                    list.wake.notified().await;
                }
                list.asleep.store(false, SeqCst);
            }
            tokio::time::sleep(LONG).await;
        }
    }
}

impl WaitList {
    /// Reports the calls that have waited for long enough. Returns whether there are any that were not reported before.
    fn look(&self) -> bool {
        let mut waiting: Vec<(u64, Arc<CallRecord>)> = Vec::new();
        let mut places = locked(&self.places);
        // Those whose socket is gone.
        places.retain(|place| Arc::strong_count(place) > 1);
        for place in places.iter() {
            let entered = place.entered.load(SeqCst);
            if entered != 0 && entered & 1 == 0 {
                waiting.push((entered, Arc::clone(place)));
            }
        }
        drop(places);
        waiting.sort_unstable_by_key(|(entered, _)| *entered);
        let Some((_, first)) = waiting.first() else { return false };
        // What is told of a call that still waits can wait, too.
        if !first.sink.has_room() {
            return true;
        }
        let now = first.sink.clock().now();
        let long = waiting.iter().take_while(|(entered, _)| now.since(stamp(*entered)) >= LONG);
        long.take(AT_ONCE).for_each(|(entered, place)| place.tell(*entered));
        true
    }
}

impl WaitingPlace {
    /// A call is entered now.
    pub(super) fn enter(&self) -> EnteredCall<'_> {
        self.enter_at(self.place.sink.clock().now())
    }

    /// A call was entered at this time.
    pub(super) fn enter_at(&self, at: Stamp) -> EnteredCall<'_> {
        self.place.entered.store(at.nanos().max(1) << 1, SeqCst);
        if self.list.asleep.load(SeqCst) && self.list.asleep.swap(false, SeqCst) {
            self.list.wake.notify_one();
        }
        EnteredCall(&self.place)
    }
}

impl CallRecord {
    fn tell(&self, entered: u64) {
        let _telling = locked(&self.telling);
        if self.entered.compare_exchange(entered, entered | 1, SeqCst, SeqCst).is_ok() {
            self.sink.report_at(stamp(entered), Evidence::Called, EventKind::Waits(self.call.clone()));
        }
    }

    /// Erases the present call. Returns when it was entered, if it was reported.
    fn erase(&self) -> Option<Stamp> {
        let entered = self.entered.swap(0, SeqCst);
        if entered & 1 == 0 {
            return None;
        }
        drop(locked(&self.telling));
        Some(stamp(entered))
    }
}

impl EnteredCall<'_> {
    /// The call has returned. Returns when it was entered, if it was reported that it waits.
    pub(super) fn returned(self) -> Option<Stamp> {
        self.erase()
    }

    /// The same while it is still borrowed.
    pub(super) fn erase(&self) -> Option<Stamp> {
        self.0.erase()
    }
}

impl Drop for EnteredCall<'_> {
    fn drop(&mut self) {
        self.0.erase();
    }
}

const fn stamp(entered: u64) -> Stamp {
    Stamp::from_nanos(entered >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, EventQueue, Observation, ServerId, SocketId, Syscall};

    #[derive(Default)]
    struct Told(Mutex<Vec<Observation>>);

    impl EventQueue for Told {
        fn offer(&self, seen: Observation) -> bool {
            locked(&self.0).push(seen);
            true
        }
    }

    fn bench() -> (Arc<Told>, EventSink, Waits) {
        let told = Arc::new(Told::default());
        let sink = EventSink::new(Clock::start(), Arc::clone(&told) as Arc<dyn EventQueue>);
        (told, sink, Waits::default())
    }

    fn accept() -> PendingCall {
        PendingCall::new(SocketId::Server(ServerId(0)), Syscall::Accept, None)
    }

    #[test]
    fn a_call_is_reported_once_and_at_its_entry_when_it_has_waited() {
        let (told, sink, waits) = bench();
        let place = waits.place(accept(), &sink);
        let past = |micros: u64| Stamp::from_nanos(sink.clock().now().nanos().saturating_sub(micros * 1_000));
        while sink.clock().now() < Stamp::from_millis(3) {
            std::hint::spin_loop();
        }
        assert!(!waits.0.look(), "nothing waits");
        let since = past(2_000);
        let entered = place.enter_at(since);
        assert!(waits.0.look());
        assert!(!waits.0.look(), "it has been reported");
        assert_eq!(entered.returned(), Some(since));
        let quick = place.enter();
        assert_eq!(quick.returned(), None);
        assert!(!waits.0.look());
        let told = locked(&told.0);
        let [only] = &told[..] else { panic!("{told:?}") };
        assert_eq!((only.at, &only.kind), (since, &EventKind::Waits(accept())));
    }

    #[test]
    fn many_are_reported_little_by_little_and_those_that_are_gone_are_forgotten() {
        let (told, sink, waits) = bench();
        let places: Vec<_> = (0..100).map(|_| waits.place(accept(), &sink)).collect();
        let entered: Vec<_> = places.iter().map(|place| place.enter_at(Stamp::ZERO)).collect();
        while sink.clock().now() < Stamp::from_millis(2) {
            std::hint::spin_loop();
        }
        assert!(waits.0.look());
        assert_eq!(locked(&told.0).len(), AT_ONCE);
        drop(entered);
        assert!(!waits.0.look());
        drop(places);
        waits.0.look();
        assert!(locked(&waits.0.places).is_empty());
    }

    #[tokio::test]
    async fn the_task_that_looks_is_woken_by_a_call_that_waits() {
        let (told, sink, waits) = bench();
        let watching = tokio::spawn(waits.clone().watch());
        for round in 1..=3 {
            // Until it sleeps.
            while !waits.0.asleep.load(SeqCst) {
                tokio::task::yield_now().await;
            }
            let place = waits.place(accept(), &sink);
            let _entered = place.enter();
            while locked(&told.0).len() < round {
                tokio::task::yield_now().await;
            }
        }
        watching.abort();
    }
}
