//! The servers: their calls, their models, and hostile clients.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use socket2::SockRef;
use socklab::api::domain::ServiceModel::{Async, KeepsOpen, Sequential, Threaded};
use socklab::api::domain::{
    Args, ClientPlan, CloseHow, ConnNo, Errno, EventKind, GuardOrder, LabOrder, Outcome, ServerChange, ServerId,
    ServiceModel, Shut, SocketId, Syscall,
};

use crate::harness::{Test, async_test};
use crate::test_lab::{
    TestLab, apart, call, calls_on, change_of, did, is_answer, is_change, is_client, is_conn, names_on, tcp, udp,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_call_that_waits_is_told_at_its_entry_and_with_its_result, &[]),
        async_test(the_calls_that_open_and_close_a_server, &[]),
        async_test(every_model_answers_a_plain_blocking_client, &[]),
        async_test(one_shot_lifecycles_are_complete_and_in_order, &[]),
        async_test(connections_in_the_queue_are_served_when_the_server_becomes_concurrent, &[]),
        async_test(a_conversation_goes_on_whatever_the_model_becomes, &[]),
        async_test(an_answer_that_was_half_sent_is_finished_by_the_new_model, &[]),
        async_test(five_hundred_resets_leave_every_model_serving, &[]),
        async_test(a_taken_port_fails_one_server_and_can_be_tried_again, &[]),
        async_test(stopping_resets_the_queue_and_starting_again_numbers_on, &[]),
        async_test(a_stop_and_a_start_in_succession_both_happen_and_a_stopped_server_can_change_its_model, &[]),
        async_test(a_peer_that_never_reads_does_not_delay_the_shutdown, &[]),
        async_test(a_thread_that_is_interrupted_reports_no_fin, &[]),
        async_test(a_server_closes_its_end_in_three_ways_whatever_its_model, &[]),
        async_test(a_model_that_keeps_open_closes_when_it_is_told_to, &[]),
        async_test(a_server_that_is_stuck_in_send_still_closes, &[]),
        async_test(a_udp_server_answers_each_datagram_where_it_came_from, &[]),
    ]
}

const FIRST: ServerId = ServerId(0);

/// The models that close when their client has.
const CLOSING: [ServiceModel; 3] = [Sequential, Threaded, Async];

/// A simple client: connect, sendall, recv(1024), on a thread that may block.
async fn student(addr: SocketAddr, message: &'static [u8]) -> std::io::Result<Vec<u8>> {
    tokio::task::spawn_blocking(move || {
        let mut socket = connect(addr)?;
        socket.write_all(message)?;
        let mut data = [0; 1024];
        let len = socket.read(&mut data)?;
        Ok(data[..len].to_vec())
    })
    .await
    .unwrap()
}

/// A blocking socket with a timeout.
fn connect(addr: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpStream::connect(addr)?;
    socket.set_read_timeout(Some(Duration::from_mins(1)))?;
    Ok(socket)
}

fn say(socket: &mut TcpStream, message: &[u8]) -> Vec<u8> {
    socket.write_all(message).unwrap();
    hear(socket)
}

fn hear(socket: &mut TcpStream) -> Vec<u8> {
    let mut data = [0; 1024];
    let len = socket.read(&mut data).unwrap();
    data[..len].to_vec()
}

/// How often it was reported that this call waits on these sockets.
fn waited(seen: &[EventKind], call: Syscall, on: impl Fn(SocketId) -> bool) -> usize {
    let is = |kind: &&EventKind| matches!(kind, EventKind::Waits(waits) if waits.call == call && on(waits.socket));
    seen.iter().filter(is).count()
}

async fn a_call_that_waits_is_told_at_its_entry_and_with_its_result() {
    for model in CLOSING {
        let (mut test, addr) = TestLab::with(model).await;
        let listener = |socket| socket == SocketId::Server(ServerId(0));
        test.until("accept() waits", |seen| (waited(seen, Syscall::Accept, listener) == 1).then_some(())).await;
        let client = connect(addr).unwrap();
        let conn = |socket| matches!(socket, SocketId::Conn(..));
        test.until("recv() waits", |seen| (waited(seen, Syscall::Recv, conn) == 1).then_some(())).await;
        drop(client);
        let ended = |kind: &EventKind| matches!(kind, EventKind::Server(event) if matches!(event.change, ServerChange::Served { .. }));
        test.times(1, "the connection is over", ended).await;
        let seen = test.end().await;
        let calls = |call| move |kind: &EventKind| matches!(kind, EventKind::Call(made) if made.call == call && made.took_us.is_some_and(|took| took >= 1_000));
        let waits = |call| move |kind: &EventKind| matches!(kind, EventKind::Waits(waits) if waits.call == call);
        for call in [Syscall::Accept, Syscall::Recv] {
            let [told, returned] = [seen.iter().position(waits(call)), seen.iter().position(calls(call))];
            assert!(told.is_some() && told < returned, "{model} {call}: {told:?} {returned:?}");
        }
        assert_eq!(waited(&seen, Syscall::Recv, conn), 1, "{model}: once, however long");
    }
}

async fn the_calls_that_open_and_close_a_server() {
    let mut test = TestLab::of(vec![tcp(Sequential), udp()]);
    test.lab.start_all();
    test.started(FIRST).await;
    test.started(ServerId(1)).await;
    let seen = test.end().await;
    let reuse: &[&str] = if cfg!(unix) { &["setsockopt"] } else { &[] };
    let tcp = [&["socket"], reuse, &["bind", "listen", "close"]].concat();
    assert_eq!(names_on(&seen, SocketId::Server(FIRST)), tcp);
    assert_eq!(names_on(&seen, SocketId::Server(ServerId(1))), ["socket", "bind", "close"]);
    let listen = seen.iter().filter_map(call).find(|call| call.call == Syscall::Listen).unwrap();
    assert_eq!(listen.args, Args::Number(128));
    let last = |id| seen.iter().filter_map(|kind| change_of(kind, id)).next_back().cloned();
    assert_eq!((last(FIRST), last(ServerId(1))), (Some(ServerChange::Stopped), Some(ServerChange::Stopped)));
}

async fn every_model_answers_a_plain_blocking_client() {
    for &model in ServiceModel::ALL {
        let (test, addr) = TestLab::with(model).await;
        assert_eq!(student(addr, b"ol\xc3\xa1, mundo\n").await.unwrap(), "OLÁ, MUNDO\n".as_bytes(), "{model}");
        test.end().await;
    }
}

async fn one_shot_lifecycles_are_complete_and_in_order() {
    for model in CLOSING {
        let (mut test, addr) = TestLab::with(model).await;
        test.spawn(10, ClientPlan::OneShot, addr);
        test.times(10, "ten connections are over", |kind| {
            matches!(change_of(kind, FIRST), Some(ServerChange::Served { .. }))
        })
        .await;
        let seen = test.end().await;
        for number in 1..=10 {
            let client = SocketId::Client(socklab::api::domain::ClientId(number));
            assert_eq!(names_on(&seen, client), ["socket", "connect", "send", "recv", "close"], "{model}");
            let conn = SocketId::Conn(FIRST, ConnNo(number));
            assert_eq!(names_on(&seen, conn), ["recv", "send", "recv", "close"], "{model}");
            let fin = calls_on(&seen, conn)[2].data.as_ref().map(|data| data.len);
            assert_eq!(fin, Some(0), "the client closes first: recv returns 0");
            let accepted = seen.iter().position(|kind| call(kind).is_some_and(|call| call.new_socket == Some(conn)));
            let used = seen.iter().position(|kind| call(kind).is_some_and(|call| call.socket == conn));
            assert!(accepted.unwrap() < used.unwrap(), "accept comes first");
        }
    }
}

async fn connections_in_the_queue_are_served_when_the_server_becomes_concurrent() {
    for to in [Threaded, Async] {
        let (mut test, addr) = TestLab::with(Sequential).await;
        test.spawn(3, ClientPlan::Stay, addr);
        test.times(3, "all three have sent", |kind| did(kind, Syscall::Send, is_client)).await;
        test.times(1, "one is answered", is_answer).await;
        let accepts = |seen: &[EventKind]| seen.iter().filter(|kind| did(kind, Syscall::Accept, |_| true)).count();
        assert_eq!(accepts(&test.reported.seen), 1, "the others wait in the kernel");

        test.order(LabOrder::Switch(FIRST, to));
        test.times(3, "all are answered", is_answer).await;
        test.times(1, "the model changed", |kind| is_change(kind, &ServerChange::Model { model: to })).await;
        for no in 1..=3 {
            let serving = ServerChange::Serving { conn: ConnNo(no), by: to };
            test.times(1, "served by the new model", |kind| is_change(kind, &serving)).await;
        }
        let over = |kind: &EventKind| did(kind, Syscall::Close, |socket| is_client(socket) || is_conn(socket));
        assert!(!test.reported.seen.iter().any(over), "no connection was lost");
        test.end().await;
    }
}

async fn a_conversation_goes_on_whatever_the_model_becomes() {
    for from in [Sequential, Threaded, Async] {
        for to in [Sequential, Threaded, Async] {
            let (mut test, addr) = TestLab::with(from).await;
            let mut talker = connect(addr).unwrap();
            assert_eq!(say(&mut talker, b"before"), b"BEFORE");
            test.order(LabOrder::Switch(FIRST, to));
            if from != to {
                test.times(1, "the model changed", |kind| is_change(kind, &ServerChange::Model { model: to })).await;
            }
            assert_eq!(say(&mut talker, b"after"), b"AFTER", "{from} to {to}");
            // The earlier client does not keep the new model busy, unless it is sequential as before.
            if (from, to) != (Sequential, Sequential) {
                assert_eq!(student(addr, b"new").await.unwrap(), b"NEW", "{from} to {to}");
            }
            drop(talker);
            let seen = test.end().await;
            let served =
                |no| seen.iter().filter(|kind| is_change(kind, &ServerChange::Served { conn: ConnNo(no) })).count();
            assert_eq!(served(1), 1, "{from} to {to}");
        }
    }
}

async fn an_answer_that_was_half_sent_is_finished_by_the_new_model() {
    const LEN: usize = 32 << 20;
    let (mut test, addr) = TestLab::with(Sequential).await;
    let mut talker = connect(addr).unwrap();
    let mut mouth = talker.try_clone().unwrap();
    // The client does not read yet: the answer fills both buffers and stops in the middle of a chunk.
    let speaking = tokio::task::spawn_blocking(move || mouth.write_all(&vec![b'x'; LEN]));
    let blocked = socket2::SockRef::from(&talker).recv_buffer_size().unwrap();
    let sent = |seen: &[EventKind]| -> usize {
        let sends = seen.iter().filter(|kind| did(kind, Syscall::Send, is_conn));
        sends.filter_map(|kind| call(kind)?.data.as_ref()).map(|data| data.len).sum()
    };
    test.until("the answer is on its way", |seen| (sent(seen) > blocked / 4).then_some(())).await;
    test.order(LabOrder::Switch(FIRST, Threaded));
    test.times(1, "the model changed", |kind| is_change(kind, &ServerChange::Model { model: Threaded })).await;
    let heard = tokio::task::spawn_blocking(move || {
        let mut all = vec![0; LEN];
        talker.read_exact(&mut all).map(|()| all)
    });
    speaking.await.unwrap().unwrap();
    assert!(heard.await.unwrap().unwrap().iter().all(|&byte| byte == b'X'), "every byte, once, in order");
    test.end().await;
}

async fn five_hundred_resets_leave_every_model_serving() {
    for &model in ServiceModel::ALL {
        let (mut test, addr) = TestLab::with(model).await;
        let storm = tokio::task::spawn_blocking(move || {
            for number in 0..500 {
                let mut socket = connect(addr).unwrap();
                SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
                // A connect scan sends nothing; a rude client sends data and does not wait for the answer.
                if number % 2 == 0 {
                    let _ = socket.write_all(b"rude");
                }
            }
        });
        storm.await.unwrap();
        assert_eq!(student(addr, b"still there?").await.unwrap(), b"STILL THERE?", "{model}");
        test.times(1, "a reset is named", |kind| {
            call(kind).is_some_and(|call| call.result == Outcome::Failed(Errno::ConnReset))
        })
        .await;
        let seen = test.end().await;
        let count = |fits: &dyn Fn(&ServerChange) -> bool| {
            seen.iter().filter_map(|kind| change_of(kind, FIRST)).filter(|change| fits(change)).count()
        };
        let serving = count(&|change| matches!(change, ServerChange::Serving { .. }));
        assert_eq!(serving, count(&|change| matches!(change, ServerChange::Served { .. })), "{model}");
    }
}

async fn a_taken_port_fails_one_server_and_can_be_tried_again() {
    let mut taken = apart(2, Threaded);
    let holder = TcpListener::bind(taken.addr).unwrap();
    taken.addr = holder.local_addr().unwrap();
    let mut test = TestLab::of(vec![taken.clone(), tcp(Async)]);
    test.lab.start_all();
    let other = test.started(ServerId(1)).await;
    let failed = ServerChange::Failed { errno: Errno::AddrInUse, holder: None };
    test.times(1, "the first fails", |kind| is_change(kind, &failed)).await;
    assert_eq!(student(other, b"rest").await.unwrap(), b"REST");
    test.order(LabOrder::Start(FIRST));
    test.times(2, "it fails again", |kind| is_change(kind, &failed)).await;
    drop(holder);
    test.order(LabOrder::Start(FIRST));
    assert_eq!(test.started(FIRST).await, taken.addr);
    assert_eq!(student(taken.addr, b"mine").await.unwrap(), b"MINE");
    let seen = test.end().await;
    let first = &names_on(&seen, SocketId::Server(FIRST))[..4];
    assert_eq!(
        first,
        if cfg!(unix) { ["socket", "setsockopt", "bind", "close"] } else { ["socket", "bind", "close", "socket"] }
    );
}

async fn stopping_resets_the_queue_and_starting_again_numbers_on() {
    for &model in ServiceModel::ALL {
        let mut test = TestLab::of(vec![apart(1, model)]);
        test.lab.start_all();
        let addr = test.started(FIRST).await;
        let mut served = connect(addr).unwrap();
        assert_eq!(say(&mut served, b"one"), b"ONE");
        let mut queued = (model == Sequential).then(|| connect(addr).unwrap());
        test.order(LabOrder::Stop(FIRST));
        test.times(1, "stopped", |kind| is_change(kind, &ServerChange::Stopped)).await;
        assert_eq!(hear(&mut served), b"", "a FIN for the client that was served");
        if let Some(queued) = &mut queued {
            assert_eq!(queued.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        }
        assert_eq!(student(addr, b"x").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        test.reported.seen.clear();
        test.order(LabOrder::Start(FIRST));
        let again = test.started(FIRST).await;
        assert_eq!(student(again, b"two").await.unwrap(), b"TWO", "{model}");
        let second = ServerChange::Serving { conn: ConnNo(2), by: model };
        test.times(1, "numbers are never used twice", |kind| is_change(kind, &second)).await;
        test.end().await;
    }
}

async fn a_stop_and_a_start_in_succession_both_happen_and_a_stopped_server_can_change_its_model() {
    let (mut test, _) = TestLab::with(Threaded).await;
    test.order(LabOrder::Stop(FIRST));
    test.order(LabOrder::Start(FIRST));
    let started = |kind: &EventKind| matches!(change_of(kind, FIRST), Some(ServerChange::Started { .. }));
    test.times(2, "started twice", started).await;
    test.times(1, "stopped in between", |kind| is_change(kind, &ServerChange::Stopped)).await;
    test.order(LabOrder::Stop(FIRST));
    test.times(2, "stopped", |kind| is_change(kind, &ServerChange::Stopped)).await;
    test.order(LabOrder::Switch(FIRST, Sequential));
    test.times(1, "changed", |kind| is_change(kind, &ServerChange::Model { model: Sequential })).await;
    test.end().await;
}

async fn a_peer_that_never_reads_does_not_delay_the_shutdown() {
    for &model in ServiceModel::ALL {
        let (mut test, addr) = TestLab::with(model).await;
        let mut socket = connect(addr).unwrap();
        socket.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        // Fills every buffer in both directions, until both ends block in send.
        let noise = vec![b'x'; 65_536];
        let full = tokio::task::spawn_blocking(move || {
            while socket.write(&noise).is_ok() {}
            socket
        });
        let _socket = full.await.unwrap();
        test.times(1, "it answered", |kind| did(kind, Syscall::Send, is_conn)).await;
        let seen = test.end().await;
        assert!(seen.iter().any(|kind| is_change(kind, &ServerChange::Served { conn: ConnNo(1) })), "{model}");
    }
}

async fn a_thread_that_is_interrupted_reports_no_fin() {
    let kick = LabOrder::Guard(GuardOrder::Kick(std::net::Ipv4Addr::LOCALHOST.into()));
    for end in [LabOrder::Stop(FIRST), kick] {
        let (mut test, addr) = TestLab::with(Threaded).await;
        let mut socket = connect(addr).unwrap();
        assert_eq!(say(&mut socket, b"oi"), b"OI");
        test.order(end);
        test.times(1, "closed", |kind| did(kind, Syscall::Close, is_conn)).await;
        let seen = test.end().await;
        let calls = calls_on(&seen, SocketId::Conn(FIRST, ConnNo(1)));
        let of = |wanted| calls.iter().filter(move |call| call.call == wanted);
        let shut: Vec<_> = of(Syscall::Shutdown).collect();
        assert!(shut.len() == 1 && shut[0].args == Args::Shut(Shut::Both) && shut[0].flow.is_some(), "{shut:?}");
        // `recv` returned 0 because of that, and not because of a FIN.
        let moved: Vec<_> =
            of(Syscall::Recv).map(|call| (call.data.as_ref().map(|data| data.len), call.shut_down)).collect();
        assert_eq!(moved, [(Some(2), false), (Some(0), true)]);
    }
}

async fn a_server_closes_its_end_in_three_ways_whatever_its_model() {
    const CONN: SocketId = SocketId::Conn(FIRST, ConnNo(1));
    // The calls that follow recv and send; those of a thread begin with the one that wakes it.
    let ways: [(CloseHow, &[&str], &[&str]); 3] = [
        (CloseHow::Fin, &["close"], &["shutdown", "recv", "close"]),
        (CloseHow::Rst, &["setsockopt", "close"], &["shutdown", "recv", "setsockopt", "close"]),
        (CloseHow::Half, &["shutdown", "recv", "recv", "close"], &["shutdown", "recv", "recv", "close"]),
    ];
    for model in CLOSING {
        for (how, by_task, by_thread) in ways {
            let (mut test, addr) = TestLab::with(model).await;
            let mut socket = connect(addr).unwrap();
            assert_eq!(say(&mut socket, b"oi"), b"OI");
            test.times(1, "the answer is reported", |kind| did(kind, Syscall::Send, is_conn)).await;
            test.order(LabOrder::CloseAccepted(FIRST, ConnNo(1), how));
            let heard = socket.read(&mut [0; 8]).map_err(|error| error.kind());
            assert_eq!(
                heard,
                if how == CloseHow::Rst { Err(ErrorKind::ConnectionReset) } else { Ok(0) },
                "{model} {how}"
            );
            if how == CloseHow::Half {
                test.times(1, "half-closed", |kind| did(kind, Syscall::Shutdown, is_conn)).await;
                socket.write_all(b"still heard").unwrap();
                let late = |kind: &EventKind| {
                    let data = call(kind).filter(|call| call.socket == CONN).and_then(|call| call.data.as_ref());
                    data.is_some_and(|data| data.text == "still heard")
                };
                test.times(1, "it still receives", late).await;
                drop(socket);
            }
            test.times(1, "closed", |kind| did(kind, Syscall::Close, is_conn)).await;
            // There is nothing left to close.
            test.order(LabOrder::CloseAccepted(FIRST, ConnNo(1), how));
            assert_eq!(student(addr, b"next").await.unwrap(), b"NEXT", "{model} {how}");
            let seen = test.end().await;
            let names = names_on(&seen, CONN);
            assert_eq!(names[..2], ["recv", "send"]);
            assert_eq!(names[2..], *if model == Threaded { by_thread } else { by_task }, "{model} {how}");
        }
    }
}

async fn a_model_that_keeps_open_closes_when_it_is_told_to() {
    for how in [CloseHow::Fin, CloseHow::Half, CloseHow::Rst] {
        let (mut test, addr) = TestLab::with(KeepsOpen).await;
        let mut client = connect(addr).unwrap();
        assert_eq!(say(&mut client, b"oi"), b"OI");
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let heard_end = |kind: &EventKind| {
            call(kind).is_some_and(|call| {
                call.call == Syscall::Recv
                    && call.data.as_ref().is_none_or(|data| data.len == 0)
                    && is_conn(call.socket)
            })
        };
        test.times(1, "recv() returned 0", heard_end).await;
        // It has heard of the end and goes on: nothing closes it but the order.
        test.order(LabOrder::CloseAccepted(FIRST, ConnNo(1), how));
        let closing = if how == CloseHow::Half { Syscall::Shutdown } else { Syscall::Close };
        test.times(1, "it was told to close", |kind| {
            call(kind).is_some_and(|call| call.call == closing && is_conn(call.socket))
        })
        .await;
        let seen = test.end().await;
        let calls: Vec<_> =
            seen.iter().filter_map(call).filter(|call| is_conn(call.socket)).map(|call| call.call).collect();
        let end = calls.iter().position(|call| *call == closing).unwrap();
        assert_eq!(calls[..end].iter().filter(|call| **call == Syscall::Close).count(), 0, "{how:?}: {calls:?}");
    }
}

async fn a_server_that_is_stuck_in_send_still_closes() {
    for &model in ServiceModel::ALL {
        let (mut test, addr) = TestLab::with(model).await;
        let mut socket = connect(addr).unwrap();
        socket.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        let socket = tokio::task::spawn_blocking(move || {
            while socket.write(&[b'x'; 4_096]).is_ok() {}
            socket
        });
        let mut socket = socket.await.unwrap();
        test.order(LabOrder::CloseAccepted(FIRST, ConnNo(1), CloseHow::Rst));
        test.times(1, "closed", |kind| did(kind, Syscall::Close, is_conn)).await;
        let reset = std::io::copy(&mut socket, &mut std::io::sink()).unwrap_err();
        assert_eq!(reset.kind(), ErrorKind::ConnectionReset, "{model}");
        test.end().await;
    }
}

async fn a_udp_server_answers_each_datagram_where_it_came_from() {
    let mut test = TestLab::of(vec![udp()]);
    test.lab.start_all();
    let addr = test.started(FIRST).await;
    let answers = tokio::task::spawn_blocking(move || {
        let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let big = vec![b'b'; 20_000];
        for (socket, text) in sockets.iter().zip([&b"one"[..], &big]) {
            socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
            socket.send_to(text, addr).unwrap();
        }
        sockets.map(|socket| {
            let mut data = vec![0; 65_535];
            let (len, from) = socket.recv_from(&mut data).unwrap();
            assert_eq!(from, addr);
            (len, data[0])
        })
    });
    assert_eq!(answers.await.unwrap(), [(3, b'O'), (20_000, b'B')]);
    let seen = test.end().await;
    assert_eq!(
        names_on(&seen, SocketId::Server(FIRST)),
        ["socket", "bind", "recvfrom", "sendto", "recvfrom", "sendto", "close"]
    );
}
