//! The values of fields.

use super::endpoint::{EndpointPattern, number};
use super::error::FilterErrorKind;
use super::expr::{Span, Test};
use super::filter_field::{FieldKind, FilterField};
use super::flag_set::FlagSet;
use super::proto_set::ProtoSet;
use super::state_set::StateSet;
use super::token::Comparison;
use crate::domain::InterfaceName;

impl Comparison {
    /// Whether it needs values that have an order.
    pub(super) const fn is_order(self) -> bool {
        matches!(self, Self::Below | Self::AtMost | Self::Above | Self::AtLeast)
    }
}

/// The comparison that a word spells, as `ss(8)` and Wireshark accept them.
pub(super) fn comparison(word: &str) -> Option<Comparison> {
    const WORDS: [(&str, Comparison); 9] = [
        ("eq", Comparison::Equal),
        ("ne", Comparison::Unequal),
        ("neq", Comparison::Unequal),
        ("lt", Comparison::Below),
        ("le", Comparison::AtMost),
        ("leq", Comparison::AtMost),
        ("gt", Comparison::Above),
        ("ge", Comparison::AtLeast),
        ("geq", Comparison::AtLeast),
    ];
    WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, comparison)| *comparison)
}

/// Parses one value. The caller negates the test for `!=`.
pub(super) fn read(field: FilterField, comparison: Comparison, text: &str) -> Result<Test, FilterErrorKind> {
    match field.kind() {
        FieldKind::Number => Ok(Test::Number(field, vec![span(field, comparison, text)?])),
        FieldKind::Address => EndpointPattern::parse(text)
            .map(|places| Test::Address(field, places))
            .ok_or(FilterErrorKind::BadAddress { field }),
        FieldKind::State => StateSet::named(text).map(Test::State).ok_or(FilterErrorKind::UnknownState),
        FieldKind::Proto => ProtoSet::named(text).map(Test::Proto).ok_or(FilterErrorKind::UnknownProto),
        FieldKind::Name => Ok(Test::Iface(vec![InterfaceName::of(text.as_bytes())])),
        FieldKind::Flags => FlagSet::named(text).map(Test::Flags).ok_or(FilterErrorKind::UnknownFlag),
    }
}

/// Merges two values of one list.
pub(super) fn either(before: Option<Test>, more: Test) -> Test {
    match (before, more) {
        (Some(Test::Number(field, mut spans)), Test::Number(_, more)) => {
            spans.extend(more);
            Test::Number(field, spans)
        }
        (Some(Test::Address(field, mut places)), Test::Address(_, more)) => {
            places.extend(more);
            Test::Address(field, places)
        }
        (Some(Test::Iface(mut names)), Test::Iface(more)) => {
            names.extend(more);
            Test::Iface(names)
        }
        (Some(Test::State(states)), Test::State(more)) => Test::State(states.or(more)),
        (Some(Test::Proto(protos)), Test::Proto(more)) => Test::Proto(protos.or(more)),
        (Some(Test::Flags(flags)), Test::Flags(more)) => Test::Flags(flags.or(more)),
        // The values of one field are all of one kind.
        (_, more) => more,
    }
}

/// The range of numbers that a comparison selects. A port may have a colon before it, as in `ss(8)`.
fn span(field: FilterField, comparison: Comparison, text: &str) -> Result<Span, FilterErrorKind> {
    let largest = field.largest().unwrap_or(u32::MAX);
    let bad_number = FilterErrorKind::BadNumber { field };
    let bad_range = FilterErrorKind::BadRange { field };
    let text = if field.is_port() { text.strip_prefix(':').unwrap_or(text) } else { text };
    let one = |digits: &str| number(digits).filter(|n| *n <= largest);
    let (first, last) = match text.split_once('-') {
        Some((first, last)) if first.is_empty() || last.is_empty() || comparison.is_order() => {
            // `-5` is not a number, `5-` not a range.
            return Err(if is_digits(first) || is_digits(last) { bad_range } else { bad_number });
        }
        Some((first, last)) => (one(first), one(last)),
        None => (one(text), one(text)),
    };
    let (Some(first), Some(last)) = (first, last) else { return Err(bad_number) };
    let ends = match comparison {
        Comparison::Equal | Comparison::Unequal => (first <= last).then_some((first, last)),
        Comparison::Below => first.checked_sub(1).map(|last| (0, last)),
        Comparison::AtMost => Some((0, last)),
        Comparison::Above => last.checked_add(1).filter(|first| *first <= largest).map(|first| (first, largest)),
        Comparison::AtLeast => Some((first, largest)),
    };
    ends.map(|(first, last)| Span { first, last }).ok_or(bad_range)
}

/// Whether a word by itself is a range of ports, as for `nmap -p`: no line of `netstat` contains such a text.
pub(super) fn looks_like_ports(word: &str) -> bool {
    word.split_once('-').is_some_and(|(first, last)| is_digits(first) && is_digits(last))
}

/// Whether a text is one or more decimal digits.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
