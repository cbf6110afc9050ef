//! The clients of the servers, our own and those of other programs, in the order in which they came.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::bounded;
use super::captured_bytes::CapturedBytes;
pub use super::client::{Client, ClientOwner, ClientPhase};
use super::moved_bytes::MovedBytes;
use super::unclaimed_peer::{UnclaimedPeer, anywhere, own_end, same_port};
use crate::domain::client::ClientChange;
use crate::domain::{
    Call, ClientEvent, ClientId, Destination, Errno, Flow, Outcome, PacketSummary, Process, Proto, SocketHolder,
    SocketId, Stamp, Syscall,
};

/// A burst of clients that ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortBurst {
    /// How many were asked for.
    pub asked: u32,
    /// How many were made.
    pub made: u32,
    /// Why.
    pub errno: Errno,
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
    /// How many of the live ones are the broadcaster's.
    broadcasting: usize,
    ours: HashMap<ClientId, u32>,
    by_flow: HashMap<Flow, u32>,
    /// Our own clients that have no address yet.
    unsettled: BTreeSet<ClientId>,
    /// Peers of a server to which one of these may be connecting.
    unclaimed: Vec<UnclaimedPeer>,
    /// UDP clients of other programs, in the order of arrival.
    callers: VecDeque<u32>,
    /// The bytes of connections of which the capture has had every packet, and of UDP clients, by their ends. Only where
    /// servers are watched, whose calls are not seen.
    captured: CapturedBytes,
    /// Processes that were found before any server heard from the ends they hold: when each connected.
    early: VecDeque<(Stamp, SocketHolder)>,
}

impl Clients {
    /// How many ended clients are remembered at least.
    const KEPT: usize = 2_000;

    /// How many of the latest UDP clients of other programs are followed. Source addresses can be forged, a new one for
    /// each datagram.
    const CALLERS: usize = 512;

    /// How many processes are remembered that connected, and for how long: `accept` follows soon.
    const EARLY: usize = 1_024;
    const EARLY_FOR: Duration = Duration::from_secs(10);

    /// How many peers may wait to be told apart from our own clients.
    const UNCLAIMED: usize = 1_024;

    /// All clients that are remembered, the earliest first.
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

    /// How many still have a socket, with those of the broadcaster.
    pub const fn live(&self) -> usize {
        self.live
    }

    /// How many sockets the broadcaster has, which nobody asked for as clients.
    pub const fn broadcasting(&self) -> usize {
        self.broadcasting
    }

    /// How many are remembered, without those of the broadcaster.
    pub fn known(&self) -> usize {
        self.list.iter().filter(|client| client.owner != ClientOwner::Broadcaster).count()
    }

    /// How many of our own still have a socket: those that keys can close.
    pub fn closable(&self) -> usize {
        self.list.iter().filter(|client| client.id().is_some() && client.is_live()).count()
    }

    /// Whether the latest client is younger than a minute: ages are shown in seconds until then.
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

    /// The place of the client that has this end.
    fn place(&self, flow: &Flow) -> Option<usize> {
        self.by_flow.get(flow).and_then(|&no| self.position(no))
    }

    /// The client that has this end, or whose connection has this other end.
    pub fn by_flow(&self, flow: &Flow) -> Option<&Client> {
        let at = self.place(flow).or_else(|| self.place(&flow.mirror()?))?;
        Some(&self.list[at])
    }

    /// Our own client with this id.
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
        self.with(id, |client| {
            match (call.call, call.result) {
                (Syscall::Connect | Syscall::Sendto, Outcome::Ok) => client.phase = ClientPhase::Open,
                (Syscall::Shutdown, Outcome::Ok) => client.phase = ClientPhase::HalfClosed,
                _ => {}
            }
            client.bytes.count(call);
            if error.is_some() {
                client.error = error;
            }
        });
    }

    /// A server accepted a connection or received a datagram. If the peer is not a known client, it belongs to another
    /// program.
    pub(super) fn knocked(&mut self, at: Stamp, by: SocketId, flow: Flow, process: Option<&Process>) {
        let Some(theirs) = flow.mirror() else { return };
        let destination = Destination { server: by.server(), proto: flow.proto, addr: flow.local };
        let end = own_end(theirs);
        let process = process.cloned().or_else(|| self.connected_by(at, &end));
        let peer = UnclaimedPeer { at, end, destination, process, bytes: MovedBytes::default() };
        let waited = flow.proto == Proto::Tcp && self.welcome(&peer.end);
        if let Some(place) = self.place(&peer.end) {
            self.list[place].heard = self.list[place].heard.max(at);
        }
        let live = |flow: &Flow| self.place(flow).is_some_and(|at| self.list[at].is_live());
        if waited || live(&peer.end) || (flow.proto == Proto::Udp && live(&anywhere(peer.end))) {
            return;
        }
        self.unclaimed.push(peer);
        self.admit();
    }

    /// A connection of a known client was accepted. `true` the first time, even if the client left while the connection
    /// waited in the accept queue. Later the same addresses are another program's, unless the client is live.
    fn welcome(&mut self, end: &Flow) -> bool {
        self.place(end).is_some_and(|at| !std::mem::replace(&mut self.list[at].accepted, true))
    }

    /// Turns peers that cannot be ours into clients: none of our clients without an address is connecting to their
    /// server.
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

    /// A server's call moved data of a connection or a datagram: it counts for a client that makes its calls elsewhere.
    pub(super) fn served(&mut self, flow: &Flow, call: &Call) {
        let Some(end) = flow.mirror().map(own_end) else { return };
        let place = self.place(&end).filter(|at| self.list[*at].owner == ClientOwner::Foreign);
        let waiting = self.unclaimed.iter_mut().rev().find(|peer| peer.end == end).map(|peer| &mut peer.bytes);
        if let Some(bytes) = waiting.or_else(|| place.map(|at| &mut self.list[at].bytes)) {
            bytes.count_at_other_end(call);
        }
    }

    /// The table shows a connection with a watched server. It is `over` where nothing is left of it but TIME_WAIT.
    pub(super) fn watched(&mut self, mut peer: UnclaimedPeer, over: bool) {
        let end = peer.end;
        let waits = self.unclaimed.iter().any(|waiting| waiting.end == end);
        if let Some(place) = self.place(&end) {
            self.list[place].heard = self.list[place].heard.max(peer.at);
        }
        let known = self.place(&end).map(|at| &self.list[at]);
        // What is left of a client's own socket may be seen after its end.
        let comes = known.is_none_or(|known| known.owner == ClientOwner::Foreign && !known.is_live() && !over);
        if comes && !waits {
            peer.process = peer.process.or_else(|| self.connected_by(peer.at, &end));
            self.unclaimed.push(peer);
            self.admit();
        }
        if over {
            self.left(&end);
        }
    }

    /// A packet between a watched server and the client at this end was captured.
    pub(super) fn passed(&mut self, end: Flow, packet: &PacketSummary) {
        let bytes = self.captured.count(end, packet);
        let place = self.place(&own_end(end)).filter(|at| self.list[*at].owner == ClientOwner::Foreign);
        if let (Some(bytes), Some(place)) = (bytes, place) {
            self.list[place].bytes = bytes;
        }
    }

    /// Packets are missing from what was captured.
    pub(super) fn uncaptured(&mut self) {
        self.captured = CapturedBytes::default();
        let foreign = self.list.iter_mut().filter(|client| client.owner == ClientOwner::Foreign);
        foreign.for_each(|client| client.bytes = MovedBytes::default());
    }

    fn enter(&mut self, peer: UnclaimedPeer) {
        let no = self.connected(peer.at, ClientOwner::Foreign, peer.destination, peer.end);
        if let Some(client) = self.list.last_mut() {
            client.bytes = self.captured.of(&peer.end).unwrap_or(peer.bytes);
            client.process = peer.process;
        }
        if peer.destination.proto == Proto::Udp {
            self.callers.push_back(no);
            if self.callers.len() > Self::CALLERS
                && let Some(at) = self.callers.pop_front().and_then(|first| self.position(first))
                && self.list[at].owner == ClientOwner::Foreign
            {
                self.go(at, ClientPhase::Unfollowed);
            }
        }
    }

    /// The broadcaster's sockets are clients too, but no key closes them.
    pub(super) fn broadcaster(&mut self, at: Stamp, destination: Destination, flow: Flow) {
        let own = own_end(flow);
        self.unclaimed.retain(|peer| !peer.is(own));
        if let Some(no) = self.as_told(own) {
            self.by_flow.insert(own, no);
        }
        match self.place(&own) {
            Some(at) if self.list[at].owner == ClientOwner::Broadcaster => {}
            Some(at) if self.list[at].is_live() => {
                self.list[at].owner = ClientOwner::Broadcaster;
                self.broadcasting += 1;
                // From now on its own calls are counted.
                self.list[at].bytes = MovedBytes::default();
            }
            _ => {
                self.connected(at, ClientOwner::Broadcaster, destination, own);
                self.broadcasting += 1;
            }
        }
    }

    /// Follows a call of the broadcaster.
    pub(super) fn broadcast_called(&mut self, flow: Flow, call: &Call) {
        if let Some(at) = self.place(&own_end(flow)) {
            self.list[at].bytes.count(call);
        }
    }

    /// A client of another program ended: its row left the table, or its server closed the connection.
    pub(super) fn left(&mut self, flow: &Flow) {
        if let Some(place) = self.unclaimed.iter().position(|peer| peer.end == *flow) {
            let peer = self.unclaimed.remove(place);
            self.enter(peer);
        }
        if let Some(at) = self.place(flow) {
            self.go(at, ClientPhase::Ended(None));
        }
    }

    /// The table showed at this moment that there is no socket at this UDP client's end. If it is another program's, and
    /// no server has heard from it since, it is gone.
    pub(super) fn vanished(&mut self, at: Stamp, end: &Flow) {
        if let Some(place) = self.unclaimed.iter().position(|peer| peer.end == *end && peer.at <= at) {
            let peer = self.unclaimed.remove(place);
            self.enter(peer);
        }
        let is_gone = |client: &Client| client.owner == ClientOwner::Foreign && client.heard <= at;
        if let Some(place) = self.place(end).filter(|at| is_gone(&self.list[*at])) {
            self.go(place, ClientPhase::Gone);
        }
    }

    /// The ends of other programs' UDP clients whose socket may have been bound to this address.
    pub(super) fn bound_to(&self, local: SocketAddr) -> Vec<Flow> {
        let ends = self.callers.iter().filter_map(|no| self.get(*no)).filter_map(Client::flow);
        let has_it = |end: &Flow| {
            end.local.port() == local.port() && (local.ip().is_unspecified() || local.ip() == end.local.ip())
        };
        ends.filter(has_it).collect()
    }

    /// Whether this end is that of a client of ours, or of the broadcaster.
    pub(super) fn is_own(&self, end: &Flow) -> bool {
        let own = own_end(*end);
        let ends = [Some(own), (own.proto == Proto::Udp).then(|| anywhere(own))];
        let known = ends.into_iter().flatten().filter_map(|end| self.place(&end)).map(|at| &self.list[at]);
        known.into_iter().any(|client| client.owner != ClientOwner::Foreign && client.is_live())
    }

    /// Ends the client at this place, unless it is our own.
    fn go(&mut self, at: usize, phase: ClientPhase) {
        let client = &mut self.list[at];
        if !matches!(client.owner, ClientOwner::Ours(..)) && client.is_live() {
            client.phase = phase;
            self.live -= 1;
            self.broadcasting -= usize::from(client.owner == ClientOwner::Broadcaster);
            self.forget();
        }
    }

    /// The table names the program that holds a client's end.
    pub(super) fn named(&mut self, flow: Flow, process: &Process) {
        let end = own_end(flow);
        self.unclaimed.iter_mut().filter(|peer| peer.is(end)).for_each(|peer| peer.process = Some(process.clone()));
        if let Some(at) = self.place(&end) {
            self.list[at].process = Some(process.clone());
        }
    }

    /// The process that holds an end was found, in the kernel's word at this moment.
    pub(super) fn held(&mut self, at: Stamp, holder: &SocketHolder) {
        let end = own_end(holder.flow);
        let waits = self.unclaimed.iter().any(|peer| peer.is(end));
        // It connects before `accept` returns: an earlier client had the same addresses.
        let known = self.place(&end).is_some_and(|place| self.list[place].since >= at || self.list[place].is_live());
        if waits || known {
            self.named(holder.flow, &holder.process);
        } else {
            bounded::push(&mut self.early, (at, holder.clone()), Self::EARLY);
        }
    }

    /// The process that was found to connect from this end shortly before.
    fn connected_by(&mut self, at: Stamp, end: &Flow) -> Option<Process> {
        let is_it = |(connected, holder): &(Stamp, SocketHolder)| {
            own_end(holder.flow) == *end && *connected <= at && at.since(*connected) < Self::EARLY_FOR
        };
        let place = self.early.iter().rposition(is_it)?;
        self.early.remove(place).map(|(_, holder)| holder.process)
    }

    /// A client that is not our own, at this end.
    fn connected(&mut self, at: Stamp, owner: ClientOwner, destination: Destination, end: Flow) -> u32 {
        let no = self.come(at, owner, destination);
        self.by_flow.insert(end, no);
        if let Some(client) = self.list.last_mut() {
            client.local = Some(end.local);
            client.phase = ClientPhase::Open;
            client.accepted = owner == ClientOwner::Foreign;
        }
        no
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
            heard: at,
            bytes: MovedBytes::default(),
            process: None,
            error: None,
            accepted: false,
        });
        self.last_no
    }

    /// Gives our own client its address. If its server reported it earlier as another program's, that entry is removed.
    fn settle(&mut self, id: ClientId, flow: Flow) {
        let Some(&no) = self.ours.get(&id) else { return };
        self.with(id, |client| client.local = Some(flow.local));
        let before = self.by_flow.insert(flow, no).filter(|&before| before != no);
        let stranger = |at: &usize| self.list[*at].owner == ClientOwner::Foreign && self.list[*at].is_live();
        let mut accepted = self.unclaimed.iter().any(|peer| peer.is(flow));
        if let Some(at) = before.and_then(|no| self.position(no)).filter(stranger) {
            self.list.remove(at);
            self.live -= 1;
            accepted = true;
        }
        if accepted {
            self.with(id, |client| client.accepted = true);
        }
        if self.unsettled.remove(&id) {
            self.unclaimed.retain(|peer| !peer.is(flow));
            self.admit();
        }
    }

    /// The latest client of another program that a server knows by one of this machine's addresses, if this UDP socket
    /// has its port on all of them.
    fn as_told(&self, flow: Flow) -> Option<u32> {
        if flow.proto != Proto::Udp || !flow.local.ip().is_unspecified() {
            return None;
        }
        let told = |client: &&Client| client.owner == ClientOwner::Foreign && client.flow().map(anywhere) == Some(flow);
        self.list.iter().rev().find(told).map(|client| client.no)
    }

    /// Changes our own client while it is live.
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

    /// Keeps memory bounded: once twice [`Clients::KEPT`] have ended, drops the earlier half.
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
