//! Two laboratories with their screens on two hosts: one is opened by its key, the other's clients connect to it.

use super::hosts::{Host, SERVER, hosts};
use super::screen::Screen;
use crate::harness::Need::{Network, Tool};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(the_teachers_key_opens_the_lab_and_the_students_clients_come, &[Network]),
        test(a_visitor_is_kicked_and_blocked_by_key, &[Network, Tool("nc")]),
        test(the_port_check_on_the_screen, &[Network]),
    ])
}

/// Ctrl-c leaves at once: `q` asks twice while visitors are connected.
const CTRL_C: &str = "\u{3}";

/// A laboratory whose servers are listening.
fn lab(host: &Host) -> Screen {
    let mut lab = Screen::start(host, &[]);
    lab.until("its servers", |screen| screen.contains("? help") && screen.matches("LISTEN").count() >= 3);
    lab
}

fn the_teachers_key_opens_the_lab_and_the_students_clients_come() {
    let (student, teacher) = hosts();
    let mut here = lab(&teacher);
    assert!(here.header().contains("loopback only") && !here.last.contains("OPEN TO THE NETWORK"));
    let only_loopback = |listeners: &[String]| listeners.iter().all(|addr| addr.starts_with("0100007F:"));
    let before = teacher.listeners();
    assert!(before.len() == 3 && only_loopback(&before), "{before:?}");
    here.types("N");
    here.says("LOOPBACK ONLY");
    here.types("O");
    here.says("anyone on this network can connect");
    here.types("n");
    here.until("no question", |screen| !screen.contains("anyone on this network"));
    assert_eq!(teacher.listeners(), before, "no is no");
    here.types("Oy");
    here.until("the badge", |screen| screen.lines().next().is_some_and(|line| line.contains("OPEN TO THE NETWORK")));
    here.says(&format!("nc {SERVER} 65432"));
    here.says(&format!("socklab-tui --target {SERVER}:65432"));

    let mut there = lab(&student);
    there.types(&format!("a{SERVER}:65432\r"));
    there.says("which answers");
    assert!(there.header().contains(&format!("target {SERVER}:65432")), "{}", there.header());
    there.types("3c");
    let established = format!("{SERVER}:65432");
    there.until("three connections", |screen| {
        screen.lines().filter(|line| line.contains(&established) && line.contains("ESTABLISHED")).count() >= 3
    });
    // The teacher sees the peer and its message.
    here.line(&["10.9.0.1", "Hello, world"]);
    there.types("H");
    there.until("home", |screen| !screen.lines().next().is_some_and(|line| line.contains("target")));

    // After closing, existing connections stay and new ones are refused.
    here.types("O");
    here.until("closed", |screen| screen.lines().next().is_some_and(|line| line.contains("loopback only")));
    here.says("connections from before are still open");
    assert!(only_loopback(&teacher.listeners()), "{:?}", teacher.listeners());
    there.types(&format!("a{SERVER}:65432\r"));
    there.says("closed: RST");
    there.quits_by(CTRL_C);
    here.quits_by(CTRL_C);
}

fn a_visitor_is_kicked_and_blocked_by_key() {
    let (student, teacher) = hosts();
    let mut here = lab(&teacher);
    here.types("NOy");
    here.says("OPEN TO THE NETWORK");
    let visitor = student.spawn(&["nc", &SERVER.to_string(), "65432"], b"bom\x1b[2J dia\n");
    here.line(&["10.9.0.1", "bom␛[2J dia"]);
    here.types("fj");
    here.says("▸ 10.9.0.1");
    here.types("x");
    here.line(&["10.9.0.1", "0/1"]);
    drop(visitor);
    here.types("B");
    here.says("BLOCKED");
    let reset = student.run(&["sh", "-c", &format!("printf 'again\\n' | nc -w 2 {SERVER} 65432")]);
    assert!(reset.stdout.is_empty(), "no answer");
    here.says("blocked ×1");
    here.types("B");
    here.until("welcome again", |screen| !screen.contains("BLOCKED"));
    let answered = student.run(&["sh", "-c", &format!("(printf 'again\\n'; sleep 1) | nc -w 2 {SERVER} 65432")]);
    assert_eq!(String::from_utf8_lossy(&answered.stdout), "AGAIN\n");
    here.quits_by(CTRL_C);
}

fn the_port_check_on_the_screen() {
    let (student, teacher) = hosts();
    let _servers = teacher.serve(&["threaded=10.9.0.2:65432", "udp=10.9.0.2:65432"]);
    teacher.drops("tcp", 65_434);
    teacher.prohibits("tcp", 65_435);
    let mut there = lab(&student);
    there.types("Npnmap -p65432-65435 10.9.0.2\r");
    for (port, verdict, reason) in [
        (65_432, "open", "SYN+ACK"),
        (65_433, "closed", "RST"),
        (65_434, "filtered", "no answer"),
        (65_435, "filtered", "ICMP prohibited"),
    ] {
        there.line(&[&format!("{port}/tcp"), verdict, reason]);
    }
    there.says("4 ports checked");
    there.types("p10.9.0.2 65432,65433 udp\r");
    there.line(&["65432/udp", "open"]);
    there.line(&["65433/udp", "ICMP port unreachable"]);
    // A public address is probed only after a yes. There is no route to it from here.
    there.types("p203.0.114.5 22\r");
    there.says("may not be yours?");
    there.types("n");
    there.says("p asks again");
    there.types("pno-such-host.invalid 22\r");
    there.says("no-such-host.invalid: ");
    there.quits_by(CTRL_C);
}
