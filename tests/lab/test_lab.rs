//! A laboratory for the tests, the events it reported, and waiting for more with a deadline.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use socklab::api::domain::{
    Answer, BroadcastChange, Call, ClientChange, ClientId, ClientPlan, Clock, Destination, EventKind, EventQueue,
    EventSink, LabOrder, Note, Observation, Proto, Reply, ServerChange, ServerId, ServerSpec, ServiceModel, SocketId,
    Syscall,
};
use socklab::api::lab::{Lab, Machine};
use tokio::sync::mpsc;

/// Far beyond what anything here takes: reached only on failure.
const DEADLINE: Duration = Duration::from_mins(1);

struct Queue(mpsc::UnboundedSender<Observation>);

impl EventQueue for Queue {
    fn offer(&self, seen: Observation) -> bool {
        self.0.send(seen).is_ok()
    }
}

/// A laboratory and its events.
pub(crate) struct TestLab {
    pub(crate) lab: Lab,
    pub(crate) reported: Reported,
}

/// The events so far.
pub(crate) struct Reported {
    news: mpsc::UnboundedReceiver<Observation>,
    pub(crate) seen: Vec<EventKind>,
}

impl TestLab {
    /// These servers, not started.
    pub(crate) fn of(servers: Vec<ServerSpec>) -> Self {
        Self::with_sink_and(servers).0
    }

    /// No servers, and the sink of the events.
    #[cfg(unix)]
    pub(crate) fn with_sink() -> (Self, EventSink) {
        Self::with_sink_and(Vec::new())
    }

    fn with_sink_and(servers: Vec<ServerSpec>) -> (Self, EventSink) {
        let (queue, news) = mpsc::unbounded_channel();
        let sink = EventSink::new(Clock::start(), Arc::new(Queue(queue)));
        let lab = Lab::new(Arc::new(Machine), sink.clone(), servers);
        (Self { lab, reported: Reported { news, seen: Vec::new() } }, sink)
    }

    /// One server of this model, started. It answers in capitals.
    pub(crate) async fn with(model: ServiceModel) -> (Self, SocketAddr) {
        let mut test = Self::of(vec![tcp(model)]);
        test.lab.start_all();
        let addr = test.started(ServerId(0)).await;
        (test, addr)
    }

    /// Waits until the server has started. Returns its address.
    pub(crate) async fn started(&mut self, id: ServerId) -> SocketAddr {
        self.until("the server starts", |seen| {
            seen.iter().rev().find_map(|kind| match change_of(kind, id) {
                Some(ServerChange::Started { addr, .. }) => Some(*addr),
                _ => None,
            })
        })
        .await
    }

    pub(crate) fn order(&mut self, order: LabOrder) {
        self.lab.perform(order);
    }

    /// Makes TCP clients of the server at `addr`.
    pub(crate) fn spawn(&mut self, count: u32, plan: ClientPlan, addr: SocketAddr) {
        self.order(LabOrder::Spawn { count, plan, destination: destination(Proto::Tcp, addr) });
    }

    /// Makes a UDP client of the server at `addr`.
    pub(crate) fn spawn_udp(&mut self, plan: ClientPlan, addr: SocketAddr) {
        self.order(LabOrder::Spawn { count: 1, plan, destination: destination(Proto::Udp, addr) });
    }

    /// Waits until `found` returns something for the events so far.
    pub(crate) async fn until<T>(&mut self, what: &str, found: impl FnMut(&[EventKind]) -> Option<T>) -> T {
        self.reported.until(what, found).await
    }

    /// Waits until `count` events fit.
    pub(crate) async fn times(&mut self, count: usize, what: &str, fits: impl Fn(&EventKind) -> bool) {
        self.until(what, |seen| (seen.iter().filter(|kind| fits(kind)).count() >= count).then_some(())).await;
    }

    /// Closes everything. Returns all events.
    pub(crate) async fn end(self) -> Vec<EventKind> {
        let Self { lab, mut reported } = self;
        assert!(lab.shutdown().await, "a task or a thread did not end in time");
        // The queue ends with the last sender, which the laboratory's last task owns.
        let rest = async {
            while let Some(seen) = reported.news.recv().await {
                reported.seen.push(seen.kind);
            }
        };
        tokio::time::timeout(DEADLINE, rest).await.expect("a task outlived the laboratory");
        reported.seen
    }
}

impl Reported {
    async fn until<T>(&mut self, what: &str, mut found: impl FnMut(&[EventKind]) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            if let Some(answer) = found(&self.seen) {
                return answer;
            }
            let mut news = Vec::new();
            let more = tokio::time::timeout_at(deadline, self.news.recv_many(&mut news, 1024)).await;
            assert_ne!(more.unwrap_or(0), 0, "{what}: did not happen in\n{}", listed(&self.seen));
            self.seen.extend(news.into_iter().map(|seen| seen.kind));
        }
    }
}

fn listed(seen: &[EventKind]) -> String {
    let shown = &seen[seen.len().saturating_sub(60)..];
    shown.iter().map(|kind| serde_json::to_string(kind).unwrap()).collect::<Vec<_>>().join("\n")
}

/// A TCP server on a port that the kernel chooses.
pub(crate) fn tcp(model: ServiceModel) -> ServerSpec {
    let addr = "127.0.0.1:0".parse().unwrap();
    ServerSpec { name: model.name().into(), proto: Proto::Tcp, addr, answer: Answer::Upper, model: Some(model) }
}

/// The same on a loopback address that only the test with this number uses, where the system has several: after the server has
/// stopped, no other test can take its port.
pub(crate) fn apart(test: u8, model: ServiceModel) -> ServerSpec {
    let mut spec = tcp(model);
    if cfg!(target_os = "linux") {
        spec.addr = ([127, 0, 77, test], 0).into();
    }
    spec
}

/// The calls that open a UDP client's socket for a server on this machine.
#[cfg(target_os = "linux")]
pub(crate) const OPEN_UDP: [&str; 3] = ["socket", "setsockopt", "bind"];
#[cfg(not(target_os = "linux"))]
pub(crate) const OPEN_UDP: [&str; 2] = ["socket", "bind"];

/// A UDP server on a port that the kernel chooses.
pub(crate) fn udp() -> ServerSpec {
    let addr = "127.0.0.1:0".parse().unwrap();
    ServerSpec { name: "udp".into(), proto: Proto::Udp, addr, answer: Answer::Upper, model: None }
}

fn destination(proto: Proto, addr: SocketAddr) -> Destination {
    Destination { server: Some(ServerId(0)), proto, addr }
}

/// The change of this server that an event reports, if any.
pub(crate) fn change_of(kind: &EventKind, id: ServerId) -> Option<&ServerChange> {
    match kind {
        EventKind::Server(event) if event.server == id => Some(&event.change),
        _ => None,
    }
}

pub(crate) fn is_change(kind: &EventKind, wanted: &ServerChange) -> bool {
    matches!(kind, EventKind::Server(event) if event.change == *wanted)
}

pub(crate) fn call(kind: &EventKind) -> Option<&Call> {
    match kind {
        EventKind::Call(call) => Some(call),
        _ => None,
    }
}

/// Whether this is a successful call on a socket that `on` accepts.
pub(crate) fn did(kind: &EventKind, wanted: Syscall, on: impl Fn(SocketId) -> bool) -> bool {
    call(kind).is_some_and(|call| call.call == wanted && call.result.is_ok() && on(call.socket))
}

pub(crate) fn is_client(socket: SocketId) -> bool {
    matches!(socket, SocketId::Client(_))
}

pub(crate) fn is_conn(socket: SocketId) -> bool {
    matches!(socket, SocketId::Conn(..))
}

/// Whether a client received an answer, and not a FIN.
pub(crate) fn is_answer(kind: &EventKind) -> bool {
    did(kind, Syscall::Recv, is_client)
        && call(kind).and_then(|call| call.data.as_ref()).is_some_and(|data| data.len > 0)
}

/// The calls on one socket, in order.
pub(crate) fn calls_on(seen: &[EventKind], socket: SocketId) -> Vec<&Call> {
    seen.iter().filter_map(call).filter(|call| call.socket == socket).collect()
}

/// Their names: `["socket", "connect", …]`.
pub(crate) fn names_on(seen: &[EventKind], socket: SocketId) -> Vec<&'static str> {
    calls_on(seen, socket).iter().map(|call| call.call.name()).collect()
}

pub(crate) fn ended(kind: &EventKind, id: ClientId) -> bool {
    matches!(kind, EventKind::Client(event) if event.client == id && event.change == ClientChange::Ended)
}

pub(crate) fn note(kind: &EventKind) -> Option<&Note> {
    match kind {
        EventKind::Note(note) => Some(note),
        _ => None,
    }
}

/// The reply of one server to one message.
pub(crate) fn reply(seen: &[EventKind], message: u32, from: ServerId) -> Option<Reply> {
    seen.iter().find_map(|kind| match kind {
        EventKind::Broadcast(event) if event.message == message => match &event.change {
            BroadcastChange::Reply { server, reply } if *server == from => Some(reply.clone()),
            _ => None,
        },
        _ => None,
    })
}
