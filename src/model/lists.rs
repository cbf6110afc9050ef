//! What the keys of a list do: which entry is selected, which entries there are, in which order.

use super::completions::Completions;
use super::effect::Effect;
use super::lifecycle::Subject;
use super::mode::Mode;
use super::page::ConnectionPage;
use super::press::Acted;
use super::screen::{Pane, View};
use super::{Model, filtering, network, packets, presenter, selection};
use crate::domain::keys::{ListAction, Motion, Turn};
use crate::domain::{Flow, Refusal};

/// Does what a key means.
pub(super) fn act(model: &mut Model, action: ListAction) -> Acted {
    match action {
        ListAction::Move(motion) => return step(model, motion),
        ListAction::Filter if model.ui.view == View::Packets => packets::filter(model),
        ListAction::Filter => {
            model.ui.focus = Pane::Netstat;
            model.ui.completions = Completions::of(&model.ui.filter);
            model.ui.mode = Mode::Filtering;
        }
        ListAction::NextScope => return Ok(filtering::next_scope(model)),
        ListAction::NextKinds => {
            let kinds = model.lifecycle.kinds.next();
            let subject = model.lifecycle.subject;
            model.lifecycle.choose(kinds, subject, &model.journal);
        }
        ListAction::Order(turn) => {
            let column = model.listing.column;
            model.listing.column = if turn == Turn::Next { column.next() } else { column.previous() };
            model.listing.reversed = false;
            model.listing.rebuild(&model.worlds.shown().table);
        }
        ListAction::Reverse => model.listing.reversed = !model.listing.reversed,
        ListAction::Narrow if model.ui.view == View::Packets => {
            if !packets::lists(model) {
                return Err(Refusal::NoMore);
            }
            packets::narrow(model);
        }
        ListAction::Narrow => {
            if model.ui.focus == Pane::Broadcast {
                // On a small screen it stands where the events are.
                model.ui.focus = Pane::Lifecycle;
            }
            let subject = if model.lifecycle.subject.is_some() { None } else { Some(model.subject()) };
            model.lifecycle.choose(model.lifecycle.kinds, subject, &model.journal);
        }
        ListAction::Page => {
            model.open_page();
            if model.ui.page.is_none() {
                return Err(Refusal::NothingSelected);
            }
        }
        ListAction::OtherEnd => {
            let page = model.ui.page.as_mut().ok_or(Refusal::NothingSelected)?;
            if page.flow.mirror().is_none() {
                return Err(Refusal::NoMore);
            }
            page.asked = page.asked.other();
        }
        ListAction::Connection(turn) => return next_page(model, turn),
    }
    Ok(vec![])
}

impl Motion {
    /// How many entries this moves a selection, on a screen with this many rows.
    pub(super) fn stride(self, rows: u16) -> isize {
        let half = isize::try_from(rows / 2).unwrap_or(1).max(1);
        match self {
            Self::Up => -1,
            Self::Down => 1,
            Self::PageUp => -half,
            Self::PageDown => half,
            // Farther than any list is long, with room for a place to be added.
            Self::First => isize::MIN / 2,
            Self::Last => isize::MAX / 2,
        }
    }
}

/// Moves what the keys are about.
fn step(model: &mut Model, motion: Motion) -> Acted {
    let steps = motion.stride(model.ui.size.1);
    let before = selected(model);
    match model.ui.view {
        _ if model.ui.page.is_some() => model.scroll_page(steps),
        View::Wire => presenter::step(model, steps),
        View::Network => network::step(model, steps),
        View::Packets => packets::step(model, steps),
        View::Lab | View::Ports | View::Lessons => selection::step(model, steps),
    }
    if selected(model) == before { Err(Refusal::NoMore) } else { Ok(Vec::<Effect>::new()) }
}

/// Everything that such a key can have moved.
fn selected(model: &Model) -> impl PartialEq + use<> {
    let ui = &model.ui;
    let traffic = model.traffic();
    (
        (ui.page.as_ref().map(|page| page.from), ui.server, ui.client, ui.row, ui.said_back),
        (model.lifecycle.list.reader, ui.wire.packet, ui.wire.program_pid, ui.network.peer, ui.network.from),
        traffic.packets.place(),
    )
}

/// Opens the page of the connection that came after the present one, or before it.
fn next_page(model: &mut Model, turn: Turn) -> Acted {
    let Some(page) = &model.ui.page else { return Err(Refusal::NothingSelected) };
    let world = model.worlds.shown();
    let flows: Vec<Flow> = world.clients.all().iter().filter_map(super::clients::Client::flow).collect();
    let at = flows.iter().position(|flow| *flow == page.flow || flow.mirror() == Some(page.flow));
    let next = match (at, turn) {
        (Some(at), Turn::Next) => at.checked_add(1),
        (Some(at), Turn::Previous) => at.checked_sub(1),
        (None, _) => flows.len().checked_sub(1),
    };
    let flow = *next.and_then(|next| flows.get(next)).ok_or(Refusal::NoMore)?;
    model.select(flow);
    model.ui.subject = Some(Subject::Connection(flow));
    model.ui.page = Some(ConnectionPage::open(flow, model.worlds.shown(), &model.journal));
    Ok(vec![])
}
