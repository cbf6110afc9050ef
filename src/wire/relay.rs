//! The relay: carries packets from one host's link over the wire to the other's, carries out commands, and samples the
//! hosts' tables whenever a state may have changed.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::core::{WireCore, WireDelivery};
use super::decode::Outline;
use super::kernel_watch::KernelWatch;
use super::link::Link;
use super::sample::{Sampler, Tables};
use super::watched::WatchedFlow;
use crate::domain::wire::{CloseReason, LossReason, WireCommand, WireEvent, WireMode};
use crate::domain::{
    Disposition, EventKind, EventSink, Evidence, Flow, HostId, KernelVerdict, Note, PerHost, Proto, Stamp, Syscall,
};

#[derive(Debug, Clone)]
pub(super) enum RelayOrder {
    /// A command for the wire.
    Wire(WireCommand),
    /// Sample a host's table now, because this process made this call there.
    Called(HostId, Syscall),
    /// Report the `TCP_INFO` of this end of a connection, if it has changed.
    Info(HostId, Flow),
    /// Read the `TCP_INFO` of this connection at its packets also at full speed; of none any more without one.
    Watch(Option<Flow>),
    /// Report it, whether it has changed or not.
    InfoAnew(HostId, Flow),
}

const LONGEST: usize = 65_536;
/// How many packets of one host are carried before the other's.
const TURN: usize = 32;
/// How often the tables are sampled without another reason: this finds changes made by timers and by other processes.
const HEARTBEAT: Duration = Duration::from_millis(200);
/// How many packets per heartbeat are listed at full speed. Those that open, close or reset a connection always are.
const LISTED: u32 = 200;

enum RelayWakeup {
    Stop(Option<CloseReason>),
    Order(RelayOrder),
    Packets,
    Heartbeat,
}

pub(super) struct Relay<L, T> {
    links: PerHost<L>,
    core: WireCore,
    watched: WatchedFlow,
    sampler: Sampler<T>,
    kernels: KernelWatch,
    sink: EventSink,
    sinks: PerHost<EventSink>,
    orders: mpsc::Receiver<RelayOrder>,
    stop: watch::Receiver<Option<CloseReason>>,
    listed: u32,
    table_failed: bool,
    buffer: Vec<u8>,
}

impl<L: Link, T: Tables> Relay<L, T> {
    /// It ends when `stop` has a reason.
    pub(super) fn new(
        links: PerHost<L>,
        core: WireCore,
        tables: T,
        sink: &EventSink,
        orders: mpsc::Receiver<RelayOrder>,
        stop: watch::Receiver<Option<CloseReason>>,
    ) -> Self {
        let sinks = PerHost::from_fn(|host| sink.on_wire(Some(host)));
        Self {
            links,
            core,
            watched: WatchedFlow::none(Instant::now().into_std()),
            sampler: Sampler::new(tables, sink),
            kernels: KernelWatch::default(),
            sink: sink.on_wire(None),
            sinks,
            orders,
            stop,
            listed: 0,
            table_failed: false,
            buffer: vec![0; LONGEST],
        }
    }

    /// Runs until it is stopped or a link fails.
    pub(super) async fn run(mut self) {
        let (why, errno) = match self.carry().await {
            Ok(why) => (why, None),
            Err(error) => (CloseReason::LinkFailed, Some(error.into())),
        };
        self.report_unlisted();
        self.sink.report(Evidence::Called, EventKind::Wire(WireEvent::Closed { why, errno }));
    }

    async fn carry(&mut self) -> io::Result<CloseReason> {
        let mut heartbeat = Instant::now();
        // Whether packets may be left that will not wake the task.
        let mut more = false;
        loop {
            let due = self.next_due();
            let Self { links, orders, stop, .. } = &mut *self;
            let [client, server] = links.both_mut();
            // The arms only return a value, so that the borrows end before it is handled.
            let woken = tokio::select! {
                biased;
                why = stop.wait_for(Option::is_some) => RelayWakeup::Stop(why.ok().and_then(|why| *why)),
                Some(order) = orders.recv() => RelayWakeup::Order(order),
                () = until(due) => RelayWakeup::Packets,
                () = sleep_until(heartbeat) => RelayWakeup::Heartbeat,
                () = yield_now(), if more => RelayWakeup::Packets,
                ready = client.ready() => ready.map(|()| RelayWakeup::Packets)?,
                ready = server.ready() => ready.map(|()| RelayWakeup::Packets)?,
            };
            match woken {
                RelayWakeup::Stop(why) => return Ok(why.unwrap_or(CloseReason::Asked)),
                RelayWakeup::Order(order) => self.carry_out(order),
                RelayWakeup::Packets => {}
                RelayWakeup::Heartbeat => {
                    let looking = self.beat();
                    // At most a twentieth of the time.
                    heartbeat = Instant::now() + HEARTBEAT.max(looking * 20);
                }
            }
            more = self.go_on(heartbeat)?;
            if let Some(soon) = self.kernels.again() {
                heartbeat = heartbeat.min(Instant::now() + soon);
            }
        }
    }

    /// Carries packets until there are no more. At full speed it then polls for a moment instead of sleeping, since an
    /// answer usually comes before this thread would wake up, and yields the processor in between. Returns `true` if
    /// there may be more packets, but an order or the heartbeat comes first.
    fn go_on(&mut self, heartbeat: Instant) -> io::Result<bool> {
        let mut last = None;
        loop {
            self.deliver();
            // In turns, so that a flood of one host does not starve the other.
            let any = self.take(HostId::Client)? | self.take(HostId::Server)?;
            let now = Instant::now();
            if now >= heartbeat || !self.orders.is_empty() || self.stop.has_changed().unwrap_or(true) {
                return Ok(any);
            }
            if any {
                last = Some(now);
                continue;
            }
            let live = self.core.directions.iter().any(|(_, direction)| direction.mode == WireMode::Live);
            if last.is_none_or(|last| !live || now - last >= L::WORTH_ASKING) {
                return Ok(false);
            }
            std::thread::yield_now();
        }
    }

    fn now(&self) -> Stamp {
        self.sink.clock().at(Instant::now().into_std())
    }

    fn next_due(&self) -> Option<Instant> {
        let due = self.core.next_due()?;
        Some(Instant::now() + due.since(self.now()))
    }

    fn carry_out(&mut self, order: RelayOrder) {
        match order {
            RelayOrder::Wire(command) => {
                self.core.command(self.now(), command);
                self.report();
            }
            RelayOrder::Called(host, call) => {
                let looked = self.sampler.look(host, Some(call));
                self.looked(looked);
            }
            RelayOrder::InfoAnew(host, flow) => {
                self.sampler.forget_info(host, &flow);
                self.carry_out(RelayOrder::Info(host, flow));
            }
            RelayOrder::Info(host, flow) => {
                let looked = self.sampler.inform(host, &flow, None);
                self.looked(looked);
            }
            RelayOrder::Watch(flow) => self.watched.turn_to(flow),
        }
    }

    /// Receives the packets of a host, as many as its turn allows. Returns whether there was any.
    fn take(&mut self, from: HostId) -> io::Result<bool> {
        for taken in 0..TURN {
            let link = self.links.of_mut(from);
            let Some(length) = link.try_recv(&mut self.buffer)? else { return Ok(taken > 0) };
            self.listed += 1;
            let listing = self.listed <= LISTED;
            if !listing && self.pass(from, length) {
                continue;
            }
            let outline = self.core.offer(self.now(), from, &self.buffer[..length], listing);
            // The call behind this packet has already changed its socket's state, which is sampled before the packet
            // goes on.
            if let Some(outline) = outline.filter(|outline| !outline.is_plain()) {
                self.look_at(from, &outline.flow);
            }
            self.report();
            let number = self.core.latest;
            if let Some(outline) = outline {
                self.read_after(from, &outline, number);
            }
            // At full speed each packet goes on at once.
            self.deliver();
        }
        Ok(true)
    }

    /// Delivers the packet in the buffer without copying it, if it only has to be counted, like most packets of a
    /// flood.
    fn pass(&mut self, from: HostId, length: usize) -> bool {
        let packet = &self.buffer[..length];
        let outline = self.core.crosses(from, packet).filter(|outline| !self.sampler.matters(from, outline));
        let Some(outline) = outline else { return false };
        let number = self.core.crossed();
        let link = self.links.of_mut(from.other());
        if link.send(packet).is_err() {
            let event = WireEvent::Dropped { packet: number, why: LossReason::Link };
            self.sinks.of(from).report(Evidence::Called, EventKind::Wire(event));
        }
        // What this one has caused at either end.
        if self.reads(from, &outline) {
            for looked in self.read_ends(from, outline.flow, number) {
                self.looked(looked);
            }
        }
        true
    }

    /// Whether the `TCP_INFO` of an end is read at this packet.
    fn reads(&mut self, from: HostId, outline: &Outline) -> bool {
        let is_slow = self.core.mode(from) != WireMode::Live;
        let watched = |watched: &mut WatchedFlow| watched.takes(&outline.flow, || Instant::now().into_std());
        outline.flow.proto == Proto::Tcp && (is_slow || watched(&mut self.watched))
    }

    /// Reads what the sender's kernel says after it sent a packet.
    fn read_after(&mut self, from: HostId, outline: &Outline, number: u64) {
        if self.reads(from, outline) {
            let looked = self.sampler.inform(from, &outline.flow, Some(number));
            self.looked(looked);
        }
    }

    /// Reads what both kernels say after a packet was delivered.
    fn read_ends(&mut self, from: HostId, flow: Flow, number: u64) -> [io::Result<()>; 2] {
        let ends = [(from.other(), flow.mirror()), (from, Some(flow))];
        ends.map(|(host, end)| end.map_or(Ok(()), |end| self.sampler.inform(host, &end, Some(number))))
    }

    fn look_at(&mut self, host: HostId, flow: &Flow) {
        let looked = self.sampler.look_at(host, *flow);
        self.looked(looked);
    }

    /// Reports what a look at a table found, and once that a table could not be read, until it can be read again.
    fn looked(&mut self, looked: io::Result<()>) {
        self.sampler.report();
        match looked {
            Ok(()) => self.table_failed = false,
            Err(_) if self.table_failed => {}
            Err(error) => {
                self.table_failed = true;
                self.sink.report(Evidence::Called, EventKind::Note(Note::TableFailed { errno: error.into() }));
            }
        }
    }

    fn report(&mut self) {
        for (from, kind) in self.core.take_events() {
            let evidence = if matches!(kind, EventKind::Packet(_)) { Evidence::Packet } else { Evidence::Called };
            self.sinks.of(from).report(evidence, kind);
        }
    }

    fn deliver(&mut self) {
        let now = self.now();
        while let Some(delivery) = self.core.due(now) {
            // What led to it comes before it.
            self.report();
            self.hand_over(&delivery);
        }
        self.report();
    }

    fn hand_over(&mut self, delivery: &WireDelivery) {
        let WireDelivery { number, from, bytes, outline, listed } = delivery;
        let quick = self.core.mode(*from) == WireMode::Live;
        let matters = outline.is_some_and(|outline| self.sampler.matters(*from, &outline));
        if let Some(outline) = outline
            && (matters || !quick)
        {
            self.sampler.arriving(*number, *from, outline);
        }
        let watched = if quick || !listed {
            None
        } else {
            self.late_verdicts(from.other());
            KernelWatch::before(&mut self.sampler, delivery)
        };
        let link = self.links.of_mut(from.other());
        // Its effects are stamped later than this, even if this thread is preempted.
        let handed = self.sink.clock().now();
        let sent = link.send(bytes);
        let watched =
            watched.filter(|_| sent.is_ok()).and_then(|watched| Some((watched, self.sampler.counters(from.other())?)));
        let counted = self.sink.clock().now();
        // Whoever waits for the delivery may make the next call then, so the looks come first. They are reported after it.
        let mut looks = Vec::new();
        if !quick {
            // Not at full speed: samples both ends.
            let flow = outline.map(|outline| outline.flow);
            for (host, end) in [(from.other(), flow.and_then(|flow| flow.mirror())), (*from, flow)] {
                looks.push(match end {
                    Some(end) => self.sampler.look_around(host, end),
                    None => self.sampler.look(host, None),
                });
            }
        } else if matters && let Some(at_receiver) = outline.and_then(|outline| outline.flow.mirror()) {
            looks.push(self.sampler.look_at(from.other(), at_receiver));
        }
        if let Some(outline) = outline.filter(|outline| self.reads(*from, outline)) {
            looks.extend(self.read_ends(*from, outline.flow, *number));
        }
        if *listed || sent.is_err() {
            let event = match sent {
                Ok(()) => WireEvent::Delivered { packet: *number },
                Err(_) => WireEvent::Dropped { packet: *number, why: LossReason::Link },
            };
            // After earlier events about it.
            self.report();
            self.sinks.of(*from).report_at(handed, Evidence::Called, EventKind::Wire(event));
        }
        let verdict = watched.and_then(|(watched, now)| self.kernels.after(&self.sampler, delivery, watched, now));
        if let (Some(verdict), Some(outline)) = (&verdict, outline)
            && verdict.did != Disposition::Taken
            && let Some(at_receiver) = outline.flow.mirror()
        {
            self.sampler.disregard(verdict.by, &at_receiver, verdict.packet);
        }
        self.verdicts(counted, verdict);
        looks.into_iter().for_each(|looked| self.looked(looked));
    }

    fn verdicts(&self, at: Stamp, verdicts: impl IntoIterator<Item = KernelVerdict>) {
        for verdict in verdicts {
            let sender = self.sinks.of(verdict.by.other());
            sender.report_at(at, Evidence::Sampled, EventKind::Wire(WireEvent::Verdict(verdict)));
        }
    }

    /// Reports what became of damaged datagrams that a host has looked at since.
    fn late_verdicts(&mut self, by: HostId) {
        let verdicts = self.kernels.late(&mut self.sampler, by);
        self.verdicts(self.sink.clock().now(), verdicts);
    }

    /// Samples both tables, and reports the number of unlisted packets and the lengths of the queues. Returns how long that took.
    fn beat(&mut self) -> Duration {
        let begin = Instant::now();
        for host in [HostId::Client, HostId::Server] {
            self.late_verdicts(host);
            let looked = self.sampler.look(host, None);
            self.looked(looked);
        }
        self.listed = 0;
        self.core.report_queues();
        self.report();
        self.report_unlisted();
        begin.elapsed()
    }

    fn report_unlisted(&mut self) {
        let count = self.core.take_unlisted();
        if count > 0 {
            self.sink.report(Evidence::Packet, EventKind::Wire(WireEvent::Unlisted { count }));
        }
    }
}

/// Sleeps until this time, or for ever.
async fn until(then: Option<Instant>) {
    match then {
        Some(then) => sleep_until(then).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
