//! Tests of the file format and of the engine, without any I/O.

use super::act::Act;
use super::file::LessonError;
use super::*;
use crate::domain::client::ClientChange;
use crate::domain::{
    Args, Call, Cause, ClientEvent, ClientId, CongestionState, Disposition, Errno, Event, EventKind, Evidence, Excerpt,
    Findings, Flags, Flow, ForgedKind, ForgedPacket, HostId, KernelCause, KernelVerdict, Lang, LessonChange,
    LessonEvent, MovedCounters, Note, Observation, PacketSummary, ScriptedCall, Segment, Setting, Shut, SocketId,
    SocketOp, Stamp, Syscall, TcpInfo, TcpOption, TcpState, Transition, WireCommand, WireEvent, WorldId,
};
use crate::model::Worlds;
use crate::model::playing::StepProgress;

const HEAD: &str = "title = { en = \"t\", pt = \"t\" }\nabout = { en = \"a\", pt = \"a\" }\n";

fn lesson(steps: &str) -> Result<Lesson, LessonError> {
    Lesson::parse(&format!("{HEAD}{steps}"))
}

#[test]
fn an_invalid_file_is_rejected_with_its_line() {
    let recv = |most: u64| {
        format!(
            "[[step]]\ndo = [{{ listen = {{ socket = \"a\" }} }}, {{ recv = {{ socket = \"a\", most = {most} }} }}]"
        )
    };
    let sends = recv(0).replace("recv", "send").replace("most = 0", "bytes = 12");
    assert!(lesson(&recv(16 << 20)).is_ok() && lesson(&sends).is_ok());
    let inject = |more: &str| {
        format!("[[step]]\ndo = [{{ inject = {{ from = \"client\", source = 1, destination = 2, {more} }} }}]")
    };
    assert!(lesson(&inject("bytes = 1460, seq = \"next-1\", ack = \"raw 7\", ttl = 0")).is_ok());
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
        ("[[step]]\nexpect = [{ held = { len = \">many\" } }]", 4, "neither a number nor a bound"),
        ("[[step]]\ndo = [{ connect = { socket = \"a\" } }]", 4, "`to` or `port`"),
        (
            "[[step]]\ndo = [{ listen = { socket = \"l\" } }, { connect = { socket = \"a\", to = \"l\", itself = true } }]",
            4,
            "no `to`",
        ),
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
        ("[[step]]\ndo = [\n  { inject = { from = \"client\", socket = \"ghost\" } },\n]", 5, "there is no ghost yet"),
        ("[[step]]\ndo = [{ inject = { from = \"client\", source = 7 } }]", 4, "`source` and `destination`"),
        (&inject("seq = \"next*2\""), 4, "neither a number nor one such as"),
        (&inject("seq = \"next+4294967296\""), 4, "neither a number nor one such as"),
        (&inject("seq = -1"), 4, "expected a sequence number"),
        (&inject("options = { ts = 4294967296 }"), 4, "more than 4294967295"),
        (&inject("options = { wscale = 15 }"), 4, "more than 14"),
        (&inject("bytes = 1461"), 4, "more than the 1460"),
        (&inject("bytes = 9000000000000000000"), 4, "more than the 1460"),
        (&inject("bytes = 1449, options = { ts = 0 }"), 4, "more than the 1448"),
        (&inject("text = \"a\", bytes = 1"), 4, "either `text` or `bytes`"),
        (&inject("proto = \"icmp\""), 4, "by `unreachable`"),
        (&inject("ttl = 256"), 4, "256"),
        (&inject("ecn = \"yes\""), 4, "EcnCodepoint"),
        ("[[step]]\ndo = [{ change = { packet = {}, bytes = 1461 } }]", 4, "more than the 1460"),
        (
            "[[step]]\ndo = [{ listen = { socket = \"l\" } }, { inject = { from = \"client\", socket = \"l\" } }]",
            4,
            "l has no peer: `source` is needed",
        ),
        ("[[step]]\nexpect = [{ verdict = { packet = {}, did = \"eaten\" } }]", 4, "Disposition"),
    ];
    for (text, line, says) in cases {
        let error = lesson(text).unwrap_err();
        assert!(error.what.contains(says) && error.line == line, "{text}\n{error}");
    }
}

#[test]
fn amounts_can_be_bounds() {
    for (text, number, is) in [
        ("3", 3, true),
        ("3", 4, false),
        (">0", 0, false),
        (">0", 1, true),
        (">=5", 5, true),
        ("<5", 5, false),
        ("<=5", 5, true),
        ("2-5", 5, true),
        ("2-5", 1, false),
    ] {
        assert_eq!(text.parse::<matcher::Amount>().unwrap().is(number), is, "{text} {number}");
    }
    assert!(["<0", "5-2", "-2", "2-"].iter().all(|text| text.parse::<matcher::Amount>().is_err()));
}

#[test]
fn every_socket_gets_the_id_that_the_journal_has() {
    let lesson = lesson(
        "servers = [\"echo\"]\n[[step]]\ndo = [{ listen = { socket = \"l\" } }, { spawn = { count = 2, server = \"echo\" } },
         { connect = { socket = \"a\", to = \"l\" } }, { accept = { socket = \"s\", from = \"l\" } }]",
    )
    .unwrap();
    let ids = ["echo", "c1", "c2", "c3", "l", "a", "s"]
        .map(|name| lesson.symbols.socket(name).map(|socket| socket.id.to_string()));
    let wanted = [Some("s0"), Some("c1"), Some("c2"), None, Some("s1"), Some("c3"), Some("s1.1")];
    assert_eq!(ids, wanted.map(|id| id.map(ToOwned::to_owned)));
}

/// An engine and the world that it observes.
struct EngineTest {
    engine: Engine,
    worlds: Worlds,
    seq: u64,
}

fn client() -> Flow {
    Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap())
}

impl EngineTest {
    fn new(steps: &str) -> Self {
        let addresses = HostAddresses::new([192, 0, 2, 2], [192, 0, 2, 1]);
        Self { engine: Engine::new(lesson(steps).unwrap(), addresses), worlds: Worlds::default(), seq: 0 }
    }

    fn begin(&mut self) -> Vec<LessonOrder> {
        self.engine.begin(self.worlds.wire(), Stamp::ZERO)
    }

    fn observe(&mut self, ms: u64, host: HostId, kind: EventKind) -> Vec<LessonOrder> {
        self.observe_as(Evidence::Sampled, ms, host, kind)
    }

    fn observe_as(&mut self, evidence: Evidence, ms: u64, host: HostId, kind: EventKind) -> Vec<LessonOrder> {
        self.seq += 1;
        let at = Stamp::from_millis(ms);
        let seen = Observation { at, world: WorldId::Wire, host: Some(host), evidence, kind };
        let event = Event { seq: self.seq, seen };
        self.worlds.apply(&event);
        self.engine.observe(self.worlds.wire(), &event)
    }

    fn syn(&mut self, ms: u64, number: u64) -> Vec<LessonOrder> {
        let segment =
            Segment { flags: Flags::SYN, seq: 7, ack: 0, seq_rel: Some(0), ack_rel: None, window: 1, options: vec![] };
        let packet = PacketSummary {
            number,
            flow: client(),
            tcp: Some(segment),
            icmp: None,
            interface: None,
            payload: Excerpt::of(b""),
            retransmission_of: None,
            findings: Findings::default(),
        };
        self.observe(ms, HostId::Client, EventKind::Packet(packet))
    }

    fn dial(&mut self, ms: u64) {
        let change = ClientChange::Dialing { flow: client() };
        self.observe(ms, HostId::Client, EventKind::Client(ClientEvent { client: ClientId(1), change }));
    }

    fn advance(&mut self, ms: u64) {
        self.engine.advance(self.worlds.wire(), Stamp::from_millis(ms));
    }
}

#[test]
fn a_forged_packet_takes_its_numbers_from_the_connection() {
    let mut test = EngineTest::new(
        "[[step]]
        do = [
          { connect = { socket = \"a\", port = 65432 } },
          { inject = { from = \"client\", socket = \"a\", flags = \"RST\", seq = \"next+5\" } },
          { inject = { from = \"server\", socket = \"a\", seq = \"raw 9\", ack = 3, options = { ts = -1 }, text = \"oi\" } },
          { change = { packet = { flags = \"SYN\" }, seq = 2, bytes = 3 } },
        ]
        expect = [{ verdict = { packet = { flags = \"SYN\" }, did = \"discarded\", why = \"paws\" } }]
        within_ms = 1000",
    );
    test.begin();
    test.dial(0);
    // Nothing of the connection was seen: nobody knows its numbers.
    assert_eq!(test.engine.phase(), LessonPhase::Acting(1));
    let orders = test.syn(1, 1);
    let forged = |orders: &[LessonOrder]| match orders {
        [LessonOrder::Wire(WireCommand::Inject(forged))] => (**forged).clone(),
        other => panic!("{other:?}"),
    };
    let rst = forged(&orders);
    assert_eq!((rst.flow(), rst.payload.len()), (client(), 0));
    let segment = |packet: &ForgedPacket| match packet.kind {
        ForgedKind::Segment(segment) => segment,
        other => panic!("{other:?}"),
    };
    // The SYN has not arrived: the server expects it, which is number 7.
    assert_eq!((segment(&rst).flags, segment(&rst).seq), (Flags::RST, 12));
    let orders = test.observe(2, HostId::Client, EventKind::Wire(WireEvent::Injected { packet: 2 }));
    let answer = forged(&orders);
    assert_eq!((Some(answer.flow()), answer.payload.as_slice()), (client().mirror(), &b"oi"[..]));
    let header = segment(&answer);
    assert_eq!((header.flags, header.seq, header.ack), (Flags::ACK, 9, 10));
    assert_eq!(header.options.ts, Some((u32::MAX, 0)), "neither clock is known");
    let orders = test.observe(3, HostId::Server, EventKind::Wire(WireEvent::Injected { packet: 3 }));
    let [LessonOrder::Wire(WireCommand::Change(1, change))] = &orders[..] else { panic!("{orders:?}") };
    assert_eq!((change.seq, change.payload.as_deref(), change.ack), (Some(9), Some(&b"abc"[..]), None));
    let packet = test.worlds.wire().wire.packet(1).unwrap().packet.clone();
    test.observe(4, HostId::Client, EventKind::Wire(WireEvent::Altered { packet: 1, now: Box::new(packet) }));
    assert_eq!(test.engine.phase(), LessonPhase::Expecting);
    let verdict = |did, why| {
        let verdict = KernelVerdict {
            packet: 1,
            by: HostId::Server,
            did,
            why: Some(why),
            answer: None,
            counters: MovedCounters::new(),
        };
        EventKind::Wire(WireEvent::Verdict(verdict))
    };
    test.observe(5, HostId::Client, verdict(Disposition::Discarded, KernelCause::Checksum));
    assert_eq!(test.engine.phase(), LessonPhase::Expecting, "another cause");
    let mut late = EngineTest { engine: test.engine.clone(), worlds: test.worlds.clone(), seq: test.seq };
    late.advance(2_000);
    let seen = SeenInstead::These(vec!["→ #1 SYN discarded checksum".into()]);
    assert_eq!(late.engine.ticks(), [ExpectationState::Missed(seen)]);
    test.observe(6, HostId::Client, verdict(Disposition::Discarded, KernelCause::Paws));
    assert_eq!(test.engine.phase(), LessonPhase::Passed);
}

fn is_listen(orders: &[LessonOrder]) -> bool {
    matches!(orders, [LessonOrder::Script(HostId::Server, SocketOp { call: ScriptedCall::Listen { .. }, .. })])
}

const DELIVERED: &str = "[[step]]\ndo = [{ listen = { socket = \"l\" } }, { deliver = { flags = \"SYN\" } }]
    expect = [{ packet = { flags = \"SYN\", from = \"client\" } }]\nwithin_ms = 1000";

#[test]
fn the_act_after_settings_waits_until_all_are_changed() {
    let mut test = EngineTest::new(
        "[[step]]\ndo = [{ set = { both = { sack = true } } }, { listen = { socket = \"l\" } }]\nwithin_ms = 1000",
    );
    assert!(matches!(&test.begin()[..], [LessonOrder::Set(_)]));
    let changed = |errno| EventKind::Wire(WireEvent::SettingChanged { setting: Setting::Sack(true), errno });
    assert_eq!(test.observe(1, HostId::Client, changed(None)), []);
    assert_eq!(test.observe(2, HostId::Server, changed(Some(Errno::Other(2)))), []);
    let next = test.observe(3, HostId::Server, changed(None));
    assert!(is_listen(&next), "{next:?}");
}

#[test]
fn each_act_waits_for_the_one_before_and_for_its_packet() {
    let mut test = EngineTest::new(DELIVERED);
    let first = test.begin();
    assert!(is_listen(&first), "{first:?}");
    // The packet arrives before the call has returned, and stays where it is.
    assert_eq!(test.syn(1, 4), []);
    let listened = Call::new("s0".parse().unwrap(), Syscall::Listen).with(Args::Number(8));
    assert_eq!(
        test.observe(2, HostId::Server, EventKind::Call(listened)),
        [LessonOrder::Wire(WireCommand::Deliver(4))]
    );
    assert_eq!(test.engine.phase(), LessonPhase::Acting(2));
    assert_eq!(test.observe(3, HostId::Client, EventKind::Wire(WireEvent::Delivered { packet: 4 })), []);
    assert_eq!((test.engine.phase(), test.engine.ticks()), (LessonPhase::Passed, &[ExpectationState::Met][..]));
    assert!(!test.engine.next_step());
}

#[test]
fn an_act_that_is_not_done_in_time_is_named() {
    let mut test = EngineTest::new(DELIVERED);
    test.begin();
    test.advance(999);
    assert_eq!(test.engine.phase(), LessonPhase::Acting(1));
    test.advance(1000);
    assert_eq!((test.engine.phase(), test.engine.stuck()), (LessonPhase::Failed, Some(0)));
}

/// An engine whose client is connecting.
fn connecting(expect: &str) -> EngineTest {
    let mut test = EngineTest::new(&format!(
        "[[step]]\ndo = [{{ connect = {{ socket = \"a\", port = 65432 }} }}]\nexpect = [{expect}]\nwithin_ms = 1000"
    ));
    test.begin();
    test.dial(0);
    test
}

fn edge(from: TcpState, to: TcpState, cause: Option<Cause>) -> EventKind {
    EventKind::State(Transition { flow: client(), from, to, cause })
}

#[test]
fn an_expectation_is_met_only_by_what_it_describes() {
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
        let mut test = connecting(expect);
        assert_eq!(test.engine.phase(), LessonPhase::Expecting, "{expect}");
        test.observe(5, HostId::Client, kind);
        assert_eq!(test.engine.phase() == LessonPhase::Passed, met, "{expect}");
        test.advance(1005);
        assert_eq!(test.engine.phase() == LessonPhase::Failed, !met, "{expect}");
    }
}

fn call(call: Syscall, data: Option<&[u8]>) -> EventKind {
    let call = Call::new(SocketId::Client(ClientId(1)), call).on(client());
    EventKind::Call(data.map_or(call.clone(), |data| call.carrying(data)))
}

#[test]
fn an_inferred_edge_does_not_count() {
    let mut test = connecting("{ edge = { of = \"a\", from = \"CLOSED\", to = \"SYN_SENT\" } }");
    test.observe_as(Evidence::Inferred, 1, HostId::Client, edge(TcpState::Closed, TcpState::SynSent, None));
    assert_eq!(test.engine.phase(), LessonPhase::Expecting);
}

#[test]
fn absence_ends_on_time_even_if_reported_late() {
    let absent = "{ absent = { for_ms = 100, what = { packet = { flags = \"SYN\" } } } }";
    let mut test = connecting(absent);
    test.advance(99);
    assert_eq!(test.engine.phase(), LessonPhase::Expecting);
    test.syn(99, 1);
    assert_eq!(test.engine.ticks(), [ExpectationState::Missed(SeenInstead::It)]);

    let mut test = connecting(absent);
    // No call of `advance` came in between; the packet still came after the hundred milliseconds.
    test.syn(101, 1);
    assert_eq!(test.engine.phase(), LessonPhase::Passed);

    let mut test = connecting(absent);
    assert_eq!(test.engine.next_due(), Some(Stamp::from_millis(100)));
    test.advance(100);
    assert_eq!(test.engine.phase(), LessonPhase::Passed);
}

#[test]
fn a_missed_expectation_reports_what_was_seen() {
    let mut test = connecting("{ row = { of = \"a\", recv_q = 1 } }, { state = { of = \"a\", is = \"ESTABLISHED\" } }");
    test.observe(1, HostId::Client, edge(TcpState::Closed, TcpState::SynSent, None));
    test.advance(1001);
    assert_eq!(
        test.engine.ticks(),
        [
            ExpectationState::Missed(SeenInstead::Nothing),
            ExpectationState::Missed(SeenInstead::State(TcpState::SynSent, None))
        ]
    );
}

#[test]
fn events_between_two_steps_count_for_the_next_but_not_against_it() {
    let steps = "[[step]]
    expect = [{ absent = { for_ms = 10, what = { packet = { flags = \"RST\" } } } }]
    [[step]]
    do = [{ connect = { socket = \"a\", port = 65432 } }]
    expect = [{ packet = { flags = \"SYN\" } }, { absent = { for_ms = 10, what = { packet = { flags = \"SYN\" } } } }]";
    let mut test = EngineTest::new(steps);
    test.begin();
    test.advance(10);
    assert!(test.engine.phase() == LessonPhase::Passed && test.engine.next_step());
    // The class is still reading the text of the next step.
    test.syn(20, 1);
    test.begin();
    test.dial(30);
    assert_eq!(test.engine.ticks(), [ExpectationState::Met, ExpectationState::Open]);
    test.advance(40);
    assert_eq!(test.engine.phase(), LessonPhase::Passed);
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

/// A player and the model that it follows.
struct PlayerTest {
    player: Player,
    model: crate::model::Model,
}

impl PlayerTest {
    fn new(steps: &str) -> Self {
        let addresses = HostAddresses::new([192, 0, 2, 2], [192, 0, 2, 1]);
        let player = Player::new("t", 7, lesson(steps).unwrap(), addresses);
        Self { player, model: crate::model::Model::default() }
    }

    fn observe(&mut self, ms: u64, kind: EventKind) -> Vec<LessonOrder> {
        let at = Stamp::from_millis(ms);
        let host = Some(HostId::Client);
        let before = self.model.journal.last_seq();
        self.model.observe(Observation { at, world: WorldId::Wire, host, evidence: Evidence::Sampled, kind });
        self.player.follow(&self.model, before)
    }

    /// The progress, folded into the world as the loop does.
    fn progress(&mut self, ms: u64) -> Vec<LessonChange> {
        let events = self.player.progress(Lang::En);
        for kind in &events {
            assert_eq!(self.observe(ms, kind.clone()), []);
        }
        assert_eq!(self.player.progress(Lang::En), [], "progress is reported once");
        let marks = events.iter().filter(|kind| matches!(kind, EventKind::Note(Note::Mark { .. }))).count();
        let changes: Vec<_> = events
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

    fn set_ready(&mut self, run: u32) -> Vec<LessonOrder> {
        let change = LessonChange::Staged { run };
        self.observe(0, EventKind::Lesson(LessonEvent { lesson: "t".into(), change }))
    }

    fn go_on(&mut self, ms: u64) -> Vec<LessonOrder> {
        self.player.go_on(&self.model, Stamp::from_millis(ms))
    }

    fn playing(&self) -> &crate::model::playing::PlayedLesson {
        self.model.worlds.wire().playing.as_ref().unwrap()
    }
}

#[test]
fn the_text_comes_before_the_acts() {
    let mut test = PlayerTest::new(&format!(
        "{DELIVERED}\n[[step]]\nexpect = [{{ absent = {{ for_ms = 5, what = {{ held = {{}} }} }} }}]"
    ));
    assert_eq!(test.set_ready(6), [], "another run");
    assert!(test.go_on(0).is_empty() && test.progress(0).is_empty());
    test.set_ready(7);
    assert_eq!(test.progress(0), [LessonChange::Told { step: 0 }]);
    assert_eq!(test.playing().progress, StepProgress::Told);
    assert_eq!(test.go_on(10).len(), 1);
    assert_eq!(test.progress(10), [LessonChange::Begun { step: 0 }, LessonChange::Acted { step: 0, act: 0 }]);
    assert!(test.go_on(11).is_empty(), "a second press does nothing");
    let listened = Call::new("s0".parse().unwrap(), Syscall::Listen).with(Args::Number(8));
    test.observe(12, EventKind::Call(listened));
    test.player.advance(&test.model, Stamp::from_millis(5_000));
    let changes = test.progress(5_000);
    assert_eq!(changes, [LessonChange::NotDone { step: 0, act: 1 }, LessonChange::Failed { step: 0 }]);
    assert_eq!((test.playing().progress, test.playing().not_done), (StepProgress::Failed, Some(1)));
    assert!(test.go_on(5_001).is_empty());
}

#[test]
fn a_mark_is_the_steps_number_and_name() {
    let absent = "expect = [{ absent = { for_ms = 5, what = { held = {} } } }]";
    let mut test = PlayerTest::new(&format!(
        "[[step]]\nname = {{ en = \"Silence\", pt = \"Silêncio\" }}\nsay = {{ en = \"Wait\", pt = \"Espere\" }}\n{absent}\n[[step]]\n{absent}"
    ));
    test.set_ready(7);
    let marked = |progress: Vec<EventKind>| {
        progress.into_iter().find_map(|kind| match kind {
            EventKind::Note(Note::Mark { text }) => Some(text),
            _ => None,
        })
    };
    assert_eq!(marked(test.player.progress(Lang::PtBr)).as_deref(), Some("1. Silêncio"));
    test.player.advance(&test.model, Stamp::from_millis(5));
    test.go_on(6);
    assert_eq!(marked(test.player.progress(Lang::PtBr)).as_deref(), Some("2."));
}

#[test]
fn a_name_has_to_fit_the_marks() {
    let named = |en: &str| lesson(&format!("[[step]]\nname = {{ en = \"{en}\", pt = \"é\" }}"));
    assert!(named(&"é".repeat(32)).is_ok());
    let error = named(&"é".repeat(33)).unwrap_err().to_string();
    assert!(error.contains("longer than 32 columns") && error.starts_with("line 4, column "), "{error}");
}

#[test]
fn a_step_without_acts_begins_by_itself_and_the_last_one_ends_the_lesson() {
    let absent = "[[step]]\nexpect = [{ absent = { for_ms = 5, what = { held = {} } } }]\n";
    let mut test = PlayerTest::new(&format!("{absent}{absent}"));
    test.set_ready(7);
    assert_eq!(test.progress(0), [LessonChange::Told { step: 0 }, LessonChange::Begun { step: 0 }]);
    test.player.advance(&test.model, Stamp::from_millis(5));
    assert_eq!(test.progress(5), [LessonChange::Met { step: 0, expect: 0 }, LessonChange::Passed { step: 0 }]);
    assert_eq!((test.playing().progress, test.playing().tick(0)), (StepProgress::Passed, &ExpectationState::Met));
    test.go_on(100);
    assert_eq!(test.progress(100), [LessonChange::Told { step: 1 }, LessonChange::Begun { step: 1 }]);
    assert_eq!((test.playing().progress, test.playing().tick(0)), (StepProgress::Doing, &ExpectationState::Open));
    test.player.advance(&test.model, Stamp::from_millis(105));
    assert_eq!(test.progress(105).last(), Some(&LessonChange::Over));
    assert_eq!(test.playing().progress, StepProgress::Over);
    assert_eq!(test.model.lessons.played.get("t"), Some(&true));
}

#[test]
fn two_steps_without_acts_share_their_events() {
    let syn = "[[step]]\nexpect = [{ packet = { flags = \"SYN\" } }]\n";
    let connect = "do = [{ connect = { socket = \"a\", port = 65432 } }]\n";
    for (last, passed) in [(syn.to_owned(), true), (syn.replace("expect", &format!("{connect}expect")), false)] {
        let mut test = EngineTest::new(&format!("{syn}{last}"));
        test.begin();
        test.syn(1, 1);
        assert!(test.engine.phase() == LessonPhase::Passed && test.engine.next_step());
        test.begin();
        test.dial(2);
        assert_eq!(
            test.engine.phase() == LessonPhase::Passed,
            passed,
            "events before an act do not count for what it is to bring about"
        );
    }
}

/// A lesson on this machine, with the echo server.
fn host_lesson(steps: &str) -> Lesson {
    lesson(&format!("world = \"host\"\nservers = [\"echo\"]\n{steps}")).unwrap()
}

#[test]
fn with_remote_servers_nothing_is_started_and_a_name_is_a_port() {
    let remote = host_lesson(
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
    .remote()
    .unwrap();
    let acts = &remote.steps[0].acts;
    assert!(matches!(acts[0], Act::Spawn { .. }), "{acts:?}");
    assert!(matches!(&acts[1], Act::Connect(connect) if connect.to.is_none() && connect.port == Some(65_433)));
    assert!(matches!(&acts[3], Act::Connect(connect) if connect.to.is_some()));
    assert_eq!(remote.ports().collect::<Vec<_>>(), [65_433, 65_433]);
}

#[test]
fn a_lesson_of_datagrams_does_not_connect_by_tcp() {
    let connects = |acts: &str| {
        let text = format!("world = \"host\"\nservers = [\"echo\", \"udp\"]\n[[step]]\ndo = [{acts}]");
        lesson(&text).unwrap().remote().unwrap().connects_by_tcp()
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
fn items_that_need_a_server_here_are_named() {
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
        let Err(NotRemote::Needs(needs)) = host_lesson(&steps).remote() else { panic!("{part}") };
        assert_eq!(needs.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [2], "{part}");
    }
    let wire = lesson("[[step]]\ndo = [{ listen = { socket = \"a\" } }]").unwrap();
    assert_eq!(wire.remote(), Err(NotRemote::OnTheWire));
}

#[test]
fn the_port_of_the_target_replaces_those_of_the_lesson() {
    let remote =
        |port| HostAddresses { server: ([10, 0, 0, 9], port).into(), ..HostAddresses::new([10, 0, 0, 1], [0; 4]) };
    assert_eq!(remote(0).of(HostId::Server, 65_433), ([10, 0, 0, 9], 65_433).into());
    assert_eq!(remote(7000).of(HostId::Server, 65_433), ([10, 0, 0, 9], 7000).into());
    assert_eq!(remote(7000).of(HostId::Client, 5000), ([10, 0, 0, 1], 5000).into());
}

impl EngineTest {
    /// A packet with these contents, from a host; `number` is its own.
    fn packet(&mut self, ms: u64, from: HostId, number: u64, segment: Segment, payload: &[u8]) -> Vec<LessonOrder> {
        let flow = if from == HostId::Client { client() } else { client().mirror().unwrap() };
        let payload = Excerpt::of(payload);
        let (icmp, interface, findings) = (None, None, Findings::default());
        let packet = PacketSummary {
            number,
            flow,
            tcp: Some(segment),
            icmp,
            interface,
            payload,
            retransmission_of: None,
            findings,
        };
        self.observe(ms, from, EventKind::Packet(packet))
    }
}

fn segment(flags: Flags, seq_rel: u32, ack_rel: u32, options: Vec<TcpOption>) -> Segment {
    let [seq, ack] = [seq_rel + 1_000, ack_rel + 9_000];
    Segment { flags, seq, ack, seq_rel: Some(seq_rel), ack_rel: Some(ack_rel), window: 100, options }
}

#[test]
fn options_are_there_or_not_or_say_something() {
    let options =
        [TcpOption::Mss(1460), TcpOption::WindowScale(7), TcpOption::Sack(9_011, 9_021), TcpOption::SackPermitted];
    let with = |more: &[TcpOption]| [&options[..], more].concat();
    for (wanted, options, met) in [
        ("mss = 1460", with(&[]), true),
        ("mss = \">1460\"", with(&[]), false),
        ("mss = true, wscale = \"5-8\", sack_ok = true", with(&[]), true),
        ("mss = true", vec![], false),
        ("mss = false, ts = false, sack = false", vec![], true),
        ("ts = false", with(&[TcpOption::Timestamps(1, 0)]), false),
        ("sack = true", with(&[]), true),
        ("sack = [11, 21]", with(&[]), true),
        ("sack = [12, 21]", with(&[]), false),
        ("fast_open = 0", with(&[TcpOption::Other { kind: 34, len: 2 }]), true),
        ("fast_open = 8", with(&[TcpOption::Other { kind: 34, len: 10 }]), true),
        ("fast_open = true", with(&[TcpOption::Other { kind: 30, len: 10 }]), false),
    ] {
        let mut test = connecting(&format!("{{ packet = {{ options = {{ {wanted} }} }} }}"));
        test.packet(1, HostId::Client, 1, segment(Flags::ACK, 1, 1, options), b"");
        assert_eq!(test.engine.phase() == LessonPhase::Passed, met, "{wanted}");
    }
}

#[test]
fn the_time_between_two_packets_is_that_of_the_host_that_sends_the_second() {
    let at = |expect: &str, events: &[(u64, HostId, &[u8])]| {
        let mut test = connecting(expect);
        for (number, (ms, from, payload)) in (1..).zip(events) {
            test.packet(*ms, *from, number, segment(Flags::ACK, 1, 1, vec![]), payload);
            test.observe(*ms + 40, *from, EventKind::Wire(WireEvent::Delivered { packet: number }));
        }
        test
    };
    let twice = [(100, HostId::Client, &b"a"[..]), (320, HostId::Client, b"a")];
    for (expect, met) in [
        // Since the one before.
        ("{ timed = { packet = { len = 1, nth = 2 }, after_ms = 220 } }", true),
        ("{ timed = { packet = { len = 1, nth = 2 }, after_ms = \"<220\" } }", false),
        // The first one: since the step began.
        ("{ timed = { packet = { len = 1 }, after_ms = 100 } }", true),
        ("{ timed = { packet = { len = 2 }, after_ms = \">=0\" } }", false),
    ] {
        let test = at(expect, &twice);
        assert_eq!(test.engine.phase() == LessonPhase::Passed, met, "{expect} {:?}", test.engine.ticks());
    }
    // An answer: since what it answers arrived.
    let answered = [(100, HostId::Client, &b"a"[..]), (180, HostId::Server, b"")];
    let expect = "{ timed = { packet = { from = \"server\" }, since = { from = \"client\" }, after_ms = 40 } }";
    assert_eq!(at(expect, &answered).engine.phase(), LessonPhase::Passed);
    let mut test = at("{ timed = { packet = { len = 1, nth = 2 }, after_ms = 5 } }", &twice);
    test.advance(2_000);
    let ExpectationState::Missed(SeenInstead::These(seen)) = &test.engine.ticks()[0] else { panic!() };
    assert_eq!(seen[..], ["→ #2 ACK 1 B +220 ms"]);
}

#[test]
fn an_order_of_expectations_is_kept() {
    let expect = "{ packet = { flags = \"SYN\" } }, { edge = { of = \"a\", from = \"CLOSED\", to = \"SYN_SENT\" } }";
    let play = |in_order: bool, syn_first: bool| {
        let steps = format!(
            "[[step]]\ndo = [{{ connect = {{ socket = \"a\", port = 65432 }} }}]\nexpect = [{expect}]\nwithin_ms = 1000"
        );
        let mut test = EngineTest::new(&format!("{steps}\nin_order = {in_order}"));
        test.begin();
        test.dial(0);
        let edge = edge(TcpState::Closed, TcpState::SynSent, None);
        if syn_first {
            test.syn(1, 1);
        }
        test.observe(2, HostId::Client, edge);
        if !syn_first {
            test.syn(3, 1);
        }
        test
    };
    assert_eq!(play(true, true).engine.phase(), LessonPhase::Passed);
    assert_eq!(play(false, false).engine.phase(), LessonPhase::Passed);
    let mut wrong = play(true, false);
    assert_eq!(wrong.engine.ticks(), [ExpectationState::Met, ExpectationState::Open]);
    wrong.advance(2_000);
    assert_eq!(wrong.engine.phase(), LessonPhase::Failed);
}

#[test]
fn an_act_that_waits_ends_without_an_event() {
    let mut test =
        EngineTest::new("[[step]]\ndo = [{ wait = 5000 }, { listen = { socket = \"l\" } }]\nwithin_ms = 1000");
    assert_eq!(test.begin(), []);
    assert_eq!(test.engine.next_due(), Some(Stamp::from_millis(5_000)), "longer than an act may take");
    assert_eq!(test.engine.advance(test.worlds.wire(), Stamp::from_millis(4_999)), []);
    let next = test.engine.advance(test.worlds.wire(), Stamp::from_millis(5_000));
    assert!(is_listen(&next), "{next:?}");
    assert_eq!(test.engine.next_due(), Some(Stamp::from_millis(6_000)));
    let error = lesson("[[step]]\ndo = [{ wait = 600001 }]").unwrap_err();
    assert!(error.what.contains("more than 600000") && error.line == 4, "{error}");
}

#[test]
fn what_the_kernel_thinks_is_asked_for_until_it_is_what_is_expected() {
    let expect = "{ info = { of = \"a\", state = \"loss\", cwnd = 1, ssthresh = \"<10\", rto_ms = \"200-400\" } }";
    let steps = format!("[[step]]\ndo = [{{ connect = {{ socket = \"a\", port = 65432 }} }}]\nexpect = [{expect}]");
    let mut test = EngineTest::new(&steps);
    test.begin();
    let dialing = ClientChange::Dialing { flow: client() };
    let dialing = EventKind::Client(ClientEvent { client: ClientId(1), change: dialing });
    let asked = [LessonOrder::Inform(HostId::Client, client())];
    assert_eq!(test.observe(10, HostId::Client, dialing), asked);
    let info = |cwnd, ssthresh| {
        EventKind::Info(TcpInfo {
            flow: client(),
            rtt_us: 0,
            rttvar_us: 0,
            rto_us: 300_000,
            cwnd,
            ssthresh,
            retransmits: 0,
            retransmitted: 0,
            bytes_sent: None,
            bytes_acked: None,
            bytes_received: None,
            snd_mss: 1460,
            rcv_mss: 536,
            snd_wnd: None,
            rcv_wnd: None,
            congestion: None,
            state: ssthresh.map(|_| CongestionState::Loss),
            in_flight: None,
            at_packet: None,
        })
    };
    test.observe(11, HostId::Client, info(10, None));
    assert_eq!(test.engine.phase(), LessonPhase::Expecting);
    assert_eq!(test.engine.next_due(), Some(Stamp::from_millis(60)));
    assert_eq!(test.engine.advance(test.worlds.wire(), Stamp::from_millis(60)), asked);
    // Without a threshold it is above every number.
    test.observe(61, HostId::Client, info(1, None));
    assert_eq!(test.engine.phase(), LessonPhase::Expecting);
    test.observe(62, HostId::Client, info(1, Some(5)));
    assert_eq!(test.engine.phase(), LessonPhase::Passed);
    let on_host = steps.replace("[[step]]", "world = \"host\"\n[[step]]");
    let absent = on_host.replace(expect, &format!("{{ absent = {{ for_ms = 9, what = {expect} }} }}"));
    for text in [on_host, absent] {
        let here = lesson(&text).unwrap_err();
        assert!(here.what.contains("needs world = \"wire\"") && here.line == 6, "{here}");
    }
    let error = lesson("[[step]]\ndo = [\n{ link = { both = { loss_percent = 250 } } }]").unwrap_err();
    assert!(error.what.contains("250 is not 0 and not from 1 to 100") && error.line == 5, "{error}");
    let error =
        lesson("[[step]]\ndo = [{ setsockopt = { socket = \"a\", options = { linger_s = 11 } } }]").unwrap_err();
    assert!(error.what.contains("11 s are more than 10"), "{error}");
}

#[test]
fn a_socket_is_shut_down_either_way() {
    let steps = |act: &str| {
        let connect = "{ connect = { socket = \"a\", port = 1 } }";
        format!("[[step]]\ndo = [{connect}, {{ shutdown = {act} }}]")
    };
    for (act, how) in [
        ("\"a\"", Shut::Write),
        ("{ socket = \"a\" }", Shut::Write),
        ("{ socket = \"a\", how = \"read\" }", Shut::Read),
        ("{ socket = \"a\", how = \"both\" }", Shut::Both),
    ] {
        let mut test = EngineTest::new(&steps(act));
        test.begin();
        let change = ClientChange::Dialing { flow: client() };
        let event = EventKind::Client(ClientEvent { client: ClientId(1), change });
        let orders = test.observe(1, HostId::Client, event);
        let [LessonOrder::Script(_, SocketOp { call, .. })] = &orders[..] else { panic!("{orders:?}") };
        assert_eq!(*call, ScriptedCall::Shutdown(how), "{act}");
    }
    for (act, says, column) in
        [("\"b\"", "there is no b yet", 62), ("{ socket = \"a\", how = \"sideways\" }", "name of a socket", 49)]
    {
        let error = lesson(&steps(act)).unwrap_err();
        assert!(error.what.contains(says) && (error.line, error.column) == (4, column), "{error}");
    }
}

#[test]
fn options_are_set_by_one_call_each() {
    let act =
        "{ setsockopt = { socket = \"l\", options = { keep_alive = { idle_s = 1, count = 2 }, fast_open = true } } }";
    let mut test = EngineTest::new(&format!(
        "[[step]]\ndo = [{{ listen = {{ socket = \"l\" }} }}, {act}, {{ close = {{ socket = \"l\" }} }}]"
    ));
    test.begin();
    let listener: SocketId = "s0".parse().unwrap();
    let orders = test.observe(1, HostId::Server, EventKind::Call(Call::new(listener, Syscall::Listen)));
    let [LessonOrder::Script(_, SocketOp { call: ScriptedCall::Set(options), .. })] = &orders[..] else { panic!() };
    let told: Vec<_> = options.calls(true).iter().map(|call| call.args().to_string()).collect();
    assert_eq!(told, ["SO_KEEPALIVE", "TCP_KEEPIDLE 1", "TCP_KEEPCNT 2", "TCP_FASTOPEN 16"]);
    for (at, left) in (2..).zip((0..told.len()).rev()) {
        let set = EventKind::Call(Call::new(listener, Syscall::Setsockopt));
        assert_eq!(test.observe(at, HostId::Server, set).len(), usize::from(left == 0), "the next act comes last");
    }
    for args in options.calls(false).iter().map(|call| call.args()).chain([Args::Urgent]) {
        assert_eq!(args.to_string().parse(), Ok(args));
    }
}
