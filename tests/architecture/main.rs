//! The rules of this codebase, checked on the syntax tree of every file: layers, crates, circles, names.

mod circles;
mod layers;
mod names;
mod source;
mod words;
