//! A text in each language of the screen.

use serde::Deserialize;

use super::lang::Lang;

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

    /// In all languages, to be searched.
    pub fn in_all(&self) -> String {
        Lang::ALL.iter().map(|lang| self.lang(*lang)).collect::<Vec<_>>().join(" ")
    }
}
