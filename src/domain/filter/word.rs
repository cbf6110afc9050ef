//! A word or a number by itself, and how it matches.

use std::fmt;

use super::filterable::{Filterable, line_of};
use super::search_line::SearchLine;
use super::state_set::StateSet;

/// A text to search for, as `grep -iF` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As typed, without quotes.
    text: String,
    /// Whether it was typed in quotes.
    quoted: bool,
    /// The text to search for in a [`SearchLine`].
    needle: String,
    /// The port, if it is a bare number.
    number: Option<u16>,
    /// The states with a spelling that begins with it.
    states: StateSet,
}

impl Word {
    pub(super) fn new(text: &str, quoted: bool) -> Self {
        // `[::1]:80` is `::1:80` in the line; brackets in a program's name stay.
        let is_address = text.starts_with('[') || text.contains("]:");
        let small = text.to_ascii_lowercase();
        let bare = if is_address { small.replace(['[', ']'], "") } else { String::new() };
        // A word of only brackets would match every line without them.
        let needle = if bare.is_empty() { small } else { bare };
        let states = if quoted { StateSet::NONE } else { StateSet::beginning_with(text) };
        Self { text: text.to_owned(), quoted, needle, number: port(text), states }
    }

    /// Whether it is in the line of `row`, which is written into `line` if needed.
    pub(super) fn is_in(&self, row: &impl Filterable, line: &mut Option<SearchLine>) -> bool {
        self.states.has(row.state(), row.flow().peer.is_some())
            // The line contains both ports: the most common words match without writing it.
            || self.number.is_some_and(|port| row.flow().has_port(port))
            || line_of(row, line).as_str().contains(&self.needle)
    }

    /// The port that it means: a bare number, or five digits after the last colon (`:65432`,
    /// `127.0.0.1:65432`; fewer could be the middle of an IPv6 address, or the beginning of a longer number).
    pub(super) fn port(&self) -> Option<u16> {
        if self.quoted {
            return None;
        }
        let after_colon = || match self.text.rsplit_once(':') {
            Some((_, digits)) if digits.len() == 5 => port(digits),
            _ => None,
        };
        // Smaller numbers are octets of addresses more often than ports.
        self.number.or_else(after_colon).filter(|port| *port > 255)
    }
}

/// A port as written in a line: without a sign or leading zeros.
fn port(digits: &str) -> Option<u16> {
    if digits.starts_with(|c: char| matches!(c, '1'..='9')) { digits.parse().ok() } else { None }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.quoted { "\"" } else { "" };
        write!(f, "{quote}{}{quote}", self.text)
    }
}
