//! A connection's page: both ends of one connection, what happened to each, and what the kernel knows of it now.

use std::collections::VecDeque;

use super::connection_end::ConnectionEnd;
use super::histories::HistoryStep;
use super::journal::Journal;
use super::lifecycle::{self, Subject};
use super::screen::Pane;
use super::world::World;
use super::{Model, bounded};
use crate::domain::{Call, Event, EventKind, Flow, Proto, SocketId, Syscall, TcpState};

/// An open page.
#[derive(Debug, Clone)]
pub struct ConnectionPage {
    /// The connection, from its client's end; or a listener, or a UDP socket without a peer.
    pub flow: Flow,
    /// The end whose `TCP_INFO` is requested.
    pub asked: ConnectionEnd,
    /// The first line of the story that is shown; `None` follows its end.
    pub from: Option<usize>,
    /// The socket of our own at the first end, so that calls that do not name the address pair belong to the story too.
    socket: Option<SocketId>,
    /// Calls on this connection, as numbers in the journal, ascending.
    calls: VecDeque<u64>,
}

/// One line of a connection's story.
#[derive(Debug, Clone, Copy)]
pub enum StoryLine<'a> {
    /// An end changed its state.
    Step(ConnectionEnd, &'a HistoryStep),
    /// A program made a call at that end.
    Call(ConnectionEnd, &'a Event),
}

impl StoryLine<'_> {
    /// When it happened.
    pub const fn at(&self) -> crate::domain::Stamp {
        match self {
            Self::Step(_, step) => step.at,
            Self::Call(_, event) => event.seen.at,
        }
    }

    /// Whether it is a call that returned because of something that happened at the other end.
    fn waited(&self) -> bool {
        let waits = |call: &Call| matches!(call.call, Syscall::Accept | Syscall::Recv | Syscall::Recvfrom);
        matches!(self, Self::Call(_, event) if matches!(&event.seen.kind, EventKind::Call(call) if waits(call)))
    }
}

impl ConnectionPage {
    /// From how many columns on a screen has room for a connection beside the lab's panes.
    pub const BESIDE: u16 = 160;

    /// How many of the latest calls are listed at most.
    const CALLS: usize = 500;

    /// The page of the connection that has this end.
    pub(super) fn open(flow: Flow, world: &World, journal: &Journal) -> Self {
        let flow = client_end(world, flow);
        let client = world.clients.by_flow(&flow).and_then(super::clients::Client::id).map(SocketId::Client);
        let server = || world.servers.at(flow.proto, flow.local).map(|server| SocketId::Server(server.id));
        let socket = client.or_else(|| if flow.peer.is_none() { server() } else { None });
        let mut page = Self { flow, asked: ConnectionEnd::Client, from: None, socket, calls: VecDeque::new() };
        journal.events().for_each(|event| page.follow(event));
        page
    }

    /// The address pair as this end sees it; `None` for the other end of a socket that has none.
    pub fn end(&self, end: ConnectionEnd) -> Option<Flow> {
        match end {
            ConnectionEnd::Client => Some(self.flow),
            ConnectionEnd::Server => self.flow.mirror(),
        }
    }

    /// The end that the kernel can be asked about in detail: TCP connections only.
    pub fn detail(&self) -> Option<Flow> {
        self.end(self.asked).filter(|flow| flow.proto == Proto::Tcp && flow.peer.is_some())
    }

    pub(super) fn follow(&mut self, event: &Event) {
        let (socket, flow) = match &event.seen.kind {
            EventKind::Call(call) => (call.socket, call.flow),
            EventKind::Waits(call) => (call.socket, call.flow),
            _ => return,
        };
        let concerns = Subject::Connection(self.flow).concerns(&event.seen.kind);
        // Connections that a listener accepts have addresses of their own, and calls before bind or connect have none.
        let own = flow.is_none() || self.flow.peer.is_none();
        if concerns || (own && self.socket == Some(socket)) {
            bounded::push(&mut self.calls, event.seq, Self::CALLS);
        }
    }

    /// The known history of both ends, in the order of time. The steps of one end stay in the order of its life, even
    /// if better evidence has moved the time of one. At equal times a call comes before the change that it causes, and
    /// after the change that it waited for.
    pub fn story<'a>(&self, world: &'a World, journal: &'a Journal) -> Vec<StoryLine<'a>> {
        let steps = |end| {
            let history = self.end(end).map_or(&[][..], |flow| world.histories.history(&flow));
            history.iter().map(move |step| StoryLine::Step(end, step)).collect::<VecDeque<_>>()
        };
        let calls = self.calls.iter().filter_map(|seq| journal.get(*seq));
        let calls = calls.map(|event| StoryLine::Call(self.caller(event), event)).collect();
        let mut sources = [calls, steps(ConnectionEnd::Client), steps(ConnectionEnd::Server)];
        let mut story = Vec::with_capacity(sources.iter().map(VecDeque::len).sum());
        loop {
            let heads = sources.iter_mut().filter_map(|source| {
                let first = source.front()?;
                Some(((first.at(), first.waited()), source))
            });
            let Some((_, source)) = heads.min_by_key(|(time, _)| *time) else { return story };
            story.extend(source.pop_front());
        }
    }

    /// The end at which a call was made.
    fn caller(&self, event: &Event) -> ConnectionEnd {
        let flow = lifecycle::flow_of(&event.seen.kind);
        if flow.is_some_and(|flow| flow.local != self.flow.local) {
            ConnectionEnd::Server
        } else {
            ConnectionEnd::Client
        }
    }
}

/// Of both ends of a connection, the one that called.
pub fn client_end(world: &World, flow: Flow) -> Flow {
    let Some(mirror) = flow.mirror() else { return flow };
    let first = |flow: &Flow| world.histories.history(flow).first().map(|step| step.from);
    let listens = |flow: &Flow| {
        let known = world.table.of(&Flow::unconnected(flow.proto, flow.local));
        known.is_some() || world.servers.at(flow.proto, flow.local).is_some()
    };
    let called = match world.clients.by_flow(&flow).and_then(|client| client.local) {
        Some(local) => local != flow.local,
        None if first(&flow) == Some(TcpState::Listen) || listens(&flow) => true,
        None if first(&mirror) == Some(TcpState::Listen) || listens(&mirror) => false,
        // Nothing is known of either: ephemeral ports are the higher ones more often than not.
        None => flow.local.port() < mirror.local.port(),
    };
    if called { mirror } else { flow }
}

impl Model {
    /// Opens the page of the selection, or without one, of the first entry of the focused pane.
    pub(super) fn open_page(&mut self) {
        let chosen = match self.ui.subject {
            Some(Subject::Connection(flow)) => Some(flow),
            _ => self.ui.row.map(|key| key.flow),
        };
        let latest = || match self.ui.focus {
            Pane::Netstat => self.listing.key(0).map(|key| key.flow),
            Pane::Lifecycle => {
                let events = self.lifecycle.list.entries().rev().filter_map(|entry| self.journal.get(entry.seq));
                events.map(|event| &event.seen.kind).find_map(lifecycle::flow_of)
            }
            Pane::Servers | Pane::Clients | Pane::Broadcast => {
                self.worlds.shown().clients.all().iter().rev().find_map(super::clients::Client::flow)
            }
        };
        if let Some(flow) = chosen.or_else(latest) {
            self.select(flow);
            self.ui.page = Some(ConnectionPage::open(flow, self.worlds.shown(), &self.journal));
        }
    }

    pub(super) fn scroll_page(&mut self, steps: isize) {
        let reach = self.ui.scroll_end;
        if let Some(page) = &mut self.ui.page {
            let to = page.from.unwrap_or(reach).min(reach).saturating_add_signed(steps);
            page.from = (to < reach).then_some(to);
        }
    }

    /// The connection that the kernel should be asked about in detail.
    pub(super) fn detail(&self) -> Option<Flow> {
        self.ui.page.as_ref().and_then(ConnectionPage::detail)
    }
}
