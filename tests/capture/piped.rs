//! Capturing into a pipe, as for `wireshark -k -i -`.

use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;

use socklab::api::domain::Filter;
use socklab::api::observe::Scope;
use socklab::api::observe::capture::command::{CaptureOutput, CaptureStop, live};
use socklab::api::observe::capture::file::CaptureReader;
use socklab::api::observe::capture::{CaptureAccess, CaptureInterface, LadderStyle};

use super::heard::DEADLINE;
use super::live::{exchange, exchanges, listen};
use crate::harness::{Need::Capture, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(each_packet_is_written_at_once_and_the_capture_ends_when_its_reader_leaves, &[Capture]),
        test(the_command_ends_quietly_when_its_reader_leaves_an_idle_capture, &[Capture]),
        test(everything_captured_before_the_end_is_written, &[Capture]),
    ]
}

fn each_packet_is_written_at_once_and_the_capture_ends_when_its_reader_leaves() {
    let key = CaptureAccess::open().unwrap();
    let (listener, port) = listen();
    let scope = Scope::ports([port]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (ready, listens) = channel();
    std::thread::scope(|threads| {
        // It owns its ends of the pipe and the channel: when it fails, nobody waits for them.
        let capture = threads.spawn(move || {
            let stop = CaptureStop::new().unwrap();
            let wanted = (&scope, &Filter::parse("len > 0").unwrap());
            let out = CaptureOutput::Pcapng(&mut writer);
            let done = live(&key, &CaptureInterface::Loopback, wanted, out, &stop, || ready.send(()).unwrap());
            done.unwrap()
        });
        listens.recv_timeout(DEADLINE).unwrap();
        exchange(&listener, b"Hello, world");
        // The capture is still running, so these packets have been flushed.
        let mut file = CaptureReader::new(reader).unwrap();
        let texts: Vec<_> = (0..2).map(|_| file.next_packet().unwrap().unwrap().bytes[66..].to_vec()).collect();
        assert_eq!(texts, [b"Hello, world", b"HELLO, WORLD"]);
        drop(file);
        exchange(&listener, b"nobody reads this");
        let summary = capture.join().unwrap();
        assert_eq!((summary.written, summary.lost, summary.closed), (2, 0, true));
    });
}

fn the_command_ends_quietly_when_its_reader_leaves_an_idle_capture() {
    // No other program knows this port.
    let bound = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = bound.local_addr().unwrap().port();
    for arguments in [&["-w", "-"][..], &[]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
        command.env("LANG", "C").arg("capture").args(arguments).arg(format!("port {silent}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(said.next().unwrap().unwrap().contains("lo"), "it listens");
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
        assert_eq!(said.map(Result::unwrap).collect::<Vec<_>>(), ["socklab-tui: 0 packets, none lost"]);
    }
}

fn everything_captured_before_the_end_is_written() {
    let key = CaptureAccess::open().unwrap();
    let (listener, port) = listen();
    let scope = Scope::ports([port]);
    let stop = CaptureStop::new().unwrap();
    let mut out = Vec::new();
    let done = live(
        &key,
        &CaptureInterface::Loopback,
        (&scope, &Filter::default()),
        CaptureOutput::Ladder(&mut out, LadderStyle::default()),
        &stop,
        || {
            exchanges(&listener, 10, b"x");
            stop.stop();
        },
    );
    let text = String::from_utf8(out).unwrap();
    let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
    assert_eq!((count("tcp client "), count(" SYN seq 0 "), count("\"x\"")), (10, 10, 10), "{text}");
    assert_eq!(done.unwrap().written, text.lines().count() as u64 - 10);
}
