//! The world: what all events so far amount to. A total fold: no order of events can make it fail.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::broadcasts::Broadcasts;
use super::clients::{Clients, ShortBurst};
use super::histories::Histories;
use super::peers::Peers;
use super::playing::PlayedLesson;
use super::scan::Scans;
use super::servers::{Server, Servers};
use super::table::Table;
use super::target::Target;
use super::wire::WireState;
use crate::domain::client::ClientChange;
use crate::domain::note::TableSource;
use crate::domain::{
    Call, Delta, Destination, Errno, Event, EventKind, Evidence, Flow, LessonChange, Note, Outcome, Proto, SocketId,
    Stamp, Syscall, TcpInfo, WireEvent, WorldId,
};

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The servers.
    pub servers: Servers,
    /// Their clients, ours and others'.
    pub clients: Clients,
    /// Their peers by address: connections, data, refusals.
    pub peers: Peers,
    /// The kernel's socket table.
    pub table: Table,
    /// One history per end of a connection.
    pub histories: Histories,
    /// The messages sent to several servers at once.
    pub broadcasts: Broadcasts,
    /// The clients' target, if it is not the servers here.
    pub target: Option<Target>,
    /// The port checks.
    pub scans: Scans,
    /// Which kinds of evidence can be had, and why not those that cannot.
    pub evidence: BTreeMap<Evidence, Result<(), Errno>>,
    /// The latest `TCP_INFO` of the connection that was requested.
    pub info: Option<TcpInfo>,
    /// The source of the table, once it was read.
    pub table_source: Option<TableSource>,
    /// The kernel's range of ephemeral ports.
    pub port_range: Option<(u16, u16)>,
    /// The addresses that other machines could reach this one by, the best first.
    pub addresses: Vec<IpAddr>,
    /// Whether other programs' servers are watched instead of ours.
    pub observing: bool,
    /// The wire between the hosts, in the world that has one.
    pub wire: WireState,
    /// The lesson that is played in it.
    pub playing: Option<PlayedLesson>,
    /// How many observations were lost because the queue was full.
    pub lost: u64,
    /// How many events there were.
    pub events: u64,
}

impl World {
    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        self.events = self.events.max(event.seq);
        let at = event.seen.at;
        match &event.seen.kind {
            EventKind::Call(call) => self.called(event, call),
            EventKind::State(change) => {
                self.histories.apply(at, event.seen.evidence, change);
                if event.seen.world == WorldId::Wire {
                    self.wire.changed(&event.seen, change);
                }
            }
            EventKind::Confirmed(change) => self.histories.confirm(at, event.seen.evidence, change),
            EventKind::Info(info) => {
                self.info = Some(info.clone());
                self.wire.informed(&event.seen, info);
            }
            EventKind::Row(delta) => {
                self.table.apply(at, event.seen.host, delta);
                match delta {
                    Delta::Gone(key) => self.clients.left(&key.flow),
                    Delta::Found(row) | Delta::Added(row) | Delta::Changed(row) => {
                        if let Some(process) = &row.process {
                            self.clients.named(row.flow, process);
                        }
                    }
                    Delta::Unwatched(_) => {}
                }
            }
            EventKind::Server(server) => {
                self.servers.apply(at, server);
                self.peers.apply(server);
            }
            EventKind::Client(client) => {
                self.clients.apply(at, client);
                if let (WorldId::Wire, ClientChange::Dialing { flow }) = (event.seen.world, &client.change) {
                    self.wire.dialing(&event.seen, *flow);
                }
            }
            EventKind::Broadcast(broadcast) => self.broadcasts.apply(broadcast),
            EventKind::Target(target) => Target::apply(&mut self.target, target),
            EventKind::Scan(scan) => self.scans.apply(at, scan),
            EventKind::Note(note) => self.noted(at, note),
            EventKind::Guard(guard) => self.peers.guarded(at, guard),
            EventKind::Packet(packet) if event.seen.world == WorldId::Wire => self.wire.sent(&event.seen, packet),
            EventKind::Packet(_) | EventKind::Capture(_) => {}
            EventKind::Wire(wire) => {
                if matches!(wire, WireEvent::Opened { .. }) {
                    // New hosts: nothing of those before is left.
                    *self = Self { events: self.events, lost: self.lost, ..Self::default() };
                }
                if matches!(wire, WireEvent::Closed { .. }) {
                    self.playing = None;
                    // The hosts are gone with all their sockets.
                    self.table = Table::default();
                }
                self.wire.apply(&event.seen, wire);
            }
            EventKind::Lesson(lesson) => match lesson.change {
                LessonChange::Left => self.playing = None,
                _ => self.playing.get_or_insert_with(|| PlayedLesson::of(&lesson.lesson)).apply(&lesson.change),
            },
        }
    }

    /// The server whose socket this was at this moment; if other programs' servers are watched, the one they stand for.
    pub fn server_of(&self, flow: &Flow, at: Stamp) -> Option<&Server> {
        self.servers.at(flow.proto, flow.local).filter(|server| self.observing || server.had(flow, at))
    }

    fn called(&mut self, event: &Event, call: &Call) {
        let at = event.seen.at;
        if event.seen.world == WorldId::Wire {
            self.wire.called(&event.seen, call);
        }
        if let Some(playing) = &mut self.playing {
            playing.called(call);
        }
        match call.socket {
            SocketId::Client(id) => self.clients.called(id, call),
            SocketId::Broadcast(server) => {
                let opened = matches!(call.call, Syscall::Connect | Syscall::Sendto) && call.result == Outcome::Ok;
                if opened && let Some((flow, server)) = call.flow.zip(self.servers.get(server)) {
                    let addr = flow.peer.unwrap_or_else(|| server.reach());
                    let id = self.target.is_none().then_some(server.id);
                    let destination = Destination { server: id, proto: server.spec.proto, addr };
                    self.clients.broadcaster(at, destination, flow);
                }
                if let Some(flow) = call.flow {
                    self.clients.broadcast_called(flow, call);
                }
            }
            SocketId::Server(_) | SocketId::Conn(..) => {
                self.servers.called(at, call);
                self.peers.called(at, call);
                let knocks = matches!(call.call, Syscall::Accept | Syscall::Recvfrom) && call.result == Outcome::Ok;
                if let Some(flow) = call.flow {
                    if knocks {
                        let row = flow.mirror().and_then(|theirs| self.table.of(&theirs));
                        let process = row.and_then(|entry| entry.row.process.as_ref());
                        self.clients.knocked(at, call.socket, flow, process);
                    }
                    self.clients.served(&flow, call);
                }
                let over = call.call == Syscall::Close;
                if let Some(other) = call.flow.filter(|f| over && f.proto == Proto::Tcp).and_then(|flow| flow.mirror())
                {
                    self.clients.left(&other);
                }
            }
        }
    }

    fn noted(&mut self, at: Stamp, note: &Note) {
        match note {
            // It was interrupted by a key that closes all of them.
            Note::BurstCut { errno: Errno::Interrupted, .. } => {}
            Note::BurstCut { asked, made, errno } => {
                let short = ShortBurst { asked: *asked, made: *made, errno: *errno };
                self.clients.short = Some(short);
                self.wire.cut_short(at, short);
            }
            Note::Dropped { count } | Note::TraceLost { count } | Note::CaptureLost { count } => self.lost += count,
            Note::Has { what } => {
                self.evidence.insert(*what, Ok(()));
            }
            Note::Lacks { what, errno } => {
                self.evidence.insert(*what, Err(*errno));
            }
            Note::TableFrom { source } => self.table_source = Some(*source),
            Note::Addresses { addresses } => self.addresses.clone_from(addresses),
            Note::PortRange { low, high } => self.port_range = Some((*low, *high)),
            Note::Observing { .. } => self.observing = true,
            Note::Descriptors { .. }
            | Note::TableFailed { .. }
            | Note::TraceForeign { .. }
            | Note::CaptureSaved { .. }
            | Note::CaptureNotSaved { .. }
            | Note::Mark { .. }
            | Note::RecordFailed { .. }
            | Note::Unasked { .. }
            | Note::NoThread { .. } => {}
        }
    }
}
