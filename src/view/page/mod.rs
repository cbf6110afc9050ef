//! A connection's page.
//!
//! ```text
//! ┌ Connection · #4 ↔ threaded ─────────────────────────────────────┐
//! │ one connection = ( tcp, address, port, address, port )          │
//! │ #4 address                     │ threaded address               │  each end as it is now
//! │ state, queues, timer           │ state, queues, timer           │
//! ├─────────────────────────────────────────────────────────────────┤
//! │ time   since   ◆ → SYN_SENT    │                                │  what happened to each,
//! │ time   since                   │ ◆ → SYN_RECV                   │  in one column of time
//! ├─────────────────────────────────────────────────────────────────┤
//! │ TCP_INFO of one end: values and what they mean                  │
//! └─────────────────────────────────────────────────────────────────┘
//! ```

mod history;
mod info;

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw_context::{DrawContext, PaneFrame};
use super::line_writer::{LineWriter, fit, paragraph, wrap};
use super::{areas, client_status, glyphs, names, netstat};
use crate::domain::{Flow, Proto, TcpState};
use crate::model::Model;
use crate::model::connection_end::ConnectionEnd;
use crate::model::page::ConnectionPage;

/// The parts of the page, inside its frame.
struct PageLayout {
    pair: Rect,
    ends: Rect,
    first_rule: Rect,
    history: Rect,
    second_rule: Rect,
    info: Rect,
}

fn parts<'a>(
    model: &'a Model,
    ctx: &DrawContext,
    page: &ConnectionPage,
    whole: bool,
    area: Rect,
) -> (PageLayout, history::ConnectionHistory<'a>) {
    let inside = ctx.inside(area);
    // The kernel is asked about the connection of a whole page only.
    let needed = if whole { info::height(model, ctx, page, inside) } else { 0 };
    let info = needed.min(inside.height / 2);
    let second_rule = u16::from(whole);
    let pair = u16::try_from(wrap(&pair(ctx, page), inside.width.saturating_sub(2)).len()).unwrap_or(1);
    let fixed = pair + 3 + 1 + second_rule + info;
    let story = history::ConnectionHistory::of(model, ctx, page, inside.width);
    let needs = [u16::try_from(story.len()).unwrap_or(u16::MAX), needed];
    let [history, info] = areas::settle([inside.height.saturating_sub(fixed), info], needs, [0, 1]);
    let [pair, ends, first_rule, history, second_rule, info] =
        areas::rows(inside, [pair, 3, 1, history, second_rule, info]);
    (PageLayout { pair, ends, first_rule, history, second_rule, info }, story)
}

/// The last line that the history may begin with in this area.
pub(super) fn reach(model: &Model, area: Rect) -> usize {
    let ctx = DrawContext::of(model, super::ColorDepth::Mono);
    let Some(page) = &model.ui.page else { return 0 };
    let (parts, story) = parts(model, &ctx, page, true, area);
    story.len().saturating_sub(usize::from(parts.history.height))
}

/// Draws the page.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    if let Some(page) = &model.ui.page {
        draw(model, ctx, page, true, area, buf);
    }
}

/// Draws the connection beside the lab's panes.
pub(super) fn render_beside(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    if let Some(page) = &model.beside {
        draw(model, ctx, page, false, area, buf);
    }
}

fn draw(model: &Model, ctx: &DrawContext, page: &ConnectionPage, focused: bool, area: Rect, buf: &mut Buffer) {
    let (parts, history) = parts(model, ctx, page, focused, area);
    let last = history.len().saturating_sub(usize::from(parts.history.height));
    let from = page.from.unwrap_or(last).min(last);
    let seen = format!("{}/{}", (from + usize::from(parts.history.height)).min(history.len()), history.len());
    let title = title(model, ctx, page);
    let foot = if last > 0 && focused { ctx.text.page.scroll } else { "" };
    ctx.pane(
        &PaneFrame { title: &title, count: if last > 0 { &seen } else { "" }, foot, focused, ..PaneFrame::default() },
        area,
        buf,
    );
    paragraph(&pair(ctx, page), ctx.theme.title, parts.pair, buf);
    let [left, right] = history::halves(parts.ends, 1);
    for (end, half) in [(ConnectionEnd::Client, left), (ConnectionEnd::Server, right)] {
        if let Some(flow) = page.end(end) {
            now(model, ctx, &flow, end, half, buf);
        }
    }
    for rule in [parts.first_rule, parts.second_rule] {
        let line = glyphs::RANGE_LINE.repeat(usize::from(rule.width));
        LineWriter::on(buf, rule, 0).write(&line, ctx.theme.border);
    }
    history.render(model, ctx, from, parts.history, buf);
    if focused {
        info::render(model, ctx, page, parts.second_rule, parts.info, buf);
    }
}

/// The kind of socket that the page is about, and the names of its ends.
fn title(model: &Model, ctx: &DrawContext, page: &ConnectionPage) -> String {
    let words = &ctx.text.page;
    match (page.flow.proto, page.end(ConnectionEnd::Server)) {
        (_, Some(server)) => {
            let [one, other] = [(page.flow, ConnectionEnd::Client), (server, ConnectionEnd::Server)]
                .map(|(flow, end)| name(model, ctx, &flow, end));
            format!("{} {} {one} {} {other}", words.title, glyphs::DOT, glyphs::BOTH)
        }
        (Proto::Tcp, None) => {
            format!("{} {} {}", words.listener, glyphs::DOT, name(model, ctx, &page.flow, ConnectionEnd::Server))
        }
        (Proto::Udp | Proto::Icmp, None) => {
            format!("{} {} {}", words.socket, glyphs::DOT, name(model, ctx, &page.flow, ConnectionEnd::Client))
        }
    }
}

/// The name of the end's owner.
fn name<'a>(model: &'a Model, ctx: &DrawContext, flow: &Flow, end: ConnectionEnd) -> Cow<'a, str> {
    if let Some(server) = model.worlds.shown().server_of(flow, model.now) {
        return Cow::from(&server.spec.name);
    }
    if let Some(client) = model.worlds.shown().clients.by_flow(flow).filter(|client| client.local == Some(flow.local)) {
        return names::long(ctx, client);
    }
    let process = model.worlds.shown().table.of(flow).and_then(|entry| entry.row.process.as_ref());
    process.map_or_else(
        || match end {
            ConnectionEnd::Client => ctx.text.page.client.into(),
            ConnectionEnd::Server => ctx.text.page.server.into(),
        },
        |process| Cow::from(&process.name),
    )
}

/// The address pair, spelled out: what makes this connection this one.
fn pair(ctx: &DrawContext, page: &ConnectionPage) -> String {
    let flow = &page.flow;
    let Some(peer) = flow.peer else { return format!("{} {}", flow.proto, flow.local) };
    let ours = flow.local;
    let theirs = peer;
    let tuple = format!("( {}, {}, {}, {}, {} )", flow.proto, ours.ip(), ours.port(), theirs.ip(), theirs.port());
    format!("{} = {tuple}", ctx.text.ports.one_connection)
}

/// One end as it is now: its owner and address, its state, queues and timer.
fn now(model: &Model, ctx: &DrawContext, flow: &Flow, end: ConnectionEnd, area: Rect, buf: &mut Buffer) {
    let theme = &ctx.theme;
    let words = &ctx.text.page;
    let host = if end == ConnectionEnd::Client { theme.host.client } else { theme.host.server };
    let entry = model.worlds.shown().table.of(flow);
    let mut writer = LineWriter::on(buf, area, 0);
    let owner = name(model, ctx, flow, end);
    writer.write(&owner, host).skip(2);
    writer.write(&fit(flow.local, writer.room()), host);
    if let Some(process) = entry.and_then(|entry| entry.row.process.as_ref()) {
        writer.skip(2).write_whole(&format!("{}/{}", process.pid, process.name), theme.quiet);
    }
    let mut writer = LineWriter::on(buf, area, 1);
    match client_status::end(model, flow) {
        Some((state, evidence)) => {
            ctx.evidence(&mut writer, evidence);
            writer.skip(1).write(state.name(), theme.state(state)).skip(2);
        }
        None if flow.proto == Proto::Udp => _ = writer.write(ctx.text.clients.no_state, theme.quiet).skip(2),
        None if model.worlds.shown().histories.history(flow).is_empty() => {
            _ = writer.write(words.elsewhere, theme.quiet);
        }
        None => _ = writer.write(words.not_known, theme.quiet),
    }
    let Some(entry) = entry else { return };
    let queue = |number: Option<u32>| number.map_or_else(|| glyphs::DASH.into(), |number| number.to_string());
    let style = if entry.row.state == Some(TcpState::Listen) { theme.title } else { theme.text };
    writer.write(&format!("Recv-Q {}  Send-Q {}", queue(entry.row.recv_q), queue(entry.row.send_q)), style);
    let (timer, style) = netstat::timer(model, ctx, entry);
    let mut writer = LineWriter::on(buf, area, 2);
    writer.write(&timer, style);
    if let Some(control) = netstat::control(ctx, &entry.row) {
        writer.skip(if timer.is_empty() { 0 } else { 2 }).write_whole(&control, theme.quiet);
    }
}
