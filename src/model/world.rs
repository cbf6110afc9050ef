//! The world: what all events so far amount to. A total fold: no order of events can make it fail.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::broadcasts::Broadcasts;
use super::bulks::Bulks;
use super::clients::{Clients, ShortBurst};
use super::histories::Histories;
use super::moved_bytes::MovedBytes;
use super::peers::Peers;
use super::playing::PlayedLesson;
use super::scan::Scans;
use super::servers::{Server, Servers};
use super::table::{Table, TableEntry};
use super::target::Target;
use super::unclaimed_peer::{UnclaimedPeer, anywhere, own_end};
use super::wire::WireState;
use crate::domain::client::ClientChange;
use crate::domain::note::TableSource;
use crate::domain::{
    Call, Delta, Destination, Errno, Event, EventKind, Evidence, Flow, LessonChange, Note, Outcome, PacketSummary,
    Proto, Row, ServerSpec, SocketId, Stamp, Syscall, TcpInfo, TcpState, WireEvent, WorldId,
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
    /// The bulk transfers.
    pub bulks: Bulks,
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
    /// How many of the kernel's reports of state changes were lost.
    pub lost: u64,
    /// How many packets were not captured, or not listed.
    pub missing_packets: u64,
    /// How many events of the kinds that are listed there were: the table's rows, packets and the like are not.
    pub events: u64,
}

impl World {
    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        self.events += u64::from(event.seen.kind.is_listed());
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
                self.table_changed(at, delta);
            }
            EventKind::Holder(holder) => self.clients.held(at, holder),
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
            EventKind::Bulk(bulk) => self.bulks.began(bulk),
            EventKind::Target(target) => Target::apply(&mut self.target, target),
            EventKind::Scan(scan) => self.scans.apply(at, scan),
            EventKind::Note(note) => self.noted(at, note),
            EventKind::Guard(guard) => self.peers.guarded(at, guard),
            EventKind::Packet(packet) if event.seen.world == WorldId::Wire => self.wire.sent(&event.seen, packet),
            EventKind::Packet(packet) if self.observing => self.passed(at, packet),
            EventKind::Packet(_) | EventKind::Capture(_) | EventKind::Waits(_) => {}
            EventKind::Wire(wire) => {
                if matches!(wire, WireEvent::Opened { .. }) {
                    // New hosts: nothing of those before is left.
                    let Self { lost, missing_packets, events, .. } = *self;
                    let playing = self.playing.take_if(|playing| playing.anew.is_some());
                    *self = Self { playing, lost, missing_packets, events, ..Self::default() };
                }
                if matches!(wire, WireEvent::Closed { .. }) {
                    self.playing.take_if(|playing| playing.anew.is_none());
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
        if self.observing {
            return self.watched_server(flow.proto, flow.local);
        }
        self.servers.at(flow.proto, flow.local).filter(|server| server.had(flow, at))
    }

    /// The row of the socket that listens at a server's address, or for UDP is bound to it. Another program's server,
    /// which is only watched, may listen on all addresses or on another one of this machine.
    pub fn listener(&self, server: &Server) -> Option<&TableEntry> {
        let Server { spec: ServerSpec { proto, .. }, .. } = *server;
        let of = |ip| self.table.of(&Flow::unconnected(proto, SocketAddr::new(ip, server.addr().port())));
        let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
        let elsewhere = || any.into_iter().chain(self.addresses.iter().copied()).find_map(of);
        of(server.addr().ip()).or_else(|| if self.observing { elsewhere() } else { None })
    }

    /// Whether this is an address of this machine, or of one of the wire's hosts: their tables are read, too.
    fn is_here(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.wire.is_open() || ip.is_loopback() || ip.is_unspecified() || self.addresses.contains(&ip)
    }

    /// The end of another program's client on this machine that an event is about, if its process or its end can be
    /// learned from the kernel only.
    pub(super) fn caller(&self, kind: &EventKind) -> Option<Flow> {
        let end = match kind {
            EventKind::Call(call) => {
                let hears = matches!(call.call, Syscall::Accept | Syscall::Recvfrom) && call.result == Outcome::Ok;
                let server = matches!(call.socket, SocketId::Server(_));
                call.flow.filter(|_| hears && server)?.mirror()?
            }
            EventKind::Row(Delta::Found(row) | Delta::Added(row)) if self.observing && row.process.is_none() => {
                self.watched_server(row.flow.proto, row.flow.peer?).map(|_| row.flow)?
            }
            EventKind::Packet(packet) if self.observing => {
                let (end, _) = self.watched_client(packet).filter(|(end, _)| *end == packet.flow)?;
                Some(end).filter(|end| end.proto == Proto::Udp)?
            }
            _ => return None,
        };
        (self.is_here(end.local.ip()) && !self.clients.is_own(&end)).then_some(end)
    }

    /// The watched server that has this port of this machine.
    fn watched_server(&self, proto: Proto, addr: SocketAddr) -> Option<&Server> {
        let here = self.is_here(addr.ip());
        let of_port = |server: &&Server| server.spec.proto == proto && server.addr().port() == addr.port();
        self.servers.at(proto, addr).or_else(|| self.servers.all().iter().find(of_port).filter(|_| here))
    }

    /// Follows what a change of the table says of a client.
    fn table_changed(&mut self, at: Stamp, delta: &Delta) {
        match delta {
            Delta::Gone(key) if key.flow.proto == Proto::Udp => {
                let ends = match key.flow.peer {
                    Some(_) => vec![own_end(key.flow)],
                    // Of a socket that has no peer the table shows the address that it is bound to.
                    None => self.clients.bound_to(key.flow.local),
                };
                for end in ends {
                    let rows = [key.flow, end, anywhere(end)];
                    if rows.iter().all(|flow| self.table.of(flow).is_none()) && self.is_here(end.local.ip()) {
                        self.clients.vanished(at, &end);
                    }
                }
            }
            Delta::Gone(key) => {
                // These addresses may belong to another connection by now.
                let gone = |flow: &Flow| self.table.of(flow).is_none();
                let theirs = key.flow.mirror().filter(|theirs| self.observing && gone(theirs));
                let left = Some(key.flow).filter(gone);
                // Of a watched server's client on another machine only the server's end is seen.
                left.into_iter().chain(theirs).for_each(|flow| self.clients.left(&flow));
            }
            Delta::Found(row) | Delta::Added(row) | Delta::Changed(row) => {
                if self.observing {
                    self.watched(at, row);
                }
                if let Some(process) = &row.process {
                    self.clients.named(row.flow, process);
                }
            }
            Delta::Unwatched(_) => {}
        }
    }

    /// The calls of a watched server are not seen: its clients come from the table, by either end of a connection.
    fn watched(&mut self, at: Stamp, row: &Row) {
        let Some(mirror) = row.flow.mirror() else { return };
        let client_end = self.watched_server(row.flow.proto, mirror.local);
        let Some(server) = client_end.or_else(|| self.watched_server(row.flow.proto, row.flow.local)) else { return };
        let end = if client_end.is_some() { row.flow } else { mirror };
        let Some(addr) = end.peer else { return };
        match row.state {
            // Anyone can leave connections half open.
            Some(TcpState::SynRecv | TcpState::Listen | TcpState::Closed) => {}
            state => {
                let destination = Destination { server: Some(server.id), proto: row.flow.proto, addr };
                let process = row.process.clone().filter(|_| client_end.is_some());
                let peer = UnclaimedPeer { at, end: own_end(end), destination, process, bytes: MovedBytes::default() };
                self.clients.watched(peer, state == Some(TcpState::TimeWait));
            }
        }
    }

    /// The end of a watched server's client that a packet is from or to, and that server.
    fn watched_client(&self, packet: &PacketSummary) -> Option<(Flow, &Server)> {
        let PacketSummary { flow, icmp: None, .. } = packet else { return None };
        if packet.is_piece() {
            return None;
        }
        let to = self.watched_server(flow.proto, flow.peer?).map(|server| (*flow, server));
        to.or_else(|| Some((flow.mirror()?, self.watched_server(flow.proto, flow.local)?)))
    }

    /// A packet was captured: all that tells of a watched server's bytes, and of its UDP clients, whose sockets need not
    /// be connected.
    fn passed(&mut self, at: Stamp, packet: &PacketSummary) {
        let Some((end, server)) = self.watched_client(packet) else { return };
        let Some(addr) = end.peer else { return };
        let destination = Destination { server: Some(server.id), proto: end.proto, addr };
        if end.proto == Proto::Udp && end == packet.flow {
            let peer =
                UnclaimedPeer { at, end: own_end(end), destination, process: None, bytes: MovedBytes::default() };
            self.clients.watched(peer, false);
        }
        self.clients.passed(end, packet);
    }

    fn called(&mut self, event: &Event, call: &Call) {
        let at = event.seen.at;
        if event.seen.world == WorldId::Wire {
            self.wire.called(&event.seen, call);
        }
        if let Some(playing) = &mut self.playing {
            playing.called(call);
        }
        self.bulks.called(call);
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
            Note::TraceLost { count } => self.lost += count,
            Note::Dropped { count } | Note::CaptureLost { count } => {
                self.missing_packets += count;
                if self.observing && *count > 0 {
                    self.clients.uncaptured();
                }
            }
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
