//! The first line: the laboratory and its openness, the kinds of evidence, counts, and settings.

use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::draw_context::DrawContext;
use super::line_writer::{LineWriter, head, width};
use super::{glyphs, target};
use crate::domain::{Evidence, WireMode, WorldId};
use crate::model::Model;
use crate::model::ui::{ThemeName, View};

/// One item of the line. Where there is no room, those with the greatest rank are left out first.
struct HeaderItem {
    text: String,
    style: Style,
    rank: u8,
}

/// Draws the line. The count of lost events is never left out.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let mut groups =
        [left(model, ctx, area.width), legend(model, ctx), counts(model, ctx, area.width), settings(model, ctx)];
    while total(&groups) > area.width {
        let worst = groups.iter().flatten().map(|part| part.rank).max().unwrap_or(0);
        if worst == 0 {
            break;
        }
        for group in &mut groups {
            group.retain(|part| part.rank < worst);
        }
    }
    let groups: Vec<_> = groups.into_iter().filter(|group| !group.is_empty()).collect();
    let spare = area.width.saturating_sub(total(&groups));
    let gaps = u16::try_from(groups.len()).unwrap_or(1).saturating_sub(1).max(1);
    let mut writer = LineWriter::on(buf, area, 0);
    writer.skip(1);
    for (at, group) in (0u16..).zip(&groups) {
        if at > 0 {
            // The spare columns are divided among the gaps, the remainder from the left.
            writer.skip(GAP + spare / gaps + u16::from(at <= spare % gaps));
        }
        for (at, part) in group.iter().enumerate() {
            writer.skip(if at > 0 { 2 } else { 0 }).write(&part.text, part.style);
        }
    }
}

const GAP: u16 = 3;

fn total<T: AsRef<[HeaderItem]>>(groups: &[T]) -> u16 {
    let mut sum = 2u16;
    for group in groups.iter().map(AsRef::as_ref).filter(|group| !group.is_empty()) {
        let parts: u16 = group.iter().map(|part| width(&part.text) + 2).sum();
        sum += parts - 2 + GAP;
    }
    sum.saturating_sub(GAP)
}

fn left(model: &Model, ctx: &DrawContext, columns: u16) -> Vec<HeaderItem> {
    let text = &ctx.text.header;
    let theme = &ctx.theme;
    let servers = model.worlds.shown().servers.all();
    let mut parts = vec![HeaderItem { text: "socklab-tui".into(), style: theme.title, rank: 5 }];
    // An open laboratory shows its badge in every view.
    let open = model.worlds.host().servers.are_open();
    let narrow = columns < 80;
    if open {
        let badge = if narrow { text.open.to_owned() } else { format!(" {} ", text.open) };
        parts.push(HeaderItem { text: badge, style: theme.badge, rank: 0 });
    }
    if let Some((text, style)) = target::badge(model, ctx, narrow) {
        parts.push(HeaderItem { text, style, rank: 0 });
    }
    let elsewhere = parts.len() > 1;
    if model.worlds.shown_id() == WorldId::Wire {
        parts.push(HeaderItem { text: wire(model, ctx), style: theme.newest, rank: u8::from(elsewhere) });
    } else if model.worlds.shown().observing {
        parts.push(HeaderItem { text: text.observing.into(), style: theme.alarm, rank: 1 });
    } else if !open && servers.iter().all(|server| is_loopback(server.addr())) {
        if let Some(server) = servers.first() {
            parts.push(HeaderItem { text: server.addr().ip().to_string(), style: theme.host.server, rank: 8 });
        }
        parts.push(HeaderItem { text: text.loopback.into(), style: theme.quiet, rank: 4 });
    }
    match model.ui.view {
        View::Lab | View::Wire => {}
        View::Ports => parts.push(HeaderItem { text: ctx.text.ports.title.into(), style: theme.title, rank: 2 }),
        View::Lessons => {
            parts.push(HeaderItem { text: ctx.text.lessons.list.title.into(), style: theme.title, rank: 2 });
        }
        View::Network => parts.push(HeaderItem { text: ctx.text.network.title.into(), style: theme.title, rank: 2 }),
        View::Packets => {
            if let Some(file) = &model.files.shown {
                let text = format!(" {} {} ", ctx.text.files.file, short(&file.name, if narrow { 24 } else { 48 }));
                parts.push(HeaderItem { text, style: theme.badge, rank: 0 });
            }
            parts.push(HeaderItem { text: ctx.text.packets.title.into(), style: theme.title, rank: 2 });
        }
    }
    parts
}

/// A name cut to `columns`.
fn short(name: &str, columns: u16) -> String {
    if width(name) <= columns { name.into() } else { format!("{}{}", head(name, columns - 1), glyphs::ELLIPSIS) }
}

/// Whether only this machine can reach the address. The wildcard address can be reached from anywhere.
fn is_loopback(addr: SocketAddr) -> bool {
    addr.ip().to_canonical().is_loopback()
}

/// Says that the wire is shown, and how packets cross it.
fn wire(model: &Model, ctx: &DrawContext) -> String {
    let words = &ctx.text.wire;
    let wire = &model.worlds.shown().wire;
    if !wire.is_open() {
        return words.lab.into();
    }
    let hop = |mode| match mode {
        WireMode::Slow { hop } => ctx.text.numbers.tenths(hop),
        WireMode::Step | WireMode::Live => String::new(),
    };
    let mode = wire.mode().map_or_else(|| words.mixed.into(), |mode| words.mode(mode, &hop(mode)));
    format!("{} {} {mode}", words.lab, glyphs::DOT)
}

/// The kinds of evidence. Unavailable ones are struck out, and those not asked for are left out.
fn legend(model: &Model, ctx: &DrawContext) -> Vec<HeaderItem> {
    // A file has packets as its only evidence, whatever is available here.
    let of_file = model.ui.view == View::Packets && model.files.shown.is_some();
    let kinds: &[Evidence] = if of_file { &[Evidence::Packet, Evidence::Inferred] } else { &glyphs::EVIDENCE };
    let known = |kind: Evidence| match (kind, model.worlds.shown().evidence.get(&kind)) {
        _ if of_file => Some(true),
        (Evidence::Called | Evidence::Inferred, _) | (_, Some(Ok(()))) => Some(true),
        (_, Some(Err(_))) => Some(false),
        (_, None) => None,
    };
    let part = |kind: Evidence| {
        let name = (ctx.text.evidence)(kind).name;
        Some(if known(kind)? {
            let style = ctx.theme.evidence(kind);
            HeaderItem { text: format!("{} {name}", glyphs::evidence(kind)), style, rank: 2 }
        } else {
            HeaderItem { text: format!("{} {name}", glyphs::LACKING), style: ctx.theme.lacking, rank: 3 }
        })
    };
    kinds.iter().copied().filter_map(part).collect()
}

fn counts(model: &Model, ctx: &DrawContext, columns: u16) -> Vec<HeaderItem> {
    let text = &ctx.text.header;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let clients = &model.worlds.shown().clients;
    let live = clients.live() - clients.broadcasting();
    let events = model.worlds.shown().events;
    let (lost, missing) = (model.worlds.shown().lost, model.worlds.shown().missing_packets);
    let mut parts = vec![
        HeaderItem { text: (text.clients)(&numbers.count(live as u64), live), style: theme.text, rank: 7 },
        HeaderItem { text: (text.events)(&numbers.count(events), events), style: theme.text, rank: 8 },
    ];
    if lost > 0 {
        parts.push(HeaderItem { text: (text.lost)(&numbers.count(lost), lost), style: theme.alarm, rank: 0 });
    }
    if missing > 0 {
        let number = numbers.count(missing);
        let text = if columns < 80 { (text.missing_short)(&number) } else { (text.missing)(&number, missing) };
        parts.push(HeaderItem { text, style: theme.alarm, rank: 0 });
    }
    parts
}

fn settings(model: &Model, ctx: &DrawContext) -> Vec<HeaderItem> {
    let text = &ctx.text.header;
    let name = match model.ui.theme {
        ThemeName::Dark => text.dark,
        ThemeName::Light => text.light,
        ThemeName::Contrast => text.contrast,
        ThemeName::Mono => text.mono,
    };
    vec![
        HeaderItem { text: ctx.text.code.into(), style: ctx.theme.title, rank: 6 },
        HeaderItem { text: format!("{} {name}", glyphs::THEME), style: ctx.theme.quiet, rank: 9 },
    ]
}
