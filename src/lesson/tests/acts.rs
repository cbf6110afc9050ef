//! The acts of a step, one after the other.

use super::*;

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
