//! The laboratory's events: each call and change, with its time, as `called` evidence.
//!
//! A call whose effects others notice (`listen`, `connect`, `send`, `shutdown`, `close`) is stamped with the time at which it
//! was entered: they may have noticed, and answered, before it returns. A call that waits for others (`accept`, `recv`) is
//! stamped with the time at which it returned, and so is any other call that waited for longer than [`BRIEF`]: its entry is
//! in the journal already, and times must not run back.

use std::io;
use std::time::Duration;

use super::waits::{WaitingPlace, Waits};
use crate::domain::broadcast::BroadcastChange;
use crate::domain::client::ClientChange;
use crate::domain::{
    Args, BroadcastEvent, BulkEvent, Call, ClientEvent, ClientId, EventKind, EventSink, Evidence, Flow, GuardEvent,
    Note, Outcome, PendingCall, ScanChange, ScanEvent, ServerChange, ServerEvent, ServerId, SocketId, Stamp, Syscall,
    TargetChange, TargetEvent, TargetHost, Transfer,
};

/// How long to wait before asking again whether a full queue has room.
const FULL: Duration = Duration::from_millis(5);

/// How far the times of a journal may run back. A call that has effects stands at its entry if it took no longer.
const BRIEF: Duration = Duration::from_millis(40);

/// Reports to the event sink. Only [`Reporter::room`] waits.
#[derive(Debug, Clone)]
pub(super) struct Reporter {
    sink: EventSink,
    waits: Waits,
}

impl Reporter {
    pub(super) fn new(sink: EventSink) -> Self {
        Self { sink, waits: Waits::default() }
    }

    /// The calls that may be waiting. They are reported as long as [`Waits::watch`] runs.
    pub(super) fn waits(&self) -> Waits {
        self.waits.clone()
    }

    /// Where a socket's calls of this kind are written down while they may be waiting.
    pub(super) fn place(&self, socket: SocketId, call: Syscall, flow: Option<Flow>) -> WaitingPlace {
        self.waits.place(PendingCall::new(socket, call, flow), &self.sink)
    }

    pub(super) fn now(&self) -> Stamp {
        self.sink.clock().now()
    }

    /// Waits until the events have been read so far that there is room for more. Sockets are made no faster than that.
    pub(super) async fn room(&self) {
        while !self.sink.has_room() {
            tokio::time::sleep(FULL).await;
        }
    }

    fn report(&self, kind: EventKind) {
        // None of them is optional: the queue takes it.
        let _ = self.sink.report(Evidence::Called, kind);
    }

    /// An end begins to send many bytes.
    pub(super) fn bulk(&self, socket: SocketId, flow: Flow, bytes: u64) {
        self.report(EventKind::Bulk(BulkEvent { socket, flow, bytes }));
    }

    pub(super) fn call(&self, call: Call) {
        self.report(EventKind::Call(call));
    }

    /// How long a call took that was entered then, in microseconds.
    fn took(&self, entered: Stamp) -> u64 {
        micros(entered, self.now())
    }

    /// A call that returned now. It `waited` since it was entered, if that was reported.
    pub(super) fn returned(&self, waited: Option<Stamp>, call: Call) {
        let now = self.now();
        let call = Call { took_us: waited.map(|entered| micros(entered, now)), waited: waited.is_some(), ..call };
        let _ = self.sink.report_at(now, Evidence::Called, EventKind::Call(call));
    }

    /// A call that was entered at this time and returns now.
    pub(super) fn call_at(&self, entered: Stamp, call: Call) {
        let call = Call { took_us: Some(self.took(entered)), ..call };
        let _ = self.sink.report_at(entered, Evidence::Called, EventKind::Call(call));
    }

    /// A call that was entered at this time and returns now. It `waited`, if that was reported.
    pub(super) fn call_from(&self, entered: Stamp, waited: Option<Stamp>, call: Call) {
        if waited.is_some() && !(call.result.is_ok() && self.is_brief(entered)) {
            // What it failed of happened meanwhile.
            self.returned(waited, call);
        } else {
            self.call_at(entered, call);
        }
    }

    fn is_brief(&self, entered: Stamp) -> bool {
        self.now().since(entered) < BRIEF
    }

    /// A `send` that was entered at `at` and returns now, with the bytes that the kernel took. It `waited`, if that was
    /// reported. Returns what time it is.
    pub(super) fn sent(
        &self,
        at: Stamp,
        waited: Option<Stamp>,
        (socket, flow): (SocketId, Flow),
        sent: &io::Result<usize>,
        bytes: &[u8],
    ) -> Stamp {
        let call = Call::new(socket, Syscall::Send).on(flow);
        match sent {
            Ok(len) => self.moved_from(at, waited, call, &bytes[..*len]),
            Err(_) => {
                self.call_from(at, waited, call.returned(sent));
                self.now()
            }
        }
    }

    /// A `recv` that returns now with these bytes, of at most so many, and `waited` since it was entered, if that was
    /// reported. Returns what time it is.
    pub(super) fn received(
        &self,
        waited: Option<Stamp>,
        (socket, flow): (SocketId, Flow),
        received: &io::Result<usize>,
        (bytes, most): (&[u8], usize),
    ) -> Stamp {
        let size = Args::Number(most as u64);
        let call = Call::new(socket, Syscall::Recv).with(size).on(flow);
        let call = match received {
            Ok(1..) => return self.moved(waited, call, bytes),
            Ok(0) => call.carrying(b""),
            Err(_) => call.returned(received),
        };
        self.returned(waited, call);
        self.now()
    }

    /// A call that moved these bytes and returns now. It `waited` since it was entered, if that was reported. Returns what
    /// time it is.
    pub(super) fn moved(&self, waited: Option<Stamp>, call: Call, data: &[u8]) -> Stamp {
        let now = self.now();
        let took_us = waited.map(|entered| micros(entered, now));
        self.transfer(now, &Call { took_us, waited: waited.is_some(), ..call }, data);
        now
    }

    /// A call that was entered at this time, moved these bytes and returns now. It `waited`, if that was reported. Returns
    /// what time it is.
    pub(super) fn moved_from(&self, entered: Stamp, waited: Option<Stamp>, call: Call, data: &[u8]) -> Stamp {
        if waited.is_some() && !self.is_brief(entered) {
            return self.moved(waited, call, data);
        }
        let now = self.now();
        self.transfer(entered, &Call { took_us: Some(micros(entered, now)), ..call }, data);
        now
    }

    fn transfer(&self, at: Stamp, call: &Call, data: &[u8]) {
        let Call { socket, call, args, flow, took_us, waited, .. } = *call;
        self.sink.report_transfer(Transfer { at, socket, call, args, flow, len: data.len(), took_us, waited }, data);
    }

    /// A call that receives at most so many bytes, and was given up.
    pub(super) fn timed_out(&self, entered: Stamp, call: Call, most: usize) {
        self.returned(Some(entered), Call { result: Outcome::TimedOut, ..call.with(Args::Number(most as u64)) });
    }

    /// A `recv` that returned because this side shut the socket down: 0 bytes, although the peer has not closed.
    pub(super) fn woken(&self, waited: Option<Stamp>, (socket, flow): (SocketId, Flow), buffer: &[u8]) {
        let size = Args::Number(buffer.len() as u64);
        let call = Call::new(socket, Syscall::Recv).with(size).on(flow).carrying(b"");
        self.returned(waited, Call { shut_down: true, ..call });
    }

    pub(super) fn server(&self, server: ServerId, change: ServerChange) {
        self.report(EventKind::Server(ServerEvent { server, change }));
    }

    pub(super) fn client(&self, client: ClientId, change: ClientChange) {
        self.report(EventKind::Client(ClientEvent { client, change }));
    }

    pub(super) fn broadcast(&self, message: u32, change: BroadcastChange) {
        self.report(EventKind::Broadcast(BroadcastEvent { message, change }));
    }

    /// `false` if it did not fit and has to be reported again.
    pub(super) fn guard(&self, event: GuardEvent) -> bool {
        self.sink.report(Evidence::Called, EventKind::Guard(event))
    }

    pub(super) fn target(&self, target: TargetHost, change: TargetChange) {
        self.report(EventKind::Target(TargetEvent { target, change }));
    }

    pub(super) fn scan(&self, scan: u32, change: ScanChange) {
        self.report(EventKind::Scan(ScanEvent { scan, change }));
    }

    pub(super) fn note(&self, note: Note) {
        self.report(EventKind::Note(note));
    }
}

/// The time between two moments, in microseconds.
fn micros(from: Stamp, to: Stamp) -> u64 {
    u64::try_from(to.since(from).as_micros()).unwrap_or(u64::MAX)
}
