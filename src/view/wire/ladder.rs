//! The packets between the hosts, one below the other, with the states of both ends beside them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};

use super::{directions, flight, pointer};
use crate::domain::ClientPlan;
use crate::domain::keys::{Action, LabAction, WireAction};
use crate::domain::{Cause, Flow, HostId, TcpState, Transition};
use crate::model::presenter::WirePart;
use crate::model::wire::{Forecast, PacketOnWire, WireChange, WireRung, forecast};
use crate::model::{Model, presenter};
use crate::text::ForecastText;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::line_writer::{LineWriter, paragraph, width, wrap};
use crate::view::{glyphs, keys};

/// The columns of a state: the longest is ESTABLISHED.
const STATE: u16 = 11;
/// The mark of the selection and a blank.
const MARK: u16 = 2;

/// Draws the ladder. With `with_directions` its frame says how each direction is treated.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, with_directions: bool, buf: &mut Buffer) {
    let words = &ctx.text.wire;
    let wire = &model.worlds.shown().wire;
    // Beside the title and the rules.
    let room = area.width.saturating_sub(width(words.title) + 8);
    let treated = if with_directions { directions::line(model, ctx, room) } else { String::new() };
    let shown = window(model, ctx, middle_part(ctx.inside(area)));
    let below = wire.rungs().len() - shown.end;
    let foot = foot(model, ctx, below);
    // The lesson has the focus until a packet is selected.
    let taught = model.worlds.shown().playing.is_some() && model.ui.wire.packet.is_none();
    let focused = model.ui.wire.part == WirePart::Packets && !taught;
    let frame = PaneFrame { title: words.title, count: &treated, foot: &foot, focused, ..PaneFrame::default() };
    let inside = middle_part(ctx.pane(&frame, area, buf));
    if wire.rungs().iter().all(|rung| matches!(rung, WireRung::Change(_))) {
        empty(model, ctx, inside, buf);
        return;
    }
    let several = several(model, shown.clone());
    let mut row = 0;
    for at in shown {
        if row >= inside.height {
            break;
        }
        let rung = &wire.rungs()[at];
        let place = Rect { y: inside.y + row, height: inside.height - row, ..inside };
        row += match rung {
            WireRung::Packet(number) => match wire.packet(*number) {
                Some(on) => packet(model, ctx, on, several, place, buf),
                None => 0,
            },
            WireRung::Change(_) if is_folded(model, at) => 0,
            WireRung::Change(remark) => change(ctx, remark, listeners(model, at), place, buf),
        };
    }
}

fn empty(model: &Model, ctx: &DrawContext, inside: Rect, buf: &mut Buffer) {
    let server = model.worlds.shown().servers.get(model.ui.server);
    let server = server.map_or_else(String::new, |server| format!("{} {}", server.spec.name, server.addr()));
    let words = &ctx.text.wire;
    let sentence = if model.worlds.shown().playing.is_some() {
        words.empty_in_lesson.to_owned()
    } else {
        (words.empty)(&keys::first(Action::Lab(LabAction::Spawn(ClientPlan::Stay)), ctx.text), &server)
    };
    let inside = inside.inner(Margin::new(1, 1));
    let rows = paragraph(&sentence, ctx.theme.text, inside, buf);
    if presenter::offers_scenario(model)
        && let Some(first) = model.lessons.cards.first()
    {
        let key = keys::first(Action::Wire(WireAction::Open), ctx.text);
        let below = Rect { y: inside.y + rows + 1, height: inside.height.saturating_sub(rows + 1), ..inside };
        paragraph(&(words.offer)(&key, first.title.lang(ctx.lang)), ctx.theme.text, below, buf);
    }
}

fn foot(model: &Model, ctx: &DrawContext, below: usize) -> String {
    let words = &ctx.text.wire;
    let wire = &model.worlds.shown().wire;
    let short = model.worlds.shown().clients.short;
    let parts = [
        model.ui.wire.from.map(|from| (words.only)(from).to_owned()),
        wire.missing.map(words.missing),
        short.map(|short| (ctx.text.clients.short)(short.made, short.asked, short.errno)),
        (below > 0).then(|| format!("↓ {below}")),
        (!wire.folding).then(|| words.unfolded.to_owned()),
        (wire.unlisted > 0).then(|| (words.unlisted)(&ctx.text.numbers.count(wire.unlisted), wire.unlisted)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(glyphs::SEPARATOR)
}

/// The longest arrow.
const ARROW: u16 = 100;

/// The part of the pane that the ladder takes: arrows that are too long are hard to follow.
fn middle_part(inside: Rect) -> Rect {
    let width = inside.width.min(MARK + STATE + 1 + ARROW + STATE + 2);
    Rect { x: inside.x + (inside.width - width) / 2, width, ..inside }
}

/// How many lines the ladder needs inside a frame as wide as this, counted up to `most`.
pub(super) fn needs(model: &Model, ctx: &DrawContext, columns: u16, most: u16) -> u16 {
    let rungs = model.worlds.shown().wire.rungs();
    let width = middle_part(Rect::new(0, 0, columns, 1)).width;
    let mut lines = 0;
    for at in (0..rungs.len()).rev() {
        lines += self::lines(model, ctx, at, width);
        if lines >= most {
            break;
        }
    }
    lines.max(2)
}

/// How many lines a rung takes.
fn lines(model: &Model, ctx: &DrawContext, at: usize, columns: u16) -> u16 {
    let wire = &model.worlds.shown().wire;
    match &wire.rungs()[at] {
        WireRung::Packet(number) => wire.packet(*number).map_or(0, |on| height(model, ctx, on, columns)),
        WireRung::Change(_) => u16::from(!is_folded(model, at)),
    }
}

/// Whether this rung says that a server began to listen.
fn begins_to_listen(model: &Model, at: usize) -> bool {
    let rung = model.worlds.shown().wire.rungs().get(at);
    let begins = |change: &Transition| (change.from, change.to) == (TcpState::Closed, TcpState::Listen);
    matches!(rung, Some(WireRung::Change((_, Some(HostId::Server), change, _))) if begins(change))
}

/// Whether it shares its line with the next one: servers that begin to listen one after the other.
fn is_folded(model: &Model, at: usize) -> bool {
    begins_to_listen(model, at) && begins_to_listen(model, at + 1)
}

/// How many servers began to listen up to this rung, one after the other.
fn listeners(model: &Model, at: usize) -> usize {
    (0..=at).rev().take_while(|at| begins_to_listen(model, *at)).count()
}

/// The rungs that fit: the latest, or those around the packet that the keys act on, or that a lesson speaks of.
fn window(model: &Model, ctx: &DrawContext, inside: Rect) -> std::ops::Range<usize> {
    let rungs = model.worlds.shown().wire.rungs();
    let lines = |at: usize| lines(model, ctx, at, inside.width);
    // Backwards from `end` as far as there is room.
    let back = |end: usize, room: u16| {
        let mut start = end;
        let mut used = 0;
        while start > 0 && used + lines(start - 1) <= room {
            start -= 1;
            used += lines(start);
        }
        start
    };
    let tail = back(rungs.len(), inside.height);
    let anchor = model.ui.wire.packet.or_else(|| pointer::packet(model)).or_else(|| presenter::target(model));
    let anchor = anchor.and_then(|number| rungs.iter().rposition(|rung| *rung == WireRung::Packet(number)));
    let start = match anchor {
        Some(at) if at < tail => back(at, inside.height / 3),
        _ => tail,
    };
    let mut end = start;
    let mut used = 0;
    while end < rungs.len() && used < inside.height {
        used += lines(end);
        end += 1;
    }
    start..end
}

/// Whether the visible packets belong to more than one conversation.
fn several(model: &Model, shown: std::ops::Range<usize>) -> bool {
    let wire = &model.worlds.shown().wire;
    let mut conversations = wire.rungs().range(shown).filter_map(|rung| match rung {
        WireRung::Packet(number) => wire.packet(*number).map(|packet| presenter::of_client(&packet.packet.flow)),
        WireRung::Change(_) => None,
    });
    let first = conversations.next();
    conversations.any(|other| Some(other) != first)
}

fn opens(packet: &PacketOnWire) -> Option<&Transition> {
    packet.left.first().filter(|change| change.from == TcpState::Closed)
}

fn height(model: &Model, ctx: &DrawContext, packet: &PacketOnWire, columns: u16) -> u16 {
    let text = forecast_text(model, ctx, packet)
        .map_or(0, |text| wrap(&text, columns.saturating_sub(FORECAST_INDENT + 1)).len());
    1 + u16::from(opens(packet).is_some()) + u16::try_from(text).unwrap_or(0)
}

/// Where the forecast begins.
const FORECAST_INDENT: u16 = MARK + 2;

/// Draws a packet; returns how many lines it took.
fn packet(model: &Model, ctx: &DrawContext, on: &PacketOnWire, several: bool, area: Rect, buf: &mut Buffer) -> u16 {
    let theme = &ctx.theme;
    let target = presenter::target(model) == Some(on.packet.number);
    let selected = model.ui.wire.packet == Some(on.packet.number);
    let mut row = 0;
    if let Some(before) = opens(on) {
        beginning(model, ctx, on, before, area, buf);
        row += 1;
    }
    let line = Rect { y: area.y + row, height: area.height.saturating_sub(row).min(1), ..area };
    let mut writer = LineWriter::on(buf, line, 0);
    writer.cell(if selected || target { glyphs::SELECTED } else { " " }, MARK, theme.newest);
    let left = on.left.last().map(|change| change.to);
    let brought = on.brought.iter().rev().find(|(host, _)| *host == on.from.other()).map(|(_, change)| change.to);
    let (client, server) = if on.from == HostId::Client { (left, brought) } else { (brought, left) };
    states(ctx, client, server, line, buf);
    if line.height > 0 {
        flight::draw(model, ctx, on, several, way(on, middle(line)), buf);
    }
    if selected {
        LineWriter::on(buf, line, 0).restyle(line.x, theme.selected);
    }
    row += 1;
    if let Some(text) = forecast_text(model, ctx, on) {
        for text in wrap(&text, area.width.saturating_sub(FORECAST_INDENT + 1)) {
            LineWriter::on(buf, area, row).skip(FORECAST_INDENT).write(text, theme.text);
            row += 1;
        }
    }
    row
}

/// What the wire itself sends begins inside it, where there is room.
const fn way(on: &PacketOnWire, line: Rect) -> Rect {
    if on.answers.is_none() || line.width < 60 {
        return line;
    }
    let width = line.width / 4 * 3;
    match on.from {
        HostId::Client => Rect { x: line.x + line.width - width, width, ..line },
        HostId::Server => Rect { width, ..line },
    }
}

/// The part of a line between the states.
fn middle(line: Rect) -> Rect {
    let side = MARK + STATE + 1;
    Rect { x: line.x + side, width: line.width.saturating_sub(side + STATE + 2), ..line }
}

fn states(ctx: &DrawContext, client: Option<TcpState>, server: Option<TcpState>, line: Rect, buf: &mut Buffer) {
    let mut writer = LineWriter::on(buf, line, 0);
    if let Some(state) = client {
        writer.skip(MARK).cell(state.name(), STATE, ctx.theme.state(state));
    }
    if let Some(state) = server {
        writer.goto(line.right().saturating_sub(STATE + 1)).right(state.name(), STATE, ctx.theme.state(state));
    }
}

/// The line above the first packet of a conversation: the states before it, and both addresses.
fn beginning(model: &Model, ctx: &DrawContext, on: &PacketOnWire, before: &Transition, area: Rect, buf: &mut Buffer) {
    let line = Rect { height: area.height.min(1), ..area };
    let flow = on.packet.flow;
    let listens = |flow: Flow| {
        let there = flow.peer.map(|peer| Flow::unconnected(flow.proto, peer))?;
        model.worlds.shown().table.state(&there)
    };
    let other = on.brought.first().map(|(_, change)| change.from).or_else(|| listens(flow));
    let (client, server) = match on.from {
        HostId::Client => (Some(before.from), other),
        HostId::Server => (other, Some(before.from)),
    };
    states(ctx, client, server, line, buf);
    let Some(peer) = flow.peer else { return };
    let name = model.worlds.shown().servers.at(flow.proto, peer).map_or("", |server| &server.spec.name);
    let title = format!("{} {} {} {name}", flow.local, glyphs::ARROW, peer);
    let middle = middle(line);
    let title = title.trim_end();
    let gap = middle.width.saturating_sub(width(title)) / 2;
    LineWriter::on(buf, middle, 0).skip(gap).write(title, ctx.theme.quiet);
}

/// Draws a state change that no packet carries, or that so many servers began to listen.
fn change(ctx: &DrawContext, (_, host, change, _): &WireChange, listeners: usize, area: Rect, buf: &mut Buffer) -> u16 {
    let line = Rect { height: area.height.min(1), ..area };
    let cause = match change.cause {
        Some(Cause::Call(call)) => format!("{call}()"),
        Some(Cause::Packet(number)) => format!("#{number}"),
        Some(Cause::Timer) => ctx.text.lifecycle.timer.into(),
        Some(Cause::Exit) => ctx.text.lifecycle.exit.into(),
        None => String::new(),
    };
    let port = change.flow.local.port();
    let states_text = format!("{} {} {}", change.from, glyphs::ARROW, change.to);
    let text = if listeners > 1 {
        format!("{}: {states_text}", (ctx.text.wire.listen)(listeners))
    } else {
        format!(":{port} {states_text}  {cause}")
    };
    let text = text.trim_end();
    let middle = middle(line);
    let here = Some(change.to);
    if *host == Some(HostId::Server) {
        states(ctx, None, here, line, buf);
        LineWriter::on(buf, middle, 0).skip(middle.width.saturating_sub(width(text))).write(text, ctx.theme.quiet);
    } else {
        states(ctx, here, None, line, buf);
        LineWriter::on(buf, middle, 0).write(text, ctx.theme.quiet);
    }
    1
}

/// What the next press of the key will do, for the packet that it acts on.
fn forecast_text(model: &Model, ctx: &DrawContext, packet: &PacketOnWire) -> Option<String> {
    if presenter::target(model) != Some(packet.packet.number) || packet.fate.is_in_link() {
        return None;
    }
    let words = &ctx.text.wire;
    let key = keys::first(Action::Wire(WireAction::Next), ctx.text);
    let what = forecast(model.worlds.shown(), packet);
    let verb = match what {
        Forecast::Cut | Forecast::LinkFull => (words.loses)(&key),
        Forecast::TooLarge => (words.delivers)(&key),
        _ if model.worlds.shown().wire.direction(packet.from).takes_time() => (ctx.text.link.enters)(&key),
        _ => (words.delivers)(&key),
    };
    Some(format!("{verb}{}", sentence(&words.forecast, what, packet.from.other())))
}

fn sentence(words: &ForecastText, what: Forecast, to: HostId) -> &'static str {
    match what {
        Forecast::Cut => words.cut,
        Forecast::TooLarge => words.too_large,
        Forecast::LinkFull => words.link_full,
        Forecast::Corrupt => words.corrupt,
        Forecast::Opens => words.opens,
        Forecast::QueueFull => words.queue_full,
        Forecast::Refused => words.refused,
        Forecast::OpensAtOnce => words.opens_at_once,
        Forecast::Answers => words.answers,
        Forecast::Completes => words.completes,
        Forecast::PeerCloses => words.peer_closes,
        Forecast::ClosesInTurn => words.closes_in_turn,
        Forecast::FinAcked => words.fin_acked,
        Forecast::BothClose => words.both_close,
        Forecast::LastFin => words.last_fin,
        Forecast::BothClosed => words.both_closed,
        Forecast::Over => words.over,
        Forecast::Reset => words.reset,
        Forecast::ResetOpening => words.reset_opening,
        Forecast::ResetHalfOpen => words.reset_half_open,
        Forecast::RstChallenged => words.rst_challenged,
        Forecast::RstOutside => words.rst_outside,
        Forecast::SynChallenged => words.syn_challenged,
        Forecast::AcksUnsent => words.acks_unsent,
        Forecast::OldClock => words.old_clock,
        Forecast::Data => words.data,
        Forecast::AfterClose => words.after_close,
        Forecast::Acks => words.acks,
        Forecast::Gap => words.gap,
        Forecast::Old => words.old,
        Forecast::Datagram => words.datagram,
        Forecast::NoPort => words.no_port,
        Forecast::Unreachable => words.unreachable,
        Forecast::Arrives => (words.arrives)(to),
    }
}
