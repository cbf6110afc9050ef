//! The bytes that calls moved.

use crate::domain::{Call, Syscall};

/// Bytes that the calls on a socket sent and received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MovedBytes {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
}

impl MovedBytes {
    /// Counts a call, if it moved data.
    pub(super) fn count(&mut self, call: &Call) {
        let len = call.data.as_ref().map_or(0, |data| data.len as u64);
        match call.call {
            Syscall::Send | Syscall::Sendto if call.result.errno().is_none() => self.sent += len,
            Syscall::Recv | Syscall::Recvfrom => self.received += len,
            _ => {}
        }
    }

    /// Counts a call of the other end: what that sent was received here.
    pub(super) fn count_at_other_end(&mut self, call: &Call) {
        let mut other = Self::default();
        other.count(call);
        self.sent += other.received;
        self.received += other.sent;
    }

    /// In both directions.
    pub const fn total(self) -> u64 {
        self.sent + self.received
    }
}
