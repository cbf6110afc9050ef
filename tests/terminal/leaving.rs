//! However the program ends or stops, the terminal is given back.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use socklab::api::app::TerminalGuard;

use crate::pty::{PROGRAM, Running};

#[test]
fn keys_end_it_and_the_terminal_is_as_before() {
    for key in [b"q", b"\x03"] {
        let mut running = Running::shown(&[]);
        running.assert_taken();
        running.types(key);
        assert!(running.ended().success());
        running.assert_given_back();
    }
}

#[test]
fn signals_end_it_and_the_terminal_is_as_before() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP] {
        let mut running = Running::shown(&[]);
        running.signal(signal);
        let status = running.ended();
        assert!(status.success(), "{signal:?}: {status}");
        running.assert_given_back();
    }
}

#[test]
fn it_ends_with_clients_and_servers_at_work() {
    let mut running = Running::shown(&[]);
    running.types(b"50cjc");
    running.until("clients", |running| running.says("51 clients"));
    running.types(b"20oq");
    assert!(running.ended().success());
    running.assert_given_back();
}

#[test]
#[ignore = "a program that `a_panic_gives_the_terminal_back_before_its_message` runs in a terminal"]
fn panics_with_the_terminal() {
    let _terminal = TerminalGuard::take().expect("this runs in a terminal");
    panic!("a panic of this test");
}

#[test]
#[ignore = "a program that `a_panic_gives_the_terminal_back_before_its_message` runs in a terminal"]
fn the_main_thread_panics_with_the_terminal() {
    // No test runs on the main thread; the panic hook knows that one by its name.
    let main = std::thread::Builder::new().name("main".into()).spawn(panics_with_the_terminal).unwrap();
    assert!(main.join().is_err());
}

#[test]
fn a_panic_gives_the_terminal_back_before_its_message() {
    // On the main thread it unwinds, and this program goes on; on any other it ends the program.
    for (test, code) in [("the_main_thread_panics_with_the_terminal", 0), ("panics_with_the_terminal", 101)] {
        let this = std::env::current_exe().unwrap();
        let test = format!("leaving::{test}");
        let mut running = Running::other(&this, &[&test, "--exact", "--ignored", "--nocapture"]);
        assert_eq!(running.ended().exit_code(), code, "{test}");
        let at = |what: &str| running.written.windows(what.len()).position(|bytes| bytes == what.as_bytes());
        let taken = at("\x1b[?1049h");
        let left = at("\x1b[?1049l");
        assert!(taken.is_some() && taken < left && left < at("a panic of this test"), "{test}");
        running.assert_given_back();
        // On the shell's own screen, where it stays.
        assert!(running.says("a panic of this test"), "{}", running.screen().contents());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_suspension_gives_the_terminal_back_and_a_continuation_takes_it_again() {
    let mut running = Running::shown(&[]);
    // The key, and the signal that a shell's `kill` sends; below, a stop that cannot be caught.
    for stop in [None, Some(Signal::TSTP)] {
        match stop {
            None => running.types(b"\x1a"),
            Some(signal) => running.signal(signal),
        }
        running.until("it stands still", |running| running.state().is_some_and(|(state, _)| state == 'T'));
        while running.read(Duration::ZERO) > 0 {}
        running.assert_given_back();
        running.signal(Signal::CONT);
        running.until("drawn again", |running| running.screen().alternate_screen() && running.says("What happened"));
        running.until("raw keys again", |running| running.screen().bracketed_paste());
        running.assert_taken();
    }
    running.signal(Signal::STOP);
    running.until("it stands still", |running| running.state().is_some_and(|(state, _)| state == 'T'));
    running.settles(Duration::from_millis(100));
    let before = running.written.len();
    running.signal(Signal::CONT);
    let size = usize::from(120u16) * 20;
    running.until("the whole screen is drawn anew", |running| running.written.len() > before + size);
    running.types(b"c");
    running.until("it goes on", |running| running.says("1 client"));
    running.quits();
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_goes_away_is_the_end_and_costs_nothing() {
    let mut running = Running::shown(&[]);
    running.types(b"3c");
    running.until("clients", |running| running.says("3 clients"));
    let (_, before) = running.state().expect("it runs");
    running.take_terminal_away();
    let deadline = std::time::Instant::now() + crate::pty::DEADLINE;
    let used = loop {
        let (state, ticks) = running.state().expect("it is our child");
        if state == 'Z' {
            break ticks - before;
        }
        assert!(std::time::Instant::now() < deadline, "it goes on without a terminal");
        std::thread::sleep(Duration::from_millis(10));
    };
    // A hundred ticks are a second (`sysconf(_SC_CLK_TCK)`): a loop that spins uses all it gets.
    assert!(used < 100, "{used} ticks of CPU time");
    let status = running.ended();
    assert!(status.success(), "{status}");
}

fn without_terminal(args: &[&str]) -> (Option<i32>, String, String) {
    let run = Command::new(PROGRAM).args(args).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (run.status.code(), text(run.stdout), text(run.stderr))
}

#[test]
fn without_a_terminal_one_line_names_the_way() {
    for (lang, says) in [("en", "needs a terminal"), ("pt-BR", "terminal")] {
        let (code, out, error) = without_terminal(&["--lang", lang]);
        assert_eq!((code, out.as_str(), error.lines().count()), (Some(1), "", 1), "{error}");
        assert!(error.contains(says) && error.contains("socklab-tui netstat"), "{error}");
    }
}

#[test]
fn wrong_usage_is_named_with_status_2() {
    for (args, says) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["nonsense"], "nonsense"),
        (&["--server", "ech=1"], "not a kind of server"),
        (&["--server", "echo=70000"], "not a port"),
        (&["--lang", "fr"], "pt-BR"),
        (&["netstat", "--nonsense"], "--nonsense"),
    ] {
        let (code, out, error) = without_terminal(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{error}");
        let first = error.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains(says), "{error}");
    }
}

#[test]
fn a_record_that_cannot_be_created_is_named_and_the_terminal_untouched() {
    let mut running = Running::start(&["--record", "/nonexistent/journal.jsonl"]);
    assert_eq!(running.ended().exit_code(), 1);
    running.assert_given_back();
    assert!(!String::from_utf8_lossy(&running.written).contains("\x1b[?1049h"));
    assert!(running.says("/nonexistent/journal.jsonl"), "{}", running.screen().contents());
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    for args in [&["doctor"][..], &["run", "--list"], &["netstat"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
        command.args(args).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}
