//! The clients of one laboratory at the servers of another.

use super::hosts::{CLIENT, hosts};
use super::screen::Screen;
use crate::fixtures::BINARY;
use crate::harness::Need::Network;
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(the_clients_of_one_lab_go_to_another_host, &[Network]),
        test(the_exit_code_of_client_is_its_outcome, &[Network]),
    ])
}

fn the_clients_of_one_lab_go_to_another_host() {
    let (client, server) = hosts();
    let mut running = server.serve(&["threaded=10.9.0.2:65432", "udp=10.9.0.2:65432"]);
    let mut screen = Screen::start(&client, &["--target", "10.9.0.2:65432"]);
    let from = |event: &serde_json::Value| event["peer"].as_str().is_some_and(|at| at.starts_with(&CLIENT.to_string()));
    // Trying its address is a connection too.
    running.until("the try", |event| (event["call"] == "accept" && from(event)).then_some(()));
    screen.says("which answers");
    screen.types("c");
    running.until("hello", |event| (event["call"] == "recv" && event["data"] == "Hello, world").then_some(()));
    screen.says("10.9.0.2:65432");
    // A broadcast goes there once, not once for each server here with another port.
    screen.types("ibom dia\r");
    let mut calls = Vec::new();
    running.until("the broadcast, by both protocols", |event| {
        if event["data"] == "bom dia" && event["call"].as_str().is_some_and(|call| call.starts_with("recv")) {
            calls.push(event["call"].as_str().unwrap_or_default().to_owned());
        }
        (calls.len() == 2).then_some(())
    });
    calls.sort();
    assert_eq!(calls, ["recv", "recvfrom"]);
    screen.says("BOM DIA");
    screen.quits_by("\x1bq");
}

fn the_exit_code_of_client_is_its_outcome() {
    let (client, server) = hosts();
    let _running = server.serve(&["threaded=10.9.0.2:65432", "udp=10.9.0.2:65432"]);
    let said = |args: &[&str]| client.lab(&[&["client", "--lang", "en"], args].concat());
    let (code, told) = said(&["tcp", "10.9.0.2", "bom dia"]);
    assert!(code == 0 && told.contains("\"BOM DIA\"") && told.contains("close()"), "{told}");
    // The socket table is read from before the connection until it is over.
    let states = ["CLOSED → SYN_SENT", "SYN_SENT → ESTABLISHED", "→ FIN_WAIT1", "→ TIME_WAIT"];
    assert!(states.iter().all(|state| told.contains(state)), "{told}");
    let (code, told) = said(&["udp", "10.9.0.2:65432", "bom dia"]);
    assert!(code == 0 && told.contains("\"BOM DIA\""), "{told}");
    // A name with two addresses, of which only the second is answered from.
    let names = std::env::temp_dir().join(format!("socklab-hosts-{}", std::process::id()));
    std::fs::write(&names, "fd00:9::2 two\n10.9.0.2 two\n").unwrap();
    let named = format!("mount --bind {} /etc/hosts && exec {BINARY} client udp two oi --timeout 1", names.display());
    let done = client.run(&["unshare", "-m", "sh", "-c", &named]);
    std::fs::remove_file(names).unwrap();
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && told.contains("[fd00:9::2]:65432") && told.contains("\"OI\""), "{told}");
    let (code, told) = said(&["tcp", "10.9.0.2:65433"]);
    assert!(code == 1 && told.contains("ECONNREFUSED"), "{told}");
    let (code, told) = said(&["tcp", "10.9.0.99"]);
    assert!(code == 1 && told.contains("EHOSTUNREACH"), "{told}");
    server.drops("tcp", 65_434);
    let (code, told) = said(&["tcp", "10.9.0.2:65434", "--timeout", "1"]);
    assert!(code == 1 && told.contains("filtered: no answer"), "{told}");
}
