//! Why a RST is likely there, from what both ends sent before it.
//!
//! Linux sends two kinds (RFC 9293 §3.10.7.1): a RST that *answers* a segment for which there is no socket carries no ACK
//! when that segment had one; a RST by which an end *ends* its own connection carries ACK.

use super::half::Half;
use crate::domain::{Flags, ResetReason};

/// The reason, and the packet that caused it, where it is an answer. `own` is what the sender of the RST sent before.
pub(super) fn reason(flags: Flags, own: &Half, other: &Half) -> (ResetReason, Option<u64>) {
    let answered = Some(other.latest).filter(|number| *number > 0);
    let asked = |flags| other.latest > own.latest && other.latest_flags.has(flags);
    let opening = Flags::SYN.with(Flags::ACK);
    if flags.has(Flags::ACK) && asked(Flags::SYN) && !asked(opening) {
        return (ResetReason::Refused, answered);
    }
    if flags.has(Flags::ACK) {
        // It was not asked: its own program ended it. Data that came after its own latest may have been left unread.
        let unread = other.data_in > own.data_in;
        return (if unread { ResetReason::Unread } else { ResetReason::Aborted }, None);
    }
    let reset = if asked(opening) {
        ResetReason::Unwanted
    } else if own.finished && other.latest_len > 0 {
        ResetReason::AfterClose
    } else {
        ResetReason::NoConnection
    };
    (reset, answered)
}
