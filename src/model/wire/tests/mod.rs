//! The wire as it is folded, and its keys.

mod forecast;
mod story;

use crate::domain::LabOrder;
use crate::domain::keys::Key;
use crate::model::effect::WireEffect;
use crate::model::presenter::WirePart;
use std::time::Duration;

use super::*;
use crate::domain::wire::{LossReason, WireCommand};
use crate::domain::{
    ClientId, CloseHow, ConnNo, Errno, EventKind, Flags, Lang, LinkChange, LinkCondition, PerHost, Proto, Refusal,
    ServerChange, ServerId, Stamp, TcpState, WorldId,
};
use crate::model::settings::{SETTINGS, value};
use crate::model::ui::{Mode as Keyboard, View};
use crate::model::wire::test_wire::{Client, FIN_ACK, Server, TestWire, addr, flow};
use crate::model::{Effect, presenter};

fn wire_lab() -> TestWire {
    TestWire::open(Lang::En)
}

fn command(command: WireCommand) -> Effect {
    Effect::Wire(WireEffect::Command(command))
}

fn fate(wire_lab: &TestWire, number: u64) -> WirePacketFate {
    wire_lab.shown().packet(number).unwrap().fate
}

#[test]
fn the_key_opens_the_wire_once_and_goes_back_and_forth() {
    let mut wire_lab = TestWire::asked(Lang::En);
    assert!(wire_lab.model.ui.wire.opening);
    assert_eq!((wire_lab.model.ui.view, wire_lab.model.worlds.shown_id()), (View::Wire, WorldId::Wire));
    assert_eq!(wire_lab.keys("w"), []);
    assert_eq!((wire_lab.model.ui.view, wire_lab.model.worlds.shown_id()), (View::Lab, WorldId::Host));
    // It is still being opened.
    assert_eq!(wire_lab.keys("w"), []);
    wire_lab.wire(None, WireEvent::Opened { link: LinkKind::Tun });
    assert!(!wire_lab.model.ui.wire.opening);
    assert_eq!(wire_lab.keys("ww1v"), []);
    assert_eq!((wire_lab.model.ui.view, wire_lab.model.worlds.shown_id()), (View::Lab, WorldId::Wire));
    assert_eq!(wire_lab.key(Key::F(5)), []);
    let views: Vec<_> = [1, 2, 3, 8].map(|view| (wire_lab.keys(&format!("v{view}")), wire_lab.model.ui.view).1).into();
    assert_eq!(views, [View::Lab, View::Ports, View::Packets, View::Network]);
    assert_eq!(wire_lab.model.worlds.shown_id(), WorldId::Wire, "a view never switches worlds");
    wire_lab.key(Key::Esc);
    assert_eq!(wire_lab.model.ui.view, View::Wire, "this is home in the wire's world");
    wire_lab.keys("w");
    assert_eq!((wire_lab.model.ui.view, wire_lab.model.worlds.shown_id()), (View::Lab, WorldId::Host));
    wire_lab.keys("5v");
    assert_eq!(wire_lab.model.worlds.shown_id(), WorldId::Wire);
    let closed = wire_lab.keys("W");
    assert_eq!(closed, [Effect::Wire(WireEffect::Close)]);
    wire_lab.wire(None, WireEvent::Closed { why: CloseReason::Asked, errno: None });
    assert_eq!(wire_lab.keys("w"), [Effect::Wire(WireEffect::Open)]);
}

#[test]
fn a_wire_that_ended_by_itself_says_so_before_it_is_opened_again() {
    let mut wire_lab = wire_lab();
    wire_lab.dials(1, 42_666);
    wire_lab.wire(None, WireEvent::Closed { why: CloseReason::HelperEnded, errno: None });
    assert_eq!(wire_lab.shown().open().count(), 0);
    assert_eq!(wire_lab.keys("ww"), []);
    assert_eq!(wire_lab.key(Key::Enter), [Effect::Wire(WireEffect::Open)]);
    assert_eq!(wire_lab.key(Key::Enter), [], "it is asked for only once");
    wire_lab.wire(None, WireEvent::Opened { link: LinkKind::Tun });
    let world = wire_lab.model.worlds.shown();
    assert_eq!((world.table.len(), world.clients.all().len(), world.wire.packets().len()), (0, 0, 0));
}

#[test]
fn copies_count_towards_the_limit_of_packets() {
    let mut wire_lab = wire_lab();
    let syn = wire_lab.dials(1, 42_666);
    for copy in 10_001..13_000 {
        wire_lab.wire(Some(Client), WireEvent::Duplicated { packet: syn, copy });
        wire_lab.wire(Some(Client), WireEvent::Delivered { packet: copy });
    }
    assert_eq!(wire_lab.shown().packets().len(), WireState::KEPT);
}

#[test]
fn a_connection_of_this_machine_with_the_same_addresses_does_not_affect_the_wires() {
    let mut wire_lab = wire_lab();
    let flow = flow(42_666);
    wire_lab.state(Client, flow, TcpState::Closed, TcpState::SynSent, None);
    let at = Stamp::from_millis(2_000);
    let change = Transition { flow, from: TcpState::SynSent, to: TcpState::Established, cause: None };
    let seen = Observation {
        at,
        world: WorldId::Host,
        host: None,
        evidence: Evidence::Traced,
        kind: EventKind::State(change),
    };
    wire_lab.model.observe(seen);
    wire_lab.state(Client, flow, TcpState::SynSent, TcpState::Established, None);
    let last = wire_lab.model.worlds.shown().wire.changes.back().map(|(_, _, change, _)| (change.from, change.to));
    assert_eq!(last, Some((TcpState::SynSent, TcpState::Established)));
    assert_eq!(wire_lab.model.worlds.shown().histories.state(&flow), Some((TcpState::Established, Evidence::Sampled)));
}

#[test]
fn a_wire_that_ended_by_itself_has_no_sockets_and_is_shown() {
    let mut wire_lab = wire_lab();
    wire_lab.dials(1, 42_666);
    wire_lab.key(Key::F(1));
    assert!(!wire_lab.model.worlds.shown().table.is_empty() && !wire_lab.model.listing.is_empty());
    wire_lab.wire(None, WireEvent::Closed { why: CloseReason::HelperEnded, errno: None });
    assert!(wire_lab.model.worlds.shown().table.is_empty() && wire_lab.model.listing.is_empty());
    assert_eq!(wire_lab.model.ui.view, View::Wire);
}

#[test]
fn a_handshake_is_folded_with_the_states_beside_its_packets() {
    let mut wire_lab = wire_lab();
    let syn = wire_lab.dials(1, 42_666);
    assert_eq!(fate(&wire_lab, syn), WirePacketFate::Held);
    wire_lab.wire(Some(Client), WireEvent::Folded { packet: syn, count: 1, after: Duration::from_secs(1) });
    wire_lab.wire(Some(Client), WireEvent::Folded { packet: syn, count: 2, after: Duration::from_secs(2) });
    let syn_ack = wire_lab.answers(syn, 42_666);
    let (ack, data) = wire_lab.opens(syn_ack, 42_666);
    let wire = wire_lab.shown();
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
    let mut wire_lab = wire_lab();
    wire_lab.established(1, 42_666);
    let close = Some(Cause::Call(Syscall::Close));
    wire_lab.state(Client, flow(42_666), TcpState::Established, TcpState::FinWait1, close);
    let ack = wire_lab.sends(flow(42_666), Flags::ACK, 13, 13, "");
    let fin = wire_lab.sends(flow(42_666), FIN_ACK, 13, 13, "");
    let wire = wire_lab.shown();
    assert!(wire.packet(ack).unwrap().left.is_empty());
    assert_eq!(wire.packet(fin).unwrap().left[0].to, TcpState::FinWait1);
}

#[test]
fn the_fates_of_packets_are_followed() {
    let mut wire_lab = wire_lab();
    let one = wire_lab.dials(1, 42_666);
    let other = wire_lab.dials(2, 42_668);
    let third = wire_lab.dials(3, 42_670);
    wire_lab.wire(Some(Client), WireEvent::Swapped { packet: one, with: other });
    let order: Vec<_> = wire_lab.shown().open().map(|packet| packet.packet.number).collect();
    assert_eq!(order, [other, one, third]);
    wire_lab.wire(Some(Client), WireEvent::Corrupted { packet: one });
    wire_lab.wire(Some(Client), WireEvent::Duplicated { packet: third, copy: 9 });
    wire_lab.delivered(third);
    wire_lab.wire(Some(Client), WireEvent::Dropped { packet: other, why: LossReason::Asked });
    let wire = wire_lab.shown();
    assert!(wire.packet(one).unwrap().corrupted);
    assert_eq!((wire.packet(9).unwrap().copy_of, wire.packet(9).unwrap().fate), (Some(third), WirePacketFate::Held));
    assert!(matches!(fate(&wire_lab, other), WirePacketFate::Lost { why: LossReason::Asked, .. }));
    wire_lab.wire(Some(Client), WireEvent::NoSuchPacket { packet: other });
    assert_eq!(wire_lab.shown().missing, Some(other));
}

#[test]
fn a_flying_packet_is_drawn_often_on_its_way() {
    let mut wire_lab = wire_lab();
    let syn = wire_lab.dials(1, 42_666);
    let held = wire_lab.model.next_change().unwrap();
    assert!(held > wire_lab.model.now.after(Duration::from_millis(500)), "a held packet counts seconds");
    wire_lab.wire(Some(Client), WireEvent::Delayed { packet: syn, by: Duration::from_secs(2) });
    wire_lab.wait(500);
    let way = wire_lab.shown().packet(syn).unwrap().way(wire_lab.model.now).unwrap();
    assert!((245..=255).contains(&way), "{way}");
    assert_eq!(wire_lab.model.next_change(), Some(wire_lab.model.now.after(Duration::from_millis(50))));
    wire_lab.keys("1v");
    let elsewhere = wire_lab.model.next_change();
    assert!(elsewhere.is_none_or(|at| at > wire_lab.model.now.after(Duration::from_millis(50))), "{elsewhere:?}");
}

#[test]
fn keys_act_on_the_packet_held_longest_or_the_selected_one() {
    let mut wire_lab = wire_lab();
    let wire = |asked| vec![command(asked)];
    assert_eq!(wire_lab.keys("d"), [], "there is none");
    let one = wire_lab.dials(1, 42_666);
    let other = wire_lab.dials(2, 42_668);
    assert_eq!(wire_lab.keys("d"), wire(WireCommand::Drop(one)));
    assert_eq!(wire_lab.keys("n"), wire(WireCommand::Next));
    assert_eq!(wire_lab.keys("2n"), [one, other].map(|number| command(WireCommand::Deliver(number))));
    assert_eq!(wire_lab.keys("15+"), wire(WireCommand::Delay(one, Duration::from_millis(1_500))));
    assert_eq!(wire_lab.keys("99+"), wire(WireCommand::Delay(one, Duration::from_secs(5))));
    let selected = wire_lab.key(Key::Down);
    assert_eq!(selected, [Effect::Wire(WireEffect::Inform(Some(flow(42_668))))]);
    assert_eq!(wire_lab.model.ui.wire.packet, Some(other));
    assert_eq!(wire_lab.keys("D"), wire(WireCommand::Duplicate(other)));
    assert_eq!(wire_lab.keys("T"), wire(WireCommand::Swap(other)));
    assert_eq!(wire_lab.keys("C"), wire(WireCommand::Corrupt(other)));
    assert_eq!(
        wire_lab.keys("x"),
        [Effect::Lab(WorldId::Wire, LabOrder::Close(ClientId(2), CloseHow::Fin))],
        "its client is selected with it"
    );
    let next = wire_lab.keys("n");
    assert_eq!(next[0], command(WireCommand::Deliver(other)));
    assert_eq!(wire_lab.model.ui.wire.packet, None, "the next press is about the next packet");
    wire_lab.key(Key::Down);
    wire_lab.dropped(other);
    assert_eq!(wire_lab.keys("d"), [], "a packet that is gone is not exchanged for another");
    wire_lab.key(Key::Esc);
    assert_eq!(wire_lab.keys("d"), wire(WireCommand::Drop(one)));
}

#[test]
fn the_server_closes_its_end_when_that_is_selected() {
    let mut wire_lab = wire_lab();
    let pressed = |wire_lab: &mut TestWire, keys: &str| {
        let effects = wire_lab.keys(keys);
        (effects, wire_lab.model.ui.refused.map(|refused| refused.why))
    };
    let refused = |why| (vec![], Some(why));
    let closes = |how| (vec![Effect::Lab(WorldId::Wire, LabOrder::CloseAccepted(ServerId(0), ConnNo(1), how))], None);
    wire_lab.model.ui.wire.part = WirePart::Server;
    assert_eq!(pressed(&mut wire_lab, "x"), refused(Refusal::NoClient));
    wire_lab.established(1, 42_666);
    assert_eq!(pressed(&mut wire_lab, "x"), refused(Refusal::NotAccepted));
    wire_lab.accepts(1, 42_666);
    for (keys, how) in [("h", CloseHow::Half), ("x", CloseHow::Fin), ("X", CloseHow::Rst)] {
        assert_eq!(pressed(&mut wire_lab, keys), closes(how));
    }
    // On a page the end is selected by Tab.
    wire_lab.model.ui.wire.part = WirePart::Packets;
    wire_lab.key(Key::Enter);
    let client = vec![Effect::Lab(WorldId::Wire, LabOrder::Close(ClientId(1), CloseHow::Fin))];
    assert_eq!(pressed(&mut wire_lab, "x"), (client, None));
    wire_lab.key(Key::Tab);
    assert_eq!(pressed(&mut wire_lab, "x"), closes(CloseHow::Fin));
    let back = flow(42_666).mirror().unwrap();
    wire_lab.state(Server, back, TcpState::Established, TcpState::FinWait1, Some(Cause::Call(Syscall::Close)));
    wire_lab.server_change(ServerChange::Served { conn: ConnNo(1) });
    assert_eq!(pressed(&mut wire_lab, "x"), refused(Refusal::ServerClosed(Some(TcpState::FinWait1))));
}

#[test]
fn udp_has_no_connection_to_close() {
    let mut wire_lab = wire_lab();
    let from = Flow { proto: Proto::Udp, ..flow(42_666) };
    wire_lab.packet(from, None, "Hello, world", None);
    wire_lab.model.ui.wire.part = WirePart::Server;
    assert_eq!(wire_lab.keys("x"), []);
    assert_eq!(wire_lab.model.ui.refused.map(|refused| refused.why), Some(Refusal::NoConnection));
}

#[test]
fn keys_act_on_both_directions_or_the_chosen_one() {
    let mut wire_lab = wire_lab();
    let wire = |asked| vec![command(asked)];
    let treated = |wire_lab: &mut TestWire, host, mode| wire_lab.wire(Some(host), WireEvent::Mode(mode));
    let patience = |on| [Client, Server].map(|host| Effect::Wire(WireEffect::Set(host, Setting::Patience(on))));
    let live = command(WireCommand::Mode(None, WireMode::Live));
    let [client, server] = patience(false);
    assert_eq!(wire_lab.keys(" "), [live, client, server], "patience is for what is held");
    assert_eq!(wire_lab.keys("> "), wire(WireCommand::Mode(Some(Client), WireMode::Live)), "the other direction holds");
    wire_lab.keys(">");
    for host in [Client, Server] {
        wire_lab.wire(Some(host), WireEvent::SettingChanged { setting: Setting::Patience(false), errno: None });
    }
    treated(&mut wire_lab, Client, WireMode::Live);
    treated(&mut wire_lab, Server, WireMode::Live);
    let step = command(WireCommand::Mode(None, WireMode::Step));
    let [client, server] = patience(true);
    assert_eq!(wire_lab.keys(" "), [step, client, server]);
    let slow = WireMode::Slow { hop: Duration::from_millis(500) };
    assert_eq!(wire_lab.keys("5M"), wire(WireCommand::Mode(None, slow)));
    assert_eq!(wire_lab.keys("M"), wire(WireCommand::Mode(None, slow)), "as it was last");
    assert_eq!(wire_lab.keys("30%"), wire(WireCommand::Loss(None, 30)));
    assert_eq!(wire_lab.keys(">|"), wire(WireCommand::Cut(Some(Client), true)));
    wire_lab.wire(Some(Client), WireEvent::Cut { cut: true });
    assert_eq!(wire_lab.keys("|"), wire(WireCommand::Cut(Some(Client), false)));
    assert_eq!(wire_lab.keys("<|"), wire(WireCommand::Cut(Some(Server), true)));
    let mended = WireCommand::Link(PerHost::new(LinkChange::mend(), LinkChange::mend()));
    assert_eq!(wire_lab.keys("<u"), [WireCommand::Cut(None, false), mended].map(command));
    assert_eq!(wire_lab.keys("f"), wire(WireCommand::Fold(false)));
}

#[test]
fn clients_go_to_the_selected_server() {
    let mut wire_lab = wire_lab();
    let server = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Lab(WorldId::Wire, LabOrder::Spawn { destination, .. })] => {
            (destination.server, destination.proto, destination.addr)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(server(wire_lab.keys("c")), (Some(ServerId(0)), Proto::Tcp, addr(Server, 65_432)));
    wire_lab.key(Key::Tab);
    wire_lab.key(Key::Tab);
    wire_lab.key(Key::Down);
    assert_eq!(server(wire_lab.keys("c")), (Some(ServerId(1)), Proto::Udp, addr(Server, 65_432)));
    wire_lab.keys("ioi");
    assert_eq!(
        wire_lab.key(Key::Enter),
        [Effect::Lab(WorldId::Wire, LabOrder::Broadcast("oi".into(), vec![ServerId(1)]))]
    );
    assert_eq!(wire_lab.model.ui.mode, Keyboard::Saying, "the line stays for the next message");
}

#[test]
fn a_program_needs_a_host() {
    let mut wire_lab = wire_lab();
    wire_lab.keys("!");
    assert_eq!(wire_lab.model.ui.mode, Keyboard::Running);
    wire_lab.key(Key::Ctrl('u'));
    wire_lab.keys("python3 server.py");
    assert_eq!((wire_lab.key(Key::Enter), wire_lab.model.ui.wire.run.no_host), (vec![], true));
    wire_lab.key(Key::Ctrl('u'));
    wire_lab.keys("server  python3 server.py");
    assert_eq!(wire_lab.key(Key::Enter), [Effect::Wire(WireEffect::Run(Server, "python3 server.py".into()))]);
    assert_eq!((wire_lab.model.ui.mode, wire_lab.model.ui.wire.run.line.input.value()), (Keyboard::Command, ""));
    wire_lab.keys("!");
    wire_lab.key(Key::Ctrl('u'));
    wire_lab.keys("servidor ss -tan");
    assert_eq!(
        wire_lab.key(Key::Enter),
        [Effect::Wire(WireEffect::Run(Server, "ss -tan".into()))],
        "as it is called in Portuguese"
    );
    wire_lab.keys("!");
    assert_eq!(wire_lab.model.ui.wire.run.line.input.value(), "client ", "after a server comes its client");
    wire_lab.key(Key::Esc);
    assert_eq!(wire_lab.keys("x"), [], "no client of ours is open");
    wire_lab.wire(Some(Server), WireEvent::Program { pid: 7, name: "python3".into(), parent: None });
    wire_lab.key(Key::BackTab);
    assert_eq!(wire_lab.model.ui.wire.part, WirePart::Programs);
    assert_eq!(wire_lab.keys("x"), [Effect::Wire(WireEffect::Kill(7))]);
    wire_lab.wire(Some(Server), WireEvent::ProgramEnded { pid: 7, status: None, signal: Some(15), parent: None });
    let programs = &wire_lab.shown().programs;
    assert_eq!((programs.running().len(), programs.lines().len()), (0, 2));
}

#[test]
fn settings_change_on_one_host_and_a_failure_keeps_the_old_value() {
    let mut wire_lab = wire_lab();
    let now = |wire_lab: &TestWire, host| value(wire_lab.shown(), host, SETTINGS[1]);
    wire_lab.keys(",j");
    assert_eq!(now(&wire_lab, Client), Some(Setting::Timestamps(false)));
    assert_eq!(wire_lab.key(Key::Right), [Effect::Wire(WireEffect::Set(Client, Setting::Timestamps(true)))]);
    wire_lab.wire(Some(Client), WireEvent::SettingChanged { setting: Setting::Timestamps(true), errno: None });
    assert_eq!(
        (now(&wire_lab, Client), now(&wire_lab, Server)),
        (Some(Setting::Timestamps(true)), Some(Setting::Timestamps(false)))
    );
    wire_lab.wire(
        Some(Client),
        WireEvent::SettingChanged { setting: Setting::Timestamps(false), errno: Some(Errno::Perm) },
    );
    assert_eq!(now(&wire_lab, Client), Some(Setting::Timestamps(true)));
    assert!(crate::model::settings::failure(wire_lab.shown(), Client, SETTINGS[1]).is_some());
    wire_lab.key(Key::Tab);
    assert_eq!(wire_lab.key(Key::Left), [Effect::Wire(WireEffect::Set(Server, Setting::Timestamps(true)))]);
    wire_lab.key(Key::Esc);
    assert_eq!(wire_lab.model.ui.mode, Keyboard::Command);
}

#[test]
fn the_kernels_are_asked_about_the_selected_connection() {
    let mut wire_lab = wire_lab();
    wire_lab.dials(1, 42_666);
    wire_lab.info(Client, flow(42_666), 1_000, 0);
    assert!(wire_lab.shown().info(Client, &flow(42_666)).is_some());
    assert!(wire_lab.shown().info(Client, &flow(42_668)).is_none());
    assert_eq!(wire_lab.keys("1v"), [Effect::Wire(WireEffect::Inform(None))]);
    assert_eq!(wire_lab.key(Key::F(5)).last(), Some(&Effect::Wire(WireEffect::Inform(Some(flow(42_666))))));
}

#[test]
fn a_model_without_a_wire_requests_nothing() {
    let mut model = crate::model::Model::default();
    assert_eq!(presenter::target(&model), None);
    assert_eq!(presenter::conversation(&model), None);
    assert_eq!(crate::model::update(&mut model, crate::model::Msg::Time(Stamp::ZERO)), []);
}

#[test]
fn a_packet_waits_in_the_link_is_sent_and_arrives() {
    use crate::domain::LinkConditions;
    let mut wire_lab = wire_lab();
    let link = LinkConditions { rate_kbit: 1_000, queue: 8, ..LinkConditions::default() };
    wire_lab.wire(Some(Client), WireEvent::Link(link));
    let syn = wire_lab.dials(1, 42_666);
    wire_lab.wire(Some(Client), WireEvent::Queued { packet: syn, waiting: 3 });
    let state = wire_lab.shown().direction(Client);
    assert_eq!((state.link, state.waiting, wire_lab.shown().direction(Server).waiting), (link, 3, 0));
    assert!(fate(&wire_lab, syn).is_in_link());
    // There it takes its course: it can only be lost.
    for key in ["n", "D", "T", "+", "C"] {
        assert_eq!(wire_lab.keys(key), [], "{key}");
        assert_eq!(wire_lab.model.ui.refused.map(|refused| refused.why), Some(Refusal::InLink), "{key}");
    }
    assert_eq!(wire_lab.keys("d"), [command(WireCommand::Drop(syn))]);
    let by = Duration::from_millis(400);
    wire_lab.wire(Some(Client), WireEvent::Crossing { packet: syn, waiting: 2, by, overtakes: false });
    assert_eq!(wire_lab.shown().direction(Client).waiting, 2);
    wire_lab.wait(100);
    assert_eq!(wire_lab.shown().packet(syn).unwrap().way(wire_lab.model.now), Some(250));
    wire_lab.delivered(syn);
    wire_lab.wire(Some(Client), WireEvent::QueueLength { waiting: 7, full: 3, too_large: 0, marked: 0 });
    wire_lab.wire(Some(Client), WireEvent::QueueLength { waiting: 7, full: 1, too_large: 1, marked: 2 });
    let DirectionState { waiting, lost_unlisted, marked_unlisted, .. } = wire_lab.shown().direction(Client);
    assert_eq!((waiting, lost_unlisted, marked_unlisted, fate(&wire_lab, syn).is_open()), (7, 5, 2, false));
}

#[test]
fn the_link_is_set_in_the_list_by_steps_and_by_numbers() {
    use crate::domain::LinkConditions;
    let set = |from, condition, value| {
        let change = |host| if host == from { LinkChange::of(condition, value) } else { LinkChange::default() };
        [command(WireCommand::Link(PerHost::from_fn(change)))]
    };
    let mut wire_lab = wire_lab();
    wire_lab.keys("<,");
    assert_eq!(wire_lab.model.ui.wire.settings.host, Server, "the direction that the keys are about");
    for _ in LinkCondition::ALL {
        wire_lab.key(Key::Up);
    }
    let rate = LinkCondition::Rate;
    assert_eq!(wire_lab.key(Key::Right), set(Server, rate, 64));
    assert_eq!(wire_lab.key(Key::Left), set(Server, rate, 100_000));
    wire_lab.wire(Some(Server), WireEvent::Link(LinkConditions { rate_kbit: 700, ..LinkConditions::default() }));
    assert_eq!(wire_lab.key(Key::Right), set(Server, rate, 1_000), "from between two of them");
    assert_eq!(wire_lab.key(Key::Left), set(Server, rate, 512));
    wire_lab.key(Key::Tab);
    assert_eq!(wire_lab.keys("350"), []);
    assert_eq!(wire_lab.key(Key::Backspace), []);
    assert_eq!(wire_lab.key(Key::Enter), set(Client, rate, 35));
    wire_lab.keys("9");
    wire_lab.key(Key::Esc);
    assert_eq!((wire_lab.model.ui.mode, wire_lab.model.ui.wire.settings.typed), (Keyboard::Settings, None));
    for digit in "99999999999".chars() {
        wire_lab.key(Key::Char(digit));
    }
    assert_eq!(wire_lab.key(Key::Enter), set(Client, rate, 99_999_999));
    wire_lab.key(Key::Esc);
    assert_eq!(wire_lab.model.ui.mode, Keyboard::Command);
    let mended = PerHost::new(LinkChange::mend(), LinkChange::mend());
    assert_eq!(wire_lab.keys("<u"), [WireCommand::Cut(None, false), WireCommand::Link(mended)].map(command));
    wire_lab.wire(Some(Server), WireEvent::Link(LinkConditions::default()));
    assert_eq!(wire_lab.keys("u"), [], "nothing to mend");
}

#[test]
fn what_the_wire_itself_sends_is_about_a_packet() {
    let mut wire_lab = wire_lab();
    let syn = wire_lab.dials(1, 42_666);
    wire_lab.wire(Some(Client), WireEvent::Dropped { packet: syn, why: LossReason::Mtu });
    let told = wire_lab.packet(flow(42_666).mirror().unwrap(), None, "", None);
    wire_lab.wire(Some(Server), WireEvent::Answered { packet: syn, answer: told });
    assert_eq!(wire_lab.shown().packet(told).unwrap().answers, Some(syn));
    let facts: Vec<_> = wire_lab.shown().story.facts().collect();
    assert!(facts.contains(&&WireFact::ToldMtu { packet: syn, answer: told }), "{facts:?}");
    wire_lab.wire(Some(Client), WireEvent::Fragmented { packet: told, into: vec![8, 9] });
    assert!(matches!(fate(&wire_lab, told), WirePacketFate::Divided { into: 2, .. }));
}
