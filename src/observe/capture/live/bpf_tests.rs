//! The filter program, run by a small interpreter and compared with the decoder.

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{Icmpv4Type, Icmpv6Type, PacketBuilder, icmpv6};
use proptest::prelude::*;

use super::*;
use crate::packet::{Analysis, Frame, LinkType};

/// The kernel's metadata about a packet.
#[derive(Clone, Copy)]
struct About {
    interface: u32,
    kind: u32,
}

/// Runs a program and returns how many bytes it accepts. A load past the end drops the packet.
fn run(program: &[BpfOp], packet: &[u8], about: About) -> u32 {
    let (mut a, mut x, mut at) = (0_u32, 0_u32, 0_usize);
    let byte = |offset: u32| packet.get(offset as usize).map(|byte| u32::from(*byte));
    let half = |offset: u32| Some(byte(offset)? << 8 | byte(offset + 1)?);
    for _ in 0..10_000 {
        let BpfOp { code, jt, jf, k } = program[at];
        at += 1;
        let mut load = |value: Option<u32>| value.map(|value| a = value);
        let ok = match code {
            LDW => load(match k {
                PROTOCOL => half(12),
                PACKET_TYPE => Some(about.kind),
                INTERFACE => Some(about.interface),
                _ => panic!("no other word is asked for"),
            }),
            LDB => load(byte(k)),
            LDH => load(half(k)),
            LDB_X => load(byte(x + k)),
            LDH_X => load(half(x + k)),
            LDX_HEADER => byte(k).map(|first| x = (first & 15) * 4),
            RET => return k,
            _ => {
                match code {
                    LDX => x = k,
                    TAX => x = a,
                    AND => a &= k,
                    LSH => a <<= k,
                    ADD => a += k,
                    ADD_X => a += x,
                    JUMP => at += k as usize,
                    JEQ => at += usize::from(if a == k { jt } else { jf }),
                    JGT => at += usize::from(if a > k { jt } else { jf }),
                    JSET => at += usize::from(if a & k != 0 { jt } else { jf }),
                    other => panic!("{other:#x}"),
                }
                Some(())
            }
        };
        if ok.is_none() {
            return 0;
        }
    }
    panic!("it does not end")
}

const LO: About = About { interface: 1, kind: 0 };

fn keeps(scope: &Scope, packet: &[u8]) -> bool {
    run(&program(scope, 14, Some(1), None), packet, LO) > 0
}

fn ethernet() -> etherparse::PacketBuilderStep<etherparse::Ethernet2Header> {
    PacketBuilder::ethernet2([0; 6], [0; 6])
}

fn v4(from: u16, to: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    ethernet().ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).udp(from, to).write(&mut bytes, b"oi").unwrap();
    bytes
}

fn v6(from: u16, to: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    ethernet().ipv6([1; 16], [1; 16], 64).tcp(from, to, 1, 2).write(&mut bytes, b"oi").unwrap();
    bytes
}

#[test]
fn only_the_labs_ports_pass_on_either_side() {
    let scope = Scope::ports([65432, 65433]);
    for make in [v4, v6] {
        assert!(keeps(&scope, &make(40_000, 65432)) && keeps(&scope, &make(65433, 40_000)));
        assert!(!keeps(&scope, &make(40_000, 65434)) && keeps(&Scope::All, &make(40_000, 65434)));
    }
    let arp = [&[0; 12][..], &[8, 6], &[0; 40]].concat();
    assert!(!keeps(&Scope::All, &arp));
}

#[test]
fn errors_about_the_labs_ports_pass() {
    let scope = Scope::ports([65432]);
    for (port, wanted) in [(65432, true), (65431, false)] {
        let mut bytes = Vec::new();
        let unreachable = Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port);
        ethernet().ipv4([1; 4], [2; 4], 64).icmpv4(unreachable).write(&mut bytes, &v4(40_000, port)[14..]).unwrap();
        assert_eq!(keeps(&scope, &bytes), wanted);
        let mut bytes = Vec::new();
        let unreachable = Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port);
        ethernet().ipv6([1; 16], [2; 16], 64).icmpv6(unreachable).write(&mut bytes, &v6(40_000, port)[14..]).unwrap();
        assert_eq!(keeps(&scope, &bytes), wanted);
    }
    let mut ping = Vec::new();
    ethernet().ipv4([1; 4], [2; 4], 64).icmpv4_echo_request(1, 1).write(&mut ping, &v4(1, 65432)[14..]).unwrap();
    assert!(!keeps(&scope, &ping));
}

#[test]
fn fragments_without_ports_pass() {
    let scope = Scope::ports([65432]);
    let fragment = |offset: u16, port| {
        let mut bytes = v4(40_000, port);
        bytes[20..22].copy_from_slice(&(offset | 0x2000).to_be_bytes());
        bytes
    };
    assert!(keeps(&scope, &fragment(0, 65432)) && !keeps(&scope, &fragment(0, 1)) && keeps(&scope, &fragment(185, 1)));
}

#[test]
fn outgoing_packets_are_dropped_on_loopback_only() {
    let packet = v4(40_000, 65432);
    let program = program(&Scope::All, 14, Some(1), None);
    let kept = |interface, kind| run(&program, &packet, About { interface, kind }) > 0;
    assert!(!kept(1, OUTGOING) && kept(1, 0) && kept(2, OUTGOING) && kept(2, 0));
}

#[test]
fn packets_of_other_interfaces_are_dropped() {
    let packet = v4(40_000, 65432);
    let kept = |only: &[u32], interface| {
        let program = program(&Scope::ports([65432]), 14, Some(1), Some(only));
        run(&program, &packet, About { interface, kind: 0 }) > 0
    };
    assert!(kept(&[2], 2) && !kept(&[2], 1) && !kept(&[2], 3));
    assert!(kept(&[1, 7], 1) && kept(&[1, 7], 7) && !kept(&[1, 7], 2) && !kept(&[], 1));
    // More than the program has room for: all pass.
    let many: Vec<u32> = (10..10 + 385).collect();
    assert!(kept(&many, 2) && kept(&many[1..], 394) && !kept(&many[1..], 10));
}

#[test]
fn a_program_never_exceeds_the_kernels_limit() {
    let many: Vec<u32> = (1..=384).collect();
    for ports in [0_u16, 1, 130, 800, 801, 60_000] {
        let scope = Scope::ports(1..=ports);
        let program = program(&scope, 14, Some(1), Some(&many));
        assert!(program.len() <= 4_096, "{ports}: {}", program.len());
        // The last port is found however far away it is; with too many, everything passes.
        assert_eq!(run(&program, &v4(60_001, ports), LO) > 0, ports > 0, "{ports}");
        assert_eq!(run(&program, &v4(60_001, 60_002), LO) > 0, ports > 800, "{ports}");
    }
}

proptest! {
    #[test]
    fn nothing_in_scope_is_dropped(
        mut packet in prop::collection::vec(any::<u8>(), 14..110),
        kind in prop::sample::select(vec![(0x0800_u16, 0x45_u8), (0x0800, 0x46), (0x86dd, 0x60)]),
        protocol in prop::sample::select(vec![1_u8, 6, 17, 44, 58]),
        port in prop::option::of(14..80_usize),
        plain in any::<bool>(),
    ) {
        packet[12..14].copy_from_slice(&kind.0.to_be_bytes());
        let next = if kind.1 == 0x60 { 20 } else { 23 };
        if packet.len() > next {
            packet[14] = kind.1;
            packet[next] = protocol;
            if kind.1 != 0x60 && plain {
                packet[20..22].fill(0);
            }
        }
        if let Some(at) = port.filter(|at| at + 2 <= packet.len()) {
            packet[at..at + 2].copy_from_slice(&65432_u16.to_be_bytes());
        }
        let scope = Scope::ports([65432]);
        let wire_len = u32::try_from(packet.len()).unwrap();
        let frame = Frame { number: 1, at: 0, link: LinkType::ETHERNET, wire_len, bytes: &packet };
        if Analysis::default().see_of(&frame, |flow| scope.has(flow)).is_some() {
            prop_assert!(keeps(&scope, &packet), "{:02x?}", packet);
        }
    }
}
