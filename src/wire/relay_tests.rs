//! The relay between links in memory, on a clock that stands still.

use std::sync::{Arc, Mutex};

use super::super::decode::packets::{tcp, udp};
use super::super::link::memory::{MemoryHost, MemoryLink, memory};
use super::super::owners::ProgramEnd;
use super::*;
use crate::domain::{Cause, Clock, EventQueue, Flags, Flow, Observation, Row, TcpState};

#[derive(Default)]
struct Reports(Mutex<Vec<Observation>>);

impl EventQueue for Reports {
    fn offer(&self, seen: Observation) -> bool {
        self.0.lock().unwrap().push(seen);
        true
    }
}

/// Two tables that the test writes itself.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<PerHost<Vec<Row>>>>);

impl Written {
    fn set(&self, host: HostId, flow: Flow, state: TcpState) {
        let row = Row {
            flow,
            state: Some(state),
            recv_q: None,
            send_q: None,
            timer: None,
            uid: None,
            inode: Some(7),
            cookie: 1,
            process: None,
        };
        let mut tables = self.0.lock().unwrap();
        let rows = tables.of_mut(host);
        rows.retain(|before| before.flow != flow);
        rows.push(row);
    }
}

impl Tables for Written {
    fn dump(&mut self, host: HostId) -> io::Result<Vec<Row>> {
        Ok(self.0.lock().unwrap().of(host).clone())
    }

    fn lookup(&mut self, host: HostId, flow: Flow) -> io::Result<Option<Row>> {
        Ok(self.dump(host)?.into_iter().find(|row| row.flow == flow))
    }

    fn info(&mut self, _: HostId, _: &Flow) -> io::Result<Option<crate::domain::TcpInfo>> {
        Ok(None)
    }

    fn owner(&mut self, _: HostId, _: u64) -> Option<u32> {
        None
    }

    fn end(&mut self, _: u32) -> Option<ProgramEnd> {
        None
    }
}

struct RelayBench {
    client: MemoryHost,
    server: MemoryHost,
    orders: mpsc::Sender<RelayOrder>,
    stop: watch::Sender<Option<CloseReason>>,
    reports: Arc<Reports>,
    tables: Written,
    relay: tokio::task::JoinHandle<()>,
}

impl RelayBench {
    fn start() -> Self {
        let (client_link, client) = memory(64);
        let (server_link, server) = memory(64);
        let reports = Arc::new(Reports::default());
        let sink = EventSink::new(Clock::start(), Arc::clone(&reports) as Arc<dyn EventQueue>);
        let (orders, todo) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(None);
        let tables = Written::default();
        let core = WireCore::new(64, 1);
        let links: PerHost<MemoryLink> = PerHost::new(client_link, server_link);
        let relay = Relay::new(links, core, tables.clone(), &sink, todo, stopped);
        Self { client, server, orders, stop, reports, tables, relay: tokio::spawn(relay.run()) }
    }

    async fn say(&self, command: WireCommand) {
        self.orders.send(RelayOrder::Wire(command)).await.unwrap();
    }

    async fn end(self, why: CloseReason) -> Vec<Observation> {
        self.stop.send(Some(why)).unwrap();
        self.relay.await.unwrap();
        self.reports.0.lock().unwrap().clone()
    }
}

fn flow() -> Flow {
    Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_packet_waits_for_its_command_however_long_it_takes() {
    let mut bench = RelayBench::start();
    bench.client.send.send(udp(true, b"oi")).await.unwrap();
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert!(bench.server.arrived.try_recv().is_err());
    bench.say(WireCommand::Next).await;
    assert_eq!(bench.server.arrived.recv().await, Some(udp(true, b"oi")));
    let seen = bench.end(CloseReason::Asked).await;
    let last = EventKind::Wire(WireEvent::Closed { why: CloseReason::Asked, errno: None });
    assert_eq!(seen.last().map(|event| event.kind.clone()), Some(last));
}

#[tokio::test(start_paused = true)]
async fn slow_motion_takes_its_time_and_keeps_the_order() {
    let mut bench = RelayBench::start();
    bench.say(WireCommand::Mode(None, WireMode::Slow { hop: Duration::from_secs(2) })).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let begin = Instant::now();
    for byte in [b"1", b"2"] {
        bench.server.send.send(udp(false, byte)).await.unwrap();
    }
    assert_eq!(bench.client.arrived.recv().await, Some(udp(false, b"1")));
    let took = begin.elapsed();
    assert!((2000..=2002).contains(&took.as_millis()), "{took:?}");
    assert_eq!(bench.client.arrived.recv().await, Some(udp(false, b"2")));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_state_names_the_packet_that_made_it() {
    let mut bench = RelayBench::start();
    let listener = Flow::unconnected(flow().proto, flow().peer.unwrap());
    bench.tables.set(HostId::Server, listener, TcpState::Listen);
    bench.tables.set(HostId::Client, flow(), TcpState::SynSent);
    bench.client.send.send(tcp(true, Flags::SYN, 1, 0, b"")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    bench.tables.set(HostId::Server, flow().mirror().unwrap(), TcpState::SynRecv);
    bench.say(WireCommand::Next).await;
    bench.server.arrived.recv().await.unwrap();
    let seen = bench.end(CloseReason::Asked).await;
    let states: Vec<_> = seen
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::State(edge) if edge.flow.peer.is_some() => {
                Some((event.host.unwrap(), edge.from, edge.to, edge.cause.unwrap()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        states,
        [
            (HostId::Client, TcpState::Closed, TcpState::SynSent, Cause::Call(Syscall::Connect)),
            (HostId::Server, TcpState::Listen, TcpState::SynRecv, Cause::Packet(1)),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn at_full_speed_what_is_not_listed_is_counted() {
    let mut bench = RelayBench::start();
    bench.say(WireCommand::Mode(None, WireMode::Live)).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    for _ in 0..1000 {
        bench.client.send.send(udp(true, b"x")).await.unwrap();
        bench.server.arrived.recv().await.unwrap();
    }
    let seen = bench.end(CloseReason::Asked).await;
    let listed = seen.iter().filter(|event| matches!(event.kind, EventKind::Packet(_))).count() as u64;
    let delivered =
        seen.iter().filter(|event| matches!(event.kind, EventKind::Wire(WireEvent::Delivered { .. }))).count();
    let counted: u64 = seen
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Wire(WireEvent::Unlisted { count }) => Some(count),
            _ => None,
        })
        .sum();
    assert_eq!((listed + counted, delivered as u64), (1000, listed));
    assert!(counted > 0);
}

#[tokio::test(start_paused = true)]
async fn packets_that_a_host_cannot_take_are_reported_also_when_unlisted() {
    const SENT: u64 = 1_000;
    let mut bench = RelayBench::start();
    bench.say(WireCommand::Mode(None, WireMode::Live)).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    // The server takes in no more than its link has room for.
    for _ in 0..SENT {
        bench.client.send.send(udp(true, b"x")).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let arrived = std::iter::from_fn(|| bench.server.arrived.try_recv().ok()).count() as u64;
    let seen = bench.end(CloseReason::Asked).await;
    let lost = seen
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Wire(WireEvent::Dropped { why: LossReason::Link, .. })));
    assert_eq!(arrived + lost.count() as u64, SENT);
    let listed = seen.iter().filter(|event| matches!(event.kind, EventKind::Packet(_))).count() as u64;
    assert!(listed < SENT && arrived < listed, "{listed} listed, {arrived} arrived");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_gone_ends_the_relay() {
    let bench = RelayBench::start();
    drop(bench.client.send);
    bench.relay.await.unwrap();
    let seen = bench.reports.0.lock().unwrap();
    assert!(matches!(
        seen.last().unwrap().kind,
        EventKind::Wire(WireEvent::Closed { why: CloseReason::LinkFailed, errno: Some(_) })
    ));
}
