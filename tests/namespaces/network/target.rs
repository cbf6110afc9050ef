//! One lab's clients at the servers of another.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::sync::mpsc::channel;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::hosts::{BINARY, CLIENT, hosts};
use crate::harness::Need::Network;
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(the_clients_of_one_lab_go_to_another_host, &[Network]),
        test(what_became_of_a_client_is_its_exit_code, &[Network]),
    ])
}

fn the_clients_of_one_lab_go_to_another_host() {
    let (client, server) = hosts();
    let mut running = server.serve(&["threaded=10.9.0.2:65432", "udp=10.9.0.2:65432"]);
    let pty = native_pty_system().openpty(PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 }).unwrap();
    let words = [BINARY, "--lang", "en", "--target", "10.9.0.2:65432"].map(String::from);
    let argv: Vec<String> = client.entering().into_iter().chain(words).collect();
    let mut command = CommandBuilder::from_argv(argv.iter().map(Into::into).collect());
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut screen = pty.master.try_clone_reader().unwrap();
    let mut keys = pty.master.take_writer().unwrap();
    // Somebody has to read what is drawn.
    let (near, done) = channel();
    std::thread::spawn(move || {
        let size = |count| NonZero::new(count).unwrap();
        let mut drawn = vt100::Parser::new(size(36), size(120), 0);
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = screen.read(&mut buffer) {
            drawn.process(&buffer[..count]);
            let _ = near.send(drawn.screen().contents());
        }
    });
    let seen = |what: &str| {
        let deadline = std::time::Duration::from_mins(1);
        let mut last = String::new();
        while !last.contains(what) {
            last = done.recv_timeout(deadline).unwrap_or_else(|_| panic!("no {what} in\n{last}"));
        }
    };
    let from = |event: &serde_json::Value| event["peer"].as_str().is_some_and(|at| at.starts_with(&CLIENT.to_string()));
    // Its address is tried first, and that is a connection too.
    running.until("the try", |event| (event["call"] == "accept" && from(event)).then_some(()));
    seen("which answers");
    keys.write_all(b"c").unwrap();
    running.until("hello", |event| (event["call"] == "recv" && event["data"] == "Hello, world").then_some(()));
    seen("10.9.0.2:65432");
    // What is said to all goes there once, not once for each server here that has another port.
    keys.write_all(b"ibom dia\r").unwrap();
    let mut calls = Vec::new();
    running.until("the broadcast, by both protocols", |event| {
        if event["data"] == "bom dia" && event["call"].as_str().is_some_and(|call| call.starts_with("recv")) {
            calls.push(event["call"].as_str().unwrap_or_default().to_owned());
        }
        (calls.len() == 2).then_some(())
    });
    calls.sort();
    assert_eq!(calls, ["recv", "recvfrom"]);
    seen("BOM DIA");
    keys.write_all(b"\x1bq").unwrap();
    assert!(child.wait().unwrap().success());
}

fn what_became_of_a_client_is_its_exit_code() {
    let (client, server) = hosts();
    let _running = server.serve(&["threaded=10.9.0.2:65432", "udp=10.9.0.2:65432"]);
    let said = |args: &[&str]| client.lab(&[&["client", "--lang", "en"], args].concat());
    let (code, told) = said(&["tcp", "10.9.0.2", "bom dia"]);
    assert!(code == 0 && told.contains("\"BOM DIA\"") && told.contains("close()"), "{told}");
    // The table is read before the connection is made, and until it is over.
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
