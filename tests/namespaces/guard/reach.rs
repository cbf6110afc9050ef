//! Reachability: by the kernel's own table, nothing listens beyond loopback unless that was requested.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use socklab::api::domain::{
    ClientPlan, Destination, EventKind, Flow, GuardOrder, LabOrder, Proto, ServiceModel, TcpState,
};
use socklab::api::model::Model;

use super::attacks::connect;
use super::lab::{ECHO, Lab, THREADED, UDP, served};
use super::net::{ATTACKER, Host, Net, SERVER, at};
use crate::fixtures::{BINARY, KilledOnDrop, ScenarioFile, wait_until};
use crate::harness::Need::{Network, Tool, Trace, Wire};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(nothing_listens_beyond_loopback_unless_asked, &[Network]),
        // A program that another test starts holds a copy of every descriptor from fork(2) to execve(2), and so the port of a
        // socket that is closed meanwhile.
        test(servers_move_to_the_network_and_back_without_dropping_connections, &[Network]).in_own_process(),
        test(a_server_that_cannot_move_stays_where_it_is, &[Network]).in_own_process(),
        test(what_another_network_with_the_same_addresses_does_is_not_ours, &[Network, Trace]),
        test(serve_opens_no_more_than_it_was_asked_to, &[Network]),
        test(a_scenario_on_the_machine_listens_on_loopback_only, &[Network]),
        test(the_wire_lab_and_its_programs_open_nothing_on_the_machine, &[Network, Wire, Tool("python3")]),
        test(clients_over_udp_stay_on_loopback, &[Network]),
        test(the_broadcaster_has_one_udp_socket_on_loopback, &[Network]),
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

fn servers_move_to_the_network_and_back_without_dropping_connections() {
    let (net, lab) = served(&[]);
    // One served by each server, and two in the accept queue of the sequential one.
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
        lab.order(LabOrder::Guard(GuardOrder::Bind(ip)));
        lab.until("all have moved", |model| {
            let mut servers = model.worlds.shown().servers.all().iter();
            servers.all(|server| server.is_up() && server.addr().ip() == ip).then_some(())
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

    // Those that waited in the queue through both moves are served as well.
    lab.order(LabOrder::Switch(ECHO, ServiceModel::Threaded));
    local.iter_mut().skip(3).for_each(answered);
    lab.close();
}

fn a_server_that_cannot_move_stays_where_it_is() {
    let (net, lab) = served(&[]);
    // Another socket listens on the network's address and the same port: binding to every address fails.
    let _other = net.server.run(|| std::net::TcpListener::bind(at(SERVER, 65432)).unwrap());
    lab.order(LabOrder::Guard(GuardOrder::Bind("0.0.0.0".parse().unwrap())));
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

fn what_another_network_with_the_same_addresses_does_is_not_ours() {
    let (net, lab) = served(&["--lan"]);
    let other = Net::open();
    // A listener on the same address, and connections that come and go.
    let listener = other.server.run(|| std::net::TcpListener::bind(at(SERVER, 65432)).unwrap());
    for _ in 0..20 {
        other.attacker.run(|| drop(connect(ATTACKER, at(SERVER, 65432)).unwrap()));
        drop(listener.accept().unwrap());
    }
    let own = net.attacker.run(|| {
        let stream = connect(ATTACKER, at(SERVER, 65432)).unwrap();
        stream.local_addr().unwrap()
    });
    let flow = Flow::tcp(at(SERVER, 65432), own);
    let changes = |model: &Model| -> Vec<_> {
        let kinds = model.journal.events().map(|event| &event.seen.kind);
        kinds.filter_map(|kind| if let EventKind::State(change) = kind { Some(change.clone()) } else { None }).collect()
    };
    // The kernel traces in the order of time: what happened there was told before this.
    lab.until("ours has ended", |model| {
        changes(model).iter().any(|change| change.flow == flow && change.to == TcpState::Closed).then_some(())
    });
    let strange: Vec<_> =
        changes(&lab.close()).into_iter().filter(|change| change.flow.peer.is_some() && change.flow != flow).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

/// Starts a command of the program on a host.
fn start(host: &Host, args: &[&str]) -> KilledOnDrop {
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let mut command = Command::new(BINARY);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    KilledOnDrop(host.run(move || command.spawn()).expect("it was built"))
}

/// Reads the output of a process until a line contains this.
fn read_until(process: &mut KilledOnDrop, says: &str) {
    let mut lines = BufReader::new(process.0.stdout.as_mut().expect("it is piped")).lines();
    assert!(lines.any(|line| line.unwrap().contains(says)), "it ended without {says:?}");
}

/// Waits until the open sockets of a host meet a condition.
fn until_open(host: &Host, is_it: impl Fn(&[String]) -> bool) {
    wait_until("the sockets are open", || is_it(&open_sockets(host)));
}

fn serve_opens_no_more_than_it_was_asked_to() {
    let net = Net::open();
    for (args, expected) in [(&["serve"][..], ON_LOOPBACK), (&["serve", "--lan"], ON_EVERY_ADDRESS)] {
        let serving = start(&net.server, args);
        // The servers start one after the other.
        until_open(&net.server, |open| open == expected);
        drop(serving);
        until_open(&net.server, <[_]>::is_empty);
    }
}

/// A scenario with these steps, the last of which waits for a minute.
fn standing(name: &str, world: &str, steps: &str) -> ScenarioFile {
    let head = "title = { en = \"t\", pt = \"t\" }\nabout = { en = \"a\", pt = \"a\" }";
    ScenarioFile::new(name, &format!("{head}\nworld = \"{world}\"\n{steps}\nwithin_ms = 60000\n"))
}

fn a_scenario_on_the_machine_listens_on_loopback_only() {
    let net = Net::open();
    let act = "servers = [\"echo\"]\n[[step]]\ndo = [{ start = \"echo\" }, { listen = { socket = \"l\", port = 0 } }]\n\
               expect = [{ state = { of = \"l\", is = \"ESTABLISHED\" } }]";
    let file = standing("machine", "host", act);
    let _running = start(&net.server, &["run", file.path(), "--json"]);
    let local = |socket: &String| socket.starts_with("tcp 0100007F:");
    until_open(&net.server, |open| open.len() == 2 && open.iter().all(local));
}

fn the_wire_lab_and_its_programs_open_nothing_on_the_machine() {
    let net = Net::open();
    let act = "[[step]]\ndo = [{ listen = { socket = \"l\" } }]\n\
               expect = [{ ended = { host = \"server\", status = 42 } }]";
    let file = standing("wire", "wire", act);
    let mut wire = start(&net.server, &["run", file.path(), "--json"]);
    read_until(&mut wire, "\"to\":\"LISTEN\"");
    assert_eq!(open_sockets(&net.server), [""; 0]);
    // A program there listens on every address of its host, which has no network but the wire.
    let of = wire.0.id().to_string();
    let script =
        "import socket, sys; s = socket.create_server(('', 7001)); print('open', flush=True); sys.stdin.read()";
    let argv = ["exec", "server", "--of", &of, "--", "python3", "-c", script];
    let mut program = Command::new(BINARY);
    program.args(argv).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = KilledOnDrop(net.server.run(move || program.spawn()).expect("it was built"));
    read_until(&mut program, "open");
    assert_eq!(open_sockets(&net.server), [""; 0]);
}

/// From its first `sendto` on, a UDP client's socket is in the table, with the address that it was bound to.
fn clients_over_udp_stay_on_loopback() {
    let (net, lab) = served(&[]);
    let addr = at(Ipv4Addr::LOCALHOST, 65432);
    let destination = Destination { server: Some(UDP), proto: Proto::Udp, addr };
    lab.order(LabOrder::Spawn { count: 3, plan: ClientPlan::Stay, destination });
    lab.until("they are answered", |model| {
        let answered = model
            .worlds
            .shown()
            .clients
            .all()
            .iter()
            .filter(|client| client.id().is_some() && client.bytes.received > 0)
            .count();
        (answered == 3).then_some(())
    });
    let open = open_sockets(&net.server);
    let local = |socket: &&String| socket.starts_with("udp 0100007F:");
    assert_eq!((open.len(), open.iter().filter(local).count()), (7, 4), "{open:?}");
    // The server sees the client's port.
    let ports = |foreign: bool| {
        lab.seen().model.worlds.shown().clients.all().iter().filter(|client| client.id().is_none() == foreign).count()
    };
    assert_eq!((ports(false), ports(true)), (3, 0), "no client is listed twice");
    lab.close();
    // The command `client`, while it waits for an answer.
    let deaf = net.server.run(|| std::net::UdpSocket::bind("127.0.0.1:7007").unwrap());
    let _asking = start(&net.server, &["client", "udp", "127.0.0.1:7007", "oi", "--timeout", "60"]);
    until_open(&net.server, |open| open.len() == 2);
    let open = open_sockets(&net.server);
    assert!(open.iter().all(|socket| socket.starts_with("udp 0100007F:")), "{open:?}");
    drop(deaf);
}

fn the_broadcaster_has_one_udp_socket_on_loopback() {
    let (net, lab) = served(&[]);
    let all = lab.seen().model.worlds.shown().servers.all().iter().map(|server| server.id).collect();
    lab.order(LabOrder::Broadcast("oi".into(), all));
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
