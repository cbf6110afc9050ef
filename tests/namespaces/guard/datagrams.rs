//! UDP: no answer is longer than its request or goes to a port that would answer back.

use std::net::UdpSocket;
use std::time::Duration;

use socklab::api::domain::Rule;

use super::lab::{refused, served};
use super::net::{ATTACKER, SERVER, at};
use crate::fixtures::DEADLINE;
use crate::harness::{Need::Network, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(an_answer_is_never_longer_than_its_request, &[Network]),
        test(no_service_is_answered, &[Network]),
        test(a_server_does_not_talk_to_itself, &[Network]),
    ]
}

fn an_answer_is_never_longer_than_its_request() {
    let (net, lab) = served(&["--lan"]);
    let answers = net.attacker.run(|| {
        let socket = UdpSocket::bind(at(ATTACKER, 0)).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        // The second is longer in capitals: U+0390 becomes three characters.
        ["hello", "\u{390}\u{390}\u{390}", "\u{149}", "ol\u{e1}"].map(|request| {
            socket.send_to(request.as_bytes(), at(SERVER, 65432)).unwrap();
            let mut answer = [0; 2_048];
            let (len, _) = socket.recv_from(&mut answer).unwrap();
            assert!(len <= request.len(), "{request}: {len}");
            String::from_utf8(answer[..len].to_vec()).expect("no character is cut in two")
        })
    });
    assert_eq!((&*answers[0], &*answers[3]), ("HELLO", "OL\u{c1}"));
    lab.until("the truncation is reported", |model| (refused(model, Rule::Amplifier) == 2).then_some(()));
    lab.close();
}

fn no_service_is_answered() {
    let (net, lab) = served(&["--lan"]);
    let ports = [7, 19, 53, 123, 1900, 11_211, 65_432];
    let silent = net.attacker.run(move || {
        let sockets = ports.map(|port| UdpSocket::bind(at(ATTACKER, port)).unwrap());
        sockets.iter().for_each(|socket| _ = socket.send_to(b"talk to yourself", at(SERVER, 65432)).unwrap());
        sockets
    });
    lab.until("all were received and none answered", |model| {
        (refused(model, Rule::Reflector) == ports.len() as u64).then_some(())
    });
    // The answer to an ordinary port would come after those.
    net.attacker.run(move || {
        let client = UdpSocket::bind(at(ATTACKER, 0)).unwrap();
        client.set_read_timeout(Some(DEADLINE)).unwrap();
        client.send_to(b"oi", at(SERVER, 65432)).unwrap();
        assert_eq!(client.recv(&mut [0; 64]).unwrap(), 2);
        for socket in &silent {
            socket.set_nonblocking(true).unwrap();
            assert!(socket.recv(&mut [0; 64]).is_err());
        }
    });
    lab.close();
}

fn a_server_does_not_talk_to_itself() {
    let (net, lab) = served(&["--server", "udp=7001", "--server", "udp=7002"]);
    // As if the second server had sent a request: the source port is the server's own, on another loopback address.
    let other = net.server.run(|| UdpSocket::bind("127.0.0.2:7001").unwrap());
    other.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    other.send_to(b"echo", "127.0.0.1:7001").unwrap();
    lab.until("it is not answered", |model| (refused(model, Rule::Reflector) == 1).then_some(()));
    assert!(other.recv(&mut [0; 64]).is_err());
    lab.close();
}
