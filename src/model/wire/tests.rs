use crate::domain::LabOrder;
use crate::domain::keys::Key;
use crate::model::effect::WireEffect;
use crate::model::presenter::WirePart;
use std::time::Duration;

use super::test_wire::{Client, FIN_ACK, PSH_ACK, Server, TestWire, addr, flow};
use super::*;
use crate::domain::client::ClientChange;
use crate::domain::wire::{LossReason, WireCommand};
use crate::domain::{
    ClientEvent, ClientId, CloseHow, ConnNo, Errno, EventKind, Flags, Lang, Note, Proto, Refusal, Segment, SentAgain,
    ServerChange, ServerId, Stamp, TcpState, WorldId,
};
use crate::model::settings::{SETTINGS, value};
use crate::model::ui::{Mode as Keyboard, View};
use crate::model::{Effect, presenter};

fn bench() -> TestWire {
    TestWire::open(Lang::En)
}

fn command(command: WireCommand) -> Effect {
    Effect::Wire(WireEffect::Command(command))
}

fn fate(bench: &TestWire, number: u64) -> WirePacketFate {
    bench.shown().packet(number).unwrap().fate
}

fn foreseen(bench: &TestWire, number: u64) -> Forecast {
    forecast(bench.model.worlds.shown(), bench.shown().packet(number).unwrap())
}

#[test]
fn the_key_opens_the_wire_once_and_goes_back_and_forth() {
    let mut bench = TestWire::asked(Lang::En);
    assert!(bench.model.ui.wire.opening);
    assert_eq!((bench.model.ui.view, bench.model.worlds.shown_id()), (View::Wire, WorldId::Wire));
    assert_eq!(bench.keys("w"), []);
    assert_eq!((bench.model.ui.view, bench.model.worlds.shown_id()), (View::Lab, WorldId::Host));
    // It is still being opened.
    assert_eq!(bench.keys("w"), []);
    bench.wire(None, WireEvent::Opened { link: LinkKind::Tun });
    assert!(!bench.model.ui.wire.opening);
    assert_eq!(bench.keys("ww1v"), []);
    assert_eq!((bench.model.ui.view, bench.model.worlds.shown_id()), (View::Lab, WorldId::Wire));
    assert_eq!(bench.key(Key::F(5)), []);
    let views: Vec<_> = [1, 2, 3, 8].map(|view| (bench.keys(&format!("v{view}")), bench.model.ui.view).1).into();
    assert_eq!(views, [View::Lab, View::Ports, View::Packets, View::Network]);
    assert_eq!(bench.model.worlds.shown_id(), WorldId::Wire, "a view never switches worlds");
    bench.key(Key::Esc);
    assert_eq!(bench.model.ui.view, View::Wire, "this is home in the wire's world");
    bench.keys("w");
    assert_eq!((bench.model.ui.view, bench.model.worlds.shown_id()), (View::Lab, WorldId::Host));
    bench.keys("5v");
    assert_eq!(bench.model.worlds.shown_id(), WorldId::Wire);
    let closed = bench.keys("W");
    assert_eq!(closed, [Effect::Wire(WireEffect::Close)]);
    bench.wire(None, WireEvent::Closed { why: CloseReason::Asked, errno: None });
    assert_eq!(bench.keys("w"), [Effect::Wire(WireEffect::Open)]);
}

#[test]
fn a_wire_that_ended_by_itself_says_so_before_it_is_opened_again() {
    let mut bench = bench();
    bench.dials(1, 42_666);
    bench.wire(None, WireEvent::Closed { why: CloseReason::HelperEnded, errno: None });
    assert_eq!(bench.shown().open().count(), 0);
    assert_eq!(bench.keys("ww"), []);
    assert_eq!(bench.key(Key::Enter), [Effect::Wire(WireEffect::Open)]);
    assert_eq!(bench.key(Key::Enter), [], "it is asked for only once");
    bench.wire(None, WireEvent::Opened { link: LinkKind::Tun });
    let world = bench.model.worlds.shown();
    assert_eq!((world.table.len(), world.clients.all().len(), world.wire.packets().len()), (0, 0, 0));
}

#[test]
fn copies_count_towards_the_limit_of_packets() {
    let mut bench = bench();
    let syn = bench.dials(1, 42_666);
    for copy in 10_001..13_000 {
        bench.wire(Some(Client), WireEvent::Duplicated { packet: syn, copy });
        bench.wire(Some(Client), WireEvent::Delivered { packet: copy });
    }
    assert_eq!(bench.shown().packets().len(), WireState::KEPT);
}

#[test]
fn a_connection_of_this_machine_with_the_same_addresses_does_not_affect_the_wires() {
    let mut bench = bench();
    let flow = flow(42_666);
    bench.state(Client, flow, TcpState::Closed, TcpState::SynSent, None);
    let at = Stamp::from_millis(2_000);
    let change = Transition { flow, from: TcpState::SynSent, to: TcpState::Established, cause: None };
    let seen = Observation {
        at,
        world: WorldId::Host,
        host: None,
        evidence: Evidence::Traced,
        kind: EventKind::State(change),
    };
    bench.model.observe(seen);
    bench.state(Client, flow, TcpState::SynSent, TcpState::Established, None);
    let last = bench.model.worlds.shown().wire.changes.back().map(|(_, _, change, _)| (change.from, change.to));
    assert_eq!(last, Some((TcpState::SynSent, TcpState::Established)));
    assert_eq!(bench.model.worlds.shown().histories.state(&flow), Some((TcpState::Established, Evidence::Sampled)));
}

#[test]
fn a_wire_that_ended_by_itself_has_no_sockets_and_is_shown() {
    let mut bench = bench();
    bench.dials(1, 42_666);
    bench.key(Key::F(1));
    assert!(!bench.model.worlds.shown().table.is_empty() && !bench.model.listing.is_empty());
    bench.wire(None, WireEvent::Closed { why: CloseReason::HelperEnded, errno: None });
    assert!(bench.model.worlds.shown().table.is_empty() && bench.model.listing.is_empty());
    assert_eq!(bench.model.ui.view, View::Wire);
}

#[test]
fn a_handshake_is_folded_with_the_states_beside_its_packets() {
    let mut bench = bench();
    let syn = bench.dials(1, 42_666);
    assert_eq!(fate(&bench, syn), WirePacketFate::Held);
    bench.wire(Some(Client), WireEvent::Folded { packet: syn, count: 1, after: Duration::from_secs(1) });
    bench.wire(Some(Client), WireEvent::Folded { packet: syn, count: 2, after: Duration::from_secs(2) });
    let syn_ack = bench.answers(syn, 42_666);
    let (ack, data) = bench.opens(syn_ack, 42_666);
    let wire = bench.shown();
    let packet = |number| wire.packet(number).unwrap();
    assert_eq!((packet(syn).folded, packet(syn).waited), (2, Some(Duration::from_secs(2))));
    let states = |number| {
        let packet = packet(number);
        let left: Vec<_> = packet.left.iter().map(|change| change.to).collect();
        (left, packet.brought.iter().map(|(host, change)| (*host, change.to)).collect::<Vec<_>>())
    };
    assert_eq!(states(syn), (vec![TcpState::SynSent], vec![(Server, TcpState::SynRecv)]));
    assert_eq!(states(syn_ack), (vec![], vec![(Client, TcpState::Established)]));
    assert_eq!(states(ack), (vec![], vec![]));
    let rungs: Vec<_> = wire.rungs().iter().filter(|rung| matches!(rung, WireRung::Packet(_))).cloned().collect();
    assert_eq!(rungs, [syn, syn_ack, ack, data].map(WireRung::Packet));
    assert!(
        !wire
            .rungs()
            .iter()
            .any(|rung| matches!(rung, WireRung::Change((_, _, change, _)) if change.to == TcpState::SynSent))
    );
}

#[test]
fn a_fin_and_not_an_earlier_ack_has_the_senders_new_state() {
    let mut bench = bench();
    bench.established(1, 42_666);
    let close = Some(Cause::Call(Syscall::Close));
    bench.state(Client, flow(42_666), TcpState::Established, TcpState::FinWait1, close);
    let ack = bench.sends(flow(42_666), Flags::ACK, 13, 13, "");
    let fin = bench.sends(flow(42_666), FIN_ACK, 13, 13, "");
    let wire = bench.shown();
    assert!(wire.packet(ack).unwrap().left.is_empty());
    assert_eq!(wire.packet(fin).unwrap().left[0].to, TcpState::FinWait1);
}

#[test]
fn the_fates_of_packets_are_followed() {
    let mut bench = bench();
    let one = bench.dials(1, 42_666);
    let other = bench.dials(2, 42_668);
    let third = bench.dials(3, 42_670);
    bench.wire(Some(Client), WireEvent::Swapped { packet: one, with: other });
    let order: Vec<_> = bench.shown().open().map(|packet| packet.packet.number).collect();
    assert_eq!(order, [other, one, third]);
    bench.wire(Some(Client), WireEvent::Corrupted { packet: one });
    bench.wire(Some(Client), WireEvent::Duplicated { packet: third, copy: 9 });
    bench.delivered(third);
    bench.wire(Some(Client), WireEvent::Dropped { packet: other, why: LossReason::Asked });
    let wire = bench.shown();
    assert!(wire.packet(one).unwrap().corrupted);
    assert_eq!((wire.packet(9).unwrap().copy_of, wire.packet(9).unwrap().fate), (Some(third), WirePacketFate::Held));
    assert!(matches!(fate(&bench, other), WirePacketFate::Lost { why: LossReason::Asked, .. }));
    bench.wire(Some(Client), WireEvent::NoSuchPacket { packet: other });
    assert_eq!(bench.shown().missing, Some(other));
}

#[test]
fn a_flying_packet_is_drawn_often_on_its_way() {
    let mut bench = bench();
    let syn = bench.dials(1, 42_666);
    let held = bench.model.next_change().unwrap();
    assert!(held > bench.model.now.after(Duration::from_millis(500)), "a held packet counts seconds");
    bench.wire(Some(Client), WireEvent::Delayed { packet: syn, by: Duration::from_secs(2) });
    bench.wait(500);
    let way = bench.shown().packet(syn).unwrap().way(bench.model.now).unwrap();
    assert!((245..=255).contains(&way), "{way}");
    assert_eq!(bench.model.next_change(), Some(bench.model.now.after(Duration::from_millis(50))));
    bench.keys("1v");
    let elsewhere = bench.model.next_change();
    assert!(elsewhere.is_none_or(|at| at > bench.model.now.after(Duration::from_millis(50))), "{elsewhere:?}");
}

#[test]
fn keys_act_on_the_packet_held_longest_or_the_selected_one() {
    let mut bench = bench();
    let wire = |asked| vec![command(asked)];
    assert_eq!(bench.keys("d"), [], "there is none");
    let one = bench.dials(1, 42_666);
    let other = bench.dials(2, 42_668);
    assert_eq!(bench.keys("d"), wire(WireCommand::Drop(one)));
    assert_eq!(bench.keys("n"), wire(WireCommand::Next));
    assert_eq!(bench.keys("2n"), [one, other].map(|number| command(WireCommand::Deliver(number))));
    assert_eq!(bench.keys("15+"), wire(WireCommand::Delay(one, Duration::from_millis(1_500))));
    assert_eq!(bench.keys("99+"), wire(WireCommand::Delay(one, Duration::from_secs(5))));
    let selected = bench.key(Key::Down);
    assert_eq!(selected, [Effect::Wire(WireEffect::Inform(Some(flow(42_668))))]);
    assert_eq!(bench.model.ui.wire.packet, Some(other));
    assert_eq!(bench.keys("D"), wire(WireCommand::Duplicate(other)));
    assert_eq!(bench.keys("T"), wire(WireCommand::Swap(other)));
    assert_eq!(bench.keys("C"), wire(WireCommand::Corrupt(other)));
    assert_eq!(
        bench.keys("x"),
        [Effect::Lab(WorldId::Wire, LabOrder::Close(ClientId(2), CloseHow::Fin))],
        "its client is selected with it"
    );
    let next = bench.keys("n");
    assert_eq!(next[0], command(WireCommand::Deliver(other)));
    assert_eq!(bench.model.ui.wire.packet, None, "the next press is about the next packet");
    bench.key(Key::Down);
    bench.dropped(other);
    assert_eq!(bench.keys("d"), [], "a packet that is gone is not exchanged for another");
    bench.key(Key::Esc);
    assert_eq!(bench.keys("d"), wire(WireCommand::Drop(one)));
}

#[test]
fn the_server_closes_its_end_when_that_is_selected() {
    let mut bench = bench();
    let pressed = |bench: &mut TestWire, keys: &str| {
        let effects = bench.keys(keys);
        (effects, bench.model.ui.refused.map(|refused| refused.why))
    };
    let refused = |why| (vec![], Some(why));
    let closes = |how| (vec![Effect::Lab(WorldId::Wire, LabOrder::CloseAccepted(ServerId(0), ConnNo(1), how))], None);
    bench.model.ui.wire.part = WirePart::Server;
    assert_eq!(pressed(&mut bench, "x"), refused(Refusal::NoClient));
    bench.established(1, 42_666);
    assert_eq!(pressed(&mut bench, "x"), refused(Refusal::NotAccepted));
    bench.accepts(1, 42_666);
    for (keys, how) in [("h", CloseHow::Half), ("x", CloseHow::Fin), ("X", CloseHow::Rst)] {
        assert_eq!(pressed(&mut bench, keys), closes(how));
    }
    // On a page the end is selected by Tab.
    bench.model.ui.wire.part = WirePart::Packets;
    bench.key(Key::Enter);
    let client = vec![Effect::Lab(WorldId::Wire, LabOrder::Close(ClientId(1), CloseHow::Fin))];
    assert_eq!(pressed(&mut bench, "x"), (client, None));
    bench.key(Key::Tab);
    assert_eq!(pressed(&mut bench, "x"), closes(CloseHow::Fin));
    let back = flow(42_666).mirror().unwrap();
    bench.state(Server, back, TcpState::Established, TcpState::FinWait1, Some(Cause::Call(Syscall::Close)));
    bench.server_change(ServerChange::Served { conn: ConnNo(1) });
    assert_eq!(pressed(&mut bench, "x"), refused(Refusal::ServerClosed(Some(TcpState::FinWait1))));
}

#[test]
fn udp_has_no_connection_to_close() {
    let mut bench = bench();
    let from = Flow { proto: Proto::Udp, ..flow(42_666) };
    bench.packet(from, None, "Hello, world", None);
    bench.model.ui.wire.part = WirePart::Server;
    assert_eq!(bench.keys("x"), []);
    assert_eq!(bench.model.ui.refused.map(|refused| refused.why), Some(Refusal::NoConnection));
}

#[test]
fn keys_act_on_both_directions_or_the_chosen_one() {
    let mut bench = bench();
    let wire = |asked| vec![command(asked)];
    let treated = |bench: &mut TestWire, host, mode| bench.wire(Some(host), WireEvent::Mode(mode));
    assert_eq!(bench.keys(" "), wire(WireCommand::Mode(None, WireMode::Live)));
    treated(&mut bench, Client, WireMode::Live);
    treated(&mut bench, Server, WireMode::Live);
    assert_eq!(bench.keys(" "), wire(WireCommand::Mode(None, WireMode::Step)));
    let slow = WireMode::Slow { hop: Duration::from_millis(500) };
    assert_eq!(bench.keys("5M"), wire(WireCommand::Mode(None, slow)));
    assert_eq!(bench.keys("M"), wire(WireCommand::Mode(None, slow)), "as it was last");
    assert_eq!(bench.keys("30%"), wire(WireCommand::Loss(None, 30)));
    assert_eq!(bench.keys(">|"), wire(WireCommand::Cut(Some(Client), true)));
    bench.wire(Some(Client), WireEvent::Cut { cut: true });
    assert_eq!(bench.keys("|"), wire(WireCommand::Cut(Some(Client), false)));
    assert_eq!(bench.keys("<|"), wire(WireCommand::Cut(Some(Server), true)));
    assert_eq!(bench.keys("<u"), [WireCommand::Cut(None, false), WireCommand::Loss(None, 0)].map(command));
    assert_eq!(bench.keys("f"), wire(WireCommand::Fold(false)));
}

#[test]
fn clients_go_to_the_selected_server() {
    let mut bench = bench();
    let server = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Lab(WorldId::Wire, LabOrder::Spawn { destination, .. })] => {
            (destination.server, destination.proto, destination.addr)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(server(bench.keys("c")), (Some(ServerId(0)), Proto::Tcp, addr(Server, 65_432)));
    bench.key(Key::Tab);
    bench.key(Key::Tab);
    bench.key(Key::Down);
    assert_eq!(server(bench.keys("c")), (Some(ServerId(1)), Proto::Udp, addr(Server, 65_432)));
    bench.keys("ioi");
    assert_eq!(
        bench.key(Key::Enter),
        [Effect::Lab(WorldId::Wire, LabOrder::Broadcast("oi".into(), vec![ServerId(1)]))]
    );
    assert_eq!(bench.model.ui.mode, Keyboard::Saying, "the line stays for the next message");
}

#[test]
fn a_program_needs_a_host() {
    let mut bench = bench();
    bench.keys("!");
    assert_eq!(bench.model.ui.mode, Keyboard::Running);
    bench.key(Key::Ctrl('u'));
    bench.keys("python3 server.py");
    assert_eq!((bench.key(Key::Enter), bench.model.ui.wire.no_host), (vec![], true));
    bench.key(Key::Ctrl('u'));
    bench.keys("server  python3 server.py");
    assert_eq!(bench.key(Key::Enter), [Effect::Wire(WireEffect::Run(Server, "python3 server.py".into()))]);
    assert_eq!((bench.model.ui.mode, bench.model.ui.wire.program.input.value()), (Keyboard::Command, "server "));
    bench.keys("!");
    bench.key(Key::Ctrl('u'));
    bench.keys("servidor ss -tan");
    assert_eq!(
        bench.key(Key::Enter),
        [Effect::Wire(WireEffect::Run(Server, "ss -tan".into()))],
        "as it is called in Portuguese"
    );
    assert_eq!(bench.model.ui.wire.program.input.value(), "servidor ");
    assert_eq!(bench.keys("x"), [], "no client of ours is open");
    bench.wire(Some(Server), WireEvent::Program { pid: 7, name: "python3".into() });
    bench.key(Key::BackTab);
    assert_eq!(bench.model.ui.wire.part, WirePart::Programs);
    assert_eq!(bench.keys("x"), [Effect::Wire(WireEffect::Kill(7))]);
    bench.wire(Some(Server), WireEvent::ProgramEnded { pid: 7, status: None, signal: Some(15) });
    let programs = &bench.shown().programs;
    assert_eq!((programs.running().len(), programs.lines().len()), (0, 2));
}

#[test]
fn settings_change_on_one_host_and_a_failure_keeps_the_old_value() {
    let mut bench = bench();
    let now = |bench: &TestWire, host| value(bench.shown(), host, SETTINGS[0]);
    bench.keys(",");
    assert_eq!(now(&bench, Client), Some(Setting::Timestamps(false)));
    assert_eq!(bench.key(Key::Right), [Effect::Wire(WireEffect::Set(Client, Setting::Timestamps(true)))]);
    bench.wire(Some(Client), WireEvent::SettingChanged { setting: Setting::Timestamps(true), errno: None });
    assert_eq!(
        (now(&bench, Client), now(&bench, Server)),
        (Some(Setting::Timestamps(true)), Some(Setting::Timestamps(false)))
    );
    bench.wire(
        Some(Client),
        WireEvent::SettingChanged { setting: Setting::Timestamps(false), errno: Some(Errno::Perm) },
    );
    assert_eq!(now(&bench, Client), Some(Setting::Timestamps(true)));
    assert!(crate::model::settings::failure(bench.shown(), Client, SETTINGS[0]).is_some());
    bench.key(Key::Tab);
    assert_eq!(bench.key(Key::Left), [Effect::Wire(WireEffect::Set(Server, Setting::Timestamps(true)))]);
    bench.key(Key::Esc);
    assert_eq!(bench.model.ui.mode, Keyboard::Command);
}

#[test]
fn the_kernels_are_asked_about_the_selected_connection() {
    let mut bench = bench();
    bench.dials(1, 42_666);
    bench.info(Client, flow(42_666), 1_000, 0);
    assert!(bench.shown().info(Client, &flow(42_666)).is_some());
    assert!(bench.shown().info(Client, &flow(42_668)).is_none());
    assert_eq!(bench.keys("1v"), [Effect::Wire(WireEffect::Inform(None))]);
    assert_eq!(bench.key(Key::F(5)).last(), Some(&Effect::Wire(WireEffect::Inform(Some(flow(42_666))))));
}

#[test]
fn a_forecast_is_certain_at_every_step_of_a_connection() {
    let mut bench = bench();
    let port = 42_666;
    let (out, back) = (flow(port), flow(port).mirror().unwrap());
    let syn = bench.dials(1, port);
    assert_eq!(foreseen(&bench, syn), Forecast::Opens);
    let syn_ack = bench.answers(syn, port);
    assert_eq!(foreseen(&bench, syn_ack), Forecast::Answers);
    let (ack, data) = bench.opens(syn_ack, port);
    assert_eq!(foreseen(&bench, ack), Forecast::Completes);
    bench.delivered(ack);
    bench.state(Server, back, TcpState::SynRecv, TcpState::Established, Some(Cause::Packet(ack)));
    assert_eq!(foreseen(&bench, data), Forecast::Data);
    let fin = bench.sends(out, FIN_ACK, 13, 1, "");
    assert_eq!(foreseen(&bench, fin), Forecast::Gap, "the bytes before it are still on the wire");
    bench.delivered(data);
    assert_eq!(foreseen(&bench, fin), Forecast::PeerCloses);
    let again = bench.sends(out, PSH_ACK, 1, 1, "Hello, world");
    assert_eq!(foreseen(&bench, again), Forecast::Old);
    let acks = bench.sends(back, Flags::ACK, 1, 13, "");
    assert_eq!(foreseen(&bench, acks), Forecast::Acks);
    bench.state(Client, out, TcpState::Established, TcpState::FinWait1, None);
    assert_eq!(foreseen(&bench, acks), Forecast::Acks, "it does not acknowledge the FIN");
    let acks_fin = bench.sends(back, Flags::ACK, 1, 14, "");
    assert_eq!(foreseen(&bench, acks_fin), Forecast::FinAcked);
    let their_fin = bench.sends(back, FIN_ACK, 1, 13, "");
    assert_eq!(foreseen(&bench, their_fin), Forecast::BothClose);
    let both = bench.sends(back, FIN_ACK, 1, 14, "");
    assert_eq!(foreseen(&bench, both), Forecast::LastFin);
    let rst = bench.sends(back, Flags::RST, 1, 0, "");
    assert_eq!(foreseen(&bench, rst), Forecast::Reset);
    let stray = bench.sends(back, Flags::RST, 500, 0, "");
    assert_eq!(foreseen(&bench, stray), Forecast::Arrives, "outside of what is expected nothing is certain");
    bench.wire(Some(Server), WireEvent::Corrupted { packet: rst });
    assert_eq!(foreseen(&bench, rst), Forecast::Corrupt);
    bench.wire(Some(Server), WireEvent::Cut { cut: true });
    assert_eq!(foreseen(&bench, rst), Forecast::Cut);
}

#[test]
fn a_fin_is_answered_by_a_fin_where_a_server_of_ours_reads() {
    let mut bench = bench();
    let port = 42_666;
    let data = bench.established(1, port);
    let fin = bench.sends(flow(port), FIN_ACK, 13, 1, "");
    bench.delivered(data);
    assert_eq!(foreseen(&bench, fin), Forecast::PeerCloses, "it waits for accept(): nobody reads");
    bench.accepts(1, port);
    assert_eq!(foreseen(&bench, fin), Forecast::ClosesInTurn);
}

#[test]
fn what_comes_after_close_is_answered_by_a_reset() {
    let mut bench = bench();
    let port = 42_666;
    let data = bench.established(1, port);
    let (out, back) = (flow(port), flow(port).mirror().unwrap());
    bench.delivered(data);
    bench.state(Client, out, TcpState::Established, TcpState::FinWait2, None);
    let next = bench.sends(back, PSH_ACK, 1, 13, "HELLO, WORLD");
    let beyond = bench.sends(back, FIN_ACK, 13, 13, "");
    // The program has only shut down its sending side.
    assert_eq!([next, beyond].map(|packet| foreseen(&bench, packet)), [Forecast::Data, Forecast::Gap]);
    bench.row(Client, out, Some(TcpState::FinWait2), |row| row.inode = Some(0));
    assert_eq!([next, beyond].map(|packet| foreseen(&bench, packet)), [Forecast::AfterClose; 2]);
    let fin = bench.sends(back, FIN_ACK, 1, 13, "");
    assert_eq!(foreseen(&bench, fin), Forecast::LastFin);
}

#[test]
fn a_forecast_knows_closed_ports_full_queues_and_datagrams() {
    let mut bench = bench();
    let nobody = Flow::tcp(addr(Client, 42_666), addr(Server, 9));
    let syn = bench.sends(nobody, Flags::SYN, 0, 0, "");
    assert_eq!(foreseen(&bench, syn), Forecast::Refused);
    let syn = bench.dials(1, 42_668);
    bench.row(Server, Flow::unconnected(Proto::Tcp, addr(Server, 65_432)), Some(TcpState::Listen), |row| {
        (row.recv_q, row.send_q) = (Some(2), Some(1));
    });
    assert_eq!(foreseen(&bench, syn), Forecast::QueueFull);
    let datagram = |to| Flow { proto: Proto::Udp, local: addr(Client, 50_000), peer: Some(addr(Server, to)) };
    let heard = bench.packet(datagram(65_432), None, "oi", None);
    let unheard = bench.packet(datagram(9), None, "oi", None);
    assert_eq!((foreseen(&bench, heard), foreseen(&bench, unheard)), (Forecast::Datagram, Forecast::NoPort));
}

#[test]
fn a_simultaneous_open_is_forecast() {
    let mut bench = bench();
    let one = Flow::tcp(addr(Client, 40_000), addr(Server, 40_000));
    for (host, flow) in [(Client, one), (Server, one.mirror().unwrap())] {
        bench.state(host, flow, TcpState::Closed, TcpState::SynSent, None);
        bench.sends(flow, Flags::SYN, 0, 0, "");
    }
    assert_eq!((foreseen(&bench, 1), foreseen(&bench, 2)), (Forecast::OpensAtOnce, Forecast::OpensAtOnce));
}

/// Why the packet that the story tells of last was sent again.
fn why(bench: &TestWire) -> Option<SentAgain> {
    bench
        .shown()
        .story
        .facts()
        .filter_map(|fact| match fact {
            WireFact::Resent { why, .. } | WireFact::Folded { why, .. } => Some(*why),
            _ => None,
        })
        .last()
}

#[test]
fn a_repeated_syn_is_no_timer_of_the_server() {
    let mut bench = bench();
    let port = 42_666;
    let out = flow(port);
    let again = |of: u64, flags, seq, ack| {
        let tcp = Segment { flags, seq, ack, seq_rel: Some(seq), ack_rel: Some(ack), window: 64_240, options: vec![] };
        (Some(tcp), Some(of))
    };
    let syn = bench.dials(1, port);
    let syn_ack = bench.answers(syn, port);
    bench.wait(1_000);
    let (tcp, of) = again(syn, Flags::SYN, 0, 0);
    let second = bench.packet(out, tcp, "", of);
    assert_eq!(why(&bench), Some(SentAgain::Timer));
    bench.delivered(second);
    let after = Duration::from_secs(1);
    bench.wire(Some(Server), WireEvent::Folded { packet: syn_ack, count: 1, after });
    assert_eq!(why(&bench), Some(SentAgain::RepeatedSyn));
    bench.wait(2_000);
    bench.wire(Some(Server), WireEvent::Folded { packet: syn_ack, count: 2, after });
    assert_eq!(why(&bench), Some(SentAgain::Timer), "nothing came for two seconds");
}

#[test]
fn duplicate_acks_and_a_closed_window_have_their_own_sentences() {
    let mut bench = bench();
    let port = 42_666;
    let data = bench.established(1, port);
    let (out, back) = (flow(port), flow(port).mirror().unwrap());
    let again = |bench: &mut TestWire| {
        let tcp = bench.shown().packet(data).unwrap().packet.tcp.clone();
        bench.packet(out, tcp, "Hello, world", Some(data));
        why(bench)
    };
    for _ in 0..4 {
        let ack = bench.sends(back, Flags::ACK, 1, 1, "");
        bench.delivered(ack);
    }
    assert_eq!(again(&mut bench), Some(SentAgain::DuplicateAcks(3)));
    bench.wait(300);
    assert_eq!(again(&mut bench), Some(SentAgain::Timer));
    let closed = Segment { window: 0, ..bench.shown().packet(data).unwrap().packet.tcp.clone().unwrap() };
    let closed = Segment { flags: Flags::ACK, ack_rel: Some(13), ..closed };
    let full = bench.packet(back, Some(closed), "", None);
    bench.delivered(full);
    assert_eq!(again(&mut bench), Some(SentAgain::Probe));
    bench.wait(300);
    bench.sends(out, Flags::ACK, 12, 1, "");
    assert_eq!(told(&bench).last(), Some(&"probed"), "{:?}", told(&bench));
}

fn told(bench: &TestWire) -> Vec<&'static str> {
    let word = |fact: &WireFact| match fact {
        WireFact::Dialing(_) => "dialing",
        WireFact::Called(..) => "called",
        WireFact::Sent(_) => "sent",
        WireFact::Resent { .. } => "resent",
        WireFact::Probed(_) => "probed",
        WireFact::Delivered(_) => "delivered",
        WireFact::Lost(..) => "lost",
        WireFact::Copied { .. } => "copied",
        WireFact::Corrupted(_) => "corrupted",
        WireFact::Swapped(..) => "swapped",
        WireFact::Folded { .. } => "folded",
        WireFact::Changed(..) => "changed",
        WireFact::Short(_) => "short",
    };
    bench.shown().story.facts().map(word).collect()
}

#[test]
fn the_story_is_the_last_action_and_its_effects() {
    let mut bench = bench();
    assert!(told(&bench).is_empty());
    let syn = bench.dials(1, 42_666);
    assert_eq!(told(&bench), ["dialing", "changed", "sent"]);
    bench.wait(1_000);
    bench.wire(Some(Client), WireEvent::Folded { packet: syn, count: 1, after: Duration::from_secs(1) });
    bench.wait(1_000);
    bench.wire(Some(Client), WireEvent::Folded { packet: syn, count: 2, after: Duration::from_secs(1) });
    assert_eq!(told(&bench), ["dialing", "changed", "sent", "folded"], "a timer is no new story");
    bench.wait(1_000);
    let syn_ack = bench.answers(syn, 42_666);
    assert_eq!(told(&bench), ["delivered", "changed", "sent"]);
    bench.wait(1_000);
    bench.dropped(syn_ack);
    assert_eq!(told(&bench), ["lost"]);
}

#[test]
fn a_program_that_a_packet_wakes_may_report_first() {
    let mut bench = bench();
    let data = bench.established(1, 42_666);
    bench.wait(1_000);
    let back = flow(42_666).mirror().unwrap();
    let recv = Call::new(crate::domain::SocketId::Conn(ServerId(0), crate::domain::ConnNo(1)), Syscall::Recv);
    bench.call(Server, recv.on(back).carrying(b"Hello, world"));
    bench.delivered(data);
    assert_eq!(told(&bench), ["delivered", "called"]);
}

#[test]
fn facts_within_a_moment_are_ordered_by_cause() {
    let mut bench = bench();
    let at = flow(42_666);
    let connect = Some(Cause::Call(Syscall::Connect));
    bench.state(Client, at, TcpState::Closed, TcpState::SynSent, connect);
    let dialing = ClientEvent { client: ClientId(1), change: ClientChange::Dialing { flow: at } };
    bench.seen(Some(Client), Evidence::Called, EventKind::Client(dialing));
    assert_eq!(told(&bench), ["dialing", "changed"], "the call stands before what it brought about");
    let syn = bench.sends(at, Flags::SYN, 0, 0, "");
    bench.delivered(syn);
    let back = at.mirror().unwrap();
    bench.state(Server, back, TcpState::Listen, TcpState::SynRecv, Some(Cause::Packet(syn)));
    let syn_ack = bench.sends(back, Flags::SYN.with(Flags::ACK), 0, 1, "");
    bench.delivered(syn_ack);
    assert_eq!(told(&bench), ["dialing", "changed", "sent", "delivered", "changed", "sent", "delivered"]);
}

#[test]
fn a_burst_that_ended_early_is_shown_until_another_client_connects() {
    let mut bench = bench();
    bench.dials(1, 40_000);
    let note = |errno| EventKind::Note(Note::BurstCut { asked: 50, made: 10, errno });
    bench.seen(Some(Client), Evidence::Called, note(Errno::Interrupted));
    assert_eq!(bench.model.worlds.shown().clients.short, None, "whoever closed them all knows why");
    bench.seen(Some(Client), Evidence::Called, note(Errno::AddrNotAvail));
    let short = crate::model::clients::ShortBurst { asked: 50, made: 10, errno: Errno::AddrNotAvail };
    assert_eq!((bench.model.worlds.shown().clients.short, told(&bench).last()), (Some(short), Some(&"short")));
    bench.wait(1_000);
    bench.delivered(1);
    assert_eq!((bench.model.worlds.shown().clients.short, told(&bench)), (Some(short), vec!["delivered"]));
    bench.dials(2, 40_001);
    assert_eq!(bench.model.worlds.shown().clients.short, None);
}

#[test]
fn a_model_without_a_wire_requests_nothing() {
    let mut model = crate::model::Model::default();
    assert_eq!(presenter::target(&model), None);
    assert_eq!(presenter::conversation(&model), None);
    assert_eq!(crate::model::update(&mut model, crate::model::Msg::Time(Stamp::ZERO)), []);
}
