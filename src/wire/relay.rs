//! The relay: carries packets from one host's link over the wire to the other's, does what the presenter asks, and
//! has the hosts' tables looked at whenever a state may have changed.

use std::io;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::cable::{Arrival, Cable, other};
use super::link::Link;
use super::sample::{Sampler, Tables};
use crate::domain::wire::{CloseReason, LossReason, WireCommand, WireEvent, WireMode};
use crate::domain::{EventKind, EventSink, Evidence, Flow, HostId, Note, Stamp, Syscall};

/// What the relay is asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
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
enum Woken {
    Stop(Option<CloseReason>),
    Order(Order),
    Packets,
    Heartbeat,
}

/// The relay between two links.
pub(super) struct Relay<L, T> {
    links: [L; 2],
    cable: Cable,
    sampler: Sampler<T>,
    sink: EventSink,
    probes: [EventSink; 2],
    orders: mpsc::Receiver<Order>,
    stop: watch::Receiver<Option<CloseReason>>,
    listed: u32,
    table_failed: bool,
    buffer: Vec<u8>,
}

impl<L: Link, T: Tables> Relay<L, T> {
    /// Between the client's link and the server's. It ends when `stop` says why.
    pub(super) fn new(
        links: [L; 2],
        cable: Cable,
        tables: T,
        sink: &EventSink,
        orders: mpsc::Receiver<Order>,
        stop: watch::Receiver<Option<CloseReason>>,
    ) -> Self {
        let probes = [HostId::Client, HostId::Server].map(|host| sink.on_wire(Some(host)));
        Self {
            links,
            cable,
            sampler: Sampler::new(tables, sink),
            sink: sink.on_wire(None),
            probes,
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
            let Self { links: [client, server], orders, stop, .. } = &mut *self;
            // Each arm gives the borrow back before anything is done.
            let woken = tokio::select! {
                biased;
                why = stop.wait_for(Option::is_some) => Woken::Stop(why.ok().and_then(|why| *why)),
                Some(order) = orders.recv() => Woken::Order(order),
                () = until(due) => Woken::Packets,
                () = sleep_until(heartbeat) => Woken::Heartbeat,
                () = yield_now(), if more => Woken::Packets,
                ready = client.ready() => ready.map(|()| Woken::Packets)?,
                ready = server.ready() => ready.map(|()| Woken::Packets)?,
            };
            match woken {
                Woken::Stop(why) => return Ok(why.unwrap_or(CloseReason::Asked)),
                Woken::Order(order) => self.obey(order),
                Woken::Packets => {}
                Woken::Heartbeat => {
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
            let live = self.cable.modes().contains(&WireMode::Live);
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
        let due = self.cable.next_due()?;
        Some(Instant::now() + due.since(self.now()))
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Wire(command) => {
                self.cable.command(self.now(), command);
                self.report();
            }
            Order::Called(host, call) => {
                let looked = self.sampler.look(host, Some(call));
                self.looked(looked);
            }
            Order::Info(host, flow) => {
                let looked = self.sampler.inform(host, &flow);
                self.looked(looked);
            }
        }
    }

    /// Takes the packets that a host has sent, as many as its turn allows. Returns whether there was any.
    fn take(&mut self, from: HostId) -> io::Result<bool> {
        for taken in 0..TURN {
            let link = if from == HostId::Client { &mut self.links[0] } else { &mut self.links[1] };
            let Some(length) = link.try_recv(&mut self.buffer)? else { return Ok(taken > 0) };
            self.listed += 1;
            let listing = self.listed <= LISTED;
            if !listing && self.pass(from, length) {
                continue;
            }
            let about = self.cable.offer(self.now(), from, &self.buffer[..length], listing);
            // The call that made the host send it has changed its socket's state already: the packet stands still
            // until that was seen.
            if let Some(about) = about.filter(|about| !about.is_plain()) {
                self.look_at(from, &about.flow);
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
        let about = self.cable.crosses(from, packet).filter(|about| !self.sampler.matters(from, about));
        if about.is_none() {
            return false;
        }
        let number = self.cable.crossed();
        let link = if from == HostId::Client { &mut self.links[1] } else { &mut self.links[0] };
        if link.send(packet).is_err() {
            let event = WireEvent::Dropped { packet: number, why: LossReason::Link };
            self.probes[usize::from(from == HostId::Server)].report(Evidence::Called, EventKind::Wire(event));
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
        let events = self.cable.take_events();
        if !events.is_empty() {
            self.tell(events);
        }
    }

    fn tell(&self, events: Vec<(HostId, EventKind)>) {
        for (from, kind) in events {
            let evidence = if matches!(kind, EventKind::Packet(_)) { Evidence::Packet } else { Evidence::Called };
            self.probes[usize::from(from == HostId::Server)].report(evidence, kind);
        }
    }

    /// Hands over every packet that arrives by now.
    fn deliver(&mut self) {
        let now = self.now();
        while let Some(arrival) = self.cable.due(now) {
            self.hand_over(&arrival);
        }
        self.report();
    }

    fn hand_over(&mut self, arrival: &Arrival) {
        let Arrival { number, from, bytes, about, listed } = arrival;
        let quick = self.cable.modes()[usize::from(*from == HostId::Server)] == WireMode::Live;
        let matters = about.is_some_and(|about| self.sampler.matters(*from, &about));
        if let Some(about) = about
            && (matters || !quick)
        {
            self.sampler.arriving(*number, *from, about);
        }
        let link = if *from == HostId::Client { &mut self.links[1] } else { &mut self.links[0] };
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
            self.probes[usize::from(*from == HostId::Server)].report_at(
                handed,
                Evidence::Called,
                EventKind::Wire(event),
            );
        }
        if !quick {
            // At the pace of a class: both hosts, whole.
            for host in [other(*from), *from] {
                let looked = self.sampler.look(host, None);
                self.looked(looked);
            }
        } else if matters && let Some(at_receiver) = about.and_then(|about| about.flow.mirror()) {
            self.look_at(other(*from), &at_receiver);
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
        let count = self.cable.take_unlisted();
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
