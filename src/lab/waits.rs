//! Which calls wait: one that has not returned a millisecond after it was entered is reported, and again with its result.
//!
//! A call that may wait writes down when it was entered, and erases that when it returns. The calls that were entered
//! stand in a queue, each socket's at most once, in which one task looks at those that are a millisecond old; it sleeps
//! while the queue is empty. So a call that returns sooner costs two writes, and one that waits for ever costs nothing but
//! its place, however many there are.

use std::collections::VecDeque;
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
    /// The calls that were entered and not looked at since, with that time, the earliest first.
    entered: Mutex<VecDeque<(Stamp, Arc<CallRecord>)>>,
    /// Notified when there is one after there was none.
    filled: Notify,
}

/// Where the calls of one kind on one socket are written down.
#[derive(Debug)]
struct CallRecord {
    call: PendingCall,
    sink: EventSink,
    /// When the present call was entered, in nanoseconds times two, plus one if that was reported; 0 if none is waiting.
    entered: AtomicU64,
    /// Whether it stands in the queue, for the present call or an earlier one.
    is_queued: AtomicBool,
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
        let (entered, is_queued, telling) = Default::default();
        let record = CallRecord { call, sink: sink.clone(), entered, is_queued, telling };
        WaitingPlace { place: Arc::new(record), list: Arc::clone(&self.0) }
    }

    /// Reports the calls that wait. Never ends.
    pub(super) async fn watch(self) {
        let list = self.0;
        loop {
            while locked(&list.entered).is_empty() {
                list.filled.notified().await;
            }
            tokio::time::sleep(LONG).await;
            list.look();
        }
    }
}

impl WaitList {
    /// Puts a call into the queue, unless it stands there.
    fn add(&self, at: Stamp, place: &Arc<CallRecord>) {
        // Most calls find it there: looking is cheaper than writing.
        if place.is_queued.load(SeqCst) || place.is_queued.swap(true, SeqCst) {
            return;
        }
        let mut entered = locked(&self.entered);
        entered.push_back((at, Arc::clone(place)));
        let was_empty = entered.len() == 1;
        drop(entered);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Reports the calls that have waited for long enough.
    fn look(&self) {
        let mut reported = 0;
        while reported < AT_ONCE
            && let Some(place) = self.next_old()
        {
            place.is_queued.store(false, SeqCst);
            // Entered after this, it enters the queue by itself.
            let Some(entered) = place.unreported() else { continue };
            if is_long(entered, &place) {
                reported += usize::from(place.tell(entered));
            } else {
                self.add(entered, &place);
            }
        }
    }

    /// Takes the first one from the queue, if it was entered long enough ago and what is told of it need not wait, too.
    fn next_old(&self) -> Option<Arc<CallRecord>> {
        let is_old =
            |(entered, place): &mut (Stamp, Arc<CallRecord>)| is_long(*entered, place) && place.sink.has_room();
        locked(&self.entered).pop_front_if(is_old).map(|(_, place)| place)
    }
}

impl WaitingPlace {
    /// A call is entered now.
    pub(super) fn enter(&self) -> EnteredCall<'_> {
        self.enter_now().1
    }

    /// A call is entered now. Returns this time, too.
    pub(super) fn enter_now(&self) -> (Stamp, EnteredCall<'_>) {
        let now = self.place.sink.clock().now();
        (now, self.enter_at(now))
    }

    /// A call was entered at this time.
    pub(super) fn enter_at(&self, at: Stamp) -> EnteredCall<'_> {
        self.place.entered.store(at.nanos().max(1) << 1, SeqCst);
        self.list.add(at, &self.place);
        EnteredCall(&self.place)
    }
}

impl CallRecord {
    /// When the present call was entered, if there is one and that was not reported.
    fn unreported(&self) -> Option<Stamp> {
        let entered = self.entered.load(SeqCst);
        (entered != 0 && entered & 1 == 0).then(|| stamp(entered))
    }

    /// Reports the call that was entered then, unless it has returned.
    fn tell(&self, at: Stamp) -> bool {
        let _telling = locked(&self.telling);
        let entered = at.nanos() << 1;
        let waits = self.entered.compare_exchange(entered, entered | 1, SeqCst, SeqCst).is_ok();
        if waits {
            self.sink.report_at(at, Evidence::Called, EventKind::Waits(self.call.clone()));
        }
        waits
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
        let reported = self.erase();
        // It is erased already.
        std::mem::forget(self);
        reported
    }

    /// The same; one that took as long as a call that waits is reported now, if nobody has come to it before.
    pub(super) fn returned_late(self) -> Option<Stamp> {
        if let Some(entered) = self.0.unreported()
            && is_long(entered, self.0)
        {
            self.0.tell(entered);
        }
        self.erase()
    }

    /// [`EnteredCall::returned`] while it is still borrowed.
    pub(super) fn erase(&self) -> Option<Stamp> {
        self.0.erase()
    }
}

impl Drop for EnteredCall<'_> {
    fn drop(&mut self) {
        self.0.erase();
    }
}

/// Whether a call that was entered then has waited for so long that it is reported.
fn is_long(entered: Stamp, place: &CallRecord) -> bool {
    place.sink.clock().now().since(entered) >= LONG
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

    fn spin_until(sink: &EventSink, millis: u64) {
        while sink.clock().now() < Stamp::from_millis(millis) {
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_call_is_reported_once_and_at_its_entry_when_it_has_waited() {
        let (told, sink, waits) = bench();
        let place = waits.place(accept(), &sink);
        spin_until(&sink, 3);
        waits.0.look();
        let since = Stamp::from_millis(1);
        let entered = place.enter_at(since);
        waits.0.look();
        assert!(locked(&waits.0.entered).is_empty(), "it has been reported");
        assert_eq!(entered.returned(), Some(since));
        let quick = place.enter();
        assert_eq!(quick.returned(), None);
        let late = place.enter_at(since);
        assert_eq!(late.returned_late(), Some(since), "though nobody looked");
        let told = locked(&told.0);
        let told: Vec<_> = told.iter().map(|seen| (seen.at, &seen.kind)).collect();
        let waits = EventKind::Waits(accept());
        assert_eq!(told, [(since, &waits), (since, &waits)]);
    }

    #[test]
    fn what_returned_and_was_entered_again_is_looked_at_later() {
        let (told, sink, waits) = bench();
        let place = waits.place(accept(), &sink);
        spin_until(&sink, 2);
        for _ in 0..100 {
            drop(place.enter_at(Stamp::ZERO));
        }
        // Far in the future: the clock does not reach it here.
        let later = Stamp::from_millis(1_000_000);
        let entered = place.enter_at(later);
        assert_eq!(locked(&waits.0.entered).len(), 1, "it stands in the queue once");
        waits.0.look();
        let queued: Vec<_> = locked(&waits.0.entered).iter().map(|(at, _)| *at).collect();
        assert_eq!(queued, [later]);
        drop(entered);
        drop(place.enter_at(Stamp::ZERO));
        assert_eq!(locked(&waits.0.entered).len(), 1);
        assert!(locked(&told.0).is_empty());
    }

    #[test]
    fn many_are_reported_little_by_little_and_those_that_have_returned_are_forgotten() {
        let (told, sink, waits) = bench();
        let places: Vec<_> = (0..100).map(|_| waits.place(accept(), &sink)).collect();
        let entered: Vec<_> = places.iter().map(|place| place.enter_at(Stamp::ZERO)).collect();
        spin_until(&sink, 2);
        waits.0.look();
        assert_eq!(locked(&told.0).len(), AT_ONCE);
        drop(entered);
        drop(places);
        waits.0.look();
        assert_eq!(locked(&told.0).len(), AT_ONCE);
        assert!(locked(&waits.0.entered).is_empty());
    }

    #[tokio::test]
    async fn the_task_that_looks_is_woken_by_a_call_that_waits() {
        let (told, sink, waits) = bench();
        let watching = tokio::spawn(waits.clone().watch());
        for round in 1..=3 {
            let place = waits.place(accept(), &sink);
            let _entered = place.enter();
            while locked(&told.0).len() < round {
                tokio::task::yield_now().await;
            }
        }
        watching.abort();
    }
}
