//! A line of text that is being typed.

use tui_input::{Input, InputRequest};

use crate::domain::keys::Key;

/// The line that is being typed, and those typed before.
#[derive(Debug, Clone, Default)]
pub struct TypedLine {
    /// The text and the cursor.
    pub input: Input,
    history: Vec<String>,
    /// The place in the history that is shown; its length for the line being typed.
    at: usize,
}

impl TypedLine {
    const KEPT: usize = 100;
    /// The longest line in bytes.
    pub const MAX: usize = 1_024;

    /// A line with this text, the cursor at its end.
    pub fn with(text: &str) -> Self {
        Self { input: Input::new(text.into()), ..Self::default() }
    }

    /// Takes the text out and remembers it.
    pub fn take(&mut self) -> String {
        let text = self.input.value_and_reset();
        self.remember(&text);
        text
    }

    /// Remembers a text that stays in the line.
    pub fn remember(&mut self, text: &str) {
        if !text.is_empty() && self.history.last().is_none_or(|last| last != text) {
            self.history.push(text.into());
            if self.history.len() > Self::KEPT {
                self.history.remove(0);
            }
        }
        self.at = self.history.len();
    }

    /// Shows an earlier line, or a later one.
    pub fn recall(&mut self, earlier: bool) {
        let to = if earlier { self.at.saturating_sub(1) } else { (self.at + 1).min(self.history.len()) };
        if to != self.at {
            self.at = to;
            self.input = Input::new(self.history.get(to).cloned().unwrap_or_default());
        }
    }

    /// Does what a key means in a line of text, as readline does.
    pub(super) fn edit(&mut self, key: Key) {
        let request = match key {
            Key::Char(c) if self.input.value().len() + c.len_utf8() <= Self::MAX => InputRequest::InsertChar(c),
            Key::Backspace | Key::Ctrl('h') => InputRequest::DeletePrevChar,
            Key::Delete | Key::Ctrl('d') => InputRequest::DeleteNextChar,
            Key::Left | Key::Ctrl('b') => InputRequest::GoToPrevChar,
            Key::Right | Key::Ctrl('f') => InputRequest::GoToNextChar,
            Key::Home | Key::Ctrl('a') => InputRequest::GoToStart,
            Key::End | Key::Ctrl('e') => InputRequest::GoToEnd,
            Key::Ctrl('w') => InputRequest::DeletePrevWord,
            Key::Ctrl('u') => InputRequest::DeleteLine,
            Key::Ctrl('k') => InputRequest::DeleteTillEnd,
            _ => return,
        };
        self.input.handle(request);
    }
}
