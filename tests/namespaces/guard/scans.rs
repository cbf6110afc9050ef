//! nmap against the laboratory: it keeps answering, and reports the port checks that its sockets or the kernel noticed.

use socklab::api::domain::PortCheck;
use socklab::api::model::Model;

use super::attacks::connect;
use super::forged::counted;
use super::lab::{peer, served};
use super::net::{ATTACKER, Net, SERVER, at};
use crate::harness::{
    Need::{Network, Tool},
    Test, test,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(the_course_command_and_a_syn_scan_are_named_by_the_kernels_counter, &[Network, Tool("nmap")]),
        test(a_connect_scan_is_named, &[Network, Tool("nmap")]),
        test(a_udp_scan_is_named, &[Network, Tool("nmap")]),
        test(a_version_scan_is_named, &[Network, Tool("nmap")]).first(),
    ]
}

fn checks(model: &Model, check: PortCheck) -> u64 {
    peer(model, ATTACKER).and_then(|peer| peer.checks.get(&check).copied()).unwrap_or(0)
}

fn nmap(net: &Net, how: &str) -> String {
    let said = net.attacker.shell(&format!("nmap -n -Pn {how} {SERVER}"));
    println!("{said}");
    said
}

fn still_answers(net: &Net) {
    use std::io::{Read, Write};
    for port in [65432, 65433, 65434] {
        let answer = net.attacker.run(move || {
            let mut stream = connect(ATTACKER, at(SERVER, port)).unwrap();
            stream.write_all(b"1").unwrap();
            let mut answer = [0];
            stream.read_exact(&mut answer).unwrap();
            answer
        });
        assert_eq!(&answer, b"1");
    }
}

fn the_course_command_and_a_syn_scan_are_named_by_the_kernels_counter() {
    let (net, lab) = served(&["--lan"]);
    for how in ["-p65432", "-sS -p65431-65435"] {
        let said = nmap(&net, how);
        assert!(said.contains("65432/tcp open"), "{said}");
    }
    still_answers(&net);
    // One port, then three: reported when the first was seen, and the rest when the laboratory closes.
    lab.until("the first was seen", |model| (model.worlds.shown().peers.handshakes_reset >= 1).then_some(()));
    let model = lab.close();
    let told = model.worlds.shown().peers.handshakes_reset;
    assert!(told >= 4, "{told} of four open ports");
    assert_eq!(told, counted(&net.server, "EmbryonicRsts"), "by the kernel's own count");
    assert_eq!(PortCheck::ALL.iter().map(|check| checks(&model, *check)).sum::<u64>(), 0, "accept never returned");
}

fn a_connect_scan_is_named() {
    let (net, lab) = served(&["--lan"]);
    let said = nmap(&net, "-sT -p65431-65435");
    for line in ["65431/tcp closed", "65432/tcp open", "65433/tcp open", "65434/tcp open"] {
        assert!(said.contains(line), "{said}");
    }
    lab.until("all three servers noticed", |model| (checks(model, PortCheck::Connect) >= 3).then_some(()));
    still_answers(&net);
    lab.close();
}

fn a_udp_scan_is_named() {
    let (net, lab) = served(&["--lan"]);
    let said = nmap(&net, "-sU -p65431,65432");
    assert!(said.contains("65432/udp open") && said.contains("65431/udp closed"), "{said}");
    lab.until("noticed", |model| {
        (checks(model, PortCheck::EmptyDatagram) + checks(model, PortCheck::ServiceProbe) >= 1).then_some(())
    });
    still_answers(&net);
    lab.close();
}

fn a_version_scan_is_named() {
    let (net, lab) = served(&["--lan"]);
    let said = nmap(&net, "-sV --version-light -p65432");
    assert!(said.contains("65432/tcp open"), "{said}");
    lab.until("noticed", |model| (checks(model, PortCheck::ServiceProbe) >= 1).then_some(()));
    still_answers(&net);
    lab.close();
}
