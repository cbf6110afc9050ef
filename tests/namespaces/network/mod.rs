//! Two hosts, each a network namespace, joined by a virtual Ethernet (`veth(4)`): the program on both, and `nmap`.

mod capture;
mod causes;
mod class;
mod hosts;
mod lessons;
mod scan;
mod screen;
mod serve;
mod target;

use crate::harness::Test;

pub(crate) fn tests() -> Vec<Test> {
    [
        capture::tests(),
        causes::tests(),
        class::tests(),
        lessons::tests(),
        scan::tests(),
        serve::tests(),
        target::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
