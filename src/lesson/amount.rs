//! How a file denotes a number.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A number, a bound or a range: `3`, `">0"`, `">=5"`, `"<100"`, `"150-600"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "AmountText")]
pub struct Amount {
    least: u64,
    most: u64,
}

impl Amount {
    /// Whether this number is within the bounds.
    pub const fn is(self, number: u64) -> bool {
        self.least <= number && number <= self.most
    }

    /// The least and the largest number within the bounds.
    pub const fn bounds(self) -> (u64, u64) {
        (self.least, self.most)
    }

    /// The only number within the bounds, if there is only one.
    pub fn exactly(self) -> Option<u64> {
        (self.least == self.most).then_some(self.least)
    }
}

impl From<u64> for Amount {
    fn from(number: u64) -> Self {
        Self { least: number, most: number }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, most) if least == most => write!(f, "{least}"),
            (least, u64::MAX) => write!(f, "≥ {least}"),
            (0, most) => write!(f, "≤ {most}"),
            (least, most) => write!(f, "{least}–{most}"),
        }
    }
}

impl FromStr for Amount {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is neither a number nor a bound such as \">0\", \"<=9\" or \"2-9\"");
        if let Some((least, most)) = text.split_once('-') {
            let bound = |digits: &str| digits.trim().parse().map_err(|_| wrong());
            let (least, most) = (bound(least)?, bound(most)?);
            return if least <= most { Ok(Self { least, most }) } else { Err(wrong()) };
        }
        let digits = text.trim_start_matches(['<', '>', '=']);
        let number: u64 = digits.trim().parse().map_err(|_| wrong())?;
        let bounds = match &text[..text.len() - digits.len()] {
            "" => Some((number, number)),
            ">=" => Some((number, u64::MAX)),
            "<=" => Some((0, number)),
            ">" => number.checked_add(1).map(|least| (least, u64::MAX)),
            "<" => number.checked_sub(1).map(|most| (0, most)),
            _ => None,
        };
        bounds.map(|(least, most)| Self { least, most }).ok_or_else(wrong)
    }
}

/// An [`Amount`] as a file has it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number, or a bound such as \">0\"")]
enum AmountText {
    Number(u64),
    Bound(String),
}

impl TryFrom<AmountText> for Amount {
    type Error = String;
    fn try_from(text: AmountText) -> Result<Self, String> {
        match text {
            AmountText::Number(number) => Ok(Self { least: number, most: number }),
            AmountText::Bound(text) => text.parse(),
        }
    }
}
