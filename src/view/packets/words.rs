//! A packet in a few words: the same on the list and on the ladder.

use std::net::SocketAddr;

use super::super::draw_context::DrawContext;
use super::super::glyphs::{self, ARROW};
use super::super::line_writer::fit;
use crate::domain::{Finding, Flags, Flow, PacketSummary, Proto, Segment, TcpOption};
use crate::model::packets::Traffic;

/// A conversation by its ports; the addresses are shown with the packets.
pub(super) fn conversation(flow: &Flow) -> String {
    let end = |end: SocketAddr| match flow.proto {
        Proto::Icmp => end.ip().to_string(),
        Proto::Tcp | Proto::Udp if end.port() == 0 => ":?".into(),
        Proto::Tcp | Proto::Udp => format!(":{}", end.port()),
    };
    match flow.peer {
        Some(peer) => format!("{} {} {ARROW} {}", flow.proto, end(flow.local), end(peer)),
        None => format!("{} {}", flow.proto, end(flow.local)),
    }
}

/// One end of a packet in at most so many columns, if possible.
pub(super) fn address(proto: Proto, end: SocketAddr, columns: u16) -> String {
    if end.port() == 0 { proto.address(end) } else { fit(end, columns) }
}

/// The label of a packet: the flags that matter, the numbers that go with them, and the payload.
pub(super) fn label(ctx: &DrawContext, packet: &PacketSummary) -> String {
    if let Some(icmp) = &packet.icmp {
        return format!("{} {icmp}", packet.protocol());
    }
    let Some(tcp) = &packet.tcp else { return carried(ctx, packet) };
    let control = tcp.flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST));
    let ack = tcp.flags.has(Flags::ACK).then(|| number(tcp.ack_rel, tcp.ack));
    let mut parts = Vec::new();
    if control {
        // Every segment after the first SYN acknowledges something, so a FIN's ACK is not mentioned.
        let flags = if tcp.flags.has(Flags::FIN) { Flags::FIN } else { tcp.flags };
        parts.push(flags.to_string());
        parts.push(format!("seq {}", number(tcp.seq_rel, tcp.seq)));
        parts.extend(ack.map(|ack| format!("ack {ack}")));
    } else if packet.payload.len == 0 {
        parts.push(tcp.flags.to_string());
        parts.extend(ack.map(|ack| ack.to_string()));
    }
    if packet.payload.len > 0 {
        parts.push(carried(ctx, packet));
    }
    parts.join(" ")
}

/// Details for where there is room: numbers, window, options.
pub(super) fn more(packet: &PacketSummary) -> String {
    let Some(tcp) = &packet.tcp else { return String::new() };
    let plain = !tcp.flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST));
    let mut parts = Vec::new();
    if plain {
        parts.push(format!("seq {}", number(tcp.seq_rel, tcp.seq)));
        if tcp.flags.has(Flags::ACK) && packet.payload.len > 0 {
            parts.push(format!("ack {}", number(tcp.ack_rel, tcp.ack)));
        }
    }
    let unscaled = if packet.findings.has(Finding::ScaleUnknown) { "?" } else { "" };
    parts.push(format!("win {}{unscaled}", tcp.window));
    parts.extend(options(tcp));
    parts.join(" ")
}

/// The options other than timestamps, which are in every segment.
fn options(tcp: &Segment) -> impl Iterator<Item = String> {
    tcp.options.iter().filter(|option| !matches!(option, TcpOption::Timestamps(..))).map(TcpOption::to_string)
}

/// The relative number where it is known; the one in the packet otherwise.
fn number(relative: Option<u32>, raw: u32) -> u32 {
    relative.unwrap_or(raw)
}

/// `12 B "Hello, world"`.
fn carried(ctx: &DrawContext, packet: &PacketSummary) -> String {
    let payload = &packet.payload;
    let bytes = ctx.text.numbers.bytes(payload.len as u64);
    if payload.text.is_empty() { bytes } else { format!("{bytes} \"{}\"", glyphs::excerpt(payload)) }
}

/// Whether it is a retransmission, and each finding in a word or two, without those that every loopback packet has.
pub(super) fn findings(ctx: &DrawContext, packet: &PacketSummary) -> Vec<String> {
    let texts = &ctx.text.packets;
    let news = packet.findings.iter().filter(|finding| finding.is_news()).map(|finding| (texts.finding)(finding));
    packet.retransmission_of.map(texts.again).into_iter().chain(news).collect()
}

/// A finding explained. Bytes that were acknowledged arrived whole, whatever their checksum was when they were captured.
pub(super) fn says(traffic: &Traffic<'_>, ctx: &DrawContext, packet: &PacketSummary, finding: &Finding) -> String {
    if *finding == Finding::ChecksumBad && traffic.is_acknowledged(packet) {
        return ctx.text.packets.filled_in_later.into();
    }
    (ctx.text.packets.says)(finding)
}
