//! A lesson played against another machine's servers: they already run there, and only the client host's part is done
//! and checked here.

use super::act::Act;
use super::expect::Expect;
use super::file::Lesson;
use super::matcher::SocketEnd;
use crate::domain::{HostId, Proto, ServerKind, SocketId, WorldId};

/// Why a lesson cannot be played against another machine's servers.
#[derive(Debug, Clone, PartialEq)]
pub enum NotRemote {
    /// It is played on the wire, between two private hosts.
    OnTheWire,
    /// These items need a server on this machine, each with the number of its step, from 1.
    Needs(Vec<(usize, StepItem)>),
}

/// An act or an expectation of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum StepItem {
    /// An act.
    Act(Act),
    /// An expectation.
    Expect(Expect),
}

/// The part of the server host in an act.
enum ServerHostUse {
    /// Nothing.
    None,
    /// It sends to this port there.
    Port(Proto, u16),
    /// It is done there.
    DoneThere,
}

impl Lesson {
    /// The same lesson with another machine's servers. No server is started here, and a client that connects to a server
    /// by its name connects to the laboratory's usual port for that server.
    pub fn remote(mut self) -> Result<Self, NotRemote> {
        if self.world == WorldId::Wire {
            return Err(NotRemote::OnTheWire);
        }
        let mut needs = Vec::new();
        for (number, step) in (1..).zip(&self.steps) {
            let acts = step.acts.iter().filter(|act| matches!(server_host_use(act), ServerHostUse::DoneThere));
            let expects = step.expect.iter().filter(|expect| self.is_seen_there(expect));
            needs.extend(acts.map(|act| (number, StepItem::Act(act.clone()))));
            needs.extend(expects.map(|expect| (number, StepItem::Expect(expect.clone()))));
        }
        if !needs.is_empty() {
            return Err(NotRemote::Needs(needs));
        }
        for step in &mut self.steps {
            step.acts.retain(|act| !matches!(act, Act::Start(_)));
            for act in &mut step.acts {
                if let Act::Connect(connect) = act
                    && let Some(server) = connect.to.as_ref().and_then(|to| server_named(to.get_ref()))
                {
                    connect.to = None;
                    connect.port = Some(server.usual_port());
                }
            }
        }
        Ok(self)
    }

    /// The ports on the server host that it uses.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        self.server_ports().map(|(_, port)| port)
    }

    /// Whether anything connects to the server host by TCP. A lesson of datagrams alone works with a host that answers no
    /// SYN.
    pub fn connects_by_tcp(&self) -> bool {
        self.server_ports().any(|(proto, _)| proto == Proto::Tcp)
    }

    fn server_ports(&self) -> impl Iterator<Item = (Proto, u16)> {
        self.steps.iter().flat_map(|step| &step.acts).filter_map(|act| match server_host_use(act) {
            ServerHostUse::Port(proto, port) => Some((proto, port)),
            ServerHostUse::None | ServerHostUse::DoneThere => None,
        })
    }

    /// Whether this can be seen only on the server host.
    fn is_seen_there(&self, expect: &Expect) -> bool {
        match expect {
            // Without a host it counts both ends.
            Expect::Count { host, .. } => *host != Some(HostId::Client),
            Expect::Absent { what, .. } => self.is_seen_there(what),
            Expect::State(_) | Expect::Edge(_) | Expect::Call(_) | Expect::Row(_) | Expect::Info(_) => {
                expect.end().is_some_and(|of| self.is_there(of.get_ref()))
            }
            // Programs run only on the wire's hosts; packets are seen from this machine too.
            Expect::Packet(_)
            | Expect::Timed { .. }
            | Expect::Held(_)
            | Expect::Folded { .. }
            | Expect::Verdict(_)
            | Expect::Lost { .. }
            | Expect::Marked(_)
            | Expect::Queue { .. }
            | Expect::Ended { .. } => false,
        }
    }

    /// Whether this end is on the server host.
    fn is_there(&self, end: &SocketEnd) -> bool {
        let Some(socket) = self.symbols.socket(&end.socket) else { return end.peer };
        // A listener on the client host is connected to from the client host.
        let peer_is_here = socket.peer == Some(HostId::Client) || matches!(socket.id, SocketId::Conn(..));
        socket.host == HostId::Server || (end.peer && !peer_is_here)
    }
}

fn server_named(name: &str) -> Option<ServerKind> {
    name.parse().ok()
}

fn server_host_use(act: &Act) -> ServerHostUse {
    let on = |host: HostId, otherwise: ServerHostUse| match host {
        HostId::Server => ServerHostUse::DoneThere,
        HostId::Client => otherwise,
    };
    let port = |proto, port: Option<u16>| port.map_or(ServerHostUse::None, |port| ServerHostUse::Port(proto, port));
    match act {
        Act::Stop(_) | Act::Switch { .. } => ServerHostUse::DoneThere,
        Act::Listen(listen) => on(listen.host, ServerHostUse::None),
        Act::Connect(connect) => {
            let named = connect.to.as_ref().and_then(|to| server_named(to.get_ref())).map(ServerKind::usual_port);
            // A socket of the lesson's own is on the client host, or the lesson cannot be played here.
            let unnamed = if connect.to.is_none() && !connect.itself { connect.port } else { None };
            on(connect.host, port(Proto::Tcp, named.or(unnamed)))
        }
        Act::Datagram(datagram) => on(datagram.host, port(Proto::Udp, datagram.connect)),
        Act::Send(send) => port(Proto::Udp, send.to),
        Act::Spawn { server, .. } => ServerHostUse::Port(server.proto(), server.usual_port()),
        // Remote servers run already.
        Act::Start(_)
        | Act::Accept { .. }
        | Act::Recv { .. }
        | Act::Shutdown(_)
        | Act::Close { .. }
        | Act::Reset(_)
        | Act::Setsockopt { .. }
        | Act::Wait(_)
        | Act::Next
        | Act::Deliver(_)
        | Act::Drop(_)
        | Act::Duplicate(_)
        | Act::Swap(_)
        | Act::Corrupt(_)
        | Act::Delay { .. }
        | Act::Inject(_)
        | Act::Change(_)
        | Act::Mode { .. }
        | Act::Cut { .. }
        | Act::Loss { .. }
        | Act::Link(_)
        | Act::Fold(_)
        | Act::Set(_)
        | Act::End { .. }
        | Act::CloseAll
        | Act::Run { .. } => ServerHostUse::None,
    }
}
