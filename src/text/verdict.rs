//! The texts of what a kernel did with a packet.

use crate::domain::{Disposition, HostId, KernelAnswer, KernelCause};

/// What the receiving kernel did with a packet, and why.
#[derive(Debug)]
pub struct VerdictText {
    /// The status of a packet that this host's kernel threw away, with the reason in a few words.
    pub thrown_away: fn(HostId, &str) -> String,
    /// The same where there is room for little more than the mark.
    pub thrown_away_short: &'static str,
    /// What this host's kernel did with it and what it sent back: a sentence without an end.
    pub did: fn(HostId, Disposition, Option<KernelAnswer>) -> String,
    /// The reason in a few words.
    pub brief: fn(KernelCause) -> &'static str,
    /// The reason, with its source: an RFC, a manual page, or the name of the counter that moved.
    pub why: fn(KernelCause) -> &'static str,
}
