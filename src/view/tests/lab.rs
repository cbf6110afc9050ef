//! A laboratory made of hand-written observations: the same at every run, without a socket or a clock.

use crate::domain::keys::Key;
use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::broadcast::BroadcastChange;
use crate::domain::client::{ClientChange, GREETING};
use crate::domain::note::TableSource;
use crate::domain::{
    Answer, Args, BroadcastEvent, Call, CaptureEvent, ClientEvent, ClientId, ClientPlan, ConnNo, Delta, Destination,
    Errno, EventKind, Evidence, Excerpt, Flow, Lang, Note, Observation, Process, Proto, Reply, Row, ServerChange,
    ServerEvent, ServerId, ServerSpec, ServiceModel, SocketId, Stamp, Syscall, TcpState, Timer, TimerKind, WorldId,
};
use crate::model::{Model, Msg, Ui, update};

/// The pid that our own sockets have in these tests.
const OURS: u32 = 4121;

/// Feeds a model the events that a real laboratory would have observed.
pub(crate) struct Lab {
    /// The model so far.
    pub(crate) model: Model,
    now: Duration,
    cookie: u64,
    conns: [u32; 4],
}

/// An address on this machine.
pub(crate) fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl Lab {
    /// The four servers, started, in this language.
    pub(crate) fn new(lang: Lang) -> Self {
        let mut lab = Self::empty(lang);
        for id in 0..4 {
            lab.start(id);
        }
        lab
    }

    /// Nothing has happened; the servers are only known by name.
    pub(crate) fn empty(lang: Lang) -> Self {
        let model = Model::new(Ui { lang, ..Ui::default() });
        let mut lab = Self { model, now: Duration::ZERO, cookie: 100, conns: [0; 4] };
        for (id, name, proto, port, answer, model) in [
            (0, "threaded", Proto::Tcp, 65_432, Answer::Upper, Some(ServiceModel::Threaded)),
            (1, "echo", Proto::Tcp, 65_433, Answer::Same, Some(ServiceModel::Sequential)),
            (2, "async", Proto::Tcp, 65_434, Answer::Upper, Some(ServiceModel::Async)),
            (3, "udp", Proto::Udp, 65_432, Answer::Upper, None),
        ] {
            let spec = ServerSpec { name: name.into(), proto, addr: at(port), answer, model };
            lab.server(id, ServerChange::Added { spec });
            lab.model.ui.ticked.insert(ServerId(id));
        }
        lab.note(Note::PortRange { low: 32_768, high: 60_999 });
        lab.note(Note::Has { what: Evidence::Sampled });
        lab.note(Note::Lacks { what: Evidence::Traced, errno: Errno::Perm });
        lab.note(Note::TableFrom { source: TableSource::SockDiag });
        lab
    }

    /// An observation, a twentieth of a millisecond after the last one.
    pub(crate) fn seen(&mut self, evidence: Evidence, kind: EventKind) {
        self.now += Duration::from_micros(50);
        let at = Stamp::from(self.now);
        let seen = Observation { at, world: WorldId::Host, host: None, evidence, kind };
        update(&mut self.model, Msg::Seen(seen));
    }

    /// Time passes.
    pub(crate) fn wait(&mut self, span: Duration) {
        self.now += span;
        update(&mut self.model, Msg::Time(Stamp::from(self.now)));
    }

    /// Keys are pressed.
    pub(crate) fn keys(&mut self, text: &str) {
        text.chars().for_each(|c| {
            self.key(match c {
                '\t' => Key::Tab,
                '\n' => Key::Enter,
                c => Key::Char(c),
            });
        });
    }

    /// A key is pressed.
    pub(crate) fn key(&mut self, key: Key) {
        update(&mut self.model, Msg::Key(key));
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.seen(Evidence::Called, EventKind::Note(note));
    }

    /// Something happened to the capture, at the moment of the last observation.
    pub(crate) fn capture(&mut self, event: CaptureEvent) {
        let at = Stamp::from(self.now);
        let (evidence, kind) = (Evidence::Called, EventKind::Capture(event));
        update(&mut self.model, Msg::Seen(Observation { at, world: WorldId::Host, host: None, evidence, kind }));
    }

    pub(crate) fn call(&mut self, call: Call) {
        self.seen(Evidence::Called, EventKind::Call(call));
    }

    pub(crate) fn server(&mut self, id: u8, change: ServerChange) {
        self.seen(Evidence::Called, EventKind::Server(ServerEvent { server: ServerId(id), change }));
    }

    pub(crate) fn client(&mut self, id: u32, change: ClientChange) {
        self.seen(Evidence::Called, EventKind::Client(ClientEvent { client: ClientId(id), change }));
    }

    /// A row of the table, as the kernel would show it now.
    pub(crate) fn row(&mut self, flow: Flow, state: Option<TcpState>, change: impl FnOnce(&mut Row)) {
        let known = self.model.worlds.shown().table.of(&flow).is_some();
        let row = self.made(flow, state, change);
        let delta = if known { Delta::Changed(row) } else { Delta::Added(row) };
        self.seen(Evidence::Sampled, EventKind::Row(delta));
    }

    fn made(&mut self, flow: Flow, state: Option<TcpState>, change: impl FnOnce(&mut Row)) -> Row {
        self.cookie += 1;
        let known = self.model.worlds.shown().table.of(&flow).map(|entry| entry.row.cookie);
        let process = Some(Process { pid: OURS, name: "socklab-tui".into() });
        let mut row = Row {
            flow,
            state,
            recv_q: Some(0),
            send_q: Some(0),
            timer: None,
            uid: Some(1000),
            inode: Some(self.cookie),
            cookie: known.unwrap_or(self.cookie),
            process,
        };
        change(&mut row);
        row
    }

    /// An established connection's row that was there when watching began.
    pub(crate) fn found(&mut self, flow: Flow, change: impl FnOnce(&mut Row)) {
        let row = self.made(flow, Some(TcpState::Established), change);
        self.seen(Evidence::Sampled, EventKind::Row(Delta::Found(row)));
    }

    /// A server is bound and listens.
    pub(crate) fn start(&mut self, id: u8) {
        let spec = self.model.worlds.shown().servers.get(ServerId(id)).unwrap().spec.clone();
        let socket = SocketId::Server(ServerId(id));
        let flow = Flow::unconnected(spec.proto, spec.addr);
        self.call(Call::new(socket, Syscall::Socket).with(Args::Proto(spec.proto)));
        self.call(Call::new(socket, Syscall::Bind).with(Args::Addr(spec.addr)).on(flow));
        let backlog = if spec.proto == Proto::Tcp { 128 } else { 0 };
        if spec.proto == Proto::Tcp {
            self.call(Call::new(socket, Syscall::Listen).with(Args::Number(backlog)).on(flow));
        }
        let backlog = u32::try_from(backlog).unwrap();
        self.server(id, ServerChange::Started { addr: spec.addr, backlog });
        let state = (spec.proto == Proto::Tcp).then_some(TcpState::Listen);
        self.row(flow, state, |row| row.send_q = Some(backlog));
    }

    /// A client of ours connects from this port, and says hello; the server accepts and answers unless it is busy.
    pub(crate) fn connect(&mut self, id: u32, server: u8, port: u16, plan: ClientPlan) {
        let (flow, accepted) = self.dial(id, server, port, plan);
        let socket = SocketId::Client(ClientId(id));
        self.call(Call::new(socket, Syscall::Send).on(flow).carrying(GREETING.as_bytes()));
        if accepted {
            self.answer(server, flow, GREETING);
            let answer = self.reply(server, GREETING);
            self.call(Call::new(socket, Syscall::Recv).on(flow).carrying(&answer));
        }
    }

    fn dial(&mut self, id: u32, server: u8, port: u16, plan: ClientPlan) -> (Flow, bool) {
        let destination = Destination { server: Some(ServerId(server)), proto: Proto::Tcp, addr: self.addr(server) };
        let socket = SocketId::Client(ClientId(id));
        let flow = Flow::tcp(at(port), destination.addr);
        self.client(id, ClientChange::Spawned { plan, destination });
        self.call(Call::new(socket, Syscall::Socket).with(Args::Proto(Proto::Tcp)));
        self.client(id, ClientChange::Dialing { flow });
        self.call(Call::new(socket, Syscall::Connect).with(Args::Addr(destination.addr)).on(flow));
        let accepted = self.accept(server, flow);
        self.row(flow, Some(TcpState::Established), |_| ());
        (flow, accepted)
    }

    /// The server's side of a connection: accepted, or waiting while a sequential server is busy.
    fn accept(&mut self, server: u8, flow: Flow) -> bool {
        let id = ServerId(server);
        let theirs = flow.mirror().unwrap();
        let known = self.model.worlds.shown().servers.get(id).unwrap();
        let model = known.model.unwrap();
        if model == ServiceModel::Sequential && !known.serving.is_empty() {
            self.row(theirs, Some(TcpState::Established), |row| {
                row.recv_q = Some(12);
                row.inode = Some(0);
                row.process = None;
            });
            let listener = Flow::unconnected(Proto::Tcp, theirs.local);
            let waiting = self.model.worlds.shown().table.of(&listener).unwrap().row.recv_q.unwrap() + 1;
            self.row(listener, Some(TcpState::Listen), |row| {
                row.recv_q = Some(waiting);
                row.send_q = Some(128);
            });
            return false;
        }
        self.conns[usize::from(server)] += 1;
        let conn = ConnNo(self.conns[usize::from(server)]);
        let mut accept = Call::new(SocketId::Server(id), Syscall::Accept).on(theirs);
        accept.new_socket = Some(SocketId::Conn(id, conn));
        self.call(accept);
        self.server(server, ServerChange::Serving { conn, by: model });
        self.row(theirs, Some(TcpState::Established), |_| ());
        true
    }

    /// The server receives and sends back.
    fn answer(&mut self, server: u8, flow: Flow, text: &str) {
        let socket = SocketId::Conn(ServerId(server), ConnNo(self.conns[usize::from(server)]));
        let theirs = flow.mirror().unwrap();
        let answer = self.reply(server, text);
        self.call(Call::new(socket, Syscall::Recv).on(theirs).carrying(text.as_bytes()));
        self.call(Call::new(socket, Syscall::Send).on(theirs).carrying(&answer));
    }

    fn reply(&self, server: u8, text: &str) -> Vec<u8> {
        self.model.worlds.shown().servers.get(ServerId(server)).unwrap().spec.answer.to(text.as_bytes())
    }

    fn addr(&self, server: u8) -> SocketAddr {
        self.model.worlds.shown().servers.get(ServerId(server)).unwrap().addr()
    }

    /// A client of ours closes first: the server follows, and the client's end is left in `TIME_WAIT`.
    pub(crate) fn close(&mut self, id: u32) {
        let known = self.model.worlds.shown().clients.ours(ClientId(id)).unwrap();
        let flow = known.flow().unwrap();
        let server = known.destination.server.unwrap();
        let theirs = flow.mirror().unwrap();
        let conn =
            self.model.worlds.shown().servers.get(server).unwrap().peers.iter().find(|(_, peer)| **peer == flow.local);
        let conn = *conn.unwrap().0;
        self.call(Call::new(SocketId::Client(ClientId(id)), Syscall::Close).on(flow));
        self.client(id, ClientChange::Ended);
        let socket = SocketId::Conn(server, conn);
        self.call(Call::new(socket, Syscall::Recv).on(theirs).carrying(b""));
        self.call(Call::new(socket, Syscall::Close).on(theirs));
        self.server(server.0, ServerChange::Served { conn });
        self.row(flow, Some(TcpState::TimeWait), |row| {
            row.timer = Some(Timer { kind: TimerKind::TimeWait, left_ms: 60_000, count: 0 });
            row.inode = Some(0);
            row.process = None;
        });
        let key = self.model.worlds.shown().table.of(&theirs).unwrap().row.key();
        self.seen(Evidence::Sampled, EventKind::Row(Delta::Gone(key)));
    }

    /// A UDP client says hello and hears the answer.
    pub(crate) fn datagram(&mut self, id: u32, port: u16) {
        let destination = Destination { server: Some(ServerId(3)), proto: Proto::Udp, addr: at(65_432) };
        let mine = SocketId::Client(ClientId(id));
        let theirs = SocketId::Server(ServerId(3));
        let flow = Flow { proto: Proto::Udp, local: at(port), peer: Some(destination.addr) };
        let back = flow.mirror().unwrap();
        self.client(id, ClientChange::Spawned { plan: ClientPlan::Stay, destination });
        self.call(Call::new(mine, Syscall::Socket).with(Args::Proto(Proto::Udp)));
        let sendto = Call::new(mine, Syscall::Sendto).with(Args::Addr(destination.addr));
        self.call(sendto.on(flow).carrying(GREETING.as_bytes()));
        self.call(Call::new(theirs, Syscall::Recvfrom).on(back).carrying(GREETING.as_bytes()));
        let sendto = Call::new(theirs, Syscall::Sendto).with(Args::Addr(flow.local));
        self.call(sendto.on(back).carrying(b"HELLO, WORLD"));
        self.call(Call::new(mine, Syscall::Recvfrom).on(flow).carrying(b"HELLO, WORLD"));
        self.row(Flow::unconnected(Proto::Udp, flow.local), None, |_| ());
    }

    /// A client that gets no answer: its `connect` fails.
    pub(crate) fn refused(&mut self, id: u32, server: u8, port: u16) {
        let destination = Destination { server: Some(ServerId(server)), proto: Proto::Tcp, addr: self.addr(server) };
        let socket = SocketId::Client(ClientId(id));
        let flow = Flow::tcp(at(port), destination.addr);
        self.client(id, ClientChange::Spawned { plan: ClientPlan::Stay, destination });
        self.client(id, ClientChange::Dialing { flow });
        let mut call = Call::new(socket, Syscall::Connect).with(Args::Addr(destination.addr)).on(flow);
        call.result = crate::domain::Outcome::Failed(Errno::ConnRefused);
        self.call(call);
        self.client(id, ClientChange::Ended);
    }

    /// Another program connects.
    pub(crate) fn stranger(&mut self, server: u8, port: u16) {
        let flow = Flow::tcp(at(port), self.addr(server));
        self.accept(server, flow);
        self.row(flow, Some(TcpState::Established), |row| {
            row.process = Some(Process { pid: 7330, name: "python3".into() });
        });
    }

    /// A message goes to all four servers; those that are not busy answer.
    pub(crate) fn broadcast(&mut self, message: u32, text: &str) {
        let say = |lab: &mut Self, change| {
            lab.seen(Evidence::Called, EventKind::Broadcast(BroadcastEvent { message, change }));
        };
        let to: Vec<_> = (0..4).map(ServerId).collect();
        say(self, BroadcastChange::Said { text: Excerpt::of(text.as_bytes()), to });
        for (server, port) in [(0u8, 51_000u16), (1, 51_002), (2, 51_004), (3, 51_005)] {
            let flow = Flow::tcp(at(port), self.addr(server));
            let id = ServerId(server);
            let accepted = if server < 3 {
                let connect = Call::new(SocketId::Broadcast(id), Syscall::Connect).with(Args::Addr(self.addr(server)));
                self.call(connect.on(flow));
                let accepted = self.accept(server, flow);
                self.row(flow, Some(TcpState::Established), |_| ());
                accepted
            } else {
                true
            };
            say(self, BroadcastChange::Sent { server: id, local: at(port) });
            if accepted {
                let text = Excerpt::of(&self.reply(server, text));
                let rtt = Duration::from_micros(180 + 20 * u64::from(server));
                say(self, BroadcastChange::Reply { server: id, reply: Reply::Answer { text, rtt } });
            }
        }
    }
}
