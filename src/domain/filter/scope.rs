//! The ports that a filter can match, so that we need not request the whole table from the kernel.

use std::collections::BTreeSet;

use super::endpoint::EndpointPattern;
use super::expr::{Expr, Span, Test};
use super::filter_field::FilterField;

/// Above this many ports, one request for each is not worth it.
const MANY: u32 = 1024;

impl Expr {
    /// Ports such that every row that matches the expression (with `negated`, its negation) has one of them on either
    /// side.
    pub(super) fn ports(&self, negated: bool) -> Option<BTreeSet<u16>> {
        match self {
            Self::Not(term) => term.ports(!negated),
            // De Morgan: not (a or b) is (not a) and (not b).
            Self::And(terms) if !negated => any(terms, negated),
            Self::Or(terms) if negated => any(terms, negated),
            Self::And(terms) | Self::Or(terms) => union(terms, negated),
            Self::Test(_) if negated => None,
            Self::Test(test) => test.ports(),
        }
    }
}

/// If all terms must hold, the ports of any one suffice: take the fewest. Not their intersection, since one may be about
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
            Self::Number(..) | Self::State(_) | Self::Proto(_) | Self::Flags(_) | Self::Iface(_) => None,
        }
    }
}

/// `None` if port 0 is among them: to the kernel it means all ports.
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
