//! The sockets that a lesson names, and the ids under which the journal knows them.

use std::collections::HashMap;

use super::act::Act;
use super::expect::{Expect, SpannedEnd};
use super::forge::InjectAct;
use super::matcher::SocketName;
use super::socket_act::ShutdownAct;
use super::step::LessonStep;
use crate::domain::{ClientId, ConnNo, HostId, Proto, ServerId, ServerKind, SocketId};

/// A socket that a lesson names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketRef {
    /// Its id in the journal.
    pub id: SocketId,
    /// The host it is on.
    pub host: HostId,
    /// TCP or UDP.
    pub proto: Proto,
    /// For a socket that connects to another named socket: the host of that one.
    pub peer: Option<HostId>,
}

/// The sockets of a lesson by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Symbols {
    sockets: HashMap<String, SocketRef>,
    servers: Vec<ServerKind>,
    clients: u32,
    listeners: usize,
    accepted: HashMap<SocketId, u32>,
    spawned: u32,
}

/// The most bytes that one act may send or ask for: all of them are held in memory.
const MOST_BYTES: usize = 16 << 20;

/// The most clients that a lesson may spawn: the same number that may be typed before a key.
const MOST_CLIENTS: u32 = 99_999;

/// An error, and at which byte of the file it is.
type Mistake = (usize, String);

impl Symbols {
    /// Gives every socket its id, in the order of the file, and checks that each is made before it is used. The clients
    /// that the lesson spawns come first: the laboratory numbers them from 1.
    pub(super) fn of(steps: &[LessonStep], servers: &[ServerKind]) -> Result<Self, Mistake> {
        let acts = steps.iter().flat_map(|step| &step.acts);
        let counts = acts.map(|act| if let Act::Spawn { count, .. } = act { *count } else { 0 });
        let spawned = counts.fold(0, u32::saturating_add);
        if spawned > MOST_CLIENTS {
            return Err((0, format!("{spawned} clients are more than {MOST_CLIENTS}")));
        }
        let mut symbols = Self { servers: servers.to_vec(), spawned, ..Self::default() };
        for step in steps {
            for need in &step.timers {
                symbols.check_end(&need.of)?;
            }
            for act in &step.acts {
                symbols.enter(act)?;
            }
            for expect in &step.expect {
                symbols.check(expect)?;
            }
        }
        Ok(symbols)
    }

    /// The socket of this name.
    pub fn socket(&self, name: &str) -> Option<SocketRef> {
        if let Some(number) = name.strip_prefix('c').and_then(|number| number.parse().ok())
            && number <= self.spawned
        {
            let id = SocketId::Client(ClientId(number));
            return Some(SocketRef { id, host: HostId::Client, proto: Proto::Tcp, peer: None });
        }
        if let Some(place) = self.servers.iter().position(|kind| kind.name() == name) {
            let id = SocketId::Server(ServerId(u8::try_from(place).ok()?));
            return Some(SocketRef { id, host: HostId::Server, proto: self.servers[place].proto(), peer: None });
        }
        self.sockets.get(name).copied()
    }

    /// One of the laboratory's servers.
    pub fn server(&self, kind: ServerKind) -> Option<ServerId> {
        let place = self.servers.iter().position(|other| *other == kind)?;
        u8::try_from(place).ok().map(ServerId)
    }

    fn enter(&mut self, act: &Act) -> Result<(), Mistake> {
        match act {
            Act::Listen(listen) => {
                let place = self.servers.len() + self.listeners;
                let number = u8::try_from(place).map_err(|_| (listen.socket.span().start, "too many listen".into()))?;
                let id = SocketId::Server(ServerId(number));
                self.listeners += 1;
                self.add(&listen.socket, SocketRef { id, host: listen.host, proto: Proto::Tcp, peer: None })
            }
            Act::Connect(connect) => {
                let peer = match &connect.to {
                    Some(_) if connect.itself => {
                        return Err((connect.socket.span().start, "`itself` needs `port` and no `to`".into()));
                    }
                    Some(to) => Some(self.known(to)?.host),
                    None if connect.port.is_some() => connect.itself.then_some(connect.host),
                    None => return Err((connect.socket.span().start, "connect needs `to` or `port`".into())),
                };
                let id = self.next_client();
                self.add(&connect.socket, SocketRef { id, host: connect.host, proto: Proto::Tcp, peer })
            }
            Act::Datagram(datagram) => {
                let id = self.next_client();
                self.add(&datagram.socket, SocketRef { id, host: datagram.host, proto: Proto::Udp, peer: None })
            }
            Act::Accept { socket, from, .. } => {
                let listener = self.known(from)?;
                let SocketId::Server(server) = listener.id else {
                    return Err((from.span().start, format!("{} does not listen", from.get_ref())));
                };
                let count = self.accepted.entry(listener.id).or_default();
                *count += 1;
                let id = SocketId::Conn(server, ConnNo(*count));
                self.add(socket, SocketRef { id, ..listener })
            }
            Act::Send(send) => {
                if send.text.is_some() == send.bytes.is_some() {
                    return Err((send.socket.span().start, "send needs either `text` or `bytes`".into()));
                }
                if send.urgent && send.to.is_some() {
                    return Err((send.socket.span().start, "a datagram has no urgent data".into()));
                }
                limit_bytes(&send.socket, send.bytes.unwrap_or(0))?;
                self.known(&send.socket).map(drop)
            }
            Act::Recv { socket, most, .. } => {
                limit_bytes(socket, *most)?;
                self.known(socket).map(drop)
            }
            Act::Change(change) => {
                change.mistake().map_or(Ok(()), |mistake| Err((change.packet.span().start, mistake)))
            }
            Act::Inject(inject) => self.check_inject(inject),
            Act::Close { socket, .. }
            | Act::Shutdown(ShutdownAct { socket, .. })
            | Act::Setsockopt { socket, .. }
            | Act::Reset(socket) => self.known(socket).map(drop),
            Act::Start(server) | Act::Stop(server) | Act::Switch { server, .. } | Act::Spawn { server, .. } => {
                self.has(*server)
            }
            Act::Next
            | Act::Deliver(_)
            | Act::Drop(_)
            | Act::Duplicate(_)
            | Act::Swap(_)
            | Act::Corrupt(_)
            | Act::Delay { .. }
            | Act::Mode { .. }
            | Act::Cut { .. }
            | Act::Loss { .. }
            | Act::Link(_)
            | Act::Fold(_)
            | Act::Set(_)
            | Act::End { .. }
            | Act::CloseAll
            | Act::Wait(_)
            | Act::Run { .. } => Ok(()),
        }
    }

    /// A forged packet takes the ports that are not said from a socket.
    fn check_inject(&self, inject: &InjectAct) -> Result<(), Mistake> {
        let place = inject.from.span().start;
        if let Some(mistake) = inject.mistake() {
            return Err((place, mistake));
        }
        let ports = inject.source.is_some() && inject.destination.is_some();
        match &inject.socket {
            None if ports => Ok(()),
            None => Err((place, "inject needs `socket`, or `source` and `destination`".into())),
            Some(name) => {
                let known = self.known(name)?;
                let its = if *inject.from.get_ref() == known.host { inject.destination } else { inject.source };
                let alone = matches!(known.id, SocketId::Server(_));
                if alone && its.is_none() {
                    let lacks = if *inject.from.get_ref() == known.host { "destination" } else { "source" };
                    return Err((name.span().start, format!("{} has no peer: `{lacks}` is needed", name.get_ref())));
                }
                Ok(())
            }
        }
    }

    fn next_client(&mut self) -> SocketId {
        self.clients += 1;
        SocketId::Client(ClientId(self.spawned + self.clients))
    }

    fn add(&mut self, name: &SocketName, socket: SocketRef) -> Result<(), Mistake> {
        if self.socket(name.get_ref()).is_some() {
            return Err((name.span().start, format!("there is a {} already", name.get_ref())));
        }
        self.sockets.insert(name.get_ref().clone(), socket);
        Ok(())
    }

    fn known(&self, name: &SocketName) -> Result<SocketRef, Mistake> {
        self.socket(name.get_ref()).ok_or_else(|| (name.span().start, format!("there is no {} yet", name.get_ref())))
    }

    fn has(&self, kind: ServerKind) -> Result<(), Mistake> {
        self.server(kind).map(drop).ok_or_else(|| (0, format!("`servers` does not list {}", kind.name())))
    }

    fn check(&self, expect: &Expect) -> Result<(), Mistake> {
        expect.end().map_or(Ok(()), |of| self.check_end(of))
    }

    fn check_end(&self, of: &SpannedEnd) -> Result<(), Mistake> {
        let name = &of.get_ref().socket;
        self.socket(name).map(drop).ok_or_else(|| (of.span().start, format!("there is no {name} yet")))
    }
}

fn limit_bytes(socket: &SocketName, bytes: usize) -> Result<(), Mistake> {
    if bytes > MOST_BYTES {
        return Err((socket.span().start, format!("{bytes} bytes are more than {MOST_BYTES}")));
    }
    Ok(())
}
