//! Errors in a filter, and where they are. The sentences about it are in the texts of the screen.

use std::ops::Range;

use super::filter_field::FilterField;

/// A text that is not a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// The bytes of the text to point at, on character boundaries; empty and at the end of the text if something is
    /// missing there.
    pub at: Range<usize>,
    /// The kind of error.
    pub kind: FilterErrorKind,
}

/// The kinds of errors in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterErrorKind {
    /// This word is compared with a value, but is not the name of a field.
    UnknownField(String),
    /// A field without a value.
    ExpectedValue { field: FilterField },
    /// The text ends where a term must follow: after `and`, `or`, `not` or `(`.
    ExpectedTerm,
    /// Not a number, or larger than [`FilterField::largest`].
    BadNumber { field: FilterField },
    /// An empty range: its ends are swapped or missing, or no number is below or above its one end.
    BadRange { field: FilterField },
    /// Not an address, with or without a prefix length and a port.
    BadAddress { field: FilterField },
    /// Not the name of a TCP state in any spelling, nor of a group of them.
    UnknownState,
    /// Neither tcp nor udp.
    UnknownProto,
    /// Not the name of a TCP flag, nor such names with `+` between them, nor the letters of `tcpdump(1)`.
    UnknownFlag,
    /// A field whose values have no order is compared with `<`, `<=`, `>` or `>=`.
    NoOrder { field: FilterField },
    /// `(` without its `)`.
    UnclosedParenthesis,
    /// `"` without another one.
    UnclosedQuote,
    /// A token that is not allowed here.
    UnexpectedToken,
    /// Parentheses nested deeper than [`Filter::MAX_DEPTH`](super::Filter::MAX_DEPTH).
    TooDeep,
    /// More bytes than [`Filter::MAX_LEN`](super::Filter::MAX_LEN); the error points at the excess.
    TooLong,
}
