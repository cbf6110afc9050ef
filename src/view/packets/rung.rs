//! One rung of the ladder: an arrow with its label, the states that it caused, and findings about the packet.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::column_budget::ColumnBudget;
use super::super::draw_context::DrawContext;
use super::super::glyphs;
use super::super::line_writer::{LineWriter, width, wrap};
use super::words;
use crate::domain::{Event, Evidence, Finding, Flow, Stamp, TcpState, WorldId};
use crate::model::connection_end::ConnectionEnd;
use crate::model::histories::HistoryStep;
use crate::model::packets::{Ladder, Packets, Traffic};
use crate::model::wire::WirePacketFate;

/// The columns of a rung.
pub(super) struct RungColumns {
    /// The number and the time of the packet; 0 where there is no room for them.
    number: u16,
    time: u16,
    /// Whether times have microseconds.
    precise: bool,
    /// The arrow, with its label.
    arrow: u16,
}

/// The columns of a time with its microseconds.
const PRECISE_TIME: u16 = 14;

/// A glyph, a blank and the longest name of a state.
const STATE: u16 = 13;

impl RungColumns {
    /// `latest` is the greatest packet number that a rung may have. It has a blank on both sides.
    pub(super) fn of(columns: u16, latest: u64) -> Self {
        let mut budget = ColumnBudget::new(columns, 1 + 2 * (STATE + 1) + 1);
        let number = budget.fit([((width(&format!("#{latest}")) + 2).max(6), 34)]);
        let time = budget.fit([(PRECISE_TIME, 66), (11, 53)]);
        Self { number, time, precise: time == PRECISE_TIME, arrow: budget.rest() }
    }

    const fn left(&self) -> u16 {
        1 + STATE + 1 + self.number + self.time
    }

    /// The column of the screen where the server's states begin.
    pub(super) const fn right(&self, area: Rect) -> u16 {
        area.x + self.left() + self.arrow + 1
    }

    /// Writes the states of both ends on one line.
    pub(super) fn states(
        &self,
        ctx: &DrawContext,
        steps: [Option<&HistoryStep>; 2],
        area: Rect,
        row: u16,
        buf: &mut Buffer,
    ) {
        let reached = |step: Option<&HistoryStep>| step.map(|step| (step.to, Some(step.evidence)));
        let writer = &mut LineWriter::on(buf, area, row);
        writer.skip(1);
        state(ctx, reached(steps[0]), writer);
        writer.goto(self.right(area));
        state(ctx, reached(steps[1]), writer);
    }
}

/// Writes a state with the glyph of its evidence.
pub(super) fn state(ctx: &DrawContext, reached: Option<(TcpState, Option<Evidence>)>, writer: &mut LineWriter<'_>) {
    let Some((state, evidence)) = reached else { return };
    match evidence {
        Some(evidence) => ctx.evidence(writer, evidence),
        None => _ = writer.skip(1),
    }
    let style = match evidence {
        Some(Evidence::Inferred) => ctx.theme.evidence.inferred,
        _ => ctx.theme.state(state),
    };
    writer.skip(1).write(state.name(), style);
}

/// How far a packet has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ArrowKind {
    Whole,
    /// Held on the wire, or still in flight.
    Halfway,
    Lost,
}

/// A rung, ready to be drawn.
pub(super) struct PacketRung {
    pub(super) seq: u64,
    /// Whether it is the packet that the reader stopped at.
    pub(super) held: bool,
    number: u64,
    time: String,
    from: ConnectionEnd,
    way: ArrowKind,
    label: String,
    /// Findings in a word or two each, the most important first.
    found: Vec<String>,
    more: String,
    sentences: Vec<(String, Style)>,
    states: [Vec<HistoryStep>; 2],
}

impl PacketRung {
    pub(super) fn of(
        traffic: &Traffic<'_>,
        ctx: &DrawContext,
        columns: &RungColumns,
        event: &Event,
        client: &Flow,
        states: [Vec<HistoryStep>; 2],
    ) -> Option<Self> {
        let packet = Packets::of(event)?;
        let texts = &ctx.text.packets;
        let theme = &ctx.theme;
        let held = traffic.packets.ladder.packets.holds(event.seq);
        let way = way(traffic, packet.number);
        let place = match way {
            ArrowKind::Whole => None,
            ArrowKind::Halfway => Some(texts.on_its_way.to_owned()),
            ArrowKind::Lost => Some(texts.never_arrives.to_owned()),
        };
        let found: Vec<_> = place.into_iter().chain(words::findings(ctx, packet)).collect();
        // Findings that every loopback packet has are shown for the selected packet only.
        // So is what a wrong checksum may mean: often every packet of one host has it.
        let said =
            packet.findings.iter().filter(|finding| held || finding.is_news() && **finding != Finding::ChecksumBad);
        let sentences = said.flat_map(|finding| {
            let style = if finding.is_news() { theme.alarm } else { theme.quiet };
            let sentence = words::says(traffic, ctx, packet, finding);
            let lines: Vec<_> = wrap(&sentence, columns.arrow.saturating_sub(3))
                .into_iter()
                .map(|line| (line.to_owned(), style))
                .collect();
            lines
        });
        Some(Self {
            seq: event.seq,
            held,
            number: packet.number,
            time: if packet.findings.has(Finding::NoTime) {
                String::new()
            } else {
                time(traffic, ctx, columns, event.seen.at)
            },
            from: Ladder::sender(client, packet),
            way,
            label: words::label(ctx, packet),
            found,
            more: words::more(packet),
            sentences: sentences.collect(),
            states,
        })
    }

    /// How many lines it takes.
    pub(super) fn height(&self) -> usize {
        let states = self.states.iter().map(Vec::len).max().unwrap_or(0);
        states.max(1 + self.sentences.len())
    }

    /// Draws it at the top of `area`, and returns how many lines it took.
    pub(super) fn draw(&self, ctx: &DrawContext, columns: &RungColumns, area: Rect, buf: &mut Buffer) -> u16 {
        let height = u16::try_from(self.height()).unwrap_or(u16::MAX).min(area.height);
        for row in 0..height {
            columns.states(ctx, self.states.each_ref().map(|steps| steps.get(usize::from(row))), area, row, buf);
            let middle = Rect { x: area.x + columns.left(), width: columns.arrow, ..area };
            if row == 0 {
                let mut writer = LineWriter::on(buf, area, 0);
                writer.skip(1 + STATE);
                if columns.number > 0 {
                    writer.right(&format!("#{}", self.number), columns.number - 1, ctx.theme.quiet).skip(1);
                }
                if columns.time > 0 {
                    writer.right(&self.time, columns.time - 1, ctx.theme.quiet).skip(1);
                }
                self.arrow(ctx, middle, buf);
            } else if let Some((line, style)) = self.sentences.get(usize::from(row) - 1) {
                LineWriter::on(buf, middle, row).skip(2).write(line, *style);
            }
            if self.held {
                let mut writer = LineWriter::on(buf, area, row);
                if row == 0 {
                    writer.write(glyphs::SELECTED, ctx.theme.newest);
                }
                writer.restyle(area.x, ctx.theme.selected);
            }
        }
        height
    }

    fn arrow(&self, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
        let theme = &ctx.theme;
        let shaft = match self.from {
            ConnectionEnd::Client => theme.host.client,
            ConnectionEnd::Server => theme.host.server,
        };
        let width_of = usize::from(area.width);
        let mut writer = LineWriter::on(buf, area, 0);
        if self.way == ArrowKind::Whole {
            writer.write(&glyphs::SHAFT.repeat(width_of), shaft);
        } else {
            // It was sent, and has not arrived.
            let half = width_of / 2;
            let line = glyphs::SHAFT.repeat(half);
            let dots = glyphs::DOTTED.repeat(width_of - half);
            match self.from {
                ConnectionEnd::Client => writer.write(&line, shaft).write(&dots, theme.quiet),
                ConnectionEnd::Server => writer.write(&dots, theme.quiet).write(&line, shaft),
            };
        }
        let head = |arrow| match self.way {
            ArrowKind::Whole => (arrow, shaft),
            ArrowKind::Halfway => (glyphs::DOTTED, theme.quiet),
            ArrowKind::Lost => (glyphs::LOST, theme.alarm),
        };
        match self.from {
            ConnectionEnd::Client => {
                let (head, style) = head(glyphs::HEAD_RIGHT);
                LineWriter::on(buf, area, 0).skip(area.width.saturating_sub(1)).write(head, style);
            }
            ConnectionEnd::Server => {
                let (head, style) = head(glyphs::HEAD_LEFT);
                LineWriter::on(buf, area, 0).write(head, style);
            }
        }
        let inner = Rect { x: area.x + 3, width: area.width.saturating_sub(5), ..area };
        let mut writer = LineWriter::on(buf, inner, 0);
        writer.cell(" ", 1, theme.text);
        writer.write(&self.label, theme.text).cell(" ", 1, theme.text);
        // As many findings as fit; the sentences below have the rest.
        let tails = (1..=self.found.len()).rev().map(|some| format!("[{}] ", self.found[..some].join(", ")));
        if let Some(tail) = tails.into_iter().find(|tail| width(tail) <= writer.room()) {
            writer.write(&tail, theme.alarm);
        }
        if !self.more.is_empty() {
            writer.write_whole(&format!("{} ", self.more), theme.quiet);
        }
    }
}

/// The time since the first packet of the conversation.
fn time(traffic: &Traffic<'_>, ctx: &DrawContext, columns: &RungColumns, at: Stamp) -> String {
    let began = traffic.packets.began(traffic.journal).unwrap_or(at);
    let since = at.since(began);
    let numbers = &ctx.text.numbers;
    format!("+{}", if columns.precise { numbers.precise(since) } else { numbers.clock(since) })
}

fn way(traffic: &Traffic<'_>, number: u64) -> ArrowKind {
    if traffic.packets.world != WorldId::Wire {
        return ArrowKind::Whole;
    }
    match traffic.world.wire.packet(number).map(|on| on.fate) {
        Some(fate) if fate.is_open() => ArrowKind::Halfway,
        Some(WirePacketFate::Lost { .. } | WirePacketFate::Divided { .. }) => ArrowKind::Lost,
        Some(_) | None => ArrowKind::Whole,
    }
}
