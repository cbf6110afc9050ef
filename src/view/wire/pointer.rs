//! The sockets that the step of a lesson or the story points at.

use crate::domain::{Flow, HostId, SocketId};
use crate::lesson::catalogue;
use crate::lesson::expect::Expect;
use crate::model::Model;
use crate::model::clients::Client;
use crate::model::wire::WireFact;

/// The ends pointed at: those whose row the step of a lesson expects something of, or else those whose state changed last.
pub(super) fn ends(model: &Model) -> Vec<(HostId, Flow)> {
    let of_step = of_step(model);
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

fn of_step(model: &Model) -> Vec<(HostId, Flow)> {
    let world = model.worlds.shown();
    let Some(playing) = &world.playing else { return vec![] };
    let Some(lesson) = catalogue::lesson(&playing.lesson) else { return vec![] };
    let Some(step) = lesson.steps.get(playing.step) else { return vec![] };
    let end = |expect: &Expect| {
        let Expect::Row(row) = expect else { return None };
        let of = row.of.get_ref();
        let socket = lesson.symbols.socket(&of.socket)?;
        let listens = |id| world.servers.get(id).map(|server| Flow::unconnected(server.spec.proto, server.addr()));
        let flow = match socket.id {
            SocketId::Server(id) => listens(id),
            SocketId::Client(id) => world.clients.ours(id).and_then(Client::flow),
            SocketId::Conn(..) | SocketId::Broadcast(_) => None,
        };
        let flow = flow.or_else(|| playing.flows.get(&socket.id).copied())?;
        if of.peer { Some((socket.host.other(), flow.mirror()?)) } else { Some((socket.host, flow)) }
    };
    step.expect.iter().filter_map(end).collect()
}
