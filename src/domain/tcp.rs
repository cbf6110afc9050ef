//! TCP's state machine: what one end does with each input, in each state (RFC 9293 §3.3.2 and §3.10).
//!
//! This is the only place that knows the diagram. Whatever infers a state from packets, names the cause of a change or
//! predicts what a segment will do asks [`on`] or something derived from it. Linux is followed where it differs from the
//! RFC; the comment at that line says so.

use super::packet::Flags;
use super::state::TcpState::{
    self, CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};
use super::text_enum::text_enum;

text_enum! {
    /// An event that the state machine reacts to: a call of the program, an acceptable segment, or a timer.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum TcpInput {
        /// The program calls `listen`: a passive open.
        OpenPassive = "passive open",
        /// The program calls `connect`: an active open.
        OpenActive = "active open",
        /// The program calls `close` or `shutdown(SHUT_WR)`.
        Close = "close",
        /// The program's socket is discarded: `close` with unread data or a zero linger time, or the descriptor of a
        /// connection that is not open yet is closed (RFC 9293 §3.10.5; RFC 2525 §2.17).
        Abort = "abort",
        /// A SYN without ACK.
        Syn = "SYN",
        /// A SYN that acknowledges this end's SYN.
        SynAck = "SYN+ACK",
        /// An ACK of this end's SYN.
        SynAcked = "ACK of SYN",
        /// Data that continues the data received before.
        Data = "data",
        /// Data for an end whose program has closed the socket and can no longer read, or a FIN after data that is missing.
        DataAfterClose = "data after close",
        /// An ACK of this end's FIN.
        FinAcked = "ACK of FIN",
        /// A FIN that does not acknowledge this end's FIN.
        Fin = "FIN",
        /// A FIN that acknowledges this end's FIN.
        FinAndAck = "FIN and ACK of FIN",
        /// A RST with a valid sequence number (RFC 5961 §3).
        Rst = "RST",
        /// A timer gives up: retransmissions were not answered, or the time in this state is over.
        Timeout = "timeout",
    }
}

use TcpInput::{
    Abort, Close, Data, DataAfterClose, Fin, FinAcked, FinAndAck, OpenActive, OpenPassive, Rst, Syn, SynAck, SynAcked,
    Timeout,
};

/// The segment that an end sends in answer to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TcpReply {
    /// Nothing is sent.
    Nothing,
    /// A SYN.
    Syn,
    /// A SYN and the ACK of the other end's SYN.
    SynAck,
    /// An ACK.
    Ack,
    /// A FIN.
    Fin,
    /// A RST.
    Rst,
}

/// What an end does with an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpStep {
    /// Its state afterwards; the same as before where only a segment is sent.
    pub to: TcpState,
    /// What it sends.
    pub reply: TcpReply,
    /// The section of RFC 9293 that says so.
    pub section: &'static str,
}

/// What an end in `state` does with `input`. `None` where the input cannot occur or changes and answers nothing.
///
/// An end in SYN_RECV that is reset or times out returns to LISTEN, as one that was opened passively does; see
/// [`TcpState::may_become`] for one that was not.
pub const fn on(state: TcpState, input: TcpInput) -> Option<TcpStep> {
    let (to, reply, section) = match (state, input) {
        (Closed, OpenPassive) => (Listen, TcpReply::Nothing, "3.10.1"),
        (Closed | Listen, OpenActive) => (SynSent, TcpReply::Syn, "3.10.1"),
        (Closed, Syn | SynAck | SynAcked | Data | Fin) => (Closed, TcpReply::Rst, "3.10.7.1"),

        (Listen, Syn) => (SynRecv, TcpReply::SynAck, "3.10.7.2"),
        (Listen, SynAck | SynAcked) => (Listen, TcpReply::Rst, "3.10.7.2"),
        (Listen, Close | Abort) => (Closed, TcpReply::Nothing, "3.10.4"),

        (SynSent, SynAck) => (Established, TcpReply::Ack, "3.10.7.3"),
        (SynSent, Syn) => (SynRecv, TcpReply::SynAck, "3.10.7.3"),
        (SynSent, Rst) => (Closed, TcpReply::Nothing, "3.10.7.3"),
        (SynSent, Close | Abort) => (Closed, TcpReply::Nothing, "3.10.4"),
        (SynSent, Timeout) => (Closed, TcpReply::Nothing, "3.8.3"),

        (SynRecv, SynAcked) => (Established, TcpReply::Nothing, "3.10.7.4"),
        (SynRecv, Close) => (FinWait1, TcpReply::Fin, "3.10.4"),
        (SynRecv, Rst) => (Listen, TcpReply::Nothing, "3.10.7.4"),
        (SynRecv, Timeout) => (Listen, TcpReply::Nothing, "3.8.3"),

        (Established, Close) => (FinWait1, TcpReply::Fin, "3.10.4"),
        (Established, Fin) => (CloseWait, TcpReply::Ack, "3.10.7.4"),
        (CloseWait, Close) => (LastAck, TcpReply::Fin, "3.10.4"),

        (FinWait1, FinAcked) => (FinWait2, TcpReply::Nothing, "3.10.7.4"),
        (FinWait1, Fin) => (Closing, TcpReply::Ack, "3.10.7.4"),
        (FinWait1, FinAndAck) | (FinWait2, Fin | FinAndAck) => (TimeWait, TcpReply::Ack, "3.10.7.4"),
        (Closing, FinAcked) => (TimeWait, TcpReply::Nothing, "3.10.7.4"),
        (LastAck, FinAcked) => (Closed, TcpReply::Nothing, "3.10.7.4"),
        (FinWait1 | FinWait2, DataAfterClose) => (Closed, TcpReply::Rst, "3.6.1"),

        (Established | FinWait1 | FinWait2, Data) => (state, TcpReply::Ack, "3.10.7.4"),
        // A retransmitted FIN: the ACK of it was lost. In TIME_WAIT the wait starts again.
        (CloseWait | Closing | LastAck | TimeWait, Fin) => (state, TcpReply::Ack, "3.10.7.4"),

        (TimeWait, Timeout) => (Closed, TcpReply::Nothing, "3.10.8"),
        // Linux ends TIME_WAIT early for a new SYN that the old connection cannot have sent (RFC 6191).
        (TimeWait, Syn) => (Closed, TcpReply::Nothing, "3.6.1"),
        (SynRecv | Established | FinWait1 | FinWait2 | CloseWait, Abort) => (Closed, TcpReply::Rst, "3.10.5"),
        (Established | FinWait1 | FinWait2 | CloseWait | Closing | LastAck, Timeout) => {
            (Closed, TcpReply::Nothing, "3.8.3")
        }
        (Established | FinWait1 | FinWait2 | CloseWait | Closing | LastAck | TimeWait, Rst) => {
            (Closed, TcpReply::Nothing, "3.10.7.4")
        }
        _ => return None,
    };
    Some(TcpStep { to, reply, section })
}

/// The inputs that lead from one state directly to another one.
pub fn inputs(from: TcpState, to: TcpState) -> impl Iterator<Item = TcpInput> {
    TcpInput::ALL.iter().copied().filter(move |input| from != to && on(from, *input).is_some_and(|step| step.to == to))
}

impl TcpInput {
    /// Whether a segment with these flags, and data or none, may be this input. A RST is nothing but a RST.
    pub const fn may_be(self, flags: Flags, data: bool) -> bool {
        let (syn, ack, rst) = (flags.has(Flags::SYN), flags.has(Flags::ACK), flags.has(Flags::RST));
        match self {
            Rst => rst,
            _ if rst => false,
            Syn => syn && !ack,
            SynAck => syn && ack,
            SynAcked | FinAcked => ack,
            Fin | FinAndAck => flags.has(Flags::FIN),
            Data => data,
            DataAfterClose => data || flags.has(Flags::FIN),
            OpenPassive | OpenActive | Close | Abort | Timeout => false,
        }
    }
}

impl TcpReply {
    /// Whether a segment with these flags may be this answer.
    pub const fn may_be(self, flags: Flags) -> bool {
        let (syn, ack, rst) = (flags.has(Flags::SYN), flags.has(Flags::ACK), flags.has(Flags::RST));
        match self {
            Self::Nothing => false,
            Self::Rst => rst,
            _ if rst => false,
            Self::Syn => syn && !ack,
            Self::SynAck => syn && ack,
            Self::Ack => ack && !syn,
            Self::Fin => flags.has(Flags::FIN),
        }
    }
}

/// The edges of the diagram in RFC 9293 §3.3.2, the commonest first where several leave one state. A reset or a timeout
/// may lead from any state to CLOSED besides; see [`TcpState::may_become`].
pub const EDGES: [(TcpState, TcpState); 21] = [
    (Closed, SynSent),
    (Closed, Listen),
    (Listen, SynRecv),
    (Listen, SynSent),
    (Listen, Closed),
    (SynSent, Established),
    (SynSent, SynRecv),
    (SynSent, Closed),
    (SynRecv, Established),
    (SynRecv, FinWait1),
    (SynRecv, Listen),
    (Established, CloseWait),
    (Established, FinWait1),
    (FinWait1, FinWait2),
    (FinWait1, Closing),
    (FinWait1, TimeWait),
    (FinWait2, TimeWait),
    (Closing, TimeWait),
    (CloseWait, LastAck),
    (LastAck, Closed),
    (TimeWait, Closed),
];

impl TcpState {
    /// Whether `next` can directly follow: an edge of the diagram, or CLOSED by a reset or a timeout.
    pub fn may_become(self, next: Self) -> bool {
        EDGES.contains(&(self, next)) || (next == Closed && self != Closed)
    }

    /// Whether both ends have agreed on sequence numbers (RFC 9293 §3.5.2, "synchronized state").
    pub const fn is_synchronised(self) -> bool {
        !matches!(self, Closed | Listen | SynSent | SynRecv)
    }

    /// Whether there is no connection yet: this end has received no SYN.
    pub const fn is_unopened(self) -> bool {
        matches!(self, Closed | Listen | SynSent)
    }

    /// How far a connection in this state has come. It only grows during the life of a connection.
    pub const fn rank(self) -> u8 {
        match self {
            Closed | Listen => 0,
            SynSent => 1,
            SynRecv => 2,
            Established => 3,
            FinWait1 | CloseWait => 4,
            FinWait2 | Closing | LastAck => 5,
            TimeWait => 6,
        }
    }

    /// The state in which the other end has been before a segment of it can bring this end to `self`: the one that it
    /// sent that segment in, or on its way to. `active` says whether this end opened the connection. `None` for a state
    /// that no segment of an open connection leads to.
    pub const fn peer_before(self, active: bool) -> Option<Self> {
        match self {
            SynRecv => Some(SynSent),
            Established if active => Some(SynRecv),
            Established => Some(Established),
            CloseWait | Closing => Some(FinWait1),
            FinWait2 => Some(CloseWait),
            TimeWait => Some(LastAck),
            Closed | Listen | SynSent | FinWait1 | LastAck => None,
        }
    }

    /// The states between `self` and `to` that were passed through unseen: the shortest path along [`EDGES`], the most
    /// common one of several equally short; none for nearly every edge. `None` where `to` cannot be reached without a reset, and
    /// for `self == to`.
    ///
    /// An end that was opened passively is ESTABLISHED before its program can close it, because `accept` returns nothing
    /// earlier; the edge from SYN_RECV to FIN_WAIT1 is for a simultaneous open. Linux handles the ACK of its own FIN
    /// before a FIN in the same segment (tcp_rcv_state_process), so it passes through FIN_WAIT2 to TIME_WAIT.
    pub fn between(self, to: Self) -> Option<Vec<Self>> {
        let is_rare = |edge| matches!(edge, (SynRecv, FinWait1) | (FinWait1, TimeWait));
        if EDGES.contains(&(self, to)) && !is_rare((self, to)) {
            return Some(Vec::new());
        }
        let mut came_from = [None; 11];
        let mut reached = vec![self];
        let mut next = 0;
        while let Some(&here) = reached.get(next) {
            next += 1;
            for (_, there) in EDGES.iter().filter(|(from, _)| *from == here) {
                // A connection neither starts again nor goes back to LISTEN.
                let unlikely = (here == Closed && self != Closed)
                    || (*there == Listen && here != Closed)
                    || is_rare((here, *there));
                if !unlikely && *there != self && came_from[*there as usize].is_none() {
                    came_from[*there as usize] = Some(here);
                    reached.push(*there);
                }
            }
        }
        let mut path = Vec::new();
        let mut at = came_from[to as usize]?;
        while at != self {
            path.push(at);
            at = came_from[at as usize]?;
        }
        path.reverse();
        Some(path)
    }
}

#[cfg(test)]
impl TcpInput {
    /// The flags of a segment that is this input, and whether it has data; none for a call and a timer.
    pub(crate) const fn example(self) -> Option<(Flags, bool)> {
        Some(match self {
            Syn => (Flags::SYN, false),
            SynAck => (Flags::SYN.with(Flags::ACK), false),
            SynAcked | FinAcked => (Flags::ACK, false),
            Fin | FinAndAck => (Flags::FIN.with(Flags::ACK), false),
            Data | DataAfterClose => (Flags::PSH.with(Flags::ACK), true),
            Rst => (Flags::RST, false),
            OpenPassive | OpenActive | Close | Abort | Timeout => return None,
        })
    }

    /// Everything that changes a state: from which one, by which input, to which one.
    pub(crate) fn changes() -> impl Iterator<Item = (TcpState, Self, TcpState)> {
        let all = TcpState::ALL.iter().flat_map(|from| Self::ALL.iter().map(|input| (*from, *input)));
        all.filter_map(|(from, input)| Some((from, input, on(from, input)?.to))).filter(|(from, _, to)| from != to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_read_as_what_it_is() {
        for &input in TcpInput::ALL {
            match input.example() {
                Some((flags, data)) => assert!(input.may_be(flags, data), "{input}"),
                None => assert!(!input.may_be(Flags(0xff), true), "{input}"),
            }
        }
    }

    #[test]
    fn the_diagram_is_what_the_inputs_do() {
        for &from in TcpState::ALL {
            for &to in TcpState::ALL {
                let led = inputs(from, to).next().is_some();
                if EDGES.contains(&(from, to)) {
                    assert!(led, "no input leads from {from} to {to}");
                } else if led {
                    assert!(to == Closed && from.may_become(to), "{from} to {to} is no edge of the diagram");
                }
            }
        }
    }

    #[test]
    fn a_reset_and_a_timeout_end_every_connection_that_is_open() {
        for &state in TcpState::ALL.iter().filter(|state| state.is_synchronised()) {
            for input in [Rst, Timeout] {
                assert_eq!(on(state, input).map(|step| step.to), Some(Closed), "{state} {input:?}");
            }
        }
    }

    #[test]
    fn what_brings_an_end_to_a_state_is_sent_by_the_other_one_in_the_state_before() {
        let sends = |input| match input {
            Syn => Some(TcpReply::Syn),
            SynAck => Some(TcpReply::SynAck),
            SynAcked | FinAcked => Some(TcpReply::Ack),
            Fin | FinAndAck => Some(TcpReply::Fin),
            _ => None,
        };
        for &state in TcpState::ALL {
            for active in [false, true] {
                let Some(before) = state.peer_before(active) else { continue };
                let from = if active { SynSent } else { SynRecv };
                let comes = |input: &TcpInput| {
                    let mut froms = TcpState::ALL.iter().filter(|at| state != Established || **at == from);
                    froms.any(|at| *at != state && on(*at, *input).is_some_and(|step| step.to == state))
                };
                let sent = |input: &TcpInput| {
                    let mut peers =
                        TcpState::ALL.iter().flat_map(|at| TcpInput::ALL.iter().map(|input| on(*at, *input)));
                    peers.any(|step| step.is_some_and(|step| step.to == before && Some(step.reply) == sends(*input)))
                };
                assert!(
                    TcpInput::ALL.iter().any(|input| comes(input) && sent(input)),
                    "{before} before {state} {active}"
                );
            }
        }
    }

    #[test]
    fn no_end_answers_a_reset() {
        for &state in TcpState::ALL {
            assert!(on(state, Rst).is_none_or(|step| step.reply == TcpReply::Nothing), "{state}");
        }
    }

    #[test]
    fn a_gap_is_filled_with_the_shortest_path() {
        assert_eq!(Closed.between(Established), Some(vec![SynSent]));
        assert_eq!(Listen.between(Established), Some(vec![SynRecv]));
        assert_eq!(Listen.between(FinWait1), Some(vec![SynRecv, Established]));
        assert_eq!(Established.between(TimeWait), Some(vec![FinWait1, FinWait2]));
        assert_eq!(FinWait1.between(TimeWait), Some(vec![FinWait2]));
        assert_eq!(Established.between(LastAck), Some(vec![CloseWait]));
        assert_eq!(Established.between(Established), None);
        assert_eq!(TimeWait.between(Established), None);
    }

    #[test]
    fn every_gap_is_filled_with_edges_only() {
        for &from in TcpState::ALL {
            for &to in TcpState::ALL {
                let Some(path) = from.between(to) else { continue };
                let stops: Vec<_> = [from].into_iter().chain(path).chain([to]).collect();
                assert!(stops.windows(2).all(|pair| EDGES.contains(&(pair[0], pair[1]))), "{stops:?}");
            }
        }
    }
}
