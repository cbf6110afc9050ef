//! A wire made of hand-written observations, for tests: the same at every run, without a host or a clock.

use crate::domain::keys::Key;
use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::client::ClientChange;
use crate::domain::wire::LossReason;
use crate::domain::{
    Answer, Args, Call, Cause, ClientEvent, ClientId, ClientPlan, ConnNo, Delta, Destination, EventKind, Evidence,
    Excerpt, Finding, Findings, Flags, Flow, HostId, Lang, LinkKind, Note, Observation, PacketSummary, Proto, Row,
    Segment, ServerChange, ServerEvent, ServerId, ServerSpec, ServiceModel, SocketId, Stamp, Syscall, TcpInfo,
    TcpOption, TcpState, Timer, Transition, WireEvent, WorldId,
};
use crate::model::wire::WireState;
use crate::model::{Effect, Model, Msg, Ui, update};

pub(crate) use HostId::{Client, Server};

/// A SYN and an ACK in one.
pub(crate) const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);
/// A FIN and an ACK in one.
pub(crate) const FIN_ACK: Flags = Flags(Flags::FIN.0 | Flags::ACK.0);
/// Data, as it usually is.
pub(crate) const PSH_ACK: Flags = Flags(Flags::PSH.0 | Flags::ACK.0);

/// Feeds a model the observations of a wire lab.
pub(crate) struct TestWire {
    /// The model so far.
    pub(crate) model: Model,
    now: Duration,
    numbered: u64,
}

/// The client's end of the conversation from this port.
pub(crate) fn flow(port: u16) -> Flow {
    Flow::tcp(addr(Client, port), addr(Server, 65_432))
}

/// An address on one of the hosts.
pub(crate) fn addr(host: HostId, port: u16) -> SocketAddr {
    (host.address(), port).into()
}

impl TestWire {
    /// The wire was asked for by its key.
    pub(crate) fn asked(lang: Lang) -> Self {
        let mut bench = Self { model: Model::new(Ui { lang, ..Ui::default() }), now: Duration::ZERO, numbered: 0 };
        bench.keys("w");
        bench
    }

    /// The wire is open, with two servers.
    pub(crate) fn open(lang: Lang) -> Self {
        let mut bench = Self::asked(lang);
        bench.wire(None, WireEvent::Opened { link: LinkKind::Tun });
        for what in [Evidence::Called, Evidence::Sampled, Evidence::Packet] {
            bench.seen(None, Evidence::Called, EventKind::Note(Note::Has { what }));
        }
        let model = Some(ServiceModel::Threaded);
        bench.server(0, "threaded", Proto::Tcp, model);
        bench.server(1, "udp", Proto::Udp, None);
        bench.wait(1_000);
        bench
    }

    fn server(&mut self, id: u8, name: &str, proto: Proto, model: Option<ServiceModel>) {
        let here = addr(Server, 65_432);
        let spec = ServerSpec { name: name.into(), proto, addr: here, answer: Answer::Upper, model };
        for change in [ServerChange::Added { spec }, ServerChange::Started { addr: here, backlog: 128 }] {
            let kind = EventKind::Server(ServerEvent { server: ServerId(id), change });
            self.seen(Some(Server), Evidence::Called, kind);
        }
        let flow = Flow::unconnected(proto, here);
        let state = (proto == Proto::Tcp).then_some(TcpState::Listen);
        self.row(Server, flow, state, |row| row.send_q = Some(if proto == Proto::Tcp { 128 } else { 0 }));
    }

    /// The wire of the world that is shown.
    pub(crate) fn shown(&self) -> &WireState {
        &self.model.worlds.shown().wire
    }

    /// Something was seen, a twentieth of a millisecond after the last thing.
    pub(crate) fn seen(&mut self, host: Option<HostId>, evidence: Evidence, kind: EventKind) {
        self.now += Duration::from_micros(50);
        let at = Stamp::from(self.now);
        update(&mut self.model, Msg::Seen(Observation { at, world: WorldId::Wire, host, evidence, kind }));
    }

    /// This many milliseconds pass.
    pub(crate) fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        update(&mut self.model, Msg::Time(Stamp::from(self.now)));
    }

    /// Keys are pressed.
    pub(crate) fn keys(&mut self, text: &str) -> Vec<Effect> {
        text.chars().flat_map(|c| self.key(Key::Char(c))).collect()
    }

    /// A key is pressed.
    pub(crate) fn key(&mut self, key: Key) -> Vec<Effect> {
        update(&mut self.model, Msg::Key(key))
    }

    pub(crate) fn wire(&mut self, host: Option<HostId>, event: WireEvent) {
        self.seen(host, Evidence::Called, EventKind::Wire(event));
    }

    /// A row of a host's table.
    pub(crate) fn row(&mut self, host: HostId, flow: Flow, state: Option<TcpState>, change: impl FnOnce(&mut Row)) {
        let known = self.model.worlds.shown().table.of(&flow).is_some();
        let cookie = u64::from(flow.local.port());
        let (recv_q, send_q) = (Some(0), Some(0));
        let mut row =
            Row { flow, state, recv_q, send_q, timer: None, uid: None, inode: Some(cookie), cookie, process: None };
        change(&mut row);
        let delta = if known { Delta::Changed(row) } else { Delta::Added(row) };
        self.seen(Some(host), Evidence::Sampled, EventKind::Row(delta));
    }

    /// One end went from one state to another, and its row with it.
    pub(crate) fn state(&mut self, host: HostId, flow: Flow, from: TcpState, to: TcpState, cause: Option<Cause>) {
        self.seen(Some(host), Evidence::Sampled, EventKind::State(Transition { flow, from, to, cause }));
        if to == TcpState::Closed {
            let key = self.model.worlds.shown().table.of(&flow).map(|entry| entry.row.key());
            key.into_iter().for_each(|key| self.seen(Some(host), Evidence::Sampled, EventKind::Row(Delta::Gone(key))));
        } else {
            self.row(host, flow, Some(to), |_| ());
        }
    }

    /// A host sends a TCP segment, which is held.
    pub(crate) fn sends(&mut self, flow: Flow, flags: Flags, seq: u32, ack: u32, data: &str) -> u64 {
        let options = if flags.has(Flags::SYN) { vec![TcpOption::Mss(1460)] } else { vec![] };
        let ack_rel = flags.has(Flags::ACK).then_some(ack);
        let tcp = Segment { flags, seq, ack, seq_rel: Some(seq), ack_rel, window: 64_240, options };
        self.packet(flow, Some(tcp), data, None)
    }

    /// A packet of one's own is put onto the wire, and held. Its numbers are counted from the SYN.
    pub(crate) fn forges(&mut self, flow: Flow, flags: Flags, seq: u32) -> u64 {
        let tcp = Segment { flags, seq, ack: 0, seq_rel: Some(seq), ack_rel: None, window: 64_240, options: vec![] };
        let number = self.put(flow, Some(tcp), "", None, Finding::Forged);
        self.wire(HostId::at(flow.local.ip()), WireEvent::Injected { packet: number });
        number
    }

    /// A host sends a packet, which is held.
    pub(crate) fn packet(&mut self, flow: Flow, tcp: Option<Segment>, data: &str, of: Option<u64>) -> u64 {
        self.put(flow, tcp, data, of, None)
    }

    fn put(
        &mut self,
        flow: Flow,
        tcp: Option<Segment>,
        data: &str,
        of: Option<u64>,
        finding: impl Into<Option<Finding>>,
    ) -> u64 {
        self.numbered += 1;
        let number = self.numbered;
        let payload = Excerpt::of(data.as_bytes());
        let packet = PacketSummary {
            number,
            flow,
            tcp,
            icmp: None,
            interface: None,
            payload,
            retransmission_of: of,
            findings: finding.into().into_iter().collect::<Findings>(),
        };
        let host = HostId::at(flow.local.ip());
        self.seen(host, Evidence::Packet, EventKind::Packet(packet));
        self.wire(host, WireEvent::Held { packet: number });
        number
    }

    pub(crate) fn delivered(&mut self, packet: u64) {
        self.wire(None, WireEvent::Delivered { packet });
    }

    pub(crate) fn dropped(&mut self, packet: u64) {
        self.wire(None, WireEvent::Dropped { packet, why: LossReason::Asked });
    }

    pub(crate) fn call(&mut self, host: HostId, call: Call) {
        self.seen(Some(host), Evidence::Called, EventKind::Call(call));
    }

    /// A client calls connect: its SYN is held.
    pub(crate) fn dials(&mut self, id: u32, port: u16) -> u64 {
        let destination = Destination { server: Some(ServerId(0)), proto: Proto::Tcp, addr: addr(Server, 65_432) };
        for change in
            [ClientChange::Spawned { plan: ClientPlan::Stay, destination }, ClientChange::Dialing { flow: flow(port) }]
        {
            let kind = EventKind::Client(ClientEvent { client: ClientId(id), change });
            self.seen(Some(Client), Evidence::Called, kind);
        }
        let connect = Some(Cause::Call(Syscall::Connect));
        self.state(Client, flow(port), TcpState::Closed, TcpState::SynSent, connect);
        self.sends(flow(port), Flags::SYN, 0, 0, "")
    }

    /// The SYN arrives: the answer is held.
    pub(crate) fn answers(&mut self, syn: u64, port: u16) -> u64 {
        let back = flow(port).mirror().unwrap();
        self.delivered(syn);
        self.state(Server, back, TcpState::Listen, TcpState::SynRecv, Some(Cause::Packet(syn)));
        self.sends(back, SYN_ACK, 0, 1, "")
    }

    /// The SYN+ACK arrives: the ACK and the first bytes are held.
    pub(crate) fn opens(&mut self, syn_ack: u64, port: u16) -> (u64, u64) {
        self.delivered(syn_ack);
        let flow = flow(port);
        self.state(Client, flow, TcpState::SynSent, TcpState::Established, Some(Cause::Packet(syn_ack)));
        let ack = self.sends(flow, Flags::ACK, 1, 1, "");
        let id = self.model.worlds.shown().clients.by_flow(&flow).map_or(ClientId(1), |client| match client.owner {
            crate::model::clients::ClientOwner::Ours(id, _) => id,
            _ => ClientId(1),
        });
        let socket = SocketId::Client(id);
        self.call(Client, Call::new(socket, Syscall::Connect).with(Args::Addr(flow.peer.unwrap())).on(flow));
        self.call(Client, Call::new(socket, Syscall::Send).on(flow).carrying(b"Hello, world"));
        (ack, self.sends(flow, PSH_ACK, 1, 1, "Hello, world"))
    }

    /// A connection that both sides know to be open; its first bytes are held.
    pub(crate) fn established(&mut self, id: u32, port: u16) -> u64 {
        let syn = self.dials(id, port);
        let syn_ack = self.answers(syn, port);
        let (ack, data) = self.opens(syn_ack, port);
        self.delivered(ack);
        let back = flow(port).mirror().unwrap();
        self.state(Server, back, TcpState::SynRecv, TcpState::Established, Some(Cause::Packet(ack)));
        data
    }

    /// The first server accepts the connection from this port as its `conn`th, and serves it.
    pub(crate) fn accepts(&mut self, conn: u32, port: u16) {
        let (server, conn) = (ServerId(0), ConnNo(conn));
        let accept = Call::new(SocketId::Server(server), Syscall::Accept).on(flow(port).mirror().unwrap());
        self.call(Server, Call { new_socket: Some(SocketId::Conn(server, conn)), ..accept });
        self.server_change(ServerChange::Serving { conn, by: ServiceModel::Threaded });
    }

    /// Something happens to the first server.
    pub(crate) fn server_change(&mut self, change: ServerChange) {
        let kind = EventKind::Server(ServerEvent { server: ServerId(0), change });
        self.seen(Some(Server), Evidence::Called, kind);
    }

    /// A kernel's `TCP_INFO` of its end.
    pub(crate) fn info(&mut self, host: HostId, flow: Flow, rto_ms: u32, retransmitted: u32) {
        self.reading(host, flow, |info| (info.rto_us, info.retransmitted) = (rto_ms * 1_000, retransmitted));
    }

    /// The same, with whatever differs from the usual.
    pub(crate) fn reading(&mut self, host: HostId, flow: Flow, change: impl FnOnce(&mut TcpInfo)) {
        let mut info = TcpInfo {
            flow,
            rtt_us: 312,
            rttvar_us: 150,
            rto_us: 200_000,
            cwnd: 10,
            ssthresh: None,
            state: None,
            in_flight: None,
            retransmits: 0,
            retransmitted: 0,
            bytes_sent: None,
            bytes_acked: None,
            bytes_received: None,
            snd_mss: 1460,
            rcv_mss: 536,
            snd_wnd: Some(64_240),
            rcv_wnd: None,
            congestion: Some("reno".into()),
            at_packet: None,
        };
        change(&mut info);
        self.seen(Some(host), Evidence::Sampled, EventKind::Info(info));
    }

    /// A timer runs for a row.
    pub(crate) fn timed(&mut self, host: HostId, flow: Flow, state: TcpState, timer: Timer) {
        self.row(host, flow, Some(state), |row| {
            row.timer = Some(timer);
            row.send_q = Some(1);
        });
    }
}
