//! A list of ports as people type it for a port check: `65432`, `65432-65434`, `22,80`, names of the laboratory's servers.

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use super::flow::Proto;
use super::server::ServerKind;
use super::text_enum::serde_as_text;

/// The ports that `lab` means: those of all TCP servers.
const LAB: RangeInclusive<u16> = 65_432..=65_434;

/// Ports from 1 to 65535, each once, ascending. Never empty.
///
/// Parsed as `nmap -p` does: numbers and ranges whose ends may be left out (`-` is every port), separated by commas.
/// Displayed in the shortest form that parses to the same list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortList(Vec<RangeInclusive<u16>>);

/// An error in a list of ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortsError {
    /// The part that is wrong, in bytes of the text.
    pub at: Range<usize>,
    /// The kind of error.
    pub kind: PortsErrorKind,
}

/// The kinds of errors in a list of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortsErrorKind {
    /// A port is missing.
    Missing,
    /// Neither a number from 1 to 65535 nor the name of a server.
    NotAPort,
    /// A range whose first port is above its last.
    Backwards,
    /// The host already has a port, as in `lab:65432`: it is unclear which are meant.
    Twice,
}

impl PortList {
    /// Only this port; `None` for 0, which is not a port.
    pub fn one(port: u16) -> Option<Self> {
        (port > 0).then(|| Self(vec![port..=port]))
    }

    /// The default: the ports of the laboratory's servers.
    pub fn usual(proto: Proto) -> Self {
        Self(vec![match proto {
            Proto::Tcp => LAB,
            Proto::Udp | Proto::Icmp => 65_432..=65_432,
        }])
    }

    /// The ports, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.iter().cloned().flatten()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.iter().map(|range| usize::from(range.end() - range.start()) + 1).sum()
    }

    /// Merges ranges that overlap or touch.
    fn of(mut ranges: Vec<RangeInclusive<u16>>) -> Self {
        ranges.sort_by_key(|range| *range.start());
        let mut joined: Vec<RangeInclusive<u16>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match joined.last_mut() {
                Some(last) if u32::from(*range.start()) <= u32::from(*last.end()) + 1 => {
                    *last = *last.start()..=*last.end().max(range.end());
                }
                _ => joined.push(range),
            }
        }
        Self(joined)
    }
}

fn range(word: &str) -> Result<RangeInclusive<u16>, PortsErrorKind> {
    if word.eq_ignore_ascii_case("lab") {
        return Ok(LAB);
    }
    if let Some(kind) = ServerKind::ALL.iter().find(|kind| word.eq_ignore_ascii_case(kind.name())) {
        return Ok(kind.usual_port()..=kind.usual_port());
    }
    let port = |text: &str, missing: u16| match text.trim() {
        "" => Ok(missing),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port > 0).ok_or(PortsErrorKind::NotAPort)
        }
        _ => Err(PortsErrorKind::NotAPort),
    };
    match word.split_once('-') {
        _ if word.is_empty() => Err(PortsErrorKind::Missing),
        None => port(word, 0).map(|port| port..=port),
        Some((low, high)) => match (port(low, 1)?, port(high, u16::MAX)?) {
            (low, high) if low > high => Err(PortsErrorKind::Backwards),
            (low, high) => Ok(low..=high),
        },
    }
}

impl FromStr for PortList {
    type Err = PortsError;
    fn from_str(text: &str) -> Result<Self, PortsError> {
        let mut ranges = Vec::new();
        let mut start = 0;
        for part in text.split(',') {
            let word = part.trim();
            let from = start + (part.len() - part.trim_start().len());
            ranges.push(range(word).map_err(|kind| PortsError { at: from..from + word.len(), kind })?);
            start += part.len() + 1;
        }
        Ok(Self::of(ranges))
    }
}

impl fmt::Display for PortList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            let low = range.start();
            let high = range.end();
            if low == high { write!(f, "{comma}{low}")? } else { write!(f, "{comma}{low}-{high}")? }
        }
        Ok(())
    }
}

impl fmt::Display for PortsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}..{}", self.kind, self.at.start, self.at.end)
    }
}

impl std::error::Error for PortsError {}

serde_as_text!(PortList);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        text.parse::<PortList>().unwrap().to_string()
    }

    #[test]
    fn lists_are_read_as_nmap_reads_them() {
        for (typed, same) in [
            ("65432", "65432"),
            ("65432-65434", "65432-65434"),
            ("80, 22,80", "22,80"),
            ("1-3,3-5,6", "1-6"),
            ("-", "1-65535"),
            ("65530-", "65530-65535"),
            ("-3", "1-3"),
            ("lab", "65432-65434"),
            ("Echo,udp", "65432-65433"),
        ] {
            assert_eq!(written(typed), same, "{typed}");
        }
        assert_eq!("-".parse::<PortList>().unwrap().count(), 65_535);
    }

    #[test]
    fn an_error_points_at_the_part_that_is_wrong() {
        use PortsErrorKind::{Backwards, Missing, NotAPort};
        for (typed, at, kind) in [
            ("", 0..0, Missing),
            ("22,", 3..3, Missing),
            ("0", 0..1, NotAPort),
            ("65536", 0..5, NotAPort),
            ("22, http", 4..8, NotAPort),
            ("+22", 0..3, NotAPort),
            ("22,90-80", 3..8, Backwards),
            ("1-2-3", 0..5, NotAPort),
        ] {
            assert_eq!(typed.parse::<PortList>(), Err(PortsError { at, kind }), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_list_survives_being_written_and_read(ranges in prop::collection::vec((1_u16.., 0_u16..40), 1..8)) {
            let text: Vec<_> = ranges.iter().map(|(low, more)| format!("{low}-{}", low.saturating_add(*more))).collect();
            let list: PortList = text.join(",").parse().unwrap();
            let ports: Vec<u16> = list.iter().collect();
            let mut all: Vec<u16> = ranges.iter().flat_map(|(low, more)| *low..=low.saturating_add(*more)).collect();
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(&ports, &all);
            prop_assert_eq!(list.count(), ports.len());
            prop_assert_eq!(list.to_string().parse::<PortList>().unwrap(), list);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,20}") {
            if let Err(error) = text.parse::<PortList>() {
                prop_assert!(text.get(error.at).is_some());
            }
        }
    }
}
