//! The parser: `or` binds weakest, then `and` (written or implied), then `not`.

use std::ops::Range;

use super::error::{FilterError, FilterErrorKind};
use super::expr::{Expr, Test};
use super::filter_field::FilterField;
use super::token::{Comparison, Spanned, Token, tokens};
use super::value;
use super::word::Word;

/// Parses an expression of any length; `None` for a blank text. `deepest` is how many parentheses may be open.
pub(super) fn expression(text: &str, deepest: usize) -> Result<Option<Expr>, FilterError> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len(), deepest };
    if parser.tokens.is_empty() {
        return Ok(None);
    }
    let expr = parser.alternatives()?;
    match parser.peek() {
        None => Ok(Some(expr)),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    tokens: Vec<Spanned<'a>>,
    next: usize,
    /// Where the text ends.
    end: usize,
    /// How many more parentheses may be opened.
    deepest: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next).map(|spanned| spanned.token)
    }

    /// The bytes of the next token, or the end of the text.
    fn at(&self) -> Range<usize> {
        self.tokens.get(self.next).map_or(self.end..self.end, |spanned| spanned.at.clone())
    }

    fn error(&self, kind: FilterErrorKind) -> FilterError {
        FilterError { at: self.at(), kind }
    }

    fn unexpected(&self) -> FilterError {
        self.error(match self.peek() {
            None => FilterErrorKind::ExpectedTerm,
            Some(_) => FilterErrorKind::UnexpectedToken,
        })
    }

    fn skip(&mut self, token: Token<'_>) -> bool {
        let skipped = self.peek() == Some(token);
        self.next += usize::from(skipped);
        skipped
    }

    fn alternatives(&mut self) -> Result<Expr, FilterError> {
        let mut terms = vec![self.conjunction()?];
        while self.skip(Token::Or) {
            terms.push(self.conjunction()?);
        }
        Ok(Expr::or(terms))
    }

    fn conjunction(&mut self) -> Result<Expr, FilterError> {
        let mut terms = vec![self.term()?];
        while self.skip(Token::And)
            || matches!(self.peek(), Some(Token::Word(_) | Token::Quoted(_) | Token::Open | Token::Not))
        {
            terms.push(self.term()?);
        }
        Ok(Expr::and(terms))
    }

    fn term(&mut self) -> Result<Expr, FilterError> {
        let mut negated = false;
        while self.skip(Token::Not) {
            negated = !negated;
        }
        let expr = match self.peek() {
            Some(Token::Open) => self.parenthesis()?,
            Some(Token::Quoted(text)) => {
                self.next += 1;
                Expr::Test(Test::Word(Word::new(text, true)))
            }
            Some(Token::Word(word)) => self.test(word)?,
            _ => return Err(self.unexpected()),
        };
        Ok(if negated { Expr::not(expr) } else { expr })
    }

    fn parenthesis(&mut self) -> Result<Expr, FilterError> {
        let opened = self.at();
        self.deepest = self.deepest.checked_sub(1).ok_or_else(|| self.error(FilterErrorKind::TooDeep))?;
        self.next += 1;
        let expr = self.alternatives()?;
        if !self.skip(Token::Close) {
            return Err(match self.peek() {
                None => FilterError { at: opened, kind: FilterErrorKind::UnclosedParenthesis },
                Some(_) => self.unexpected(),
            });
        }
        self.deepest += 1;
        Ok(expr)
    }

    /// A field with its value, or a word by itself.
    fn test(&mut self, word: &'a str) -> Result<Expr, FilterError> {
        let at = self.at();
        self.next += 1;
        if let Some(field) = FilterField::named(word) {
            let field = self.narrowed(field);
            return self.field(field);
        }
        if matches!(self.peek(), Some(Token::Is(_))) {
            return Err(FilterError { at, kind: FilterErrorKind::UnknownField(word.to_owned()) });
        }
        if value::looks_like_ports(word) || (self.peek() == Some(Token::Comma) && value::is_digits(word)) {
            self.next -= 1;
            return self.values(FilterField::Port, Comparison::Equal);
        }
        Ok(Expr::Test(Test::Word(Word::new(word, false))))
    }

    /// Accepts `src port` and `dst host`, as `tcpdump` does.
    fn narrowed(&mut self, field: FilterField) -> FilterField {
        let Some(Token::Word(word)) = self.peek() else { return field };
        let narrow = match (field, FilterField::named(word)) {
            (FilterField::Src, Some(FilterField::Port)) => FilterField::Sport,
            (FilterField::Dst, Some(FilterField::Port)) => FilterField::Dport,
            (FilterField::Src | FilterField::Dst, Some(FilterField::Host)) => field,
            _ => return field,
        };
        self.next += 1;
        narrow
    }

    fn field(&mut self, field: FilterField) -> Result<Expr, FilterError> {
        let comparison = match self.peek() {
            Some(Token::Is(comparison)) => Some(comparison),
            Some(Token::Word(word)) => value::comparison(word),
            _ => None,
        };
        if matches!(comparison, Some(by) if by.is_order()) && field.largest().is_none() {
            return Err(self.error(FilterErrorKind::NoOrder { field }));
        }
        self.next += usize::from(comparison.is_some());
        self.values(field, comparison.unwrap_or(Comparison::Equal))
    }

    /// One value or, unless the comparison is an order, several separated by commas.
    fn values(&mut self, field: FilterField, comparison: Comparison) -> Result<Expr, FilterError> {
        let mut test = None;
        loop {
            let Some(Token::Word(value) | Token::Quoted(value)) = self.peek() else {
                return Err(self.error(FilterErrorKind::ExpectedValue { field }));
            };
            let more = value::read(field, comparison, value).map_err(|kind| self.error(kind))?;
            test = Some(value::either(test, more));
            self.next += 1;
            if comparison.is_order() || !self.skip(Token::Comma) {
                break;
            }
        }
        let test = Expr::Test(test.ok_or_else(|| self.error(FilterErrorKind::ExpectedValue { field }))?);
        Ok(if comparison == Comparison::Unequal { Expr::not(test) } else { test })
    }
}
