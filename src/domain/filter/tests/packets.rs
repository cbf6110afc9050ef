//! The same filter on packets.

use super::*;
use crate::domain::{Excerpt, Finding, Flags, Icmp, PacketSummary, Segment};

fn packet(proto: Proto, tcp: Option<(Flags, Option<u32>)>, payload: &[u8]) -> PacketSummary {
    let segment = |(flags, seq_rel)| Segment {
        flags,
        seq: 4_000_000_000,
        ack: 0,
        seq_rel,
        ack_rel: None,
        window: 64_240,
        options: vec![],
    };
    let retransmitted = (payload == b"Hello, world").then_some(Finding::Retransmission);
    PacketSummary {
        number: 1,
        flow: Flow { proto, local: "127.0.0.1:44086".parse().unwrap(), peer: Some("127.0.0.1:65432".parse().unwrap()) },
        tcp: tcp.map(segment),
        icmp: None,
        interface: None,
        payload: Excerpt::of(payload),
        retransmission_of: None,
        findings: retransmitted.into_iter().collect(),
    }
}

/// 0 SYN, 1 SYN+ACK, 2 retransmitted data, 3 FIN+ACK of a connection whose beginning was not seen, 4 UDP, 5 an ICMP
/// error about UDP, 6 no flag, 7 ping.
fn packets() -> Vec<PacketSummary> {
    let tcp = |flags, seq, payload: &[u8]| packet(Proto::Tcp, Some((flags, seq)), payload);
    let end = "127.0.0.1:0".parse().unwrap();
    vec![
        tcp(Flags::SYN, Some(0), b""),
        tcp(Flags::SYN.with(Flags::ACK), Some(0), b""),
        tcp(Flags::PSH.with(Flags::ACK), Some(1), b"Hello, world"),
        tcp(Flags::FIN.with(Flags::ACK), None, b""),
        packet(Proto::Udp, None, b"oi"),
        PacketSummary { icmp: Some(Icmp::PortUnreachable), ..packet(Proto::Udp, None, b"") },
        tcp(Flags::default(), Some(1), b""),
        PacketSummary {
            flow: Flow { proto: Proto::Icmp, local: end, peer: Some(end) },
            icmp: Some(Icmp::Echo { reply: false, id: 7, seq: 1 }),
            ..packet(Proto::Icmp, None, b"")
        },
    ]
}

#[test]
fn packets_have_flags_a_length_and_a_sequence_number() {
    for (text, want) in [
        ("flags syn", vec![0, 1]),
        ("flags SYN,ack", vec![1]),
        ("flags syn, ack", vec![1]),
        ("flags syn+ack", vec![1]),
        ("flags = SYN-ACK", vec![1]),
        ("flags S", vec![0]),
        ("flags = S.", vec![1]),
        ("flags S,F.", vec![0, 3]),
        ("flags rst,S", vec![0]),
        ("flags none", vec![6]),
        ("flags != ack", vec![0, 4, 5, 6, 7]),
        ("flags fin or flags syn not flags ack", vec![0, 3]),
        ("len 12", vec![2]),
        ("len > 0", vec![2, 4]),
        ("seq 0", vec![0, 1]),
        ("seq:1-10", vec![2, 6]),
        ("seq 4000000000", vec![3]),
        ("udp", vec![4, 5]),
        ("proto udp", vec![4, 5]),
        ("proto icmp", vec![5, 7]),
        ("proto icmp4", vec![5, 7]),
        ("proto ICMPv6", vec![]),
        ("icmp", vec![5, 7]),
        ("echo request id 7", vec![7]),
        ("unreachable", vec![5]),
        ("retransmission", vec![2]),
        ("hello", vec![2]),
        ("syn+ack", vec![1]),
        ("syn", vec![0, 1]),
        ("dport 65432 udp", vec![4, 5]),
        ("65432", vec![0, 1, 2, 3, 4, 5, 6]),
        ("44086 len 2", vec![4]),
        ("state established", vec![]),
        ("pid 1", vec![]),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let hits: Vec<usize> =
            packets().iter().enumerate().filter(|(_, p)| filter.matches(*p)).map(|(n, _)| n).collect();
        assert_eq!(hits, want, "{text}");
    }
}

#[test]
fn packets_have_an_interface_if_it_is_known() {
    let on = |name: &str| PacketSummary { interface: Some(name.into()), ..packet(Proto::Udp, None, b"") };
    let packets = [on("lo"), on("veth-1"), on("and"), packet(Proto::Udp, None, b"")];
    for (text, want) in [
        ("iface lo", vec![0]),
        ("iface = lo", vec![0]),
        ("iface:veth-1", vec![1]),
        ("iface lo,veth-1", vec![0, 1]),
        ("iface \"and\"", vec![2]),
        ("iface != lo", vec![1, 2, 3]),
        ("iface LO", vec![]),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let hits: Vec<usize> = (0..packets.len()).filter(|n| filter.matches(&packets[*n])).collect();
        assert_eq!(hits, want, "{text}");
    }
    assert!(Filter::parse("iface > lo").is_err() && Filter::parse("iface").is_err());
    assert!(!table().iter().any(|row| Filter::parse("iface lo").unwrap().matches(row)));
}

#[test]
fn a_row_of_the_table_has_no_flags() {
    let rows = table();
    for text in ["flags syn", "len 0", "seq 0", "flags none"] {
        assert!(!rows.iter().any(|row| Filter::parse(text).unwrap().matches(row)), "{text}");
    }
}
