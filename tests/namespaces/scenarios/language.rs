//! What the language can ask of sockets and hosts, on the real kernel: each word has the effect that it promises.

use super::headless::run;
use crate::fixtures::ScenarioFile;
use crate::harness::Need::Wire;
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test(options_of_sockets_and_settings_of_hosts_have_their_effect, &[Wire])]
}

/// Its expectations are what the kernel sends and thinks, not only that the calls succeed.
const OPTIONS: &str = r#"
title = { en = "t", pt = "t" }
about = { en = "a", pt = "a" }
settings.both.rto_min = 1500
settings.both.congestion = "reno"
settings.both.ecn = 0
settings.both.syn_cookies = true
settings.both.rfc1337 = true
settings.both.remember_metrics = true
settings.client.nagle = true
settings.server.mtu = 1000
[[step]]
do = [
  { listen = { socket = "l", options = { send_buffer = 20000, tos = 16 } } },
  { connect = { socket = "a", to = "l", options = { max_segment = 500, user_timeout_ms = 60000, linger_s = 0, no_delay = true } } },
  { deliver = { flags = "SYN" } },
  { deliver = { flags = "SYN+ACK" } },
  { deliver = { flags = "ACK" } },
  { accept = { socket = "s", from = "l", options = { keep_alive = { idle_s = 60, interval_s = 10, count = 3 } } } },
]
in_order = true
expect = [
  { call = { of = "a", call = "setsockopt" } },
  { packet = { flags = "SYN", options = { mss = 500, wscale = false } } },
  { packet = { flags = "SYN+ACK", options = { mss = 960 } } },
  { edge = { of = "a", from = "SYN_SENT", to = "ESTABLISHED" } },
  { info = { of = "a", mss = 500, rto_ms = ">=1500", in_flight = 0, state = "open" } },
]
[[step]]
do = [
  { setsockopt = { socket = "a", options = { cork = true, no_delay = false } } },
  { send = { socket = "a", text = "ab" } },
  { send = { socket = "a", text = "cd" } },
  { setsockopt = { socket = "a", options = { cork = false } } },
]
expect = [{ held = { from = "client", text = "abcd", seq = 1 } }]
[[step]]
do = [
  { deliver = { from = "client", len = 4 } },
  { deliver = { flags = "ACK", from = "server" } },
  { send = { socket = "a", text = "!", urgent = true } },
  { deliver = { from = "client", len = 1 } },
  { deliver = { flags = "ACK", from = "server" } },
]
expect = [{ packet = { flags = "ACK+URG", from = "client", len = 1 } }]
[[step]]
do = [
  { recv = { socket = "s", most = 4 } },
  { shutdown = { socket = "s", how = "read" } },
  { recv = { socket = "s" } },
  { wait = 50 },
  { shutdown = { socket = "s", how = "both" } },
  { deliver = { flags = "FIN+ACK", from = "server" } },
  { deliver = { flags = "ACK", from = "client" } },
]
expect = [
  { call = { of = "s", call = "recv", text = "abcd" } },
  { state = { of = "s", is = "FIN_WAIT2" } },
  { timed = { packet = { flags = "FIN+ACK", from = "server" }, since = { flags = "ACK", from = "server", ack = 6 }, after_ms = ">=45" } },
]
[[step]]
do = [{ close = { socket = "a" } }]
expect = [{ packet = { flags = "RST+ACK", from = "client" } }]
"#;

fn options_of_sockets_and_settings_of_hosts_have_their_effect() {
    let file = ScenarioFile::new("options", OPTIONS);
    let run = run(file.path());
    assert_eq!(run.code, Some(0), "{:?} {}", run.result, run.errors);
    let told: Vec<_> = run
        .events
        .iter()
        .filter(|event| event["call"] == "setsockopt")
        .map(|event| event["args"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        told,
        [
            "SO_SNDBUF 20000",
            "IP_TOS 16",
            "TCP_NODELAY",
            "TCP_MAXSEG 500",
            "TCP_USER_TIMEOUT 60000",
            "SO_LINGER 0",
            "SO_KEEPALIVE",
            "TCP_KEEPIDLE 60",
            "TCP_KEEPINTVL 10",
            "TCP_KEEPCNT 3",
            "TCP_NODELAY 0",
            "TCP_CORK 1",
            "TCP_CORK 0",
        ]
    );
    let changed = run.events.iter().filter(|event| event["change"] == "setting_changed" && event["errno"].is_null());
    assert_eq!(changed.count(), 2 * 6 + 2, "six of both hosts, and one of each");
}
