//! One TCP connection: what each of its segments repeats, lacks or asks.
//!
//! The order of the questions and their conditions are those of Wireshark's analysis, so that the counts are the same;
//! its "fast retransmission supersedes out-of-order" preference is on, as by default.

use super::half::{Half, Last, Scale, SentSegment, Side, before};
use super::reset;
use crate::domain::{Finding, Findings, Flags, PacketSummary, Segment, TcpOption};

/// A fast retransmission follows the last duplicate acknowledgement within this, in nanoseconds.
const FAST: u64 = 20_000_000;
/// What comes within this after a later segment is out of order, where the round-trip time is not known; nanoseconds.
const DISORDER: u64 = 3_000_000;

/// A connection, as far as it was seen.
#[derive(Debug, Default)]
pub(super) struct Tcp {
    halves: [Half; 2],
    /// When the latest SYN was sent.
    syn_at: Option<u64>,
    /// How long the handshake took.
    first_rtt: Option<u64>,
}

/// A segment, as the analysis looks at it.
#[derive(Debug, Clone, Copy)]
struct ObservedSegment {
    number: u64,
    at: u64,
    seq: u32,
    ack: u32,
    len: u32,
    flags: Flags,
    /// As it stands in the packet.
    window: u32,
}

impl ObservedSegment {
    /// Whether none of SYN, FIN and RST is set.
    const fn is_plain(&self) -> bool {
        !self.flags.any(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0))
    }

    /// Whether SYN or FIN is set, which take a sequence number.
    const fn takes_one(&self) -> bool {
        self.flags.any(Flags(Flags::SYN.0 | Flags::FIN.0))
    }

    /// The sequence number after it.
    const fn end(&self) -> u32 {
        self.seq.wrapping_add(self.len).wrapping_add(self.takes_one() as u32)
    }
}

impl Tcp {
    /// Sees the next segment of the connection: fills in its relative numbers, its window and what is to be said of it.
    pub(super) fn see(&mut self, side: Side, at: u64, summary: &mut PacketSummary) {
        let Some(segment) = &mut summary.tcp else { return };
        let seen = ObservedSegment {
            number: summary.number,
            at,
            seq: segment.seq,
            ack: segment.ack,
            len: u32::try_from(summary.payload.len).unwrap_or(u32::MAX),
            flags: segment.flags,
            window: segment.window,
        };
        let findings = &mut summary.findings;
        self.begin(side, &seen, findings);
        let (own, other) = self.pair(side);
        let reset = seen.flags.has(Flags::RST).then(|| reset::reason(seen.flags, own, other));
        self.judge(side, &seen, findings);
        summary.retransmission_of = self.remember(side, &seen, findings);
        self.relate(side, segment);
        if let Some((reset, cause)) = reset {
            findings.add(Finding::Reset(reset));
            if let Some(packet) = cause {
                findings.add(Finding::CausedBy { packet });
            }
        }
    }

    /// The latest packet of one side that began at this sequence number.
    pub(super) fn sent(&self, side: Side, seq: u32) -> Option<u64> {
        let half = &self.halves[side.index()];
        half.segments.iter().rev().find(|sent| sent.seq == seq).map(|sent| sent.number)
    }

    /// What this side sent, and what the other did.
    fn pair(&mut self, side: Side) -> (&mut Half, &mut Half) {
        let [low, high] = &mut self.halves;
        match side {
            Side::Low => (low, high),
            Side::High => (high, low),
        }
    }

    /// A SYN may begin another connection between the same ports; the first segment says where counting begins.
    fn begin(&mut self, side: Side, seen: &ObservedSegment, findings: &mut Findings) {
        let (syn, ack) = (seen.flags.has(Flags::SYN), seen.flags.has(Flags::ACK));
        let base = self.pair(side).0.base;
        if syn && base.is_some_and(|base| base != seen.seq) {
            findings.add(Finding::PortReused);
            if ack {
                self.pair(side).0.base = Some(seen.seq);
            } else {
                *self = Self::default();
            }
        } else if syn && !ack && base.is_some() {
            // The same SYN again: whatever came between and left a gap is history.
            let (own, _) = self.pair(side);
            own.next = own.whole_to;
        }
        let (own, other) = self.pair(side);
        own.base.get_or_insert(if syn { seen.seq } else { seen.seq.wrapping_sub(1) });
        if syn {
            own.isn = Some(seen.seq);
        }
        if ack {
            other.base.get_or_insert(seen.ack.wrapping_sub(1));
        }
    }

    fn judge(&mut self, side: Side, seen: &ObservedSegment, findings: &mut Findings) {
        let (own, other) = self.pair(side);
        let last = windows(own, other, seen, findings);
        own.last = last;
        if own.ack != acked(seen) {
            own.ack_first = seen.number;
            own.duplicates = 0;
            own.told_unseen = false;
        }
        if seen.flags.has(Flags::ACK) {
            unseen(other, seen, findings);
        }
        if seen.len > 0 || seen.takes_one() {
            let disorder = self.first_rtt.filter(|rtt| *rtt > 0).unwrap_or(DISORDER);
            let (own, other) = self.pair(side);
            again(own, other, seen, disorder, findings);
        }
    }

    /// Moves the state on; the packet that this one repeats, if it does.
    fn remember(&mut self, side: Side, seen: &ObservedSegment, findings: &Findings) -> Option<u64> {
        let probe = findings.has(Finding::ZeroWindowProbe);
        let (own, _) = self.pair(side);
        let takes = seen.len > 0 || seen.takes_one();
        let sent = SentSegment { seq: seen.seq, len: seen.len, flags: seen.flags, number: seen.number };
        let repeats = if takes { own.same(&sent) } else { None };
        if takes && repeats.is_none() {
            own.keep(sent);
        }
        let end = seen.end();
        if !probe {
            if own.next.is_none_or(|next| before(next, end)) {
                own.next = Some(end);
                own.next_at = seen.at;
            }
            if own.whole_to.is_none_or(|to| to == seen.seq) {
                own.whole_to = own.next;
            }
        }
        own.window = Some(seen.window);
        own.ack = acked(seen);
        own.ack_at = seen.at;
        own.finished |= seen.flags.has(Flags::FIN);
        own.latest = seen.number;
        own.latest_flags = seen.flags;
        own.latest_len = seen.len;
        if seen.len > 0 {
            own.data_in = seen.number;
        }
        let acks = seen.flags.has(Flags::ACK) && !seen.flags.has(Flags::SYN);
        if seen.flags.has(Flags::SYN) {
            own.fresh = true;
        } else if acks {
            own.fresh = false;
        }
        if seen.flags.has(Flags::SYN) && !seen.flags.has(Flags::ACK) {
            self.syn_at = Some(seen.at);
        } else if acks && self.first_rtt.is_none() {
            self.first_rtt = self.syn_at.and_then(|syn| seen.at.checked_sub(syn));
        }
        repeats
    }

    /// Counts from the SYNs and scales the window, as far as both are known.
    fn relate(&mut self, side: Side, segment: &mut Segment) {
        let (own, other) = self.pair(side);
        segment.seq_rel = own.isn.map(|isn| segment.seq.wrapping_sub(isn));
        let acked = if segment.flags.has(Flags::ACK) { other.isn } else { None };
        segment.ack_rel = acked.map(|isn| segment.ack.wrapping_sub(isn));
        if segment.flags.has(Flags::SYN) {
            scale(own, other, segment);
        } else if let (Scale::Shift(bits), Scale::Shift(_)) = (own.scale, other.scale) {
            segment.window <<= bits;
        }
    }
}

/// What a SYN says about scaling (RFC 7323 §2.2): both must have the option.
fn scale(own: &mut Half, other: &mut Half, segment: &Segment) {
    let offered = segment.options.iter().find_map(|option| match option {
        TcpOption::WindowScale(bits) => Some((*bits).min(14)),
        _ => None,
    });
    if let Some(bits) = offered {
        own.scale = Scale::Shift(bits);
    }
    if own.scale == Scale::Unknown {
        (own.scale, other.scale) = (Scale::Off, Scale::Off);
    } else if segment.flags.has(Flags::ACK) && other.scale == Scale::Off {
        own.scale = Scale::Off;
    }
}

/// The acknowledgement number, where there is one.
fn acked(seen: &ObservedSegment) -> Option<u32> {
    seen.flags.has(Flags::ACK).then_some(seen.ack)
}

/// What a segment says about windows, and whether something is missing before it.
fn windows(own: &mut Half, other: &Half, seen: &ObservedSegment, findings: &mut Findings) -> Last {
    let is_next = own.next == Some(seen.seq);
    if seen.len == 1 && is_next && other.window == Some(0) {
        findings.add(Finding::ZeroWindowProbe);
        return Last::ZeroWindowProbe;
    }
    let mut last = Last::Nothing;
    if seen.window == 0 && seen.is_plain() {
        findings.add(Finding::ZeroWindow);
    }
    if own.next.is_some_and(|next| before(next, seen.seq)) && !seen.flags.has(Flags::RST) {
        findings.add(Finding::PreviousUnseen);
    }
    if seen.len <= 1 && own.next == Some(seen.seq.wrapping_add(1)) && seen.is_plain() {
        findings.add(Finding::Keepalive);
        last = Last::Keepalive;
    }
    let same_ack = own.ack == acked(seen) && own.ack.is_some();
    let bare = seen.len == 0 && is_next && same_ack && seen.is_plain();
    let same_window = own.window == Some(seen.window);
    if bare && seen.window > 0 && !same_window {
        findings.add(Finding::WindowUpdate);
    }
    if seen.len > 0 && seen.is_plain() && fills(other, seen) {
        findings.add(Finding::WindowFull);
    }
    if bare && same_window {
        match (seen.window, other.last) {
            (1.., Last::Keepalive) => findings.add(Finding::KeepaliveAck),
            (0, Last::ZeroWindowProbe) => findings.add(Finding::ZeroWindowProbeAck),
            (0, _) => {}
            _ => {
                own.duplicates = if own.told_unseen { 1 } else { own.duplicates + 1 };
                own.told_unseen = false;
                findings.add(Finding::DuplicateAck { nth: own.duplicates, of: own.ack_first });
            }
        }
    }
    last
}

/// Whether a segment goes to the very edge of the window that the other side offered.
fn fills(other: &Half, seen: &ObservedSegment) -> bool {
    if other.scale == Scale::Unknown {
        return false;
    }
    let bits = if other.fresh { 0 } else { other.scale.bits() };
    let edge = other.ack.unwrap_or(0).wrapping_add(other.window.unwrap_or(0) << bits);
    seen.seq.wrapping_add(seen.len) == edge
}

/// Whether it acknowledges what was not captured; said once for each gap.
fn unseen(other: &mut Half, seen: &ObservedSegment, findings: &mut Findings) {
    let Some(whole_to) = other.whole_to.filter(|to| before(*to, seen.ack)) else { return };
    match other.next {
        Some(next) if before(whole_to, next) => {
            other.whole_to = Some(next);
            findings.add(Finding::AckedUnseen);
        }
        _ => {
            if other.duplicates == 0 && !other.told_unseen {
                findings.add(Finding::AckedUnseen);
            }
            other.duplicates = 0;
            other.told_unseen = true;
        }
    }
}

/// Whether it was sent before, or comes too late: at most one of four.
fn again(own: &Half, other: &Half, seen: &ObservedSegment, disorder: u64, findings: &mut Findings) {
    if findings.has(Finding::Keepalive) {
        return;
    }
    // A segment that begins one byte early and has more than that byte follows a probe: it is new.
    let after_probe = |next: u32| seen.len > 1 && seen.seq == next.wrapping_sub(1);
    let behind = own.next.is_some_and(|next| before(seen.seq, next) && !after_probe(next));
    let since = |then: u64| seen.at.checked_sub(then);
    if seen.len > 0 && other.ack.is_some_and(|ack| !before(ack, seen.seq.wrapping_add(seen.len))) {
        findings.add(Finding::SpuriousRetransmission);
    } else if !behind {
        // It is new.
    } else if other.duplicates >= 2 && other.ack == Some(seen.seq) && since(other.ack_at).is_some_and(|t| t < FAST) {
        findings.add(Finding::FastRetransmission);
    } else if since(own.next_at).is_some_and(|t| t < disorder) && own.next != Some(seen.end()) {
        findings.add(Finding::OutOfOrder);
    } else {
        findings.add(Finding::Retransmission);
    }
}
