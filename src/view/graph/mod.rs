//! The graphs of a connection: what the kernels say of it over time, and its sequence numbers over time.
//!
//! ```text
//! ━ cwnd 12  ╍ ssthresh 7  ░ in flight 8,760 B   RTT 0.3 ms   RTO 204 ms
//!       24 │ ⡀⠤⠒⠉⠉⢱⣀⠤⠒         window: cwnd, ssthresh and the bytes in flight on one scale
//!   0.3 ms │ ⠤⠤⠒⠒⠒⠒           round-trip time
//!   204 ms │ ⣀⣀⣀⣀⣀            retransmission timeout
//!          │ aaaaxaaRFaaaa    what happened
//! ```

mod curves;
mod dots;
mod projection;
mod sequence;
mod sequence_text;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use self::dots::{DotCanvas, DotLayer};
use super::draw_context::{DrawContext, PaneFrame};
use super::glyphs;
use super::line_writer::{LineWriter, paragraph};
use crate::domain::keys::{Action, ScreenAction, WireAction};
use crate::domain::{CongestionState, HostId, TcpInfo, TcpState};
use crate::model::graph::GraphKind;
use crate::model::packets::Traffic;
use crate::model::presenter::WirePart;
use crate::model::{Model, presenter};

/// The columns left of the dots: a label and the line.
const GUTTER: u16 = 10;

/// The least rows that a graph is worth, with its heading and its foot.
pub(super) const LEAST: u16 = 6;

/// What a timeout has left of the window of an end. Nothing before the connection is open: nothing is sent by it then.
pub(super) fn timeout_text(model: &Model, ctx: &DrawContext, info: &TcpInfo) -> Option<&'static str> {
    let is_open = model.worlds.shown().table.state(&info.flow) != Some(TcpState::SynSent);
    let has_fallen = is_open && info.state == Some(CongestionState::Loss) && info.cwnd == 1;
    let words = &ctx.text.graph;
    // Only the SYN's timer leaves no threshold.
    has_fallen.then_some(if info.ssthresh.is_some() { words.after_timeout } else { words.syn_again })
}

/// Draws the graph that the wire's view shows, in a pane.
pub(super) fn wire(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let Some(kind) = model.ui.wire.graph.kind else { return };
    let words = &ctx.text.graph;
    let host = model.graph_host();
    let end = model.end_trace(host);
    let name = match kind {
        GraphKind::Curves => words.curves,
        GraphKind::Sequence => words.sequence,
    };
    let port = presenter::conversation(model).and_then(|flow| match host {
        HostId::Client => Some(flow.local.port()),
        HostId::Server => Some(flow.peer?.port()),
    });
    // Chosen by the part of the view that has the focus.
    let chosen = if matches!(model.ui.wire.part, WirePart::Client | WirePart::Server) { glyphs::SELECTED } else { "" };
    let whose = port.map_or_else(String::new, |port| format!(": {chosen}{} :{port}", (ctx.text.wire.host)(host)));
    let count = match (kind, end) {
        (GraphKind::Curves, Some(end)) => {
            (words.readings)(&ctx.text.numbers.count(end.curves.read()), end.curves.read())
        }
        (GraphKind::Sequence, Some(end)) => {
            let segments = end.sequence.counts.segments;
            (words.segments)(&ctx.text.numbers.count(segments), segments)
        }
        (_, None) => String::new(),
    };
    let keys = ctx.hints(&[Action::Wire(WireAction::Graph), Action::Screen(ScreenAction::Zoom)]);
    let title = format!("{name}{whose}");
    // Alone, it says which direction the other keys are about: nothing else does.
    let keys = match model.ui.wire.from.filter(|_| model.ui.zoomed) {
        Some(only) => format!("{keys}{}{}", glyphs::SEPARATOR, (ctx.text.wire.only)(only)),
        None => keys,
    };
    // On a rule the keys stand with the focus only, which the graph never has.
    let foot = if ctx.rules { keys.as_str() } else { "" };
    let focused = model.ui.zoomed;
    let frame = PaneFrame { title: &title, count: &count, foot, keys: &keys, focused };
    let inside = ctx.pane(&frame, area, buf);
    match (kind, end) {
        (GraphKind::Curves, Some(end)) if !end.curves.is_empty() => curves::draw(model, ctx, end, inside, buf),
        (GraphKind::Sequence, Some(end)) if !end.sequence.is_empty() => {
            sequence::of_wire(model, ctx, end, inside, buf);
        }
        (GraphKind::Curves, _) => _ = paragraph(words.no_reading, ctx.theme.quiet, inside, buf),
        (GraphKind::Sequence, _) => _ = paragraph(words.no_data, ctx.theme.quiet, inside, buf),
    }
}

/// Draws the sequence numbers of a conversation in the packets' view.
pub(super) fn packets(traffic: &Traffic<'_>, ctx: &DrawContext, other: bool, area: Rect, buf: &mut Buffer) {
    match traffic.packets.ladder.sequence(other).filter(|(_, trace)| !trace.is_empty()) {
        Some((flow, trace)) => sequence::of_packets(traffic, ctx, (&flow, trace), area, buf),
        None => _ = paragraph(ctx.text.graph.no_data, ctx.theme.quiet, area, buf),
    }
}

/// A band of dots with the label of its greatest value; returns the place of the dots.
fn band(ctx: &DrawContext, label: &str, area: Rect, buf: &mut Buffer) -> Rect {
    for row in 0..area.height {
        let mut writer = LineWriter::on(buf, area, row);
        writer.right(if row == 0 { label } else { "" }, GUTTER - 2, ctx.theme.quiet);
        writer.write(glyphs::BAR, ctx.theme.border);
    }
    Rect { x: area.x + GUTTER, width: area.width.saturating_sub(GUTTER), ..area }
}

/// Draws a vertical line through the column of what is selected.
fn cursor(dots: &mut DotCanvas<'_>, layer: usize, column: Option<usize>) {
    if let Some(column) = column {
        (0..dots.height()).step_by(2).for_each(|y| dots.set(layer, column, y));
    }
}
