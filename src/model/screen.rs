//! What a screen can look like: in which colours and characters.

use super::selection::cycled;
pub use crate::domain::place::{Pane, View};

/// Colours as roles; what they look like is the view's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// For bad projectors.
    Contrast,
    /// No colour at all.
    Mono,
}

impl ThemeName {
    /// All themes, in the order of the key.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Contrast, Self::Mono];

    /// The next one, around the end.
    #[must_use]
    pub fn next(self) -> Self {
        cycled(&Self::ALL, self, 1)
    }
}

/// Which characters the screen is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Glyphs {
    /// Box drawing, arrows, marks.
    #[default]
    Unicode,
    /// The 95 printable characters of ASCII, plus the letters of the language.
    Ascii,
}

impl Glyphs {
    /// The others.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Unicode => Self::Ascii,
            Self::Ascii => Self::Unicode,
        }
    }
}
