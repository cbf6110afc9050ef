//! A lesson whose servers are on the other host.

use serde_json::Value;

use super::hosts::{CLIENT, Host, hosts};
use crate::fixtures::{BINARY, ScenarioFile};
use crate::harness::Need::Network;
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(the_clients_of_a_lesson_go_to_the_target, &[Network]),
        test(the_targets_port_replaces_those_of_the_lesson, &[Network]),
        test(a_udp_lesson_runs_where_tcp_is_filtered, &[Network]),
        test(a_step_that_needs_a_local_server_is_an_error, &[Network]),
        test(an_absent_target_is_an_error_before_anything_runs, &[Network]),
    ])
}

const LESSON: &str = r#"
title = { en = "t", pt = "t" }
about = { en = "a", pt = "a" }
world = "host"
servers = ["threaded", "udp"]
[[step]]
do = [{ start = "threaded" }, { start = "udp" }, { spawn = { server = "threaded" } }]
expect = [
  { call = { of = "c1", call = "recv", text = "HELLO, WORLD" } },
  { state = { of = "c1", is = "ESTABLISHED" } },
  { count = { host = "client", state = "ESTABLISHED", is = 1 } },
]
[[step]]
do = [{ end = { client = 1, how = "fin" } }]
expect = [{ state = { of = "c1", is = "TIME_WAIT" } }]
[[step]]
do = [
  { connect = { socket = "a", to = "threaded" } },
  { send = { socket = "a", text = "oi" } },
  { recv = { socket = "a" } },
  { datagram = { socket = "u", host = "client" } },
  { send = { socket = "u", text = "oi", to = 65432 } },
  { recv = { socket = "u" } },
]
expect = [
  { call = { of = "a", call = "recv", text = "OI" } },
  { call = { of = "u", call = "recvfrom", text = "OI" } },
]
"#;

/// Runs a lesson there. Returns the exit code, the events and the standard error.
fn run(client: &Host, words: &[&str]) -> (i32, Vec<Value>, String) {
    let output = client.run(&[&[BINARY, "run", "--json"], words].concat());
    let told = String::from_utf8(output.stdout).unwrap();
    let events = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), events, String::from_utf8(output.stderr).unwrap())
}

fn the_clients_of_a_lesson_go_to_the_target() {
    let (client, server) = hosts();
    let mut running = server.serve(&["threaded=10.9.0.2:65432", "udp=10.9.0.2:65432"]);
    let file = ScenarioFile::new("there", LESSON);
    let (code, events, errors) = run(&client, &[file.path(), "--target", "10.9.0.2"]);
    assert_eq!(code, 0, "{errors} {:?}", events.last());
    assert!(!events.iter().any(|event| event["change"] == "started"), "no server is started here");
    let came = |event: &Value, said: &str, call: &str| {
        let from = event["peer"].as_str().is_some_and(|peer| peer.starts_with(&CLIENT.to_string()));
        (from && event["data"] == said && event["call"] == call).then_some(())
    };
    running.until("the lesson's client", |event| came(event, "Hello, world", "recv"));
    running.until("its own socket", |event| came(event, "oi", "recv"));
    running.until("its datagram", |event| came(event, "oi", "recvfrom"));
}

fn the_targets_port_replaces_those_of_the_lesson() {
    let (client, server) = hosts();
    let _running = server.serve(&["threaded=10.9.0.2:7000", "udp=10.9.0.2:7000"]);
    let file = ScenarioFile::new("port", LESSON);
    let (code, events, errors) = run(&client, &[file.path(), "--target", "10.9.0.2:7000"]);
    assert_eq!(code, 0, "{errors} {:?}", events.last());
}

fn a_udp_lesson_runs_where_tcp_is_filtered() {
    const LESSON: &str = r#"
title = { en = "t", pt = "t" }
about = { en = "a", pt = "a" }
world = "host"
servers = ["udp"]
[[step]]
do = [{ start = "udp" }, { spawn = { server = "udp" } }]
expect = [{ call = { of = "c1", call = "recvfrom", text = "HELLO, WORLD" } }]
"#;
    let (client, server) = hosts();
    let _running = server.serve(&["udp=10.9.0.2:65432"]);
    server.drops("tcp", 65_432);
    let file = ScenarioFile::new("datagrams", LESSON);
    let (code, events, errors) = run(&client, &[file.path(), "--target", "10.9.0.2", "--lang", "en"]);
    assert_eq!(code, 0, "{errors} {:?}", events.last());
    assert!(errors.contains("65432/tcp filtered"), "{errors}");
}

fn a_step_that_needs_a_local_server_is_an_error() {
    let (client, _server) = hosts();
    let file = ScenarioFile::new("here", &format!("{LESSON}[[step]]\ndo = [{{ stop = \"threaded\" }}]\n"));
    for (lang, says) in [("en", "need them on this machine"), ("pt-BR", "precisam deles nesta máquina")] {
        let (code, events, errors) = run(&client, &[file.path(), "--target", "10.9.0.2", "--lang", lang]);
        assert!(code == 2 && events.is_empty() && errors.contains(says) && errors.contains(" 4: "), "{errors}");
    }
    let (code, _, errors) = run(&client, &["open", "--target", "10.9.0.2", "--lang", "en"]);
    assert!(code == 2 && errors.contains("played on the wire"), "{errors}");
}

fn an_absent_target_is_an_error_before_anything_runs() {
    let (client, _server) = hosts();
    let file = ScenarioFile::new("nobody", LESSON);
    let said = |target: &str| run(&client, &[file.path(), "--lang", "en", "--target", target]);
    let (code, events, errors) = said("10.9.0.99");
    assert!(code == 1 && events.is_empty() && errors.contains("10.9.0.99"), "{errors}");
    let (code, events, errors) = said("no-such-host.invalid");
    assert!(code == 1 && events.is_empty() && errors.contains("no-such-host.invalid"), "{errors}");
}
