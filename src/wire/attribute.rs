//! The cause of a socket's change of state, derived from the edge, the packets that arrived for it, and its row.
//!
//! [`tcp`] says which inputs lead along an edge. Every edge but those into CLOSED has one kind of cause: a call opens or
//! closes, a packet answers. So the cause does not depend on how soon after a packet the table was read.

use std::collections::VecDeque;

use super::owners::ProgramEnd;
use crate::domain::{Cause, Flags, Syscall, TcpInput, TcpState, tcp};

use TcpState::{Closed, FinWait1, Listen, SynRecv, SynSent};

/// The latest packets that arrived for one socket, oldest first: number, flags, and whether there was data in it.
#[derive(Debug, Default, Clone)]
pub(super) struct Arrivals(VecDeque<(u64, Flags, bool)>);

impl Arrivals {
    const KEPT: usize = 16;

    pub(super) fn note(&mut self, number: u64, flags: Flags, data: bool) {
        self.0.push_back((number, flags, data));
        if self.0.len() > Self::KEPT {
            self.0.pop_front();
        }
    }

    /// Takes out a packet that has changed nothing.
    pub(super) fn forget(&mut self, number: u64) {
        self.0.retain(|(other, ..)| *other != number);
    }

    /// The latest that can have been one of these inputs.
    fn latest(&self, inputs: &[TcpInput]) -> Option<Cause> {
        let is_one = |flags: Flags, data: bool| inputs.iter().any(|input| input.may_be(flags, data));
        let found = self.0.iter().rev().find(|(_, flags, data)| is_one(*flags, *data));
        found.map(|(number, ..)| Cause::Packet(*number))
    }
}

/// The state before `state` for a connection that was not seen before: LISTEN if there is a listener for it.
pub(super) const fn origin(state: TcpState, listener: bool) -> TcpState {
    match state {
        SynSent | Listen => Closed,
        _ if listener => Listen,
        _ => Closed,
    }
}

/// The state after `state` for a connection that is no longer in the table.
pub(super) const fn destination(state: TcpState, listener: bool) -> TcpState {
    match state {
        SynRecv if listener => Listen,
        _ => Closed,
    }
}

/// The edges between two states seen one after the other: one, if the diagram has it; several, if states in between
/// were too short to be seen; through CLOSED, if one connection ended and another began. An end that was opened
/// `passively` was ESTABLISHED before it was closed.
pub(super) fn edges(from: TcpState, to: TcpState, passively: bool) -> Vec<(TcpState, TcpState)> {
    if from == to {
        return Vec::new();
    }
    let is_missed = passively && (from, to) == (SynRecv, FinWait1);
    let stops = if from.may_become(to) && !is_missed {
        vec![from, to]
    } else if let Some(way) = from.between(to) {
        [from].into_iter().chain(way).chain([to]).collect()
    } else {
        let rest = Closed.between(to).unwrap_or_default();
        [from, Closed].into_iter().chain(rest).chain([to]).collect()
    };
    stops.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// What is known besides the packets when a socket's state changes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Circumstances {
    /// The call that our own code just made on that host.
    pub(super) call: Option<Syscall>,
    /// Whether a program still has a descriptor of the socket. `None` if the socket is gone or that is not known.
    pub(super) is_open: Option<bool>,
    /// Whether no program had a descriptor of the socket at the last look.
    pub(super) is_orphan: bool,
    /// Whether the timer shown at the last look has expired since.
    pub(super) timed_out: bool,
    /// How the program that held the socket has ended, if it has.
    pub(super) ended: Option<ProgramEnd>,
}

/// The cause of a socket's change from one state to the next.
pub(super) fn cause((from, to): (TcpState, TcpState), arrivals: &Arrivals, around: Circumstances) -> Option<Cause> {
    let Circumstances { call, is_open, is_orphan, timed_out, ended } = around;
    let inputs: Vec<TcpInput> = tcp::inputs(from, to).collect();
    let can = |input| inputs.contains(&input);
    if can(TcpInput::OpenActive) {
        return Some(Cause::Call(Syscall::Connect));
    }
    if can(TcpInput::OpenPassive) {
        return Some(Cause::Call(Syscall::Listen));
    }
    // Data is looked for last: it ends only a connection without a reader, and no other cause looks like it.
    let mut segments: Vec<TcpInput> =
        inputs.iter().copied().filter(|input| *input != TcpInput::DataAfterClose).collect();
    if to == Closed {
        segments.push(TcpInput::Rst);
    }
    if let Some(packet) = arrivals.latest(&segments) {
        return Some(packet);
    }
    let closing = call.filter(|call| matches!(call, Syscall::Close | Syscall::Shutdown));
    let closing = closing.map(Cause::Call).or_else(|| (ended == Some(ProgramEnd::Killed)).then_some(Cause::Exit));
    let is_unknown = closing.is_none() && ended == Some(ProgramEnd::Unknown);
    if to != Closed {
        if can(TcpInput::Close) {
            // A socket without a descriptor was closed. With one, it was shut down.
            let by = |is_open| Cause::Call(if is_open { Syscall::Shutdown } else { Syscall::Close });
            return closing.or_else(|| is_open.filter(|_| !is_unknown).map(by));
        }
        return can(TcpInput::Timeout).then_some(Cause::Timer);
    }
    if timed_out {
        return match closing {
            // A program that is told of a timeout often ends; one that ends closes its socket. It may be either.
            None | Some(Cause::Exit) if ended.is_some() => None,
            None => Some(Cause::Timer),
            call => call,
        };
    }
    if can(TcpInput::DataAfterClose) {
        let data = arrivals.latest(&[TcpInput::DataAfterClose]).or(closing);
        // Without any, a program that shut it down has closed it with a reset.
        return data.or_else(|| (!is_orphan && !is_unknown).then_some(Cause::Call(Syscall::Close)));
    }
    let may_be_closed = can(TcpInput::Close) || can(TcpInput::Abort);
    if may_be_closed {
        return closing.or_else(|| (!is_unknown).then_some(Cause::Call(Syscall::Close)));
    }
    // No program holds any other: without a packet only a timer can end it.
    Some(Cause::Timer)
}

/// Whether a packet with these flags can change the state of a socket in `state` (none: there is no such socket). `data`
/// says whether there is data in it that nobody there can read any more.
pub(super) fn matters(flags: Flags, data: bool, state: Option<TcpState>) -> bool {
    let opens_or_ends = flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST));
    let changes = |state: TcpState| {
        let mut inputs = TcpInput::ALL.iter().filter(|input| input.may_be(flags, data));
        inputs.any(|input| tcp::on(state, *input).is_some_and(|step| step.to != state))
    };
    // One of a SYN_SENT that this end never sent is answered by a reset.
    opens_or_ends || state.is_some_and(|state| state == SynSent || changes(state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use TcpState::{CloseWait, Established, FinWait2, LastAck, TimeWait};

    fn arrived(packets: &[(u64, Flags)]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for (number, flags) in packets {
            arrivals.note(*number, *flags, false);
        }
        arrivals
    }

    #[test]
    fn every_change_of_the_diagram_has_the_cause_that_the_diagram_names() {
        for (from, input, to) in TcpInput::changes() {
            let mut arrivals = Arrivals::default();
            if let Some((flags, data)) = input.example() {
                arrivals.note(7, flags, data);
            }
            let closing = matches!(input, TcpInput::Close | TcpInput::Abort).then_some(Syscall::Close);
            let expected = match input {
                TcpInput::OpenActive => Cause::Call(Syscall::Connect),
                TcpInput::OpenPassive => Cause::Call(Syscall::Listen),
                TcpInput::Close | TcpInput::Abort => Cause::Call(Syscall::Close),
                TcpInput::Timeout => Cause::Timer,
                _ => Cause::Packet(7),
            };
            let found = cause(
                (from, to),
                &arrivals,
                Circumstances { call: closing, timed_out: input == TcpInput::Timeout, ..Circumstances::default() },
            );
            assert_eq!(found, Some(expected), "{from} to {to} by {input}");
            assert_eq!(edges(from, to, false), [(from, to)]);
        }
    }

    #[test]
    fn data_for_a_closed_socket_ends_it_and_not_a_timer() {
        let mut arrivals = arrived(&[(4, Flags::ACK)]);
        arrivals.note(5, Flags::PSH.with(Flags::ACK), true);
        for from in [FinWait1, FinWait2] {
            assert_eq!(cause((from, Closed), &arrivals, Circumstances::default()), Some(Cause::Packet(5)));
            assert_eq!(
                cause((from, Closed), &arrivals, Circumstances { timed_out: true, ..Circumstances::default() }),
                Some(Cause::Timer)
            );
            let orphan = Circumstances { is_orphan: true, ..Circumstances::default() };
            assert_eq!(cause((from, Closed), &arrived(&[]), orphan), None, "it is not known");
            // A program has it still: it was closed with a reset after `shutdown`.
            let closed = cause((from, Closed), &arrived(&[]), Circumstances::default());
            assert_eq!(closed, Some(Cause::Call(Syscall::Close)));
        }
    }

    #[test]
    fn a_fast_server_closes_between_two_samples_and_both_steps_have_their_cause() {
        let arrivals = arrived(&[(4, Flags::ACK), (5, Flags::FIN.with(Flags::ACK))]);
        let steps = edges(Established, LastAck, false);
        assert_eq!(steps, [(Established, CloseWait), (CloseWait, LastAck)]);
        assert_eq!(cause(steps[0], &arrivals, Circumstances::default()), Some(Cause::Packet(5)));
        assert_eq!(
            cause(steps[1], &arrivals, Circumstances { call: Some(Syscall::Close), ..Circumstances::default() }),
            Some(Cause::Call(Syscall::Close))
        );
    }

    #[test]
    fn a_close_while_a_retransmission_is_due_is_no_timeout() {
        let close = Cause::Call(Syscall::Close);
        let none = arrived(&[]);
        assert_eq!(
            cause(
                (SynSent, Closed),
                &none,
                Circumstances { call: Some(Syscall::Close), timed_out: true, ..Circumstances::default() }
            ),
            Some(close)
        );
        assert_eq!(
            cause((SynSent, Closed), &none, Circumstances { timed_out: true, ..Circumstances::default() }),
            Some(Cause::Timer)
        );
    }

    #[test]
    fn what_a_killed_program_leaves_open_is_closed_by_its_end() {
        let ended = Circumstances { ended: Some(ProgramEnd::Killed), ..Circumstances::default() };
        let none = arrived(&[]);
        for edge in [(Listen, Closed), (SynSent, Closed), (Established, FinWait1), (CloseWait, LastAck)] {
            assert_eq!(cause(edge, &none, ended), Some(Cause::Exit), "{edge:?}");
        }
        let timed_out = Circumstances { timed_out: true, ..ended };
        assert_eq!(cause((SynSent, Closed), &none, timed_out), None, "which of the two is not known");
        let reset = arrived(&[(3, Flags::RST)]);
        assert_eq!(cause((Established, Closed), &reset, ended), Some(Cause::Packet(3)));
        let unknown = Circumstances { ended: Some(ProgramEnd::Unknown), ..ended };
        let exited = Circumstances { ended: Some(ProgramEnd::Exited), ..ended };
        assert_eq!(cause((Listen, Closed), &none, unknown), None);
        assert_eq!(cause((Listen, Closed), &none, exited), Some(Cause::Call(Syscall::Close)));
        let close = Circumstances { call: Some(Syscall::Close), ..ended };
        assert_eq!(cause((Listen, Closed), &none, close), Some(Cause::Call(Syscall::Close)));
    }

    #[test]
    fn a_shutdown_leaves_the_descriptor_and_a_close_does_not() {
        for (is_open, call) in [(true, Syscall::Shutdown), (false, Syscall::Close)] {
            let around = Circumstances { is_open: Some(is_open), ..Circumstances::default() };
            assert_eq!(cause((Established, FinWait1), &arrived(&[]), around), Some(Cause::Call(call)));
        }
    }

    #[test]
    fn time_wait_ends_by_its_timer_although_packets_arrived_before() {
        let arrivals = arrived(&[(9, Flags::FIN.with(Flags::ACK))]);
        assert_eq!(cause((TimeWait, Closed), &arrivals, Circumstances::default()), Some(Cause::Timer));
        let reset = arrived(&[(9, Flags::FIN), (10, Flags::RST)]);
        for from in [Established, LastAck] {
            assert_eq!(cause((from, Closed), &reset, Circumstances::default()), Some(Cause::Packet(10)), "{from}");
        }
    }

    #[test]
    fn a_timeout_and_a_close_are_told_apart_by_the_timer() {
        let nothing = arrived(&[]);
        let edge = (SynSent, Closed);
        assert_eq!(
            cause(edge, &nothing, Circumstances { timed_out: true, ..Circumstances::default() }),
            Some(Cause::Timer)
        );
        assert_eq!(cause(edge, &nothing, Circumstances::default()), Some(Cause::Call(Syscall::Close)));
        assert_eq!(
            cause(edge, &arrived(&[(2, Flags::RST)]), Circumstances { timed_out: true, ..Circumstances::default() }),
            Some(Cause::Packet(2))
        );
    }

    #[test]
    fn a_port_used_again_is_two_lives() {
        assert_eq!(edges(TimeWait, SynSent, false), [(TimeWait, Closed), (Closed, SynSent)]);
        assert_eq!(edges(Listen, Listen, false), []);
    }

    #[test]
    fn every_pair_of_states_has_a_way_of_edges() {
        for &from in TcpState::ALL {
            for &to in TcpState::ALL.iter().filter(|&&to| to != from) {
                let way = edges(from, to, false);
                assert!(way.iter().all(|(a, b)| a.may_become(*b)), "{from} {to} {way:?}");
                assert_eq!((way[0].0, way[way.len() - 1].1), (from, to));
            }
        }
    }
}
