//! Two values of acts that are read in a way of their own: `shutdown`, and how long to wait.

use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::domain::Shut;

/// The fields of the act `shutdown`.
#[derive(Debug, Clone, PartialEq)]
pub struct ShutdownAct {
    /// On this socket.
    pub socket: Spanned<String>,
    /// Which direction; `write` if it is left out.
    pub how: ShutdownHow,
}

impl<'de> Deserialize<'de> for ShutdownAct {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let named = Spanned::<ShutdownText>::deserialize(from)?;
        let span = named.span();
        Ok(match named.into_inner() {
            ShutdownText::Socket(socket) => Self { socket: Spanned::new(span, socket), how: ShutdownHow::Write },
            ShutdownText::How { socket, how } => Self { socket: Spanned::new(span, socket), how },
        })
    }
}

/// A [`ShutdownAct`] as a file has it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected the name of a socket, or `socket` and `how`", deny_unknown_fields)]
enum ShutdownText {
    Socket(String),
    How {
        socket: String,
        #[serde(default)]
        how: ShutdownHow,
    },
}

/// The direction that `shutdown` closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShutdownHow {
    /// `SHUT_RD`: no more receiving. Nothing is sent.
    Read,
    /// `SHUT_WR`: no more sending. A FIN is sent.
    #[default]
    Write,
    /// `SHUT_RDWR`: neither.
    Both,
}

impl From<ShutdownHow> for Shut {
    fn from(how: ShutdownHow) -> Self {
        match how {
            ShutdownHow::Read => Self::Read,
            ShutdownHow::Write => Self::Write,
            ShutdownHow::Both => Self::Both,
        }
    }
}

/// How long an act waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct WaitTime(u32);

impl WaitTime {
    const MOST_MS: u32 = 600_000;

    /// In milliseconds.
    pub const fn ms(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for WaitTime {
    type Error = String;
    fn try_from(ms: u32) -> Result<Self, String> {
        if ms <= Self::MOST_MS { Ok(Self(ms)) } else { Err(format!("{ms} ms are more than {}", Self::MOST_MS)) }
    }
}
