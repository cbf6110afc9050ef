//! What the command says and writes of files with packets that it does not list, without times, or compressed.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use etherparse::{IcmpEchoHeader, Icmpv4Type, PacketBuilder};
use socklab::api::observe::capture::file::{Interface, Packet, PcapngWriter};
use socklab::api::packet::{Frame, LinkType};

use super::trace::{Folder, open};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(packets_that_are_not_listed_are_counted_by_name, &[]),
        test(times_count_from_the_first_packet_of_the_file_in_every_output, &[]),
        test(a_packet_without_a_time_has_none_in_any_output, &[]),
        test(a_compressed_file_is_read_or_named, &[]),
    ]
}

const BEGUN: u64 = 1_700_000_000_000_000_000;

/// Standard output, standard error and the status of `socklab-tui capture -r FILE`.
fn capture(file: &Path, more: &[&str]) -> (String, String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
    let output = command.env("LC_ALL", "en_US.UTF-8").args(["capture", "-r"]).arg(file).args(more).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

/// A pcapng file of these frames, half a second apart.
fn written(link: LinkType, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new()).unwrap();
    writer.interface(&Interface { name: Some("made".into()), description: String::new(), link }).unwrap();
    for (number, bytes) in (1..).zip(frames) {
        let wire_len = u32::try_from(bytes.len()).unwrap();
        let at = BEGUN + (number - 1) * 500_000_000;
        writer.packet(&Packet::of(&Frame { number, at, link, wire_len, bytes }), &[]).unwrap();
    }
    writer.into_inner()
}

/// ARP, its answer, and a ping.
fn ping() -> Vec<u8> {
    let arp = [&[0; 12][..], &[8, 6], &[0; 28]].concat();
    let echo = |kind, from, to| {
        let mut bytes = Vec::new();
        let builder = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(from, to, 64).icmpv4(kind);
        builder.write(&mut bytes, b"abcdefgh").unwrap();
        bytes
    };
    let header = IcmpEchoHeader { id: 7, seq: 1 };
    let (one, other) = ([192, 0, 2, 2], [192, 0, 2, 1]);
    let request = echo(Icmpv4Type::EchoRequest(header), one, other);
    let reply = echo(Icmpv4Type::EchoReply(header), other, one);
    written(LinkType::ETHERNET, &[arp.clone(), arp, request, reply])
}

fn packets_that_are_not_listed_are_counted_by_name() {
    let folder = Folder::new("unlisted");
    let file = folder.file("user0.pcapng");
    std::fs::write(&file, written(LinkType(147), &vec![vec![0; 60]; 17])).unwrap();
    let (out, err, status) = capture(&file, &[]);
    assert_eq!((out.as_str(), status), ("", Some(0)));
    assert!(err.contains("17 packets of link type USER0 (147), which this program does not read"), "{err}");
    let file = folder.file("ping.pcapng");
    std::fs::write(&file, ping()).unwrap();
    let (out, err, _) = capture(&file, &["proto icmp"]);
    assert!(err.contains("2 packets of EtherType ARP (0x0806): not TCP, UDP or ICMP"), "{err}");
    assert!(out.starts_with("icmp 192.0.2.2 ") && out.contains("─── ICMP echo request id 7 seq 1 "), "{out}");
    let copy = folder.file("copy.pcapng");
    let (_, err, _) = capture(&file, &["-w", copy.to_str().unwrap()]);
    assert!(err.contains("Not in the copy: 2 packets, "), "{err}");
}

fn times_count_from_the_first_packet_of_the_file_in_every_output() {
    let folder = Folder::new("times");
    let (file, copy) = (folder.file("ping.pcapng"), folder.file("copy.pcapng"));
    std::fs::write(&file, ping()).unwrap();
    let (ladder, ..) = capture(&file, &[]);
    let times: Vec<_> = ladder.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(times, ["1.000000", "1.500000"], "{ladder}");
    let (json, ..) = capture(&file, &["--json"]);
    let times: Vec<_> = json
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["t_ms"].as_f64().unwrap())
        .collect();
    assert_eq!(times, [1_000.0, 1_500.0], "{json}");
    capture(&file, &["-w", copy.to_str().unwrap()]);
    let times: Vec<_> = open(&copy).packets().iter().map(|packet| packet.at).collect();
    assert_eq!(times, [Some(BEGUN + 1_000_000_000), Some(BEGUN + 1_500_000_000)]);
}

fn a_packet_without_a_time_has_none_in_any_output() {
    let folder = Folder::new("untimed");
    let (file, copy) = (folder.file("simple.pcapng"), folder.file("copy.pcapng"));
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 2], [192, 0, 2, 1], 64).udp(40_000, 53).write(&mut bytes, b"oi").unwrap();
    let mut writer = PcapngWriter::new(std::fs::File::create(&file).unwrap()).unwrap();
    let link = LinkType::RAW;
    writer.interface(&Interface { name: Some("made".into()), description: String::new(), link }).unwrap();
    let wire_len = u32::try_from(bytes.len()).unwrap();
    let packet = Packet::of(&Frame { number: 1, at: BEGUN, link, wire_len, bytes: &bytes });
    writer.packet(&Packet { at: None, ..packet }, &[]).unwrap();
    let (ladder, err, status) = capture(&file, &[]);
    assert!(ladder.contains("     1               ─── UDP 2 B \"oi\"") && ladder.contains("[no time]"), "{ladder}");
    assert_eq!((err.as_str(), status), ("", Some(0)));
    let (json, ..) = capture(&file, &["--json"]);
    assert!(json.contains("\"no time\"") && !json.contains("t_ms"), "{json}");
    capture(&file, &["-w", copy.to_str().unwrap()]);
    assert_eq!(open(&copy).packets()[0].at, None);
}

fn a_compressed_file_is_read_or_named() {
    let folder = Folder::new("packed");
    let file = folder.file("ping.pcapng.gz");
    let mut packed = flate2::write::GzEncoder::new(std::fs::File::create(&file).unwrap(), flate2::Compression::fast());
    packed.write_all(&ping()).unwrap();
    packed.finish().unwrap();
    let (out, _, status) = capture(&file, &[]);
    assert!(out.contains("echo reply id 7 seq 1") && status == Some(0), "{out}");
    let file = folder.file("ping.pcapng.xz");
    std::fs::write(&file, b"\xfd7zXZ\0 and so on").unwrap();
    let (_, err, status) = capture(&file, &[]);
    assert!(err.contains("xz -dc FILE | socklab-tui capture -r -") && status == Some(1), "{err}");
}
