//! How each direction of the wire is treated.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::link;
use crate::domain::{HostId, PerHost, WireMode};
use crate::model::Model;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width};

/// A direction's line has at least so many columns of line on either side of its words.
const LINE: u16 = 2;

/// A direction in words: how packets are treated with the conditions that fit beside it, and those that do not.
type Treated = (HostId, String, Vec<String>);

/// Draws both directions between the hosts.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    if area.width < 12 {
        return;
    }
    let treated = |host| {
        let cut = u16::from(model.worlds.shown().wire.direction(host).cut);
        let (treated, rest) = treated(model, ctx, host, area.width.saturating_sub(3 + cut + 2 * LINE + 2));
        (host, treated, rest)
    };
    let both: [Treated; 2] = [HostId::Client, HostId::Server].map(treated);
    // The conditions that are left over have a line of their own as long as there is room.
    let mut left = area.height.saturating_sub(4);
    let lines = both.each_ref().map(|(_, _, rest)| {
        let own = left.min(u16::from(!rest.is_empty()));
        left -= own;
        2 + own
    });
    let top = left / 2;
    for ((host, treated, rest), (row, lines)) in both.into_iter().zip([(top, lines[0]), (top + lines[0], lines[1])]) {
        arrow(model, ctx, host, &treated, Rect { y: area.y + row, ..area }, buf);
        let room = area.width.saturating_sub(2);
        if lines > 2 {
            centred(&[(rest.join(glyphs::SEPARATOR), ctx.theme.text)], area, row + 1, buf);
            centred(&details(model, ctx, host, &[], room), area, row + 2, buf);
        } else {
            centred(&details(model, ctx, host, &rest, room), area, row + 1, buf);
        }
    }
}

fn arrow(model: &Model, ctx: &DrawContext, host: HostId, treated: &str, area: Rect, buf: &mut Buffer) {
    let theme = &ctx.theme;
    let style = if host == HostId::Client { theme.host.client } else { theme.host.server };
    let cut = model.worlds.shown().wire.direction(host).cut;
    let treated = format!(" {treated} ");
    // A blank on either side, and the head; a cut direction has a mark at both ends.
    let line = area.width.saturating_sub(width(&treated) + 3 + u16::from(cut)) / 2;
    let dash = glyphs::RANGE_LINE.repeat(usize::from(line));
    let (before, after) = match (host, cut) {
        (_, true) => (glyphs::LACKING, glyphs::LACKING),
        (HostId::Client, false) => ("", glyphs::RIGHT),
        (HostId::Server, false) => (glyphs::LEFT, ""),
    };
    let mut writer = LineWriter::on(buf, area, 0);
    writer.skip(1).write(before, style).write(&dash, style).write(&treated, theme.title);
    writer.write(&dash, style).write(after, style);
}

fn centred(pieces: &[(String, Style)], area: Rect, row: u16, buf: &mut Buffer) {
    let columns: u16 = pieces.iter().map(|(text, _)| width(text)).sum();
    let mut writer = LineWriter::on(buf, area, row);
    writer.skip(area.width.saturating_sub(columns) / 2);
    for (text, style) in pieces {
        writer.write(text, *style);
    }
}

/// How packets are treated, and as many conditions of the link as fit; the others are the rest.
fn treated(model: &Model, ctx: &DrawContext, host: HostId, room: u16) -> (String, Vec<String>) {
    let marked = model.ui.wire.from == Some(host);
    let mut treated = format!("{}{}", if marked { glyphs::SELECTED } else { "" }, mode(model, ctx, host));
    let mut conditions = link::conditions(model, ctx, host).into_iter().peekable();
    while let Some(next) = conditions.next_if(|next| width(&treated) + 3 + width(next) <= room) {
        treated = format!("{treated}{}{next}", glyphs::SEPARATOR);
    }
    (treated, conditions.collect())
}

/// The queue of the link, what is lost, how many packets are held, and as many of the conditions that are left over as
/// fit.
fn details(model: &Model, ctx: &DrawContext, host: HostId, rest: &[String], room: u16) -> Vec<(String, Style)> {
    let theme = &ctx.theme;
    let held = model.worlds.shown().wire.held(host);
    let held = (held > 0).then(|| ((ctx.text.wire.held_count)(held), theme.text));
    let losses = losses(model, ctx, host).into_iter().map(|text| (text, theme.alarm));
    let others: Vec<_> = losses.chain(held).collect();
    let form = |queue: Option<&(String, Style)>, most: usize| {
        let more = (most < rest.len()).then(|| glyphs::ELLIPSIS.to_owned());
        let rest = rest.iter().take(most).cloned().chain(more).map(|text| (text, theme.text));
        let mut pieces = Vec::new();
        for piece in queue.cloned().into_iter().chain(others.clone()).chain(rest) {
            if !pieces.is_empty() {
                pieces.push((glyphs::SEPARATOR.to_owned(), theme.text));
            }
            pieces.push(piece);
        }
        pieces
    };
    let queues = link::queue(model, ctx, host);
    let queues: Vec<_> = if queues.is_empty() { vec![None] } else { queues.iter().map(Some).collect() };
    let forms = (0..=rest.len()).rev().flat_map(|most| queues.iter().map(move |queue| (*queue, most)));
    let mut forms = forms.map(|(queue, most)| form(queue, most));
    let fits = |pieces: &Vec<(String, Style)>| pieces.iter().map(|(text, _)| width(text)).sum::<u16>() <= room;
    forms.find(fits).unwrap_or_else(|| form(queues.last().copied().flatten(), 0))
}

/// Both directions in one line, of at most so many columns if possible.
pub(super) fn line(model: &Model, ctx: &DrawContext, room: u16) -> String {
    let wire = &model.worlds.shown().wire;
    let parts = PerHost::from_fn(|host| LineParts {
        conditions: link::conditions(model, ctx, host),
        losses: losses(model, ctx, host),
        queue: link::queue(model, ctx, host).into_iter().nth(1).map(|(text, _)| text),
        held: Some(wire.held(host)).filter(|held| *held > 0).map(ctx.text.wire.held_count),
    });
    // Conditions are left out from the last on, then losses; the queue stays.
    let one = |host: HostId, most: usize, all_losses: bool| {
        let arrow = if host == HostId::Client { glyphs::ARROW } else { glyphs::BACK };
        let LineParts { conditions, losses, queue, held } = parts.of(host);
        let lost = if all_losses { losses.len() } else { usize::from(wire.direction(host).cut).min(losses.len()) };
        let more = most < conditions.len() || lost < losses.len();
        let more = more.then(|| glyphs::ELLIPSIS.to_owned());
        let begin = [arrow.to_owned(), mode(model, ctx, host)].into_iter();
        let line = begin.chain(conditions.iter().take(most).cloned()).chain(more);
        let line = line.chain(queue.clone()).chain(losses[..lost].iter().cloned()).chain(held.clone());
        line.collect::<Vec<_>>().join(" ")
    };
    // The direction with the longer queue keeps its conditions longer.
    let [client, server] = [HostId::Client, HostId::Server].map(|host| wire.direction(host).waiting);
    let main = if server > client { HostId::Server } else { HostId::Client };
    let both = |(most, others, losses)| {
        let most = |host| if host == main { most } else { others };
        let [client, server] = [HostId::Client, HostId::Server].map(|host| one(host, most(host), losses));
        format!("{client}  {server}")
    };
    let forms = [(9, 9, true), (2, 2, true), (2, 0, true), (2, 0, false), (1, 0, false)];
    let fitting = forms.into_iter().map(both).find(|form| width(form) <= room);
    fitting.unwrap_or_else(|| both((0, 0, false)))
}

/// What can be said of a direction in one line.
struct LineParts {
    conditions: Vec<String>,
    losses: Vec<String>,
    queue: Option<String>,
    held: Option<String>,
}

fn mode(model: &Model, ctx: &DrawContext, host: HostId) -> String {
    let mode = model.worlds.shown().wire.direction(host).mode;
    let hop = if let WireMode::Slow { hop } = mode { ctx.text.numbers.tenths(hop) } else { String::new() };
    ctx.text.wire.mode(mode, &hop)
}

/// What a direction loses.
fn losses(model: &Model, ctx: &DrawContext, host: HostId) -> Vec<String> {
    let cut = model.worlds.shown().wire.direction(host).cut.then(|| ctx.text.wire.cut.to_owned());
    cut.into_iter().chain(link::losses(model, ctx, host)).collect()
}
