//! Completion of the word being typed in a filter.

use std::ops::Range;

use tui_input::Input;

use super::line::TypedLine;
use crate::domain::filter::complete;

/// The completions of the word at the cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completions {
    /// The candidates, the likeliest first.
    pub candidates: Vec<&'static str>,
    /// The one that Tab has put into the line, while it cycles through them.
    pub tried: Option<usize>,
    /// The bytes of the line that a candidate takes the place of.
    range: Range<usize>,
}

impl Completions {
    /// The completions at the cursor of `line`.
    pub(super) fn of(line: &TypedLine) -> Self {
        let text = line.input.value();
        let byte = text.char_indices().nth(line.input.cursor()).map_or(text.len(), |(at, _)| at);
        let found = complete(text, byte);
        Self { candidates: found.candidates, tried: None, range: found.range }
    }

    /// Finishes the word as far as the candidates agree; where they do not agree any further, puts the next of them
    /// into the line, or the one before.
    pub(super) fn complete(&mut self, line: &mut TypedLine, back: bool) {
        let Some(first) = self.candidates.first() else { return };
        if let [only] = self.candidates[..] {
            self.put(line, &format!("{only} "));
            *self = Self::of(line);
            return;
        }
        let shared = self.agreement();
        if self.tried.is_none() && shared > self.range.len() {
            let agreed = &first[..shared];
            self.put(line, agreed);
            return;
        }
        let len = self.candidates.len();
        let next = match self.tried {
            None if back => len - 1,
            None => 0,
            Some(at) => (at + if back { len - 1 } else { 1 }) % len,
        };
        self.put(line, self.candidates[next]);
        self.tried = Some(next);
    }

    /// How many bytes all candidates begin with, whatever their case: states are in capitals, their groups are not.
    fn agreement(&self) -> usize {
        let Some(first) = self.candidates.first() else { return 0 };
        let alike = |word: &&str| {
            let same = first.bytes().zip(word.bytes()).take_while(|(one, other)| one.eq_ignore_ascii_case(other));
            same.count()
        };
        self.candidates.iter().map(alike).min().unwrap_or(0)
    }

    /// Puts `word` where the typed one is, the cursor behind it.
    fn put(&mut self, line: &mut TypedLine, word: &str) {
        let text = line.input.value();
        let (Some(before), Some(after)) = (text.get(..self.range.start), text.get(self.range.end..)) else { return };
        let head = format!("{before}{word}");
        let after = after.to_owned();
        // The blank behind a finished word may be there already.
        let after = if word.ends_with(' ') { after.trim_start() } else { &after };
        let cursor = head.chars().count();
        self.range.end = self.range.start + word.len();
        line.input = Input::new(head + after).with_cursor(cursor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> (TypedLine, Completions) {
        let line = TypedLine::with(text);
        let completions = Completions::of(&line);
        (line, completions)
    }

    #[test]
    fn a_word_with_one_completion_is_completed() {
        let (mut line, mut completions) = typed("state time");
        completions.complete(&mut line, false);
        assert_eq!(line.input.value(), "state TIME_WAIT ");
        let (mut line, mut completions) = typed("nothing_like_it");
        completions.complete(&mut line, false);
        assert_eq!((line.input.value(), completions.candidates.len()), ("nothing_like_it", 0));
    }

    #[test]
    fn completion_ignores_case() {
        // SYN_SENT, SYN_RECV and the group synchronized.
        let (mut line, mut completions) = typed("state sy");
        completions.complete(&mut line, false);
        assert_eq!((line.input.value(), completions.tried), ("state SYN", None));
        assert_eq!(completions.candidates, ["SYN_SENT", "SYN_RECV", "synchronized"]);
    }

    #[test]
    fn tab_cycles_through_several_completions() {
        let (mut line, mut completions) = typed("state SYN");
        let mut seen = Vec::new();
        for _ in 0..4 {
            completions.complete(&mut line, false);
            seen.push(line.input.value().to_owned());
        }
        assert_eq!(seen, ["state SYN_SENT", "state SYN_RECV", "state synchronized", "state SYN_SENT"]);
        completions.complete(&mut line, true);
        assert_eq!(line.input.value(), "state synchronized");
    }

    #[test]
    fn text_after_the_word_stays() {
        let mut line = TypedLine::with("s and port 1");
        line.input = line.input.with_cursor(1);
        let mut completions = Completions::of(&line);
        let first = completions.candidates[0];
        completions.complete(&mut line, false);
        assert_eq!(line.input.value(), format!("{first} and port 1"));
        assert_eq!(line.input.cursor(), first.len());
    }
}
