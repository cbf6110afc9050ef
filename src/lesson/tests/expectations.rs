//! What meets an expectation.

use super::*;

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
