//! Scenarios as scripts.

use super::super::catalogue;
use super::*;

fn written(name: &str, host: HostId) -> Result<String, Box<Unsayable>> {
    let entry = catalogue::find(name).unwrap();
    script(&entry.lesson().unwrap(), entry.source, host)
}

#[test]
fn scenarios_are_written_as_scripts() {
    let both = [HostId::Client, HostId::Server];
    for name in ["open", "close-by-client", "half-close", "lost-data", "closed-port", "reset", "lost-last-ack"] {
        for host in both {
            let script = written(name, host).unwrap_or_else(|why| panic!("{name}: {why:?}"));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(format!("{name}-{host}"), script);
            });
        }
    }
}

#[test]
fn what_cannot_be_said_is_named_with_its_line() {
    use UnsayableReason::{NoWord, SecondConnection};
    for (name, why, says) in [
        ("closed-window", NoWord, "{ mode = { is = \"live\" } },"),
        ("datagram-lost", NoWord, "datagram = {"),
        ("reordering", NoWord, "swap = {"),
        ("port-exhaustion", NoWord, "{ mode = { is = \"live\" } },"),
        ("sack", SecondConnection, "connect = {"),
    ] {
        let unsayable = written(name, HostId::Client).unwrap_err();
        let source = catalogue::find(name).unwrap().source;
        let line = source.lines().nth(unsayable.line - 1).unwrap();
        assert!(unsayable.why == why && line.contains(says), "{name}: {unsayable:?} {line}");
    }
}

#[test]
fn a_title_cannot_leave_its_comment() {
    let source = catalogue::find("open").unwrap().source.replace("A connection opens", "x\\n`reboot`");
    let lesson = Lesson::parse(&source).unwrap();
    assert!(lesson.title.en.contains('\n'), "{}", lesson.title.en);
    let script = script(&lesson, &source, HostId::Client).unwrap();
    assert!(script.starts_with("// x⏎`reboot`"), "{script}");
}
