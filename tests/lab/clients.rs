//! The clients: their calls, how they end, and bursts of them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use socklab::api::domain::ServiceModel::{Async, Sequential, Threaded};
use socklab::api::domain::{
    Args, ClientChange, ClientId, ClientPlan, CloseHow, ConnNo, Errno, EventKind, LabOrder, Note, Outcome, ServerId,
    Shut, SockOpt, SocketId, Syscall,
};

use crate::harness::{Test, async_test};
use crate::test_lab::{OPEN_UDP, TestLab, call, calls_on, did, ended, is_answer, is_client, names_on, note, udp};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        async_test(a_clients_events_are_in_order_and_its_port_is_known_before_it_is_connected, &[]),
        async_test(three_ways_to_close, &[]),
        async_test(a_half_closed_client_still_receives, &[]),
        async_test(an_orderly_close_reads_arrived_data_and_sends_a_fin, &[]),
        async_test(a_closed_port_is_a_failed_connect, &[]),
        async_test(closing_all_ends_every_client_and_the_burst, &[]),
        #[cfg(target_os = "linux")]
        async_test(a_burst_at_a_sequential_server_fills_its_queue_and_the_rest_keeps_dialing, &[]),
        #[cfg(target_os = "linux")]
        async_test(a_client_in_syn_sent_can_be_closed, &[]),
        async_test(a_udp_client_has_a_port_from_its_first_sendto, &[]),
        async_test(a_udp_one_shot_times_out, &[]),
        async_test(a_udp_client_receives_only_from_its_server, &[]),
        async_test(a_flooding_peer_does_not_delay_the_shutdown, &[]),
    ])
}

const ONE: ClientId = ClientId(1);

fn change(kind: &EventKind) -> Option<&ClientChange> {
    match kind {
        EventKind::Client(event) => Some(&event.change),
        _ => None,
    }
}

async fn a_clients_events_are_in_order_and_its_port_is_known_before_it_is_connected() {
    let (mut test, addr) = TestLab::with(Threaded).await;
    test.spawn(1, ClientPlan::Stay, addr);
    test.times(1, "answered", is_answer).await;
    test.order(LabOrder::Close(ONE, CloseHow::Fin));
    test.times(1, "ended", |kind| ended(kind, ONE)).await;
    let seen = test.end().await;
    let mine: Vec<&EventKind> = seen
        .iter()
        .filter(|kind| change(kind).is_some() || call(kind).is_some_and(|call| call.socket == SocketId::Client(ONE)))
        .collect();
    assert!(matches!(change(mine[0]), Some(ClientChange::Spawned { plan: ClientPlan::Stay, .. })));
    assert!(did(mine[1], Syscall::Socket, is_client));
    let Some(ClientChange::Dialing { flow }) = change(mine[2]) else { panic!("{:?}", mine[2]) };
    assert!(flow.local.port() != 0 && flow.peer == Some(addr));
    let connect = call(mine[3]).unwrap();
    assert_eq!((connect.call, connect.result, connect.flow), (Syscall::Connect, Outcome::Ok, Some(*flow)));
    assert_eq!(call(mine[4]).and_then(|send| send.data.clone()).unwrap().text, "Hello, world");
    assert_eq!(change(mine[mine.len() - 1]), Some(&ClientChange::Ended));
    let accept = seen.iter().filter_map(call).find(|call| call.call == Syscall::Accept).unwrap();
    assert_eq!(accept.flow, flow.mirror(), "both ends of one connection");
}

async fn three_ways_to_close() {
    let rst = Args::Option(SockOpt::LingerZero);
    let ways: [(CloseHow, &[&str], Option<Args>, Outcome); 3] = [
        (CloseHow::Fin, &["close"], None, Outcome::Ok),
        (CloseHow::Rst, &["setsockopt", "close"], Some(rst), Outcome::Failed(Errno::ConnReset)),
        (CloseHow::Half, &["shutdown", "recv", "close"], Some(Args::Shut(Shut::Write)), Outcome::Ok),
    ];
    for (how, names, args, heard) in ways {
        for model in [Sequential, Threaded, Async] {
            let (mut test, addr) = TestLab::with(model).await;
            test.spawn(1, ClientPlan::Stay, addr);
            test.times(1, "answered", is_answer).await;
            test.order(LabOrder::Close(ONE, how));
            test.times(1, "ended", |kind| ended(kind, ONE)).await;
            let conn = SocketId::Conn(ServerId(0), ConnNo(1));
            test.times(1, "the server closed", |kind| did(kind, Syscall::Close, |socket| socket == conn)).await;
            let seen = test.end().await;
            assert_eq!(names_on(&seen, SocketId::Client(ONE))[4..], *names, "{how}");
            let first = calls_on(&seen, SocketId::Client(ONE))[4];
            assert_eq!(first.args, args.unwrap_or_default());
            // The server's calls: recv, send, then the end.
            let end = calls_on(&seen, conn)[2];
            assert_eq!((end.call, end.result), (Syscall::Recv, heard), "{how}");
        }
    }
}

async fn a_half_closed_client_still_receives() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut test = TestLab::of(vec![]);
    test.spawn(1, ClientPlan::Stay, listener.local_addr().unwrap());
    let (mut server, _) = listener.accept().unwrap();
    let mut greeting = [0; 12];
    server.read_exact(&mut greeting).unwrap();
    test.order(LabOrder::Close(ONE, CloseHow::Half));
    test.times(1, "half-closed", |kind| did(kind, Syscall::Shutdown, is_client)).await;
    assert_eq!(server.read(&mut greeting).unwrap(), 0);
    server.write_all(b"late").unwrap();
    test.times(1, "heard", is_answer).await;
    drop(server);
    test.times(1, "ended", |kind| ended(kind, ONE)).await;
    test.end().await;
}

async fn an_orderly_close_reads_arrived_data_and_sends_a_fin() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut test = TestLab::of(vec![]);
    for number in 1..=20 {
        test.spawn(1, ClientPlan::OneShot, listener.local_addr().unwrap());
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(&vec![b'x'; 30_000]).unwrap();
        let mut heard = Vec::new();
        server.read_to_end(&mut heard).expect("a FIN and not a RST");
        assert_eq!(heard, b"Hello, world");
        test.times(1, "ended", |kind| ended(kind, ClientId(number))).await;
    }
    test.end().await;
}

async fn a_closed_port_is_a_failed_connect() {
    // Bound, so that no other socket can have the port, but not listening.
    let holder = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    holder.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    let addr = holder.local_addr().unwrap().as_socket().unwrap();
    let mut test = TestLab::of(vec![]);
    test.spawn(3, ClientPlan::Stay, addr);
    test.times(3, "all ended", |kind| change(kind) == Some(&ClientChange::Ended)).await;
    let seen = test.end().await;
    assert!(!seen.iter().any(|kind| note(kind).is_some()), "a refusal cuts no burst");
    for number in 1..=3 {
        let calls = calls_on(&seen, SocketId::Client(ClientId(number)));
        assert_eq!(
            calls.iter().map(|call| call.call).collect::<Vec<_>>(),
            [Syscall::Socket, Syscall::Connect, Syscall::Close]
        );
        assert_eq!(calls[1].result, Outcome::Failed(Errno::ConnRefused));
    }
}

async fn closing_all_ends_every_client_and_the_burst() {
    let (mut test, addr) = TestLab::with(Async).await;
    test.spawn(100_000, ClientPlan::Stay, addr);
    test.times(20, "some are answered", is_answer).await;
    test.order(LabOrder::CloseAll);
    let cut = |kind: &EventKind| match note(kind) {
        Some(Note::BurstCut { asked: 100_000, made, errno: Errno::Interrupted }) => Some(*made),
        _ => None,
    };
    let made = test.until("the burst ends", |seen| seen.iter().find_map(cut)).await;
    let is_end = |kind: &EventKind| change(kind) == Some(&ClientChange::Ended);
    test.times(made as usize, "all ended", is_end).await;
    test.spawn(1, ClientPlan::OneShot, addr);
    test.times(made as usize + 1, "the next one lives", is_end).await;
    let seen = test.end().await;
    assert_eq!(seen.iter().filter(|kind| is_end(kind)).count(), made as usize + 1);
}

#[cfg(target_os = "linux")]
async fn a_burst_at_a_sequential_server_fills_its_queue_and_the_rest_keeps_dialing() {
    let (mut test, addr) = TestLab::with(Sequential).await;
    test.spawn(300, ClientPlan::Stay, addr);
    let dialing = |kind: &EventKind| matches!(change(kind), Some(ClientChange::Dialing { .. }));
    test.times(300, "all dial: the burst does not wait", dialing).await;
    // One is served, and listen(n) admits n + 1: at most 130 are established until one is closed.
    test.times(129, "the queue is full", |kind| did(kind, Syscall::Connect, is_client)).await;
    let connected = test.reported.seen.iter().filter(|kind| did(kind, Syscall::Connect, is_client)).count();
    assert!(connected <= 130, "{connected} connected");
    test.order(LabOrder::Switch(ServerId(0), Threaded));
    test.times(300, "all are answered, by the kernel's retransmissions", is_answer).await;
    let seen = test.end().await;
    assert!(!seen.iter().filter_map(call).any(|call| !call.result.is_ok()), "no connection lost");
}

#[cfg(target_os = "linux")]
async fn a_client_in_syn_sent_can_be_closed() {
    // listen(0) admits one; the SYNs of the others are dropped and they stay in SYN_SENT.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    full.listen(0).unwrap();
    let addr = full.local_addr().unwrap().as_socket().unwrap();
    let mut test = TestLab::of(vec![]);
    test.spawn(4, ClientPlan::Stay, addr);
    test.times(4, "all dial", |kind| matches!(change(kind), Some(ClientChange::Dialing { .. }))).await;
    test.times(1, "one is connected", |kind| did(kind, Syscall::Send, is_client)).await;
    let ways: [(u32, CloseHow, &[&str]); 3] = [
        (2, CloseHow::Fin, &["socket", "close"]),
        (3, CloseHow::Rst, &["socket", "setsockopt", "close"]),
        // On Linux shutdown() in SYN_SENT aborts the attempt (`inet_shutdown`).
        (4, CloseHow::Half, &["socket", "shutdown", "connect", "close"]),
    ];
    for (client, how, names) in ways {
        test.order(LabOrder::Close(ClientId(client), how));
        test.times(1, "ended", |kind| ended(kind, ClientId(client))).await;
        assert_eq!(names_on(&test.reported.seen, SocketId::Client(ClientId(client))), *names, "{how}");
    }
    test.end().await;
}

async fn a_udp_client_has_a_port_from_its_first_sendto() {
    let mut test = TestLab::of(vec![udp()]);
    test.lab.start_all();
    let addr = test.started(ServerId(0)).await;
    test.spawn_udp(ClientPlan::OneShot, addr);
    test.times(1, "ended", |kind| ended(kind, ONE)).await;
    test.spawn_udp(ClientPlan::Stay, addr);
    test.times(2, "answered", |kind| did(kind, Syscall::Recvfrom, is_client)).await;
    test.order(LabOrder::Close(ClientId(2), CloseHow::Half));
    let unconnected = |kind: &EventKind| {
        call(kind).is_some_and(|call| call.call == Syscall::Shutdown && call.result == Outcome::Failed(Errno::NotConn))
    };
    test.times(1, "there is no half to close", unconnected).await;
    test.order(LabOrder::Close(ClientId(2), CloseHow::Fin));
    test.times(1, "ended", |kind| ended(kind, ClientId(2))).await;
    let seen = test.end().await;
    assert_eq!(names_on(&seen, SocketId::Client(ONE)), [&OPEN_UDP[..], &["sendto", "recvfrom", "close"]].concat());
    let calls = calls_on(&seen, SocketId::Client(ONE));
    let [bind, sendto] = [calls[OPEN_UDP.len() - 1], calls[OPEN_UDP.len()]];
    // It is bound to loopback; on Linux the port is chosen later.
    assert_eq!(bind.args, Args::Addr(([127, 0, 0, 1], 0).into()));
    assert!(!cfg!(target_os = "linux") || bind.flow.is_none(), "{bind:?}");
    let flow = sendto.flow.unwrap();
    assert!(flow.local.ip().is_loopback() && flow.local.port() != 0, "{flow:?}");
    assert!(flow.peer == Some(addr) && sendto.args == Args::Addr(addr));
    let heard = seen
        .iter()
        .filter_map(call)
        .find(|call| call.socket == SocketId::Server(ServerId(0)) && call.call == Syscall::Recvfrom);
    assert_eq!(heard.unwrap().flow.unwrap().peer.unwrap().port(), flow.local.port());
}

async fn a_udp_one_shot_times_out() {
    let deaf = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut test = TestLab::of(vec![]);
    test.spawn_udp(ClientPlan::OneShot, deaf.local_addr().unwrap());
    test.times(1, "ended", |kind| ended(kind, ONE)).await;
    let seen = test.end().await;
    assert_eq!(names_on(&seen, SocketId::Client(ONE)), [&OPEN_UDP[..], &["sendto", "close"]].concat());
}

async fn a_udp_client_receives_only_from_its_server() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let mut test = TestLab::of(vec![]);
    test.spawn_udp(ClientPlan::Stay, addr);
    let (_, client) = server.recv_from(&mut [0; 64]).unwrap();
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let from = other.local_addr().unwrap();
    (0..100).for_each(|_| _ = other.send_to(b"from a stranger", client).unwrap());
    // The server's datagram comes after all of them.
    server.send_to(b"from the server", client).unwrap();
    test.times(1, "the answer", |kind| did(kind, Syscall::Recvfrom, is_client)).await;
    let seen = test.end().await;
    let heard: Vec<_> = seen.iter().filter_map(call).filter_map(|call| call.data.as_ref()).collect();
    assert_eq!(heard.iter().map(|data| &*data.text).collect::<Vec<_>>(), ["Hello, world", "from the server"]);
    let notes: Vec<_> = seen.iter().filter_map(note).collect();
    assert_eq!(notes, [&Note::Unasked { socket: SocketId::Client(ONE), server: addr, from }], "reported once");
}

async fn a_flooding_peer_does_not_delay_the_shutdown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut test = TestLab::of(vec![]);
    for plan in [ClientPlan::Stay, ClientPlan::OneShot] {
        test.spawn(1, plan, listener.local_addr().unwrap());
        let (mut flood, _): (TcpStream, _) = listener.accept().unwrap();
        flood.set_write_timeout(Some(Duration::from_mins(1))).unwrap();
        let noise = vec![b'!'; 65_536];
        std::thread::spawn(move || while flood.write_all(&noise).is_ok() {});
    }
    test.times(4, "both hear", is_answer).await;
    test.end().await;
}
