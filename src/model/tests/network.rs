//! The keys, prompts and questions of the network's view.

use super::*;
use crate::domain::interface::CapturePlan;
use crate::domain::keys::Key;
use crate::domain::ports::PortsErrorKind;
use crate::domain::{
    AddressScope, GuardEvent, Lang, Note, Proto, ScanChange, ScanEvent, TargetChange, TargetEvent, TargetHost,
};
use crate::model::effect::PacketsEffect;
use crate::model::mode::Question;
use crate::model::network::{LineFault, NetworkPart, check};
use crate::model::ui::Mode;

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    let key = |c| match c {
        '\n' => Key::Enter,
        '\t' => Key::Tab,
        c => Key::Char(c),
    };
    text.chars().flat_map(|c| update(model, Msg::Key(key(c)))).collect()
}

fn ready() -> Model {
    let mut model = Model::default();
    let addr = "127.0.0.1:65432".parse().unwrap();
    let spec = ServerSpec { name: "echo".into(), proto: Proto::Tcp, addr, answer: Answer::Same, model: None };
    told(&mut model, server(0, ServerChange::Added { spec }));
    told(&mut model, server(0, ServerChange::Started { addr, backlog: 1 }));
    model
}

fn told(model: &mut Model, kind: EventKind) -> Vec<Effect> {
    update(model, Msg::Seen(seen(1, kind)))
}

fn binds(address: &str) -> Effect {
    host(LabOrder::Guard(GuardOrder::Bind(address.parse().unwrap())))
}

fn started(model: &mut Model, addr: &str) {
    told(model, server(0, ServerChange::Started { addr: addr.parse().unwrap(), backlog: 1 }));
}

#[test]
fn opening_to_the_network_needs_the_key_and_a_yes() {
    for no in ["n", "\n", "O", "s", " "] {
        let mut model = ready();
        assert_eq!(typed(&mut model, "NO"), []);
        assert_eq!(model.ui.mode, Mode::Asking(Question::Open));
        assert_eq!(typed(&mut model, no), [], "{no:?}");
        assert_eq!(model.ui.mode, Mode::Command);
    }
    let mut model = ready();
    assert_eq!(typed(&mut model, "NOy"), [binds("0.0.0.0")]);
    model.ui.lang = Lang::PtBr;
    assert_eq!(typed(&mut model, "Oy"), []);
    assert_eq!(typed(&mut model, "Os"), [binds("0.0.0.0")]);
    // The key means that in its own view only.
    let mut model = ready();
    assert_eq!((typed(&mut model, "O"), model.ui.mode), (vec![], Mode::Command));
}

#[test]
fn closing_to_the_network_needs_no_question() {
    let mut model = ready();
    started(&mut model, "0.0.0.0:65432");
    assert_eq!(typed(&mut model, "NO"), [binds("127.0.0.1")]);
    assert_eq!(model.ui.mode, Mode::Command);
}

#[test]
fn without_ipv4_the_wildcard_is_that_of_ipv6() {
    let mut model = ready();
    told(&mut model, EventKind::Note(Note::Addresses { addresses: vec!["fd00::1".parse().unwrap()] }));
    assert_eq!(typed(&mut model, "NOy"), [binds("::")]);
}

#[test]
fn other_programs_servers_cannot_be_opened() {
    let mut model = ready();
    told(&mut model, EventKind::Note(Note::Observing { servers: vec![] }));
    assert_eq!((typed(&mut model, "NOy"), model.ui.mode), (vec![], Mode::Command));
}

#[test]
fn peers_are_kicked_blocked_and_unblocked_when_one_is_selected() {
    let mut model = ready();
    let (one, two) = ("192.168.0.2".parse().unwrap(), "192.168.0.3".parse().unwrap());
    for address in [one, two] {
        told(&mut model, EventKind::Guard(GuardEvent::Unblocked { address }));
    }
    assert_eq!(typed(&mut model, "NxB"), [], "nobody is selected");
    assert_eq!(model.ui.network.part, NetworkPart::Peers);
    assert_eq!(typed(&mut model, "jjx"), [host(LabOrder::Guard(GuardOrder::Kick(two)))]);
    assert_eq!(typed(&mut model, "kB"), [host(LabOrder::Guard(GuardOrder::Block(one)))]);
    told(&mut model, EventKind::Guard(GuardEvent::Blocked { address: one }));
    assert_eq!(typed(&mut model, "B"), [host(LabOrder::Guard(GuardOrder::Unblock(one)))]);
}

#[test]
fn a_port_check_is_parsed_as_people_type_it() {
    let plan = |text: &str| {
        let plan = check(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        assert!(!plan.confirmed);
        format!("{} {} {}", plan.host, plan.ports, plan.proto)
    };
    for (text, means) in [
        ("lab", "lab 65432-65434 tcp"),
        ("lab 22", "lab 22 tcp"),
        ("  192.168.0.7   22, 80 ", "192.168.0.7 22,80 tcp"),
        ("lab:8080", "lab 8080 tcp"),
        ("nmap -p65432 localhost", "localhost 65432 tcp"),
        ("nmap -sU -p 53,123 lab", "lab 53,123 udp"),
        ("lab udp", "lab 65432 udp"),
        ("lab 1-3 udp", "lab 1-3 udp"),
        ("lab -", "lab 1-65535 tcp"),
        ("::1 echo", "::1 65433 tcp"),
        ("10.0.0.1", "10.0.0.1 65432-65434 tcp"),
    ] {
        let shown = plan(text);
        assert!(shown == means || shown == means.replace("1-65535", "-"), "{text}: {shown}");
    }
    for (text, fault) in [
        ("", LineFault::NoHost),
        ("udp", LineFault::NoHost),
        ("65432", LineFault::NoHost),
        ("-", LineFault::NoHost),
        ("22, 80", LineFault::NoHost),
        ("nmap -p22", LineFault::NoHost),
        ("http://lab 80", LineFault::NotAHost),
        ("lab:99999", LineFault::NotAPort),
        ("lab:99999 22", LineFault::NotAPort),
        ("lab 80-22", LineFault::Ports(PortsErrorKind::Backwards)),
        ("lab:8080 22", LineFault::Ports(PortsErrorKind::Twice)),
        ("lab 0", LineFault::Ports(PortsErrorKind::NotAPort)),
        ("lab eighty", LineFault::Ports(PortsErrorKind::NotAPort)),
    ] {
        assert_eq!(check(text), Err(fault), "{text}");
    }
}

#[test]
fn a_wrong_line_stays_and_is_corrected() {
    let mut model = ready();
    assert_eq!(typed(&mut model, "Nplab 0\n"), []);
    assert_eq!((model.ui.mode, model.ui.network.fault.is_some()), (Mode::Checking, true));
    update(&mut model, Msg::Key(Key::Backspace));
    assert_eq!(model.ui.network.fault, None);
    let effects = typed(&mut model, "22\n");
    assert!(
        matches!(&effects[..], [Effect::Lab(WorldId::Host, LabOrder::Scan(plan))] if plan.host == "lab" && plan.ports.count() == 1)
    );
    assert_eq!((model.ui.mode, model.ui.network.pending), (Mode::Command, true));
    // And is remembered.
    typed(&mut model, "p");
    update(&mut model, Msg::Key(Key::Up));
    assert_eq!(model.ui.network.asked.input.value(), "lab 22");
    assert_eq!(update(&mut model, Msg::Key(Key::Esc)), []);
    assert_eq!(typed(&mut model, "x"), [], "no check is running");
    let (address, ports) = ("192.0.2.1".parse().unwrap(), "22".parse().unwrap());
    scanned(&mut model, ScanChange::Begun { asked: "lab".into(), address, others: vec![], proto: Proto::Tcp, ports });
    assert_eq!(typed(&mut model, "x"), [host(LabOrder::StopScan)]);
}

fn scanned(model: &mut Model, change: ScanChange) {
    told(model, EventKind::Scan(ScanEvent { scan: 1, change }));
}

#[test]
fn a_public_host_is_checked_only_after_a_yes() {
    let beyond = |asked: &str, scope| ScanChange::Unconfirmed {
        asked: asked.into(),
        address: "203.0.114.5".parse().unwrap(),
        scope,
    };
    let mut model = ready();
    typed(&mut model, "Npelsewhere 22\n");
    scanned(&mut model, beyond("another", AddressScope::Public));
    assert_eq!(model.ui.mode, Mode::Command, "that was no check of this screen");
    scanned(&mut model, beyond("elsewhere", AddressScope::Public));
    assert_eq!(model.ui.mode, Mode::Asking(Question::Beyond));
    let effects = typed(&mut model, "y");
    assert!(
        matches!(&effects[..], [Effect::Lab(WorldId::Host, LabOrder::Scan(plan))] if plan.confirmed && plan.host == "elsewhere"),
        "{effects:?}"
    );

    typed(&mut model, "pelsewhere 22\n");
    scanned(&mut model, beyond("elsewhere", AddressScope::Public));
    assert_eq!((typed(&mut model, "n"), model.ui.mode), (vec![], Mode::Command));
    // Groups of hosts are never checked, and typing is not interrupted.
    typed(&mut model, "pelsewhere 22\n");
    scanned(&mut model, beyond("elsewhere", AddressScope::Group));
    assert_eq!(model.ui.mode, Mode::Command);
    typed(&mut model, "pelsewhere 22\na");
    scanned(&mut model, beyond("elsewhere", AddressScope::Public));
    assert_eq!(model.ui.mode, Mode::TypingTarget);
}

#[test]
fn the_target_is_set_from_any_view_and_dropped_again() {
    let mut model = ready();
    assert_eq!(typed(&mut model, "H"), [], "they are at home");
    assert_eq!(typed(&mut model, "a\n"), []);
    let target: TargetHost = "192.168.0.7:65432".parse().unwrap();
    let asked = typed(&mut model, "a192.168.0.7:65432\n");
    // The way there is captured before it is tried, and goes on being captured afterwards.
    let targets = ["192.168.0.7:0".parse().unwrap()].into();
    let way = Effect::Packets(PacketsEffect::CaptureOn(CapturePlan { targets, ..CapturePlan::default() }));
    assert_eq!(asked, [way, host(LabOrder::Target(Some(target.clone())))]);
    let mut set = |change| told(&mut model, EventKind::Target(TargetEvent { target: target.clone(), change }));
    set(TargetChange::Set);
    set(TargetChange::Chosen { addr: "192.168.0.7:65432".parse().unwrap(), answers: true });
    let spawned = typed(&mut model, "c");
    assert!(
        matches!(&spawned[..], [Effect::Lab(WorldId::Host, LabOrder::Spawn { destination, .. })] if destination.addr.to_string() == "192.168.0.7:65432")
    );
    assert_eq!(typed(&mut model, "a\n"), [host(LabOrder::Target(None))], "nothing is the way home");
    assert_eq!(typed(&mut model, "H"), [host(LabOrder::Target(None))]);
    assert_eq!(typed(&mut model, "aa b\n"), []);
    assert_eq!((model.ui.mode, model.ui.network.fault), (Mode::TypingTarget, Some(LineFault::NotAHost)));
    update(&mut model, Msg::Key(Key::Esc));
    // Ports alone are those of the host that clients go to.
    typed(&mut model, "Np");
    update(&mut model, Msg::Paste("22,\n80\n".into()));
    let effects = typed(&mut model, "\n");
    assert!(
        matches!(&effects[..], [Effect::Lab(WorldId::Host, LabOrder::Scan(plan))] if plan.host == "192.168.0.7" && plan.ports.count() == 2)
    );
    let effects = typed(&mut model, "plab 1\n");
    assert!(
        matches!(&effects[..], [Effect::Lab(WorldId::Host, LabOrder::Scan(plan))] if plan.host == "lab"),
        "{effects:?}"
    );
}

#[test]
fn the_network_view_shows_this_machine() {
    let mut model = ready();
    typed(&mut model, "w");
    assert_eq!(model.worlds.shown_id(), WorldId::Wire);
    assert_eq!((typed(&mut model, "a"), model.ui.mode), (vec![], Mode::Command), "no target for the wire's hosts");
    assert_eq!(update(&mut model, Msg::Key(Key::F(8))), []);
    assert_eq!(model.worlds.shown_id(), WorldId::Wire, "a view never switches worlds");
    assert_eq!(model.ui.view, View::Network);
    typed(&mut model, "N");
    assert_eq!(model.ui.view, View::Wire, "home in the wire's world");
}

#[test]
fn rates_fade_by_themselves() {
    let mut model = ready();
    typed(&mut model, "N");
    assert_eq!(model.next_change(), None);
    told(&mut model, EventKind::Guard(GuardEvent::Unblocked { address: "192.168.0.2".parse().unwrap() }));
    assert!(model.next_change().is_some());
    update(&mut model, Msg::Time(Stamp::from_millis(60_000)));
    assert_eq!(model.next_change(), None);
}
