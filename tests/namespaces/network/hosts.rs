//! The hosts, the cable between them, and the programs that run on them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::Ipv4Addr;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use serde_json::Value;

use crate::fixtures::{BINARY, DEADLINE, KilledOnDrop};

/// The addresses of the hosts.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
pub(crate) const SERVER6: &str = "fd00:9::2";

/// A network namespace. It lasts as long as the process that holds it, which ends with this one by the end of its input.
pub(crate) struct Host(KilledOnDrop);

impl Host {
    fn new() -> Self {
        let mut holder = Command::new("unshare")
            .args(["-n", "sh", "-c", "ip link set lo up && echo ready && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut word = [0; 6];
        let ready = holder.stdout.as_mut().unwrap().read_exact(&mut word);
        let host = Self(KilledOnDrop(holder));
        assert!(ready.is_ok() && &word == b"ready\n", "no namespace");
        host
    }

    /// The words of a command that enters the namespace and runs the program that follows them.
    pub(crate) fn entering(&self) -> Vec<String> {
        ["nsenter", "-t", &self.0.0.id().to_string(), "-n"].map(String::from).into()
    }

    /// The process that holds the namespace.
    pub(crate) fn pid(&self) -> u32 {
        self.0.0.id()
    }

    fn command(&self, argv: &[&str]) -> Command {
        let enter = self.entering();
        let mut command = Command::new(&enter[0]);
        command.args(&enter[1..]).args(argv).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Runs a program to its end.
    pub(crate) fn run(&self, argv: &[&str]) -> Output {
        self.command(argv).output().unwrap()
    }

    /// Starts a program with this input.
    pub(crate) fn spawn(&self, argv: &[&str], input: &[u8]) -> KilledOnDrop {
        let mut command = self.command(argv);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.as_mut().unwrap().write_all(input).unwrap();
        KilledOnDrop(child)
    }

    /// Runs the program under test to its end. Returns its exit code and its output.
    pub(crate) fn lab(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(&[&[BINARY], args].concat());
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    pub(crate) fn must(&self, line: &str) {
        let output = self.run(&["sh", "-c", line]);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Drops packets to this port silently where they arrive (`ip-rule(8)`, blackhole).
    pub(crate) fn drops(&self, proto: &str, port: u16) {
        self.must(&format!("ip rule add pref 1 iif wire ipproto {proto} dport {port} blackhole"));
    }

    /// Refuses packets to this port with ICMP: administratively prohibited (`ip-rule(8)`, prohibit).
    pub(crate) fn prohibits(&self, proto: &str, port: u16) {
        self.must(&format!("ip rule add pref 1 iif wire ipproto {proto} dport {port} prohibit"));
    }

    /// Starts servers here, each `KIND=ADDR`, and waits until they have their ports.
    pub(crate) fn serve(&self, servers: &[&str]) -> Running {
        let asked: Vec<_> = servers.iter().flat_map(|server| ["--server", server]).collect();
        let mut running = self.serve_as(&asked);
        for _ in servers {
            running.until("a server has its port", |event| (event["change"] == "started").then_some(()));
        }
        running
    }

    /// Starts servers with these arguments of the command line.
    pub(crate) fn serve_as(&self, args: &[&str]) -> Running {
        let argv = [&[BINARY, "serve", "--json"], args].concat();
        let mut child = self.command(&argv).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Running { child: KilledOnDrop(child), lines }
    }

    /// The local addresses of the TCP listeners here, as the kernel spells them (`proc_net(5)`).
    pub(crate) fn listeners(&self) -> Vec<String> {
        let table = String::from_utf8(self.run(&["cat", "/proc/net/tcp", "/proc/net/tcp6"]).stdout).unwrap();
        let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut found: Vec<_> = lines.filter(|words| words[3] == "0A").map(|words| words[1].to_owned()).collect();
        found.sort();
        found
    }
}

/// Servers that run, and the lines that they print.
pub(crate) struct Running {
    child: KilledOnDrop,
    lines: Receiver<String>,
}

impl Running {
    /// Waits for an event.
    pub(crate) fn until<T>(&mut self, what: &str, mut is: impl FnMut(&Value) -> Option<T>) -> T {
        let ends = Instant::now() + DEADLINE;
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("{what}"));
            if let Some(found) = is(&serde_json::from_str(&line).unwrap()) {
                return found;
            }
        }
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.0.try_wait().unwrap().is_none()
    }
}

/// The two hosts, with the cable between them.
pub(crate) fn hosts() -> (Host, Host) {
    let client = Host::new();
    let server = Host::new();
    let pid = server.0.0.id();
    client.must(&format!("ip link add wire type veth peer name wire netns {pid}"));
    for (host, number) in [(&client, 1), (&server, 2)] {
        host.must(&format!(
            "ip addr add 10.9.0.{number}/24 dev wire && ip addr add fd00:9::{number}/64 dev wire nodad"
        ));
        host.must("ip link set wire up");
    }
    // Rules for `drops` and `prohibits` go before the one for local addresses. Only a router sends these ICMP errors.
    server.must("ip rule add pref 10 lookup local && ip rule del pref 0 && echo 1 >/proc/sys/net/ipv4/ip_forward");
    (client, server)
}
