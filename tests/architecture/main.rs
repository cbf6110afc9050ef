//! The rules of the house, checked on the syntax tree of every file: layers, crates, circles, names.

mod layers;
mod source;
mod words;
