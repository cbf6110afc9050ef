//! The sockets and the packet that the step of a lesson or the story points at.

use crate::domain::{Flow, HostId, SocketId};
use crate::lesson::Lesson;
use crate::lesson::expect::Expect;
use crate::lesson::matcher::SocketEnd;
use crate::model::Model;
use crate::model::clients::Client;
use crate::model::playing::{PlayedLesson, StepProgress};
use crate::model::wire::{PacketOnWire, WireFact};
use crate::model::world::World;

/// The ends pointed at: those whose row the step of a lesson expects something of, or else those whose state changed last.
pub(super) fn ends(model: &Model) -> Vec<(HostId, Flow)> {
    let of_step = of_step(model, |expect| if let Expect::Row(row) = expect { Some(row.of.get_ref()) } else { None });
    if !of_step.is_empty() {
        return of_step;
    }
    let facts = model.worlds.shown().wire.story.facts();
    let changed = facts.filter_map(|fact| match fact {
        WireFact::Changed(host, change, _) => Some((*host, change.flow)),
        _ => None,
    });
    changed.collect()
}

/// The ends that the step of a lesson speaks of: those whose row or state it expects something of.
pub(super) fn spoken_of(model: &Model) -> Vec<(HostId, Flow)> {
    of_step(model, |expect| match expect {
        Expect::Row(row) => Some(row.of.get_ref()),
        Expect::State(state) => Some(state.of.get_ref()),
        _ => None,
    })
}

/// The latest packet that the step of a lesson speaks of, once it has passed.
pub(super) fn packet(model: &Model) -> Option<u64> {
    let world = model.worlds.shown();
    let playing = world.playing.as_ref()?;
    if !matches!(playing.progress, StepProgress::Passed | StepProgress::Over) {
        return None;
    }
    let lesson = Lesson::kept(model, &playing.lesson)?;
    let wanted = lesson.steps.get(playing.step)?.expect.iter().filter_map(|expect| match expect {
        Expect::Packet(wanted)
        | Expect::Held(wanted)
        | Expect::Marked(wanted)
        | Expect::Lost { packet: wanted, .. }
        | Expect::Folded { packet: wanted, .. }
        | Expect::Timed { packet: wanted, .. } => Some(wanted),
        Expect::Verdict(verdict) => Some(&verdict.packet),
        _ => None,
    });
    let wanted: Vec<_> = wanted.collect();
    let is_wanted = |on: &&PacketOnWire| wanted.iter().any(|wanted| wanted.is(&on.packet, Some(on.from)));
    world.wire.packets().iter().rev().find(is_wanted).map(|on| on.packet.number)
}

fn of_step(model: &Model, named: impl Fn(&Expect) -> Option<&SocketEnd>) -> Vec<(HostId, Flow)> {
    let world = model.worlds.shown();
    let Some(playing) = &world.playing else { return vec![] };
    let Some(lesson) = Lesson::kept(model, &playing.lesson) else { return vec![] };
    let Some(step) = lesson.steps.get(playing.step) else { return vec![] };
    step.expect.iter().filter_map(named).filter_map(|of| end(world, &lesson, playing, of)).collect()
}

/// The end of a connection that a lesson calls so, and its host.
pub(super) fn end(world: &World, lesson: &Lesson, playing: &PlayedLesson, of: &SocketEnd) -> Option<(HostId, Flow)> {
    let socket = lesson.symbols.socket(&of.socket)?;
    let listens = |id| world.servers.get(id).map(|server| Flow::unconnected(server.spec.proto, server.addr()));
    let flow = match socket.id {
        SocketId::Server(id) => listens(id),
        SocketId::Client(id) => world.clients.ours(id).and_then(Client::flow),
        SocketId::Conn(..) | SocketId::Broadcast(_) => None,
    };
    let flow = flow.or_else(|| playing.flows.get(&socket.id).copied())?;
    if of.peer { Some((socket.host.other(), flow.mirror()?)) } else { Some((socket.host, flow)) }
}
