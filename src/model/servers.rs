//! The servers as the events left them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::table::Table;
use crate::domain::{
    Call, ConnNo, Errno, Flow, Outcome, Process, Proto, ServerChange, ServerEvent, ServerId, ServerSpec, ServiceModel,
    SocketId, Stamp, Syscall,
};

/// How many ended connections are remembered by their peers: what the kernel says of their end comes after it.
const PAST_PEERS: usize = 1_000;
/// How many times of having its port are remembered.
const PAST_TENURES: usize = 64;

/// Whether a server runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerStatus {
    /// It was never started, or it was stopped.
    Off,
    /// It is bound to its port.
    Up {
        /// Its actual address.
        addr: SocketAddr,
        /// The argument of `listen`.
        backlog: u32,
    },
    /// It could not bind its port.
    Failed {
        /// Why.
        errno: Errno,
        /// The process that holds the port, if that is known.
        holder: Option<Process>,
    },
}

/// A connection that is being served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serving {
    /// By a thread, a task or the accept loop itself.
    pub by: ServiceModel,
    /// Since when, by this model.
    pub since: Stamp,
}

/// One server.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its id.
    pub id: ServerId,
    /// Its specification.
    pub spec: ServerSpec,
    /// Whether it runs.
    pub status: ServerStatus,
    /// How it serves; none for UDP.
    pub model: Option<ServiceModel>,
    /// Why `accept` waits, when it does.
    pub paused: Option<Errno>,
    /// Connections that are being served.
    pub serving: BTreeMap<ConnNo, Serving>,
    /// The other side of each connection, of the latest that ended too.
    pub peers: BTreeMap<ConnNo, SocketAddr>,
    /// Connections accepted, or datagrams received, since the start.
    pub served: u64,
    /// Bytes received and sent.
    pub bytes: (u64, u64),
    /// When it had its port: from when, and until when. Others may have had it between.
    tenures: Vec<(Stamp, Option<Stamp>)>,
}

impl Server {
    /// Its address, or the one that it would have.
    pub const fn addr(&self) -> SocketAddr {
        match self.status {
            ServerStatus::Up { addr, .. } => addr,
            _ => self.spec.addr,
        }
    }

    /// The address at which clients on this machine reach it: on loopback if it listens on every address. Not every
    /// system accepts the wildcard as a destination, and no table shows it as a peer.
    pub fn reach(&self) -> SocketAddr {
        let addr = self.addr();
        let ip = match addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, addr.port())
    }

    /// Whether it is bound to its port.
    pub const fn is_up(&self) -> bool {
        matches!(self.status, ServerStatus::Up { .. })
    }

    /// How many connections may be half open, or wait for `accept`: each of the two is bounded by the backlog
    /// (`listen(2)`). The table's value counts before the requested one: the kernel has a limit of its own
    /// (`somaxconn`).
    pub fn limit(&self, table: &Table) -> Option<u32> {
        let ServerStatus::Up { addr, backlog } = self.status else { return None };
        if self.spec.proto != Proto::Tcp {
            return None;
        }
        let row = table.of(&Flow::unconnected(Proto::Tcp, addr));
        row.and_then(|entry| entry.row.send_q).or(Some(backlog))
    }

    /// Whether a socket on its address was its own at this moment: while it was bound, or as a connection that it
    /// accepted.
    pub(super) fn had(&self, flow: &Flow, at: Stamp) -> bool {
        let within = |(from, until): &(Stamp, Option<Stamp>)| *from <= at && until.is_none_or(|until| at <= until);
        self.tenures.iter().any(within)
            || flow.peer.is_some_and(|peer| self.peers.values().any(|accepted| *accepted == peer))
    }

    /// It is bound to its port from now on.
    fn take_office(&mut self, at: Stamp) {
        if self.tenures.last().is_none_or(|(_, until)| until.is_some()) {
            self.tenures.push((at, None));
        }
        let old = self.tenures.len().saturating_sub(PAST_TENURES);
        self.tenures.drain(..old);
    }

    fn leave_office(&mut self, at: Stamp) {
        if let Some((_, until @ None)) = self.tenures.last_mut() {
            *until = Some(at);
        }
    }

    /// The connection that was accepted last from this client, and whether it is still served.
    pub(super) fn accepted(&self, peer: SocketAddr) -> Option<(ConnNo, bool)> {
        let (&conn, _) = self.peers.iter().rev().find(|(_, accepted)| **accepted == peer)?;
        Some((conn, self.serving.contains_key(&conn)))
    }

    /// How many connections are served by `model` now.
    pub fn served_by(&self, model: ServiceModel) -> usize {
        self.serving.values().filter(|serving| serving.by == model).count()
    }

    /// The client that a sequential server is busy with.
    pub fn busy_with(&self) -> Option<SocketAddr> {
        let (conn, _) = self.serving.iter().find(|(_, serving)| serving.by == ServiceModel::Sequential)?;
        self.peers.get(conn).copied()
    }
}

/// All servers, in the order they were asked for.
#[derive(Debug, Clone, Default)]
pub struct Servers(Vec<Server>);

impl Servers {
    /// All of them.
    pub fn all(&self) -> &[Server] {
        &self.0
    }

    /// The one with this id.
    pub fn get(&self, id: ServerId) -> Option<&Server> {
        self.0.iter().find(|server| server.id == id)
    }

    /// The one that is, or would be, at this address; else one that listens on its port of every address.
    pub fn at(&self, proto: Proto, addr: SocketAddr) -> Option<&Server> {
        let all = || self.0.iter().filter(|server| server.spec.proto == proto);
        let everywhere = |own: SocketAddr| own.ip().is_unspecified() && own.port() == addr.port();
        all().find(|server| server.addr() == addr).or_else(|| all().find(|server| everywhere(server.addr())))
    }

    /// Whether one of them can be reached from other machines now.
    pub fn are_open(&self) -> bool {
        self.0.iter().any(|server| server.is_up() && !server.addr().ip().to_canonical().is_loopback())
    }

    pub(super) fn apply(&mut self, at: Stamp, event: &ServerEvent) {
        if let ServerChange::Added { spec } = &event.change {
            self.add(event.server, spec.clone());
            return;
        }
        let Some(server) = self.0.iter_mut().find(|server| server.id == event.server) else { return };
        match &event.change {
            ServerChange::Added { .. } => {}
            ServerChange::Started { addr, backlog } => {
                server.status = ServerStatus::Up { addr: *addr, backlog: *backlog };
                server.paused = None;
                server.take_office(at);
            }
            ServerChange::Failed { errno, holder } => {
                server.leave_office(at);
                server.status = ServerStatus::Failed { errno: *errno, holder: holder.clone() };
            }
            ServerChange::Stopped => {
                server.status = ServerStatus::Off;
                server.paused = None;
                server.serving.clear();
                server.leave_office(at);
            }
            ServerChange::Model { model } => server.model = Some(*model),
            ServerChange::Serving { conn, by } => {
                server.serving.insert(*conn, Serving { by: *by, since: at });
            }
            ServerChange::Served { conn } => {
                server.serving.remove(conn);
                while server.peers.len() > server.serving.len() + PAST_PEERS {
                    server.peers.pop_first();
                }
            }
            ServerChange::Paused { errno } => server.paused = Some(*errno),
            ServerChange::Resumed => server.paused = None,
        }
    }

    /// Follows a call on a server's socket.
    pub(super) fn called(&mut self, at: Stamp, call: &Call) {
        let Some(server) = call.socket.server().and_then(|id| self.0.iter_mut().find(|server| server.id == id)) else {
            return;
        };
        let len = call.data.as_ref().map_or(0, |data| data.len as u64);
        match (call.call, call.result) {
            // Between this and the word that it has started, the kernel may tell of its socket.
            (Syscall::Bind, Outcome::Ok) => server.take_office(at),
            (Syscall::Accept, Outcome::Ok) => {
                server.served += 1;
                let peer = call.flow.and_then(|flow| flow.peer);
                if let (Some(SocketId::Conn(_, conn)), Some(peer)) = (call.new_socket, peer) {
                    server.peers.insert(conn, peer);
                }
            }
            (Syscall::Recvfrom, Outcome::Ok) => {
                server.served += call.count();
                server.bytes.0 += len;
            }
            (Syscall::Recv, Outcome::Ok) => server.bytes.0 += len,
            (Syscall::Send | Syscall::Sendto, Outcome::Ok) => server.bytes.1 += len,
            _ => {}
        }
    }

    fn add(&mut self, id: ServerId, spec: ServerSpec) {
        self.0.retain(|server| server.id != id);
        self.0.push(Server {
            id,
            model: spec.model,
            spec,
            status: ServerStatus::Off,
            paused: None,
            serving: BTreeMap::new(),
            peers: BTreeMap::new(),
            served: 0,
            bytes: (0, 0),
            tenures: Vec::new(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Answer, Flow};

    #[test]
    fn a_port_belongs_to_a_server_from_bind_until_it_stops() {
        let addr = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let model = Some(ServiceModel::Threaded);
        let spec = ServerSpec { name: "one".into(), proto: Proto::Tcp, addr: addr(80), answer: Answer::Upper, model };
        let id = ServerId(0);
        let mut servers = Servers::default();
        let (bound, started) =
            (Call::new(SocketId::Server(id), Syscall::Bind), || ServerChange::Started { addr: addr(80), backlog: 1 });
        let failed = || ServerChange::Failed { errno: Errno::AddrInUse, holder: None };
        let change = |servers: &mut Servers, at, change| {
            servers.apply(Stamp::from_millis(at), &ServerEvent { server: id, change });
        };
        change(&mut servers, 1, ServerChange::Added { spec });
        change(&mut servers, 2, failed());
        servers.called(Stamp::from_millis(10), &bound);
        change(&mut servers, 12, started());
        change(&mut servers, 20, ServerChange::Stopped);
        change(&mut servers, 30, failed());
        change(&mut servers, 40, started());
        let listener = Flow::unconnected(Proto::Tcp, addr(80));
        let had = |at| servers.get(id).is_some_and(|server| server.had(&listener, Stamp::from_millis(at)));
        let times = [5, 10, 11, 20, 25, 35, 40, 50];
        assert_eq!(times.map(had), [false, true, true, true, false, false, true, true]);
    }
}
