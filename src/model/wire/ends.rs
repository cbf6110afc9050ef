//! The ends of the wire's connections: what their kernels said of them at each packet, and the data they sent.

use std::collections::VecDeque;

use super::super::sequence::{SegmentCurve, SequenceTrace};
use super::super::series::{Series, ValueSpan};
use crate::domain::{CongestionState, Finding, Flow, HostId, PacketSummary, Stamp, TcpInfo};

/// The curves of one end, each a variable of its kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InfoCurve {
    /// The congestion window, in segments.
    Cwnd,
    /// The slow start threshold, in segments.
    Ssthresh,
    /// Bytes sent and not acknowledged.
    InFlight,
    /// The smoothed round-trip time, in microseconds.
    Rtt,
    /// The retransmission timeout, in microseconds.
    Rto,
}

/// What happened to an end, the more remarkable the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndMark {
    /// An acknowledgement of something new arrived.
    Ack,
    /// Its state changed.
    State,
    /// A packet that it sent got lost.
    Lost,
    /// It sent something again.
    Retransmission,
    /// It reduces its window because of an ECN mark.
    Ecn,
    /// Acknowledgements told of a loss: fast retransmission.
    FastRetransmission,
    /// Its retransmission timer expired.
    Timeout,
}

impl EndMark {
    /// All of them, by their numbers in [`EndTrace::marks`].
    pub const ALL: [Self; 7] =
        [Self::Ack, Self::State, Self::Lost, Self::Retransmission, Self::Ecn, Self::FastRetransmission, Self::Timeout];
}

/// One end of a connection.
#[derive(Debug, Clone)]
pub struct EndTrace {
    /// On which host.
    pub host: HostId,
    /// Its addresses.
    pub flow: Flow,
    /// What its kernel said last.
    pub latest: Option<TcpInfo>,
    /// By [`InfoCurve`].
    pub curves: Series<u32, 5>,
    /// What happened, as places in [`EndMark::ALL`].
    pub marks: Series<u8, 1>,
    /// How often each of [`EndMark::ALL`] happened.
    pub counts: [u64; EndMark::ALL.len()],
    /// The data that it sent.
    pub sequence: SequenceTrace,
}

impl EndTrace {
    /// How many readings are kept.
    const KEPT: usize = 4_096;
    /// How many marks are kept.
    const MARKS: usize = 2_048;

    fn of(host: HostId, flow: Flow) -> Self {
        Self {
            host,
            flow,
            latest: None,
            curves: Series::new(Self::KEPT),
            marks: Series::new(Self::MARKS),
            counts: [0; EndMark::ALL.len()],
            sequence: SequenceTrace::default(),
        }
    }

    fn mark(&mut self, at: Stamp, mark: EndMark) {
        let place = mark as u8;
        self.counts[usize::from(place)] += 1;
        self.marks.push_spans(at, self.curves.read().saturating_sub(1), [Some(ValueSpan::of(place))]);
    }

    fn informed(&mut self, at: Stamp, info: &TcpInfo) {
        let known = |micros: u32| (micros > 0).then_some(micros);
        // In the order of `InfoCurve`.
        let values = [Some(info.cwnd), info.ssthresh, info.in_flight, known(info.rtt_us), known(info.rto_us)];
        self.curves.push(at, values);
        let before = self.latest.replace(info.clone());
        for mark in before.iter().flat_map(|before| marks(before, info)) {
            self.mark(at, mark);
        }
    }
}

/// What happened to an end between two readings.
fn marks(before: &TcpInfo, now: &TcpInfo) -> impl Iterator<Item = EndMark> + use<> {
    let came = |state| before.state != Some(state) && now.state == Some(state);
    [
        (now.bytes_acked > before.bytes_acked, EndMark::Ack),
        (now.retransmitted > before.retransmitted, EndMark::Retransmission),
        (came(CongestionState::Reduced), EndMark::Ecn),
        (came(CongestionState::Recovery), EndMark::FastRetransmission),
        // The timer of a SYN counts, but leaves the state alone.
        (came(CongestionState::Loss) || now.retransmits > before.retransmits, EndMark::Timeout),
    ]
    .into_iter()
    .filter_map(|(happened, mark)| happened.then_some(mark))
}

/// The latest ends. Of the earlier of them only what their kernels said last is kept.
#[derive(Debug, Clone, Default)]
pub struct WireEnds {
    /// The one that something happened to last is at the end.
    ends: VecDeque<EndTrace>,
}

impl WireEnds {
    /// How many ends are remembered.
    const KEPT: usize = 64;
    /// Of how many the curves are kept.
    const TRACED: usize = 8;

    /// This end, if it is remembered.
    pub fn of(&self, host: HostId, flow: &Flow) -> Option<&EndTrace> {
        self.ends.iter().rev().find(|end| end.host == host && end.flow == *flow)
    }

    /// This end, as the one that something happens to.
    fn touch(&mut self, host: HostId, flow: Flow) -> &mut EndTrace {
        let is_it = |end: &EndTrace| end.host == host && end.flow == flow;
        let known = self.ends.iter().rposition(is_it).and_then(|place| self.ends.remove(place));
        if known.is_none() && self.ends.len() >= Self::KEPT {
            self.ends.pop_front();
        }
        self.ends.push_back(known.unwrap_or_else(|| EndTrace::of(host, flow)));
        // The one that has just left the traced ones.
        if let Some(place) = self.ends.len().checked_sub(Self::TRACED + 1)
            && let Some(end) = self.ends.get_mut(place)
            && !(end.curves.is_empty() && end.sequence.is_empty() && end.marks.is_empty())
        {
            *end = EndTrace { latest: end.latest.take(), ..EndTrace::of(end.host, end.flow) };
        }
        let last = self.ends.len() - 1;
        &mut self.ends[last]
    }

    /// Takes in what a kernel says of an end.
    pub(super) fn informed(&mut self, at: Stamp, host: HostId, info: &TcpInfo) {
        self.touch(host, info.flow).informed(at, info);
    }

    /// An end that is remembered changed its state.
    pub(super) fn changed(&mut self, at: Stamp, host: HostId, flow: &Flow) {
        if self.of(host, flow).is_some() {
            self.touch(host, *flow).mark(at, EndMark::State);
        }
    }

    /// A host sent a packet.
    pub(super) fn sent(&mut self, at: Stamp, from: HostId, packet: &PacketSummary) {
        if is_its_own(packet) {
            self.touch(from, packet.flow).sequence.sent(at, packet);
        }
    }

    /// A packet of this host was sent again and is not listed once more.
    pub(super) fn folded(&mut self, at: Stamp, from: HostId, packet: &PacketSummary) {
        if is_its_own(packet) {
            self.touch(from, packet.flow).sequence.marked(at, SegmentCurve::Again, packet);
        }
    }

    /// A packet of this host got lost.
    pub(super) fn lost(&mut self, at: Stamp, from: HostId, packet: &PacketSummary) {
        if is_its_own(packet) {
            let end = self.touch(from, packet.flow);
            end.sequence.marked(at, SegmentCurve::Lost, packet);
            end.mark(at, EndMark::Lost);
        }
    }

    /// A packet of this host arrived at the other.
    pub(super) fn delivered(&mut self, at: Stamp, from: HostId, packet: &PacketSummary) {
        if let (Some(_), Some(flow)) = (&packet.tcp, packet.flow.mirror()) {
            self.touch(from.other(), flow).sequence.answered(at, packet);
        }
    }
}

/// Whether a kernel sent this segment: one that was forged is no end's.
fn is_its_own(packet: &PacketSummary) -> bool {
    packet.tcp.is_some() && packet.findings.iter().all(|finding| *finding != Finding::Forged)
}

#[cfg(test)]
mod tests {
    use super::super::test_wire::{Client, TestWire, flow};
    use super::*;
    use crate::domain::{EventKind, Evidence, Lang};

    fn count(trace: &EndTrace, mark: EndMark) -> u64 {
        trace.counts[mark as usize]
    }

    #[test]
    fn what_changed_between_two_readings_is_marked() {
        let mut bench = TestWire::open(Lang::En);
        let data = bench.established(1, 42_666);
        bench.info(Client, flow(42_666), 200, 0);
        let info = bench.shown().info(Client, &flow(42_666)).unwrap().clone();
        let reading = |change: &dyn Fn(&mut TcpInfo)| {
            let mut info = info.clone();
            change(&mut info);
            EventKind::Info(info)
        };
        bench.seen(Some(Client), Evidence::Sampled, reading(&|info| info.bytes_acked = Some(13)));
        bench.dropped(data);
        let timeout = |info: &mut TcpInfo| {
            (info.cwnd, info.ssthresh, info.retransmitted, info.retransmits) = (1, Some(5), 1, 1);
            (info.bytes_acked, info.state) = (Some(13), Some(CongestionState::Loss));
        };
        bench.seen(Some(Client), Evidence::Sampled, reading(&timeout));
        let trace = bench.shown().ends.of(Client, &flow(42_666)).unwrap();
        let counts = [EndMark::Ack, EndMark::Lost, EndMark::Retransmission, EndMark::Timeout, EndMark::Ecn];
        assert_eq!(counts.map(|mark| count(trace, mark)), [1, 1, 1, 1, 0]);
        let last = trace.curves.len() - 1;
        let curves = [InfoCurve::Cwnd, InfoCurve::Ssthresh].map(|curve| trace.curves.value(curve as usize, last));
        assert_eq!(curves, [Some(1), Some(5)]);
        assert_eq!(trace.sequence.counts.lost, 1);
    }

    #[test]
    fn what_is_forged_is_no_data_of_the_end_it_names() {
        let mut bench = TestWire::open(Lang::En);
        let data = bench.established(1, 42_666);
        let mut forged = bench.shown().packet(data).unwrap().packet.clone();
        let mut ends = WireEnds::default();
        let segments = |ends: &WireEnds| ends.of(Client, &flow(42_666)).map_or(0, |end| end.sequence.counts.segments);
        forged.findings.add(Finding::Forged);
        ends.sent(Stamp::ZERO, Client, &forged);
        assert_eq!(segments(&ends), 0);
        forged.findings = crate::domain::Findings::default();
        ends.sent(Stamp::ZERO, Client, &forged);
        assert_eq!(segments(&ends), 1);
    }

    #[test]
    fn of_earlier_ends_only_the_latest_word_is_kept() {
        let mut bench = TestWire::open(Lang::En);
        for port in 40_000..40_100 {
            bench.info(Client, flow(port), 200, 0);
        }
        let ends = &bench.shown().ends;
        assert!(ends.of(Client, &flow(40_000)).is_none());
        let early = ends.of(Client, &flow(40_050)).unwrap();
        assert!(early.latest.is_some() && early.curves.is_empty());
        assert_eq!(ends.of(Client, &flow(40_099)).unwrap().curves.len(), 1);
    }
}
