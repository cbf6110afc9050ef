//! The ports that a filter can be about, so that the kernel need not be asked for the whole table.

use std::collections::BTreeSet;

use super::endpoint::EndpointPattern;
use super::expr::{Expr, Span, Test};
use super::filter_field::FilterField;

/// More ports than this are not worth a request each.
const MANY: u32 = 1024;

impl Expr {
    /// Ports such that every row for which the expression, or with `negated` its opposite, holds has one of them on
    /// either side.
    pub(super) fn ports(&self, negated: bool) -> Option<BTreeSet<u16>> {
        match self {
            Self::Not(term) => term.ports(!negated),
            // De Morgan: not (a or b) is (not a) and (not b).
            Self::And(terms) if !negated => any(terms, negated),
            Self::Or(terms) if negated => any(terms, negated),
            Self::And(terms) | Self::Or(terms) => union(terms, negated),
            Self::Test(test) => (!negated).then(|| test.ports()).flatten(),
        }
    }
}

/// For terms that all hold, the ports of any one will do, so the fewest. Not what they have in common: one may be about
/// the local and another about the foreign port.
fn any(terms: &[Expr], negated: bool) -> Option<BTreeSet<u16>> {
    terms.iter().filter_map(|term| term.ports(negated)).min_by_key(BTreeSet::len)
}

fn union(terms: &[Expr], negated: bool) -> Option<BTreeSet<u16>> {
    let all = terms.iter().try_fold(BTreeSet::new(), |mut all, term| {
        all.append(&mut term.ports(negated)?);
        Some(all)
    })?;
    (all.len() <= MANY as usize).then_some(all)
}

impl Test {
    fn ports(&self) -> Option<BTreeSet<u16>> {
        match self {
            Self::Word(word) => word.port().map(|port| BTreeSet::from([port])),
            Self::Number(FilterField::Port | FilterField::Sport | FilterField::Dport, spans) => of_spans(spans),
            Self::Address(_, places) => {
                places.iter().map(|EndpointPattern { port, .. }| port.filter(|port| *port != 0)).collect()
            }
            Self::Number(..) | Self::State(_) | Self::Proto(_) | Self::Flags(_) => None,
        }
    }
}

/// `None` with port 0 among them: that is how the kernel is asked for all ports.
fn of_spans(spans: &[Span]) -> Option<BTreeSet<u16>> {
    let mut ports = BTreeSet::new();
    for span in spans {
        if span.first == 0 || span.last - span.first >= MANY {
            return None;
        }
        ports.extend((span.first..=span.last).filter_map(|port| u16::try_from(port).ok()));
    }
    (ports.len() <= MANY as usize).then_some(ports)
}
