//! How a file denotes the options of a TCP segment.

use serde::Deserialize;

use super::amount::Amount;
use crate::domain::{Segment, TcpOption};

/// Options of a TCP segment. One left out matches anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptionsMatch {
    /// The largest segment that the sender accepts (RFC 9293 §3.7.1), in bytes.
    pub mss: Option<OptionMatch>,
    /// By how many bits the sender's windows are to be shifted (RFC 7323 §2).
    pub wscale: Option<OptionMatch>,
    /// Whether the sender understands selective acknowledgements (RFC 2018 §2).
    pub sack_ok: Option<bool>,
    /// The first block that was received out of order (RFC 2018 §3): the sequence numbers of its first byte and of the one
    /// after its last, relative to the other side's SYN.
    pub sack: Option<SackMatch>,
    /// Whether it has timestamps (RFC 7323 §3).
    pub ts: Option<bool>,
    /// The cookie of TCP Fast Open (RFC 7413), by its length in bytes; 0 asks for one.
    pub fast_open: Option<OptionMatch>,
}

/// The kind of a Fast Open cookie, as IANA numbers it.
const FAST_OPEN: u8 = 34;

impl OptionsMatch {
    /// Whether the segment has these.
    pub(super) fn is(self, segment: &Segment) -> bool {
        let options = || segment.options.iter();
        let has = |wanted: Option<bool>, kind: fn(&TcpOption) -> bool| {
            wanted.is_none_or(|wanted| options().any(kind) == wanted)
        };
        let value = |wanted: Option<OptionMatch>, number: fn(&TcpOption) -> Option<u64>| {
            wanted.is_none_or(|wanted| wanted.is(options().find_map(number)))
        };
        value(self.mss, |option| if let TcpOption::Mss(mss) = option { Some((*mss).into()) } else { None })
            && value(
                self.wscale,
                |option| {
                    if let TcpOption::WindowScale(shift) = option { Some((*shift).into()) } else { None }
                },
            )
            && value(self.fast_open, |option| match option {
                // Its kind and its length take a byte each.
                TcpOption::Other { kind: FAST_OPEN, len } => Some(len.saturating_sub(2).into()),
                _ => None,
            })
            && has(self.sack_ok, |option| *option == TcpOption::SackPermitted)
            && has(self.ts, |option| matches!(option, TcpOption::Timestamps(..)))
            && self.sack.is_none_or(|wanted| wanted.is(segment))
    }
}

impl OptionsMatch {
    /// Them in short, as a segment's options are written; `without` names one that is not to be there.
    pub fn brief(self, without: fn(&str) -> String) -> String {
        let Self { mss, wscale, sack_ok, sack, ts, fast_open } = self;
        let flag = |name: &str, has: bool| if has { name.to_owned() } else { without(name) };
        let number = |name: &str, option: OptionMatch| match option {
            OptionMatch::Has(has) => flag(name, has),
            OptionMatch::Is(amount) => format!("{name} {amount}"),
        };
        let block = |sack: SackMatch| match sack {
            SackMatch::Has(has) => flag("sack", has),
            SackMatch::Is(from, to) => format!("sack {from}-{to}"),
        };
        let parts = [
            mss.map(|mss| number("mss", mss)),
            wscale.map(|shift| number("wscale", shift)),
            sack_ok.map(|has| flag("sackOK", has)),
            sack.map(block),
            ts.map(|has| flag("ts", has)),
            fast_open.map(|cookie| number("Fast Open", cookie)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// One option: whether it is there, or what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected true, false, a number, or a bound such as \">0\"")]
pub enum OptionMatch {
    /// Whether it is there.
    Has(bool),
    /// What it says.
    Is(Amount),
}

impl OptionMatch {
    /// Whether this is what an option says; `None` if there is no such option.
    fn is(self, value: Option<u64>) -> bool {
        match self {
            Self::Has(has) => value.is_some() == has,
            Self::Is(amount) => value.is_some_and(|value| amount.is(value)),
        }
    }
}

/// A block of a selective acknowledgement: whether there is one, or which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected true, false, or two sequence numbers")]
pub enum SackMatch {
    /// Whether there is one.
    Has(bool),
    /// From this sequence number up to that one.
    Is(u32, u32),
}

impl SackMatch {
    fn is(self, segment: &Segment) -> bool {
        let block = segment.options.iter().find_map(|option| match option {
            TcpOption::Sack(from, to) => Some((*from, *to)),
            _ => None,
        });
        match self {
            Self::Has(has) => block.is_some() == has,
            // The other side's first number is what the relative one of the acknowledgement is counted from.
            Self::Is(from, to) => block.zip(segment.ack_rel).is_some_and(|(block, ack_rel)| {
                let first = segment.ack.wrapping_sub(ack_rel);
                (block.0.wrapping_sub(first), block.1.wrapping_sub(first)) == (from, to)
            }),
        }
    }
}
