//! The file of a lesson or a scenario: TOML, every word of it known beforehand. A wrong one is refused with the place.

use serde::Deserialize;

use super::act::Act;
use super::cast::Cast;
use super::expect::Expect;
use crate::domain::{Lang, ServerKind, WorldId};

/// A lesson: a world to prepare and steps to go through.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// What it is called.
    pub title: Said,
    /// What it shows, in a sentence or two.
    pub about: Said,
    /// Where it happens.
    #[serde(default = "on_the_wire")]
    pub world: WorldId,
    /// Settings of the hosts before anything happens; only the wire's hosts have any.
    #[serde(default, alias = "knobs")]
    pub settings: LessonSettings,
    /// The laboratory's own servers that exist in it, not started: `threaded`, `echo`, `async`, `udp`.
    #[serde(default)]
    pub servers: Vec<ServerKind>,
    /// The steps.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
    /// Who is who in it. Not in the file: made from the steps when it is read.
    #[serde(skip)]
    pub cast: Cast,
}

const fn on_the_wire() -> WorldId {
    WorldId::Wire
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// English.
    pub en: String,
    /// Brazilian Portuguese.
    pub pt: String,
}

impl Said {
    /// In this language.
    pub fn lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::PtBr => &self.pt,
        }
    }
}

/// One step: what is done, what is said about it, what must be seen then.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What the class is told, before it is done.
    pub say: Option<Said>,
    /// What is done, in this order; each is over before the next begins.
    #[serde(default, rename = "do")]
    pub acts: Vec<Act>,
    /// What must be seen after that, in any order.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// How long each act, and then all expectations together, may take, in milliseconds.
    #[serde(default = "Step::patience")]
    pub within_ms: u64,
}

impl Step {
    /// Longer than anything takes on a machine that is busy with other things.
    const fn patience() -> u64 {
        15_000
    }
}

/// HostSettings of the wire's hosts: of both, and of one more than of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonSettings {
    /// Of both hosts.
    pub both: HostSettings,
    /// Of the client host.
    pub client: HostSettings,
    /// Of the server host.
    pub server: HostSettings,
}

/// HostSettings of one host's network stack; see `Documentation/networking/ip-sysctl`. What is not said stays as it is.
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
    /// The ephemeral ports, from and up to.
    pub ephemeral_range: Option<(u16, u16)>,
    /// Whether a port in TIME_WAIT may be taken again: 0 never, 1 always, 2 on loopback.
    pub tw_reuse: Option<u8>,
    /// How many SYN retransmissions come at the same distance.
    pub syn_linear_timeouts: Option<u8>,
    /// How often a SYN is sent again.
    pub syn_retries: Option<u8>,
    /// How often a SYN-ACK is sent again.
    pub synack_retries: Option<u8>,
    /// How often data is sent again.
    pub retries: Option<u8>,
    /// The same where no program holds the socket any more.
    pub orphan_retries: Option<u8>,
    /// How long an orphan stays in FIN_WAIT2, in seconds.
    pub fin_timeout: Option<u16>,
    /// The most that `listen` grants.
    pub somaxconn: Option<u32>,
    /// The receive buffer of new sockets, in bytes.
    pub receive_buffer: Option<u32>,
    /// The send buffer of new sockets, in bytes.
    pub send_buffer: Option<u32>,
}

/// Why a file is no lesson.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

impl FileError {
    pub(super) fn at(text: &str, offset: usize, what: String) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Self { line, column, what }
    }
}

impl Lesson {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let mut lesson: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            FileError::at(text, at, error.message().to_owned())
        })?;
        if lesson.steps.is_empty() {
            return Err(FileError::at(text, 0, "a lesson needs a [[step]]".into()));
        }
        lesson.cast = Cast::of(&lesson).map_err(|(at, what)| FileError::at(text, at, what))?;
        Ok(lesson)
    }

    /// How many expectations there are in it.
    pub fn expectations(&self) -> usize {
        self.steps.iter().map(|step| step.expect.len()).sum()
    }
}
