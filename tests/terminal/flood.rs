//! After more than anybody could follow, the numbers on the screen are those of the kernel and of the senders.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use crate::pty::Running;

/// Sends so many bytes, reads the answer, and leaves.
fn upload(port: u16, len: usize) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut answers = stream.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut buffer = [0; 16_384];
        let mut read = 0;
        while let Ok(len @ 1..) = answers.read(&mut buffer) {
            read += len;
        }
        read
    });
    stream.write_all(&vec![b'a'; len]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(reader.join().unwrap(), len);
}

/// The port of a server by its line on the screen.
fn port_of(running: &Running, server: &str) -> u16 {
    let shown = running.screen().contents();
    let line = shown.lines().find(|line| line.contains(server)).unwrap();
    let digits = line.split(':').nth(1).unwrap();
    digits.split(' ').next().unwrap().parse().unwrap()
}

/// Reads the screen while others work.
fn while_running(running: &mut Running, work: Vec<thread::JoinHandle<()>>) {
    while work.iter().any(|thread| !thread.is_finished()) {
        running.read(Duration::from_millis(20));
    }
    work.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn uploads_are_counted_to_the_last_byte_and_connection() {
    for (server, keys) in [("threaded", ""), ("async", "\x1b[B\x1b[B")] {
        let mut running = Running::shown(&[]);
        running.types(keys.as_bytes());
        let port = port_of(&running, server);
        let clients = (0..8).map(|_| thread::spawn(move || upload(port, 20_000_000))).collect();
        while_running(&mut running, clients);
        for says in ["8 connections accepted", "160.0 MB in, 160.0 MB out", "0 open of 8"] {
            running.until(says, |running| running.says(says));
        }
        assert!(!running.says("lost"), "only packets may be missing: {}", running.screen().contents());
        running.quits();
    }
}

#[test]
fn datagrams_are_counted_to_the_last_one() {
    let mut running = Running::shown(&[]);
    running.types(b"\x1b[B\x1b[B\x1b[B");
    let port = port_of(&running, "udp");
    let client = move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", port)).unwrap();
        for _ in 0..1_500 {
            socket.send(b"0123456789").unwrap();
            assert_eq!(socket.recv(&mut [0; 16]).unwrap(), 10);
        }
    };
    let clients = (0..4).map(|_| thread::spawn(client)).collect();
    while_running(&mut running, clients);
    for says in ["6,000 datagrams", "60.0 kB in, 60.0 kB out"] {
        running.until(says, |running| running.says(says));
    }
    running.quits();
}
