//! Samples both hosts' socket tables and reports the changes since the last sample, with their causes.

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::Duration;

use super::attribute::{self, Arrivals, Circumstances};
use super::counters::CounterReading;
use super::decode::Outline;
use super::owners::ProgramEnd;
use crate::domain::{
    Delta, EventKind, EventSink, Evidence, Flow, HostId, PerHost, Proto, Row, RowKey, Stamp, Syscall, TcpInfo,
    TcpInput, TcpState, Timer, Transition, tcp,
};

pub(super) trait Tables: Send {
    fn dump(&mut self, host: HostId) -> io::Result<Vec<Row>>;

    fn lookup(&mut self, host: HostId, flow: Flow) -> io::Result<Option<Row>>;

    /// The `TCP_INFO` of the TCP socket with exactly these addresses, where there is one that has it.
    fn info(&mut self, host: HostId, flow: &Flow) -> io::Result<Option<TcpInfo>>;

    /// The counters of a host's kernel; `None` where they cannot be read.
    fn counters(&mut self, _host: HostId) -> Option<CounterReading> {
        None
    }

    /// The program on a host that has a descriptor of the socket with this inode.
    fn owner(&mut self, host: HostId, inode: u64) -> Option<u32>;

    /// How that program ended, if it has.
    fn end(&mut self, program: u32) -> Option<ProgramEnd>;
}

#[derive(Debug, Default)]
struct HostView {
    rows: HashMap<RowKey, Row>,
    states: HashMap<Flow, TcpState>,
    arrivals: HashMap<Flow, Arrivals>,
    /// The connections that no program holds any more.
    orphans: HashSet<Flow>,
    /// The programs that hold the others, as far as they were started here.
    owners: HashMap<Flow, u32>,
    /// The timer of a connection, which may end it.
    timers: HashMap<Flow, SeenTimer>,
    /// The `TCP_INFO` reported last, of each end.
    infos: HashMap<Flow, TcpInfo>,
}

/// A timer as it was read last.
#[derive(Debug, Clone, Copy)]
struct SeenTimer {
    /// When it expires.
    expires: Stamp,
    /// How often it had expired for the same segment.
    count: u8,
}

impl SeenTimer {
    /// The resolution of the kernel's timers: a tick of the slowest clock it is built with.
    const TICK: Duration = Duration::from_millis(10);
    /// Within this time after it expired, it cannot have expired once more: RTO's initial value is a second (RFC 6298).
    const ONCE: Duration = Duration::from_millis(900);

    /// Whether it can have ended a connection in `state` by now. A SYN is sent again at least once
    /// (`tcp_syn_retries`, tcp(7)), so the first expiry ends no connection: its program closed it at that moment, as
    /// `nc -w 1` does.
    fn can_end(self, state: TcpState, now: Stamp) -> bool {
        let first = self.count == 0 && now.since(self.expires) < Self::ONCE;
        self.expires <= now.after(Self::TICK) && !(first && state == TcpState::SynSent)
    }
}

pub(super) struct Sampler<T> {
    tables: T,
    sinks: PerHost<EventSink>,
    seen: PerHost<HostView>,
    /// What was found and is not reported yet.
    found: Vec<(HostId, Stamp, Evidence, EventKind)>,
}

impl<T: Tables> Sampler<T> {
    /// With more rows than this, a single connection is looked up instead of dumping the table.
    const MANY: usize = 32;
    const KEPT: usize = 8192;

    pub(super) fn new(tables: T, sink: &EventSink) -> Self {
        let sinks = PerHost::from_fn(|host| sink.on_wire(Some(host)));
        Self { tables, sinks, seen: PerHost::default(), found: Vec::new() }
    }

    /// Reports what was found since the last call.
    pub(super) fn report(&mut self) {
        for (host, at, evidence, kind) in self.found.drain(..) {
            self.sinks.of(host).report_at(at, evidence, kind);
        }
    }

    fn find(&mut self, host: HostId, evidence: Evidence, kind: EventKind) {
        self.found.push((host, self.sinks.of(host).clock().now(), evidence, kind));
    }

    /// Whether the arrival of a packet from `from` can change a state at the other end.
    pub(super) fn matters(&self, from: HostId, outline: &Outline) -> bool {
        let (Some(flags), Some(at_receiver)) = (outline.flags, outline.flow.mirror()) else { return false };
        let there = self.seen.of(from.other());
        let unread = outline.data && there.orphans.contains(&at_receiver);
        attribute::matters(flags, unread, there.states.get(&at_receiver).copied())
    }

    /// The state of a socket of a host at the last sample.
    pub(super) fn state(&self, host: HostId, flow: &Flow) -> Option<TcpState> {
        self.seen.of(host).states.get(flow).copied()
    }

    /// Whether a socket of a host listened on the local address of `flow` at the last sample.
    pub(super) fn listens(&self, host: HostId, flow: Flow) -> bool {
        listener_of(&self.seen.of(host).states, flow).is_some()
    }

    /// The counters of a host's kernel; `None` where they cannot be read.
    pub(super) fn counters(&mut self, host: HostId) -> Option<CounterReading> {
        self.tables.counters(host)
    }

    /// Notes a packet from `from` that is about to be delivered.
    pub(super) fn arriving(&mut self, number: u64, from: HostId, outline: &Outline) {
        let (Some(flags), Some(at_receiver)) = (outline.flags, outline.flow.mirror()) else { return };
        let arrivals = &mut self.seen.of_mut(from.other()).arrivals;
        if arrivals.len() > Self::KEPT {
            arrivals.clear();
        }
        arrivals.entry(at_receiver).or_default().note(number, flags, outline.data);
    }

    /// Forgets a packet that the kernel has not taken: no later change is its doing.
    pub(super) fn disregard(&mut self, host: HostId, at_receiver: &Flow, number: u64) {
        if let Some(arrivals) = self.seen.of_mut(host).arrivals.get_mut(at_receiver) {
            arrivals.forget(number);
        }
    }

    /// Samples a host's table; [`Sampler::report`] reports what it found. `call` was just made there by this process.
    pub(super) fn look(&mut self, host: HostId, call: Option<Syscall>) -> io::Result<()> {
        let now = self.tables.dump(host)?;
        self.compare(host, now, call);
        Ok(())
    }

    /// Has the next `TCP_INFO` of this end reported even if it is as it was.
    pub(super) fn forget_info(&mut self, host: HostId, flow: &Flow) {
        self.seen.of_mut(host).infos.remove(flow);
    }

    /// Reads the `TCP_INFO` of one end of a connection, right after `packet` was sent or delivered if it is about one, and
    /// reports it unless it is as it was.
    pub(super) fn inform(&mut self, host: HostId, flow: &Flow, at_packet: Option<u64>) -> io::Result<()> {
        let Some(info) = self.tables.info(host, flow)? else { return Ok(()) };
        let infos = &mut self.seen.of_mut(host).infos;
        if infos.get(flow) == Some(&info) {
            return Ok(());
        }
        if infos.len() > Self::KEPT {
            infos.clear();
        }
        infos.insert(*flow, info.clone());
        self.find(host, Evidence::Sampled, EventKind::Info(TcpInfo { at_packet, ..info }));
        Ok(())
    }

    /// Samples one connection of a host.
    pub(super) fn look_at(&mut self, host: HostId, flow: Flow) -> io::Result<()> {
        if self.seen.of(host).rows.len() <= Self::MANY {
            return self.look(host, None);
        }
        let row = self.tables.lookup(host, flow)?;
        let listens = self.listens(host, flow);
        self.transition(host, flow, row.as_ref(), listens, None);
        let seen = self.seen.of(host);
        let gone: Vec<RowKey> = seen
            .rows
            .keys()
            .filter(|key| key.flow == flow && row.as_ref().map(Row::key) != Some(**key))
            .copied()
            .collect();
        self.rows(host, row.into_iter().collect(), gone);
        Ok(())
    }

    /// Samples what a packet of this connection, from or to this host, can have changed: the connection and its listener.
    pub(super) fn look_around(&mut self, host: HostId, flow: Flow) -> io::Result<()> {
        let few = self.seen.of(host).rows.len() <= Self::MANY;
        if few || flow.proto != Proto::Tcp {
            return self.look(host, None);
        }
        self.look_at(host, flow)?;
        match listener_of(&self.seen.of(host).states, flow) {
            Some(listener) => self.look_at(host, listener),
            None => Ok(()),
        }
    }

    fn compare(&mut self, host: HostId, now: Vec<Row>, call: Option<Syscall>) {
        let keys: HashSet<RowKey> = now.iter().map(Row::key).collect();
        // The kernel gives up what a listener has not accepted when that is closed, also if another one takes its place.
        let closed = |key: &&RowKey| key.flow.peer.is_none() && !keys.contains(key);
        let closed: HashSet<Flow> = self.seen.of(host).rows.keys().filter(closed).map(|key| key.flow).collect();
        let mut tcp: HashMap<Flow, &Row> = HashMap::with_capacity(now.len());
        for row in now.iter().filter(|row| row.state.is_some()) {
            tcp.insert(row.flow, row);
        }
        // Listeners first: they are the origin of connections.
        let mut here: Vec<Flow> = tcp.keys().copied().collect();
        here.sort_unstable_by_key(|flow| (flow.peer.is_some(), *flow));
        for flow in here {
            let listens = self.listens(host, flow);
            self.transition(host, flow, tcp.get(&flow).copied(), listens, call);
        }
        let states = &self.seen.of(host).states;
        let mut gone: Vec<Flow> = states.keys().filter(|flow| !tcp.contains_key(flow)).copied().collect();
        gone.sort_unstable_by_key(|flow| (flow.peer.is_some(), *flow));
        for flow in gone {
            let listener = listener_of(&self.seen.of(host).states, flow);
            let listens = listener.is_some_and(|listener| !closed.contains(&listener));
            self.transition(host, flow, None, listens, call);
        }
        let gone = self.seen.of(host).rows.keys().filter(|key| !keys.contains(key)).copied().collect();
        self.rows(host, now, gone);
    }

    /// Finds a connection's transitions since the last sample. `listens` says whether a listener has its local address.
    fn transition(&mut self, host: HostId, flow: Flow, row: Option<&Row>, listens: bool, call: Option<Syscall>) {
        let seen = self.seen.of_mut(host);
        let listener = flow.peer.is_some() && listens;
        let before = seen.states.get(&flow).copied();
        let now = row.and_then(|row| row.state);
        let (from, to) = match (before, now) {
            (None, None) => return,
            (None, Some(now)) => (attribute::origin(now, listener), now),
            (Some(before), Some(now)) => (before, now),
            (Some(before), None) => (before, attribute::destination(before, listener)),
        };
        match now {
            Some(now) => seen.states.insert(flow, now),
            None => seen.states.remove(&flow),
        };
        let edges = attribute::edges(from, to, listener);
        if edges.is_empty() {
            return;
        }
        let arrivals = seen.arrivals.remove(&flow).unwrap_or_default();
        let owner = seen.owners.get(&flow).copied();
        let is_orphan = seen.orphans.contains(&flow);
        let now = self.sinks.of(host).clock().now();
        let timed_out = seen.timers.get(&flow).is_some_and(|timer| timer.can_end(from, now));
        let ended = owner.and_then(|owner| self.tables.end(owner));
        let inode = row.and_then(|row| row.inode);
        let is_open = inode.map(|inode| inode != 0 && self.is_open_still(host, flow, &edges));
        let around = Circumstances { call, is_open, is_orphan, timed_out, ended };
        for (at, &(from, to)) in edges.iter().enumerate() {
            let evidence = if at + 1 == edges.len() { Evidence::Sampled } else { Evidence::Inferred };
            let cause = attribute::cause((from, to), &arrivals, around);
            self.find(host, evidence, EventKind::State(Transition { flow, from, to, cause }));
        }
    }

    /// Whether a socket has a descriptor after the call that sent its FIN: `shutdown` leaves it, `close` takes it away, but
    /// later than it sends the FIN. Both hold the socket's lock meanwhile, and the kernel waits for the lock before it
    /// answers with the `TCP_INFO` (`tcp_get_info`): what the table shows after that is what the call left.
    fn is_open_still(&mut self, host: HostId, flow: Flow, edges: &[(TcpState, TcpState)]) -> bool {
        let sends_fin = |(from, to): &(TcpState, TcpState)| tcp::inputs(*from, *to).any(|by| by == TcpInput::Close);
        if !edges.iter().any(sends_fin) || self.tables.info(host, &flow).is_err() {
            return true;
        }
        let row = self.tables.lookup(host, flow);
        row.is_ok_and(|row| row.is_some_and(|row| row.inode != Some(0)))
    }

    fn rows(&mut self, host: HostId, now: Vec<Row>, gone: Vec<RowKey>) {
        let read = self.sinks.of(host).clock().now();
        for key in gone {
            let HostView { rows, timers, orphans, owners, .. } = self.seen.of_mut(host);
            timers.remove(&key.flow);
            orphans.remove(&key.flow);
            owners.remove(&key.flow);
            rows.remove(&key);
            self.find(host, Evidence::Sampled, EventKind::Row(Delta::Gone(key)));
        }
        for row in now {
            let HostView { rows, timers, orphans, owners, .. } = self.seen.of_mut(host);
            match row.timer {
                Some(timer) => {
                    timers.insert(row.flow, SeenTimer { expires: read.after(timer.left()), count: timer.count })
                }
                None => timers.remove(&row.flow),
            };
            let before = rows.get(&row.key());
            let inode = row.inode.unwrap_or(0);
            if before.is_none_or(|before| before.inode != row.inode) {
                if inode == 0 {
                    orphans.insert(row.flow);
                } else {
                    orphans.remove(&row.flow);
                    // A connection whose program has closed it keeps its owner: that one may have ended.
                    self.tables.owner(host, inode).map(|owner| owners.insert(row.flow, owner));
                }
            }
            let delta = match before {
                None => Delta::Added(row.clone()),
                Some(before) if differs(before, &row) => Delta::Changed(row.clone()),
                Some(_) => continue,
            };
            rows.insert(row.key(), row);
            self.find(host, Evidence::Sampled, EventKind::Row(delta));
        }
    }
}

/// The socket that listens on the local address of `flow`, or on its port at every address.
fn listener_of(states: &HashMap<Flow, TcpState>, flow: Flow) -> Option<Flow> {
    let mut any = flow.local;
    any.set_ip(std::net::Ipv4Addr::UNSPECIFIED.into());
    let listeners = [flow.local, any].map(|local| Flow::unconnected(flow.proto, local));
    listeners.into_iter().find(|listener| states.get(listener) == Some(&TcpState::Listen))
}

/// Whether a row has changed. A timer that was set again is a change; one that has only run on is not.
fn differs(before: &Row, now: &Row) -> bool {
    let still = |row: &Row| Row { timer: row.timer.map(|timer| Timer { left_ms: 0, ..timer }), ..row.clone() };
    let set_anew = before.timer.zip(now.timer).is_some_and(|(before, now)| now.left_ms > before.left_ms + 50);
    set_anew || still(before) != still(now)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Clock, EventQueue, Observation};

    struct Unheard;

    impl EventQueue for Unheard {
        fn offer(&self, _: Observation) -> bool {
            true
        }
    }

    /// Tables whose rows are all looked up, and never read whole once there are many.
    struct Crowded {
        rows: Vec<Row>,
        dumps: usize,
        lookups: Vec<Flow>,
    }

    impl Tables for &mut Crowded {
        fn dump(&mut self, _: HostId) -> io::Result<Vec<Row>> {
            self.dumps += 1;
            Ok(self.rows.clone())
        }

        fn lookup(&mut self, _: HostId, flow: Flow) -> io::Result<Option<Row>> {
            self.lookups.push(flow);
            Ok(self.rows.iter().find(|row| row.flow == flow).cloned())
        }

        fn info(&mut self, _: HostId, _: &Flow) -> io::Result<Option<TcpInfo>> {
            Ok(None)
        }

        fn owner(&mut self, _: HostId, _: u64) -> Option<u32> {
            None
        }

        fn end(&mut self, _: u32) -> Option<ProgramEnd> {
            None
        }
    }

    #[test]
    fn what_a_packet_can_change_is_looked_up_however_many_others_there_are() {
        let listener = Flow::unconnected(Proto::Tcp, "192.0.2.1:65432".parse().unwrap());
        let connection = |port: u16| Flow { peer: Some(([192, 0, 2, 2], port).into()), ..listener };
        let row = |flow, state| Row { state: Some(state), ..Row::new(flow) };
        let mut rows: Vec<_> = (40_000..42_000).map(|port| row(connection(port), TcpState::Established)).collect();
        rows.push(row(listener, TcpState::Listen));
        let mut tables = Crowded { rows, dumps: 0, lookups: Vec::new() };
        let sink = EventSink::new(Clock::start(), Arc::new(Unheard));
        let mut sampler = Sampler::new(&mut tables, &sink);
        sampler.look(HostId::Server, None).unwrap();
        sampler.look_around(HostId::Server, connection(40_007)).unwrap();
        drop(sampler);
        assert_eq!((tables.dumps, tables.lookups), (1, vec![connection(40_007), listener]));
    }

    #[test]
    fn the_first_expiry_of_a_syns_timer_ends_no_connection() {
        use TcpState::{Established, SynSent};
        let expires = Stamp::from_millis(1_000);
        for (count, state, now, can_end) in [
            (0, SynSent, 500, false),
            (0, SynSent, 1_005, false),
            (1, SynSent, 1_005, true),
            (0, Established, 1_005, true),
            (0, Established, 500, false),
            // It has expired again since it was read.
            (0, SynSent, 30_000, true),
        ] {
            let timer = SeenTimer { expires, count };
            assert_eq!(timer.can_end(state, Stamp::from_millis(now)), can_end, "{count} {state} {now}");
        }
    }
}
