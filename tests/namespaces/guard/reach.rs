//! Who can be reached: the kernel's own table says that nothing listens beyond loopback unless it was asked for.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use socklab::api::domain::{ClientPlan, Destination, GuardOrder, LabOrder, Proto, ServiceModel, WorldId};
use socklab::api::model::Effect;

use super::attacks::connect;
use super::lab::{DEADLINE, ECHO, Lab, THREADED, UDP};
use super::net::{ATTACKER, Host, Net, SERVER, at};
use crate::harness::Need::{Network, Tool, Wire};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(nothing_listens_beyond_loopback_unless_asked, &[Network]),
        test(servers_move_to_the_network_and_back_and_nobody_is_dropped, &[Network]),
        test(a_server_that_cannot_move_stays_where_it_is, &[Network]),
        test(serve_opens_no_more_than_it_was_asked_to, &[Network]),
        test(a_scenario_on_the_machine_listens_on_loopback_only, &[Network]),
        test(the_wire_lab_and_its_programs_open_nothing_on_the_machine, &[Network, Wire, Tool("python3")]),
        test(clients_over_udp_stay_on_loopback, &[Network]),
        test(who_broadcasts_has_one_socket_that_waits_for_answers, &[Network]),
    ]
}

/// The local addresses of all TCP listeners and all UDP sockets of a host, as `/proc/net` writes them (`proc_net(5)`).
fn open_sockets(host: &Host) -> Vec<String> {
    host.run(|| {
        let table = |name: &str, state: &str| {
            let text = fs::read_to_string(format!("/proc/thread-self/net/{name}")).unwrap();
            let rows = text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
            rows.filter(|row| row[3] == state).map(|row| format!("{name} {}", row[1])).collect::<Vec<_>>()
        };
        let mut all = [table("tcp", "0A"), table("tcp6", "0A"), table("udp", "07"), table("udp6", "07")].concat();
        all.sort();
        all
    })
}

const ON_LOOPBACK: [&str; 4] = ["tcp 0100007F:FF98", "tcp 0100007F:FF99", "tcp 0100007F:FF9A", "udp 0100007F:FF98"];
const ON_EVERY_ADDRESS: [&str; 4] =
    ["tcp 00000000:FF98", "tcp 00000000:FF99", "tcp 00000000:FF9A", "udp 00000000:FF98"];

fn nothing_listens_beyond_loopback_unless_asked() {
    let net = Net::open();
    assert!(open_sockets(&net.server).is_empty());
    let lab = Lab::open(&net.server, &[]);
    assert_eq!(open_sockets(&net.server), ON_LOOPBACK);
    let refused = net.attacker.run(|| connect(ATTACKER, at(SERVER, 65432)).map(drop).map_err(|error| error.kind()));
    assert_eq!(refused, Err(std::io::ErrorKind::ConnectionRefused));
    lab.close();
    let lab = Lab::open(&net.server, &["--lan"]);
    assert_eq!(open_sockets(&net.server), ON_EVERY_ADDRESS);
    lab.close();
    let lab = Lab::open(&net.server, &["--bind", "10.77.0.1", "--server", "echo=65433"]);
    assert_eq!(open_sockets(&net.server), ["tcp 01004D0A:FF99"]);
    lab.close();
    assert!(open_sockets(&net.server).is_empty());
}

fn servers_move_to_the_network_and_back_and_nobody_is_dropped() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &[]);
    // One that is served by each, and two that wait in the accept queue of the server that serves one at a time.
    let ports = [65432, 65433, 65434, 65433, 65433];
    let mut local =
        net.server.run(move || ports.map(|port| std::net::TcpStream::connect(("127.0.0.1", port)).unwrap()));
    let answered = |stream: &mut std::net::TcpStream| {
        stream.write_all(b"1").unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"1");
    };
    local.iter_mut().take(3).for_each(answered);

    let moved = |ip: &str| {
        let ip: std::net::IpAddr = ip.parse().unwrap();
        lab.perform(Effect::Lab(WorldId::Host, LabOrder::Guard(GuardOrder::Bind(ip))));
        lab.until("all have moved", |model| {
            model
                .worlds
                .shown()
                .servers
                .all()
                .iter()
                .all(|server| server.is_up() && server.addr().ip() == ip)
                .then_some(())
        });
    };
    moved("0.0.0.0");
    assert_eq!(open_sockets(&net.server), ON_EVERY_ADDRESS);
    local.iter_mut().take(3).for_each(answered);
    let mut stranger = net.attacker.run(|| connect(ATTACKER, at(SERVER, 65432)).unwrap());
    answered(&mut stranger);

    moved("127.0.0.1");
    assert_eq!(open_sockets(&net.server), ON_LOOPBACK);
    local.iter_mut().take(3).for_each(answered);
    answered(&mut stranger);

    // Those that waited through both moves are served when there is time for them.
    lab.perform(Effect::Lab(WorldId::Host, LabOrder::Switch(ECHO, ServiceModel::Threaded)));
    local.iter_mut().skip(3).for_each(answered);
    lab.close();
}

fn a_server_that_cannot_move_stays_where_it_is() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &[]);
    // Somebody else listens on the network's side of the same port: every address cannot be had.
    let _other = net.server.run(|| std::net::TcpListener::bind(at(SERVER, 65432)).unwrap());
    lab.perform(Effect::Lab(WorldId::Host, LabOrder::Guard(GuardOrder::Bind("0.0.0.0".parse().unwrap()))));
    lab.until("the others have moved", |model| {
        let all = model.worlds.shown().servers.all();
        (all.iter().filter(|server| server.addr().ip().is_unspecified()).count() == 3).then_some(())
    });
    lab.until("it is back", |model| {
        let server = model.worlds.shown().servers.get(THREADED)?;
        (server.is_up() && server.addr().ip().is_loopback()).then_some(())
    });
    let answer = net.server.run(|| {
        let mut stream = std::net::TcpStream::connect("127.0.0.1:65432").unwrap();
        stream.write_all(b"oi").unwrap();
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).unwrap();
        answer
    });
    assert_eq!(&answer, b"OI");
    lab.close();
}

/// A command of the program that runs on a host, and is ended with the test.
struct Running(Child);

impl Running {
    fn start(host: &Host, args: &[&str]) -> Self {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self(host.run(move || command.spawn()).expect("it was built"))
    }

    /// Reads what it tells until a line says this.
    fn until(&mut self, says: &str) {
        let mut told = BufReader::new(self.0.stdout.as_mut().expect("it is piped"));
        let mut line = String::new();
        while !line.contains(says) {
            line.clear();
            assert!(told.read_line(&mut line).expect("it tells") > 0, "it ended without {says:?}");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until these are the open sockets of a host.
fn until_open(host: &Host, is_it: impl Fn(&[String]) -> bool) {
    let begun = Instant::now();
    loop {
        let open = open_sockets(host);
        if is_it(&open) {
            return;
        }
        assert!(begun.elapsed() < DEADLINE, "{open:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn serve_opens_no_more_than_it_was_asked_to() {
    let net = Net::open();
    for (args, expected) in [(&["serve"][..], ON_LOOPBACK), (&["serve", "--lan"], ON_EVERY_ADDRESS)] {
        let serving = Running::start(&net.server, args);
        // They come one after the other.
        until_open(&net.server, |open| open == expected);
        drop(serving);
        until_open(&net.server, <[_]>::is_empty);
    }
}

/// A scenario that stands still with a listener until a program on the server ends with 42.
fn standing(name: &str, world: &str, act: &str) -> String {
    let path = std::env::temp_dir().join(format!("socklab-{}-{name}.toml", std::process::id()));
    let lesson = format!(
        "title = {{ en = \"t\", pt = \"t\" }}\nabout = {{ en = \"a\", pt = \"a\" }}\nworld = \"{world}\"\n{act}\n\
         within_ms = 60000\n"
    );
    fs::write(&path, lesson).expect("there is room");
    path.to_str().expect("it is text").to_owned()
}

fn a_scenario_on_the_machine_listens_on_loopback_only() {
    let net = Net::open();
    let act = "servers = [\"echo\"]\n[[step]]\ndo = [{ start = \"echo\" }, { listen = { socket = \"l\", port = 0 } }]\n\
               expect = [{ state = { of = \"l\", is = \"ESTABLISHED\" } }]";
    let file = standing("machine", "host", act);
    let _running = Running::start(&net.server, &["run", &file, "--json"]);
    let local = |socket: &String| socket.starts_with("tcp 0100007F:");
    until_open(&net.server, |open| open.len() == 2 && open.iter().all(local));
    fs::remove_file(file).expect("it is ours");
}

fn the_wire_lab_and_its_programs_open_nothing_on_the_machine() {
    let net = Net::open();
    let act = "[[step]]\ndo = [{ listen = { socket = \"l\" } }]\n\
               expect = [{ ended = { host = \"server\", status = 42 } }]";
    let file = standing("wire", "wire", act);
    let mut wire = Running::start(&net.server, &["run", &file, "--json"]);
    wire.until("\"to\":\"LISTEN\"");
    assert_eq!(open_sockets(&net.server), [""; 0]);
    // A program there listens on every address: of its host, which has no other network than the wire.
    let of = wire.0.id().to_string();
    let script =
        "import socket, sys; s = socket.create_server(('', 7001)); print('open', flush=True); sys.stdin.read()";
    let argv = ["exec", "server", "--of", &of, "--", "python3", "-c", script];
    let mut program = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
    program.args(argv).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = Running(net.server.run(move || program.spawn()).expect("it was built"));
    program.until("open");
    assert_eq!(open_sockets(&net.server), [""; 0]);
    fs::remove_file(file).expect("it is ours");
}

/// From its first `sendto` on the socket of a UDP client stands in the table: with the address that it was bound to.
fn clients_over_udp_stay_on_loopback() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &[]);
    let addr = at(Ipv4Addr::LOCALHOST, 65432);
    let destination = Destination { server: Some(UDP), proto: Proto::Udp, addr };
    lab.perform(Effect::Lab(WorldId::Host, LabOrder::Spawn { count: 3, plan: ClientPlan::Stay, destination }));
    lab.until("they are answered", |model| {
        let answered = model.worlds.shown().clients.all().iter().filter(|client| client.received > 0).count();
        (answered == 3).then_some(())
    });
    let open = open_sockets(&net.server);
    let local = |socket: &&String| socket.starts_with("udp 0100007F:");
    assert_eq!((open.len(), open.iter().filter(local).count()), (7, 4), "{open:?}");
    // The port that the server saw is the one that the client has.
    let ports = |foreign: bool| {
        lab.seen().model.worlds.shown().clients.all().iter().filter(|client| client.id().is_none() == foreign).count()
    };
    assert_eq!((ports(false), ports(true)), (3, 0), "nobody is taken for somebody else");
    lab.close();
    // The command by itself, while it waits for an answer that does not come.
    let deaf = net.server.run(|| std::net::UdpSocket::bind("127.0.0.1:7007").unwrap());
    let _asking = Running::start(&net.server, &["client", "udp", "127.0.0.1:7007", "oi", "--timeout", "60"]);
    until_open(&net.server, |open| open.len() == 2);
    let open = open_sockets(&net.server);
    assert!(open.iter().all(|socket| socket.starts_with("udp 0100007F:")), "{open:?}");
    drop(deaf);
}

fn who_broadcasts_has_one_socket_that_waits_for_answers() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &[]);
    let all = lab.seen().model.worlds.shown().servers.all().iter().map(|server| server.id).collect();
    lab.perform(Effect::Lab(WorldId::Host, LabOrder::Broadcast("oi".into(), all)));
    lab.until("UDP has answered", |model| {
        let answered = model.worlds.shown().servers.all().iter().filter(|server| server.bytes.0 > 0).count();
        (answered >= 3).then_some(())
    });
    let (servers, others): (Vec<_>, Vec<_>) =
        open_sockets(&net.server).into_iter().partition(|socket| ON_LOOPBACK.contains(&socket.as_str()));
    assert_eq!(servers, ON_LOOPBACK);
    assert!(others.len() == 1 && others[0].starts_with("udp 0100007F:"), "{others:?}");
    lab.close();
    assert_eq!(open_sockets(&net.server), [""; 0]);
}
