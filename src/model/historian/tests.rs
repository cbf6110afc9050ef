use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::domain::EDGES;
use crate::domain::{ClientId, ConnNo, Excerpt, ServerId, SocketId, Timer, TimerKind, WorldId};

use Evidence::{Called, Inferred, Sampled};
use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};

fn client() -> Flow {
    Flow::tcp("127.0.0.1:44086".parse().unwrap(), "127.0.0.1:65432".parse().unwrap())
}

fn server() -> Flow {
    client().mirror().unwrap()
}

fn seen(millis: u64, evidence: Evidence, kind: EventKind) -> Observation {
    Observation { at: Stamp::from_millis(millis), world: WorldId::Host, host: None, evidence, kind }
}

fn table(millis: u64, delta: Delta) -> Observation {
    seen(millis, Sampled, EventKind::Row(delta))
}

fn traced(millis: u64, flow: Flow, from: TcpState, to: TcpState) -> Observation {
    seen(millis, Evidence::Traced, EventKind::State(Transition { flow, from, to, cause: None }))
}

fn row(flow: Flow, state: TcpState) -> Row {
    Row {
        flow,
        state: Some(state),
        recv_q: None,
        send_q: None,
        timer: None,
        uid: None,
        inode: None,
        cookie: 0,
        process: None,
    }
}

fn listening() -> Observation {
    let listener = Flow::unconnected(Proto::Tcp, server().local);
    table(0, Delta::Found(row(listener, Listen)))
}

/// Feeds observations, lets every grace period run out, and returns the events that were written.
fn written(observations: impl IntoIterator<Item = Observation>) -> Vec<Observation> {
    let mut historian = Historian::default();
    let mut out = Vec::new();
    for observation in observations {
        historian.hear(observation.at, &observation, &mut out);
    }
    while let Some(due) = historian.next_due() {
        let kind = EventKind::Note(Note::Dropped { count: 0 });
        let like = Observation { at: due, ..seen(0, Evidence::Inferred, kind) };
        historian.settle(due, &like, &mut out);
    }
    out
}

/// The transitions of one end, in the order they were written: (from, to, evidence).
fn steps(out: &[Observation], flow: Flow) -> Vec<(TcpState, TcpState, Evidence)> {
    let of = |o: &Observation| match &o.kind {
        EventKind::State(change) if change.flow == flow => Some((change.from, change.to, o.evidence)),
        _ => None,
    };
    out.iter().filter_map(of).collect()
}

fn call(millis: u64, socket: SocketId, call: Syscall, flow: Flow) -> Observation {
    seen(millis, Evidence::Called, EventKind::Call(Call::new(socket, call).on(flow)))
}

const C: SocketId = SocketId::Client(ClientId(1));
const S: SocketId = SocketId::Conn(ServerId(0), ConnNo(1));

#[test]
fn connect_and_accept_show_how_both_ends_opened() {
    let out = written([listening(), call(1, C, Syscall::Connect, client()), call(2, S, Syscall::Accept, server())]);
    assert_eq!(steps(&out, client()), [(Closed, SynSent, Inferred), (SynSent, Established, Called)]);
    assert_eq!(steps(&out, server()), [(Listen, SynRecv, Inferred), (SynRecv, Established, Called)]);
}

#[test]
fn a_quick_close_is_filled_in_between_what_was_seen() {
    let mut eof = Call::new(S, Syscall::Recv).on(server());
    eof.data = Some(Excerpt::of(b""));
    let out = written([
        listening(),
        call(1, C, Syscall::Connect, client()),
        call(1, S, Syscall::Accept, server()),
        call(2, C, Syscall::Close, client()),
        seen(2, Evidence::Called, EventKind::Call(eof)),
        call(2, S, Syscall::Close, server()),
        table(3, Delta::Changed(row(client(), TimeWait))),
        table(3, Delta::Gone(row(server(), CloseWait).key())),
    ]);
    let close = [(Established, FinWait1, Inferred), (FinWait1, FinWait2, Inferred), (FinWait2, TimeWait, Sampled)];
    assert_eq!(steps(&out, client())[2..], close);
    let close = [(Established, CloseWait, Called), (CloseWait, LastAck, Inferred), (LastAck, Closed, Sampled)];
    assert_eq!(steps(&out, server())[2..], close);
    let caused = |flow, to| {
        out.iter().any(|o| {
            matches!(&o.kind, EventKind::State(t) if t.flow == flow && t.to == to && t.cause == Some(Cause::Call(Syscall::Close)))
        })
    };
    assert!(caused(client(), FinWait1) && caused(server(), LastAck));
}

#[test]
fn an_end_that_was_reset_has_sent_no_fin() {
    let mut reset = Call::new(S, Syscall::Recv).on(server());
    reset.result = Outcome::Failed(Errno::ConnReset);
    let out = written([
        listening(),
        call(1, C, Syscall::Connect, client()),
        call(1, S, Syscall::Accept, server()),
        table(2, Delta::Changed(row(client(), FinWait2))),
        table(2, Delta::Changed(row(server(), CloseWait))),
        seen(3, Called, EventKind::Call(reset)),
        table(4, Delta::Gone(row(client(), FinWait2).key())),
        table(4, Delta::Gone(row(server(), CloseWait).key())),
    ]);
    assert_eq!(steps(&out, server()).last(), Some(&(CloseWait, Closed, Called)), "{out:?}");
    assert_eq!(steps(&out, client()).last(), Some(&(FinWait2, Closed, Sampled)));
}

#[test]
fn the_rest_of_fin_wait2_does_not_close_with_its_full_socket() {
    let told = |t, from, to| traced(t, client(), from, to);
    let timer = Some(Timer { kind: TimerKind::TimeWait, left_ms: 59_000, count: 0 });
    let left = || table(3, Delta::Changed(Row { timer, ..row(client(), FinWait2) }));
    let life = [told(1, SynSent, Established), told(2, Established, FinWait1), told(2, FinWait1, FinWait2)];
    let ended = || told(2, FinWait2, Closed);
    for last in [[left(), ended()], [ended(), left()]] {
        let out = written(life.clone().into_iter().chain(last.clone()));
        assert_eq!(steps(&out, client()).last().map(|(_, to, _)| *to), Some(FinWait2), "{out:?}");
        let gone = table(60_000, Delta::Gone(row(client(), FinWait2).key()));
        let out = written(life.clone().into_iter().chain(last).chain([gone]));
        assert_eq!(steps(&out, client()).last(), Some(&(FinWait2, Closed, Sampled)), "{out:?}");
    }
}

#[test]
fn time_wait_is_written_as_soon_as_the_table_shows_it() {
    let (mut historian, mut out) = (Historian::default(), Vec::new());
    let has = seen(0, Evidence::Called, EventKind::Note(Note::Has { what: Evidence::Traced }));
    let life = [(1, SynSent, Established), (2, Established, FinWait1), (2, FinWait1, FinWait2), (3, FinWait2, Closed)];
    let life = life.map(|(at, from, to)| traced(at, client(), from, to));
    for seen in [has].into_iter().chain(life).chain([table(4, Delta::Changed(row(client(), TimeWait)))]) {
        historian.hear(seen.at, &seen, &mut out);
    }
    assert_eq!(steps(&out, client()).last(), Some(&(FinWait2, TimeWait, Sampled)), "{out:?}");
}

#[test]
fn a_late_row_belongs_to_the_life_that_ended_and_starts_no_new_one() {
    let told = |t, from, to| traced(t, client(), from, to);
    let life = [told(1, Closed, SynSent), told(1, SynSent, Established), told(2, Established, FinWait1)];
    let end = [told(2, FinWait1, FinWait2), told(2, FinWait2, Closed)];
    let timer = Some(Timer { kind: TimerKind::TimeWait, left_ms: 56_000, count: 0 });
    for late in [row(client(), TimeWait), Row { timer, ..row(client(), FinWait2) }] {
        let (mut historian, mut out) = (Historian::default(), Vec::new());
        life.iter().chain(&end).for_each(|told| historian.hear(told.at, told, &mut out));
        // The table was not read within the grace period.
        historian.settle(
            Stamp::from_millis(2_500),
            &seen(2_500, Evidence::Inferred, EventKind::Note(Note::Dropped { count: 0 })),
            &mut out,
        );
        assert_eq!(steps(&out, client()).last().map(|(_, to, _)| *to), Some(Closed));
        let before = out.len();
        for seen in [table(4_000, Delta::Added(late.clone())), table(60_000, Delta::Gone(late.key()))] {
            historian.hear(seen.at, &seen, &mut out);
        }
        assert_eq!(steps(&out[before..], client()), [], "{out:?}");
        // The two ports are used again: that is another life.
        let reused = table(61_000, Delta::Added(row(client(), SynSent)));
        historian.hear(reused.at, &reused, &mut out);
        assert_eq!(steps(&out[before..], client()), [(Closed, SynSent, Sampled)]);
    }
}

#[test]
fn the_end_of_a_listener_is_written_once_and_does_not_end_the_next_one() {
    let listener = Flow::unconnected(Proto::Tcp, server().local);
    let of = |millis, syscall| call(millis, SocketId::Server(ServerId(0)), syscall, listener);
    let told = |millis, from, to| traced(millis, listener, from, to);
    let first = [of(1, Syscall::Listen), told(1, Closed, Listen), of(5, Syscall::Close)];
    let once = [(Closed, Listen, Called), (Listen, Closed, Called)];
    assert_eq!(steps(&written(first.clone().into_iter().chain([told(6, Listen, Closed)])), listener), once);
    let out = written(first.into_iter().chain([of(7, Syscall::Listen), told(6, Listen, Closed)]));
    assert_eq!(steps(&out, listener), [once[0], once[1], once[0]], "the second one listens on");
}

#[test]
fn a_closed_connection_does_not_remove_the_listener() {
    let of = |cookie| Row { cookie, ..row(server(), Established) };
    let udp = Flow::unconnected(Proto::Udp, server().local);
    let out = written([
        listening(),
        table(1, Delta::Added(of(1))),
        table(2, Delta::Gone(of(1).key())),
        table(2, Delta::Gone(row(udp, Closed).key())),
        table(3, Delta::Added(of(2))),
    ]);
    let accepted = [(Listen, SynRecv, Inferred), (SynRecv, Established, Sampled)];
    let gone = [(Established, Closed, Sampled)];
    assert_eq!(steps(&out, server()), [&accepted[..], &gone[..], &accepted[..]].concat());
}

#[test]
fn the_rest_of_an_earlier_life_does_not_end_the_present_one() {
    let of = |cookie, state| Row { cookie, ..row(client(), state) };
    let told = |t, from, to| traced(t, client(), from, to);
    let out = written([
        seen(0, Sampled, EventKind::Note(Note::Has { what: Evidence::Traced })),
        table(0, Delta::Found(of(1, TimeWait))),
        // The port is used again (tcp_tw_reuse).
        told(10, Closed, SynSent),
        told(11, SynSent, Established),
        table(12, Delta::Gone(of(1, TimeWait).key())),
        table(12, Delta::Added(of(2, Established))),
    ]);
    let second = [(Closed, SynSent, Evidence::Traced), (SynSent, Established, Evidence::Traced)];
    assert_eq!(steps(&out, client()), [&[(TimeWait, Closed, Inferred)], &second[..]].concat());
    let gone = table(20, Delta::Gone(of(2, Established).key()));
    let ended =
        written([table(12, Delta::Added(of(2, Established))), table(13, Delta::Gone(of(1, TimeWait).key())), gone]);
    assert_eq!(steps(&ended, client()).last(), Some(&(Established, Closed, Sampled)));
    let closed = ended.iter().find(|o| matches!(&o.kind, EventKind::State(change) if change.to == Closed));
    assert_eq!(closed.map(|o| o.at), Some(Stamp::from_millis(20)), "not by what is gone of the first");
    // One reading: its end and the next one's beginning have one time.
    let one = written([
        table(10, Delta::Added(of(1, Established))),
        table(12, Delta::Gone(of(1, Established).key())),
        table(12, Delta::Added(of(2, Established))),
    ]);
    let life = [(Closed, SynSent, Inferred), (SynSent, Established, Sampled)];
    assert_eq!(steps(&one, client()), [&life[..], &[(Established, Closed, Sampled)], &life[..]].concat());
}

#[test]
fn a_row_that_was_there_from_the_start_has_no_invented_past() {
    let out = written([
        listening(),
        table(1, Delta::Found(row(client(), Established))),
        table(2, Delta::Changed(row(client(), CloseWait))),
    ]);
    assert_eq!(steps(&out, client()), [(Established, CloseWait, Evidence::Sampled)]);
}

#[test]
fn a_listener_found_before_its_call_returned_was_opened_by_it() {
    let listener = Flow::unconnected(Proto::Tcp, server().local);
    let of = |millis, syscall| call(millis, SocketId::Server(ServerId(0)), syscall, listener);
    let out = written([listening(), of(1, Syscall::Listen), of(5, Syscall::Close), of(9, Syscall::Listen)]);
    let opened = (Closed, Listen, Called);
    assert_eq!(steps(&out, listener), [opened, (Listen, Closed, Called), opened]);
}

#[test]
fn a_row_found_after_its_calls_is_one_more_witness() {
    let out = written([
        listening(),
        call(1, C, Syscall::Connect, client()),
        call(3, C, Syscall::Close, client()),
        table(4, Delta::Found(row(client(), TimeWait))),
    ]);
    assert_eq!(steps(&out, client()).last(), Some(&(FinWait2, TimeWait, Sampled)));
}

#[test]
fn a_row_found_before_its_calls_has_its_beginning_filled_in() {
    let out = written([
        listening(),
        table(1, Delta::Found(row(server(), Established))),
        call(2, S, Syscall::Accept, server()),
    ]);
    assert_eq!(steps(&out, server()), [(Listen, SynRecv, Inferred), (SynRecv, Established, Sampled)]);
    assert!(out.iter().any(|o| matches!(o.kind, EventKind::Confirmed(_)) && o.evidence == Called), "{out:?}");
}

#[test]
fn an_unwatched_row_has_not_closed() {
    let key = row(client(), Established).key();
    let out = written([table(1, Delta::Found(row(client(), Established))), table(2, Delta::Unwatched(key))]);
    assert!(out.is_empty(), "{out:?}");
}

#[test]
fn better_evidence_confirms_and_does_not_repeat() {
    let told = Transition { flow: client(), from: SynSent, to: Established, cause: None };
    let out = written([
        call(1, C, Syscall::Connect, client()),
        seen(2, Evidence::Traced, EventKind::State(told)),
        table(3, Delta::Added(row(client(), Established))),
    ]);
    assert_eq!(steps(&out, client()).len(), 2);
    let confirmed: Vec<_> = out.iter().filter(|o| matches!(o.kind, EventKind::Confirmed(_))).collect();
    assert!(confirmed.iter().any(|o| o.evidence == Evidence::Traced), "{confirmed:?}");
}

#[test]
fn a_port_that_is_used_again_starts_a_new_life() {
    let life = |t: u64| {
        [
            call(t, C, Syscall::Connect, client()),
            table(t + 1, Delta::Added(row(client(), Established))),
            table(t + 2, Delta::Changed(row(client(), TimeWait))),
        ]
    };
    let out = written(life(1).into_iter().chain(life(2_000)));
    let opened = steps(&out, client()).iter().filter(|step| step.1 == SynSent).count();
    assert_eq!(opened, 2, "{:?}", steps(&out, client()));
    assert!(steps(&out, client()).iter().any(|step| (step.0, step.1) == (TimeWait, Closed)));
}

#[test]
fn a_trace_ahead_of_the_calls_needs_nothing_inferred() {
    let has = EventKind::Note(Note::Has { what: Evidence::Traced });
    let out = written([
        seen(0, Evidence::Called, has),
        listening(),
        call(5, C, Syscall::Connect, client()),
        call(6, S, Syscall::Accept, server()),
        traced(1, client(), Closed, SynSent),
        traced(2, client(), SynSent, Established),
        traced(3, server(), Listen, SynRecv),
        traced(3, server(), SynRecv, Established),
        traced(7, client(), Established, FinWait1),
        traced(8, client(), FinWait1, FinWait2),
        traced(9, client(), FinWait2, Closed),
        table(10, Delta::Added(row(client(), TimeWait))),
    ]);
    let inferred = out.iter().filter(|o| o.evidence == Evidence::Inferred).count();
    assert_eq!(inferred, 0, "{out:#?}");
    assert_eq!(steps(&out, client()).last(), Some(&(FinWait2, TimeWait, Evidence::Sampled)));
}

#[test]
fn every_change_of_the_diagram_is_written_as_it_was_reported() {
    for (from, _, to) in TcpInput::changes() {
        let change = Transition { flow: client(), from, to, cause: None };
        let reported = Observation { world: WorldId::Wire, ..seen(1, Sampled, EventKind::State(change)) };
        let steps = steps(&written([reported]), client());
        assert_eq!(steps.last(), Some(&(from, to, Sampled)), "{steps:?}");
    }
}

/// A handshake that was given up is over: the next SYN of the same addresses begins another one.
#[test]
fn a_handshake_that_was_given_up_begins_anew() {
    let packet = |number| Some(Cause::Packet(number));
    let changes = [
        (Listen, SynRecv, packet(1), Sampled),
        (SynRecv, Listen, Some(Cause::Timer), Sampled),
        (Listen, SynRecv, packet(2), Sampled),
        (SynRecv, Established, packet(3), Sampled),
        // The wire's sampler names the cause of a state that it missed as well.
        (Established, CloseWait, packet(4), Evidence::Inferred),
        (CloseWait, LastAck, Some(Cause::Call(Syscall::Close)), Sampled),
    ];
    let reported = (1..).zip(&changes).map(|(millis, (from, to, cause, evidence))| Observation {
        world: WorldId::Wire,
        ..seen(millis, *evidence, EventKind::State(Transition { flow: server(), from: *from, to: *to, cause: *cause }))
    });
    let told = written(reported).into_iter().filter_map(|event| match event.kind {
        EventKind::State(Transition { from, to, cause, .. }) => Some((from, to, cause, event.evidence)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), changes);
}

#[test]
fn a_change_that_nobody_else_reports_is_not_dated_far_before_it_is_written() {
    let (mut historian, mut out) = (Historian::default(), Vec::new());
    let has = EventKind::Note(Note::Has { what: Evidence::Traced });
    let open = [seen(0, Called, has), table(1, Delta::Added(row(client(), Established)))];
    open.iter()
        .chain(&[table(2, Delta::Changed(row(client(), TimeWait)))])
        .for_each(|told| historian.hear(told.at, told, &mut out));
    // It is looked at late: the machine was busy.
    historian.settle(
        Stamp::from_millis(400),
        &seen(400, Inferred, EventKind::Note(Note::Dropped { count: 0 })),
        &mut out,
    );
    let at = out.iter().find(|o| matches!(&o.kind, EventKind::State(change) if change.to == TimeWait)).map(|o| o.at);
    assert_eq!(at, Some(Stamp::from_millis(360)), "{out:?}");
}

/// True histories of both ends of one connection: the states, each with the moment it was entered.
fn truths() -> impl Strategy<Value = (Vec<TcpState>, Vec<TcpState>)> {
    prop_oneof![
        // The client closes first.
        Just((
            vec![Closed, SynSent, Established, FinWait1, FinWait2, TimeWait],
            vec![Listen, SynRecv, Established, CloseWait, LastAck, Closed],
        )),
        // The server closes first.
        Just((
            vec![Closed, SynSent, Established, CloseWait, LastAck, Closed],
            vec![Listen, SynRecv, Established, FinWait1, FinWait2, TimeWait],
        )),
        // Both at once.
        Just((
            vec![Closed, SynSent, Established, FinWait1, Closing, TimeWait, Closed],
            vec![Listen, SynRecv, Established, FinWait1, Closing, TimeWait, Closed],
        )),
        // Reset; refused; lost in the middle; half-closed for good.
        Just((vec![Closed, SynSent, Established, Closed], vec![Listen, SynRecv, Established, Closed])),
        Just((vec![Closed, SynSent, Closed], vec![])),
        Just((vec![Closed, SynSent, SynRecv, Established], vec![Listen, SynRecv])),
        Just((vec![Closed, SynSent, Established, FinWait1, FinWait2], vec![Listen, SynRecv, Established, CloseWait])),
    ]
}

/// All that could be observed of a true history: each transition traced, each state sampled. The first look may have come
/// only at the state with this number: what it showed was found, not new.
fn witnesses(flow: Flow, truth: &[TcpState], found: usize) -> Vec<Observation> {
    let mut all = Vec::new();
    for (index, pair) in truth.windows(2).enumerate() {
        let at = 10 + 10 * index as u64;
        all.push(traced(at, flow, pair[0], pair[1]));
        let delta = match (pair[1], index) {
            (Closed, _) => Delta::Gone(row(flow, Closed).key()),
            (_, index) if index < found => continue,
            (state, index) if index == found && found > 0 => Delta::Found(row(flow, state)),
            (state, 0) => Delta::Added(row(flow, state)),
            (state, _) => Delta::Changed(row(flow, state)),
        };
        all.push(table(at + 5, delta));
    }
    all
}

proptest! {
    /// With any subset of the observations in any order, only edges of the diagram (or a reset) are written, each
    /// continues the one before, and none is written twice.
    #[test]
    fn no_interleaving_writes_an_impossible_history(
        (ours, theirs) in truths(),
        order in prop::collection::vec(any::<Index>(), 0..40),
        keep in any::<u32>(),
        traced in any::<bool>(),
        found in 0..4usize,
    ) {
        let mut all = witnesses(client(), &ours, found);
        all.extend(witnesses(server(), &theirs, found));
        let mut index = 0;
        all.retain(|_| { index += 1; keep & (1 << (index % 32)) != 0 });
        for (place, with) in order.iter().enumerate().take(all.len()) {
            let other = with.index(all.len());
            all.swap(place, other);
        }
        let mut heard = vec![listening()];
        if traced {
            heard.push(seen(0, Evidence::Called, EventKind::Note(Note::Has { what: Evidence::Traced })));
        }
        heard.extend(all);
        let out = written(heard);
        for (flow, truth) in [(client(), &ours), (server(), &theirs)] {
            let steps = steps(&out, flow);
            let closed = truth.iter().skip(1).any(|state| *state == Closed);
            prop_assert!(closed || steps.iter().all(|step| step.1 != Closed), "it never closed: {steps:?}");
            for (from, to, evidence) in &steps {
                prop_assert!(from.may_become(*to), "{from} → {to} ({evidence})");
                prop_assert!(EDGES.contains(&(*from, *to)) || *to == Closed);
            }
            for pair in steps.windows(2) {
                prop_assert!(pair[0].1 == pair[1].0, "{steps:?}");
            }
            let mut life = HashSet::new();
            for step in &steps {
                prop_assert!(life.insert((step.0, step.1)), "twice: {steps:?}");
            }
        }
    }

    /// A complete trace in order is written unchanged.
    #[test]
    fn a_complete_trace_is_written_unchanged((ours, _) in truths()) {
        let all = witnesses(client(), &ours, 0).into_iter().filter(|o| o.evidence == Evidence::Traced);
        let out = written(all);
        let states: Vec<_> = steps(&out, client()).iter().map(|step| step.1).collect();
        prop_assert_eq!(states, ours[1..].to_vec());
    }
}
