//! The wire lab with the real kernel. Needs the capability `wire`.

mod bench;
mod bulk;
mod by_hand;
mod ends;
mod forge;
mod forged;
mod links;
mod played;
mod readings;
mod session;
mod stepped;
mod verdicts;
mod visible;
mod walk;

pub(crate) use ends::{VICTIM, victim};

use crate::harness::Test;

pub(crate) fn tests() -> Vec<Test> {
    [
        bulk::tests(),
        by_hand::tests(),
        played::tests(),
        readings::tests(),
        stepped::tests(),
        ends::tests(),
        session::tests(),
        verdicts::tests(),
        walk::tests(),
        forged::tests(),
        links::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
