//! The broadcaster: one message to several servers, none of which delays another.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use socklab::api::domain::ServiceModel::{Async, Sequential, Threaded};
use socklab::api::domain::{
    BroadcastChange, ClientId, ClientPlan, CloseHow, Errno, EventKind, LabOrder, Reply, ServerChange, ServerId,
    ServerSpec, SocketId, Syscall,
};

use crate::harness::{Test, async_test};
use crate::test_lab::{OPEN_UDP, TestLab, apart, calls_on, did, is_answer, is_change, names_on, reply, tcp, udp};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(every_server_answers_over_a_socket_that_stays_open, &[]),
        async_test(a_busy_server_delays_no_other_and_answers_when_it_is_free, &[]),
        async_test(a_broken_connection_is_opened_again_and_a_stopped_server_is_a_failure, &[]),
        async_test(the_queue_of_a_server_is_bounded, &[]),
        async_test(a_long_message_comes_back_whole_and_a_closing_server_is_reported, &[]),
        async_test(an_answer_of_another_length_ends_when_nothing_more_comes, &[]),
        async_test(a_server_that_never_stops_sending_delays_no_message, &[]),
        async_test(silence_over_udp_times_out, &[]),
        async_test(a_new_target_hangs_up_on_unanswered_messages, &[]),
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

/// A laboratory whose only server is a listener that the test serves itself.
fn foreign_server() -> (TestLab, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let spec = ServerSpec { addr: listener.local_addr().unwrap(), ..tcp(Threaded) };
    (TestLab::of(vec![spec]), listener)
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
        test.order(LabOrder::Broadcast(said.into(), all.clone()));
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
    test.spawn(1, ClientPlan::Stay, echo);
    test.times(1, "the client keeps it busy", is_answer).await;
    let all: Vec<_> = (0..4).map(ServerId).collect();
    test.order(LabOrder::Broadcast("oi".into(), all.clone()));
    for &id in all.iter().filter(|&&id| id != ECHO) {
        assert_eq!(text(&test.until("the others answer", |seen| reply(seen, 1, id)).await), "OI");
    }
    assert_eq!(reply(&test.reported.seen, 1, ECHO), None);
    test.order(LabOrder::Close(ClientId(1), CloseHow::Fin));
    assert_eq!(text(&test.until("it is free", |seen| reply(seen, 1, ECHO)).await), "OI");
    test.end().await;
}

async fn a_broken_connection_is_opened_again_and_a_stopped_server_is_a_failure() {
    let mut test = TestLab::of(vec![apart(3, Threaded)]);
    test.lab.start_all();
    test.started(THREADED).await;
    let says = |test: &mut TestLab, text: &str| test.order(LabOrder::Broadcast(text.into(), vec![THREADED]));
    says(&mut test, "one");
    test.until("answered", |seen| reply(seen, 1, THREADED)).await;
    test.order(LabOrder::Stop(THREADED));
    test.times(1, "stopped", |kind| is_change(kind, &ServerChange::Stopped)).await;
    says(&mut test, "two");
    let failed = test.until("failed", |seen| reply(seen, 2, THREADED)).await;
    assert_eq!(failed, Reply::Failed { errno: Errno::ConnRefused });
    test.reported.seen.clear();
    test.order(LabOrder::Start(THREADED));
    test.started(THREADED).await;
    says(&mut test, "three");
    assert_eq!(text(&test.until("answered", |seen| reply(seen, 3, THREADED)).await), "THREE");
    test.order(LabOrder::Target(None));
    test.times(1, "hung up", |kind| did(kind, Syscall::Close, |socket| socket == SocketId::Broadcast(THREADED))).await;
    says(&mut test, "four");
    assert_eq!(text(&test.until("answered", |seen| reply(seen, 4, THREADED)).await), "FOUR");
    test.end().await;
}

async fn the_queue_of_a_server_is_bounded() {
    let (mut test, deaf) = foreign_server();
    for _ in 0..40 {
        test.order(LabOrder::Broadcast("hello?".into(), vec![THREADED]));
    }
    let full = BroadcastChange::Reply { server: THREADED, reply: Reply::Failed { errno: Errno::Again } };
    let refused = |kind: &EventKind| matches!(kind, EventKind::Broadcast(event) if event.change == full);
    test.times(7, "messages that do not fit fail at once", refused).await;
    drop(deaf);
    let last = test.until("the first one's connection was reset", |seen| reply(seen, 1, THREADED)).await;
    assert!(matches!(last, Reply::Failed { .. }), "{last:?}");
    test.end().await;
}

async fn a_long_message_comes_back_whole_and_a_closing_server_is_reported() {
    let mut test = four().await;
    test.order(LabOrder::Broadcast("x".repeat(8 << 20), vec![ECHO]));
    let Reply::Answer { text, .. } = test.until("answered", |seen| reply(seen, 1, ECHO)).await else { panic!() };
    assert_eq!(text.len, 8 << 20);
    test.end().await;

    let (mut test, rude) = foreign_server();
    test.order(LabOrder::Broadcast("hello?".into(), vec![THREADED]));
    let (mut socket, _) = rude.accept().unwrap();
    socket.read_exact(&mut [0; 6]).unwrap();
    drop(socket);
    assert_eq!(test.until("closed", |seen| reply(seen, 1, THREADED)).await, Reply::Closed);
    test.end().await;
}

async fn an_answer_of_another_length_ends_when_nothing_more_comes() {
    let (mut test, terse) = foreign_server();
    test.order(LabOrder::Broadcast("how are you?".into(), vec![THREADED]));
    let (mut socket, _) = terse.accept().unwrap();
    socket.write_all(b"ok").unwrap();
    assert_eq!(text(&test.until("answered", |seen| reply(seen, 1, THREADED)).await), "ok");
    let seen = test.end().await;
    assert_eq!(calls_on(&seen, SocketId::Broadcast(THREADED)).len(), 5);
}

async fn a_server_that_never_stops_sending_delays_no_message() {
    let (mut test, chatty) = foreign_server();
    test.order(LabOrder::Broadcast("one".into(), vec![THREADED]));
    let (mut socket, _) = chatty.accept().unwrap();
    let talks = std::thread::spawn(move || while socket.write_all(&[b'x'; 1 << 14]).is_ok() {});
    test.until("answered", |seen| reply(seen, 1, THREADED)).await;
    test.order(LabOrder::Broadcast("two".into(), vec![THREADED]));
    test.until("answered", |seen| reply(seen, 2, THREADED)).await;
    let said = |kind: &&EventKind| !matches!(kind, EventKind::Broadcast(event) if event.message == 2 && matches!(event.change, BroadcastChange::Said { .. }));
    let sent = |kind: &&EventKind| !did(kind, Syscall::Send, |_| true);
    let before = test.reported.seen.iter().skip_while(said).take_while(sent).count();
    assert!(before < 200, "{before} calls before the message was sent");
    test.end().await;
    talks.join().unwrap();
}

async fn silence_over_udp_times_out() {
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut test = TestLab::of(vec![ServerSpec { addr: deaf.local_addr().unwrap(), ..udp() }]);
    test.order(LabOrder::Broadcast("hello?".into(), vec![THREADED]));
    let silent = test.until("given up", |seen| reply(seen, 1, THREADED)).await;
    assert_eq!(silent, Reply::Silent { after: Duration::from_secs(2) });
    test.end().await;
}

async fn a_new_target_hangs_up_on_unanswered_messages() {
    let (mut test, deaf) = foreign_server();
    test.order(LabOrder::Broadcast("on its way".into(), vec![THREADED]));
    test.order(LabOrder::Broadcast("behind it".into(), vec![THREADED]));
    let (mut socket, _) = deaf.accept().unwrap();
    socket.read_exact(&mut [0; 10]).unwrap();
    test.order(LabOrder::Target(Some("127.0.0.1".parse().unwrap())));
    for message in [1, 2] {
        assert_eq!(test.until("given up", |seen| reply(seen, message, THREADED)).await, Reply::HungUp);
    }
    test.end().await;
}
