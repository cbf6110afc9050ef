//! Completion of the word that is being typed.

use std::ops::Range;

use super::Filter;
use super::filter_field::{FieldKind, FilterField};
use super::flag_set::FlagSet;
use super::proto_set::ProtoSet;
use super::state_set::{StateSet, squeezed};
use super::token::{Spanned, Token, tokens};

/// Proposals for one word of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The bytes of the text that a candidate replaces: the whole word at the cursor, or nothing between two words.
    pub range: Range<usize>,
    /// The candidates, most likely first; none where anything can be typed.
    pub candidates: Vec<&'static str>,
}

/// Proposes field names, states after `state` and protocols after `proto`, for the word that contains the byte `cursor` or
/// ends there. Only the text before the cursor counts; a cursor inside a character counts as before it.
pub fn complete(text: &str, cursor: usize) -> Completion {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let nothing = Completion { range: cursor..cursor, candidates: Vec::new() };
    if text.len() > Filter::MAX_LEN {
        return nothing;
    }
    // Inside quotes there is nothing to propose.
    let Ok(before) = tokens(&text[..cursor]) else { return nothing };
    let (context, start) = match before.split_last() {
        Some((Spanned { at, token: Token::Word(_) | Token::And | Token::Or | Token::Not }, context))
            if at.end == cursor =>
        {
            (context, at.start)
        }
        Some((Spanned { at, token: Token::Quoted(_) }, _)) if at.end == cursor => return nothing,
        _ => (&before[..], cursor),
    };
    let rest = text[cursor..].find(|c: char| c.is_whitespace() || "&|=!<>(),\":".contains(c));
    let end = if start == cursor { cursor } else { rest.map_or(text.len(), |len| cursor + len) };
    let typed = squeezed(&text[start..cursor]);
    // A word of only `-` and `_` begins no name.
    let fits = |name: &&'static str| squeezed(name).starts_with(&typed) && (start == cursor || !typed.is_empty());
    let candidates = match field_before(context).map(FilterField::kind) {
        Some(FieldKind::State) => StateSet::names().filter(fits).collect(),
        Some(FieldKind::Proto) => ProtoSet::names().filter(fits).collect(),
        Some(FieldKind::Flags) => FlagSet::names().filter(fits).collect(),
        Some(FieldKind::Number | FieldKind::Address | FieldKind::Name) => Vec::new(),
        None => FilterField::ALL.iter().map(|field| field.name()).filter(fits).collect(),
    };
    Completion { range: start..end, candidates }
}

/// The field whose first or next value comes after these tokens.
fn field_before(tokens: &[Spanned<'_>]) -> Option<FilterField> {
    let mut tokens = tokens.iter().rev().map(|spanned| spanned.token).peekable();
    while tokens.next_if_eq(&Token::Comma).is_some() {
        tokens.next_if(|token| matches!(token, Token::Word(_) | Token::Quoted(_)))?;
    }
    tokens.next_if(|token| matches!(token, Token::Is(_)));
    match tokens.next() {
        Some(Token::Word(word)) => FilterField::named(word),
        _ => None,
    }
}
