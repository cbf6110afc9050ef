//! English: the class on the network.

use super::super::NetworkText;
use super::plural;
use crate::domain::guard::{GuardAction, PortCheck};

pub(super) const NETWORK: NetworkText = NetworkText {
    title: "Network",
    card: "Join",
    peers: "Peers",
    check: "Port check",
    closed: "LOOPBACK ONLY: other machines cannot connect",
    closed_why: "The servers listen on 127.0.0.1, which every machine has for itself, so no other machine can reach them. On 0.0.0.0, every address of this machine, the class could connect.",
    to_open: |key| format!("{key} opens the servers to the network, after a question"),
    observing: "These servers belong to another program, which decides where they listen.",
    still: |number, count| {
        let are = plural(count, "connection from before is", "connections from before are");
        format!("{number} {are} still open: x kicks")
    },
    not_this: |server| format!("{server} cannot be reached from other machines: choose another server with the arrows"),
    no_address: "The servers are open, but this machine is on no network: it has no address beyond loopback.",
    here: "Connect to",
    type_this: "type",
    or_python: "Python",
    or_this: "or",
    hello: "hello",
    other_ways: |list| format!("also: {list}"),
    qr: "address and port",
    no_peers: "No peer yet. Each address that contacts a server gets a line here.",
    address: "Address",
    connections: "now/all",
    ports: "Ports",
    said: "Said last",
    rate: "Rate",
    guard: "Guard",
    here_peer: "this machine",
    per_second: |amount| format!("{amount}/s"),
    blocked: "BLOCKED",
    refused: |number| format!("refused {number}"),
    looks: |check| match check {
        PortCheck::Connect => "port check: connects",
        PortCheck::EmptyDatagram => "port check: UDP",
        PortCheck::ServiceProbe => "asks which service (nmap -sV)",
    },
    limits: |connections, arrivals, bytes| {
        format!("each address: {connections} connections, {arrivals} new/s, {bytes}/s")
    },
    beyond: |action, number| match action {
        GuardAction::Cookie => format!("SYNs answered with cookies: {number}"),
        _ => format!("SYNs dropped: {number}"),
    },
    handshakes_reset: |number| format!("handshakes reset, as by a SYN scan: {number}"),
    now: |number, count| format!("{number} {}", plural(count, "address", "addresses")),
    no_check: |key| format!("Press {key} and type a host and ports, as for nmap:"),
    examples: [
        "localhost 65432          one port",
        "192.168.0.10 65432-65434 a range",
        "192.168.0.10 22,80,443   a list",
        "192.168.0.10 65432 udp   UDP",
    ],
    looking_up: |host| format!("looking up {host}…"),
    progress: |asked, all| format!("{asked} of {all}"),
    try_again: |key| format!("{key} asks again"),
    open_title: "Open the servers to the network?",
    open_question: |address| format!("They will listen on {address}: anyone on this network can connect."),
    open_means: &[
        "What arrives is shown safely and limited per address; peers can be kicked and blocked.",
        "Connections that are open now stay open.",
    ],
    beyond_title: "Check a host that may not be yours?",
    beyond_means: "Checking the ports of a host without its owner's consent is rude, and in places against the law.",
    yes: "yes",
    no: "no",
    answer: |yes| format!("{yes} yes   any other key no"),
    check_prompt: "Port check",
    check_hint: "HOST PORTS [udp]   for example 192.168.0.10 65432-65434; without ports: the lab's",
    check_hint_at_target: |host| format!("PORTS [udp] of {host}, or HOST PORTS [udp]"),
    target_prompt: "Clients go to",
    target_hint: "HOST or HOST:PORT; without a port, that of the selected server",
    target_hint_home: "HOST or HOST:PORT; empty: the servers here again",
    no_host: "a host is missing: HOST PORTS",
    not_a_host: "not a host: give a name or an address, perhaps with :PORT",
    not_a_port: "a port from 1 to 65535 goes after the colon: HOST:PORT",
    target: "target",
    target_here: "Clients go to the servers here.",
    looking: |target| format!("looking for {target}…"),
    wait: |number, count| format!("{number} {}", plural(u64::from(count), "client waits", "clients wait")),
};
