use proptest::prelude::*;

use super::*;
use crate::domain::client::ClientChange;
use crate::domain::{Call, ClientId, ConnNo, Delta, Evidence, Note, PendingCall, Row, ServerId, SocketId, WorldId};
use crate::model::chronicle::Chronicle;
use TcpState::{CloseWait, Closed, Established, FinWait1, FinWait2, LastAck, SynRecv, SynSent, TimeWait};

fn client() -> Flow {
    Flow::tcp("127.0.0.1:44086".parse().unwrap(), "127.0.0.1:65432".parse().unwrap())
}

fn server() -> Flow {
    client().mirror().unwrap()
}

fn call(socket: SocketId, call: Syscall) -> Call {
    Call::new(socket, call)
}

const CLIENT: SocketId = SocketId::Client(ClientId(1));
const CONN: SocketId = SocketId::Conn(ServerId(0), ConnNo(1));

fn observation(at: u64, evidence: Evidence, kind: EventKind) -> Observation {
    Observation { at: Stamp::from_nanos(at * 1_000), world: WorldId::Host, host: None, evidence, kind }
}

fn called(at: u64, call: Call) -> Observation {
    observation(at, Evidence::Called, EventKind::Call(call))
}

fn row(flow: Flow, state: TcpState) -> Row {
    let cookie = u64::from(flow.local.port());
    let queues = Some(0);
    Row {
        flow,
        state: Some(state),
        recv_q: queues,
        send_q: queues,
        timer: None,
        uid: None,
        inode: Some(9),
        cookie,
        process: None,
    }
}

/// The true times, in microseconds, of one connection that the client opens and closes.
#[derive(Debug, Clone)]
struct Truth {
    times: Vec<u64>,
    /// Whether the client's `connect` was reported before it returned.
    waits: bool,
}

/// What happened, in causal order; each happened a little after the one before.
const CONNECT: usize = 0;
const SYN_SENT: usize = 1;
const SYN_RECV: usize = 2;
const CLIENT_OPEN: usize = 3;
const SERVER_OPEN: usize = 4;
const ACCEPT: usize = 5;
const CONNECTED: usize = 6;
const CLOSE: usize = 7;
const FIN_WAIT1: usize = 8;
const CLOSE_WAIT: usize = 9;
const FIN_WAIT2: usize = 10;
const END_OF_DATA: usize = 11;
const SERVER_CLOSE: usize = 12;
const LAST_ACK: usize = 13;
const TIME_WAIT: usize = 14;
const GONE: usize = 15;

impl Truth {
    /// The state of an end at a time.
    fn state(&self, flow: Flow, time: u64) -> Option<TcpState> {
        let path: &[(usize, TcpState)] = if flow == client() {
            &[
                (SYN_SENT, SynSent),
                (CLIENT_OPEN, Established),
                (FIN_WAIT1, FinWait1),
                (FIN_WAIT2, FinWait2),
                (TIME_WAIT, TimeWait),
            ]
        } else {
            &[
                (SYN_RECV, SynRecv),
                (SERVER_OPEN, Established),
                (CLOSE_WAIT, CloseWait),
                (LAST_ACK, LastAck),
                (GONE, Closed),
            ]
        };
        path.iter().rev().find(|(moment, _)| self.times[*moment] <= time).map(|(_, state)| *state)
    }

    /// The calls of both programs, as they are reported, with the time at which they return.
    fn calls(&self) -> Vec<(u64, Observation)> {
        let at = |moment: usize| self.times[moment];
        let took_us = Some(at(CONNECTED) - at(CONNECT));
        let connect = Call { took_us, waited: self.waits, ..call(CLIENT, Syscall::Connect).on(client()) };
        let stamp = if self.waits { CONNECTED } else { CONNECT };
        let listening = SocketId::Server(ServerId(0));
        vec![
            (at(CONNECTED), called(at(stamp), connect)),
            (at(CLOSE) + 40, called(at(CLOSE), call(CLIENT, Syscall::Close).on(client()))),
            (at(ACCEPT), called(at(ACCEPT), call(listening, Syscall::Accept).on(server()))),
            (at(END_OF_DATA), called(at(END_OF_DATA), call(CONN, Syscall::Recv).on(server()).carrying(b""))),
            (at(SERVER_CLOSE) + 40, called(at(SERVER_CLOSE), call(CONN, Syscall::Close).on(server()))),
        ]
    }

    /// The calls with the time at which they are reported: each producer with a delay of its own. What serves a
    /// connection starts when its `accept` has been reported.
    fn reported(&self, delays: &[u64]) -> Vec<(u64, Observation)> {
        let accepted = self.times[ACCEPT] + delays[1];
        let arrival = |place: usize, returned: u64| match place {
            0 | 1 => returned + delays[0],
            2 => accepted,
            _ => accepted.max(returned + delays[2]),
        };
        let waits = EventKind::Waits(PendingCall::new(CLIENT, Syscall::Connect, Some(client())));
        let at = self.times[CONNECT];
        let waits = self.waits.then(|| (at + delays[0], observation(at, Evidence::Called, waits)));
        let calls = self.calls().into_iter().enumerate();
        waits.into_iter().chain(calls.map(|(place, (returned, seen))| (arrival(place, returned), seen))).collect()
    }

    /// A look at one end that was requested at one time and answered at another one.
    fn look(&self, flow: Flow, requested: u64, answered: u64) -> Option<Observation> {
        let state = self.state(flow, u64::midpoint(requested, answered))?;
        let delta = if state == Closed { Delta::Gone(row(flow, state).key()) } else { Delta::Added(row(flow, state)) };
        Some(observation(requested, Evidence::Sampled, EventKind::Row(delta)))
    }
}

fn truths() -> impl Strategy<Value = Truth> {
    (prop::collection::vec(1u64..400, GONE + 1), any::<bool>()).prop_map(|(gaps, waits)| {
        let mut now = 10_000;
        let after = |gap| {
            now += gap;
            now
        };
        Truth { times: gaps.into_iter().map(after).collect(), waits }
    })
}

/// Puts what was reported through the chronicle, in the order of its arrival.
fn written(mut reported: Vec<(u64, Observation)>) -> Vec<Observation> {
    reported.sort_by_key(|(arrival, _)| *arrival);
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let listener = Flow::unconnected(Proto::Tcp, client().peer.unwrap());
    let listen = call(SocketId::Server(ServerId(0)), Syscall::Listen).on(listener);
    let dialing = ClientChange::Dialing { flow: client() };
    let dialing = EventKind::Client(ClientEvent { client: ClientId(1), change: dialing });
    chronicle.hear(Stamp::ZERO, called(1, listen), &mut out);
    chronicle.hear(Stamp::ZERO, observation(2, Evidence::Called, dialing), &mut out);
    for (arrival, seen) in reported {
        chronicle.hear(Stamp::from_nanos(arrival * 1_000), seen, &mut out);
    }
    chronicle.settle(Stamp::from_millis(10_000), WorldId::Host, &mut out);
    out
}

/// Where in the journal something stands, and its time.
fn find(out: &[Observation], moment: usize) -> Option<(usize, Stamp)> {
    let is = |seen: &Observation| match (&seen.kind, moment) {
        (EventKind::State(change), SYN_SENT) => change.to == SynSent,
        (EventKind::State(change), SYN_RECV) => change.to == SynRecv,
        (EventKind::State(change), CLIENT_OPEN) => change.to == Established && change.flow == client(),
        (EventKind::State(change), SERVER_OPEN) => change.to == Established && change.flow == server(),
        (EventKind::State(change), FIN_WAIT1) => change.to == FinWait1,
        (EventKind::State(change), CLOSE_WAIT) => change.to == CloseWait,
        (EventKind::State(change), FIN_WAIT2) => change.to == FinWait2,
        (EventKind::State(change), LAST_ACK) => change.to == LastAck,
        (EventKind::State(change), TIME_WAIT) => change.to == TimeWait,
        (EventKind::State(change), GONE) => change.to == Closed && change.flow == server(),
        (EventKind::Waits(call), CONNECT) => call.call == Syscall::Connect,
        (EventKind::Call(call), CONNECT) => call.call == Syscall::Connect && !call.waited,
        (EventKind::Call(call), CONNECTED) => call.call == Syscall::Connect && call.waited,
        (EventKind::Call(call), ACCEPT) => call.call == Syscall::Accept,
        (EventKind::Call(call), CLOSE) => call.call == Syscall::Close && call.socket == CLIENT,
        (EventKind::Call(call), END_OF_DATA) => call.call == Syscall::Recv,
        (EventKind::Call(call), SERVER_CLOSE) => call.call == Syscall::Close && call.socket == CONN,
        _ => false,
    };
    out.iter().position(is).map(|place| (place, out[place].at))
}

/// The journal, a line for each entry.
fn story(out: &[Observation]) -> String {
    let line = |seen: &Observation| {
        let what = match &seen.kind {
            EventKind::State(change) => format!("{} {} → {}", change.flow.local.port(), change.from, change.to),
            EventKind::Confirmed(change) => format!("{} confirmed {}", change.flow.local.port(), change.to),
            EventKind::Call(call) => format!("{} {}", call.socket, call.call),
            EventKind::Row(Delta::Added(row)) => format!("{} row {:?}", row.flow.local.port(), row.state),
            other => format!("{other:?}"),
        };
        format!("{:>8} {} {what}\n", seen.at.nanos() / 1_000, seen.evidence)
    };
    out.iter().map(line).collect()
}

/// What must never stand before what.
const ORDER: [(usize, usize); 20] = [
    (CONNECT, SYN_SENT),
    (CONNECT, CONNECTED),
    (CLIENT_OPEN, CONNECTED),
    (CONNECTED, CLOSE),
    (CONNECT, ACCEPT),
    (SYN_SENT, SYN_RECV),
    (SYN_RECV, CLIENT_OPEN),
    (CLIENT_OPEN, SERVER_OPEN),
    (SERVER_OPEN, ACCEPT),
    (CLOSE, FIN_WAIT1),
    (FIN_WAIT1, CLOSE_WAIT),
    (CLOSE_WAIT, FIN_WAIT2),
    (CLOSE_WAIT, END_OF_DATA),
    (CLOSE, END_OF_DATA),
    (END_OF_DATA, SERVER_CLOSE),
    (SERVER_CLOSE, LAST_ACK),
    (CLOSE_WAIT, LAST_ACK),
    (LAST_ACK, TIME_WAIT),
    (FIN_WAIT2, TIME_WAIT),
    (LAST_ACK, GONE),
];

proptest! {
    /// Whatever producer is late by up to the patience, and whatever the table missed.
    #[test]
    fn no_effect_precedes_its_cause(
        truth in truths(),
        delays in prop::collection::vec(0u64..2_000, 3),
        looks in prop::collection::vec((any::<bool>(), 0u64..9_000, 1u64..3_000, 0u64..2_000), 0..12),
    ) {
        let mut reported = truth.reported(&delays);
        for (of_client, since, took, delay) in looks {
            let flow = if of_client { client() } else { server() };
            let requested = 10_000 + since;
            let seen = truth.look(flow, requested, requested + took);
            reported.extend(seen.map(|seen| (requested + took + delay, seen)));
        }
        let out = written(reported);
        for (cause, effect) in ORDER {
            let (Some(cause_at), Some(effect_at)) = (find(&out, cause), find(&out, effect)) else { continue };
            prop_assert!(cause_at.1 <= effect_at.1, "{cause} after {effect}: {truth:?}\n{}", story(&out));
            // The table may show TIME_WAIT before it has ever shown the other end: that one's LAST_ACK is written later,
            // with the right time.
            prop_assert!(cause_at.0 < effect_at.0 || effect == TIME_WAIT, "{cause} stands after {effect}: {truth:?}\n{}", story(&out));
        }
    }

    /// However late anything is: everything is written, once.
    #[test]
    fn nothing_is_lost_however_late_it_is(truth in truths(), delays in prop::collection::vec(0u64..90_000, 5)) {
        let calls = truth.calls().into_iter().zip(&delays).map(|((returned, seen), delay)| (returned + delay, seen));
        let out = written(calls.collect());
        let calls = out.iter().filter(|seen| matches!(seen.kind, EventKind::Call(_))).count();
        prop_assert_eq!(calls, 1 + 5, "{}", story(&out));
    }
}

#[test]
fn an_accept_waits_for_the_connect_of_our_own_client_but_not_for_ever() {
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let dialing = ClientChange::Dialing { flow: client() };
    let dialing = EventKind::Client(ClientEvent { client: ClientId(1), change: dialing });
    let accept = call(SocketId::Server(ServerId(0)), Syscall::Accept).on(server());
    chronicle.hear(Stamp::from_millis(1), observation(1_000, Evidence::Called, dialing), &mut out);
    chronicle.hear(Stamp::from_millis(2), called(2_000, accept), &mut out);
    assert_eq!(out.len(), 1, "{out:?}");
    assert_eq!(chronicle.next_due(), Some(Stamp::from_millis(7)));
    chronicle.settle(Stamp::from_millis(7), WorldId::Host, &mut out);
    assert_eq!((find(&out, ACCEPT), chronicle.next_due()), (None, Some(Stamp::from_millis(42))));
    chronicle.settle(Stamp::from_millis(42), WorldId::Host, &mut out);
    assert!(find(&out, ACCEPT).is_some());
}

/// A client of ours that loses the processor between `connect` and its report: at `connected` milliseconds, if ever.
fn interrupted_client(is_dialing: bool, connected: Option<u64>) -> (Vec<Observation>, Vec<Stamp>) {
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let listener = Flow::unconnected(Proto::Tcp, client().peer.unwrap());
    let listen = call(SocketId::Server(ServerId(0)), Syscall::Listen).on(listener);
    let socket = call(CLIENT, Syscall::Socket).with(Args::Proto(Proto::Tcp));
    let change = crate::domain::Transition { flow: client(), from: Closed, to: SynSent, cause: None };
    let accept = call(SocketId::Server(ServerId(0)), Syscall::Accept).on(server());
    let mut reported = vec![
        (1, observation(500, Evidence::Called, EventKind::Note(Note::Has { what: Evidence::Traced }))),
        (1, called(900, listen)),
        (2, observation(2_100, Evidence::Traced, EventKind::State(change))),
        (3, called(2_200, accept)),
    ];
    if is_dialing {
        reported.insert(2, (2, called(1_900, socket)));
    }
    if let Some(at) = connected {
        let dialing =
            EventKind::Client(ClientEvent { client: ClientId(1), change: ClientChange::Dialing { flow: client() } });
        reported.push((at, observation(at * 1_000, Evidence::Called, dialing)));
        reported.push((at, called(2_000, call(CLIENT, Syscall::Connect).on(client()))));
    }
    let mut written = Vec::new();
    for now in 1..=50 {
        let now_at = Stamp::from_millis(now);
        for (_, seen) in reported.iter().filter(|(at, _)| *at == now) {
            chronicle.hear(now_at, seen.clone(), &mut out);
        }
        chronicle.settle(now_at, WorldId::Host, &mut out);
        written.resize(out.len(), now_at);
    }
    (out, written)
}

#[test]
fn what_our_own_client_causes_waits_for_it_also_if_it_lost_the_processor() {
    let (out, written) = interrupted_client(true, Some(25));
    let found = [CONNECT, SYN_SENT, ACCEPT].map(|moment| find(&out, moment).unwrap());
    assert!(found.is_sorted_by(|(one, at), (other, then)| one < other && at <= then), "{}", story(&out));
    assert_eq!(written[found[1].0], Stamp::from_millis(25), "{}", story(&out));
}

#[test]
fn a_stranger_waits_for_a_client_that_has_still_to_connect_but_not_for_ever() {
    let (out, written) = interrupted_client(true, None);
    let (place, _) = find(&out, SYN_SENT).unwrap();
    assert!((7..=43).contains(&(written[place].nanos() / 1_000_000)), "{:?}", written[place]);
    let (out, written) = interrupted_client(false, None);
    let (place, _) = find(&out, SYN_SENT).unwrap();
    assert!(written[place] <= Stamp::from_millis(7), "{:?}", written[place]);
}

#[test]
fn a_connect_that_waits_stands_before_what_it_causes_and_its_result_begins_no_other_connection() {
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let dialing = ClientChange::Dialing { flow: client() };
    let dialing = EventKind::Client(ClientEvent { client: ClientId(1), change: dialing });
    let waits = EventKind::Waits(PendingCall::new(CLIENT, Syscall::Connect, Some(client())));
    let took_us = Some(20_000);
    let connect = Call { took_us, waited: true, ..call(CLIENT, Syscall::Connect).on(client()) };
    let syn_sent = EventKind::Row(Delta::Added(row(client(), SynSent)));
    let open = EventKind::Row(Delta::Changed(row(client(), Established)));
    for (now, seen) in [
        (1, observation(1_000, Evidence::Called, dialing)),
        (2, observation(1_000, Evidence::Called, waits)),
        (3, observation(2_500, Evidence::Sampled, syn_sent)),
        (21, called(21_000, connect)),
        (22, observation(21_500, Evidence::Sampled, open)),
    ] {
        chronicle.hear(Stamp::from_millis(now), seen, &mut out);
    }
    chronicle.settle(Stamp::from_millis(100), WorldId::Host, &mut out);
    let order = [CONNECT, SYN_SENT, CLIENT_OPEN, CONNECTED].map(|moment| find(&out, moment).unwrap());
    assert!(order.is_sorted_by(|(one, at), (other, then)| one < other && at <= then), "{}", story(&out));
    let opened = out.iter().filter(|seen| matches!(&seen.kind, EventKind::State(change) if change.to == SynSent));
    assert_eq!(opened.count(), 1, "{}", story(&out));
}

#[test]
fn a_refused_connect_that_waited_stands_after_the_end_of_its_socket() {
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let dialing = ClientChange::Dialing { flow: client() };
    let dialing = EventKind::Client(ClientEvent { client: ClientId(1), change: dialing });
    let waits = EventKind::Waits(PendingCall::new(CLIENT, Syscall::Connect, Some(client())));
    let refused = crate::domain::Outcome::Failed(crate::domain::Errno::ConnRefused);
    let took_us = Some(20_000);
    let connect = Call { result: refused, took_us, waited: true, ..call(CLIENT, Syscall::Connect).on(client()) };
    for (now, seen) in [
        (1, observation(1_000, Evidence::Called, dialing)),
        (2, observation(1_000, Evidence::Called, waits)),
        (3, observation(2_500, Evidence::Sampled, EventKind::Row(Delta::Added(row(client(), SynSent))))),
        (21, called(21_000, connect)),
    ] {
        chronicle.hear(Stamp::from_millis(now), seen, &mut out);
    }
    chronicle.settle(Stamp::from_millis(100), WorldId::Host, &mut out);
    let place = |is: &dyn Fn(&EventKind) -> bool| out.iter().position(|seen| is(&seen.kind));
    let waits = place(&|kind| matches!(kind, EventKind::Waits(_)));
    let over = place(&|kind| matches!(kind, EventKind::State(change) if change.to == Closed));
    let refused = place(&|kind| matches!(kind, EventKind::Call(call) if call.result == refused));
    let order = [waits, over, refused].map(|place| (place.unwrap(), out[place.unwrap()].at));
    assert!(order.is_sorted_by(|(one, at), (other, then)| one < other && at <= then), "{}", story(&out));
}

/// The kernel traces the server's SYN_RECV together with its ESTABLISHED, after the client's; another program's client
/// tells of no call.
#[test]
fn what_is_traced_late_stands_where_it_happened() {
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let listener = Flow::unconnected(Proto::Tcp, client().peer.unwrap());
    let listen = call(SocketId::Server(ServerId(0)), Syscall::Listen).on(listener);
    let accept = call(SocketId::Server(ServerId(0)), Syscall::Accept).on(server());
    let has = EventKind::Note(Note::Has { what: Evidence::Traced });
    let traced = |at, flow, from, to| {
        let change = crate::domain::Transition { flow, from, to, cause: None };
        observation(at, Evidence::Traced, EventKind::State(change))
    };
    for (now, seen) in [
        (1, observation(500, Evidence::Called, has)),
        (1, called(900, listen)),
        (12, called(10_140, accept)),
        (13, traced(10_000, client(), Closed, SynSent)),
        (13, traced(10_100, client(), SynSent, Established)),
        (13, traced(10_130, server(), TcpState::Listen, SynRecv)),
        (13, traced(10_134, server(), SynRecv, Established)),
    ] {
        chronicle.hear(Stamp::from_millis(now), seen, &mut out);
    }
    chronicle.settle(Stamp::from_millis(500), WorldId::Host, &mut out);
    let found = [SYN_SENT, SYN_RECV, CLIENT_OPEN, SERVER_OPEN, ACCEPT].map(|moment| find(&out, moment).unwrap());
    assert!(found.is_sorted_by(|(one, at), (other, then)| one < other && at <= then), "{}", story(&out));
}

#[test]
fn what_no_client_of_ours_did_waits_for_nothing() {
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let accept = call(SocketId::Server(ServerId(0)), Syscall::Accept).on(server());
    chronicle.hear(Stamp::from_millis(2), called(2_000, accept), &mut out);
    assert!(find(&out, ACCEPT).is_some(), "{out:?}");
    let note = EventKind::Note(Note::Mark { text: String::new() });
    chronicle.hear(Stamp::from_millis(3), observation(3_000, Evidence::Called, note), &mut out);
    assert!(matches!(out.last(), Some(Observation { kind: EventKind::Note(_), .. })));
}

#[test]
fn the_end_of_a_client_stands_after_its_calls_also_if_one_of_them_waits() {
    let mut chronicle = Chronicle::default();
    let mut out = Vec::new();
    let client_event = |change| EventKind::Client(ClientEvent { client: ClientId(1), change });
    let dialing = client_event(ClientChange::Dialing { flow: client() });
    let listener = Flow::unconnected(Proto::Tcp, client().peer.unwrap());
    let data = |socket, by, flow| EventKind::Call(call(socket, by).on(flow).carrying(b"HELLO"));
    let reported = [
        EventKind::Call(call(SocketId::Server(ServerId(0)), Syscall::Listen).on(listener)),
        dialing,
        EventKind::Call(call(CLIENT, Syscall::Connect).on(client())),
        EventKind::Call(call(SocketId::Server(ServerId(0)), Syscall::Accept).on(server())),
        data(CLIENT, Syscall::Recv, client()),
        EventKind::Call(call(CLIENT, Syscall::Close).on(client())),
        client_event(ClientChange::Ended),
        // The server's thread comes late with what it did long before.
        data(CONN, Syscall::Send, server()),
    ];
    for (place, kind) in reported.into_iter().enumerate() {
        let at = Stamp::from_nanos(1_000_000 + 10_000 * place as u64);
        let seen = observation(at.nanos() / 1_000, Evidence::Called, kind);
        chronicle.hear(at, seen, &mut out);
    }
    chronicle.settle(Stamp::from_millis(60), WorldId::Host, &mut out);
    let place = |of: &dyn Fn(&EventKind) -> bool| out.iter().position(|seen| of(&seen.kind)).expect("it is written");
    let of_client =
        |by| move |kind: &EventKind| matches!(kind, EventKind::Call(call) if call.socket == CLIENT && call.call == by);
    let send = place(&|kind| matches!(kind, EventKind::Call(call) if call.call == Syscall::Send));
    let [recv, close] = [Syscall::Recv, Syscall::Close].map(|by| place(&of_client(by)));
    let ended = place(&|kind| matches!(kind, EventKind::Client(event) if event.change == ClientChange::Ended));
    assert!(send < recv && recv < close && close < ended, "{}", story(&out));
}
