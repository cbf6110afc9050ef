//! Sets of TCP states, and all their spellings.

use std::fmt;

use crate::domain::TcpState;

/// A set of states: one bit for each, and two more for sockets without a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StateSet(u16);

/// A UDP socket without a peer: `ss` says UNCONN, `netstat` leaves the column blank.
const UNCONNECTED: StateSet = StateSet(1 << 11);

/// A packet, which has a peer and no state: only in the set of everything.
const STATELESS: StateSet = StateSet(1 << 12);

/// Spellings that differ from netstat's in more than `_`, `-` and case: `ss(8)`, RFC 9293 §3.3.2, Windows, BSD.
const SPELLINGS: [(&str, TcpState); 5] = [
    ("estab", TcpState::Established),
    ("listening", TcpState::Listen),
    ("synreceived", TcpState::SynRecv),
    ("synrcvd", TcpState::SynRecv),
    ("close", TcpState::Closed),
];

/// Names of several states, as `ss(8)` has them ("STATE-FILTER"). Its `synchronized` includes `SYN_RECV`, which RFC 9293
/// §3.5.2 does not count among the synchronized states.
const GROUPS: [(&str, StateSet); 7] = [
    ("all", EVERYTHING),
    ("connected", CONNECTED),
    ("synchronized", CONNECTED.without(TcpState::SynSent)),
    ("bucket", BUCKET),
    ("big", StateSet(ALL.0 & !BUCKET.0)),
    ("unconn", UNCONN),
    ("unconnected", UNCONN),
];

const EVERYTHING: StateSet = StateSet(ALL.0 | UNCONNECTED.0 | STATELESS.0);
const ALL: StateSet = StateSet((1 << 11) - 1);
const CONNECTED: StateSet = ALL.without(TcpState::Listen).without(TcpState::Closed);
const BUCKET: StateSet = StateSet(StateSet::of(TcpState::SynRecv).0 | StateSet::of(TcpState::TimeWait).0);
const UNCONN: StateSet = StateSet(UNCONNECTED.0 | StateSet::of(TcpState::Closed).0);

impl StateSet {
    pub(super) const NONE: Self = Self(0);

    const fn of(state: TcpState) -> Self {
        Self(1 << state as u16)
    }

    const fn without(self, state: TcpState) -> Self {
        Self(self.0 & !Self::of(state).0)
    }

    pub(super) const fn or(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// Whether the set contains a socket in `state` or, if that is `None`, a packet or a UDP socket without a peer.
    pub(super) const fn has(self, state: Option<TcpState>, has_peer: bool) -> bool {
        let own = match state {
            Some(state) => Self::of(state),
            None if has_peer => STATELESS,
            None => UNCONNECTED,
        };
        self.0 & own.0 != 0
    }

    /// The state or group that `word` names, in any spelling.
    pub(super) fn named(word: &str) -> Option<Self> {
        let word = squeezed(word);
        let group = || GROUPS.iter().find(|(name, _)| word == *name).map(|(_, states)| *states);
        spellings().find(|(name, _)| word == *name).map(|(_, states)| states).or_else(group)
    }

    /// The states with a spelling that begins with `word`, so that `time-wait` and `syn-rec` find `TIME_WAIT` and
    /// `SYN_RECV`. None for a word of fewer than three letters.
    pub(super) fn beginning_with(word: &str) -> Self {
        let word = squeezed(word);
        if word.chars().filter(char::is_ascii_alphabetic).count() < 3 {
            return Self::NONE;
        }
        let unconn = std::iter::once(("unconn".to_owned(), UNCONN));
        let fits = spellings().chain(unconn).filter(|(name, _)| name.starts_with(&word));
        fits.fold(Self::NONE, |all, (_, states)| all.or(states))
    }

    /// The words that can follow `state`: netstat's names, then the groups.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        TcpState::ALL.iter().map(|state| state.name()).chain(GROUPS.iter().map(|(name, _)| *name))
    }
}

/// Every spelling of a single state, squeezed.
fn spellings() -> impl Iterator<Item = (String, StateSet)> {
    let netstat = TcpState::ALL.iter().map(|&state| (squeezed(state.name()), StateSet::of(state)));
    netstat.chain(SPELLINGS.iter().map(|(name, state)| ((*name).to_owned(), StateSet::of(*state))))
}

/// Lower case without `-` and `_`: what `FIN_WAIT1`, FIN-WAIT-1 and `fin_wait_1` have in common.
pub(super) fn squeezed(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}

impl fmt::Display for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == EVERYTHING {
            return f.write_str("all");
        }
        let states = TcpState::ALL.iter().filter(|&&state| self.has(Some(state), true)).map(|state| state.name());
        let unconn = (self.0 & UNCONNECTED.0 != 0).then_some("unconn");
        for (n, name) in states.chain(unconn).enumerate() {
            write!(f, "{}{name}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
