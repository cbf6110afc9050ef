//! The one queue between all producers of observations and the event loop.
//!
//! Two kinds of observations go through it. What changes what exists is never dropped: whoever causes it waits while the
//! queue has no room. What only happens may come faster than anybody could read it. From the moment when the reader is
//! behind, the transfers on one socket become one entry with a count and a sum; in a full queue the datagrams of all peers
//! of a socket do. So the sums of bytes and calls are always right. Captured packets that do not fit are dropped and
//! counted: the capture has them.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::domain::{
    Clock, EventKind, EventQueue, EventSink, HostId, Observation, SocketId, Stamp, Syscall, Transfer, WorldId,
};

/// How many observations may wait before there is no room. A thousand clients at once make fewer by far in half a second.
const CAPACITY: usize = 65_536;

/// How many may wait before the reader counts as behind. Nobody reads as many lines within a frame, and each costs as much
/// as ten calls of a server.
const BEHIND: usize = 16;

/// How often the reader takes what waits, while much happens: as often as a frame is drawn.
const TICK: Duration = Duration::from_millis(16);

/// How often within a [`TICK`] it takes what has just come. Each time wakes a thread, which a server that answers fast
/// would notice.
const AT_ONCE: u32 = 8;

/// Transfers that may be told together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TransferKey {
    world: WorldId,
    host: Option<HostId>,
    socket: SocketId,
    call: Syscall,
    peer: Option<SocketAddr>,
}

#[derive(Debug, Default)]
struct Waiting {
    observations: VecDeque<Observation>,
    /// The place of the latest transfer of each kind, if it may still be added to.
    transfers: HashMap<TransferKey, usize, RandomState>,
    /// Whether nobody can offer anything any more.
    is_over: bool,
}

impl Waiting {
    fn offer(&mut self, mut seen: Observation) -> bool {
        let is_full = self.observations.len() >= CAPACITY;
        if is_full && seen.kind.is_optional(seen.world) {
            return false;
        }
        if let EventKind::Call(call) = &mut seen.kind {
            let is_transfer = call.is_transfer();
            // A server may have more peers than entries fit, each with few datagrams.
            let is_of_any_peer = is_full && is_transfer && matches!(call.socket, SocketId::Server(_));
            if let Some(flow) = call.flow.as_mut().filter(|_| is_of_any_peer) {
                flow.peer = None;
            }
            let peer = call.flow.and_then(|flow| flow.peer);
            let (world, host, socket) = (seen.world, seen.host, call.socket);
            let key = |call| TransferKey { world, host, socket, call, peer };
            if is_of_any_peer && self.condense(&key(call.call), call.data.as_ref().map_or(0, |data| data.len), seen.at)
            {
                return true;
            }
            if is_transfer {
                if self.observations.len() >= BEHIND {
                    self.transfers.insert(key(call.call), self.observations.len());
                }
            } else if !self.transfers.is_empty() {
                // What comes after it is not told before it.
                match peer {
                    Some(_) => {
                        [Syscall::Send, Syscall::Recv].iter().for_each(|call| _ = self.transfers.remove(&key(*call)));
                    }
                    None => self.transfers.retain(|key, _| key.socket != socket),
                }
            }
        }
        self.observations.push_back(seen);
        true
    }

    fn condense(&mut self, key: &TransferKey, len: usize, at: Stamp) -> bool {
        let waiting = self.transfers.get(key).and_then(|place| self.observations.get_mut(*place));
        let Some(Observation { kind: EventKind::Call(call), .. }) = waiting else { return false };
        call.repeat(len, at);
        true
    }
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Notified when there is something to take after there was nothing.
    filled: Notify,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Each change of it is whole, also if a thread panicked afterwards.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The producers' end. The queue is over when the last one is dropped.
struct Sending(Arc<Shared>);

impl EventQueue for Sending {
    fn offer(&self, seen: Observation) -> bool {
        let mut waiting = self.0.waiting();
        let taken = waiting.offer(seen);
        let wakes = waiting.observations.len() == 1;
        drop(waiting);
        if wakes {
            self.0.filled.notify_one();
        }
        taken
    }

    fn condense(&self, world: WorldId, host: Option<HostId>, transfer: &Transfer) -> bool {
        let mut waiting = self.0.waiting();
        if waiting.transfers.is_empty() {
            return false;
        }
        let Transfer { socket, call, flow, .. } = *transfer;
        let key = TransferKey { world, host, socket, call, peer: flow.and_then(|flow| flow.peer) };
        waiting.condense(&key, transfer.len, transfer.at)
    }

    fn has_room(&self) -> bool {
        self.0.waiting().observations.len() < CAPACITY
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.waiting().is_over = true;
        self.0.filled.notify_one();
    }
}

/// When there is something to take.
enum Look {
    Now,
    /// At this moment.
    At(Instant),
    /// As soon as something is offered.
    Later,
    Never,
}

/// The reader's end.
#[derive(Debug)]
pub struct Observations {
    shared: Arc<Shared>,
    /// Those that waited at the latest look and were not asked for yet.
    fetched: VecDeque<Observation>,
    /// When the present tick is over.
    tick_end: Instant,
    /// How many more looks this tick allows.
    looks: u32,
}

impl Observations {
    /// Waits for observations and takes up to `most`; returns how many, 0 when none can come any more. Cancel safe.
    ///
    /// While many come it takes them once in a [`TICK`] only, so that transfers are told together.
    pub async fn recv_many(&mut self, into: &mut Vec<Observation>, most: usize) -> usize {
        loop {
            match self.look() {
                Look::Now => break,
                Look::At(at) => sleep_until(at).await,
                Look::Later => self.shared.filled.notified().await,
                Look::Never => return 0,
            }
        }
        let count = most.min(self.fetched.len());
        into.extend(self.fetched.drain(..count));
        count
    }

    /// Waits for the next one; `None` when none can come any more. Cancel safe.
    pub async fn recv(&mut self) -> Option<Observation> {
        let mut one = Vec::with_capacity(1);
        self.recv_many(&mut one, 1).await;
        one.pop()
    }

    /// Takes the next one, if there is one.
    pub fn try_recv(&mut self) -> Option<Observation> {
        if self.fetched.is_empty() {
            self.fetch();
        }
        self.fetched.pop_front()
    }

    fn look(&mut self) -> Look {
        if !self.fetched.is_empty() {
            return Look::Now;
        }
        let waiting = self.shared.waiting();
        if waiting.observations.is_empty() {
            return if waiting.is_over { Look::Never } else { Look::Later };
        }
        let is_behind = waiting.observations.len() >= BEHIND;
        drop(waiting);
        let now = Instant::now();
        if now >= self.tick_end {
            // Where so many wait, the next ones are many as well: waking for the first of them gains nothing.
            let looks = if is_behind { 1 } else { AT_ONCE };
            (self.tick_end, self.looks) = (now + TICK, looks);
        }
        if self.looks == 0 {
            return Look::At(self.tick_end);
        }
        self.looks -= 1;
        self.fetch();
        Look::Now
    }

    /// Takes everything that waits; the producers fill the empty buffer from now on.
    fn fetch(&mut self) {
        let mut waiting = self.shared.waiting();
        std::mem::swap(&mut self.fetched, &mut waiting.observations);
        waiting.transfers.clear();
    }
}

/// A sink for producers, and the receiver for the loop.
pub fn open(clock: Clock) -> (EventSink, Observations) {
    let shared = Arc::new(Shared::default());
    let sink = EventSink::new(clock, Arc::new(Sending(Arc::clone(&shared))));
    (sink, Observations { shared, fetched: VecDeque::new(), tick_end: Instant::now(), looks: 0 })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Args, Call, ConnNo, Evidence, Excerpt, Flags, Flow, Note, PacketSummary, Segment, ServerId};

    const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 80);

    fn transfer(socket: SocketId, call: Syscall, peer: u16, at: u64) -> Transfer {
        let flow = Flow::tcp(SERVER, SocketAddr::from((Ipv4Addr::LOCALHOST, peer)));
        let at = Stamp::from_millis(at);
        Transfer { at, socket, call, args: Args::None, flow: Some(flow), len: 10, took_us: None, waited: false }
    }

    fn all(far: &mut Observations) -> Vec<Call> {
        let calls = std::iter::from_fn(|| far.try_recv()).filter_map(|seen| match seen.kind {
            EventKind::Call(call) => Some(call),
            _ => None,
        });
        calls.collect()
    }

    fn note(sink: &EventSink) -> bool {
        sink.note(Note::PortRange { low: 1, high: 2 })
    }

    #[tokio::test]
    async fn a_full_queue_drops_packets_only_and_sums_the_datagrams_of_all_peers() {
        let (sink, mut far) = open(Clock::start());
        for _ in 0..CAPACITY {
            assert!(sink.has_room() && note(&sink));
        }
        assert!(!sink.has_room());
        let datagram = |peer| transfer(SocketId::Server(ServerId(3)), Syscall::Recvfrom, peer, 1);
        (1..=7).for_each(|peer| sink.report_transfer(datagram(peer), b"0123456789"));
        assert!(note(&sink), "it says that something exists");
        sink.report_transfer(transfer(SocketId::Conn(ServerId(0), ConnNo(1)), Syscall::Recv, 9, 1), b"0123456789");
        let flow = datagram(1).flow.unwrap();
        let packet = PacketSummary {
            number: 1,
            interface: None,
            flow,
            tcp: Some(Segment {
                flags: Flags::ACK,
                seq: 1,
                ack: 1,
                seq_rel: None,
                ack_rel: None,
                window: 1,
                options: vec![],
            }),
            icmp: None,
            payload: Excerpt::of(b""),
            retransmission_of: None,
            findings: crate::domain::Findings::default(),
        };
        assert!(!sink.report(Evidence::Packet, EventKind::Packet(packet)));
        assert_eq!((sink.take_lost(), sink.take_lost()), (1, 0));
        let calls = all(&mut far);
        let told: Vec<_> = calls.iter().map(|call| (call.count(), call.data.as_ref().unwrap().len)).collect();
        assert_eq!(told, [(7, 70), (1, 10)]);
        assert_eq!(calls[0].flow.unwrap().peer, None, "of several peers");
        assert!(sink.has_room());
    }

    #[tokio::test]
    async fn transfers_are_told_together_as_soon_as_the_reader_is_behind() {
        let (sink, mut far) = open(Clock::start());
        let conn = SocketId::Conn(ServerId(0), ConnNo(1));
        let told = |at| sink.report_transfer(transfer(conn, Syscall::Recv, 9, at), b"0123456789");
        (0..BEHIND as u64 + 1_412).for_each(told);
        let calls = all(&mut far);
        assert_eq!(calls.len(), BEHIND + 1);
        assert!(calls[..BEHIND].iter().all(|call| call.repeated.is_none()));
        let last = &calls[BEHIND];
        let data = last.data.as_ref().unwrap();
        assert_eq!((last.count(), data.len, &*data.text), (1_412, 14_120, "0123456789"));
        assert_eq!(last.repeated.unwrap().until, Stamp::from_millis(BEHIND as u64 + 1_411));
        told(5_000);
        assert_eq!(all(&mut far)[0].repeated, None, "the reader is not behind any more");
    }

    #[tokio::test]
    async fn the_queue_is_over_when_no_producer_is_left() {
        let (sink, mut far) = open(Clock::start());
        note(&sink);
        let mut got = Vec::new();
        assert_eq!(far.recv_many(&mut got, 10).await, 1);
        let end = tokio::spawn(async move { far.recv_many(&mut Vec::new(), 10).await });
        drop(sink);
        assert_eq!(end.await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_few_are_taken_at_once_and_many_once_in_a_tick() {
        let (sink, mut far) = open(Clock::start());
        let begun = Instant::now();
        let mut got = Vec::new();
        for _ in 0..AT_ONCE {
            note(&sink);
            assert_eq!(far.recv_many(&mut got, 10).await, 1);
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
        (0..5_000).for_each(|_| _ = note(&sink));
        got.clear();
        while got.len() < 5_000 {
            far.recv_many(&mut got, 256).await;
        }
        assert_eq!(begun.elapsed(), TICK);
    }

    proptest! {
        /// Whatever is called, and however far behind the reader is: nothing is lost, nothing counted twice, and no transfer
        /// is told before a call that was made on its socket before it.
        #[test]
        fn sums_and_order_stay(calls in proptest::collection::vec((0_u32..4, 0_u8..5, any::<bool>()), 1..900)) {
            let (sink, mut far) = open(Clock::start());
            let mut told = Vec::new();
            let mut ends = [0_u64; 4];
            let mut expected = std::collections::HashMap::<(u32, Syscall, u64), u64>::new();
            for (at, (no, kind, reads)) in calls.into_iter().enumerate() {
                let conn = SocketId::Conn(ServerId(0), ConnNo(no));
                let kind = match kind {
                    0 | 1 => Syscall::Recv,
                    2 | 3 => Syscall::Send,
                    _ => Syscall::Shutdown,
                };
                let flow = transfer(conn, kind, 1, 0).flow.unwrap();
                if kind == Syscall::Shutdown {
                    ends[no as usize] += 1;
                    sink.report(Evidence::Called, EventKind::Call(Call::new(conn, kind).on(flow)));
                } else {
                    *expected.entry((no, kind, ends[no as usize])).or_default() += 10;
                    sink.report_transfer(transfer(conn, kind, 1, at as u64), b"0123456789");
                }
                if reads && at % 7 == 0 {
                    told.extend(far.try_recv());
                }
            }
            told.extend(std::iter::from_fn(|| far.try_recv()));
            let mut seen = std::collections::HashMap::<(u32, Syscall, u64), u64>::new();
            let mut ended = [0_u64; 4];
            for observed in told {
                let EventKind::Call(call) = &observed.kind else { continue };
                let SocketId::Conn(_, ConnNo(no)) = call.socket else { continue };
                match &call.data {
                    None => ended[no as usize] += 1,
                    Some(data) => {
                        prop_assert_eq!(data.len as u64, 10 * call.count());
                        *seen.entry((no, call.call, ended[no as usize])).or_default() += data.len as u64;
                    }
                }
            }
            prop_assert_eq!(seen, expected);
        }
    }
}
