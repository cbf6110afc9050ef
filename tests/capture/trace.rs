//! Packets made by hand: the segments of one connection, as frames of a raw IP link.

use std::path::{Path, PathBuf};

use etherparse::PacketBuilder;
use socklab::api::domain::{Finding, Flags, PacketSummary};
use socklab::api::observe::capture::PacketStore;
use socklab::api::observe::capture::file::{Interface, Packet, PcapngWriter};
use socklab::api::packet::{Analysis, Frame, LinkType};

pub(crate) const CLIENT: ([u8; 4], u16) = ([192, 0, 2, 2], 40_000);
pub(crate) const SERVER: ([u8; 4], u16) = ([192, 0, 2, 1], 65_432);

/// A segment to build: its sender and its header fields.
#[derive(Debug, Clone)]
pub(crate) struct Seg {
    pub(crate) out: bool,
    pub(crate) flags: Flags,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) len: usize,
    pub(crate) window: u16,
    /// The window scale that a SYN offers.
    pub(crate) scale: Option<u8>,
    /// Nanoseconds after the previous one.
    pub(crate) after: u64,
}

pub(crate) fn bytes(seg: &Seg) -> Vec<u8> {
    let (from, to) = if seg.out { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
    let mut header = etherparse::TcpHeader::new(from.1, to.1, seg.seq, seg.window);
    let has = |flag| seg.flags.has(flag);
    (header.syn, header.fin, header.rst) = (has(Flags::SYN), has(Flags::FIN), has(Flags::RST));
    (header.psh, header.ack) = (has(Flags::PSH), has(Flags::ACK));
    header.acknowledgment_number = if header.ack { seg.ack } else { 0 };
    if let Some(shift) = seg.scale {
        header.set_options(&[etherparse::TcpOptionElement::WindowScale(shift)]).unwrap();
    }
    let mut bytes = Vec::new();
    let payload: Vec<u8> = (b'a'..=b'z').cycle().take(seg.len).collect();
    PacketBuilder::ipv4(from.0, to.0, 64).tcp_header(header).write(&mut bytes, &payload).unwrap();
    bytes
}

/// The packets of a trace, one after the other.
pub(crate) fn packets(trace: &[Seg]) -> Vec<Packet> {
    let mut at = 1_700_000_000_000_000_000;
    let packet = |(number, seg): (u64, &Seg)| {
        at += seg.after;
        let bytes = bytes(seg);
        let wire_len = u32::try_from(bytes.len()).unwrap();
        Packet::of(&Frame { number, at, link: LinkType::RAW, wire_len, bytes: &bytes })
    };
    (1..).zip(trace).map(packet).collect()
}

/// The analysis of each packet.
pub(crate) fn analysed(packets: &[Packet]) -> Vec<PacketSummary> {
    let mut analysis = Analysis::default();
    packets.iter().map(|packet| analysis.see(&packet.frame()).unwrap()).collect()
}

/// Writes them as a pcapng file of a raw IP interface.
pub(crate) fn save(packets: &[Packet], path: &Path) {
    let mut writer = PcapngWriter::new(std::io::BufWriter::new(std::fs::File::create(path).unwrap())).unwrap();
    let raw = Interface { name: Some("made".into()), description: "made by hand".into(), link: LinkType::RAW };
    writer.interface(&raw).unwrap();
    for packet in packets {
        writer.packet(packet, &[]).unwrap();
    }
}

/// The packets of a file that has no damage.
pub(crate) fn open(path: &Path) -> PacketStore {
    let (store, damage) = PacketStore::open(std::fs::File::open(path).unwrap(), usize::MAX).unwrap();
    assert!(damage.is_none(), "{damage:?}");
    store
}

/// A temporary folder, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("socklab-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The name of a Wireshark field, and the findings that it stands for.
type Named = (&'static str, fn(&Finding) -> bool);

/// The findings that Wireshark has too, by the name of its field.
pub(crate) const FIELDS: [Named; 15] = [
    ("tcp.analysis.retransmission", |f| {
        // Wireshark marks the special kinds as retransmissions as well.
        let special = [Finding::FastRetransmission, Finding::SpuriousRetransmission, Finding::AnsweredAgain];
        *f == Finding::Retransmission || special.contains(f)
    }),
    ("tcp.analysis.fast_retransmission", |f| *f == Finding::FastRetransmission),
    ("tcp.analysis.spurious_retransmission", |f| *f == Finding::SpuriousRetransmission),
    ("tcp.analysis.out_of_order", |f| *f == Finding::OutOfOrder),
    ("tcp.analysis.lost_segment", |f| *f == Finding::PreviousUnseen),
    ("tcp.analysis.ack_lost_segment", |f| *f == Finding::AckedUnseen),
    ("tcp.analysis.duplicate_ack", |f| matches!(f, Finding::DuplicateAck { .. })),
    ("tcp.analysis.zero_window", |f| *f == Finding::ZeroWindow),
    ("tcp.analysis.window_full", |f| *f == Finding::WindowFull),
    ("tcp.analysis.window_update", |f| *f == Finding::WindowUpdate),
    ("tcp.analysis.zero_window_probe", |f| *f == Finding::ZeroWindowProbe),
    ("tcp.analysis.zero_window_probe_ack", |f| *f == Finding::ZeroWindowProbeAck),
    ("tcp.analysis.keep_alive", |f| matches!(f, Finding::Keepalive | Finding::EmptyProbe)),
    ("tcp.analysis.keep_alive_ack", |f| *f == Finding::KeepaliveAck),
    ("tcp.analysis.reused_ports", |f| *f == Finding::PortReused),
];

/// Which of [`FIELDS`] hold for a packet.
pub(crate) fn marks(summary: &PacketSummary) -> Vec<&'static str> {
    let holds = |(_, is): &&Named| summary.findings.iter().any(is);
    FIELDS.iter().filter(holds).map(|(name, _)| *name).collect()
}
