//! The data of one end of a TCP connection over time: the numbers of each segment, what of them was acknowledged, and how
//! far the other end's window reached (the graphs of Stevens and tcptrace).

use std::collections::VecDeque;
use std::time::Duration;

use super::series::{Series, ValueSpan};
use crate::domain::{Finding, Flags, PacketSummary, Segment, Stamp};

/// The curves of the segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentCurve {
    /// Data sent for the first time.
    New,
    /// Data sent before.
    Again,
    /// Data that got lost on the wire.
    Lost,
}

/// The curves of what the other end answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerCurve {
    /// The first number that is not acknowledged.
    Ack,
    /// The first number beyond the window.
    Edge,
}

/// What is counted along the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SequenceCounts {
    /// Segments with data, a SYN or a FIN.
    pub segments: u64,
    /// Those of them that were sent before.
    pub again: u64,
    /// Those that got lost on the wire.
    pub lost: u64,
    /// Different bytes of data sent.
    pub bytes: u64,
    /// Bytes between the segments that were seen: sent, but not captured, or too fast to be listed.
    pub unseen: u64,
    /// Acknowledgements of something new.
    pub acks: u64,
    /// The bytes that these acknowledged together.
    pub acked: u64,
    /// The most that one acknowledged.
    pub most_acked: u64,
    /// The smallest window that was offered after the other end's SYN, and the latest.
    pub window: Option<(u32, u32)>,
}

/// A segment that was not acknowledged yet: the number behind it, when it was sent, and whether only once.
type Unacknowledged = (u64, Stamp, bool);

/// See the module's head.
#[derive(Debug, Clone)]
pub struct SequenceTrace {
    /// By [`SegmentCurve`]: from the first number of a segment to the one behind it.
    pub segments: Series<u64, 3>,
    /// By [`AnswerCurve`].
    pub answers: Series<u64, 2>,
    /// See there.
    pub counts: SequenceCounts,
    /// The round-trip time of the segment that was acknowledged last (only of one that was sent once, as Karn's algorithm
    /// demands, RFC 6298 §3), and the estimate that these make (RFC 6298 §2).
    pub rtt: Option<(Duration, Duration)>,
    /// When data was first sent, and when data was last sent or acknowledged.
    pub time: Option<(Stamp, Stamp)>,
    /// The number that counts as 0 where the SYN was not seen: the first.
    base: Option<u32>,
    highest: u64,
    acked: u64,
    /// How many packets there were, of both ends.
    packets: u64,
    waiting: VecDeque<Unacknowledged>,
}

impl Default for SequenceTrace {
    fn default() -> Self {
        Self {
            segments: Series::new(Self::KEPT),
            answers: Series::new(Self::KEPT),
            counts: SequenceCounts::default(),
            rtt: None,
            time: None,
            base: None,
            highest: 0,
            acked: 0,
            packets: 0,
            waiting: VecDeque::new(),
        }
    }
}

impl SequenceTrace {
    /// How many points of each curve are kept.
    const KEPT: usize = 4_096;
    /// How many segments may be waiting for their acknowledgement.
    const WAITING: usize = 4_096;

    /// Whether this end sent nothing that takes numbers.
    pub const fn is_empty(&self) -> bool {
        self.counts.segments == 0
    }

    /// The throughput in bytes a second: what was acknowledged, over the time from the first data sent to the last.
    pub fn throughput(&self) -> Option<f64> {
        let (from, to) = self.time?;
        let seconds = to.since(from).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "bytes of a connection are fewer than 2^52")]
        (seconds > 0.0 && self.counts.acked > 0).then(|| self.counts.acked as f64 / seconds)
    }

    /// A number counted from the SYN, or else from the first number that was seen.
    fn number(&mut self, relative: Option<u32>, raw: u32) -> u32 {
        relative.unwrap_or_else(|| raw.wrapping_sub(*self.base.get_or_insert(raw)))
    }

    /// A segment's numbers, counted from the base and beyond 32 bits: the first, and the one behind it.
    fn numbers(&mut self, tcp: &Segment, len: usize) -> (u64, u64) {
        let first = unwrapped(self.number(tcp.seq_rel, tcp.seq), self.highest);
        (first, first + u64::from(tcp.takes(len)))
    }

    /// This end sent a packet at this time.
    pub fn sent(&mut self, at: Stamp, packet: &PacketSummary) {
        self.packets += 1;
        let Some(tcp) = packet.tcp.as_ref().filter(|_| packet.icmp.is_none()) else { return };
        let len = packet.payload.len;
        let found = |finding: Finding| packet.findings.iter().any(|other| *other == finding);
        if tcp.takes(len) == 0 || tcp.flags.has(Flags::RST) || found(Finding::Keepalive) {
            return;
        }
        let (first, behind) = self.numbers(tcp, len);
        let again = packet.retransmission_of.is_some() || (behind <= self.highest && !found(Finding::OutOfOrder));
        let curve = if again { SegmentCurve::Again } else { SegmentCurve::New };
        self.mark(at, curve, (first, behind));
        if again {
            self.counts.again += 1;
            self.waiting.iter_mut().filter(|(other, ..)| *other > first).for_each(|(.., once)| *once = false);
        } else {
            self.skip_to(first);
            self.counts.bytes += behind.saturating_sub(first.max(self.highest)).min(len as u64);
            self.highest = self.highest.max(behind);
            if self.waiting.len() < Self::WAITING {
                self.waiting.push_back((behind, at, true));
            }
        }
        self.counts.segments += 1;
        if len > 0 {
            let from = self.time.map_or(at, |(from, _)| from);
            self.time = Some((from, at));
        }
    }

    /// Numbers up to this one were used by segments that were not seen.
    fn skip_to(&mut self, number: u64) {
        // Before the first that was seen nothing is known.
        if self.counts.segments + self.counts.acks > 0 {
            self.counts.unseen += number.saturating_sub(self.highest);
        }
        self.highest = self.highest.max(number);
    }

    /// A segment of this end got lost, or was sent again without being seen as a packet of its own.
    pub fn marked(&mut self, at: Stamp, curve: SegmentCurve, packet: &PacketSummary) {
        let Some(tcp) = packet.tcp.as_ref().filter(|_| packet.icmp.is_none()) else { return };
        if tcp.takes(packet.payload.len) == 0 {
            return;
        }
        let numbers = self.numbers(tcp, packet.payload.len);
        self.mark(at, curve, numbers);
        match curve {
            SegmentCurve::Lost => self.counts.lost += 1,
            SegmentCurve::Again => self.counts.again += 1,
            SegmentCurve::New => {}
        }
        self.waiting.iter_mut().filter(|(behind, ..)| *behind == numbers.1).for_each(|(.., once)| *once = false);
    }

    fn mark(&mut self, at: Stamp, curve: SegmentCurve, (first, behind): (u64, u64)) {
        let mut spans = [None; 3];
        spans[curve as usize] = Some(ValueSpan { lo: first, hi: behind, last: behind });
        self.segments.push_spans(at, self.packets, spans);
    }

    /// The other end's packet was seen by this end at this time.
    pub fn answered(&mut self, at: Stamp, packet: &PacketSummary) {
        self.packets += 1;
        let Some(tcp) = packet.tcp.as_ref().filter(|_| packet.icmp.is_none()) else { return };
        if !tcp.flags.has(Flags::ACK) || tcp.flags.has(Flags::RST) {
            return;
        }
        let ack = unwrapped(self.number(tcp.ack_rel, tcp.ack), self.highest);
        let edge = ack + u64::from(tcp.window);
        if !tcp.flags.has(Flags::SYN) {
            let least = self.counts.window.map_or(tcp.window, |(least, _)| least.min(tcp.window));
            self.counts.window = Some((least, tcp.window));
        }
        self.skip_to(ack);
        let spans = [ack.max(self.acked), edge].map(|value| Some(ValueSpan::of(value)));
        self.answers.push_spans(at, self.packets, spans);
        if ack > self.acked {
            self.acknowledged(at, ack, tcp.flags.has(Flags::SYN));
        }
    }

    fn acknowledged(&mut self, at: Stamp, ack: u64, opens: bool) {
        let new = ack - self.acked;
        // What was acknowledged before the capture began is not known.
        let is_first = self.acked == 0 && self.counts.acks == 0;
        self.acked = ack;
        let mut sample = None;
        while let Some((_, sent, once)) = self.waiting.pop_front_if(|(behind, ..)| *behind <= ack) {
            sample = once.then(|| at.since(sent));
        }
        if let Some(rtt) = sample {
            let estimate = self.rtt.map_or(rtt, |(_, before)| (before * 7 + rtt) / 8);
            self.rtt = Some((rtt, estimate));
        }
        // A SYN takes a number and is no data.
        if opens || (is_first && self.time.is_none()) {
            return;
        }
        self.counts.acks += 1;
        self.counts.acked += new;
        self.counts.most_acked = self.counts.most_acked.max(new);
        if let Some((_, to)) = &mut self.time {
            *to = at;
        }
    }
}

/// The number that these 32 bits stand for, the nearest to one that is known.
fn unwrapped(low: u32, near: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the lower 32 bits are meant")]
    let ahead = low.wrapping_sub(near as u32).cast_signed();
    near.saturating_add_signed(i64::from(ahead))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Excerpt, Findings, Flow};

    const MS: fn(u64) -> Stamp = Stamp::from_millis;

    fn packet(flags: Flags, (seq, ack): (u32, u32), len: usize) -> PacketSummary {
        let flow = Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap());
        let tcp = Segment { flags, seq, ack, seq_rel: None, ack_rel: None, window: 1_000, options: vec![] };
        PacketSummary {
            number: 1,
            flow,
            tcp: Some(tcp),
            icmp: None,
            interface: None,
            payload: Excerpt::of(&vec![b'x'; len]),
            retransmission_of: None,
            findings: Findings::default(),
        }
    }

    /// A SYN from just below 2³², so that the numbers wrap at once; three segments, one of them again.
    fn wrapping() -> SequenceTrace {
        let isn = u32::MAX - 1;
        let at = |number: u32| isn.wrapping_add(number);
        let mut trace = SequenceTrace::default();
        trace.sent(MS(0), &packet(Flags::SYN, (isn, 0), 0));
        trace.answered(MS(10), &packet(Flags::ACK.with(Flags::SYN), (500, at(1)), 0));
        for (time, number) in [(20, 1), (21, 101), (22, 201)] {
            trace.sent(MS(time), &packet(Flags::ACK, (at(number), 501), 100));
        }
        trace.answered(MS(40), &packet(Flags::ACK, (501, at(101)), 0));
        trace.sent(MS(60), &packet(Flags::ACK, (at(101), 501), 100));
        trace.answered(MS(80), &packet(Flags::ACK, (501, at(301)), 0));
        trace
    }

    #[test]
    fn numbers_go_on_beyond_32_bits() {
        let trace = wrapping();
        let all = 0..trace.segments.len();
        assert_eq!(trace.segments.extent(SegmentCurve::New as usize, all.clone()), Some((0, 301)));
        assert_eq!(trace.segments.extent(SegmentCurve::Again as usize, all.clone()), Some((101, 201)));
        assert_eq!(trace.segments.extent(SegmentCurve::Lost as usize, all), None);
        let last = trace.answers.len() - 1;
        let answers = [AnswerCurve::Ack, AnswerCurve::Edge].map(|curve| trace.answers.value(curve as usize, last));
        assert_eq!(answers, [Some(301), Some(1_301)]);
    }

    #[test]
    fn what_a_class_asks_of_a_trace_is_counted() {
        let trace = wrapping();
        let SequenceCounts { segments, again, lost, bytes, unseen, acks, acked, most_acked, window } = trace.counts;
        assert_eq!((segments, again, lost, bytes, unseen), (5, 1, 0, 300, 0));
        assert_eq!((acks, acked, most_acked, window), (2, 300, 200, Some((1_000, 1_000))));
        // 300 bytes, from the first data at 20 ms to their last acknowledgement at 80.
        assert_eq!(trace.throughput().map(f64::round), Some(5_000.0));
        // 10 ms for the SYN, 20 for the first segment; none for those that were sent again or behind one.
        assert_eq!(trace.rtt, Some((Duration::from_millis(20), Duration::from_micros(11_250))));
    }

    #[test]
    fn what_was_not_seen_is_counted_and_not_taken_for_an_ack() {
        let mut trace = SequenceTrace::default();
        trace.sent(MS(0), &packet(Flags::ACK, (1, 1), 100));
        trace.answered(MS(1), &packet(Flags::ACK, (1, 101), 0));
        // Nothing of the next thousand.
        trace.answered(MS(2), &packet(Flags::ACK, (1, 1_101), 0));
        trace.sent(MS(3), &packet(Flags::ACK, (1_201, 1), 50));
        assert_eq!((trace.counts.bytes, trace.counts.unseen), (150, 1_100));
        assert_eq!(trace.segments.extent(0, 0..2), Some((0, 1_250)));
    }

    #[test]
    fn a_connection_that_was_met_half_way_counts_from_where_it_was_met() {
        let mut trace = SequenceTrace::default();
        trace.sent(MS(0), &packet(Flags::ACK, (7_000, 1), 50));
        trace.answered(MS(5), &packet(Flags::ACK, (1, 7_050), 0));
        assert_eq!(trace.segments.extent(0, 0..1), Some((0, 50)));
        assert_eq!((trace.counts.acked, trace.rtt.map(|(rtt, _)| rtt)), (50, Some(Duration::from_millis(5))));
    }
}
