//! The fuzzer's first inputs: generated packets and files of every kind that is read.

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{Icmpv4Type, Icmpv6Type, PacketBuilder, TcpHeader, TcpOptionElement, icmpv6};
use socklab::api::observe::capture::file::{Interface, Packet, PcapngWriter};
use socklab::api::packet::{Frame, LinkType};

/// Frames, each with its link type.
pub(crate) fn frames() -> Vec<(LinkType, Vec<u8>)> {
    let mut header = TcpHeader::new(44_086, 65_432, 7, 65_495);
    header.syn = true;
    let options = [
        TcpOptionElement::MaximumSegmentSize(1_460),
        TcpOptionElement::SelectiveAcknowledgementPermitted,
        TcpOptionElement::Timestamp(5, 6),
        TcpOptionElement::Noop,
        TcpOptionElement::WindowScale(7),
    ];
    header.set_options(&options).unwrap();
    let mut data = TcpHeader::new(44_086, 65_432, 8, 512);
    (data.ack, data.psh, data.acknowledgment_number) = (true, true, 100);
    data.set_options(&[TcpOptionElement::SelectiveAcknowledgement((1, 2), [Some((3, 4)), None, None])]).unwrap();
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = Vec::new();
        write(&mut bytes);
        bytes
    };
    let v4 = || PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64);
    let v6 = || PacketBuilder::ipv6([1; 16], [2; 16], 64);
    let syn = written(&|bytes| v4().tcp_header(header.clone()).write(bytes, b"").unwrap());
    let hello = written(&|bytes| v4().tcp_header(data.clone()).write(bytes, b"Hello, world").unwrap());
    let six = written(&|bytes| v6().tcp_header(data.clone()).write(bytes, b"Hello, world").unwrap());
    let udp = written(&|bytes| v4().udp(40_000, 65_432).write(bytes, b"oi").unwrap());
    let unreachable = Icmpv4Type::DestinationUnreachable(DestUnreachableHeader::Port);
    let icmp = written(&|bytes| v4().icmpv4(unreachable.clone()).write(bytes, &udp).unwrap());
    let unreachable = Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port);
    let icmp6 = written(&|bytes| v6().icmpv6(unreachable).write(bytes, &six).unwrap());
    let mut fragment = udp.clone();
    fragment[6..8].copy_from_slice(&0x2001_u16.to_be_bytes());
    // Hop-by-hop options, a fragment header, and UDP.
    let mut chain = written(&|bytes| v6().udp(1, 65_432).write(bytes, b"oi").unwrap());
    chain.splice(40..40, [44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 9]);
    (chain[6], chain[5]) = (0, chain[5] + 16);
    let before = |head: &[u8], packet: &[u8]| [head, packet].concat();
    let ethernet = |kind: [u8; 2], packet: &[u8]| before(&[&[0; 12][..], &kind].concat(), packet);
    let ip = [syn, hello.clone(), six.clone(), udp, icmp, icmp6, fragment, chain];
    let mut all: Vec<_> = ip.iter().map(|packet| (LinkType::RAW, packet.clone())).collect();
    for packet in &ip {
        let kind = if packet[0] >> 4 == 4 { [8, 0] } else { [0x86, 0xdd] };
        all.push((LinkType::ETHERNET, ethernet(kind, packet)));
    }
    all.push((LinkType::ETHERNET, ethernet([0x81, 0], &before(&[0, 7, 8, 0], &hello))));
    all.push((LinkType::LINUX_SLL, before(&[0, 0, 3, 4, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0], &hello)));
    let cooked = [0x86, 0xdd, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0];
    all.push((LinkType::LINUX_SLL2, before(&cooked, &six)));
    // Links, tags and tunnels before the same packet.
    let snap = before(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &hello);
    let wifi = before(&[&[0x08, 2][..], &[0; 22]].concat(), &snap);
    let tunnel = |protocol: u8, inside: &[u8]| {
        let total = u8::try_from(20 + inside.len()).unwrap();
        let outer = [0x45, 0, 0, total, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        ethernet([8, 0], &before(&outer, inside))
    };
    let numbered = [
        (9, before(&[0xff, 3, 0, 0x21], &hello)),
        (50, before(&[0x0f, 0, 8, 0], &hello)),
        (51, before(&[0x11, 0, 0, 1, 0, 0, 0, 0x21], &hello)),
        (100, snap.clone()),
        (104, before(&[0x0f, 0, 8, 0], &hello)),
        (105, wifi.clone()),
        (107, before(&[0x18, 0x41, 3, 0xcc], &hello)),
        (119, before(&[&[0, 0, 0, 0x44, 144, 0, 0, 0][..], &[0; 136]].concat(), &wifi)),
        (127, before(&[0, 0, 8, 0, 0, 0, 0, 0], &wifi)),
        (163, before(&[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56]].concat(), &wifi)),
        (192, before(&[0, 0, 8, 0, 105, 0, 0, 0], &wifi)),
        (204, before(&[1, 0, 0x21], &hello)),
        (219, before(&[0, 0, 0x11, 0x40], &hello)),
        (138, before(&[&[0; 16][..], &[8, 0]].concat(), &hello)),
        (242, before(&[&[0; 40][..], &[8, 0, 0, 0]].concat(), &hello)),
        (12, hello.clone()),
        (1, ethernet([0x88, 0x64], &before(&[0x11, 0, 0, 1, 0, 0, 0, 0x21], &hello))),
        (1, ethernet([0x88, 0x47], &before(&[0, 0, 0x11, 0x40], &hello))),
        (1, ethernet([0, 100], &snap)),
        (1, tunnel(4, &hello)),
        (1, tunnel(41, &six)),
        (1, tunnel(47, &before(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9], &hello))),
    ];
    all.extend(numbered.map(|(link, frame)| (LinkType(link), frame)));
    all.push((LinkType::NULL, before(&[2, 0, 0, 0], &hello)));
    all.push((LinkType::LOOP, before(&[0, 0, 0, 30], &six)));
    all
}

/// What stands before the bytes that are changed, so that they are always read by the same step.
pub(crate) struct Carrier {
    pub(crate) link: LinkType,
    head: &'static [u8],
    /// The protocol of an IPv4 header behind that, whose length fits.
    tunnel: Option<u8>,
    /// What the step reads first, before an IP packet.
    inside: &'static [u8],
}

/// Each carrier of IP packets, with the name of its target.
pub(crate) const CARRIERS: [(&str, Carrier); 10] = [
    ("ppp", Carrier { link: LinkType(9), head: &[], tunnel: None, inside: &[0xff, 3, 0, 0x21] }),
    ("hdlc", Carrier { link: LinkType(104), head: &[], tunnel: None, inside: &[0x0f, 0, 8, 0] }),
    ("pppoe", Carrier { inside: &[0x11, 0, 0, 1, 0, 0, 0, 0x21], ..ethernet(&[0x88, 0x64]) }),
    ("mpls", Carrier { inside: &[0, 0, 0x10, 0x40, 0, 0, 0x11, 0x40], ..ethernet(&[0x88, 0x47]) }),
    (
        "gre",
        Carrier { tunnel: Some(47), inside: &[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9], ..ethernet(&[8, 0]) },
    ),
    ("ipip", Carrier { tunnel: Some(4), ..ethernet(&[8, 0]) }),
    ("6in4", Carrier { tunnel: Some(41), ..ethernet(&[8, 0]) }),
    ("snap", Carrier { inside: &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], ..ethernet(&[0, 100]) }),
    (
        "80211",
        Carrier {
            link: LinkType(105),
            head: &[],
            tunnel: None,
            inside: &[
                8, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0,
            ],
        },
    ),
    ("raw", Carrier { link: LinkType::RAW, head: &[], tunnel: None, inside: &[] }),
];

const fn ethernet(kind: &'static [u8; 2]) -> Carrier {
    Carrier { link: LinkType::ETHERNET, head: kind, tunnel: None, inside: &[] }
}

impl Carrier {
    /// The first inputs: IP packets of every kind behind what the step reads.
    pub(crate) fn seeds(&self) -> Vec<Vec<u8>> {
        let raw = frames().into_iter().filter(|(link, _)| *link == LinkType::RAW);
        raw.map(|(_, packet)| [self.inside, &packet].concat()).collect()
    }

    /// The frame that carries these bytes.
    pub(crate) fn frame(&self, bytes: &[u8]) -> Vec<u8> {
        let addresses: &[u8] = if self.head.is_empty() { &[] } else { &[0; 12] };
        let mut outer = Vec::new();
        if let Some(protocol) = self.tunnel {
            let total = u16::try_from(bytes.len() + 20).unwrap_or(u16::MAX).to_be_bytes();
            outer.extend([0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        }
        [addresses, self.head, &outer, bytes].concat()
    }
}

/// Capture files.
pub(crate) fn files() -> Vec<Vec<u8>> {
    let frames = frames();
    let mut writer = PcapngWriter::new(Vec::new()).unwrap();
    for (number, (link, bytes)) in (1..).zip(&frames) {
        let interface = Interface { name: Some("lo".into()), description: "loopback".into(), link: *link };
        let interface = writer.interface(&interface).unwrap();
        let comments = if number % 5 == 0 { vec!["a remark".to_owned()] } else { vec![] };
        let wire_len = u32::try_from(bytes.len()).unwrap();
        let at = 1_700_000_000_000_000_000 + number * 1_000;
        let packet = Packet::of(&Frame { number, at, link: *link, wire_len, bytes });
        writer.packet(&Packet { interface, comments, ..packet }, &[]).unwrap();
    }
    writer.statistics(1_700_000_000_000_000_000, 10, 1).unwrap();
    let mut all = vec![writer.into_inner()];
    for (big, magic) in [(false, 0xa1b2_c3d4_u32), (true, 0xa1b2_c3d4), (false, 0xa1b2_3c4d), (true, 0xa1b2_3c4d)] {
        all.push(pcap(big, magic, &frames));
    }
    all.push(big_endian());
    all
}

/// A pcap file in either byte order, with the Ethernet frames.
pub(crate) fn pcap(big: bool, magic: u32, frames: &[(LinkType, Vec<u8>)]) -> Vec<u8> {
    let order = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() };
    let version = if big { [0, 2, 0, 4] } else { [2, 0, 4, 0] };
    let mut file = [order(magic), version, [0; 4], [0; 4], order(65_535), order(1)].concat();
    for (number, (_, bytes)) in (1..).zip(frames.iter().filter(|(link, _)| *link == LinkType::ETHERNET)) {
        let len = u32::try_from(bytes.len()).unwrap();
        file.extend([order(1_700_000_000), order(number), order(len), order(len)].concat());
        file.extend(bytes);
    }
    file
}

/// A pcapng file as a big-endian machine writes it: a section, two interfaces with other clocks, a simple, an obsolete and
/// an enhanced packet, a block of an unknown type, and a second section.
fn big_endian() -> Vec<u8> {
    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 12).unwrap().to_be_bytes();
        [&kind.to_be_bytes()[..], &len, body, &len].concat()
    }
    let section = block(0x0a0d_0d0a, &[&0x1a2b_3c4d_u32.to_be_bytes()[..], &[0, 1, 0, 0], &[0xff; 8]].concat());
    // Milliseconds; and quarters of a second, an hour ahead.
    let millis = block(1, &[0, 101, 0, 0, 0, 0, 0, 64, 0, 9, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0]);
    let halves = [0, 101, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0x82, 0, 0, 0, 0, 14, 0, 8, 0, 0, 0, 0, 0, 0, 14, 16];
    let halves = block(1, &halves);
    let packet = [0x45_u8; 20];
    let simple = block(3, &[&20_u32.to_be_bytes()[..], &packet].concat());
    let numbers = |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let obsolete = block(2, &[numbers(&[0x0001_0000, 0, 8, 20, 20]), packet.to_vec()].concat());
    let enhanced =
        block(6, &[numbers(&[0, 0, 1_000, 20, 40]), packet.to_vec(), vec![0, 1, 0, 2, b'o', b'i', 0, 0]].concat());
    let unknown = block(0x0bad, &[1, 2, 3, 4]);
    [section.clone(), millis.clone(), halves, simple, obsolete, unknown, enhanced.clone(), section, millis, enhanced]
        .concat()
}
