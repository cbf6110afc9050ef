//! The words around a lesson: what is expected and what was seen, as parts of sentences without a full stop.

use crate::domain::{HostId, TcpState};

/// What a run of a lesson is told with.
#[derive(Debug)]
pub struct Lessons {
    /// The word for a step.
    pub step: &'static str,
    /// A packet of any kind.
    pub packet: &'static str,
    /// Sent before.
    pub again: &'static str,
    /// Not sent before.
    pub first: &'static str,
    /// The very thing that should not have been seen.
    pub it: &'static str,
    /// Nothing was seen.
    pub nothing: &'static str,
    /// The verdict when something was missing.
    pub failed: &'static str,
    /// The verdict when all expectations, so many, were met.
    pub passed: fn(usize) -> String,
    /// Who sent a packet.
    pub from: fn(HostId) -> String,
    /// What caused a change.
    pub by: fn(&str) -> String,
    /// An end of a connection is in a state.
    pub state: fn(&str, TcpState) -> String,
    /// A packet was sent.
    pub sent: fn(&str) -> String,
    /// A packet is held.
    pub held: fn(&str) -> String,
    /// A held packet was sent again, so many times.
    pub folded: fn(&str, &str) -> String,
    /// So many sockets are in a state, on one host or on both.
    pub count: fn(&str, TcpState, Option<HostId>) -> String,
    /// A program on a host ended with a status.
    pub ended: fn(HostId, i32) -> String,
    /// For so many milliseconds something is not seen.
    pub absent: fn(u64, &str) -> String,
    /// What was seen instead.
    pub seen: fn(&str) -> String,
    /// What could not be done in time.
    pub not_done: fn(&str) -> String,
}
