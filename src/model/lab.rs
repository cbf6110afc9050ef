//! What the keys of the lab do: clients are made and ended, servers started, switched and spoken to.

use super::clients::ClientPhase;
use super::connection_end::ConnectionEnd;
use super::destinations::destination;
use super::effect::{Effect, WireEffect};
use super::mode::Mode;
use super::presenter::{self, WirePart};
use super::press::{Acted, Press};
use super::screen::{Pane, View};
use super::servers::Server;
use super::{Model, network, waiting};
use crate::domain::keys::LabAction;
use crate::domain::{ClientPlan, CloseHow, Flow, LabOrder, Loss, Proto, Refusal, ServiceModel, TcpState, WorldId};

/// From this many clients on, closing all of them needs the key twice.
const MANY: usize = 10;

/// Does what a key means.
pub(super) fn act(model: &mut Model, action: LabAction, press: Press) -> Acted {
    match action {
        LabAction::Spawn(plan) => spawn(model, press.count.unwrap_or(1), plan),
        LabAction::Close(how) => close(model, how),
        LabAction::CloseAll => close_all(model, press.sure),
        LabAction::StartStop => {
            let server = our_server(model)?;
            let order = if server.is_up() { LabOrder::Stop(server.id) } else { LabOrder::Start(server.id) };
            Ok(vec![model.order(order)])
        }
        LabAction::NextModel => {
            let server = our_server(model)?;
            let now = server.model.ok_or(Refusal::NoModel)?;
            Ok(vec![model.order(LabOrder::Switch(server.id, ServiceModel::next(now)))])
        }
        LabAction::Tick => {
            model.ui.tick();
            Ok(vec![])
        }
        LabAction::Say => {
            no_server(model)?;
            if model.ui.view != View::Wire {
                model.ui.focus = Pane::Broadcast;
            }
            model.ui.mode = Mode::Saying;
            Ok(vec![])
        }
        LabAction::Bulk => bulk(model, press.count),
        LabAction::Target if model.worlds.shown_id() == WorldId::Wire && model.ui.view != View::Network => {
            Err(Refusal::OnlyHere)
        }
        LabAction::Target => {
            model.ui.mode = Mode::TypingTarget;
            Ok(vec![])
        }
        LabAction::Home if model.worlds.host().target.is_none() => Err(Refusal::NoTarget),
        LabAction::Home => Ok(network::set_target(model, None)),
    }
}

impl Model {
    /// An order for the laboratory of the world that is shown.
    pub(super) const fn order(&self, order: LabOrder) -> Effect {
        Effect::Lab(self.worlds.shown_id(), order)
    }

    /// Why there is no server here, if there is none.
    fn lacks_servers(&self) -> Option<Refusal> {
        let world = self.worlds.shown();
        if self.worlds.shown_id() == WorldId::Wire && !world.wire.is_open() {
            return Some(Refusal::WireClosed);
        }
        world.servers.all().is_empty().then_some(Refusal::NoServer)
    }
}

fn no_server(model: &Model) -> Result<(), Refusal> {
    model.lacks_servers().map_or(Ok(()), Err)
}

/// The selected server, if it is one that we may start and stop.
fn our_server(model: &Model) -> Result<&Server, Refusal> {
    no_server(model)?;
    let world = model.worlds.shown();
    if world.observing {
        return Err(Refusal::Watched);
    }
    world.servers.get(model.ui.server).ok_or(Refusal::NoServer)
}

fn spawn(model: &mut Model, count: u32, plan: ClientPlan) -> Acted {
    no_server(model)?;
    let server = model.worlds.shown().servers.get(model.ui.server).ok_or(Refusal::NoServer)?;
    if waiting::looked_for(model).is_some() {
        let id = server.id;
        model.ui.waiting.add(count, plan, id);
        return Ok(vec![]);
    }
    let destination = destination(model, server).ok_or(Refusal::TargetUnknown)?;
    Ok(vec![model.order(LabOrder::Spawn { count, plan, destination })])
}

/// Ends what is selected: a program on the wire, the server's end of a connection, or a client of ours; without a
/// selection the newest of ours that is open.
fn close(model: &Model, how: CloseHow) -> Acted {
    if let Some(pid) = model.selected_program() {
        return match how {
            CloseHow::Half => Err(Refusal::NothingSelected),
            CloseHow::Fin | CloseHow::Rst => Ok(vec![Effect::Wire(WireEffect::Kill(pid))]),
        };
    }
    if at_server(model) {
        return close_accepted(model, how);
    }
    match model.selected_client() {
        Some(id) => Ok(vec![model.order(LabOrder::Close(id, how))]),
        None => Err(not_closable(model)),
    }
}

/// Whether the selected end is the server's.
fn at_server(model: &Model) -> bool {
    match &model.ui.page {
        Some(page) => page.asked == ConnectionEnd::Server,
        None => model.ui.view == View::Wire && model.ui.wire.part == WirePart::Server,
    }
}

/// How many kilobytes are sent when nothing is said, and at most.
const BULK: u32 = 100;
const MOST_BULK: u32 = 100_000;

/// Has the selected end send many bytes.
fn bulk(model: &Model, count: Option<u32>) -> Acted {
    no_server(model)?;
    let bytes = 1_000 * u64::from(count.unwrap_or(BULK).clamp(1, MOST_BULK));
    let world = model.worlds.shown();
    let free = |flow: &Flow| match world.bulks.running(flow) {
        Some(running) => Err(Refusal::StillSends(running.percent())),
        None => Ok(()),
    };
    if at_server(model) {
        let end = presenter::conversation(model).and_then(|flow| flow.mirror()).ok_or(Refusal::NoClient)?;
        if end.proto != Proto::Tcp {
            return Err(Refusal::OnlyTcp);
        }
        let server = world.servers.at(end.proto, end.local).ok_or(Refusal::Watched)?;
        let conn = end.peer.and_then(|peer| server.accepted(peer)).ok_or(Refusal::NotAccepted)?.0;
        let served = server.serving.get(&conn).ok_or(Refusal::ServerClosed(world.table.state(&end)))?;
        if served.by != ServiceModel::KeepsOpen {
            return Err(Refusal::OnlyAnswers);
        }
        free(&end)?;
        return Ok(vec![model.order(LabOrder::BulkAccepted(server.id, conn, bytes))]);
    }
    let id = model.selected_client().ok_or_else(|| not_closable(model))?;
    let client = world.clients.ours(id).ok_or(Refusal::NoClient)?;
    if client.destination.proto != Proto::Tcp {
        return Err(Refusal::OnlyTcp);
    }
    if client.phase == ClientPhase::HalfClosed {
        return Err(Refusal::SendsNoMore);
    }
    client.flow().map_or(Ok(()), |flow| free(&flow))?;
    Ok(vec![model.order(LabOrder::Bulk(id, bytes))])
}

/// Ends the connection of the page, or the one that the wire's view is about, from the server's side.
fn close_accepted(model: &Model, how: CloseHow) -> Acted {
    let end = match &model.ui.page {
        Some(page) => page.end(ConnectionEnd::Server),
        None => presenter::conversation(model).and_then(|flow| flow.mirror()),
    };
    let end = end.ok_or(Refusal::NoClient)?;
    if end.proto == Proto::Udp {
        return Err(Refusal::NoConnection);
    }
    let world = model.worlds.shown();
    let server = world.servers.at(end.proto, end.local).ok_or(Refusal::Watched)?;
    match end.peer.and_then(|peer| server.accepted(peer)) {
        Some((conn, true)) => Ok(vec![model.order(LabOrder::CloseAccepted(server.id, conn, how))]),
        Some((_, false)) => Err(match world.table.state(&end) {
            // A scenario's own socket.
            Some(TcpState::Established | TcpState::CloseWait) => Refusal::Watched,
            state => Refusal::ServerClosed(state),
        }),
        None if server.is_up() => Err(Refusal::NotAccepted),
        None => Err(Refusal::Watched),
    }
}

/// Why the selection, or its lack, leaves nothing to close.
fn not_closable(model: &Model) -> Refusal {
    let world = model.worlds.shown();
    let selected = match &model.ui.page {
        Some(page) => world.clients.by_flow(&page.flow),
        None => model.ui.client.and_then(|no| world.clients.get(no)),
    };
    match selected {
        Some(client) if client.id().is_none() => Refusal::Watched,
        Some(client) => Refusal::Closed(client.no, client.flow().and_then(|flow| world.table.state(&flow))),
        None if model.ui.subject.is_some() || model.ui.page.is_some() => Refusal::Watched,
        None => Refusal::NoClient,
    }
}

fn close_all(model: &mut Model, sure: bool) -> Acted {
    let live = model.worlds.shown().clients.closable() + model.ui.waiting.count() as usize;
    if live == 0 {
        return Err(Refusal::NoClient);
    }
    if live >= MANY && !sure {
        return Err(Refusal::Again(Loss::Clients(live)));
    }
    model.ui.waiting.clear();
    Ok(vec![model.order(LabOrder::CloseAll)])
}
