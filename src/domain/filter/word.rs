//! A word or a number by itself, and where it is found.

use std::fmt;

use super::filterable::Filterable;
use super::search_line::SearchLine;
use super::state_set::StateSet;

/// A text to look for, as `grep -iF` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As it was typed, without quotes.
    text: String,
    /// Whether it was typed between quotes.
    quoted: bool,
    /// What to look for in a [`SearchLine`].
    needle: String,
    /// The port that it is, where it is a number and nothing else.
    number: Option<u16>,
    /// StateSet that other programs spell like this.
    states: StateSet,
}

impl Word {
    pub(super) fn new(text: &str, quoted: bool) -> Self {
        // `[::1]:80` is `::1:80` in the line; the brackets of a program's name stay.
        let is_address = text.starts_with('[') || text.contains("]:");
        let small = text.to_ascii_lowercase();
        let bare = if is_address { small.replace(['[', ']'], "") } else { String::new() };
        // A word of brackets only would be in every line without them.
        let needle = if bare.is_empty() { small } else { bare };
        let states = if quoted { StateSet::NONE } else { StateSet::beginning_with(text) };
        Self { text: text.to_owned(), quoted, needle, number: port(text), states }
    }

    /// Whether it is in the line of `row`, which is written into `line` when it is needed.
    pub(super) fn is_in(&self, row: &impl Filterable, line: &mut Option<SearchLine>) -> bool {
        let dst = row.dst();
        self.states.has(row.state(), dst.is_some())
            // Both ports are in the line: the commonest word is answered without writing it.
            || self.number.is_some_and(|port| row.src().port() == port || dst.is_some_and(|dst| dst.port() == port))
            || SearchLine::of(row, line).as_str().contains(&self.needle)
    }

    /// The port that is meant: the whole of a bare number, or five digits after the last colon (`:65432`,
    /// `127.0.0.1:65432`; fewer could be the middle of an IPv6 address, or the beginning of a longer number).
    pub(super) fn port(&self) -> Option<u16> {
        let after_colon =
            || self.text.rsplit_once(':').and_then(|(_, digits)| port(digits).filter(|_| digits.len() == 5));
        // Smaller numbers are octets of addresses more often than ports.
        self.number.or_else(after_colon).filter(|port| !self.quoted && *port > 255)
    }
}

/// A port, spelled as in a line: no sign and no zero before it.
fn port(digits: &str) -> Option<u16> {
    digits.starts_with(|c: char| matches!(c, '1'..='9')).then(|| digits.parse().ok()).flatten()
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.quoted { "\"" } else { "" };
        write!(f, "{quote}{}{quote}", self.text)
    }
}
