//! A packet's label, as long as fits.

use std::fmt::Write as _;

use crate::domain::{Finding, Flags, Flow, PacketSummary};
use crate::model::presenter;
use crate::model::wire::PacketOnWire;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::{head, width};

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
    let numbers: Vec<String> = summary.tcp.as_ref().map_or_else(Vec::new, |tcp| {
        let relative = |number: Option<u32>, raw: u32| number.unwrap_or(raw).to_string();
        let ack = tcp.flags.has(Flags::ACK).then(|| format!("ack={}", relative(tcp.ack_rel, tcp.ack)));
        [Some(format!("seq={}", relative(tcp.seq_rel, tcp.seq))), ack].into_iter().flatten().collect()
    });
    let marked = total(&marks) + total(&numbers);
    let mut label = if plain && width(&full) + marked > columns {
        format!("{port}#{} {} B", summary.number, summary.payload.len)
    } else {
        full
    };
    // The most useful first: what the kernels go by, then what the programs say.
    let mut optional: Vec<String> = summary.icmp.map(|icmp| icmp.to_string()).into_iter().chain(marks).collect();
    let says = if summary.icmp.is_none() && summary.payload.len > 0 {
        glyphs::excerpt(&summary.payload)
    } else {
        String::new()
    };
    if let Some(tcp) = &summary.tcp {
        optional.extend(numbers);
        if !says.is_empty() {
            optional.push(quoted(&says, columns.saturating_sub(width(&label) + total(&optional) + 1)));
        }
        if tcp.window > 0 {
            optional.push(format!("win={}", tcp.window));
        }
        optional.extend(tcp.options.iter().map(|option| option.to_string().replacen(' ', "=", 1)));
    }
    if summary.tcp.is_none() && !says.is_empty() {
        optional.push(quoted(&says, columns.saturating_sub(width(&label) + total(&optional) + 1)));
    }
    // A part that does not fit is left out with a sign that there is more.
    let last = optional.len().saturating_sub(1);
    for (at, part) in optional.into_iter().enumerate() {
        let sign = if at == last { 0 } else { 1 + width(glyphs::ELLIPSIS) };
        if width(&label) + 1 + width(&part) + sign > columns {
            if width(&label) + 1 + width(glyphs::ELLIPSIS) <= columns {
                label = format!("{label} {}", glyphs::ELLIPSIS);
            }
            break;
        }
        label = format!("{label} {part}");
    }
    label
}

/// How many columns these parts take, each with a blank before it.
fn total(parts: &[String]) -> u16 {
    parts.iter().map(|part| width(part) + 1).sum()
}

/// What a packet says, between quotes, cut to so many columns as long as some of it is left.
fn quoted(says: &str, columns: u16) -> String {
    const LEAST: u16 = 4;
    let room = columns.saturating_sub(2 + width(glyphs::ELLIPSIS));
    if width(says) + 2 <= columns || room < LEAST {
        return format!("\"{says}\"");
    }
    format!("\"{}{}\"", head(says, room), glyphs::ELLIPSIS)
}

/// What is unusual about the packet, the most important first.
fn marks(ctx: &DrawContext, packet: &PacketOnWire) -> Vec<String> {
    let words = &ctx.text.wire;
    let again = packet.packet.retransmission_of.filter(|of| *of != packet.packet.number);
    let zero = packet.packet.tcp.as_ref().is_some_and(|tcp| tcp.window == 0 && !tcp.flags.any(Flags::RST));
    let mark = |finding: Finding, word: &str| packet.packet.findings.has(finding).then(|| word.to_owned());
    [
        mark(Finding::Forged, words.forged),
        mark(Finding::Altered, words.altered),
        packet.corrupted.then(|| format!("({})", words.damaged)),
        packet
            .packet
            .findings
            .has(Finding::EmptyProbe)
            .then(|| format!("({})", (ctx.text.packets.finding)(&Finding::EmptyProbe))),
        zero.then(|| "win=0!".into()),
        packet.marked.then(|| format!("({})", ctx.text.link.marked)),
        packet.overtook.then(|| format!("({})", ctx.text.link.overtook)),
        packet.answers.map(|number| format!("({})", (ctx.text.link.from_wire)(number))),
        packet.copy_of.map(|number| format!("({})", (words.copy_of)(number))),
        again.map(|number| format!("({})", (words.resent_of)(number))),
        // On a packet that is held, the status says it.
        (packet.folded > 0 && !packet.fate.is_open()).then(|| format!("({})", (words.sent_again)(packet.folded))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The client's port, which distinguishes the conversation from others.
fn port(flow: &Flow) -> String {
    format!(":{} ", presenter::of_client(flow).local.port())
}
