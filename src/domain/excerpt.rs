//! The beginning of what was sent, made safe to show.
//!
//! Bytes from a socket are hostile. They become text here, once, where they enter, and nowhere else: control
//! characters, escape sequences, bidirectional overrides and zero-width characters turn into visible marks.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// What was sent or received: at most [`Excerpt::SHOWN`] bytes of it as safe text, and how long it really was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Excerpt {
    /// Safe, printable text. A line end at the very end is left out; any other is shown as `⏎`.
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
        let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let cut = body.len().min(Self::SHOWN);
        Self { text: sanitise(&body[..cut]), len: bytes.len() }
    }

    /// Whether more was sent than `text` shows.
    pub fn is_cut(&self) -> bool {
        self.len > Self::SHOWN + 2
    }
}

/// Turns hostile bytes into text that any terminal can be given: what could move the cursor, change colours, hide or
/// reorder text is replaced by a visible mark; bytes that are not UTF-8 are shown as `\xNN`.
pub fn sanitise(bytes: &[u8]) -> String {
    let mut safe = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_safe(&mut safe, c));
        for byte in chunk.invalid() {
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    safe
}

fn push_safe(safe: &mut String, c: char) {
    match c {
        '\n' => safe.push('⏎'),
        '\t' => safe.push(' '),
        // U+2400… are the pictures of the C0 controls: ␀ ␁ … ␛ … ␟, and ␡ for DEL.
        '\0'..='\u{1f}' => safe.push(char::from_u32(0x2400 + c as u32).unwrap_or('␦')),
        '\u{7f}' => safe.push('␡'),
        c if is_invisible(c) => {
            let _ = write!(safe, "\\u{{{:x}}}", c as u32);
        }
        c => safe.push(c),
    }
}

/// Characters that have no shape of their own yet change how others are shown (C1 controls, zero-width, bidirectional
/// formatting, variation selectors, tags, line separators).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}'
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
    fn length_counts_every_byte_and_the_final_line_end_is_not_shown() {
        assert_eq!(Excerpt::of(b"hi\r\n"), Excerpt { text: "hi".into(), len: 4 });
        let long = Excerpt::of(&[b'x'; 1000]);
        assert_eq!((long.text.len(), long.len, long.is_cut()), (Excerpt::SHOWN, 1000, true));
    }
}
