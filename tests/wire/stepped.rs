//! Connections stepped packet by packet: every state stands still, and every change has its cause.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use TcpState::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
};
use socklab::domain::wire::{WireCommand, WireEvent};
use socklab::domain::{Cause, HostId, Kind, Syscall, TcpState};

use super::bench::{Bench, TUN, VETH, options};
use HostId::{Client, Server};

fn packet(number: u64) -> Option<Cause> {
    Some(Cause::Packet(number))
}

fn call(call: Syscall) -> Option<Cause> {
    Some(Cause::Call(call))
}

#[test]
fn a_handshake_stands_still_at_every_step() {
    for link in [TUN, VETH] {
        let mut options = options();
        options.link = Some(link);
        let Some(bench) = Bench::open_with(&options) else { return };
        assert_eq!(bench.wire.link(), link);
        let _listener = bench.listener(65432);
        let _client = bench.connect(Client, None, bench.addr(Server, 65432));
        bench.packet(1);
        assert_eq!(bench.state(Client, Closed, SynSent), call(Syscall::Connect));
        assert_eq!((bench.stands(Client), bench.stands(Server)), (SynSent, Closed));

        assert_eq!(bench.step(1), "SYN");
        assert_eq!(bench.state(Server, Listen, SynRecv), packet(1));
        assert_eq!((bench.stands(Client), bench.stands(Server)), (SynSent, SynRecv));

        assert_eq!(bench.step(2), "SYN+ACK");
        assert_eq!(bench.state(Client, SynSent, Established), packet(2));
        assert_eq!((bench.stands(Client), bench.stands(Server)), (Established, SynRecv));

        assert_eq!(bench.step(3), "ACK");
        assert_eq!(bench.state(Server, SynRecv, Established), packet(3));
        let ack = bench.packet(3).tcp.unwrap();
        assert_eq!((ack.seq_rel, ack.ack_rel, ack.options), (Some(1), Some(1), vec![]));
    }
}

#[test]
fn an_orderly_close_goes_through_its_six_states() {
    let Some(bench) = Bench::open() else { return };
    let (client, server) = bench.connected();
    drop(client);
    bench.packet(4);
    assert_eq!(bench.state(Client, Established, FinWait1), call(Syscall::Close));
    assert_eq!(bench.step(4), "FIN+ACK");
    assert_eq!(bench.state(Server, Established, CloseWait), packet(4));
    assert_eq!(bench.step(5), "ACK");
    assert_eq!(bench.state(Client, FinWait1, FinWait2), packet(5));
    server.shutdown(Shutdown::Write).unwrap();
    bench.packet(6);
    assert_eq!(bench.state(Server, CloseWait, LastAck), call(Syscall::Shutdown));
    assert_eq!((bench.stands(Client), bench.stands(Server)), (FinWait2, LastAck));
    assert_eq!(bench.step(6), "FIN+ACK");
    assert_eq!(bench.state(Client, FinWait2, TimeWait), packet(6));
    assert_eq!(bench.step(7), "ACK");
    assert_eq!(bench.state(Server, LastAck, Closed), packet(7));
}

#[test]
fn both_open_at_once() {
    let Some(bench) = Bench::open() else { return };
    let client = bench.connect(Client, Some(5000), bench.addr(Server, 6000));
    bench.packet(1);
    let _server = bench.connect(Server, Some(6000), bench.addr(Client, 5000));
    bench.packet(2);
    assert_eq!((bench.stands(Client), bench.stands(Server)), (SynSent, SynSent));
    bench.step(1);
    assert_eq!(bench.state(Server, SynSent, SynRecv), packet(1));
    bench.step(2);
    assert_eq!(bench.state(Client, SynSent, SynRecv), packet(2));
    drop(client);
    assert_eq!(bench.state(Client, SynRecv, FinWait1), call(Syscall::Close));
}

#[test]
fn both_close_at_once() {
    let Some(bench) = Bench::open() else { return };
    let (client, server) = bench.connected();
    drop(client);
    bench.packet(4);
    drop(server);
    bench.packet(5);
    assert_eq!((bench.stands(Client), bench.stands(Server)), (FinWait1, FinWait1));
    bench.step(4);
    assert_eq!(bench.state(Server, FinWait1, Closing), packet(4));
    bench.step(5);
    assert_eq!(bench.state(Client, FinWait1, Closing), packet(5));
    // Which of the two acknowledgements is sent first is the kernel's affair.
    let (to_server, to_client) = (bench.nth(Client, 4), bench.nth(Server, 3));
    assert_eq!((bench.step(to_server), bench.step(to_client)), ("ACK".into(), "ACK".into()));
    assert_eq!(bench.state(Client, Closing, TimeWait), packet(to_client));
    assert_eq!(bench.state(Server, Closing, TimeWait), packet(to_server));
}

#[test]
fn a_fin_that_brings_its_ack_skips_fin_wait_2() {
    let Some(bench) = Bench::open() else { return };
    let (client, server) = bench.connected();
    drop(client);
    bench.step(4);
    assert_eq!(bench.packet(5).label(), "ACK");
    drop(server);
    bench.packet(6);
    bench.command(WireCommand::Drop(5));
    bench.step(6);
    let cause = bench.state(Client, FinWait1, TimeWait);
    assert_eq!(cause, packet(6));
}

#[test]
fn a_syn_that_nobody_wants_any_more_is_reset() {
    let Some(bench) = Bench::open() else { return };
    let _listener = bench.listener(65432);
    let client = bench.connect(Client, None, bench.addr(Server, 65432));
    bench.step(1);
    drop(client);
    assert_eq!(bench.state(Client, SynSent, Closed), call(Syscall::Close));
    bench.step(2);
    assert_eq!(bench.step(3), "RST");
    assert_eq!(bench.state(Server, SynRecv, Listen), packet(3));
}

#[test]
fn a_syn_held_for_long_is_folded_and_still_opens() {
    let Some(bench) = Bench::open() else { return };
    let _listener = bench.listener(65432);
    let begin = Instant::now();
    let _client = bench.connect(Client, None, bench.addr(Server, 65432));
    let mut counts = Vec::new();
    // The kernel sends the SYN again after 1, 2, 3, 4, 5, 7, 11 and 20 seconds: this is 20 seconds of a held wire.
    for count in 1.. {
        let after = bench.journal.wait_long("a folded SYN", |seen| {
            seen.iter().find_map(|event| match event.kind {
                Kind::Wire(WireEvent::Folded { packet: 1, count: now, after }) if now == count => Some(after),
                _ => None,
            })
        });
        counts.push((count, after));
        if begin.elapsed() > Duration::from_secs(19) {
            break;
        }
    }
    println!("folded: {counts:?} in {:?}", begin.elapsed());
    assert!(counts.len() >= 5);
    assert_eq!([bench.step(1), bench.step(2), bench.step(3)], ["SYN", "SYN+ACK", "ACK"]);
    assert_eq!(bench.state(Server, SynRecv, Established), packet(3));
}

#[test]
fn data_crosses_and_a_damaged_segment_is_sent_again() {
    let Some(bench) = Bench::open() else { return };
    let (mut client, mut server) = bench.connected();
    client.write_all(b"Hello, world\n").unwrap();
    assert_eq!(bench.packet(4).payload.text, "Hello, world");
    bench.command(WireCommand::Corrupt(4));
    bench.step(4);
    let again = bench.packet(5);
    assert_eq!((again.retransmission_of, again.payload.len), (Some(4), 13));
    bench.step(5);
    let mut buffer = [0; 64];
    assert_eq!(server.read(&mut buffer).unwrap(), 13);
}
