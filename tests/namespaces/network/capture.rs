//! Packets are captured where the traffic is: towards another host, from another host, and on interfaces that come and go.

use std::path::PathBuf;

use serde_json::Value;

use super::hosts::hosts;
use super::screen::Screen;
use crate::fixtures::BINARY;
use crate::harness::Need::{Capture, Network};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(the_way_to_a_target_is_captured_too, &[Network, Capture]),
        test(the_way_to_servers_that_others_reach_is_captured_too, &[Network, Capture]),
        test(an_interface_may_go_down_vanish_and_come_again, &[Network, Capture]),
        test(the_command_captures_on_several_interfaces_and_names_them, &[Network, Capture]),
    ])
}

/// A file that is removed when it is dropped.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("socklab-{}-{name}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Its lines with this kind of event.
    fn events(&self, kind: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.0).unwrap();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|event| event["kind"] == kind).collect()
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn the_way_to_a_target_is_captured_too() {
    let (client, server) = hosts();
    let mut running = server.serve(&["threaded=10.9.0.2:65432"]);
    let record = TemporaryFile::new("target.jsonl");
    let mut screen = Screen::start(&client, &["--target", "10.9.0.2:65432", "--record", record.path()]);
    screen.types("3v");
    screen.says("capturing on lo, wire");
    screen.types("c");
    running.until("hello", |event| (event["call"] == "recv" && event["data"] == "Hello, world").then_some(()));
    screen.says("HELLO, WORLD");
    // Clients go to the servers here again: their packets are on lo, and now each packet says where it was.
    screen.types("\x1b");
    screen.says("Servers");
    screen.types("H");
    screen.until("home", |screen| !screen.lines().next().is_some_and(|line| line.contains("target")));
    screen.types("c3v");
    // The earlier connection is still open.
    screen.says("capturing on lo, wire");
    screen.line(&["Iface", "Source"]);
    screen.line(&["lo ", "127.0.0.1", "Hello, world"]);
    screen.quits_by("q");
    let packets = record.events("packet");
    let about = |packet: &&Value, host: &str| packet["peer"].as_str().is_some_and(|peer| peer.starts_with(host));
    let there: Vec<_> = packets.iter().filter(|packet| about(packet, "10.9.0.2")).collect();
    assert!(there.iter().all(|packet| packet["interface"] == "wire"), "{there:?}");
    // Both the try and the client began under the eyes of the capture, and nothing was seen twice.
    assert_eq!(there.iter().filter(|packet| packet["flags"] == "SYN").count(), 2, "{there:?}");
    assert!(packets.iter().all(|packet| packet["retransmission_of"].is_null()), "{packets:?}");
    let here: Vec<_> = packets.iter().filter(|packet| about(packet, "127.0.0.1")).collect();
    assert!(!here.is_empty() && here.iter().all(|packet| packet["interface"] == "lo"), "{here:?}");
    // Packets go on being numbered when the capture turns.
    let numbers: Vec<_> = packets.iter().map(|packet| packet["packet"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=packets.len() as u64).collect::<Vec<_>>());
}

fn the_way_to_servers_that_others_reach_is_captured_too() {
    let (client, server) = hosts();
    let mut screen = Screen::start(&server, &["--server", "threaded=10.9.0.2:65432"]);
    screen.types("3v");
    screen.says("capturing on lo, wire");
    let (code, told) = client.lab(&["client", "tcp", "10.9.0.2:65432", "bom dia"]);
    assert_eq!(code, 0, "{told}");
    screen.says("BOM DIA");
    screen.quits_by("q");
}

fn an_interface_may_go_down_vanish_and_come_again() {
    let (client, server) = hosts();
    let _running = server.serve(&["udp=10.9.0.2:65432"]);
    let mut screen = Screen::start(&client, &["--interface", "wire"]);
    screen.types("3v");
    screen.says("Captured on wire.");
    client.must("ip link set wire down");
    screen.says("capturing on wire (down)");
    screen.says("sudo ip link set wire up");
    client.must("ip link del wire");
    screen.says("capturing on wire (not there)");
    // Another one of the same name, which has another number.
    let pid = server.pid();
    client.must(&format!("ip link add wire type veth peer name wire netns {pid}"));
    for (host, number) in [(&client, 1), (&server, 2)] {
        host.must(&format!("ip addr add 10.9.0.{number}/24 dev wire && ip link set wire up"));
    }
    screen.until("captured on wire again", |screen| screen.contains("capturing on wire ·"));
    let (code, told) = client.lab(&["client", "udp", "10.9.0.2:65432", "bom dia"]);
    assert_eq!(code, 0, "{told}");
    screen.says("BOM DIA");
    // The list, by its key: lo is added.
    screen.types(",");
    screen.says("Where packets are captured");
    screen.line(&["[x] wire"]);
    screen.line(&["[ ] lo"]);
    screen.types("j ");
    screen.line(&["[x] lo"]);
    screen.types("\x1b");
    screen.says("capturing on lo, wire");
    screen.quits_by("q");
}

fn the_command_captures_on_several_interfaces_and_names_them() {
    let (client, server) = hosts();
    let _running = server.serve(&["udp=10.9.0.2:65431"]);
    let file = TemporaryFile::new("several.pcapng");
    // A capture of the command in the background, until both datagrams are in its file.
    let script = format!(
        "{BINARY} capture -i lo -i wire -w {0} 2>{0}.said & \
         until grep -q 'lo, wire' {0}.said; do sleep 0.05; done; \
         {BINARY} client udp 10.9.0.2:65431 there --timeout 5 >&2; \
         {BINARY} client udp 127.0.0.1:65431 here --timeout 1 >&2; \
         kill -INT %1; wait; rm {0}.said; {BINARY} capture -r {0} --json",
        file.path()
    );
    let done = client.run(&["bash", "-mc", &script]);
    let told = String::from_utf8(done.stdout).unwrap();
    let packets: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let on = |interface: &str| -> Vec<&str> {
        let here = packets.iter().filter(|packet| packet["interface"] == interface);
        here.filter_map(|packet| packet["data"].as_str()).collect()
    };
    assert_eq!(on("wire"), ["there", "THERE"], "{told}");
    // Nobody listens here: the datagram, and the ICMP error about it.
    assert!(on("lo").first() == Some(&"here") && packets.len() == 4, "{told}");
    let refused = client.run(&[BINARY, "capture", "-i", "lo", "-i", "nonesuch"]);
    assert!(!refused.status.success(), "{refused:?}");
}
