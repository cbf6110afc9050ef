//! Ten thousand hostile messages: memory stays bounded, and no control sequence of theirs reaches the journal.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::Arc;

use socklab::api::domain::{EventKind, Excerpt};

use super::attacks::connect;
use super::lab::{Lab, peer, served};
use super::net::{ATTACKER, Net, SERVER, at};
use crate::fixtures::DEADLINE;
use crate::harness::{Need::Network, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(ten_thousand_hostile_messages, &[Network]),
        test(a_hundred_megabytes_without_an_end_cost_no_memory, &[Network]).in_own_process().last(),
        test(a_peer_that_never_reads_does_not_delay_others, &[Network]),
    ]
}

const MESSAGES: usize = 10_000;

/// Messages with control characters, escape sequences, invisible and invalid characters, each with its number.
fn hostile(number: usize) -> Vec<u8> {
    let c0 = u8::try_from(number % 32).unwrap();
    let c1 = u8::try_from(0x80 + number % 32).unwrap();
    let bidi = char::from_u32(0x202a + u32::try_from(number % 5).unwrap()).unwrap();
    let hidden = ['\u{200b}', '\u{200d}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{e0041}', '\u{fe0f}'][number % 7];
    let mut message = match number % 14 {
        0 => vec![c0; 40],
        1 => vec![0xc2, c1, c1, c0],
        2 => b"\x1b]0;owned\x07\x1b]52;c;cm0gLXJm\x07".to_vec(),
        3 => b"\x1b[2J\x1b[H\x1b[31;1m\x1b[?1049h\x1b[6n".to_vec(),
        4 => b"\x1bPq#0;2;0;0;0~\x1b\\".to_vec(),
        5 => b"\x1b_Gf=100;AAAA\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\".to_vec(),
        6 => format!("{bidi}gnp.exe{bidi}").into_bytes(),
        7 => format!("a{hidden}b{hidden}{hidden}").into_bytes(),
        8 => b"\xc0\xaf\xe0\x80\xaf\xf0\x80\x80\xaf\xc1\xbf".to_vec(),
        9 => b"\xff\xfe\xed\xa0\x80\xf5\x80\x80\x80\xc3".to_vec(),
        10 => "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇧🇷".as_bytes().to_vec(),
        11 => "e\u{301}\u{302}\u{303}\u{304}\u{305}".repeat(10).into_bytes(),
        12 => [b"\x9b31m\x9d0;x\x9c\x90q\x9c".as_slice(), &[c1; 8]].concat(),
        _ => vec![b'\r'; 30],
    };
    message.extend_from_slice(format!(" {number}\n").as_bytes());
    message
}

/// Whether this is safe to print on a terminal: no control characters, and no invisible ones that change the display.
fn is_safe(text: &str) -> bool {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    !text.chars().any(obeyed)
}

/// Kilobytes of this process that are in memory (`proc_pid_status(5)`).
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn excerpts<'a>(kinds: impl Iterator<Item = &'a EventKind>) -> Vec<Excerpt> {
    let data = |kind: &EventKind| match kind {
        EventKind::Call(call) => call.data.clone(),
        _ => None,
    };
    kinds.filter_map(data).collect()
}

fn ten_thousand_hostile_messages() {
    let net = Net::open();
    let off = ["bytes=off", "messages=off"].map(|rule| ["--limit", rule]).concat();
    let lab = Lab::open(&net.server, &[&["--lan"], &*off].concat());
    let before = resident();
    net.attacker.run(|| {
        // The answers are read, so that the server receives each message separately.
        let mut streams = [65432, 65433, 65434].map(|port| connect(ATTACKER, at(SERVER, port)).unwrap());
        let datagrams = UdpSocket::bind(at(ATTACKER, 0)).unwrap();
        datagrams.set_read_timeout(Some(DEADLINE)).unwrap();
        for number in 0..MESSAGES {
            let message = hostile(number);
            match number % 4 {
                3 => {
                    datagrams.send_to(&message, at(SERVER, 65432)).unwrap();
                    datagrams.recv(&mut [0; 2_048]).unwrap();
                }
                which => {
                    streams[which].write_all(&message).unwrap();
                    assert!(streams[which].read(&mut [0; 4_096]).unwrap() > 0);
                }
            }
        }
    });
    lab.until("all are received", |model| (peer(model, ATTACKER)?.messages >= MESSAGES as u64).then_some(()));
    let model = lab.close();
    let kept = excerpts(model.journal.events().map(|event| &event.seen.kind));
    // Those that came too fast are told together.
    assert!(kept.len() >= 100, "{}", kept.len());
    for excerpt in &kept {
        assert!(is_safe(&excerpt.text), "{:?}", excerpt.text);
        // A byte that is not shown as it is becomes at most nine: a mark such as \u{e0041}.
        assert!(excerpt.text.len() <= Excerpt::SHOWN * 5, "{}", excerpt.text.len());
    }
    let (_, said) = peer(&model, ATTACKER).unwrap().said.clone().unwrap();
    assert!(is_safe(&said.text));
    println!("{} excerpts kept, {} kB more in memory", kept.len(), resident().saturating_sub(before));
}

fn a_hundred_megabytes_without_an_end_cost_no_memory() {
    let net = Net::open();
    let off = ["bytes=off", "messages=off", "line=off"].map(|rule| ["--limit", rule]).concat();
    let lab = Lab::open(&net.server, &[&["--lan", "--server", "threaded=65432"], &*off].concat());
    let chunk: Arc<[u8]> = vec![0x1b; 1 << 20].into();
    let warm = |megabytes: usize| {
        let chunk = Arc::clone(&chunk);
        net.attacker.run(move || {
            let mut stream = connect(ATTACKER, at(SERVER, 65432)).unwrap();
            let mut reader = stream.try_clone().unwrap();
            let reading = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
            (0..megabytes).for_each(|_| stream.write_all(&chunk).unwrap());
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            reading.join().unwrap().unwrap()
        })
    };
    // Fills the journal, which is a ring, and its checkpoints before anything is measured.
    while lab.seen().model.journal.last_seq() < 80_000 {
        warm(32);
    }
    let before = resident();
    assert_eq!(warm(100), 100 << 20);
    let more = resident().saturating_sub(before);
    println!("100 MB came and went: {more} kB more in memory");
    assert!(more < 40_000, "{more} kB");
    lab.close();
}

fn a_peer_that_never_reads_does_not_delay_others() {
    let (net, lab) = served(&["--lan"]);
    // The server buffers one answer for a peer that never reads.
    let stuck: TcpStream = net.attacker.run(|| {
        let mut stream = connect(ATTACKER, at(SERVER, 65432)).unwrap();
        stream.set_write_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
        while stream.write_all(&[b'\n'; 8_192]).is_ok() {}
        stream
    });
    let answered = net.attacker.run(|| {
        let mut other = connect(ATTACKER, at(SERVER, 65434)).unwrap();
        other.write_all(b"oi").unwrap();
        other.read(&mut [0; 16]).unwrap()
    });
    assert_eq!(answered, 2);
    drop(stuck);
    lab.close();
}
