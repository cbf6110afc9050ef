//! Two hosts, each a network namespace of its own, joined by a cable (`veth(4)`): what crosses it, in the words of the
//! program and of `nmap`.

mod class;
mod hosts;
mod lessons;
mod scan;
mod serve;
mod target;

use crate::harness::Test;

pub(crate) fn tests() -> Vec<Test> {
    [class::tests(), lessons::tests(), scan::tests(), serve::tests(), target::tests()].into_iter().flatten().collect()
}
