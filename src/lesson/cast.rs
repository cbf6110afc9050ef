//! Who is who in a lesson: the names of its sockets, and the ids under which the journal knows them.

use std::collections::HashMap;

use super::act::{Act, Name};
use super::expect::{Expect, Of};
use super::file::Lesson;
use crate::domain::{ClientId, ConnNo, HostId, Proto, ServerId, ServerKind, SocketId};

/// A socket of the lesson's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How the journal calls it.
    pub id: SocketId,
    /// Where it is.
    pub host: HostId,
    /// TCP or UDP.
    pub proto: Proto,
}

/// See the module's head.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cast {
    parts: HashMap<String, Part>,
    servers: Vec<ServerKind>,
    clients: u32,
    listeners: usize,
    accepted: HashMap<SocketId, u32>,
    spawned: u32,
}

/// The most bytes that are sent in one go, or asked for. Each is memory.
const MOST_BYTES: usize = 16 << 20;

/// The most clients that the laboratory makes in a lesson: as many as may be typed before a key.
const MOST_CLIENTS: u32 = 99_999;

/// What is wrong, and at which byte of the file.
type Wrong = (usize, String);

impl Cast {
    /// Gives every socket its id, in the order of the file, and sees that each is made before it is used. The
    /// laboratory's own clients come first: it counts them from 1.
    pub(super) fn of(lesson: &Lesson) -> Result<Self, Wrong> {
        let acts = || lesson.steps.iter().flat_map(|step| &step.acts);
        let counts = acts().map(|act| if let Act::Spawn(spawn) = act { spawn.count } else { 0 });
        let spawned = counts.fold(0, u32::saturating_add);
        if spawned > MOST_CLIENTS {
            return Err((0, format!("{spawned} clients are more than {MOST_CLIENTS}")));
        }
        let mut cast = Self { servers: lesson.servers.clone(), spawned, ..Self::default() };
        for step in &lesson.steps {
            for act in &step.acts {
                cast.enter(act)?;
            }
            for expect in &step.expect {
                cast.check(expect)?;
            }
        }
        Ok(cast)
    }

    /// The socket of this name.
    pub fn part(&self, name: &str) -> Option<Part> {
        if let Some(no) = name.strip_prefix('c').and_then(|no| no.parse().ok()).filter(|no| *no <= self.spawned) {
            return Some(Part { id: SocketId::Client(ClientId(no)), host: HostId::Client, proto: Proto::Tcp });
        }
        if let Some(place) = self.servers.iter().position(|kind| kind.name() == name) {
            let id = SocketId::Server(ServerId(u8::try_from(place).ok()?));
            return Some(Part { id, host: HostId::Server, proto: self.servers[place].proto() });
        }
        self.parts.get(name).copied()
    }

    /// One of the laboratory's servers.
    pub fn server(&self, kind: ServerKind) -> Option<ServerId> {
        let place = self.servers.iter().position(|other| *other == kind)?;
        u8::try_from(place).ok().map(ServerId)
    }

    fn enter(&mut self, act: &Act) -> Result<(), Wrong> {
        match act {
            Act::Listen(listen) => {
                let place = self.servers.len() + self.listeners;
                let no = u8::try_from(place).map_err(|_| (listen.socket.span().start, "too many listen".into()))?;
                let id = SocketId::Server(ServerId(no));
                self.listeners += 1;
                self.add(&listen.socket, Part { id, host: listen.host, proto: Proto::Tcp })
            }
            Act::Connect(connect) => {
                if let Some(to) = &connect.to {
                    self.known(to)?;
                } else if connect.port.is_none() {
                    return Err((connect.socket.span().start, "connect needs `to` or `port`".into()));
                }
                let id = self.next_client();
                self.add(&connect.socket, Part { id, host: connect.host, proto: Proto::Tcp })
            }
            Act::Datagram(datagram) => {
                let id = self.next_client();
                self.add(&datagram.socket, Part { id, host: datagram.host, proto: Proto::Udp })
            }
            Act::Accept(accept) => {
                let listener = self.known(&accept.from)?;
                let SocketId::Server(server) = listener.id else {
                    return Err((accept.from.span().start, format!("{} does not listen", accept.from.get_ref())));
                };
                let count = self.accepted.entry(listener.id).or_default();
                *count += 1;
                let id = SocketId::Conn(server, ConnNo(*count));
                self.add(&accept.socket, Part { id, ..listener })
            }
            Act::Send(send) => {
                if send.text.is_some() == send.bytes.is_some() {
                    return Err((send.socket.span().start, "send needs either `text` or `bytes`".into()));
                }
                few(&send.socket, send.bytes.unwrap_or(0))?;
                self.known(&send.socket).map(drop)
            }
            Act::Recv(recv) => {
                few(&recv.socket, recv.most)?;
                self.known(&recv.socket).map(drop)
            }
            Act::Close(close) => self.known(&close.socket).map(drop),
            Act::Shutdown(name) | Act::Reset(name) => self.known(name).map(drop),
            Act::Start(kind) | Act::Stop(kind) => self.has(*kind),
            Act::Switch(switch) => self.has(switch.server),
            Act::Spawn(spawn) => self.has(spawn.server),
            _ => Ok(()),
        }
    }

    fn next_client(&mut self) -> SocketId {
        self.clients += 1;
        SocketId::Client(ClientId(self.spawned + self.clients))
    }

    fn add(&mut self, name: &Name, part: Part) -> Result<(), Wrong> {
        if self.part(name.get_ref()).is_some() {
            return Err((name.span().start, format!("there is a {} already", name.get_ref())));
        }
        self.parts.insert(name.get_ref().clone(), part);
        Ok(())
    }

    fn known(&self, name: &Name) -> Result<Part, Wrong> {
        self.part(name.get_ref()).ok_or_else(|| (name.span().start, format!("there is no {} yet", name.get_ref())))
    }

    fn has(&self, kind: ServerKind) -> Result<(), Wrong> {
        self.server(kind).map(drop).ok_or_else(|| (0, format!("`servers` does not list {}", kind.name())))
    }

    fn check(&self, expect: &Expect) -> Result<(), Wrong> {
        let of: &Of = match expect {
            Expect::State(state) => &state.of,
            Expect::Edge(edge) => &edge.of,
            Expect::Call(call) => &call.of,
            Expect::Row(row) => &row.of,
            Expect::Absent(absent) => return self.check(&absent.what),
            Expect::Packet(_) | Expect::Held(_) | Expect::Folded(_) | Expect::Count(_) | Expect::Ended(_) => {
                return Ok(());
            }
        };
        let name = &of.get_ref().socket;
        self.part(name).map(drop).ok_or_else(|| (of.span().start, format!("there is no {name} yet")))
    }
}

fn few(socket: &Name, bytes: usize) -> Result<(), Wrong> {
    let too_many = || (socket.span().start, format!("{bytes} bytes are more than {MOST_BYTES}"));
    (bytes <= MOST_BYTES).then_some(()).ok_or_else(too_many)
}
