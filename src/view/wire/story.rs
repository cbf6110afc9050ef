//! What just happened, in plain sentences.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::label::name;
use crate::domain::{Cause, Flags, HostId, KernelVerdict, Note, PacketSummary, Proto, Transition};
use crate::model::Model;
use crate::model::clients::ShortBurst;
use crate::model::wire::{PacketOnWire, WireFact, WireState};
use crate::text::Resent;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::line_writer::{LineWriter, width, wrap_pieces};
use crate::view::{glyphs, graph};

/// Draws the box.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.wire;
    let inside = ctx.pane(&PaneFrame { title: words.story, ..PaneFrame::default() }, area, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let sentences = sentences(model, ctx);
    // If not everything fits, calls are left out first, then the meanings of earlier changes.
    let forms = [Weight::Call, Weight::Meaning, Weight::Fact].map(|least| pieces(&sentences, least));
    let fits = |pieces: &&Vec<(String, Style)>| wrap_pieces(pieces, inside.width).len() <= usize::from(inside.height);
    let mut pieces = forms.iter().find(fits).unwrap_or(&forms[2]).clone();
    if pieces.is_empty() {
        pieces.push((words.story_none.into(), ctx.theme.quiet));
    }
    // The newest lines stay, and a sign stands before them.
    let fits = |lines: &[_]| lines.len() <= usize::from(inside.height);
    let all = wrap_pieces(&pieces, inside.width);
    let sign = if fits(&all) { "" } else { glyphs::ELLIPSIS };
    let indent = if sign.is_empty() { 0 } else { width(sign) + 1 };
    let lines = if sign.is_empty() { all } else { wrap_pieces(&pieces, inside.width.saturating_sub(indent)) };
    let cut = lines.len().saturating_sub(inside.height.into());
    for (row, line) in (0..inside.height).zip(lines.into_iter().skip(cut)) {
        let mut writer = LineWriter::on(buf, inside, row);
        writer.cell(if row == 0 { sign } else { "" }, indent, ctx.theme.quiet);
        for (text, style) in line {
            writer.write(text, style);
        }
    }
}

/// How many lines it needs inside a frame as wide as this.
pub(super) fn needs(model: &Model, ctx: &DrawContext, columns: u16) -> u16 {
    let all = pieces(&sentences(model, ctx), Weight::Call);
    u16::try_from(wrap_pieces(&all, columns.saturating_sub(4)).len()).unwrap_or(u16::MAX / 2)
}

/// How important a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// A call that worked: states and packets show the same.
    Call,
    /// The meaning of a change, unless it is the last.
    Meaning,
    /// What happened.
    Fact,
}

/// A sentence in pieces, with its weight.
type Sentence = (Weight, Vec<(String, Style)>);

fn pieces(sentences: &[Sentence], least: Weight) -> Vec<(String, Style)> {
    sentences.iter().filter(|(weight, _)| *weight >= least).flat_map(|(_, pieces)| pieces.clone()).collect()
}

/// What a change of state means, if there is something to say.
fn meaning(ctx: &DrawContext, wire: &WireState, change: &Transition) -> Option<&'static str> {
    let is_forged = |number| wire.packet(number).is_some_and(PacketOnWire::is_forged);
    match change.cause {
        Some(Cause::Packet(number)) if is_forged(number) => Some(ctx.text.wire.by_forged),
        _ => (ctx.text.wire.edge)(change.from, change.to, wire.input_of(change)),
    }
}

fn sentences(model: &Model, ctx: &DrawContext) -> Vec<Sentence> {
    let words = &ctx.text.wire;
    let theme = &ctx.theme;
    let wire = &model.worlds.shown().wire;
    let named = |number: u64| wire.packet(number).map_or_else(|| format!("#{number}"), |packet| name(&packet.packet));
    let from = |number: u64| wire.packet(number).map_or(HostId::Client, |packet| packet.from);
    let flags =
        |number: u64| wire.packet(number).and_then(|on| Some(on.packet.tcp.as_ref()?.flags)).unwrap_or_default();
    let mut sentences: Vec<Sentence> = Vec::new();
    let mut sent: Vec<String> = Vec::new();
    let mut again = None;
    let plain = |text: String| vec![(format!("{text} "), theme.text)];
    for fact in wire.story.facts() {
        if matches!(fact, WireFact::Folded { .. } | WireFact::Resent { .. } | WireFact::Probed(_)) {
            again.get_or_insert(sentences.len());
        }
        let pieces = match fact {
            WireFact::Sent(number) => {
                // Packets that have already moved on are reported below.
                if wire.packet(*number).is_some_and(|packet| packet.fate.is_open() && !packet.is_forged()) {
                    sent.push(named(*number));
                }
                continue;
            }
            WireFact::Short(_) => continue,
            WireFact::Dialing(_) => plain(words.dialing.into()),
            WireFact::Called(host, call) => {
                let len = call.data.as_ref().filter(|_| !call.shut_down).map(|data| data.len);
                match (words.called)(*host, call.call, len, call.result.errno()) {
                    Some(text) => plain(text),
                    None => continue,
                }
            }
            WireFact::Delivered(number) => {
                let to = wire.packet(*number).map_or(HostId::Server, |packet| packet.from.other());
                plain((words.delivered)(&named(*number), to))
            }
            WireFact::Judged(verdict) => plain(judged(ctx, verdict)),
            WireFact::Marked(number) => plain((ctx.text.link.was_marked)(&named(*number))),
            WireFact::Fragmented { packet, into } => plain((ctx.text.link.was_divided)(&named(*packet), *into)),
            WireFact::ToldMtu { packet, answer } => plain((ctx.text.link.was_told)(&named(*answer), &named(*packet))),
            WireFact::Lost(number, why) => {
                sentences.push((Weight::Fact, plain((words.was_lost)(&named(*number), *why))));
                // The wire may have told the sender.
                let silent = !wire.packets().iter().any(|on| on.answers == Some(*number));
                let resent =
                    wire.packet(*number).filter(|_| silent).map(|packet| (words.resent)(resent(&packet.packet)));
                resent.map(|text| plain(text.into())).unwrap_or_default()
            }
            WireFact::Resent { packet, of, why } => {
                plain((words.sent_anew)(&named(*packet), from(*packet), *of, (*why, flags(*packet))))
            }
            WireFact::Probed(packet) => plain((words.probed)(&named(*packet), from(*packet))),
            WireFact::Copied { packet, copy } => plain((words.copied)(&named(*packet), *copy)),
            WireFact::Corrupted(number) => plain((words.corrupted)(&named(*number))),
            WireFact::Injected(number) => plain((words.injected)(&named(*number), from(*number))),
            WireFact::Altered(number) => plain((words.changed)(&named(*number), from(*number))),
            WireFact::Swapped(front, behind) => plain((words.swapped)(&named(*front), &named(*behind))),
            WireFact::Folded { packet, count, after, why } => {
                let after = ctx.text.numbers.short(*after);
                plain((words.folded)(&named(*packet), from(*packet), (*count, &after), (*why, flags(*packet))))
            }
            WireFact::Changed(host, change, _) => {
                sentences.push((Weight::Fact, changed(ctx, *host, change)));
                let meaning = meaning(ctx, wire, change);
                (meaning.map(|text| vec![(format!("{text} "), theme.text)])).unwrap_or_default()
            }
        };
        let weight = match fact {
            WireFact::Called(_, call) if call.result.is_ok() => Weight::Call,
            // What goes on as it should is seen in packets and states as well.
            WireFact::Judged(verdict) if verdict.is_usual() => Weight::Call,
            WireFact::Changed(..) | WireFact::Lost(..) => Weight::Meaning,
            _ => Weight::Fact,
        };
        // Equal sentences appear once, and their meaning after the last of them.
        let before = sentences.iter().position(|(_, other)| *other == pieces);
        match before {
            Some(before) if weight == Weight::Meaning => _ = sentences.remove(before),
            Some(_) => continue,
            None => {}
        }
        sentences.push((weight, pieces));
    }
    if let Some(ShortBurst { asked, made, errno }) = wire.story.facts().find_map(WireFact::short) {
        let text = (ctx.text.note)(&Note::BurstCut { asked, made, errno });
        sentences.insert(0, (Weight::Fact, vec![(format!("{text} "), theme.alarm)]));
    }
    sentences.extend(loopback(model, ctx));
    sentences.extend(timed_out(model, ctx));
    if wire.story.facts().any(|fact| matches!(fact, WireFact::Folded { .. })) {
        sentences.push((Weight::Call, plain(words.fold_note.into())));
    }
    if let Some(last) = sentences.iter_mut().rfind(|(weight, _)| *weight == Weight::Meaning) {
        last.0 = Weight::Fact;
    }
    if let Some(last) = sent.pop() {
        let many = !sent.is_empty();
        let names = if many { format!("{} {} {last}", sent.join(", "), words.and) } else { last };
        // Before the retransmissions that followed.
        let place = again.unwrap_or(sentences.len());
        sentences.insert(place, (Weight::Fact, plain((words.sent)(&names, many))));
    }
    sentences
}

/// What a timeout has left behind at either end of the conversation, also where its retransmission is not listed.
fn timed_out(model: &Model, ctx: &DrawContext) -> Option<Sentence> {
    let text = |host| Some((host, graph::timeout_text(model, ctx, model.end_trace(host)?.latest.as_ref()?)?));
    let (host, text) = [HostId::Client, HostId::Server].into_iter().find_map(text)?;
    let name = (ctx.text.wire.host)(host);
    Some((Weight::Fact, vec![(format!("{name}: {text} "), ctx.theme.text)]))
}

/// What becomes of a program that means a host by `127.0.0.1`, for it is not on the wire.
fn loopback(model: &Model, ctx: &DrawContext) -> Option<Sentence> {
    let words = &ctx.text.wire;
    let world = model.worlds.shown();
    let mut sockets = world.table.rows().filter_map(|(_, entry)| Some((entry.host?, entry.row.flow)));
    let bound = sockets.find(|(_, flow)| flow.peer.is_none() && flow.local.ip().is_loopback());
    let text = match (bound, world.wire.spoke_to_itself()) {
        (Some((host, _)), _) => (words.bound_to_itself)(host),
        (None, Some(host)) => (words.spoke_to_itself)(host),
        (None, None) => return None,
    };
    Some((Weight::Fact, vec![(format!("{text} "), ctx.theme.alarm)]))
}

/// What a kernel did with a packet, and why.
fn judged(ctx: &DrawContext, verdict: &KernelVerdict) -> String {
    let words = &ctx.text.verdict;
    let did = (words.did)(verdict.by, verdict.did, verdict.answer);
    match verdict.why {
        Some(why) => format!("{did}: {}.", (words.why)(why)),
        None => format!("{did}."),
    }
}

fn changed(ctx: &DrawContext, host: HostId, change: &Transition) -> Vec<(String, Style)> {
    let words = &ctx.text.wire;
    let theme = &ctx.theme;
    let who = if host == HostId::Client { theme.host.client } else { theme.host.server };
    let mut pieces = vec![
        (format!("{} :{} ", (words.host)(host), change.flow.local.port()), who),
        (change.from.name().into(), theme.state(change.from)),
        (format!(" {} ", glyphs::ARROW), theme.text),
    ];
    let cause = match change.cause {
        Some(Cause::Call(call)) => Some(format!("({call}). ")),
        Some(Cause::Timer) => Some(format!("({}). ", ctx.text.lifecycle.timer)),
        Some(Cause::Exit) => Some(format!("({}). ", ctx.text.lifecycle.exit)),
        // The packet's arrival was already reported.
        Some(Cause::Packet(_)) | None => None,
    };
    // The full stop stays with the word before it.
    let stop = if cause.is_some() { "" } else { "." };
    pieces.push((format!("{}{stop} ", change.to.name()), theme.state(change.to)));
    pieces.extend(cause.map(|cause| (cause, theme.text)));
    pieces
}

/// Whether and why a lost packet is sent again.
fn resent(packet: &PacketSummary) -> Resent {
    let Some(tcp) = &packet.tcp else { return Resent::Never };
    if packet.flow.proto != Proto::Tcp || packet.icmp.is_some() {
        return Resent::Never;
    }
    if tcp.flags.has(Flags::RST) {
        Resent::Rst
    } else if tcp.takes(packet.payload.len) > 0 {
        Resent::ByTimer
    } else {
        Resent::Ack
    }
}
