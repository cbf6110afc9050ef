//! The interfaces that packets are captured on: what the packets view says of them, and the list to choose from.

use super::lab::{Lab, at};
use super::{packets, scenes, screen, text};
use crate::domain::interface::CapturePlan;
use crate::domain::keys::Key;
use crate::domain::{
    CaptureEvent, CapturedInterface, EventKind, Evidence, Excerpt, Flow, InterfaceState, Lang, NetInterface,
    PacketSummary, Proto,
};
use crate::model::effect::PacketsEffect;
use crate::model::packets::PacketsAnswer;
use crate::model::ui::{Mode, View};
use crate::model::{Effect, Msg, update};

fn on(lab: &mut Lab, interfaces: &[(&str, InterfaceState)]) {
    let one = |(name, state): &(&str, InterfaceState)| CapturedInterface { name: (*name).into(), state: *state };
    lab.capture(CaptureEvent::Started { interfaces: interfaces.iter().map(one).collect() });
}

fn empty(lang: Lang, interfaces: &[(&str, InterfaceState)]) -> Lab {
    let mut lab = scenes::started(lang);
    on(&mut lab, interfaces);
    lab.model.ui.view = View::Packets;
    lab
}

fn shown(lab: &mut Lab, columns: u16, rows: u16) -> String {
    let lines = text(&screen(&mut lab.model, columns, rows).0);
    // As one line without frames, since sentences are wrapped.
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '┃' | '│');
    lines.split(is_blank).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_list_without_packets_says_where_they_would_be_seen_and_why_none_may_come() {
    use InterfaceState::{Down, Missing, NoLink, Up};
    for (columns, rows) in [(80, 24), (120, 36)] {
        let said = |interfaces: &[_], words: [&str; 2]| {
            for (lang, word) in [Lang::En, Lang::PtBr].into_iter().zip(words) {
                let shown = shown(&mut empty(lang, interfaces), columns, rows);
                assert!(shown.contains(word), "{word}\n{shown}");
            }
        };
        said(&[("lo", Up)], ["Captured on lo. Only what", "Captura em lo. Por lo só passa"]);
        said(&[("lo", Up), ("eth0", Up)], ["Captured on lo, eth0. A packet", "Captura em lo, eth0. Um pacote"]);
        let down = ["sudo ip link set eth0 up", "sudo ip link set eth0 up"];
        said(&[("eth0", Down)], down);
        said(&[("eth0", NoLink)], ["Nothing crosses eth0: its cable", "Nada passa por eth0: o cabo"]);
        said(&[("tun0", Missing)], ["no interface tun0 now", "Não há interface tun0 agora"]);
        said(&[], ["Captured on no interface.", "Captura em nenhuma interface."]);
    }
}

fn datagram(lab: &mut Lab, number: u64, interface: Option<&str>) {
    let packet = PacketSummary {
        number,
        flow: Flow { proto: Proto::Udp, local: at(40_000), peer: Some(at(65_432)) },
        tcp: None,
        icmp: None,
        interface: interface.map(Into::into),
        payload: Excerpt::of(b"oi"),
        retransmission_of: None,
        findings: [].into_iter().collect(),
    };
    lab.seen(Evidence::Packet, EventKind::Packet(packet));
}

#[test]
fn packets_name_their_interface_where_there_are_several() {
    let mut lab = empty(Lang::En, &[("lo", InterfaceState::Up), ("veth7", InterfaceState::Up)]);
    datagram(&mut lab, 1, Some("lo"));
    datagram(&mut lab, 2, Some("lo"));
    let has_column = |lab: &mut Lab| shown(lab, 120, 36).contains("Iface");
    assert!(!has_column(&mut lab), "all of them are of one");
    datagram(&mut lab, 3, Some("veth7"));
    datagram(&mut lab, 4, None);
    for (columns, rows) in [(80, 24), (120, 36), (200, 60)] {
        let shown = shown(&mut lab, columns, rows);
        assert!(shown.contains("Iface") && shown.contains("■ veth7 "), "{shown}");
    }
    // The filter knows them.
    "/iface veth7".chars().for_each(|c| lab.key(Key::Char(c)));
    lab.key(Key::Enter);
    let shown = shown(&mut lab, 120, 36);
    assert!(shown.contains("1 of 4") && !shown.contains("■ lo "), "{shown}");
}

#[test]
fn the_fields_of_a_packet_name_its_interface() {
    let mut lab = empty(Lang::En, &[("lo", InterfaceState::Up)]);
    datagram(&mut lab, 1, Some("lo"));
    update(&mut lab.model, Msg::Key(Key::Up));
    let details = crate::model::packets::PacketDetails { number: 1, ..Default::default() };
    let origin = crate::model::packets::PacketOrigin::Live;
    update(&mut lab.model, Msg::Answer(PacketsAnswer::Inspected(origin, details)));
    assert!(shown(&mut lab, 120, 36).contains("#1 · lo"));
}

/// A machine with a loopback, a card and an interface that is down.
fn choosing(lang: Lang) -> Lab {
    let mut lab = empty(lang, &[("lo", InterfaceState::Up)]);
    let made = [("lo", 1, "127.0.0.1"), ("eth0", 2, "192.168.0.10"), ("wlan0", 3, "")];
    let all = made.map(|(name, index, address)| NetInterface {
        name: name.into(),
        index,
        state: if index == 3 { InterfaceState::Down } else { InterfaceState::Up },
        loopback: index == 1,
        addresses: address.parse().into_iter().collect(),
    });
    update(&mut lab.model, Msg::Answer(PacketsAnswer::Interfaces(all.into())));
    lab.key(Key::Char(','));
    lab
}

/// What the shell is asked to capture on after these keys.
fn asked(lab: &mut Lab, keys: &[Key]) -> Vec<Option<Vec<String>>> {
    let effects = keys.iter().flat_map(|key| update(&mut lab.model, Msg::Key(*key))).collect::<Vec<_>>();
    let plans = effects.into_iter().filter_map(|effect| match effect {
        Effect::Packets(PacketsEffect::CaptureOn(CapturePlan { chosen, .. })) => Some(chosen),
        _ => None,
    });
    plans.map(|chosen| chosen.map(|names| names.iter().map(ToString::to_string).collect())).collect()
}

#[test]
fn the_list_shows_each_interface_with_its_state_and_whether_it_is_captured() {
    for (lang, lo, wlan, traffic) in [
        (Lang::En, "[x] lo up 127.0.0.1", "[ ] wlan0 down", "(x) wherever the laboratory's traffic goes"),
        (Lang::PtBr, "[x] lo ativa 127.0.0.1", "[ ] wlan0 desativada", "(x) por onde passa o tráfego do laboratório"),
    ] {
        for (columns, rows) in [(80, 24), (120, 36)] {
            let shown = shown(&mut choosing(lang), columns, rows);
            assert!([lo, wlan, traffic].iter().all(|words| shown.contains(words)), "{shown}");
        }
    }
}

#[test]
fn space_adds_an_interface_or_takes_it_away() {
    let mut lab = choosing(Lang::En);
    let names = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect::<Vec<_>>());
    let down_to_eth0 = [Key::Down, Key::Down];
    asked(&mut lab, &down_to_eth0);
    assert_eq!(asked(&mut lab, &[Key::Char(' ')]), [names(&["eth0", "lo"])]);
    assert_eq!(asked(&mut lab, &[Key::Up, Key::Char(' ')]), [names(&["eth0"])]);
    on(&mut lab, &[("eth0", InterfaceState::Up)]);
    let shown = shown(&mut lab, 120, 36);
    assert!(shown.contains("[ ] lo") && shown.contains("[x] eth0") && shown.contains("( ) wherever"), "{shown}");
    // The first line leaves it to the laboratory's traffic again.
    assert_eq!(asked(&mut lab, &[Key::Home, Key::Enter]), [None]);
    lab.key(Key::Esc);
    assert_eq!(lab.model.ui.mode, Mode::Command);
}

#[test]
fn without_a_capture_there_is_no_list_and_the_footer_says_why() {
    let mut lab = packets::forbidden(Lang::En);
    lab.key(Key::Char(','));
    assert_eq!(lab.model.ui.mode, Mode::Command);
    assert!(lab.model.ui.refused.is_some());
}
