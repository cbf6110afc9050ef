//! What every pane needs besides the model: the language, the theme, and the drawing of frames.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Block, Borders, Widget};

use super::line_writer::{LineWriter, width};
use super::theme::{ColorDepth, Theme};
use super::{glyphs, keys};
use crate::domain::keys::Action;
use crate::domain::{Evidence, Lang};
use crate::model::Model;
use crate::text::{self, Text};

/// The language and the theme of one frame of the screen.
pub(super) struct DrawContext {
    pub(super) text: &'static Text,
    pub(super) theme: Theme,
    pub(super) lang: Lang,
}

/// A pane's frame and the texts on it.
#[derive(Default)]
pub(super) struct PaneFrame<'a> {
    /// Its name, at the top on the left.
    pub(super) title: &'a str,
    /// At the top on the right.
    pub(super) count: &'a str,
    /// At the bottom on the left.
    pub(super) foot: &'a str,
    /// Whether it has the focus.
    pub(super) focused: bool,
}

impl DrawContext {
    pub(super) fn of(model: &Model, depth: ColorDepth) -> Self {
        Self { text: text::of(model.ui.lang), theme: Theme::new(model.ui.theme, depth), lang: model.ui.lang }
    }

    /// Draws a pane's frame and returns what is left inside.
    pub(super) fn frame(&self, frame: &PaneFrame<'_>, area: Rect, buf: &mut Buffer) -> Rect {
        let (set, border, title) = if frame.focused {
            (glyphs::HEAVY, self.theme.focus, self.theme.focus)
        } else {
            (glyphs::PLAIN, self.theme.border, self.theme.title)
        };
        Block::new().borders(Borders::ALL).border_set(set).border_style(border).render(area, buf);
        let top = area.inner(Margin::new(1, 0));
        let mut writer = LineWriter::on(buf, top, 0);
        boxed(&mut writer, frame.title, title);
        let from = top.right().saturating_sub(width(frame.count) + 3);
        if from > writer.x() && !frame.count.is_empty() {
            boxed(writer.goto(from), frame.count, self.theme.text);
        }
        if area.height > 1 && !frame.foot.is_empty() {
            boxed(&mut LineWriter::on(buf, top, area.height - 1), frame.foot, self.theme.quiet);
        }
        area.inner(Margin::new(1, 1))
    }

    /// A key and its word, as in a frame's foot.
    pub(super) fn hint(&self, action: Action) -> String {
        format!("{} {}", keys::first(action, self.text), keys::text(action, self.text).hint)
    }

    /// Writes the glyph of a kind of evidence.
    pub(super) fn evidence(&self, writer: &mut LineWriter<'_>, evidence: Evidence) {
        writer.write(glyphs::evidence(evidence), self.theme.evidence(evidence));
    }
}

/// Writes a text on a frame's line, with a blank on both sides, and leaves one column of the frame at the end.
fn boxed(writer: &mut LineWriter<'_>, text: &str, style: Style) {
    let room = writer.room().saturating_sub(3);
    if room > 0 && !text.is_empty() {
        writer.cell(" ", 1, style).cell(text, width(text).min(room), style).write(" ", style);
    }
}
