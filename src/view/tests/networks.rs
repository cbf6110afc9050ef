//! The view of the network: closed, open with peers, asked, a port check, a target.

use crate::domain::keys::Key;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::lab::Lab;
use super::screens::keep_lab;
use super::{scenes, screen, text};
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::verdict::IcmpError;
use crate::domain::{
    AddressScope, Call, ConnNo, EventKind, Evidence, Flow, GuardEvent, Lang, Note, PortReport, Proto, Reason, Repeated,
    Rule, ScanChange, ScanEvent, ServerChange, ServerId, SocketId, Stamp, Syscall, TargetChange, TargetEvent,
    TargetHost, Unresolved, Verdict, WorldId,
};
use crate::model::network::NetworkPart;
use crate::model::ui::{Glyphs, Mode, ThemeName};
use crate::model::{Msg, update};
use crate::view::{ColorDepth, render};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The laboratory is closed.
pub(crate) fn closed(lang: Lang) -> Lab {
    let mut lab = scenes::started(lang);
    lab.note(Note::Addresses { addresses: ["192.168.0.10", "10.8.0.3", "fd00::10"].map(ip).to_vec() });
    lab.keys("N");
    lab
}

/// The servers listen on every address.
pub(crate) fn opened(lang: Lang) -> Lab {
    let mut lab = closed(lang);
    for (id, port) in [(0, 65_432), (1, 65_433), (2, 65_434), (3, 65_432)] {
        lab.server(id, ServerChange::Started { addr: SocketAddr::from(([0, 0, 0, 0], port)), backlog: 128 });
    }
    lab
}

pub(crate) fn came(lab: &mut Lab, conn: u32, from: &str, says: &[u8]) {
    let flow = Flow::tcp("192.168.0.10:65432".parse().unwrap(), from.parse().unwrap());
    let socket = SocketId::Conn(ServerId(0), ConnNo(conn));
    let accept = Call::new(SocketId::Server(ServerId(0)), Syscall::Accept).on(flow);
    lab.call(Call { new_socket: Some(socket), ..accept });
    if !says.is_empty() {
        lab.call(Call::new(socket, Syscall::Recv).on(flow).carrying(says));
    }
}

/// A class has joined, some of it hostile.
pub(crate) fn peers(lang: Lang) -> Lab {
    let mut lab = opened(lang);
    lab.connect(1, 0, 44_078, crate::domain::ClientPlan::Stay);
    came(&mut lab, 11, "192.168.0.21:50312", "bom dia, turma! ✨".as_bytes());
    came(&mut lab, 12, "192.168.0.21:50314", b"GET / HTTP/1.1\r\n");
    came(&mut lab, 13, "192.168.0.35:41002", "\u{1b}[2J\u{202e}boo".as_bytes());
    came(&mut lab, 14, "192.168.0.77:33010", b"");
    came(&mut lab, 15, "192.168.0.40:40002", &[b'A'; 3_000]);
    let server = ServerId(0);
    let rule = |address, rule, count| {
        let address = Some(ip(address));
        EventKind::Guard(GuardEvent::Acted {
            server,
            address,
            rule,
            limit: Some(64),
            action: GuardAction::Refused,
            count,
        })
    };
    lab.seen(Evidence::Called, rule("192.168.0.40", Rule::Connections, 9_936));
    lab.seen(Evidence::Called, EventKind::Guard(GuardEvent::Blocked { address: ip("192.168.0.35") }));
    let check = PortCheck::Connect;
    let address = Some(ip("192.168.0.77"));
    lab.seen(Evidence::Called, EventKind::Guard(GuardEvent::Checked { server, address, check, count: 3 }));
    lab.wait(Duration::from_millis(600));
    lab
}

/// Thirty visitors, one of them just now.
pub(crate) fn class(lang: Lang) -> Lab {
    let mut lab = opened(lang);
    for n in 0..30u32 {
        if n == 29 {
            lab.wait(Duration::from_secs(20));
        }
        // Not in the order of their addresses.
        let from = format!("192.168.0.{}:{}", 21 + (n * 7) % 30, 50_000 + n);
        came(&mut lab, 20 + n, &from, if n % 3 == 0 { b"bom dia" } else { b"Hello, world" });
    }
    lab.wait(Duration::from_millis(300));
    lab
}

fn report(port: u16, verdict: Verdict, reason: Reason) -> ScanChange {
    let from = ip("192.168.0.1");
    ScanChange::Port {
        report: PortReport {
            host: "lab".into(),
            address: ip("192.168.0.7"),
            port,
            proto: Proto::Tcp,
            verdict,
            reason,
            took: Duration::from_micros(if reason == Reason::NoResponse { 4_000_000 } else { 412 }),
            sent: (reason == Reason::NoResponse).then_some(3),
            errno: None,
            icmp: (reason == Reason::Prohibited).then_some(IcmpError { kind: 3, code: 13, from }),
        },
    }
}

fn scan(lab: &mut Lab, change: ScanChange) {
    lab.seen(Evidence::Called, EventKind::Scan(ScanEvent { scan: 1, change }));
}

/// A port check is under way.
pub(crate) fn checking(lang: Lang) -> Lab {
    let mut lab = closed(lang);
    lab.keys("plab 65430-65435,80\n");
    let asked = "lab".into();
    let ports = "65430-65435,80".parse().unwrap();
    let address = ip("192.168.0.7");
    let others = vec![ip("fd00::7")];
    scan(&mut lab, ScanChange::Begun { asked, address, others, proto: Proto::Tcp, ports });
    scan(&mut lab, report(65_432, Verdict::Open, Reason::SynAck));
    scan(&mut lab, report(65_433, Verdict::Open, Reason::SynAck));
    scan(&mut lab, report(65_430, Verdict::Closed, Reason::Rst));
    scan(&mut lab, report(65_431, Verdict::Closed, Reason::Rst));
    lab.wait(Duration::from_millis(1_300));
    lab
}

/// The same, done.
pub(crate) fn checked(lang: Lang) -> Lab {
    let mut lab = checking(lang);
    scan(&mut lab, report(65_434, Verdict::Filtered, Reason::Prohibited));
    scan(&mut lab, report(65_435, Verdict::Closed, Reason::Rst));
    lab.wait(Duration::from_secs(3));
    scan(&mut lab, report(80, Verdict::Filtered, Reason::NoResponse));
    scan(&mut lab, ScanChange::Ended { stopped: false });
    lab
}

pub(crate) fn target(lab: &mut Lab, name: &str, change: TargetChange) {
    let target: TargetHost = name.parse().unwrap();
    lab.seen(Evidence::Called, EventKind::Target(TargetEvent { target, change }));
}

/// Clients go to a colleague's machine, whose port is closed.
pub(crate) fn aimed(lang: Lang) -> Lab {
    let mut lab = scenes::lesson(lang);
    target(&mut lab, "lab-12:65432", TargetChange::Set);
    let ScanChange::Port { report } = report(65_432, Verdict::Closed, Reason::Rst) else { unreachable!() };
    let found = TargetChange::Found { addresses: vec![report.address], took: Duration::from_millis(3) };
    target(&mut lab, "lab-12:65432", found);
    target(&mut lab, "lab-12:65432", TargetChange::Tried { report });
    let chosen = TargetChange::Chosen { addr: "192.168.0.7:65432".parse().unwrap(), answers: true };
    target(&mut lab, "lab-12:65432", chosen);
    lab
}

#[test]
fn closed_says_why_and_how_to_open() {
    keep_lab("network_closed", closed, "");
}

#[test]
fn the_join_card_and_the_peers() {
    keep_lab("network_open", peers, "");
    keep_lab("network_card", peers, "\t");
    keep_lab("network_peers", peers, "jj");
    keep_lab("network_list", peers, "fjj");
    keep_lab("network_wall", class, "jjj");
    keep_lab("network_alone", opened, "");
}

#[test]
fn the_question_before_opening() {
    keep_lab("network_question", closed, "O");
}

#[test]
fn a_port_check_under_way_and_done() {
    keep_lab("network_checking", checking, "");
    keep_lab("network_checked", checked, "");
}

#[test]
fn a_port_check_being_typed() {
    keep_lab("network_typing", closed, "plab 65432-1\n");
}

#[test]
fn clients_connect_to_a_target() {
    keep_lab("network_aimed", aimed, "");
    keep_lab("network_target", aimed, "N");
}

/// A name, a moment, and keys that are pressed then.
type Scene = (&'static str, fn(Lang) -> Lab, &'static str);

/// The scenes for the sweep of all sizes.
pub(super) const SCENES: [Scene; 10] = [
    ("network closed", closed, ""),
    ("network open", peers, ""),
    ("network peers", peers, "fjj"),
    ("network wall", class, "jj"),
    ("network zoomed in ascii", peers, "\tzA"),
    ("network question", closed, "O"),
    ("network check", checked, ""),
    ("network check typed", checking, "pa line that is longer than any box: ☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃☃"),
    ("network aimed", aimed, "a"),
    ("network target", aimed, "N"),
];

/// Every view, with what its key needs.
const VIEWS: [&str; 5] = ["1v", "2v", "3v", "8v", "5v"];

#[test]
fn openness_and_target_are_shown_in_every_view_theme_and_size() {
    for (lang, open) in [(Lang::En, "OPEN TO THE NETWORK"), (Lang::PtBr, "ABERTO À REDE")] {
        for (view, theme) in VIEWS.into_iter().flat_map(|view| ThemeName::ALL.map(|theme| (view, theme))) {
            let mut lab = peers(lang);
            target(&mut lab, "192.168.0.12:65432", TargetChange::Set);
            lab.note(Note::Dropped { count: 12 });
            lab.keys(view);
            lab.model.ui.theme = theme;
            for (glyphs, depth) in [(Glyphs::Unicode, ColorDepth::True), (Glyphs::Ascii, ColorDepth::Mono)] {
                lab.model.ui.glyphs = glyphs;
                for (columns, rows) in [(60, 20), (80, 24), (100, 30), (120, 36), (200, 60)] {
                    lab.model.ui.size = (columns, rows);
                    let mut buf = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, columns, rows));
                    render(&lab.model, depth, &mut buf);
                    let first = text(&buf).lines().next().unwrap().to_owned();
                    assert!(first.contains(open), "{view} {theme:?} {columns}: {first}");
                    assert!(first.contains("192.168.0.12:65432"), "{view} {theme:?} {columns}: {first}");
                    // Each world counts its own losses.
                    assert!(
                        view == "5v"
                            || ["12 packets", "12 pacotes", "12 missing", "faltam 12"]
                                .iter()
                                .any(|says| first.contains(says)),
                        "{view} {theme:?} {columns}: {first}"
                    );
                    let at = first.find(open).map(|at| first[..at].chars().count()).unwrap();
                    let badge = &buf[(u16::try_from(at).unwrap(), 0)];
                    let paper = &buf[(0, 1)];
                    let plain = badge.modifier.contains(ratatui::style::Modifier::REVERSED);
                    assert!(plain || badge.bg != paper.bg, "{view} {theme:?}: it stands out");
                }
            }
        }
        let small = text(&screen(&mut peers(lang).model, 40, 8).0);
        assert!(small.contains(open), "{small}");
    }
}

#[test]
fn a_closed_laboratory_never_says_that_it_is_open() {
    for (_, scene, keys) in [SCENES[0], SCENES[5], SCENES[6], SCENES[8]] {
        let mut lab = scene(Lang::En);
        lab.keys(keys);
        let shown = text(&screen(&mut lab.model, 160, 45).0);
        assert!(!shown.contains("OPEN TO THE NETWORK"), "{shown}");
    }
}

#[test]
fn the_card_shows_the_selected_server_and_an_address_that_reaches_it() {
    let mut lab = peers(Lang::En);
    lab.keys("\tjjj");
    let shown = text(&screen(&mut lab.model, 120, 36).0);
    assert!(shown.contains("nc -u 192.168.0.10 65432") && shown.contains("SOCK_DGRAM"), "{shown}");
    lab.keys("kk");
    let shown = text(&screen(&mut lab.model, 120, 36).0);
    assert!(shown.contains("nc 192.168.0.10 65433") && !shown.contains("fd00::10"), "no IPv6 on 0.0.0.0:\n{shown}");
    lab.server(1, ServerChange::Started { addr: "[::]:65433".parse().unwrap(), backlog: 1 });
    assert!(text(&screen(&mut lab.model, 120, 36).0).contains("fd00::10"));
    lab.server(1, ServerChange::Started { addr: "127.0.0.1:65433".parse().unwrap(), backlog: 1 });
    assert!(text(&screen(&mut lab.model, 120, 36).0).contains("echo cannot be reached"));
    lab.note(Note::Addresses { addresses: vec![] });
    assert!(text(&screen(&mut lab.model, 120, 36).0).contains("this machine is on no network"));
}

/// Reads the code back from the screen as a phone would: its modules, without the quiet zone.
#[test]
fn the_qr_code_is_that_of_address_and_port_with_a_quiet_zone() {
    let mut lab = peers(Lang::En);
    lab.keys("\t");
    for (glyphs, columns, rows) in [(Glyphs::Unicode, 80u16, 24u16), (Glyphs::Ascii, 160, 45)] {
        lab.model.ui.glyphs = glyphs;
        lab.model.ui.zoomed = glyphs == Glyphs::Ascii;
        let (shown, _) = screen(&mut lab.model, columns, rows);
        let expected = qrcode::QrCode::with_error_correction_level("192.168.0.10:65432", qrcode::EcLevel::L).unwrap();
        let ascii = glyphs == Glyphs::Ascii;
        let light = |x: u16, y: u16| {
            if ascii {
                return shown[(2 + 2 * x, 2 + y)].bg
                    == crate::view::theme::Theme::new(ThemeName::Dark, ColorDepth::True).qr_light.bg.unwrap();
            }
            // Below a rule, without a wall on the left.
            let symbol = shown[(1 + x, 2 + y / 2)].symbol();
            symbol == "█" || symbol == (if y.is_multiple_of(2) { "▀" } else { "▄" })
        };
        let side = u16::try_from(expected.width()).unwrap();
        for (x, y) in (0..side + 4).flat_map(|x| (0..side + 4).map(move |y| (x, y))) {
            let inside = (2..side + 2).contains(&x) && (2..side + 2).contains(&y);
            let module = || expected[(usize::from(x) - 2, usize::from(y) - 2)] == qrcode::Color::Light;
            assert_eq!(light(x, y), !inside || module(), "{x},{y} {glyphs:?}:\n{}", text(&shown));
        }
    }
}

#[test]
fn control_characters_from_peers_are_shown_as_marks() {
    let mut lab = peers(Lang::En);
    lab.keys("fjj");
    let shown = text(&screen(&mut lab.model, 160, 45).0);
    assert!(shown.contains("␛[2J\\u{202e}boo"), "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'));
    assert!(shown.contains("BLOCKED") && shown.contains("refused 9,936") && shown.contains("this machine"), "{shown}");
}

#[test]
fn errors_are_explained_in_words() {
    let says = |change: ScanChange, words: &str| {
        let mut lab = closed(Lang::En);
        lab.keys("plab 1\n");
        scan(&mut lab, change);
        lab.key(Key::Esc);
        let shown = text(&screen(&mut lab.model, 160, 45).0);
        assert!(shown.contains(words), "{words}:\n{shown}");
    };
    says(
        ScanChange::Unresolved { asked: "lab".into(), why: Unresolved::NoSuchHost },
        "there is no host with this name",
    );
    let beyond = |scope| ScanChange::Unconfirmed { asked: "lab".into(), address: ip("8.8.8.8"), scope };
    says(beyond(AddressScope::Public), "p asks again");
    says(beyond(AddressScope::Group), "many hosts at once");
    let mut lab = scenes::lesson(Lang::En);
    target(&mut lab, "nowhere", TargetChange::Set);
    target(&mut lab, "nowhere", TargetChange::Lost { why: Unresolved::NoSuchHost });
    let shown = text(&screen(&mut lab.model, 120, 36).0);
    assert!(shown.contains("target nowhere ×") && shown.contains("no host with this name"), "{shown}");
}

#[test]
fn the_world_of_the_wire_keeps_the_badge() {
    let mut lab = peers(Lang::En);
    let at = lab.model.now;
    update(&mut lab.model, Msg::Key(Key::Char('w')));
    assert_eq!((lab.model.worlds.shown_id(), lab.model.now), (WorldId::Wire, at));
    assert!(text(&screen(&mut lab.model, 80, 24).0).lines().next().unwrap().contains("OPEN TO THE NETWORK"));
    lab.keys("N");
    assert_eq!(
        (lab.model.worlds.shown_id(), lab.model.ui.network.part, lab.model.ui.mode),
        (WorldId::Wire, NetworkPart::Peers, Mode::Command),
        "a view never switches worlds"
    );
}

/// More datagrams than could be told one by one: 1,412 of the beamer's neighbour, and 70,000 of whoever.
fn a_flood(lang: Lang) -> Lab {
    let mut lab = opened(lang);
    let socket = SocketId::Server(ServerId(3));
    let flow = |peer: Option<&str>| Flow {
        proto: Proto::Udp,
        local: "192.168.0.10:65432".parse().unwrap(),
        peer: peer.map(|peer| peer.parse().unwrap()),
    };
    let told = |lab: &mut Lab, peer, count, len| {
        let mut call = Call::new(socket, Syscall::Recvfrom).on(flow(peer)).carrying(b"oi");
        call.data.as_mut().unwrap().len = len;
        call.repeated = Some(Repeated { count, until: Stamp::from_millis(900) });
        lab.call(call);
    };
    told(&mut lab, Some("192.168.0.21:50312"), 1_412, 5_800_000);
    told(&mut lab, None, 70_000, 140_000);
    lab
}

#[test]
fn what_is_told_together_says_how_often_and_how_much() {
    for (lang, lines) in [
        (Lang::En, ["recvfrom ×1,412, 5.8 MB", "recvfrom ×70,000, 140.0 kB", "71,412", "≥5.8 MB"]),
        (Lang::PtBr, ["recvfrom ×1.412, 5,8 MB", "recvfrom ×70.000, 140,0 kB", "71.412", "≥5,8 MB"]),
    ] {
        let mut lab = a_flood(lang);
        lab.keys("f");
        lab.key(Key::Down);
        let network = text(&screen(&mut lab.model, 160, 45).0);
        assert!(network.contains(lines[3]), "for a peer it is a minimum now: {network}");
        lab.key(Key::Esc);
        let shown = text(&screen(&mut lab.model, 120, 36).0);
        for line in &lines[..3] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
    }
}
