//! The states of a TCP connection (RFC 9293 §3.3.2).

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
