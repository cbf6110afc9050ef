//! Another network namespace with the same addresses: its transitions must not be reported as ours.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};

use socklab::api::domain::{EventKind, Flow, Note};
use socklab::api::observe::Scope;

use super::transitions::{one_shot, port, reset, start};
use super::truth::Truth;
use crate::harness::{Need, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test(a_lab_in_another_namespace_neither_opens_nor_closes_anything_here, &[Need::Trace])]
}

const BINARY: &str = env!("CARGO_BIN_EXE_socklab-tui");

/// A server in a namespace of its own, which ends with it.
struct Elsewhere {
    server: Child,
    /// Keeps the pipe of its output open for as long as it lives.
    _said: BufReader<ChildStdout>,
}

impl Elsewhere {
    /// Starts a server on this port of its own loopback, and waits until it listens.
    fn serving(port: u16) -> Self {
        let serve = format!("ip link set lo up && exec {BINARY} serve --server threaded=127.0.0.1:{port}");
        let mut command = Command::new("unshare");
        command.args(["-n", "sh", "-c", &serve]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        let started = said.by_ref().lines().map_while(Result::ok).any(|line| line.contains("listen("));
        assert!(started, "the server does not listen");
        Self { server, _said: said }
    }

    /// Runs a client there to its end.
    fn client(&self, port: u16) {
        let (pid, server) = (self.server.id().to_string(), format!("127.0.0.1:{port}"));
        let args = ["-t", &pid, "-n", BINARY, "client", "tcp", &server, "x"];
        let done = Command::new("nsenter").args(args).stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn a_lab_in_another_namespace_neither_opens_nor_closes_anything_here() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port(&listener);
    let truth = Truth::begin(port);
    let before = Elsewhere::serving(port);
    let (_trace, heard) = start(&Scope::ports([port]));
    // One listener from before the trace began, and one from after.
    drop(before);
    let after = Elsewhere::serving(port);
    after.client(port);
    drop(after);
    let clients = [one_shot(&listener), reset(&listener)];
    drop(listener);
    let (mut ours, mut foreign) = (Vec::new(), 0);
    // Foreign transitions are reported in a note of their own; the last of ours is the end of our listener.
    while !(foreign > 0 && ours.last().is_some_and(|flow: &Flow| flow.peer.is_none())) {
        heard.find("transition", |seen| match &seen.kind {
            EventKind::State(change) => {
                ours.push(change.flow);
                Some(())
            }
            EventKind::Note(Note::TraceForeign { count }) => {
                foreign += count;
                Some(())
            }
            _ => None,
        });
    }
    let is_strange = |flow: &&Flow| flow.peer.is_some() && !clients.iter().any(|client| flow.has_port(client.port()));
    let strange: Vec<_> = ours.iter().filter(is_strange).collect();
    assert!(strange.is_empty(), "{strange:?}");
    let closed = ours.iter().filter(|flow| flow.peer.is_none()).count();
    assert_eq!((closed, ours.len()), (1, 2 * 5 + 2 * 3 + 1));
    // The kernel did trace the foreign ones.
    let all = truth.end();
    assert!(all.len() > ours.len() + 10, "the kernel told {} changes, {} of them ours", all.len(), ours.len());
}
