//! The file of a lesson or a scenario: TOML without unknown keys. Errors give the line and the column.

use serde::Deserialize;

use super::act::Act;
use super::expect::Expect;
use super::symbols::Symbols;
use crate::domain::{Lang, ServerKind, WorldId};

/// A lesson: a world to set up, and steps to play.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// Its title.
    pub title: LocalizedText,
    /// What it shows, in a sentence or two.
    pub about: LocalizedText,
    /// The world in which it is played.
    #[serde(default = "on_the_wire")]
    pub world: WorldId,
    /// Settings of the hosts before the first step; only the wire's hosts have any.
    #[serde(default, alias = "knobs")]
    pub settings: LessonSettings,
    /// The laboratory's servers that it has, stopped at first: `threaded`, `echo`, `async`, `udp`.
    #[serde(default)]
    pub servers: Vec<ServerKind>,
    /// The steps.
    #[serde(rename = "step", default)]
    pub steps: Vec<LessonStep>,
    /// The sockets that it names. Not in the file: made from the steps when it is parsed.
    #[serde(skip)]
    pub symbols: Symbols,
}

const fn on_the_wire() -> WorldId {
    WorldId::Wire
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalizedText {
    /// English.
    pub en: String,
    /// Brazilian Portuguese.
    pub pt: String,
}

impl LocalizedText {
    /// In this language.
    pub fn lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::PtBr => &self.pt,
        }
    }
}

/// One step: its text, its acts and its expectations.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonStep {
    /// The text that the class reads before the acts are done.
    pub say: Option<LocalizedText>,
    /// The acts, in this order; each is done before the next begins.
    #[serde(default, rename = "do")]
    pub acts: Vec<Act>,
    /// What must be observed after that, in any order.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// The time limit of each act, and then of all expectations together, in milliseconds.
    #[serde(default = "LessonStep::default_within_ms")]
    pub within_ms: u64,
}

impl LessonStep {
    /// More than anything takes on a busy machine.
    const fn default_within_ms() -> u64 {
        15_000
    }
}

/// Settings of the wire's hosts. Those of one host override those of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonSettings {
    /// For both hosts.
    pub both: HostSettings,
    /// For the client host.
    pub client: HostSettings,
    /// For the server host.
    pub server: HostSettings,
}

/// Settings of one host's network stack; see `Documentation/networking/ip-sysctl`. A setting left out is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostSettings {
    /// The timestamps option (RFC 7323 §3).
    pub timestamps: Option<bool>,
    /// Selective acknowledgements (RFC 2018).
    pub sack: Option<bool>,
    /// The window scale option (RFC 7323 §2).
    pub window_scaling: Option<bool>,
    /// Tail loss probes (RFC 8985).
    pub tail_loss_probe: Option<bool>,
    /// The ephemeral ports, first and last.
    pub ephemeral_range: Option<(u16, u16)>,
    /// Whether a port in TIME_WAIT may be taken again: 0 never, 1 always, 2 on loopback.
    pub tw_reuse: Option<u8>,
    /// How many SYN retransmissions are sent at the same interval, before it doubles.
    pub syn_linear_timeouts: Option<u8>,
    /// How many times a SYN is retransmitted.
    pub syn_retries: Option<u8>,
    /// How many times a SYN-ACK is retransmitted.
    pub synack_retries: Option<u8>,
    /// How many times data is retransmitted.
    pub retries: Option<u8>,
    /// How many times data of an orphaned socket, which no program holds any more, is retransmitted.
    pub orphan_retries: Option<u8>,
    /// How long an orphaned socket stays in FIN_WAIT2, in seconds.
    pub fin_timeout: Option<u16>,
    /// The largest backlog that `listen` grants.
    pub somaxconn: Option<u32>,
    /// The receive buffer of new sockets, in bytes.
    pub receive_buffer: Option<u32>,
    /// The send buffer of new sockets, in bytes.
    pub send_buffer: Option<u32>,
}

/// Why a file is not a valid lesson.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct LessonError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

impl LessonError {
    pub(super) fn at(text: &str, offset: usize, what: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { line, column, what }
    }
}

impl Lesson {
    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, LessonError> {
        let error = |(at, what)| LessonError::at(text, at, what);
        let mut lesson: Self = toml::from_str(text)
            .map_err(|wrong| error((wrong.span().map_or(0, |span| span.start), wrong.message().to_owned())))?;
        if lesson.steps.is_empty() {
            return Err(error((0, "a lesson needs a [[step]]".into())));
        }
        lesson.symbols = Symbols::of(&lesson).map_err(error)?;
        Ok(lesson)
    }

    /// The number of its expectations.
    pub fn expectations(&self) -> usize {
        self.steps.iter().map(|step| step.expect.len()).sum()
    }
}
