//! The analysis's findings compared with tshark's for the same file.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use socklab::api::domain::{Finding, Flags, PacketSummary};

use super::trace::{Folder, Seg, analysed, marks, packets, save};
use super::tshark;
use crate::harness::{Need::Tool, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test(any_segments_get_the_marks_that_tshark_gives_them, &[Tool("tshark")])]
}

const ACK: Flags = Flags::ACK;

/// Random segments with numbers from a small range, so that they often collide.
fn soup() -> impl Strategy<Value = Vec<Seg>> {
    let flags = prop_oneof![
        12 => Just(ACK),
        4 => Just(ACK.with(Flags::PSH)),
        1 => Just(Flags::SYN),
        1 => Just(Flags::SYN.with(ACK)),
        1 => Just(Flags::FIN.with(ACK)),
        1 => Just(Flags::RST),
        1 => Just(Flags::RST.with(ACK)),
    ];
    let near = || (0..6_u32, prop_oneof![6 => Just(0_u32), 1 => Just(1), 1 => Just(u32::MAX)]);
    let seg = (
        (any::<bool>(), flags, near(), near()),
        prop::sample::select(vec![0, 0, 0, 1, 100, 100, 200]),
        prop::sample::select(vec![0, 100, 200, 200, 200, 1_000]),
        prop::sample::select(vec![None, Some(0), Some(2)]),
        prop::sample::select(vec![1_000, 1_000_000, 5_000_000, 50_000_000]),
    );
    let made = seg.prop_map(|((out, flags, seq, ack), len, window, scale, after)| {
        let (own, other) = if out { (1_000, 5_000) } else { (5_000, 1_000) };
        let number = |base: u32, (hundreds, off): (u32, u32)| (base + hundreds * 100).wrapping_add(off);
        let syn = flags.has(Flags::SYN);
        Seg {
            out,
            flags,
            seq: if syn { own - 1 } else { number(own, seq) },
            ack: number(other, ack),
            len: if syn || flags.has(Flags::RST) { 0 } else { len },
            window,
            scale: if syn { scale } else { None },
            after,
        }
    });
    prop::collection::vec(made, 1..60)
}

/// Which duplicate ACK it is, and of which packet.
fn duplicate(packet: &PacketSummary) -> Vec<String> {
    let of = packet.findings.iter().find_map(|finding| match finding {
        Finding::DuplicateAck { nth, of } => Some(vec![nth.to_string(), of.to_string()]),
        _ => None,
    });
    of.unwrap_or_else(|| vec![String::new(); 2])
}

/// Wireshark takes the mark "has acknowledged what was not captured" for a large number of duplicate acknowledgements
/// (it is a -1 in an unsigned field), and may call what follows a fast retransmission. We do not.
fn mistaken(ours: &[&str], theirs: &[&str], unseen: bool) -> bool {
    let kinds = ["tcp.analysis.retransmission", "tcp.analysis.fast_retransmission", "tcp.analysis.out_of_order"];
    let rest = |marks: &[&str]| marks.iter().filter(|mark| !kinds.contains(mark)).map(|m| (*m).to_owned()).collect();
    let (a, b): (Vec<String>, Vec<String>) = (rest(ours), rest(theirs));
    unseen && theirs.contains(&kinds[1]) && !ours.contains(&kinds[1]) && a == b
}

fn any_segments_get_the_marks_that_tshark_gives_them() {
    let folder = Folder::new("soup");
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let rounds = std::env::var("SOCKLAB_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    for round in 0..rounds {
        let trace = soup().new_tree(&mut runner).unwrap().current();
        let packets = packets(&trace);
        let file = folder.file("soup.pcapng");
        save(&packets, &file);
        let theirs = tshark::marks(&file);
        let seen = analysed(&packets);
        let duplicates: Vec<_> = seen.iter().map(duplicate).collect();
        let named = ["tcp.analysis.duplicate_ack_num", "tcp.analysis.duplicate_ack_frame"];
        assert_eq!(duplicates, tshark::fields(&file, &named), "round {round}");
        let ours: Vec<_> = seen.iter().map(marks).collect();
        let mut unseen = false;
        for (n, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            unseen |= ours.contains(&"tcp.analysis.ack_lost_segment");
            if mistaken(ours, theirs, unseen) {
                continue;
            }
            assert_eq!(ours, theirs, "round {round}, packet {} of {:#?}", n + 1, &trace[..=n]);
        }
        assert_eq!(ours.len(), theirs.len());
    }
}
