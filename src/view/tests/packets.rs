//! The packets view, as a class sees it, with hand-written packets and states.

use crate::domain::keys::Key;
use crate::model::effect::PacketsEffect;
use std::time::Duration;

use super::lab::{Lab, at};
use super::scenes;
use super::{screen, text};
use crate::domain::dissection::{Layer, PacketField};
use crate::domain::need::{Lack, Need, Remedy};
use crate::domain::{
    CaptureEvent, CapturedInterface, Errno, EventKind, Evidence, Excerpt, FieldName, Finding, Flags, Flow, Icmp, Lang,
    Note, PacketSummary, Proto, ResetReason, Segment, TcpOption,
};
use crate::model::packets::{PacketDetails, PacketOrigin, PacketsAnswer, StreamText, StreamTurn};
use crate::model::ui::View;
use crate::model::{Effect, Model, Msg, update};

/// One conversation, packet by packet.
struct Talk {
    flow: Flow,
    number: u64,
}

impl Talk {
    fn packet(&mut self, lab: &mut Lab, right: bool, change: impl FnOnce(&mut PacketSummary)) {
        self.number += 1;
        let flow = if right { self.flow } else { self.flow.mirror().unwrap() };
        let mut packet = PacketSummary {
            number: self.number,
            flow,
            tcp: None,
            icmp: None,
            interface: None,
            payload: Excerpt::of(b""),
            retransmission_of: None,
            findings: [Finding::ChecksumPartial].into_iter().collect(),
        };
        change(&mut packet);
        lab.seen(Evidence::Packet, EventKind::Packet(packet));
    }

    fn segment(&mut self, lab: &mut Lab, right: bool, flags: Flags, (seq, ack): (u32, u32), data: &str) {
        self.segment_with(lab, right, flags, (seq, ack), data, |_| ());
    }

    fn segment_with(
        &mut self,
        lab: &mut Lab,
        right: bool,
        flags: Flags,
        (seq, ack): (u32, u32),
        data: &str,
        change: impl FnOnce(&mut PacketSummary),
    ) {
        let syn = flags.has(Flags::SYN);
        let opening = [TcpOption::Mss(65_495), TcpOption::SackPermitted, TcpOption::WindowScale(7)];
        let tcp = Segment {
            flags,
            seq: seq.wrapping_add(4_000_000),
            ack: ack.wrapping_add(7_000_000),
            seq_rel: Some(seq),
            ack_rel: flags.has(Flags::ACK).then_some(ack),
            window: if syn { 65_495 } else { 65_536 },
            options: if syn { opening.to_vec() } else { vec![] },
        };
        self.packet(lab, right, |packet| {
            packet.tcp = Some(tcp);
            packet.payload = Excerpt::of(data.as_bytes());
            change(packet);
        });
    }
}

const ACK: Flags = Flags::ACK;
const DATA: Flags = Flags::PSH.with(Flags::ACK);

/// A whole life of a connection, from the handshake to `TIME_WAIT`, captured on loopback.
pub(crate) fn life(lang: Lang) -> Lab {
    let mut lab = scenes::started(lang);
    lab.note(Note::Has { what: Evidence::Packet });
    lab.capture(CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] });
    lab.connect(1, 0, 44_086, crate::domain::ClientPlan::Stay);
    let flow = Flow::tcp(at(44_086), at(65_432));
    let mut talk = Talk { flow, number: 0 };
    let lab_ref = &mut lab;
    talk.segment(lab_ref, true, Flags::SYN, (0, 0), "");
    talk.segment(lab_ref, false, Flags::SYN.with(ACK), (0, 1), "");
    talk.segment(lab_ref, true, ACK, (1, 1), "");
    talk.segment(lab_ref, true, DATA, (1, 1), "Hello, world");
    talk.segment(lab_ref, false, ACK, (1, 13), "");
    talk.segment(lab_ref, false, DATA, (1, 13), "HELLO, WORLD");
    talk.segment(lab_ref, true, ACK, (13, 13), "");
    lab_ref.wait(Duration::from_millis(1_300));
    lab_ref.close(1);
    talk.segment(lab_ref, true, Flags::FIN.with(ACK), (13, 13), "");
    talk.segment(lab_ref, false, Flags::FIN.with(ACK), (13, 14), "");
    talk.segment(lab_ref, true, ACK, (14, 14), "");
    lab.wait(Duration::from_millis(200));
    lab.model.ui.view = View::Packets;
    lab
}

/// What a lossy network, a slow reader and a port without a listener look like.
pub(crate) fn mishaps(lang: Lang) -> Lab {
    let mut lab = scenes::started(lang);
    lab.capture(CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] });
    lab.connect(1, 0, 44_086, crate::domain::ClientPlan::Stay);
    let mut talk = Talk { flow: Flow::tcp(at(44_086), at(65_432)), number: 40 };
    let lab_ref = &mut lab;
    talk.segment(lab_ref, true, DATA, (1, 1), "um");
    talk.segment_with(lab_ref, true, DATA, (5, 1), "três", |p| p.findings.add(Finding::PreviousUnseen));
    for nth in [1, 2] {
        let again = Finding::DuplicateAck { nth, of: 7 };
        talk.segment_with(lab_ref, false, ACK, (1, 3), "", |packet| packet.findings.add(again));
    }
    talk.segment_with(lab_ref, true, DATA, (1, 1), "um", |packet| {
        packet.findings.add(Finding::FastRetransmission);
        packet.retransmission_of = Some(41);
    });
    talk.segment_with(lab_ref, false, ACK, (1, 10), "", |packet| {
        packet.findings.add(Finding::ZeroWindow);
        if let Some(tcp) = &mut packet.tcp {
            tcp.window = 0;
        }
    });
    talk.segment_with(lab_ref, false, Flags::RST.with(ACK), (1, 10), "", |packet| {
        packet.findings.add(Finding::Reset(ResetReason::Unread));
    });
    note_lost(lab_ref);
    lab.model.ui.view = View::Packets;
    lab
}

fn note_lost(lab: &mut Lab) {
    lab.note(Note::CaptureLost { count: 12 });
}

/// A datagram to a closed port, and the ICMP message about it.
pub(crate) fn datagrams(lang: Lang) -> Lab {
    let mut lab = scenes::started(lang);
    lab.capture(CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] });
    lab.datagram(1, 38_215);
    let flow = Flow { proto: Proto::Udp, local: at(38_215), peer: Some(at(65_432)) };
    let mut talk = Talk { flow, number: 0 };
    let said = |text: &'static str| move |packet: &mut PacketSummary| packet.payload = Excerpt::of(text.as_bytes());
    talk.packet(&mut lab, true, said("Hello, world"));
    talk.packet(&mut lab, false, said("HELLO, WORLD"));
    talk.packet(&mut lab, true, said("is anybody there?"));
    talk.packet(&mut lab, false, |packet| {
        packet.icmp = Some(Icmp::PortUnreachable);
        packet.findings = [Finding::CausedBy { packet: 3 }].into_iter().collect();
    });
    lab.model.ui.view = View::Packets;
    lab
}

/// Packets cannot be captured.
pub(crate) fn forbidden(lang: Lang) -> Lab {
    let mut lab = scenes::lesson(lang);
    lab.note(Note::Lacks { what: Evidence::Packet, errno: Errno::Perm });
    let lack = Lack { need: Need::PacketSocket, errno: Errno::Perm, remedy: Remedy::FileCapability };
    lab.capture(CaptureEvent::failed(lack, "/home/ana/socklab-tui/target/release/socklab-tui".as_ref()));
    lab.model.ui.view = View::Packets;
    lab
}

/// The SYN+ACK's flags are expanded.
pub(crate) fn inspected(lang: Lang) -> Lab {
    let mut lab = life(lang);
    inspect(&mut lab.model);
    lab
}

fn press(model: &mut Model, key: Key, times: usize) {
    (0..times).for_each(|_| drop(update(model, Msg::Key(key))));
}

/// Goes to the SYN+ACK, which is kept, and expands its flags.
pub(crate) fn inspect(model: &mut Model) {
    press(model, Key::Up, 8);
    let layers = vec![
        Layer {
            name: FieldName::Ethernet,
            bytes: 0..14,
            fields: vec![PacketField::new(FieldName::Type, "IPv4 (0x0800)", 12..14)],
        },
        Layer {
            name: FieldName::Ipv4,
            bytes: 14..34,
            fields: vec![PacketField::new(FieldName::TimeToLive, "64", 22..23)],
        },
        Layer {
            name: FieldName::Tcp,
            bytes: 34..54,
            fields: vec![
                PacketField::new(FieldName::SourcePort, "65432", 34..36),
                PacketField::new(FieldName::DestinationPort, "44086", 36..38),
                PacketField::new(FieldName::SequenceNumber, "4000000", 38..42),
                PacketField {
                    parts: vec![
                        PacketField::new(FieldName::Syn, "1", 47..48),
                        PacketField::new(FieldName::Ack, "1", 47..48),
                    ],
                    ..PacketField::new(FieldName::Flags, "SYN+ACK", 46..48)
                },
                PacketField::new(FieldName::Window, "65495", 48..50),
            ],
        },
    ];
    let bytes: Vec<u8> = (0..54).map(|n: u8| n.wrapping_mul(37)).collect();
    let shown = PacketDetails { number: 2, layers, bytes: bytes.into(), comments: vec![] };
    update(model, Msg::Answer(PacketsAnswer::Inspected(PacketOrigin::Live, shown)));
    press(model, Key::Enter, 1);
    press(model, Key::Down, 6);
    press(model, Key::Enter, 1);
}

/// The stream of a conversation, with a hostile line.
pub(crate) fn said(lang: Lang) -> Lab {
    let mut lab = life(lang);
    follow(&mut lab.model);
    lab
}

/// Turns to the stream, whose bytes are kept.
pub(crate) fn follow(model: &mut Model) {
    press(model, Key::Char('l'), 2);
    let turn = |right, packet, lines: &[&str], missing| StreamTurn {
        from: if right { at(44_086) } else { at(65_432) },
        packet,
        lines: lines.iter().map(ToString::to_string).collect(),
        missing,
    };
    let turns = vec![
        turn(true, 4, &["Hello, world"], 0),
        turn(false, 6, &["HELLO, WORLD"], 0),
        turn(true, 8, &["GET / HTTP/1.1", "Host: localhost", r"␛[31m\u{202e}"], 0),
        turn(false, 9, &["uma resposta"], 2_048),
    ];
    let talk = model.packets.ladder.conversation.unwrap();
    update(
        model,
        Msg::Answer(PacketsAnswer::Followed(PacketOrigin::Live, StreamText { conversation: talk, turns, cut: false })),
    );
}

#[test]
fn the_ladder_matches_the_textbook() {
    let mut lab = life(Lang::En);
    lab.keys("l");
    let shown = text(&screen(&mut lab.model, 80, 24).0);
    let line = |word: &str| {
        let found = shown.lines().find(|line| line.contains(word));
        found.unwrap_or_else(|| panic!("{word}:\n{shown}")).to_owned()
    };
    // The same marks as those of a file with these packets.
    assert!(line("SYN seq 0").contains("■ SYN_SENT") && line("SYN seq 0").contains('▶'), "{shown}");
    let syn_ack = line("SYN+ACK seq 0 ack 1");
    assert!(syn_ack.contains('◀') && syn_ack.contains("■ SYN_RECV"), "{shown}");
    let ack = line("#3 ");
    assert_eq!(ack.matches("◆ ESTABLISHED").count(), 2, "{shown}");
    assert!(line("#8 ").contains("FIN_WAIT1") && line("#8 ").contains("CLOSE_WAIT"), "{shown}");
    assert!(line("#9 ").contains("◇ FIN_WAIT2") && line("#9 ").contains("■ LAST_ACK"), "{shown}");
    assert!(shown.contains("■ TIME_WAIT") && line("#10 ").contains("CLOSED"), "{shown}");
    // Every loopback packet has this finding, and nothing is wrong with it.
    assert!(!shown.contains("checksum"), "{shown}");
}

#[test]
fn a_packet_that_has_not_arrived_does_not_reach_the_other_side() {
    use crate::domain::wire::LossReason;
    use crate::domain::{HostId, LinkKind, Observation, Stamp, WireEvent, WorldId};
    let mut lab = scenes::started(Lang::En);
    let flow = Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap());
    let mut seen = |at, kind| {
        let at = Stamp::from_millis(at);
        let world = WorldId::Wire;
        let host = Some(HostId::Client);
        lab.model.observe(Observation { at, world, host, evidence: Evidence::Called, kind });
    };
    seen(1, EventKind::Wire(WireEvent::Opened { link: LinkKind::Tun }));
    for number in 1..=3 {
        let tcp = Segment {
            flags: Flags::SYN,
            seq: 7,
            ack: 0,
            seq_rel: Some(0),
            ack_rel: None,
            window: 64_240,
            options: vec![],
        };
        let packet = PacketSummary {
            number,
            flow,
            tcp: Some(tcp),
            icmp: None,
            interface: None,
            payload: Excerpt::of(b""),
            retransmission_of: None,
            findings: [].into_iter().collect(),
        };
        seen(number + 1, EventKind::Packet(packet));
    }
    seen(9, EventKind::Wire(WireEvent::Delivered { packet: 1 }));
    seen(9, EventKind::Wire(WireEvent::Dropped { packet: 2, why: LossReason::Asked }));
    lab.model.show_world(WorldId::Wire);
    lab.model.ui.view = View::Packets;
    lab.keys("l");
    let shown = text(&screen(&mut lab.model, 80, 24).0);
    let line = |number: &str| shown.lines().find(|line| line.contains(number)).unwrap_or_else(|| panic!("{shown}"));
    assert!(line("#1 ").contains("▶") && !line("#1 ").contains('┄'), "{shown}");
    assert!(line("#2 ").contains("[lost]") && line("#2 ").contains('×') && !line("#2 ").contains('▶'), "{shown}");
    assert!(line("#3 ").contains("[on the wire]") && line("#3 ").contains("┄┄"), "{shown}");
}

#[test]
fn nothing_is_claimed_that_packets_do_not_show() {
    // A program may have read all that was acknowledged, or nothing of it.
    assert!(Finding::Reset(ResetReason::Unread).to_string().ends_with('?'));
    for lang in [Lang::En, Lang::PtBr] {
        assert!(
            (crate::text::of(lang).packets.finding)(&Finding::Reset(ResetReason::Unread)).ends_with('?'),
            "{lang:?}"
        );
    }
}

#[test]
fn every_finding_has_a_sentence_in_both_languages() {
    use Finding as F;
    let resets = [
        ResetReason::Refused,
        ResetReason::Unwanted,
        ResetReason::AfterClose,
        ResetReason::NoConnection,
        ResetReason::Unread,
        ResetReason::Aborted,
    ];
    let plain = [
        F::Retransmission,
        F::FastRetransmission,
        F::AnsweredAgain,
        F::SpuriousRetransmission,
        F::OutOfOrder,
        F::PreviousUnseen,
        F::AckedUnseen,
        F::DuplicateAck { nth: 2, of: 7 },
        F::ZeroWindow,
        F::WindowFull,
        F::WindowUpdate,
        F::ZeroWindowProbe,
        F::EmptyProbe,
        F::ZeroWindowProbeAck,
        F::Keepalive,
        F::KeepaliveAck,
        F::PortReused,
        F::CausedBy { packet: 3 },
        F::ChecksumPartial,
        F::ChecksumBad,
        F::Fragment { offset: 1_480, more: true },
        F::Fragment { offset: 2_960, more: false },
        F::ScaleUnknown,
        F::FurtherFrames { count: 1 },
        F::FurtherFrames { count: 2 },
        F::Cut { missing: 1 },
    ];
    let en = crate::text::of(Lang::En);
    let pt = crate::text::of(Lang::PtBr);
    let mut seen = std::collections::HashSet::new();
    for finding in plain.into_iter().chain(resets.map(F::Reset)) {
        let one = (en.packets.says)(&finding);
        let other = (pt.packets.says)(&finding);
        assert!(one != other && one.ends_with('.') && other.ends_with('.'), "{one} / {other}");
        assert!(seen.insert(one.clone()) && seen.insert(other), "said twice: {one}");
        assert!(!(en.packets.finding)(&finding).is_empty() && !(pt.packets.finding)(&finding).is_empty());
    }
    for text in [en, pt] {
        // A checksum left to the network card is not wrong.
        let partial = (text.packets.says)(&F::ChecksumPartial) + &(text.packets.finding)(&F::ChecksumPartial);
        assert!(
            !["bad", "wrong checksum", "checksum errado", "ruim"].iter().any(|word| partial.contains(word)),
            "{partial}"
        );
    }
}

#[test]
fn a_missing_capture_permission_is_shown_with_the_whole_command() {
    for lang in [Lang::En, Lang::PtBr] {
        let mut lab = forbidden(lang);
        for (columns, rows) in [(60, 20), (80, 24), (120, 36), (160, 45)] {
            let shown = text(&screen(&mut lab.model, columns, rows).0);
            let joined: String = shown.lines().map(|line| line.trim_matches(['┃', ' ']).to_owned() + " ").collect();
            let command = "sudo setcap cap_net_raw+ep /home/ana/socklab-tui/target/release/socklab-tui";
            assert!(joined.contains("CAP_NET_RAW") && joined.contains("EPERM"), "{shown}");
            assert!(joined.contains(command), "{command}\n{shown}");
        }
    }
}

#[test]
fn the_bytes_of_the_selected_field_are_highlighted() {
    use ratatui::style::Modifier;
    let mut lab = inspected(Lang::En);
    for (columns, rows) in [(80, 24), (160, 45)] {
        let (shown, _) = screen(&mut lab.model, columns, rows);
        let lit: String = shown
            .content
            .iter()
            .filter(|cell| {
                cell.modifier.contains(Modifier::REVERSED) && cell.symbol().chars().all(|c| c.is_ascii_hexdigit())
            })
            .map(ratatui::buffer::Cell::symbol)
            .collect();
        // Bytes 46 and 47, as the dump has them, and then what characters they are.
        let expected = format!("{:02x}{:02x}", 46_u8.wrapping_mul(37), 47_u8.wrapping_mul(37));
        assert!(lit.starts_with(&expected), "{lit} {expected}\n{}", text(&shown));
    }
}

#[test]
fn the_selected_packet_is_requested_only_once() {
    let mut lab = life(Lang::En);
    let asked = |lab: &mut Lab, key| update(&mut lab.model, Msg::Key(key));
    assert_eq!(asked(&mut lab, Key::Up), [Effect::Packets(PacketsEffect::Inspect(PacketOrigin::Live, 9))]);
    assert_eq!(asked(&mut lab, Key::Up), [Effect::Packets(PacketsEffect::Inspect(PacketOrigin::Live, 8))]);
    assert_eq!(asked(&mut lab, Key::Enter), []);
    assert_eq!(asked(&mut lab, Key::Tab), []);
    let talk = Flow::tcp(at(44_086), at(65_432));
    assert_eq!(asked(&mut lab, Key::Char('l')), [Effect::Packets(PacketsEffect::Inspect(PacketOrigin::Live, 10))]);
    assert_eq!(asked(&mut lab, Key::Char('l')), [Effect::Packets(PacketsEffect::Follow(PacketOrigin::Live, talk))]);
    assert_eq!(asked(&mut lab, Key::Char('S')), [Effect::Packets(PacketsEffect::Save(vec![]))]);
}

#[test]
fn a_mark_belongs_to_the_next_packet_and_is_saved() {
    let mut lab = life(Lang::En);
    let words = || "2. the client says it again".to_owned();
    let saved = |lab: &mut Lab| update(&mut lab.model, Msg::Key(Key::Char('S'))).swap_remove(0);
    lab.note(Note::Mark { text: words() });
    assert_eq!(saved(&mut lab), Effect::Packets(PacketsEffect::Save(vec![(u64::MAX, words())])));
    let mut talk = Talk { flow: Flow::tcp(at(44_086), at(65_432)), number: 10 };
    talk.segment(&mut lab, true, DATA, (14, 14), "Hello?");
    assert_eq!(saved(&mut lab), Effect::Packets(PacketsEffect::Save(vec![(11, words())])));
    for lang in [Lang::En, Lang::PtBr] {
        lab.model.ui.lang = lang;
        for (columns, rows) in [(80, 24), (120, 36)] {
            let shown = text(&screen(&mut lab.model, columns, rows).0);
            assert!(shown.contains(&words()), "{shown}");
        }
    }
}

#[test]
fn conversations_cycle_in_the_order_of_their_start() {
    let mut lab = life(Lang::En);
    for (port, number) in [(44_088, 10), (44_090, 11), (44_088, 12)] {
        let mut talk = Talk { flow: Flow::tcp(at(port), at(65_432)), number };
        talk.segment(&mut lab, true, DATA, (1, 1), &format!("from {port}"));
    }
    lab.key(Key::Char('l'));
    let shown = |lab: &mut Lab| lab.model.packets.ladder.client(lab.model.worlds.shown()).map(|flow| flow.local.port());
    assert_eq!(shown(&mut lab), Some(44_086));
    let (next, previous) = (Key::Right, Key::Left);
    let steps = [44_088, 44_090, 44_090].map(|port| (next, port));
    let back = [44_088, 44_086, 44_086].map(|port| (previous, port));
    for (key, port) in steps.into_iter().chain(back) {
        lab.key(key);
        assert_eq!(shown(&mut lab), Some(port), "{key:?}");
    }
    // In the list its first packet is selected; a list narrowed to one conversation shows the next one.
    lab.keys("ll");
    lab.key(next);
    assert_eq!(lab.model.packets.list.at(), Some(10));
    lab.keys(".");
    assert_eq!(lab.model.packets.list.len(), 2);
    lab.key(next);
    assert_eq!(lab.model.packets.list.len(), 1);
}

#[test]
fn the_stream_is_requested_again_on_return() {
    let mut lab = life(Lang::En);
    let mut other = Talk { flow: Flow::tcp(at(44_088), at(65_432)), number: 10 };
    other.segment(&mut lab, true, DATA, (1, 1), "oi");
    lab.key(Key::Char('l'));
    for (key, port) in [(Key::Char('l'), 44_086), (Key::Right, 44_088), (Key::Left, 44_086)] {
        let asked = update(&mut lab.model, Msg::Key(key));
        let talk = Flow::tcp(at(port), at(65_432));
        assert!(
            asked.contains(&Effect::Packets(PacketsEffect::Follow(PacketOrigin::Live, talk))),
            "{key:?}: {asked:?}"
        );
        update(
            &mut lab.model,
            Msg::Answer(PacketsAnswer::Followed(
                PacketOrigin::Live,
                StreamText { conversation: talk, turns: vec![], cut: false },
            )),
        );
    }
}

#[test]
fn a_stream_scrolls_to_its_beginning_and_no_further() {
    let mut lab = life(Lang::En);
    lab.keys("ll");
    let talk = lab.model.packets.ladder.conversation.unwrap();
    let turn = |n: u64, lines: Vec<String>| StreamTurn { from: talk.local, packet: n, lines, missing: n % 2 };
    let turns = (1..=50).map(|n| turn(n, (0..3).map(|line| format!("turn {n} line {line}")).collect())).collect();
    update(
        &mut lab.model,
        Msg::Answer(PacketsAnswer::Followed(PacketOrigin::Live, StreamText { conversation: talk, turns, cut: false })),
    );
    let shown = |lab: &mut Lab| text(&screen(&mut lab.model, 80, 24).0);
    let latest = shown(&mut lab);
    assert!(latest.contains("turn 50 line 2") && latest.contains("turn 46 line 2"), "{latest}");
    lab.key(Key::Up);
    let before = shown(&mut lab);
    assert!(!before.contains("turn 50 line 2") && before.contains("turn 50 line 1"), "{before}");
    lab.key(Key::Home);
    let first = shown(&mut lab);
    assert!(first.contains("turn 1 line 0") && first.contains("turn 4 line 2"), "{first}");
    lab.key(Key::End);
    assert_eq!(shown(&mut lab), latest);
}

#[test]
fn a_filter_lists_matches_and_keeps_the_last_valid_filter() {
    let mut lab = life(Lang::En);
    lab.keys("/flags syn");
    assert_eq!(lab.model.packets.list.len(), 2);
    lab.keys(" (");
    assert!(lab.model.packets.error.is_some());
    assert_eq!(lab.model.packets.list.len(), 2);
    lab.key(Key::Esc);
    assert_eq!((lab.model.packets.list.len(), lab.model.packets.error.is_none()), (2, true));
    lab.keys("/");
    lab.key(Key::Ctrl('u'));
    lab.keys("len > 0");
    lab.key(Key::Enter);
    let shown = text(&screen(&mut lab.model, 120, 36).0);
    assert!(shown.contains("2 of 10") && shown.contains("HELLO, WORLD"), "{shown}");
}

#[test]
fn capture_losses_are_on_the_screen() {
    for lang in [Lang::En, Lang::PtBr] {
        let mut lab = mishaps(lang);
        for (columns, rows) in [(60, 20), (80, 24), (160, 45)] {
            let shown = text(&screen(&mut lab.model, columns, rows).0);
            assert!(shown.contains("12 pa") && (shown.contains("LOST") || shown.contains("PERDIDOS")), "{shown}");
        }
    }
}

#[test]
fn a_mark_is_typed_on_the_last_line() {
    let mut lab = life(Lang::En);
    update(&mut lab.model, Msg::Key(Key::Char('#')));
    "bom dia".chars().for_each(|c| drop(update(&mut lab.model, Msg::Key(Key::Char(c)))));
    for (lang, title) in [(Lang::En, "Mark (Enter"), (Lang::PtBr, "Marca (Enter")] {
        lab.model.ui.lang = lang;
        for (columns, rows) in [(80, 24), (120, 36)] {
            let shown = text(&screen(&mut lab.model, columns, rows).0);
            let last = shown.lines().last().unwrap();
            assert!(last.contains(title) && last.contains("> bom dia"), "{last}");
        }
    }
}

#[test]
fn the_result_of_saving_is_shown_until_the_next_key() {
    for lang in [Lang::En, Lang::PtBr] {
        let mut lab = life(lang);
        lab.keys("S");
        let foot = |lab: &mut Lab| text(&screen(&mut lab.model, 80, 24).0);
        let calm = foot(&mut lab);
        lab.note(Note::CaptureSaved { file: "socklab-20261122-225920Z.pcapng".into(), packets: 10, dropped: 0 });
        let shown = foot(&mut lab);
        assert!(shown.contains("socklab-20261122-225920Z.pcapng"), "{shown}");
        lab.note(Note::CaptureNotSaved { errno: Errno::Access });
        assert!(foot(&mut lab).contains("EACCES"), "{}", foot(&mut lab));
        lab.key(Key::Down);
        let again = foot(&mut lab);
        let frame = |shown: &str| shown.lines().find(|line| line.starts_with('━')).unwrap().to_owned();
        assert_eq!(frame(&again), frame(&calm));
    }
}

#[test]
fn a_wrong_checksum_on_a_segment_that_was_acknowledged_is_explained() {
    for lang in [Lang::En, Lang::PtBr] {
        let words = &crate::text::of(lang).packets;
        for (ack, says) in [(13, words.filled_in_later.to_owned()), (12, (words.says)(&Finding::ChecksumBad))] {
            let mut lab = scenes::started(lang);
            lab.capture(CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] });
            lab.connect(1, 0, 44_086, crate::domain::ClientPlan::Stay);
            let mut talk = Talk { flow: Flow::tcp(at(44_086), at(65_432)), number: 0 };
            talk.segment_with(&mut lab, true, DATA, (1, 1), "Hello, world", |p| p.findings.add(Finding::ChecksumBad));
            talk.segment(&mut lab, false, ACK, (1, ack), "");
            lab.model.ui.view = View::Packets;
            lab.keys("lg");
            let shown = text(&screen(&mut lab.model, 160, 45).0);
            assert!(shown.contains(&says[..40]), "{says}\n{shown}");
        }
    }
}

#[test]
fn a_ping_says_what_its_messages_say() {
    for lang in [Lang::En, Lang::PtBr] {
        let mut lab = scenes::started(lang);
        lab.capture(CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] });
        let [asks, answers] = [[127, 0, 0, 1], [127, 0, 0, 2]].map(|ip| std::net::SocketAddr::from((ip, 0)));
        let mut talk = Talk { flow: Flow { proto: Proto::Icmp, local: asks, peer: Some(answers) }, number: 0 };
        for reply in [false, true] {
            talk.packet(&mut lab, !reply, |packet| packet.icmp = Some(Icmp::Echo { reply, id: 7, seq: 1 }));
        }
        lab.model.ui.view = View::Packets;
        lab.keys("ll");
        let flow = talk.flow;
        let nothing = StreamText { conversation: flow, turns: vec![], cut: false };
        update(&mut lab.model, Msg::Answer(PacketsAnswer::Followed(PacketOrigin::Live, nothing)));
        let shown = text(&screen(&mut lab.model, 120, 36).0);
        assert!(shown.contains("▶ ICMP echo request id 7 seq 1"), "{shown}");
        assert!(shown.contains("◀ ICMP echo reply id 7 seq 1"), "{shown}");
    }
}
