//! Findings about a packet beyond its own bytes: what it repeats, what is missing before it, what caused it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text_enum::{UnknownText, named_variants, serde_as_text, text_enum};

/// A finding. Those about TCP sequence numbers mean what Wireshark's `tcp.analysis.*` mean ("TCP Analysis" in its User's
/// Guide). Written in words: `duplicate ack 2 of 7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finding {
    /// Its bytes were sent before and were not acknowledged yet.
    Retransmission,
    /// A retransmission right after two or more duplicate acknowledgements asked for it (RFC 5681 §3.2).
    FastRetransmission,
    /// A SYN+ACK sent again because its SYN came again (RFC 9293 §3.10.7.4). Wireshark calls it a retransmission.
    AnsweredAgain,
    /// Its bytes were acknowledged already.
    SpuriousRetransmission,
    /// It arrived after segments with later sequence numbers, and too soon to be a retransmission.
    OutOfOrder,
    /// Segments before it were not captured: lost, or still to come.
    PreviousUnseen,
    /// It acknowledges bytes that were not captured.
    AckedUnseen,
    /// The same acknowledgement again without data (RFC 5681 §2).
    DuplicateAck {
        /// Which duplicate this is, counted from 1.
        nth: u32,
        /// The number of the packet that acknowledged it first.
        of: u64,
    },
    /// The receiver has no room: nothing may be sent (RFC 9293 §3.8.6).
    ZeroWindow,
    /// It fills the window that the receiver offered to the last byte.
    WindowFull,
    /// Only the window changed.
    WindowUpdate,
    /// One byte sent into a zero window, to find out whether it has opened (RFC 9293 §3.8.6.1).
    ZeroWindowProbe,
    /// The same without data, from before the next sequence number, as Linux does it. Wireshark calls it a keepalive.
    EmptyProbe,
    /// The answer to such a probe: the window is still zero.
    ZeroWindowProbeAck,
    /// No data or one byte, from before the next sequence number, to find out whether the other end is still there
    /// (RFC 9293 §3.8.4).
    Keepalive,
    /// The answer to a keepalive.
    KeepaliveAck,
    /// A SYN between two ports that had a connection before.
    PortReused,
    /// The likely reason why this end resets the connection.
    Reset(ResetReason),
    /// It is a reset or an ICMP error that answers an earlier packet.
    CausedBy {
        /// The number of that packet.
        packet: u64,
    },
    /// Its window may have to be multiplied: the SYNs that agree on that were not captured (RFC 7323 §2.2).
    ScaleUnknown,
    /// The transport checksum is not filled in: a network card would do it, and on loopback there is none.
    ChecksumPartial,
    /// The transport checksum is wrong.
    ChecksumBad,
    /// No kernel made it: it was put onto the wire by hand, or by a lesson.
    Forged,
    /// Fields of it were changed on its way.
    Altered,
    /// A piece of a longer datagram (RFC 791 §3.2).
    Fragment {
        /// Where in the datagram it belongs, in bytes.
        offset: u32,
        /// Whether another follows.
        more: bool,
    },
    /// The last missing fragment of a datagram, which stands here as a whole.
    Reassembled {
        /// Of how many fragments it was put together.
        fragments: u32,
    },
    /// It overlaps another fragment of its datagram, or contradicts it: the datagram is not trusted (RFC 5722 §4).
    FragmentOverlap,
    /// The file does not say when it was captured (`draft-ietf-opsawg-pcapng` §4.4).
    NoTime,
    /// Its IP header promises more than the frame had on the link.
    LengthBeyond {
        /// How many bytes more.
        missing: u32,
    },
    /// It is the first of several frames that a radio sent as one (A-MSDU, IEEE 802.11-2020 §9.3.2.2). The others are not
    /// read.
    FurtherFrames {
        /// How many others.
        count: u32,
    },
    /// Only its beginning was captured.
    Cut {
        /// How many bytes of the frame were not captured.
        missing: u32,
    },
}

text_enum! {
    /// Why a TCP end sends RST, as far as the packets tell (RFC 9293 §3.5.2).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ResetReason {
        /// It answers a SYN to a port on which nothing listens.
        Refused = "refused",
        /// It answers a SYN+ACK: the sender of the SYN no longer wants the connection, or is a scanner.
        Unwanted = "unwanted",
        /// It answers data that came after this end had sent its FIN: the program has closed the socket and cannot read
        /// it.
        AfterClose = "after close",
        /// It answers a segment of a connection that this end does not have (any more).
        NoConnection = "no connection",
        /// The last thing this end received was data: its program closed without reading it, or reset the connection on
        /// purpose (`SO_LINGER` 0). The packets do not show which.
        Unread = "unread data?",
        /// Its program ended the connection on purpose (`SO_LINGER` 0): nothing was left unread.
        Aborted = "aborted",
    }
}

named_variants!(Finding {
    Retransmission = "retransmission",
    FastRetransmission = "fast retransmission",
    AnsweredAgain = "answered again",
    SpuriousRetransmission = "spurious retransmission",
    OutOfOrder = "out of order",
    PreviousUnseen = "previous segment not captured",
    AckedUnseen = "acked unseen segment",
    ZeroWindow = "zero window",
    WindowFull = "window full",
    WindowUpdate = "window update",
    ZeroWindowProbe = "zero window probe",
    EmptyProbe = "empty window probe",
    ZeroWindowProbeAck = "zero window probe ack",
    Keepalive = "keepalive",
    KeepaliveAck = "keepalive ack",
    PortReused = "port reused",
    ScaleUnknown = "window scale unknown",
    ChecksumPartial = "checksum partial",
    ChecksumBad = "checksum bad",
    Forged = "forged",
    Altered = "altered",
    FragmentOverlap = "fragment overlap",
    NoTime = "no time",
} others Self::DuplicateAck { .. }
    | Self::Reset(_)
    | Self::CausedBy { .. }
    | Self::Fragment { .. }
    | Self::Reassembled { .. }
    | Self::LengthBeyond { .. }
    | Self::FurtherFrames { .. }
    | Self::Cut { .. });

impl Finding {
    /// Whether it is worth showing where there is little room: on loopback every checksum is partial, and where a capture
    /// began too late the scale of every window is unknown.
    pub const fn is_news(&self) -> bool {
        !matches!(self, Self::ChecksumPartial | Self::ScaleUnknown)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateAck { nth, of } => write!(f, "duplicate ack {nth} of {of}"),
            Self::Reset(reason) => write!(f, "reset: {reason}"),
            Self::CausedBy { packet } => write!(f, "caused by {packet}"),
            Self::Fragment { offset, more: true } => write!(f, "fragment at {offset}"),
            Self::Fragment { offset, more: false } => write!(f, "last fragment at {offset}"),
            Self::Reassembled { fragments } => write!(f, "reassembled from {fragments} fragments"),
            Self::LengthBeyond { missing } => write!(f, "the IP header says {missing} more than came"),
            Self::FurtherFrames { count } => write!(f, "{count} further frames not read"),
            Self::Cut { missing } => write!(f, "{missing} bytes not captured"),
            named => f.pad(named.name().unwrap_or_default()),
        }
    }
}

impl FromStr for Finding {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        let after = |prefix: &str| text.strip_prefix(prefix);
        let fragment = |offset: &str, more| offset.parse().ok().map(|offset| Self::Fragment { offset, more });
        let read = || {
            if let Some(finding) = Self::named(text) {
                return Some(finding);
            }
            if let Some((nth, of)) = after("duplicate ack ").and_then(|rest| rest.split_once(" of ")) {
                return Some(Self::DuplicateAck { nth: nth.parse().ok()?, of: of.parse().ok()? });
            }
            if let Some(why) = after("reset: ") {
                return why.parse().ok().map(Self::Reset);
            }
            if let Some(packet) = after("caused by ") {
                return packet.parse().ok().map(|packet| Self::CausedBy { packet });
            }
            if let Some(missing) = text.strip_suffix(" bytes not captured") {
                return missing.parse().ok().map(|missing| Self::Cut { missing });
            }
            if let Some(count) = text.strip_suffix(" further frames not read") {
                return count.parse().ok().map(|count| Self::FurtherFrames { count });
            }
            if let Some(count) = after("reassembled from ").and_then(|rest| rest.strip_suffix(" fragments")) {
                return count.parse().ok().map(|fragments| Self::Reassembled { fragments });
            }
            if let Some(missing) = after("the IP header says ").and_then(|rest| rest.strip_suffix(" more than came")) {
                return missing.parse().ok().map(|missing| Self::LengthBeyond { missing });
            }
            let last = after("last fragment at ").and_then(|offset| fragment(offset, false));
            last.or_else(|| after("fragment at ").and_then(|offset| fragment(offset, true)))
        };
        read().ok_or_else(|| UnknownText { what: "Finding", text: text.into() })
    }
}

serde_as_text!(Finding);

/// The findings about one packet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one is among them.
    pub fn has(&self, finding: Finding) -> bool {
        self.0.contains(&finding)
    }

    /// Adds one, unless it is there already.
    pub fn add(&mut self, finding: Finding) {
        if !self.has(finding) {
            self.0.push(finding);
        }
    }

    /// Each of them, in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        Self(findings.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_read_as_they_are_written() {
        let words = Finding::NAMED.iter().copied();
        let resets = ResetReason::ALL.iter().map(|reason| Finding::Reset(*reason));
        let others = [
            Finding::DuplicateAck { nth: 2, of: 7 },
            Finding::CausedBy { packet: 12 },
            Finding::Fragment { offset: 1480, more: true },
            Finding::Fragment { offset: 2960, more: false },
            Finding::Reassembled { fragments: 3 },
            Finding::FurtherFrames { count: 2 },
            Finding::LengthBeyond { missing: 1455 },
            Finding::Cut { missing: 3 },
        ];
        for finding in words.chain(resets).chain(others) {
            assert_eq!(finding.to_string().parse(), Ok(finding));
        }
        assert!("reset: ".parse::<Finding>().is_err() && "".parse::<Finding>().is_err());
    }
}
