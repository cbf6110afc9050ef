//! The beginning of what was sent, made safe to show.
//!
//! Bytes from a socket are hostile. They become text here, once, where they enter, and nowhere else: control
//! characters, escape sequences, bidirectional overrides and zero-width characters turn into visible marks.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthChar as _;

/// Data that was sent or received: at most [`Excerpt::SHOWN`] bytes of it as safe text, and its real length.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Excerpt {
    /// Safe, printable text. A line end is shown as `⏎`, also at the very end: every byte is accounted for.
    #[serde(rename = "data", default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The number of bytes there were, shown or not.
    pub len: usize,
}

impl Excerpt {
    /// How many bytes of a message are kept for the screen.
    pub const SHOWN: usize = 64;

    /// Takes the beginning of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self { text: sanitise(&bytes[..bytes.len().min(Self::SHOWN)]), len: bytes.len() }
    }

    /// Whether more was sent than `text` shows.
    pub fn is_cut(&self) -> bool {
        self.len > Self::SHOWN
    }
}

/// Turns hostile bytes into text that any terminal can be given: what could move the cursor, change colours, hide, join
/// or reorder text is replaced by a visible mark; bytes that are not UTF-8 are shown as `\xNN`.
///
/// The result takes as many columns as `wcwidth(3)` says, character by character: an emoji that is put together from
/// several is shown as its parts, because terminals do not agree on how wide it is.
pub fn sanitise(bytes: &[u8]) -> String {
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut safe = String::with_capacity(bytes.len());
    // How many more accents the last character may take.
    let mut accents = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            accents = push_safe(&mut safe, c, accents);
        }
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
            accents = 0;
        }
    }
    safe
}

/// [`sanitise`] for text of several lines, which stay lines.
pub fn sanitise_lines(text: &str) -> String {
    text.split('\n').map(|line| sanitise(line.as_bytes())).collect::<Vec<_>>().join("\n")
}

/// As many accents as a letter of any living language has; more would grow into other lines.
const ACCENTS: u8 = 3;

/// Appends one character, and returns how many accents may follow it.
fn push_safe(safe: &mut String, c: char, accents: u8) -> u8 {
    match c {
        '\n' => safe.push('⏎'),
        '\t' => safe.push(' '),
        // U+2400… are the pictures of the C0 controls: ␀ ␁ … ␛ … ␟, and ␡ for DEL.
        '\0'..='\u{1f}' => safe.push(char::from_u32(0x2400 + c as u32).unwrap_or('␦')),
        '\u{7f}' => safe.push('␡'),
        _ => match c.width() {
            // Without a letter before it, it would combine with text that is not ours.
            Some(0) if accents > 0 && !is_odd(c) => {
                safe.push(c);
                return accents - 1;
            }
            Some(1 | 2) if !is_odd(c) => {
                safe.push(c);
                return if c.is_alphabetic() { ACCENTS } else { 0 };
            }
            _ => {
                let _ = write!(safe, "\\u{{{:x}}}", c as u32);
            }
        },
    }
    0
}

/// Characters that have no shape of their own yet change how others are shown (C1 controls, zero-width, bidirectional
/// formatting, variation selectors, tags, line separators), that join with what is beside them (skin tones, the letters
/// of flags, half-width sound marks, prepended marks), or that have no standard shape (private use, noncharacters).
fn is_odd(c: char) -> bool {
    let no_character = (c as u32 & 0xfffe) == 0xfffe;
    no_character
        || matches!(c,
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{61c}'
            | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2e3a}' | '\u{2e3b}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ff9e}'..='\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1345f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{1f1e6}'..='\u{1f1ff}'
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0000}'..='\u{10ffff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_visible_and_text_stays() {
        assert_eq!(sanitise("olá\u{1b}[2J\u{202e}x\u{9b}".as_bytes()), "olá␛[2J\\u{202e}x\\u{9b}");
        assert_eq!(sanitise(b"a\xff\xc3\n\x00"), "a\\xff\\xc3⏎␀");
    }

    #[test]
    fn composed_characters_are_shown_as_their_parts() {
        assert_eq!(sanitise("👍🏽 🇧🇷 ❤️ ⸻".as_bytes()), "👍\\u{1f3fd} \\u{1f1e7}\\u{1f1f7} ❤\\u{fe0f} \\u{2e3b}");
        assert_eq!(sanitise("👩‍👧".as_bytes()), "👩\\u{200d}👧");
        assert_eq!(sanitise("\u{e000}\u{10eeee}\u{ffff}".as_bytes()), "\\u{e000}\\u{10eeee}\\u{ffff}");
    }

    #[test]
    fn accents_are_kept_on_letters_up_to_a_limit() {
        assert_eq!(sanitise("ola\u{301} นี้".as_bytes()), "ola\u{301} นี้");
        assert_eq!(sanitise("\u{301}x".as_bytes()), "\\u{301}x");
        assert_eq!(sanitise("│\u{338}1\u{20e3}".as_bytes()), "│\\u{338}1\\u{20e3}");
        assert_eq!(sanitise("e\u{301}\u{302}\u{303}\u{304}".as_bytes()), "e\u{301}\u{302}\u{303}\\u{304}");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(sanitise_lines("one\n\u{1b}two\n"), "one\n␛two\n");
    }

    #[test]
    fn every_byte_is_shown_and_counted_up_to_a_limit() {
        assert_eq!(Excerpt::of(b"hi\r\n"), Excerpt { text: "hi␍⏎".into(), len: 4 });
        let whole = Excerpt::of(&[&[b'x'; 62][..], b"\r\n"].concat());
        assert!(!whole.is_cut() && whole.text.ends_with("x␍⏎"));
        let long = Excerpt::of(&[b'x'; 1000]);
        assert_eq!((long.text.len(), long.len, long.is_cut()), (Excerpt::SHOWN, 1000, true));
    }
}
