//! From the key table to words: what an action is called, and how a key is written.

use crate::domain::Lang;
use crate::domain::keys::{Action, BINDINGS, Binding, Key};
use crate::text::{self, KeyText, Text};

/// One binding in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Where it holds.
    pub place: &'static str,
    /// The keys, the one to show first.
    pub keys: Vec<String>,
    /// What they do, without a full stop.
    pub what: &'static str,
}

/// Every binding of the key table in words, in the order of the help: what a manual prints.
pub fn keys_table(lang: Lang) -> Vec<KeyRow> {
    let text = text::of(lang);
    let row = |(title, binding): (&'static str, &Binding)| KeyRow {
        place: title,
        keys: binding.keys.iter().map(|key| name(*key, text)).collect(),
        what: self::text(binding.action, text).help,
    };
    by_place(text)
        .into_iter()
        .flat_map(|(title, bound)| bound.into_iter().map(move |binding| (title, binding)))
        .map(row)
        .collect()
}

/// All bindings by the title of the place where they hold, in the order of the table.
pub(super) fn by_place(text: &Text) -> Vec<(&'static str, Vec<&'static Binding>)> {
    let mut places: Vec<(&'static str, Vec<&'static Binding>)> = Vec::new();
    for binding in BINDINGS {
        let title = (text.keys.place)(binding.place);
        match places.iter_mut().find(|(other, _)| *other == title) {
            Some((_, bound)) => bound.push(binding),
            None => places.push((title, vec![binding])),
        }
    }
    places
}

/// The texts of an action.
pub(super) fn text(action: Action, text: &Text) -> KeyText {
    (text.keys.action)(action)
}

/// A key as keyboards and manuals write it.
pub(super) fn name(key: Key, text: &Text) -> String {
    match key {
        Key::Char(' ') => text.keys.space.into(),
        Key::Char(c) => c.into(),
        Key::Ctrl(c) => format!("Ctrl-{c}"),
        Key::F(n) => format!("F{n}"),
        Key::Up => "↑".into(),
        Key::Down => "↓".into(),
        Key::Left => "←".into(),
        Key::Right => "→".into(),
        Key::BackTab => "Shift-Tab".into(),
        Key::PageUp => "PgUp".into(),
        Key::PageDown => "PgDn".into(),
        Key::Enter | Key::Esc | Key::Tab | Key::Backspace | Key::Delete | Key::Home | Key::End => format!("{key:?}"),
    }
}

/// All keys of a binding.
pub(super) fn names(binding: &Binding, text: &Text) -> String {
    let names: Vec<_> = binding.keys.iter().map(|key| name(*key, text)).collect();
    names.join(" ")
}

/// The key to show for an action.
pub(super) fn first(action: Action, text: &Text) -> String {
    let binding = BINDINGS.iter().find(|binding| binding.action == action);
    binding.and_then(|binding| binding.keys.first()).map_or_else(String::new, |key| name(*key, text))
}
