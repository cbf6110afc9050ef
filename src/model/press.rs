//! A key press: how an action was asked for, and what came of it.

use super::effect::Effect;
use crate::domain::keys::Key;
use crate::domain::{Refusal, Stamp};

/// The result of a key: effects, or why there are none.
pub(super) type Acted = Result<Vec<Effect>, Refusal>;

/// How an action was asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Press {
    /// The number typed before the key.
    pub(super) count: Option<u32>,
    /// Whether the same key was pressed just before and answered with what would be lost.
    pub(super) sure: bool,
}

/// A key that did nothing, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The key.
    pub key: Key,
    /// Why.
    pub why: Refusal,
    /// When it was pressed.
    pub at: Stamp,
}
