//! The two languages of the screen.

use super::text_enum::text_enum;

text_enum! {
    /// A language of the screen.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Lang {
        /// English.
        #[default]
        En = "en",
        /// Brazilian Portuguese.
        PtBr = "pt-BR",
    }
}

impl Lang {
    /// The language that suits a locale such as `pt_BR.UTF-8`: Portuguese for any `pt`, otherwise English.
    pub fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("pt") { Self::PtBr } else { Self::En }
    }

    /// The other language.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::En => Self::PtBr,
            Self::PtBr => Self::En,
        }
    }
}
