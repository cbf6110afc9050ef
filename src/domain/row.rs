//! A row of the socket table, and how it changes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::flow::{Flow, Proto};
use super::state::TcpState;
use super::text_enum::text_enum;

/// One socket of the kernel's table: one line of `ss` or `netstat`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Protocol and addresses.
    #[serde(flatten)]
    pub flow: Flow,
    /// The state, for TCP. A UDP socket has none, although the kernel reports a number: [`Row::shown_state`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<TcpState>,
    /// For LISTEN, connections waiting for `accept`; otherwise bytes received and not read. Absent where the source
    /// does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recv_q: Option<u32>,
    /// For LISTEN, how many may wait; otherwise bytes sent and not acknowledged (SYN and FIN count one each).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_q: Option<u32>,
    /// The kernel's timer that is running for it, if one is.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<Timer>,
    /// The user that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Its inode; 0 when no descriptor refers to it: waiting in an accept queue, or TIME_WAIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inode: Option<u64>,
    /// The kernel's number for the socket, constant for its lifetime; 0 where the source does not report it.
    #[serde(default)]
    pub cookie: u64,
    /// The process that holds it, if known.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
}

/// Identifies a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// Protocol and addresses.
    #[serde(flatten)]
    pub flow: Flow,
    /// The kernel's number for the socket: two sockets may share one address with `SO_REUSEPORT`.
    #[serde(default)]
    pub cookie: u64,
}

/// One of a row's queues with a SYN or FIN in it, which counts as one byte there (RFC 9293 §3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlInQueue {
    /// `Recv-Q` or `Send-Q`.
    pub queue: &'static str,
    /// How many bytes of data are in it: the queue shows one more.
    pub bytes: u32,
    /// `SYN` or `FIN`.
    pub flag: &'static str,
}

impl Row {
    /// The queue that counts a FIN that was received and not read, or else a SYN or FIN that was not acknowledged.
    pub fn control_in_queue(&self) -> Option<ControlInQueue> {
        use TcpState::{CloseWait, Closing, FinWait1, LastAck, SynSent};
        let received = self.recv_q.filter(|_| matches!(self.state, Some(CloseWait | LastAck | Closing)));
        let sent = self.send_q.filter(|_| matches!(self.state, Some(SynSent | FinWait1 | LastAck | Closing)));
        let sent_flag = if self.state == Some(SynSent) { "SYN" } else { "FIN" };
        let queues = [("Recv-Q", received, "FIN"), ("Send-Q", sent, sent_flag)];
        let counts = |(queue, count, flag): (_, Option<u32>, _)| {
            Some(ControlInQueue { queue, bytes: count?.checked_sub(1)?, flag })
        };
        queues.into_iter().find_map(counts)
    }

    /// A row of which only the addresses are known.
    pub const fn new(flow: Flow) -> Self {
        Self {
            flow,
            state: None,
            recv_q: None,
            send_q: None,
            timer: None,
            uid: None,
            inode: None,
            cookie: 0,
            process: None,
        }
    }

    /// The key that identifies this row.
    pub const fn key(&self) -> RowKey {
        RowKey { flow: self.flow, cookie: self.cookie }
    }

    /// The state as netstat prints it: the kernel has ESTABLISHED for a UDP socket with a peer, too.
    pub fn shown_state(&self) -> Option<TcpState> {
        let connected = self.flow.proto == Proto::Udp && self.flow.peer.is_some();
        self.state.or(connected.then_some(TcpState::Established))
    }

    /// Established, but not accepted by any program yet: it has no inode (RFC 9293 knows no such state; the accept
    /// queue is the kernel's).
    pub fn waits_for_accept(&self) -> bool {
        self.inode == Some(0) && matches!(self.state, Some(TcpState::Established | TcpState::CloseWait))
    }
}

/// A timer that the kernel runs for a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Which one.
    #[serde(rename = "timer")]
    pub kind: TimerKind,
    /// How long it still had when the row was read, in milliseconds.
    #[serde(rename = "timer_ms")]
    pub left_ms: u64,
    /// How often it has fired for the same segment or probe.
    #[serde(default, rename = "timer_count")]
    pub count: u8,
}

impl Timer {
    /// How long it still had when the row was read.
    pub const fn left(&self) -> Duration {
        Duration::from_millis(self.left_ms)
    }
}

text_enum! {
    /// Which timer.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum TimerKind {
        /// Sends again what was not acknowledged (RFC 6298).
        Retransmit = "retransmit",
        /// Asks whether the other side is still there (RFC 9293 §3.8.4).
        Keepalive = "keepalive",
        /// Ends TIME_WAIT (RFC 9293 §3.6.1; 60 s on Linux).
        TimeWait = "time_wait",
        /// Probes a zero window (RFC 9293 §3.8.6.1).
        Persist = "persist",
    }
}

/// A process that holds a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name, as the kernel shortens it, made safe to show.
    #[serde(rename = "process")]
    pub name: String,
}

/// A change of one row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Delta {
    /// A row that existed when we began to watch: we do not know how it came to be.
    Found(Row),
    /// A new row.
    Added(Row),
    /// A row whose state, queues, timer or owner changed.
    Changed(Row),
    /// A row that is gone.
    Gone(RowKey),
    /// A row that we no longer watch; the socket may still exist.
    Unwatched(RowKey),
}

impl Delta {
    /// The row that it is about.
    pub const fn key(&self) -> RowKey {
        match self {
            Self::Found(row) | Self::Added(row) | Self::Changed(row) => row.key(),
            Self::Gone(key) | Self::Unwatched(key) => *key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_counts_a_fin_or_a_syn_as_one_byte_as_long_as_it_is_in_it() {
        use TcpState::{CloseWait, Established, FinWait1, FinWait2, LastAck, SynSent};
        let addr = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let control = |state, recv_q, send_q| {
            let row = Row {
                flow: Flow::tcp(addr(1), addr(2)),
                state: Some(state),
                recv_q,
                send_q,
                timer: None,
                uid: None,
                inode: None,
                cookie: 0,
                process: None,
            };
            row.control_in_queue().map(|control| (control.queue, control.bytes, control.flag))
        };
        assert_eq!(control(CloseWait, Some(13), Some(0)), Some(("Recv-Q", 12, "FIN")));
        assert_eq!(control(LastAck, Some(0), Some(1)), Some(("Send-Q", 0, "FIN")));
        assert_eq!(control(FinWait1, Some(7), Some(13)), Some(("Send-Q", 12, "FIN")));
        assert_eq!(control(SynSent, Some(0), Some(1)), Some(("Send-Q", 0, "SYN")));
        for state in [Established, FinWait2] {
            assert_eq!(control(state, Some(12), Some(12)), None);
        }
        assert_eq!(control(CloseWait, Some(0), Some(12)), None);
        assert_eq!(control(CloseWait, None, None), None);
    }
}
