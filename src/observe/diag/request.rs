//! The requests, in the kernel's format (`linux/inet_diag.h`).

use std::net::{IpAddr, SocketAddr};

use super::filter;
use crate::domain::{Flow, Proto};
use crate::observe::Scope;

/// `SOCK_DIAG_BY_FAMILY`.
pub(super) const BY_FAMILY: u16 = 20;
/// `TCPDIAG_GETSOCK`: the older request, which covers IPv4 and IPv6 at once: one walk through the kernel's table instead
/// of two.
const TCP_BOTH_FAMILIES: u16 = 18;

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const INET_DIAG_REQ_BYTECODE: u16 = 1;
/// `INET_DIAG_INFO` and `INET_DIAG_CONG`, as bits of the wanted extensions.
const INFO_AND_CONG: u8 = 1 << 1 | 1 << 3;
/// `TCP_ESTABLISHED` (1) to `TCP_NEW_SYN_RECV` (12): what `ss -a` requests. Not 13, bound and inactive, which neither
/// `ss` nor `netstat` shows.
const EVERY_STATE: u32 = 0x1ffe;
/// `TCP_LISTEN` (10).
const LISTENING: u32 = 1 << 10;
const NO_COOKIE: [u8; 8] = [0xff; 8];
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const HEADER: usize = 16;

/// Which part of the table one dump reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DumpPart {
    Tcp,
    Udp4,
    Udp6,
    /// The TCP listeners, over IPv4 and IPv6.
    Listeners,
}

impl DumpPart {
    pub(super) const ALL: [Self; 3] = [Self::Tcp, Self::Udp4, Self::Udp6];

    pub(super) const fn proto(self) -> Proto {
        match self {
            Self::Tcp | Self::Listeners => Proto::Tcp,
            Self::Udp4 | Self::Udp6 => Proto::Udp,
        }
    }
}

/// A request for every socket of this part within the scope.
pub(super) fn dump(part: DumpPart, scope: &Scope, seq: u32) -> Vec<u8> {
    let (kind, head, tail): (u16, [u8; 4], &[u32]) = match part {
        // struct inet_diag_req: family, source and destination lengths, extensions; id; states, dbs.
        DumpPart::Tcp => (TCP_BOTH_FAMILIES, [0, 0, 0, 0], &[EVERY_STATE, 0]),
        DumpPart::Listeners => (TCP_BOTH_FAMILIES, [0, 0, 0, 0], &[LISTENING, 0]),
        // struct inet_diag_req_v2: family, protocol, extensions, pad; states; id.
        DumpPart::Udp4 => (BY_FAMILY, [AF_INET, number(Proto::Udp), 0, 0], &[]),
        DumpPart::Udp6 => (BY_FAMILY, [AF_INET6, number(Proto::Udp), 0, 0], &[]),
    };
    let mut message = begin(kind, NLM_F_REQUEST | NLM_F_DUMP, seq);
    message.extend(head);
    if kind == BY_FAMILY {
        message.extend(EVERY_STATE.to_ne_bytes());
    }
    message.extend([0; 40]);
    message.extend(NO_COOKIE);
    message.extend(tail.iter().flat_map(|word| word.to_ne_bytes()));
    if let Scope::Ports(ports) = scope
        && let Some(code) = filter::any_port(ports)
    {
        let len = u16::try_from(code.len() + 4).unwrap_or(u16::MAX);
        message.extend(len.to_ne_bytes());
        message.extend(INET_DIAG_REQ_BYTECODE.to_ne_bytes());
        message.extend(code);
    }
    end(message)
}

/// A request for one socket, optionally with its `TCP_INFO`.
pub(super) fn exact(flow: &Flow, with_info: bool, seq: u32) -> Vec<u8> {
    let family = if flow.local.is_ipv4() { AF_INET } else { AF_INET6 };
    let none = SocketAddr::new(if family == AF_INET { [0; 4].into() } else { [0_u16; 8].into() }, 0);
    let local = flow.local;
    let peer = flow.peer.unwrap_or(none);
    // For UDP the kernel looks up the socket as it would for an incoming packet: from the peer, to the local address.
    let (src, dst) = if flow.proto == Proto::Udp { (peer, local) } else { (local, peer) };
    let mut message = begin(BY_FAMILY, NLM_F_REQUEST, seq);
    message.extend([family, number(flow.proto), if with_info { INFO_AND_CONG } else { 0 }, 0]);
    message.extend(EVERY_STATE.to_ne_bytes());
    message.extend(src.port().to_be_bytes());
    message.extend(dst.port().to_be_bytes());
    message.extend(octets(src.ip(), family));
    message.extend(octets(dst.ip(), family));
    message.extend(interface(&local).to_ne_bytes());
    message.extend(NO_COOKIE);
    end(message)
}

const fn number(proto: Proto) -> u8 {
    match proto {
        Proto::Tcp => 6,
        Proto::Udp => 17,
        Proto::Icmp => 1,
    }
}

fn octets(ip: IpAddr, family: u8) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) if family == AF_INET6 => ip.to_ipv6_mapped().octets(),
        IpAddr::V4(ip) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&ip.octets());
            octets
        }
    }
}

/// The interface that a link-local address belongs to; 0 otherwise.
fn interface(addr: &SocketAddr) -> u32 {
    match addr {
        SocketAddr::V6(v6) => v6.scope_id(),
        SocketAddr::V4(_) => 0,
    }
}

fn begin(kind: u16, flags: u16, seq: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    message.extend([0; 4]);
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(seq.to_ne_bytes());
    message.extend([0; 4]);
    debug_assert_eq!(message.len(), HEADER);
    message
}

fn end(mut message: Vec<u8>) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap_or(u32::MAX);
    message[..4].copy_from_slice(&len.to_ne_bytes());
    message
}
