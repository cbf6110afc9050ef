//! The link of a direction: its conditions in words, and its queue as boxes.

use ratatui::style::Style;

use crate::domain::{HostId, LinkCondition};
use crate::model::Model;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;

/// The most boxes of a queue: of a longer one a box is several packets.
const BOXES: u32 = 16;

/// The conditions that are set, the most important first, without those that lose packets.
pub(super) fn conditions(model: &Model, ctx: &DrawContext, host: HostId) -> Vec<String> {
    let order = [
        LinkCondition::Rate,
        LinkCondition::Delay,
        LinkCondition::Mtu,
        LinkCondition::BlackHole,
        LinkCondition::EcnAt,
        LinkCondition::Reorder,
    ];
    let link = model.worlds.shown().wire.direction(host).link;
    let mut conditions = brief(model, ctx, host, &order);
    if link.jitter_ms > 0 {
        let jitter = (ctx.text.link.brief)(LinkCondition::Jitter, link.jitter_ms);
        // It belongs to the delay.
        let delay = usize::from(link.rate_kbit > 0);
        match conditions.get_mut(delay).filter(|_| link.delay_ms > 0) {
            Some(delay) => *delay = format!("{delay} {jitter}"),
            None => conditions.insert(delay, jitter),
        }
    }
    conditions
}

/// The conditions that lose packets, where they are set.
pub(super) fn losses(model: &Model, ctx: &DrawContext, host: HostId) -> Vec<String> {
    let direction = model.worlds.shown().wire.direction(host);
    let words = &ctx.text.link;
    // These have no arrow of their own.
    let counted = [(direction.lost_unlisted, words.lost_unlisted), (direction.marked_unlisted, words.marked_unlisted)];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    let set = brief(model, ctx, host, &[LinkCondition::Loss, LinkCondition::LossEvery]);
    set.into_iter().chain(counted.map(|(count, text)| text(&ctx.text.numbers.count(count)))).collect()
}

fn brief(model: &Model, ctx: &DrawContext, host: HostId, of: &[LinkCondition]) -> Vec<String> {
    let link = model.worlds.shown().wire.direction(host).link;
    let set = of.iter().map(|condition| (*condition, link.get(*condition))).filter(|(_, value)| *value > 0);
    set.map(|(condition, value)| (ctx.text.link.brief)(condition, value)).collect()
}

/// The queue of a direction in at most three forms, the longest first: the word, the boxes and the length; the boxes
/// and the length; the word and the length. Nothing if packets never wait.
pub(super) fn queue(model: &Model, ctx: &DrawContext, host: HostId) -> Vec<(String, Style)> {
    let words = &ctx.text.link;
    let state = model.worlds.shown().wire.direction(host);
    let (waiting, most) = (state.waiting, state.link.queue);
    if waiting == 0 && state.link.rate_kbit == 0 {
        return Vec::new();
    }
    let style = if most > 0 && waiting >= most { ctx.theme.alarm } else { ctx.theme.text };
    let length = (words.waiting)(waiting, most);
    let boxes = boxes(waiting, most);
    let forms =
        [format!("{} {boxes} {length}", words.queue), format!("{boxes} {length}"), format!("{} {length}", words.queue)];
    forms.map(|form| (form, style)).into()
}

/// A box for each packet that waits and a dot for each that may; scaled where there are too many.
fn boxes(waiting: u32, most: u32) -> String {
    let (full, all) = match most {
        // Without a limit.
        0 => (waiting.min(BOXES), 0),
        1..=BOXES => (waiting.min(most), most),
        _ => (u64::from(waiting) * u64::from(BOXES))
            .div_ceil(most.into())
            .try_into()
            .map_or((BOXES, BOXES), |full: u32| (full.min(BOXES), BOXES)),
    };
    let empty = all.saturating_sub(full);
    let more = if most == 0 && waiting > BOXES { glyphs::ELLIPSIS } else { "" };
    format!("{}{}{more}", glyphs::BLOCK.repeat(full as usize), glyphs::DOT.repeat(empty as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_a_packet_as_long_as_there_is_room() {
        for (waiting, most, drawn) in [
            (0, 4, "····"),
            (3, 4, "███·"),
            (4, 4, "████"),
            (1, 100, "█···············"),
            (50, 100, "████████········"),
            (99, 100, "████████████████"),
            (0, 0, ""),
            (3, 0, "███"),
            (40, 0, "████████████████…"),
        ] {
            assert_eq!(boxes(waiting, most), drawn, "{waiting} of {most}");
        }
    }
}
