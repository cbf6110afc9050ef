use crate::domain::keys::Key;
use std::net::SocketAddr;

use super::super::connection_end::ConnectionEnd;
use super::super::effect::Effect;
use super::super::held_list::ListReader;
use super::super::lifecycle::Subject;
use super::super::ui::{Mode, View};
use super::super::{Model, Msg, Ui, update};
use super::*;
use crate::domain::*;

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub(super) fn flow(port: u16) -> Flow {
    Flow::tcp(addr(port), addr(65_432))
}

pub(super) fn packet(number: u64, flow: Flow, flags: Flags, data: &str) -> PacketSummary {
    let tcp = Segment { flags, seq: 5, ack: 0, seq_rel: Some(0), ack_rel: None, window: 1_000, options: vec![] };
    PacketSummary {
        number,
        flow,
        tcp: Some(tcp),
        icmp: None,
        interface: None,
        payload: Excerpt::of(data.as_bytes()),
        retransmission_of: None,
        findings: Findings::default(),
    }
}

pub(super) fn tell(model: &mut Model, at: u64, world: WorldId, evidence: Evidence, kind: EventKind) {
    let at = Stamp::from_millis(at);
    update(model, Msg::Seen(Observation { at, world, host: None, evidence, kind }));
}

pub(super) fn hear(model: &mut Model, packet: PacketSummary) {
    tell(model, packet.number, WorldId::Host, Evidence::Packet, EventKind::Packet(packet));
}

/// Ten packets each of three conversations, in turn.
fn busy() -> Model {
    busier(Journal::default())
}

fn busier(journal: Journal) -> Model {
    let mut model = Model { journal, ..Model::new(Ui { view: View::Packets, ..Ui::default() }) };
    for number in 1..=30 {
        let port = 40_000 + u16::try_from(number % 3).unwrap();
        hear(&mut model, packet(number, flow(port), Flags::ACK, "oi"));
    }
    model
}

fn numbers(model: &Model, list: &HeldList<u64>) -> Vec<u64> {
    let events = list.entries().filter_map(|seq| model.journal.get(seq));
    events.filter_map(Packets::of).map(|packet| packet.number).collect()
}

fn press(model: &mut Model, key: Key) {
    update(model, Msg::Key(key));
}

#[test]
fn a_list_holds_still_while_packets_come_and_its_end_follows_again() {
    let mut model = busy();
    press(&mut model, Key::Up);
    hear(&mut model, packet(31, flow(40_001), Flags::ACK, ""));
    let list = &model.packets.list;
    assert_eq!((list.len(), list.held_len(), list.unseen()), (31, 30, 1));
    assert_eq!(model.traffic().selected().unwrap().number, 29);
    press(&mut model, Key::End);
    assert_eq!((model.packets.list.reader, model.packets.list.unseen()), (ListReader::Follows, 0));
}

#[test]
fn narrowing_lists_the_conversation_of_the_selected_packet_and_then_all_again() {
    let mut model = busy();
    press(&mut model, Key::Up);
    press(&mut model, Key::Char('.'));
    assert_eq!(numbers(&model, &model.packets.list), [2, 5, 8, 11, 14, 17, 20, 23, 26, 29]);
    assert_eq!(model.packets.list.selected(), model.packets.list.entry(9), "the reader stays at its packet");
    hear(&mut model, packet(31, flow(40_001), Flags::ACK, ""));
    hear(&mut model, packet(32, flow(40_002), Flags::ACK, ""));
    assert_eq!(model.packets.list.len(), 11);
    press(&mut model, Key::Char('.'));
    assert_eq!(model.packets.list.len(), 32);
}

#[test]
fn the_ladder_follows_the_selection_of_any_pane() {
    let mut model = busy();
    press(&mut model, Key::Char('l'));
    assert_eq!(model.packets.ladder.conversation, Some(flow(40_000)), "that of the latest packet");
    model.ui.subject = Some(Subject::Connection(flow(40_001).mirror().unwrap()));
    update(&mut model, Msg::Time(Stamp::from_millis(100)));
    assert_eq!(numbers(&model, &model.packets.ladder.packets), [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]);
    hear(&mut model, packet(31, flow(40_001).mirror().unwrap(), Flags::ACK, ""));
    assert_eq!(model.packets.ladder.packets.len(), 11);
    for tab in [PacketsTab::Stream, PacketsTab::List, PacketsTab::Ladder] {
        press(&mut model, Key::Char('l'));
        assert_eq!(model.packets.tab, tab);
    }
}

#[test]
fn esc_undoes_one_thing_at_a_time() {
    let mut model = busy();
    for key in [Key::Up, Key::Char('.'), Key::Char('l'), Key::Up, Key::Enter, Key::Char('z')] {
        press(&mut model, key);
    }
    let told = |model: &Model| {
        let packets = &model.packets;
        let held = !packets.list.follows();
        let rung = !packets.ladder.packets.follows();
        (model.ui.zoomed, packets.focus, rung, packets.tab, held, packets.only.is_some(), model.ui.view)
    };
    let (main, lab) = (PacketsFocus::Tab, View::Lab);
    let expected = [
        (true, PacketsFocus::Tree, true, PacketsTab::Ladder, true, true, View::Packets),
        (false, PacketsFocus::Tree, true, PacketsTab::Ladder, true, true, View::Packets),
        (false, main, true, PacketsTab::Ladder, true, true, View::Packets),
        (false, main, false, PacketsTab::Ladder, true, true, View::Packets),
        (false, main, false, PacketsTab::List, true, true, View::Packets),
        (false, main, false, PacketsTab::List, false, true, View::Packets),
        (false, main, false, PacketsTab::List, false, false, View::Packets),
        (false, main, false, PacketsTab::List, false, false, lab),
    ];
    for wanted in expected {
        assert_eq!(told(&model), wanted);
        press(&mut model, Key::Esc);
    }
}

#[test]
fn a_change_of_state_stands_beside_its_packet() {
    use TcpState::{Closed, Established, Listen, SynRecv, SynSent, TimeWait};
    let mut model = Model::new(Ui { view: View::Packets, ..Ui::default() });
    let (out, back) = (flow(40_000), flow(40_000).mirror().unwrap());
    model.ui.subject = Some(Subject::Connection(back));
    press(&mut model, Key::Char('l'));
    // The states are known before the packets, as with a tracepoint.
    for (flow, from, to) in
        [(out, Closed, SynSent), (back, Listen, SynRecv), (out, SynSent, Established), (back, SynRecv, Established)]
    {
        let change = Transition { flow, from, to, cause: None };
        tell(&mut model, 1, WorldId::Host, Evidence::Traced, EventKind::State(change));
    }
    hear(&mut model, packet(1, out, Flags::SYN, ""));
    hear(&mut model, packet(2, back, Flags::SYN.with(Flags::ACK), ""));
    hear(&mut model, packet(3, out, Flags::ACK, ""));
    let change = Transition { flow: out, from: TimeWait, to: Closed, cause: None };
    tell(&mut model, 60_000, WorldId::Host, Evidence::Sampled, EventKind::State(change));
    update(&mut model, Msg::Time(Stamp::from_millis(90_000)));
    assert_eq!(model.packets.ladder.client(model.worlds.shown()), Some(out));
    let changes = model.packets.ladder.changes(model.worlds.shown(), &model.journal);
    let number = |rung| match rung {
        ChangePlace::At(seq) => model.journal.get(seq).and_then(Packets::of).unwrap().number,
        ChangePlace::Before => 0,
        ChangePlace::After => 99,
    };
    let told: Vec<_> = changes.iter().map(|change| (number(change.rung), change.end, change.step.to)).collect();
    let expected = [
        (1, ConnectionEnd::Client, SynSent),
        (3, ConnectionEnd::Client, Established),
        (99, ConnectionEnd::Client, Closed),
        (2, ConnectionEnd::Server, SynRecv),
        (3, ConnectionEnd::Server, Established),
    ];
    let found = |wanted: &(u64, ConnectionEnd, TcpState)| told.contains(wanted);
    assert!(expected.iter().all(found), "{told:?}");
}

#[test]
fn the_wires_packets_are_separate_and_shown_from_their_events() {
    let mut model = busy();
    tell(
        &mut model,
        31,
        WorldId::Wire,
        Evidence::Called,
        EventKind::Packet(packet(1, flow(40_001), Flags::ACK, "olá")),
    );
    assert_eq!((model.packets.seen, model.packets.list.len()), (30, 30));
    model.show_world(WorldId::Wire);
    assert_eq!((model.packets.seen, model.packets.list.len()), (1, 1));
    assert_eq!(update(&mut model, Msg::Time(Stamp::from_millis(40))), [], "nobody keeps their bytes");
    let names: Vec<_> =
        model.packets.detail.branches().iter().map(|branch| (branch.name, branch.value.cloned())).collect();
    assert!(names.contains(&(FieldName::Text, Some("olá".into()))), "{names:?}");
    press(&mut model, Key::Char('l'));
    press(&mut model, Key::Char('l'));
    assert_eq!(model.packets.stream.as_ref().unwrap().turns[0].lines, ["olá"]);
    tell(&mut model, 50, WorldId::Wire, Evidence::Called, EventKind::Wire(WireEvent::Opened { link: LinkKind::Tun }));
    assert_eq!((model.packets.seen, model.packets.list.len()), (0, 0), "those were between other hosts");
    model.show_world(WorldId::Host);
    model.show_world(WorldId::Wire);
    assert_eq!(model.packets.list.len(), 0);
    model.show_world(WorldId::Host);
    assert_eq!(model.packets.seen, 30);
}

#[test]
fn packets_that_the_journal_drops_leave_the_list_and_a_held_cursor_moves_on() {
    let mut model = busier(Journal::new(40, 16));
    press(&mut model, Key::Home);
    for number in 31..=60 {
        hear(&mut model, packet(number, flow(40_000), Flags::ACK, ""));
    }
    let first = model.journal.first_seq();
    let list = &model.packets.list;
    assert!(list.entries().all(|seq| seq >= first));
    assert!(model.journal.get(list.selected().unwrap()).is_some());
}

#[test]
fn keys_typed_into_the_filter_are_not_commands() {
    let mut model = busy();
    press(&mut model, Key::Char('/'));
    assert_eq!(model.ui.mode, Mode::FilteringPackets);
    for c in "port 40001".chars() {
        press(&mut model, Key::Char(c));
    }
    update(&mut model, Msg::Paste(" and len > 0\n".into()));
    press(&mut model, Key::Enter);
    assert_eq!((model.ui.mode, model.packets.list.len()), (Mode::Command, 10));
}

#[test]
fn a_long_journal_is_searched_in_pieces_and_the_old_list_stays_meanwhile() {
    let mut model = busier(Journal::default());
    let count = 5 * Packets::PIECE as u64;
    (31..=count).for_each(|number| hear(&mut model, packet(number, flow(40_000), Flags::ACK, "oi")));
    press(&mut model, Key::Char('/'));
    "40001".chars().for_each(|c| press(&mut model, Key::Char(c)));
    press(&mut model, Key::Enter);
    assert!(model.packets.is_looking() && model.packets.filter.to_string().is_empty());
    assert_eq!((model.packets.list.len() as u64, model.next_change()), (count, Some(model.now)));
    // The last character was one piece, Enter the second. What comes meanwhile is found as well.
    hear(&mut model, packet(count + 1, flow(40_001), Flags::ACK, "late"));
    let mut pieces = 0;
    while model.packets.is_looking() {
        model.packets.look_on(&model.journal, Packets::PIECE);
        pieces += 1;
    }
    assert_eq!((pieces, model.packets.filter.to_string().as_str()), (4, "40001"));
    let found = numbers(&model, &model.packets.list);
    assert_eq!(found, (1..=30).filter(|number| number % 3 == 1).chain([count + 1]).collect::<Vec<_>>());
    // Another key starts a new search, and Esc keeps the last valid filter.
    press(&mut model, Key::Char('/'));
    press(&mut model, Key::Backspace);
    press(&mut model, Key::Char('('));
    press(&mut model, Key::Esc);
    assert_eq!(model.packets.line.input.value(), "4000");
    while model.packets.is_looking() {
        model.packets.look_on(&model.journal, Packets::PIECE);
    }
    assert_eq!(model.packets.list.len() as u64, count + 1);
}

#[test]
fn a_mark_can_be_typed_in_every_view_and_an_empty_one_is_dropped() {
    let mut model = busy();
    for view in [View::Lab, View::Packets, View::Wire] {
        model.ui.view = view;
        press(&mut model, Key::Char('#'));
        assert_eq!(model.ui.mode, Mode::Marking, "{view:?}");
        assert_eq!(update(&mut model, Msg::Key(Key::Enter)), [], "nothing was said");
        press(&mut model, Key::Char('#'));
        " q: \u{202e}here".chars().for_each(|c| press(&mut model, Key::Char(c)));
        update(&mut model, Msg::Paste("\n2 \n".into()));
        let noted = update(&mut model, Msg::Key(Key::Enter));
        assert_eq!(noted, [Effect::Mark(WorldId::Host, "q: \\u{202e}here 2".into())]);
        assert_eq!((model.ui.mode, model.ui.mark.input.value()), (Mode::Command, ""));
        press(&mut model, Key::Char('#'));
        press(&mut model, Key::Char('x'));
        press(&mut model, Key::Esc);
        model.ui.mark.take();
    }
}

#[test]
fn an_unbound_udp_socket_has_every_datagram_of_its_port() {
    let mut model = Model::new(Ui { view: View::Packets, ..Ui::default() });
    let out = Flow { proto: Proto::Udp, ..flow(40_000) };
    for (number, flow) in [(1, out), (2, out.mirror().unwrap()), (3, Flow { proto: Proto::Udp, ..flow(40_001) })] {
        hear(&mut model, PacketSummary { tcp: None, ..packet(number, flow, Flags::ACK, "oi") });
    }
    let any = |port| Flow::unconnected(Proto::Udp, SocketAddr::from(([0, 0, 0, 0], port)));
    for (port, numbers_of) in [(40_000, vec![1, 2]), (40_001, vec![3]), (40_002, vec![])] {
        model.ui.subject = Some(Subject::Connection(any(port)));
        model.packets.tab = PacketsTab::Ladder;
        update(&mut model, Msg::Time(Stamp::from_millis(100)));
        assert_eq!(numbers(&model, &model.packets.ladder.packets), numbers_of);
    }
    // A TCP socket has its own address always.
    assert!(!same_pair(&Flow { proto: Proto::Tcp, ..any(40_000) }, &flow(40_000)));
}
