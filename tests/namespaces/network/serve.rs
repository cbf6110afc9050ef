//! The remote chapter of the course in two commands: one host serves, the other's client talks to it.

use serde_json::Value;

use super::hosts::{CLIENT, Host, Running, SERVER, hosts};
use crate::harness::Need::Network;
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(one_serves_the_network_and_the_other_is_answered, &[Network]),
        test(nobody_is_reached_who_did_not_open_to_the_network, &[Network]),
        test(one_address_and_other_limits, &[Network]),
        test(who_serves_is_told_by_which_addresses, &[Network]),
    ])
}

/// Where each of so many servers says that it listens.
fn started(running: &mut Running, count: usize) -> Vec<String> {
    let addr = |event: &Value| (event["change"] == "started").then(|| event["addr"].as_str().unwrap().to_owned());
    let mut all: Vec<_> = (0..count).map(|_| running.until("a server has its port", addr)).collect();
    all.sort();
    all
}

/// Where the kernel says that somebody listens by TCP: the local addresses, as it spells them.
fn listeners(host: &Host) -> Vec<String> {
    let table = String::from_utf8(host.run(&["cat", "/proc/net/tcp", "/proc/net/tcp6"]).stdout).unwrap();
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut found: Vec<_> = lines.filter(|words| words[3] == "0A").map(|words| words[1].to_owned()).collect();
    found.sort();
    found
}

fn one_serves_the_network_and_the_other_is_answered() {
    let (client, server) = hosts();
    let mut running = server.serve_as(&["--lan"]);
    let all = ["0.0.0.0:65432", "0.0.0.0:65432", "0.0.0.0:65433", "0.0.0.0:65434"];
    assert_eq!(started(&mut running, 4), all);
    let host = SERVER.to_string();
    for (kind, said) in [("tcp", "bom dia"), ("udp", "boa tarde")] {
        let (code, told) = client.lab(&["client", kind, &host, said, "--json"]);
        assert!(code == 0 && told.contains(&format!("\"{}\"", said.to_uppercase())), "{told}");
        let heard = running.until(said, |event| (event["data"] == said).then(|| event.clone()));
        let peer = heard["peer"].as_str().unwrap();
        assert!(peer.starts_with(&format!("{CLIENT}:")), "{heard}");
        // The port that the server saw is the one that the client was given. A UDP socket has no address of its own.
        let (_, port) = peer.rsplit_once(':').unwrap();
        assert!([peer, &format!("0.0.0.0:{port}")].iter().any(|own| told.contains(own)), "{peer} in {told}");
    }
}

fn nobody_is_reached_who_did_not_open_to_the_network() {
    let (client, server) = hosts();
    let mut running = server.serve_as(&[]);
    assert!(started(&mut running, 4).iter().all(|addr| addr.starts_with("127.0.0.1:")));
    assert_eq!(listeners(&server), ["0100007F:FF98", "0100007F:FF99", "0100007F:FF9A"]);
    let (code, told) = client.lab(&["client", "tcp", &SERVER.to_string(), "--lang", "en"]);
    assert!(code == 1 && told.contains("ECONNREFUSED"), "{told}");
}

fn one_address_and_other_limits() {
    let (client, server) = hosts();
    let words = ["--bind", "10.9.0.2", "--server", "echo=65433", "--limit", "connections=1", "--limit", "idle=off"];
    let mut running = server.serve_as(&words);
    let limits = running.until("the limits", |event| event.get("limits").cloned());
    assert_eq!((&limits["connections"], limits.get("idle")), (&1.into(), None), "{limits}");
    assert_eq!(started(&mut running, 1), ["10.9.0.2:65433"]);
    assert_eq!(listeners(&server), ["0200090A:FF99"]);
    let (code, told) = client.lab(&["client", "tcp", "10.9.0.2:65433", "oi"]);
    assert!(code == 0 && told.contains("\"oi\""), "{told}");
}

fn who_serves_is_told_by_which_addresses() {
    let (_client, server) = hosts();
    let mut running = server.serve_as(&["--lan"]);
    let first = running.until("its addresses", |event| event["addresses"].get(0).cloned());
    assert_eq!(first, SERVER.to_string());
}
