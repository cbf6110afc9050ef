//! From what a step does to what is asked of the real world, and how it is known that it was done.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::act::{Act, Connect, Datagram, ModeName, Send};
use super::engine::Engine;
use super::file::LessonSettings;
use super::matcher::PacketMatch;
use crate::domain::client::ClientChange;
use crate::domain::wire::WireMode;
use crate::domain::{
    Destination, EventKind, HostId, Note, Observation, ScriptedCall, ServerChange, ServerId, SocketId, SocketOp,
    SocketOptions, Syscall, WireCommand, WireEvent,
};
use crate::model::wire::Fate;
use crate::model::{Effect, World};

/// One thing to do in the real world.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Of the wire.
    Wire(WireCommand),
    /// With a socket of the lesson's own, on this host.
    Script(HostId, SocketOp),
    /// With the laboratory.
    Lab(Effect),
    /// Turn these settings.
    Set(LessonSettings),
    /// Run this program on this host.
    Run(HostId, Vec<String>),
}

/// What shows that an order was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It is, once it was given.
    AtOnce,
    /// This packet was dropped, delayed, damaged or moved.
    Handled(u64),
    /// This packet was delivered; any, when it is not said which.
    Delivered(Option<u64>),
    /// The wire said how it treats packets now.
    Treated,
    /// This call returned on this socket, or any failed.
    Call(SocketId, Syscall),
    /// A connection attempt began, or failed.
    Dialed(SocketId),
    /// A server changed.
    Server(ServerId),
    /// So many clients more were made, or no more could be.
    Spawned(u32),
    /// A program runs.
    Program,
    /// So many settings more were changed.
    SettingsChanged(usize),
}

impl Done {
    /// Whether this shows it; counts where there is something to count.
    pub(super) fn by(&mut self, seen: &Observation) -> bool {
        match (&mut *self, &seen.kind) {
            (Self::Handled(number), EventKind::Wire(event)) => handled(event, *number),
            (Self::Delivered(wanted), EventKind::Wire(WireEvent::Delivered { packet })) => {
                wanted.is_none_or(|wanted| wanted == *packet)
            }
            (Self::Treated, EventKind::Wire(event)) => matches!(
                event,
                WireEvent::Mode(_) | WireEvent::Cut { .. } | WireEvent::LossSet { .. } | WireEvent::Folding { .. }
            ),
            (Self::Call(socket, wanted), EventKind::Call(call)) => {
                let accepted = call.new_socket == Some(*socket);
                accepted || (call.socket == *socket && (call.call == *wanted || !call.result.is_ok()))
            }
            (Self::Dialed(socket), EventKind::Call(call)) => call.socket == *socket && !call.result.is_ok(),
            (Self::Dialed(SocketId::Client(id)), EventKind::Client(client)) => {
                client.client == *id && matches!(client.change, ClientChange::Dialing { .. })
            }
            (Self::Server(id), EventKind::Server(server)) => {
                let settled = matches!(
                    server.change,
                    ServerChange::Started { .. }
                        | ServerChange::Failed { .. }
                        | ServerChange::Stopped
                        | ServerChange::Model { .. }
                );
                server.server == *id && settled
            }
            (Self::Spawned(left), EventKind::Client(client))
                if matches!(client.change, ClientChange::Spawned { .. }) =>
            {
                *left = left.saturating_sub(1);
                *left == 0
            }
            (Self::Spawned(_), EventKind::Note(note)) => matches!(note, Note::BurstCut { .. }),
            (Self::SettingsChanged(left), EventKind::Wire(WireEvent::SettingChanged { errno: None, .. })) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
            (Self::Program, EventKind::Wire(event)) => matches!(event, WireEvent::Program { .. }),
            _ => false,
        }
    }
}

/// Whether the presenter's hand was on this packet.
const fn handled(event: &WireEvent, number: u64) -> bool {
    match event {
        WireEvent::Dropped { packet, .. }
        | WireEvent::Delayed { packet, .. }
        | WireEvent::Corrupted { packet }
        | WireEvent::Swapped { packet, .. } => *packet == number,
        _ => false,
    }
}

/// The addresses of the hosts. Their ports are 0, unless there is only one to go to, whichever a lesson names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Of the client host.
    pub client: SocketAddr,
    /// Of the server host.
    pub server: SocketAddr,
}

impl Addresses {
    /// Of two hosts with all their ports.
    pub fn new(client: impl Into<IpAddr>, server: impl Into<IpAddr>) -> Self {
        Self { client: SocketAddr::new(client.into(), 0), server: SocketAddr::new(server.into(), 0) }
    }

    /// This port of a host.
    pub fn of(&self, host: HostId, port: u16) -> SocketAddr {
        let mut addr = if host == HostId::Client { self.client } else { self.server };
        if addr.port() == 0 {
            addr.set_port(port);
        }
        addr
    }

    fn across(&self, host: HostId, port: u16) -> SocketAddr {
        let other = if host == HostId::Client { HostId::Server } else { HostId::Client };
        self.of(other, port)
    }
}

impl Engine {
    /// What an act asks for, as soon as that can be said: a packet that it names has to be there first.
    pub(super) fn order(&self, world: &World, act: &Act) -> Option<(Order, Done)> {
        let packet = |wanted: &PacketMatch, command: fn(u64) -> WireCommand, done: fn(u64) -> Done| {
            let number = held(world, wanted)?;
            Some((Order::Wire(command(number)), done(number)))
        };
        let delivered = |number| Done::Delivered(Some(number));
        let treat = |command| Some((Order::Wire(command), Done::Treated));
        match act {
            Act::Next => Some((Order::Wire(WireCommand::Next), Done::Delivered(None))),
            Act::Deliver(wanted) => packet(wanted, WireCommand::Deliver, delivered),
            Act::Drop(wanted) => packet(wanted, WireCommand::Drop, Done::Handled),
            Act::Duplicate(wanted) => packet(wanted, WireCommand::Duplicate, delivered),
            // There has to be one behind it to change places with.
            Act::Swap(wanted) => packet(wanted, WireCommand::Swap, Done::Handled)
                .filter(|(_, done)| matches!(done, Done::Handled(number) if is_followed(world, *number))),
            Act::Corrupt(wanted) => packet(wanted, WireCommand::Corrupt, Done::Handled),
            Act::Delay(delay) => {
                let number = held(world, &delay.packet)?;
                let command = WireCommand::Delay(number, Duration::from_millis(delay.ms));
                Some((Order::Wire(command), Done::Handled(number)))
            }
            Act::Mode(set) => treat(WireCommand::Mode(
                set.from,
                match set.is {
                    ModeName::Step => WireMode::Step,
                    ModeName::Live => WireMode::Live,
                    ModeName::Slow => WireMode::Slow { hop: Duration::from_millis(set.hop_ms) },
                },
            )),
            Act::Cut(cut) => treat(WireCommand::Cut(cut.from, cut.on)),
            Act::Loss(loss) => treat(WireCommand::Loss(loss.from, loss.percent)),
            Act::Fold(on) => treat(WireCommand::Fold(*on)),
            Act::Set(settings) => {
                let done = match settings.each().len() {
                    0 => Done::AtOnce,
                    count => Done::SettingsChanged(count),
                };
                Some((Order::Set(*settings), done))
            }
            Act::Run(run) => Some((Order::Run(run.host, run.argv.clone()), Done::Program)),
            Act::Start(kind) => self.cast().server(*kind).map(|id| (Order::Lab(Effect::Start(id)), Done::Server(id))),
            Act::Stop(kind) => self.cast().server(*kind).map(|id| (Order::Lab(Effect::Stop(id)), Done::Server(id))),
            Act::Switch(switch) => {
                let id = self.cast().server(switch.server)?;
                Some((Order::Lab(Effect::Switch(id, switch.model)), Done::Server(id)))
            }
            Act::Spawn(spawn) => {
                let server = world.servers.get(self.cast().server(spawn.server)?)?;
                let destination =
                    Destination { server: Some(server.id), proto: server.spec.proto, addr: server.addr() };
                let effect = Effect::Spawn { count: spawn.count, plan: spawn.plan, destination };
                Some((Order::Lab(effect), Done::Spawned(spawn.count)))
            }
            Act::End(end) => {
                Some((Order::Lab(Effect::Close(crate::domain::ClientId(end.client), end.how)), Done::AtOnce))
            }
            Act::CloseAll => Some((Order::Lab(Effect::CloseAll), Done::AtOnce)),
            _ => self.op(act),
        }
    }

    /// The acts with sockets of the lesson's own.
    fn op(&self, act: &Act) -> Option<(Order, Done)> {
        let op = |name: &str, call: ScriptedCall, done: fn(SocketId) -> Done| {
            let part = self.cast().part(name)?;
            Some((Order::Script(part.host, SocketOp { socket: part.id, call }), done(part.id)))
        };
        match act {
            Act::Listen(listen) => {
                let options = SocketOptions {
                    reuse_addr: listen.reuse,
                    receive_buffer: listen.receive_buffer,
                    ..SocketOptions::default()
                };
                let addr = self.addresses().of(listen.host, listen.port);
                let name = listen.socket.get_ref().clone();
                let call = ScriptedCall::Listen { name, addr, backlog: listen.backlog, options };
                op(listen.socket.get_ref(), call, |id| Done::Call(id, Syscall::Listen))
            }
            Act::Connect(connect) => {
                let call = self.connect(connect)?;
                op(connect.socket.get_ref(), call, Done::Dialed)
            }
            Act::Accept(accept) => {
                let from = self.cast().part(accept.from.get_ref())?.id;
                let call = ScriptedCall::Accept { from, delay_acks: accept.delay_acks };
                op(accept.socket.get_ref(), call, |id| Done::Call(id, Syscall::Accept))
            }
            Act::Datagram(datagram) => {
                let (call, last) = self.datagram(datagram);
                let part = self.cast().part(datagram.socket.get_ref())?;
                let order = Order::Script(part.host, SocketOp { socket: part.id, call });
                Some((order, Done::Call(part.id, last)))
            }
            Act::Send(send) => {
                let host = self.cast().part(send.socket.get_ref())?.host;
                let bytes = bytes(send);
                match send.to {
                    Some(port) => {
                        let call = ScriptedCall::SendTo(bytes, self.addresses().across(host, port));
                        op(send.socket.get_ref(), call, |id| Done::Call(id, Syscall::Sendto))
                    }
                    None => op(send.socket.get_ref(), ScriptedCall::Send(bytes), |id| Done::Call(id, Syscall::Send)),
                }
            }
            Act::Recv(recv) => {
                let part = self.cast().part(recv.socket.get_ref())?;
                let datagram = part.proto == crate::domain::Proto::Udp;
                let call = if datagram { ScriptedCall::RecvFrom } else { ScriptedCall::Recv(recv.most) };
                let awaited = if datagram { Syscall::Recvfrom } else { Syscall::Recv };
                let done = if recv.ahead { Done::AtOnce } else { Done::Call(part.id, awaited) };
                Some((Order::Script(part.host, SocketOp { socket: part.id, call }), done))
            }
            Act::Shutdown(name) => {
                op(name.get_ref(), ScriptedCall::ShutdownWrite, |id| Done::Call(id, Syscall::Shutdown))
            }
            Act::Close(close) => {
                let done = |id| Done::Call(id, Syscall::Close);
                op(close.socket.get_ref(), ScriptedCall::Close, if close.ahead { |_| Done::AtOnce } else { done })
            }
            Act::Reset(name) => op(name.get_ref(), ScriptedCall::Reset, |id| Done::Call(id, Syscall::Close)),
            _ => None,
        }
    }

    fn connect(&self, connect: &Connect) -> Option<ScriptedCall> {
        let to = match (&connect.to, connect.port) {
            (Some(name), _) => self.flow_of(name.get_ref())?.local,
            (None, port) => self.addresses().across(connect.host, port?),
        };
        let from = connect.from.map(|port| self.addresses().of(connect.host, port));
        let options =
            SocketOptions { reuse_addr: connect.reuse, no_delay: connect.no_delay, ..SocketOptions::default() };
        Some(ScriptedCall::Connect { to, from, options })
    }

    /// With the last call that it makes.
    fn datagram(&self, datagram: &Datagram) -> (ScriptedCall, Syscall) {
        let bind = datagram.port.map(|port| self.addresses().of(datagram.host, port));
        let connect = datagram.connect.map(|port| self.addresses().across(datagram.host, port));
        let last = match (bind, connect) {
            (_, Some(_)) => Syscall::Connect,
            (Some(_), None) => Syscall::Bind,
            (None, None) => Syscall::Socket,
        };
        (ScriptedCall::Datagram { bind, connect, family: self.addresses().of(datagram.host, 0) }, last)
    }
}

fn bytes(send: &Send) -> Vec<u8> {
    match (&send.text, send.bytes) {
        (Some(text), _) => text.clone().into_bytes(),
        // The alphabet over and over: on a hex dump it can be seen where one segment ends and the next begins.
        (None, count) => (b'a'..=b'z').cycle().take(count.unwrap_or(0)).collect(),
    }
}

/// The number of the held packet that is meant.
pub(super) fn held(world: &World, wanted: &PacketMatch) -> Option<u64> {
    let held = world.wire.open().filter(|on| on.fate == Fate::Held && wanted.is(&on.packet, Some(on.from)));
    held.map(|on| on.packet.number).nth(wanted.place())
}

/// Whether another packet of the same sender is held behind this one.
fn is_followed(world: &World, number: u64) -> bool {
    let from = world.wire.packet(number).map(|on| on.from);
    let mut behind = world.wire.open().skip_while(|on| on.packet.number != number).skip(1);
    behind.any(|on| on.fate == Fate::Held && Some(on.from) == from)
}
