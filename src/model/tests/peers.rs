//! Peers by address: counts and bounds.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::domain::guard::{GuardAction, PortCheck};

const SERVER: ServerId = ServerId(0);

fn peer(host: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + host).into()
}

fn conn(no: u32) -> SocketId {
    SocketId::Conn(SERVER, ConnNo(no))
}

fn talk(host: u32, port: u16) -> Flow {
    Flow::tcp("10.9.9.9:65432".parse().unwrap(), SocketAddr::new(peer(host), port))
}

fn accepted(no: u32, flow: Flow) -> EventKind {
    let accept = Call::new(SocketId::Server(SERVER), Syscall::Accept).on(flow);
    EventKind::Call(Call { new_socket: Some(conn(no)), ..accept })
}

fn received(no: u32, flow: Flow, bytes: &[u8]) -> EventKind {
    EventKind::Call(Call::new(conn(no), Syscall::Recv).on(flow).carrying(bytes))
}

fn closed(no: u32, flow: Flow) -> EventKind {
    EventKind::Call(Call::new(conn(no), Syscall::Close).on(flow))
}

fn acted(address: Option<IpAddr>, count: u64) -> EventKind {
    let (rule, action) = (Rule::Connections, GuardAction::Refused);
    EventKind::Guard(GuardEvent::Acted { server: SERVER, address, rule, limit: Some(64), action, count })
}

fn after(events: impl IntoIterator<Item = (u64, EventKind)>) -> Model {
    let mut model = Model::default();
    for (at, kind) in events {
        model.observe(seen(at, kind));
    }
    model
}

#[test]
fn an_address_has_connections_ports_data_and_a_rate() {
    let (one, two) = (talk(1, 40_000), talk(1, 40_002));
    let model = after([
        (1_000, accepted(1, one)),
        (1_100, accepted(2, two)),
        (2_000, received(1, one, b"oi\x1b[2J")),
        (3_000, received(2, two, &[b'x'; 5_000])),
        (3_100, closed(1, one)),
    ]);
    let peers = &model.worlds.shown().peers;
    let met = peers.get(peer(1)).unwrap();
    assert_eq!((met.connections, met.open(), met.messages, met.bytes), (2, 1, 2, (5_006, 0)));
    assert_eq!(met.ports, [40_000, 40_002]);
    assert_eq!(met.said.as_ref().unwrap().1.len, 5_000);
    assert_eq!(met.rate(Stamp::from_millis(4_000)), (1_001, 1));
    assert_eq!(met.rate(Stamp::from_millis(60_000)), (0, 0));
    assert!(peers.get(peer(2)).is_none());
}

#[test]
fn a_stopped_server_has_no_connections() {
    let flow = talk(1, 40_000);
    let model = after([(1, accepted(1, flow)), (2, server(0, ServerChange::Stopped)), (3, closed(1, flow))]);
    assert_eq!(model.worlds.shown().peers.get(peer(1)).unwrap().open(), 0);
}

#[test]
fn refusals_add_up_and_blocking_is_remembered() {
    let address = peer(3);
    let check = GuardEvent::Checked { server: SERVER, address: Some(address), check: PortCheck::Connect, count: 4 };
    let model = after([
        (1, acted(Some(address), 1)),
        (2, acted(Some(address), 9_999)),
        (3, acted(None, 5)),
        (4, EventKind::Guard(GuardEvent::Blocked { address })),
        (5, EventKind::Guard(check)),
    ]);
    let peers = &model.worlds.shown().peers;
    let met = peers.get(address).unwrap();
    assert_eq!((met.refusals(), met.is_blocked, met.checks[&PortCheck::Connect]), (10_000, true, 4));
    assert_eq!(peers.refused()[&Rule::Connections], 10_005);
}

#[test]
fn of_ten_thousand_addresses_only_the_refusals_are_kept() {
    let blocked = EventKind::Guard(GuardEvent::Blocked { address: peer(0) });
    let model = after([(0, blocked)].into_iter().chain((1..10_000_u32).map(|n| (n.into(), acted(Some(peer(n)), 2)))));
    let peers = &model.worlds.shown().peers;
    assert_eq!((peers.all().count(), peers.forgotten), (512, 9_488));
    assert!(peers.get(peer(0)).unwrap().is_blocked, "who is blocked is not forgotten");
    assert_eq!(peers.refused()[&Rule::Connections], 19_998);
}

#[test]
fn udp_clients_of_other_programs_are_bounded() {
    let mut model = Model::default();
    let mut spec = spec("udp", 65_432, ServiceModel::Threaded);
    (spec.proto, spec.model) = (Proto::Udp, None);
    update(&mut model, Msg::Seen(seen(1, server(0, ServerChange::Added { spec }))));
    let local = "192.168.0.10:65432".parse().unwrap();
    for n in 0..10_000_u32 {
        let peer = SocketAddr::from((std::net::Ipv4Addr::from(0xc612_0000 + n), 4_000));
        let flow = Flow { proto: Proto::Udp, local, peer: Some(peer) };
        let call = Call::new(SocketId::Server(ServerId(0)), Syscall::Recvfrom).on(flow).carrying(b"oi");
        update(&mut model, Msg::Seen(called(2, call)));
    }
    let clients = &model.worlds.shown().clients;
    assert_eq!(clients.live(), 512);
    assert!(
        clients.all().len() < 5_000 && clients.all().iter().rev().take(512).all(crate::model::clients::Client::is_live)
    );
}

#[test]
fn bytes_of_another_programs_client_are_those_of_the_servers_calls() {
    let (talks, silent) = (talk(1, 40_000), talk(1, 40_002));
    let send = Call::new(conn(1), Syscall::Send).on(talks).carrying(b"OLA");
    let model = after([
        (1, accepted(1, talks)),
        (2, accepted(2, silent)),
        (3, received(1, talks, b"oi")),
        (4, EventKind::Call(send)),
        (5, closed(1, talks)),
    ]);
    let clients = &model.worlds.shown().clients;
    let bytes = clients.by_flow(&talks).unwrap().bytes;
    assert_eq!((bytes.sent, bytes.received), (2, 3), "as the client counts them");
    assert_eq!(clients.by_flow(&talks).unwrap().counted_bytes(), Some(5));
    assert_eq!(clients.by_flow(&silent).unwrap().counted_bytes(), None, "what was not counted is not 0");
}

#[test]
fn a_datagrams_bytes_count_for_its_sender() {
    let back = Flow { proto: Proto::Udp, ..talk(1, 40_000) };
    let socket = SocketId::Server(SERVER);
    let model = after([
        (1, EventKind::Call(Call::new(socket, Syscall::Recvfrom).on(back).carrying(b"oi"))),
        (2, EventKind::Call(Call::new(socket, Syscall::Sendto).on(back).carrying(b"OI!"))),
        (3, EventKind::Call(Call::new(socket, Syscall::Recvfrom).on(back).carrying(b"tchau"))),
    ]);
    let bytes = model.worlds.shown().clients.all()[0].bytes;
    assert_eq!((bytes.sent, bytes.received), (7, 3));
}

#[test]
fn the_broadcasters_own_calls_are_counted_and_not_the_servers() {
    let mut spec = spec("threaded", 65_432, ServiceModel::Threaded);
    spec.addr = "10.9.9.9:65432".parse().unwrap();
    let flow = talk(1, 40_000);
    let own = |call| Call::new(SocketId::Broadcast(SERVER), call).on(flow.mirror().unwrap());
    let model = after([
        (1, server(0, ServerChange::Added { spec })),
        (2, accepted(1, flow)),
        (3, EventKind::Call(own(Syscall::Connect))),
        (4, EventKind::Call(own(Syscall::Send).carrying(b"oi"))),
        (5, received(1, flow, b"oi")),
        (6, EventKind::Call(Call::new(conn(1), Syscall::Send).on(flow).carrying(b"OI!"))),
        (7, EventKind::Call(own(Syscall::Recv).carrying(b"OI!"))),
    ]);
    let clients = &model.worlds.shown().clients;
    assert_eq!(clients.by_flow(&flow).unwrap().counted_bytes(), Some(5));
}

#[test]
fn a_client_whose_row_came_first_has_its_programs_name() {
    let flow = talk(1, 40_000);
    let process = Process { pid: 7330, name: "python3".into() };
    let row = Row { process: Some(process.clone()), ..Row::new(flow.mirror().unwrap()) };
    let model = after([(1, EventKind::Row(Delta::Added(row))), (2, accepted(1, flow))]);
    let clients = &model.worlds.shown().clients;
    assert_eq!(clients.by_flow(&flow).unwrap().process, Some(process));
}
