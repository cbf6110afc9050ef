//! The filter program that the kernel runs on every packet, so that only the lab's packets are copied: classic BPF
//! (`Documentation/networking/filter.rst`).
//!
//! It passes TCP and UDP with one of the ports on either side, over IPv4 and IPv6; ICMP and `ICMPv6` errors that quote such
//! a packet; and packets that only user space can decide on: later fragments, which have no ports, and IPv6 with extension
//! headers other than a fragment's. It does not look behind VLAN tags that the card has not removed.

use std::collections::BTreeMap;

use crate::observe::Scope;

/// One instruction, as `struct sock_filter` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BpfOp {
    /// The operation.
    pub code: u16,
    /// How many instructions to skip when a comparison is true.
    pub jt: u8,
    /// The same when it is false.
    pub jf: u8,
    /// Its operand: an offset, a constant or a jump distance.
    pub k: u32,
}

/// Load from the packet (`BPF_LD | BPF_B | BPF_ABS` and so on).
pub(super) const LDB: u16 = 0x30;
pub(super) const LDH: u16 = 0x28;
pub(super) const LDW: u16 = 0x20;
/// The same, at X + k.
pub(super) const LDB_X: u16 = 0x50;
pub(super) const LDH_X: u16 = 0x48;
/// X = 4 × the low four bits of a byte: the length of an IPv4 header.
pub(super) const LDX_HEADER: u16 = 0xb1;
pub(super) const LDX: u16 = 0x01;
pub(super) const TAX: u16 = 0x07;
pub(super) const AND: u16 = 0x54;
pub(super) const LSH: u16 = 0x64;
pub(super) const ADD: u16 = 0x04;
pub(super) const ADD_X: u16 = 0x0c;
pub(super) const JUMP: u16 = 0x05;
pub(super) const JEQ: u16 = 0x15;
pub(super) const JGT: u16 = 0x25;
pub(super) const JSET: u16 = 0x45;
pub(super) const RET: u16 = 0x06;

/// The kernel's metadata about a packet (`SKF_AD_…` of `linux/filter.h`).
const ANCILLARY: u32 = 0xffff_f000;
pub(super) const PROTOCOL: u32 = ANCILLARY;
pub(super) const PACKET_TYPE: u32 = ANCILLARY + 4;
pub(super) const INTERFACE: u32 = ANCILLARY + 8;
/// `PACKET_OUTGOING` of `linux/if_packet.h`.
pub(super) const OUTGOING: u32 = 4;

/// With more ports than this the program would be too long for the kernel (4,096 instructions, `BPF_MAXINSNS`); we choose
/// ourselves then.
const MOST_PORTS: usize = 800;
/// With more interfaces than this every interface passes.
const MOST_INTERFACES: usize = 384;

/// The protocol numbers of TCP and UDP.
const TRANSPORT: [u32; 2] = [6, 17];

const DROP: &str = "drop";
const KEEP: &str = "keep";
const WANTED: &str = "wanted interface";

/// A program under construction, with named jump targets.
#[derive(Default)]
struct BpfProgram {
    ops: Vec<(BpfOp, Option<&'static str>)>,
    places: BTreeMap<&'static str, usize>,
}

impl BpfProgram {
    fn op(&mut self, code: u16, k: u32) {
        self.ops.push((BpfOp { code, jt: 0, jf: 0, k }, None));
    }

    fn place(&mut self, name: &'static str) {
        self.places.insert(name, self.ops.len());
    }

    fn jump(&mut self, to: &'static str) {
        self.ops.push((BpfOp { code: JUMP, jt: 0, jf: 0, k: 0 }, Some(to)));
    }

    /// Jumps to `to` when the comparison is true. A comparison itself can jump over at most 255 instructions.
    fn when(&mut self, code: u16, k: u32, to: &'static str) {
        self.ops.push((BpfOp { code, jt: 0, jf: 1, k }, None));
        self.jump(to);
    }

    /// Jumps to `to` when the loaded value is one of these.
    fn when_any(&mut self, values: impl IntoIterator<Item = u32>, to: &'static str) {
        values.into_iter().for_each(|value| self.when(JEQ, value, to));
    }

    fn finish(self) -> Vec<BpfOp> {
        let Self { ops, places } = self;
        let distance = |at: usize, to: &str| places.get(to).map_or(0, |place| place.saturating_sub(at + 1));
        let jump = |(at, (op, to)): (usize, (BpfOp, Option<&str>))| match to {
            Some(to) => BpfOp { k: u32::try_from(distance(at, to)).unwrap_or(0), ..op },
            None => op,
        };
        ops.into_iter().enumerate().map(jump).collect()
    }
}

/// The filter program. `start` is the offset of the IP packet, 0 for a socket without link headers; `loopback` is the
/// number of the interface on which every packet is seen twice, where outgoing ones are dropped. With `only`, packets of
/// other interfaces than these are dropped.
pub fn program(scope: &Scope, start: u32, loopback: Option<u32>, only: Option<&[u32]>) -> Vec<BpfOp> {
    let mut program = BpfProgram::default();
    if let Some(only) = only.filter(|only| only.len() <= MOST_INTERFACES) {
        program.op(LDW, INTERFACE);
        program.when_any(only.iter().copied(), WANTED);
        program.jump(DROP);
        program.place(WANTED);
    }
    if let Some(interface) = loopback {
        program.op(LDW, INTERFACE);
        program.ops.push((BpfOp { code: JEQ, jt: 0, jf: 3, k: interface }, None));
        program.op(LDW, PACKET_TYPE);
        program.when(JEQ, OUTGOING, DROP);
    }
    program.op(LDW, PROTOCOL);
    program.when(JEQ, 0x0800, "IPv4");
    program.when(JEQ, 0x86dd, "IPv6");
    program.jump(DROP);
    ipv4(&mut program, start);
    ipv6(&mut program, start);
    program.place("ports");
    match scope {
        Scope::Ports(ports) if ports.len() <= MOST_PORTS => {
            for side in [0, 2] {
                program.op(LDH_X, start + side);
                program.when_any(ports.iter().copied().map(u32::from), KEEP);
            }
            program.jump(DROP);
        }
        Scope::Ports(_) | Scope::All => program.jump(KEEP),
    }
    program.place(KEEP);
    program.op(RET, crate::observe::capture::file::write::SNAPLEN);
    program.place(DROP);
    program.op(RET, 0);
    program.finish()
}

/// The IPv4 part. Leaves the offset of the transport header, relative to the IP header, in X.
fn ipv4(program: &mut BpfProgram, start: u32) {
    program.place("IPv4");
    program.op(LDH, start + 6);
    program.when(JSET, 0x1fff, "later fragment");
    program.op(LDB, start + 9);
    program.when_any(TRANSPORT, "TCP or UDP");
    program.when(JEQ, 1, "ICMP");
    program.jump(DROP);
    program.place("later fragment");
    program.op(LDB, start + 9);
    program.when_any(TRANSPORT, KEEP);
    program.jump(DROP);
    program.place("TCP or UDP");
    program.op(LDX_HEADER, start);
    program.jump("ports");
    program.place("ICMP");
    program.op(LDX_HEADER, start);
    program.op(LDB_X, start);
    // Destination unreachable, source quench, redirect, time exceeded, parameter problem (RFC 792).
    program.when_any([3, 4, 5, 11, 12], "quoted");
    program.jump(DROP);
    program.place("quoted");
    program.op(LDB_X, start + 8 + 9);
    program.when_any(TRANSPORT, "quoted ports");
    program.jump(DROP);
    program.place("quoted ports");
    program.op(LDB_X, start + 8);
    program.op(AND, 0x0f);
    program.op(LSH, 2);
    program.op(ADD_X, 0);
    program.op(ADD, 8);
    program.op(TAX, 0);
    program.jump("ports");
}

/// The IPv6 part; the header is 40 bytes long.
fn ipv6(program: &mut BpfProgram, start: u32) {
    program.place("IPv6");
    program.op(LDB, start + 6);
    program.when_any(TRANSPORT, "TCP or UDP of IPv6");
    program.when(JEQ, 58, "ICMPv6");
    program.when(JEQ, 44, "fragment of IPv6");
    // Hop-by-hop options, routing, destination options: there may be ports behind them.
    program.when_any([0, 43, 60], KEEP);
    program.jump(DROP);
    program.place("TCP or UDP of IPv6");
    program.op(LDX, 40);
    program.jump("ports");
    program.place("fragment of IPv6");
    program.op(LDB, start + 40);
    program.when_any(TRANSPORT, "fragment with ports");
    program.jump(DROP);
    program.place("fragment with ports");
    program.op(LDH, start + 42);
    program.when(JSET, 0xfff8, KEEP);
    program.op(LDX, 48);
    program.jump("ports");
    program.place("ICMPv6");
    program.op(LDB, start + 40);
    // Types from 128 are not errors (RFC 4443 §2.1).
    program.when(JGT, 127, DROP);
    program.op(LDB, start + 40 + 8 + 6);
    program.when_any(TRANSPORT, "quoted ports of IPv6");
    program.jump(DROP);
    program.place("quoted ports of IPv6");
    program.op(LDX, 40 + 8 + 40);
    program.jump("ports");
}

#[cfg(test)]
#[path = "bpf_tests.rs"]
mod tests;
