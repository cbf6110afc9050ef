//! The wire's view, as a class sees it.

use std::time::Duration;

use super::screens::keep;
use super::{screen, text};
use crate::domain::forge_form::{ForgePreset, ForgeRow};
use crate::domain::keys::Key;
use crate::domain::need::{Lack, Need, Remedy};
use crate::domain::wire::{CloseReason, LossReason};
use crate::domain::{
    Cause, Disposition, Errno, EventKind, Evidence, Finding, Flags, Flow, HostId, Icmp, KernelCause, KernelVerdict,
    Lang, LinkConditions, LinkKind, PacketSummary, Proto, Segment, Setting, Syscall, TcpState, Timer, TimerKind,
    WireEvent, WireMode,
};
use crate::model::ui::Glyphs;
use crate::model::wire::test_wire::{Client, FIN_ACK, Server, TestWire, addr, flow};

/// A SYN is held, and was sent again three times.
pub(super) fn held(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    let syn = bench.dials(1, 42_666);
    bench.info(Client, flow(42_666), 4_000, 3);
    for (count, after) in [(1, 1_000), (2, 2_000), (3, 4_000)] {
        bench.wait(after);
        let after = Duration::from_millis(after);
        bench.wire(Some(Client), WireEvent::Folded { packet: syn, count, after });
    }
    let timer = Timer { kind: TimerKind::Retransmit, left_ms: 7_900, count: 3 };
    bench.timed(Client, flow(42_666), TcpState::SynSent, timer);
    bench.wait(5_000);
    bench
}

/// The client is open, the server not yet; two packets are held.
pub(super) fn half_way(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    let syn = bench.dials(1, 42_666);
    bench.wait(3_000);
    let syn_ack = bench.answers(syn, 42_666);
    bench.wait(4_000);
    bench.opens(syn_ack, 42_666);
    bench.info(Client, flow(42_666), 1_500, 0);
    bench.wait(2_000);
    bench
}

/// Every fate of a packet, in two conversations; one direction is slow, the other cut.
pub(super) fn trouble(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    let data = bench.established(1, 42_666);
    bench.dropped(data);
    let tcp = Segment {
        flags: Flags(Flags::PSH.0 | Flags::ACK.0),
        seq: 1,
        ack: 1,
        seq_rel: Some(1),
        ack_rel: Some(1),
        window: 64_240,
        options: vec![],
    };
    bench.wait(1_500);
    let again = bench.packet(flow(42_666), Some(tcp.clone()), "Hello, world", Some(data));
    bench.wire(Some(Client), WireEvent::Corrupted { packet: again });
    bench.wire(Some(Client), WireEvent::Duplicated { packet: again, copy: 20 });
    bench.delivered(again);
    let counters = [("TcpInCsumErrors".to_owned(), 1), ("TcpInErrs".to_owned(), 1)].into();
    let (did, why) = (Disposition::Discarded, Some(KernelCause::Checksum));
    let verdict = KernelVerdict { packet: again, by: Server, did, why, answer: None, counters };
    bench.seen(Some(Client), Evidence::Sampled, EventKind::Wire(WireEvent::Verdict(verdict)));
    let other = bench.dials(2, 42_668);
    bench.wire(Some(Client), WireEvent::Mode(WireMode::Slow { hop: Duration::from_secs(2) }));
    bench.wire(Some(Client), WireEvent::Delayed { packet: other, by: Duration::from_secs(2) });
    bench.wire(Some(Server), WireEvent::Cut { cut: true });
    bench.wire(Some(Server), WireEvent::LossSet { percent: 30 });
    let back = flow(42_666).mirror().unwrap();
    let full = bench.packet(back, Some(Segment { flags: Flags::ACK, window: 0, ..tcp }), "", None);
    bench.wire(Some(Server), WireEvent::Dropped { packet: full, why: LossReason::Cut });
    bench.wire(Some(Client), WireEvent::Folding { on: false });
    bench.wire(None, WireEvent::Unlisted { count: 1_200 });
    bench.wire(Some(Client), WireEvent::NoSuchPacket { packet: 3 });
    bench.keys(">");
    bench.wait(900);
    bench
}

/// Both have closed: the client waits in TIME_WAIT; a datagram is held.
pub(super) fn closed(lang: Lang) -> TestWire {
    use TcpState::{CloseWait, Closed, Established, FinWait1, LastAck, TimeWait};
    let mut bench = TestWire::open(lang);
    let data = bench.established(1, 42_666);
    bench.delivered(data);
    let out = flow(42_666);
    let back = flow(42_666).mirror().unwrap();
    let close = Some(Cause::Call(Syscall::Close));
    bench.state(Client, out, Established, FinWait1, close);
    let fin = bench.sends(out, FIN_ACK, 13, 1, "");
    bench.delivered(fin);
    bench.state(Server, back, Established, CloseWait, Some(Cause::Packet(fin)));
    bench.state(Server, back, CloseWait, LastAck, close);
    let answer = bench.sends(back, FIN_ACK, 1, 14, "");
    bench.wait(2_000);
    bench.delivered(answer);
    bench.state(Client, out, FinWait1, TimeWait, Some(Cause::Packet(answer)));
    let timer = Timer { kind: TimerKind::TimeWait, left_ms: 60_000, count: 0 };
    bench.timed(Client, out, TimeWait, timer);
    let last = bench.sends(out, Flags::ACK, 14, 2, "");
    bench.delivered(last);
    bench.state(Server, back, LastAck, Closed, Some(Cause::Packet(last)));
    let datagram = Flow { proto: Proto::Udp, local: addr(Client, 50_000), peer: Some(addr(Server, 65_432)) };
    bench.packet(datagram, None, "bom dia", None);
    bench.wait(1_000);
    bench
}

/// A program runs on each host; one of them was quick, the other is being typed.
pub(super) fn programs(lang: Lang) -> TestWire {
    let mut bench = half_way(lang);
    bench.wire(Some(Server), WireEvent::Program { pid: 4711, name: "python3".into(), parent: None });
    let said = |line: &str, error, skipped| WireEvent::ProgramSaid { pid: 4711, line: line.into(), error, skipped };
    bench.wire(Some(Server), said("escutando em 192.0.2.1:5000", false, 0));
    bench.wire(Some(Server), said("Traceback (most recent call last):", true, 12));
    bench.wire(Some(Client), WireEvent::ProgramFailed { name: "pyhton3 client.py".into(), errno: Errno::NoEntry });
    bench.keys("!python3 client.py");
    bench
}

/// The settings: one changed, one refused.
pub(super) fn settings(lang: Lang) -> TestWire {
    let mut bench = held(lang);
    bench.wire(
        Some(Client),
        WireEvent::SettingChanged { setting: Setting::EphemeralRange(40_000, 40_009), errno: None },
    );
    bench.wire(Some(Server), WireEvent::SettingChanged { setting: Setting::Sack(true), errno: Some(Errno::Perm) });
    bench.keys(",");
    bench.key(Key::Down);
    bench.key(Key::Tab);
    bench
}

/// A RST was forged and held, a held segment was changed; another packet is being made.
pub(super) fn forging(lang: Lang) -> TestWire {
    let mut bench = forged(lang);
    bench.keys("I");
    bench
}

/// Of an open connection, with two packets on the wire: one is forged, the other changed.
pub(super) fn forged(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    let data = bench.established(1, 42_666);
    let mut changed = bench.shown().packet(data).unwrap().packet.clone();
    changed.findings.add(Finding::Altered);
    bench.wire(Some(Client), WireEvent::Altered { packet: data, now: Box::new(changed) });
    bench.forges(flow(42_666), Flags::RST, 101);
    bench.wait(1_000);
    bench
}

/// The fields of a held segment are being changed.
pub(super) fn changing(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    bench.established(1, 42_666);
    bench.keys("F");
    for _ in 0..4 {
        bench.key(Key::Down);
    }
    bench.keys("r");
    bench
}

/// A link with a queue that is half full on one way, a long and narrow one on the other.
pub(super) fn bottleneck(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    let link = LinkConditions { rate_kbit: 1_000, queue: 4, delay_ms: 20, ..LinkConditions::default() };
    bench.wire(Some(Client), WireEvent::Link(link));
    let back = LinkConditions { delay_ms: 20, mtu: 1_000, jitter_ms: 5, ecn_at: 3, ..LinkConditions::default() };
    bench.wire(Some(Server), WireEvent::Link(back));
    let data = bench.established(1, 42_666);
    bench.wire(
        Some(Client),
        WireEvent::Crossing { packet: data, waiting: 0, by: Duration::from_millis(800), overtakes: false },
    );
    let sent: Vec<_> = (0..6_u32).map(|at| bench.sends(flow(42_666), Flags::ACK, 13 + 5 * at, 1, "bytes")).collect();
    for (packet, waiting) in sent[..4].iter().zip(1..) {
        bench.wire(Some(Client), WireEvent::Queued { packet: *packet, waiting });
    }
    bench.wire(Some(Client), WireEvent::Dropped { packet: sent[4], why: LossReason::Queue });
    bench.wire(Some(Client), WireEvent::Marked { packet: sent[3] });
    bench.wire(Some(Client), WireEvent::Dropped { packet: sent[5], why: LossReason::Mtu });
    let too_large = bench.shown().packet(sent[5]).unwrap().packet.clone();
    let (icmp, told) = (Some(Icmp::FragmentationNeeded { mtu: 1_000 }), sent[5] + 1);
    let message = PacketSummary { number: told, flow: flow(42_666).mirror().unwrap(), icmp, tcp: None, ..too_large };
    bench.seen(Some(Server), Evidence::Packet, EventKind::Packet(message));
    bench.wire(Some(Server), WireEvent::Held { packet: told });
    bench.wire(Some(Server), WireEvent::Answered { packet: sent[5], answer: told });
    bench.wait(300);
    bench
}

/// The conditions of the links in the list of settings, and one that is being typed.
pub(super) fn link_settings(lang: Lang) -> TestWire {
    let mut bench = bottleneck(lang);
    bench.keys(",");
    (0..3).for_each(|_| drop(bench.key(Key::Up)));
    bench.keys("14");
    bench
}

/// The machine lacks what the wire needs.
pub(super) fn lacking(lang: Lang) -> TestWire {
    let mut bench = TestWire::asked(lang);
    let lack = Lack { need: Need::UidMap, errno: Errno::Perm, remedy: Remedy::AppArmorProfile };
    bench.wire(None, WireEvent::Lacks(lack));
    bench
}

/// The process that keeps the hosts was killed.
pub(super) fn ended(lang: Lang) -> TestWire {
    let mut bench = half_way(lang);
    bench.wire(None, WireEvent::Closed { why: CloseReason::HelperEnded, errno: None });
    bench
}

/// A flood: more packets than any screen has lines, the earliest of them held.
pub(super) fn flood(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    let first = bench.dials(1, 33_000);
    for n in 1..300u16 {
        let packet = bench.dials(u32::from(n) + 1, 33_000 + 2 * n);
        bench.delivered(packet);
    }
    assert_eq!(bench.model.worlds.shown().wire.first_held(None).unwrap().packet.number, first);
    bench
}

#[test]
fn a_syn_that_is_held() {
    keep("wire-held", |lang| held(lang).model);
}

#[test]
fn one_side_is_open() {
    keep("wire-half-way", |lang| half_way(lang).model);
}

#[test]
fn every_fate_of_a_packet() {
    keep("wire-trouble", |lang| trouble(lang).model);
}

#[test]
fn both_have_closed() {
    keep("wire-closed", |lang| closed(lang).model);
}

#[test]
fn programs_on_the_hosts() {
    keep("wire-programs", |lang| programs(lang).model);
}

#[test]
fn the_settings() {
    keep("wire-settings", |lang| settings(lang).model);
}

#[test]
fn a_forged_and_a_changed_packet() {
    keep("wire-forged", |lang| forged(lang).model);
}

#[test]
fn a_packet_of_ones_own() {
    keep("wire-forging", |lang| forging(lang).model);
}

#[test]
fn the_fields_of_a_held_packet() {
    keep("wire-changing", |lang| changing(lang).model);
}

/// Whatever is in the form, its rows, its header and its note are whole on the smallest screen.
#[test]
fn the_form_fits() {
    for lang in [Lang::En, Lang::PtBr] {
        let words = &crate::text::of(lang).forge;
        for presets in 0..ForgePreset::ALL.len() {
            let mut bench = forging(lang);
            (0..presets).for_each(|_| _ = bench.key(Key::Tab));
            let rows = bench.model.ui.wire.form.as_ref().unwrap().rows();
            for row in &rows {
                let shown = shown(&mut bench, 80, 24);
                let name = (words.row)(*row);
                assert!(*row == ForgeRow::Preset || shown.contains(&format!(" {name} ")), "{name}:\n{shown}");
                let inside: Vec<_> = shown.lines().filter(|line| line.contains('┃')).collect();
                assert!(inside.iter().all(|line| !line.contains('…')), "{shown}");
                bench.key(Key::Down);
            }
        }
    }
}

#[test]
fn a_link_with_a_queue() {
    keep("wire-link", |lang| bottleneck(lang).model);
}

#[test]
fn the_settings_of_the_link() {
    keep("wire-link-settings", |lang| link_settings(lang).model);
}

#[test]
fn a_queue_is_seen_at_every_size_and_without_unicode() {
    for (lang, length, dropped) in [(Lang::En, "4 of 4", "LOST"), (Lang::PtBr, "4 de 4", "PERDIDO")] {
        for (columns, rows) in [(80, 24), (100, 30), (120, 36), (200, 60)] {
            let mut bench = bottleneck(lang);
            for (glyphs, boxes) in [(Glyphs::Unicode, "████"), (Glyphs::Ascii, "####")] {
                bench.model.ui.glyphs = glyphs;
                let shown = shown(&mut bench, columns, rows);
                let line = shown.lines().find(|line| line.contains(length)).unwrap_or_else(|| panic!("{shown}"));
                assert!(line.contains(boxes), "{columns}×{rows}: {line}");
                assert!(shown.contains("1 Mbit/s"), "{columns}×{rows}:\n{shown}");
                assert!(columns < 100 || shown.contains("20 ms"), "{columns}×{rows}: no delay:\n{shown}");
                assert!(shown.contains(dropped), "{columns}×{rows}:\n{shown}");
            }
        }
    }
}

#[test]
fn a_wire_that_cannot_be_opened() {
    keep("wire-lacking", |lang| lacking(lang).model);
}

#[test]
fn the_hosts_are_gone() {
    keep("wire-ended", |lang| ended(lang).model);
}

fn shown(bench: &mut TestWire, columns: u16, rows: u16) -> String {
    text(&screen(&mut bench.model, columns, rows).0)
}

#[test]
fn the_packet_that_keys_act_on_is_always_visible() {
    for (columns, rows) in [(60, 20), (80, 24), (120, 36), (200, 60)] {
        let mut bench = flood(Lang::En);
        assert!(shown(&mut bench, columns, rows).contains("#1 SYN"), "{columns}×{rows}");
        bench.key(Key::End);
        bench.key(Key::Up);
        let selected = bench.model.ui.wire.packet.unwrap();
        let shown = shown(&mut bench, columns, rows);
        assert!(shown.lines().any(|line| line.contains('▸') && line.contains(&format!("#{selected} "))), "{shown}");
    }
}

#[test]
fn equal_events_are_told_once_with_the_clients_that_were_not_made() {
    for (lang, once, says) in [
        (Lang::En, ["connect() was called", "Its SYN asks"], "EADDRNOTAVAIL: only 3 of 50 clients"),
        (Lang::PtBr, ["connect() foi chamada", "O seu SYN pede"], "EADDRNOTAVAIL: só 3 de 50 clientes"),
    ] {
        let mut bench = TestWire::open(lang);
        for client in 1..=3 {
            bench.dials(client, 40_000 + u16::try_from(client).unwrap());
        }
        let words = shown(&mut bench, 120, 36);
        for sentence in once {
            assert_eq!(words.matches(sentence).count(), 1, "{sentence}:\n{words}");
        }
        let note = crate::domain::Note::BurstCut { asked: 50, made: 3, errno: Errno::AddrNotAvail };
        bench.seen(Some(Client), Evidence::Called, EventKind::Note(note));
        bench.wait(1_000);
        bench.delivered(1);
        for (columns, rows) in [(80, 24), (120, 36)] {
            let shown = shown(&mut bench, columns, rows);
            assert!(shown.contains(says), "{shown}");
        }
    }
}

#[test]
fn a_queue_that_is_not_empty_is_shown_in_little_room() {
    let mut bench = TestWire::open(Lang::En);
    bench.established(1, 42_666);
    bench.row(Client, flow(42_666), Some(TcpState::Established), |row| row.send_q = Some(15_621));
    for (columns, rows) in [(80, 24), (100, 30), (120, 36)] {
        let shown = shown(&mut bench, columns, rows);
        assert!(shown.contains("tx 15621"), "{shown}");
    }
}

#[test]
fn no_client_is_offered_without_a_server() {
    let mut bench = TestWire::asked(Lang::En);
    bench.wire(None, WireEvent::Opened { link: LinkKind::Tun });
    let foot = |bench: &mut TestWire| shown(bench, 120, 36).lines().last().unwrap().to_owned();
    let last = foot(&mut bench);
    assert!(last.contains("W ") && !last.contains("c client"), "{last}");
    bench.keys("i");
    assert_eq!(bench.model.ui.mode, crate::model::ui::Mode::Command, "nobody would hear a message");
    let last = foot(&mut TestWire::open(Lang::En));
    assert!(!last.contains("W ") && last.contains("c client"), "{last}");
}

#[test]
fn a_flying_packet_moves_across() {
    let mut bench = TestWire::open(Lang::En);
    let syn = bench.dials(1, 42_666);
    bench.wire(Some(Client), WireEvent::Delayed { packet: syn, by: Duration::from_secs(2) });
    let head = |bench: &mut TestWire| {
        let shown = shown(bench, 120, 36);
        let line = shown.lines().find(|line| line.contains("#1 SYN")).unwrap().to_owned();
        line.chars().position(|c| c == '▶').unwrap_or_else(|| panic!("{shown}"))
    };
    let mut places = vec![head(&mut bench)];
    for _ in 0..4 {
        bench.wait(490);
        places.push(head(&mut bench));
    }
    assert!(places.is_sorted() && places.windows(2).all(|pair| pair[1] - pair[0] >= 10), "{places:?}");
    bench.delivered(syn);
    assert!(head(&mut bench) >= *places.last().unwrap());
}

#[test]
fn the_header_names_the_world() {
    let mut bench = held(Lang::En);
    for (keys, says, never) in [("1v", "WIRE LAB · step", "OPEN TO THE NETWORK"), ("w", "loopback", "WIRE LAB")] {
        bench.keys(keys);
        for (columns, rows) in [(60, 20), (80, 24), (120, 36)] {
            let shown = shown(&mut bench, columns, rows);
            let header = shown.lines().next().unwrap();
            assert!(!header.contains(never), "{header}");
            assert!(header.contains(says) || says == "loopback", "{header}");
        }
    }
    bench.keys("w");
    bench.wire(Some(Client), WireEvent::Mode(WireMode::Live));
    assert!(shown(&mut bench, 80, 24).lines().next().unwrap().contains("per direction"));
}

#[test]
fn states_evidence_and_fates_differ_in_ascii() {
    let mut bench = trouble(Lang::En);
    bench.model.ui.glyphs = Glyphs::Ascii;
    let shown = shown(&mut bench, 160, 45);
    assert!(shown.is_ascii(), "{shown}");
    for word in ["LOST: the wire is cut x-", "-> ", "<", "(copy of #", "(damaged)", "(#4 again)", "win=0!", "x "] {
        assert!(shown.contains(word), "{word}:\n{shown}");
    }
}

#[test]
fn hostile_program_output_stays_on_its_lines() {
    let mut bench = programs(Lang::En);
    let line = crate::domain::excerpt::sanitise("\u{1b}[2J\u{202e}evil".as_bytes());
    let said = WireEvent::ProgramSaid { pid: 4711, line, error: false, skipped: 0 };
    bench.seen(Some(HostId::Server), Evidence::Called, EventKind::Wire(said));
    assert!(shown(&mut bench, 120, 36).contains(r"␛[2J\u{202e}evil"));
}

#[test]
fn a_scenario_without_servers_says_where_they_are() {
    for (lang, says) in [(Lang::En, "w shows"), (Lang::PtBr, "w mostra")] {
        let mut bench = TestWire::asked(lang);
        bench.wire(None, WireEvent::Opened { link: LinkKind::Tun });
        let has = crate::domain::Note::Has { what: Evidence::Called };
        bench.seen(None, Evidence::Called, EventKind::Note(has));
        for view in [1, 2] {
            bench.keys(&format!("{view}v"));
            for (columns, rows) in [(80, 24), (120, 36), (160, 45)] {
                let shown = shown(&mut bench, columns, rows);
                let text = shown.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
                assert!(text.contains(says), "{shown}");
                assert!(!shown.contains("press c") && !shown.contains("tecle c"), "{shown}");
            }
        }
    }
}

#[test]
fn each_part_shows_its_focus_and_marks_its_selection() {
    let mut bench = programs(Lang::En);
    bench.key(Key::Esc);
    for (columns, rows) in [(80, 24), (120, 36)] {
        let parts = [
            ("The wire", "▸             ── #3 ACK"),
            ("client 192", "▸:42666"),
            ("server 192", "▸threaded :65432"),
            ("Programs on the hosts", "▸server python3"),
        ];
        for (title, marked) in parts {
            let text = shown(&mut bench, columns, rows);
            let heavy = |title: &str| ["━ ", "┏ "].iter().any(|line| text.contains(&format!("{line}{title}")));
            let focused: Vec<_> = parts.iter().map(|part| part.0).filter(|title| heavy(title)).collect();
            assert_eq!(focused, [title], "{columns}×{rows}:\n{text}");
            assert!(text.contains(marked), "{marked} at {columns}×{rows}:\n{text}");
            bench.key(Key::Tab);
        }
    }
}
