//! Clients of other programs, whose calls are not seen: their processes, and their ends.

use super::*;
use crate::model::clients::ClientPhase;

const SERVER: ServerId = ServerId(3);

/// The laboratory with its UDP server.
fn with_udp() -> Model {
    let mut model = lab();
    let spec = ServerSpec { proto: Proto::Udp, model: None, ..spec("udp", 65432, ServiceModel::Async) };
    model.observe(seen(1, server(SERVER.0, ServerChange::Added { spec })));
    model
}

fn udp(port: u16) -> Flow {
    Flow { proto: Proto::Udp, local: addr(port), peer: Some(addr(65432)) }
}

/// The server receives a datagram from this client.
fn hears(model: &mut Model, at: u64, from: Flow) -> Vec<Effect> {
    let call = Call::new(SocketId::Server(SERVER), Syscall::Recvfrom).on(from.mirror().unwrap());
    update(model, Msg::Seen(called(at, call)))
}

fn tell(model: &mut Model, at: u64, delta: Delta) {
    let row = Observation { evidence: Evidence::Sampled, ..seen(at, EventKind::Row(delta)) };
    update(model, Msg::Seen(row));
}

fn gone(flow: Flow) -> Delta {
    Delta::Gone(RowKey { flow, cookie: 0 })
}

fn phases(model: &Model) -> Vec<ClientPhase> {
    model.worlds.shown().clients.all().iter().map(|client| client.phase).collect()
}

#[test]
fn the_kernel_is_asked_about_another_programs_client_and_not_about_ours() {
    let mut model = with_udp();
    let follow = |flow| Effect::Table(TableEffect::Follow(vec![flow]));
    assert!(hears(&mut model, 2, udp(40_001)).contains(&follow(udp(40_001))));
    let accept = Call::new(SocketId::Server(ServerId(0)), Syscall::Accept).on(flow(40_002).mirror().unwrap());
    assert!(update(&mut model, Msg::Seen(called(3, accept.clone()))).contains(&follow(flow(40_002))));
    // Nor can another machine's be found here.
    let there = Flow { local: "198.51.100.7:40003".parse().unwrap(), ..udp(0) };
    model.observe(seen(4, spawned(1)));
    model.observe(seen(4, client(1, ClientChange::Dialing { flow: flow(40_004) })));
    let ours = Call::new(SocketId::Server(ServerId(0)), Syscall::Accept).on(flow(40_004).mirror().unwrap());
    let asked = [hears(&mut model, 5, there), update(&mut model, Msg::Seen(called(5, ours)))].concat();
    assert!(!asked.iter().any(|effect| matches!(effect, Effect::Table(TableEffect::Follow(_)))), "{asked:?}");
}

#[test]
fn a_udp_client_ends_when_the_table_has_no_socket_of_it_since_it_was_heard() {
    let mut model = with_udp();
    for port in [40_001, 40_002] {
        hears(&mut model, 10, udp(port));
    }
    hears(&mut model, 20, udp(40_002));
    // The table was read before the second one's last datagram.
    tell(&mut model, 15, gone(udp(40_001)));
    tell(&mut model, 15, gone(udp(40_002)));
    assert_eq!(phases(&model), [ClientPhase::Gone, ClientPhase::Open]);
    assert_eq!(model.worlds.shown().clients.live(), 1);
    // Another socket with the port of the first is another client.
    hears(&mut model, 30, udp(40_001));
    assert_eq!(phases(&model), [ClientPhase::Gone, ClientPhase::Open, ClientPhase::Open]);
}

#[test]
fn a_connected_udp_client_ends_with_its_row_and_not_before() {
    let mut model = with_udp();
    let row = Row { cookie: 5, ..Row::new(udp(40_001)) };
    tell(&mut model, 9, Delta::Added(row.clone()));
    hears(&mut model, 10, udp(40_001));
    tell(&mut model, 11, gone(udp(40_001)));
    assert_eq!(phases(&model), [ClientPhase::Open]);
    tell(&mut model, 12, Delta::Gone(row.key()));
    assert_eq!(phases(&model), [ClientPhase::Gone]);
}

#[test]
fn a_udp_client_on_another_machine_is_not_ended_by_this_machines_table() {
    let mut model = with_udp();
    let there = Flow { local: "198.51.100.7:40003".parse().unwrap(), ..udp(0) };
    hears(&mut model, 10, there);
    tell(&mut model, 12, gone(there));
    assert_eq!(phases(&model), [ClientPhase::Open]);
}

#[test]
fn a_process_is_known_by_who_connects_or_by_who_holds_the_socket() {
    let mut model = with_udp();
    let python = |pid| Process { pid, name: "python3".into() };
    let found = |at, evidence, flow, pid| {
        let kind = EventKind::Holder(SocketHolder { flow, process: python(pid) });
        Observation { evidence, ..seen(at, kind) }
    };
    let accept = |model: &mut Model, at, port| {
        let call = Call::new(SocketId::Server(ServerId(0)), Syscall::Accept).on(flow(port).mirror().unwrap());
        model.observe(called(at, call));
    };
    // Traced before the server accepts, of an earlier connection and of this one.
    accept(&mut model, 2, 40_001);
    model.observe(seen(3, EventKind::Row(gone(flow(40_001)))));
    model.observe(found(5, Evidence::Traced, flow(40_001), 7));
    accept(&mut model, 6, 40_001);
    // Found in /proc afterwards.
    hears(&mut model, 8, udp(40_002));
    model.observe(found(9, Evidence::Sampled, udp(40_002), 8));
    let known: Vec<_> = model.worlds.shown().clients.all().iter().map(|c| c.process.as_ref().map(|p| p.pid)).collect();
    assert_eq!(known, [None, Some(7), Some(8)]);
}

#[test]
fn a_udp_client_whose_row_the_table_shows_ends_with_it_on_the_wire_too() {
    for (world, ip) in [(WorldId::Host, [127, 0, 0, 1]), (WorldId::Wire, [192, 0, 2, 2])] {
        let mut model = Model::new(Ui::default());
        let mut tell = |at, kind| {
            model.observe(Observation { world, ..seen(at, kind) });
            let phases = model.worlds.of(world).clients.all().iter().map(|client| client.phase);
            phases.collect::<Vec<_>>()
        };
        if world == WorldId::Wire {
            tell(0, EventKind::Wire(WireEvent::Opened { link: crate::domain::wire::LinkKind::Tun }));
        }
        let spec = ServerSpec { proto: Proto::Udp, model: None, ..spec("udp", 65432, ServiceModel::Async) };
        tell(1, server(SERVER.0, ServerChange::Added { spec }));
        let row = |local: [u8; 4]| {
            let flow = Flow::unconnected(Proto::Udp, (local, 40_001).into());
            Row { cookie: local[0].into(), ..Row::new(flow) }
        };
        let own = row([0; 4]);
        tell(2, EventKind::Row(Delta::Added(own.clone())));
        let from = Flow { proto: Proto::Udp, local: addr(65432), peer: Some((ip, 40_001).into()) };
        let call = Call::new(SocketId::Server(SERVER), Syscall::Recvfrom).on(from);
        assert_eq!(tell(3, EventKind::Call(call)), [ClientPhase::Open]);
        // A socket on another address with the same port.
        let other = row([127, 0, 0, 2]);
        tell(4, EventKind::Row(Delta::Added(other.clone())));
        assert_eq!(tell(5, EventKind::Row(Delta::Gone(other.key()))), [ClientPhase::Open]);
        assert_eq!(tell(6, EventKind::Row(Delta::Gone(own.key()))), [ClientPhase::Gone], "{world:?}");
    }
}
