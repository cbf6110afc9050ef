//! Selecting a connection, and its page.

use super::*;
use crate::domain::Refusal;
use crate::domain::keys::Key;
use crate::model::connection_end::ConnectionEnd;
use crate::model::effect::TableEffect;
use crate::model::page::StoryLine;

/// Two of our clients with both their rows, and another program's connection between them.
fn crowd() -> Model {
    let mut model = lab();
    model.observe(seen(1, EventKind::Row(Delta::Found(listener()))));
    for (id, port) in [(1, 40_000), (2, 40_004)] {
        model.observe(seen(u64::from(port), spawned(id)));
        model.observe(seen(u64::from(port), client(id, ClientChange::Dialing { flow: flow(port) })));
        both_rows(&mut model, port);
        if id == 1 {
            both_rows(&mut model, 40_002);
        }
    }
    model
}

fn listener() -> Row {
    let flow = Flow::unconnected(Proto::Tcp, addr(65432));
    Row { flow, cookie: 9, recv_q: Some(0), send_q: Some(128), ..row(9, TcpState::Listen) }
}

fn both_rows(model: &mut Model, port: u16) {
    let mine = row(port, TcpState::Established);
    let theirs = Row { flow: flow(port).mirror().unwrap(), cookie: u64::from(port) + 1, ..mine.clone() };
    for row in [mine, theirs] {
        model.observe(seen(u64::from(port), EventKind::Row(Delta::Added(row))));
    }
}

fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    update(model, Msg::Key(key))
}

fn selected(model: &Model) -> (Option<u32>, Option<Flow>) {
    (model.ui.client, model.ui.row.map(|key| key.flow))
}

#[test]
fn home_and_end_go_to_the_ends_of_every_list() {
    for pane in [Pane::Clients, Pane::Netstat] {
        let mut model = crowd();
        model.pin_server();
        model.ui.focus = pane;
        let first_and_last = |model: &Model| match pane {
            Pane::Clients => [Some(2), Some(1)].map(|no| (no, None)),
            _ => [0, model.listing.len() - 1].map(|place| (None, model.listing.key(place).map(|key| key.flow))),
        };
        let at = |model: &Model| match pane {
            Pane::Clients => (model.ui.client, None),
            _ => (None, model.ui.row.map(|key| key.flow)),
        };
        let [first, last] = first_and_last(&model);
        for (pressed, there) in [(Key::End, last), (Key::Home, first), (Key::Down, first), (Key::Up, first)] {
            model.ui.client = None;
            model.ui.row = None;
            key(&mut model, pressed);
            assert_eq!(at(&model), there, "{pane:?} {pressed:?}");
        }
        key(&mut model, Key::End);
        key(&mut model, Key::Home);
        assert_eq!(at(&model), first, "{pane:?}");
    }
}

#[test]
fn a_row_selects_its_client_if_it_has_one() {
    let mut model = crowd();
    model.ui.focus = Pane::Netstat;
    let place = |model: &Model, flow: Flow| (0..9).find(|at| model.listing.key(*at).map(|key| key.flow) == Some(flow));
    let theirs = flow(40_000).mirror().unwrap();
    let steps = place(&model, theirs).unwrap() + 1;
    (0..steps).for_each(|_| drop(key(&mut model, Key::Down)));
    assert_eq!(selected(&model), (Some(1), Some(theirs)));
    model.select(flow(40_002));
    assert_eq!(selected(&model), (None, Some(flow(40_002))));
    assert_eq!(keys(&mut model, "x"), [], "no client of ours is meant");
    model.select(Flow::unconnected(Proto::Tcp, addr(65432)));
    assert_eq!(model.ui.subject, Some(Subject::Server(ServerId(0))));
    assert_eq!(keys(&mut model, "x"), [host(LabOrder::Close(ClientId(2), CloseHow::Fin))]);
}

#[test]
fn the_selection_stays_with_its_connection_when_rows_come_and_go() {
    let mut model = crowd();
    model.select(flow(40_000));
    let gone = row(40_000, TcpState::Established).key();
    model.observe(seen(50_000, EventKind::Row(Delta::Gone(gone))));
    assert_eq!(model.ui.row.map(|key| key.flow), flow(40_000).mirror());
    let mirror = model.ui.row.unwrap();
    model.observe(seen(50_000, EventKind::Row(Delta::Gone(mirror))));
    assert_eq!(model.ui.row, None);
    let again = Row { cookie: 77, ..row(40_000, TcpState::TimeWait) };
    model.observe(seen(50_001, EventKind::Row(Delta::Added(again.clone()))));
    assert_eq!(model.ui.row, Some(again.key()));
}

#[test]
fn the_list_of_events_shows_the_selection_until_a_new_event() {
    let mut model = crowd();
    let call = |id, port| EventKind::Call(Call::new(SocketId::Client(ClientId(id)), Syscall::Send).on(flow(port)));
    model.observe(seen(50_000, call(1, 40_000)));
    let about = LifecycleEntry { at: Stamp::from_millis(50_000), seq: model.journal.last_seq() };
    (0..30).for_each(|at| drop(model.observe(seen(50_001 + at, call(2, 40_004)))));
    model.ui.focus = Pane::Clients;
    key(&mut model, Key::End);
    assert_eq!(model.lifecycle.list.reader, ListReader::Points { at: about });
    model.observe(seen(60_000, call(2, 40_004)));
    assert_eq!(model.lifecycle.list.reader, ListReader::Follows);
}

#[test]
fn a_page_requests_details_of_its_end_until_it_is_left() {
    let mut model = crowd();
    model.ui.focus = Pane::Netstat;
    model.select(flow(40_000).mirror().unwrap());
    assert_eq!(
        key(&mut model, Key::Enter),
        [Effect::Table(TableEffect::Detail(Some(flow(40_000))))],
        "the client's end is the left one"
    );
    assert_eq!(key(&mut model, Key::Tab), [Effect::Table(TableEffect::Detail(flow(40_000).mirror()))]);
    assert_eq!(key(&mut model, Key::Tab), [Effect::Table(TableEffect::Detail(Some(flow(40_000))))]);
    assert_eq!(keys(&mut model, "x"), [host(LabOrder::Close(ClientId(1), CloseHow::Fin))]);
    assert_eq!(key(&mut model, Key::Esc), [Effect::Table(TableEffect::Detail(None))]);
    assert!(model.ui.page.is_none());
    key(&mut model, Key::Enter);
    assert_eq!(keys(&mut model, "/"), [], "what is under the page cannot be seen");
    assert_eq!((model.ui.mode, model.ui.page.is_some()), (Mode::Command, true));
    assert_eq!(model.ui.refused.map(|refused| refused.why), Some(Refusal::Elsewhere(Some(View::Packets))));
}

#[test]
fn a_page_scrolls_between_its_first_line_and_its_tail() {
    let mut model = crowd();
    model.select(flow(40_000));
    model.ui.focus = Pane::Netstat;
    key(&mut model, Key::Enter);
    update(&mut model, Msg::ScrollEnd(3));
    let mut after = |pressed| {
        key(&mut model, pressed);
        model.ui.page.as_ref().unwrap().from
    };
    let walk = [Key::Up, Key::Up, Key::Down, Key::Down, Key::Down, Key::Home, Key::Up, Key::Down, Key::End];
    let there = [Some(2), Some(1), Some(2), None, None, Some(0), Some(0), Some(1), None];
    assert_eq!(walk.map(&mut after), there);
}

#[test]
fn the_help_does_not_scroll_past_its_end() {
    let mut model = lab();
    keys(&mut model, "?");
    update(&mut model, Msg::ScrollEnd(40));
    keys(&mut model, "jG");
    (0..5).for_each(|_| drop(key(&mut model, Key::PageDown)));
    key(&mut model, Key::Up);
    assert_eq!(model.ui.mode, Mode::Help(39));
}

#[test]
fn a_story_keeps_the_order_of_each_life_and_puts_calls_before_their_effects() {
    let mut model = crowd();
    let call = |at, flow, call| called(at, Call::new(SocketId::Client(ClientId(1)), call).on(flow));
    model.observe(call(50_000, flow(40_000), Syscall::Connect));
    model.observe(call(51_000, flow(40_000), Syscall::Close));
    model.observe(seen(51_500, EventKind::Row(Delta::Changed(row(40_000, TcpState::TimeWait)))));
    model.select(flow(40_000));
    model.ui.focus = Pane::Clients;
    key(&mut model, Key::Enter);
    let page = model.ui.page.clone().unwrap();
    let story = page.story(model.worlds.shown(), &model.journal);
    let states: Vec<_> = story
        .iter()
        .filter_map(|line| match line {
            StoryLine::Step(ConnectionEnd::Client, step) => Some(step.to),
            _ => None,
        })
        .collect();
    let written: Vec<_> = model.worlds.shown().histories.history(&flow(40_000)).iter().map(|step| step.to).collect();
    assert!(states.len() > 3, "{states:?}");
    assert_eq!(states, written);
    let at = |wanted: fn(&StoryLine<'_>) -> bool| story.iter().position(wanted).unwrap();
    let is_close = |line: &StoryLine<'_>| {
        matches!(line, StoryLine::Call(ConnectionEnd::Client, event)
            if matches!(&event.seen.kind, EventKind::Call(call) if call.call == Syscall::Close))
    };
    assert!(at(is_close) < at(|line| matches!(line, StoryLine::Step(_, step) if step.to == TcpState::FinWait1)));
}

#[test]
fn a_reversed_list_is_the_same_list_from_its_other_end() {
    let mut model = crowd();
    model.pin_server();
    model.ui.focus = Pane::Netstat;
    let listed = |model: &Model| model.listing.keys(0..model.listing.len()).copied().collect::<Vec<_>>();
    let mut before = listed(&model);
    keys(&mut model, "-");
    before.reverse();
    assert_eq!(listed(&model), before);
    let places = (0..before.len()).map(|place| model.listing.position(&before[place]));
    assert!(places.eq((0..before.len()).map(Some)));
    both_rows(&mut model, 40_006);
    let newest = model.listing.position(&row(40_006, TcpState::Established).key()).unwrap();
    assert!(newest > before.len() - 4, "the newest is below the others, above the listener: {newest}");
    key(&mut model, Key::Right);
    assert!(!model.listing.reversed, "another order begins at its beginning");
}

#[test]
fn a_server_on_every_address_is_dialled_on_loopback() {
    let mut model = Model::new(Ui::default());
    let addr: SocketAddr = "0.0.0.0:65432".parse().unwrap();
    let spec = ServerSpec { addr, ..spec("threaded", 65432, ServiceModel::Threaded) };
    update(&mut model, Msg::Seen(seen(1, server(0, ServerChange::Added { spec }))));
    let destination = Destination { server: Some(ServerId(0)), proto: Proto::Tcp, addr: super::addr(65432) };
    assert_eq!(keys(&mut model, "c"), [host(LabOrder::Spawn { count: 1, plan: ClientPlan::Stay, destination })]);
    assert!(model.worlds.shown().servers.at(Proto::Tcp, super::addr(65432)).is_some());
}
