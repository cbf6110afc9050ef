//! What the laboratory says about itself: each call and change, at the moment it happened, as `called` evidence.

use std::io;

use crate::domain::broadcast::BroadcastChange;
use crate::domain::client::ClientChange;
use crate::domain::{
    Args, BroadcastEvent, Call, ClientEvent, ClientId, Evidence, Flow, Goal, GoalChange, GoalEvent, GuardEvent, Kind,
    Note, Probe, ScanChange, ScanEvent, ServerChange, ServerEvent, ServerId, SocketId, Syscall,
};

/// The lab's view of the probe. Never waits.
#[derive(Debug, Clone)]
pub(super) struct Reporter(Probe);

impl Reporter {
    pub(super) const fn new(probe: Probe) -> Self {
        Self(probe)
    }

    pub(super) fn now(&self) -> crate::domain::Stamp {
        self.0.clock().now()
    }

    fn report(&self, kind: Kind) {
        // What does not fit is counted by the probe.
        let _ = self.0.report(Evidence::Called, kind);
    }

    pub(super) fn call(&self, call: Call) {
        self.report(Kind::Call(call));
    }

    /// `send` or `recv` and their like, with the bytes that were really moved.
    pub(super) fn moved(&self, socket: SocketId, call: Syscall, flow: Flow, moved: &io::Result<usize>, bytes: &[u8]) {
        let call = Call::new(socket, call).on(flow).returned(moved);
        self.call(match moved {
            Ok(len) => call.carrying(&bytes[..*len]),
            Err(_) => call,
        });
    }

    /// `recv` with the usual buffer.
    pub(super) fn received(&self, socket: SocketId, flow: Flow, received: &io::Result<usize>, buffer: &[u8]) {
        let size = Args::Number(buffer.len() as u64);
        let call = Call::new(socket, Syscall::Recv).with(size).on(flow).returned(received);
        self.call(match received {
            Ok(len) => call.carrying(&buffer[..*len]),
            Err(_) => call,
        });
    }

    pub(super) fn server(&self, server: ServerId, change: ServerChange) {
        self.report(Kind::Server(ServerEvent { server, change }));
    }

    pub(super) fn client(&self, client: ClientId, change: ClientChange) {
        self.report(Kind::Client(ClientEvent { client, change }));
    }

    pub(super) fn broadcast(&self, message: u32, change: BroadcastChange) {
        self.report(Kind::Broadcast(BroadcastEvent { message, change }));
    }

    /// `false` when it did not fit: it has to be told again.
    pub(super) fn guard(&self, event: GuardEvent) -> bool {
        self.0.report(Evidence::Called, Kind::Guard(event))
    }

    pub(super) fn goal(&self, goal: Goal, change: GoalChange) {
        self.report(Kind::Goal(GoalEvent { goal, change }));
    }

    pub(super) fn scan(&self, scan: u32, change: ScanChange) {
        self.report(Kind::Scan(ScanEvent { scan, change }));
    }

    pub(super) fn note(&self, note: Note) {
        self.report(Kind::Note(note));
    }
}
