//! The laboratory on a network that the test makes itself: a host that serves, one that attacks, one with 200 peers.
//! Needs root; nothing leaves the machine.
#![cfg(target_os = "linux")]

mod attacks;
mod datagrams;
mod hostile;
mod lab;
mod net;
mod orders;
mod reach;
mod scans;
