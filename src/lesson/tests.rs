//! Tests of the format and of the engine: files that are wrong, and a lesson gone through without any I/O.

use super::*;
use crate::domain::{
    Args, Call, Cause, Errno, Event, EventKind, Evidence, Flags, Flow, HostId, Lang, Note, Observation, PacketSummary,
    ScriptedCall, Segment, Setting, SocketId, SocketOp, Stamp, Syscall, TcpState, Transition, WireCommand, WireEvent,
    WorldId,
};
use crate::domain::{LessonChange, LessonEvent};
use crate::model::Worlds;
use crate::model::playing::Beat;

const HEAD: &str = "title = { en = \"t\", pt = \"t\" }\nabout = { en = \"a\", pt = \"a\" }\n";

fn lesson(steps: &str) -> Result<Lesson, FileError> {
    Lesson::parse(&format!("{HEAD}{steps}"))
}

#[test]
fn a_wrong_file_is_refused_with_its_place() {
    let recv = |most: u64| {
        format!(
            "[[step]]\ndo = [{{ listen = {{ socket = \"a\" }} }}, {{ recv = {{ socket = \"a\", most = {most} }} }}]"
        )
    };
    let sends = recv(0).replace("recv", "send").replace("most = 0", "bytes = 12");
    assert!(lesson(&recv(16 << 20)).is_ok() && lesson(&sends).is_ok());
    let listens: Vec<_> = (0..=256).map(|no| format!("{{ listen = {{ socket = \"s{no}\" }} }}")).collect();
    let cases = [
        ("tilte = 1\n[[step]]", 3, "unknown field `tilte`"),
        ("[[step]]\nsay = { en = \"x\" }", 4, "missing field `pt`"),
        ("[[step]]\ndo = [{ dance = \"a\" }]", 4, "unknown variant `dance`"),
        ("[[step]]\ndo = [{ listen = { socket = \"a\", prot = 1 } }]", 4, "unknown field `prot`"),
        ("[[step]]\ndo = [\n  { close = { socket = \"ghost\" } },\n]", 5, "there is no ghost yet"),
        (
            "[[step]]\ndo = [{ listen = { socket = \"a\" } }, { listen = { socket = \"a\" } }]",
            4,
            "there is a a already",
        ),
        ("[[step]]\nexpect = [{ state = { of = \"b/peer\", is = \"LISTEN\" } }]", 4, "there is no b yet"),
        ("[[step]]\nexpect = [{ held = { flags = \"SIN\" } }]", 4, "Flags"),
        ("[[step]]\nexpect = [{ held = { len = \">many\" } }]", 4, "no number and no bound"),
        ("[[step]]\ndo = [{ connect = { socket = \"a\" } }]", 4, "`to` or `port`"),
        ("[[step]]\ndo = [{ start = \"echo\" }]", 1, "does not list echo"),
        ("", 1, "needs a [[step]]"),
        (&recv(1 << 60), 4, "more than 16777216"),
        (&sends.replace("12", "17000000"), 4, "more than 16777216"),
        (
            "servers = [\"echo\"]\n[[step]]\ndo = [{ spawn = { server = \"echo\", count = 4000000000 } }, { spawn = { server = \"echo\", count = 4000000000 } }]",
            1,
            "more than 99999",
        ),
        (&format!("[[step]]\ndo = [{}]", listens.join(", ")), 4, "too many listen"),
    ];
    for (text, line, says) in cases {
        let error = lesson(text).unwrap_err();
        assert!(error.what.contains(says) && error.line == line, "{text}\n{error}");
    }
}

#[test]
fn numbers_can_be_bounds() {
    for (text, number, is) in [
        ("3", 3, true),
        ("3", 4, false),
        (">0", 0, false),
        (">0", 1, true),
        (">=5", 5, true),
        ("<5", 5, false),
        ("<=5", 5, true),
    ] {
        assert_eq!(text.parse::<matcher::Amount>().unwrap().is(number), is, "{text} {number}");
    }
    assert!("<0".parse::<matcher::Amount>().is_err());
}

#[test]
fn every_socket_gets_the_id_that_the_journal_has() {
    let lesson = lesson(
        "servers = [\"echo\"]\n[[step]]\ndo = [{ listen = { socket = \"l\" } }, { spawn = { count = 2, server = \"echo\" } },
         { connect = { socket = \"a\", to = \"l\" } }, { accept = { socket = \"s\", from = \"l\" } }]",
    )
    .unwrap();
    let ids = ["echo", "c1", "c2", "c3", "l", "a", "s"].map(|name| lesson.cast.part(name).map(|p| p.id.to_string()));
    let wanted = [Some("s0"), Some("c1"), Some("c2"), None, Some("s1"), Some("c3"), Some("s1.1")];
    assert_eq!(ids, wanted.map(|id| id.map(ToOwned::to_owned)));
}

/// A lesson, the world, and the events that the test makes happen.
struct Table {
    engine: Engine,
    worlds: Worlds,
    seq: u64,
}

fn client() -> Flow {
    Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap())
}

impl Table {
    fn new(steps: &str) -> Self {
        let addresses = Addresses::new([192, 0, 2, 2], [192, 0, 2, 1]);
        Self { engine: Engine::new(lesson(steps).unwrap(), addresses), worlds: Worlds::default(), seq: 0 }
    }

    fn begin(&mut self) -> Vec<Order> {
        self.engine.begin(self.worlds.wire(), Stamp::ZERO)
    }

    fn hear(&mut self, ms: u64, host: HostId, kind: EventKind) -> Vec<Order> {
        self.seq += 1;
        let at = Stamp::from_millis(ms);
        let seen = Observation { at, world: WorldId::Wire, host: Some(host), evidence: Evidence::Sampled, kind };
        let event = Event { seq: self.seq, seen };
        self.worlds.apply(&event);
        self.engine.hear(self.worlds.wire(), &event)
    }

    fn syn(&mut self, ms: u64, number: u64) -> Vec<Order> {
        let segment =
            Segment { flags: Flags::SYN, seq: 7, ack: 0, seq_rel: Some(0), ack_rel: None, window: 1, options: vec![] };
        let packet = PacketSummary {
            number,
            flow: client(),
            tcp: Some(segment),
            icmp: None,
            payload: crate::domain::Excerpt::of(b""),
            retransmission_of: None,
            findings: crate::domain::Findings::default(),
        };
        self.hear(ms, HostId::Client, EventKind::Packet(packet))
    }

    fn pass(&mut self, ms: u64) {
        self.engine.pass(self.worlds.wire(), Stamp::from_millis(ms));
    }
}

const DELIVERED: &str = "[[step]]\ndo = [{ listen = { socket = \"l\" } }, { deliver = { flags = \"SYN\" } }]
    expect = [{ packet = { flags = \"SYN\", from = \"client\" } }]\nwithin_ms = 1000";

#[test]
fn what_comes_after_settings_waits_until_all_of_them_are_turned() {
    let mut table = Table::new(
        "[[step]]\ndo = [{ set = { both = { sack = true } } }, { listen = { socket = \"l\" } }]\nwithin_ms = 1000",
    );
    assert!(matches!(&table.begin()[..], [Order::Set(_)]));
    let turned = |errno| EventKind::Wire(WireEvent::SettingChanged { setting: Setting::Sack(true), errno });
    assert_eq!(table.hear(1, HostId::Client, turned(None)), []);
    assert_eq!(table.hear(2, HostId::Server, turned(Some(Errno::Other(2)))), []);
    let next = table.hear(3, HostId::Server, turned(None));
    assert!(
        matches!(&next[..], [Order::Script(HostId::Server, SocketOp { call: ScriptedCall::Listen { .. }, .. })]),
        "{next:?}"
    );
}

#[test]
fn each_act_waits_for_the_one_before_and_for_its_packet() {
    let mut table = Table::new(DELIVERED);
    let first = table.begin();
    assert!(
        matches!(&first[..], [Order::Script(HostId::Server, SocketOp { call: ScriptedCall::Listen { .. }, .. })]),
        "{first:?}"
    );
    // The packet is there before the call has returned: it is not touched yet.
    assert_eq!(table.syn(1, 4), []);
    let listened = Call::new("s0".parse().unwrap(), Syscall::Listen).with(Args::Number(8));
    assert_eq!(table.hear(2, HostId::Server, EventKind::Call(listened)), [Order::Wire(WireCommand::Deliver(4))]);
    assert_eq!(table.engine.phase(), Phase::Acting(2));
    assert_eq!(table.hear(3, HostId::Client, EventKind::Wire(WireEvent::Delivered { packet: 4 })), []);
    assert_eq!((table.engine.phase(), table.engine.ticks()), (Phase::Passed, &[ExpectationState::Met][..]));
    assert!(!table.engine.next_step());
}

#[test]
fn an_act_that_is_not_done_in_time_is_named() {
    let mut table = Table::new(DELIVERED);
    table.begin();
    table.pass(999);
    assert_eq!(table.engine.phase(), Phase::Acting(1));
    table.pass(1000);
    assert_eq!((table.engine.phase(), table.engine.stuck()), (Phase::Failed, Some(0)));
}

fn stood(expect: &str) -> Table {
    let mut table = Table::new(&format!(
        "[[step]]\ndo = [{{ connect = {{ socket = \"a\", port = 65432 }} }}]\nexpect = [{expect}]\nwithin_ms = 1000"
    ));
    table.begin();
    let change = crate::domain::client::ClientChange::Dialing { flow: client() };
    let id = crate::domain::ClientId(1);
    table.hear(0, HostId::Client, EventKind::Client(crate::domain::ClientEvent { client: id, change }));
    table
}

fn edge(from: TcpState, to: TcpState, cause: Option<Cause>) -> EventKind {
    EventKind::State(Transition { flow: client(), from, to, cause })
}

#[test]
fn expectations_are_met_by_what_is_seen_and_by_nothing_else() {
    use TcpState::{Closed, Established, SynSent};
    let connect = Some(Cause::Call(Syscall::Connect));
    let cases = [
        ("{ state = { of = \"a\", is = \"SYN_SENT\" } }", edge(Closed, SynSent, connect), true),
        ("{ state = { of = \"a\", is = \"SYN_SENT\", by = \"connect\" } }", edge(Closed, SynSent, connect), true),
        ("{ state = { of = \"a\", is = \"SYN_SENT\", by = \"SYN\" } }", edge(Closed, SynSent, connect), false),
        ("{ state = { of = \"a/peer\", is = \"SYN_SENT\" } }", edge(Closed, SynSent, connect), false),
        ("{ edge = { of = \"a\", from = \"CLOSED\", to = \"SYN_SENT\" } }", edge(Closed, SynSent, None), true),
        ("{ edge = { of = \"a\", from = \"CLOSED\", to = \"SYN_SENT\" } }", edge(SynSent, Established, None), false),
        ("{ call = { of = \"a\", call = \"connect\" } }", call(Syscall::Connect, None), true),
        (
            "{ call = { of = \"a\", call = \"connect\", result = \"ECONNREFUSED\" } }",
            call(Syscall::Connect, None),
            false,
        ),
        ("{ call = { of = \"a\", call = \"recv\", len = 2, text = \"oi\" } }", call(Syscall::Recv, Some(b"oi")), true),
        ("{ call = { of = \"a\", call = \"recv\", text = \"hi\" } }", call(Syscall::Recv, Some(b"oi")), false),
    ];
    for (expect, kind, met) in cases {
        let mut table = stood(expect);
        assert_eq!(table.engine.phase(), Phase::Expecting, "{expect}");
        table.hear(5, HostId::Client, kind);
        assert_eq!(table.engine.phase() == Phase::Passed, met, "{expect}");
        table.pass(1005);
        assert_eq!(table.engine.phase() == Phase::Failed, !met, "{expect}");
    }
}

fn call(call: Syscall, data: Option<&[u8]>) -> EventKind {
    let call = Call::new(SocketId::Client(crate::domain::ClientId(1)), call).on(client());
    EventKind::Call(data.map_or(call.clone(), |data| call.carrying(data)))
}

#[test]
fn what_is_inferred_is_no_edge_that_was_seen() {
    let mut table = stood("{ edge = { of = \"a\", from = \"CLOSED\", to = \"SYN_SENT\" } }");
    let seen = Observation {
        at: Stamp::from_millis(1),
        world: WorldId::Wire,
        host: Some(HostId::Client),
        evidence: Evidence::Inferred,
        kind: edge(TcpState::Closed, TcpState::SynSent, None),
    };
    let event = Event { seq: 9, seen };
    table.worlds.apply(&event);
    table.engine.hear(table.worlds.wire(), &event);
    assert_eq!(table.engine.phase(), Phase::Expecting);
}

#[test]
fn absence_ends_at_its_time_however_late_that_is_told() {
    let absent = "{ absent = { for_ms = 100, what = { packet = { flags = \"SYN\" } } } }";
    let mut table = stood(absent);
    table.pass(99);
    assert_eq!(table.engine.phase(), Phase::Expecting);
    table.syn(99, 1);
    assert_eq!(table.engine.ticks(), [ExpectationState::Missed(SeenInstead::It)]);

    let mut table = stood(absent);
    // Nobody had the time to let time pass; the packet came after the hundred milliseconds all the same.
    table.syn(101, 1);
    assert_eq!(table.engine.phase(), Phase::Passed);

    let mut table = stood(absent);
    assert_eq!(table.engine.next_due(), Some(Stamp::from_millis(100)));
    table.pass(100);
    assert_eq!(table.engine.phase(), Phase::Passed);
}

#[test]
fn what_is_missing_is_told_with_what_is_there() {
    let mut table = stood("{ row = { of = \"a\", recv_q = 1 } }, { state = { of = \"a\", is = \"ESTABLISHED\" } }");
    table.hear(1, HostId::Client, edge(TcpState::Closed, TcpState::SynSent, None));
    table.pass(1001);
    assert_eq!(
        table.engine.ticks(),
        [
            ExpectationState::Missed(SeenInstead::Nothing),
            ExpectationState::Missed(SeenInstead::State(TcpState::SynSent, None))
        ]
    );
}

#[test]
fn what_happens_between_two_steps_belongs_to_the_next_and_cannot_speak_against_it() {
    let steps = "[[step]]
    expect = [{ absent = { for_ms = 10, what = { packet = { flags = \"RST\" } } } }]
    [[step]]
    do = [{ connect = { socket = \"a\", port = 65432 } }]
    expect = [{ packet = { flags = \"SYN\" } }, { absent = { for_ms = 10, what = { packet = { flags = \"SYN\" } } } }]";
    let mut table = Table::new(steps);
    table.begin();
    table.pass(10);
    assert!(table.engine.phase() == Phase::Passed && table.engine.next_step());
    // The class is still told about the step that comes.
    table.syn(20, 1);
    table.begin();
    let change = crate::domain::client::ClientChange::Dialing { flow: client() };
    let id = crate::domain::ClientId(1);
    table.hear(30, HostId::Client, EventKind::Client(crate::domain::ClientEvent { client: id, change }));
    assert_eq!(table.engine.ticks(), [ExpectationState::Met, ExpectationState::Open]);
    table.pass(40);
    assert_eq!(table.engine.phase(), Phase::Passed);
}

#[test]
fn every_file_of_the_catalogue_is_on_a_card() {
    let cards = catalogue::cards();
    assert_eq!(cards.len(), catalogue().len());
    for (card, entry) in cards.iter().zip(catalogue()) {
        assert_eq!(card.name, entry.name);
        assert_eq!(catalogue::lesson(entry.name).unwrap().steps.len(), card.steps);
    }
}

/// A lesson that is played on a journal.
struct Show {
    player: Player,
    model: crate::model::Model,
}

impl Show {
    fn new(steps: &str) -> Self {
        let addresses = Addresses::new([192, 0, 2, 2], [192, 0, 2, 1]);
        let player = Player::new("t", 7, lesson(steps).unwrap(), addresses);
        Self { player, model: crate::model::Model::default() }
    }

    fn seen(&mut self, ms: u64, kind: EventKind) -> Vec<Order> {
        let (at, host) = (Stamp::from_millis(ms), Some(HostId::Client));
        let before = self.model.journal.last_seq();
        self.model.observe(Observation { at, world: WorldId::Wire, host, evidence: Evidence::Sampled, kind });
        self.player.follow(&self.model, before)
    }

    /// What became of it, folded into the world as the loop does.
    fn told(&mut self, ms: u64) -> Vec<LessonChange> {
        let news = self.player.news(Lang::En);
        for kind in &news {
            assert_eq!(self.seen(ms, kind.clone()), []);
        }
        assert_eq!(self.player.news(Lang::En), [], "what was told is not news");
        let marks = news.iter().filter(|kind| matches!(kind, EventKind::Note(Note::Mark { .. }))).count();
        let changes: Vec<_> = news
            .into_iter()
            .filter_map(|kind| match kind {
                EventKind::Lesson(event) => Some(event.change),
                _ => None,
            })
            .collect();
        let begun = changes.iter().filter(|change| matches!(change, LessonChange::Begun { .. })).count();
        assert_eq!(marks, begun, "each step that begins leaves a mark");
        changes
    }

    fn staged(&mut self, run: u32) -> Vec<Order> {
        let change = LessonChange::Staged { run };
        self.seen(0, EventKind::Lesson(LessonEvent { lesson: "t".into(), change }))
    }

    fn go_on(&mut self, ms: u64) -> Vec<Order> {
        self.player.go_on(&self.model, Stamp::from_millis(ms))
    }

    fn playing(&self) -> &crate::model::playing::Playing {
        self.model.worlds.wire().playing.as_ref().unwrap()
    }
}

#[test]
fn the_class_is_told_before_anything_is_done() {
    let mut show = Show::new(&format!(
        "{DELIVERED}\n[[step]]\nexpect = [{{ absent = {{ for_ms = 5, what = {{ held = {{}} }} }} }}]"
    ));
    assert_eq!(show.staged(6), [], "another run");
    assert!(show.go_on(0).is_empty() && show.told(0).is_empty());
    show.staged(7);
    assert_eq!(show.told(0), [LessonChange::Told { step: 0 }]);
    assert_eq!(show.playing().beat, Beat::Told);
    assert_eq!(show.go_on(10).len(), 1);
    assert_eq!(show.told(10), [LessonChange::Begun { step: 0 }, LessonChange::Acted { step: 0, act: 0 }]);
    assert!(show.go_on(11).is_empty(), "pressed twice it does nothing twice");
    let listened = Call::new("s0".parse().unwrap(), Syscall::Listen).with(Args::Number(8));
    show.seen(12, EventKind::Call(listened));
    show.player.pass(&show.model, Stamp::from_millis(5_000));
    let told = show.told(5_000);
    assert_eq!(told, [LessonChange::NotDone { step: 0, act: 1 }, LessonChange::Failed { step: 0 }]);
    assert_eq!((show.playing().beat, show.playing().not_done), (Beat::Failed, Some(1)));
    assert!(show.go_on(5_001).is_empty());
}

#[test]
fn a_step_in_which_nothing_is_done_begins_by_itself_and_the_last_one_ends_the_lesson() {
    let absent = "[[step]]\nexpect = [{ absent = { for_ms = 5, what = { held = {} } } }]\n";
    let mut show = Show::new(&format!("{absent}{absent}"));
    show.staged(7);
    assert_eq!(show.told(0), [LessonChange::Told { step: 0 }, LessonChange::Begun { step: 0 }]);
    show.player.pass(&show.model, Stamp::from_millis(5));
    assert_eq!(show.told(5), [LessonChange::Met { step: 0, expect: 0 }, LessonChange::Passed { step: 0 }]);
    assert_eq!((show.playing().beat, show.playing().tick(0)), (Beat::Passed, &ExpectationState::Met));
    show.go_on(100);
    assert_eq!(show.told(100), [LessonChange::Told { step: 1 }, LessonChange::Begun { step: 1 }]);
    assert_eq!((show.playing().beat, show.playing().tick(0)), (Beat::Doing, &ExpectationState::Open));
    show.player.pass(&show.model, Stamp::from_millis(105));
    assert_eq!(show.told(105).last(), Some(&LessonChange::Over));
    assert_eq!(show.playing().beat, Beat::Over);
    assert_eq!(show.model.lessons.played.get("t"), Some(&true));
}

#[test]
fn two_steps_in_which_nothing_is_done_look_at_one_stretch_of_time() {
    let syn = "[[step]]\nexpect = [{ packet = { flags = \"SYN\" } }]\n";
    let connect = "do = [{ connect = { socket = \"a\", port = 65432 } }]\n";
    for (last, passed) in [(syn.to_owned(), true), (syn.replace("expect", &format!("{connect}expect")), false)] {
        let mut table = Table::new(&format!("{syn}{last}"));
        table.begin();
        table.syn(1, 1);
        assert!(table.engine.phase() == Phase::Passed && table.engine.next_step());
        table.begin();
        let id = crate::domain::ClientId(1);
        let change = crate::domain::client::ClientChange::Dialing { flow: client() };
        table.hear(2, HostId::Client, EventKind::Client(crate::domain::ClientEvent { client: id, change }));
        assert_eq!(
            table.engine.phase() == Phase::Passed,
            passed,
            "what an act is to bring about is not there before it"
        );
    }
}

/// A lesson of this machine, with the echo server.
fn of_here(steps: &str) -> Lesson {
    lesson(&format!("world = \"host\"\nservers = [\"echo\"]\n{steps}")).unwrap()
}

#[test]
fn with_servers_elsewhere_nothing_is_started_and_a_name_is_a_port() {
    let away = of_here(
        r#"
[[step]]
do = [
  { start = "echo" }, { spawn = { server = "echo" } }, { connect = { socket = "a", to = "echo" } },
  { listen = { socket = "mine", host = "client", port = 0 } }, { connect = { socket = "b", to = "mine" } },
]
expect = [
  { state = { of = "c1", is = "ESTABLISHED" } }, { state = { of = "b/peer", is = "ESTABLISHED" } },
  { count = { host = "client", state = "ESTABLISHED", is = 2 } },
]
"#,
    )
    .away()
    .unwrap();
    let acts = &away.steps[0].acts;
    assert!(matches!(acts[0], Act::Spawn(_)), "{acts:?}");
    assert!(matches!(&acts[1], Act::Connect(connect) if connect.to.is_none() && connect.port == Some(65_433)));
    assert!(matches!(&acts[3], Act::Connect(connect) if connect.to.is_some()));
    assert_eq!(away.ports().collect::<Vec<_>>(), [65_433, 65_433]);
}

#[test]
fn who_only_sends_datagrams_does_not_connect() {
    let connects = |acts: &str| {
        let text = format!("world = \"host\"\nservers = [\"echo\", \"udp\"]\n[[step]]\ndo = [{acts}]");
        lesson(&text).unwrap().away().unwrap().connects_away()
    };
    assert!(connects(r#"{ spawn = { server = "echo" } }"#));
    assert!(connects(r#"{ connect = { socket = "a", to = "echo" } }"#));
    assert!(connects(r#"{ connect = { socket = "a", port = 7 } }"#));
    assert!(!connects(r#"{ start = "echo" }, { spawn = { server = "udp" } }"#));
    assert!(!connects(
        r#"{ datagram = { socket = "u", host = "client" } }, { send = { socket = "u", text = "oi", to = 7 } }"#
    ));
    let own =
        r#"{ listen = { socket = "mine", host = "client", port = 0 } }, { connect = { socket = "b", to = "mine" } }"#;
    assert!(!connects(own));
}

#[test]
fn what_needs_a_server_here_is_named() {
    for part in [
        r#"do = [{ stop = "echo" }]"#,
        r#"do = [{ switch = { server = "echo", model = "threaded" } }]"#,
        r#"do = [{ listen = { socket = "a" } }]"#,
        r#"do = [{ datagram = { socket = "a", host = "server" } }]"#,
        r#"expect = [{ state = { of = "c1/peer", is = "ESTABLISHED" } }]"#,
        r#"expect = [{ call = { of = "echo", call = "accept" } }]"#,
        r#"expect = [{ absent = { for_ms = 1, what = { row = { of = "c1/peer" } } } }]"#,
        r#"expect = [{ count = { state = "ESTABLISHED", is = 2 } }]"#,
    ] {
        let steps = format!("[[step]]\ndo = [{{ spawn = {{ server = \"echo\" }} }}]\n[[step]]\n{part}");
        let Err(NotAway::Needs(needs)) = of_here(&steps).away() else { panic!("{part}") };
        assert_eq!(needs.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [2], "{part}");
    }
    let wire = lesson("[[step]]\ndo = [{ listen = { socket = \"a\" } }]").unwrap();
    assert_eq!(wire.away(), Err(NotAway::OnTheWire));
}

#[test]
fn a_port_of_the_target_goes_before_those_of_the_lesson() {
    let away = |port| Addresses { server: ([10, 0, 0, 9], port).into(), ..Addresses::new([10, 0, 0, 1], [0; 4]) };
    assert_eq!(away(0).of(HostId::Server, 65_433), ([10, 0, 0, 9], 65_433).into());
    assert_eq!(away(7000).of(HostId::Server, 65_433), ([10, 0, 0, 9], 7000).into());
    assert_eq!(away(7000).of(HostId::Client, 5000), ([10, 0, 0, 1], 5000).into());
}
