//! The states of a TCP connection (RFC 9293 §3.3.2).

use super::text_enum::text_enum;

text_enum! {
    /// A TCP state, with the name that `netstat` prints.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum TcpState {
        /// No connection. Fictional: the table has no such sockets.
        Closed = "CLOSED",
        /// Waiting for connection requests.
        Listen = "LISTEN",
        /// The SYN was sent and not answered yet.
        SynSent = "SYN_SENT",
        /// A SYN was received and answered; RFC 9293 says SYN-RECEIVED.
        SynRecv = "SYN_RECV",
        /// Open: both sides can send data.
        Established = "ESTABLISHED",
        /// Closed on this side; the FIN is not acknowledged yet.
        FinWait1 = "FIN_WAIT1",
        /// Closed on this side and acknowledged; the other side is still open.
        FinWait2 = "FIN_WAIT2",
        /// The other side closed; this side has not yet.
        CloseWait = "CLOSE_WAIT",
        /// Both sides closed at once; this side's FIN is not acknowledged yet.
        Closing = "CLOSING",
        /// The other side closed first, then this one; its FIN is not acknowledged yet.
        LastAck = "LAST_ACK",
        /// Closed first: waits until no packet of this connection can be left in the network.
        TimeWait = "TIME_WAIT",
    }
}
