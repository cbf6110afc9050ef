//! The relay: carries packets from one host's link over the wire to the other's, does what the presenter asks, and
//! has the hosts' tables looked at whenever a state may have changed.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::core::{WireCore, WireDelivery};
use super::link::Link;
use super::sample::{Sampler, Tables};
use crate::domain::wire::{CloseReason, LossReason, WireCommand, WireEvent, WireMode};
use crate::domain::{EventKind, EventSink, Evidence, Flow, HostId, Note, PerHost, Stamp, Syscall};

/// What the relay is asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum RelayOrder {
    /// Something about the wire.
    Wire(WireCommand),
    /// Look at a host's table now: our own code just made this call there.
    Called(HostId, Syscall),
    /// Say what the kernel knows of this end of a connection, if that is news.
    Info(HostId, Flow),
}

/// The longest packet: a link's largest.
const LONGEST: usize = 65_536;
/// How many packets of one host are carried before the other's turn.
const TURN: usize = 32;
/// How often the tables are looked at when nothing else gives reason to: what timers and other people's calls change
/// shows itself then.
const HEARTBEAT: Duration = Duration::from_millis(200);
/// How many packets in a heartbeat are listed one by one at full speed. Those that open, close or reset always are.
const LISTED: u32 = 200;

/// What the relay woke up for.
enum RelayWakeup {
    Stop(Option<CloseReason>),
    Order(RelayOrder),
    Packets,
    Heartbeat,
}

/// The relay between two links.
pub(super) struct Relay<L, T> {
    links: PerHost<L>,
    core: WireCore,
    sampler: Sampler<T>,
    sink: EventSink,
    sinks: PerHost<EventSink>,
    orders: mpsc::Receiver<RelayOrder>,
    stop: watch::Receiver<Option<CloseReason>>,
    listed: u32,
    table_failed: bool,
    buffer: Vec<u8>,
}

impl<L: Link, T: Tables> Relay<L, T> {
    /// Between the client's link and the server's. It ends when `stop` says why.
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
            sampler: Sampler::new(tables, sink),
            sink: sink.on_wire(None),
            sinks,
            orders,
            stop,
            listed: 0,
            table_failed: false,
            buffer: vec![0; LONGEST],
        }
    }

    /// Carries packets until it is told to stop or a link fails.
    pub(super) async fn run(mut self) {
        let (why, errno) = match self.carry().await {
            Ok(why) => (why, None),
            Err(error) => (CloseReason::LinkFailed, Some(error.into())),
        };
        self.tell_uncounted();
        self.sink.report(Evidence::Called, EventKind::Wire(WireEvent::Closed { why, errno }));
    }

    async fn carry(&mut self) -> io::Result<CloseReason> {
        let mut heartbeat = Instant::now();
        // Whether packets may be there that nobody is woken for any more.
        let mut more = false;
        loop {
            let due = self.next_due();
            let Self { links, orders, stop, .. } = &mut *self;
            let [client, server] = links.both_mut();
            // Each arm gives the borrow back before anything is done.
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
                RelayWakeup::Order(order) => self.obey(order),
                RelayWakeup::Packets => {}
                RelayWakeup::Heartbeat => {
                    let looking = self.beat();
                    // Never more than a twentieth of the time.
                    heartbeat = Instant::now() + HEARTBEAT.max(looking * 20);
                }
            }
            more = self.go_on(heartbeat)?;
        }
    }

    /// Carries what there is until there is no more. At full speed it then asks again for a moment instead of sleeping:
    /// an answer is mostly there before this thread would be awake again. Whoever else wants the processor has it between
    /// two such questions. Returns whether there may be more: somebody else is to be heard first.
    fn go_on(&mut self, heartbeat: Instant) -> io::Result<bool> {
        let mut last = None;
        loop {
            self.deliver();
            // In turns: a flood of one host shall not keep the other from speaking.
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

    fn obey(&mut self, order: RelayOrder) {
        match order {
            RelayOrder::Wire(command) => {
                self.core.command(self.now(), command);
                self.report();
            }
            RelayOrder::Called(host, call) => {
                let looked = self.sampler.look(host, Some(call));
                self.looked(looked);
            }
            RelayOrder::Info(host, flow) => {
                let looked = self.sampler.inform(host, &flow);
                self.looked(looked);
            }
        }
    }

    /// Takes the packets that a host has sent, as many as its turn allows. Returns whether there was any.
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
            // The call that made the host send it has changed its socket's state already: the packet stands still
            // until that was seen.
            if let Some(outline) = outline.filter(|outline| !outline.is_plain()) {
                self.look_at(from, &outline.flow);
            }
            self.report();
            // At full speed each goes on at once; the first does not wait for the rest of its turn.
            self.deliver();
        }
        Ok(true)
    }

    /// Hands the packet in the buffer over and counts it, if that is all there is to do. Most packets of a flood are
    /// such: they are not even copied.
    fn pass(&mut self, from: HostId, length: usize) -> bool {
        let packet = &self.buffer[..length];
        let outline = self.core.crosses(from, packet).filter(|outline| !self.sampler.matters(from, outline));
        if outline.is_none() {
            return false;
        }
        let number = self.core.crossed();
        let link = self.links.of_mut(from.other());
        if link.send(packet).is_err() {
            let event = WireEvent::Dropped { packet: number, why: LossReason::Link };
            self.sinks.of(from).report(Evidence::Called, EventKind::Wire(event));
        }
        true
    }

    fn look_at(&mut self, host: HostId, flow: &Flow) {
        let looked = self.sampler.look_at(host, *flow);
        self.looked(looked);
    }

    /// Says once that a table could not be read, until it could be again.
    fn looked(&mut self, looked: io::Result<()>) {
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
        let events = self.core.take_events();
        if !events.is_empty() {
            self.tell(events);
        }
    }

    fn tell(&self, events: Vec<(HostId, EventKind)>) {
        for (from, kind) in events {
            let evidence = if matches!(kind, EventKind::Packet(_)) { Evidence::Packet } else { Evidence::Called };
            self.sinks.of(from).report(evidence, kind);
        }
    }

    /// Hands over every packet that arrives by now.
    fn deliver(&mut self) {
        let now = self.now();
        while let Some(delivery) = self.core.due(now) {
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
        let link = self.links.of_mut(from.other());
        // Whatever it brings about comes after this, also when this thread is kept from going on.
        let handed = self.sink.clock().now();
        let sent = link.send(bytes);
        if *listed || sent.is_err() {
            let event = match sent {
                Ok(()) => WireEvent::Delivered { packet: *number },
                Err(_) => WireEvent::Dropped { packet: *number, why: LossReason::Link },
            };
            // After what was decided about it before.
            self.report();
            self.sinks.of(*from).report_at(handed, Evidence::Called, EventKind::Wire(event));
        }
        if !quick {
            // At the pace of a class: both hosts, whole.
            for host in [from.other(), *from] {
                let looked = self.sampler.look(host, None);
                self.looked(looked);
            }
        } else if matters && let Some(at_receiver) = outline.and_then(|outline| outline.flow.mirror()) {
            self.look_at(from.other(), &at_receiver);
        }
    }

    /// Looks at both tables, and says how many packets were not listed. Returns how long the looking took.
    fn beat(&mut self) -> Duration {
        let begin = Instant::now();
        for host in [HostId::Client, HostId::Server] {
            let looked = self.sampler.look(host, None);
            self.looked(looked);
        }
        self.listed = 0;
        self.tell_uncounted();
        begin.elapsed()
    }

    fn tell_uncounted(&mut self) {
        let count = self.core.take_unlisted();
        if count > 0 {
            self.sink.report(Evidence::Packet, EventKind::Wire(WireEvent::Unlisted { count }));
        }
    }
}

/// Until then; for ever, when there is no then.
async fn until(then: Option<Instant>) {
    match then {
        Some(then) => sleep_until(then).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "relay_tests.rs"]
mod tests;
