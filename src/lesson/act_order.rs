//! Turns an act into an order to the real world.

use std::time::Duration;

use super::act::{Act, ConnectAct, DatagramAct, ListenAct, RecvAct, SendAct, SocketName};
use super::engine::Engine;
use super::matcher::PacketMatch;
use super::order::{DoneWhen, LessonOrder};
use crate::domain::{
    ClientId, Destination, LabOrder, Proto, ScriptedCall, ServerId, ServerKind, SocketId, SocketOp, SocketOptions,
    Syscall, WireCommand,
};
use crate::model::World;
use crate::model::wire::WirePacketFate;

impl Engine {
    /// What an act asks for, as soon as that is known: a packet that it names must be on the wire first.
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
            Act::Accept(accept) => {
                let from = self.symbols().socket(accept.from.get_ref())?.id;
                let call = ScriptedCall::Accept { from, delay_acks: accept.delay_acks };
                self.script(&accept.socket, call, returned(Syscall::Accept))
            }
            Act::Datagram(datagram) => {
                let (call, last) = self.datagram(datagram);
                self.script(&datagram.socket, call, returned(last))
            }
            Act::Send(send) => self.send(send),
            Act::Recv(recv) => self.recv(recv),
            Act::Shutdown(name) => self.script(name, ScriptedCall::ShutdownWrite, returned(Syscall::Shutdown)),
            Act::Close(close) if close.ahead => self.script(&close.socket, ScriptedCall::Close, |_| DoneWhen::AtOnce),
            Act::Close(close) => self.script(&close.socket, ScriptedCall::Close, returned(Syscall::Close)),
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
            Act::Delay(delay) => {
                let number = held(world, &delay.packet)?;
                let command = WireCommand::Delay(number, Duration::from_millis(delay.ms));
                Some((LessonOrder::Wire(command), DoneWhen::Handled(number)))
            }
            Act::Mode(set) => treat(WireCommand::Mode(set.from, set.mode())),
            Act::Cut(cut) => treat(WireCommand::Cut(cut.from, cut.on)),
            Act::Loss(loss) => treat(WireCommand::Loss(loss.from, loss.percent)),
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
            Act::Switch(switch) => self.server(switch.server, |id| LabOrder::Switch(id, switch.model)),
            Act::Spawn(spawn) => {
                let server = world.servers.get(self.symbols().server(spawn.server)?)?;
                let destination =
                    Destination { server: Some(server.id), proto: server.spec.proto, addr: server.addr() };
                let effect = LabOrder::Spawn { count: spawn.count, plan: spawn.plan, destination };
                Some((LessonOrder::Lab(effect), DoneWhen::Spawned(spawn.count)))
            }
            Act::End(end) => Some((LessonOrder::Lab(LabOrder::Close(ClientId(end.client), end.how)), DoneWhen::AtOnce)),
            Act::CloseAll => Some((LessonOrder::Lab(LabOrder::CloseAll), DoneWhen::AtOnce)),

            Act::Run(run) => Some((LessonOrder::Run(run.host, run.argv.clone()), DoneWhen::Program)),
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
            options: SocketOptions {
                reuse_addr: listen.reuse,
                receive_buffer: listen.receive_buffer,
                ..SocketOptions::default()
            },
        }
    }

    fn connect(&self, connect: &ConnectAct) -> Option<ScriptedCall> {
        let to = match &connect.to {
            Some(name) => self.flow_of(name.get_ref())?.local,
            None => self.addresses().across(connect.host, connect.port?),
        };
        let from = connect.from.map(|port| self.addresses().of(connect.host, port));
        let options =
            SocketOptions { reuse_addr: connect.reuse, no_delay: connect.no_delay, ..SocketOptions::default() };
        Some(ScriptedCall::Connect { to, from, options })
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
        let bytes = bytes(send);
        let Some(port) = send.to else {
            return self.script(&send.socket, ScriptedCall::Send(bytes), returned(Syscall::Send));
        };
        let host = self.symbols().socket(send.socket.get_ref())?.host;
        let call = ScriptedCall::SendTo(bytes, self.addresses().across(host, port));
        self.script(&send.socket, call, returned(Syscall::Sendto))
    }

    fn recv(&self, recv: &RecvAct) -> Option<(LessonOrder, DoneWhen)> {
        let (call, awaited) = match self.symbols().socket(recv.socket.get_ref())?.proto {
            Proto::Tcp => (ScriptedCall::Recv(recv.most), Syscall::Recv),
            Proto::Udp => (ScriptedCall::RecvFrom, Syscall::Recvfrom),
        };
        let done = |id| if recv.ahead { DoneWhen::AtOnce } else { DoneWhen::Call(id, awaited) };
        self.script(&recv.socket, call, done)
    }
}

/// Done when this call has returned on the socket.
fn returned(call: Syscall) -> impl FnOnce(SocketId) -> DoneWhen {
    move |id| DoneWhen::Call(id, call)
}

fn bytes(send: &SendAct) -> Vec<u8> {
    match &send.text {
        Some(text) => text.clone().into_bytes(),
        // The alphabet, repeated: in a hex dump it shows where one segment ends and the next begins.
        None => (b'a'..=b'z').cycle().take(send.bytes.unwrap_or(0)).collect(),
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
