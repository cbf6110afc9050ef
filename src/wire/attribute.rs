//! Why a socket's state changed: told from the edge it took, the packets that arrived for it, and what is left of it.
//!
//! Every edge of the diagram but those into CLOSED has one kind of cause: a call opens or closes, a packet answers. So
//! the cause does not hang on how soon after a packet the table was read.

use std::collections::VecDeque;

use crate::domain::{Cause, Flags, Row, Syscall, TcpState};

use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};

/// The packets that arrived for one socket lately, oldest first: number, flags, and whether there were bytes in it.
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

    /// The latest with any of these flags.
    fn latest(&self, flags: Flags) -> Option<Cause> {
        self.0.iter().rev().find(|(_, had, _)| had.any(flags)).map(|(number, ..)| Cause::Packet(*number))
    }

    /// The latest with bytes in it.
    fn data(&self) -> Option<Cause> {
        self.0.iter().rev().find(|(.., data)| *data).map(|(number, ..)| Cause::Packet(*number))
    }
}

/// Where a connection came from when it is in `state` at first sight: from a listener, if there is one for it.
pub(super) const fn origin(state: TcpState, listener: bool) -> TcpState {
    match state {
        SynSent | Listen => Closed,
        _ if listener => Listen,
        _ => Closed,
    }
}

/// Where a connection went that was in `state` and is in the table no more.
pub(super) const fn destination(state: TcpState, listener: bool) -> TcpState {
    match state {
        SynRecv if listener => Listen,
        _ => Closed,
    }
}

/// The edges that lead from one state to another that was seen after it: one, where the diagram has it; more, where
/// something was too quick to be seen; through CLOSED, where one life ended and another began.
pub(super) fn edges(from: TcpState, to: TcpState) -> Vec<(TcpState, TcpState)> {
    if from == to {
        return Vec::new();
    }
    let stops = if from.may_become(to) {
        vec![from, to]
    } else if let Some(way) = from.between(to) {
        [from].into_iter().chain(way).chain([to]).collect()
    } else {
        let rest = Closed.between(to).unwrap_or_default();
        [from, Closed].into_iter().chain(rest).chain([to]).collect()
    };
    stops.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// What made a socket take an edge. `call` is one that our own code just made on that host, `after` the row that is
/// there now; `timed_out` says that the timer which ran for it when it was last seen has run out since.
pub(super) fn cause(
    edge: (TcpState, TcpState),
    arrivals: &Arrivals,
    call: Option<Syscall>,
    after: Option<&Row>,
    timed_out: bool,
) -> Option<Cause> {
    let closing = [Syscall::Close, Syscall::Shutdown];
    match edge {
        (Closed, SynSent) => Some(Cause::Call(Syscall::Connect)),
        (Closed, Listen) => Some(Cause::Call(Syscall::Listen)),
        (Listen, SynRecv) | (SynSent, SynRecv | Established) => arrivals.latest(Flags::SYN),
        (SynRecv, Established) | (FinWait1, FinWait2) | (Closing, TimeWait) => arrivals.latest(Flags::ACK),
        (Established, CloseWait) | (FinWait1, Closing | TimeWait) | (FinWait2, TimeWait) => arrivals.latest(Flags::FIN),
        (Established | SynRecv, FinWait1) | (CloseWait, LastAck) => match call {
            Some(call) if closing.contains(&call) => Some(Cause::Call(call)),
            // Without a descriptor it was closed; with one it was shut down.
            _ => after
                .and_then(|row| row.inode)
                .map(|inode| Cause::Call(if inode == 0 { Syscall::Close } else { Syscall::Shutdown })),
        },
        (Listen, _) => Some(Cause::Call(Syscall::Close)),
        (LastAck, Closed) => arrivals.latest(Flags(Flags::ACK.0 | Flags::RST.0)).or(Some(Cause::Timer)),
        (TimeWait, Closed) => arrivals.latest(Flags(Flags::RST.0 | Flags::SYN.0)).or(Some(Cause::Timer)),
        (SynRecv, Listen) => arrivals.latest(Flags::RST).or(Some(Cause::Timer)),
        // Bytes for a socket that nobody reads from any more end it with a RST, as a timer does without one
        // (RFC 9293 §3.6, `tcp_rcv_state_process`).
        (FinWait1 | FinWait2 | Closing, Closed) => {
            let quiet = || if timed_out { Some(Cause::Timer) } else { arrivals.data() };
            arrivals.latest(Flags::RST).or_else(quiet)
        }
        // These have a descriptor that somebody closes, when nothing arrived that did it and no patience ended.
        (SynSent | SynRecv | Established | CloseWait, Closed) => {
            let called = call.is_some_and(|call| closing.contains(&call));
            let closed = if timed_out && !called { Cause::Timer } else { Cause::Call(Syscall::Close) };
            arrivals.latest(Flags::RST).or(Some(closed))
        }
        _ => None,
    }
}

/// Whether a packet can change the state of a socket that is in `state` (none: that is not in the table).
pub(super) const fn matters(flags: Flags, state: Option<TcpState>) -> bool {
    flags.any(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0))
        || matches!(state, Some(SynSent | SynRecv | FinWait1 | Closing | LastAck))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(packets: &[(u64, Flags)]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        for (number, flags) in packets {
            arrivals.note(*number, *flags, false);
        }
        arrivals
    }

    #[test]
    fn bytes_that_nobody_reads_any_more_end_a_connection_and_no_timer_does() {
        let mut arrivals = arrived(&[(4, Flags::ACK)]);
        arrivals.note(5, Flags::PSH.with(Flags::ACK), true);
        for from in [FinWait1, FinWait2] {
            assert_eq!(cause((from, Closed), &arrivals, None, None, false), Some(Cause::Packet(5)));
            assert_eq!(cause((from, Closed), &arrivals, None, None, true), Some(Cause::Timer));
            assert_eq!(cause((from, Closed), &arrived(&[]), None, None, false), None, "it is not known");
        }
    }

    #[test]
    fn a_quick_server_closes_between_two_looks_and_both_steps_have_their_cause() {
        let arrivals = arrived(&[(4, Flags::ACK), (5, Flags::FIN.with(Flags::ACK))]);
        let steps = edges(Established, LastAck);
        assert_eq!(steps, [(Established, CloseWait), (CloseWait, LastAck)]);
        assert_eq!(cause(steps[0], &arrivals, None, None, false), Some(Cause::Packet(5)));
        assert_eq!(cause(steps[1], &arrivals, Some(Syscall::Close), None, false), Some(Cause::Call(Syscall::Close)));
    }

    #[test]
    fn who_closes_while_a_resend_is_due_was_not_timed_out() {
        let close = Cause::Call(Syscall::Close);
        let none = arrived(&[]);
        assert_eq!(cause((SynSent, Closed), &none, Some(Syscall::Close), None, true), Some(close));
        assert_eq!(cause((SynSent, Closed), &none, None, None, true), Some(Cause::Timer));
    }

    #[test]
    fn time_wait_ends_by_its_timer_although_packets_arrived_before() {
        let arrivals = arrived(&[(9, Flags::FIN.with(Flags::ACK))]);
        assert_eq!(cause((TimeWait, Closed), &arrivals, None, None, false), Some(Cause::Timer));
        let reset = arrived(&[(9, Flags::FIN), (10, Flags::RST)]);
        for from in [Established, LastAck] {
            assert_eq!(cause((from, Closed), &reset, None, None, false), Some(Cause::Packet(10)), "{from}");
        }
    }

    #[test]
    fn who_gave_up_is_told_from_the_timer_that_ran() {
        let nothing = arrived(&[]);
        let edge = (SynSent, Closed);
        assert_eq!(cause(edge, &nothing, None, None, true), Some(Cause::Timer));
        assert_eq!(cause(edge, &nothing, None, None, false), Some(Cause::Call(Syscall::Close)));
        assert_eq!(cause(edge, &arrived(&[(2, Flags::RST)]), None, None, true), Some(Cause::Packet(2)));
    }

    #[test]
    fn a_port_used_again_is_two_lives() {
        assert_eq!(edges(TimeWait, SynSent), [(TimeWait, Closed), (Closed, SynSent)]);
        assert_eq!(edges(Listen, Listen), []);
    }

    #[test]
    fn every_pair_of_states_has_a_way_of_edges() {
        for &from in TcpState::ALL {
            for &to in TcpState::ALL.iter().filter(|&&to| to != from) {
                let way = edges(from, to);
                assert!(way.iter().all(|(a, b)| a.may_become(*b)), "{from} {to} {way:?}");
                assert_eq!((way[0].0, way[way.len() - 1].1), (from, to));
            }
        }
    }
}
