//! The remote chapter of the course in two commands: one host serves, the other's client talks to it.

use serde_json::Value;

use super::hosts::{CLIENT, Running, SERVER, hosts};
use crate::harness::Need::Network;
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(a_client_is_answered_by_serve_on_another_host, &[Network]),
        test(without_lan_no_server_is_reachable_from_the_network, &[Network]),
        test(one_address_and_other_limits, &[Network]),
        test(serve_lists_the_addresses_of_the_machine, &[Network]),
    ])
}

/// The addresses of so many servers, as they report them.
fn started(running: &mut Running, count: usize) -> Vec<String> {
    let addr = |event: &Value| (event["change"] == "started").then(|| event["addr"].as_str().unwrap().to_owned());
    let mut all: Vec<_> = (0..count).map(|_| running.until("a server has its port", addr)).collect();
    all.sort();
    all
}

fn a_client_is_answered_by_serve_on_another_host() {
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
        // The server sees the client's port. A UDP socket is bound to no address.
        let (_, port) = peer.rsplit_once(':').unwrap();
        assert!([peer, &format!("0.0.0.0:{port}")].iter().any(|own| told.contains(own)), "{peer} in {told}");
    }
}

fn without_lan_no_server_is_reachable_from_the_network() {
    let (client, server) = hosts();
    let mut running = server.serve_as(&[]);
    assert!(started(&mut running, 4).iter().all(|addr| addr.starts_with("127.0.0.1:")));
    assert_eq!(server.listeners(), ["0100007F:FF98", "0100007F:FF99", "0100007F:FF9A"]);
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
    assert_eq!(server.listeners(), ["0200090A:FF99"]);
    let (code, told) = client.lab(&["client", "tcp", "10.9.0.2:65433", "oi"]);
    assert!(code == 0 && told.contains("\"oi\""), "{told}");
}

fn serve_lists_the_addresses_of_the_machine() {
    let (_client, server) = hosts();
    let mut running = server.serve_as(&["--lan"]);
    let first = running.until("its addresses", |event| event["addresses"].get(0).cloned());
    assert_eq!(first, SERVER.to_string());
}
