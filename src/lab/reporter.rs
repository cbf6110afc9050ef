//! The laboratory's events: each call and change, with its time, as `called` evidence.
//!
//! A call whose effects others notice (`connect`, `send`, `shutdown`, `close`) is stamped with the time at which it was
//! entered: they may have noticed, and answered, before it returns. A call that waits for others (`accept`, `recv`) is
//! stamped with the time at which it returned.

use std::io;

use crate::domain::broadcast::BroadcastChange;
use crate::domain::client::ClientChange;
use crate::domain::{
    Args, BroadcastEvent, Call, ClientEvent, ClientId, EventKind, EventSink, Evidence, Flow, GuardEvent, Note,
    ScanChange, ScanEvent, ServerChange, ServerEvent, ServerId, SocketId, Stamp, Syscall, TargetChange, TargetEvent,
    TargetHost,
};

/// Reports to the event sink. Never waits.
#[derive(Debug, Clone)]
pub(super) struct Reporter(EventSink);

impl Reporter {
    pub(super) const fn new(sink: EventSink) -> Self {
        Self(sink)
    }

    pub(super) fn now(&self) -> Stamp {
        self.0.clock().now()
    }

    fn report(&self, kind: EventKind) {
        // The sink counts the events that do not fit.
        let _ = self.0.report(Evidence::Called, kind);
    }

    pub(super) fn call(&self, call: Call) {
        self.report(EventKind::Call(call));
    }

    /// A call that was entered at this time and returns now.
    pub(super) fn call_at(&self, entered: Stamp, call: Call) {
        let took_us = u64::try_from(self.now().since(entered).as_micros()).ok();
        let _ = self.0.report_at(entered, Evidence::Called, EventKind::Call(Call { took_us, ..call }));
    }

    /// A `send` that was made at `at`, with the bytes that the kernel took.
    pub(super) fn sent(&self, at: Stamp, socket: SocketId, flow: Flow, sent: &io::Result<usize>, bytes: &[u8]) {
        let call = Call::new(socket, Syscall::Send).on(flow).returned(sent);
        let call = match sent {
            Ok(len) => call.carrying(&bytes[..*len]),
            Err(_) => call,
        };
        self.call_at(at, call);
    }

    /// A `recv` into `buffer`.
    pub(super) fn received(&self, socket: SocketId, flow: Flow, received: &io::Result<usize>, buffer: &[u8]) {
        let size = Args::Number(buffer.len() as u64);
        let call = Call::new(socket, Syscall::Recv).with(size).on(flow).returned(received);
        self.call(match received {
            Ok(len) => call.carrying(&buffer[..*len]),
            Err(_) => call,
        });
    }

    /// A `recv` that returned because this side shut the socket down. It is reported without data, since the peer has not
    /// closed.
    pub(super) fn woken(&self, socket: SocketId, flow: Flow, buffer: &[u8]) {
        let size = Args::Number(buffer.len() as u64);
        self.call(Call::new(socket, Syscall::Recv).with(size).on(flow));
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
        self.0.report(Evidence::Called, EventKind::Guard(event))
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
