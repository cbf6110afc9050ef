mod callers;
mod lessons;
mod network;
mod page;
mod peers;
mod target;
mod watched;

use crate::domain::keys::Key;
use crate::model::effect::TableEffect;
use std::net::SocketAddr;

use proptest::prelude::*;

use super::held_list::ListReader;
use super::journal::Journal;
use super::lifecycle::{LifecycleEntry, Subject};
use super::ui::{Mode, Pane, TableScope, View};
use super::*;
use crate::domain::broadcast::BroadcastChange;
use crate::domain::client::ClientChange;
use crate::domain::*;

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn seen(at: u64, kind: EventKind) -> Observation {
    Observation { at: Stamp::from_millis(at), world: WorldId::Host, host: None, evidence: Evidence::Called, kind }
}

fn called(at: u64, call: Call) -> Observation {
    seen(at, EventKind::Call(call))
}

/// An effect for the laboratory of this machine.
fn host(order: LabOrder) -> Effect {
    Effect::Lab(WorldId::Host, order)
}

fn spec(name: &str, port: u16, model: ServiceModel) -> ServerSpec {
    ServerSpec { name: name.into(), proto: Proto::Tcp, addr: addr(port), answer: Answer::Upper, model: Some(model) }
}

fn server(id: u8, change: ServerChange) -> EventKind {
    EventKind::Server(ServerEvent { server: ServerId(id), change })
}

fn added(id: u8, port: u16) -> EventKind {
    server(id, ServerChange::Added { spec: spec("threaded", port, ServiceModel::Threaded) })
}

fn client(id: u32, change: ClientChange) -> EventKind {
    EventKind::Client(ClientEvent { client: ClientId(id), change })
}

fn spawned(id: u32) -> EventKind {
    let destination = Destination { server: Some(ServerId(0)), proto: Proto::Tcp, addr: addr(65432) };
    client(id, ClientChange::Spawned { plan: ClientPlan::Stay, destination })
}

fn flow(port: u16) -> Flow {
    Flow::tcp(addr(port), addr(65432))
}

fn row(port: u16, state: TcpState) -> Row {
    let flow = flow(port);
    Row {
        flow,
        state: Some(state),
        recv_q: Some(0),
        send_q: Some(0),
        timer: None,
        uid: Some(0),
        inode: Some(u64::from(port)),
        cookie: u64::from(port),
        process: None,
    }
}

fn lab() -> Model {
    let mut model = Model::new(Ui::default());
    for kind in [added(0, 65432), added(1, 65433), server(0, ServerChange::Started { addr: addr(65432), backlog: 128 })]
    {
        model.observe(seen(1, kind));
    }
    model
}

fn keys(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|c| update(model, Msg::Key(Key::Char(c)))).collect()
}

#[test]
fn a_count_applies_to_the_next_command_only() {
    let mut model = lab();
    let destination = Destination { server: Some(ServerId(0)), proto: Proto::Tcp, addr: addr(65432) };
    let spawn = |count| host(LabOrder::Spawn { count, plan: ClientPlan::Stay, destination });
    assert_eq!(keys(&mut model, "25c"), [spawn(25)]);
    assert_eq!(keys(&mut model, "c"), [spawn(1)]);
    assert_eq!(keys(&mut model, "999999999c"), [spawn(99_999)]);
    update(&mut model, Msg::Key(Key::Char('7')));
    update(&mut model, Msg::Key(Key::Esc));
    assert_eq!(keys(&mut model, "c"), [spawn(1)]);
}

#[test]
fn a_number_and_enter_choose_a_view() {
    let mut model = lab();
    update(&mut model, Msg::Key(Key::Char('2')));
    update(&mut model, Msg::Key(Key::Enter));
    assert_eq!((model.ui.view, model.ui.count), (View::Ports, None));
    update(&mut model, Msg::Key(Key::Esc));
    assert_eq!(model.ui.view, View::Lab);
}

#[test]
fn a_wrong_filter_keeps_the_last_good_one_and_says_where() {
    let mut model = lab();
    for port in [40000, 40002] {
        model.observe(seen(2, EventKind::Row(Delta::Added(row(port, TcpState::Established)))));
    }
    update(&mut model, Msg::Key(Key::Char('/')));
    update(&mut model, Msg::Key(Key::Ctrl('u')));
    keys(&mut model, "port 40002");
    assert_eq!((model.listing.len(), model.ui.mode), (1, Mode::Filtering));
    keys(&mut model, " (");
    assert!(model.listing.error.is_some());
    assert_eq!(model.listing.len(), 1);
    update(&mut model, Msg::Key(Key::Enter));
    assert_eq!(model.ui.mode, Mode::Filtering, "a wrong filter is not accepted");
    update(&mut model, Msg::Key(Key::Esc));
    assert_eq!((model.ui.mode, model.listing.error.is_none()), (Mode::Command, true));
}

#[test]
fn f_goes_from_the_filter_to_the_lab_to_everything_and_back() {
    let mut model = lab();
    let watched = |effects: Vec<Effect>| match effects.as_slice() {
        [Effect::Table(TableEffect::Watch(ports))] => ports.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(watched(keys(&mut model, "f")), Some([65432, 65433].into()));
    assert_eq!(watched(keys(&mut model, "f")), None);
    assert_eq!(watched(keys(&mut model, "f")), Some([65432, 65433].into()));
    assert_eq!((model.ui.scope, model.ui.filter.input.value()), (TableScope::Filter, "65432"));
}

#[test]
fn the_list_of_events_holds_still_until_its_end_is_reached_again() {
    let mut model = lab();
    model.ui.focus = Pane::Lifecycle;
    let call = |at| called(at, Call::new(SocketId::Server(ServerId(0)), Syscall::Accept));
    for at in 10..20 {
        model.observe(call(at));
    }
    update(&mut model, Msg::Key(Key::Up));
    let ListReader::Holds { end, .. } = model.lifecycle.list.reader else { panic!("not held") };
    model.observe(call(30));
    model.observe(call(31));
    assert_eq!(
        (model.lifecycle.list.unseen(), model.lifecycle.list.entry(model.lifecycle.list.held_len() - 1)),
        (2, Some(end))
    );
    update(&mut model, Msg::Key(Key::End));
    assert_eq!((model.lifecycle.list.reader, model.lifecycle.list.unseen()), (ListReader::Follows, 0));
}

#[test]
fn late_events_are_listed_in_the_order_of_time() {
    let mut model = lab();
    let call = |at| called(at, Call::new(SocketId::Server(ServerId(0)), Syscall::Accept));
    let times = |model: &Model| -> Vec<Stamp> {
        let list = &model.lifecycle.list;
        list.entries().skip(list.len().saturating_sub(5)).map(|entry| entry.at).collect()
    };
    for at in [10, 12, 14, 11, 13] {
        model.observe(call(at));
    }
    assert_eq!(times(&model), [10, 11, 12, 13, 14].map(Stamp::from_millis));
    // Chosen anew, it is the same.
    model.ui.focus = Pane::Lifecycle;
    keys(&mut model, "nnn");
    assert_eq!(times(&model), [10, 11, 12, 13, 14].map(Stamp::from_millis));
    // A held list does not change: late events come after it.
    update(&mut model, Msg::Key(Key::Up));
    let (held, reader) = (model.lifecycle.list.held_len(), model.lifecycle.list.reader);
    model.observe(call(12));
    assert_eq!(
        (model.lifecycle.list.held_len(), model.lifecycle.list.reader, model.lifecycle.list.unseen()),
        (held, reader, 1)
    );
    assert_eq!(times(&model), [11, 12, 13, 14, 14].map(Stamp::from_millis));
}

#[test]
fn selecting_a_client_selects_its_row_and_its_connection() {
    let mut model = lab();
    model.observe(seen(2, spawned(1)));
    model.observe(seen(2, client(1, ClientChange::Dialing { flow: flow(40000) })));
    model.observe(seen(3, EventKind::Row(Delta::Added(row(40000, TcpState::Established)))));
    model.ui.focus = Pane::Clients;
    update(&mut model, Msg::Key(Key::Down));
    assert_eq!(model.ui.client, Some(1));
    assert_eq!(model.ui.row.map(|key| key.flow), Some(flow(40000)));
    assert_eq!(model.ui.subject, Some(Subject::Connection(flow(40000))));
    assert_eq!(keys(&mut model, "X"), [host(LabOrder::Close(ClientId(1), CloseHow::Rst))]);
}

#[test]
fn an_unknown_peer_is_another_programs_client_until_ours_claims_it() {
    let mut model = lab();
    let accept = Call {
        new_socket: Some(SocketId::Conn(ServerId(0), ConnNo(1))),
        ..Call::new(SocketId::Server(ServerId(0)), Syscall::Accept)
    };
    model.observe(called(2, accept.on(flow(40000).mirror().unwrap())));
    assert_eq!(model.worlds.shown().clients.all()[0].owner, clients::ClientOwner::Foreign);
    model.observe(seen(2, spawned(1)));
    model.observe(seen(2, client(1, ClientChange::Dialing { flow: flow(40000) })));
    let owners: Vec<_> = model.worlds.shown().clients.all().iter().map(|client| client.owner).collect();
    assert_eq!(owners, [clients::ClientOwner::Ours(ClientId(1), ClientPlan::Stay)]);
    assert_eq!(model.worlds.shown().clients.live(), 1);
}

#[test]
fn servers_that_never_started_are_watched_too() {
    let mut model = Model::new(Ui { scope: TableScope::Lab, ..Ui::default() });
    let effects = update(&mut model, Msg::Seen(seen(1, added(0, 7001))));
    assert_eq!(effects, [Effect::Table(TableEffect::Watch(Some([7001].into())))]);
    assert_eq!(model.listing.filter.to_string(), "port 7001");
}

#[test]
fn a_peer_that_may_be_ours_has_no_number_until_that_is_known() {
    let mut model = lab();
    let knock = |model: &mut Model, port: u16| {
        let accept = Call::new(SocketId::Server(ServerId(0)), Syscall::Accept).on(flow(port).mirror().unwrap());
        model.observe(called(2, accept));
    };
    let all = |model: &Model| -> Vec<_> {
        let ports =
            model.worlds.shown().clients.all().iter().map(|client| (client.no, client.local.map(|addr| addr.port())));
        ports.collect()
    };
    // Three of our clients at once, reported by a server that is faster than they are, and another program's among
    // them.
    (1..=3).for_each(|id| drop(model.observe(seen(2, spawned(id)))));
    for port in [40001, 50000, 40002, 40003] {
        knock(&mut model, port);
    }
    for (id, port) in [(2, 40002), (1, 40001)] {
        model.observe(seen(2, client(id, ClientChange::Dialing { flow: flow(port) })));
    }
    assert_eq!(all(&model), [(1, Some(40001)), (2, Some(40002)), (3, None)]);
    model.observe(seen(2, client(3, ClientChange::Dialing { flow: flow(40003) })));
    assert_eq!(all(&model), [(1, Some(40001)), (2, Some(40002)), (3, Some(40003)), (4, Some(50000))]);
    // A stranger that leaves while it might still be ours was there all the same; one more is let in when ours fails.
    model.observe(seen(3, spawned(4)));
    for port in [50001, 50002] {
        knock(&mut model, port);
    }
    let close = Call::new(SocketId::Conn(ServerId(0), ConnNo(9)), Syscall::Close).on(flow(50001).mirror().unwrap());
    model.observe(called(3, close));
    assert_eq!(all(&model)[5..], [(6, Some(50001))]);
    model.observe(seen(3, client(4, ClientChange::Ended)));
    assert_eq!(all(&model)[6..], [(7, Some(50002))]);
    assert_eq!(model.worlds.shown().clients.live(), 5);
}

#[test]
fn a_client_that_left_before_accept_is_still_ours_and_the_next_on_its_port_is_not() {
    let mut model = lab();
    let accept = || Call::new(SocketId::Server(ServerId(0)), Syscall::Accept).on(flow(40001).mirror().unwrap());
    model.observe(seen(2, spawned(1)));
    model.observe(seen(2, client(1, ClientChange::Dialing { flow: flow(40001) })));
    model.observe(seen(3, client(1, ClientChange::Ended)));
    model.observe(called(4, accept()));
    assert_eq!(model.worlds.shown().clients.all().len(), 1);
    model.observe(called(5, accept()));
    assert_eq!(
        model.worlds.shown().clients.all().last().map(|client| client.owner),
        Some(clients::ClientOwner::Foreign)
    );
}

#[test]
fn a_datagram_that_the_server_reports_first_is_matched_to_our_client() {
    let mut model = lab();
    let destination = Destination { server: Some(ServerId(3)), proto: Proto::Udp, addr: addr(65432) };
    model.observe(seen(2, client(1, ClientChange::Spawned { plan: ClientPlan::Stay, destination })));
    let theirs = Flow { proto: Proto::Udp, local: addr(65432), peer: Some(addr(40001)) };
    model.observe(called(2, Call::new(SocketId::Server(ServerId(3)), Syscall::Recvfrom).on(theirs)));
    let own = Flow { proto: Proto::Udp, local: "0.0.0.0:40001".parse().unwrap(), peer: Some(addr(65432)) };
    for _ in 0..2 {
        model.observe(called(2, Call::new(SocketId::Client(ClientId(1)), Syscall::Sendto).on(own)));
    }
    let owners: Vec<_> = model.worlds.shown().clients.all().iter().map(|client| (client.no, client.owner)).collect();
    assert_eq!(owners, [(1, clients::ClientOwner::Ours(ClientId(1), ClientPlan::Stay))]);
    assert_eq!(model.worlds.shown().clients.live(), 1);
    // Nor is the broadcaster's.
    model.observe(seen(
        2,
        server(
            3,
            ServerChange::Added { spec: ServerSpec { proto: Proto::Udp, ..spec("udp", 65432, ServiceModel::Async) } },
        ),
    ));
    let theirs = Flow { peer: Some(addr(40003)), ..theirs };
    model.observe(called(2, Call::new(SocketId::Server(ServerId(3)), Syscall::Recvfrom).on(theirs)));
    let own = Flow { local: "0.0.0.0:40003".parse().unwrap(), ..own };
    for _ in 0..2 {
        model.observe(called(2, Call::new(SocketId::Broadcast(ServerId(3)), Syscall::Sendto).on(own)));
    }
    let owners: Vec<_> = model.worlds.shown().clients.all().iter().map(|client| client.owner).skip(1).collect();
    assert_eq!(owners, [clients::ClientOwner::Broadcaster]);
}

#[test]
fn the_holder_of_a_taken_port_is_looked_up_once() {
    let mut model = lab();
    let failed = |holder| seen(2, server(0, ServerChange::Failed { errno: Errno::AddrInUse, holder }));
    let asked = update(&mut model, Msg::Seen(failed(None)));
    assert_eq!(asked, [Effect::Table(TableEffect::FindHolder(ServerId(0), Proto::Tcp, addr(65432)))]);
    let told = failed(Some(Process { pid: 7, name: "python3".into() }));
    assert_eq!(update(&mut model, Msg::Seen(told)), []);
    assert_eq!(keys(&mut model, "s"), [host(LabOrder::Start(ServerId(0)))]);
}

#[test]
fn nothing_changes_by_itself_when_nothing_counts_down() {
    let mut model = lab();
    update(&mut model, Msg::Time(Stamp::from_millis(60_000)));
    assert_eq!(model.next_change(), None);
    let timer = Some(Timer { kind: TimerKind::TimeWait, left_ms: 60_000, count: 0 });
    model.observe(seen(60_001, EventKind::Row(Delta::Found(Row { timer, ..row(40000, TcpState::TimeWait) }))));
    assert!(model.next_change().is_some());
}

#[test]
fn watched_servers_cannot_be_started_or_switched() {
    let mut model = lab();
    assert_ne!(keys(&mut model, "s"), []);
    model.observe(seen(3, EventKind::Note(Note::Observing { servers: vec![] })));
    for key in ["s", "r", "m", "O"] {
        assert_eq!(keys(&mut model, key), [], "{key}");
    }
}

#[test]
fn pasted_text_is_typed_and_never_sent_by_its_line_ends() {
    let mut model = lab();
    model.ui.ticked = [ServerId(0)].into();
    update(&mut model, Msg::Key(Key::Char('i')));
    assert_eq!(update(&mut model, Msg::Paste("bom\ndia\r\n".into())), []);
    assert_eq!(model.ui.message.input.value(), "bom dia");
    let sent = update(&mut model, Msg::Key(Key::Enter));
    assert_eq!(sent, [host(LabOrder::Broadcast("bom dia".into(), vec![ServerId(0)]))]);
    update(&mut model, Msg::Key(Key::Up));
    assert_eq!(model.ui.message.input.value(), "bom dia");
}

fn any_kind() -> impl Strategy<Value = EventKind> {
    let port = 40000u16..40006;
    let state = prop::sample::select(TcpState::ALL);
    let call = prop::sample::select(Syscall::ALL);
    let socket = prop_oneof![
        (0u32..4).prop_map(|id| SocketId::Client(ClientId(id))),
        (0u8..3).prop_map(|id| SocketId::Server(ServerId(id))),
        (0u8..3, 0u32..3).prop_map(|(id, no)| SocketId::Conn(ServerId(id), ConnNo(no))),
        (0u8..3).prop_map(|id| SocketId::Broadcast(ServerId(id))),
    ];
    prop_oneof![
        (port.clone(), state.clone(), 0u8..5).prop_map(|(port, state, which)| EventKind::Row(match which {
            0 => Delta::Found(row(port, state)),
            1 => Delta::Added(row(port, state)),
            2 => Delta::Changed(row(port, state)),
            3 => Delta::Gone(row(port, state).key()),
            _ => Delta::Unwatched(row(port, state).key()),
        })),
        (socket, call, port.clone(), any::<bool>()).prop_map(|(socket, call, port, fails)| {
            let result = if fails { Outcome::Failed(Errno::ConnReset) } else { Outcome::Ok };
            let call = Call { result, ..Call::new(socket, call).on(flow(port)).carrying(b"oi") };
            EventKind::Call(Call { new_socket: Some(SocketId::Conn(ServerId(0), ConnNo(1))), ..call })
        }),
        (port, state.clone(), state)
            .prop_map(|(port, from, to)| { EventKind::State(Transition { flow: flow(port), from, to, cause: None }) }),
        (0u32..4).prop_map(spawned),
        (0u32..4, 40000u16..40006).prop_map(|(id, port)| client(id, ClientChange::Dialing { flow: flow(port) })),
        (0u32..4).prop_map(|id| client(id, ClientChange::Ended)),
        (0u8..3).prop_map(|id| added(id, 65432)),
        (0u8..3).prop_map(|id| server(id, ServerChange::Started { addr: addr(65432), backlog: 9 })),
        (0u8..3).prop_map(|id| server(id, ServerChange::Stopped)),
        (0u8..3, 0u32..3).prop_map(|(id, no)| server(id, ServerChange::Served { conn: ConnNo(no) })),
        (0u32..3).prop_map(|message| {
            let change = BroadcastChange::Reply { server: ServerId(0), reply: Reply::Closed };
            EventKind::Broadcast(BroadcastEvent { message, change })
        }),
        (0u32..3).prop_map(|message| {
            let change = BroadcastChange::Said { text: Excerpt::of(b"oi"), to: vec![ServerId(0)] };
            EventKind::Broadcast(BroadcastEvent { message, change })
        }),
    ]
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        prop::char::range(' ', '~').prop_map(Key::Char),
        prop::sample::select(vec![
            Key::Enter,
            Key::Esc,
            Key::Tab,
            Key::BackTab,
            Key::Backspace,
            Key::Up,
            Key::Down,
            Key::PageUp,
            Key::PageDown,
            Key::Home,
            Key::End,
            Key::F(1),
            Key::F(2),
            Key::Ctrl('u'),
            Key::Ctrl('w'),
            Key::Home,
        ]),
    ]
}

/// The comparable parts of a world.
fn comparable(world: &World) -> String {
    let mut rows: Vec<_> = world.table.rows().map(|(key, entry)| (*key, entry.clone())).collect();
    rows.sort_by_key(|(key, _)| *key);
    let histories: Vec<_> = (40000..40006).map(|port| world.histories.history(&flow(port)).to_vec()).collect();
    format!("{:?} {:?} {rows:?} {histories:?} {}", world.servers, world.clients.all(), world.events)
}

proptest! {
    /// Events in any order, keys in between, at any moment: nothing panics, and lists and world agree.
    #[test]
    fn no_order_of_events_and_keys_breaks_it(
        script in prop::collection::vec(prop_oneof![any_kind().prop_map(Ok), any_key().prop_map(Err)], 0..200),
    ) {
        let mut model = lab();
        for (at, step) in (2u64..).zip(script) {
            match step {
                Ok(kind) => update(&mut model, Msg::Seen(seen(at * 7, kind))),
                Err(key) => update(&mut model, Msg::Key(key)),
            };
            update(&mut model, Msg::Time(Stamp::from_millis(at * 7)));
            let matching = model.worlds.shown().table.rows().filter(|(_, e)| model.listing.filter.matches(&*e.row)).count();
            prop_assert_eq!(model.listing.len(), matching);
            prop_assert!((0..matching).all(|place| model.listing.position(model.listing.key(place).unwrap()) == Some(place)));
            let live = model.worlds.shown().clients.all().iter().filter(|client| client.is_live()).count();
            prop_assert_eq!(model.worlds.shown().clients.live(), live);
        }
    }

    /// Any moment that the ring still reaches is shown as it was.
    #[test]
    fn a_rewound_world_equals_the_world_at_that_moment(kinds in prop::collection::vec(any_kind(), 1..120)) {
        let mut journal = Journal::new(50, 16);
        let mut worlds = Worlds::default();
        let mut moments = vec![comparable(worlds.shown())];
        for (at, kind) in (1u64..).zip(kinds) {
            journal.push(seen(at, kind), &mut worlds);
            moments.push(comparable(worlds.shown()));
        }
        for seq in journal.first_seq()..=journal.last_seq() {
            let then = journal.worlds_at(seq).map(|worlds| comparable(worlds.shown()));
            prop_assert_eq!(then.as_ref(), moments.get(usize::try_from(seq).unwrap()));
        }
        prop_assert!(journal.worlds_at(journal.last_seq() + 1).is_none());
    }
}
