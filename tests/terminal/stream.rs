//! A strict reader of the program's output: printable text, and the few control sequences that the program uses. Anything
//! else came from a peer.

use std::collections::BTreeMap;

/// The modes that the program sets and resets (`DECSET`): the alternate screen, marked paste, the cursor.
const MODES: [&str; 3] = ["?1049", "?2004", "?25"];

/// Every control sequence that was written and how often: positions, colours and erasures by their last letter only.
///
/// # Errors
/// The first output that is not the program's own.
pub(crate) fn sequences(written: &[u8]) -> Result<BTreeMap<String, usize>, String> {
    let text = std::str::from_utf8(written).map_err(|error| error.to_string())?;
    let mut found = BTreeMap::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let here = || format!("{:?}", rest.chars().take(40).collect::<String>());
        if c != '\u{1b}' {
            if !has_a_shape(c) {
                return Err(format!("a terminal would obey or hide this: {}", here()));
            }
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let after = rest.strip_prefix("\u{1b}[").ok_or_else(|| format!("no CSI: {}", here()))?;
        let end = after
            .find(|c: char| !(c.is_ascii_digit() || ";:?".contains(c)))
            .ok_or_else(|| format!("no end: {}", here()))?;
        let parameters = &after[..end];
        let last = &after[end..=end];
        let name = match last {
            "H" | "m" if !parameters.contains('?') => last.to_owned(),
            "J" if parameters == "2" => last.to_owned(),
            "h" | "l" if MODES.contains(&parameters) => format!("{parameters}{last}"),
            _ => return Err(format!("not a sequence of the program: {}", here())),
        };
        *found.entry(name).or_default() += 1;
        rest = &after[end + 1..];
    }
    Ok(found)
}

/// Whether a terminal shows it in a cell of its own, or as an accent on the character before.
fn has_a_shape(c: char) -> bool {
    let hidden = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    let no_character = (u32::from(c) & 0xfffe) == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c);
    !(c.is_control() || hidden || no_character)
}

#[test]
fn foreign_sequences_are_found() {
    assert_eq!(sequences(b"\x1b[?25l\x1b[1;1Hol\xc3\xa1\x1b[38;5;4m\x1b[m").map(|found| found.len()), Ok(3));
    for bad in ["\u{1b}]0;x\u{7}", "\u{1b}c", "\u{1b}[6n", "\u{1b}[?1003h", "\u{1b}[2;5r", "\u{9b}", "\u{202e}", "a\nb"]
    {
        assert!(sequences(bad.as_bytes()).is_err(), "{bad:?}");
    }
}
