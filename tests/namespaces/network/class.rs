//! Two laboratories with their screens on two hosts: one is opened by its key, the other's clients go there.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use super::hosts::{BINARY, Host, SERVER, hosts};
use crate::harness::Need::{Network, Tool};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(the_teachers_key_opens_the_lab_and_the_students_clients_come, &[Network]),
        test(a_visitor_is_kicked_and_blocked_by_key, &[Network, Tool("nc")]),
        test(the_port_check_on_the_screen, &[Network]),
    ])
}

const DEADLINE: Duration = Duration::from_mins(1);

/// A laboratory with its screen, 120×36.
struct Lab {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    frames: Receiver<String>,
    last: String,
}

impl Lab {
    fn start(host: &Host) -> Self {
        let pty =
            native_pty_system().openpty(PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 }).unwrap();
        let words = [BINARY, "--lang", "en"].map(String::from);
        let argv: Vec<String> = host.entering().into_iter().chain(words).collect();
        let mut command = CommandBuilder::from_argv(argv.iter().map(Into::into).collect());
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut screen = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (near, frames) = channel();
        std::thread::spawn(move || {
            // The terminal lasts as long as it is read.
            let _master = pty.master;
            let size = |count| NonZero::new(count).unwrap();
            let mut drawn = vt100::Parser::new(size(36), size(120), 0);
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                drawn.process(&buffer[..count]);
                if near.send(drawn.screen().contents()).is_err() {
                    break;
                }
            }
        });
        let mut lab = Self { child, keys, frames, last: String::new() };
        lab.until("its servers", |screen| screen.contains("? help") && screen.matches("LISTEN").count() >= 3);
        lab
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen is as it should be.
    fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) -> &str {
        while !is(&self.last) {
            self.last = self.frames.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{what}:\n{}", self.last));
        }
        &self.last
    }

    fn says(&mut self, what: &str) -> &str {
        self.until(what, |screen| screen.contains(what))
    }

    fn header(&self) -> &str {
        self.last.lines().next().unwrap_or_default()
    }

    fn quits(mut self) {
        // At once: `q` asks twice while visitors are connected.
        self.types("\u{3}");
        // Somebody has to read what is drawn until the end.
        while self.frames.recv_timeout(DEADLINE).is_ok() {}
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every address on which something listens there.
fn listeners(host: &Host) -> String {
    let table = host.run(&["sh", "-c", "cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == \"0A\" {print $2}'"]);
    String::from_utf8(table.stdout).unwrap()
}

fn the_teachers_key_opens_the_lab_and_the_students_clients_come() {
    let (student, teacher) = hosts();
    let mut here = Lab::start(&teacher);
    assert!(here.header().contains("loopback only") && !here.last.contains("OPEN TO THE NETWORK"));
    let only_loopback = |table: &str| table.lines().all(|line| line.starts_with("0100007F:"));
    let before = listeners(&teacher);
    assert!(before.lines().count() == 3 && only_loopback(&before), "{before}");
    here.types("N");
    here.says("LOOPBACK ONLY");
    here.types("O");
    here.says("anyone on this network can connect");
    here.types("n");
    here.until("no question", |screen| !screen.contains("anyone on this network"));
    assert_eq!(listeners(&teacher), before, "no is no");
    here.types("Oy");
    here.until("the badge", |screen| screen.lines().next().is_some_and(|line| line.contains("OPEN TO THE NETWORK")));
    here.says(&format!("nc {SERVER} 65432"));
    here.says(&format!("socklab-tui --target {SERVER}:65432"));

    let mut there = Lab::start(&student);
    there.types(&format!("a{SERVER}:65432\r"));
    there.says("which answers");
    assert!(there.header().contains(&format!("target {SERVER}:65432")), "{}", there.header());
    there.types("3c");
    let established = format!("{SERVER}:65432");
    there.until("three connections", |screen| {
        screen.lines().filter(|line| line.contains(&established) && line.contains("ESTABLISHED")).count() >= 3
    });
    // The teacher sees who came, and what was said.
    here.until("the peer", |screen| {
        screen.lines().any(|line| line.contains("10.9.0.1") && line.contains("Hello, world"))
    });
    there.types("H");
    there.until("home", |screen| !screen.lines().next().is_some_and(|line| line.contains("target")));

    // Closed again, nobody else comes, and who is there stays.
    here.types("O");
    here.until("closed", |screen| screen.lines().next().is_some_and(|line| line.contains("loopback only")));
    here.says("connections from before are still open");
    assert!(only_loopback(&listeners(&teacher)), "{}", listeners(&teacher));
    there.types(&format!("a{SERVER}:65432\r"));
    there.says("closed: RST");
    there.quits();
    here.quits();
}

fn a_visitor_is_kicked_and_blocked_by_key() {
    let (student, teacher) = hosts();
    let mut here = Lab::start(&teacher);
    here.types("NOy");
    here.says("OPEN TO THE NETWORK");
    let visitor = student.spawn(&["nc", &SERVER.to_string(), "65432"], b"bom\x1b[2J dia\n");
    here.until("the visitor", |screen| {
        screen.lines().any(|line| line.contains("10.9.0.1") && line.contains("bom␛[2J dia"))
    });
    here.types("\tj");
    here.says("▸ 10.9.0.1");
    here.types("x");
    here.until("nothing open", |screen| screen.lines().any(|line| line.contains("10.9.0.1") && line.contains("0/1")));
    drop(visitor);
    here.types("B");
    here.says("BLOCKED");
    let reset = student.run(&["sh", "-c", &format!("printf 'again\\n' | nc -w 5 {SERVER} 65432")]);
    assert!(reset.stdout.is_empty(), "nobody answers");
    here.until("it was refused", |screen| screen.contains("blocked ×1"));
    here.types("B");
    here.until("welcome again", |screen| !screen.contains("BLOCKED"));
    let answered = student.run(&["sh", "-c", &format!("(printf 'again\\n'; sleep 1) | nc -w 5 {SERVER} 65432")]);
    assert_eq!(String::from_utf8_lossy(&answered.stdout), "AGAIN\n");
    here.quits();
}

fn the_port_check_on_the_screen() {
    let (student, teacher) = hosts();
    let _servers = teacher.serve(&["threaded=10.9.0.2:65432", "udp=10.9.0.2:65432"]);
    teacher.drops("tcp", 65_434);
    teacher.prohibits("tcp", 65_435);
    let mut there = Lab::start(&student);
    there.types("Npnmap -p65432-65435 10.9.0.2\r");
    for (port, verdict, reason) in [
        (65_432, "open", "SYN-ACK"),
        (65_433, "closed", "RST"),
        (65_434, "filtered", "no answer"),
        (65_435, "filtered", "ICMP prohibited"),
    ] {
        let port = format!("{port}/tcp");
        let whole = |line: &str| [port.as_str(), verdict, reason].iter().all(|word| line.contains(word));
        there.until(&port, |screen| screen.lines().any(whole));
    }
    there.says("4 ports checked");
    there.types("p10.9.0.2 65432,65433 udp\r");
    there.until("UDP", |screen| {
        let line = |port: &str, verdict: &str| screen.lines().any(|line| line.contains(port) && line.contains(verdict));
        line("65432/udp", "open") && line("65433/udp", "ICMP port unreachable")
    });
    // Somebody else's machine is asked after a yes only. There is no way there from here.
    there.types("p203.0.114.5 22\r");
    there.says("may not be yours?");
    there.types("n");
    there.says("p asks again");
    there.types("pno-such-host.invalid 22\r");
    there.says("no-such-host.invalid: ");
    there.quits();
}
