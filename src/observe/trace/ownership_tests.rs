//! Ownership, in a fake namespace.

use std::collections::HashSet;

use super::*;
use crate::domain::{Row, Timer, TimerKind, Transition};
use crate::observe::portable::bare;
use TcpState::{Closed, Established, FinWait2, Listen, SynRecv, SynSent};

const SECOND: u64 = 1_000_000_000;
/// Long after boot.
const NOW: u64 = 1_000 * SECOND;

#[derive(Default)]
struct Fake {
    rows: Vec<Row>,
    listeners: HashSet<u64>,
    now: u64,
    lookups: usize,
}

impl OwnNamespace for Fake {
    fn look_up(&mut self, flow: &Flow) -> Option<(Row, u64)> {
        self.lookups += 1;
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
    let timer = Timer { kind: TimerKind::TimeWait, left_ms: 60_000 - 5, count: 0 };
    Row { timer: (state == TcpState::TimeWait).then_some(timer), cookie: 7, ..bare(flow, Some(state)) }
}

/// A fake namespace, and the transitions reported so far.
struct Scene {
    ownership: Ownership,
    namespace: Fake,
    reported: Vec<TracedTransition>,
}

impl Scene {
    fn with(rows: impl Into<Vec<Row>>) -> Self {
        let namespace = Fake { rows: rows.into(), now: NOW, ..Fake::default() };
        Self { ownership: Ownership::default(), namespace, reported: Vec::new() }
    }

    fn take_in(&mut self, socket: u64, flow: Flow, from: TcpState, to: TcpState) {
        self.read(socket, flow, (from, to), false);
    }

    /// A transition of a socket that has closed when it is read.
    fn take_in_late(&mut self, socket: u64, flow: Flow, from: TcpState, to: TcpState) {
        self.read(socket, flow, (from, to), true);
    }

    fn read(&mut self, socket: u64, flow: Flow, (from, to): (TcpState, TcpState), is_over: bool) {
        let now = self.namespace.now;
        let change = Transition { flow, from, to, cause: None };
        let reported = TracedTransition { socket, time: now, thread: 0, change };
        self.ownership.take_in(now, reported, is_over, &mut self.namespace, &mut self.reported);
    }

    fn destroyed(&mut self, flow: &Flow) {
        self.ownership.destroyed(flow, &mut self.reported);
    }

    fn expire(&mut self, seconds: u64) {
        self.namespace.now += seconds * SECOND;
        self.ownership.expire(self.namespace.now, &mut self.namespace, &mut self.reported);
    }

    fn reported(&mut self) -> Vec<TcpState> {
        std::mem::take(&mut self.reported).iter().map(|reported| reported.change.to).collect()
    }

    fn sockets(&self) -> Vec<u64> {
        self.reported.iter().map(|reported| reported.socket).collect()
    }

    fn unattributed(&mut self) -> (u64, u64) {
        let Unattributed { foreign, lost } = self.ownership.take_unattributed();
        (foreign, lost)
    }
}

#[test]
fn a_socket_in_our_table_is_ours_until_it_closes() {
    let mut scene = Scene::with([row(client(), Established)]);
    scene.take_in(1, client(), Closed, SynSent);
    scene.namespace.rows.clear();
    scene.take_in(1, client(), SynSent, Established);
    scene.take_in(1, client(), Established, Closed);
    assert_eq!((scene.reported(), scene.unattributed()), (vec![SynSent, Established, Closed], (0, 0)));
}

#[test]
fn the_other_end_in_our_table_confirms_it_too() {
    let mut scene = Scene::with([row(client(), TcpState::TimeWait)]);
    scene.take_in(2, server(), Listen, SynRecv);
    scene.take_in(2, server(), SynRecv, Established);
    assert_eq!(scene.reported(), [SynRecv, Established]);
}

#[test]
fn a_connection_too_short_for_the_table_is_reported_once_its_end_is_announced() {
    let mut scene = Scene::with([]);
    scene.take_in(1, client(), Closed, SynSent);
    scene.take_in(2, server(), Listen, SynRecv);
    scene.take_in(1, client(), SynSent, Established);
    scene.take_in(1, client(), Established, Closed);
    assert_eq!(scene.reported(), []);
    scene.destroyed(&client());
    assert_eq!(scene.reported(), [SynSent, Established, Closed, SynRecv]);
    scene.take_in(2, server(), SynRecv, Established);
    scene.expire(60);
    assert_eq!((scene.reported(), scene.unattributed()), (vec![Established], (0, 0)));
}

#[test]
fn unconfirmed_transitions_are_counted_as_foreign() {
    let mut scene = Scene::with([]);
    scene.take_in(1, client(), Closed, SynSent);
    scene.take_in(1, client(), SynSent, Established);
    assert_eq!(scene.ownership.next_due(), Some(NOW + PATIENCE));
    scene.expire(10);
    scene.take_in(1, client(), Established, FinWait2);
    scene.take_in(1, client(), FinWait2, Closed);
    assert_eq!((scene.reported(), scene.unattributed(), scene.ownership.next_due()), (vec![], (4, 0), None));
    assert!(scene.ownership.known.is_empty(), "closed sockets are forgotten");
}

#[test]
fn while_announcements_are_missing_nothing_counts_as_foreign() {
    let mut scene = Scene::with([]);
    scene.take_in(1, client(), Closed, SynSent);
    scene.ownership.missed_announcements(NOW + SECOND);
    scene.expire(10);
    assert_eq!(scene.unattributed(), (0, 1));
}

#[test]
fn a_row_in_an_earlier_state_or_left_from_an_older_connection_confirms_nothing() {
    for (found, from, to) in [(SynSent, SynSent, Established), (Established, FinWait2, Closed)] {
        let mut scene = Scene::with([row(client(), found)]);
        scene.take_in(1, client(), from, to);
        assert_eq!(scene.reported(), [], "{found} and {to}");
    }
    let mut scene = Scene::with([row(client(), TcpState::TimeWait)]);
    scene.take_in(1, client(), Closed, SynSent);
    assert_eq!(scene.reported(), [SynSent], "over since 5 ms");
    scene.namespace.rows[0].timer.as_mut().unwrap().left_ms = 59_000;
    scene.take_in(2, client(), Closed, SynSent);
    assert_eq!(scene.reported(), [], "over before it began");
}

#[test]
fn another_namespaces_listener_neither_opens_nor_closes_ours() {
    let mut scene = Scene::with([row(listener(), Listen)]);
    scene.take_in(1, listener(), Closed, Listen);
    assert_eq!(scene.reported(), [Listen]);
    // The lookup finds the one that is already known.
    scene.take_in(2, listener(), Closed, Listen);
    scene.take_in(2, listener(), Listen, Closed);
    // One that existed before the trace.
    scene.take_in(3, listener(), Listen, Closed);
    assert_eq!((scene.reported(), scene.unattributed()), (vec![], (2, 0)));
    scene.take_in(1, listener(), Listen, Closed);
    assert_eq!(scene.reported(), [Closed]);
    scene.expire(10);
    assert_eq!((scene.reported(), scene.unattributed()), (vec![], (1, 0)));
}

#[test]
fn our_older_listener_closes_when_its_end_is_announced() {
    let mut scene = Scene::with([row(listener(), Listen)]);
    scene.take_in(8, listener(), Listen, Closed);
    scene.namespace.now += SECOND;
    scene.take_in(9, listener(), Listen, Closed);
    scene.destroyed(&listener());
    // Of those that closed here, ours is the latest.
    assert_eq!(scene.sockets(), [9]);
    assert_eq!(scene.unattributed(), (1, 0));
}

#[test]
fn a_disconnected_socket_is_found_by_its_port_if_it_is_the_only_one() {
    let any = |port| SocketAddr::from(([0, 0, 0, 0], port));
    let announced = |flow: &Flow| Flow::tcp(any(flow.local.port()), addr(0));
    let one = client();
    let other = Flow::tcp(addr(5001), addr(80));
    let mut scene = Scene::with([]);
    for (socket, flow) in [(1, one), (2, other), (3, one.mirror().unwrap()), (4, other.mirror().unwrap())] {
        scene.take_in(socket, flow, SynSent, Closed);
    }
    scene.destroyed(&announced(&server()));
    assert_eq!(scene.sockets(), [0; 0], "either of two");
    scene.destroyed(&announced(&one));
    assert_eq!(scene.sockets(), [1, 3]);
    scene.destroyed(&announced(&server()));
    assert_eq!(scene.sockets(), [1, 3], "this is the third one's, which is known by now");
    scene.destroyed(&announced(&server()));
    assert_eq!(scene.sockets(), [1, 3, 4, 2]);
}

#[test]
fn what_is_over_when_it_is_read_costs_no_lookup() {
    let mut scene = Scene::with([]);
    for (socket, flow) in [(1, client()), (2, Flow::tcp(addr(5001), addr(80)))] {
        scene.take_in_late(socket, flow, Closed, SynSent);
        scene.take_in_late(socket, flow, SynSent, Closed);
    }
    scene.destroyed(&client());
    scene.expire(10);
    assert_eq!((scene.sockets(), scene.unattributed()), (vec![1, 1], (2, 0)));
    assert_eq!(scene.namespace.lookups, 0);
}

/// A connection of ours to a server that is found in our table, and one with the same port in another namespace.
#[test]
fn the_announcement_of_a_known_socket_confirms_no_foreign_one() {
    let announced = Flow::tcp(([0, 0, 0, 0], 80).into(), addr(0));
    let foreign = Flow::tcp(addr(80), addr(5001));
    let mut scene = Scene::with([row(server(), Established)]);
    scene.take_in(1, server(), SynRecv, Established);
    scene.namespace.rows.clear();
    scene.take_in(2, foreign, SynRecv, Established);
    scene.take_in(1, server(), Established, Closed);
    scene.take_in(2, foreign, Established, Closed);
    // Its own end resets it: the kernel has cleared the other port.
    scene.destroyed(&announced);
    assert_eq!(scene.sockets(), [1, 1]);
    scene.expire(10);
    assert_eq!((scene.sockets(), scene.unattributed()), (vec![1, 1], (2, 0)));
}

#[test]
fn an_announcement_that_was_taken_for_a_known_sockets_is_another_ones_if_that_comes_later() {
    let announced = Flow::tcp(([0, 0, 0, 0], 80).into(), addr(0));
    let other = Flow::tcp(addr(80), addr(5001));
    let mut scene = Scene::with([row(server(), Established)]);
    scene.take_in(1, server(), SynRecv, Established);
    scene.namespace.rows.clear();
    scene.take_in(1, server(), Established, Closed);
    // Ours, too, but nothing knows.
    scene.take_in(2, other, Established, Closed);
    scene.destroyed(&announced);
    assert_eq!(scene.sockets(), [1, 1]);
    scene.destroyed(&server());
    assert_eq!(scene.sockets(), [1, 1, 2]);
    scene.expire(10);
    assert_eq!(scene.unattributed(), (0, 0));
}

#[test]
fn a_link_local_address_which_cannot_be_looked_up_is_taken_for_ours() {
    let mut scene = Scene::with([]);
    let flow = Flow::tcp("[fe80::1]:5000".parse().unwrap(), "[fe80::2]:80".parse().unwrap());
    scene.take_in(1, flow, Closed, SynSent);
    assert_eq!(scene.reported(), [SynSent]);
}

#[test]
fn any_address_may_exist_in_another_namespace() {
    let flow = Flow::tcp(([10, 77, 0, 1], 5000).into(), ([10, 77, 0, 2], 80).into());
    let mut scene = Scene::with([]);
    scene.take_in(1, flow, Closed, SynSent);
    scene.expire(10);
    assert_eq!((scene.reported(), scene.unattributed()), (vec![], (1, 0)));
    let mut scene = Scene::with([row(flow, SynSent)]);
    scene.take_in(1, flow, Closed, SynSent);
    assert_eq!(scene.reported(), [SynSent]);
}

#[test]
fn ipv4_mapped_ipv6_is_the_same_connection() {
    let mut scene = Scene::with([]);
    let mapped = |port| SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), port);
    scene.take_in(2, Flow::tcp(mapped(80), mapped(5000)), Listen, SynRecv);
    scene.destroyed(&client());
    assert_eq!(scene.reported(), [SynRecv]);
}

#[test]
fn a_flood_of_foreign_sockets_is_foreign_and_not_lost() {
    let mut scene = Scene::with([]);
    let flow = |no: u32| Flow::tcp(SocketAddr::from((Ipv4Addr::from(0x0a00_0000 + no), 5000)), addr(80));
    // Four thousand in a second.
    for no in 0..40_000 {
        scene.namespace.now += SECOND / 4_000;
        scene.take_in(u64::from(no), flow(no), Closed, SynSent);
        assert!(scene.ownership.waiting.len() <= MOST_WAITING && scene.ownership.due.len() <= MOST_WAITING);
    }
    // One of ours among them, which is refused and destroyed at once.
    scene.take_in(1 << 40, client(), Closed, SynSent);
    scene.take_in(1 << 40, client(), SynSent, Closed);
    scene.destroyed(&client());
    assert_eq!(scene.reported(), [SynSent, Closed]);
    scene.expire(10);
    assert_eq!(scene.unattributed(), (40_000, 0));
    // Faster than anything could be confirmed.
    for no in 0..20_000 {
        scene.take_in(u64::from(no), flow(no), Closed, SynSent);
    }
    assert_eq!(scene.unattributed(), (0, 20_000 - MOST_WAITING as u64));
}

#[test]
fn the_backlog_of_unproven_transitions_is_bounded() {
    let mut scene = Scene::with([]);
    for _ in 0..LONGEST + 2 {
        scene.take_in(1, client(), Closed, SynSent);
    }
    assert_eq!(scene.unattributed(), (0, 2));
}
