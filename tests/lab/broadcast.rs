//! The broadcaster: one message, several servers, and nobody waits for anybody else.

use std::net::{TcpListener, UdpSocket};

use socklab::api::domain::ServiceModel::{Async, Sequential, Threaded};
use socklab::api::domain::{
    BroadcastChange, ClientId, ClientPlan, CloseHow, Errno, EventKind, Proto, Reply, ServerChange, ServerId, SocketId,
    Syscall,
};

use crate::harness::{Test, async_test};
use crate::test_lab::{
    OPEN_UDP, TestLab, apart, calls_on, destination, did, is_answer, is_change, names_on, reply, tcp, udp,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(every_server_answers_over_a_socket_that_stays_open, &[]),
        async_test(a_busy_server_delays_no_other_and_answers_when_it_is_free, &[]),
        async_test(a_connection_that_died_is_opened_again_and_a_stopped_server_is_a_failure, &[]),
        async_test(what_waits_for_a_server_is_bounded, &[]),
        async_test(a_long_message_comes_back_whole_and_a_closing_server_is_named, &[]),
        async_test(an_answer_of_another_length_is_over_when_it_falls_quiet, &[]),
        async_test(a_server_that_never_stops_talking_keeps_no_message_waiting, &[]),
        async_test(silence_over_udp_has_an_end_and_tells_nothing, &[]),
        async_test(who_is_aimed_elsewhere_waits_for_no_answer_and_says_so, &[]),
    ]
}

const THREADED: ServerId = ServerId(0);
const ECHO: ServerId = ServerId(1);
const UDP: ServerId = ServerId(3);

fn text(reply: &Reply) -> &str {
    match reply {
        Reply::Answer { text, .. } => &text.text,
        other => panic!("no answer: {other:?}"),
    }
}

async fn four() -> TestLab {
    let mut test = TestLab::of(vec![tcp(Threaded), tcp(Sequential), tcp(Async), udp()]);
    test.lab.start_all();
    for id in 0..4 {
        test.started(ServerId(id)).await;
    }
    test
}

async fn every_server_answers_over_a_socket_that_stays_open() {
    let mut test = four().await;
    let all: Vec<_> = (0..4).map(ServerId).collect();
    for (message, said) in [(1, "bom dia"), (2, "boa noite")] {
        test.lab.broadcast(said.into(), all.clone());
        for &id in &all {
            let reply = test.until("an answer", |seen| reply(seen, message, id)).await;
            assert_eq!(text(&reply), said.to_uppercase());
        }
    }
    let seen = test.end().await;
    for id in 0..3 {
        let names = names_on(&seen, SocketId::Broadcast(ServerId(id)));
        assert_eq!(names, ["socket", "connect", "send", "recv", "send", "recv", "close"]);
    }
    let names = names_on(&seen, SocketId::Broadcast(UDP));
    assert_eq!(names, [&OPEN_UDP[..], &["sendto", "recvfrom", "sendto", "recvfrom", "close"]].concat());
    let sent = |kind: &&EventKind| matches!(kind, EventKind::Broadcast(event) if matches!(event.change, BroadcastChange::Sent { local, .. } if local.port() != 0));
    assert_eq!(seen.iter().filter(sent).count(), 8);
}

async fn a_busy_server_delays_no_other_and_answers_when_it_is_free() {
    let mut test = four().await;
    let echo = test.started(ECHO).await;
    test.lab.spawn(1, ClientPlan::Stay, destination(Proto::Tcp, echo));
    test.times(1, "the client keeps it busy", is_answer).await;
    let all: Vec<_> = (0..4).map(ServerId).collect();
    test.lab.broadcast("oi".into(), all.clone());
    for &id in all.iter().filter(|&&id| id != ECHO) {
        assert_eq!(text(&test.until("the others answer", |seen| reply(seen, 1, id)).await), "OI");
    }
    assert_eq!(reply(&test.reported.seen, 1, ECHO), None);
    test.lab.close(ClientId(1), CloseHow::Fin);
    assert_eq!(text(&test.until("it is free", |seen| reply(seen, 1, ECHO)).await), "OI");
    test.end().await;
}

async fn a_connection_that_died_is_opened_again_and_a_stopped_server_is_a_failure() {
    let mut test = TestLab::of(vec![apart(3, Threaded)]);
    test.lab.start_all();
    test.started(THREADED).await;
    let says = |test: &mut TestLab, text: &str| test.lab.broadcast(text.into(), vec![THREADED]);
    says(&mut test, "one");
    test.until("answered", |seen| reply(seen, 1, THREADED)).await;
    test.lab.stop(THREADED);
    test.times(1, "stopped", |kind| is_change(kind, &ServerChange::Stopped)).await;
    says(&mut test, "two");
    let failed = test.until("failed", |seen| reply(seen, 2, THREADED)).await;
    assert_eq!(failed, Reply::Failed { errno: Errno::ConnRefused });
    test.reported.seen.clear();
    test.lab.start(THREADED);
    test.started(THREADED).await;
    says(&mut test, "three");
    assert_eq!(text(&test.until("answered", |seen| reply(seen, 3, THREADED)).await), "THREE");
    test.lab.hang_up();
    test.times(1, "hung up", |kind| did(kind, Syscall::Close, |socket| socket == SocketId::Broadcast(THREADED))).await;
    says(&mut test, "four");
    assert_eq!(text(&test.until("answered", |seen| reply(seen, 4, THREADED)).await), "FOUR");
    test.end().await;
}

async fn what_waits_for_a_server_is_bounded() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut spec = tcp(Threaded);
    spec.addr = deaf.local_addr().unwrap();
    let mut test = TestLab::of(vec![spec]);
    for _ in 0..40 {
        test.lab.broadcast("hello?".into(), vec![THREADED]);
    }
    let refused = |kind: &EventKind| matches!(kind, EventKind::Broadcast(event) if event.change == BroadcastChange::Reply { server: THREADED, reply: Reply::Failed { errno: Errno::Again } });
    test.times(7, "what does not fit fails at once", refused).await;
    drop(deaf);
    let last = test.until("the first one's connection was reset", |seen| reply(seen, 1, THREADED)).await;
    assert!(matches!(last, Reply::Failed { .. }), "{last:?}");
    test.end().await;
}

async fn a_long_message_comes_back_whole_and_a_closing_server_is_named() {
    let mut test = four().await;
    test.lab.broadcast("x".repeat(8 << 20), vec![ECHO]);
    let Reply::Answer { text, .. } = test.until("answered", |seen| reply(seen, 1, ECHO)).await else { panic!() };
    assert_eq!(text.len, 8 << 20);
    test.end().await;

    let rude = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut spec = tcp(Threaded);
    spec.addr = rude.local_addr().unwrap();
    let mut test = TestLab::of(vec![spec]);
    test.lab.broadcast("hello?".into(), vec![THREADED]);
    let (mut socket, _) = rude.accept().unwrap();
    std::io::Read::read_exact(&mut socket, &mut [0; 6]).unwrap();
    drop(socket);
    assert_eq!(test.until("closed", |seen| reply(seen, 1, THREADED)).await, Reply::Closed);
    test.end().await;
}

async fn an_answer_of_another_length_is_over_when_it_falls_quiet() {
    let terse = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut spec = tcp(Threaded);
    spec.addr = terse.local_addr().unwrap();
    let mut test = TestLab::of(vec![spec]);
    test.lab.broadcast("how are you?".into(), vec![THREADED]);
    let (mut socket, _) = terse.accept().unwrap();
    std::io::Write::write_all(&mut socket, b"ok").unwrap();
    assert_eq!(text(&test.until("answered", |seen| reply(seen, 1, THREADED)).await), "ok");
    let seen = test.end().await;
    assert_eq!(calls_on(&seen, SocketId::Broadcast(THREADED)).len(), 5);
}

async fn a_server_that_never_stops_talking_keeps_no_message_waiting() {
    let chatty = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut spec = tcp(Threaded);
    spec.addr = chatty.local_addr().unwrap();
    let mut test = TestLab::of(vec![spec]);
    test.lab.broadcast("one".into(), vec![THREADED]);
    let (mut socket, _) = chatty.accept().unwrap();
    let talks = std::thread::spawn(move || while std::io::Write::write_all(&mut socket, &[b'x'; 1 << 14]).is_ok() {});
    test.until("answered", |seen| reply(seen, 1, THREADED)).await;
    test.lab.broadcast("two".into(), vec![THREADED]);
    test.until("answered", |seen| reply(seen, 2, THREADED)).await;
    let said = |kind: &&EventKind| !matches!(kind, EventKind::Broadcast(event) if event.message == 2 && matches!(event.change, BroadcastChange::Said { .. }));
    let sent = |kind: &&EventKind| !did(kind, Syscall::Send, |_| true);
    let before = test.reported.seen.iter().skip_while(said).take_while(sent).count();
    assert!(before < 200, "{before} calls before the message was sent");
    test.end().await;
    talks.join().unwrap();
}

async fn silence_over_udp_has_an_end_and_tells_nothing() {
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut spec = udp();
    spec.addr = deaf.local_addr().unwrap();
    let mut test = TestLab::of(vec![spec]);
    test.lab.broadcast("hello?".into(), vec![THREADED]);
    let silent = test.until("given up", |seen| reply(seen, 1, THREADED)).await;
    assert_eq!(silent, Reply::Silent { after: std::time::Duration::from_secs(2) });
    test.end().await;
}

async fn who_is_aimed_elsewhere_waits_for_no_answer_and_says_so() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut spec = tcp(Threaded);
    spec.addr = deaf.local_addr().unwrap();
    let mut test = TestLab::of(vec![spec]);
    test.lab.broadcast("on its way".into(), vec![THREADED]);
    test.lab.broadcast("behind it".into(), vec![THREADED]);
    let (mut socket, _) = deaf.accept().unwrap();
    std::io::Read::read_exact(&mut socket, &mut [0; 10]).unwrap();
    test.lab.set_target(Some("127.0.0.1".parse().unwrap()));
    for message in [1, 2] {
        assert_eq!(test.until("given up", |seen| reply(seen, message, THREADED)).await, Reply::HungUp);
    }
    test.end().await;
}
