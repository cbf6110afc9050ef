//! The screen in a real terminal, to which nothing is written when nothing happens.

use std::time::{Duration, Instant};

use crate::pty::Running;

#[test]
fn it_starts_and_clients_appear() {
    let mut running = Running::shown(&[]);
    assert!(running.says("loopback only") && running.says("threaded"), "{}", running.screen().contents());
    running.types(b"3c");
    running.until("three clients", |running| {
        let rows = running.screen().contents();
        let row =
            |no: &str| rows.lines().any(|row| row.contains(&format!("{no} 127.0.0.1:")) && row.contains("ESTABLISHED"));
        ["#1", "#2", "#3"].into_iter().all(row)
    });
    running.types(b"L");
    running.until("Portuguese", |running| running.says("Servidores"));
    running.quits();
}

#[test]
fn pasted_text_comes_as_text() {
    let mut running = Running::shown(&[]);
    running.types(b"i\x1b[200~bom dia, turma\rq\x1b[201~");
    running.until("the line", |running| running.says("> bom dia, turma q"));
    running.types(b"\r");
    running.until("the answer", |running| running.says("BOM DIA, TURMA Q"));
    running.types(b"\x03");
    assert!(running.ended().success());
}

#[test]
fn a_tiny_terminal_gets_a_note_and_grows_into_the_lab() {
    let mut running = Running::start_with(&[], (10, 5), &[]);
    running.until("the note", |running| running.says("60×20"));
    running.resize(120, 36);
    running.until("the lab", |running| running.says("LISTEN") && running.says("What happened"));
    running.resize(10, 5);
    running.until("the note", |running| running.says("60×20"));
    running.types(b"c");
    running.resize(1, 1);
    running.resize(120, 36);
    running.until("the lab", |running| running.says("What happened") && running.says("1 client"));
    running.quits();
}

#[test]
fn when_nothing_happens_nothing_is_written() {
    // Below the ports that the kernel gives to clients: those of other tests come and go.
    let first = 20_000 + 4 * (std::process::id() % 2_500);
    let servers = ["threaded", "echo", "async", "udp"].into_iter().zip(first..);
    let servers: Vec<_> = servers.map(|(kind, port)| format!("--server={kind}={port}")).collect();
    let args: Vec<_> = ["--lang=en"].into_iter().chain(servers.iter().map(String::as_str)).collect();
    let mut running = Running::program(&args, (120, 36), &[]);
    running.until("the lab", |running| running.says("LISTEN") && running.says("What happened"));
    running.settles(Duration::from_secs(1));
    let begun = Instant::now();
    #[cfg(target_os = "linux")]
    let before = running.state().expect("it runs").1;
    let written = running.read(Duration::from_secs(2));
    assert_eq!(written, 0, "after {:?}:\n{}", begun.elapsed(), running.screen().contents());
    #[cfg(target_os = "linux")]
    {
        let used = running.state().expect("it runs").1 - before;
        // Ticks of ten milliseconds: five in a hundred of a core, unoptimised.
        assert!(used <= 10, "{used} ticks of CPU time in two seconds");
        println!("idle: {used} ticks in 2 s");
    }
    running.quits();
}
