//! Every character outside ASCII that the screen is drawn with, and its ASCII replacement.
//!
//! Panes draw with the Unicode ones only. For an ASCII terminal, [`to_ascii`] goes over the finished
//! screen. One cell stays one cell, so nothing moves.

use ratatui::buffer::Buffer;
use ratatui::symbols::border;

use crate::domain::{Evidence, Excerpt};

pub(super) const CALLED: &str = "◆";
pub(super) const TRACED: &str = "▲";
pub(super) const SAMPLED: &str = "●";
pub(super) const PACKET: &str = "■";
pub(super) const INFERRED: &str = "◇";
pub(super) const LACKING: &str = "×";
pub(super) const SELECTED: &str = "▸";
pub(super) const TICKED: &str = "✓";
pub(super) const UNTICKED: &str = "○";
pub(super) const ELLIPSIS: &str = "…";
pub(super) const ARROW: &str = "→";
pub(super) const LONG_ARROW: &str = "─▶";
pub(super) const LEFT: &str = "◀";
pub(super) const RIGHT: &str = "▶";
pub(super) const BOTH: &str = "↔";
pub(super) const BACK: &str = "←";
pub(super) const HEAD_RIGHT: &str = "▶";
pub(super) const HEAD_LEFT: &str = "◀";
pub(super) const SHAFT: &str = "─";
pub(super) const LOST: &str = "×";
pub(super) const DOTTED: &str = "┄";
pub(super) const DOT: &str = "·";
/// Between two things on one line.
pub(super) const SEPARATOR: &str = " · ";
pub(super) const RANGE_LEFT: &str = "├";
pub(super) const RANGE_RIGHT: &str = "┤";
pub(super) const RANGE_TICK: &str = "┼";
pub(super) const RANGE_LINE: &str = "─";
pub(super) const PORT_NEWEST: &str = "▲";
pub(super) const PORT_IN_USE: &str = "┃";
pub(super) const PORT_TIME_WAIT: &str = "·";
pub(super) const SORTED: &str = "▾";
pub(super) const REVERSED: &str = "▴";
pub(super) const BAR: &str = "│";
/// A rule that a bar stands on.
pub(super) const JOINED: &str = "┴";
/// A rule that a bar hangs on.
pub(super) const DIVIDED: &str = "┬";
pub(super) const ABOUT: &str = "±";
pub(super) const AT_MOST: &str = "≤";
pub(super) const AT_LEAST: &str = "≥";
pub(super) const THEME: &str = "☼";
pub(super) const DASH: &str = "–";
pub(super) const BLOCK: &str = "█";
pub(super) const TIMES: &str = "×";

/// The frame of a pane.
pub(super) const PLAIN: border::Set<'_> = border::PLAIN;
/// The frame of the pane that has the focus.
pub(super) const HEAVY: border::Set<'_> = border::THICK;

/// All kinds of evidence, in the order in which the header and the help list them.
pub(super) const EVIDENCE: [Evidence; Evidence::ALL.len()] =
    [Evidence::Called, Evidence::Traced, Evidence::Sampled, Evidence::Packet, Evidence::Inferred];

/// The glyph of a kind of evidence.
pub(super) const fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Called => CALLED,
        Evidence::Traced => TRACED,
        Evidence::Sampled => SAMPLED,
        Evidence::Packet => PACKET,
        Evidence::Inferred => INFERRED,
    }
}

/// A text from the network, with `…` if it was cut.
pub(super) fn excerpt(excerpt: &Excerpt) -> String {
    format!("{}{}", excerpt.text, if excerpt.is_cut() { ELLIPSIS } else { "" })
}

/// Each character with its ASCII replacement.
const TWINS: &[(char, char)] = &[
    ('◆', '*'),
    ('▲', '^'),
    ('●', 'o'),
    ('■', '%'),
    ('◇', '~'),
    ('×', 'x'),
    ('▸', '>'),
    ('✓', '+'),
    ('○', '-'),
    ('…', '~'),
    ('→', '>'),
    ('▶', '>'),
    ('◀', '<'),
    ('←', '<'),
    ('·', '.'),
    ('├', '|'),
    ('┤', '|'),
    ('┼', '+'),
    ('┬', '+'),
    ('┴', '+'),
    ('─', '-'),
    ('━', '='),
    ('│', '|'),
    ('┃', '!'),
    ('┌', '+'),
    ('┐', '+'),
    ('└', '+'),
    ('┘', '+'),
    ('┏', '#'),
    ('┓', '#'),
    ('┗', '#'),
    ('┛', '#'),
    ('▾', 'v'),
    ('▴', '^'),
    ('±', '~'),
    ('≤', '<'),
    ('≥', '>'),
    ('☼', '*'),
    ('–', '-'),
    ('↑', '^'),
    ('↓', 'v'),
    ('µ', 'u'),
    ('§', 'S'),
    ('█', '#'),
    ('▀', '"'),
    ('▄', '_'),
    ('⏎', '$'),
    ('␍', '\\'),
    ('↔', '-'),
    ('◀', '<'),
    ('┄', '.'),
];

/// The ASCII replacement. Latin letters with accents stay; anything else becomes `?`.
fn twin(c: char) -> char {
    match TWINS.iter().find(|(unicode, _)| *unicode == c) {
        Some((_, ascii)) => *ascii,
        None if c.is_ascii() || ('\u{c0}'..='\u{17f}').contains(&c) => c,
        None => '?',
    }
}

/// Replaces every symbol that is neither ASCII nor a letter, cell by cell.
pub(super) fn to_ascii(buf: &mut Buffer) {
    for cell in buf.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
        let mut chars = cell.symbol().chars();
        let first = chars.next().unwrap_or(' ');
        let rest = chars.next();
        // A letter followed by a combining accent stays a letter.
        let shown = if rest.is_some() && !first.is_ascii() { '?' } else { twin(first) };
        cell.set_char(shown);
    }
}

/// A text with its glyphs replaced.
pub(super) fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { twin(c) }).collect()
}

/// The ASCII replacement of a glyph.
#[cfg(test)]
pub(super) fn twin_of(glyph: &str) -> char {
    twin(glyph.chars().next().unwrap_or(' '))
}
