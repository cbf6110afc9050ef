//! The laboratory on a network that the test makes itself: a host that serves, one that attacks, one with 200 peers.
//! Needs root; nothing leaves the machine.

mod attacks;
mod datagrams;
mod forged;
mod hostile;
mod lab;
mod net;
mod orders;
mod reach;
mod scans;

use crate::harness::Test;

pub(crate) fn tests() -> Vec<Test> {
    [
        attacks::tests(),
        datagrams::tests(),
        forged::tests(),
        hostile::tests(),
        orders::tests(),
        reach::tests(),
        scans::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
