//! The form, by its keys.

use std::sync::Arc;

use crate::domain::forge_form::{FieldInput, ForgePreset, ForgeRow};
use crate::domain::keys::Key;
use crate::domain::{
    EcnCodepoint, EventKind, Evidence, Finding, Flags, ForgedChecksum, ForgedKind, ForgedPacket, ForgedSegment, HostId,
    Lang, PacketChange, PacketSummary, Refusal, WireCommand, WireEvent,
};
use crate::model::effect::{Effect, WireEffect};
use crate::model::forging::ForgeForm;
use crate::model::ui::Mode;
use crate::model::wire::test_wire::{Client, Server, TestWire, flow};

/// An open connection, over which the client has sent 12 bytes that were delivered.
fn bench() -> TestWire {
    let mut bench = TestWire::open(Lang::En);
    let data = bench.established(1, 42_666);
    bench.delivered(data);
    bench
}

fn form(bench: &TestWire) -> &ForgeForm {
    bench.model.ui.wire.form.as_ref().unwrap()
}

fn refused(bench: &TestWire) -> Option<Refusal> {
    bench.model.ui.refused.map(|refused| refused.why)
}

/// Goes to a row by the keys.
fn go(bench: &mut TestWire, row: ForgeRow) {
    bench.key(Key::Home);
    for _ in 0..30 {
        if form(bench).row == row {
            return;
        }
        bench.key(Key::Down);
    }
    panic!("there is no {row:?}");
}

fn injected(effects: &[Effect]) -> ForgedPacket {
    match effects {
        [Effect::Wire(WireEffect::Command(WireCommand::Inject(packet)))] => (**packet).clone(),
        other => panic!("{other:?}"),
    }
}

fn segment(packet: &ForgedPacket) -> ForgedSegment {
    match packet.kind {
        ForgedKind::Segment(segment) => segment,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_filled_in_from_the_connection_by_what_crossed_the_wire() {
    let mut bench = bench();
    bench.keys("I");
    let packet = injected(&bench.key(Key::Enter));
    let reset = segment(&packet);
    assert_eq!((packet.from, packet.source, packet.destination), (Client, 42_666, 65_432));
    // The SYN's number is 0, and twelve bytes have arrived since.
    assert_eq!((reset.flags, reset.seq), (Flags::RST, 13));
    assert_eq!(bench.model.ui.mode, Mode::Command);
    bench.keys("I");
    let seqs: Vec<_> = ForgePreset::ALL
        .iter()
        .map(|preset| {
            assert_eq!(form(&bench).preset, *preset);
            let seen = match form(&bench).packet.kind {
                ForgedKind::Segment(segment) => (segment.flags.to_string(), segment.seq, segment.ack),
                ForgedKind::Datagram => ("UDP".into(), 0, 0),
                ForgedKind::Unreachable { code, seq, .. } => (format!("ICMP {code}"), seq, 0),
            };
            bench.key(Key::Tab);
            seen
        })
        .collect();
    let of = |flags: &str, seq, ack| (flags.to_owned(), seq, ack);
    assert_eq!(
        seqs,
        [
            of("RST", 13, 0),
            of("RST", 113, 0),
            of("RST", 13 + 64_240 + 1_000, 0),
            of("SYN", 13, 0),
            of("FIN+ACK", 13, 1),
            of("PSH+ACK", 1, 1),
            of("ACK", 12, 1),
            of("ACK", 13, 1_001),
            of("PSH+ACK", 13, 1),
            of("SYN", 1_000, 0),
            of("UDP", 0, 0),
            of("ICMP 3", 1, 0),
        ]
    );
    assert_eq!(form(&bench).preset, ForgePreset::Reset, "around the end");
    bench.key(Key::BackTab);
    assert_eq!(form(&bench).preset, ForgePreset::Unreachable);
}

#[test]
fn with_nothing_on_the_wire_it_is_a_syn_to_the_server_that_listens() {
    let mut bench = TestWire::open(Lang::En);
    bench.keys("I");
    let packet = injected(&bench.key(Key::Enter));
    let syn = segment(&packet);
    assert_eq!((packet.from, packet.destination, syn.flags), (Client, 65_432, Flags::SYN));
    assert_eq!(syn.options.mss, Some(1460));
}

#[test]
fn esc_leaves_and_nothing_is_sent() {
    let mut bench = bench();
    bench.keys("I");
    assert_eq!((bench.key(Key::Esc), bench.model.ui.mode), (vec![], Mode::Command));
    assert!(bench.model.ui.wire.form.is_none());
}

#[test]
fn numbers_are_typed_relative_absolute_and_in_hex_and_bounded() {
    let mut bench = bench();
    bench.keys("I");
    go(&mut bench, ForgeRow::Seq);
    bench.keys("-1");
    assert_eq!(form(&bench).number(ForgeRow::Seq), Some(u32::MAX));
    bench.key(Key::Backspace);
    assert_eq!(form(&bench).number(ForgeRow::Seq), Some(0), "a minus alone");
    bench.key(Key::Delete);
    bench.keys("a0xff");
    assert_eq!((form(&bench).number(ForgeRow::Seq), form(&bench).is_relative(ForgeRow::Seq)), (Some(255), false));
    bench.key(Key::Right);
    bench.key(Key::PageUp);
    assert_eq!(form(&bench).number(ForgeRow::Seq), Some(356));
    go(&mut bench, ForgeRow::Source);
    bench.keys("65535");
    assert_eq!(form(&bench).packet.source, 65_535);
    bench.keys("1");
    assert_eq!((form(&bench).packet.source, refused(&bench)), (65_535, Some(Refusal::TooLarge(65_535))));
    bench.key(Key::Right);
    assert_eq!(refused(&bench), Some(Refusal::NoMore));
    bench.keys("x");
    assert_eq!(refused(&bench), Some(Refusal::Takes(FieldInput::Number)));
    bench.keys("-");
    assert_eq!(refused(&bench), Some(Refusal::Takes(FieldInput::Number)));
    // Another port is another connection: nothing is counted from a SYN there.
    go(&mut bench, ForgeRow::Seq);
    bench.keys("a");
    assert_eq!(refused(&bench), Some(Refusal::NoNumbering));
}

#[test]
fn every_row_of_a_segment_ends_up_in_the_packet() {
    let mut bench = bench();
    bench.keys("I");
    go(&mut bench, ForgeRow::Flags);
    bench.keys("rsf");
    go(&mut bench, ForgeRow::Window);
    bench.keys("512");
    go(&mut bench, ForgeRow::Mss);
    bench.key(Key::Right);
    go(&mut bench, ForgeRow::Scale);
    bench.keys("3");
    go(&mut bench, ForgeRow::SackOk);
    bench.keys(" ");
    go(&mut bench, ForgeRow::Clock);
    bench.keys("77");
    go(&mut bench, ForgeRow::Echo);
    bench.keys("88");
    go(&mut bench, ForgeRow::Payload);
    bench.keys("oi");
    go(&mut bench, ForgeRow::Ttl);
    bench.keys("3");
    go(&mut bench, ForgeRow::Ecn);
    bench.key(Key::Left);
    go(&mut bench, ForgeRow::Checksum);
    bench.key(Key::Right);
    let packet = injected(&bench.key(Key::Enter));
    let header = segment(&packet);
    assert_eq!((header.flags, header.window), (Flags::SYN.with(Flags::FIN), 512));
    let options = header.options;
    assert_eq!((options.mss, options.wscale, options.sack_ok, options.ts), (Some(1460), Some(3), true, Some((77, 88))));
    assert_eq!((packet.payload.as_slice(), packet.ttl, packet.ecn), (&b"oi"[..], 3, EcnCodepoint::Ce));
    assert_eq!(packet.checksum, ForgedChecksum::Wrong);
}

#[test]
fn an_acknowledgment_number_counts_only_with_its_flag() {
    let mut bench = bench();
    bench.keys("I");
    let ack = |bench: &TestWire| (form(bench).number(ForgeRow::Ack), form(bench).is_relative(ForgeRow::Ack));
    assert_eq!(ack(&bench), (Some(0), false), "a RST without one");
    go(&mut bench, ForgeRow::Flags);
    bench.keys("a");
    assert_eq!(ack(&bench), (Some(1), true), "what has arrived");
    bench.keys("a");
    assert_eq!(ack(&bench), (Some(1), false));
}

#[test]
fn options_are_taken_away_again() {
    let mut bench = bench();
    bench.keys("I");
    go(&mut bench, ForgeRow::Mss);
    bench.key(Key::Left);
    assert_eq!(refused(&bench), Some(Refusal::NoMore), "there is none");
    bench.keys("5");
    bench.key(Key::Delete);
    assert_eq!(form(&bench).number(ForgeRow::Mss), None);
    go(&mut bench, ForgeRow::Scale);
    bench.keys("15");
    assert_eq!((form(&bench).number(ForgeRow::Scale), refused(&bench)), (Some(1), Some(Refusal::TooLarge(14))));
    bench.key(Key::PageDown);
    bench.key(Key::Left);
    assert_eq!(form(&bench).number(ForgeRow::Scale), None);
}

#[test]
fn a_payload_is_text_or_bytes_and_has_a_limit() {
    let mut bench = bench();
    bench.keys("I");
    go(&mut bench, ForgeRow::Payload);
    bench.keys("0x6f6900");
    assert_eq!(form(&bench).packet.payload, b"oi\0");
    bench.keys("f");
    assert_eq!(form(&bench).packet.payload, b"0x6f6900f", "half a byte is none");
    bench.key(Key::Delete);
    let all = "x".repeat(ForgedPacket::MOST);
    crate::model::update(&mut bench.model, crate::model::Msg::Paste(all + "yz"));
    assert_eq!(form(&bench).packet.payload.len(), ForgedPacket::MOST);
    bench.keys("z");
    assert_eq!(refused(&bench), Some(Refusal::TooLarge(1_460)));
    go(&mut bench, ForgeRow::Clock);
    bench.key(Key::Right);
    assert_eq!(bench.key(Key::Enter), []);
    assert!(matches!(refused(&bench), Some(Refusal::Forge(_))), "{:?}", refused(&bench));
    assert_eq!(bench.model.ui.mode, Mode::Forging, "it can be corrected");
}

#[test]
fn in_the_other_hosts_name_everything_is_turned_round() {
    let mut bench = bench();
    bench.keys("I");
    go(&mut bench, ForgeRow::From);
    bench.key(Key::Right);
    let packet = injected(&bench.key(Key::Enter));
    assert_eq!((packet.from, packet.source, packet.destination), (Server, 65_432, 42_666));
    assert_eq!(segment(&packet).seq, 1);
    bench.keys("<I");
    assert_eq!(form(&bench).packet.from, Server, "the direction that the keys are about");
}

#[test]
fn what_is_forged_becomes_the_selected_packet_where_it_is_held() {
    let mut bench = bench();
    let held = bench.sends(flow(42_666), Flags::ACK, 13, 1, "more");
    bench.keys("I");
    bench.key(Key::Enter);
    let number = bench.sends(flow(42_666), Flags::RST, 13, 0, "");
    bench.wire(Some(Client), WireEvent::Injected { packet: number });
    assert_eq!(bench.model.ui.wire.packet, Some(number));
    bench.keys("n");
    assert!(bench.shown().packet(held).is_some());
    // One of a lesson's is not.
    let other = bench.sends(flow(42_666), Flags::RST, 13, 0, "");
    bench.wire(Some(Client), WireEvent::Injected { packet: other });
    assert_eq!(bench.model.ui.wire.packet, None);
}

#[test]
fn only_what_was_edited_changes_in_a_held_packet() {
    let mut bench = bench();
    bench.keys("F");
    assert_eq!(refused(&bench), Some(Refusal::NothingHeld));
    let number = bench.sends(flow(42_666), Flags::PSH.with(Flags::ACK), 13, 1, "more");
    bench.keys("F");
    assert_eq!(bench.key(Key::Tab), []);
    assert_eq!(refused(&bench), Some(Refusal::NoMore), "there are no presets for it");
    let (kept, known) = (form(&bench).is_kept(ForgeRow::Ttl), form(&bench).is_known());
    assert_eq!((kept, known, form(&bench).text.as_str()), (true, true, "more"));
    let change = |effects: &[Effect]| match effects {
        [Effect::Wire(WireEffect::Command(WireCommand::Change(number, change)))] => (*number, change.clone()),
        other => panic!("{other:?}"),
    };
    let nothing = change(&bench.key(Key::Enter));
    assert_eq!(nothing, (number, Arc::new(PacketChange::default())));
    bench.keys("F");
    go(&mut bench, ForgeRow::Seq);
    bench.keys("7");
    go(&mut bench, ForgeRow::Payload);
    bench.key(Key::Backspace);
    go(&mut bench, ForgeRow::Ttl);
    bench.keys("1");
    go(&mut bench, ForgeRow::Checksum);
    bench.keys(" ");
    let wanted = PacketChange {
        seq: Some(7),
        payload: Some(b"mor".to_vec()),
        ttl: Some(1),
        checksum: ForgedChecksum::Wrong,
        ..PacketChange::default()
    };
    assert_eq!(change(&bench.key(Key::Enter)), (number, Arc::new(wanted)));
    // It is gone meanwhile.
    bench.keys("F");
    bench.delivered(number);
    bench.key(Key::Enter);
    assert_eq!((refused(&bench), bench.model.ui.mode), (Some(Refusal::NothingHeld), Mode::Forging));
}

#[test]
fn a_changed_packet_reads_as_it_is_now() {
    let mut bench = bench();
    let number = bench.sends(flow(42_666), Flags::ACK, 13, 1, "more");
    let mut now: PacketSummary = bench.shown().packet(number).unwrap().packet.clone();
    now.tcp.as_mut().unwrap().flags = Flags::RST;
    now.findings.add(Finding::Altered);
    now.findings.add(Finding::ChecksumBad);
    let event = WireEvent::Altered { packet: number, now: Box::new(now) };
    bench.seen(Some(Client), Evidence::Called, EventKind::Wire(event));
    let on = bench.shown().packet(number).unwrap();
    assert_eq!((on.packet.label().as_str(), on.corrupted, on.is_forged()), ("RST", true, false));
}

#[test]
fn the_form_goes_with_the_wire() {
    let mut bench = bench();
    bench.keys("I");
    bench.wire(None, WireEvent::Closed { why: crate::domain::wire::CloseReason::HelperEnded, errno: None });
    assert_eq!((bench.model.ui.mode, bench.model.ui.wire.form.is_none()), (Mode::Command, true));
}

#[test]
fn a_forger_is_not_taken_for_the_sender() {
    let mut bench = bench();
    let forged = |flags, seq| {
        let mut bench = self::bench();
        let number = bench.sends(flow(42_666), flags, seq, 1, "");
        let mut packet = bench.shown().packet(number).unwrap().packet.clone();
        packet.findings.add(Finding::Forged);
        (bench, WireEvent::Altered { packet: number, now: Box::new(packet) }, number)
    };
    // A forged FIN that the receiver did not take changes nothing of what is expected.
    let (mut other, event, number) = forged(Flags::FIN.with(Flags::ACK), 500);
    other.wire(Some(Client), event);
    other.delivered(number);
    other.keys("I");
    assert_eq!(segment(&form(&other).packet).seq, 13);
    bench.keys("I");
    assert_eq!(segment(&form(&bench).packet).seq, 13);
    assert_eq!(HostId::Client, form(&bench).packet.from);
}
