//! What every pane needs besides the model: the language, the theme, and the drawing of frames.
//!
//! On a small screen a pane has no walls, only a rule above it: that wins a row and two columns each.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::widgets::{Block, Borders, Clear, Widget};

use super::line_writer::{LineWriter, width};
use super::theme::{ColorDepth, Theme};
use super::{areas, glyphs, keys, screen_size};
use crate::domain::keys::Action;
use crate::domain::{Evidence, Lang};
use crate::model::Model;
use crate::model::ui::Glyphs;
use crate::text::{self, Text};

/// The language and the theme of one frame of the screen.
pub(super) struct DrawContext {
    pub(super) text: &'static Text,
    pub(super) theme: Theme,
    pub(super) lang: Lang,
    /// Whether only ASCII is drawn. Needed only where one character has several twins.
    pub(super) ascii: bool,
    /// Whether panes have a rule above them in place of walls.
    pub(super) rules: bool,
}

/// A pane's frame and the texts on it.
#[derive(Default)]
pub(super) struct PaneFrame<'a> {
    /// Its name, at the top on the left.
    pub(super) title: &'a str,
    /// At the top on the right.
    pub(super) count: &'a str,
    /// At the bottom on the left; on a rule behind the count.
    pub(super) foot: &'a str,
    /// The keys that act on the pane: at the bottom where there is no other foot; on a rule only with the focus.
    pub(super) keys: &'a str,
    /// Whether it has the focus.
    pub(super) focused: bool,
}

impl DrawContext {
    pub(super) fn of(model: &Model, depth: ColorDepth) -> Self {
        Self {
            text: text::of(model.ui.lang),
            theme: Theme::new(model.ui.theme, depth),
            lang: model.ui.lang,
            ascii: model.ui.glyphs == Glyphs::Ascii,
            rules: !screen_size::is_roomy(model.ui.size),
        }
    }

    /// How many rows a pane's walls or its rule take.
    pub(super) const fn pane_rows(&self) -> u16 {
        if self.rules { 1 } else { 2 }
    }

    /// What is left of a pane inside its walls, or below its rule.
    pub(super) fn inside(&self, area: Rect) -> Rect {
        if self.rules {
            Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area }
        } else {
            area.inner(Margin::new(1, 1))
        }
    }

    /// Draws a pane's walls or its rule, and returns what is left inside.
    pub(super) fn pane(&self, frame: &PaneFrame<'_>, area: Rect, buf: &mut Buffer) -> Rect {
        if !self.rules {
            return self.frame(frame, area, buf);
        }
        self.rule(frame, Rect { height: area.height.min(1), ..area }, buf);
        self.inside(area)
    }

    /// Divides an area into two panes beside each other; without walls a line stands between them.
    pub(super) fn beside(&self, area: Rect, left: u16, buf: &mut Buffer) -> [Rect; 2] {
        let line = u16::from(self.rules);
        let [one, bar, other] = areas::columns(area, [left - line, line, area.width - left]);
        for row in 0..bar.height {
            let glyph = if row == 0 { glyphs::DIVIDED } else { glyphs::BAR };
            LineWriter::on(buf, bar, row).write(glyph, self.theme.border);
        }
        [one, other]
    }

    /// The lines of a pane's frame, their style, and the style of the title.
    const fn lines(&self, focused: bool) -> (border::Set<'static>, Style, Style) {
        if focused {
            (glyphs::HEAVY, self.theme.focus, self.theme.focus_title)
        } else {
            (glyphs::PLAIN, self.theme.border, self.theme.title)
        }
    }

    /// Draws a rule: the title, the keys with the focus, and at the right end the count and the foot. Keys are cut
    /// first, from the right, then the count, then the foot, from the left.
    fn rule(&self, frame: &PaneFrame<'_>, area: Rect, buf: &mut Buffer) {
        let (set, border, title) = self.lines(frame.focused);
        let mut writer = LineWriter::on(buf, area, 0);
        writer.write(&set.horizontal_top.repeat(area.width.into()), border);
        let mut writer = LineWriter::on(buf, area, 0);
        writer.skip(1);
        boxed(&mut writer, frame.title, title);
        let from = writer.x();
        // Blanks around the texts, and the rule before and behind them.
        let room = writer.room().saturating_sub(4);
        let parts: Vec<_> = [frame.count, frame.foot].into_iter().filter(|text| !text.is_empty()).collect();
        let both = parts.join(glyphs::SEPARATOR);
        let right = last_parts(&both, room);
        let taken = if right.is_empty() { 0 } else { width(right) + 3 };
        if frame.focused {
            let keys = first_keys(frame.keys, writer.room().saturating_sub(taken + 4));
            boxed(writer.skip(1), &keys, self.theme.key);
        }
        if taken > 0 {
            writer.goto(area.right().saturating_sub(taken).max(from + 1));
            boxed(&mut writer, right, if frame.count.is_empty() { self.theme.quiet } else { self.theme.text });
        }
    }

    /// Draws walls in the middle of the screen, over what is there, and returns what is left inside.
    pub(super) fn frame_over(&self, frame: &PaneFrame<'_>, columns: u16, rows: u16, buf: &mut Buffer) -> Rect {
        let screen = buf.area;
        let (columns, rows) = (columns.min(screen.width), rows.min(screen.height));
        let area = Rect {
            x: screen.x + (screen.width - columns) / 2,
            y: screen.y + (screen.height - rows) / 2,
            width: columns,
            height: rows,
        };
        Clear.render(area, buf);
        buf.set_style(area, self.theme.paper);
        self.frame(frame, area, buf)
    }

    /// Draws a pane's walls and returns what is left inside.
    pub(super) fn frame(&self, frame: &PaneFrame<'_>, area: Rect, buf: &mut Buffer) -> Rect {
        let (set, border, title) = self.lines(frame.focused);
        let foot = if frame.foot.is_empty() { frame.keys } else { frame.foot };
        Block::new().borders(Borders::ALL).border_set(set).border_style(border).render(area, buf);
        let top = area.inner(Margin::new(1, 0));
        let mut writer = LineWriter::on(buf, top, 0);
        boxed(&mut writer, frame.title, title);
        let from = top.right().saturating_sub(width(frame.count) + 3);
        if from > writer.x() && !frame.count.is_empty() {
            boxed(writer.goto(from), frame.count, self.theme.text);
        }
        if area.height > 1 && !foot.is_empty() {
            boxed(&mut LineWriter::on(buf, top, area.height - 1), foot, self.theme.quiet);
        }
        area.inner(Margin::new(1, 1))
    }

    /// Keys and their words, as in a frame's foot.
    pub(super) fn hints(&self, actions: &[Action]) -> String {
        actions.iter().map(|action| self.hint(*action)).collect::<Vec<_>>().join("  ")
    }

    /// A key and its word.
    pub(super) fn hint(&self, action: Action) -> String {
        format!("{} {}", keys::first(action, self.text), keys::text(action, self.text).hint)
    }

    /// Writes the glyph of a kind of evidence.
    pub(super) fn evidence(&self, writer: &mut LineWriter<'_>, evidence: Evidence) {
        writer.write(glyphs::evidence(evidence), self.theme.evidence(evidence));
    }
}

/// As many of these keys as fit into so many columns.
fn first_keys(keys: &str, columns: u16) -> String {
    let mut keys: Vec<_> = keys.split("  ").collect();
    while width(&keys.join("  ")) > columns {
        keys.pop();
    }
    keys.join("  ")
}

/// As many of the last parts of this text as fit into so many columns.
fn last_parts(text: &str, columns: u16) -> &str {
    let mut rest = text;
    while width(rest) > columns {
        rest = rest.split_once(glyphs::SEPARATOR).map_or("", |(_, rest)| rest);
    }
    rest
}

/// Writes a text on a frame's line, with a blank on both sides, and leaves one column of the frame at the end.
fn boxed(writer: &mut LineWriter<'_>, text: &str, style: Style) {
    let room = writer.room().saturating_sub(3);
    if room > 0 && !text.is_empty() {
        writer.cell(" ", 1, style).cell(text, width(text).min(room), style).write(" ", style);
    }
}
