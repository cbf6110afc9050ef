//! Kick, block and unblock: existing connections, and new ones.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use socklab::api::domain::{ClientPlan, Destination, GuardEvent, GuardOrder, LabOrder, Proto, Rule};

use super::attacks::connect;
use super::lab::{THREADED, peer, refused, served, told};
use super::net::{ATTACKER, SERVER, SERVER_TO_FRIENDS, at, friend};
use crate::harness::{Need::Network, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test(kick_block_unblock, &[Network]), test(a_thousand_local_clients_meet_no_limit, &[Network])]
}

fn say(stream: &mut TcpStream, words: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.write_all(words)?;
    let mut answer = [0; 64];
    let len = stream.read(&mut answer)?;
    Ok(answer[..len].to_vec())
}

fn kick_block_unblock() {
    let (net, lab) = served(&["--lan"]);
    let ports = [65432, 65433, 65434];
    let mut theirs = net.attacker.run(move || ports.map(|port| connect(ATTACKER, at(SERVER, port)).unwrap()));
    let mut friends = net.friends.run(move || connect(friend(7), at(SERVER_TO_FRIENDS, 65432)).unwrap());
    for stream in theirs.iter_mut().chain([&mut friends]) {
        assert_eq!(say(stream, b"1").unwrap(), b"1");
    }

    lab.order(LabOrder::Guard(GuardOrder::Kick(ATTACKER.into())));
    for stream in &mut theirs {
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "an orderly end in every model");
    }
    assert_eq!(say(&mut friends, b"2").unwrap(), b"2", "no other peer is kicked");
    let mut again = net.attacker.run(|| connect(ATTACKER, at(SERVER, 65432)).unwrap());
    assert_eq!(say(&mut again, b"3").unwrap(), b"3", "a kicked peer may connect again");

    lab.order(LabOrder::Guard(GuardOrder::Block(ATTACKER.into())));
    assert_eq!(again.read(&mut [0; 1]).unwrap(), 0);
    let refusal = net.attacker.run(|| {
        // The RST follows the handshake: it arrives before connect() returns, or before data is sent.
        let blocked = connect(ATTACKER, at(SERVER, 65432));
        blocked.and_then(|mut stream| say(&mut stream, b"4")).map_err(|error| error.kind())
    });
    assert!(matches!(refusal, Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)), "{refusal:?}");
    lab.until("told", |model| (refused(model, Rule::Blocked) == 1).then_some(()));
    assert!(peer(&lab.seen().model, ATTACKER).unwrap().is_blocked);

    lab.order(LabOrder::Guard(GuardOrder::Unblock(ATTACKER.into())));
    lab.until("unblocked", |model| (!peer(model, ATTACKER)?.is_blocked).then_some(()));
    let mut back = net.attacker.run(|| connect(ATTACKER, at(SERVER, 65432)).unwrap());
    assert_eq!(say(&mut back, b"5").unwrap(), b"5");
    let count = |event| if let GuardEvent::Kicked { count, .. } = event { Some(count) } else { None };
    assert_eq!(told(&lab.close()).into_iter().filter_map(count).collect::<Vec<_>>(), [3, 1]);
}

fn a_thousand_local_clients_meet_no_limit() {
    let (_net, lab) = served(&["--lan", "--limit", "idle=1"]);
    let destination =
        Destination { server: Some(THREADED), proto: Proto::Tcp, addr: "127.0.0.1:65432".parse().unwrap() };
    lab.order(LabOrder::Spawn { count: 1_000, plan: ClientPlan::Stay, destination });
    // Also to the server's own address on the network.
    let destination = Destination { addr: at(SERVER, 65434), ..destination };
    lab.order(LabOrder::Spawn { count: 200, plan: ClientPlan::Stay, destination });
    lab.until("all are answered", |model| {
        (model.worlds.shown().clients.all().iter().filter(|client| client.bytes.received > 0).count() == 1_200)
            .then_some(())
    });
    assert_eq!(told(&lab.close()).len(), 1, "the limits were reported and never enforced");
}
