//! TCP flags as people write them: `syn`, `SYN+ACK`, and tcpdump's `S.`.

use std::fmt;

use crate::domain::Flags;

/// The flags that a segment must have: at least these, or exactly these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct FlagSet {
    /// These are set, and perhaps others. All names of a list count together, as Wireshark writes `[SYN, ACK]`.
    every: Option<Flags>,
    /// Or exactly these are set; each entry is an alternative.
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

/// The letters of `tcpdump(1)`, in its order; a dot is ACK.
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
        let exactly = match text {
            "" => return None,
            _ if text.eq_ignore_ascii_case(NONE) => Flags::default(),
            _ => text.chars().map(letter).try_fold(Flags::default(), join)?,
        };
        Some(Self { every: None, exactly: vec![exactly] })
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

    /// The words that can follow `flags`.
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
