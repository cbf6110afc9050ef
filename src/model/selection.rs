//! The selection: when it changes in one pane, every other pane follows.

use super::Model;
use super::clients::{Client, ClientOwner};
use super::held_list::ListReader;
use super::lifecycle::{self, Subject, same_pair};
use super::page::{ConnectionPage, client_end};
use super::screen::{Pane, View};
use crate::domain::{ClientId, Flow, Proto, RowKey};

/// Moves the selection of the focused pane by this many entries, down if positive.
pub(super) fn step(model: &mut Model, steps: isize) {
    // The list under the digits is the clients'.
    let pane = if model.ui.view == View::Ports { Pane::Clients } else { model.ui.focus };
    match pane {
        Pane::Servers => step_server(model, steps),
        Pane::Clients => step_client(model, steps),
        Pane::Netstat => step_row(model, steps),
        Pane::Lifecycle => {
            model.lifecycle.list.step(steps);
            if let ListReader::Holds { at, .. } = model.lifecycle.list.reader
                && let Some(flow) = model.journal.get(at.seq).and_then(|event| lifecycle::flow_of(&event.seen.kind))
            {
                model.select(flow);
            }
        }
        Pane::Broadcast => {
            let most = model.worlds.shown().broadcasts.all().len().saturating_sub(1);
            model.ui.said_back = model.ui.said_back.saturating_add_signed(steps.saturating_neg()).min(most);
        }
    }
}

/// The place `steps` further in a list whose last place is `last`. Without a place to start from, one step down leads
/// to the first entry, and so does anything upwards.
pub(super) fn stepped(from: Option<usize>, steps: isize, last: usize) -> usize {
    match from {
        Some(at) => at.saturating_add_signed(steps),
        None => 0usize.saturating_add_signed(steps.saturating_sub(1)),
    }
    .min(last)
}

/// The entry `steps` further in `all`, around the end.
pub(super) fn cycled<T: Copy + PartialEq>(all: &[T], from: T, steps: isize) -> T {
    let at = all.iter().position(|entry| *entry == from).unwrap_or(0).cast_signed();
    all[(at + steps).rem_euclid(all.len().cast_signed()).cast_unsigned()]
}

pub(super) fn step_server(model: &mut Model, steps: isize) {
    let all = model.worlds.shown().servers.all();
    let at = all.iter().position(|server| server.id == model.ui.server).unwrap_or(0);
    if let Some(last) = all.len().checked_sub(1) {
        model.ui.server = all[stepped(Some(at), steps, last)].id;
        model.ui.subject = Some(Subject::Server(model.ui.server));
    }
}

pub(super) fn step_client(model: &mut Model, steps: isize) {
    let clients = &model.worlds.shown().clients;
    let Some(last) = clients.all().len().checked_sub(1) else { return };
    let from = model.ui.client.and_then(|no| clients.listed().position(|client| client.no == no));
    // The digits show the newest until another is chosen.
    let from = from.or(if model.ui.view == View::Ports { Some(0) } else { None });
    let Some((no, flow)) = clients.listed().nth(stepped(from, steps, last)).map(|to| (to.no, to.flow())) else {
        return;
    };
    if let Some(flow) = flow {
        model.select(flow);
    } else {
        model.ui.subject = None;
        model.ui.row = None;
    }
    model.ui.client = Some(no);
    model.point();
}

fn step_row(model: &mut Model, steps: isize) {
    let Some(last) = model.listing.len().checked_sub(1) else { return };
    let from = model.ui.row.and_then(|key| model.listing.position(&key));
    if let Some(key) = model.listing.key(stepped(from, steps, last)).copied() {
        model.select(key.flow);
        model.ui.row = Some(key);
        model.point();
    }
}

impl Model {
    /// Makes every pane show this connection. A listener is a server's, and no connection.
    pub(super) fn select(&mut self, flow: Flow) {
        let listener = flow.proto == Proto::Tcp && flow.peer.is_none();
        let server = if listener { self.worlds.shown().servers.at(flow.proto, flow.local) } else { None };
        let server = server.map(|server| server.id);
        self.ui.subject = Some(server.map_or(Subject::Connection(flow), Subject::Server));
        self.ui.client = self.worlds.shown().clients.by_flow(&flow).map(|client| client.no);
        self.ui.row = self.listed(&flow);
    }

    /// The row of this end, or else of the other one, where the list has it.
    fn listed(&self, flow: &Flow) -> Option<RowKey> {
        let row = |flow: &Flow| self.worlds.shown().table.of(flow).map(|entry| entry.row.key());
        let listed = |flow: &Flow| row(flow).filter(|key| self.listing.position(key).is_some());
        listed(flow).or_else(|| flow.mirror().and_then(|mirror| listed(&mirror)))
    }

    /// Keeps the socket of the selected server at the top of the table.
    pub(super) fn pin_server(&mut self) {
        let world = self.worlds.shown();
        let server = world.servers.get(self.ui.server);
        let flow = server.map(|server| Flow::unconnected(server.spec.proto, server.addr()));
        self.listing.pin(flow, &world.table);
    }

    /// Lets the list of events show the latest one about the selection, until something new happens.
    fn point(&mut self) {
        if let Some(subject @ Subject::Connection(_)) = self.ui.subject {
            self.lifecycle.point(&subject, &self.journal);
        }
    }

    /// Keeps the connection beside the lab's panes: the one that keys act on, or else that of the newest
    /// client.
    pub(super) fn show_beside(&mut self) {
        let world = self.worlds.shown();
        let is_wide = self.ui.view == View::Lab && self.ui.size.0 >= ConnectionPage::BESIDE;
        let is_connection = |flow: &Flow| flow.proto == Proto::Tcp && flow.peer.is_some();
        let wanted = match self.ui.subject {
            Some(Subject::Connection(flow)) => Some(flow),
            _ => {
                let of_keys = self.selected_client();
                let selected = world.clients.all().iter().find(|client| of_keys.is_some() && client.id() == of_keys);
                selected.and_then(Client::flow).or_else(|| world.clients.all().iter().rev().find_map(Client::flow))
            }
        };
        let wanted = wanted.filter(|flow| is_wide && is_connection(flow)).map(|flow| client_end(world, flow));
        if wanted != self.beside.as_ref().map(|page| page.flow) {
            self.beside = wanted.map(|flow| ConnectionPage::open(flow, world, &self.journal));
        }
    }

    /// Keeps the selected row with its connection when a row of it came or went.
    pub(super) fn row_moved(&mut self, moved: &Flow) {
        if let Some(Subject::Connection(flow)) = self.ui.subject
            && same_pair(&flow, moved)
            && self.ui.row.is_none_or(|key| self.listing.position(&key).is_none())
        {
            self.ui.row = self.listed(&flow);
        }
    }

    /// The client that keys act on: the selected one, or without a selection, our newest that is open.
    pub fn selected_client(&self) -> Option<ClientId> {
        let ours = |client: &Client| match client.owner {
            ClientOwner::Ours(id, _) if client.is_live() => Some(id),
            _ => None,
        };
        let clients = &self.worlds.shown().clients;
        match (&self.ui.page, self.ui.client, self.ui.subject) {
            (Some(page), ..) => clients.by_flow(&page.flow).and_then(ours),
            (None, Some(no), _) => clients.get(no).and_then(ours),
            // A connection of another program.
            (None, None, Some(Subject::Connection(_))) => None,
            (None, None, _) => clients.all().iter().rev().find_map(ours),
        }
    }

    /// The subject that the list of events is narrowed to: the selection, or the selected server.
    pub(super) fn subject(&self) -> Subject {
        self.ui.subject.unwrap_or(Subject::Server(self.ui.server))
    }
}
