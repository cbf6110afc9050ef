//! One TCP connection: the findings about each of its segments.
//!
//! The conditions and their order are those of Wireshark's analysis, so that the counts are the same. Its preference
//! "Fast Retransmission supersedes Out-of-Order interpretation" is on, as by default.

use super::super::segment::{ObservedSegment, before};
use super::direction::{Scale, SentProbe, SentSegment, Side, TcpDirection};
use super::reset;
use crate::domain::packet::SynNumbers;
use crate::domain::{Finding, Findings, Flags, PacketSummary, Segment};

/// A fast retransmission follows the last duplicate acknowledgment within this time, in nanoseconds.
const FAST: u64 = 20_000_000;
/// A segment that comes within this time after a later one is out of order, if the round-trip time is not known; in
/// nanoseconds.
const DISORDER: u64 = 3_000_000;

#[derive(Debug, Default)]
pub(super) struct TcpConversation {
    directions: [TcpDirection; 2],
    syn_at: Option<u64>,
    /// How long the handshake took.
    first_rtt: Option<u64>,
}

impl TcpConversation {
    /// Reads the next segment of the connection: fills in its relative numbers, its scaled window and its findings.
    pub(super) fn see(&mut self, side: Side, at: u64, summary: &mut PacketSummary) {
        let (Some(seen), Some(segment)) = (ObservedSegment::of(summary, at), &mut summary.tcp) else { return };
        let findings = &mut summary.findings;
        self.begin(side, &seen, findings);
        let (own, other) = self.pair(side);
        let reset = seen.flags.has(Flags::RST).then(|| reset::reason(seen.flags, own, other));
        if reset.is_none() || own.has_place_for(&seen) {
            self.judge(side, &seen, findings);
            summary.retransmission_of = self.remember(side, &seen, findings);
        }
        self.relate(side, segment, findings);
        if let Some((reset, cause)) = reset {
            findings.add(Finding::Reset(reset));
            if let Some(packet) = cause {
                findings.add(Finding::CausedBy { packet });
            }
        }
    }

    /// The latest packet of one side that began at this sequence number.
    pub(super) fn sent(&self, side: Side, seq: u32) -> Option<u64> {
        let direction = &self.directions[side.index()];
        direction.segments.iter().rev().find(|sent| sent.seq == seq).map(|sent| sent.number)
    }

    /// The direction in which this side sends, and the other.
    fn pair(&mut self, side: Side) -> (&mut TcpDirection, &mut TcpDirection) {
        let [low, high] = &mut self.directions;
        match side {
            Side::Low => (low, high),
            Side::High => (high, low),
        }
    }

    /// A SYN may begin another connection between the same ports. The first segment gives the number to count from.
    fn begin(&mut self, side: Side, seen: &ObservedSegment, findings: &mut Findings) {
        let (syn, ack) = (seen.flags.has(Flags::SYN), seen.flags.has(Flags::ACK));
        let base = self.pair(side).0.base;
        if syn && base.is_some_and(|base| base != seen.seq) {
            findings.add(Finding::PortReused);
            if ack {
                self.pair(side).0.begin_at(seen.seq);
            } else {
                *self = Self::default();
            }
        } else if syn && !ack && base.is_some() {
            // A retransmitted SYN: a gap that was left since the first one no longer matters.
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
        let probe = windows(own, other, seen, findings);
        own.probe = probe;
        if own.ack() != seen.acked() {
            own.ack_first = seen.number;
            own.duplicates = 0;
            own.unseen_reported = false;
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

    /// Updates the direction. Returns the packet that this one repeats, if it does.
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
        own.latest = Some(*seen);
        own.finished |= seen.flags.has(Flags::FIN);
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

    /// Fills in the relative numbers and scales the window, as far as the SYNs are known.
    fn relate(&mut self, side: Side, segment: &mut Segment, findings: &mut Findings) {
        let (own, other) = self.pair(side);
        if let Some(syn) = SynNumbers::of(segment) {
            agree_on_scale(own, other, syn, segment.flags);
            own.answers = syn.answers;
        } else if segment.window > 0 && own.may_scale(other) {
            findings.add(Finding::ScaleUnknown);
        }
        segment.relate(own.syn(), other.syn());
    }
}

/// Windows are scaled only if both SYNs have the option (RFC 7323 §2.2).
fn agree_on_scale(own: &mut TcpDirection, other: &mut TcpDirection, syn: SynNumbers, flags: Flags) {
    if let Some(bits) = syn.scale {
        own.scale = Scale::Shift(bits);
    }
    if own.scale == Scale::Unknown {
        (own.scale, other.scale) = (Scale::Off, Scale::Off);
    } else if flags.has(Flags::ACK) && other.scale == Scale::Off {
        own.scale = Scale::Off;
    }
}

/// Findings about windows and probes, and about data missing before this segment. Returns the probe that it is.
fn windows(
    own: &mut TcpDirection,
    other: &TcpDirection,
    seen: &ObservedSegment,
    findings: &mut Findings,
) -> Option<SentProbe> {
    let is_next = own.next == Some(seen.seq);
    if seen.len == 1 && is_next && other.window() == Some(0) {
        findings.add(Finding::ZeroWindowProbe);
        return Some(SentProbe::ZeroWindow);
    }
    let mut probe = None;
    if seen.window == 0 && seen.is_plain() {
        findings.add(Finding::ZeroWindow);
    }
    if own.next.is_some_and(|next| before(next, seen.seq)) && !seen.flags.has(Flags::RST) {
        findings.add(Finding::PreviousUnseen);
    }
    if seen.len <= 1 && own.next == Some(seen.seq.wrapping_add(1)) && seen.is_plain() {
        let asks = seen.len == 0 && other.window() == Some(0);
        findings.add(if asks { Finding::EmptyProbe } else { Finding::Keepalive });
        probe = Some(SentProbe::Keepalive);
    }
    let same_ack = own.ack() == seen.acked() && own.ack().is_some();
    let bare = seen.len == 0 && is_next && same_ack && seen.is_plain();
    let same_window = own.window() == Some(seen.window);
    if bare && seen.window > 0 && !same_window {
        findings.add(Finding::WindowUpdate);
    }
    if seen.len > 0 && seen.is_plain() && fills(other, seen) {
        findings.add(Finding::WindowFull);
    }
    if bare && same_window {
        match (seen.window, other.probe) {
            (1.., Some(SentProbe::Keepalive)) => findings.add(Finding::KeepaliveAck),
            (0, Some(SentProbe::ZeroWindow)) => findings.add(Finding::ZeroWindowProbeAck),
            (0, _) => {}
            _ => {
                own.duplicates = if own.unseen_reported { 1 } else { own.duplicates + 1 };
                own.unseen_reported = false;
                findings.add(Finding::DuplicateAck { nth: own.duplicates, of: own.ack_first });
            }
        }
    }
    probe
}

/// Whether a segment goes to the very edge of the window that the other side offered.
fn fills(other: &TcpDirection, seen: &ObservedSegment) -> bool {
    if other.scale == Scale::Unknown {
        return false;
    }
    let bits = if other.fresh { 0 } else { other.scale.shift().unwrap_or(0) };
    let edge = other.ack().unwrap_or(0).wrapping_add(other.window().unwrap_or(0) << bits);
    seen.seq.wrapping_add(seen.len) == edge
}

/// Reports an acknowledgment of data that was not captured, once for each gap.
fn unseen(other: &mut TcpDirection, seen: &ObservedSegment, findings: &mut Findings) {
    let Some(whole_to) = other.whole_to.filter(|to| before(*to, seen.ack)) else { return };
    match other.next {
        Some(next) if before(whole_to, next) => {
            other.whole_to = Some(next);
            findings.add(Finding::AckedUnseen);
        }
        _ => {
            if other.duplicates == 0 && !other.unseen_reported {
                findings.add(Finding::AckedUnseen);
            }
            other.duplicates = 0;
            other.unseen_reported = true;
        }
    }
}

/// Reports a segment that was sent before or comes late, by at most one of four findings.
fn again(own: &TcpDirection, other: &TcpDirection, seen: &ObservedSegment, disorder: u64, findings: &mut Findings) {
    if findings.has(Finding::Keepalive) || findings.has(Finding::EmptyProbe) {
        return;
    }
    // A segment that begins one byte early and is longer than that byte follows a probe: it is new.
    let after_probe = |next: u32| seen.len > 1 && seen.seq == next.wrapping_sub(1);
    let behind = own.next.is_some_and(|next| before(seen.seq, next) && !after_probe(next));
    let since = |then: u64| seen.at.checked_sub(then);
    if seen.len > 0 && other.ack().is_some_and(|ack| !before(ack, seen.seq.wrapping_add(seen.len))) {
        findings.add(Finding::SpuriousRetransmission);
    } else if !behind {
        // It is new.
    } else if answers_again(own, other, seen) {
        findings.add(Finding::AnsweredAgain);
    } else if other.duplicates >= 2
        && other.latest.is_some_and(|ack| ack.acked() == Some(seen.seq) && since(ack.at).is_some_and(|t| t < FAST))
    {
        findings.add(Finding::FastRetransmission);
    } else if since(own.next_at).is_some_and(|t| t < disorder) && own.next != Some(seen.end()) {
        findings.add(Finding::OutOfOrder);
    } else {
        findings.add(Finding::Retransmission);
    }
}

/// Whether a SYN+ACK that was sent before answers a SYN that came again after it.
fn answers_again(own: &TcpDirection, other: &TcpDirection, seen: &ObservedSegment) -> bool {
    let is_syn = |flags: Flags| flags.has(Flags::SYN) && !flags.has(Flags::ACK);
    let before = own.latest.map(|own| own.number);
    let again = other.latest.filter(|syn| is_syn(syn.flags) && before.is_some_and(|before| before < syn.number));
    seen.flags.has(Flags::SYN.with(Flags::ACK)) && again.is_some()
}
