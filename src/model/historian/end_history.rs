//! What was written of one end of a connection, and what waits to be.

use super::claim::Claim;
use crate::domain::{Cause, Evidence, Stamp, TcpState};

/// The written history of one end.
#[derive(Debug)]
pub(super) struct EndHistory {
    /// The states of its present life, the earliest first, each with the evidence for reaching it.
    pub(super) path: Vec<(TcpState, Evidence)>,
    /// When this life began, as far as is known.
    pub(super) born: Stamp,
    /// When it came to where it is.
    pub(super) since: Stamp,
    /// Its socket, by the cookie of its row in the table; an earlier life of these addresses had another one.
    pub(super) cookie: Option<u64>,
    /// Claims that wait for a better witness, each until a moment, in the order of a life.
    pub(super) waiting: Vec<(Stamp, Claim)>,
    /// The call of its program that will cause the next transition.
    pub(super) intent: Option<Cause>,
    /// The table showed what is left of it in FIN_WAIT2 without its full socket: it goes on for a minute.
    pub(super) remains: bool,
    /// Its full socket ended and nothing was seen of what may be left of it, as long as that was waited for.
    pub(super) given_up: bool,
}

impl EndHistory {
    pub(super) const fn new(path: Vec<(TcpState, Evidence)>, since: Stamp) -> Self {
        Self {
            path,
            born: since,
            since,
            cookie: None,
            waiting: Vec::new(),
            intent: None,
            remains: false,
            given_up: false,
        }
    }

    /// An end whose life starts here.
    pub(super) fn starting(start: TcpState, at: Stamp) -> Self {
        Self::new(vec![(start, Evidence::Inferred)], at)
    }

    /// Whether its life came to an end: in CLOSED, or where a handshake was given up, back in its listener's LISTEN.
    pub(super) fn is_over(&self) -> bool {
        match self.path[..] {
            [.., (before, _), (TcpState::Listen, _)] => before == TcpState::SynRecv,
            [_, .., (TcpState::Closed, _)] => true,
            _ => false,
        }
    }

    /// Whether its life came to an end before this moment.
    pub(super) fn was_over(&self, at: Stamp) -> bool {
        self.is_over() && self.since < at
    }

    /// The state in which it was found, while nothing is known of how it came there.
    pub(super) fn found(&self) -> Option<TcpState> {
        match self.path[..] {
            [(state, Evidence::Sampled)] if state.rank() > 0 => Some(state),
            _ => None,
        }
    }

    pub(super) fn last(&self) -> TcpState {
        self.path.last().map_or(TcpState::Closed, |(state, _)| *state)
    }

    /// The place in the path at which this state was reached; where the life started counts only as long as it is all
    /// there is, because CLOSED is the end of a life too.
    pub(super) fn reached(&self, state: TcpState) -> Option<usize> {
        let place = self.path.iter().rposition(|(reached, _)| *reached == state)?;
        (place > 0 || self.path.len() == 1).then_some(place)
    }
}
