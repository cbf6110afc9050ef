//! The expression tree of a filter, and how it matches a row.

use std::fmt;
use std::net::SocketAddr;

use super::endpoint::EndpointPattern;
use super::filter_field::FilterField;
use super::filterable::Filterable;
use super::flag_set::FlagSet;
use super::proto_set::ProtoSet;
use super::search_line::SearchLine;
use super::state_set::StateSet;
use super::word::Word;
use crate::domain::{Flow, InterfaceName, Proto};

/// An expression. Only the parser makes one, and keeps it flat: no `And` directly in an `And`, no `Or` directly in an
/// `Or`, no `Not` directly in a `Not`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Test(Test),
}

/// One test of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    Word(Word),
    /// A number is in one of the spans.
    Number(FilterField, Vec<Span>),
    Address(FilterField, Vec<EndpointPattern>),
    State(StateSet),
    Proto(ProtoSet),
    Flags(FlagSet),
    /// The packet was seen on an interface of one of these names.
    Iface(Vec<InterfaceName>),
}

/// The numbers from `first` to `last`, both of them included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) last: u32,
}

impl Expr {
    pub(super) fn and(terms: Vec<Self>) -> Self {
        Self::joined(terms, Self::And, |term| match term {
            Self::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    pub(super) fn or(terms: Vec<Self>) -> Self {
        Self::joined(terms, Self::Or, |term| match term {
            Self::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    pub(super) fn not(term: Self) -> Self {
        match term {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    fn joined(terms: Vec<Self>, join: fn(Vec<Self>) -> Self, open: fn(Self) -> Result<Vec<Self>, Self>) -> Self {
        let mut flat = Vec::with_capacity(terms.len());
        for term in terms {
            match open(term) {
                Ok(inner) => flat.extend(inner),
                Err(single) => flat.push(single),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { join(flat) }
    }

    /// See [`Filter::is_about_processes`](super::Filter::is_about_processes).
    pub(super) fn is_about_processes(&self) -> bool {
        match self {
            Self::Not(term) => term.is_about_processes(),
            Self::And(terms) | Self::Or(terms) => terms.iter().any(Self::is_about_processes),
            Self::Test(Test::Word(word)) => word.port().is_none(),
            Self::Test(test) => matches!(test, Test::Number(FilterField::Pid, _)),
        }
    }

    /// Whether `row` matches. Its line is written into `line` when the first word needs it.
    pub(super) fn matches(&self, row: &impl Filterable, line: &mut Option<SearchLine>) -> bool {
        match self {
            Self::Not(term) => !term.matches(row, line),
            Self::And(terms) => terms.iter().all(|term| term.matches(row, line)),
            Self::Or(terms) => terms.iter().any(|term| term.matches(row, line)),
            Self::Test(test) => test.matches(row, line),
        }
    }
}

impl Test {
    fn matches(&self, row: &impl Filterable, line: &mut Option<SearchLine>) -> bool {
        let Flow { proto, local: src, peer: dst } = *row.flow();
        match self {
            Self::Word(word) => word.is_in(row, line),
            Self::Number(field, spans) => {
                let local = || Some(u32::from(src.port()));
                let foreign = || dst.map(|peer| u32::from(peer.port()));
                let within = |number: Option<u32>| number.is_some_and(|n| spans.iter().any(|span| span.has(n)));
                match field {
                    FilterField::Sport => within(local()),
                    FilterField::Dport => within(foreign()),
                    FilterField::Port => within(local()) || within(foreign()),
                    other => within(row.number(*other)),
                }
            }
            Self::Address(field, places) => {
                let within = |at: SocketAddr| places.iter().any(|place| place.has(at));
                (*field != FilterField::Dst && within(src)) || (*field != FilterField::Src && dst.is_some_and(within))
            }
            Self::State(states) => states.has(row.state(), dst.is_some()),
            Self::Proto(protos) => {
                protos.has(proto, src.is_ipv6()) || (row.is_icmp() && protos.has(Proto::Icmp, src.is_ipv6()))
            }
            Self::Flags(flags) => flags.has(row.flags()),
            Self::Iface(names) => row.interface().is_some_and(|name| names.contains(name)),
        }
    }
}

impl Span {
    pub(super) const fn has(self, number: u32) -> bool {
        self.first <= number && number <= self.last
    }
}

/// Canonical: parsed again it is the same expression.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Test(test) => test.fmt(f),
            Self::Not(term) if matches!(**term, Self::Test(_)) => write!(f, "not {term}"),
            Self::Not(term) => write!(f, "not ({term})"),
            Self::Or(terms) => list(f, terms, " or "),
            Self::And(terms) => {
                for (n, term) in terms.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { " and " })?;
                    match term {
                        Self::Or(_) => write!(f, "({term})")?,
                        _ => term.fmt(f)?,
                    }
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => word.fmt(f),
            Self::Number(field, spans) => {
                write!(f, "{field} ")?;
                list(f, spans, ",")
            }
            Self::Address(field, places) => {
                write!(f, "{field} ")?;
                list(f, places, ",")
            }
            Self::State(states) => write!(f, "{} {states}", FilterField::State),
            Self::Proto(protos) => write!(f, "{} {protos}", FilterField::Proto),
            Self::Flags(flags) => write!(f, "{} {flags}", FilterField::Flags),
            Self::Iface(names) => {
                write!(f, "{} ", FilterField::Iface)?;
                // In quotes, since a name may be a word such as `and`.
                list(f, &names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>(), ",")
            }
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { self.first.fmt(f) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: &[impl fmt::Display], between: &str) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if n == 0 { "" } else { between })?;
    }
    Ok(())
}
