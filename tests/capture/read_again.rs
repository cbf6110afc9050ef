//! What the command says and writes of files with packets that it does not list, without times, or compressed.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use etherparse::{IcmpEchoHeader, Icmpv4Type, PacketBuilder};
use socklab::api::observe::capture::file::{CaptureReader, Interface, Packet, PcapngWriter};
use socklab::api::packet::{Frame, LinkType};

use super::trace::{Folder, open};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(packets_that_are_not_listed_are_counted_by_name, &[]),
        test(times_count_from_the_first_packet_of_the_file_in_every_output, &[]),
        test(a_packet_without_a_time_has_none_in_any_output, &[]),
        test(a_compressed_file_is_read_or_named, &[]),
        test(the_errors_of_a_file_are_sentences_in_the_chosen_language, &[]),
        test(a_file_that_unpacks_to_gigabytes_does_not_fill_the_memory, &[]),
        test(what_a_copy_lacks_is_said_block_by_block_and_option_by_option, &[]),
        test(a_copy_keeps_interfaces_and_comments_also_without_packets, &[]),
    ]
}

const BEGUN: u64 = 1_700_000_000_000_000_000;

/// Standard output, standard error and the status of `socklab-tui capture -r FILE`.
fn capture(file: &Path, more: &[&str]) -> (String, String, Option<i32>) {
    capture_in("en_US.UTF-8", file, more)
}

fn capture_in(locale: &str, file: &Path, more: &[&str]) -> (String, String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
    let output = command.env("LC_ALL", locale).args(["capture", "-r"]).arg(file).args(more).output().unwrap();
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

fn the_errors_of_a_file_are_sentences_in_the_chosen_language() {
    let folder = Folder::new("errors");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.file(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let whole = ping();
    let mut damaged = whole.clone();
    let end = damaged.len() - 4;
    damaged[end] ^= 0x40;
    let written = folder.file("no/such/folder");
    for (path, more, en, pt) in [
        (folder.file("none"), "", "There is no such file.", "Esse arquivo não existe."),
        (file("text", b"GIF89a, no capture"), "", "This is not a capture file", "Isto não é uma captura"),
        (file("xz", b"\xfd7zXZ\0 and so on"), "", "compressed with xz", "comprimido com xz"),
        (
            file("cut", &whole[..end]),
            "",
            "ends in the middle of a packet, after 3 packets.",
            "no meio de um pacote, depois de 3 pacotes.",
        ),
        (file("damaged", &damaged), "", "a block whose two lengths differ.", "um bloco cujos dois tamanhos diferem."),
        (file("whole", &whole), written.to_str().unwrap(), "cannot be written: ENOENT", "gravar os pacotes: ENOENT"),
    ] {
        let output = if more.is_empty() { vec![] } else { vec!["--write", more] };
        for (lang, sentence) in [("en", en), ("pt-BR", pt)] {
            let (_, err, status) = capture(&path, &[&["--lang", lang], output.as_slice()].concat());
            assert!(err.contains(sentence) && status == Some(1), "{lang} {}: {err}", path.display());
        }
    }
}

/// A block of pcapng (`draft-ietf-opsawg-pcapng` §3.1).
fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let len = (u32::try_from(padded).unwrap() + 12).to_le_bytes();
    [&kind.to_le_bytes(), &len[..], body, &vec![0; padded - body.len()], &len].concat()
}

/// An option of a block, and the end of the options (§3.5).
fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
    let len = u16::try_from(value.len()).unwrap().to_le_bytes();
    [&code.to_le_bytes(), &len[..], value, &padding, &[0; 4]].concat()
}

/// One datagram as an enhanced packet block of the first interface, with these options.
fn enhanced(options: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([192, 0, 2, 2], [192, 0, 2, 1], 64).udp(40_000, 53).write(&mut bytes, b"oi!!").unwrap();
    let len = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    block(6, &[&[0; 12][..], &len, &len, &bytes, options].concat())
}

/// The header of a section with a comment of its own, and an interface of raw IP with these options.
fn section(options: &[u8]) -> Vec<u8> {
    let header = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8], &option(1, b"the section")].concat();
    let interface = [&[101, 0, 0, 0, 0, 0, 0, 0][..], options].concat();
    [block(0x0a0d_0d0a, &header), block(1, &interface)].concat()
}

fn what_a_copy_lacks_is_said_block_by_block_and_option_by_option() {
    let folder = Folder::new("lacking");
    let (file, copy) = (folder.file("all.pcapng"), folder.file("copy.pcapng"));
    let secrets = [&0x544c_534b_u32.to_le_bytes()[..], &4_u32.to_le_bytes(), b"keys"].concat();
    let parts = [
        // The speed of an interface.
        section(&option(8, &1_000_u64.to_le_bytes())),
        // A comment, which is kept, and the direction of a packet.
        enhanced(&[&option(1, b"kept")[..8], &option(2, &[1, 0, 0, 0])].concat()),
        block(4, &[0; 4]),
        block(4, &[0; 4]),
        block(5, &[0; 12]),
        block(9, b"journal"),
        block(10, &secrets),
        block(0x0bad, &[0; 4]),
        block(0x77, b"what is this"),
    ];
    std::fs::write(&file, parts.concat()).unwrap();
    for (locale, begins) in
        [("en_US.UTF-8", "socklab-tui: Not in the copy: "), ("pt_BR.UTF-8", "socklab-tui: Não está na cópia: ")]
    {
        let (_, err, status) = capture_in(locale, &file, &["-w", copy.to_str().unwrap()]);
        let list = err.lines().find_map(|line| line.strip_prefix(begins)).unwrap_or_else(|| panic!("{err}"));
        let mut named: Vec<_> = list.trim_end_matches('.').split(", ").collect();
        named.sort_unstable();
        let expected = [
            "1 × Custom Block",
            "1 × Decryption Secrets Block",
            "1 × Enhanced Packet Block option",
            "1 × Interface Description Block option",
            "1 × Interface Statistics Block",
            "1 × Section Header Block option",
            "1 × systemd Journal Export Block",
            "1 × unknown block",
            "2 × Name Resolution Block",
        ];
        assert_eq!((&named[..], status), (&expected[..], Some(0)), "{err}");
    }
    assert_eq!(open(&copy).packets()[0].comments, ["kept"]);
    // Nothing is lacking in the copy of the copy but what every copy has of its own: who wrote it.
    let (_, err, _) = capture(&copy, &["-w", folder.file("again.pcapng").to_str().unwrap()]);
    assert_eq!(err, "socklab-tui: Not in the copy: 2 × Section Header Block option.\n");
}

fn a_copy_keeps_interfaces_and_comments_also_without_packets() {
    let folder = Folder::new("kept");
    let (file, copy) = (folder.file("two.pcapng"), folder.file("copy.pcapng"));
    let second = [&[1, 0, 0, 0, 0, 0, 0, 0][..], &option(2, b"eth7")].concat();
    std::fs::write(&file, [section(&option(2, b"lo")), block(1, &second), enhanced(&option(1, b"kept"))].concat())
        .unwrap();
    for (filter, packets) in [("udp", 1), ("tcp", 0)] {
        let (_, _, status) = capture(&file, &[filter, "-w", copy.to_str().unwrap()]);
        assert_eq!(status, Some(0));
        let mut reader = CaptureReader::new(std::fs::File::open(&copy).unwrap()).unwrap();
        let count = std::iter::from_fn(|| reader.next_packet().unwrap()).count();
        let names: Vec<_> = reader.interfaces().iter().map(|one| one.name.as_ref().unwrap().as_str()).collect();
        assert_eq!((count, names), (packets, vec!["lo", "eth7"]), "{filter}");
    }
}

/// The beginning of a pcapng file, and the head of a block that nobody knows, two gigabytes long.
fn begun() -> Vec<u8> {
    const LONG: u32 = (2 << 30) + 12;
    [section(&[]), enhanced(&[]), 0x77_u32.to_le_bytes().to_vec(), LONG.to_le_bytes().to_vec()].concat()
}

/// A frame of Zstandard (RFC 8878 §3.1.1) with a window of 64 MiB: so many blocks of 128 KiB, each of one repeated byte.
fn zeros(blocks: u32) -> Vec<u8> {
    const WINDOW: u8 = 16 << 3;
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, WINDOW];
    for block in 1..=blocks {
        let header = u32::from(block == blocks) | 1 << 1 | (128 << 10) << 3;
        frame.extend(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

fn a_file_that_unpacks_to_gigabytes_does_not_fill_the_memory() {
    let folder = Folder::new("bomb");
    let gzip = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let packed = |bytes: &[u8]| ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest);
    let (megabytes, gzipped) = (vec![0; 16 << 20], folder.file("bomb.pcapng.gz"));
    std::fs::write(&gzipped, [gzip(&begun()), gzip(&megabytes).repeat(128)].concat()).unwrap();
    let zstd = folder.file("bomb.pcapng.zst");
    std::fs::write(&zstd, [packed(&begun()), zeros(16 << 10)].concat()).unwrap();
    for file in [gzipped, zstd] {
        // In a quarter of what the file unpacks to.
        let limited =
            format!("ulimit -v 524288; exec {} capture -r {}", env!("CARGO_BIN_EXE_socklab-tui"), file.display());
        let output = Command::new("sh").env("LC_ALL", "en_US.UTF-8").args(["-c", &limited]).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(std::fs::metadata(&file).unwrap().len() < 4 << 20, "it is small");
        // The packet before it is read, and the block to the end of what is unpacked.
        let cut = "ends in the middle of a packet, after 1 packet.";
        assert!(out.contains("UDP 4 B") && err.contains(cut), "{out}{err}");
        assert_eq!(output.status.code(), Some(1), "{out}{err}");
    }
}
