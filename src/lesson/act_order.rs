//! Turns an act into an order to the real world.

use std::time::Duration;

use super::act::{Act, ConnectAct, DatagramAct, ListenAct, ModeName, SendAct};
use super::engine::Engine;
use super::matcher::{PacketMatch, SocketName};
use super::order::{DoneWhen, LessonOrder};
use super::socket_act::ShutdownAct;
use crate::domain::wire::WireMode;
use crate::domain::{
    ClientId, Destination, LabOrder, Proto, ScriptedCall, ServerId, ServerKind, SocketId, SocketOp, SocketOptions,
    Syscall, WireCommand,
};
use crate::model::World;
use crate::model::wire::WirePacketFate;

impl Engine {
    /// The order of an act. `None` as long as a packet that it names is not on the wire.
    pub(super) fn order(&self, world: &World, act: &Act) -> Option<(LessonOrder, DoneWhen)> {
        let packet = |wanted: &PacketMatch, command: fn(u64) -> WireCommand, done: fn(u64) -> DoneWhen| {
            let number = held(world, wanted)?;
            Some((LessonOrder::Wire(command(number)), done(number)))
        };
        let delivered = |number| DoneWhen::Delivered(Some(number));
        let treat = |command| Some((LessonOrder::Wire(command), DoneWhen::Treated));
        match act {
            Act::Listen(listen) => self.script(&listen.socket, self.listen(listen), returned(Syscall::Listen)),
            Act::Connect(connect) => self.script(&connect.socket, self.connect(connect)?, DoneWhen::Dialed),
            Act::Accept { socket, from, delay_acks, options } => {
                let from = self.symbols().socket(from.get_ref())?.id;
                let delay_acks = options.delay_acks.or(delay_acks.then_some(true));
                let options = SocketOptions { delay_acks, ..*options };
                self.script(socket, ScriptedCall::Accept { from, options }, returned(Syscall::Accept))
            }
            Act::Setsockopt { socket, options } => {
                let listens = matches!(self.symbols().socket(socket.get_ref())?.id, SocketId::Server(_));
                let calls = options.calls(listens).len();
                let done = |id| if calls == 0 { DoneWhen::AtOnce } else { DoneWhen::OptionsSet(id, calls) };
                self.script(socket, ScriptedCall::Set(*options), done)
            }
            Act::Datagram(datagram) => {
                let (call, last) = self.datagram(datagram);
                self.script(&datagram.socket, call, returned(last))
            }
            Act::Send(send) => self.send(send),
            Act::Recv { socket, most, ahead } => self.recv(socket, *most, *ahead),
            Act::Shutdown(ShutdownAct { socket, how }) => {
                self.script(socket, ScriptedCall::Shutdown((*how).into()), returned(Syscall::Shutdown))
            }
            Act::Close { socket, ahead: true } => self.script(socket, ScriptedCall::Close, |_| DoneWhen::AtOnce),
            Act::Close { socket, ahead: false } => self.script(socket, ScriptedCall::Close, returned(Syscall::Close)),
            Act::Reset(name) => self.script(name, ScriptedCall::Reset, returned(Syscall::Close)),

            Act::Next => Some((LessonOrder::Wire(WireCommand::Next), DoneWhen::Delivered(None))),
            Act::Deliver(wanted) => packet(wanted, WireCommand::Deliver, delivered),
            Act::Drop(wanted) => packet(wanted, WireCommand::Drop, DoneWhen::Handled),
            Act::Duplicate(wanted) => packet(wanted, WireCommand::Duplicate, delivered),
            Act::Swap(wanted) => {
                let number = held(world, wanted)?;
                let swap = (LessonOrder::Wire(WireCommand::Swap(number)), DoneWhen::Handled(number));
                is_followed(world, number).then_some(swap)
            }
            Act::Corrupt(wanted) => packet(wanted, WireCommand::Corrupt, DoneWhen::Handled),
            Act::Delay { packet, ms } => {
                let number = held(world, packet)?;
                let command = WireCommand::Delay(number, Duration::from_millis(*ms));
                Some((LessonOrder::Wire(command), DoneWhen::Handled(number)))
            }
            Act::Inject(inject) => self.inject(world, inject),
            Act::Change(change) => Self::change(world, change),
            Act::Mode { is, from, hop_ms } => {
                let mode = match is {
                    ModeName::Step => WireMode::Step,
                    ModeName::Slow => WireMode::Slow { hop: Duration::from_millis(*hop_ms) },
                    ModeName::Live => WireMode::Live,
                };
                treat(WireCommand::Mode(*from, mode))
            }
            Act::Cut { on, from } => treat(WireCommand::Cut(*from, *on)),
            Act::Loss { percent, from } => treat(WireCommand::Loss(*from, *percent)),
            Act::Link(link) => {
                let done = if link.is_empty() { DoneWhen::AtOnce } else { DoneWhen::Treated };
                Some((LessonOrder::Wire(WireCommand::Link(link.changes())), done))
            }
            Act::Fold(on) => treat(WireCommand::Fold(*on)),
            Act::Set(settings) => {
                let done = match settings.each().len() {
                    0 => DoneWhen::AtOnce,
                    count => DoneWhen::SettingsChanged(count),
                };
                Some((LessonOrder::Set(*settings), done))
            }

            Act::Start(kind) => self.server(*kind, LabOrder::Start),
            Act::Stop(kind) => self.server(*kind, LabOrder::Stop),
            Act::Switch { server, model } => self.server(*server, |id| LabOrder::Switch(id, *model)),
            Act::Spawn { count, plan, server } => {
                let server = world.servers.get(self.symbols().server(*server)?)?;
                let destination =
                    Destination { server: Some(server.id), proto: server.spec.proto, addr: server.addr() };
                let spawn = LabOrder::Spawn { count: *count, plan: *plan, destination };
                Some((LessonOrder::Lab(spawn), DoneWhen::Spawned(*count)))
            }
            Act::End { client, how } => {
                Some((LessonOrder::Lab(LabOrder::Close(ClientId(*client), *how)), DoneWhen::AtOnce))
            }
            Act::CloseAll => Some((LessonOrder::Lab(LabOrder::CloseAll), DoneWhen::AtOnce)),

            // The engine waits.
            Act::Wait(_) => None,
            Act::Run { host, argv } => Some((LessonOrder::Run(*host, argv.clone()), DoneWhen::Program)),
        }
    }

    /// A call on a socket of the lesson.
    fn script(
        &self,
        name: &SocketName,
        call: ScriptedCall,
        done: impl FnOnce(SocketId) -> DoneWhen,
    ) -> Option<(LessonOrder, DoneWhen)> {
        let socket = self.symbols().socket(name.get_ref())?;
        Some((LessonOrder::Script(socket.host, SocketOp { socket: socket.id, call }), done(socket.id)))
    }

    /// An effect on one of the laboratory's servers.
    fn server(&self, kind: ServerKind, effect: impl FnOnce(ServerId) -> LabOrder) -> Option<(LessonOrder, DoneWhen)> {
        let id = self.symbols().server(kind)?;
        Some((LessonOrder::Lab(effect(id)), DoneWhen::Server(id)))
    }

    fn listen(&self, listen: &ListenAct) -> ScriptedCall {
        ScriptedCall::Listen {
            name: listen.socket.get_ref().clone(),
            addr: self.addresses().of(listen.host, listen.port),
            backlog: listen.backlog,
            options: listen.all_options(),
        }
    }

    fn connect(&self, connect: &ConnectAct) -> Option<ScriptedCall> {
        let to = match &connect.to {
            Some(name) => self.flow_of(name.get_ref())?.local,
            None if connect.itself => self.addresses().of(connect.host, connect.port?),
            None => self.addresses().across(connect.host, connect.port?),
        };
        let from = connect.from.map(|port| self.addresses().of(connect.host, port));
        Some(ScriptedCall::Connect { to, from, options: connect.all_options() })
    }

    /// With the last system call that it makes.
    fn datagram(&self, datagram: &DatagramAct) -> (ScriptedCall, Syscall) {
        let bind = datagram.port.map(|port| self.addresses().of(datagram.host, port));
        let connect = datagram.connect.map(|port| self.addresses().across(datagram.host, port));
        let last = match (bind, connect) {
            (_, Some(_)) => Syscall::Connect,
            (Some(_), None) => Syscall::Bind,
            (None, None) => Syscall::Socket,
        };
        (ScriptedCall::Datagram { bind, connect, family: self.addresses().of(datagram.host, 0) }, last)
    }

    fn send(&self, send: &SendAct) -> Option<(LessonOrder, DoneWhen)> {
        let bytes = bytes(send.text.as_deref(), send.bytes);
        let Some(port) = send.to else {
            let call = if send.urgent { ScriptedCall::SendUrgent(bytes) } else { ScriptedCall::Send(bytes) };
            let done = |id| if send.ahead { DoneWhen::AtOnce } else { DoneWhen::Call(id, Syscall::Send) };
            return self.script(&send.socket, call, done);
        };
        let host = self.symbols().socket(send.socket.get_ref())?.host;
        let call = ScriptedCall::SendTo(bytes, self.addresses().across(host, port));
        self.script(&send.socket, call, returned(Syscall::Sendto))
    }

    fn recv(&self, socket: &SocketName, most: usize, ahead: bool) -> Option<(LessonOrder, DoneWhen)> {
        let (call, awaited) = match self.symbols().socket(socket.get_ref())?.proto {
            Proto::Tcp => (ScriptedCall::Recv { most, patience: None }, Syscall::Recv),
            Proto::Udp | Proto::Icmp => (ScriptedCall::RecvFrom { patience: None }, Syscall::Recvfrom),
        };
        self.script(socket, call, |id| if ahead { DoneWhen::AtOnce } else { DoneWhen::Call(id, awaited) })
    }
}

/// Done when this call has returned on the socket.
fn returned(call: Syscall) -> impl FnOnce(SocketId) -> DoneWhen {
    move |id| DoneWhen::Call(id, call)
}

/// A text, or so many bytes of filler: the alphabet, repeated, which shows in a hex dump where one segment ends and the
/// next begins.
pub(super) fn bytes(text: Option<&str>, count: Option<usize>) -> Vec<u8> {
    match text {
        Some(text) => text.as_bytes().to_vec(),
        None => (b'a'..=b'z').cycle().take(count.unwrap_or(0)).collect(),
    }
}

/// The number of the held packet that matches.
pub(super) fn held(world: &World, wanted: &PacketMatch) -> Option<u64> {
    let held = world.wire.open().filter(|on| on.fate == WirePacketFate::Held && wanted.is(&on.packet, Some(on.from)));
    held.map(|on| on.packet.number).nth(wanted.place())
}

/// Whether another packet from the same sender is held behind this one, to change places with it.
fn is_followed(world: &World, number: u64) -> bool {
    let from = world.wire.packet(number).map(|on| on.from);
    let mut behind = world.wire.open().skip_while(|on| on.packet.number != number).skip(1);
    behind.any(|on| on.fate == WirePacketFate::Held && Some(on.from) == from)
}
