//! The help: every binding of the key table, how things are known, what the marks mean. Drawn over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::draw_context::{DrawContext, PaneFrame};
use super::line_writer::{LineWriter, width, wrap};
use super::{glyphs, keys};
use crate::domain::keys::{Key, Place};
use crate::domain::{Evidence, TcpState};
use crate::model::Model;

/// One line: what stands in the left column, and what is said about it.
struct HelpLine {
    left: String,
    left_style: Style,
    right: String,
    style: Style,
}

/// A line as it is drawn: what stands on the left, and what is said about it.
type Drawn<'a> = (&'a str, Style, &'a str, Style);

/// Where the help lies on this screen.
fn place(screen: Rect) -> Rect {
    let columns = screen.width.saturating_sub(4).min(112);
    Rect {
        x: screen.x + (screen.width - columns) / 2,
        y: screen.y + 1,
        width: columns,
        height: screen.height.saturating_sub(2),
    }
}

/// The last line that the help may begin with on this screen.
pub(super) fn reach(model: &Model, screen: Rect) -> usize {
    let look = DrawContext::of(model, super::ColorDepth::Mono);
    let (area, all) = (place(screen), lines(model, &look));
    broken(&all, area.width).1.len().saturating_sub(usize::from(area.height.saturating_sub(2)))
}

/// Draws the help from line `from` on, as far as there is that much.
pub(super) fn render(model: &Model, look: &DrawContext, from: usize, buf: &mut Buffer) {
    let area = place(buf.area);
    Clear.render(area, buf);
    buf.set_style(area, look.theme.paper);
    let words = &look.text.help;
    let all = lines(model, look);
    let (left, wrapped) = broken(&all, area.width);
    let height = usize::from(area.height.saturating_sub(2));
    let start = from.min(wrapped.len().saturating_sub(height));
    let seen = format!("{}/{}", (start + height).min(wrapped.len()), wrapped.len());
    let frame =
        PaneFrame { title: words.title, count: &seen, foot: words.scroll, focused: true, ..PaneFrame::default() };
    let inside = look.frame(&frame, area, buf);
    for (row, (key, key_style, what, style)) in (0..inside.height).zip(&wrapped[start..]) {
        let mut ink = LineWriter::on(buf, inside, row);
        ink.skip(1);
        if what.is_empty() {
            ink.write(key, *key_style);
        } else {
            ink.cell(key, left, *key_style).write(what, *style);
        }
    }
}

/// The lines broken to this width, and how wide their left column is.
fn broken(all: &[HelpLine], columns: u16) -> (u16, Vec<Drawn<'_>>) {
    let keyed = all.iter().filter(|line| !line.right.is_empty());
    let left = keyed.map(|line| width(&line.left)).max().unwrap_or(0) + 2;
    let room = columns.saturating_sub(left + 4);
    let mut wrapped: Vec<Drawn<'_>> = Vec::new();
    for line in all {
        if line.left.is_empty() || line.right.is_empty() {
            let whole = if line.left.is_empty() { (&line.right, line.style) } else { (&line.left, line.left_style) };
            wrapped
                .extend(wrap(whole.0, columns.saturating_sub(4)).into_iter().map(|part| (part, whole.1, "", whole.1)));
            continue;
        }
        for (at, part) in wrap(&line.right, room).into_iter().enumerate() {
            wrapped.push((if at == 0 { &line.left } else { "" }, line.left_style, part, line.style));
        }
    }
    (left, wrapped)
}

/// All lines, before they are broken to the width.
fn lines(model: &Model, look: &DrawContext) -> Vec<HelpLine> {
    let words = &look.text.help;
    let mut lines = Vec::new();
    for (title, bound) in keys::by_place(look.text) {
        heading(&mut lines, look, title);
        let clients = bound.iter().any(|binding| binding.place == Place::Clients);
        lines.extend(bound.into_iter().map(|binding| HelpLine {
            left: keys::names(binding, look.text),
            left_style: look.theme.key,
            right: keys::text(binding.action, look.text).help.into(),
            style: look.theme.text,
        }));
        if clients {
            lines.push(plain(look, words.counts));
        }
    }
    typing(&mut lines, look);
    evidence(&mut lines, model, look);
    marks(&mut lines, look);
    heading(&mut lines, look, words.states);
    let names: Vec<_> = TcpState::ALL.iter().map(|state| state.name()).collect();
    lines.push(plain(look, &names.join(" ")));
    lines.extend(words.states_note.iter().map(|note| plain(look, note)));
    heading(&mut lines, look, words.filter);
    lines.extend(words.filter_note.iter().map(|note| plain(look, note)));
    lines
}

fn heading(lines: &mut Vec<HelpLine>, look: &DrawContext, title: &str) {
    if !lines.is_empty() {
        lines.push(plain(look, ""));
    }
    let style = look.theme.focus;
    lines.push(HelpLine { left: title.into(), left_style: style, right: String::new(), style });
}

fn plain(look: &DrawContext, text: &str) -> HelpLine {
    HelpLine { left: String::new(), left_style: look.theme.text, right: text.into(), style: look.theme.text }
}

fn typing(lines: &mut Vec<HelpLine>, look: &DrawContext) {
    let words = &look.text.keys;
    heading(lines, look, look.text.help.typing);
    for (key, what) in [
        (Key::Enter, format!("{}, {}", words.send, words.keep)),
        (Key::Esc, words.leave.into()),
        (Key::Tab, words.complete.into()),
        (Key::Up, words.earlier.into()),
    ] {
        let left = keys::name(key, look.text);
        lines.push(HelpLine { left, left_style: look.theme.key, right: what, style: look.theme.text });
    }
}

fn evidence(lines: &mut Vec<HelpLine>, model: &Model, look: &DrawContext) {
    let words = &look.text.help;
    heading(lines, look, words.evidence);
    for kind in glyphs::EVIDENCE {
        let meaning = (look.text.evidence)(kind);
        let there = match (kind, model.worlds.shown().evidence.get(&kind)) {
            (Evidence::Called | Evidence::Inferred, _) | (_, Some(Ok(()))) => words.available.into(),
            (_, Some(Err(errno))) => (words.lacking)(&errno.to_string(), (look.text.errno)(*errno).what),
            (_, None) => words.unknown.into(),
        };
        lines.push(HelpLine {
            left: format!("{} {}", glyphs::evidence(kind), meaning.name),
            left_style: look.theme.evidence(kind),
            right: format!("{} {} {there}", meaning.means, glyphs::DOT),
            style: look.theme.text,
        });
    }
}

fn marks(lines: &mut Vec<HelpLine>, look: &DrawContext) {
    let (words, theme) = (&look.text.help, &look.theme);
    heading(lines, look, words.marks);
    for (glyph, style, what) in [
        (glyphs::SELECTED, theme.newest, words.mark_selected),
        (glyphs::LACKING, theme.quiet, words.mark_gone),
        (glyphs::TICKED, theme.key, words.mark_ticked),
        (glyphs::PORT_NEWEST, theme.newest, words.mark_newest),
        (glyphs::PORT_IN_USE, theme.state.established, words.mark_in_use),
        (glyphs::PORT_TIME_WAIT, theme.state.time_wait, words.mark_time_wait),
    ] {
        lines.push(HelpLine { left: glyph.into(), left_style: style, right: what.into(), style: theme.text });
    }
}
