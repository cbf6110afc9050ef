//! The moments of a connection that order its two ends against each other, and what causes each.

use crate::domain::{Args, Call, Errno, EventKind, Observation, Outcome, Shut, Syscall, TcpState};

use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};

/// A moment in the life of one end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// `connect` was entered.
    Connect,
    /// A `connect` that was known to wait returned the connection.
    Connected,
    /// This state was reached.
    State(TcpState),
    /// `accept` returned this connection.
    Accept,
    /// `close` or `shutdown` was entered.
    Close,
    /// `recv` returned the end of the data.
    EndOfData,
    /// A call failed because the connection is over: with ECONNRESET, or a `connect` that was known to wait.
    Reset,
}

/// Which end a cause is of, seen from the end of its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Own,
    Peer,
}

impl Moment {
    pub(super) const COUNT: usize = 17;

    pub(super) fn all() -> impl Iterator<Item = Self> {
        let calls = [Self::Connect, Self::Connected, Self::Accept, Self::Close, Self::EndOfData, Self::Reset];
        TcpState::ALL.iter().map(|state| Self::State(*state)).chain(calls)
    }

    pub(super) const fn place(self) -> usize {
        match self {
            Self::State(state) => state as usize,
            Self::Connect => 11,
            Self::Accept => 12,
            Self::Close => 13,
            Self::EndOfData => 14,
            Self::Reset => 15,
            Self::Connected => 16,
        }
    }

    /// The moment that an observation is about.
    pub(super) fn of(seen: &Observation) -> Option<Self> {
        match &seen.kind {
            // A connection that was given up in SYN_RECV leaves its listener in LISTEN: for the connection it is the end.
            EventKind::State(change) if change.flow.peer.is_some() && change.to == Listen => Some(Self::State(Closed)),
            EventKind::State(change) => Some(Self::State(change.to)),
            EventKind::Call(call) => Self::of_call(call),
            EventKind::Waits(call) if call.call == Syscall::Connect => Some(Self::Connect),
            _ => None,
        }
    }

    fn of_call(call: &Call) -> Option<Self> {
        match call.result {
            Outcome::Ok => {}
            Outcome::TimedOut => return None,
            Outcome::Failed(_) if call.call == Syscall::Connect => {
                return Some(if call.waited { Self::Reset } else { Self::Connect });
            }
            Outcome::Failed(errno) => return (errno == Errno::ConnReset).then_some(Self::Reset),
        }
        match call.call {
            Syscall::Connect => Some(if call.waited { Self::Connected } else { Self::Connect }),
            Syscall::Accept => Some(Self::Accept),
            Syscall::Shutdown if call.args == Args::Shut(Shut::Read) => None,
            Syscall::Close | Syscall::Shutdown => Some(Self::Close),
            _ if call.is_end_of_data() => Some(Self::EndOfData),
            _ => None,
        }
    }

    /// What causes it directly: a call of its own program, or what a segment of the peer says of the peer
    /// ([`TcpState::peer_before`]). `active` says whether its end opened the connection.
    pub(super) const fn cause(self, active: bool) -> Option<(Whose, Self)> {
        match self {
            Self::State(SynSent) => Some((Whose::Own, Self::Connect)),
            Self::State(FinWait1 | LastAck) => Some((Whose::Own, Self::Close)),
            Self::State(state) => match state.peer_before(active) {
                Some(before) => Some((Whose::Peer, Self::State(before))),
                None => None,
            },
            Self::Accept | Self::Connected => Some((Whose::Own, Self::State(Established))),
            Self::EndOfData => Some((Whose::Own, Self::State(CloseWait))),
            Self::Reset => Some((Whose::Own, Self::State(Closed))),
            Self::Connect | Self::Close => None,
        }
    }

    /// The call of the other end's program without which this call cannot have returned.
    pub(super) const fn call_of_peer(self) -> Option<Self> {
        match self {
            Self::Accept => Some(Self::Connect),
            Self::EndOfData => Some(Self::Close),
            _ => None,
        }
    }

    /// Whether it always happens before `effect`: on the way to it at the same end, or as its cause. `active` is the
    /// effect's end's.
    pub(super) fn precedes(self, effect: Self, whose: Whose, active: bool) -> bool {
        let is_on_the_way = match (self, effect) {
            (Self::Connect, Self::State(state)) => state.rank() > 0,
            (Self::State(Closed), _) => false,
            (Self::State(before), Self::State(after)) => before.rank() < after.rank() || after == Closed,
            // A program that has closed in one direction reads on.
            (Self::State(Closing), Self::EndOfData) => true,
            _ => false,
        };
        (whose == Whose::Own && is_on_the_way) || effect.cause(active) == Some((whose, self))
    }

    /// The place among moments of the same time; an event that is none of these has [`Moment::RANK_OF_OTHERS`].
    pub(super) const fn rank(self, active: bool) -> u8 {
        match self {
            Self::Connect | Self::State(Listen) => 0,
            Self::State(SynSent) => 1,
            Self::State(SynRecv) => 2,
            Self::State(Established) if active => 3,
            Self::State(Established) => 4,
            Self::Accept | Self::Connected => 5,
            Self::Close => 7,
            Self::State(FinWait1) => 8,
            Self::State(CloseWait | Closing) => 9,
            Self::State(FinWait2) | Self::EndOfData => 10,
            Self::State(LastAck) => 11,
            Self::State(TimeWait) => 12,
            Self::State(Closed) => 13,
            Self::Reset => 14,
        }
    }

    /// Data is sent and received while a connection is open.
    pub(super) const RANK_OF_OTHERS: u8 = 6;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_time_stand_in_the_order_of_cause_and_effect() {
        for cause in Moment::all() {
            for effect in Moment::all() {
                for (whose, active) in
                    [(Whose::Own, false), (Whose::Own, true), (Whose::Peer, false), (Whose::Peer, true)]
                {
                    let active_there = if whose == Whose::Own { active } else { !active };
                    let is_possible = match (cause, effect) {
                        (Moment::State(cause), Moment::State(effect)) if whose == Whose::Own => {
                            effect == Closed || cause.between(effect).is_some()
                        }
                        _ => true,
                    };
                    if is_possible && cause.precedes(effect, whose, active) {
                        let [before, after] = [cause.rank(active_there), effect.rank(active)];
                        assert!(before < after, "{cause:?} {whose:?} {effect:?} {active}");
                    }
                }
            }
        }
    }
}
