//! The likely reason for a RST, from the segments that both ends sent before it.
//!
//! Linux sends two kinds (RFC 9293 §3.10.7.1). A RST that answers a segment for which there is no socket carries no ACK if
//! that segment had one. A RST with which an end aborts its own connection carries ACK.

use super::direction::TcpDirection;
use crate::domain::{Flags, ResetReason};

/// The reason, and the packet that caused it if the RST is an answer. `own` is the direction of the RST.
pub(super) fn reason(flags: Flags, own: &TcpDirection, other: &TcpDirection) -> (ResetReason, Option<u64>) {
    let answered = other.latest.map(|segment| segment.number);
    let answers = |flags| {
        answered > own.latest.map(|segment| segment.number)
            && other.latest.is_some_and(|segment| segment.flags.has(flags))
    };
    let opening = Flags::SYN.with(Flags::ACK);
    if flags.has(Flags::ACK) && answers(Flags::SYN) && !answers(opening) {
        return (ResetReason::Refused, answered);
    }
    if flags.has(Flags::ACK) {
        // Its own program aborted it. Data that arrived after its own latest data may have been left unread.
        let unread = other.data_in > own.data_in;
        return (if unread { ResetReason::Unread } else { ResetReason::Aborted }, None);
    }
    let reset = if answers(opening) {
        ResetReason::Unwanted
    } else if own.finished && other.latest.is_some_and(|segment| segment.len > 0) {
        ResetReason::AfterClose
    } else {
        ResetReason::NoConnection
    };
    (reset, answered)
}
