//! The port check from one host of the other.

use std::collections::BTreeMap;

use serde_json::Value;

use super::hosts::{Host, SERVER, SERVER6, hosts};
use crate::harness::Need::{Network, Tool};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(tcp_ports_are_what_nmap_says_they_are, &[Network, Tool("nmap")]),
        test(a_check_closes_in_order_and_the_server_sees_a_fin, &[Network]),
        test(udp_ports_are_what_nmap_says_they_are, &[Network, Tool("nmap")]),
        test(over_ipv6_too, &[Network, Tool("nmap")]),
        test(absent_hosts_are_reported_by_the_evidence, &[Network]),
        test(a_public_host_is_not_probed_without_a_yes, &[Network]),
    ])
}

/// The verdict and the reason for each port.
type Verdicts = BTreeMap<u64, (String, String)>;

fn ours(client: &Host, args: &[&str]) -> (i32, Verdicts) {
    let (code, said) = client.lab(&[&["scan", "--json", "--timeout", "2.5"], args].concat());
    let word = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    let verdict = |line: Value| (line["port"].as_u64().unwrap(), (word(&line, "verdict"), word(&line, "reason")));
    (code, said.lines().map(|line| verdict(serde_json::from_str(line).unwrap())).collect())
}

/// The verdicts of nmap for the same ports.
fn theirs(client: &Host, how: &str, ports: &str, host: &str) -> Verdicts {
    let six: &[&str] = if host.contains(':') { &["-6"] } else { &[] };
    let output = client.run(&[&["nmap", "-Pn", "-n", how, "-p", ports, "-oX", "-", host], six].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let value = |part: &str, key: &str| {
        let (_, after) = part.split_once(&format!("{key}=\"")).unwrap();
        after.split_once('"').unwrap().0.to_owned()
    };
    let ports = text.split("<port ").skip(1);
    ports.map(|part| (value(part, "portid").parse().unwrap(), (value(part, " state"), value(part, "reason")))).collect()
}

fn verdicts(of: &Verdicts) -> Vec<(u64, &str)> {
    of.iter().map(|(port, (verdict, _))| (*port, verdict.as_str())).collect()
}

fn reasons(of: &Verdicts) -> Vec<&str> {
    of.values().map(|(_, reason)| reason.as_str()).collect()
}

fn tcp_ports_are_what_nmap_says_they_are() {
    let (client, server) = hosts();
    let mut running = server.serve(&["threaded=10.9.0.2:65432"]);
    server.drops("tcp", 65_434);
    server.prohibits("tcp", 65_435);
    let host = SERVER.to_string();
    let (code, ours) = ours(&client, &[&host, "65432-65435"]);
    let expected = [(65_432, "open"), (65_433, "closed"), (65_434, "filtered"), (65_435, "filtered")];
    assert_eq!((code, verdicts(&ours)), (0, expected.into()));
    assert_eq!(reasons(&ours), ["syn-ack", "rst", "no-response", "prohibited"]);
    for how in ["-sT", "-sS"] {
        let theirs = theirs(&client, how, "65432-65435", &host);
        assert_eq!(verdicts(&ours), verdicts(&theirs), "{how}");
    }
    // The server still runs and answers.
    assert!(running.is_alive());
    let (code, said) = client.lab(&["client", "tcp", &host, "oi"]);
    assert!(code == 0 && said.contains("\"OI\""), "{code} {said}");
}

fn a_check_closes_in_order_and_the_server_sees_a_fin() {
    let (client, server) = hosts();
    let mut running = server.serve(&["echo=10.9.0.2:65433"]);
    let (code, _) = ours(&client, &[&SERVER.to_string(), "echo"]);
    assert_eq!(code, 0);
    running.until("the check is accepted", |event| (event["call"] == "accept").then_some(()));
    let read = running.until("the server reads", |event| (event["call"] == "recv").then_some(event.clone()));
    assert_eq!((&read["result"], &read["len"]), (&"ok".into(), &0.into()), "{read}");
}

fn udp_ports_are_what_nmap_says_they_are() {
    let (client, server) = hosts();
    let mut running = server.serve(&["udp=10.9.0.2:65432"]);
    server.drops("udp", 65_434);
    let host = SERVER.to_string();
    let (code, ours) = ours(&client, &[&host, "65432-65434", "--udp"]);
    assert_eq!((code, verdicts(&ours)), (0, vec![(65_432, "open"), (65_433, "closed"), (65_434, "open|filtered")]));
    assert_eq!(reasons(&ours), ["udp-answer", "port-unreach", "no-response"]);
    assert_eq!(verdicts(&ours), verdicts(&theirs(&client, "-sU", "65432-65434", &host)));
    assert!(running.is_alive());
}

fn over_ipv6_too() {
    let (client, server) = hosts();
    let _running = server.serve(&["threaded=[fd00:9::2]:65432", "udp=[fd00:9::2]:65432"]);
    for (how, udp) in [("-sT", None), ("-sU", Some("--udp"))] {
        let args: Vec<&str> = [SERVER6, "65432-65433"].into_iter().chain(udp).collect();
        let (code, ours) = ours(&client, &args);
        assert_eq!((code, verdicts(&ours)), (0, vec![(65_432, "open"), (65_433, "closed")]), "{how}");
        assert_eq!(verdicts(&ours), verdicts(&theirs(&client, how, "65432-65433", SERVER6)), "{how}");
    }
}

fn absent_hosts_are_reported_by_the_evidence() {
    let (client, _server) = hosts();
    // ARP gives up after three seconds.
    let (code, said) = client.lab(&["scan", "10.9.0.99", "65432", "--json"]);
    assert!(code == 0 && said.contains(r#""verdict":"filtered","reason":"no-neighbour""#), "{code} {said}");
    let (code, said) = client.lab(&["scan", "10.77.0.1", "65432", "--json"]);
    assert!(code == 1 && said.contains(r#""verdict":"unknown","reason":"no-route""#), "{code} {said}");
}

fn a_public_host_is_not_probed_without_a_yes() {
    let (client, _server) = hosts();
    for host in ["8.8.8.8", "2606:4700::1111"] {
        assert_eq!(client.lab(&["scan", host, "53", "--json"]), (1, String::new()), "{host}");
        // With a yes it is probed, but there is no route.
        let (_, said) = client.lab(&["scan", host, "53", "--json", "--yes"]);
        assert!(said.contains("no-route"), "{said}");
    }
    assert_eq!(client.lab(&["scan", "224.0.0.1", "53", "--json", "--yes"]), (1, String::new()));
    assert_eq!(client.lab(&["scan", "10.9.0.2", "65432,x"]), (2, String::new()));
    assert_eq!(client.lab(&["scan", "10.9.0.2:65432", "65433"]), (2, String::new()));
    assert_eq!(client.lab(&["scan", "fe80::1", "65432", "--json"]), (1, String::new()));
}
