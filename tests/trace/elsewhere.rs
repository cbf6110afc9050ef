//! Other namespaces: transitions of another network with the same addresses must not be reported as ours, and a lab in
//! another PID namespace must not end our trace.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};

use socklab::api::domain::{EventKind, Flow, Note};
use socklab::api::observe::Scope;

use super::transitions::{one_shot, port, reset, start};
use super::truth::Truth;
use crate::harness::{Need, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_lab_in_another_namespace_neither_opens_nor_closes_anything_here, &[Need::Trace]),
        test(an_address_that_two_namespaces_have_confirms_nothing, &[Need::Trace]),
        test(a_lab_in_another_pid_namespace_leaves_our_trace_alone, &[Need::Trace]),
        test(a_trace_that_somebody_switches_off_is_reported_as_lost, &[Need::Trace]),
    ]
}

/// An address in two namespaces, of which none is this one.
const SHARED: &str = "10.77.0.1:65432";
/// The note that a server is traced.
const TRACED: &str = r#""note":"has","what":"traced""#;

const BINARY: &str = env!("CARGO_BIN_EXE_socklab-tui");

/// A server in a namespace of its own, which ends with it.
struct Elsewhere {
    server: Child,
    /// Its output.
    said: BufReader<ChildStdout>,
}

impl Elsewhere {
    /// Starts a server on this port of its own loopback, and waits until it listens.
    fn serving(port: u16) -> Self {
        Self::start(&["-n"], &format!("ip link set lo up && exec {BINARY} serve --server threaded=127.0.0.1:{port}"))
            .until("listen(")
            .1
    }

    /// Starts a server at [`SHARED`], which tells its events as JSON, and waits until it is traced.
    fn serving_shared() -> Self {
        let address = SHARED.split(':').next().unwrap();
        let serve = format!(
            "ip link set lo up && ip addr add {address}/32 dev lo && exec {BINARY} serve --json --server threaded={SHARED}"
        );
        Self::start(&["-n"], &serve).until(TRACED).1
    }

    /// Starts a command in namespaces of its own.
    fn start(namespaces: &[&str], command: &str) -> Self {
        let mut unshare = Command::new("unshare");
        unshare.args(namespaces).args(["sh", "-c", command]);
        let mut server = unshare.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let said = BufReader::new(server.stdout.take().unwrap());
        Self { server, said }
    }

    /// Reads what it prints until a line contains `this`.
    fn until(mut self, this: &str) -> (Vec<String>, Self) {
        let mut lines = Vec::new();
        for line in self.said.by_ref().lines().map_while(Result::ok) {
            lines.push(line);
            if lines.last().is_some_and(|line| line.contains(this)) {
                return (lines, self);
            }
        }
        panic!("it ended without {this}: {lines:#?}");
    }

    /// Runs a client there to its end.
    fn client(&self, server: &str) {
        let pid = self.server.id().to_string();
        let args = ["-t", &pid, "-n", BINARY, "client", "tcp", server, "x"];
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
    after.client(&format!("127.0.0.1:{port}"));
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

fn an_address_that_two_namespaces_have_confirms_nothing() {
    let ours = Elsewhere::serving_shared();
    let theirs = Elsewhere::serving_shared();
    theirs.client(SHARED);
    // Their listener is the first thing that is known to be foreign.
    let (mut lines, ours) = ours.until(r#""note":"trace_foreign""#);
    ours.client(SHARED);
    let (more, _ours) = ours.until(r#""from":"LAST_ACK","to":"CLOSED""#);
    lines.extend(more);
    let events = lines.iter().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let events: Vec<_> = events.collect();
    let peer = |event: &serde_json::Value| event["peer"].as_str().map(str::to_owned);
    let accepted: Vec<_> = events.iter().filter(|event| event["call"] == "accept").filter_map(peer).collect();
    assert_eq!(accepted.len(), 1, "{lines:#?}");
    let changes = events.iter().filter(|event| event["kind"] == "state" && event["peer"].is_string());
    let strange: Vec<_> =
        changes.filter(|event| ![&event["local"], &event["peer"]].contains(&&accepted[0].as_str().into())).collect();
    assert!(strange.is_empty(), "{strange:#?}");
}

fn a_lab_in_another_pid_namespace_leaves_our_trace_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_trace, heard) = start(&Scope::ports([port(&listener)]));
    let serve = format!("exec {BINARY} serve --json --server threaded=127.0.0.1:0");
    // It does not see our process, but our trace.
    let newcomer = Elsewhere::start(&["--pid", "--fork", "--kill-child", "--mount-proc"], &serve).until(TRACED).1;
    let client = one_shot(&listener);
    heard.find("a change that came after it", |seen| {
        matches!(&seen.kind, EventKind::State(change) if change.flow.has_port(client.port())).then_some(())
    });
    drop(newcomer);
}

fn a_trace_that_somebody_switches_off_is_reported_as_lost() {
    let serve = format!("exec {BINARY} serve --json --server threaded=127.0.0.1:0");
    let server = Elsewhere::start(&["-n"], &serve).until(TRACED).1;
    let mut instances = std::fs::read_dir("/sys/kernel/tracing/instances").unwrap().map(|entry| entry.unwrap().path());
    let its = format!("-{}-0", server.server.id());
    let instance = instances.find(|path| path.to_str().unwrap().ends_with(&its)).unwrap();
    // The other switch, that of the event, is the lab's own: it follows the ports that are watched.
    let switch = instance.join("tracing_on");
    std::fs::write(&switch, "0").unwrap();
    let server = server.until(r#""note":"lacks","what":"traced""#).1;
    std::fs::write(&switch, "1").unwrap();
    server.until(TRACED);
}
