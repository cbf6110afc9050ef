//! Scripted captures read field by field, compared with tshark's reading of the same file.

use std::path::Path;
use std::sync::Arc;

use socklab::api::domain::{Finding, PacketSummary, TcpOption};
use socklab::api::observe::capture::file::{Interface, Packet, PcapngWriter};
use socklab::api::observe::capture::{StreamPiece, follow_stream};
use socklab::api::packet::Analysis;

use super::scripts::{self, Carrier};
use super::trace::{Folder, marks};
use super::tshark;
use crate::harness::{Need::Tool, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(every_script_has_the_fields_and_marks_that_tshark_reads, &[Tool("tshark")]),
        test(every_script_has_the_contents_that_tshark_follows, &[Tool("tshark")]),
    ]
}

fn save(packets: &[Packet], carrier: Carrier, path: &Path) {
    let mut writer = PcapngWriter::new(std::io::BufWriter::new(std::fs::File::create(path).unwrap())).unwrap();
    let interface = Interface { name: Some("made".into()), description: String::new(), link: carrier.link() };
    writer.interface(&interface).unwrap();
    packets.iter().for_each(|packet| writer.packet(packet, &[]).unwrap());
}

const FIELDS: [&str; 14] = [
    "tcp.seq",
    "tcp.ack",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.window_size",
    "tcp.len",
    "tcp.flags",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.sack_perm",
    "tcp.options.sack_le",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.option_kind",
];

/// The same fields as we read them. Numbers that we leave out, because no SYN of that side was seen, are `None`.
fn ours(packet: &PacketSummary) -> Option<Vec<Option<String>>> {
    let tcp = packet.tcp.as_ref().filter(|_| !packet.is_piece())?;
    let list = |of: &dyn Fn(&TcpOption) -> Option<String>| {
        Some(tcp.options.iter().filter_map(of).collect::<Vec<_>>().join(","))
    };
    let number = |value: u32| Some(value.to_string());
    Some(vec![
        tcp.seq_rel.map(|seq| seq.to_string()),
        tcp.ack_rel.map(|ack| ack.to_string()),
        number(tcp.seq),
        number(tcp.ack),
        // tshark multiplies it as soon as it knows one side's scale.
        number(tcp.window).filter(|_| !packet.findings.has(Finding::ScaleUnknown)),
        number(u32::try_from(packet.payload.len).unwrap()),
        Some(format!("0x{:04x}", tcp.flags.0)),
        list(&|option| if let TcpOption::Mss(mss) = option { Some(mss.to_string()) } else { None }),
        list(&|option| if let TcpOption::WindowScale(shift) = option { Some(shift.to_string()) } else { None }),
        list(&|option| (*option == TcpOption::SackPermitted).then(|| "0402".to_owned())),
        None,
        list(&|option| if let TcpOption::Timestamps(value, _) = option { Some(value.to_string()) } else { None }),
        list(&|option| if let TcpOption::Timestamps(_, echo) = option { Some(echo.to_string()) } else { None }),
        list(&|option| Some(kind(option).to_string())),
    ])
}

const fn kind(option: &TcpOption) -> u8 {
    match option {
        TcpOption::Mss(_) => 2,
        TcpOption::WindowScale(_) => 3,
        TcpOption::SackPermitted => 4,
        TcpOption::Sack(..) => 5,
        TcpOption::Timestamps(..) => 8,
        TcpOption::Other { kind, .. } => *kind,
    }
}

/// How many of a packet's SACK blocks agree with tshark's left edges, which it shows relative.
fn sack_edges(packet: &PacketSummary) -> String {
    let Some(tcp) = &packet.tcp else { return String::new() };
    let base = tcp.ack_rel.map_or(0, |relative| tcp.ack.wrapping_sub(relative));
    let edges = tcp.options.iter().filter_map(|option| match option {
        TcpOption::Sack(first, _) => Some(first.wrapping_sub(base).to_string()),
        _ => None,
    });
    edges.collect::<Vec<_>>().join(",")
}

fn every_script_has_the_fields_and_marks_that_tshark_reads() {
    let folder = Folder::new("by-field");
    let file = folder.file("scripts.pcapng");
    for carrier in Carrier::ALL {
        let (packets, segments) = scripts::packets(carrier);
        save(&packets, carrier, &file);
        let (rows, theirs) = (tshark::fields(&file, &FIELDS), tshark::marks(&file));
        assert_eq!((rows.len(), theirs.len()), (packets.len(), packets.len()));
        let mut analysis = Analysis::default();
        let mut compared = 0;
        for ((packet, row), theirs) in packets.iter().zip(&rows).zip(&theirs) {
            let seen = analysis.see(&packet.frame()).unwrap_or_else(|| panic!("{packet:?} is not read"));
            let Some(ours) = ours(&seen) else {
                assert!(row[0].is_empty(), "{row:?}");
                continue;
            };
            compared += 1;
            let place = format!("{}, {carrier:?}, packet {}", script(&seen), packet.number);
            for ((field, ours), theirs) in FIELDS.iter().zip(&ours).zip(row) {
                let theirs = if *field == "tcp.option_kind" { known_kinds(theirs) } else { theirs.clone() };
                if let Some(ours) = ours {
                    assert_eq!(*ours, theirs, "{field} of {place}");
                }
            }
            assert_eq!(sack_edges(&seen), row[10], "SACK of {place}");
            assert_eq!(marks(&seen), *theirs, "{place}: {seen:#?}");
            assert!(!seen.findings.has(Finding::ChecksumBad), "{place}");
        }
        assert_eq!(compared, segments, "{carrier:?}");
    }
}

/// The name of the script that a packet belongs to.
fn script(packet: &PacketSummary) -> &'static str {
    let ports = [Some(packet.flow.local), packet.flow.peer].into_iter().flatten().map(|end| end.port());
    let port = ports.max().unwrap_or_default();
    (0..).zip(scripts::all()).find_map(|(n, (name, _))| (scripts::port(n) == port).then_some(name)).unwrap()
}

/// tshark lists the options that only fill up the header as well.
fn known_kinds(kinds: &str) -> String {
    kinds.split(',').filter(|kind| !matches!(*kind, "0" | "1")).collect::<Vec<_>>().join(",")
}

/// What each side of a connection said, client first, as tshark prints it: hexadecimal lines, those of the side that
/// spoke second after a tab.
fn followed(text: &str) -> [String; 2] {
    let first = text.lines().find_map(|line| line.strip_prefix("Node 0: ")).unwrap_or_default();
    let mut said = [Vec::new(), Vec::new()];
    let is_hex = |line: &&str| !line.trim().is_empty() && line.trim().bytes().all(|byte| byte.is_ascii_hexdigit());
    for line in text.lines().filter(is_hex) {
        let second = line.starts_with('\t');
        let by_server = second != first.ends_with(":80");
        let bytes = line.trim().as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        said[usize::from(by_server)].extend(bytes.map(byte));
    }
    said.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// The same as we follow it.
fn said(packets: &[Arc<Packet>], first: &PacketSummary) -> [String; 2] {
    // A pair of ports that is used again has several connections; the first is meant.
    let stream = follow_stream(packets, &first.flow, Some(first.number), usize::MAX).unwrap();
    let mut said = [String::new(), String::new()];
    for chunk in &stream.said {
        let text = match &chunk.piece {
            StreamPiece::Data(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            // In the words of tshark.
            StreamPiece::Missing(count) => format!("[{count} bytes missing in capture file]\0"),
        };
        said[usize::from(!chunk.by_client)].push_str(&text);
    }
    said
}

fn every_script_has_the_contents_that_tshark_follows() {
    let folder = Folder::new("followed");
    let file = folder.file("scripts.pcapng");
    for carrier in Carrier::ALL {
        let (packets, _) = scripts::packets(carrier);
        save(&packets, carrier, &file);
        let streams: Vec<_> = tshark::fields(&file, &["tcp.stream"]).into_iter().map(|row| row[0].clone()).collect();
        let kept: Vec<_> = packets.into_iter().map(Arc::new).collect();
        let mut analysis = Analysis::default();
        // The first segment of each script, and tshark's number of its connection.
        let mut firsts: Vec<(PacketSummary, &str)> = Vec::new();
        for (packet, stream) in kept.iter().zip(&streams) {
            let seen = analysis.see(&packet.frame()).unwrap();
            if !seen.is_piece() && firsts.iter().all(|(first, _)| script(first) != script(&seen)) {
                firsts.push((seen, stream));
            }
        }
        assert_eq!(firsts.len(), scripts::all().len());
        let asked: Vec<_> = firsts.iter().map(|(_, stream)| format!("follow,tcp,raw,{stream}")).collect();
        let arguments: Vec<_> = asked.iter().flat_map(|asked| ["-z", asked.as_str()]).collect();
        let text = tshark::tshark(&file, &[&["-n", "-q"], &arguments[..]].concat());
        for (first, stream) in &firsts {
            let filter = format!("Filter: tcp.stream eq {stream}\n");
            let (_, text) = text.split_once(&filter).unwrap_or_else(|| panic!("{filter}{text}"));
            let text = text.split("Filter: ").next().unwrap_or_default();
            assert_eq!(said(&kept, first), followed(text), "{}, {carrier:?}", script(first));
        }
    }
}
