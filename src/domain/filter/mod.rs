//! The filter of the socket table and of packets: words as for `netstat -an | grep`, and fields.
//!
//! - A **word or number** by itself is searched in the line that `netstat -an` would print, as `grep -iF` does:
//!   `65432`, `estab`, `127.0.0.1:65432`, `python`. States match in other programs' spellings too (`time-wait`), and
//!   addresses with and without brackets. In quotes it is always a word: `"port"`, `"0.0.0.0:* listen"`.
//! - A **field** with its value: `port sport dport` (number, range `65432-65434`, `:65432`), `host src dst` (address,
//!   prefix, with or without port), `state` (any spelling; groups of `ss(8)`: `connected`, `synchronized`, …), `proto`
//!   (`tcp`, `udp`, `tcp6`, …), `pid uid recvq sendq`, and for packets `flags` (names: at least these are set, `flags
//!   syn,ack` or `flags syn+ack`; letters as in `tcpdump`: exactly these are set, `flags S.`), `len`, `seq`, `iface` (a name).
//!   Between field and value stands nothing, `:`, `=`, `==`, `!=`, `<`, `<=`, `>`, `>=` or the words of `ss(8)` for these. Values in a
//!   list are alternatives: `state established,time_wait`. `65432-65434` and `65432,65433` by themselves are ports.
//! - `and or not ( )`, also `&& || !`. Two things next to each other must both hold.
//!
//! `a != b` is exactly `not a = b`, so `port != 65432` means that neither port is 65432. An unknown value of a row is not
//! equal to, below or above anything.

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

pub use complete::complete;
pub use error::{FilterError, FilterErrorKind};
pub use filterable::Filterable;
pub use search_line::SearchLine;

use expr::Expr;

/// Selects the rows to show. The default shows all.
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

    /// Parses a filter; a blank text matches everything.
    ///
    /// # Errors
    /// The first thing that is wrong, and where.
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

    /// Whether the row matches. Allocates nothing.
    pub fn matches(&self, row: &impl Filterable) -> bool {
        self.expr.as_ref().is_none_or(|expr| expr.matches(row, &mut None))
    }

    /// Whether a row can match by the process that holds it: by a field, or by a word other than a port.
    pub fn is_about_processes(&self) -> bool {
        self.expr.as_ref().is_some_and(Expr::is_about_processes)
    }

    /// Ports such that every matching row has one of them on either side, at most 1024 and never 0; `None` if there are no
    /// such ports and the whole table is needed.
    ///
    /// A bare number from 256 to 65535, and a bare word that ends in a colon and five digits, count as that port here,
    /// because that is what people mean by `65432`. As a word it also matches other text, such as a pid, and such rows are
    /// then not requested from the kernel. `"65432"` and `pid 65432` need the whole table.
    pub fn ports(&self) -> Option<BTreeSet<u16>> {
        self.expr.as_ref()?.ports(false)
    }
}

/// The text as typed.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
