//! The graphs of a connection, as a class sees them.

use super::screens::{keep, keep_lab};
use super::{packets, screen, text};
use crate::domain::keys::Key;
use crate::domain::{CongestionState, Flags, Lang, Segment, WireMode};
use crate::domain::{TcpInfo, WireEvent};
use crate::model::series::GraphAxis;
use crate::model::ui::Glyphs;
use crate::model::wire::test_wire::{Client, PSH_ACK, TestWire, flow};

const PORT: u16 = 42_666;
const MSS: u32 = 1_460;

/// What the client's kernel says.
fn reads(bench: &mut TestWire, (cwnd, ssthresh): (u32, Option<u32>), flying: u32, change: impl Fn(&mut TcpInfo)) {
    bench.reading(Client, flow(PORT), |info| {
        (info.cwnd, info.ssthresh, info.in_flight) = (cwnd, ssthresh, Some(flying * MSS));
        (info.rtt_us, info.rto_us, info.state) = (300 + cwnd * 10, 204_000, Some(CongestionState::Open));
        change(info);
    });
}

/// The client sends a segment.
fn segment(bench: &mut TestWire, number: u32, of: Option<u64>) -> u64 {
    let seq = 13 + number * MSS;
    let (flags, ack) = (PSH_ACK, 1);
    let window = 64_240;
    let tcp = Segment { flags, seq, ack, seq_rel: Some(seq), ack_rel: Some(ack), window, options: vec![] };
    bench.packet(flow(PORT), Some(tcp), &"x".repeat(MSS as usize), of)
}

/// The server acknowledges all up to this segment.
fn acknowledges(bench: &mut TestWire, number: u32) {
    let back = flow(PORT).mirror().unwrap();
    let ack = bench.sends(back, Flags::ACK, 1, 13 + number * MSS, "");
    bench.delivered(ack);
}

/// Slow start, a loss that the timer finds, and slow start again up to half of the window.
pub(super) fn slow_start(lang: Lang) -> TestWire {
    let mut bench = TestWire::open(lang);
    let data = bench.established(1, PORT);
    bench.delivered(data);
    let mut number = 0;
    for cwnd in 10..24 {
        bench.wait(40);
        let sent = segment(&mut bench, number, None);
        number += 1;
        reads(&mut bench, (cwnd, None), cwnd, |_| ());
        bench.delivered(sent);
        acknowledges(&mut bench, number);
        reads(&mut bench, (cwnd + 1, None), cwnd - 1, |info| info.bytes_acked = Some(u64::from(13 + number * MSS)));
    }
    let lost = segment(&mut bench, number, None);
    bench.dropped(lost);
    bench.wait(400);
    let timed_out = |info: &mut TcpInfo| {
        (info.state, info.retransmits, info.retransmitted) = (Some(CongestionState::Loss), 1, 1);
        (info.rto_us, info.bytes_acked) = (408_000, Some(u64::from(13 + number * MSS)));
    };
    let again = segment(&mut bench, number, Some(lost));
    reads(&mut bench, (1, Some(12)), 24, timed_out);
    bench.wait(40);
    bench.delivered(again);
    bench
}

/// And what followed.
pub(super) fn recovered(lang: Lang) -> TestWire {
    let mut bench = slow_start(lang);
    for (number, cwnd) in (15..40).zip(2..) {
        bench.wait(40);
        acknowledges(&mut bench, number);
        let sent = segment(&mut bench, number, None);
        reads(&mut bench, (cwnd.min(12 + cwnd / 8), Some(12)), cwnd.min(14), |info| {
            info.bytes_acked = Some(u64::from(13 + number * MSS));
            info.retransmitted = 1;
        });
        bench.delivered(sent);
    }
    bench
}

fn shown(bench: &mut TestWire, columns: u16, rows: u16) -> String {
    text(&screen(&mut bench.model, columns, rows).0)
}

/// The SYN is sent again and again; what its timer left of the window counts only once the connection is open.
#[test]
fn a_window_that_begins_at_one_segment_is_explained_once_it_is_used() {
    let fallen = |bench: &mut TestWire, ssthresh| {
        reads(bench, (1, ssthresh), 0, |info| info.state = Some(CongestionState::Loss));
        [(80, 24), (120, 36)].map(|(columns, rows)| shown(bench, columns, rows))
    };
    let mut bench = TestWire::open(Lang::En);
    let syn = bench.dials(1, PORT);
    for screen in fallen(&mut bench, Some(5)) {
        assert!(!["cwnd", "ssthresh", "segment (RFC"].iter().any(|words| screen.contains(words)), "{screen}");
    }
    let syn_ack = bench.answers(syn, PORT);
    bench.opens(syn_ack, PORT);
    for screen in fallen(&mut bench, None) {
        assert!(screen.contains("cwnd 1") && screen.contains("the window begins at 1 segment"), "{screen}");
        assert!(!screen.contains("slow start begins anew"), "{screen}");
    }
}

fn after_keys(scene: fn(Lang) -> TestWire, lang: Lang, keys: &str) -> TestWire {
    let mut bench = scene(lang);
    bench.keys(keys);
    bench
}

#[test]
fn the_curves_beside_the_ladder_and_alone() {
    keep("graph-curves", |lang| after_keys(recovered, lang, "V").model);
    keep("graph-curves-alone", |lang| after_keys(recovered, lang, "Vz").model);
    keep("graph-timeout", |lang| after_keys(slow_start, lang, "V").model);
}

#[test]
fn the_sequence_numbers_of_the_wire() {
    keep("graph-sequence", |lang| after_keys(recovered, lang, "VVz").model);
}

#[test]
fn the_sequence_numbers_of_captured_packets() {
    keep_lab("graph-packets", packets::mishaps, "V");
}

#[test]
fn a_graph_has_its_twin_in_ascii() {
    for keys in ["Vz", "VVz"] {
        let mut bench = after_keys(recovered, Lang::En, keys);
        bench.model.ui.glyphs = Glyphs::Ascii;
        let shown = shown(&mut bench, 120, 36);
        let unknown = shown.lines().rev().skip(1).any(|line| line.contains('?'));
        assert!(shown.is_ascii() && !unknown, "{shown}");
        let drawn: Vec<_> = shown.lines().filter(|line| line.contains("***") || line.contains("*-")).collect();
        assert!(drawn.len() > 5, "{shown}");
    }
}

#[test]
fn v_goes_from_one_graph_to_the_other_and_back() {
    let mut bench = recovered(Lang::En);
    let graph = |bench: &mut TestWire| {
        let shown = shown(bench, 120, 36);
        (
            shown.contains("Curves: client"),
            shown.contains("Time–sequence: client"),
            shown.contains("What just happened"),
        )
    };
    for expected in [(false, false, true), (true, false, false), (false, true, false), (false, false, true)] {
        assert_eq!(graph(&mut bench), expected);
        bench.keys("V");
    }
    // Wide enough, the story stays.
    let shown = shown(&mut bench, 200, 60);
    assert!(shown.contains("Curves: client") && shown.contains("What just happened"), "{shown}");
}

#[test]
fn z_looks_closer_and_esc_takes_it_back() {
    let mut bench = after_keys(recovered, Lang::En, "V");
    let state = |bench: &TestWire| (bench.model.ui.zoomed, bench.model.ui.wire.graph.closer);
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(state(&bench));
        bench.keys("z");
    }
    assert_eq!(seen, [(false, 0), (true, 0), (true, 1), (true, 2), (true, 3), (false, 0)]);
    assert_eq!(state(&bench), (true, 0));
    bench.keys("z");
    bench.key(Key::Esc);
    assert_eq!(state(&bench), (false, 0));
    bench.key(Key::Esc);
    assert!(bench.model.ui.wire.graph.kind.is_none());
}

#[test]
fn the_fall_of_the_window_is_said_where_it_shows() {
    for (lang, curves, row) in [
        (Lang::En, "cwnd fell to 1 segment", "cwnd 1 after a timeout"),
        (Lang::PtBr, "cwnd caiu a 1 segmento", "cwnd 1 após um timeout"),
    ] {
        let mut bench = slow_start(lang);
        // In the story, in the host's row, and below the curves.
        let words = |shown: &str| shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let story = shown(&mut bench, 120, 36);
        assert!(words(&story).contains(curves), "{story}");
        assert!(shown(&mut bench, 200, 60).contains(row), "{}", shown(&mut bench, 200, 60));
        bench.keys("V");
        let graph = shown(&mut bench, 120, 36);
        assert!(graph.contains(curves), "{graph}");
        let mut bench = recovered(lang);
        assert!(!shown(&mut bench, 200, 60).contains(row));
    }
}

#[test]
fn held_packets_are_measured_by_their_order_and_others_by_time() {
    let mut bench = recovered(Lang::En);
    assert_eq!(bench.model.graph_axis(), GraphAxis::Steps);
    bench.wire(None, WireEvent::Mode(WireMode::Live));
    assert_eq!(bench.model.graph_axis(), GraphAxis::Time);
}

#[test]
fn the_selected_packet_is_spoken_of() {
    let mut bench = after_keys(recovered, Lang::En, "VV");
    for _ in 0..3 {
        bench.key(Key::Up);
    }
    let selected = bench.model.ui.wire.packet.unwrap();
    let shown = shown(&mut bench, 200, 60);
    let says = format!("#{selected} seq=");
    assert!(shown.contains(&says) && shown.contains(&format!("acknowledged by #{}", selected + 1)), "{shown}");
}
