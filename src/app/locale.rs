//! The language, character set and colours, from the environment.

use crate::domain::Lang;
use crate::model::ui::Glyphs;
use crate::text::{self, Text};
use crate::view::ColorDepth;

/// The language of the locale.
pub(super) fn lang() -> Lang {
    sys_locale::get_locale().map_or_else(Lang::default, |locale| Lang::from_locale(&locale))
}

/// The texts in the chosen language, or in that of the locale.
pub(super) fn text(chosen: Option<Lang>) -> &'static Text {
    text::of(chosen.unwrap_or_else(lang))
}

/// ASCII if requested, or if the locale is not UTF-8.
pub(super) fn glyphs(ascii: bool) -> Glyphs {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let utf8 = set.is_none_or(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
    if ascii || (cfg!(unix) && !utf8) { Glyphs::Ascii } else { Glyphs::Unicode }
}

/// How many colours the terminal has: none if `NO_COLOR` is set to anything.
pub(super) fn depth() -> ColorDepth {
    let var = |name| std::env::var(name).unwrap_or_default();
    if !var("NO_COLOR").is_empty() {
        ColorDepth::Mono
    } else if matches!(var("COLORTERM").as_str(), "truecolor" | "24bit") || cfg!(windows) {
        ColorDepth::True
    } else if var("TERM").contains("256color") {
        ColorDepth::Ansi256
    } else {
        ColorDepth::Ansi16
    }
}
