//! A lesson whose servers are on another machine: they run there already, and only what clients do and see is done and
//! seen here.

use super::act::Act;
use super::expect::Expect;
use super::file::Lesson;
use crate::domain::{HostId, Proto, ServerKind, WorldId};

/// Why a lesson cannot go to another machine's servers.
#[derive(Debug, Clone, PartialEq)]
pub enum NotAway {
    /// It is played on the wire: both its hosts are private, and their packets are held in hand.
    OnTheWire,
    /// These parts of it need a server on this machine, each with the number of its step, from 1.
    Needs(Vec<(usize, Part)>),
}

/// A part of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Something that it does.
    Act(Act),
    /// Something that it expects.
    Expect(Expect),
}

impl Lesson {
    /// The same lesson with another machine's servers. Nothing is started here, and a client that goes to a server by its
    /// name goes to the port that the laboratory gives that server.
    pub fn away(mut self) -> Result<Self, NotAway> {
        if self.world == WorldId::Wire {
            return Err(NotAway::OnTheWire);
        }
        let mut needs = Vec::new();
        for (number, step) in (1..).zip(&self.steps) {
            let acts = step.acts.iter().filter(|act| is_done_there(act)).cloned().map(Part::Act);
            let expects = step.expect.iter().filter(|expect| self.sees_there(expect)).cloned().map(Part::Expect);
            needs.extend(acts.chain(expects).map(|part| (number, part)));
        }
        if !needs.is_empty() {
            return Err(NotAway::Needs(needs));
        }
        for act in self.steps.iter_mut().flat_map(|step| &mut step.acts) {
            if let Act::Connect(connect) = act
                && let Some(server) = connect.to.as_ref().and_then(|to| to.get_ref().parse::<ServerKind>().ok())
            {
                (connect.to, connect.port) = (None, Some(server.usual_port()));
            }
        }
        for step in &mut self.steps {
            step.acts.retain(|act| !matches!(act, Act::Start(_)));
        }
        Ok(self)
    }

    /// The ports that it goes to on the server host.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        let named = self.steps.iter().flat_map(|step| &step.acts).filter_map(|act| match act {
            Act::Connect(connect) => connect.port,
            Act::Datagram(datagram) => datagram.connect,
            Act::Send(send) => send.to,
            _ => None,
        });
        self.servers.iter().map(|server| server.usual_port()).chain(named)
    }

    /// Whether anybody connects to the server host by TCP. What is played with datagrams only does not mind who answers
    /// to a SYN there.
    pub fn connects_away(&self) -> bool {
        self.steps.iter().flat_map(|step| &step.acts).any(|act| match act {
            Act::Spawn(spawn) => spawn.server.proto() == Proto::Tcp,
            // To one of the lesson's own sockets: that one is here, or the lesson is not played away.
            Act::Connect(connect) => connect.to.as_ref().is_none_or(|to| to.get_ref().parse::<ServerKind>().is_ok()),
            _ => false,
        })
    }

    /// Whether this can be seen only where the servers are.
    fn sees_there(&self, expect: &Expect) -> bool {
        let of = match expect {
            Expect::State(state) => &state.of,
            Expect::Edge(edge) => &edge.of,
            Expect::Call(call) => &call.of,
            Expect::Row(row) => &row.of,
            Expect::Absent(absent) => return self.sees_there(&absent.what),
            // Without a host it counts both ends.
            Expect::Count(count) => return count.host != Some(HostId::Client),
            Expect::Packet(_) | Expect::Held(_) | Expect::Folded(_) | Expect::Ended(_) => return false,
        };
        let end = of.get_ref();
        let there = self.cast.part(&end.socket).is_some_and(|part| part.host == HostId::Server);
        there || (end.peer && !self.both_here(&end.socket))
    }

    /// Whether both ends of this client's or connection's are on the client host.
    fn both_here(&self, socket: &str) -> bool {
        let here = |name: &str| self.cast.part(name).is_some_and(|part| part.host == HostId::Client);
        self.steps.iter().flat_map(|step| &step.acts).any(|act| match act {
            Act::Connect(connect) => {
                connect.socket.get_ref() == socket && connect.to.as_ref().is_some_and(|to| here(to.get_ref()))
            }
            Act::Accept(accept) => accept.socket.get_ref() == socket && here(accept.from.get_ref()),
            _ => false,
        })
    }
}

/// Whether this can be done only where the servers are.
const fn is_done_there(act: &Act) -> bool {
    match act {
        Act::Stop(_) | Act::Switch(_) => true,
        Act::Listen(listen) => matches!(listen.host, HostId::Server),
        Act::Connect(connect) => matches!(connect.host, HostId::Server),
        Act::Datagram(datagram) => matches!(datagram.host, HostId::Server),
        _ => false,
    }
}
