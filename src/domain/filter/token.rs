//! The tokens of a filter.

use std::ops::Range;

use super::error::{FilterError, FilterErrorKind};
use super::filter_field::FilterField;

/// One word or sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Word(&'a str),
    /// The text between two `"`: always a word to search for.
    Quoted(&'a str),
    Open,
    Close,
    Comma,
    And,
    Or,
    Not,
    Is(Comparison),
}

/// How a field is compared with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// A token and its bytes in the text.
#[derive(Debug, Clone)]
pub(super) struct Spanned<'a> {
    pub(super) at: Range<usize>,
    pub(super) token: Token<'a>,
}

/// Signs, longer ones before their prefixes.
const SIGNS: [(&str, Token<'static>); 15] = [
    ("&&", Token::And),
    ("&", Token::And),
    ("||", Token::Or),
    ("|", Token::Or),
    ("==", Token::Is(Comparison::Equal)),
    ("=", Token::Is(Comparison::Equal)),
    ("!=", Token::Is(Comparison::Unequal)),
    ("!", Token::Not),
    ("<=", Token::Is(Comparison::AtMost)),
    ("<", Token::Is(Comparison::Below)),
    (">=", Token::Is(Comparison::AtLeast)),
    (">", Token::Is(Comparison::Above)),
    ("(", Token::Open),
    (")", Token::Close),
    (",", Token::Comma),
];

/// Splits a text into tokens. Fails only for an unclosed quote.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned<'_>>, FilterError> {
    let mut found = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let rest = &text[from..];
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            from += blank;
            continue;
        }
        let (len, token) =
            first(rest).ok_or(FilterError { at: from..text.len(), kind: FilterErrorKind::UnclosedQuote })?;
        found.push(Spanned { at: from..from + len, token });
        from += len;
        // `port:65432`: the colon is an equals sign only right after the name of a field; `127.0.0.1:65432` is a word.
        if matches!(token, Token::Word(word) if FilterField::named(word).is_some()) && text[from..].starts_with(':') {
            found.push(Spanned { at: from..from + 1, token: Token::Is(Comparison::Equal) });
            from += 1;
        }
    }
    Ok(found)
}

/// The first token of a text and its length, at least 1; `None` for an unclosed quote.
fn first(text: &str) -> Option<(usize, Token<'_>)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = quoted.find('"')?;
        return Some((end + 2, Token::Quoted(&quoted[..end])));
    }
    if let Some((sign, token)) = SIGNS.iter().find(|(sign, _)| text.starts_with(sign)) {
        return Some((sign.len(), *token));
    }
    let end = text.find(|c: char| c.is_whitespace() || "&|=!<>(),\"".contains(c)).unwrap_or(text.len());
    let word = match text[..end].split_once(':') {
        Some((name, _)) if FilterField::named(name).is_some() => name,
        _ => &text[..end],
    };
    let token = match word {
        _ if word.eq_ignore_ascii_case("and") => Token::And,
        _ if word.eq_ignore_ascii_case("or") => Token::Or,
        _ if word.eq_ignore_ascii_case("not") => Token::Not,
        _ => Token::Word(word),
    };
    Some((word.len(), token))
}
