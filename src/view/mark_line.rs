//! The mark that is typed, in place of the last line's keys.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::ink::{Ink, width};
use super::look::Look;
use super::typed::Typed;
use crate::model::Model;

/// Draws it, and returns where the cursor is.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) -> Option<Position> {
    let (title, theme) = (look.text.keys.mark_prompt, &look.theme);
    let before = width(title) + 4;
    let typed = Typed::of(&model.ui.mark, area.width.saturating_sub(before + 1));
    Ink::on(buf, area, 0).skip(1).say(title, theme.key).say(" > ", theme.key).say(&typed.text, theme.typed);
    let x = (area.x + before + typed.cursor).min(area.right().saturating_sub(1));
    (!area.is_empty()).then_some(Position::new(x, area.y))
}
