//! A crowd of connections, held by two processes of their own: one process may not open that many descriptors.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

const PART: &str = "SOCKLAB_BENCH_PART";

/// So many connections to one listener, until dropped.
pub(super) struct Crowd {
    parts: Vec<Child>,
    addr: SocketAddr,
}

impl Crowd {
    pub(super) fn gather(count: usize) -> Self {
        let (server, addr) = part("serve");
        let addr: SocketAddr = addr.parse().expect("an address");
        let (clients, _) = part(&format!("dial {addr} {count}"));
        Self { parts: vec![clients, server], addr }
    }

    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for part in &mut self.parts {
            // The end of its input is what it waits for.
            drop(part.stdin.take());
            let _ = part.wait();
        }
    }
}

/// Starts this program again as one part of a crowd; returns its first line.
fn part(what: &str) -> (Child, String) {
    let program = std::env::current_exe().expect("this program");
    let mut part = Command::new(program)
        .env(PART, what)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a part of the crowd");
    let mut line = String::new();
    BufReader::new(part.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    (part, line.trim().to_owned())
}

/// Plays its part, if this process is one; returns when the crowd is over.
pub(super) fn is_part_of_one() -> bool {
    let Ok(what) = std::env::var(PART) else { return false };
    let mut kept = Vec::new();
    if let Some((addr, count)) = what.strip_prefix("dial ").and_then(|what| what.split_once(' ')) {
        let count = count.parse().expect("a count");
        kept.extend((0..count).map(|_| TcpStream::connect(addr).expect("a connection")));
        println!("{count}");
    } else {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        println!("{}", listener.local_addr().expect("its address"));
        // Ends with the process, and so do its connections.
        std::thread::spawn(move || listener.incoming().flatten().collect::<Vec<_>>());
    }
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    drop(kept);
    true
}
