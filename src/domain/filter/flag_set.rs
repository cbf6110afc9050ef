//! TCP flags as people write them: `syn`, `SYN+ACK`, and tcpdump's `S.`.

use std::fmt;

use crate::domain::Flags;

/// What the flags of a segment are to be: all of some at least, or exactly some.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct FlagSet {
    /// These are set, whatever else is. Names in a list are all of them, as Wireshark writes `[SYN, ACK]`.
    every: Option<Flags>,
    /// Or these are set and no others; each is an alternative.
    exactly: Vec<Flags>,
}

/// The names, in any case.
const NAMES: [(&str, Flags); 8] = [
    ("syn", Flags::SYN),
    ("fin", Flags::FIN),
    ("rst", Flags::RST),
    ("psh", Flags::PSH),
    ("ack", Flags::ACK),
    ("urg", Flags::URG),
    ("ece", Flags::ECE),
    ("cwr", Flags::CWR),
];

/// The letters of `tcpdump(1)`, in its order; a point is ACK.
const LETTERS: [(char, Flags); 8] = [
    ('F', Flags::FIN),
    ('S', Flags::SYN),
    ('R', Flags::RST),
    ('P', Flags::PSH),
    ('.', Flags::ACK),
    ('U', Flags::URG),
    ('E', Flags::ECE),
    ('W', Flags::CWR),
];

/// tcpdump's word for no flag at all.
const NONE: &str = "none";

impl FlagSet {
    /// Reads one value: names with `+` or `-` between them, or tcpdump's letters.
    pub(super) fn named(text: &str) -> Option<Self> {
        let name = |word: &str| NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, flag)| *flag);
        let letter = |letter: char| LETTERS.iter().find(|(known, _)| letter == *known).map(|(_, flag)| *flag);
        let join = |all: Flags, flag: Option<Flags>| Some(all.with(flag?));
        if let Some(every) = text.split(['+', '-']).map(name).try_fold(Flags::default(), join) {
            return Some(Self { every: Some(every), exactly: Vec::new() });
        }
        let exactly = if text.eq_ignore_ascii_case(NONE) {
            Some(Flags::default())
        } else {
            text.chars().map(letter).try_fold(Flags::default(), join).filter(|_| !text.is_empty())
        };
        exactly.map(|flags| Self { every: None, exactly: vec![flags] })
    }

    /// Two values of one list.
    pub(super) fn or(mut self, more: Self) -> Self {
        self.every = match (self.every, more.every) {
            (Some(some), Some(more)) => Some(some.with(more)),
            (some, more) => some.or(more),
        };
        self.exactly.extend(more.exactly);
        self
    }

    pub(super) fn has(&self, flags: Option<Flags>) -> bool {
        flags.is_some_and(|flags| self.every.is_some_and(|every| flags.has(every)) || self.exactly.contains(&flags))
    }

    /// What can follow the word `flags`.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }
}

impl fmt::Display for FlagSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = self.every.map(|flags| flags.to_string());
        let exactly = self.exactly.iter().map(|flags| {
            let letters: String = LETTERS.iter().filter(|(_, flag)| flags.has(*flag)).map(|(l, _)| *l).collect();
            if letters.is_empty() { NONE.to_owned() } else { letters }
        });
        f.write_str(&every.into_iter().chain(exactly).collect::<Vec<_>>().join(","))
    }
}
