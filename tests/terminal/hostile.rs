//! Ten thousand hostile messages to all four servers of the real program, in a real terminal: the frames on the screen
//! stay whole, every control sequence is the program's own, the terminal is given back, and memory is bounded.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::messages::hostile;
use crate::pty::{DEADLINE, FOUR, PROGRAM, Running};
use crate::stream::sequences;

/// How many messages are sent to all servers together.
const MESSAGES: usize = 10_000;
/// How many bytes are sent to each TCP server without a line end.
const ENDLESS: usize = 10 << 20;

/// The addresses of the program's servers, TCP and UDP, as its own `netstat` knows them.
fn servers(running: &Running) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
    let table = Command::new(PROGRAM).args(["netstat", "--json"]).output().expect("it runs");
    let rows = String::from_utf8(table.stdout).expect("it is text");
    let rows = rows.lines().map(|row| serde_json::from_str::<serde_json::Value>(row).expect("it is JSON"));
    let pid = running.pid().as_raw_nonzero().get();
    let mut tcp = Vec::new();
    let mut udp = Vec::new();
    for row in rows.filter(|row| row["pid"] == pid) {
        let addr = row["local"].as_str().and_then(|text| text.parse().ok()).expect("an address");
        match (row["proto"].as_str(), row["state"].as_str()) {
            (Some("tcp"), Some("LISTEN")) => tcp.push(addr),
            (Some("udp"), _) => udp.push(addr),
            _ => {}
        }
    }
    (tcp, udp)
}

/// Kilobytes of the program that are in memory (`proc_pid_status(5)`).
fn resident(running: &Running) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Sends much without a line end to one TCP server, then all messages, each answered before the next.
fn tcp(addr: SocketAddr, messages: &[Vec<u8>], answered: &AtomicUsize) {
    let mut stream = TcpStream::connect(addr).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let drain = thread::spawn(move || {
        let mut left = ENDLESS;
        let mut buf = vec![0; 1 << 16];
        while left > 0 {
            let most = left.min(buf.len());
            left -= reader.read(&mut buf[..most]).expect("it answers");
        }
    });
    let endless: Vec<u8> = b"\x1b[2J\x9b\xe2\x80\xae".iter().copied().cycle().take(ENDLESS).collect();
    stream.write_all(&endless).expect("it reads");
    drain.join().expect("it answers all of it");
    for message in messages {
        stream.write_all(message).expect("it reads");
        // The answer is as long as the message, so the next read begins with the next answer.
        stream.read_exact(&mut vec![0; message.len()]).expect("it answers");
        answered.fetch_add(1, Relaxed);
    }
}

/// Sends the longest possible datagram to one UDP server, then all messages, each answered before the next. Returns its
/// socket: the table has a row of it for as long as it is open, and nothing tells the program at once when it is not.
fn udp(addr: SocketAddr, messages: &[Vec<u8>], answered: &AtomicUsize) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect(addr).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut buf = vec![0; 1 << 16];
    for message in [vec![0x1b; 65_507]].iter().chain(messages) {
        socket.send(message).expect("it fits");
        assert_eq!(socket.recv(&mut buf).expect("it answers"), message.len());
        answered.fetch_add(1, Relaxed);
    }
    socket
}

/// The frames on the screen: rows and columns of their corners, each side unbroken in the same column.
///
/// # Panics
/// Where a side is not where it began.
fn frames(running: &Running) -> Vec<[u16; 4]> {
    let (rows, columns) = running.screen().size();
    let rows = rows.get();
    let columns = columns.get();
    let at = |row: u16, column: u16| running.screen().cell(row, column).map_or("", |cell| cell.contents());
    let mut found = Vec::new();
    // On a small screen a pane has only a rule above it.
    for row in (0..rows).filter(|row| ["─", "━"].contains(&at(*row, 0))) {
        assert_eq!(at(row, columns - 1), at(row, 0), "the rule {row} in\n{}", running.screen().contents());
        found.push([row, 0, row, columns - 1]);
    }
    for (top, left) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        if !["┌", "┏"].contains(&at(top, left)) {
            continue;
        }
        let here = || format!("the frame from {top},{left} in\n{}", running.screen().contents());
        let right = (left + 1..columns).find(|column| ["┐", "┓"].contains(&at(top, *column)));
        let right = right.unwrap_or_else(|| panic!("no right side: {}", here()));
        let bottom = (top + 1..rows).find(|row| ["└", "┗"].contains(&at(*row, left)));
        let bottom = bottom.unwrap_or_else(|| panic!("no bottom: {}", here()));
        for row in top + 1..bottom {
            for column in [left, right] {
                assert!(["│", "┃"].contains(&at(row, column)), "{row},{column} is broken: {}", here());
            }
        }
        assert!(["┘", "┛"].contains(&at(bottom, right)), "the last corner: {}", here());
        found.push([top, left, bottom, right]);
    }
    found
}

/// The emulator's state besides its text, which no message may change.
fn modes(running: &Running) -> String {
    let screen = running.screen();
    format!(
        "alternate {} cursor hidden {} {:?} paste {} mouse {:?} {:?} keypad {} keys {}",
        screen.alternate_screen(),
        screen.hide_cursor(),
        screen.cursor_style(),
        screen.bracketed_paste(),
        screen.mouse_protocol_mode(),
        screen.mouse_protocol_encoding(),
        screen.application_keypad(),
        screen.application_cursor(),
    )
}

/// Pages backwards: each page has its frames whole, and is the same when all of it is drawn again, so no cell is left
/// over from an earlier page.
fn pages(running: &mut Running, count: usize) {
    // Without digits: times and counts change meanwhile.
    let shape = |running: &Running| {
        let rows = running.screen().contents();
        rows.lines().map(|row| row.replace(|c: char| c.is_ascii_digit(), "0")).collect::<Vec<_>>()
    };
    for _ in 0..count {
        presses(running, b"\x1b[5~", &["\x1b[?25l"]);
        let framed = frames(running);
        let drawn = shape(running);
        assert!(!framed.is_empty());
        presses(running, b"\x0c", &["\x1b[2J", "\x1b[?25l"]);
        assert_eq!(frames(running), framed, "{}", running.screen().contents());
        for (drawn, anew) in drawn.iter().zip(shape(running)) {
            assert_eq!(*drawn, anew, "{}", running.screen().contents());
        }
    }
}

/// Types, and reads until these sequences were written in answer, and then nothing more. Each frame ends with a hidden
/// cursor.
fn presses(running: &mut Running, keys: &[u8], answer: &[&str]) {
    let from = running.written.len();
    running.types(keys);
    running.until("an answer to a key", |running| {
        let mut rest = &running.written[from..];
        answer.iter().all(|sequence| {
            let at = rest.windows(sequence.len()).position(|window| window == sequence.as_bytes());
            rest = at.map_or(&[], |at| &rest[at + sequence.len()..]);
            at.is_some()
        })
    });
    running.settles(Duration::from_millis(60));
}

fn flood(size: (u16, u16), lang: &str) {
    let mut running = Running::program(&[&["--lang", lang], &FOUR[2..]].concat(), size, &[]);
    running.until("the lab", |running| running.says("LISTEN") && running.says("threaded"));
    running.settles(Duration::from_millis(300));
    let quiet = modes(&running);
    let standing = frames(&running);
    assert!(!standing.is_empty(), "{}", running.screen().contents());
    let before = resident(&running);
    let (streams, datagrams) = servers(&running);
    assert_eq!((streams.len(), datagrams.len()), (3, 1));

    let all: Vec<_> = hostile(MESSAGES).collect();
    let answered = AtomicUsize::new(0);
    let mut most = before;
    let _open = thread::scope(|scope| {
        let share = MESSAGES / 4;
        let answered = &answered;
        let mut shares = all.chunks(share);
        let mut peers = Vec::new();
        for addr in streams {
            let share = shares.next().expect("four shares");
            peers.push(scope.spawn(move || tcp(addr, share, answered)));
        }
        let share = shares.next().expect("four shares");
        let asker = scope.spawn(move || udp(datagrams[0], share, answered));
        while !asker.is_finished() || !peers.iter().all(thread::ScopedJoinHandle::is_finished) {
            running.read(Duration::from_millis(20));
            most = most.max(resident(&running));
            assert_eq!(modes(&running), quiet);
        }
        peers.into_iter().for_each(|peer| peer.join().expect("it was answered"));
        asker.join().expect("it was answered")
    });
    assert_eq!(answered.into_inner(), MESSAGES + 1);
    running.settles(Duration::from_millis(500));
    assert_eq!(modes(&running), quiet);
    // Panes give lines to each other as their lists grow; none is lost, broken, or drawn over an earlier one.
    let sides = |frames: &[[u16; 4]]| frames.iter().map(|[_, left, _, right]| (*left, *right)).collect::<Vec<_>>();
    let grown = frames(&running);
    assert_eq!(sides(&grown), sides(&standing), "{}", running.screen().contents());
    presses(&mut running, b"\x0c", &["\x1b[2J", "\x1b[?25l"]);
    assert_eq!(frames(&running), grown, "{}", running.screen().contents());
    // The lifecycle on the whole screen, and the captured packets, page by page.
    presses(&mut running, b"\t\t\tz", &["\x1b[?25l"]);
    running.until("one pane", |running| frames(running).len() == 1);
    pages(&mut running, 40);
    presses(&mut running, b"z\x1bOR", &["\x1b[?25l"]);
    pages(&mut running, 20);
    assert_eq!(modes(&running), quiet);

    running.quits();
    let written = sequences(&running.written).expect("all of it is the program's own");
    for once in ["?1049h", "?1049l", "?2004h", "?2004l"] {
        assert_eq!(written.get(once), Some(&1), "{once}: {written:?}");
    }
    println!("{size:?} {lang}: {before} kB before, {most} kB at most; {written:?}");
    assert!(most < before + 150_000, "{before} kB became {most} kB");
}

#[test]
fn ten_thousand_hostile_messages_leave_the_small_screen_as_it_is() {
    flood((80, 24), "en");
}

#[test]
fn ten_thousand_hostile_messages_leave_the_large_screen_as_it_is() {
    flood((120, 36), "pt-BR");
}
