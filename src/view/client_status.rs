//! A client's status: its state and the evidence for it, or the words that replace a state.

use std::net::IpAddr;

use super::draw_context::DrawContext;
use super::glyphs;
use crate::domain::{Evidence, Flow, Proto, TcpState, WorldId};
use crate::model::Model;
use crate::model::clients::{Client, ClientOwner, ClientPhase};
use crate::model::table::TableEntry;

/// The content of the State column.
pub(super) enum ClientStatus {
    /// A state that was observed.
    State(TcpState, Evidence),
    /// The client's end is on another machine. This is the state of the server's end, which is being closed.
    Other(TcpState, Evidence),
    /// What its own calls imply, while no state was observed.
    Phase(&'static str),
    /// Nothing of it is left in the table; there was no state to see.
    Gone(&'static str),
    /// It ended in this error.
    Failed(String),
}

impl ClientStatus {
    /// It in words.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::State(state, _) | Self::Other(state, _) => state.name(),
            Self::Phase(word) | Self::Gone(word) => word,
            Self::Failed(errno) => errno,
        }
    }
}

/// The table row of a client's own end.
pub(super) fn row<'a>(model: &'a Model, client: &Client) -> Option<&'a TableEntry> {
    model.worlds.shown().table.of(&client.flow()?)
}

/// The present state of an end, and the evidence for it: what the table shows. An end that is in no table is CLOSED if
/// that was observed. Any other state in its history may be long over.
pub(super) fn end(model: &Model, flow: &Flow) -> Option<(TcpState, Evidence)> {
    let booked = model.worlds.shown().histories.state(flow);
    match (model.worlds.shown().table.state(flow), booked) {
        // If table and history agree, the better evidence of the two is shown.
        (Some(seen), Some((state, evidence))) if seen == state => Some((seen, evidence.max(Evidence::Sampled))),
        (Some(seen), _) => Some((seen, Evidence::Sampled)),
        (None, booked) => booked.filter(|(state, _)| *state == TcpState::Closed),
    }
}

/// The state of the client's end, or else what its own calls imply.
pub(super) fn of(model: &Model, ctx: &DrawContext, client: &Client) -> ClientStatus {
    let words = &ctx.text.clients;
    if let ClientPhase::Ended(Some(errno)) = client.phase {
        return ClientStatus::Failed(errno.to_string());
    }
    if client.destination.proto == Proto::Udp {
        // Whether a socket on another machine is still open cannot be known.
        let far = client.owner == ClientOwner::Foreign && client.local.is_some_and(|at| is_elsewhere(model, at.ip()));
        return match client.phase {
            ClientPhase::Gone => ClientStatus::Gone(words.gone),
            ClientPhase::Ended(_) if !far => ClientStatus::Phase(words.ended),
            _ => ClientStatus::Phase(words.no_state),
        };
    }
    let other = || self::other(model, client);
    match client.flow().and_then(|flow| end(model, &flow)) {
        Some((state, evidence)) => ClientStatus::State(state, evidence),
        None => other().unwrap_or(ClientStatus::Phase(match client.phase {
            ClientPhase::Starting => words.starting,
            ClientPhase::Dialing => words.connecting,
            ClientPhase::Open => words.open,
            ClientPhase::HalfClosed => words.half_closed,
            ClientPhase::Ended(_) => words.ended,
            ClientPhase::Gone | ClientPhase::Unfollowed => words.gone,
        })),
    }
}

/// For a client on another machine, the state of the server's end, until both ends are closed.
fn other(model: &Model, client: &Client) -> Option<ClientStatus> {
    use TcpState::{CloseWait, Closing, FinWait1, FinWait2, LastAck};
    let (state, evidence) = end(model, &client.flow()?.mirror()?)?;
    let closes = matches!(state, CloseWait | Closing | FinWait1 | FinWait2 | LastAck);
    (client.owner == ClientOwner::Foreign && closes).then_some(ClientStatus::Other(state, evidence))
}

/// How far a bulk transfer of either end of this connection is.
pub(super) fn bulk(model: &Model, flow: &Flow) -> Option<String> {
    let bulks = &model.worlds.shown().bulks;
    let out = bulks.running(flow).map(|bulk| (glyphs::ARROW, bulk));
    let (arrow, bulk) = out.or_else(|| Some((glyphs::BACK, bulks.running(&flow.mirror()?)?)))?;
    Some(format!("{arrow} {} %", bulk.percent()))
}

/// Whether its connection is still in the server's accept queue.
pub(super) fn waits(model: &Model, client: &Client) -> bool {
    let other = client.flow().and_then(|flow| flow.mirror()).and_then(|mirror| model.worlds.shown().table.of(&mirror));
    client.is_live() && other.is_some_and(|entry| entry.row.waits_for_accept())
}

/// The program that a foreign client belongs to, with its pid.
pub(super) fn program(client: &Client) -> Option<String> {
    if client.owner != ClientOwner::Foreign {
        return None;
    }
    let process = client.process.as_ref()?;
    Some(format!("{}/{}", process.pid, process.name))
}

/// Whether the address is another machine's.
pub(super) fn is_elsewhere(model: &Model, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    let own = ip.is_loopback() || ip.is_unspecified() || model.worlds.shown().addresses.contains(&ip);
    model.worlds.shown_id() == WorldId::Host && !own
}
