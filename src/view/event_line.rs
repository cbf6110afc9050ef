//! One event as one line of plain text, for output without a screen.

use super::draw_context::DrawContext;
use super::event_text;
use super::glyphs;
use super::theme::ColorDepth;
use crate::domain::{Event, EventKind, Stamp};
use crate::model::Model;
use crate::model::ui::Glyphs;

/// The time, the evidence, the subject and what happened, in the model's language; `None` for events that have no line:
/// rows of the table, packets, and better evidence for an earlier event.
pub fn event_line(model: &Model, event: &Event) -> Option<String> {
    let ctx = DrawContext::of(model, ColorDepth::Mono);
    let kind = &event.seen.kind;
    let text = event_text::describe(model, &ctx, event, u16::MAX);
    let said: String = text.0.iter().map(|(text, _)| text.as_str()).collect();
    if matches!(kind, EventKind::Confirmed(_)) || said.is_empty() {
        return None;
    }
    let at = ctx.text.numbers.clock(event.seen.at.since(Stamp::ZERO));
    let subject = event_text::subject(model, &ctx, event, false).name;
    let line = format!("{at:>9} {} {subject:<14} {said}", glyphs::evidence(event.seen.evidence));
    Some(if model.ui.glyphs == Glyphs::Ascii { glyphs::ascii(&line) } else { line })
}
