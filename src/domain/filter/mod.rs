//! The filter of the socket table: what `netstat -an | grep` takes, and fields besides.
//!
//! - A **word or number** by itself is looked for in the line that `netstat -an` would print, as `grep -iF` does:
//!   `65432`, `estab`, `127.0.0.1:65432`, `python`. StateSet match in other programs' spellings too (`time-wait`), and
//!   addresses with and without brackets. Between quotes it is a word whatever it looks like: `"port"`, `"0.0.0.0:* listen"`.
//! - A **field** with its value: `port sport dport` (number, range `65432-65434`, `:65432`), `host src dst` (address,
//!   prefix, with or without port), `state` (any spelling; groups of `ss(8)`: `connected`, `synchronized`, …), `proto`
//!   (`tcp`, `udp`, `tcp6`, …), `pid uid recvq sendq`, and for packets `flags` (names of a list are all set, whatever else
//!   is: `flags syn,ack`, `flags syn+ack`; letters as `tcpdump` has them are set and no others: `flags S.`), `len`, `seq`. Between them nothing, `:`, `=`, `==`, `!=`, `<`, `<=`, `>`, `>=`
//!   or the words of `ss(8)` for these. Values in a list are alternatives: `state established,time_wait`.
//!   `65432-65434` and `65432,65433` by themselves are ports.
//! - `and or not ( )`, also `&& || !`. Two things next to each other must both hold.
//!
//! `a != b` is exactly `not a = b`, so `port != 65432` says that neither port is 65432. What is not known of a row equals
//! nothing, and is neither below nor above anything.

mod complete;
mod endpoint;
mod error;
mod expr;
mod filter_field;
mod filterable;
mod flag_set;
mod parse;
mod proto_set;
mod scope;
mod search_line;
mod state_set;
#[cfg(test)]
mod tests;
mod token;
mod value;
mod word;

use std::collections::BTreeSet;
use std::fmt;

pub use complete::{Completion, complete};
pub use error::{FilterError, FilterErrorKind};
pub use filter_field::FilterField;
pub use filterable::Filterable;
pub use search_line::SearchLine;

use expr::Expr;

/// Which rows are to be shown. The default shows all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    text: String,
    expr: Option<Expr>,
}

impl Filter {
    /// The longest text that is read, in bytes.
    pub const MAX_LEN: usize = 1024;

    /// How many parentheses may be open at once.
    pub const MAX_DEPTH: usize = 32;

    /// Reads a filter; nothing but blanks is everything.
    ///
    /// # Errors
    /// What is wrong first, and where.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > Self::MAX_LEN {
            let mut from = Self::MAX_LEN;
            while !text.is_char_boundary(from) {
                from -= 1;
            }
            return Err(FilterError { at: from..text.len(), kind: FilterErrorKind::TooLong });
        }
        Ok(Self { text: text.to_owned(), expr: parse::expression(text, Self::MAX_DEPTH)? })
    }

    /// Whether the row is to be shown. Allocates nothing.
    pub fn matches(&self, row: &impl Filterable) -> bool {
        self.expr.as_ref().is_none_or(|expr| expr.matches(row, &mut None))
    }

    /// Ports such that every row that matches has one of them on either side, at most 1024 and never 0; `None` when there
    /// are no such, and the whole table is needed.
    ///
    /// A bare number from 1 to 65535, and a bare word that ends in a colon and five digits, count as that port here:
    /// `65432` is typed for a port. As a word it matches other text as well, a pid say, so that of rows with neither port
    /// 65432 some may match that need not be asked for. `"65432"` and `pid 65432` need the whole table.
    pub fn ports(&self) -> Option<BTreeSet<u16>> {
        self.expr.as_ref()?.ports(false)
    }
}

/// The text as it was typed.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
