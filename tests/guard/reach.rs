//! Who can be reached: the kernel's own table says that nothing listens beyond loopback unless it was asked for.

use std::fs;
use std::io::{Read, Write};

use socklab::domain::ServiceModel;
use socklab::model::Effect;

use crate::attacks::connect;
use crate::harness::{Need::Network, Test, test};
use crate::lab::{ECHO, Lab, THREADED};
use crate::net::{ATTACKER, Host, Net, SERVER, at};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(nothing_listens_beyond_loopback_unless_asked, &[Network]),
        test(servers_move_to_the_network_and_back_and_nobody_is_dropped, &[Network]),
        test(a_server_that_cannot_move_stays_where_it_is, &[Network]),
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
        lab.perform(Effect::Bind(ip));
        lab.until("all have moved", |model| {
            model.world.servers.all().iter().all(|server| server.is_up() && server.addr().ip() == ip).then_some(())
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
    lab.perform(Effect::Switch(ECHO, ServiceModel::Threaded));
    local.iter_mut().skip(3).for_each(answered);
    lab.close();
}

fn a_server_that_cannot_move_stays_where_it_is() {
    let net = Net::open();
    let lab = Lab::open(&net.server, &[]);
    // Somebody else listens on the network's side of the same port: every address cannot be had.
    let _other = net.server.run(|| std::net::TcpListener::bind(at(SERVER, 65432)).unwrap());
    lab.perform(Effect::Bind("0.0.0.0".parse().unwrap()));
    lab.until("the others have moved", |model| {
        let all = model.world.servers.all();
        (all.iter().filter(|server| server.addr().ip().is_unspecified()).count() == 3).then_some(())
    });
    lab.until("it is back", |model| {
        let server = model.world.servers.get(THREADED)?;
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
