//! An open wire for the tests, the journal of its events, and waiting with a deadline.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use socklab::api::domain::{
    Cause, Clock, EventKind, EventQueue, EventSink, Evidence, Flow, HostId, LinkKind, Observation, PacketSummary, Row,
    TcpInfo, TcpState, Transition, WireCommand, WireEvent,
};
use socklab::api::observe::{Scope, SockDiag};
use socklab::api::wire::{ReadTable, Setting, Wire, WireOptions};

use crate::fixtures::{BINARY, DEADLINE};

/// All events, in order.
#[derive(Default)]
pub(crate) struct Journal(Mutex<Vec<Observation>>, Condvar);

impl EventQueue for Journal {
    fn offer(&self, seen: Observation) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        self.1.notify_all();
        true
    }
}

impl Journal {
    /// Waits until `look` finds something in the journal.
    pub(crate) fn wait<R>(&self, what: &str, look: impl FnMut(&[Observation]) -> Option<R>) -> R {
        self.wait_for(DEADLINE, what, look)
    }

    /// Waits for something that takes the kernel long.
    pub(crate) fn wait_long<R>(&self, what: &str, look: impl FnMut(&[Observation]) -> Option<R>) -> R {
        self.wait_for(DEADLINE * 4, what, look)
    }

    fn wait_for<R>(&self, patience: Duration, what: &str, mut look: impl FnMut(&[Observation]) -> Option<R>) -> R {
        let deadline = Instant::now() + patience;
        let mut seen = self.0.lock().unwrap();
        loop {
            if let Some(found) = look(&seen) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let lines: Vec<_> = seen.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
                panic!("waited in vain for {what}:\n{}", lines.join("\n"));
            }
            seen = self.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    pub(crate) fn all(&self) -> Vec<Observation> {
        self.0.lock().unwrap().clone()
    }
}

/// Reads a host's table as the program does.
struct HostTable;

impl ReadTable for HostTable {
    fn dump(&self, diag: &OwnedFd) -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        SockDiag::on(diag.try_clone()?)?.dump(&Scope::All, &mut |row| rows.push(row))?;
        Ok(rows)
    }

    fn info(&self, diag: &OwnedFd, flow: &Flow) -> io::Result<Option<TcpInfo>> {
        SockDiag::on(diag.try_clone()?)?.info(flow)
    }
}

/// An open wire and its journal.
pub(crate) struct Bench {
    pub(crate) wire: Wire,
    pub(crate) journal: Arc<Journal>,
}

impl Bench {
    pub(crate) fn open() -> Self {
        Self::on(None)
    }

    /// On this kind of link.
    pub(crate) fn on(link: Option<LinkKind>) -> Self {
        // What these tests wait for is sent by the kernels' own timers.
        let settings = vec![Setting::Patience(false)];
        let options = WireOptions { binary: Some(BINARY.into()), link, settings, ..WireOptions::default() };
        let journal = Arc::new(Journal::default());
        let sink = EventSink::new(Clock::start(), Arc::clone(&journal) as Arc<dyn EventQueue>);
        let wire = Wire::open(&sink, &options, HostTable).unwrap();
        Self { wire, journal }
    }

    pub(crate) fn command(&self, command: WireCommand) {
        self.wire.command(command).unwrap();
    }

    pub(crate) fn addr(&self, host: HostId, port: u16) -> SocketAddr {
        (self.wire.host(host).address(), port).into()
    }

    /// A socket that listens on the server.
    pub(crate) fn listener(&self, port: u16) -> std::net::TcpListener {
        let addr = self.addr(HostId::Server, port);
        let socket = self.wire.host(HostId::Server).stream(addr).unwrap();
        socket.bind(&addr.into()).unwrap();
        socket.listen(8).unwrap();
        socket.into()
    }

    /// A socket of a host whose `connect` is in progress.
    pub(crate) fn connect(&self, host: HostId, from: Option<u16>, to: SocketAddr) -> socket2::Socket {
        let socket = self.wire.host(host).stream(to).unwrap();
        if let Some(port) = from {
            socket.bind(&self.addr(host, port).into()).unwrap();
        }
        socket.set_nonblocking(true).unwrap();
        let error = socket.connect(&to.into()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(115), "EINPROGRESS");
        socket
    }

    /// Waits for the packet with this number.
    pub(crate) fn packet(&self, number: u64) -> PacketSummary {
        self.journal.wait(&format!("packet {number}"), |seen| {
            seen.iter().find_map(|event| match &event.kind {
                EventKind::Packet(packet) if packet.number == number => Some(packet.clone()),
                _ => None,
            })
        })
    }

    /// Waits for the packet that a host sends as its `nth`, from 1, and returns its number.
    pub(crate) fn nth(&self, host: HostId, nth: usize) -> u64 {
        self.journal.wait(&format!("packet {nth} of {host}"), |seen| {
            let packets = seen.iter().filter(|event| event.host == Some(host));
            let mut numbers = packets.filter_map(|event| match &event.kind {
                EventKind::Packet(packet) => Some(packet.number),
                _ => None,
            });
            numbers.nth(nth - 1)
        })
    }

    /// Waits for the packet with this number and delivers it. Returns its label.
    pub(crate) fn step(&self, number: u64) -> String {
        let label = self.packet(number).label();
        self.command(WireCommand::Deliver(number));
        self.journal.wait(&format!("delivery of {number}"), |seen| {
            seen.iter().find(|event| event.kind == EventKind::Wire(WireEvent::Delivered { packet: number })).map(drop)
        });
        label
    }

    /// Waits for the packet with this number and delivers it; `false` if the server left LAST_ACK without such a packet.
    pub(crate) fn step_or_end(&self, number: u64) -> bool {
        let packet = self.journal.wait(&format!("packet {number} or the end"), |seen| {
            let there =
                |event: &Observation| matches!(&event.kind, EventKind::Packet(packet) if packet.number == number);
            let end = |(_, _, edge): (HostId, Evidence, &Transition)| edge.from == TcpState::LastAck;
            if seen.iter().any(there) {
                return Some(true);
            }
            transitions(seen).any(end).then_some(false)
        });
        if packet {
            self.step(number);
        }
        packet
    }

    /// Waits for a transition on a host.
    pub(crate) fn state(&self, host: HostId, from: TcpState, to: TcpState) -> Option<Cause> {
        self.journal.wait(&format!("{host} {from} → {to}"), |seen| {
            transitions(seen)
                .find(|(at, _, edge)| (*at, edge.from, edge.to) == (host, from, to))
                .map(|(_, _, t)| t.cause)
        })
    }

    /// The state of a host's connection, by the last transition reported.
    pub(crate) fn stands(&self, host: HostId) -> TcpState {
        let seen = self.journal.all();
        let last = transitions(&seen).filter(|(at, _, edge)| *at == host && edge.flow.peer.is_some()).last();
        last.map_or(TcpState::Closed, |(_, _, edge)| edge.to)
    }

    /// A connection, opened packet by packet: numbers 1 to 3.
    pub(crate) fn connected(&self) -> (TcpStream, TcpStream) {
        let listener = self.listener(65432);
        let client = self.connect(HostId::Client, None, self.addr(HostId::Server, 65432));
        assert_eq!([self.step(1), self.step(2), self.step(3)], ["SYN", "SYN+ACK", "ACK"]);
        let (server, _) = listener.accept().unwrap();
        client.set_nonblocking(false).unwrap();
        (client.into(), server)
    }
}

/// The transitions in a journal.
pub(crate) fn transitions(seen: &[Observation]) -> impl Iterator<Item = (HostId, Evidence, &Transition)> {
    seen.iter().filter_map(|event| match &event.kind {
        EventKind::State(edge) => Some((event.host.unwrap(), event.evidence, edge)),
        _ => None,
    })
}

/// Both kinds of links.
pub(crate) const LINKS: [Option<LinkKind>; 2] = [Some(LinkKind::Tun), Some(LinkKind::Veth)];
