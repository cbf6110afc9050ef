//! Parses a datagram from the kernel into netlink messages and attributes (RFC 3549 §2.2, `netlink(7)`).
//!
//! Nothing in it is trusted: a length that does not fit yields [`MalformedMessage`], never a panic and never silence.

use std::io;

use super::request::BY_FAMILY;
use crate::observe::native::{half, word};

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_DUMP_INTR: u16 = 0x10;
const HEADER: usize = 16;
/// Answers to the older request carry its own number.
const TCPDIAG_GETSOCK: u16 = 18;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DiagMessage<'a> {
    /// The number of the request it answers; 0 for an unsolicited message.
    pub(super) seq: u32,
    /// The table changed during the walk: sockets may be missing.
    pub(super) interrupted: bool,
    pub(super) content: MessageContent<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageContent<'a> {
    /// One socket: `struct inet_diag_msg` and attributes.
    Socket(&'a [u8]),
    Done,
    /// The request failed, perhaps halfway: an errno.
    Failed(i32),
    /// A kind of message that this program never requests.
    Other,
}

/// A datagram whose lengths contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MalformedMessage;

impl From<MalformedMessage> for io::Error {
    fn from(_: MalformedMessage) -> Self {
        Self::new(io::ErrorKind::InvalidData, "a netlink message is longer than its datagram")
    }
}

/// The messages of one datagram, up to the first malformed one.
pub(super) struct DiagMessages<'a>(&'a [u8]);

impl<'a> DiagMessages<'a> {
    pub(super) const fn of(datagram: &'a [u8]) -> Self {
        Self(datagram)
    }
}

impl<'a> Iterator for DiagMessages<'a> {
    type Item = Result<DiagMessage<'a>, MalformedMessage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let all = std::mem::take(&mut self.0);
        let len = word(all, 0).and_then(|len| usize::try_from(len).ok());
        let Some((len, bytes)) = len.filter(|len| *len >= HEADER).and_then(|len| Some((len, all.get(..len)?))) else {
            return Some(Err(MalformedMessage));
        };
        // The last message may lack its padding.
        self.0 = all.get(len.next_multiple_of(4)..).unwrap_or_default();
        let kind = half(bytes, 4).unwrap_or_default();
        let flags = half(bytes, 6).unwrap_or_default();
        let body = &bytes[HEADER..];
        let code = || word(body, 0).map(u32::cast_signed);
        let content = match kind {
            BY_FAMILY | TCPDIAG_GETSOCK => MessageContent::Socket(body),
            // A dump that failed halfway ends with DONE and the errno in it.
            NLMSG_DONE if code().unwrap_or(0) < 0 => MessageContent::Failed(-code().unwrap_or(0)),
            NLMSG_DONE => MessageContent::Done,
            NLMSG_ERROR => match code() {
                Some(code) => MessageContent::Failed(code.saturating_neg()),
                None => return Some(Err(MalformedMessage)),
            },
            _ => MessageContent::Other,
        };
        let seq = word(bytes, 8).unwrap_or_default();
        Some(Ok(DiagMessage { seq, interrupted: flags & NLM_F_DUMP_INTR != 0, content }))
    }
}

/// The attributes after a message's fixed part, as number and bytes, up to the first whose length does not fit.
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(half(bytes, 0)?);
        let kind = half(bytes, 2)?;
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}
