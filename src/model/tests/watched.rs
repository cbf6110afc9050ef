//! Servers that other programs run, and their clients, as the table shows them.

use super::*;
use crate::model::clients::Client;

/// The two servers, watched.
fn watching() -> Model {
    let mut model = Model::new(Ui::default());
    for kind in [added(0, 65432), added(1, 65433), EventKind::Note(Note::Observing { servers: vec![] })] {
        model.observe(seen(1, kind));
    }
    model
}

/// The other end of the connection from this port.
fn server_end(port: u16, state: TcpState) -> Row {
    let flow = flow(port).mirror().unwrap();
    Row { flow, cookie: u64::from(port) + 100_000, ..row(port, state) }
}

fn tell(model: &mut Model, at: u64, deltas: impl IntoIterator<Item = Delta>) {
    deltas.into_iter().for_each(|delta| _ = model.observe(seen(at, EventKind::Row(delta))));
}

/// The port and the process of each client, and whether it is live.
fn clients(model: &Model) -> Vec<(u16, Option<u32>, bool)> {
    let clients = model.worlds.shown().clients.all().iter();
    let of = |client: &Client| {
        (client.local.unwrap().port(), client.process.as_ref().map(|process| process.pid), client.is_live())
    };
    clients.map(of).collect()
}

#[test]
fn clients_of_a_watched_server_come_from_the_table() {
    let mut model = watching();
    let process = Some(Process { pid: 7, name: "python3".into() });
    tell(
        &mut model,
        2,
        [
            Delta::Found(Row { process, ..row(40_000, TcpState::Established) }),
            Delta::Found(server_end(40_000, TcpState::Established)),
            Delta::Added(row(40_001, TcpState::SynSent)),
            Delta::Changed(row(40_001, TcpState::Established)),
            // On another machine: only the server's end is seen.
            Delta::Added(server_end(40_002, TcpState::Established)),
            // Left before anybody looked, and half open.
            Delta::Found(row(40_003, TcpState::TimeWait)),
            Delta::Added(server_end(40_004, TcpState::SynRecv)),
        ],
    );
    let first = [(40_000, Some(7), true), (40_001, None, true), (40_002, None, true), (40_003, None, false)];
    assert_eq!(clients(&model), first);
    assert_eq!(model.worlds.shown().clients.live(), 3);
    assert!(model.worlds.shown().clients.all().iter().all(|client| client.counted_bytes().is_none()));
    tell(
        &mut model,
        3,
        [
            Delta::Gone(row(40_000, TcpState::Established).key()),
            Delta::Changed(row(40_001, TcpState::TimeWait)),
            Delta::Gone(server_end(40_001, TcpState::Established).key()),
            Delta::Gone(server_end(40_002, TcpState::Established).key()),
        ],
    );
    assert_eq!(clients(&model).iter().map(|client| client.2).collect::<Vec<_>>(), [false; 4]);
    // The port is used again, and the old row leaves late.
    tell(
        &mut model,
        4,
        [
            Delta::Added(Row { cookie: 9, ..row(40_001, TcpState::Established) }),
            Delta::Gone(row(40_001, TcpState::TimeWait).key()),
        ],
    );
    assert_eq!(clients(&model).last(), Some(&(40_001, None, true)));
    assert_eq!(model.worlds.shown().clients.live(), 1);
}

#[test]
fn a_client_of_ours_at_a_watched_server_is_one_client() {
    let mut model = watching();
    model.observe(seen(2, spawned(1)));
    tell(&mut model, 3, [Delta::Added(row(40_000, TcpState::Established))]);
    model.observe(seen(4, client(1, ClientChange::Dialing { flow: flow(40_000) })));
    let call = Call::new(SocketId::Client(ClientId(1)), Syscall::Connect).on(flow(40_000));
    model.observe(called(5, call));
    tell(&mut model, 6, [Delta::Changed(server_end(40_000, TcpState::Established))]);
    model.observe(seen(7, client(1, ClientChange::Ended)));
    tell(
        &mut model,
        8,
        [Delta::Changed(row(40_000, TcpState::FinWait2)), Delta::Changed(row(40_000, TcpState::TimeWait))],
    );
    update(&mut model, Msg::Time(Stamp::from_millis(100)));
    assert_eq!(clients(&model), [(40_000, None, false)]);
    assert_eq!(model.worlds.shown().clients.all()[0].id(), Some(ClientId(1)));
}

#[test]
fn a_watched_server_may_listen_on_any_address_of_this_machine() {
    for listens in ["127.0.0.1:65432", "0.0.0.0:65432", "[::]:65432", "192.0.2.7:65432"] {
        let mut model = watching();
        model.observe(seen(2, EventKind::Note(Note::Addresses { addresses: vec!["192.0.2.7".parse().unwrap()] })));
        let listener = |model: &Model, id| {
            let world = model.worlds.shown();
            world.listener(world.servers.get(ServerId(id)).unwrap()).map(|entry| entry.row.flow.local)
        };
        assert_eq!(listener(&model, 0), None);
        let flow = Flow::unconnected(Proto::Tcp, listens.parse().unwrap());
        tell(&mut model, 3, [Delta::Found(Row { flow, ..row(1, TcpState::Listen) })]);
        assert_eq!(listener(&model, 0), Some(flow.local), "{listens}");
        assert_eq!(listener(&model, 1), None, "{listens}");
        // A connection to the same port of another machine is not one of its clients.
        let there = Flow::tcp(addr(40_000), "198.51.100.9:65432".parse().unwrap());
        let here = Flow::tcp("198.51.100.8:40001".parse().unwrap(), "192.0.2.7:65432".parse().unwrap());
        let connected = |flow| Delta::Added(Row { flow, ..row(2, TcpState::Established) });
        tell(&mut model, 4, [connected(there), connected(here.mirror().unwrap())]);
        assert_eq!(clients(&model), [(40_001, None, true)], "{listens}");
    }
}

/// A captured packet between the client at this port and the first server.
fn packet(proto: Proto, from: u16, to: u16, flags: Option<packet::Flags>, bytes: &[u8]) -> EventKind {
    let segment =
        |flags| packet::Segment { flags, seq: 1, ack: 1, seq_rel: None, ack_rel: None, window: 1, options: vec![] };
    EventKind::Packet(PacketSummary {
        number: 1,
        flow: Flow { proto, local: addr(from), peer: Some(addr(to)) },
        tcp: flags.map(segment),
        icmp: None,
        interface: None,
        payload: Excerpt::of(bytes),
        retransmission_of: None,
        findings: Findings::default(),
    })
}

#[test]
fn udp_clients_and_bytes_at_a_watched_server_come_from_captured_packets() {
    use packet::Flags;
    let mut model = watching();
    let spec = ServerSpec { proto: Proto::Udp, model: None, ..spec("udp", 65432, ServiceModel::Async) };
    model.observe(seen(1, server(3, ServerChange::Added { spec })));
    let udp = Flow { proto: Proto::Udp, local: addr(40_000), peer: Some(addr(65432)) };
    let asked = update(&mut model, Msg::Seen(seen(2, packet(Proto::Udp, 40_000, 65432, None, b"hello"))));
    assert!(asked.contains(&Effect::Table(TableEffect::Follow(vec![udp]))));
    model.observe(seen(3, packet(Proto::Udp, 65432, 40_000, None, b"HELLO")));
    // Its row comes when the packets that open the connection are over.
    model.observe(seen(4, packet(Proto::Tcp, 40_001, 65432, Some(Flags::SYN), b"")));
    tell(&mut model, 5, [Delta::Added(row(40_001, TcpState::Established))]);
    model.observe(seen(6, packet(Proto::Tcp, 40_001, 65432, Some(Flags::ACK), b"123")));
    model.observe(seen(7, packet(Proto::Tcp, 65432, 40_001, Some(Flags::ACK), b"4")));
    // It was under way before: how much it has moved is not known.
    tell(&mut model, 8, [Delta::Found(row(40_002, TcpState::Established))]);
    model.observe(seen(9, packet(Proto::Tcp, 40_002, 65432, Some(Flags::ACK), b"123")));
    let bytes =
        |model: &Model| -> Vec<_> { model.worlds.shown().clients.all().iter().map(Client::counted_bytes).collect() };
    assert_eq!(bytes(&model), [Some(10), Some(4), None]);
    tell(&mut model, 10, [Delta::Gone(RowKey { flow: udp, cookie: 0 })]);
    assert_eq!(clients(&model)[0], (40_000, None, false));
    // Nor is it where packets are missing.
    model.observe(seen(11, EventKind::Note(Note::CaptureLost { count: 1 })));
    model.observe(seen(12, packet(Proto::Tcp, 40_001, 65432, Some(Flags::ACK), b"56")));
    assert_eq!(bytes(&model), [None; 3]);
}
