//! Which of the traced sockets are of our own network namespace.
//!
//! The kernel traces every namespace at once and does not say which one a socket is in, and 127.0.0.1:65432 may be in
//! many. Of a socket whose address another namespace could have too, only what our own namespace's kernel bears out is
//! told: the socket, or the other end of its connection, is found there by its addresses, in a state that it may be in
//! by then; or, when its life was shorter than that, the kernel announces to this namespace that it was destroyed.
//! What remains unproven belongs to somebody else and is counted. Two connections with the same four addresses, alive in
//! two namespaces at one moment, cannot be told apart.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

use super::identity::TracedTransition;
use crate::domain::{Flow, HostId, Proto, Row, TcpState, TimerKind, Transition};

/// How long a proof is waited for, in nanoseconds. A destroyed socket is announced within milliseconds; but one that was
/// refused or reset is in no table, and is destroyed only when its owner lets go of it.
const PATIENCE: u64 = 10_000_000_000;
/// How long `TIME_WAIT` lasts on Linux (`TCP_TIMEWAIT_LEN`), and how exactly its timer is told, in nanoseconds.
const TIME_WAIT: u64 = 60_000_000_000;
const TICKS: u64 = 20_000_000;
/// No more sockets than this are remembered as ours or not, and no more lives wait for their proof.
const MOST: usize = 65_536;
/// A life has fewer changes than this; these addresses are used again and again.
const LONGEST: usize = 64;

/// What our own namespace's kernel knows.
pub(super) trait OwnNamespace {
    /// The socket with these addresses, and when it was looked up.
    fn look_up(&mut self, flow: &Flow) -> Option<(Row, u64)>;
    /// Whether a listener, by its cookie, was not there when it was last asked for and when the trace began.
    fn is_new(&mut self, cookie: u64) -> bool;
}

/// See the module's head. All times are in nanoseconds of the trace's clock.
#[derive(Debug, Default)]
pub(super) struct Ownership {
    /// Sockets whose life is under way: whether they are ours.
    known: HashMap<u64, bool>,
    waiting: BTreeMap<SocketKey, Unproven>,
    due: VecDeque<(u64, SocketKey)>,
    /// Proofs may have been lost until this moment.
    blind: u64,
    unattributed: Unattributed,
}

/// The addresses of a socket, its port before them.
type SocketKey = (u16, Flow);

/// How many changes were not told since this was last asked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unattributed {
    /// They are not ours.
    pub(super) foreign: u64,
    /// They may have been ours, but they, or their proof, could not be kept.
    pub(super) lost: u64,
}

/// What was traced of one socket, in order, while it is not known whose it is.
#[derive(Debug)]
struct Unproven {
    since: u64,
    told: Vec<TracedTransition>,
}

impl Ownership {
    /// Takes in one change of a socket; what is known to be of ours goes to `out`.
    pub(super) fn hear(
        &mut self,
        now: u64,
        told: TracedTransition,
        namespace: &mut dyn OwnNamespace,
        out: &mut Vec<TracedTransition>,
    ) {
        let TracedTransition { socket, time, ref change } = told;
        if begins(change) {
            self.known.remove(&socket);
        }
        let is_ours = match self.known.get(&socket) {
            Some(is_ours) => Some(*is_ours),
            None if !is_everywhere(&change.flow) => Some(true),
            None if self.waiting.contains_key(&key(&change.flow)) => None,
            None if begins(change) && change.flow.peer.is_none() => is_new(&change.flow, namespace),
            None => is_there(change, time, namespace).then_some(true),
        };
        match is_ours {
            Some(is_ours) => self.know(socket, change.to, is_ours),
            None => return self.wait(now, told),
        }
        if is_ours == Some(true) {
            out.push(told);
        } else {
            self.unattributed.foreign += 1;
        }
    }

    /// A socket with these addresses was destroyed in our namespace.
    pub(super) fn destroyed(&mut self, flow: &Flow, out: &mut Vec<TracedTransition>) {
        let flow = match flow.peer {
            Some(peer) if peer.port() == 0 => self.disconnected(flow.local.port(), peer.ip()),
            _ => Some(*flow),
        };
        for flow in [flow, flow.and_then(|flow| flow.mirror())].into_iter().flatten() {
            let Some(mut waiting) = self.waiting.remove(&key(&flow)) else { continue };
            if flow.peer.is_none() {
                // Any namespace's listener may have closed here; ours did just now.
                self.unattributed.foreign += waiting.told.len().saturating_sub(1) as u64;
                waiting.told.drain(..waiting.told.len().saturating_sub(1));
            }
            self.acknowledge(waiting, out);
        }
    }

    /// The only connection over between this port and this host. When it is refused, or reset by its own end, the kernel
    /// forgets the rest of its addresses before it destroys the socket (`tcp_disconnect`).
    fn disconnected(&self, port: u16, host: IpAddr) -> Option<Flow> {
        let since = (port, Flow::unconnected(Proto::Tcp, SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))));
        let of_port = self.waiting.range(since..).take_while(|((other, _), _)| *other == port);
        let is_over = |waiting: &Unproven| waiting.told.last().is_some_and(|told| told.change.to == TcpState::Closed);
        let is_it = |flow: &Flow| flow.peer.is_some_and(|peer| peer.ip() == host.to_canonical());
        let mut over = of_port.filter(|((_, flow), waiting)| is_it(flow) && is_over(waiting));
        over.next().filter(|_| over.next().is_none()).map(|((_, flow), _)| *flow)
    }

    /// Announcements of destroyed sockets were lost.
    pub(super) const fn blinded(&mut self, now: u64) {
        self.blind = now.saturating_add(PATIENCE);
    }

    /// Gives up what has waited long enough, after a last look.
    pub(super) fn pass(&mut self, now: u64, namespace: &mut dyn OwnNamespace, out: &mut Vec<TracedTransition>) {
        while let Some((_, key)) = self.due.pop_front_if(|(due, _)| *due <= now) {
            // Its proof may have come, and another life begun since.
            let is_due = self.waiting.get(&key).is_some_and(|waiting| waiting.since + PATIENCE <= now);
            let Some(waiting) = is_due.then(|| self.waiting.remove(&key)).flatten() else { continue };
            let (Some(first), Some(last)) = (waiting.told.first(), waiting.told.last()) else { continue };
            if is_there(&last.change, first.time, namespace) {
                self.acknowledge(waiting, out);
                continue;
            }
            self.know(last.socket, last.change.to, false);
            let count = waiting.told.len() as u64;
            *(if now < self.blind { &mut self.unattributed.lost } else { &mut self.unattributed.foreign }) += count;
        }
    }

    /// When [`Ownership::pass`] has something to do next.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.front().map(|(due, _)| *due)
    }

    /// What was not told since this was last asked.
    pub(super) fn take_unattributed(&mut self) -> Unattributed {
        std::mem::take(&mut self.unattributed)
    }

    /// Remembers whose this socket is, as long as it lives.
    fn know(&mut self, socket: u64, state: TcpState, is_ours: bool) {
        if state == TcpState::Closed {
            self.known.remove(&socket);
        } else if self.known.len() < MOST {
            self.known.insert(socket, is_ours);
        }
    }

    fn wait(&mut self, now: u64, told: TracedTransition) {
        let key = key(&told.change.flow);
        let full = self.waiting.len() >= MOST;
        match self.waiting.get_mut(&key) {
            Some(waiting) if waiting.told.len() < LONGEST => waiting.told.push(told),
            None if !full => {
                self.waiting.insert(key, Unproven { since: now, told: vec![told] });
                self.due.push_back((now.saturating_add(PATIENCE), key));
            }
            _ => self.unattributed.lost += 1,
        }
    }

    fn acknowledge(&mut self, waiting: Unproven, out: &mut Vec<TracedTransition>) {
        if let Some(last) = waiting.told.last() {
            self.know(last.socket, last.change.to, true);
        }
        out.extend(waiting.told);
    }
}

/// Whether a socket's life begins with this.
const fn begins(change: &Transition) -> bool {
    use TcpState::{Closed, Listen, SynRecv, SynSent};
    matches!((change.from, change.to), (Closed, SynSent | Listen) | (Listen, SynRecv))
}

/// Whether another namespace could have a socket with this local address: loopback is in all of them, the wire's hosts
/// have theirs wherever a wire is open, and a listener may be on every address.
fn is_everywhere(flow: &Flow) -> bool {
    let ip = flow.local.ip().to_canonical();
    flow.peer.is_none() || ip.is_loopback() || HostId::at(ip).is_some()
}

/// Whether a listener that began just now is ours. Not known when there is none any more.
fn is_new(flow: &Flow, namespace: &mut dyn OwnNamespace) -> Option<bool> {
    let (row, _) = namespace.look_up(flow).filter(|(row, _)| row.state == Some(TcpState::Listen))?;
    Some(namespace.is_new(row.cookie))
}

/// Whether a connection's socket whose life is known since `since`, or its other end, is in our table.
fn is_there(change: &Transition, since: u64, namespace: &mut dyn OwnNamespace) -> bool {
    let Some(other) = change.flow.mirror() else { return false };
    let mut found = |flow| namespace.look_up(flow).filter(|(row, at)| is_recent(row, *at, since));
    found(&change.flow).is_some_and(|(row, _)| may_follow(&row, change.to)) || found(&other).is_some()
}

/// Whether this row may be of a socket that was in `state` before: later in its life, or what is left of it.
fn may_follow(row: &Row, state: TcpState) -> bool {
    let is_rest = row.timer.is_some_and(|timer| timer.kind == TimerKind::TimeWait);
    is_rest || (state != TcpState::Closed && row.state.is_some_and(|now| now.rank() >= state.rank()))
}

/// Whether a row is not what is left of a connection that was over before this life began.
fn is_recent(row: &Row, at: u64, since: u64) -> bool {
    let left = row.timer.filter(|_| row.state == Some(TcpState::TimeWait)).map(|timer| timer.left_ms * 1_000_000);
    left.is_none_or(|left| at + left + TICKS >= since + TIME_WAIT)
}

/// The same addresses, IPv4 inside IPv6 as IPv4: that is how the other end may have them.
fn key(flow: &Flow) -> SocketKey {
    let plain = |addr: SocketAddr| SocketAddr::new(addr.ip().to_canonical(), addr.port());
    (flow.local.port(), Flow { local: plain(flow.local), peer: flow.peer.map(plain), ..*flow })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::Timer;
    use TcpState::{Closed, Established, FinWait2, Listen, SynRecv, SynSent};

    const SECOND: u64 = 1_000_000_000;
    /// Long after the machine was started.
    const NOW: u64 = 1_000 * SECOND;

    #[derive(Default)]
    struct Fake {
        rows: Vec<Row>,
        listeners: HashSet<u64>,
        now: u64,
    }

    impl OwnNamespace for Fake {
        fn look_up(&mut self, flow: &Flow) -> Option<(Row, u64)> {
            Some((self.rows.iter().find(|row| row.flow == *flow).cloned()?, self.now))
        }

        fn is_new(&mut self, cookie: u64) -> bool {
            self.listeners.insert(cookie)
        }
    }

    fn addr(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn client() -> Flow {
        Flow::tcp(addr(5000), addr(80))
    }

    fn server() -> Flow {
        Flow::tcp(addr(80), addr(5000))
    }

    fn listener() -> Flow {
        Flow { peer: None, ..server() }
    }

    fn row(flow: Flow, state: TcpState) -> Row {
        let left = 60_000 - 5;
        let timer = Timer { kind: TimerKind::TimeWait, left_ms: left, count: 0 };
        Row {
            flow,
            state: Some(state),
            recv_q: None,
            send_q: None,
            timer: (state == TcpState::TimeWait).then_some(timer),
            uid: None,
            inode: None,
            cookie: 7,
            process: None,
        }
    }

    /// The namespace, and what is told of changes in it or elsewhere.
    struct Scene {
        ownership: Ownership,
        namespace: Fake,
        told: Vec<TracedTransition>,
    }

    impl Scene {
        fn with(rows: impl Into<Vec<Row>>) -> Self {
            let namespace = Fake { rows: rows.into(), now: NOW, ..Fake::default() };
            Self { ownership: Ownership::default(), namespace, told: Vec::new() }
        }

        fn hear(&mut self, socket: u64, flow: Flow, from: TcpState, to: TcpState) {
            let now = self.namespace.now;
            let told = TracedTransition { socket, time: now, change: Transition { flow, from, to, cause: None } };
            self.ownership.hear(now, told, &mut self.namespace, &mut self.told);
        }

        fn pass(&mut self, seconds: u64) {
            self.namespace.now += seconds * SECOND;
            self.ownership.pass(self.namespace.now, &mut self.namespace, &mut self.told);
        }

        fn told(&mut self) -> Vec<TcpState> {
            std::mem::take(&mut self.told).iter().map(|told| told.change.to).collect()
        }

        fn unattributed(&mut self) -> (u64, u64) {
            let Unattributed { foreign, lost } = self.ownership.take_unattributed();
            (foreign, lost)
        }
    }

    #[test]
    fn a_socket_in_our_table_is_ours_all_its_life() {
        let mut scene = Scene::with([row(client(), Established)]);
        scene.hear(1, client(), Closed, SynSent);
        scene.namespace.rows.clear();
        scene.hear(1, client(), SynSent, Established);
        scene.hear(1, client(), Established, Closed);
        assert_eq!((scene.told(), scene.unattributed()), (vec![SynSent, Established, Closed], (0, 0)));
    }

    #[test]
    fn its_other_end_in_our_table_is_as_good() {
        let mut scene = Scene::with([row(client(), TcpState::TimeWait)]);
        scene.hear(2, server(), Listen, SynRecv);
        scene.hear(2, server(), SynRecv, Established);
        assert_eq!(scene.told(), [SynRecv, Established]);
    }

    #[test]
    fn a_life_too_short_for_the_table_is_told_when_its_end_is_announced_and_so_is_its_other_ends() {
        let mut scene = Scene::with([]);
        scene.hear(1, client(), Closed, SynSent);
        scene.hear(2, server(), Listen, SynRecv);
        scene.hear(1, client(), SynSent, Established);
        scene.hear(1, client(), Established, Closed);
        assert_eq!(scene.told(), []);
        let mut told = Vec::new();
        scene.ownership.destroyed(&client(), &mut told);
        assert_eq!(told.iter().map(|told| told.change.to).collect::<Vec<_>>(), [SynSent, Established, Closed, SynRecv]);
        scene.hear(2, server(), SynRecv, Established);
        scene.pass(60);
        assert_eq!((scene.told(), scene.unattributed()), (vec![Established], (0, 0)));
    }

    #[test]
    fn what_nothing_here_bears_out_is_somebody_elses_and_is_counted() {
        let mut scene = Scene::with([]);
        scene.hear(1, client(), Closed, SynSent);
        scene.hear(1, client(), SynSent, Established);
        assert_eq!(scene.ownership.next_due(), Some(NOW + PATIENCE));
        scene.pass(10);
        scene.hear(1, client(), Established, FinWait2);
        scene.hear(1, client(), FinWait2, Closed);
        assert_eq!((scene.told(), scene.unattributed(), scene.ownership.next_due()), (vec![], (4, 0), None));
        assert!(scene.ownership.known.is_empty(), "the dead are forgotten");
    }

    #[test]
    fn while_announcements_are_missing_nobody_is_called_somebody_else() {
        let mut scene = Scene::with([]);
        scene.hear(1, client(), Closed, SynSent);
        scene.ownership.blinded(NOW + SECOND);
        scene.pass(10);
        assert_eq!(scene.unattributed(), (0, 1));
    }

    #[test]
    fn what_is_found_contradicts_what_has_not_come_so_far_or_is_left_of_another_life() {
        for (found, from, to) in [(SynSent, SynSent, Established), (Established, FinWait2, Closed)] {
            let mut scene = Scene::with([row(client(), found)]);
            scene.hear(1, client(), from, to);
            assert_eq!(scene.told(), [], "{found} and {to}");
        }
        let mut scene = Scene::with([row(client(), TcpState::TimeWait)]);
        scene.hear(1, client(), Closed, SynSent);
        assert_eq!(scene.told(), [SynSent], "over since 5 ms");
        scene.namespace.rows[0].timer.as_mut().unwrap().left_ms = 59_000;
        scene.hear(2, client(), Closed, SynSent);
        assert_eq!(scene.told(), [], "over before it began");
    }

    #[test]
    fn another_namespaces_listener_neither_opens_nor_closes_ours() {
        let mut scene = Scene::with([row(listener(), Listen)]);
        scene.hear(1, listener(), Closed, Listen);
        assert_eq!(scene.told(), [Listen]);
        // The one that is found is known already.
        scene.hear(2, listener(), Closed, Listen);
        scene.hear(2, listener(), Listen, Closed);
        // One that was there before anybody looked.
        scene.hear(3, listener(), Listen, Closed);
        assert_eq!((scene.told(), scene.unattributed()), (vec![], (2, 0)));
        scene.hear(1, listener(), Listen, Closed);
        assert_eq!(scene.told(), [Closed]);
        scene.pass(10);
        assert_eq!((scene.told(), scene.unattributed()), (vec![], (1, 0)));
    }

    #[test]
    fn our_listener_that_was_there_before_closes_when_its_end_is_announced() {
        let mut scene = Scene::with([row(listener(), Listen)]);
        scene.hear(8, listener(), Listen, Closed);
        scene.namespace.now += SECOND;
        scene.hear(9, listener(), Listen, Closed);
        let mut told = Vec::new();
        scene.ownership.destroyed(&listener(), &mut told);
        // Of those that closed here, ours is the latest.
        assert_eq!(told.iter().map(|told| told.socket).collect::<Vec<_>>(), [9]);
        assert_eq!(scene.unattributed(), (1, 0));
    }

    #[test]
    fn a_socket_that_was_disconnected_is_known_by_its_port_alone_where_it_is_the_only_one() {
        let any = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let announced = |flow: &Flow| Flow::tcp(any(flow.local.port()), addr(0));
        let (one, other) = (client(), Flow::tcp(addr(5001), addr(80)));
        let mut scene = Scene::with([]);
        for (socket, flow) in [(1, one), (2, other), (3, one.mirror().unwrap()), (4, other.mirror().unwrap())] {
            scene.hear(socket, flow, SynSent, Closed);
        }
        let mut told = Vec::new();
        scene.ownership.destroyed(&announced(&server()), &mut told);
        assert_eq!(told, [], "either of two");
        scene.ownership.destroyed(&announced(&one), &mut told);
        assert_eq!(told.iter().map(|told| told.socket).collect::<Vec<_>>(), [1, 3]);
        scene.ownership.destroyed(&announced(&server()), &mut told);
        assert_eq!(told.iter().map(|told| told.socket).collect::<Vec<_>>(), [1, 3, 4, 2]);
    }

    #[test]
    fn an_address_of_this_host_alone_needs_no_proof() {
        let mut scene = Scene::with([]);
        let flow = Flow::tcp(([10, 0, 0, 1], 5000).into(), ([10, 0, 0, 2], 80).into());
        scene.hear(1, flow, Closed, SynSent);
        assert_eq!(scene.told(), [SynSent]);
    }

    #[test]
    fn a_machine_with_the_address_of_a_wires_host_does_not_take_the_wires_connections_for_its_own() {
        let flow = Flow::tcp((HostId::Client.address(), 5000).into(), (HostId::Server.address(), 80).into());
        let mut scene = Scene::with([]);
        scene.hear(1, flow, Closed, SynSent);
        scene.pass(10);
        assert_eq!((scene.told(), scene.unattributed()), (vec![], (1, 0)));
        let mut scene = Scene::with([row(flow, SynSent)]);
        scene.hear(1, flow, Closed, SynSent);
        assert_eq!(scene.told(), [SynSent]);
    }

    #[test]
    fn ipv4_inside_ipv6_is_the_same_connection() {
        let mut scene = Scene::with([]);
        let mapped = |port| SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), port);
        scene.hear(2, Flow::tcp(mapped(80), mapped(5000)), Listen, SynRecv);
        let mut told = Vec::new();
        scene.ownership.destroyed(&client(), &mut told);
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn only_so_much_waits() {
        let mut scene = Scene::with([]);
        for _ in 0..LONGEST + 2 {
            scene.hear(1, client(), Closed, SynSent);
        }
        assert_eq!(scene.unattributed(), (0, 2));
    }
}
