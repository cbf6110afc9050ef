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
    /// The language that suits a locale such as `pt_BR.UTF-8`: Portuguese for any `pt`, and English where there is none
    /// for it.
    pub fn from_locale(locale: &str) -> Self {
        let locale = locale.to_ascii_lowercase();
        Self::ALL.iter().copied().find(|lang| locale.starts_with(lang.code())).unwrap_or_default()
    }

    /// Its two letters: the part of its name before the country's.
    pub fn code(self) -> &'static str {
        self.name().split('-').next().unwrap_or_default()
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
