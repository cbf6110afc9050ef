//! A transfer of many bytes: what is asked of the task that owns a socket, and what it sends.

use std::io::Write as _;

use tokio::sync::watch;

/// How many bytes are sent with one call, at most.
const CHUNK: u64 = 16 * 1024;

/// The length of a line.
const LINE: u64 = 16;

pub(super) type BulkRequester = watch::Sender<u64>;

/// Requests to send so many bytes. The latest counts.
pub(super) struct BulkRequests(watch::Receiver<u64>);

impl BulkRequests {
    /// Requests sent from now on are received.
    pub(super) fn of(requester: &BulkRequester) -> Self {
        Self(requester.subscribe())
    }

    /// Waits for the next request. Cancel safe.
    pub(super) async fn next(&mut self) -> u64 {
        if self.0.changed().await.is_err() {
            // Nobody can ask any more.
            return std::future::pending().await;
        }
        *self.0.borrow_and_update()
    }
}

/// Lines of sixteen bytes, each with its place in the transfer: what arrives can be put in order by eye.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    /// How many bytes the kernel took, and of how many.
    sent: u64,
    of: u64,
    /// The bytes from a multiple of a line on.
    chunk: Vec<u8>,
    chunk_from: u64,
}

impl Bulk {
    pub(super) const fn of(bytes: u64) -> Self {
        Self { sent: 0, of: bytes, chunk: Vec::new(), chunk_from: 0 }
    }

    /// Whether all of it was sent.
    pub(super) const fn is_over(&self) -> bool {
        self.sent >= self.of
    }

    /// What comes next, as much as one call sends; nothing when it is over.
    pub(super) fn rest(&mut self) -> &[u8] {
        let end = self.chunk_from + self.chunk.len() as u64;
        if self.sent >= end {
            self.chunk_from = self.sent / LINE * LINE;
            self.chunk.clear();
            let mut at = self.chunk_from;
            while at < (self.chunk_from + CHUNK).min(self.of) {
                // Writing to memory does not fail.
                let _ = writeln!(self.chunk, "{at:015}");
                at += LINE;
            }
            let whole = usize::try_from(self.of - self.chunk_from.min(self.of)).unwrap_or(usize::MAX);
            self.chunk.truncate(whole);
        }
        let from = usize::try_from(self.sent - self.chunk_from).unwrap_or(usize::MAX);
        self.chunk.get(from..).unwrap_or_default()
    }

    /// The kernel took so many bytes of it.
    pub(super) const fn took(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything, taken in pieces of this size.
    fn sent(bytes: u64, piece: usize) -> Vec<u8> {
        let mut bulk = Bulk::of(bytes);
        let mut all = Vec::new();
        while !bulk.is_over() {
            let rest = bulk.rest();
            let taken = rest.len().min(piece);
            all.extend_from_slice(&rest[..taken]);
            bulk.took(taken);
        }
        assert!(bulk.rest().is_empty());
        all
    }

    #[test]
    fn each_line_says_its_place_however_the_kernel_takes_it() {
        for (bytes, piece) in [(1, 1), (16, 16), (40_000, 1_448), (40_007, 100_000)] {
            let all = sent(bytes, piece);
            assert_eq!(all.len() as u64, bytes);
            for (at, line) in all.chunks(16).enumerate().filter(|(_, line)| line.len() == 16) {
                assert_eq!(line, format!("{:015}\n", at * 16).as_bytes());
            }
        }
    }
}
