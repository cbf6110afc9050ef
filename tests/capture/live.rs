//! The capture on the real loopback, compared with `tcpdump` if it is installed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use socklab::api::domain::{
    EventKind, Evidence, Finding, Flags, Icmp, Need, Note, PacketSummary, Proto, Remedy, ResetReason, Stamp,
};
use socklab::api::observe::Scope;
use socklab::api::observe::capture::file::Packet;
use socklab::api::observe::capture::{Capture, CaptureAccess, CaptureInterface, PacketStore};
use socklab::api::packet::Analysis;

use super::heard::{DEADLINE, Heard, sink};
use super::trace::{Folder, open};
use super::tshark;
use crate::harness::{Need as Needed, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_connection_is_seen_once_in_order_with_the_kernels_time, &[Needed::Capture]),
        test(a_refusal_and_a_port_unreachable_are_linked_to_their_causes, &[Needed::Capture]),
        test(ipv6_is_captured_too_and_other_ports_are_not, &[Needed::Capture, Needed::Ipv6]),
        test(on_every_interface_loopback_packets_are_still_seen_once, &[Needed::Capture]),
        test(stopping_ends_the_thread_and_nothing_captured_before_is_missing, &[Needed::Capture]),
        test(
            tcpdump_sees_the_same_packets_in_the_same_order_with_the_same_bytes,
            &[Needed::Capture, Needed::Tool("tcpdump"), Needed::Tool("tshark")],
        ),
    ]
}

/// A listener on loopback, and its port.
pub(crate) fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

pub(crate) fn start(ports: impl IntoIterator<Item = u16>) -> (Capture, Heard) {
    let key = CaptureAccess::open().unwrap();
    let (sink, heard) = sink(100_000);
    let capture = Capture::start(sink, &key, &CaptureInterface::Loopback, Scope::ports(ports)).unwrap();
    heard.find("note that there is a capture", |seen| {
        (seen.kind == EventKind::Note(Note::Has { what: Evidence::Packet })).then_some(())
    });
    (capture, heard)
}

/// The next packet and its time.
pub(crate) fn packet(heard: &Heard) -> (Stamp, PacketSummary) {
    heard.find("packet", |seen| match &seen.kind {
        EventKind::Packet(packet) => {
            assert_eq!(seen.evidence, Evidence::Packet);
            Some((seen.at, packet.clone()))
        }
        _ => None,
    })
}

/// The packets up to the first that `last` accepts.
fn until(heard: &Heard, last: impl Fn(&PacketSummary) -> bool) -> Vec<PacketSummary> {
    let mut packets = Vec::new();
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < DEADLINE, "not among {packets:?}");
        packets.push(packet(heard).1);
        if last(&packets[packets.len() - 1]) {
            return packets;
        }
    }
}

fn flags(packet: &PacketSummary) -> Flags {
    packet.tcp.as_ref().map(|tcp| tcp.flags).unwrap_or_default()
}

/// `count` exchanges, one after the other.
pub(crate) fn exchanges(listener: &TcpListener, count: u32, message: &[u8]) {
    for _ in 0..count {
        exchange(listener, message);
    }
}

/// One exchange; both ends are closed at its end.
pub(crate) fn exchange(listener: &TcpListener, message: &[u8]) -> u16 {
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(message).unwrap();
    let mut got = vec![0; message.len()];
    server.read_exact(&mut got).unwrap();
    server.write_all(&got.to_ascii_uppercase()).unwrap();
    client.read_exact(&mut got).unwrap();
    let port = client.local_addr().unwrap().port();
    drop(client);
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
    port
}

fn a_connection_is_seen_once_in_order_with_the_kernels_time() {
    let (listener, port) = listen();
    let (capture, heard) = start([port]);
    let client = exchange(&listener, b"Hello, world");
    let mut times = Vec::new();
    let mut packets = Vec::new();
    while packets.iter().filter(|packet| flags(packet).has(Flags::FIN)).count() < 2 {
        let (at, packet) = packet(&heard);
        times.push(at);
        packets.push(packet);
    }
    assert!(times.is_sorted(), "{times:?}");
    let numbers: Vec<u64> = packets.iter().map(|packet| packet.number).collect();
    assert_eq!(numbers, (1..=packets.len() as u64).collect::<Vec<_>>());
    let first = &packets[0];
    assert_eq!((flags(first), first.flow.local.port()), (Flags::SYN, client));
    assert!(packets.iter().all(|packet| packet.findings.iter().all(|found| !found.is_news())), "{packets:#?}");
    // On loopback checksums are not filled in, which must not count as an error.
    assert!(packets.iter().all(|packet| packet.findings.has(Finding::ChecksumPartial)));
    let data: Vec<_> = packets.iter().filter(|p| p.payload.len > 0).map(|p| p.payload.text.as_str()).collect();
    assert_eq!(data, ["Hello, world", "HELLO, WORLD"]);
    let numbers = |n: usize| packets[n].tcp.as_ref().map(|tcp| (tcp.seq_rel, tcp.ack_rel)).unwrap();
    assert_eq!((numbers(0), numbers(1), numbers(2)), ((Some(0), None), (Some(0), Some(1)), (Some(1), Some(1))));
    let kept = capture.store().get(1).unwrap();
    assert_eq!(kept.bytes.len(), kept.wire_len as usize);
}

fn a_refusal_and_a_port_unreachable_are_linked_to_their_causes() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (_capture, heard) = start([port]);
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    let refused = until(&heard, |packet| flags(packet).has(Flags::RST));
    assert!(
        refused[1].findings.has(Finding::Reset(ResetReason::Refused))
            && refused[1].findings.has(Finding::CausedBy { packet: 1 })
    );
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"anybody?", ("127.0.0.1", port)).unwrap();
    let answered = until(&heard, |packet| packet.icmp.is_some());
    assert_eq!((answered[1].icmp, answered[1].flow.proto), (Some(Icmp::PortUnreachable), Proto::Udp));
    assert!(answered[1].findings.has(Finding::CausedBy { packet: answered[0].number }), "{answered:?}");
}

fn ipv6_is_captured_too_and_other_ports_are_not() {
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let other_port = other.local_addr().unwrap().port();
    assert_ne!(port, other_port);
    let (capture, heard) = start([port]);
    exchange(&other, b"not ours");
    exchange(&listener, b"ours");
    let seen = until(&heard, |packet| packet.flow.local.is_ipv6() && flags(packet).has(Flags::FIN));
    // Another test may have the same port over IPv4.
    let is_ours =
        |flow: socklab::api::domain::Flow| flow.has_port(port) && (flow.local.is_ipv6() || !flow.has_port(other_port));
    assert!(seen.iter().all(|packet| is_ours(packet.flow)), "{seen:?}");
    // Change the scope to the other port.
    capture.scope(Scope::ports([other_port]));
    exchange(&listener, b"not ours");
    exchange(&other, b"ours");
    let seen = until(&heard, |packet| packet.flow.local.is_ipv4() && flags(packet).has(Flags::FIN));
    assert!(
        seen.iter().filter(|packet| packet.flow.local.is_ipv6()).count() <= 2,
        "at most the last packets of the old scope"
    );
}

fn on_every_interface_loopback_packets_are_still_seen_once() {
    let key = CaptureAccess::open().unwrap();
    let (listener, port) = listen();
    let (sink, heard) = sink(1_000);
    let capture = Capture::start(sink, &key, &CaptureInterface::Any, Scope::ports([port])).unwrap();
    exchange(&listener, b"Hello, world");
    let seen = until(&heard, |packet| flags(packet) == Flags::ACK && packet.number > 8);
    assert!(seen.iter().all(|packet| packet.retransmission_of.is_none()), "{seen:?}");
    assert_eq!(seen.iter().filter(|packet| flags(packet).has(Flags::SYN)).count(), 2);
    let kept = capture.store().get(1).unwrap();
    assert_eq!((kept.link, &kept.bytes[..2]), (socklab::api::packet::LinkType::LINUX_SLL2, &[8, 0][..]));
    // The access can be used again after the capture has ended, and its sockets hold no old packets.
    capture.stop();
    exchange(&listener, b"between two captures");
    let (sink, heard) = super::heard::sink(1_000);
    let again = Capture::start(sink, &key, &CaptureInterface::Any, Scope::ports([port])).unwrap();
    exchange(&listener, b"again");
    let (_, first) = packet(&heard);
    assert_eq!((first.number, flags(&first)), (1, Flags::SYN));
    again.stop();
    let none = Capture::start(super::heard::sink(9).0, &key, &CaptureInterface::Named("nonesuch".into()), Scope::All)
        .unwrap_err();
    assert_eq!((none.need, none.remedy), (Need::Interface, Remedy::OtherInterface));
}

fn stopping_ends_the_thread_and_nothing_captured_before_is_missing() {
    let (listener, port) = listen();
    let (capture, _heard) = start([port]);
    exchanges(&listener, 50, b"x");
    let store = capture.stop();
    let whole = store.packets().iter().filter(|packet| packet.bytes[47] & 2 != 0).count();
    assert_eq!(whole, 100, "SYN and SYN+ACK of 50 connections");
}

/// Starts tcpdump on a port and the ICMP errors about it, and waits until it captures.
pub(crate) fn tcpdump(on: &[&str], port: u16, file: &std::path::Path) -> Ended {
    let filter = format!("port {port} or (icmp[0] == 3 and icmp[30:2] == {port})");
    let mut command = Command::new("tcpdump");
    command.args(["-s0", "-U", "-B", "32768", "-Z", "root"]).args(on).arg("-w").arg(file).arg(filter);
    begun(&mut command, "listening on")
}

/// Waits until a capture file that is being written has such packets; its last packet may be cut short.
pub(crate) fn written(file: &std::path::Path, has: impl Fn(&[PacketSummary]) -> bool) {
    let end = Instant::now() + DEADLINE;
    loop {
        let file = std::fs::File::open(file).unwrap();
        let packets = PacketStore::open(file, usize::MAX).map(|(store, _)| store.packets()).unwrap_or_default();
        let mut analysis = Analysis::default();
        let packets: Vec<_> = packets.iter().filter_map(|packet| analysis.see(&packet.frame())).collect();
        if has(&packets) {
            return;
        }
        assert!(Instant::now() < end, "not written: {} other packets are", packets.len());
        std::thread::yield_now();
    }
}

/// Starts a program that captures, and waits until it says that it does.
pub(crate) fn begun(command: &mut Command, ready: &str) -> Ended {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    // A closed pipe would end it, so keep reading its output.
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains(ready)), "{command:?} does not begin");
    std::thread::spawn(move || said.count());
    Ended(child)
}

/// A child process that does not outlive its test.
pub(crate) struct Ended(Child);

impl Ended {
    /// Asks it to end, as Ctrl-C does, and waits until it has.
    pub(crate) fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn tcpdump_sees_the_same_packets_in_the_same_order_with_the_same_bytes() {
    let (listener, port) = listen();
    let (capture, _heard) = start([port]);
    let folder = Folder::new("tcpdump");
    let (theirs, ours) = (folder.file("theirs.pcap"), folder.file("ours.pcapng"));
    let tcpdump = tcpdump(&["-i", "lo"], port, &theirs);
    exchanges(&listener, 20, b"Hello, world");
    exchange(&listener, &vec![b'x'; 200_000]);
    let refused = UdpSocket::bind("127.0.0.1:0").unwrap();
    refused.send_to(b"x", ("127.0.0.1", port)).unwrap();
    // Wait until tcpdump has written the last packet.
    written(&theirs, |packets| packets.iter().any(|packet| packet.icmp.is_some()));
    tcpdump.end();
    let fields = ["ip.id", "tcp.flags", "tcp.len", "tcp.seq", "tcp.ack", "udp.length", "icmp.type", "frame.len"];
    let store = capture.stop();
    store.save(std::fs::File::create(&ours).unwrap(), &[]).unwrap();
    let read = |packet: &Packet| (packet.wire_len, packet.bytes.clone());
    let theirs_read = open(&theirs).packets();
    let ours_kept = store.packets();
    assert_eq!(theirs_read.len(), ours_kept.len());
    for (theirs, ours) in theirs_read.iter().zip(&ours_kept) {
        assert_eq!(read(theirs), read(ours), "packet {}", ours.number);
    }
    let rows = tshark::fields(&theirs, &fields);
    assert_eq!(rows, tshark::fields(&ours, &fields));
    // Our own numbers are the same too.
    let mut analysis = Analysis::default();
    for (row, packet) in rows.iter().zip(&ours_kept) {
        let PacketSummary { tcp: Some(tcp), payload, .. } = analysis.see(&packet.frame()).unwrap() else { continue };
        let numbers = [Some(payload.len.try_into().unwrap()), tcp.seq_rel, tcp.ack_rel.or(Some(0))];
        assert_eq!(numbers.map(|number| number.unwrap().to_string()), row[2..5], "packet {}", packet.number);
    }
    assert_eq!(tshark::tshark(&ours, &["-Y", "_ws.malformed"]), "");
    assert_eq!(tshark::tshark(&ours, &["-Y", "_ws.expert.severity == \"Error\""]), "");
}
