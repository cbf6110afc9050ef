//! The scenarios that come with the program, headless and against the real kernel, and the commands around them.

mod commands;
mod counted;
mod headless;
mod language;
mod walked;

use crate::harness::Test;

pub(crate) fn tests() -> Vec<Test> {
    [walked::tests(), commands::tests(), counted::tests(), language::tests()].into_iter().flatten().collect()
}
