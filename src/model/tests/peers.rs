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
