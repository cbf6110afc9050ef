//! The clients: everybody who called one of the servers, ours and others', in the order they came.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::unclaimed_peer::{UnclaimedPeer, anywhere, own_end, same_port};
use crate::domain::client::ClientChange;
use crate::domain::{
    Call, ClientEvent, ClientId, ClientPlan, Destination, Errno, Flow, Outcome, Process, Proto, SocketId, Stamp,
    Syscall,
};

/// Whose client it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientOwner {
    /// Spawned by a key of ours.
    Ours(ClientId, ClientPlan),
    /// The broadcaster.
    Broadcaster,
    /// Another program's.
    Foreign,
}

/// How far a client has come, by its own calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientPhase {
    /// It has no address yet.
    Starting,
    /// `connect` has not returned.
    Dialing,
    /// It can talk.
    Open,
    /// It sends no more and still listens.
    HalfClosed,
    /// It has no socket any more; with the error that ended it, if one did.
    Ended(Option<Errno>),
}

/// A burst of clients that ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortBurst {
    /// How many were asked for.
    pub asked: u32,
    /// How many were made.
    pub made: u32,
    /// What stopped it.
    pub errno: Errno,
}

/// One client.
#[derive(Debug, Clone)]
pub struct Client {
    /// The order of coming, from 1. What it is called is its [`id`](Client::id), which only ours have.
    pub no: u32,
    /// Whose it is.
    pub owner: ClientOwner,
    /// Where it goes.
    pub destination: Destination,
    /// Its own address, once it has one.
    pub local: Option<SocketAddr>,
    /// How far it has come.
    pub phase: ClientPhase,
    /// When it came.
    pub since: Stamp,
    /// Bytes it sent.
    pub sent: u64,
    /// Bytes it received.
    pub received: u64,
    /// The program that it is part of, where that was found out.
    pub process: Option<Process>,
    error: Option<Errno>,
    /// Whether a server of ours has accepted its connection.
    accepted: bool,
}

impl Client {
    /// Its end of the conversation, once it has an address. A UDP client's has no peer: it is not connected.
    pub fn flow(&self) -> Option<Flow> {
        let local = self.local?;
        let peer = (self.destination.proto == Proto::Tcp).then_some(self.destination.addr);
        Some(Flow { proto: self.destination.proto, local, peer })
    }

    /// Its id, if it is one of ours.
    pub const fn id(&self) -> Option<ClientId> {
        match self.owner {
            ClientOwner::Ours(id, _) => Some(id),
            ClientOwner::Broadcaster | ClientOwner::Foreign => None,
        }
    }

    /// Whether it still has a socket.
    pub const fn is_live(&self) -> bool {
        !matches!(self.phase, ClientPhase::Ended(_))
    }
}

/// All clients that are remembered: the live ones, and the latest of those that ended.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    /// Ascending by `no`.
    list: Vec<Client>,
    /// The latest burst, if it ended early; until another client is made.
    pub short: Option<ShortBurst>,
    last_no: u32,
    live: usize,
    ours: HashMap<ClientId, u32>,
    by_flow: HashMap<Flow, u32>,
    /// Those of ours that have no address yet.
    unsettled: BTreeSet<ClientId>,
    /// Those who came to a server that one without an address is on its way to.
    unclaimed: Vec<UnclaimedPeer>,
    /// Those of other programs that talk by UDP, in the order of coming: nobody tells when they are gone.
    callers: VecDeque<u32>,
}

impl Clients {
    /// How many ended clients are remembered at least.
    const KEPT: usize = 2_000;

    /// How many of those who talk by UDP count as being there: the latest. Their addresses can be forged, each datagram's
    /// another.
    const CALLERS: usize = 512;

    /// How many may wait to be told from ours.
    const UNCLAIMED: usize = 1_024;

    /// Everybody remembered, the earliest first.
    pub fn all(&self) -> &[Client] {
        &self.list
    }

    /// Those remembered in the order of the list: ours by age, the newest first, then others', then the broadcaster's.
    pub fn listed(&self) -> impl Iterator<Item = &Client> {
        const GROUPS: [fn(ClientOwner) -> bool; 3] = [
            |owner| matches!(owner, ClientOwner::Ours(..)),
            |owner| owner == ClientOwner::Foreign,
            |owner| owner == ClientOwner::Broadcaster,
        ];
        GROUPS.into_iter().flat_map(|of_group| self.list.iter().rev().filter(move |client| of_group(client.owner)))
    }

    /// How many still have a socket.
    pub const fn live(&self) -> usize {
        self.live
    }

    /// Whether somebody who is still there came less than a minute before `now`: ages are shown in seconds until then.
    pub fn is_young(&self, now: Stamp) -> bool {
        let latest = self.list.last();
        self.live > 0 && latest.is_some_and(|client| now.since(client.since) < Duration::from_secs(61))
    }

    /// The place in [`Clients::all`] of the client with this number.
    pub fn position(&self, no: u32) -> Option<usize> {
        self.list.binary_search_by_key(&no, |client| client.no).ok()
    }

    /// The client with this number.
    pub fn get(&self, no: u32) -> Option<&Client> {
        self.position(no).map(|at| &self.list[at])
    }

    /// The client that has this end, or whose connection has this other end.
    pub fn by_flow(&self, flow: &Flow) -> Option<&Client> {
        let found = |flow: &Flow| self.by_flow.get(flow).and_then(|&no| self.get(no));
        found(flow).or_else(|| flow.mirror().and_then(|mirror| found(&mirror)))
    }

    /// The client of ours with this id.
    pub fn ours(&self, id: ClientId) -> Option<&Client> {
        self.ours.get(&id).and_then(|&no| self.get(no))
    }

    pub(super) fn apply(&mut self, at: Stamp, event: &ClientEvent) {
        match &event.change {
            ClientChange::Spawned { plan, destination } => {
                self.short = None;
                let no = self.come(at, ClientOwner::Ours(event.client, *plan), *destination);
                self.ours.insert(event.client, no);
                self.unsettled.insert(event.client);
            }
            ClientChange::Dialing { flow } => {
                self.with(event.client, |client| client.phase = ClientPhase::Dialing);
                self.settle(event.client, *flow);
            }
            ClientChange::Ended => self.end(event.client),
        }
    }

    /// Follows a client's own call.
    pub(super) fn called(&mut self, id: ClientId, call: &Call) {
        let error = call.result.errno();
        if let Some(flow) = call.flow {
            self.settle(id, own_end(flow));
        }
        let len = call.data.as_ref().map_or(0, |data| data.len as u64);
        self.with(id, |client| {
            match (call.call, call.result) {
                (Syscall::Connect | Syscall::Sendto, Outcome::Ok) => client.phase = ClientPhase::Open,
                (Syscall::Shutdown, Outcome::Ok) => client.phase = ClientPhase::HalfClosed,
                _ => {}
            }
            match call.call {
                Syscall::Send | Syscall::Sendto if error.is_none() => client.sent += len,
                Syscall::Recv | Syscall::Recvfrom => client.received += len,
                _ => {}
            }
            if error.is_some() {
                client.error = error;
            }
        });
    }

    /// A server accepted a connection, or received a datagram, from `peer`. When it is nobody known, it is a client
    /// of another program.
    pub(super) fn knocked(&mut self, at: Stamp, by: SocketId, flow: Flow) {
        let Some(theirs) = flow.mirror() else { return };
        let destination = Destination { server: by.server(), proto: flow.proto, addr: flow.local };
        let peer = UnclaimedPeer { at, end: own_end(theirs), destination };
        let waited = flow.proto == Proto::Tcp && self.welcome(&peer.end);
        let live = |flow: &Flow| self.by_flow.get(flow).and_then(|&no| self.get(no)).is_some_and(Client::is_live);
        if waited || live(&peer.end) || (flow.proto == Proto::Udp && live(&anywhere(peer.end))) {
            return;
        }
        self.unclaimed.push(peer);
        self.admit();
    }

    /// A connection of somebody known was accepted. `true` the first time: who left while it waited in the accept queue is
    /// no stranger. Another time these addresses are somebody else's, unless they are alive.
    fn welcome(&mut self, end: &Flow) -> bool {
        let known = self.by_flow.get(end).and_then(|&no| self.position(no));
        known.is_some_and(|at| !std::mem::replace(&mut self.list[at].accepted, true))
    }

    /// Lets those in who cannot be ours: nobody of ours without an address is on its way to where they went.
    fn admit(&mut self) {
        let crowded = self.unclaimed.len() > Self::UNCLAIMED;
        let (may_be_ours, strangers) = std::mem::take(&mut self.unclaimed).into_iter().partition(|peer| {
            let expected =
                |id: &ClientId| self.ours(*id).is_some_and(|client| same_port(client.destination, peer.destination));
            !crowded && self.unsettled.iter().any(expected)
        });
        self.unclaimed = may_be_ours;
        Vec::into_iter(strangers).for_each(|peer| self.enter(peer));
    }

    fn enter(&mut self, peer: UnclaimedPeer) {
        let no = self.come(peer.at, ClientOwner::Foreign, peer.destination);
        self.by_flow.insert(peer.end, no);
        if let Some(client) = self.list.last_mut() {
            client.local = Some(peer.end.local);
            client.phase = ClientPhase::Open;
            client.accepted = true;
        }
        if peer.destination.proto == Proto::Udp {
            self.callers.push_back(no);
            if self.callers.len() > Self::CALLERS
                && let Some(at) = self.callers.pop_front().and_then(|first| self.position(first))
                && self.list[at].owner == ClientOwner::Foreign
            {
                self.go(at);
            }
        }
    }

    /// The broadcaster's own sockets are clients too, of a kind that no key closes.
    pub(super) fn broadcaster(&mut self, at: Stamp, destination: Destination, flow: Flow) {
        let own = own_end(flow);
        self.unclaimed.retain(|peer| !peer.is(own));
        if let Some(no) = self.as_told(own) {
            self.by_flow.insert(own, no);
        }
        match self.by_flow.get(&own).copied().and_then(|no| self.position(no)) {
            Some(at) if self.list[at].is_live() => self.list[at].owner = ClientOwner::Broadcaster,
            _ => {
                let no = self.come(at, ClientOwner::Broadcaster, destination);
                self.by_flow.insert(own, no);
                if let Some(client) = self.list.last_mut() {
                    client.local = Some(own.local);
                    client.phase = ClientPhase::Open;
                }
            }
        }
    }

    /// The end of a client that no event of ours announces: its row left the table, or its server saw it go.
    pub(super) fn left(&mut self, flow: &Flow) {
        if let Some(place) = self.unclaimed.iter().position(|peer| peer.end == *flow) {
            let peer = self.unclaimed.remove(place);
            self.enter(peer);
        }
        let Some(at) = self.by_flow.get(flow).copied().and_then(|no| self.position(no)) else { return };
        self.go(at);
    }

    /// The one at this place is there no longer, if it is none of ours.
    fn go(&mut self, at: usize) {
        let client = &mut self.list[at];
        if !matches!(client.owner, ClientOwner::Ours(..)) && client.is_live() {
            client.phase = ClientPhase::Ended(None);
            self.live -= 1;
            self.forget();
        }
    }

    /// The table names the program that holds a client's end.
    pub(super) fn named(&mut self, flow: &Flow, process: &Process) {
        let place = self.by_flow.get(flow).and_then(|&no| self.position(no));
        if let Some(client) = place.map(|at| &mut self.list[at]) {
            client.process = Some(process.clone());
        }
    }

    fn come(&mut self, at: Stamp, owner: ClientOwner, destination: Destination) -> u32 {
        self.last_no += 1;
        self.live += 1;
        self.list.push(Client {
            no: self.last_no,
            owner,
            destination,
            local: None,
            phase: ClientPhase::Starting,
            since: at,
            sent: 0,
            received: 0,
            process: None,
            error: None,
            accepted: false,
        });
        self.last_no
    }

    /// Gives a client of ours its address. A server may have told of it first, as of a stranger: that entry goes.
    fn settle(&mut self, id: ClientId, flow: Flow) {
        let Some(&no) = self.ours.get(&id) else { return };
        self.with(id, |client| client.local = Some(flow.local));
        let before = self.by_flow.insert(flow, no).filter(|&before| before != no);
        let stranger = |at: &usize| self.list[*at].owner == ClientOwner::Foreign && self.list[*at].is_live();
        let knocked = self.unclaimed.iter().any(|peer| peer.is(flow));
        if let Some(at) = before.and_then(|no| self.position(no)).filter(stranger) {
            self.list.remove(at);
            self.live -= 1;
            self.with(id, |client| client.accepted = true);
        }
        if knocked {
            self.with(id, |client| client.accepted = true);
        }
        if self.unsettled.remove(&id) {
            self.unclaimed.retain(|peer| !peer.is(flow));
            self.admit();
        }
    }

    /// The newest stranger that a server knows by one of this machine's addresses, when this UDP socket has its port on
    /// all of them.
    fn as_told(&self, flow: Flow) -> Option<u32> {
        if flow.proto != Proto::Udp || !flow.local.ip().is_unspecified() {
            return None;
        }
        let told = |client: &&Client| client.owner == ClientOwner::Foreign && client.flow().map(anywhere) == Some(flow);
        self.list.iter().rev().find(told).map(|client| client.no)
    }

    /// Changes a client of ours, as long as it lives: nothing can happen to it after its end.
    fn with(&mut self, id: ClientId, change: impl FnOnce(&mut Client)) {
        let place = self.ours.get(&id).and_then(|&no| self.position(no));
        if let Some(client) = place.map(|at| &mut self.list[at]).filter(|client| client.is_live()) {
            change(client);
        }
    }

    fn end(&mut self, id: ClientId) {
        let mut ended = 0;
        self.with(id, |client| {
            client.phase = ClientPhase::Ended(client.error);
            ended = 1;
        });
        self.live -= ended;
        if self.unsettled.remove(&id) {
            self.admit();
        }
        self.forget();
    }

    /// Keeps memory bounded: once twice as many have ended as are kept, the earlier half goes.
    fn forget(&mut self) {
        let ended = self.list.len() - self.live;
        if ended <= 2 * Self::KEPT {
            return;
        }
        let mut surplus = ended - Self::KEPT;
        self.list.retain(|client| {
            let goes = surplus > 0 && !client.is_live();
            surplus -= usize::from(goes);
            !goes
        });
        let list = &self.list;
        let kept = |no: &u32| list.binary_search_by_key(no, |client| client.no).is_ok();
        self.ours.retain(|_, no| kept(no));
        self.by_flow.retain(|_, no| kept(no));
    }
}
