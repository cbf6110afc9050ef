//! Three hosts and two virtual Ethernets: network namespaces that end with their threads.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use rustix::thread::UnshareFlags;

/// The server's address on the attacker's network.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
pub(crate) const ATTACKER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
/// The server's address on the friends' network.
pub(crate) const SERVER_TO_FRIENDS: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);
/// The number of friends. Each has an address.
pub(crate) const FRIENDS: u8 = 200;

pub(crate) fn friend(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 78, 1, number)
}

pub(crate) fn at(ip: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(ip.into(), port)
}

type Order = Box<dyn FnOnce() + Send>;

/// A thread in a network namespace of its own, which the threads and processes that it starts inherit.
#[derive(Clone)]
pub(crate) struct Host {
    orders: mpsc::Sender<Order>,
    namespace: String,
}

impl Host {
    fn new() -> io::Result<Self> {
        let (orders, told) = mpsc::channel::<Order>();
        let (ready, is_ready) = mpsc::channel();
        thread::spawn(move || {
            _ = ready.send(unshare().map(|()| rustix::thread::gettid().as_raw_nonzero().get()));
            told.into_iter().for_each(|order| order());
        });
        let thread = is_ready.recv().expect("the thread answers")?;
        let namespace = format!("/proc/{}/task/{thread}/ns/net", std::process::id());
        let host = Self { orders, namespace };
        host.ip("link set lo up");
        Ok(host)
    }

    /// Runs `work` on a new thread of this host.
    pub(crate) fn start<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
        let (started, is_started) = mpsc::channel();
        let order = move || _ = started.send(thread::spawn(work));
        self.orders.send(Box::new(order)).expect("the host lives");
        is_started.recv().expect("the host lives")
    }

    /// Runs `work` on this host and waits for its result.
    pub(crate) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.start(work).join().expect("it does not panic")
    }

    /// The output of a shell command on this host. It must succeed.
    pub(crate) fn shell(&self, line: &str) -> String {
        let owned = line.to_owned();
        let run = self.run(move || Command::new("sh").args(["-c", &owned]).output()).expect("a shell");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{line}: {said}{}", String::from_utf8_lossy(&run.stderr));
        said
    }

    /// How many connections its kernel has accepted (`PassiveOpens`, RFC 4022).
    pub(crate) fn passive_opens(&self) -> u64 {
        let text = std::fs::read_to_string(self.namespace.replace("/ns/net", "/net/snmp")).expect("proc is there");
        let mut rows = text.lines().filter_map(|line| line.strip_prefix("Tcp: ")).map(str::split_whitespace);
        let (names, numbers) = (rows.next().expect("names"), rows.next().expect("numbers"));
        let of = names.zip(numbers).find(|(name, _)| *name == "PassiveOpens").expect("it is counted");
        of.1.parse().expect("a number")
    }

    fn ip(&self, words: &str) {
        self.shell(&format!("ip {words}"));
    }
}

#[expect(unsafe_code, reason = "unshare(2) is unsound only where it unshares the descriptor table; this does not")]
fn unshare() -> io::Result<()> {
    // SAFETY: only the network namespace is unshared, of this thread alone.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }.map_err(Into::into)
}

/// The three hosts.
pub(crate) struct Net {
    pub(crate) server: Host,
    pub(crate) attacker: Host,
    pub(crate) friends: Host,
}

impl Net {
    pub(crate) fn open() -> Self {
        let [server, attacker, friends] = [(); 3].map(|()| Host::new().unwrap());
        for (name, other, own, theirs) in
            [("evil", &attacker, SERVER, ATTACKER), ("good", &friends, SERVER_TO_FRIENDS, friend(1))]
        {
            server.ip(&format!("link add {name} type veth peer name cable netns {}", other.namespace));
            server.ip(&format!("addr add {own}/16 dev {name}"));
            server.ip(&format!("link set {name} up"));
            other.ip(&format!("addr add {theirs}/16 dev cable"));
            other.ip("link set cable up");
        }
        let all: Vec<_> = (2..=FRIENDS).map(|n| format!("addr add {}/16 dev cable\n", friend(n))).collect();
        friends.shell(&format!("ip -batch - <<'END'\n{}END", all.concat()));
        Self { server, attacker, friends }
    }
}
