//! Other programs' capture files in ours, and ours in theirs.

use std::io::Write;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;

use socklab::api::domain::{Event, EventKind, Filter, Flags, PacketSummary};
use socklab::api::observe::capture::file::{CaptureFileError, CaptureReader, Packet};
use socklab::api::observe::capture::{LadderStyle, command};
use socklab::api::packet::Analysis;

use super::live::{exchange, exchanges, listen, start};
use super::trace::{Folder, Seg, open, packets, save};
use super::tshark;
use crate::harness::{
    Need::{Capture, Tool},
    Test, test,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(
            every_format_that_editcap_writes_is_read_with_the_same_packets,
            &[Capture, Tool("editcap"), Tool("tshark")],
        ),
        test(tshark_reads_our_files_without_complaint_with_names_and_comments, &[Capture, Tool("tshark")]),
        test(cooked_captures_of_tcpdump_are_read_with_the_same_packets, &[Capture, Tool("tcpdump"), Tool("tshark")]),
        test(captures_of_dumpcap_are_read_with_the_same_packets, &[Capture, Tool("dumpcap"), Tool("tshark")]),
        test(a_file_is_printed_as_a_ladder_and_a_damaged_one_up_to_the_damage, &[]),
        test(a_closed_pipe_ends_the_output_without_an_error, &[]),
        test(a_packets_json_line_agrees_with_its_rung, &[]),
    ]
}

/// Compares our reading of each packet with tshark's: number, length, ports, flags, length of the payload.
fn same_as_tshark(path: &Path) {
    let store = open(path);
    let fields = "frame.number frame.len frame.cap_len tcp.srcport tcp.flags tcp.len udp.length icmp.type";
    let mut theirs = tshark::fields(path, &fields.split(' ').collect::<Vec<_>>());
    for row in &mut theirs {
        // The fields of a packet quoted in an ICMP error do not count.
        if row.pop().is_some_and(|kind| !kind.is_empty()) {
            row[3..].iter_mut().for_each(String::clear);
        }
    }
    let mut analysis = Analysis::default();
    let ours: Vec<Vec<String>> = store
        .packets()
        .iter()
        .map(|packet| {
            let seen = analysis.see(&packet.frame());
            let tcp = seen.as_ref().and_then(|seen| seen.tcp.as_ref());
            let udp = seen.as_ref().filter(|seen| seen.tcp.is_none() && seen.icmp.is_none());
            let text = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
            vec![
                packet.number.to_string(),
                packet.wire_len.to_string(),
                packet.bytes.len().to_string(),
                text(tcp.and(seen.as_ref()).map(|seen| u64::from(seen.flow.local.port()))),
                tcp.map(|tcp| format!("0x{:04x}", tcp.flags.0)).unwrap_or_default(),
                text(tcp.and(seen.as_ref()).map(|seen| seen.payload.len as u64)),
                text(udp.map(|seen| seen.payload.len as u64 + 8)),
            ]
        })
        .collect();
    assert_eq!(ours, theirs, "{}", path.display());
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A file with real packets over loopback, saved by us.
fn recorded(folder: &Folder) -> PathBuf {
    let (listener, port) = listen();
    let (capture, _heard) = start([port]);
    exchanges(&listener, 5, b"Hello, world");
    exchange(&listener, &vec![b'x'; 100_000]);
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"oi", ("127.0.0.1", port)).unwrap();
    let store = capture.stop();
    let path = folder.file("recorded.pcapng");
    store.save(std::fs::File::create(&path).unwrap(), &[(1, "aqui começa".into())]).unwrap();
    path
}

fn every_format_that_editcap_writes_is_read_with_the_same_packets() {
    let folder = Folder::new("formats");
    let path = recorded(&folder);
    same_as_tshark(&path);
    let text = path.to_str().unwrap();
    for (name, arguments) in [
        ("pcap", &["-F", "pcap"][..]),
        ("nsecpcap", &["-F", "nsecpcap"]),
        ("pcapng", &["-F", "pcapng"]),
        ("cut", &["-F", "pcapng", "-s", "60"]),
        ("without-ethernet", &["-F", "pcap", "-C", "14", "-L", "-T", "rawip"]),
    ] {
        let to = folder.file(name);
        let mut all = arguments.to_vec();
        all.extend([text, to.to_str().unwrap()]);
        run("editcap", &all);
        same_as_tshark(&to);
    }
    // Exactly the same bytes and times, to the precision of the format.
    let original = open(&path).packets();
    for (name, unit) in [("pcap", 1_000), ("nsecpcap", 1), ("pcapng", 1)] {
        let packets = open(&folder.file(name)).packets();
        assert_eq!(packets.len(), original.len());
        for (ours, theirs) in original.iter().zip(&packets) {
            let at = |packet: &Packet| packet.at.unwrap() / unit;
            assert_eq!((&ours.bytes, at(ours)), (&theirs.bytes, at(theirs)), "{name}");
        }
    }
    assert_eq!(open(&folder.file("pcapng")).get(1).unwrap().comments, ["aqui começa"]);
}

fn tshark_reads_our_files_without_complaint_with_names_and_comments() {
    let folder = Folder::new("ours");
    let path = recorded(&folder);
    assert_eq!(tshark::tshark(&path, &["-Y", "_ws.malformed"]), "");
    assert_eq!(tshark::tshark(&path, &["-Y", "_ws.expert.severity == \"Error\""]), "");
    let rows = tshark::fields(&path, &["frame.interface_name", "frame.interface_description", "frame.comment"]);
    assert_eq!(rows[0], ["lo", "loopback", "aqui começa"]);
    assert!(rows[1..].iter().all(|row| row[0] == "lo" && row.get(2).is_none_or(String::is_empty)));
}

fn cooked_captures_of_tcpdump_are_read_with_the_same_packets() {
    let folder = Folder::new("cooked");
    for link in ["LINUX_SLL", "LINUX_SLL2"] {
        let (listener, port) = listen();
        let file = folder.file(link);
        let tcpdump = super::live::tcpdump(&["-i", "any", "-y", link], port, &file);
        exchange(&listener, b"Hello, world");
        super::live::written(&file, both_ended);
        tcpdump.end();
        same_as_tshark(&file);
        assert_eq!(
            open(&file).packets()[0].link.to_string(),
            if link.ends_with('2') { "Linux cooked v2" } else { "Linux cooked v1" }
        );
    }
}

/// Whether both ends have sent a FIN.
fn both_ended(packets: &[PacketSummary]) -> bool {
    let has_fin = |packet: &&PacketSummary| packet.tcp.as_ref().is_some_and(|tcp| tcp.flags.has(Flags::FIN));
    let ends: Vec<_> = packets.iter().filter(has_fin).collect();
    ends.iter().any(|one| ends.iter().any(|other| one.flow.mirror() == Some(other.flow)))
}

fn captures_of_dumpcap_are_read_with_the_same_packets() {
    let folder = Folder::new("dumpcap");
    // As pcapng and as pcap; and of several interfaces that begin differently, in one file.
    for (name, on) in [
        ("pcapng", &["-i", "lo"][..]),
        ("pcap", &["-P", "-i", "lo"]),
        ("any", &["-i", "any"]),
        ("several", &["-i", "lo", "-i", "any"]),
    ] {
        let (listener, port) = listen();
        let filter = format!("port {port}");
        let file = folder.file(name);
        let mut command = Command::new("dumpcap");
        command.args(["-f", &filter]).args(on).arg("-w").arg(&file);
        let dumpcap = super::live::begun(&mut command, "File: ");
        exchange(&listener, b"Hello, world");
        super::live::written(&file, both_ended);
        dumpcap.end();
        same_as_tshark(&file);
    }
}

/// A file with the beginning of a connection, made by hand.
fn made(name: &str) -> (Folder, PathBuf) {
    let seg = |out, flags, seq, ack, len| Seg { out, flags, seq, ack, len, window: 500, scale: None, after: 1_000 };
    let segments = [
        seg(true, Flags::SYN, 99, 0, 0),
        seg(false, Flags::SYN.with(Flags::ACK), 499, 100, 0),
        seg(true, Flags::ACK, 100, 500, 0),
        seg(true, Flags::PSH.with(Flags::ACK), 100, 500, 12),
    ];
    let folder = Folder::new(name);
    let path = folder.file("made.pcapng");
    save(&packets(&segments), &path);
    (folder, path)
}

fn a_file_is_printed_as_a_ladder_and_a_damaged_one_up_to_the_damage() {
    let (_folder, path) = made("ladder");
    let bytes = std::fs::read(&path).unwrap();
    let print = |bytes: &[u8], filter: &str| {
        let mut out = Vec::new();
        let printed =
            command::print_ladder(bytes, &Filter::parse(filter).unwrap(), LadderStyle::default(), &mut out).unwrap();
        (printed, String::from_utf8(out).unwrap())
    };
    let (printed, text) = print(&bytes, "");
    assert_eq!((printed.packets, printed.shown, printed.damage.is_none()), (4, 4, true));
    assert!(
        text.starts_with("tcp client 192.0.2.2:40000 ") && text.contains("PSH+ACK seq 1 ack 1 win 500 12 B"),
        "{text}"
    );
    let (printed, text) = print(&bytes, "flags S.");
    assert_eq!((printed.packets, printed.shown, text.lines().count()), (4, 1, 3));
    let (printed, text) = print(&bytes[..bytes.len() - 5], "");
    assert_eq!((printed.packets, text.lines().count()), (3, 5));
    assert!(matches!(printed.damage, Some(CaptureFileError::Cut(_))), "{:?}", printed.damage);
    assert!(matches!(CaptureReader::new(&b"no capture"[..]), Err(CaptureFileError::NotACapture)));
    assert!(matches!(CaptureReader::new(&b""[..]), Err(CaptureFileError::NotACapture)));
}

/// A pipe whose reader leaves after this many writes.
struct Leaving(usize);

impl Write for Leaving {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn a_closed_pipe_ends_the_output_without_an_error() {
    let (_folder, path) = made("pipe");
    let bytes = std::fs::read(&path).unwrap();
    for writes in 0..6 {
        let all = Filter::default();
        command::print_ladder(&bytes[..], &all, LadderStyle::default(), &mut Leaving(writes)).unwrap();
        command::copy(&bytes[..], &all, &mut Leaving(writes)).unwrap();
    }
}

fn a_packets_json_line_agrees_with_its_rung() {
    let (_folder, path) = made("json");
    let print = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
        let output = command.args(["capture", "-r"]).arg(&path).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (text, json) = (print(&[]), print(&["--json"]));
    let rungs: Vec<_> = text.lines().filter(|line| line.contains(" seq ")).collect();
    assert_eq!((rungs.len(), json.lines().count()), (4, 4), "{text}{json}");
    for (rung, line) in rungs.into_iter().zip(json.lines()) {
        let event: Event = serde_json::from_str(line).unwrap();
        let EventKind::Packet(packet) = &event.seen.kind else { panic!("{line}") };
        let mut words = rung.split_whitespace();
        let (number, since) = (words.next().unwrap(), words.next().unwrap());
        assert_eq!((number, event.seq), (packet.number.to_string().as_str(), packet.number), "{rung}\n{line}");
        let at: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            (at["t_ms"].as_f64().unwrap() / 1_000.0 - since.parse::<f64>().unwrap()).abs() < 1e-6,
            "{rung}\n{line}"
        );
        let tcp = packet.tcp.as_ref().unwrap();
        assert!(rung.contains(&format!(" {} seq {} ", tcp.flags, tcp.seq_rel.unwrap())), "{rung}\n{line}");
        assert!(tcp.ack_rel.is_none_or(|ack| rung.contains(&format!(" ack {ack} "))), "{rung}\n{line}");
        assert_eq!(rung.contains(" 12 B "), packet.payload.len == 12, "{rung}\n{line}");
        for key in ["\"kind\":\"packet\"", "\"local\":", "\"peer\":", "\"flags\":", "\"seq_rel\":", "\"len\":"] {
            assert!(line.contains(key), "{key}: {line}");
        }
    }
    // The filter works as for the ladder, and `--json` excludes another output.
    assert_eq!(print(&["--json", "flags", "S."]).lines().count(), 1);
    let mut both = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
    let both = both.args(["capture", "--json", "-w", "-", "-r"]).arg(&path).output().unwrap();
    assert_eq!(both.status.code(), Some(2));
}
