//! Every source of foreign text, once: the commands print it without any effect on a terminal.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::pty::{ChildGuard, PROGRAM, Running};
use crate::stream::sequences;

/// Moves the cursor, sets the title, turns the reading direction round, hides itself.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}6n\u{202e}\u{200b}";

fn run(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).env("LANG", "C.UTF-8").env_remove("LC_ALL").output().expect("it was built")
}

/// Text that may go to a terminal, in lines; and it says this.
fn assert_safe(printed: &[u8], says: &str) {
    let text = String::from_utf8_lossy(printed);
    let found = sequences(text.replace('\n', "").as_bytes());
    assert_eq!(found.map(|found| found.len()), Ok(0), "{text:?}");
    assert!(text.contains(says), "{says:?} is not in {text:?}");
}

/// A folder of this test's own, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("socklab-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("there is room");
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).expect("there is room");
        path.to_str().expect("it is text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `EVIL` as TOML writes it.
fn in_toml() -> String {
    EVIL.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<Vec<_>>().concat()
}

#[test]
fn a_lesson_file_and_its_name() {
    let folder = Folder::new("lesson");
    let evil = in_toml();
    let lesson = format!(
        "title = {{ en = \"t {evil}\", pt = \"t\" }}\nabout = {{ en = \"a {evil}\", pt = \"a\" }}\nworld = \"host\"\n\
         [[step]]\nsay = {{ en = \"s {evil}\", pt = \"s\" }}\n"
    );
    let done = run(&["run", "--lang", "en", &folder.file(&format!("{EVIL}.toml"), lesson.as_bytes())]);
    assert!(done.status.success(), "{done:?}");
    assert_safe(&done.stdout, "s ␛[2J");

    let wrong = format!("title = {{ en = \"t\", pt = \"t\", \"{evil}\" = 1 }}\n");
    let done = run(&["run", &folder.file(&format!("{EVIL}.toml"), wrong.as_bytes())]);
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    assert_safe(&done.stderr, "␛[2J");
}

#[test]
fn a_capture_file_its_name_and_its_contents() {
    let folder = Folder::new("capture");
    let done = run(&["capture", "-r", &format!("/nonexistent/{EVIL}")]);
    assert_eq!(done.status.code(), Some(1));
    assert_safe(&done.stderr, "␛[2J");
    let done = run(&["capture", "-r", &folder.file(EVIL, &pcapng())]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_safe(&done.stdout, "␛[2J");
}

#[test]
fn a_capture_file_on_the_screen() {
    let folder = Folder::new("open");
    let path = folder.file(EVIL, &pcapng());
    let mut running = Running::start(&["--open", &path]);
    // On the first line and on the frame; its datagram, and the remark on it.
    running.until("the file", |running| {
        running.screen().contents().matches("FILE ␛[2J").count() == 2
            && running.says("1 packet ")
            && running.says("UDP")
    });
    running.until("its bytes and comments", |running| running.says("0000 45 00"));
    running.types(b"ll");
    running.until("what was said", |running| running.says("What was said") && running.says("▶ ␛[2J"));
    running.types(b"O");
    running.until("live traffic", |running| !running.says("FILE ␛[2J"));
    // The name of a missing file is as safe.
    running.types(b"O\x1b[200~/nonexistent/\xe2\x80\xae\x1b[201~");
    running.types(b"\r");
    running.until("that there is none", |running| running.says("There is no such file"));
    running.types(b"\x1b");
    running.until("the line is gone", |running| !running.says("There is no such file"));
    running.quits();
    sequences(&running.written).expect("all of it is the program's own");
}

/// A file with one datagram on an interface; its name, the comments and the payload are hostile.
fn pcapng() -> Vec<u8> {
    let padded = |bytes: &[u8]| [bytes, &[0; 3][..(4 - bytes.len() % 4) % 4]].concat();
    let option = |code: u16| {
        let len = u16::try_from(EVIL.len()).expect("it is short");
        [&code.to_le_bytes()[..], &len.to_le_bytes(), &padded(EVIL.as_bytes())].concat()
    };
    let block = |kind: u32, body: &[u8]| {
        let len = u32::try_from(body.len() + 12).expect("it is short").to_le_bytes();
        [&kind.to_le_bytes()[..], &len, body, &len].concat()
    };
    let payload = EVIL.as_bytes();
    let udp_len = u16::try_from(8 + payload.len()).expect("it is short");
    let mut packet = vec![0x45, 0];
    packet.extend((20 + udp_len).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    packet.extend([7, 0, 7, 1]);
    packet.extend(udp_len.to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(payload);
    let len = u32::try_from(packet.len()).expect("it is short").to_le_bytes();
    let end = [0; 4];
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8], &option(1), &end].concat();
    // Link type 101: an IP header comes first.
    let interface = [&[101, 0, 0, 0, 0, 0, 0, 0][..], &option(2), &option(1), &end].concat();
    let enhanced = [&[0; 12][..], &len, &len, &padded(&packet), &option(1), &end].concat();
    [block(0x0a0d_0d0a, &section), block(1, &interface), block(6, &enhanced)].concat()
}

#[test]
fn the_data_of_peers_and_the_name_of_a_program() {
    let folder = Folder::new("peers");
    // A program's name is the last part of its path (`proc_pid_comm(5)`): its first fifteen bytes.
    let program = folder.0.join(EVIL);
    std::os::unix::fs::symlink(PROGRAM, &program).expect("there is room");
    let mut serve = Command::new(&program);
    serve.args(["serve", "--lang", "en", "--server", "echo=0"]).env("LANG", "C.UTF-8").stdout(Stdio::piped());
    let mut serve = ChildGuard(serve.spawn().expect("it was built"));
    let mut told = BufReader::new(serve.0.stdout.take().expect("it is piped"));
    let mut first = String::new();
    let port = loop {
        assert!(told.read_line(&mut first).expect("it tells") > 0, "it ended: {first}");
        let after = first.rsplit_once("127.0.0.1:").map_or("", |(_, after)| after);
        let port: String = after.chars().take_while(char::is_ascii_digit).collect();
        if port.parse().is_ok_and(|port: u16| port > 0) {
            break port;
        }
    };
    let done = run(&["netstat", "--process", &port]);
    assert_safe(&done.stdout, "␛[2J");
    let done = run(&["client", "--lang", "en", "tcp", &format!("127.0.0.1:{port}"), EVIL]);
    assert!(done.status.success(), "{done:?}");
    assert_safe(&done.stdout, "recv");
    let pid = i32::try_from(serve.0.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    let mut rest = Vec::new();
    told.read_to_end(&mut rest).expect("it tells to its end");
    assert_safe(&[first.as_bytes(), &rest].concat(), "␛[2J");
}

#[test]
fn the_answer_of_a_server() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let (mut peer, _) = server.accept().unwrap();
        peer.write_all(EVIL.as_bytes()).unwrap();
        let _ = peer.read(&mut [0; 64]);
    });
    let done = run(&["client", "--lang", "en", "tcp", &addr, "oi"]);
    assert!(done.status.success(), "{done:?}");
    answering.join().unwrap();
    assert_safe(&done.stdout, "␛[2J");
}

#[test]
fn refused_arguments() {
    for args in [
        &["netstat", &format!("port {EVIL}")][..],
        &["capture", "-r", "/dev/null", &format!("port {EVIL}")],
        &["scan", "127.0.0.1", EVIL],
        &["scan", EVIL],
        &["client", "tcp", EVIL],
        &["--target", EVIL],
        &[EVIL],
        &["--record", &format!("/nonexistent/{EVIL}")],
        &["run", EVIL],
    ] {
        let done = run(args);
        assert!(!done.status.success() && done.stdout.is_empty(), "{done:?}");
        assert_safe(&done.stderr, "");
    }
}
