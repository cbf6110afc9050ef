//! The states of a TCP connection and the edges between them (RFC 9293 §3.3.2).

use super::text_enum::text_enum;

/// A TCP state, with the name that `netstat` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TcpState {
    /// No connection. Fictional: the table has no such sockets.
    Closed,
    /// Waiting for connection requests.
    Listen,
    /// The SYN was sent and not answered yet.
    SynSent,
    /// A SYN was received and answered; RFC 9293 says SYN-RECEIVED.
    SynRecv,
    /// Open: both sides can send data.
    Established,
    /// Closed on this side; the FIN is not acknowledged yet.
    FinWait1,
    /// Closed on this side and acknowledged; the other side is still open.
    FinWait2,
    /// The other side closed; this side has not yet.
    CloseWait,
    /// Both sides closed at once; this side's FIN is not acknowledged yet.
    Closing,
    /// The other side closed first, then this one; its FIN is not acknowledged yet.
    LastAck,
    /// Closed first: waits until no packet of this connection can be left in the network.
    TimeWait,
}

text_enum!(TcpState {
    Closed = "CLOSED",
    Listen = "LISTEN",
    SynSent = "SYN_SENT",
    SynRecv = "SYN_RECV",
    Established = "ESTABLISHED",
    FinWait1 = "FIN_WAIT1",
    FinWait2 = "FIN_WAIT2",
    CloseWait = "CLOSE_WAIT",
    Closing = "CLOSING",
    LastAck = "LAST_ACK",
    TimeWait = "TIME_WAIT",
});

use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};

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

    /// The states strictly between `self` and `to` on the shortest path along [`EDGES`], the most common one of several
    /// equally short: none for an edge. `None` where `to` cannot be reached without a reset, and for `self == to`.
    pub fn between(self, to: Self) -> Option<Vec<Self>> {
        if EDGES.contains(&(self, to)) {
            return Some(Vec::new());
        }
        let mut came_from = [None; 11];
        let mut reached = vec![self];
        let mut next = 0;
        while let Some(&here) = reached.get(next) {
            next += 1;
            for (_, there) in EDGES.iter().filter(|(from, _)| *from == here) {
                // A connection neither starts again nor goes back to LISTEN; and Linux passes through FIN_WAIT2 even
                // when the FIN and the ACK of its own FIN share a segment (tcp_rcv_state_process handles the ACK first).
                let unlikely = (here == Closed && self != Closed)
                    || (*there == Listen && here != Closed)
                    || (here, *there) == (FinWait1, TimeWait);
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
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_filled_with_the_shortest_path() {
        assert_eq!(Closed.between(Established), Some(vec![SynSent]));
        assert_eq!(Listen.between(Established), Some(vec![SynRecv]));
        assert_eq!(Established.between(TimeWait), Some(vec![FinWait1, FinWait2]));
        assert_eq!(FinWait1.between(TimeWait), Some(vec![]));
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
