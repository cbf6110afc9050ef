//! What is said below the sequence numbers: the figures that a class asks of a trace.

use std::time::Duration;

use crate::domain::PacketSummary;
use crate::model::sequence::SequenceTrace;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs::{AT_LEAST, SEPARATOR};
use crate::view::line_writer::width;

/// A segment that is selected, and the packet that acknowledged it, with the time between.
pub(super) struct SelectedSegment<'a> {
    pub(super) packet: &'a PacketSummary,
    pub(super) acknowledged: Option<(u64, Duration)>,
}

/// The figures, the selected segment first.
pub(super) fn lines(ctx: &DrawContext, trace: &SequenceTrace, selected: Option<&SelectedSegment<'_>>) -> Vec<String> {
    let words = &ctx.text.graph;
    let numbers = &ctx.text.numbers;
    let counts = &trace.counts;
    let count = |number: u64| numbers.count(number);
    let mut lines: Vec<String> = selected.and_then(|selected| segment(ctx, selected)).into_iter().collect();
    // Where something was not seen, no number is the whole.
    let whole = counts.unseen == 0;
    let sum = |number: u64| if whole { count(number) } else { format!("{AT_LEAST} {}", count(number)) };
    lines.push((words.sent)(&sum(counts.bytes), &sum(counts.segments), counts.segments));
    if !whole {
        lines.push((words.unseen)(&count(counts.unseen)));
    }
    lines.push((words.again)(&sum(counts.again), counts.again));
    if counts.lost > 0 {
        lines.push((words.lost)(&count(counts.lost), counts.lost));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is positive; `as` saturates")]
    lines.extend(trace.throughput().map(|rate| (words.throughput)(&numbers.bytes(rate as u64))));
    if let Some(usual) = counts.acked.checked_div(counts.acks).filter(|_| whole).map(count) {
        lines.push((words.acks)(&count(counts.acks), &usual, &count(counts.most_acked), counts.acks));
    }
    lines.extend(counts.window.map(|(least, now)| (words.window)(&count(least.into()), &count(now.into()))));
    lines.extend(trace.rtt.map(|(rtt, estimate)| (words.rtt)(&numbers.millis(rtt), &numbers.millis(estimate))));
    lines
}

/// A segment: its numbers, its length, and its acknowledgement.
fn segment(ctx: &DrawContext, selected: &SelectedSegment<'_>) -> Option<String> {
    let words = &ctx.text.graph;
    let numbers = &ctx.text.numbers;
    let PacketSummary { number, tcp, payload, .. } = selected.packet;
    let tcp = tcp.as_ref().filter(|tcp| tcp.takes(payload.len) > 0)?;
    let seq = tcp.seq_rel.map_or_else(|| tcp.seq.to_string(), |seq| numbers.count(seq.into()));
    let acknowledged = match selected.acknowledged {
        Some((by, after)) => (words.acknowledged)(by, &numbers.millis(after)),
        None => words.unacknowledged.into(),
    };
    Some(format!("#{number} seq={seq}, {} B, {acknowledged}", numbers.count(payload.len as u64)))
}

/// As many of these as fit into so many lines, several on a line where there is room.
pub(super) fn fitting(texts: &[String], columns: u16, most: u16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for text in texts {
        let fits = |line: &&mut String| width(line) + width(SEPARATOR) + width(text) <= columns;
        let room = lines.len() < usize::from(most);
        if let Some(line) = lines.last_mut().filter(fits) {
            line.push_str(SEPARATOR);
            line.push_str(text);
        } else if room {
            lines.push(text.clone());
        } else {
            break;
        }
    }
    lines
}
