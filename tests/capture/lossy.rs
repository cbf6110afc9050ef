//! Real loss on a real connection: the receiving socket has a random filter, so that some captured packets never arrive
//! and the kernel retransmits them. tshark is the reference for our findings on every packet.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Instant;

use rustix::net::sockopt;
use socket2::{SockFilter, SockRef};
use socklab::api::domain::{Finding, Flags, PacketSummary};
use socklab::api::observe::capture::PacketStore;

use super::heard::DEADLINE;
use super::live::{listen, start};
use super::trace::{Folder, analysed, marks, open};
use super::tshark;
use crate::harness::{
    Need::{Capture, Tool},
    Test, test,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_lossy_connection_is_counted_as_tshark_counts_it, &[Capture, Tool("tshark")]),
        test(tshark_remarks_the_same_on_our_file_as_on_tcpdumps, &[Capture, Tool("tcpdump"), Tool("tshark")]),
        test(a_receiver_that_does_not_read_closes_the_window_and_is_probed, &[Capture, Tool("tshark")]),
    ]
}

/// Bytes in a segment, as on Ethernet.
const SEGMENT: u16 = 1_448;

/// Drops one segment in `in_how_many` at random (`SKF_AD_RANDOM` of `linux/filter.h`).
fn loses(socket: impl AsFd, in_how_many: u32) {
    let program = [
        SockFilter::new(0x20, 0, 0, 0xffff_f000 + 56),
        SockFilter::new(0x35, 0, 1, u32::MAX - u32::MAX / in_how_many),
        SockFilter::new(0x06, 0, 0, 0),
        SockFilter::new(0x06, 0, 0, u32::MAX),
    ];
    SockRef::from(&socket).attach_filter(&program).unwrap();
}

/// Compares the marks of every packet with tshark's, and returns our findings.
fn judge(store: &Arc<PacketStore>, name: &str) -> Vec<Finding> {
    let folder = Folder::new(name);
    let file = folder.file("trace.pcapng");
    store.save(std::fs::File::create(&file).unwrap(), &[]).unwrap();
    let packets: Vec<_> = store.packets().iter().map(|packet| (**packet).clone()).collect();
    let ours = analysed(&packets);
    let theirs = tshark::marks(&file);
    assert_eq!(ours.len(), theirs.len());
    println!("{name}: {:?}", tshark::counts_as_we_print(&file));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(&marks(ours), theirs, "packet {}", ours.number);
    }
    ours.iter().flat_map(|packet| packet.findings.iter().copied()).collect()
}

/// Sends segments from client to server over a connection that loses some packets both ways. Each is written on its own:
/// with more packets, some loss is more certain.
fn talk_with_loss(listener: &TcpListener, segments: u64) {
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.set_nodelay(true).unwrap();
    loses(&server, 16);
    loses(&client, 40);
    let reader = std::thread::spawn(move || std::io::copy(&mut server, &mut std::io::sink()).unwrap());
    (0..segments).for_each(|_| client.write_all(&[b'x'; SEGMENT as usize]).unwrap());
    drop(client);
    assert_eq!(reader.join().unwrap(), segments * u64::from(SEGMENT));
}

/// Compares files of the same packets: two simultaneous captures on two processors do not always agree on the order, and
/// tshark distinguishes retransmissions from reordering by microseconds.
fn tshark_remarks_the_same_on_our_file_as_on_tcpdumps() {
    let (listener, port) = listen();
    SockRef::from(&listener).set_tcp_mss(SEGMENT.into()).unwrap();
    let folder = Folder::new("expert");
    let (theirs, ours) = (folder.file("theirs.pcap"), folder.file("ours.pcapng"));
    let tcpdump = super::live::tcpdump(&["-i", "lo"], port, &theirs);
    talk_with_loss(&listener, 2_000);
    // After the refusal nothing follows except a retransmitted FIN and its answer.
    drop(listener);
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    let refuses = |packet: &PacketSummary| packet.tcp.as_ref().is_some_and(|tcp| tcp.flags.has(Flags::RST));
    super::live::written(&theirs, |packets| packets.iter().any(refuses));
    tcpdump.end();
    open(&theirs).save(std::fs::File::create(&ours).unwrap(), &[]).unwrap();
    let (said, expected) = (tshark::expert(&ours), tshark::expert(&theirs));
    let remarks = expected.iter().filter(|row| row[1..].iter().any(|field| !field.is_empty())).count();
    println!("{} packets, {remarks} with remarks", expected.len());
    assert_eq!(said.len(), expected.len());
    for (number, (said, expected)) in (1..).zip(said.iter().zip(&expected)) {
        assert_eq!(said, expected, "packet {number}");
    }
    assert!(remarks > 5, "too little loss: {remarks}");
}

fn a_lossy_connection_is_counted_as_tshark_counts_it() {
    let (listener, port) = listen();
    SockRef::from(&listener).set_tcp_mss(SEGMENT.into()).unwrap();
    let (capture, _heard) = start([port]);
    talk_with_loss(&listener, 12_000);
    let store = capture.stop();
    let found = judge(&store, "lossy");
    let count = |is: fn(&Finding) -> bool| found.iter().filter(|finding| is(finding)).count();
    let again = count(|f| matches!(f, Finding::Retransmission | Finding::FastRetransmission | Finding::OutOfOrder));
    let duplicates = count(|f| matches!(f, Finding::DuplicateAck { .. }));
    println!("{} packets: {again} sent again or out of order, {duplicates} duplicate acknowledgements", store.len());
    assert!(again > 5 && duplicates > 0, "too little loss: {again} {duplicates}");
}

fn a_receiver_that_does_not_read_closes_the_window_and_is_probed() {
    let (listener, port) = listen();
    sockopt::set_socket_recv_buffer_size(&listener, 4_096).unwrap();
    let (capture, heard) = start([port]);
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.set_nonblocking(true).unwrap();
    let mut sent = 0;
    while let Ok(more) = client.write(&[b'x'; 1_000]) {
        sent += more;
    }
    // The kernel keeps probing the window.
    let begun = Instant::now();
    let mut probes = 0;
    while probes < 3 {
        let (_, packet) = super::live::packet(&heard);
        // Linux probes with an empty segment at the previous sequence number.
        probes += u32::from(packet.findings.has(Finding::EmptyProbe) || packet.findings.has(Finding::ZeroWindowProbe));
        assert!(begun.elapsed() < DEADLINE, "{probes} probes: {packet:?}");
    }
    server.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut got = 0;
    client.set_nonblocking(false).unwrap();
    drop(client);
    while let Ok(more @ 1..) = server.read(&mut [0; 4_096]) {
        got += more;
    }
    assert_eq!(got, sent);
    let store = capture.stop();
    let found = judge(&store, "window");
    assert!(found.contains(&Finding::ZeroWindow) && found.contains(&Finding::WindowUpdate), "{found:?}");
}
