//! Scripted captures: what can happen to a connection, one script for each kind, over each kind of carrier.

use etherparse::{IpFragOffset, IpNumber, PacketBuilder, TcpHeader};
use socklab::api::domain::Flags;
use socklab::api::observe::capture::file::Packet;
use socklab::api::packet::{Frame, LinkType};

const ACK: Flags = Flags::ACK;
const SYN: Flags = Flags::SYN;
const DATA: Flags = Flags::PSH.with(Flags::ACK);
const FIN: Flags = Flags::FIN.with(Flags::ACK);
const RST: Flags = Flags::RST.with(Flags::ACK);

/// A segment as it is written down: numbers are relative to the sender's SYN, as people count them.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    out: bool,
    flags: Flags,
    seq: u32,
    ack: u32,
    data: Vec<u8>,
    window: u16,
    options: Vec<u8>,
    /// Microseconds after the line before.
    after: u64,
    port: u16,
}

impl Line {
    fn data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    const fn window(mut self, window: u16) -> Self {
        self.window = window;
        self
    }

    const fn after(mut self, micros: u64) -> Self {
        self.after = micros;
        self
    }

    fn options(mut self, options: &[u8]) -> Self {
        self.options = options.to_vec();
        self
    }

    fn sack(self, first: u32, end: u32) -> Self {
        // The blocks are the other side's numbers.
        let base = if self.out { SERVER_ISN } else { CLIENT_ISN };
        let block = [base.wrapping_add(first), base.wrapping_add(end)].map(u32::to_be_bytes).concat();
        self.options(&[&[1, 1, 5, 10][..], &block].concat())
    }
}

/// A client's segment, and a server's.
fn out(flags: Flags, seq: u32, ack: u32) -> Line {
    Line { out: true, flags, seq, ack, data: vec![], window: 500, options: vec![], after: 1_000, port: 40_000 }
}

fn back(flags: Flags, seq: u32, ack: u32) -> Line {
    Line { out: false, ..out(flags, seq, ack) }
}

/// Both begin shortly before their numbers wrap, so that every script that sends something crosses zero.
const CLIENT_ISN: u32 = u32::MAX - 4;
const SERVER_ISN: u32 = u32::MAX - 9;

/// MSS 1460, SACK permitted, timestamps, window scale 7.
const OPENING: [u8; 20] = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 3, 3, 7];

fn handshake() -> Vec<Line> {
    let syn = out(SYN, 0, 0).window(64_240).options(&OPENING);
    vec![syn, back(SYN.with(ACK), 0, 1).window(65_160).options(&OPENING), out(ACK, 1, 1)]
}

fn after_handshake(lines: impl IntoIterator<Item = Line>) -> Vec<Line> {
    handshake().into_iter().chain(lines).collect()
}

const ELEVEN: &[u8] = b"hello world";

/// Each script with its name.
pub(crate) fn all() -> Vec<(&'static str, Vec<Line>)> {
    vec![
        ("whole life", whole_life()),
        ("no SYN was seen", whole_life()[1..].to_vec()),
        ("no SYN+ACK was seen", [&whole_life()[..1], &whole_life()[2..]].concat()),
        ("no handshake was seen", whole_life()[3..].to_vec()),
        ("scale of one side only", scale_of_one_side()),
        ("SYN and SYN+ACK repeated", opened_again()),
        ("refused, and tried again", refused()),
        ("simultaneous open", simultaneous()),
        ("loss, duplicate ACKs with SACK, fast retransmission", lost_and_asked_for()),
        ("loss and a timer", lost_and_timed_out()),
        ("not needed", repeated_without_need()),
        ("reordered", reordered()),
        ("a segment twice", twice()),
        ("a gap that the capture has", unseen()),
        ("zero window, probe, update", zero_window()),
        ("window full", window_full()),
        ("keepalive", keepalive()),
        ("reset", reset()),
        ("reset after close", reset_after_close()),
        ("ports used again", used_again()),
        ("unknown options", unknown_options()),
        ("data after half a close", half_closed()),
        ("urgent and reserved bits", odd_flags()),
    ]
}

fn whole_life() -> Vec<Line> {
    after_handshake([
        out(DATA, 1, 1).data(ELEVEN),
        back(ACK, 1, 12),
        back(DATA, 1, 12).data(b"HELLO WORLD"),
        out(ACK, 12, 12),
        out(FIN, 12, 12),
        back(FIN, 12, 13),
        out(ACK, 13, 13),
    ])
}

fn scale_of_one_side() -> Vec<Line> {
    let mut lines = whole_life();
    lines[1] = back(SYN.with(ACK), 0, 1).options(&[2, 4, 5, 180]);
    lines
}

fn opened_again() -> Vec<Line> {
    let first = handshake();
    let again = first[0].clone().after(1_000_000);
    let answer = first[1].clone();
    let late = first[1].clone().after(1_000_000);
    [vec![first[0].clone(), again, answer, late], whole_life()[2..].to_vec()].concat()
}

fn refused() -> Vec<Line> {
    let syn = handshake().remove(0);
    // A RST to a SYN has sequence number 0 (RFC 9293 §3.10.7.1).
    let rst = |syn: &Line| Line { seq: 0_u32.wrapping_sub(SERVER_ISN), ..back(RST, 0, syn.seq + 1).window(0) };
    [vec![syn.clone(), rst(&syn)], whole_life().into_iter().map(|line| line.after(500_000)).collect()].concat()
}

fn simultaneous() -> Vec<Line> {
    let opening = |line: Line| line.options(&OPENING);
    vec![
        opening(out(SYN, 0, 0)),
        opening(back(SYN, 0, 0)),
        opening(out(SYN.with(ACK), 0, 1)),
        opening(back(SYN.with(ACK), 0, 1)),
        out(DATA, 1, 1).data(ELEVEN),
        back(ACK, 1, 12),
    ]
}

/// The second of five segments is lost; three duplicate ACKs ask for it.
fn lost_and_asked_for() -> Vec<Line> {
    let segment = |n: u32| out(DATA, 1 + n * 11, 1).data(ELEVEN);
    after_handshake([
        segment(0),
        back(ACK, 1, 12),
        segment(2),
        back(ACK, 1, 12).sack(23, 34),
        segment(3),
        back(ACK, 1, 12).sack(23, 45),
        segment(4),
        back(ACK, 1, 12).sack(23, 56),
        segment(1),
        back(ACK, 1, 56),
    ])
}

/// Seen when it left, and sent again when the timer had run out (RFC 6298).
fn lost_and_timed_out() -> Vec<Line> {
    let data = out(DATA, 1, 1).data(ELEVEN);
    after_handshake([data.clone(), data.clone().after(300_000), data.after(600_000), back(ACK, 1, 12)])
}

fn repeated_without_need() -> Vec<Line> {
    let data = out(DATA, 1, 1).data(ELEVEN);
    after_handshake([data.clone(), back(ACK, 1, 12), data.after(300_000), back(ACK, 1, 12)])
}

fn reordered() -> Vec<Line> {
    let segment = |n: u32| out(DATA, 1 + n * 11, 1).data(ELEVEN).after(100);
    after_handshake([segment(1), segment(0), segment(3), segment(2), back(ACK, 1, 45)])
}

fn twice() -> Vec<Line> {
    let data = out(DATA, 1, 1).data(ELEVEN);
    after_handshake([data.clone(), data.after(10), back(ACK, 1, 12), back(ACK, 1, 12).after(10)])
}

fn unseen() -> Vec<Line> {
    after_handshake([
        out(DATA, 1, 1).data(ELEVEN),
        out(DATA, 112, 1).data(ELEVEN),
        back(ACK, 1, 123),
        back(ACK, 1, 323),
        out(DATA, 323, 1).data(ELEVEN),
        back(ACK, 1, 334),
    ])
}

fn zero_window() -> Vec<Line> {
    after_handshake([
        out(DATA, 1, 1).data(ELEVEN),
        back(ACK, 1, 12).window(0),
        out(ACK, 12, 1).data(b"x").after(250_000),
        back(ACK, 1, 12).window(0),
        out(ACK, 12, 1).data(b"x").after(500_000),
        back(ACK, 1, 12).window(0),
        back(ACK, 1, 12).window(100),
        out(DATA, 12, 1).data(ELEVEN),
        back(ACK, 1, 23).window(100),
    ])
}

/// A window of two scaled units, filled to the last byte.
fn window_full() -> Vec<Line> {
    let half = vec![b'x'; 128];
    after_handshake([
        out(DATA, 1, 1).data(ELEVEN),
        back(ACK, 1, 12).window(2),
        out(ACK, 12, 1).data(&half),
        out(ACK, 140, 1).data(&half),
        back(ACK, 1, 268).window(0),
        back(ACK, 1, 268).window(2),
    ])
}

fn keepalive() -> Vec<Line> {
    after_handshake([
        out(DATA, 1, 1).data(ELEVEN),
        back(ACK, 1, 12),
        out(ACK, 11, 1).after(7_200_000_000),
        back(ACK, 1, 12),
        out(ACK, 11, 1).data(b"d").after(7_200_000_000),
        back(ACK, 1, 12),
    ])
}

fn reset() -> Vec<Line> {
    after_handshake([out(DATA, 1, 1).data(ELEVEN), back(RST, 1, 12).window(0)])
}

fn reset_after_close() -> Vec<Line> {
    let rst = back(Flags::RST, 2, 0).window(0);
    after_handshake([back(FIN, 1, 1), out(ACK, 1, 2), out(DATA, 1, 2).data(ELEVEN), rst.clone(), rst])
}

/// The same pair of ports once more, with other numbers.
fn used_again() -> Vec<Line> {
    let again = whole_life().into_iter().map(|line| {
        let (seq, ack) = (line.seq + 700_000, if line.flags.has(ACK) { line.ack + 700_000 } else { 0 });
        Line { seq, ack, ..line }
    });
    whole_life().into_iter().chain(again).collect()
}

/// User timeout (RFC 5482), multipath (RFC 8684), an experiment (RFC 6994), before and behind known ones.
fn unknown_options() -> Vec<Line> {
    let mut lines = whole_life();
    let unknown = [&[28, 4, 0, 1][..], &[30, 4, 0x81, 0], &[254, 4, 0xf9, 0x89], &OPENING[..]].concat();
    lines[0] = lines[0].clone().options(&unknown);
    let behind = [&OPENING[..], &[254, 4, 0xf9, 0x89]].concat();
    lines[1] = lines[1].clone().options(&behind);
    lines[3] = lines[3].clone().options(&[253, 4, 1, 2, 1, 1, 1, 0]);
    lines
}

fn half_closed() -> Vec<Line> {
    after_handshake([
        out(FIN, 1, 1),
        back(ACK, 1, 2),
        back(DATA, 1, 2).data(ELEVEN),
        out(ACK, 2, 12),
        back(DATA, 12, 2).data(ELEVEN),
        out(ACK, 2, 23),
        back(FIN, 23, 2),
        out(ACK, 2, 24),
    ])
}

fn odd_flags() -> Vec<Line> {
    let all = DATA.with(Flags::URG).with(Flags::ECE).with(Flags::CWR);
    after_handshake([out(all, 1, 1).data(ELEVEN), back(ACK.with(Flags::ECE), 1, 12), out(Flags(0), 12, 1)])
}

/// What carries the segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    V4,
    V6,
    /// Ethernet with a VLAN tag (IEEE 802.1Q).
    Vlan,
    /// Each datagram in two fragments or more, the last of them first every second time.
    Fragments4,
    Fragments6,
}

impl Carrier {
    pub(crate) const ALL: [Self; 5] = [Self::V4, Self::V6, Self::Vlan, Self::Fragments4, Self::Fragments6];

    pub(crate) const fn link(self) -> LinkType {
        match self {
            Self::Vlan => LinkType::ETHERNET,
            Self::V4 | Self::V6 | Self::Fragments4 | Self::Fragments6 => LinkType::RAW,
        }
    }
}

/// The port of the client in a script, by the script's place.
pub(crate) fn port(script: usize) -> u16 {
    40_000 + u16::try_from(script).unwrap()
}

/// The packets of all scripts, one after the other, as they would have been captured; and how many segments they carry.
pub(crate) fn packets(carrier: Carrier) -> (Vec<Packet>, usize) {
    let mut at = 1_700_000_000_000_000_000;
    let mut packets: Vec<Packet> = Vec::new();
    let with_ports = (0..)
        .zip(all())
        .flat_map(|(script, (_, lines))| lines.into_iter().map(move |line| Line { port: port(script), ..line }));
    let mut segments = 0;
    for (ident, line) in (1_u16..).zip(with_ports) {
        segments += 1;
        at += line.after * 1_000;
        for bytes in frames(&line, carrier, ident) {
            let number = packets.len() as u64 + 1;
            let wire_len = u32::try_from(bytes.len()).unwrap();
            packets.push(Packet::of(&Frame { number, at, link: carrier.link(), wire_len, bytes: &bytes }));
            at += 1_000;
        }
    }
    (packets, segments)
}

fn header(line: &Line) -> TcpHeader {
    let (own, other) = if line.out { (CLIENT_ISN, SERVER_ISN) } else { (SERVER_ISN, CLIENT_ISN) };
    let (from, to) = if line.out { (line.port, 80) } else { (80, line.port) };
    let mut header = TcpHeader::new(from, to, own.wrapping_add(line.seq), line.window);
    let has = |flag| line.flags.has(flag);
    header.acknowledgment_number = if has(ACK) { other.wrapping_add(line.ack) } else { 0 };
    (header.syn, header.fin, header.rst, header.psh) = (has(SYN), has(Flags::FIN), has(Flags::RST), has(Flags::PSH));
    (header.ack, header.urg, header.ece, header.cwr) = (has(ACK), has(Flags::URG), has(Flags::ECE), has(Flags::CWR));
    if !line.options.is_empty() {
        header.set_options_raw(&line.options).unwrap();
    }
    header
}

fn frames(line: &Line, carrier: Carrier, ident: u16) -> Vec<Vec<u8>> {
    let (v4, v6) = (|last| [192, 0, 2, last], |last| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    let (from, to) = if line.out { (2, 1) } else { (1, 2) };
    let mut bytes = Vec::new();
    let header = header(line);
    match carrier {
        Carrier::V4 => {
            let builder = PacketBuilder::ipv4(v4(from), v4(to), 64).tcp_header(header);
            builder.write(&mut bytes, &line.data).unwrap();
        }
        Carrier::V6 => {
            let builder = PacketBuilder::ipv6(v6(from), v6(to), 64).tcp_header(header);
            builder.write(&mut bytes, &line.data).unwrap();
        }
        Carrier::Vlan => {
            let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).single_vlan(etherparse::VlanId::try_new(7).unwrap());
            let builder = builder.ipv4(v4(from), v4(to), 64).tcp_header(header);
            builder.write(&mut bytes, &line.data).unwrap();
        }
        Carrier::Fragments4 => {
            return fragments(&whole(line, v4(from), v4(to)), &Fragmented::V4(v4(from), v4(to)), ident);
        }
        Carrier::Fragments6 => {
            return fragments(&whole6(line, v6(from), v6(to)), &Fragmented::V6(v6(from), v6(to)), ident);
        }
    }
    vec![bytes]
}

/// The segment without the IP header, its checksum filled in.
fn whole(line: &Line, from: [u8; 4], to: [u8; 4]) -> Vec<u8> {
    let mut header = header(line);
    header.checksum = header.calc_checksum_ipv4_raw(from, to, &line.data).unwrap();
    let mut bytes = Vec::new();
    header.write(&mut bytes).unwrap();
    bytes.extend(&line.data);
    bytes
}

fn whole6(line: &Line, from: [u8; 16], to: [u8; 16]) -> Vec<u8> {
    let mut header = header(line);
    header.checksum = header.calc_checksum_ipv6_raw(from, to, &line.data).unwrap();
    let mut bytes = Vec::new();
    header.write(&mut bytes).unwrap();
    bytes.extend(&line.data);
    bytes
}

enum Fragmented {
    V4([u8; 4], [u8; 4]),
    V6([u8; 16], [u8; 16]),
}

/// A datagram in fragments of 24 bytes; every second one comes with its last fragment first.
fn fragments(datagram: &[u8], between: &Fragmented, ident: u16) -> Vec<Vec<u8>> {
    const PIECE: usize = 24;
    let pieces: Vec<_> = datagram.chunks(PIECE).enumerate().collect();
    let last = pieces.len() - 1;
    let mut frames: Vec<Vec<u8>> = pieces
        .into_iter()
        .map(|(n, piece)| {
            let offset = IpFragOffset::try_new(u16::try_from(n * PIECE / 8).unwrap()).unwrap();
            let mut bytes = Vec::new();
            match between {
                Fragmented::V4(from, to) => {
                    let len = u16::try_from(piece.len()).unwrap();
                    let mut header = etherparse::Ipv4Header::new(len, 64, IpNumber::TCP, *from, *to).unwrap();
                    (header.identification, header.dont_fragment) = (ident, false);
                    (header.more_fragments, header.fragment_offset) = (n < last, offset);
                    header.header_checksum = header.calc_header_checksum();
                    header.write(&mut bytes).unwrap();
                }
                Fragmented::V6(from, to) => {
                    let header = etherparse::Ipv6Header {
                        payload_length: u16::try_from(piece.len() + 8).unwrap(),
                        next_header: IpNumber::IPV6_FRAGMENTATION_HEADER,
                        hop_limit: 64,
                        source: *from,
                        destination: *to,
                        ..Default::default()
                    };
                    header.write(&mut bytes).unwrap();
                    let fragment =
                        etherparse::Ipv6FragmentHeader::new(IpNumber::TCP, offset, n < last, u32::from(ident));
                    fragment.write(&mut bytes).unwrap();
                }
            }
            bytes.extend(piece);
            bytes
        })
        .collect();
    if ident.is_multiple_of(2) && frames.len() > 1 {
        frames.rotate_right(1);
    }
    frames
}
