//! A packet's label, as long as fits.

use std::fmt::Write as _;

use crate::domain::{Finding, Flags, Flow, PacketSummary};
use crate::model::presenter;
use crate::model::wire::PacketOnWire;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::width;

/// The number and the kind of a packet, as sentences name it: `#3 SYN+ACK`, `#4 PSH+ACK 12 B`.
pub(super) fn name(packet: &PacketSummary) -> String {
    let mut name = format!("#{} {}", packet.number, packet.label());
    if packet.payload.len > 0 && packet.icmp.is_none() {
        let _ = write!(name, " {} B", packet.payload.len);
    }
    name
}

/// A packet's label in at most so many columns; at least its name, even if that is longer.
pub(super) fn of(ctx: &DrawContext, packet: &PacketOnWire, several: bool, columns: u16) -> String {
    let summary = &packet.packet;
    let port = if several { port(&summary.flow) } else { String::new() };
    let full = format!("{port}{}", name(summary));
    // The flags of a plain data segment are the first to be left out.
    let plain = summary.tcp.as_ref().is_some_and(|tcp| {
        summary.payload.len > 0 && !tcp.flags.any(Flags(Flags::SYN.0 | Flags::FIN.0 | Flags::RST.0))
    });
    let marks = marks(ctx, packet);
    let marked: u16 = marks.iter().map(|mark| width(mark) + 1).sum();
    let mut label = if plain && width(&full) + marked > columns {
        format!("{port}#{} {} B", summary.number, summary.payload.len)
    } else {
        full
    };
    // The most useful first.
    let mut optional: Vec<String> = marks;
    if let Some(icmp) = summary.icmp {
        optional.push(icmp.to_string());
    } else if summary.payload.len > 0 {
        optional.push(format!("\"{}\"", glyphs::excerpt(&summary.payload)));
    }
    if let Some(tcp) = &summary.tcp {
        let relative = |number: Option<u32>, raw: u32| number.unwrap_or(raw).to_string();
        optional.push(format!("seq={}", relative(tcp.seq_rel, tcp.seq)));
        if tcp.flags.has(Flags::ACK) {
            optional.push(format!("ack={}", relative(tcp.ack_rel, tcp.ack)));
        }
        if tcp.window > 0 {
            optional.push(format!("win={}", tcp.window));
        }
        optional.extend(tcp.options.iter().map(|option| option.to_string().replacen(' ', "=", 1)));
    }
    for part in optional {
        if width(&label) + 1 + width(&part) <= columns {
            label = format!("{label} {part}");
        }
    }
    label
}

/// What is unusual about the packet, the most important first.
fn marks(ctx: &DrawContext, packet: &PacketOnWire) -> Vec<String> {
    let words = &ctx.text.wire;
    let again = packet.packet.retransmission_of.filter(|of| *of != packet.packet.number);
    let zero = packet.packet.tcp.as_ref().is_some_and(|tcp| tcp.window == 0 && !tcp.flags.any(Flags::RST));
    [
        packet.corrupted.then(|| format!("({})", words.damaged)),
        packet
            .packet
            .findings
            .has(Finding::EmptyProbe)
            .then(|| format!("({})", (ctx.text.packets.finding)(&Finding::EmptyProbe))),
        zero.then(|| "win=0!".into()),
        packet.copy_of.map(|number| format!("({})", (words.copy_of)(number))),
        again.map(|number| format!("({})", (words.resent_of)(number))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The client's port, which distinguishes the conversation from others.
fn port(flow: &Flow) -> String {
    format!(":{} ", presenter::of_client(flow).local.port())
}
